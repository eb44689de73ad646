"""``tf.math``: elementwise functions, reductions, cumulative sums.

Most are lines of a table; below are those where TensorFlow's arguments or results are different."""

from __future__ import annotations

from typing import Any, NamedTuple

import xgrad as xg

from ._convert import as_tensor, as_tensors, static
from ._reductions import (
    accumulate_n,
    add_n,
    count_nonzero,
    cumprod,
    cumsum,
    reduce_euclidean_norm,
    reduce_mean,
    reduce_prod,
    reduce_sum,
)
from ._tables import Namespace, followed

__all__ = [
    "accumulate_n",
    "add_n",
    "angle",
    "argmax",
    "argmin",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "divide_no_nan",
    "l2_normalize",
    "multiply_no_nan",
    "reciprocal_no_nan",
    "reduce_euclidean_norm",
    "reduce_mean",
    "reduce_prod",
    "reduce_sum",
    "rsqrt",
    "scalar_mul",
    "softsign",
    "squared_difference",
    "top_k",
    "truediv",
    "xdivy",
]

_namespace = Namespace(
    __name__,
    """
    abs = abs(x)
    acos = acos(x)
    acosh = acosh(x)
    add = add(x, y)
    asin = asin(x)
    asinh = asinh(x)
    atan = atan(x)
    atan2 = atan2(y, x)
    atanh = atanh(x)
    betainc = special.betainc(a, b, x)
    ceil = ceil(x)
    conj = conj(x)
    cos = cos(x)
    cosh = cosh(x)
    digamma = special.digamma(x)
    divide = divide(x, y)
    equal = equal(x, y)
    erf = special.erf(x)
    erfc = special.erfc(x)
    erfcinv = special.erfcinv(x)
    erfinv = special.erfinv(x)
    exp = exp(x)
    expm1 = expm1(x)
    floor = floor(x)
    floordiv = floor_divide(x, y)
    floormod = remainder(x, y)
    greater = greater(x, y)
    greater_equal = greater_equal(x, y)
    igamma = special.gammainc(a, x)
    igammac = special.gammaincc(a, x)
    imag = imag(input)
    is_finite = isfinite(x)
    is_inf = isinf(x)
    is_nan = isnan(x)
    less = less(x, y)
    less_equal = less_equal(x, y)
    lgamma = special.gammaln(x)
    log = log(x)
    log1p = log1p(x)
    log_sigmoid = special.log_expit(x)
    logical_and = logical_and(x, y)
    logical_not = logical_not(x)
    logical_or = logical_or(x, y)
    logical_xor = logical_xor(x, y)
    maximum = maximum(x, y)
    minimum = minimum(x, y)
    mod = remainder(x, y)
    multiply = multiply(x, y)
    ndtri = special.ndtri(x)
    negative = negative(x)
    nextafter = nextafter(x1, x2)
    not_equal = not_equal(x, y)
    polygamma = special.polygamma(a, x)
    pow = pow(x, y)
    real = real(input)
    reciprocal = reciprocal(x)
    reduce_all = all(input_tensor; axis=None, keepdims=False)
    reduce_any = any(input_tensor; axis=None, keepdims=False)
    reduce_logsumexp = logsumexp(input_tensor; axis=None, keepdims=False)
    reduce_max = max(input_tensor; axis=None, keepdims=False)
    reduce_min = min(input_tensor; axis=None, keepdims=False)
    reduce_std = std(input_tensor; axis=None, keepdims=False)
    reduce_variance = var(input_tensor; axis=None, keepdims=False)
    rint = round(x)
    round = round(x)
    sigmoid = special.expit(x)
    sign = sign(x)
    sin = sin(x)
    sinh = sinh(x)
    softplus = special.softplus(features)
    sqrt = sqrt(x)
    square = square(x)
    subtract = subtract(x, y)
    tan = tan(x)
    tanh = tanh(x)
    xlog1py = special.xlog1py(x, y)
    xlogy = special.xlogy(x, y)
    zeta = special.zeta(x, q)
    """,
)


def __getattr__(name: str) -> Any:
    return _namespace.get(name, globals())


def __dir__() -> list[str]:
    return _namespace.names(globals())


# -- quotients and powers --------------------------------------------------------------------------


@followed
def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """Divide; small integers become float32 and others float64."""
    x, y = as_tensors([x, y])
    if xg.isdtype(x.dtype, "integral"):
        small = xg.iinfo(x.dtype).bits < 32
        x, y = (xg.astype(t, xg.float32 if small else xg.float64) for t in (x, y))
    return xg.divide(x, y)


@followed
def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Divide, with 0 where y is 0, and the gradient 0 there."""
    x, y = as_tensors([x, y])
    zero = y == 0
    return xg.where(zero, xg.zeros_like(y), x / xg.where(zero, xg.ones_like(y), y))


@followed
def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Multiply, with 0 where y is 0, whatever x is."""
    x, y = as_tensors([x, y])
    # Only what is not finite is left out: elsewhere 0 is a product like any other, and has its slope.
    return xg.where((y == 0) & ~xg.isfinite(x), xg.zeros_like(x), x) * y


@followed
def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """Take the reciprocal, with 0 for 0."""
    x = as_tensor(x)
    return divide_no_nan(xg.ones_like(x), x)


@followed
def xdivy(x: Any, y: Any, name: str | None = None) -> Any:
    """Divide, with 0 where x is 0."""
    x, y = as_tensors([x, y])
    zero = x == 0
    return xg.where(zero, xg.zeros_like(x), x / xg.where(zero, xg.ones_like(y), y))


@followed
def rsqrt(x: Any, name: str | None = None) -> Any:
    """Take the reciprocal of the square root."""
    return xg.reciprocal(xg.sqrt(as_tensor(x)))


@followed
def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """Square the difference, of complex numbers its absolute value."""
    x, y = as_tensors([x, y])
    d = x - y
    return d * xg.conj(d) if xg.isdtype(d.dtype, "complex floating") else xg.square(d)


@followed
def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """Multiply by a number."""
    x = as_tensor(x)
    return as_tensor(scalar, like=x) * x


@followed
def softsign(features: Any, name: str | None = None) -> Any:
    """Compute x / (1 + abs(x))."""
    x = as_tensor(features)
    return x / (1 + xg.abs(x))


@followed
def angle(input: Any, name: str | None = None) -> Any:
    """Give the argument of complex numbers; 0 or pi for real ones."""
    z = as_tensor(input)
    if xg.isdtype(z.dtype, "complex floating"):
        return xg.atan2(xg.imag(z), xg.real(z))
    return xg.atan2(xg.zeros_like(z), z)


@followed
def l2_normalize(
    x: Any,
    axis: Any = None,
    epsilon: float = 1e-12,
    name: str | None = None,
) -> Any:
    """Divide by the root of the sum of squares along axes, or of epsilon if that is larger."""
    x = as_tensor(x)
    squares = xg.sum(xg.square(xg.abs(x)), axis=static(axis), keepdims=True)
    return x * xg.reciprocal(xg.sqrt(xg.maximum(squares, xg.full_like(squares, epsilon))))


# -- the largest -----------------------------------------------------------------------------------


@followed
def argmax(
    input: Any,
    axis: Any = None,
    output_type: Any = xg.int64,
    name: str | None = None,
    **former: Any,
) -> Any:
    """Find where the largest is along an axis, the first one by default."""
    return _place(xg.argmax, input, former.get("dimension", axis), output_type)


@followed
def argmin(
    input: Any,
    axis: Any = None,
    output_type: Any = xg.int64,
    name: str | None = None,
    **former: Any,
) -> Any:
    """Find where the smallest is along an axis, the first one by default."""
    return _place(xg.argmin, input, former.get("dimension", axis), output_type)


class TopK(NamedTuple):
    """What `top_k` returns."""

    values: Any
    indices: Any


@followed
def top_k(
    input: Any,
    k: Any = 1,
    sorted: bool = True,
    index_type: Any = xg.int32,
    name: str | None = None,
) -> TopK:
    """Find the k largest along the last axis, the largest first, and where they are."""
    x = as_tensor(input)
    indices = xg.argsort(x, axis=-1, descending=True)[..., : static(k)]
    return TopK(xg.take_along_axis(x, indices, axis=-1), xg.astype(indices, index_type))


# -- inside ----------------------------------------------------------------------------------------


def _place(f: Any, x: Any, axis: Any, dtype: Any) -> Any:
    return xg.astype(f(as_tensor(x), axis=0 if axis is None else static(axis)), dtype)
