"""Bessel functions of real order: large numbers, both sides of 0, what is refused."""

import numpy as np
import pytest

import xgrad as xg
from xgrad import special as sp


def slope(f, x, order):
    for _ in range(order):
        f = xg.grad(f)
    return f(xg.asarray(x)).item()


@pytest.mark.parametrize("v", [0.0, 0.5, -1.3, 3.0])
@pytest.mark.parametrize("scale", [1.0, 90.0, 110.0, 1e5])
@pytest.mark.parametrize(("name", "sign"), [("ive", 1), ("kve", -1)])
def test_scaled_bessel_functions_of_large_numbers_keep_their_digits(name, sign, v, scale):
    x = scale * (1 + v * v)
    f = lambda x: getattr(sp, name)(v, x)
    y, first, second = (slope(f, x, order) for order in (0, 1, 2))
    # Bessel's equation of e^-x I and e^x K.
    terms = [second, (1 / x + 2 * sign) * first, (sign / x - v * v / (x * x)) * y]
    np.testing.assert_allclose(sum(terms), 0, atol=2e-13 * abs(y / x))
    if scale > 1e3:
        np.testing.assert_allclose(
            first / y, -0.5 / x + sign * (v * v - 0.25) / 2 / x**2, rtol=1e-9
        )


def test_scaled_bessel_functions_on_the_left():
    assert slope(lambda x: sp.ive(1, x), -500.0, 1) == slope(lambda x: sp.ive(1, x), 500.0, 1)
    assert slope(lambda x: sp.ive(0, x), -500.0, 1) == -slope(lambda x: sp.ive(0, x), 500.0, 1)


@pytest.mark.parametrize("name", ["jv", "yv", "iv", "ive", "kv", "kve"])
def test_bessel_functions_of_real_order_refuse_complex_numbers(name):
    with pytest.raises(xg.errors.DTypeError, match=rf"{name}: x must be real.*complex128"):
        getattr(sp, name)(0.5, xg.asarray([1j]))
