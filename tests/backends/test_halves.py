"""Floats of 16 bits in torch and JAX, which have some functions of them not at all, or with few digits."""

import numpy as np
import pytest

import xgrad as xg

COUNT = 4096  # which both dtypes have


@pytest.fixture(params=["torch:cpu", "jax:cpu:0"])
def place(request):
    library = request.param.split(":", maxsplit=1)[0]
    pytest.importorskip(library, reason=f"{library} is not installed")
    return request.param


@pytest.fixture(params=["float16", "bfloat16"])
def x(request, place):
    values = xg.asarray(np.array([[0.5, 0.75], [1.5, 2.0]], "float32"), device=place)
    return xg.astype(values, request.param)


def floats(x):
    return xg.astype(x, "float32").numpy()


FUNCTIONS = {
    "gamma": xg.special.gamma,
    "exp1": xg.special.exp1,
    "j0": xg.special.j0,
    "ndtri of ndtr": lambda x: xg.special.ndtri(xg.special.ndtr(x)),
    "zeta": lambda x: xg.special.zeta(x + 2.0, 1.5),
    "expm": xg.linalg.expm,
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_are_those_of_float32(x, f):
    loss = lambda x: xg.sum(xg.astype(f(x), "float32"))
    wide = xg.asarray(floats(x))
    for found, expected in ((f(x), f(wide)), (xg.grad(loss)(x), xg.grad(loss)(wide))):
        assert found.dtype == x.dtype
        np.testing.assert_allclose(floats(found), floats(expected), rtol=3e-2, atol=1e-2)


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")  # of JAX without 64 bits
def test_writes_to_one_place_add_up(x):
    ones = xg.ones((COUNT,), dtype=x.dtype, device=x.device)
    indices = xg.zeros_like(ones, dtype=xg.int32)
    assert floats(xg.scatter(xg.zeros_like(x[0]), indices, ones)).tolist() == [COUNT, 0]
    loss = lambda f: lambda x: xg.sum(xg.astype(f(x), "float32"))
    assert floats(xg.grad(loss(lambda x: xg.take(x, indices, axis=0)))(x))[0, 0] == COUNT
    assert floats(xg.grad(loss(lambda x: x[indices]))(x))[0, 0] == COUNT


PRODUCTS = {
    "dot": np.dot,
    "inner": np.inner,
    "matmul": xg.matmul,
    "tensordot": lambda x1, x2: xg.tensordot(x1, x2, axes=1),
    "vecdot": xg.vecdot,
}


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")  # of JAX without 64 bits
@pytest.mark.parametrize("f", PRODUCTS.values(), ids=PRODUCTS)
@pytest.mark.parametrize("other", ["int32", "uint8", "bool", "float32"])
def test_products_with_other_dtypes(x, f, other):
    row, whole = x[0], xg.asarray(np.array([1, 0]), dtype=other, device=x.device)
    for pair in ((row, whole), (whole, row)):
        found = f(*pair)
        assert found.dtype == (pair[0] * pair[1]).dtype
        assert floats(found) == 0.5
    gradient = xg.grad(lambda x: xg.astype(f(x, whole), "float32"))(row)
    assert gradient.dtype == row.dtype
    assert floats(gradient).tolist() == [1, 0]


def test_transforms_are_those_of_float32(x):
    for f in (xg.fft.fft, xg.fft.rfft, xg.fft.irfft):
        found = f(x)
        assert found.dtype == f(xg.astype(x, "float32")).dtype
        np.testing.assert_allclose(found.numpy(), f(floats(x)).numpy(), rtol=1e-6)


def test_decompositions_are_refused(x):
    for f in (xg.linalg.inv, xg.linalg.cholesky, xg.linalg.svdvals):
        with pytest.raises(xg.errors.DTypeError, match="Use astype to float32"):
            f(x)


def test_values_with_more_axes_than_what_is_written(place):
    x = xg.zeros((3, 2), device=place, dtype="float32")
    value = xg.ones((1, 1, 2), device=place, dtype="float32")
    assert x.at[1].set(value).tolist() == [[0, 0], [1, 1], [0, 0]]
    loss = lambda value: xg.sum(x.at[1].set(value) ** 2)
    assert xg.grad(loss)(value).tolist() == [[[2, 2]]]


def test_bfloat16_of_jax_on_the_host():
    pytest.importorskip("jax", reason="jax is not installed")
    x = xg.astype(xg.ones((2, 3), device="jax:cpu:0", dtype="float32"), "bfloat16")
    for values in (x.numpy(), x[1:1].numpy()):
        assert str(values.dtype) == "bfloat16"
        assert values.shape[1] == 3
