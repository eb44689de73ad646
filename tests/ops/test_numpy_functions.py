"""Every NumPy function that has a counterpart: value, gradient, dtype, signature, and the list itself."""

import inspect
import warnings

import numerical
import numpy as np
import numpy.char
import numpy.fft
import numpy.lib.recfunctions
import numpy.lib.stride_tricks
import numpy.polynomial  # NumPy lists what was imported
import numpy_cases
import pytest
from numpy.testing import overrides

import xgrad as xg
from xgrad.ops.numpy_functions.refused import REFUSED, is_refused
from xgrad.ops.numpy_functions.tables import FUNCTIONS
from xgrad.ops.numpy_functions.ufunc_methods import METHODS
from xgrad.ops.numpy_functions.ufuncs import UFUNCS


def cases(table):
    return [pytest.param(*value, id=name) for name, value in table.items()]


def named(table):
    return [pytest.param(value, id=name) for name, value in table.items()]


# -- values and gradients --------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "f"), cases(numpy_cases.FUNCTIONS))
def test_function_gives_a_tensor_with_numpys_value(x, f):
    result = f(xg.asarray(x))
    assert isinstance(result, xg.Tensor)
    expected = f(x)
    assert result.dtype == expected.dtype
    assert result.shape == np.shape(expected)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("x", "f"), cases(numpy_cases.FUNCTIONS))
def test_function_is_followed(x, f, rng):
    weights = rng.normal(size=np.shape(f(x)))
    variable = xg.Variable(x)
    with xg.GradientTape() as tape:
        y = xg.sum(f(variable) * weights)
    found = tape.gradient(y, variable, unconnected_gradients="raise")
    (expected,) = numerical.difference_gradients(lambda x: np.sum(f(x) * weights), [x])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-7, atol=1e-8)


# Where NumPy computes in float64 whatever it is given; here float32 stays float32, and a Python number
# changes no dtype.
WIDER = {
    *("dot/scalar", "inner/scalar", "interp/one sample", "polyval", "polyder", "polyint"),
    *("cov", "cov/of two", "cov/columns", "cov/of a vector", "corrcoef", "bincount"),
    *("histogram2d/weights", "histogramdd/weights", "polyint/no constant", "vander"),
    *(
        "polyfit/unscaled covariance",
        "vander/options",
        "sort_complex",
        "geomspace",
        "geomspace/negative",
    ),
}
NARROW = {name: case for name, case in numpy_cases.FUNCTIONS.items() if name not in WIDER}


@pytest.mark.parametrize(("x", "f"), cases(NARROW))
def test_function_has_numpys_dtype_for_float32(x, f):
    assert f(xg.asarray(x, dtype=xg.float32)).dtype == f(x.astype("float32")).dtype


@pytest.mark.parametrize("f", named(numpy_cases.CONSTANTS))
def test_constant_has_numpys_value_and_no_gradient(f):
    x = xg.Variable(numpy_cases.X)
    with xg.GradientTape() as tape, np.errstate(divide="ignore"):
        result = f(x)
        expected = f(numpy_cases.X)
    assert isinstance(result, xg.Tensor)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result.numpy(), expected)
    assert tape.gradient(result, x) is None


@pytest.mark.parametrize("f", named(numpy_cases.ANSWERS))
def test_answer_is_numpys(f):
    assert f(xg.asarray(numpy_cases.X)) == f(numpy_cases.X)
    assert not isinstance(f(xg.asarray(numpy_cases.X)), xg.Tensor)


# What the shape of the result, or a decision, depends on values for.
LOOKS_AT_VALUES = {
    *("polydiv", "polydiv/remainder", "real_if_close/complex", "trim_zeros", "trim_zeros/front"),
    *("unique", "unique/nan", "unique/counts", "unique_values", "unique_all", "unique_counts"),
    *(
        "unique_inverse",
        "union1d",
        "intersect1d",
        "setdiff1d",
        "setxor1d",
        "roots",
        "roots/complex",
    ),
}


@pytest.mark.parametrize(("x", "f"), cases(numpy_cases.FUNCTIONS))
def test_forward_mode_agrees_with_differences(x, f, rng):
    direction = rng.normal(size=x.shape)
    _, tangent = xg.jvp(f, (xg.asarray(x),), (xg.asarray(direction),))
    expected = numerical.difference(f, [x], [direction])
    np.testing.assert_allclose(tangent.numpy(), expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(("name", "x", "f"), [(k, *v) for k, v in numpy_cases.FUNCTIONS.items()])
def test_vmap_is_a_loop(name, x, f):
    batch = np.stack([x, 1.01 * x, 0.99 * x])
    if name in LOOKS_AT_VALUES:
        with pytest.raises(xg.errors.TracingError):
            xg.vmap(f)(xg.asarray(batch))
        return
    found = xg.vmap(f)(xg.asarray(batch))
    expected = np.stack([np.asarray(f(row)) for row in batch])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-14)


def test_lstsq_of_values_that_calls_differ_in_has_residuals_and_a_tensor_for_its_rank(rng):
    b = rng.normal(size=4)

    def f(a):
        x, residuals, rank, values = np.linalg.lstsq(a, b)
        return x, residuals, rank * 1, values

    recorded = xg.function(f)
    for _ in range(3):
        a = rng.normal(size=(4, 2))
        x, residuals, rank, values = recorded(xg.asarray(a))
        expected = np.linalg.lstsq(a, b)
        np.testing.assert_allclose(x.numpy(), expected[0], rtol=1e-10)
        np.testing.assert_allclose(residuals.numpy(), expected[1], rtol=1e-10)
        assert (rank.shape, rank.item()) == ((), 2)
        np.testing.assert_allclose(values.numpy(), expected[3], rtol=1e-10)
    assert isinstance(np.linalg.lstsq(xg.asarray(a), b)[2], int)


def test_poly_wants_zeros_or_a_square_matrix():
    with pytest.raises(
        xg.errors.ShapeError, match=r"numpy\.poly: seq_of_zeros \(2, 3\).*Use ravel"
    ):
        np.poly(xg.ones((2, 3)))


# -- writing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "x", "f"), cases(numpy_cases.WRITING))
def test_writing_rebinds_the_target_and_nothing_else(target, x, f):
    t = xg.asarray(target)
    other = xg.asarray(t)
    before = target.copy()
    assert f(t, xg.asarray(x)) is None
    expected = target.copy()
    f(expected, x)
    np.testing.assert_allclose(t.numpy(), expected, rtol=1e-14)
    np.testing.assert_array_equal(target, before)
    np.testing.assert_array_equal(other.numpy(), before)


@pytest.mark.parametrize(("target", "x", "f"), cases(numpy_cases.WRITING))
def test_writing_is_followed_into_what_was_there_and_what_was_written(target, x, f, rng):
    weights = rng.normal(size=target.shape)

    def plain(target, x):
        written = target.copy()
        f(written, x)
        return np.sum(written * written * weights)

    variables = [xg.Variable(target), xg.Variable(x)]
    with xg.GradientTape() as tape:
        t = variables[0] * 1.0
        f(t, variables[1])
        y = xg.sum(t * t * weights)
    found = tape.gradient(y, variables, unconnected_gradients="zero")
    expected = numerical.difference_gradients(plain, [target, x])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(("target", "x", "f"), cases(numpy_cases.WRITING))
def test_writing_a_followed_value_into_an_array_is_refused(target, x, f):
    v = xg.Variable(x)
    array = target.copy()
    with xg.GradientTape(), pytest.raises(TypeError, match=r"gradient would|followed"):
        f(array, v)
    np.testing.assert_array_equal(array, target)


# -- the lists themselves --------------------------------------------------------------------------

TESTED = {
    name.split("/")[0]
    for table in ("FUNCTIONS", "CONSTANTS", "ANSWERS", "WRITING")
    for name in getattr(numpy_cases, table)
}
FILES = {"save", "savetxt", "savez", "savez_compressed"}  # tests/ops/test_numpy_protocols.py


def test_descending_order_of_newer_numpys():
    x = xg.asarray(numpy_cases.X)
    expected = np.sort(numpy_cases.X)[:, ::-1]
    np.testing.assert_array_equal(FUNCTIONS["numpy.sort"](x, descending=True).numpy(), expected)
    order = FUNCTIONS["numpy.argsort"](x, descending=True).numpy()
    np.testing.assert_array_equal(order, np.argsort(numpy_cases.X)[:, ::-1])


def qualified(function):
    return f"{function.__module__}.{function.__name__}"


def test_every_function_has_an_example():
    assert not {name.removeprefix("numpy.") for name in FUNCTIONS} - TESTED - FILES


@pytest.mark.skipif(not numpy_cases.IS_RECENT, reason="NumPy's own list and signatures were others")
def test_every_ufunc_has_an_example():
    assert not {u for u in UFUNCS if u not in TESTED and u not in ("degrees", "radians")}


def test_every_method_of_ufuncs_has_an_example():
    assert {name.split(".")[-1] for name in TESTED if "." in name} >= set(METHODS)


@pytest.mark.skipif(not numpy_cases.IS_RECENT, reason="NumPy's own list and signatures were others")
def test_every_function_of_numpys_is_there_or_refused_with_a_reason():
    every = {qualified(f) for f in overrides.get_overridable_numpy_array_functions()}
    unknown = {f for f in every if f not in FUNCTIONS and not is_refused(f)}
    assert not unknown


def test_every_ufunc_of_numpys_is_there_or_refused_with_a_reason():
    every = {
        f"numpy.{u.__name__}"
        for u in overrides.get_overridable_numpy_ufuncs()
        if getattr(np, u.__name__, None) is u
    }
    assert not {u for u in every if u.removeprefix("numpy.") not in UFUNCS and not is_refused(u)}


def test_nothing_is_both_there_and_refused():
    assert not set(FUNCTIONS) & set(REFUSED)
    assert not {f"numpy.{name}" for name in UFUNCS} & set(REFUSED)


# Parameters that NumPy has since a later version than the oldest that is supported.
NEWER = {"descending"}


@pytest.mark.skipif(not numpy_cases.IS_RECENT, reason="NumPy's own list and signatures were others")
@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_signature_is_numpys(name):
    native = np
    for part in name.split(".")[1:]:
        native = getattr(native, part)
    try:
        theirs = inspect.signature(native).parameters
    except ValueError:
        pytest.skip("NumPy tells no signature of this function")
    ours = inspect.signature(FUNCTIONS[name]).parameters
    assert [key for key in ours if key in theirs] == list(theirs)
    assert set(ours) - set(theirs) <= NEWER
    assert all(ours[key].kind is p.kind for key, p in theirs.items())


@pytest.mark.parametrize("name", ["var", "std", "nanvar", "nanstd"])
@pytest.mark.parametrize("ddof", [0, 1, 2, 2.5, 3, 5])
@pytest.mark.parametrize("row", [[1.0, 2.0, 4.0], [1.0, 1.0, 1.0]])
def test_corrections_that_leave_nothing_are_numpys(name, ddof, row):
    x = np.array([row, [2.0, 3.0, 5.0]])
    function = getattr(np, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = function(x, axis=1, ddof=ddof)
        found = function(xg.asarray(x), axis=1, ddof=ddof)
        whole = function(xg.asarray(np.array([1, 2, 4])), ddof=ddof)
        np.testing.assert_allclose(whole.numpy(), function(np.array([1, 2, 4]), ddof=ddof))
    np.testing.assert_allclose(found.numpy(), expected)
