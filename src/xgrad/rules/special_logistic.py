"""Derivatives of the logistic function, of entropies, and of the power transforms.

Differences such as 1 - expit(x) are written so that neither tail loses digits. Where 0 log 0 is 0,
so is 0 / 0 in the derivative."""

from __future__ import annotations

import math
from typing import Any

from .._typing import Array
from .shared import give, nonzero_or_one


def xlogy_x2(xp: Any, g: Array, x1: Array, x2: Array) -> Array:
    """y = x1 log x2;  dy/dx2 = x1 / x2, and 0 where both are 0."""
    return g * _ratio(xp, x1, x2)


def xlog1py_x2(xp: Any, g: Array, x1: Array, x2: Array) -> Array:
    """y = x1 log(1 + x2);  dy/dx2 = x1 / (1 + x2), and 0 where both are 0."""
    return g * _ratio(xp, x1, 1 + x2)


def kl_div_x2(xp: Any, g: Array, x1: Array, x2: Array) -> Array:
    """y = x1 log(x1 / x2) - x1 + x2;  dy/dx2 = 1 - x1 / x2, and 1 where both are 0."""
    near = xp.abs(x1 - x2) < x2 / 2
    return g * xp.where(near, (x2 - x1) / xp.where(near, x2, 1), 1 - _ratio(xp, x1, x2))


def pseudo_huber_delta(xp: Any, g: Array, delta: Array, r: Array) -> Array:
    """y = delta (h - delta) with h = hypot(delta, r);  dy/ddelta = (h - delta)^2 / h."""
    h = nonzero_or_one(xp, xp.hypot(delta, r))
    difference = r * (r / (h + delta))
    return g * (difference * (difference / h))


def pseudo_huber_r(xp: Any, g: Array, delta: Array, r: Array) -> Array:
    """dy/dr = delta r / h, as r or delta less what is small, so that its derivatives do not cancel."""
    size = xp.abs(r)
    h = nonzero_or_one(xp, xp.hypot(delta, r))
    inner = r * (1 - r / h * (r / (h + delta)))
    outer = xp.sign(r) * (delta * (1 - delta / h * (delta / (h + size))))
    return g * xp.where(size < delta, inner, outer)


def boxcox_lmbda(xp: Any, g: Array, x: Array, lmbda: Array) -> Array:
    """y = (x^l - 1) / l;  dy/dl = (1 + x^l (l log x - 1)) / l^2, log(x)^2 / 2 where l = 0."""
    at_zero = (x == 0) & (lmbda > 0)
    inside = xp.where(at_zero, 1, x)
    slope = _transform_slope(xp, xp.log(inside), lmbda, xp.pow(inside, lmbda))
    return g * xp.where(at_zero, 1 / (lmbda * lmbda), slope)


def boxcox1p_lmbda(xp: Any, g: Array, x: Array, lmbda: Array) -> Array:
    """The same of 1 + x."""
    at_zero = (x == -1) & (lmbda > 0)
    inside = xp.where(at_zero, 0, x)
    slope = _transform_slope(xp, xp.log1p(inside), lmbda, _power1p(xp, inside, lmbda))
    return g * xp.where(at_zero, 1 / (lmbda * lmbda), slope)


def inv_boxcox_x(xp: Any, g: Array, x: Array, lmbda: Array) -> Array:
    """y = u^(1 / l) with u = 1 + l x;  dy/dx = u^(1 / l - 1)."""
    far, product, u = _one_plus_product(xp, x, lmbda)
    near = xp.exp((1 - lmbda) * x * xp.log1prel(product, order=0))
    # NaN to the power of 0 is 1.
    there = xp.where(xp.isnan(u), u, xp.pow(u, 1 / xp.where(far, lmbda, 1) - 1))
    return g * xp.where(far, there, near)


def inv_boxcox_lmbda(xp: Any, g: Array, x: Array, lmbda: Array) -> Array:
    """dy/dl = u^(1 / l - 1) (l x - u log u) / l^2, and y x^2 q'(l x) with q(w) = log(1 + w) / w near
    l = 0. Where u = 0 and 0 < l < 1, the logarithm has no part in derivatives."""
    far, product, u = _one_plus_product(xp, x, lmbda)
    scale = xp.where(far, lmbda, 1)
    inside = xp.where((u == 0) & (lmbda > 0) & (lmbda < 1), 1, u)
    there = xp.pow(u, 1 / scale - 1) * (lmbda * x + xp.entr(inside)) / (scale * scale)
    y = xp.exp(x * xp.log1prel(product, order=0))
    return g * xp.where(far, there, y * (x * x) * xp.log1prel(product, order=1))


def _one_plus_product(xp: Any, x: Array, lmbda: Array) -> tuple[Array, Array, Array]:
    """Where 1 + l x is far from 1, l x elsewhere, and 1 + l x there, NaN where it is negative."""
    product = xp.where((lmbda == 0) & xp.isinf(x), 0, lmbda * x)
    far = xp.abs(product) > 0.5
    u = xp.where(far, 1 + product, 1)
    return far, xp.where(far, 0, product), xp.where(u < 0, math.nan * u, u)


def _transform_slope(xp: Any, logarithm: Array, lmbda: Array, power: Array) -> Array:
    """log(x)^2 q'(l log x) with q(w) = (e^w - 1) / w, which the other formula loses near 0."""
    exponent = lmbda * logarithm
    near = logarithm * logarithm * xp.exprel_derivative(exponent, order=1)
    bent = xp.where(power == 0, 0, power * (exponent - 1))
    return xp.where(xp.abs(exponent) < 1, near, (1 + bent) / (lmbda * lmbda))


def _power1p(xp: Any, x: Array, exponent: Array) -> Array:
    """(1 + x)^exponent, whose derivative in the exponent keeps the digits of a small x."""
    small = xp.abs(x) < 0.5
    near = xp.exp(xp.xlog1py(exponent, xp.where(small, x, 0)))
    return xp.where(small, near, xp.pow(1 + xp.where(small, 0, x), exponent))


def _ratio(xp: Any, x1: Array, x2: Array) -> Array:
    """x1 / x2, and 0 where both are 0."""
    return x1 / xp.where((x1 == 0) & (x2 == 0), xp.ones_like(x2), x2)


def _log_ratio(xp: Any, x1: Array, x2: Array) -> Array:
    """log(x1 / x2), exact where they are close to each other."""
    near = xp.abs(x1 - x2) < x2 / 2
    return xp.where(near, xp.log1p((x1 - x2) / x2), xp.log(x1) - xp.log(x2))


give("expit", x=lambda xp, g, x, y: g * (y * xp.expit(-x)))
give("logit", x=lambda xp, g, x: g / x + g / (1 - x))
give("log_expit", x=lambda xp, g, x: g * xp.expit(-x))
give("softplus", x=lambda xp, g, x: g * xp.expit(x))
give("xlogy", x1=lambda xp, g, x2: g * xp.log(x2), x2=xlogy_x2)
give("xlog1py", x1=lambda xp, g, x2: g * xp.log1p(x2), x2=xlog1py_x2)
give("entr", x=lambda xp, g, x: g * (-xp.log(x) - 1))
give(
    "rel_entr",
    x1=lambda xp, g, x1, x2: g * (_log_ratio(xp, x1, x2) + 1),
    x2=lambda xp, g, x1, x2: -g * _ratio(xp, x1, x2),
)
give("kl_div", x1=lambda xp, g, x1, x2: g * _log_ratio(xp, x1, x2), x2=kl_div_x2)
give("pseudo_huber", delta=pseudo_huber_delta, r=pseudo_huber_r)
give("boxcox", x=lambda xp, g, x, lmbda: g * xp.pow(x, lmbda - 1), lmbda=boxcox_lmbda)
give(
    "boxcox1p",
    x=lambda xp, g, x, lmbda: g * _power1p(xp, x, lmbda - 1),
    lmbda=boxcox1p_lmbda,
)
for _name in ("inv_boxcox", "inv_boxcox1p"):
    give(_name, x=inv_boxcox_x, lmbda=inv_boxcox_lmbda)
