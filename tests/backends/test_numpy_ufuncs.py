"""The compiled ufuncs: as exact as their precision, everywhere, and as quiet as SciPy's."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends.numpy_ufuncs import UFUNCS

pytestmark = pytest.mark.skipif(
    not UFUNCS, reason="the loops were not compiled here, or XGRAD_SPEEDUPS=0"
)

FUNCTIONS = ["erf", "erfc", "expit", "log_expit", "ndtr", "softplus"]
SPECIAL = [
    np.nan,
    np.inf,
    -np.inf,
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    1e-310,
    -745.0,
    745.0,
    -1e300,
    1e300,
]
# C's own functions of long doubles, where those are longer.
EXACT = np.finfo(np.longdouble).eps < 1e-18


def everywhere(rng):
    """Numbers of all sizes, and many where most of them are."""
    sizes = np.exp(rng.uniform(-40, 6.6, 20000))
    return np.concatenate([rng.normal(size=50000), rng.uniform(-40, 40, 50000), sizes, -sizes])


def off_by(found, expected):
    """In units in the last place of `found`'s dtype."""
    unit = np.spacing(np.abs(expected).astype(found.dtype)).astype(expected.dtype)
    return np.abs(found.astype(expected.dtype) - expected) / unit


@pytest.mark.skipif(not EXACT, reason="a long double is a double here")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_doubles_are_within_six_units(name, rng):
    x = everywhere(rng)
    assert off_by(UFUNCS[name](x), UFUNCS[name](x.astype(np.longdouble))).max() <= 6


@pytest.mark.parametrize("name", FUNCTIONS)
def test_single_precision_is_rounded_once(name, rng):
    x = everywhere(rng).astype(np.float32)
    found = UFUNCS[name](x)
    assert found.dtype == np.float32
    assert off_by(found, UFUNCS[name](x.astype(np.float64))).max() <= 0.51


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logaddexp(dtype, rng):
    """Exact but for what two logarithms of opposite signs lose, and where one is infinite or both are."""
    logaddexp = UFUNCS["logaddexp"]
    x1, x2 = (everywhere(rng).astype(dtype) for _ in range(2))
    wide = np.longdouble if dtype == np.float64 else np.float64
    found, expected = logaddexp(x1, x2), logaddexp(x1.astype(wide), x2.astype(wide))
    assert found.dtype == dtype
    unit = np.spacing(np.maximum(np.maximum(np.abs(x1), np.abs(x2)), np.abs(found))).astype(wide)
    assert (np.abs(found - expected) / unit).max() <= 6
    with np.errstate(all="raise"):
        pairs = np.array(
            [(np.inf, 1), (-np.inf, 1), (np.inf, -np.inf), (np.inf, np.inf), (-np.inf, -np.inf)]
        )
        assert logaddexp(*pairs.T.astype(dtype)).tolist() == [np.inf, 1, np.inf, np.inf, -np.inf]
        assert np.isnan(
            logaddexp(np.array([np.nan, 1, np.nan], dtype), np.array([1, np.nan, np.inf], dtype))
        ).all()
    outer = logaddexp.outer(x1[:50], x2[:40])
    np.testing.assert_allclose(outer, np.logaddexp.outer(x1[:50], x2[:40]), rtol=1e-6, atol=1e-6)


ACTIVATIONS = ["gelu", "gelu_tanh", "sigmoid", "silu"]


@pytest.mark.skipif(not EXACT, reason="a long double is a double here")
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_and_what_goes_back(name, dtype, rng):
    x = np.clip(everywhere(rng), -35, 35).astype(dtype)
    wide = np.longdouble if dtype == np.float64 else np.float64
    eps = np.finfo(dtype).eps
    if name != "sigmoid":
        found, expected = UFUNCS[name](x), UFUNCS[name](x.astype(wide))
        assert found.dtype == dtype
        # An exponential of u is as exact as u.
        assert (
            np.abs(found - expected) <= eps * (4 + x.astype(wide) ** 2) * np.abs(expected) + 1e-44
        ).all()
    f = UFUNCS[f"{name}_cotangent"]
    g = rng.normal(size=x.size).astype(dtype)
    found, expected = f(g, x), f(g.astype(wide), x.astype(wide))
    assert found.dtype == dtype
    assert (np.abs(found - expected) <= 8 * eps * np.abs(g)).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_activations_have_limits(name, dtype):
    with np.errstate(all="raise"):
        x = np.array([-np.inf, -1e30, -900, 0, 900, 1e30, np.inf, np.nan], dtype)
        slopes = UFUNCS[f"{name}_cotangent"](np.ones_like(x), x)
        one, half = (0, 0.25) if name == "sigmoid" else (1, 0.5)
        np.testing.assert_allclose(slopes, [0, 0, 0, half, one, one, one, np.nan], atol=1e-300)
        assert not UFUNCS[f"{name}_cotangent"](np.zeros_like(x), x).any()
        if name != "sigmoid":
            np.testing.assert_allclose(UFUNCS[name](x), [0, 0, 0, *x[3:]], atol=1e-300)


@pytest.mark.parametrize("name", ["erf", "erfc", "expit", "ndtr"])
def test_values_are_scipys_where_those_are_exact(name, rng):
    scipy = pytest.importorskip("scipy.special", reason="scipy is not installed")
    x = rng.uniform(-3, 3, 10000)
    np.testing.assert_allclose(UFUNCS[name](x), getattr(scipy, name)(x), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_limits(dtype):
    with np.errstate(over="ignore", under="ignore"):
        x = np.array(SPECIAL, dtype)
    one, half, log2 = 1.0, 0.5, np.log(2.0)
    tiny = np.exp(-745.0) if dtype == np.float64 else 0.0
    with np.errstate(all="raise"):
        found = {name: UFUNCS[name](x) for name in FUNCTIONS}
    near = np.array([half] * 5)
    expected = {
        "erf": [np.nan, one, -one, *(x[3:8] * 2 / np.sqrt(np.pi)), -one, one, -one, one],
        "erfc": [np.nan, 0, 2, *(near * 2), 2, 0, 2, 0],
        "expit": [np.nan, one, 0, *near, tiny, one, 0, one],
        "log_expit": [np.nan, 0, -np.inf, *(near * -2 * log2), -745, -tiny, x[-2], 0],
        "ndtr": [np.nan, one, 0, *near, 0, one, 0, one],
        "softplus": [np.nan, np.inf, 0, *(near * 2 * log2), tiny, 745, 0, x[-1]],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], np.array(values, dtype), rtol=1e-6, atol=0)
    assert np.signbit(found["erf"][[3, 4]]).tolist() == [False, True]


@pytest.mark.parametrize("name", [*FUNCTIONS, "relu"])
@pytest.mark.parametrize("count", [0, 1, 5, 255, 256, 257, 1000])
def test_any_layout_gives_the_same_digits(name, count, rng):
    f = UFUNCS[name]
    x = rng.normal(size=(count, 3))
    expected = np.array([[f(value) for value in row] for row in x]).reshape(x.shape)
    for given in (x, x.T.copy().T, x[:, ::2], x[::-1], np.broadcast_to(x[:1], (4, *x[:1].shape))):
        wanted = f(np.ascontiguousarray(given))
        np.testing.assert_array_equal(f(given), wanted)
    np.testing.assert_array_equal(f(x), expected)
    y = x.copy()
    assert f(y, y) is y  # over what was given
    np.testing.assert_array_equal(y, f(x))
    np.testing.assert_array_equal(f(x.astype(">f8")), f(x))


def test_integers_are_floats_first():
    x = np.array([-3, 0, 1])
    np.testing.assert_array_equal(UFUNCS["expit"](x), UFUNCS["expit"](x.astype(float)))


@pytest.mark.parametrize("name", ["erf", "erfc", "ndtr"])
def test_complex_numbers_are_scipys(name, rng):
    scipy = pytest.importorskip("scipy.special", reason="scipy is not installed")
    z = rng.normal(size=3000) + 0.5j
    f = getattr(xg.special, name)
    recorded = xg.function(lambda z: f(z * 1.5) + 1)
    for found in (f(xg.asarray(z)), recorded(z / 1.5) - 1, recorded(z / 1.5) - 1):
        np.testing.assert_allclose(found.numpy(), getattr(scipy, name)(z), rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble"])
@pytest.mark.parametrize("count", [1, 255, 256, 700])
def test_relu_and_what_goes_back(dtype, count, rng):
    x = np.round(rng.normal(size=(2, count)), 1).astype(dtype)
    x[0, 0] = np.nan
    g = rng.normal(size=x.shape).astype(dtype)
    g[1, 0] = np.inf
    with np.errstate(all="raise"):
        y = UFUNCS["relu"](x)
        np.testing.assert_array_equal(y, np.where(x < 0, 0, x))
        one = np.asarray(1, dtype)
        layouts = (
            *((g, y), (g.T, y.T), (g[:, ::2], y[:, ::2]), (g[::-1], y), (g, y[:1]), (g[:1], y)),
            *((np.broadcast_to(one, y.shape), y), (g, np.broadcast_to(one, y.shape)), (one, one)),
        )
        for a, b in layouts:
            found = UFUNCS["relu_cotangent"](a, b)
            np.testing.assert_array_equal(found, np.where(b > 0, a, 0))
            assert found.dtype == dtype
        out = np.full((2, 3 * count), 7, dtype)
        UFUNCS["relu_cotangent"](g, y, out[:, ::3])
        np.testing.assert_array_equal(out[:, ::3], np.where(y > 0, g, 0))
        assert (out[:, 1::3] == 7).all()
        assert UFUNCS["relu_cotangent"](g, y, g) is g
    np.testing.assert_array_equal(g, out[:, ::3])


def test_relu_of_integers_stays_whole():
    x = xg.asarray([-1, 0, 2])
    f = xg.function(xg.nn.relu)
    for y in (xg.nn.relu(x), f(x), f(x)):
        assert (y.dtype, y.tolist()) == (x.dtype, [0, 0, 2])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_recorded_programs_call_them_in_groups(name, dtype, rng):
    x = xg.asarray(rng.normal(size=40000).astype(dtype))
    f = getattr(xg.special, name)
    loss = lambda x: xg.sum(f(x * 0.5) * x)
    step = xg.function(xg.value_and_grad(loss))
    value, gradient = xg.value_and_grad(loss)(x)
    for _ in range(3):
        found, slope = step(x)
    tolerance = 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(found.numpy(), value.numpy(), rtol=tolerance)
    np.testing.assert_allclose(slope.numpy(), gradient.numpy(), rtol=tolerance, atol=tolerance)
    assert f"{name}(" in str(step.program())
