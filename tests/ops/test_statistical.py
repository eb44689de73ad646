"""Sums and products: the dtype of the result. Means of 16 bits: what they are computed in."""

import math

import numpy as np
import pytest

import xgrad as xg

SUMS = ["sum", "prod", "cumulative_sum", "cumulative_prod"]


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_a_dtype_that_is_asked_for_is_the_results(name, dtype, device, xp):
    x = xp.asarray([3, 5], dtype=getattr(xp, dtype), device=device)
    y = getattr(xp, name)(x, dtype=getattr(xp, dtype))
    assert y.dtype == getattr(xp, dtype)


@pytest.mark.parametrize("name", SUMS)
def test_narrow_integers_wrap_in_the_dtype_that_is_asked_for(name, device, xp):
    x = xp.asarray([100, 100], dtype=xp.int8, device=device)
    y = getattr(xp, name)(x, dtype=xp.int8)
    assert (
        y.tolist()
        == {
            "sum": -56,
            "prod": 16,
            "cumulative_sum": [100, -56],
            "cumulative_prod": [100, 16],
        }[name]
    )


@pytest.mark.parametrize("name", SUMS)
def test_narrow_integers_add_up_in_the_default_dtype(name, device, xp):
    x = xp.asarray([100, 100], dtype=xp.int8, device=device)
    y = getattr(xp, name)(x)
    assert y.dtype == xp.int64
    assert (
        y.tolist()
        == {
            "sum": 200,
            "prod": 10000,
            "cumulative_sum": [100, 200],
            "cumulative_prod": [100, 10000],
        }[name]
    )


@pytest.mark.filterwarnings("ignore")  # of each library in its words
@pytest.mark.parametrize("correction", [3, 3.5, 5])
def test_a_correction_that_leaves_nothing_has_no_finite_variance(device, correction):
    x = xg.asarray([1.0, 2.0, 4.0], device=device)
    for f in (xg.var, xg.std):
        assert f(x, correction=correction).tolist() == math.inf
        slope = xg.grad(lambda x, f=f: f(x, correction=correction))(x)
        assert not np.isfinite(slope.numpy()).any()


# Their sums, and sums of their squares, are above the largest number in float16, 65504.
MANY = np.linspace(0.0, 96.0, 3000).astype("float16").reshape(2, 1500)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: xg.mean(x),
        lambda x: xg.mean(x, axis=1),
        lambda x: xg.var(x, axis=1, keepdims=True),
        lambda x: xg.std(x, axis=1, correction=1),
        lambda x: xg.linalg.vector_norm(x, axis=1),
        lambda x: xg.norm(x),
        lambda x: xg.linalg.matrix_norm(x),
        lambda x: np.mean(x, axis=1, where=MANY > 1),
        lambda x: np.nanvar(x, axis=1),
        lambda x: np.nanstd(x, axis=1),
        lambda x: np.cov(x),
    ],
    ids=[
        *("mean", "mean of rows", "var", "std", "vector_norm", "norm", "matrix_norm"),
        *("np.mean where", "np.nanvar", "np.nanstd", "np.cov"),
    ],
)
def test_halves_are_added_up_in_float32(f):
    y, pullback = xg.vjp(f, MANY)
    expected, wide_pullback = xg.vjp(f, MANY.astype("float32"))
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-3)
    (gradient,) = pullback(xg.ones_like(y))
    (wide,) = wide_pullback(xg.ones_like(expected))
    assert gradient.dtype == np.float16
    np.testing.assert_allclose(gradient.numpy(), wide.numpy(), rtol=2e-3, atol=1e-7)


def test_tangents_of_halves_are_added_up_in_float32():
    _, tangent = xg.jvp(xg.mean, (MANY,), (MANY,))
    assert tangent.dtype == np.float16
    np.testing.assert_allclose(tangent.numpy(), 48.0, rtol=1e-3)


@pytest.mark.parametrize("name", ["sum", "prod", "cumulative_sum", "cumulative_prod"])
def test_large_unsigned_numbers_stay_unsigned(name, device):
    x = xg.asarray(np.array([2**63, 1], dtype="uint64"), device=device)
    f = getattr(xg, name)
    recorded = xg.function(f)
    for y in (f(x), recorded(x), recorded(x)):
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(y.numpy(), getattr(np, name)(x.numpy()))


@pytest.mark.parametrize("keepdims", [False, True])
def test_no_axes_are_not_all_of_them(device, keepdims):
    x = np.array([[1.5, 0.0], [-2.0, 3.0]])
    t = xg.asarray(x, device=device)
    found = xg.std(t, axis=(), keepdims=keepdims)
    np.testing.assert_array_equal(found.numpy(), np.std(x, axis=()))
    found = xg.count_nonzero(t, axis=(), keepdims=keepdims)
    np.testing.assert_array_equal(found.numpy(), np.count_nonzero(x, axis=()))
    gradient = xg.grad(lambda x: xg.sum(xg.std(x, axis=())))(t)
    np.testing.assert_array_equal(gradient.numpy(), np.zeros((2, 2)))
