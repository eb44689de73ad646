"""Steps inside xg.function and inside a Graph are those that are taken outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optimizer_cases import CASES

import xgrad as xg
from xgrad.optimizers import SGD, Adam

RNG = np.random.default_rng(11)
VALUES = [RNG.normal(size=(3, 4)), RNG.normal(size=4)]
DATA = [RNG.normal(size=(5, 3)) for _ in range(6)]


def loss(x: Any, kernel: Any, bias: Any) -> Any:
    return xg.mean(xg.tanh(x @ kernel + bias) ** 2)


def trained(make: Any, compiled: bool, device: str = "cpu") -> tuple[list[np.ndarray], Any]:
    variables = [xg.Variable(w, device=device) for w in VALUES]
    optimizer = make()

    def step(x: Any) -> Any:
        return optimizer.minimize(lambda: loss(x, *variables), variables)

    run = xg.function(step) if compiled else step
    losses = [float(run(xg.asarray(x, device=device))) for x in DATA]
    return [*[v.numpy() for v in variables], np.array(losses)], optimizer


def close(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for x, value in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, value, rtol=1e-11, atol=1e-13)


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("Adam", {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}),
    ("Adam", {"gradient_accumulation_steps": 2, "global_clipnorm": 0.01}),
    ("Adam", {"skip_nonfinite": True, "weight_decay": 0.1, "loss_scale_factor": 8.0}),
    ("SGD", {"groups": lambda v: {"learning_rate_multiplier": 0.5} if v.ndim < 2 else None}),
]


@pytest.mark.parametrize(("kind", "arguments"), [*CASES, *OPTIONS])
def test_recorded_steps_equal_those_taken_outside(kind: str, arguments: dict[str, Any]) -> None:
    make = lambda: getattr(xg.optimizers, kind)(**{"learning_rate": 0.05, **arguments})
    found, optimizer = trained(make, compiled=True)
    expected, other = trained(make, compiled=False)
    close(found, expected)
    assert int(optimizer.iterations) == int(other.iterations) > 0


def test_recorded_steps_on_another_device() -> None:
    make = lambda: Adam(0.05, skip_nonfinite=True)
    found, optimizer = trained(make, compiled=True, device="array_api_strict:device1")
    close(found, trained(make, compiled=False)[0])
    assert str(optimizer.iterations.device) == "array_api_strict:device1"


def test_recorded_steps_and_others_take_turns() -> None:
    w, v = xg.Variable(1.0), xg.Variable(1.0)
    mixed, plain = Adam(0.1), Adam(0.1)
    run = xg.function(lambda: mixed.minimize(lambda: w**2, [w]))
    for turn in range(6):
        if turn % 2:
            mixed.minimize(lambda: w**2, [w])
        else:
            run()
        plain.minimize(lambda: v**2, [v])
    assert float(w) == pytest.approx(float(v), rel=1e-12)


def test_learning_rate_changes_reach_the_program() -> None:
    w = xg.Variable(0.0)
    optimizer = SGD(1.0)
    run = xg.function(lambda: optimizer.apply([xg.ones(())], [w]))
    run()
    optimizer.learning_rate = 0.25
    run()
    assert float(w) == -1.25
    assert optimizer.learning_rate == 0.25
    assert optimizer.get_config()["learning_rate"] == 0.25


def test_schedules_go_on_in_the_program() -> None:
    w = xg.Variable(0.0)
    schedule = xg.optimizers.schedules.PiecewiseConstantDecay([0, 1], [1.0, 0.5, 0.25])
    optimizer = SGD(schedule)
    run = xg.function(lambda: optimizer.apply([xg.ones(())], [w]))
    for _ in range(4):
        run()
    assert float(w) == -2.0


def test_global_step_counts_in_the_program() -> None:
    w, count = xg.Variable(0.0), xg.Variable(0, trainable=False)
    optimizer = SGD(gradient_accumulation_steps=2)
    run = xg.function(lambda: optimizer.apply_gradients([(xg.ones(()), w)], count))
    for _ in range(5):
        run()
    assert (int(count), int(optimizer.iterations)) == (2, 2)


def test_constraints_hold_in_the_program() -> None:
    w = xg.Variable(1.0, constraint=lambda w: xg.maximum(w, 0.75))
    optimizer = SGD(1.0)
    run = xg.function(lambda: optimizer.apply([xg.ones(())], [w]))
    run()
    run()
    assert float(w) == 0.75


def test_state_is_saved_after_recorded_steps() -> None:
    make = lambda: Adam(0.05)
    _, optimizer = trained(make, compiled=True)
    _, other = trained(make, compiled=False)
    found, expected = optimizer.state_dict(), other.state_dict()
    assert set(found) == set(expected)
    for x, y in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-11)


def test_a_variable_given_twice_is_refused_in_a_program() -> None:
    w = xg.Variable(1.0)
    optimizer = SGD()
    run = xg.function(lambda: optimizer.apply_gradients([(xg.ones(()), w), (xg.ones(()), w)]))
    with pytest.raises(xg.errors.ArgumentError, match="given twice"):
        run()


@pytest.mark.parametrize("kind", ["SGD", "Adam", "Lamb", "Muon"])
def test_pure_steps_are_recorded(kind: str) -> None:
    optimizer = getattr(xg.optimizers, kind)()
    step = lambda params, state, rate: optimizer.update(params, state, params, learning_rate=rate)
    params = [xg.asarray(w) for w in VALUES]
    run = xg.function(step)
    fast, fast_state = params, optimizer.init(params)
    slow, slow_state = params, optimizer.init(params)
    for k in range(4):
        rate = xg.asarray(0.1 / (k + 1))
        fast, fast_state = run(fast, fast_state, rate)
        slow, slow_state = step(slow, slow_state, rate)
    close([x.numpy() for x in fast], [x.numpy() for x in slow])


# -- graphs ----------------------------------------------------------------------------------------


def test_minimize_in_a_graph_needs_no_tape() -> None:
    with xg.Graph():
        w = xg.Variable([3.0], name="w")
        global_step = xg.Variable(0, trainable=False)
        y = xg.sum(w**2)
        SGD(0.5).minimize(y, global_step=global_step)
    assert (w.tolist(), int(global_step)) == ([0.0], 1)


def test_compute_gradients_in_a_graph() -> None:
    # The example of the seed: y = x1 * w + b, differentiated with respect to w.
    with xg.Graph():
        x1 = xg.Variable([2.0, 3.0], dtype=xg.float32)
        w = xg.Variable([[3.0, 4.0], [1.0, 2.0], [2.5, 4.1]], dtype=xg.float32)
        b = xg.Variable(1.0, dtype=xg.float32)
        y = x1 * w + b
        [(g, variable)] = SGD(0.1).compute_gradients(y, [w])
    assert variable is w
    assert g.tolist() == [[2.0, 3.0]] * 3


def test_variables_of_other_networks_in_a_graph_are_left_alone() -> None:
    with xg.Graph():
        w, other = xg.Variable([3.0]), xg.Variable([1.0])
        SGD(0.5).minimize(xg.sum(w**2))
    assert (w.tolist(), other.tolist()) == ([0.0], [1.0])


def test_nothing_connected_in_a_graph_is_an_error() -> None:
    with xg.Graph():
        xg.Variable([3.0], name="w")
        y = xg.sum(xg.ones(2))
        with pytest.raises(ValueError, match=r"No gradients provided.*'w'"):
            SGD().minimize(y)


def test_a_graph_without_variables_is_an_error() -> None:
    with xg.Graph(), pytest.raises(ValueError, match="No variables provided"):
        SGD().minimize(xg.sum(xg.ones(2)))


def test_clipping_by_hand_in_a_graph_as_in_the_seed() -> None:
    with xg.Graph():
        w = xg.Variable([3.0, 4.0])
        cost = 0.5 * xg.sum(w**2)
        variables = xg.trainable_variables()
        grads, _ = xg.clip_by_global_norm(xg.gradients(cost, variables), 1.0)
        SGD(1.0).apply_gradients(zip(grads, variables, strict=True))
    np.testing.assert_allclose(w.numpy(), [2.4, 3.2])
