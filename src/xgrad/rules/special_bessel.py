"""Derivatives of Bessel functions: their neighbours. DLMF 10.6 and 10.29.

J_n and I_n for n > 1 keep the derivatives of all orders exact near 0, where j1(x) / x cancels; the
exponentially scaled ones have derivatives that are functions of their own."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .shared import give, refuse

_FAR, _TERMS = 100.0, 9  # where a series in 1 / x has all digits, of so many terms
_TINY = 1e-20  # where y0(x) and k0(x) are nothing beside y1(x) / x and k1(x) / x


def bessel_j_x(xp: Any, g: Array, x: Array, *, n: int) -> Array:
    """dJ_n/dx = (J_(n-1) - J_(n+1)) / 2, where J_(-1) = -J_1."""
    if n == 0:
        return -g * xp.bessel_j(x, n=1)
    return g * ((xp.bessel_j(x, n=n - 1) - xp.bessel_j(x, n=n + 1)) / 2)


def bessel_i_x(xp: Any, g: Array, x: Array, *, n: int) -> Array:
    """dI_n/dx = (I_(n-1) + I_(n+1)) / 2, where I_(-1) = I_1."""
    if n == 0:
        return g * xp.bessel_i(x, n=1)
    return g * ((xp.bessel_i(x, n=n - 1) + xp.bessel_i(x, n=n + 1)) / 2)


def i1e_x(xp: Any, g: Array, x: Array) -> Array:
    """With f = i0e on the right of 0, i1e = f + f' there, and odd."""
    size = xp.abs(x)
    return g * (xp.i0e_derivative(size, order=1) + xp.i0e_derivative(size, order=2))


def k1e_x(xp: Any, g: Array, x: Array) -> Array:
    """With f = k0e, k1e = f - f'."""
    return g * (xp.k0e_derivative(x, order=1) - xp.k0e_derivative(x, order=2))


def ive_x(xp: Any, g: Array, v: Array, x: Array, y: Array) -> Array:
    """y = e^-|x| I_v(x);  dy/dx = e^-|x| (I_(v-1) + I_(v+1)) / 2 - sign(x) y."""
    size = xp.abs(x)
    far, slope = _logarithmic_slope(xp, v, size, 1)
    near = (xp.ive(v - 1, x) + xp.ive(v + 1, x)) / 2 - xp.sign(x) * y
    return g * xp.where(far, xp.sign(x) * (y * slope), near)


def kve_x(xp: Any, g: Array, v: Array, x: Array, y: Array) -> Array:
    """y = e^x K_v(x);  dy/dx = y - e^x (K_(v-1) + K_(v+1)) / 2."""
    far, slope = _logarithmic_slope(xp, v, x, -1)
    return g * xp.where(far, y * slope, y - (xp.kve(v - 1, x) + xp.kve(v + 1, x)) / 2)


def _logarithmic_slope(xp: Any, v: Array, x: Array, sign: int) -> tuple[Array, Array]:
    """Where x is so large that the neighbours cancel, and y' / y there, a series in 1 / x.

    L = y' / y of I satisfies L' + 2 L + L^2 + (1 + L) / x = v^2 / x^2, by Bessel's equation, and that
    of K is -L(-x)."""
    far = x > _FAR * (1 + v * v)
    part = sign / xp.where(far, x, 1)
    terms = [-0.5, (v * v - 0.25) / 2]
    for k in range(2, _TERMS):
        products = sum(terms[i] * terms[k - 1 - i] for i in range(k))
        terms.append(((k - 1) * terms[k - 1] - products) / 2)
    total = xp.zeros_like(part)
    for term in reversed(terms):
        total = (total + term) * part
    return far, sign * total


give("j0", x=lambda xp, g, x: -g * xp.j1(x))
give("j1", x=lambda xp, g, x: g * ((xp.j0(x) - xp.bessel_j(x, n=2)) / 2))
give("bessel_j", x=bessel_j_x)
give("y0", x=lambda xp, g, x: -g * xp.y1(x))
give("y1", x=lambda xp, g, x, y: g * (xp.where(x < _TINY, 0, xp.y0(x)) - y / (x + 0.0)))
give("yn", x=lambda xp, g, n, x: g * ((xp.yn(n - 1, x) - xp.yn(n + 1, x)) / 2))
refuse("yn", n="it is defined for whole orders only")
give("jv", x=lambda xp, g, v, x: g * ((xp.jv(v - 1, x) - xp.jv(v + 1, x)) / 2))
give("yv", x=lambda xp, g, v, x: g * ((xp.yv(v - 1, x) - xp.yv(v + 1, x)) / 2))
give("iv", x=lambda xp, g, v, x: g * ((xp.iv(v - 1, x) + xp.iv(v + 1, x)) / 2))
give("kv", x=lambda xp, g, v, x: g * ((xp.kv(v - 1, x) + xp.kv(v + 1, x)) / -2))
give("ive", x=ive_x)
give("kve", x=kve_x)
for _name in ("iv", "ive", "jv", "kv", "kve", "yv"):
    refuse(_name, v="a derivative in the order has no closed form")
give("i0", x=lambda xp, g, x: g * xp.i1(x))
give("i1", x=lambda xp, g, x: g * ((xp.i0(x) + xp.bessel_i(x, n=2)) / 2))
give("bessel_i", x=bessel_i_x)
give("i0e", x=lambda xp, g, x: g * (xp.sign(x) * xp.i0e_derivative(xp.abs(x), order=1)))
give("i1e", x=i1e_x)
give("i0e_derivative", x=lambda xp, g, x, *, order: g * xp.i0e_derivative(x, order=order + 1))
give("k0", x=lambda xp, g, x: -g * xp.k1(x))
give("k1", x=lambda xp, g, x, y: -g * (xp.where(x < _TINY, 0, xp.k0(x)) + y / (x + 0.0)))
give("k0e", x=lambda xp, g, x: g * xp.k0e_derivative(x, order=1))
give("k1e", x=k1e_x)
give("k0e_derivative", x=lambda xp, g, x, *, order: g * xp.k0e_derivative(x, order=order + 1))
