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


@pytest.fixture(params=["compiled", "not compiled"])
def way(request, monkeypatch):
    """With the compiled pass over the windows and without."""
    if request.param == "not compiled":
        monkeypatch.setattr(numpy_pooling, "compiled_windows", None)
    elif numpy_pooling.compiled_windows is None:
        pytest.skip("the loops were not compiled here, or XGRAD_SPEEDUPS=0")


@pytest.mark.parametrize("values", SPECIAL)
@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("channels", [3, 8, 11])  # less than a vector, vectors, and a rest
@pytest.mark.usefixtures("threads", "way")
def test_numpy_does_as_the_portable_functions(name, values, dtype, channels, rng):
    window, steps = WINDOWS[name]
    options = {"window": window, "steps": steps}
    x = SPECIAL[values](rng.normal(size=(5, 10, 9, channels))).astype(dtype)
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
@pytest.mark.usefixtures("way")
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


@pytest.mark.parametrize("channels", [1, 3, 16, 37])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F", "every other", "backwards", "swapped"])
@pytest.mark.usefixtures("way")
def test_arrays_of_any_layout(order, dtype, channels, rng):
    window, steps = WINDOWS["with a rest"]
    options = {"window": window, "steps": steps}
    plain = np.round(rng.normal(size=(4, 9, 8, channels)), 1).astype(dtype)
    x = {
        "C": plain,
        "F": np.asfortranarray(plain),
        "every other": np.repeat(plain, 2, axis=-1)[..., ::2],
        "backwards": plain[::-1, ::-1].copy()[::-1, ::-1],
        "swapped": plain.astype(plain.dtype.newbyteorder()),
    }[order]
    top = XP.max_pool(x, **options)
    np.testing.assert_array_equal(top, pooling.max_pool(XP, plain, **options))
    g = np.asfortranarray(rng.normal(size=top.shape).astype(dtype))
    found = XP.max_pool_input(g, x, top, **options)
    expected = pooling.max_pool_input(XP, g, plain, top, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-3 if dtype == np.float16 else 1e-6)


def test_results_go_where_they_are_wanted(rng, way):
    """Into memory that is not in order, too."""
    window, steps = WINDOWS["side by side"]
    options = {"window": window, "steps": steps}
    x = rng.normal(size=(3, 4, 6, 5))
    top = XP.max_pool(x, **options)
    out = np.full((*top.shape[:-1], 10), 7.0)
    XP.max_pool(x, **options, out=out[..., ::2])
    np.testing.assert_array_equal(out[..., ::2], top)
    assert (out[..., 1::2] == 7).all()
    expected = XP.max_pool_input(top, x, top, **options)
    out = np.full((*x.shape[:-1], 10), 7.0)
    XP.max_pool_input(top, x, top, **options, out=out[..., ::2])
    np.testing.assert_array_equal(out[..., ::2], expected)
    assert (out[..., 1::2] == 7).all()


@pytest.mark.skipif(
    numpy_pooling.compiled_windows is None, reason="not compiled here, or XGRAD_SPEEDUPS=0"
)
def test_what_does_not_fit_is_refused():
    c = numpy_pooling.compiled_windows
    view = np.zeros((2, 3, 2, 4))  # examples, positions, window, channels
    y, fixed = np.zeros((2, 3, 4)), np.zeros((2, 3, 4))
    fixed.flags.writeable = False
    assert c.largest(view, y)
    assert c.shared(view, y, y, np.zeros_like(view), False)
    for seen, into in (
        (view.astype(np.float32), y),
        (view, y.astype(np.float32)),
        (view.astype(int), y.astype(int)),
        (view, y[:, ::-1]),
        (view, y[..., :3]),
        (view, fixed),
        (view[..., ::2], y[..., :2].copy()),
        (view[0], y[0]),
        (np.zeros((1, 1, 257, 1)), np.zeros((1, 1, 1))),
        (np.zeros((1, 1, 0, 1)), np.zeros((1, 1, 1))),
        (view.tolist(), y),
        (view, None),
    ):
        assert not c.largest(seen, into)
        if into is not None and into is not fixed:
            assert not c.shared(seen, into, into, np.zeros_like(seen), False)
    assert not c.shared(view, y, y, np.zeros((2, 3, 2, 5))[..., :4], False)
    assert not c.shared(view, y, y, np.zeros((2, 3, 2, 3)), False)
    assert not c.shared(view, y, y[..., :3], np.zeros_like(view), False)
    with pytest.raises(TypeError, match="two arrays"):
        c.largest(view)
    with pytest.raises(TypeError, match="four arrays"):
        c.shared(view, y)


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
