"""The sum of squares by which NumPy's arrays are looked at, in rows and in one piece."""

import numpy as np
import pytest

from xgrad.backends.looks import square_sum

SIZES = [0, 1, 8192, 8193, 16384, 50_001]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_the_sum_of_squares(size, dtype):
    x = np.random.default_rng(0).normal(size=size).astype(dtype)
    expected = np.sum(x.astype("float64") ** 2)
    np.testing.assert_allclose(square_sum(x), expected, rtol=1e-5)


@pytest.mark.parametrize("size", SIZES[1:])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, complex(0.0, np.nan)])
def test_anything_that_is_not_finite_shows(size, bad):
    for place in {0, size // 2, size - 1}:
        x = np.ones(size, type(bad))
        x[place] = bad
        assert not np.isfinite(square_sum(x))


@pytest.mark.parametrize("size", SIZES[1:])
def test_overflow_is_not_finite(size):
    x = np.zeros(size)
    x[-1] = x[0] = 1e300
    with np.errstate(over="ignore"):
        assert not np.isfinite(square_sum(x))
