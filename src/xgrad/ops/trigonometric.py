"""Trigonometric and hyperbolic functions, element by element.

Angles are in radians. Where a derivative is infinite, a zero cotangent still gives zero. Signatures are the array API standard's
(2025.12)."""

from __future__ import annotations

from .._typing import ArrayLike
from ..core.dispatch import binary, unary
from ..core.instructions import primitive
from ..core.operators import scalar_like
from ..core.tensor import Tensor

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
    "tanh",
]

_sin = unary(primitive("sin"))
_cos = unary(primitive("cos"))
_tan = unary(primitive("tan"))
_asin = unary(primitive("asin"))
_acos = unary(primitive("acos"))
_atan = unary(primitive("atan"))
_sinh = unary(primitive("sinh"))
_cosh = unary(primitive("cosh"))
_tanh = unary(primitive("tanh"))
_asinh = unary(primitive("asinh"))
_acosh = unary(primitive("acosh"))
_atanh = unary(primitive("atanh"))
_atan2 = binary(primitive("atan2"))


def sin(x: ArrayLike, /) -> Tensor:
    """Compute the sine of an angle in radians.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``cos(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.sin(xg.asarray([0.0, 1.0]))
    xg.Tensor([0.        , 0.84147098], shape=(2,), dtype=float64, device=cpu)
    """
    return _sin(x)  # type: ignore[no-any-return]


def cos(x: ArrayLike, /) -> Tensor:
    """Compute the cosine of an angle in radians.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``-sin(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cos(xg.asarray([0.0, 1.0]))
    xg.Tensor([1.        , 0.54030231], shape=(2,), dtype=float64, device=cpu)
    """
    return _cos(x)  # type: ignore[no-any-return]


def tan(x: ArrayLike, /) -> Tensor:
    """Compute the tangent of an angle in radians.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 + tan(x)**2``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tan(xg.asarray([0.0, 1.0]))
    xg.Tensor([0.        , 1.55740772], shape=(2,), dtype=float64, device=cpu)
    """
    return _tan(x)  # type: ignore[no-any-return]


def asin(x: ArrayLike, /) -> Tensor:
    """Compute the inverse sine, in radians.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 / sqrt(1 - x**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asin(xg.asarray([0.0, 1.0]))
    xg.Tensor([0.        , 1.57079633], shape=(2,), dtype=float64, device=cpu)
    """
    return _asin(x)  # type: ignore[no-any-return]


def acos(x: ArrayLike, /) -> Tensor:
    """Compute the inverse cosine, in radians.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``-1 / sqrt(1 - x**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.acos(xg.asarray([0.0, 1.0]))
    xg.Tensor([1.57079633, 0.        ], shape=(2,), dtype=float64, device=cpu)
    """
    return _acos(x)  # type: ignore[no-any-return]


def atan(x: ArrayLike, /) -> Tensor:
    """Compute the inverse tangent, in radians.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 / (1 + x**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.atan(xg.asarray([0.0, 1.0]))
    xg.Tensor([0.        , 0.78539816], shape=(2,), dtype=float64, device=cpu)
    """
    return _atan(x)  # type: ignore[no-any-return]


def sinh(x: ArrayLike, /) -> Tensor:
    """Compute the hyperbolic sine.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``cosh(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.sinh(xg.asarray([0.0, 1.0]))
    xg.Tensor([0.        , 1.17520119], shape=(2,), dtype=float64, device=cpu)
    """
    return _sinh(x)  # type: ignore[no-any-return]


def cosh(x: ArrayLike, /) -> Tensor:
    """Compute the hyperbolic cosine.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``sinh(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cosh(xg.asarray([0.0, 1.0]))
    xg.Tensor([1.        , 1.54308063], shape=(2,), dtype=float64, device=cpu)
    """
    return _cosh(x)  # type: ignore[no-any-return]


def tanh(x: ArrayLike, /) -> Tensor:
    """Compute the hyperbolic tangent.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 - tanh(x)**2``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tanh(xg.asarray([0.0, 1.0]))
    xg.Tensor([0.        , 0.76159416], shape=(2,), dtype=float64, device=cpu)
    """
    return _tanh(x)  # type: ignore[no-any-return]


def asinh(x: ArrayLike, /) -> Tensor:
    """Compute the inverse hyperbolic sine.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 / sqrt(x**2 + 1)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asinh(xg.asarray([0.0, 1.0]))
    xg.Tensor([0.        , 0.88137359], shape=(2,), dtype=float64, device=cpu)
    """
    return _asinh(x)  # type: ignore[no-any-return]


def acosh(x: ArrayLike, /) -> Tensor:
    """Compute the inverse hyperbolic cosine.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 / sqrt(x**2 - 1)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.acosh(xg.asarray([1.0, 2.0]))
    xg.Tensor([0.       , 1.3169579], shape=(2,), dtype=float64, device=cpu)
    """
    return _acosh(x)  # type: ignore[no-any-return]


def atanh(x: ArrayLike, /) -> Tensor:
    """Compute the inverse hyperbolic tangent.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    Notes
    -----
    Derivative: ``1 / (1 - x**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.atanh(xg.asarray([0.0, 0.5]))
    xg.Tensor([0.        , 0.54930614], shape=(2,), dtype=float64, device=cpu)
    """
    return _atanh(x)  # type: ignore[no-any-return]


def atan2(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Compute the angle of the point (x2, x1) in radians, in (-pi, pi].

    The derivatives at (0, 0) are 0.

    Parameters
    ----------
    x1, x2 : Tensor, Variable, array or Python scalar
        Of floating dtype, of shapes that broadcast.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    Notes
    -----
    Derivatives: ``x2 / (x1**2 + x2**2), -x1 / (x1**2 + x2**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.atan2(xg.asarray([1.0, 0.0]), xg.asarray([1.0, -1.0]))
    xg.Tensor([0.78539816, 3.14159265], shape=(2,), dtype=float64, device=cpu)
    """
    return _atan2(scalar_like(x1, x2), scalar_like(x2, x1))  # type: ignore[no-any-return]
