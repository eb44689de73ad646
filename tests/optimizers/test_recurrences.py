"""Ten steps of every optimizer and option equal the recurrences of the papers, in NumPy, to 1e-12.

The gradients depend on the values, so a step that is wrong changes all that come after it. They
change their sign on the way, for what depends on signs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optimizer_cases import ALL, CASES, IDS
from optimizer_references import train

import xgrad as xg

DEVICES = ["cpu", "array_api_strict:device1", "torch:cpu"]
RNG = np.random.default_rng(5)
VALUES = [RNG.normal(size=(3, 4)), RNG.normal(size=(4, 3)), RNG.normal(size=5)]
SLOPES = [RNG.uniform(0.5, 2.0, size=w.shape) for w in VALUES]


def gradient(call: int, i: int, w: np.ndarray) -> np.ndarray:
    return SLOPES[i] * w + np.sin(call + 3 * i)


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    if request.param.startswith("torch"):
        pytest.importorskip("torch", reason="torch is not installed")
    return str(request.param)


def make(kind: str, arguments: dict[str, Any]) -> xg.optimizers.Optimizer:
    return getattr(xg.optimizers, kind)(**{"learning_rate": 0.05, **arguments})


def close(found: list[Any], expected: list[np.ndarray]) -> None:
    for x, value in zip(found, expected, strict=True):
        np.testing.assert_allclose(x.numpy(), value, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("kind", "arguments"), ALL, ids=IDS)
def test_ten_steps_equal_the_recurrence(kind: str, arguments: dict[str, Any], device: str) -> None:
    variables = [xg.Variable(w, device=device) for w in VALUES]
    optimizer = make(kind, arguments)
    for call in range(10):
        grads = [gradient(call, i, v.numpy()) for i, v in enumerate(variables)]
        scale = arguments.get("loss_scale_factor", 1.0)
        optimizer.apply([xg.asarray(g * scale, device=device) for g in grads], variables)
    expected = train(kind, gradient, VALUES, 10, **{"learning_rate": 0.05, **arguments})
    close(variables, expected)


@pytest.mark.parametrize(("kind", "arguments"), ALL, ids=IDS)
def test_ten_pure_steps_equal_the_recurrence(
    kind: str, arguments: dict[str, Any], device: str
) -> None:
    params: Any = [xg.asarray(w, device=device) for w in VALUES]
    optimizer = make(kind, arguments)
    state = optimizer.init(params)
    for call in range(10):
        grads = [gradient(call, i, p.numpy()) for i, p in enumerate(params)]
        scale = arguments.get("loss_scale_factor", 1.0)
        tensors = [xg.asarray(g * scale, device=device) for g in grads]
        params, state = optimizer.update(tensors, state, params)
    expected = train(kind, gradient, VALUES, 10, **{"learning_rate": 0.05, **arguments})
    close(params, expected)
    assert int(optimizer.iterations) == 0


@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_schedule_is_followed(kind: str, arguments: dict[str, Any]) -> None:
    def schedule(step: Any) -> Any:
        return 0.1 / (1.0 + step)

    variables = [xg.Variable(w) for w in VALUES]
    optimizer = make(kind, {**arguments, "learning_rate": schedule})
    for call in range(4):
        optimizer.apply([gradient(call, i, v.numpy()) for i, v in enumerate(variables)], variables)
    close(variables, train(kind, gradient, VALUES, 4, schedule, **arguments))


COMPLEX = ["SGD", "Adam", "AdamW", "Adamax", "Nadam", "Lamb", "Adagrad", "Adadelta", "RMSprop"]
COMPLEX += ["Lion", "Adafactor", "Muon", "ScheduleFreeAdamW"]


@pytest.mark.parametrize("kind", COMPLEX)
def test_complex_steps_equal_the_recurrence(kind: str) -> None:
    values = [w + 1j * w[..., ::-1] for w in VALUES]

    def turning(call: int, i: int, w: np.ndarray) -> np.ndarray:
        return SLOPES[i] * w + np.exp(1j * (call + i))

    variables = [xg.Variable(w) for w in values]
    optimizer = make(kind, {})
    for call in range(5):
        optimizer.apply([turning(call, i, v.numpy()) for i, v in enumerate(variables)], variables)
    close(variables, train(kind, turning, values, 5, 0.05))


def test_ftrl_refuses_complex_variables() -> None:
    with pytest.raises(xg.errors.DTypeError, match="complex"):
        xg.optimizers.Ftrl().apply([[1j]], [xg.Variable([1j])])


@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_float32_stays_float32(kind: str, arguments: dict[str, Any]) -> None:
    variables = [xg.Variable(w, dtype=xg.float32) for w in VALUES]
    optimizer = make(kind, arguments)
    optimizer.apply([gradient(0, i, w) for i, w in enumerate(VALUES)], variables)
    kept = [v.dtype for v in (*variables, *optimizer.variables[1:])]
    assert set(map(str, kept)) == {"float32"}


@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_pure_float32_stays_float32(kind: str, arguments: dict[str, Any]) -> None:
    params = [xg.asarray(w, dtype=xg.float32) for w in VALUES]
    optimizer = make(kind, arguments)
    grads = [gradient(0, i, w) for i, w in enumerate(VALUES)]
    new, state = optimizer.update(grads, optimizer.init(params), params)
    kept = [x for x in xg.tree.leaves([new, state]) if x is not None and x.ndim]
    assert {str(x.dtype) for x in kept} == {"float32"}
