"""NumPy's ufuncs: which function of the standard each one is, and formulas for the others.

Keys are NumPy's names. Those that count, shift or test bits take their own library's function,
because integers have no derivative. What NumPy has more of is listed in refused.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..._typing import SCALAR_TYPES
from ...backends import backend_of
from ...core.casting import dtype_kind
from ...core.dispatch import wrap
from ...core.handle import Handle
from ...core.protocols import protocols
from ...core.spec import describe
from ...errors import ArgumentTypeError, DTypeError
from ..rule_namespace import rule_namespace as xp
from .operands import floating, is_floating, not_complex, tensor, tensors

__all__ = ["UFUNCS"]

_LN2 = math.log(2)

# Functions of the standard with other names.
_RENAMED = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "conjugate": "conj",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
}
_SAME = """add bitwise_and bitwise_or bitwise_xor ceil copysign cos cosh divide equal exp expm1 floor
    floor_divide greater greater_equal hypot isfinite isinf isnan less less_equal log log10 log1p
    log2 logaddexp logical_and logical_not logical_or logical_xor matmul maximum minimum multiply
    negative nextafter not_equal positive reciprocal remainder sign signbit sin sinh sqrt square
    subtract tan tanh trunc vecdot"""


def _real(x: Any, function: str) -> Any:
    """A real floating Tensor; integers become float64.

    Raises
    ------
    DTypeError
        If x is complex, for which NumPy has no such function.
    """
    return floating(not_complex(tensor(x), function))


def cbrt(x: Any) -> Any:
    """The real cube root."""
    x = _real(x, "cbrt")
    return xp.sign(x) * xp.abs(x) ** (1 / 3)


def clip(x: Any, lower: Any, upper: Any) -> Any:
    """Between two bounds; the ufunc behind ``np.clip``."""
    return xp.clip(x, lower, upper)


def deg2rad(x: Any) -> Any:
    """Degrees in radians."""
    return _real(x, "deg2rad") * (math.pi / 180)


def rad2deg(x: Any) -> Any:
    """Radians in degrees."""
    return _real(x, "rad2deg") * (180 / math.pi)


def divmod(x1: Any, x2: Any) -> Any:
    """The quotient, rounded down, and the remainder."""
    return xp.floor_divide(x1, x2), xp.remainder(x1, x2)


def exp2(x: Any) -> Any:
    """2**x."""
    return xp.pow(2.0, x)


def fabs(x: Any) -> Any:
    """The absolute value, floating for integers too."""
    return xp.abs(_real(x, "fabs"))


def float_power(x1: Any, x2: Any) -> Any:
    """x1**x2 in float64 or complex128, whatever the dtypes are."""
    x1, x2 = tensors(x1, x2)
    wide = "complex128" if "complex" in (dtype_kind(x1.dtype), dtype_kind(x2.dtype)) else "float64"
    return xp.pow(xp.astype(x1, wide, copy=False), xp.astype(x2, wide, copy=False))


def fmax(x1: Any, x2: Any) -> Any:
    """The larger one; a NaN loses."""
    x1, x2 = tensors(x1, x2)
    return xp.where(xp.isnan(x2), x1, xp.where(xp.isnan(x1), x2, xp.maximum(x1, x2)))


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller one; a NaN loses."""
    x1, x2 = tensors(x1, x2)
    return xp.where(xp.isnan(x2), x1, xp.where(xp.isnan(x1), x2, xp.minimum(x1, x2)))


def fmod(x1: Any, x2: Any) -> Any:
    """The remainder with the sign of x1: x1 - trunc(x1 / x2) x2, exact where that cancels."""
    x1, x2 = _both_real(x1, x2, "fmod")
    rest = xp.remainder(xp.abs(x1), xp.abs(x2))
    return xp.where(x1 < 0, -rest, rest)


def frexp(x: Any) -> Any:
    """The mantissa, between 1/2 and 1, and the exponent of two; 0 and infinities are themselves."""
    x = _real(x, "frexp")
    plain = xp.isfinite(x) & (x != 0)
    size = xp.abs(xp.where(plain, xp.stop_gradient(x), 1.0))
    exponent = xp.floor(xp.log2(size)) + 1
    exponent = exponent + xp.astype(size >= 2**exponent, x.dtype)  # log2 may be off by one
    exponent = exponent - xp.astype(size < 2 ** (exponent - 1), x.dtype)
    exponent = xp.where(plain, exponent, 0)
    return _scaled(x, -exponent), xp.astype(exponent, "int32")


def _both_real(x1: Any, x2: Any, function: str) -> Any:
    """Two Tensors, neither complex; integers stay what they are."""
    return tuple(not_complex(x, function) for x in tensors(x1, x2))


def _both_floating(x1: Any, x2: Any, function: str) -> Any:
    """Two real Tensors of one floating dtype."""
    x1, x2 = _both_real(x1, x2, function)
    wide = xp.result_type(x1, x2) if is_floating(x1) or is_floating(x2) else "float64"
    return tuple(xp.astype(x, wide, copy=False) for x in (x1, x2))


def heaviside(x1: Any, x2: Any) -> Any:
    """0 below zero, 1 above, x2 at it."""
    x1, x2 = _both_floating(x1, x2, "heaviside")
    step = xp.astype(x1 > 0, x1.dtype)
    return xp.where(xp.isnan(x1), math.nan, xp.where(x1 == 0, x2, step))


def ldexp(x1: Any, x2: Any) -> Any:
    """x1 * 2**x2, by several factors, none of which overflows where the product does not."""
    if isinstance(x2, int):
        x2 = xp.asarray(x2, device=getattr(x1, "device", None))
    x1, x2 = tensors(x1, x2)
    if is_floating(x2):
        raise DTypeError(f"numpy.ldexp: x2 must be integers, but is {describe(x2)}.")
    return _scaled(floating(x1), x2)


def _scaled(x1: Any, x2: Any) -> Any:
    most = math.frexp(float(xp.finfo(x1.dtype).max))[1] - 1
    rest = xp.astype(xp.clip(xp.stop_gradient(x2), -3 * most, 3 * most), x1.dtype)
    for _ in range(3):
        part = xp.clip(rest, -most, most)
        x1, rest = x1 * 2**part, rest - part
    return x1


def logaddexp2(x1: Any, x2: Any) -> Any:
    """log2(2**x1 + 2**x2), without overflow."""
    x1, x2 = _both_floating(x1, x2, "logaddexp2")  # before the first rounding
    return xp.logaddexp(x1 * _LN2, x2 * _LN2) / _LN2


def matvec(x1: Any, x2: Any) -> Any:
    """Stacks of matrices times stacks of vectors."""
    x1, x2 = tensors(x1, x2)
    return xp.matmul(x1, xp.expand_dims(x2, axis=-1))[..., 0]


def vecmat(x1: Any, x2: Any) -> Any:
    """Stacks of conjugated vectors times stacks of matrices."""
    x1, x2 = tensors(x1, x2)
    x1 = xp.conj(x1) if dtype_kind(x1.dtype) == "complex" else x1
    return xp.matmul(xp.expand_dims(x1, axis=-2), x2)[..., 0, :]


def modf(x: Any) -> Any:
    """The fractional and the integral part, both with the sign of x."""
    x = _real(x, "modf")
    whole = xp.trunc(x)
    rest = xp.where(xp.isinf(x), 0.0, x - whole)
    return xp.copysign(rest, x), whole


def rint(x: Any) -> Any:
    """The nearest whole number, floating for integers too."""
    return xp.round(floating(tensor(x)))


def spacing(x: Any) -> Any:
    """The distance to the next number away from zero: a constant."""
    x = xp.stop_gradient(tensor(x))
    return xp.nextafter(x, xp.copysign(xp.full_like(x, math.inf), x)) - x


def _of_integers(name: str) -> Callable[..., Any]:
    """The function of that name of the operands' own library, which gives constants."""

    def function(*operands: Any) -> Any:
        parts = [x if type(x) in SCALAR_TYPES else tensor(x) for x in operands]
        known = [x for x in parts if isinstance(x, Handle)]
        for x in known:
            if x.node is not None:
                protocols.left(x, f"left xgrad through numpy.{name}")
            if backend_of(x.raw).nests:
                backend_of(x.raw).to_numpy(x.raw)  # says why not
        backend = backend_of(known[0].raw)
        native = getattr(backend.namespace, name, None)
        if native is None:
            raise ArgumentTypeError(
                f"{backend.name} has no function {name!r} for its integers. Use .numpy() to compute "
                "it on the host."
            )
        try:
            return wrap(backend.finish(native(*[getattr(x, "raw", x) for x in parts])))
        except TypeError as error:
            shown = " and ".join(map(describe, known))
            raise DTypeError(f"numpy.{name}: the operands {shown} must be integers.") from error

    function.__name__ = name
    return function


_OWN: list[Callable[..., Any]] = [
    cbrt,
    clip,
    deg2rad,
    rad2deg,
    divmod,
    exp2,
    fabs,
    float_power,
    fmax,
    fmin,
    fmod,
    frexp,
    heaviside,
]
_OWN += [ldexp, logaddexp2, matvec, modf, rint, spacing, vecmat]

UFUNCS: dict[str, Callable[..., Any]] = {
    **{name: getattr(xp, name) for name in _SAME.split()},
    **{name: getattr(xp, target) for name, target in _RENAMED.items()},
    **{function.__name__: function for function in _OWN},
    "degrees": rad2deg,
    "radians": deg2rad,
    **{name: _of_integers(name) for name in ("bitwise_count", "gcd", "lcm")},
}
