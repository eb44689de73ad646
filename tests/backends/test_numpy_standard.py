"""Rows of mean 0 and variance 1 on NumPy, compiled, against the portable functions."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import backend_named, networks
from xgrad.backends.numpy_standard import compiled_rows

XP = backend_named("numpy").xp
needs_loops = pytest.mark.skipif(
    compiled_rows is None, reason="the loops were not compiled here, or XGRAD_SPEEDUPS=0"
)


def arrays(rng, shape, dtype):
    x, g = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    yield x, g
    yield np.asfortranarray(x), g[..., ::-1]
    yield x + np.asarray(1000, dtype), g * (rng.random(shape) < 0.5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "shape", [(3, 1), (5, 7), (4, 32), (2, 3, 513), (2, 5000), (6,), (0, 4), (4, 0)]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_rows_are_those_of_the_portable_functions(shape, dtype, rng):
    for x, g in arrays(rng, shape, dtype):
        for axis in [(-1,), tuple(range(len(shape)))[-2:], tuple(range(len(shape)))[:1]]:
            options = {"axis": axis, "epsilon": 1e-3}
            wide = x.astype("float64")
            y, expected = XP.standardize(x, **options), networks.standardize(XP, wide, **options)
            # The mean takes digits of what is far from 0.
            tolerance = 1e-3 if dtype == "float32" and x.size and abs(x).max() > 100 else 1e-5
            tolerance = tolerance if dtype == "float32" else 1e-11
            assert y.dtype == dtype
            np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)
            r = XP.standardize_cotangent(g, x, **options)
            expected = networks.standardize_cotangent(XP, g.astype("float64"), wide, **options)
            assert r.dtype == dtype
            np.testing.assert_allclose(r, expected, rtol=10 * tolerance, atol=100 * tolerance)
            for name, given, found in (
                ("standardize", (x,), y),
                ("standardize_cotangent", (g, x), r),
            ):
                out = np.empty(shape, dtype)
                assert getattr(XP, name)(*given, **options, out=out) is out
                np.testing.assert_array_equal(out, found)


@needs_loops
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zero_cotangents_absorb_what_is_not_finite(dtype):
    x = np.array([[1, np.nan, 2], [np.inf, 1, 2], [1, 2, 3]], dtype)
    g = np.array([[0, 0, 0], [0, 0, 0], [0, 1, 0]], dtype)
    with np.errstate(all="raise"):
        r = XP.standardize_cotangent(g, x, axis=(1,), epsilon=1e-3)
    assert not r[:2].any()
    assert np.isfinite(r[2]).all()
    assert r[2].any()
    y = XP.standardize(x, axis=(1,), epsilon=1e-3)
    assert np.isnan(y[0]).all()
    assert np.isfinite(y[2]).all()


@needs_loops
def test_sums_of_single_precision_keep_their_digits(rng):
    x = (1e4 + rng.normal(size=(3, 100_000))).astype("float32")
    y = XP.standardize(x, axis=(1,), epsilon=0.0)
    wide = x.astype("float64")
    expected = (wide - wide.mean(axis=1, keepdims=True)) / wide.std(axis=1, keepdims=True)
    np.testing.assert_allclose(y, expected, atol=2e-3)  # of 1e4 single precision has 1e-3
    assert abs(y.mean()) < 1e-3
    assert abs(y.std() - 1) < 1e-4


@needs_loops
@pytest.mark.parametrize("axis", [-1, (-2, -1)])
def test_a_recorded_layer_norm_is_two_instructions(axis, rng):
    f = lambda x: xg.sum(xg.sin(xg.nn.layer_norm(x, axis=axis)))
    recorded = xg.function(xg.grad(f))
    for dtype in ("float64", "float32", "float16"):
        for _ in range(3):
            x = xg.asarray(rng.normal(size=(300, 4, 50)).astype(dtype))
            expected = xg.grad(f)(x).numpy()
            eps = float(np.finfo(dtype).eps)
            np.testing.assert_allclose(recorded(x).numpy(), expected, rtol=8 * eps, atol=8 * eps)
        names = [i.primitive.name for i in recorded._last().program.instructions]
        assert names.count("standardize") == names.count("standardize_cotangent") == 1
        assert "sqrt" not in names


@needs_loops
def test_and_is_followed_to_any_order(rng):
    x, v = (xg.asarray(rng.normal(size=(3, 5))) for _ in range(2))
    f = lambda x: xg.sum(xg.sin(xg.nn.layer_norm(x)))
    g = xg.grad(f)
    for h in (
        lambda x: xg.grad(lambda x: xg.sum(g(x) ** 2))(x),
        lambda x: xg.jvp(g, (x,), (v,))[1],
        lambda x: xg.vmap(g)(xg.stack([x, x * 2.0])),
        lambda x: xg.vmap(g, in_axes=2)(xg.stack([x, x * 2.0], axis=2)),
    ):
        recorded = xg.function(h)
        for _ in range(3):
            np.testing.assert_allclose(recorded(x).numpy(), h(x).numpy(), rtol=1e-10, atol=1e-12)
    xg.testing.check_gradients(f, (x,), order=2)
