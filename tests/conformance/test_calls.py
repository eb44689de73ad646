"""Every function of the standard with what hypothesis draws: shapes, dtypes, broadcasting, gradients.

This runs anywhere; the official suite (run.py) needs a checkout. Oracles: the library itself, and
differences in float64. Examples are the same in every run."""

import array_api_compat.numpy
import numpy as np
import pytest
from calls import CALLS, WITHOUT_ARRAYS, Chooser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.array_api import make_strategies_namespace
from numerical import as_tuple, difference

import xgrad as xg

NAMESPACES = {"numpy": array_api_compat.numpy}
try:
    import array_api_strict
except ImportError:
    REASON = "strict: array_api_strict is not installed"
else:
    NAMESPACES["strict"] = array_api_strict
    REASON = ""

few = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(params=["numpy", "strict"], scope="module")
def library(request):
    if request.param not in NAMESPACES:
        pytest.skip(REASON)
    return NAMESPACES[request.param]


@pytest.fixture(scope="module")
def strategies(library):
    """xgrad's namespace over the library, and hypothesis' strategies for it."""
    xp = xg.namespace(library)
    return xp, make_strategies_namespace(xp, api_version="2024.12")


@st.composite
def example(draw, call, xp, xps, smooth):
    return call.choose(Chooser(draw, xp, xps, smooth))


def is_inexact(x):
    return np.issubdtype(x.numpy().dtype, np.inexact)


def quiet():
    return np.errstate(all="ignore")


def assert_same(y, right, library):
    """The same dtype, shape and values as the library's own, to rounding."""
    if isinstance(y, (tuple, list)):
        assert len(y) == len(right)
        for a, b in zip(y, right, strict=True):
            assert_same(a, b, library)
        return
    assert isinstance(y, xg.Tensor)
    assert y.dtype == right.dtype
    assert y.shape == right.shape
    expected = xg.asarray(right).numpy()
    tolerance = 1e-5 if expected.dtype in (np.float32, np.complex64) else 1e-12
    np.testing.assert_allclose(y.numpy(), expected, rtol=tolerance, atol=tolerance)


every_call = pytest.mark.parametrize("call", CALLS.values(), ids=lambda call: call.name)
smooth_calls = pytest.mark.parametrize(
    "call", [c for c in CALLS.values() if c.differentiable], ids=lambda call: call.name
)


@every_call
def test_result_is_the_librarys(call, library, strategies):
    xp, xps = strategies

    @few
    @given(example(call, xp, xps, smooth=False))
    def check(drawn):
        arrays, f = drawn
        with quiet():
            assert_same(f(xp, *arrays), f(library, *(x.array for x in arrays)), library)

    check()


@every_call
def test_zero_cotangent_gives_zeros_like_the_sources(call, strategies):
    xp, xps = strategies

    @few
    @given(example(call, xp, xps, smooth=False))
    def check(drawn):
        arrays, f = drawn
        sources = [x for x in arrays if is_inexact(x)]
        with quiet(), xg.GradientTape() as tape:
            tape.watch(sources)
            ys = [y for y in as_tuple(f(xp, *arrays)) if is_inexact(y)]
        if not ys or not sources:
            return
        seeds = [xp.zeros_like(y) for y in ys]
        found = tape.gradient(ys, sources, seeds, unconnected_gradients="zero")
        for x, g in zip(sources, found, strict=True):
            assert (g.shape, g.dtype, g.device) == (x.shape, x.dtype, x.device)
            assert not np.any(g.numpy())

    check()


@smooth_calls
def test_gradient_is_the_directional_difference(call, strategies, rng):
    xp, xps = strategies

    @few
    @given(example(call, xp, xps, smooth=True))
    def check(drawn):
        arrays, f = drawn
        sources = [x for x in arrays if is_inexact(x)]
        with quiet(), xg.GradientTape() as tape:
            tape.watch(sources)
            ys = as_tuple(f(xp, *arrays))
        seeds = [np.cos(np.arange(y.size)).reshape(y.shape) for y in ys]
        weights = tuple(xg.asarray(s, device=y.device) for s, y in zip(seeds, ys, strict=True))
        found = tape.gradient(ys, sources, weights)
        values = [x.numpy() for x in sources]
        directions = [np.sin(1.0 + np.arange(v.size)).reshape(v.shape) for v in values]

        def total(*changed):
            given_arrays = iter(changed)
            new = [
                xp.asarray(next(given_arrays), dtype=x.dtype, device=x.device)
                if is_inexact(x)
                else x
                for x in arrays
            ]
            with quiet():
                ys = as_tuple(f(xp, *new))
            return sum(np.sum(s * y.numpy()) for s, y in zip(seeds, ys, strict=True))

        slope = difference(total, values, directions)
        for x, g in zip(sources, found, strict=True):
            assert (g.shape, g.dtype, g.device) == (x.shape, x.dtype, x.device)
        paired = sum(np.sum(g.numpy() * d) for g, d in zip(found, directions, strict=True))
        np.testing.assert_allclose(paired, slope, rtol=1e-7, atol=1e-8)

    check()


def test_every_function_of_the_standard_is_called():
    strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    functions = {
        name
        for name in strict.__all__
        if not name.startswith("__")
        and callable(getattr(strict, name))
        and not isinstance(getattr(strict, name), type(strict.float32))
    }
    own = {"Device", "ArrayAPIStrictFlags"}
    own |= {n for n in functions if "array_api_strict_flags" in n}
    assert functions - own == set(CALLS) | set(WITHOUT_ARRAYS)
