"""Elementary functions: roots, powers of 2 and 10, differences near 0, angles in degrees."""

from __future__ import annotations

import math

from ..._typing import ArrayLike
from ...core.tensor import Tensor
from ._operands import floating, single

__all__ = [
    "cbrt",
    "cosdg",
    "cosm1",
    "cotdg",
    "exp2",
    "exp10",
    "exprel",
    "radian",
    "sinc",
    "sindg",
    "tandg",
]

_cbrt = single("cbrt")
_exp2 = single("exp2")
_exp10 = single("exp10")
_exprel = single("exprel")
_cosm1 = single("cosm1")
_sinc = single("sinc")
_sindg = single("sindg")
_cosdg = single("cosdg")
_tandg = single("tandg")
_cotdg = single("cotdg")


def cbrt(x: ArrayLike, /) -> Tensor:
    """Compute the real cube root.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    exp2

    Notes
    -----
    ``cbrt(x)**3 = x``.

    Derivative: ``1 / (3 * cbrt(x)**2)``.

    Source: Python's math.cbrt.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.cbrt(xg.asarray([-8.0, 1.0, 27.0]))
    xg.Tensor([-2.,  1.,  3.], shape=(3,), dtype=float64, device=cpu)
    """
    return _cbrt(x)


def exp2(x: ArrayLike, /) -> Tensor:
    """Compute 2**x.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    exp10

    Notes
    -----
    ``exp2(x) = 2**x``.

    Derivative: ``log(2) * 2**x``.

    Source: C99, 7.12.6.2.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.exp2(xg.asarray([0.0, 1.0, -1.0]))
    xg.Tensor([1. , 2. , 0.5], shape=(3,), dtype=float64, device=cpu)
    """
    return _exp2(x)


def exp10(x: ArrayLike, /) -> Tensor:
    """Compute 10**x.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    exp2

    Notes
    -----
    ``exp10(x) = 10**x``.

    Derivative: ``log(10) * 10**x``.

    Source: ISO/IEC TS 18661-4.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.exp10(xg.asarray([0.0, 1.0, -1.0]))
    xg.Tensor([ 1. , 10. ,  0.1], shape=(3,), dtype=float64, device=cpu)
    """
    return _exp10(x)


def exprel(x: ArrayLike, /) -> Tensor:
    """Compute (exp(x) - 1) / x, exact near 0.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    cosm1

    Notes
    -----
    ``exprel(x) = (exp(x) - 1) / x``, and 1 at 0.

    Derivative: ``(exp(x) - exprel(x)) / x``, exact near 0 to any order.

    Source: DLMF 4.2.32.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.exprel(xg.asarray([0.0, 1e-10, 1.0]))
    xg.Tensor([1.        , 1.        , 1.71828183], shape=(3,), dtype=float64, device=cpu)
    """
    return _exprel(x)


def cosm1(x: ArrayLike, /) -> Tensor:
    """Compute cos(x) - 1, exact near 0.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    exprel

    Notes
    -----
    ``cosm1(x) = cos(x) - 1``.

    Derivative: ``-sin(x)``.

    Source: DLMF 4.14.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.cosm1(xg.asarray([0.0, 1e-5, 1.0]))
    xg.Tensor([ 0.00000000e+00, -5.00000000e-11, -4.59697694e-01], shape=(3,), dtype=float64, device=cpu)
    """
    return _cosm1(x)


def sinc(x: ArrayLike, /) -> Tensor:
    """Compute the normalized cardinal sine.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    exprel

    Notes
    -----
    ``sinc(x) = sin(pi * x) / (pi * x)``, and 1 at 0.

    Derivative: ``(cos(pi * x) - sinc(x)) / x``, exact near 0 to any order.

    Source: https://en.wikipedia.org/wiki/Sinc_function.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.sinc(xg.asarray([0.0, 0.5, 1.5]))
    xg.Tensor([ 1.        ,  0.63661977, -0.21220659], shape=(3,), dtype=float64, device=cpu)
    """
    return _sinc(x)


def sindg(x: ArrayLike, /) -> Tensor:
    """Compute the sine of an angle in degrees.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    cosdg, radian

    Notes
    -----
    ``sindg(x) = sin(x * pi / 180)``, exact at multiples of 90.

    Derivative: ``pi / 180 * cosdg(x)``.

    Source: DLMF 4.14.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.sindg(xg.asarray([0.0, 30.0, 180.0]))
    xg.Tensor([ 0. ,  0.5, -0. ], shape=(3,), dtype=float64, device=cpu)
    """
    return _sindg(x)


def cosdg(x: ArrayLike, /) -> Tensor:
    """Compute the cosine of an angle in degrees.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    sindg, radian

    Notes
    -----
    ``cosdg(x) = cos(x * pi / 180)``, exact at multiples of 90.

    Derivative: ``-pi / 180 * sindg(x)``.

    Source: DLMF 4.14.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.cosdg(xg.asarray([0.0, 60.0, 90.0]))
    xg.Tensor([ 1. ,  0.5, -0. ], shape=(3,), dtype=float64, device=cpu)
    """
    return _cosdg(x)


def tandg(x: ArrayLike, /) -> Tensor:
    """Compute the tangent of an angle in degrees.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    cotdg, radian

    Notes
    -----
    ``tandg(x) = tan(x * pi / 180)``.

    Derivative: ``pi / 180 * (1 + tandg(x)**2)``.

    Source: DLMF 4.14.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.tandg(xg.asarray([0.0, 45.0, 180.0]))
    xg.Tensor([0., 1., 0.], shape=(3,), dtype=float64, device=cpu)
    """
    return _tandg(x)


def cotdg(x: ArrayLike, /) -> Tensor:
    """Compute the cotangent of an angle in degrees.

    Parameters
    ----------
    x : Tensor, Variable, array or Python scalar
        Of floating dtype, of any shape.

    Returns
    -------
    Tensor
        Of the shape of x.

    See Also
    --------
    tandg, radian

    Notes
    -----
    ``cotdg(x) = 1 / tan(x * pi / 180)``.

    Derivative: ``-pi / 180 * (1 + cotdg(x)**2)``.

    Source: DLMF 4.14.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.cotdg(xg.asarray([45.0, 90.0, 135.0]))
    xg.Tensor([ 1.,  0., -1.], shape=(3,), dtype=float64, device=cpu)
    """
    return _cotdg(x)


def radian(d: ArrayLike, m: ArrayLike, s: ArrayLike, /) -> Tensor:
    """Convert an angle in degrees, minutes and seconds to radians.

    Parameters
    ----------
    d : Tensor, Variable, array or Python scalar
        Degrees.
    m : Tensor, Variable, array or Python scalar
        Minutes.
    s : Tensor, Variable, array or Python scalar
        Seconds.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError, DeviceMismatchError
        If the operands do not broadcast, or are on different devices.

    See Also
    --------
    sindg, cosdg

    Notes
    -----
    ``radian(d, m, s) = (d + m / 60 + s / 3600) * pi / 180``.

    Derivatives: ``pi / 180`` in d, a 60th and a 3600th of it in m and s.

    Source: DLMF 4.14.

    Examples
    --------
    >>> import xgrad as xg
    >>> d = xg.asarray([180.0, 90.0])
    >>> m = xg.asarray([0.0, 30.0])
    >>> s = xg.asarray([0.0, 0.0])
    >>> xg.special.radian(d, m, s)
    xg.Tensor([3.14159265, 1.57952297], shape=(2,), dtype=float64, device=cpu)
    """
    d, m, s = floating("radian", d=d, m=m, s=s)
    return (d + m / 60 + s / 3600) * (math.pi / 180)  # type: ignore[no-any-return]
