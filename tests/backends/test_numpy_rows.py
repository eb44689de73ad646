"""Reductions over leading axes that take several rows for one give what NumPy's own give."""

import math

import numpy as np
import pytest

from xgrad.backends import numpy_rows
from xgrad.backends.numpy_rows import MANY, reduced

SHAPES = [(20_000, 3), (4_099, 7), (64, 16, 16, 5), (1_000, 2, 9), (513, 16), (9_000, 512)]
SHAPES += [(9_000, 1), (300, 64), (17_000,)]


def axes_of(shape):
    every = range(len(shape))
    return [
        0,
        *(tuple(every[:n]) for n in range(1, len(shape) + 1)),
        -1,
        (1,),
        (-len(shape),),
        None,
    ]


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.minimum])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32", "float16", "bool"])
def test_the_same_as_numpy(ufunc, shape, dtype, rng):
    x = rng.uniform(0.999, 1.001, size=shape).astype(dtype)
    kind = ufunc.reduce(x, 0).dtype
    inside = "float32" if dtype == "float16" else None
    for axis in axes_of(shape):
        if isinstance(axis, tuple) and max(axis) >= len(shape):
            continue
        for keepdims in (False, True):
            with np.errstate(over="ignore"):
                expected = ufunc.reduce(x, axis, inside, None, keepdims).astype(kind)
                found = reduced(ufunc, x, axis, None, None, keepdims)
            assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
            tolerance = 2e-3 if found.dtype.itemsize < 16 and dtype != "float64" else 1e-10
            np.testing.assert_allclose(found, expected, rtol=tolerance)
            out = np.empty_like(expected)
            with np.errstate(over="ignore"):
                assert reduced(ufunc, x, axis, None, out, keepdims) is out
            np.testing.assert_array_equal(out, found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_lose_fewer_digits_than_numpys(dtype, rng):
    x = rng.normal(size=(50_000, 8)).astype(dtype)
    exact = [math.fsum(column.tolist()) for column in x.T]
    found = np.abs(reduced(np.add, x, 0, None, None, False) - exact).max()
    assert found <= np.abs(np.add.reduce(x, axis=0) - exact).max()


@pytest.mark.parametrize("ufunc", [np.add, np.maximum, np.minimum])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_stays_in_its_column(ufunc, value):
    x = np.ones((MANY, 4))
    x[1234, 1] = value
    np.testing.assert_array_equal(reduced(ufunc, x, 0, None, None, False), ufunc.reduce(x, axis=0))


def test_views_are_left_to_numpy(monkeypatch, rng):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(numpy_rows, "_of_rows", refuse)
    x = rng.normal(size=(8, 5_000)).T
    np.testing.assert_array_equal(reduced(np.add, x, 0, None, None, False), x.sum(axis=0))
    x = np.broadcast_to(rng.normal(size=8), (5_000, 8))
    np.testing.assert_array_equal(reduced(np.add, x, 0, None, None, False), x.sum(axis=0))
