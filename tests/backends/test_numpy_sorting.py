"""Sorting on NumPy: the results of its stable sorts, whatever is equal."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import numpy_sorting

SHAPES = [(2000,), (600, 3), (3, 600), (1, 600), (600, 1), (0, 3), (7,)]
KINDS = {
    "distinct": lambda rng, shape: rng.permuted(np.arange(float(np.prod(shape)))).reshape(shape),
    "ties": lambda rng, shape: np.round(rng.normal(size=shape), 1),
    "zeros of both signs": lambda rng, shape: np.copysign(
        rng.integers(0, 2, shape) * 1.0, rng.normal(size=shape)
    ),
    "missing": lambda rng, shape: np.where(rng.random(shape) > 0.9, np.nan, rng.normal(size=shape)),
    "infinite": lambda rng, shape: rng.choice([-np.inf, 1.0, np.inf], shape),
    "float32": lambda rng, shape: rng.normal(size=shape).astype("float32"),
    "integers": lambda rng, shape: rng.integers(-5, 5, shape),
    "booleans": lambda rng, shape: rng.random(shape) > 0.5,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("axis", [0, -1])
def test_results_are_those_of_stable_sorts(kind, shape, axis, rng):
    x = KINDS[kind](rng, shape)
    y, order = xg.sort(x, axis=axis), xg.argsort(x, axis=axis)
    expected = np.sort(x, axis=axis, stable=True)
    np.testing.assert_array_equal(y.numpy(), expected, strict=True)
    np.testing.assert_array_equal(order.numpy(), np.argsort(x, axis=axis, stable=True), strict=True)
    if x.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(y.numpy()), np.signbit(expected))
    down = xg.argsort(x, axis=axis, descending=True)
    flipped = np.flip(x, axis=axis)
    expected = x.shape[axis] - 1 - np.flip(np.argsort(flipped, axis=axis, stable=True), axis=axis)
    np.testing.assert_array_equal(down.numpy(), expected)


@pytest.mark.parametrize("kind", ["distinct", "ties"])
def test_gradients_follow_the_stable_order(kind, rng):
    x, w = KINDS[kind](rng, (700,)), rng.normal(size=700)
    g = xg.grad(lambda x: xg.sum(xg.sort(x) * w))(x)
    expected = np.empty(700)
    expected[np.argsort(x, stable=True)] = w
    np.testing.assert_array_equal(g.numpy(), expected)


def test_distinct_numbers_are_sorted_once(rng, monkeypatch):
    asked = []
    argsort = np.argsort
    monkeypatch.setattr(
        numpy_sorting.np, "argsort", lambda x, **o: asked.append(o.get("stable")) or argsort(x, **o)
    )
    numpy_sorting.order_of(rng.normal(size=1000), -1, True)
    assert asked == [None]
