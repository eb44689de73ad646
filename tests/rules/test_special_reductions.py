"""logsumexp, cumulative extrema and nan_to_num where values are infinite, NaN or equal."""

import itertools

import numpy as np
import pytest

import xgrad as xg

INF, NAN = np.inf, np.nan


def value_and_gradient(f, values, seed=None):
    x = xg.asarray(values)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return y.tolist(), tape.gradient(y, x, seed).tolist()


def hessian(f, values):
    x = xg.asarray(values)
    with xg.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with xg.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        rows = xg.unstack(inner.gradient(y, x))
    return [outer.gradient(r, x, unconnected_gradients="zero").tolist() for r in rows]


# -- logsumexp ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected", "gradient"),
    [
        ([-INF, -INF], -INF, [0.0, 0.0]),
        ([-INF, 2.0], 2.0, [0.0, 1.0]),
        ([INF, 2.0], INF, [1.0, 0.0]),
        ([INF, 2.0, INF, -INF], INF, [0.5, 0.0, 0.5, 0.0]),
        ([1000.0, 1000.0], 1000.0 + np.log(2), [0.5, 0.5]),
        ([-1000.0, -1000.0], -1000.0 + np.log(2), [0.5, 0.5]),
        ([1e308, -1e308], 1e308, [1.0, 0.0]),
        ([5.0], 5.0, [1.0]),
    ],
)
def test_logsumexp_at_special_points(values, expected, gradient):
    """Warnings are errors here: an infinite sum is an exact one."""
    y, g = value_and_gradient(xg.logsumexp, values)
    assert y == pytest.approx(expected, rel=1e-15)
    np.testing.assert_allclose(g, gradient, rtol=1e-12, atol=0)


def test_logsumexp_of_nan_is_nan():
    y, g = value_and_gradient(xg.logsumexp, [NAN, 1.0])
    assert np.isnan(y)
    assert np.all(np.isnan(g))


def test_logsumexp_of_nothing():
    assert xg.logsumexp(xg.zeros((2, 0)), axis=1).tolist() == [-INF, -INF]
    assert xg.logsumexp(xg.zeros(0)).item() == -INF


def test_a_zero_cotangent_of_logsumexp_gives_zero():
    values = [[NAN, 1.0], [INF, -INF], [-INF, -INF], [1.0, 2.0]]
    _, g = value_and_gradient(lambda x: xg.logsumexp(x, axis=1), values, np.zeros(4))
    assert g == np.zeros((4, 2)).tolist()


@pytest.mark.parametrize("values", [[0.3, -1.0, 2.0], [1000.0, 999.0, -INF], [1e5, 0.0, 1.0]])
def test_the_second_derivative_of_logsumexp_is_that_of_a_softmax(values):
    p = np.exp(values - np.max(values))
    p /= p.sum()
    expected = np.diag(p) - np.outer(p, p)
    np.testing.assert_allclose(hessian(xg.logsumexp, values), expected, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("values", [[-INF, -INF], [INF, 0.0], [INF, INF]])
def test_the_second_derivative_of_logsumexp_is_finite_at_infinities(values):
    assert np.all(np.isfinite(hessian(xg.logsumexp, values)))


def test_masked_logits_get_no_gradient():
    logits = xg.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    mask = xg.asarray([[True, False, True], [False, False, False]])
    with xg.GradientTape() as tape:
        tape.watch(logits)
        y = xg.logsumexp(xg.where(mask, logits, -INF), axis=1)
    g = tape.gradient(y, logits).numpy()
    p = 1 / (1 + np.exp(2.0))
    np.testing.assert_allclose(g, [[p, 0, 1 - p], [0, 0, 0]])


def test_logsumexp_agrees_with_jax(rng):
    jax = pytest.importorskip("jax", reason="jax is not installed")
    x, w = rng.normal(size=(3, 4)) * 30, rng.normal(size=3)
    with jax.enable_x64(True):
        y, pull = jax.vjp(lambda x: jax.nn.logsumexp(x, axis=1), jax.numpy.asarray(x))
        (expected,) = pull(jax.numpy.asarray(w))
        found, g = value_and_gradient(lambda t: xg.logsumexp(t, axis=1), x, w)
        np.testing.assert_allclose(found, y, rtol=1e-14)
        np.testing.assert_allclose(g, expected, rtol=1e-9, atol=1e-15)


def test_logsumexp_of_whole_numbers_and_of_no_axes():
    assert xg.logsumexp(xg.asarray([0, 0])).item() == pytest.approx(np.log(2))
    assert xg.logsumexp(xg.asarray([1.0, 2.0]), axis=()).tolist() == [1.0, 2.0]


# -- cumulative extrema ------------------------------------------------------------------------


def shares(x, g, better):
    """Each g_j, in equal parts to the elements that attain the extremum up to there."""
    gradient = np.zeros(len(x))
    for j in range(len(x)):
        so_far = x[: j + 1]
        # np.max of what has a NaN is NaN, which only NaN attains.
        attained = (so_far == better(so_far)) | np.isnan(so_far)
        gradient[: j + 1] += g[j] * attained / attained.sum()
    return gradient


@pytest.mark.parametrize("name", ["cumulative_max", "cumulative_min"])
def test_cumulative_extrema_share_ties_equally(name, rng):
    """All arrays of four values out of 0, 1 and NaN."""
    function, better = getattr(xg, name), np.max if name == "cumulative_max" else np.min
    for x in itertools.product([0.0, 1.0, NAN], repeat=4):
        g = rng.normal(size=4)
        _, found = value_and_gradient(function, list(x), g)
        np.testing.assert_allclose(found, shares(np.array(x), g, better), atol=1e-14)


@pytest.mark.parametrize("name", ["cumulative_max", "cumulative_min"])
def test_cumulative_extrema_of_equal_and_infinite_values(name, device):
    values = np.array([[2.0, INF, -INF], [2.0, 1.0, -INF], [3.0, INF, NAN]])
    x = xg.asarray(values, device=device)
    ufunc = np.maximum if name == "cumulative_max" else np.minimum
    for axis in (0, 1):
        found = getattr(xg, name)(x, axis=axis).numpy()
        np.testing.assert_array_equal(found, ufunc.accumulate(values, axis=axis))


def test_cumulative_extrema_of_integers_are_constants():
    assert xg.cumulative_max(xg.asarray([1, 3, 2])).tolist() == [1, 3, 3]
    assert xg.cumulative_min(xg.asarray([2, 3, 1])).tolist() == [2, 2, 1]


def test_cumulative_extrema_want_an_axis():
    with pytest.raises(xg.errors.ArgumentError, match=r"cumulative_max: axis must be given.*2, 2"):
        xg.cumulative_max(xg.ones((2, 2)))
    with pytest.raises(xg.errors.ShapeError, match="cumulative_min: axis 1 is out of range"):
        xg.cumulative_min(xg.ones(2), axis=1)


# -- nan_to_num --------------------------------------------------------------------------------


def test_nan_to_num_agrees_with_numpy(device):
    for kind in ("float32", "float64", "complex64", "complex128"):
        x = np.array([1.0, NAN, INF, -INF, -0.0]).astype(kind)
        if kind.startswith("complex"):
            x = x[:, None] + np.array([0.0, NAN * 1j, INF * 1j, -2j]).astype(kind)
        t = xg.asarray(x, device=device)
        np.testing.assert_array_equal(xg.nan_to_num(t).numpy(), np.nan_to_num(x))
        found = xg.nan_to_num(t, 5.0, posinf=6.0, neginf=-7.0)
        assert found.dtype == t.dtype
        np.testing.assert_array_equal(found.numpy(), np.nan_to_num(x, nan=5, posinf=6, neginf=-7))


def test_nan_to_num_of_integers_is_what_they_are():
    x = xg.asarray([1, 2])
    y = xg.nan_to_num(x)
    y += 1
    assert x.tolist() == [1, 2]


def test_what_nan_to_num_replaced_gets_no_gradient():
    with np.errstate(divide="ignore"):
        _, g = value_and_gradient(lambda x: xg.nan_to_num(xg.log(x)) * x, [0.0, 1.0, np.e])
    np.testing.assert_allclose(g, [-np.finfo(float).max, 1.0, 2.0])
