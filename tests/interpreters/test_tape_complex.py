"""tensorflow-reference.md, section 2.6: the gradient of a real L points to steepest ascent.

The cases have no numbers there; they are C1 .. C12 here, in their order."""

from __future__ import annotations

import numpy as np
import pytest

import xgrad as xg


def gradient(f, z, seed=None):
    v = xg.Variable(z)
    with xg.GradientTape() as tape:
        y = f(v)
    return tape.gradient(y, v, output_gradients=seed)


def test_c1_complex_target_without_output_gradients_is_an_error():
    with pytest.raises(
        xg.errors.DTypeError,
        match=r"target \(\) complex128 on cpu is complex.*Use output_gradients=",
    ):
        gradient(lambda z: z * z, 1 + 2j)


def test_c1_none_among_output_gradients_does_not_help():
    with pytest.raises(xg.errors.DTypeError, match="complex"):
        gradient(lambda z: [z * z], 1 + 2j, seed=[None])


def test_c1_complex_target_with_output_gradients():
    assert gradient(lambda z: z * z, 1 + 2j, seed=1.0).item() == 2 - 4j


def test_c1_the_error_leaves_the_tape_usable():
    v = xg.Variable(1 + 2j)
    with xg.GradientTape() as tape:
        y = v * v
    with pytest.raises(xg.errors.DTypeError):
        tape.gradient(y, v)
    assert tape.gradient(y, v, output_gradients=1.0).item() == 2 - 4j


REAL_VALUED = {
    "c2_squared_modulus": (lambda z: xg.real(z * xg.conj(z)), 1 + 2j, 2 + 4j),
    "c3_abs": (xg.abs, 3 + 4j, 0.6 + 0.8j),
    "c4_abs_at_zero": (xg.abs, 0j, 0j),
    "c5_real": (xg.real, 3 + 4j, 1),
    "c6_imag": (xg.imag, 3 + 4j, 1j),
    "c7_imag_of_square": (lambda z: xg.imag(z * z), 3 + 4j, 8 + 6j),
}


@pytest.mark.parametrize(("f", "z", "expected"), REAL_VALUED.values(), ids=REAL_VALUED.keys())
def test_c2_c3_c4_c5_c6_c7_real_valued_functions(f, z, expected):
    assert gradient(f, z).item() == pytest.approx(expected, abs=1e-15)


COMPLEX_VALUED = {
    "c8_exp": (xg.exp, 0.5 + 1j, np.conj(np.exp(0.5 + 1j))),
    "c9_log": (xg.log, 0.5 + 1j, 0.4 + 0.8j),
    "c10_conj": (xg.conj, 0.5 + 1j, 1),
}


@pytest.mark.parametrize(("f", "z", "expected"), COMPLEX_VALUED.values(), ids=COMPLEX_VALUED.keys())
def test_c8_c9_c10_complex_valued_functions(f, z, expected):
    assert gradient(f, z, seed=1.0).item() == pytest.approx(expected)


def test_c11_angle():
    angle = gradient(lambda z: xg.atan2(xg.imag(z), xg.real(z)), 0.5 + 1j)
    assert angle.item() == pytest.approx(-0.8 + 0.4j)


def test_c12_real_source_through_complex_stays_real():
    g = gradient(lambda x: xg.abs(xg.astype(x, xg.complex128) * (1 + 2j)), 3.0)
    assert g.dtype == xg.float64
    assert float(g) == pytest.approx(np.sqrt(5.0))


def test_c12_real_source_times_a_complex_constant_stays_real():
    g = gradient(lambda x: xg.real(x * xg.asarray(2.0 + 3.0j)), 3.0)
    assert g.dtype == xg.float64
    assert float(g) == pytest.approx(2.0)


def test_c13_second_derivative_of_the_squared_modulus():
    z = xg.Variable(1 + 2j)
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = xg.real(z * xg.conj(z))
        g = inner.gradient(y, z)
        first = xg.real(g)
    assert g.item() == 2 + 4j
    assert outer.gradient(first, z).item() == pytest.approx(2.0)


def test_c14_step_along_the_gradient_ascends_fastest(rng):
    z = rng.standard_normal(3) + 1j * rng.standard_normal(3)

    def f(v):
        return xg.sum(xg.abs(xg.exp(v * v) - v))

    g = gradient(f, z).numpy()
    step = 1e-6
    directions = [g / np.linalg.norm(g) * np.exp(1j * t) for t in (0.0, 0.7, -0.7, 2.0)]
    climbs = [float(f(xg.asarray(z + step * d)) - f(xg.asarray(z))) / step for d in directions]
    assert climbs[0] == max(climbs)
    assert climbs[0] == pytest.approx(np.linalg.norm(g), rel=1e-4)
