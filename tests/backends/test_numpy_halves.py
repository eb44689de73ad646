"""Floats of 16 bits on NumPy, whose own sums of ones stop at 2048, or at 256 for bfloat16."""

import math

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import backend_of

COUNT = 4096  # which both dtypes have


@pytest.fixture(params=["float16", "bfloat16"])
def ones(request):
    if request.param == "float16":
        return xg.asarray(np.ones((COUNT, 3), np.float16))
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    return xg.asarray(np.ones((COUNT, 3), ml_dtypes.bfloat16))


def floats(x):
    return x.numpy().astype("float64")


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("rows", [COUNT, COUNT // 2 + 256])
def test_sums_do_not_stop(ones, rows, keepdims):
    y = xg.sum(ones[:rows], axis=0, keepdims=keepdims)
    assert y.dtype == ones.dtype
    np.testing.assert_array_equal(floats(y), np.full((1, 3) if keepdims else 3, rows))
    assert xg.sum(ones[:rows, 0]).item() == rows


def test_gradient_of_what_is_broadcast_is_summed_over_all_rows(ones):
    def loss(bias):
        return xg.sum(xg.astype(ones + bias, "float32"))

    bias = xg.zeros_like(ones[0])
    recorded = xg.function(xg.grad(loss))
    for gradient in (xg.grad(loss)(bias), recorded(bias), recorded(bias)):
        assert gradient.dtype == ones.dtype
        np.testing.assert_array_equal(floats(gradient), [COUNT] * 3)


@pytest.mark.parametrize("repeated", [COUNT, 100])
def test_gradient_of_a_row_that_is_taken_often(ones, repeated):
    indices = np.zeros(repeated, "int64")

    def loss(table):
        return xg.sum(xg.astype(xg.take(table, indices, axis=0), "float32"))

    gradient = xg.grad(loss)(ones[:2])
    np.testing.assert_array_equal(floats(gradient), [[repeated] * 3, [0] * 3])


@pytest.mark.parametrize("count", [COUNT, 600])
def test_gradient_of_an_element_that_is_taken_often_along_an_axis(ones, count):
    indices = np.zeros((count, 3), "int64")

    def loss(table):
        return xg.sum(xg.astype(xg.take_along_axis(table, indices, axis=0), "float32"))

    gradient = xg.grad(loss)(ones[:2])
    np.testing.assert_array_equal(floats(gradient), [[count] * 3, [0] * 3])


def test_updates_at_one_place_add_up(ones):
    zeros = xg.zeros_like(ones[0])
    indices = np.zeros(COUNT, "int64")
    np.testing.assert_array_equal(floats(zeros.at[indices].add(ones[:, 0])), [COUNT, 0, 0])
    np.testing.assert_array_equal(floats(xg.scatter(zeros, indices, ones[:, 0])), [COUNT, 0, 0])


@pytest.mark.parametrize("turned", [False, True])
def test_probabilities_add_up_to_one(ones, turned):
    x, axis = (ones.T, 1) if turned else (ones, 0)
    np.testing.assert_allclose(floats(xg.nn.softmax(x, axis=axis)), 1 / COUNT)
    np.testing.assert_allclose(floats(xg.nn.log_softmax(x, axis=axis)), -math.log(COUNT), rtol=4e-3)
    np.testing.assert_allclose(floats(xg.logsumexp(x, axis=axis)), 1 + math.log(COUNT), rtol=4e-3)


def test_cross_entropy_of_many_classes(ones):
    x = xg.asarray(ones.T)
    losses = xg.nn.sparse_softmax_cross_entropy(x, np.array([0, 1, 2]), reduction="none")
    np.testing.assert_allclose(floats(losses), math.log(COUNT), rtol=4e-3)
    evenly = xg.full_like(x, 1 / COUNT)
    losses = xg.nn.softmax_cross_entropy(x, evenly, reduction="none")
    np.testing.assert_allclose(floats(losses), math.log(COUNT), rtol=8e-3)


def summed(f):
    return lambda *args: xg.sum(xg.astype(f(*args), "float32"))


def test_products_add_up_in_float32(ones):
    for y in (ones.T @ ones, xg.einsum("ij,ik->jk", ones, ones), xg.vecdot(ones, ones, axis=0)):
        assert y.dtype == ones.dtype
        assert (floats(y) == COUNT).all()
    recorded = xg.function(lambda x: x.T @ x)
    for _ in range(2):
        assert (floats(recorded(ones)) == COUNT).all()
    np.testing.assert_array_equal(floats(xg.einsum("ij,ij->j", ones, ones)), [COUNT] * 3)


def test_running_sums_do_not_stop(ones):
    x = ones[:, 0]
    y = xg.cumulative_sum(x, include_initial=True)
    assert y.dtype == x.dtype
    assert [y[0].item(), y[-1].item()] == [0, COUNT]
    assert xg.grad(summed(xg.cumulative_sum))(x)[0].item() == COUNT
    assert np.cumsum(ones, axis=0)[-1, 0].item() == COUNT
    np.testing.assert_allclose(
        xg.cumulative_prod(x * 0 + 1.0078125).numpy()[:20].astype("float64"),
        np.cumprod(np.full(20, 1.0078125)),
        rtol=4e-3,
    )


@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_add_up_in_float32(ones, groups):
    side = math.isqrt(COUNT)
    picture = xg.reshape(xg.stack([ones[:, 0], ones[:, 1]], axis=-1), (1, side, side, 2))
    channels = 2 // groups
    wide = xg.ones((side, side, channels, 2), dtype=ones.dtype)
    conv = lambda x, kernel: xg.nn.conv(x, kernel, padding="valid", groups=groups)
    gradient = xg.grad(summed(conv), 1)
    recorded = xg.function(conv)
    for y in (conv(picture, wide), recorded(picture, wide), recorded(picture, wide)):
        assert y.dtype == ones.dtype
        np.testing.assert_array_equal(floats(y), np.full((1, 1, 1, 2), COUNT * channels))
    np.testing.assert_array_equal(
        floats(gradient(picture, wide[:1, :1])), np.full((1, 1, channels, 2), COUNT)
    )


def test_of_many_writes_to_one_place_only_the_last_has_a_gradient(ones):
    x, indices = ones[:, 0], np.zeros(COUNT, "int64")
    zeros = xg.zeros(2, dtype=ones.dtype)
    writes = {
        "at": lambda x: zeros.at[indices].set(x),
        "scatter": lambda x: xg.scatter(zeros, indices, x, mode="set"),
    }
    for f in writes.values():
        gradient = floats(xg.grad(summed(f))(x))
        assert (gradient[-1], gradient.sum()) == (1, 1)


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(lambda x: 2 + x * 3.0, id="arithmetic"),
        pytest.param(lambda x: 7.5 % x, id="on the left"),
        pytest.param(lambda x: xg.clip(x, 0.5, 2.0), id="clip"),
        pytest.param(lambda x: xg.where(x > 0.3, x, 0.3), id="where"),
        pytest.param(lambda x: x**-2.5, id="power"),
        pytest.param(lambda x: (3000 * x) ** 0.3, id="rounded exponent"),
    ],
)
@pytest.mark.parametrize("rows", [3, COUNT])
def test_recorded_beside_numbers(ones, rows, f):
    x = ones[:rows] * 0.3
    expected = f(x)
    recorded = xg.function(f)
    for y in (recorded(x), recorded(x), recorded(x)):
        assert y.dtype == expected.dtype == x.dtype
        np.testing.assert_array_equal(floats(y), floats(expected))


@pytest.mark.parametrize(
    "number", [math.inf, -math.inf, math.nan, -1e30, 1e-38, 10**30, 0, 0.0, -0.0]
)
def test_beside_extreme_numbers(ones, number):
    x = ones[0]
    with np.errstate(all="ignore"):
        for y in (x + number, x * number, number * x, number / x, xg.maximum(x, number)):
            assert y.dtype == x.dtype
        np.testing.assert_array_equal(
            floats(x + number), floats(x + xg.full_like(x, float(number)))
        )
        masked = lambda x: xg.where(x == x, x, x * number / number)
        recorded = xg.function(xg.grad(summed(masked)))
        for g in (xg.grad(summed(masked))(x), recorded(x), recorded(x)):
            assert g.dtype == x.dtype
            np.testing.assert_array_equal(floats(g), [1, 1, 1])


def test_beside_negative_zero(ones):
    for f in (lambda x: x * -0.0, lambda x: xg.maximum(-x, -0.0), lambda x: -0.0 * x):
        for y in (f(ones[0]), xg.function(f)(ones[0])):
            assert y.dtype == ones.dtype
            assert np.signbit(floats(y)).all()


@pytest.mark.parametrize("mode", ["wrap", "reflect", "symmetric", "edge"])
def test_gradient_of_copies_counts_all_of_them(ones, mode):
    def copied(x):
        return xg.sum(xg.astype(xg.pad(x, 3000, mode=mode), "float32"))

    x = ones[:3, 0]
    expected = xg.grad(copied)(xg.astype(x, "float32")).numpy()
    np.testing.assert_allclose(floats(xg.grad(copied)(x)), expected, rtol=4e-3)


EXTREMA = {
    "max": xg.max,
    "min": xg.min,
    "cumulative_max": lambda x: xg.cumulative_max(x)[-1],
    "norm": lambda x: xg.norm(x, math.inf),
}


@pytest.mark.parametrize("f", [pytest.param(f, id=name) for name, f in EXTREMA.items()])
def test_more_ties_than_float16_can_count_share(ones, f):
    x = xg.broadcast_to(ones[0, 0], (70_000,))
    np.testing.assert_allclose(floats(xg.grad(f)(x)), 1 / 70_000, rtol=4e-3)


def test_tangent_of_more_ties_than_float16_can_count_is_their_mean(ones):
    x = xg.broadcast_to(ones[0, 0], (70_000,))
    tangent = xg.jvp(xg.max, (x,), (xg.ones_like(x),))[1]
    np.testing.assert_allclose(floats(tangent), 1, rtol=8e-3)


def test_gradient_of_logsumexp_adds_up_to_one(ones):
    x = 101 * ones[0]
    np.testing.assert_allclose(floats(xg.grad(xg.logsumexp)(x)), 1 / 3, rtol=4e-3)


@pytest.mark.parametrize("f", [np.median, lambda x: np.quantile(x, 0.25, method="lower")])
def test_quantiles_of_more_than_float16_can_count(ones, f):
    x = xg.arange(70_000) < 30_000
    assert f(xg.astype(x, ones.dtype)).item() == f(x.numpy().astype("float64"))


def test_ramps_are_those_of_float32(ones):
    x = ones[:2, 0]
    found = np.pad(x, 3000, mode="linear_ramp")
    expected = np.pad(floats(x).astype("float32"), 3000, mode="linear_ramp")
    assert found.dtype == x.dtype
    np.testing.assert_allclose(floats(found), expected, rtol=4e-3)


def test_matrices_are_multiplied_and_not_decomposed(ones):
    x = 0.25 * ones[:3] + xg.eye(3, dtype=ones.dtype)
    wide = xg.astype(x, "float32")
    y = xg.linalg.expm(x)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(floats(y), xg.linalg.expm(wide).numpy(), rtol=8e-3)
    for f in (xg.linalg.inv, xg.linalg.lu, xg.linalg.det, xg.linalg.svdvals, xg.linalg.eigh):
        with pytest.raises(xg.errors.DTypeError, match="float16"):
            f(x)
    for f in (xg.linalg.solve, xg.linalg.solve_triangular):
        with pytest.raises(xg.errors.DTypeError, match="float16"):
            f(x, ones[:3])


def test_transforms_are_those_of_float32(ones):
    x = ones[:4, 0] * xg.asarray([0.5, 1.0, 2.0, 0.25], dtype=ones.dtype)
    for f in (xg.fft.fft, xg.fft.rfft, xg.fft.irfft, xg.fft.irfftn):
        assert f(x).dtype == f(xg.astype(x, "float32")).dtype
        np.testing.assert_allclose(f(x).numpy(), f(floats(x)).numpy(), rtol=1e-6)
    assert xg.fft.fftfreq(4, d=x[0]).dtype == x.dtype
    assert np.isfinite(floats(xg.fft.fftfreq(200_000, d=1.0, dtype=x.dtype))).all()


def test_dtypes_beside_numbers(ones):
    assert xg.result_type(ones, 2.0, 1, True) == ones.dtype
    assert xg.einsum("i,,i->i", ones[0], 2.0, ones[0]).dtype == ones.dtype
    terms = [ones.array, ones.array]
    assert backend_of(ones.array).xp.activate_sum(terms, function="gelu_tanh").dtype == ones.dtype


MIXED = ["int64", "uint8", "float32", "float64", "complex64", "complex128"]
PRODUCTS = {
    "matmul": (xg.matmul, np.matmul),
    "stacks": (lambda a, b: xg.matmul(a[None], b[None])[0], np.matmul),
    "tensordot": (lambda a, b: xg.tensordot(a, b, axes=1), np.matmul),
    "einsum": (lambda a, b: xg.einsum("ij,jk->ik", a, b), np.matmul),
    "vecdot": (xg.vecdot, lambda a, b: np.sum(np.conj(a) * b, axis=-1)),
}


@pytest.mark.parametrize("dtype", MIXED)
@pytest.mark.parametrize(("product", "reference"), PRODUCTS.values(), ids=PRODUCTS)
@pytest.mark.parametrize("turned", [False, True])
def test_products_with_other_dtypes_have_the_dtype_of_both(product, reference, dtype, turned):
    half = np.asarray([[1.0, 2.0], [0.5, -1.0]], "float16")
    other = np.asarray([[3, 1], [2, 4]], dtype) * np.asarray(1j if "c" in dtype else 1, dtype)
    pair = (other, half) if turned else (half, other)
    y = product(*map(xg.asarray, pair)).numpy()
    assert y.dtype == np.result_type(*pair)
    np.testing.assert_array_equal(y, reference(*(x.astype("complex128") for x in pair)))


def test_updates_of_another_dtype_do_not_change_that_of_the_array():
    half, single, places = xg.ones(3, dtype="float16"), xg.ones(2), xg.asarray([0, 2])
    assert xg.scatter(half, places, single, mode="add").dtype == half.dtype
    assert xg.scatter(xg.ones(3), places, half[:2], mode="add").dtype == xg.ones(3).dtype


SUMS = {
    "all": lambda x: xg.sum(x),
    "all of squares": lambda x: xg.sum(x * x),
    "rows": lambda x: xg.sum(x * x, axis=0),
    "kept": lambda x: xg.sum(xg.exp(x - x), axis=0, keepdims=True),
    "product": lambda x: xg.prod(x, axis=0),
}


@pytest.mark.parametrize("f", SUMS.values(), ids=SUMS)
@pytest.mark.parametrize("rows", [2560, 8192, 16384])
def test_recorded_sums_do_not_stop(ones, rows, f):
    x = xg.concat([ones[:, :2]] * 4)[:rows]
    expected = floats(f(xg.astype(x, "float32")))
    recorded = xg.function(f)
    for y in (recorded(x), recorded(x), recorded(x)):
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(floats(y), expected)
