"""Machine code for small arrays against NumPy's own functions, special points included."""

import itertools

import numpy as np
import pytest

from xgrad.backends import small
from xgrad.backends.fused import Step
from xgrad.backends.numba import compiled, is_installed
from xgrad.backends.numpy_kernels import ufunc_of
from xgrad.backends.small_text import text_of

pytestmark = pytest.mark.skipif(not is_installed(), reason="numba is not installed")

POINTS = [0.0, 1.0, 0.5, 2.0, 3.0, 1e-30, 88.0, 1e3, 1e30, np.inf, 2.5, 1.5, 0.1, 1e-45, 1e308]
POINTS = [*POINTS, *[-x for x in POINTS], np.nan]
UNARY = ["abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "conj", "cos", "cosh"]
UNARY += ["exp", "expm1", "floor", "isfinite", "isinf", "isnan", "log", "log10", "log1p", "log2"]
UNARY += ["logical_not", "negative", "reciprocal", "relu", "round", "sign", "sin", "sinh", "sqrt"]
UNARY += ["square", "tan", "tanh", "trunc"]
BINARY = ["add", "atan2", "clip_lower", "clip_upper", "copysign", "divide", "equal", "greater"]
BINARY += ["greater_equal", "less", "less_equal", "logical_and", "logical_or", "logical_xor"]
BINARY += ["maximum", "minimum", "multiply", "not_equal", "pow", "subtract"]
EXPONENTS = [2, 3, -1, 0.5, 1, -2, 1 / 3, 0]
# Which zero comes out of two is not said.
UNSIGNED = ("clip_lower", "clip_upper", "maximum", "minimum", "relu")


def cases():
    yield from ((name, 1, {}) for name in UNARY)
    yield from ((name, 2, {}) for name in BINARY)
    yield from (("power", 1, {"exponent": e}) for e in EXPONENTS)


@pytest.fixture(scope="module", params=[np.float32, np.float64], ids=["float32", "float64"])
def results(request):
    """What all functions give, compiled as one."""
    with np.errstate(over="ignore"):
        pairs = np.array(list(itertools.product(POINTS, POINTS)), request.param)
    inputs = [pairs[:, 0].copy(), pairs[:, 1].copy()]
    specs = dict.fromkeys((0, 1), (inputs[0].shape, inputs[0].dtype))
    steps, expected = [], []
    with np.errstate(all="ignore"):
        for name, count, parameters in cases():
            ufunc, more = ufunc_of(name, parameters)
            y = ufunc(*inputs[:count], *more)
            assert small.can_compile(name, parameters, [inputs[0].dtype], y.dtype)
            number = len(specs)
            specs[number] = (y.shape, y.dtype)
            steps.append(Step(name, tuple(range(count)), parameters, number))
            expected.append(y)
    outputs = tuple(step.result for step in steps)
    found = [np.empty_like(y) for y in expected]
    text = text_of(small.Small((tuple(steps),), specs, (0, 1), frozenset(), outputs))
    compiled(text)(*inputs, *found, *[np.empty(size, dtype) for dtype, size in text.scratch])
    names = [f"{name}{parameters or ''}" for name, _, parameters in cases()]
    return dict(zip(names, zip(found, expected, strict=True), strict=True))


@pytest.mark.parametrize("name", [f"{name}{parameters or ''}" for name, _, parameters in cases()])
def test_functions_are_those_of_numpy(name, results):
    found, expected = results[name]
    assert found.dtype == expected.dtype
    rtol = {"float32": 5e-7, "float64": 2e-15, "bool": 0}[expected.dtype.name]
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-45)
    if expected.dtype.kind == "f" and name not in UNSIGNED:
        known = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(expected[known]))


def test_what_has_no_line_is_not_compiled():
    f4, f8, i8 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)
    assert not small.can_compile("add", {}, [i8, i8], i8)
    assert not small.can_compile("multiply", {}, [f8, (1j,)], np.dtype(complex))
    assert not small.can_compile("matmul", {}, [f4, f4], f4)
    assert not small.can_compile("bitwise_and", {}, [i8, i8], i8)
    assert not small.can_compile("add", {}, [f4.newbyteorder(), f4], f4)


def test_equal_steps_give_equal_texts():
    """So that a loop that was unrolled is compiled once."""
    spec = ((3,), np.dtype(np.float32))
    texts = [
        text_of(
            small.Small(
                ((Step("multiply", (0, (1.5,)), {}, 1),),), {0: spec, 1: spec}, (0,), flat, (1,)
            )
        )
        for flat in (frozenset(), frozenset())
    ]
    assert texts[0] == texts[1]
    assert hash(texts[0]) == hash(texts[1])
