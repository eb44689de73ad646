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


STARTS = {
    "sum": lambda x: np.sum(x, initial=2.5),
    "prod of an axis": lambda x: np.prod(x, axis=1, initial=2.5),
    "max": lambda x: np.max(x, initial=2.5),
    "max of truth values": lambda x: np.max(x > 1, axis=0, initial=0, where=x < 0),
    "min of nothing": lambda x: np.min(x[:0].astype("int8"), axis=0, initial=1),
    "nansum": lambda x: np.nansum(x, initial=2.5),
}


@pytest.mark.parametrize("f", list(STARTS.values()), ids=STARTS)
def test_reductions_of_whole_numbers_begin_with_whole_numbers(f):
    x = np.vstack([WHOLE, WHOLE])
    np.testing.assert_array_equal(f(xg.asarray(x)).numpy(), f(x), strict=True)


OUTSIDE = {
    "plus": lambda x: x + 300,
    "maximum": lambda x: np.maximum(x, -1),
    "hypot": lambda x: xg.hypot(x, -1),
    "sum": lambda x: np.sum(x, initial=-1),
    "at": lambda x: x.at[0].set(300),
    "insert": lambda x: np.insert(x, 0, 300),
}


@pytest.mark.parametrize("f", list(OUTSIDE.values()), ids=OUTSIDE)
def test_numbers_that_a_dtype_does_not_hold_are_an_error_of_ours(f):
    with pytest.raises(xg.errors.ArgumentError, match=r"out of bounds for uint"):
        f(xg.asarray([1, 2], dtype="uint8"))


@pytest.mark.parametrize("name", ["gcd", "lcm", "bitwise_count"])
def test_functions_of_whole_numbers_refuse_others(name):
    f = getattr(np, name)
    with pytest.raises(xg.errors.DTypeError, match=rf"numpy\.{name}: the operands .* integers"):
        f(*[xg.asarray(X)] * f.nin)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("exponent", [300, -300, 1500, -1500, 10**6, -(10**6), 5])
def test_ldexp_neither_overflows_on_its_way_nor_makes_nan_of_zero(dtype, exponent):
    x = np.array([0.0, 1.5, -2.0, np.finfo(dtype).max, np.finfo(dtype).tiny, np.inf], dtype)
    with np.errstate(all="ignore"):
        found, expected = np.ldexp(xg.asarray(x), exponent), np.ldexp(x, exponent)
    np.testing.assert_array_equal(found.numpy(), expected, strict=True)


@pytest.mark.parametrize("f", [np.logaddexp2, np.heaviside], ids=lambda f: f.__name__)
def test_float32_beside_small_integers_stays(f):
    x, small = X.astype("float32"), np.int8(3)
    for pair in ((x, small), (small, x)):
        found = f(*[xg.asarray(a) if a is x else a for a in pair])
        np.testing.assert_allclose(found.numpy(), f(*pair), rtol=1e-6, strict=True)


SUMS = {
    "alone": lambda x: np.einsum("ij->", x),
    "diagonal": lambda x: np.einsum("ii->i", x),
    "numbers for letters": lambda x: np.einsum(x, [0, 1], [0]),
    "with a list": lambda x: np.einsum("ij,j->i", x, [1, 2]),
    "two": lambda x: np.einsum("ij,jk->ik", x, x),
}


@pytest.mark.parametrize("f", list(SUMS.values()), ids=SUMS)
@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool", "float32"])
def test_einsum_has_numpys_dtype(f, dtype):
    x = np.array([[200, 100], [3, 0]]).astype(dtype)
    np.testing.assert_array_equal(f(xg.asarray(x)).numpy(), f(x), strict=True)


@pytest.mark.parametrize("indices", [[0, 2], [2, 0], [1, 1]])
@pytest.mark.parametrize("ufunc", [np.hypot, np.add], ids=lambda u: u.__name__)
def test_a_slice_of_one_element_is_reduced_to_itself(ufunc, indices):
    x = -X[:, :2]
    found = ufunc.reduceat(xg.asarray(x), indices)
    np.testing.assert_allclose(found.numpy(), ufunc.reduceat(x, indices), strict=True)
    xg.testing.check_gradients(lambda x: ufunc.reduceat(x, indices), [x])


def test_reduceat_refuses_an_axis_that_is_not_there():
    for x in (xg.asarray(2.0), xg.ones(3)):
        with pytest.raises(xg.errors.AxisError, match=r"numpy\.add\.reduceat: axis"):
            np.add.reduceat(x, [0], axis=1)


def test_padding_truth_values_by_their_mean():
    x = np.array([[True, False, False], [True, True, False]])
    found = np.pad(xg.asarray(x), 1, mode="mean")
    np.testing.assert_array_equal(found.numpy(), np.pad(x, 1, mode="mean"), strict=True)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)], ids=str)
@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, 2, np.inf])
def test_norms_of_nothing_are_zero(shape, ord):
    x = np.zeros(shape)
    assert np.linalg.norm(xg.asarray(x), ord).item() == np.linalg.norm(x, ord) == 0
    found = np.linalg.vector_norm(xg.asarray(x), axis=0, ord=np.inf)
    np.testing.assert_array_equal(found.numpy(), np.zeros(shape[1]))


def test_pieces_have_the_dtype_of_what_they_are_of():
    f = lambda x: np.piecewise(x, [x > 1, x < 0], [lambda v: v * 0.5, 1.75, True])
    for x in (WHOLE, WHOLE.astype("uint8"), WHOLE > 1, WHOLE.astype("float32")):
        np.testing.assert_array_equal(f(xg.asarray(x)).numpy(), f(x), strict=True)


def test_least_squares_of_a_stack_are_refused():
    with pytest.raises(xg.errors.ShapeError, match=r"lstsq: a \(2, 3, 3\).*one matrix"):
        np.linalg.lstsq(xg.ones((2, 3, 3)), np.ones(3))


ELSEWHERE = {
    "ldexp": lambda x: np.ldexp(x, 3),
    "isin": lambda x: np.isin(x, 2),
    "isclose": lambda x: np.isclose(x, 2),
    "isclose of whole numbers": lambda x: np.isclose(np.astype(x, "int64"), 1.0),
    "array_equal": lambda x: np.array_equal(x, 2),
    "searchsorted": lambda x: np.searchsorted(x[0], 2.5),
    "add": lambda x: np.add(x, 1, dtype="f4"),
    "concatenate": lambda x: np.concatenate([x, x], dtype="f4"),
    "max": lambda x: np.max(x, initial=7),
    "quantile": lambda x: np.quantile(x, 0.3, method="lower"),
}


@pytest.mark.parametrize("f", list(ELSEWHERE.values()), ids=ELSEWHERE)
def test_numbers_go_where_the_tensors_are(f, other_device):
    found = f(xg.asarray(X, device=other_device))
    if isinstance(found, xg.Tensor):
        assert found.device == other_device
        found = found.numpy()
    np.testing.assert_array_equal(found, f(X), strict=True)
