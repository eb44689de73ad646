"""Our binding of cuBLAS, on a cuBLAS of loops (host_cublas.py), against numpy."""

import host_cublas
import numpy as np
import pytest
from cupy_stand_in import product, stand_in
from host_kernels import COMPILER

import xgrad as xg
from xgrad.backends import cupy_products
from xgrad.backends.captured import CaptureRefusedError
from xgrad.backends.cupy_products import Products

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")


@pytest.fixture(scope="module")
def cupy():
    with stand_in(1) as module:
        xg.device("cuda")
        yield module


@pytest.fixture
def functions(cupy):
    """The functions of captures, with products of their own, as inside a warm-up."""
    device = xg.device("cuda")
    xp = device.backend.capturer(device.native).xp
    xp.products = Products(cupy, cupy.cuda.Stream())
    yield xp
    del xp.products


def array(cupy, rng, shape, dtype="float64"):
    values = rng.normal(size=shape)
    if dtype.startswith("complex"):
        values = values + 1j * rng.normal(size=shape)
    return cupy.asarray(values.astype(dtype))


SHAPES = [
    ((3, 4), (4, 5)),
    ((1, 4), (4, 1)),
    ((4,), (4,)),
    ((4,), (4, 5)),
    ((3, 4), (4,)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((2, 1, 3, 4), (5, 4, 2)),
    ((1, 3, 4), (6, 4, 2)),
    ((2, 3, 4), (4,)),
    ((4,), (2, 4, 3)),
    ((3, 0), (0, 2)),
    ((0, 3), (3, 2)),
    ((2, 3, 4), (1, 4, 5)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128", "float16"])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_products_are_numpys(cupy, functions, shapes, dtype, rng):
    x1, x2 = (array(cupy, rng, shape, dtype) for shape in shapes)
    found = functions.matmul(x1, x2)
    expected = np.matmul(x1.get(), x2.get())
    assert found.shape == expected.shape
    assert found.dtype == dtype
    digits = {"float16": 2e-2, "float32": 1e-5, "complex64": 1e-5}.get(dtype, 1e-12)
    np.testing.assert_allclose(found.get(), expected, rtol=digits, atol=digits)


@pytest.mark.parametrize("turn1", [False, True])
@pytest.mark.parametrize("turn2", [False, True])
@pytest.mark.parametrize("stack", [(), (3,)])
def test_transposed_operands_are_not_copied(cupy, functions, turn1, turn2, stack, monkeypatch, rng):
    x1 = array(cupy, rng, (*stack, 5, 2) if turn1 else (*stack, 2, 5))
    x2 = array(cupy, rng, (*stack, 4, 5) if turn2 else (*stack, 5, 4))
    x1 = x1.swapaxes(-1, -2) if turn1 else x1
    x2 = x2.swapaxes(-1, -2) if turn2 else x2
    monkeypatch.setattr(cupy, "ascontiguousarray", None)
    found = functions.matmul(x1, x2)
    np.testing.assert_allclose(found.get(), np.matmul(x1.get(), x2.get()))


def test_rows_apart_are_copied(cupy, functions, rng):
    x1, x2 = array(cupy, rng, (6, 8))[::2, ::2], array(cupy, rng, (8, 6))[::2, 1:4]
    found = functions.matmul(x1, x2)
    np.testing.assert_allclose(found.get(), np.matmul(x1.get(), x2.get()))


def test_dtypes_are_promoted_and_whole_numbers_stay(cupy, functions, rng):
    x1, x2 = array(cupy, rng, (2, 3), "float32"), array(cupy, rng, (3, 2), "complex128")
    found = functions.matmul(x1, x2)
    assert found.dtype == "complex128"
    np.testing.assert_allclose(found.get(), x1.get() @ x2.get(), rtol=1e-12)
    whole = cupy.asarray(np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(functions.matmul(whole, whole.T).get(), [[5, 14], [14, 50]])


@pytest.mark.parametrize(("chosen", "expected"), [(1, 68), (2, 69), (7, 77)])
def test_the_precision_is_cupys(cupy, functions, chosen, expected, monkeypatch, rng):
    types = cupy._core._routines_linalg.compute_types
    monkeypatch.setitem(types, np.dtype("float32"), chosen)
    x = array(cupy, rng, (2, 2), "float32")
    functions.matmul(x, x)
    assert host_cublas.library(product).last_precision() == expected


@pytest.mark.parametrize(
    "axes", [0, 1, 2, ((2,), (0,)), ((1, 2), (1, 0)), ((-1, 0), (0, -1))], ids=str
)
def test_tensordot_is_numpys(cupy, functions, axes, rng):
    x1, x2 = array(cupy, rng, (2, 3, 4)), array(cupy, rng, (4, 3, 2))
    if axes == 2:
        x2 = array(cupy, rng, (3, 4, 2))
    found = functions.tensordot(x1, x2, axes=axes)
    np.testing.assert_allclose(found.get(), np.tensordot(x1.get(), x2.get(), axes))


def test_tensordot_of_nothing_is_zero(cupy, functions):
    found = functions.tensordot(cupy.zeros((2, 0)), cupy.zeros((0, 3)), axes=1)
    np.testing.assert_array_equal(found.get(), np.zeros((2, 3)))


@pytest.mark.parametrize("axis", [-1, -2])
def test_vecdot_is_numpys(cupy, functions, axis, rng):
    x1, x2 = array(cupy, rng, (2, 3, 4), "complex128"), array(cupy, rng, (3, 4), "complex128")
    found = functions.vecdot(x1, x2, axis=axis)
    np.testing.assert_allclose(found.get(), np.vecdot(x1.get(), x2.get(), axis=axis))


def test_contractions_are_products(cupy, functions, rng):
    x1, x2 = array(cupy, rng, (2, 3, 4)), array(cupy, rng, (4, 2, 5))
    found = functions.contract(x1, x2, subscripts="abc,cad->bda")
    np.testing.assert_allclose(found.get(), np.einsum("abc,cad->bda", x1.get(), x2.get()))


def test_what_cublas_refuses_is_a_reason(cupy, functions, monkeypatch, rng):
    monkeypatch.setattr(cupy_products, "_DEFAULT", 99)
    x = array(cupy, rng, (2, 2))
    with pytest.raises(
        CaptureRefusedError, match="cublasGemmStridedBatchedEx failed with status 7"
    ):
        functions.matmul(x, x)
