"""Schedules: against their formulas, for numbers and Tensors, with their configurations.

Equality with Keras is tested in test_keras.py, with torch here.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import xgrad as xg
from xgrad.optimizers import schedules
from xgrad.optimizers.schedules import Schedule

EXAMPLES: list[Schedule] = [
    schedules.ExponentialDecay(0.1, 7, 0.5),
    schedules.ExponentialDecay(0.1, 7, 0.5, staircase=True),
    schedules.InverseTimeDecay(0.1, 7, 0.5),
    schedules.InverseTimeDecay(0.1, 7, 0.5, staircase=True),
    schedules.PolynomialDecay(0.1, 11, power=2.0),
    schedules.PolynomialDecay(0.1, 11, end_learning_rate=0.01, cycle=True),
    schedules.PiecewiseConstantDecay([5, 10], [0.1, 0.01, 0.001]),
    schedules.CosineDecay(0.1, 13, alpha=0.1),
    schedules.CosineDecay(0.01, 13, warmup_target=0.1, warmup_steps=6),
    schedules.CosineDecay(0.01, 13, warmup_target=0.1),
    schedules.CosineDecayRestarts(0.1, 5, t_mul=1.5, m_mul=0.5, alpha=0.1),
    schedules.CosineDecayRestarts(0.1, 5, t_mul=1.0),
    schedules.OneCycle(0.1, 20),
    schedules.OneCycle(0.1, 20, anneal="linear", warmup_fraction=0.0),
    schedules.LinearWarmup(0.1, 5),
    schedules.LinearWarmup(schedules.ExponentialDecay(0.1, 7, 0.5), 5, 0.05),
    schedules.Sequential([0.1, schedules.CosineDecay(0.1, 5), 0.01], [5, 10]),
]
every = pytest.mark.parametrize("schedule", EXAMPLES, ids=repr)
STEPS = list(range(31))


@every
def test_tensors_give_what_numbers_give(schedule: Schedule) -> None:
    expected = [schedule(step) for step in STEPS]
    assert all(type(rate) is float for rate in expected)
    found = [float(schedule(xg.asarray(float(step)))) for step in STEPS]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@every
@pytest.mark.parametrize("device", ["array_api_strict:device1", "torch:meta"])
def test_tensors_stay_on_their_device(schedule: Schedule, device: str) -> None:
    if device.startswith("torch"):
        pytest.importorskip("torch", reason="torch is not installed")
    rate = schedule(xg.asarray(3.0, dtype="float64", device=device))
    assert str(rate.device) == device
    assert str(rate.dtype).endswith("float64")


@every
def test_config_round_trip_is_plain_data(schedule: Schedule) -> None:
    config = json.loads(json.dumps(schedule.get_config()))
    again = type(schedule).from_config(config)
    assert [again(step) for step in STEPS] == [schedule(step) for step in STEPS]
    revived = schedules.deserialize(json.loads(json.dumps(schedules.serialize(schedule))))
    assert type(revived) is type(schedule)
    assert revived.get_config() == schedule.get_config()


@every
def test_schedules_drive_optimizers(schedule: Schedule) -> None:
    w = xg.Variable([0.0])
    optimizer = xg.optimizers.SGD(schedule)
    for _ in STEPS:
        optimizer.apply([[1.0]], [w])
    assert w.tolist() == pytest.approx([-sum(schedule(step) for step in STEPS)])


def test_exponential_decay() -> None:
    assert schedules.ExponentialDecay(0.5, 4, 0.25)(2) == 0.25


def test_staircase_goes_down_at_multiples() -> None:
    schedule = schedules.ExponentialDecay(1.0, 4, 0.5, staircase=True)
    assert [schedule(s) for s in (0, 3, 4, 7, 8)] == [1.0, 1.0, 0.5, 0.5, 0.25]


def test_inverse_time_decay() -> None:
    assert schedules.InverseTimeDecay(1.0, 2, 3.0)(4) == 1 / 7


def test_polynomial_decay_stays_at_its_end() -> None:
    schedule = schedules.PolynomialDecay(1.0, 10, 0.5, power=2.0)
    assert [schedule(s) for s in (0, 5, 10, 99)] == [1.0, 0.625, 0.5, 0.5]


def test_polynomial_decay_cycles() -> None:
    schedule = schedules.PolynomialDecay(1.0, 10, 0.0, cycle=True)
    assert [schedule(s) for s in (0, 10, 11, 20)] == pytest.approx([1.0, 0.0, 0.45, 0.0])


def test_a_boundary_belongs_to_the_left() -> None:
    schedule = schedules.PiecewiseConstantDecay([3], [1.0, 0.5])
    assert [schedule(s) for s in (2, 3, 4)] == [1.0, 1.0, 0.5]


def test_cosine_decay_is_half_a_wave() -> None:
    schedule = schedules.CosineDecay(1.0, 8, alpha=0.5)
    expected = [0.5 + 0.25 * (1 + math.cos(math.pi * s / 8)) for s in range(9)]
    assert [schedule(s) for s in range(9)] == pytest.approx(expected)


@pytest.mark.parametrize("t_mul", [1.0, 1.5, 2.0, 3.0, 10.0])
def test_every_restart_is_at_the_top(t_mul: float) -> None:
    schedule = schedules.CosineDecayRestarts(1.0, 10, t_mul=t_mul, m_mul=0.5)
    start = 0.0
    for restart in range(6):
        assert schedule(start) == pytest.approx(0.5**restart)
        start += 10 * t_mul**restart


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"warmup_fraction": 0.4}, {"pct_start": 0.4}),
        ({"anneal": "linear", "div_factor": 5.0}, {"anneal_strategy": "linear", "div_factor": 5.0}),
        ({"final_div_factor": 10.0}, {"final_div_factor": 10.0}),
    ],
)
def test_one_cycle_equals_that_of_torch(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    schedule = schedules.OneCycle(0.5, 30, **ours)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    reference = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.5, total_steps=30, cycle_momentum=False, **theirs
    )
    expected = []
    for _ in range(30):
        expected.append(reference.get_last_lr()[0])
        optimizer.step()
        if len(expected) < 30:
            reference.step()
    np.testing.assert_allclose([schedule(s) for s in range(30)], expected, rtol=1e-11)


def test_parts_of_a_sequence_count_from_where_they_begin() -> None:
    seen: list[tuple[str, float]] = []

    def part(name: str) -> Any:
        return lambda step: seen.append((name, step)) or float(step)

    schedule = schedules.Sequential([part("a"), part("b")], [3])
    assert [schedule(s) for s in (0, 2, 3, 5)] == [0.0, 2.0, 0.0, 2.0]


def test_any_function_serves() -> None:
    w = xg.Variable([0.0])
    optimizer = xg.optimizers.SGD(lambda step: 1.0 if step < 2 else 0.5)
    for _ in range(3):
        optimizer.apply([[1.0]], [w])
    assert w.tolist() == [-2.5]


def test_a_function_is_called_once_per_step() -> None:
    seen: list[int] = []
    a, b = xg.Variable([0.0], name="a"), xg.Variable([0.0], name="b")
    optimizer = xg.optimizers.SGD(lambda step: seen.append(step) or 1.0, weight_decay=0.1)
    optimizer.exclude_from_weight_decay([a])
    optimizer.apply([[1.0], [1.0]], [a, b])
    assert seen == [0]


def test_a_function_of_nothing_serves_as_in_keras() -> None:
    rates = iter([1.0, 0.25])
    w = xg.Variable([0.0])
    optimizer = xg.optimizers.SGD(lambda: next(rates))
    optimizer.apply([[1.0]], [w])
    optimizer.apply([[1.0]], [w])
    assert w.tolist() == [-1.25]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: schedules.ExponentialDecay(0.1, 0, 0.5),
            "decay_steps must be at least 1, but is 0. Use an",
        ),
        (lambda: schedules.ExponentialDecay(0.1, None, 0.5), "None. Use an integer such as 10"),  # type: ignore[arg-type]
        (lambda: schedules.CosineDecay("0.1", 5), "initial_learning_rate must be a number"),  # type: ignore[arg-type]
        (lambda: schedules.CosineDecayRestarts(0.1, 5, t_mul=0.5), "t_mul must be at least 1"),
        (lambda: schedules.PiecewiseConstantDecay([1], [0.1]), "one value more"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1, 2, 3]), "must increase"),
        (lambda: schedules.Sequential([0.1, 0.2], []), "one schedule more"),
        (
            lambda: schedules.Sequential([0.1, 0.2, 0.3], [5, 5]),
            "boundaries must increase, but are",
        ),
        (lambda: schedules.OneCycle(0.1, 10, anneal="cosine"), "'cos' or 'linear'"),
    ],
)
def test_bad_arguments_are_errors(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_a_schedule_that_is_not_finite_changes_nothing() -> None:
    w = xg.Variable([1.0])
    with pytest.raises(ValueError, match="must be finite"):
        xg.optimizers.SGD(lambda _: math.inf).apply([[1.0]], [w])
    assert w.tolist() == [1.0]


def test_a_schedule_of_ones_own_is_a_class_with_a_formula() -> None:
    class Root(Schedule):
        arguments = ("scale",)

        def __init__(self, scale: float) -> None:
            self.scale = scale

        def rate_at(self, xp: Any, step: Any) -> Any:
            return self.scale / xp.sqrt(step + 1.0)

    schedule = Root(2.0)
    assert schedule(3) == 1.0
    assert repr(schedule) == "Root(scale=2.0)"
    assert schedules.deserialize(schedules.serialize(schedule))(3) == 1.0
