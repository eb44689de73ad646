"""Pure steps can be differentiated, batched and mixed with those of Variables.

Oracles: central differences of the whole computation, and the recurrences in NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optimizer_cases import CASES
from optimizer_references import train

import xgrad as xg
from xgrad.optimizers import SGD, Adam

W0 = np.random.default_rng(2).normal(size=(2, 3))
A = np.random.default_rng(3).uniform(0.5, 2.0, size=(2, 3))
# Steps that are signs have derivatives that are zero almost everywhere.
SMOOTH = [(kind, arguments) for kind, arguments in CASES if kind != "Lion"]


def loss(w: Any) -> Any:
    return xg.sum(xg.cos(w) * A + 0.1 * w**2)


def after_steps(optimizer: Any, w: Any, rate: Any, steps: int = 3) -> Any:
    """The loss after some steps along its own gradient."""
    state = optimizer.init(w)
    for _ in range(steps):
        w, state = optimizer.update(xg.grad(loss)(w), state, w, learning_rate=rate)
    return loss(w)


def central(f: Any, x: float, step: float = 1e-5) -> float:
    return (float(f(x + step)) - float(f(x - step))) / (2 * step)


@pytest.mark.parametrize(("kind", "arguments"), SMOOTH)
def test_derivative_with_respect_to_the_learning_rate(kind: str, arguments: dict[str, Any]) -> None:
    optimizer = getattr(xg.optimizers, kind)(**arguments)
    w = xg.asarray(W0)
    f = lambda rate: after_steps(optimizer, w, rate)
    found = xg.grad(f)(xg.asarray(0.05))
    assert float(found) == pytest.approx(central(lambda r: f(xg.asarray(r)), 0.05), rel=1e-5)


@pytest.mark.parametrize(("kind", "arguments"), SMOOTH)
def test_derivative_with_respect_to_the_start(kind: str, arguments: dict[str, Any]) -> None:
    optimizer = getattr(xg.optimizers, kind)(**arguments)
    towards = np.random.default_rng(4).normal(size=W0.shape)
    f = lambda w: after_steps(optimizer, w, 0.05, steps=2)
    found = xg.sum(xg.grad(f)(xg.asarray(W0)) * towards)
    expected = central(lambda s: f(xg.asarray(W0 + s * towards)), 0.0)
    assert float(found) == pytest.approx(expected, rel=1e-4)


OPTIONS: list[dict[str, Any]] = [
    {"weight_decay": 0.2},
    {"clipnorm": 0.3},
    {"global_clipnorm": 0.3},
    {"clipvalue": 0.3},
    {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
    {"gradient_accumulation_steps": 2},
    {"skip_nonfinite": True},
    {"groups": lambda _: {"learning_rate_multiplier": 3.0}},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: next(iter(o)))
def test_derivative_goes_through_every_option(options: dict[str, Any]) -> None:
    optimizer = Adam(**options)
    w = xg.asarray(W0)
    f = lambda rate: after_steps(optimizer, w, rate, steps=4)
    found = xg.grad(f)(xg.asarray(0.05))
    assert float(found) == pytest.approx(central(lambda r: f(xg.asarray(r)), 0.05), rel=1e-5)


def test_forward_mode_agrees_with_reverse() -> None:
    f = lambda rate: after_steps(Adam(), xg.asarray(W0), rate)
    _, forward = xg.jvp(f, (xg.asarray(0.05),), (xg.asarray(1.0),))
    assert float(forward) == pytest.approx(float(xg.grad(f)(xg.asarray(0.05))), rel=1e-12)


def test_second_derivative_with_respect_to_the_learning_rate() -> None:
    f = lambda rate: after_steps(SGD(momentum=0.9), xg.asarray(W0), rate)
    first = xg.grad(f)
    found = float(xg.grad(first)(xg.asarray(0.05)))
    assert found == pytest.approx(central(lambda r: first(xg.asarray(r)), 0.05), rel=1e-6)


def test_learning_rate_may_be_a_variable_of_the_optimizer() -> None:
    rate = xg.Variable(0.1)
    optimizer = SGD(rate)
    w = xg.asarray([2.0])
    with xg.GradientTape() as tape:
        new, _ = optimizer.update(w, optimizer.init(w), w)
        y = xg.sum(new**2)
    assert float(tape.gradient(y, rate)) == pytest.approx(-2 * 2.0 * 1.8)
    rate.assign(0.5)
    assert optimizer.learning_rate == 0.5


def test_hypergradient_descent_finds_a_learning_rate() -> None:
    # For a quadratic of curvature 2, one step of rate 0.5 arrives.
    rate = xg.Variable(0.1)
    inner, outer = SGD(rate), Adam(0.02)
    w = xg.asarray([2.0, -1.0])
    for _ in range(200):
        outer.minimize(lambda: xg.sum(inner.update(2.0 * w, inner.init(w), w)[0] ** 2), [rate])
    assert float(rate) == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "Lamb", "Adafactor", "Muon"])
def test_steps_are_batched(kind: str) -> None:
    optimizer = getattr(xg.optimizers, kind)()
    starts = np.random.default_rng(5).normal(size=(4, 2, 3))
    f = lambda w, rate: after_steps(optimizer, w, rate)
    together = xg.vmap(f, in_axes=(0, None))(xg.asarray(starts), xg.asarray(0.05))
    alone = [float(f(xg.asarray(w), xg.asarray(0.05))) for w in starts]
    np.testing.assert_allclose(together.numpy(), alone, rtol=1e-12)


def test_learning_rates_are_batched() -> None:
    f = xg.grad(lambda rate: after_steps(Adam(), xg.asarray(W0), rate))
    rates = np.array([0.01, 0.05, 0.1])
    alone = [float(f(xg.asarray(r))) for r in rates]
    np.testing.assert_allclose(xg.vmap(f)(xg.asarray(rates)).numpy(), alone, rtol=1e-12)


def test_a_pure_state_goes_on_where_variables_stopped() -> None:
    gradient = lambda call, i, w: A * w + call
    w = xg.Variable(W0)
    optimizer = Adam(0.05)
    for call in range(3):
        optimizer.apply([gradient(call, 0, w.numpy())], [w])
    params, state = [w.value()], optimizer.state_dict()
    for call in range(3, 6):
        params, state = optimizer.update([gradient(call, 0, params[0].numpy())], state, params)
    [expected] = train("Adam", gradient, [W0], 6, 0.05)
    np.testing.assert_allclose(params[0].numpy(), expected, rtol=1e-12)


def test_nothing_that_was_given_changes() -> None:
    optimizer = Adam(0.1, use_ema=True)
    params = {"w": xg.asarray(W0)}
    state = optimizer.init(params)
    before = [x.numpy() for x in xg.tree.leaves([params, state])]
    optimizer.update({"w": xg.ones((2, 3))}, state, params)
    after = [x.numpy() for x in xg.tree.leaves([params, state])]
    assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))
    assert len(optimizer.variables) == 1


def test_counters_live_with_params() -> None:
    w = xg.ones(2, device="array_api_strict:device1")
    optimizer = Adam(skip_nonfinite=True, gradient_accumulation_steps=2)
    state = optimizer.init(w)
    for _ in range(2):
        w, state = optimizer.update(w, state, w)
    homes = {str(x.device) for x in xg.tree.leaves([w, state])}
    assert homes == {"array_api_strict:device1"}


def test_params_on_two_devices() -> None:
    params = [xg.ones(2), xg.ones(2, device="array_api_strict:device1")]
    optimizer = Adam(0.1, global_clipnorm=1.0, skip_nonfinite=True, use_ema=True)
    new, _ = optimizer.update(params, optimizer.init(params), params)
    assert new[0].tolist() == new[1].tolist() != [1.0, 1.0]


def test_nothing_is_read_back_to_the_host() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    options: Any = {
        "weight_decay": 0.1,
        "global_clipnorm": 1.0,
        "use_ema": True,
        "ema_overwrite_frequency": 2,
        "gradient_accumulation_steps": 2,
        "skip_nonfinite": True,
    }
    schedule = xg.optimizers.schedules.LinearWarmup(
        xg.optimizers.schedules.CosineDecayRestarts(0.1, 10), 5
    )
    for kind in ("SGD", "Adam", "Nadam", "Lamb", "Adafactor", "Muon", "ScheduleFreeAdamW", "Ftrl"):
        optimizer = getattr(xg.optimizers, kind)(schedule, **options)
        w = xg.ones((2, 3), device="torch:meta")
        new, state = optimizer.update(w, optimizer.init(w), w)
        assert {str(x.device) for x in xg.tree.leaves([new, state])} == {"torch:meta"}


@pytest.mark.parametrize(
    ("grads", "message"),
    [({}, "must have the structure"), ({"w": None}, "No gradients provided")],
)
def test_bad_gradients_are_errors(grads: Any, message: str) -> None:
    params = {"w": xg.ones(2)}
    with pytest.raises(xg.errors.ArgumentError, match=message):
        SGD().update(grads, SGD().init(params), params)


def test_bad_state_is_an_error() -> None:
    params = {"w": xg.ones(2)}
    with pytest.raises(
        xg.errors.ArgumentError, match=r"state\['momentum'\] must have the structure"
    ):
        Adam().update(params, {"iterations": 0, "velocity": params}, params)
