"""Quantiles, comparisons, polynomials and names of dtypes: values and dtypes are those of NumPy."""

import numpy as np
import pytest

import xgrad as xg

X = np.arange(1.0, 13.0).reshape(3, 4)
WHOLE = np.array([[1, -2, 3]])
METHODS = {
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf"),
    *("hazen", "weibull", "linear", "median_unbiased", "normal_unbiased"),
    *("lower", "higher", "midpoint", "nearest"),
}


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "float64"])
@pytest.mark.parametrize("q", [0.3, 0.5, [0.0, 0.1, 0.777], np.linspace(0, 1, 13)])
def test_methods_of_quantiles_have_numpys_values_and_dtypes(method, dtype, q):
    x = np.array([[3, 1, 2, 9, 4, 4], [5, 9, 4, 0, 8, 7]], dtype=dtype)
    for f in (np.quantile, np.nanquantile):
        for axis in (None, 1):
            found = f(xg.asarray(x), q, axis=axis, method=method)
            expected = f(x, q, axis=axis, method=method)
            assert found.dtype == expected.dtype
            np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, strict=True)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_quantiles_have_the_gradient_of_their_elements(method):
    xg.testing.check_gradients(lambda x: np.quantile(x * x, [0.2, 0.71], 1, method=method), [X])


@pytest.mark.parametrize("other", [-1, 1000, 0.1, [300, 2, 3]])
def test_equality_of_arrays_with_numbers_outside_of_their_dtype(other):
    for x in (WHOLE.astype("uint8"), np.float32([0.1])):
        assert np.array_equal(xg.asarray(x), other) is np.array_equal(x, other)
        assert np.array_equiv(xg.asarray(x), other) is np.array_equiv(x, other)
        assert np.allclose(xg.asarray(x), other) is np.allclose(x, other)


@pytest.mark.parametrize("name", ["half", "single", "double", "float", "int", "f2", "e", "<f4"])
def test_dtypes_have_numpys_short_names(name):
    assert np.ones_like(xg.asarray(X), dtype=name).dtype == np.dtype(name)


@pytest.mark.parametrize("f", [np.var, np.std], ids=["var", "std"])
def test_deviations_refuse_dtypes_of_whole_numbers(f):
    with pytest.raises(xg.errors.DTypeError, match=r"dtype must be floating, but is int64"):
        f(xg.asarray(X), dtype=int)


def test_correlations_of_float16_are_computed_in_float32():
    x = np.array([[3, 1, 2], [5, 9, 4]], "float16")
    expected = np.corrcoef(x).astype("float16")
    np.testing.assert_array_equal(np.corrcoef(xg.asarray(x)).numpy(), expected, strict=True)


COEFFICIENTS = {
    "zeros": ([0.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0]),
    "nothing else": ([0.0, 0.0], [0.0]),
    "whole": ([0, 3], [1, 2]),
}


@pytest.mark.parametrize(("a", "b"), list(COEFFICIENTS.values()), ids=COEFFICIENTS)
def test_products_of_polynomials_have_no_leading_zeros(a, b):
    found = np.polymul(xg.asarray(a), xg.asarray(b))
    np.testing.assert_array_equal(found.numpy(), np.polymul(a, b), strict=True)


def test_quotients_of_complex_polynomials():
    u, v = np.array([1.0, 2j, 3.0]), np.array([1.0, 1j])
    for found, expected in zip(np.polydiv(xg.asarray(u), v), np.polydiv(u, v), strict=True):
        np.testing.assert_allclose(found.numpy(), expected, strict=True)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64"])
def test_ramps_of_whole_numbers_neither_wrap_nor_stop(dtype):
    x = np.array([5, 100], dtype=dtype)
    found = np.pad(xg.asarray(x), (3, 300), mode="linear_ramp", end_values=(120, 10))
    expected = np.pad(x, (3, 300), mode="linear_ramp", end_values=(120, 10))
    np.testing.assert_array_equal(found.numpy(), expected, strict=True)
