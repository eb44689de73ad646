"""L-BFGS against SciPy's and torch's, and its line search against the Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import xgrad as xg
from xgrad.optimizers import LBFGS
from xgrad.optimizers.line_search import Point, strong_wolfe

RNG = np.random.default_rng(6)

# -- the line search -------------------------------------------------------------------------------

FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "quadratic": (lambda t: (t - 1) ** 2, lambda t: 2 * (t - 1)),
    "far": (lambda t: (t / 1000 - 1) ** 2, lambda t: (t / 1000 - 1) / 500),
    "near": (lambda t: (1000 * t - 1) ** 2, lambda t: 2000 * (1000 * t - 1)),
    "quartic": (lambda t: (t - 2) ** 4 - t, lambda t: 4 * (t - 2) ** 3 - 1),
    "wave": (lambda t: math.cos(t) + 0.1 * t * t - 0.5 * t, lambda t: 0.2 * t - 0.5 - math.sin(t)),
    "exponential": (lambda t: math.exp(t) - 3 * t, lambda t: math.exp(t) - 3),
    "kink": (lambda t: abs(t - 1.5) + 0.1 * t * t, lambda t: math.copysign(1, t - 1.5) + 0.2 * t),
    "wall": (
        lambda t: t * t - t if t < 0.7 else math.inf,
        lambda t: 2 * t - 1 if t < 0.7 else math.nan,
    ),
    # Functions 1 and 2 of More' and Thuente, ACM TOMS 20, 1994.
    "More 1": (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),
    "More 2": (
        lambda t: (t + 0.004) ** 5 - 2 * (t + 0.004) ** 4,
        lambda t: 5 * (t + 0.004) ** 4 - 8 * (t + 0.004) ** 3,
    ),
}


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 10.0, 1000.0])
@pytest.mark.parametrize("curvature", [0.1, 0.9])
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "kink"])
def test_line_search_finds_the_strong_wolfe_conditions(
    name: str, first: float, curvature: float
) -> None:
    value, slope = FUNCTIONS[name]

    def point(t: float) -> Point:
        try:
            return Point(t, value(t), slope(t))
        except OverflowError:
            return Point(t, math.inf, math.nan)

    start = point(0.0)
    found = strong_wolfe(point, start, first, curvature=curvature, most=60)
    assert found.t > 0.0
    assert found.value <= start.value + 1e-4 * found.t * start.slope
    assert abs(found.slope) <= -curvature * start.slope


def test_line_search_without_such_a_point_gives_a_lower_one() -> None:
    value, slope = FUNCTIONS["kink"]
    start = Point(0.0, value(0.0), slope(0.0))
    found = strong_wolfe(lambda t: Point(t, value(t), slope(t)), start, 1.0, curvature=0.1)
    assert found.value < start.value
    assert found.t == pytest.approx(1.5, abs=1e-3)


def test_line_search_of_what_never_ends_stops() -> None:
    count: list[float] = []

    def falling(t: float) -> Point:
        count.append(t)
        return Point(t, -t, -1.0)

    found = strong_wolfe(falling, Point(0.0, 0.0, -1.0), 1.0, most=7)
    assert len(count) == 7
    assert found.value < 0.0


def test_line_search_where_nothing_is_lower_stays() -> None:
    found = strong_wolfe(lambda t: Point(t, 1.0, 1.0), Point(0.0, 0.0, -1.0), 1.0)
    assert found.t == 0.0


# -- minimisation ----------------------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    return xg.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize("device", ["cpu", "array_api_strict:device1", "torch:cpu"])
def test_rosenbrock(device: str) -> None:
    if device.startswith("torch"):
        pytest.importorskip("torch", reason="torch is not installed")
    start = np.array([1.3, 0.7, 0.8, 1.9])
    w = xg.Variable(start, device=device)
    optimizer = LBFGS(max_iterations=200)
    first = optimizer.minimize(lambda: rosenbrock(w))
    assert float(first) == pytest.approx(float(rosenbrock(xg.asarray(start))))
    np.testing.assert_allclose(w.numpy(), 1.0, atol=1e-5)
    reference = scipy.optimize.minimize(
        scipy.optimize.rosen, start, jac=scipy.optimize.rosen_der, method="L-BFGS-B"
    )
    assert int(optimizer.iterations) < 2 * reference.nit


def test_it_evaluates_about_as_often_as_scipy_and_torch() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    start, counts = np.array([-1.2, 1.0]), {"xgrad": 0, "torch": 0}
    w, p = xg.Variable(start), torch.nn.Parameter(torch.tensor(start))

    def ours() -> Any:
        counts["xgrad"] += 1
        return rosenbrock(w)

    reference = torch.optim.LBFGS([p], max_iter=100, line_search_fn="strong_wolfe")

    def theirs() -> Any:
        counts["torch"] += 1
        reference.zero_grad()
        loss = 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2
        loss.backward()
        return loss

    LBFGS(max_iterations=100).minimize(ours)
    reference.step(theirs)
    np.testing.assert_allclose(w.numpy(), 1.0, atol=1e-5)
    assert counts["xgrad"] <= 1.3 * counts["torch"]


def test_logistic_regression_arrives_where_scipy_does() -> None:
    x, y = RNG.normal(size=(80, 5)), np.sign(RNG.normal(size=80))

    def value(w: np.ndarray) -> float:
        return float(np.mean(np.logaddexp(0, -y * (x @ w))) + 0.05 * w @ w)

    reference = scipy.optimize.minimize(value, np.zeros(5), method="BFGS", options={"gtol": 1e-9})
    w = xg.Variable(np.zeros(5))

    def loss() -> Any:
        margin = -y * (xg.asarray(x) @ w)
        return xg.mean(xg.logaddexp(xg.zeros(80), margin)) + 0.05 * xg.sum(w * w)

    LBFGS(max_iterations=100).minimize(loss)
    np.testing.assert_allclose(w.numpy(), reference.x, atol=1e-5)


def test_a_quadratic_of_several_variables() -> None:
    half = RNG.normal(size=(6, 6))
    matrix = half @ half.T + np.eye(6)
    a, b = xg.Variable(np.ones((2, 2))), xg.Variable(np.ones(2))

    def loss() -> Any:
        x = xg.concat([xg.reshape(a, (-1,)), xg.asarray(b)])
        return 0.5 * x @ xg.asarray(matrix) @ x - xg.sum(x)

    optimizer = LBFGS(max_iterations=50)
    optimizer.minimize(loss)
    found = np.concatenate([a.numpy().reshape(-1), b.numpy()])
    np.testing.assert_allclose(found, np.linalg.solve(matrix, np.ones(6)), atol=1e-5)
    assert int(optimizer.iterations) < 30


def test_complex_variables() -> None:
    target = np.array([1.0 + 2.0j, -0.5j])
    w = xg.Variable(np.zeros(2, complex))
    scale = np.array([1.0, 10.0])
    LBFGS(max_iterations=50).minimize(lambda: xg.sum(scale * xg.abs(w - target) ** 2))
    np.testing.assert_allclose(w.numpy(), target, atol=1e-6)


def test_float32() -> None:
    w = xg.Variable(np.array([-1.2, 1.0]), dtype=xg.float32)
    LBFGS(max_iterations=100).minimize(lambda: rosenbrock(w))
    assert w.dtype == xg.float32
    np.testing.assert_allclose(w.numpy(), 1.0, atol=1e-2)


def test_steps_of_a_fixed_length() -> None:
    w = xg.Variable([3.0, -2.0])
    optimizer = LBFGS(0.5, max_iterations=60, line_search=None)
    optimizer.minimize(lambda: xg.sum(xg.asarray([1.0, 5.0]) * w**2))
    np.testing.assert_allclose(w.numpy(), 0.0, atol=1e-4)


def test_what_is_not_finite_is_avoided() -> None:
    w = xg.Variable([5.0])
    with np.errstate(all="ignore"):
        LBFGS(10.0, max_iterations=50).minimize(lambda: xg.sum(w - xg.log(w)))
    np.testing.assert_allclose(w.numpy(), 1.0, atol=1e-5)


def test_calls_go_on_from_one_another() -> None:
    def evaluations(iterations: int, calls: int) -> tuple[np.ndarray, int]:
        w, count = xg.Variable([-1.2, 1.0]), [0]

        def loss() -> Any:
            count[0] += 1
            return rosenbrock(w)

        optimizer = LBFGS(max_iterations=iterations, max_evaluations=100)
        for _ in range(calls):
            optimizer.minimize(loss)
        return w.numpy(), int(optimizer.iterations)

    together, apart = evaluations(12, 1), evaluations(3, 4)
    assert together[1] == apart[1] == 12
    np.testing.assert_allclose(together[0], apart[0], rtol=1e-12)


def test_it_stops_when_there_is_nothing_to_do() -> None:
    w, count = xg.Variable([0.0]), [0]

    def loss() -> Any:
        count[0] += 1
        return xg.sum(w**2)

    optimizer = LBFGS()
    optimizer.minimize(loss)
    assert (count, int(optimizer.iterations), w.tolist()) == ([1], 0, [0.0])


def test_evaluations_are_limited() -> None:
    w, count = xg.Variable([-1.2, 1.0]), [0]

    def loss() -> Any:
        count[0] += 1
        return rosenbrock(w)

    LBFGS(max_iterations=100, max_evaluations=7).minimize(loss)
    assert count[0] == 7


def test_constraint_and_global_step() -> None:
    w = xg.Variable([3.0], constraint=lambda w: xg.maximum(w, 0.5))
    count = xg.Variable(0, trainable=False)
    LBFGS().minimize(lambda: xg.sum(w**2), global_step=count)
    assert (w.tolist(), int(count)) == ([0.5], 1)


@pytest.mark.parametrize("failure", [2, 5, 9])
def test_a_loss_that_fails_leaves_everything_as_it_was(failure: int) -> None:
    w, count = xg.Variable([-1.2, 1.0]), [0]

    def loss() -> Any:
        count[0] += 1
        if count[0] == failure:
            raise KeyboardInterrupt
        return rosenbrock(w)

    optimizer = LBFGS()
    with pytest.raises(KeyboardInterrupt):
        optimizer.minimize(loss)
    assert (w.tolist(), int(optimizer.iterations)) == ([-1.2, 1.0], 0)
    assert optimizer.state_dict()["steps"] == []


def test_state_round_trip_goes_on_bit_for_bit() -> None:
    w = xg.Variable([-1.2, 1.0])
    first = LBFGS(max_iterations=5)
    first.minimize(lambda: rosenbrock(w))
    v = xg.Variable(w.numpy())
    second = LBFGS(max_iterations=5)
    second.load_state_dict(first.state_dict())
    first.minimize(lambda: rosenbrock(w))
    second.minimize(lambda: rosenbrock(v))
    assert w.tolist() == v.tolist()
    assert int(first.iterations) == int(second.iterations) > 5


def test_other_variables_begin_anew() -> None:
    a, b = xg.Variable([-1.2, 1.0]), xg.Variable([2.0, 2.0])
    optimizer = LBFGS(max_iterations=100)
    optimizer.minimize(lambda: rosenbrock(a))
    optimizer.minimize(lambda: rosenbrock(b))
    np.testing.assert_allclose(b.numpy(), 1.0, atol=1e-6)


def test_config_round_trip() -> None:
    optimizer = LBFGS(0.5, max_iterations=3, history_size=4, line_search=None)
    assert LBFGS.from_config(optimizer.get_config()).get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda o, w: o.apply_gradients([([1.0], w)]), "needs the loss"),
        (lambda o, w: o.update([w], {}, [w]), "needs the loss"),
        (lambda o, w: o.minimize(xg.sum(w)), "function without arguments"),
        (lambda o, w: o.minimize(lambda: w * 1.0), "must be one number"),
        (lambda o, w: LBFGS(line_search="armijo"), "line_search must be"),
        (lambda o, w: LBFGS(history_size=0), "history_size must be at least 1"),
    ],
    ids=["apply", "update", "tensor", "vector", "search", "history"],
)
def test_mistakes_are_errors(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(LBFGS(), xg.Variable([1.0]))
