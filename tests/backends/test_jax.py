"""jax as it is by default, with 64 bits off: what nobody asked for in 64 bits is no warning.

Warnings are errors in these tests, so that every case would fail with one."""

import numpy as np
import pytest

import xgrad as xg

pytest.importorskip("jax", reason="jax is not installed")
JAX = xg.device("jax")


def floats():
    return xg.asarray([0.5, 2.0, -1.0], device=JAX)


def indices():
    return xg.asarray([2, 0], dtype=xg.int32, device=JAX)


MADE = {
    "floats": (lambda: xg.asarray(np.ones(3), device=JAX), "float32"),
    "complex": (lambda: xg.asarray(np.ones(3) + 1j, device=JAX), "complex64"),
    "integers": (lambda: xg.asarray(np.arange(3), device=JAX), "int32"),
    "moved": (lambda: xg.asarray(np.arange(3)).to_device(JAX), "int32"),
    "variable": (lambda: xg.Variable(np.ones(3), device=JAX), "float32"),
    "permutation": (lambda: xg.random.Generator(0, device=JAX).permutation(4), "int32"),
    "drawn": (lambda: xg.random.Generator(0, device=JAX).integers(0, 9, (3,)), "int32"),
    "bins": (lambda: xg.fft.fftfreq(4, device=JAX), "float32"),
    "lu": (lambda: xg.linalg.lu(xg.eye(3, device=JAX))[1], "float32"),
    "unique": (lambda: xg.unique_all(floats())[2], "int32"),
    "repeat": (lambda: xg.repeat(floats(), indices()[:1]), "float32"),
    "one_hot": (lambda: xg.nn.one_hot(indices(), 3), "float32"),
    "norm": (lambda: xg.norm(indices()), "float32"),
    "vmap": (lambda: xg.vmap(lambda i: floats().at[i].add(1.0))(indices()), "float32"),
    "median": (lambda: np.median(floats()), "float32"),
    "bincount": (lambda: np.bincount(indices()), "int32"),
    "histogram": (lambda: np.histogram(floats())[0], "int32"),
    "nanmean": (lambda: np.nanmean(floats()), "float32"),
    "insert": (lambda: np.insert(floats(), 1, 2.0), "float32"),
}


@pytest.mark.parametrize(("make", "dtype"), MADE.values(), ids=MADE)
def test_what_nobody_asked_for_in_64_bits_has_32_without_a_warning(make, dtype):
    assert str(make().dtype) == dtype


def test_a_dtype_of_64_bits_that_is_asked_for_is_jaxs_to_warn_of():
    with pytest.warns(UserWarning, match="Explicitly requested dtype"):
        xg.zeros(3, dtype=xg.float64, device=JAX)
