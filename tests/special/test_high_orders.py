"""Derivatives of high order of special functions, against SciPy's."""

import pytest
import scipy.special

import xgrad as xg


def nth_derivative(f, x, order):
    """By nested tapes."""
    if order == 0:
        return f(x)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = nth_derivative(f, x, order - 1)
    return tape.gradient(y, x)


@pytest.mark.parametrize("order", range(1, 7))
@pytest.mark.parametrize(
    ("name", "number", "oracle"),
    [("j0", 0, "jvp"), ("j1", 1, "jvp"), ("i0", 0, "ivp"), ("i1", 1, "ivp")],
)
def test_bessel_functions_pass_order_zero_on_their_way(name, number, oracle, order):
    found = nth_derivative(getattr(xg.special, name), xg.asarray(0.7), order)
    expected = getattr(scipy.special, oracle)(number, 0.7, order)
    assert float(found) == pytest.approx(expected, rel=1e-9)
