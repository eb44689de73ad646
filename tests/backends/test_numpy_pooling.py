"""NumPy's pooling in blocks and on threads against the portable functions: ties, NaN, infinities."""

import numpy as np
import pytest

from xgrad.backends import Steps, backend_named, numpy_pooling, pooling

XP = backend_named("numpy").xp
# Window and steps: side by side, with a rest, overlapping, dilated, padded, cut, apart.
WINDOWS = {
    "side by side": ((2, 2), Steps((2, 2), ((0, 0), (0, 0)), (1, 1))),
    "with a rest": ((3, 2), Steps((3, 2), ((0, 0), (0, 0)), (1, 1))),
    "overlapping": ((3, 3), Steps((1, 2), ((0, 0), (0, 0)), (1, 1))),
    "dilated": ((2, 2), Steps((2, 2), ((0, 0), (0, 0)), (2, 3))),
    "padded": ((3, 2), Steps((3, 2), ((1, 2), (2, 1)), (1, 1))),
    "padded and overlapping": ((3, 3), Steps((1, 1), ((1, 1), (2, 0)), (1, 1))),
    "cut": ((2, 2), Steps((2, 2), ((-1, 0), (1, -2)), (1, 1))),
    "apart": ((2, 1), Steps((4, 3), ((0, 1), (0, 0)), (1, 1))),
    "many elements": ((8, 7), Steps((1, 1), ((8, 8), (7, 7)), (1, 1))),
}
SPECIAL = {
    "distinct": lambda x: x,
    "ties": np.round,
    "all equal": np.zeros_like,
    "NaN": lambda x: np.where(x > 1.5, np.nan, x),
    "inf": lambda x: np.where(x > 1.5, np.inf, x),
    "-inf": lambda x: np.where(x < 0.5, -np.inf, x),
}


@pytest.fixture(params=[1, 3], ids=lambda n: f"{n} threads")
def threads(request, monkeypatch):
    monkeypatch.setattr(numpy_pooling, "thread_count", lambda: request.param)
    monkeypatch.setattr(numpy_pooling, "_LARGE", 0)
    monkeypatch.setattr(numpy_pooling, "_BYTES", 2000)


@pytest.mark.parametrize("values", SPECIAL)
@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.usefixtures("threads")
def test_numpy_does_as_the_portable_functions(name, values, dtype, rng):
    window, steps = WINDOWS[name]
    options = {"window": window, "steps": steps}
    x = SPECIAL[values](rng.normal(size=(5, 10, 9, 3))).astype(dtype)
    top = XP.max_pool(x, **options)
    np.testing.assert_array_equal(top, pooling.max_pool(XP, x, **options))
    assert top.dtype == dtype
    g = rng.normal(size=top.shape).astype(dtype)
    t = rng.normal(size=x.shape).astype(dtype)
    for given, mine, portable in (
        (g, XP.max_pool_input, pooling.max_pool_input),
        (t, XP.max_pool_tangent, pooling.max_pool_tangent),
    ):
        expected = portable(XP, given, x, top, **options)
        found = mine(given, x, top, **options)
        assert found.dtype == dtype
        tolerance = 1e-5 if dtype == np.float32 else 1e-13
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        out = np.full_like(expected, 7.0)
        assert mine(given, x, top, **options, out=out) is out
        np.testing.assert_array_equal(out, found)
    out = np.full_like(top, 7.0)
    assert XP.max_pool(x, **options, out=out) is out
    np.testing.assert_array_equal(out, top)


@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize("name", WINDOWS)
def test_what_is_given_goes_to_winners_only(name, value, rng):
    """Infinity times nothing would be NaN."""
    window, steps = WINDOWS[name]
    options = {"window": window, "steps": steps}
    x = rng.normal(size=(2, 10, 9, 1))
    top = XP.max_pool(x, **options)
    g = np.full_like(top, value)
    found = XP.max_pool_input(g, x, top, **options)
    assert np.isin(found, [0.0, value]).all() or np.isnan(value)
    assert (found == 0).sum() == (XP.max_pool_input(np.ones_like(g), x, top, **options) == 0).sum()


def test_padding_never_wins():
    """Where everything inside is -inf, what is given still goes to what is inside, all of it."""
    options = {"window": (3,), "steps": Steps((3,), ((1, 1),), (1,))}
    x = np.full((1, 4, 1), -np.inf)
    top = XP.max_pool(x, **options)
    np.testing.assert_array_equal(top, np.full((1, 2, 1), -np.inf))
    r = XP.max_pool_input(np.ones((1, 2, 1)), x, top, **options)
    np.testing.assert_array_equal(r[0, :, 0], [0.5, 0.5, 0.5, 0.5])


def test_nothing_is_pooled():
    options = {"window": (2,), "steps": Steps((2,), ((0, 0),), (1,))}
    for shape in ((0, 4, 2), (3, 4, 0)):
        x = np.zeros(shape)
        top = XP.max_pool(x, **options)
        assert top.shape == (shape[0], 2, shape[2])
        assert XP.max_pool_input(top, x, top, **options).shape == shape
        assert XP.max_pool_tangent(x, x, top, **options).shape == top.shape
