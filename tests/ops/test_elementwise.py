"""Elementwise functions against numpy: values, dtypes and broadcasting, on drawn arrays."""

import array_api_strict
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import array_api
from hypothesis.extra import numpy as numpy_strategies

import xgrad as xg

XPS = array_api.make_strategies_namespace(np, api_version="2022.12")
MANY = settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
REAL = ["float32", "float64"]
FLOATING = [*REAL, "complex64", "complex128"]
INTEGER = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
NUMERIC = [*INTEGER, *FLOATING]

UNARY = {
    "abs": NUMERIC,
    "acos": FLOATING,
    "acosh": FLOATING,
    "asin": FLOATING,
    "asinh": FLOATING,
    "atan": FLOATING,
    "atanh": FLOATING,
    "bitwise_invert": ["bool", *INTEGER],
    "ceil": [*INTEGER, *REAL],
    "conj": ["complex64", "complex128"],
    "cos": FLOATING,
    "cosh": FLOATING,
    "exp": FLOATING,
    "expm1": FLOATING,
    "floor": [*INTEGER, *REAL],
    "imag": ["complex64", "complex128"],
    "isfinite": NUMERIC,
    "isinf": NUMERIC,
    "isnan": NUMERIC,
    "log": FLOATING,
    "log10": FLOATING,
    "log1p": FLOATING,
    "log2": FLOATING,
    "logical_not": ["bool"],
    "negative": [*INTEGER[:4], *FLOATING],
    "positive": NUMERIC,
    "real": ["complex64", "complex128"],
    "reciprocal": FLOATING,
    "round": NUMERIC,
    "sign": NUMERIC,
    "signbit": REAL,
    "sin": FLOATING,
    "sinh": FLOATING,
    "sqrt": FLOATING,
    "square": NUMERIC,
    "tan": FLOATING,
    "tanh": FLOATING,
    "trunc": [*INTEGER, *REAL],
}
BINARY = {
    "add": NUMERIC,
    "atan2": REAL,
    "bitwise_and": ["bool", *INTEGER],
    "bitwise_left_shift": INTEGER,
    "bitwise_or": ["bool", *INTEGER],
    "bitwise_right_shift": INTEGER,
    "bitwise_xor": ["bool", *INTEGER],
    "copysign": REAL,
    "divide": FLOATING,
    "equal": ["bool", *NUMERIC],
    "floor_divide": [*INTEGER, *REAL],
    "greater": [*INTEGER, *REAL],
    "greater_equal": [*INTEGER, *REAL],
    "hypot": REAL,
    "less": [*INTEGER, *REAL],
    "less_equal": [*INTEGER, *REAL],
    "logaddexp": REAL,
    "logical_and": ["bool"],
    "logical_or": ["bool"],
    "logical_xor": ["bool"],
    "maximum": [*INTEGER, *REAL],
    "minimum": [*INTEGER, *REAL],
    "multiply": NUMERIC,
    "nextafter": REAL,
    "not_equal": ["bool", *NUMERIC],
    "pow": FLOATING,
    "remainder": [*INTEGER, *REAL],
    "subtract": NUMERIC,
}
NUMPY_NAMES = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "bitwise_invert": "invert",
    "bitwise_left_shift": "left_shift",
    "bitwise_right_shift": "right_shift",
    "pow": "power",
}


def plain(name):
    return getattr(np, NUMPY_NAMES.get(name, name))


def arrays(dtypes, shape):
    return st.sampled_from(dtypes).flatmap(
        lambda dtype: XPS.arrays(dtype=getattr(np, dtype), shape=shape)
    )


@st.composite
def pairs(draw, dtypes):
    """Two arrays of one dtype kind whose shapes broadcast."""
    shapes = draw(
        numpy_strategies.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)
    )
    first = draw(arrays(dtypes, shapes.input_shapes[0]))
    same_kind = [d for d in dtypes if np.dtype(d).kind == first.dtype.kind]
    return first, draw(arrays(same_kind, shapes.input_shapes[1]))


def same(result, expected, name=""):
    """The same digits, but where NumPy's are not the best (backends/numpy_ufuncs.py)."""
    assert isinstance(result, xg.Tensor)
    assert type(result.array) is np.ndarray
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    if name == "logaddexp":
        unit = 8 * np.finfo(expected.dtype).eps
        np.testing.assert_allclose(result.numpy(), expected, rtol=unit, atol=unit)
    else:
        np.testing.assert_array_equal(result.numpy(), expected)


def test_every_elementwise_function_is_here():
    elementwise = set()
    for chapter in (
        "arithmetic",
        "comparison",
        "exponential",
        "extrema",
        "logic",
        "powers",
        "rounding",
        "trigonometric",
    ):
        elementwise |= set(__import__(f"xgrad.ops.{chapter}", fromlist=["*"]).__all__)
    assert elementwise == set(UNARY) | set(BINARY)


@pytest.mark.parametrize("name", UNARY)
@MANY
@given(data=st.data())
def test_unary_functions_are_numpys(name, data):
    x = data.draw(arrays(UNARY[name], array_api_shapes()))
    with np.errstate(all="ignore"):
        same(getattr(xg, name)(xg.asarray(x)), np.asarray(plain(name)(x)))


@pytest.mark.parametrize("name", BINARY)
@MANY
@given(data=st.data())
def test_binary_functions_are_numpys_and_broadcast(name, data):
    x1, x2 = data.draw(pairs(BINARY[name]))
    if "shift" in name:
        x2 = (np.abs(x2.astype(int)) % 7).astype(x2.dtype)
    with np.errstate(all="ignore"):
        expected = np.asarray(plain(name)(x1, x2))
        same(getattr(xg, name)(xg.asarray(x1), xg.asarray(x2)), expected, name)
        same(getattr(xg, name)(x1, xg.asarray(x2)), expected, name)
        same(getattr(xg, name)(xg.asarray(x1), x2), expected, name)


@pytest.mark.parametrize("name", [n for n in BINARY if set(REAL) <= set(BINARY[n])])
@MANY
@given(data=st.data())
def test_binary_functions_take_python_scalars_on_both_sides(name, data):
    x = data.draw(arrays(REAL, array_api_shapes()))
    scalar = data.draw(st.sampled_from([2, 0.5, -1.5]))
    array = np.asarray(scalar, dtype=x.dtype)
    f = getattr(xg, name)
    with np.errstate(all="ignore"):
        same(f(xg.asarray(x), scalar), np.asarray(plain(name)(x, array)), name)
        same(f(scalar, xg.asarray(x)), np.asarray(plain(name)(array, x)), name)


def array_api_shapes():
    return XPS.array_shapes(min_dims=0, max_dims=3, max_side=3)


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_functions_work_on_every_device(name, any_device):
    dtypes = UNARY.get(name) or BINARY[name]
    dtype = "float32" if "float32" in dtypes else dtypes[0]
    x = xg.ones((2, 3), dtype=dtype, device=any_device)
    others = (xg.ones(3, dtype=dtype, device=any_device),) if name in BINARY else ()
    y = getattr(xg, name)(x, *others)
    expected = getattr(array_api_strict, name)(
        array_api_strict.ones((2, 3), dtype=getattr(array_api_strict, dtype)),
        *(array_api_strict.ones(3, dtype=getattr(array_api_strict, dtype)) for _ in others),
    )
    assert (y.shape, y.device) == ((2, 3), any_device)
    assert str(y.dtype).rsplit(".", 1)[-1] == str(expected.dtype).rsplit(".", 1)[-1]
