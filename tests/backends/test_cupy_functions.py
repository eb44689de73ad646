"""What cupy's backend adds to cupy, run on numpy arrays in its place: no GPU is needed.

It shows that the functions mean the right thing, not that cupy takes them: the tests that are
marked `gpu` do. More of it is in test_cupy_stand_in.py, which needs a C++ compiler for kernels."""

import sys
import types
from contextlib import nullcontext

import array_api_compat.numpy
import numpy as np
import pytest

from xgrad.backends.base import Functions
from xgrad.backends.cupy_functions import Own as CupyOwn
from xgrad.backends.fourier import hermitian
from xgrad.backends.numpy import Own as NumpyOwn


class OnDevice(np.ndarray):
    """An array whose device is a context manager, as cupy's is."""

    device = nullcontext()


@pytest.fixture(scope="module")
def functions():
    namespace = types.ModuleType("cupy_on_numpy")
    namespace.__dict__.update(vars(array_api_compat.numpy))
    namespace.cuda = types.SimpleNamespace(Device=nullcontext)
    return Functions(namespace, CupyOwn)


# -- Fourier transforms ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5, 6])
@pytest.mark.parametrize("axis", [(1,), (0, 1), (1, 0)])
def test_irfftn_takes_the_real_part_of_bins_without_an_image(functions, axis, size, rng):
    x = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    x = x[tuple(slice(size // 2 + 1) if i == axis[-1] else slice(None) for i in range(2))]
    found = functions.irfftn(x.view(OnDevice), axis=axis, size=size, norm="forward")
    expected = NumpyOwn.irfftn(x, axis=axis, size=size, norm="forward")
    np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("size", [5, 6])
def test_irfftn_hands_the_library_half_a_spectrum_of_real_numbers(functions, size, rng):
    """cuFFT promises nothing for any other: its n-d transforms would differ from numpy's."""
    half = rng.normal(size=(2, size // 2 + 1)) + 1j
    given = hermitian(functions, half.view(OnDevice), 1, size)
    np.testing.assert_allclose(np.fft.rfft(np.fft.irfft(given, n=size)), given, atol=1e-14)
    assert np.all(half.imag == 1.0)


def test_frequencies(functions):
    found = functions.frequencies(5, half=False, d=0.3, dtype=None, device=None)
    np.testing.assert_array_equal(found, np.fft.fftfreq(5, 0.3))


# -- matrices ----------------------------------------------------------------------------------


class OfOneStack:
    """Solvers that refuse stacks which differ, as cupy's do."""

    def __init__(self, solve):
        self.solve = solve

    def __call__(self, x1, x2, **options):
        assert x1.shape[:-1] == x2.shape[:-1]
        assert x2.size
        return self.solve(x1, x2, **options)


STACKS = [((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 2)), ((2, 1, 3, 3), (4, 3, 1)), ((3, 3), (3, 0))]


@pytest.mark.parametrize("shapes", STACKS, ids=str)
def test_solve_broadcasts_stacks(functions, shapes, monkeypatch, rng):
    linalg = types.SimpleNamespace(solve=OfOneStack(np.linalg.solve))
    monkeypatch.setattr(functions._namespace, "linalg", linalg)
    x1, x2 = (rng.normal(size=shape) for shape in shapes)
    np.testing.assert_allclose(functions.solve(x1, x2), np.linalg.solve(x1, x2))


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("shapes", STACKS, ids=str)
def test_solve_triangular_broadcasts_stacks(functions, shapes, upper, monkeypatch, rng):
    def solve(x1, x2, *, lower):
        return np.linalg.solve(np.tril(x1) if lower else np.triu(x1), x2)

    module = types.ModuleType("cupyx.scipy.linalg")
    module.solve_triangular = OfOneStack(solve)
    for name in ("cupyx", "cupyx.scipy"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "cupyx.scipy.linalg", module)
    x1, x2 = (rng.normal(size=shape) for shape in shapes)
    found = functions.solve_triangular(x1, x2, upper=upper)
    expected = np.linalg.solve(np.triu(x1) if upper else np.tril(x1), x2)
    np.testing.assert_allclose(found, expected)
