"""NumPy's convolutions in blocks and on threads against the portable functions."""

import numpy as np
import pytest

from xgrad.backends import (
    Steps,
    backend_named,
    convolution,
    numpy_convolution,
    numpy_depthwise,
    numpy_windows,
)

XP = backend_named("numpy").xp
# Shape of the array, of the kernel, groups: one whose products take threads themselves, some depthwise.
SHAPES = [
    ((8, 20, 20, 6), (3, 3, 6, 5), 1),
    ((8, 20, 20, 6), (3, 3, 3, 4), 2),
    ((2, 70, 90, 4), (3, 3, 4, 2), 1),
    ((3, 9, 9, 300), (3, 3, 300, 200), 1),
    ((8, 20, 20, 6), (3, 3, 1, 6), 6),
    ((8, 20, 20, 6), (3, 3, 1, 12), 6),
    ((8, 20, 20, 11), (3, 4, 1, 11), 11),
    ((3, 9, 9, 300), (3, 3, 1, 300), 300),
]


@pytest.fixture(params=[1, 2, 3], ids=lambda n: f"{n} threads")
def threads(request, monkeypatch):
    for module in (numpy_convolution, numpy_depthwise, numpy_windows):
        monkeypatch.setattr(module, "thread_count", lambda: request.param)
    monkeypatch.setattr(numpy_windows, "LARGE", 0)
    monkeypatch.setattr(numpy_depthwise, "_LARGE", 0)
    monkeypatch.setattr(numpy_depthwise, "_BLOCK", 1 << 13)


@pytest.fixture(params=["compiled", "not compiled"])
def way(request, monkeypatch):
    """With the compiled copies of windows and without."""
    if request.param == "not compiled":
        for module in (numpy_depthwise, numpy_windows):
            monkeypatch.setattr(module, "compiled_windows", None)
    elif numpy_windows.compiled_windows is None:
        pytest.skip("the loops were not compiled here, or XGRAD_SPEEDUPS=0")


@pytest.mark.parametrize(("shape", "kernel", "groups"), SHAPES)
@pytest.mark.parametrize("block", [1 << 12, 1 << 20])
@pytest.mark.usefixtures("threads", "way")
def test_blocks_and_threads_change_nothing(shape, kernel, groups, block, rng, monkeypatch):
    monkeypatch.setattr(numpy_windows, "BYTES", block)
    x, k = rng.normal(size=shape), rng.normal(size=kernel)
    steps = Steps((1, 2), ((1, 1), (0, 2)), (1, 1), groups)
    y = XP.convolve(x, k, steps=steps, zeros=None)
    np.testing.assert_allclose(
        y, convolution.convolve(XP, x, k, steps=steps, zeros=None), rtol=1e-10, atol=1e-10
    )
    options = {"steps": steps, "window": kernel[:2], "zeros": 1}
    found = XP.convolve_kernel(x, y, **options)
    expected = convolution.convolve_kernel(XP, x, y, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8)
    options = {"steps": steps, "size": shape[1:-1], "zeros": None}
    found = XP.convolve_input(y, k, **options)
    expected = convolution.convolve_input(XP, y, k, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 1)])
@pytest.mark.usefixtures("threads", "way")
def test_depthwise_with_strides_and_holes(dtype, dilation, rng):
    x, k = (
        rng.normal(size=(5, 9, 10, 13)).astype(dtype),
        rng.normal(size=(3, 2, 1, 13)).astype(dtype),
    )
    steps = Steps((2, 3), ((2, 0), (1, 1)), dilation, 13)
    y = XP.convolve(x, k, steps=steps, zeros=None)
    expected = convolution.convolve(XP, x, k, steps=steps, zeros=None)
    tolerance = 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)
    turned = np.asfortranarray(y)  # does not lie as compiled loops want it
    for g in (y, turned):
        for name, options in (
            ("convolve_kernel", {"window": (3, 2)}),
            ("convolve_input", {"size": (9, 10)}),
        ):
            given = (x, g) if name == "convolve_kernel" else (g, k)
            found = getattr(XP, name)(*given, steps=steps, zeros=None, **options)
            expected = getattr(convolution, name)(XP, *given, steps=steps, zeros=None, **options)
            assert found.dtype == dtype
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=20 * tolerance)


@pytest.mark.usefixtures("threads")
def test_threads_warn_where_the_caller_asked_for_it(rng):
    x, k = np.full((8, 20, 20, 6), 1e300), np.full((3, 3, 6, 5), 1e300)
    steps = Steps((1, 1), ((0, 0), (0, 0)), (1, 1))
    with np.errstate(all="ignore"):
        assert np.isinf(XP.convolve(x, k, steps=steps, zeros=None)).all()
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        XP.convolve(x, k, steps=steps, zeros=None)


@pytest.mark.usefixtures("threads")
def test_sums_are_the_same_in_every_run(rng):
    x, y = rng.normal(size=(8, 20, 20, 6)), rng.normal(size=(8, 18, 18, 5))
    steps = Steps((1, 1), ((0, 0), (0, 0)), (1, 1))
    options = {"steps": steps, "window": (3, 3), "zeros": 1}
    first = XP.convolve_kernel(x, y, **options)
    assert all(np.array_equal(XP.convolve_kernel(x, y, **options), first) for _ in range(5))


# What lies side by side: one element, windows' rows of so many bytes, everything, nothing.
@pytest.mark.parametrize("channels", [0, 1, 2, 3, 4, 6, 16, 33])
@pytest.mark.parametrize("dtype", ["bool", "int8", "float32", "float64", "complex128", ">f4"])
@pytest.mark.skipif(
    numpy_windows.compiled_windows is None, reason="not compiled here, or XGRAD_SPEEDUPS=0"
)
def test_windows_are_copied(dtype, channels, rng):
    copy = numpy_windows.compiled_windows.copy
    for size, window in (((5, 6), (3, 3)), ((5, 6), (1, 1)), ((40, 30), (2, 5)), ((3, 3), (3, 3))):
        x = rng.normal(size=(2, *size, channels)).astype(dtype)
        for given in (x, x[::-1, :, ::-1], np.asfortranarray(x)):
            for strides in ((1, 1), (2, 1)):
                seen = numpy_windows.view(given, window, Steps(strides, ((0, 0), (0, 0)), (1, 1)))
                rows = np.ones(seen.shape, dtype)
                if copy(seen, rows):
                    np.testing.assert_array_equal(rows, seen)
                else:
                    assert dtype in ("bool", ">f4")


@pytest.mark.skipif(
    numpy_windows.compiled_windows is None, reason="not compiled here, or XGRAD_SPEEDUPS=0"
)
def test_copies_that_do_not_fit_are_refused():
    copy = numpy_windows.compiled_windows.copy
    x = np.zeros((2, 3))
    fixed = np.zeros((2, 3))
    fixed.flags.writeable = False
    for rows in (fixed, np.zeros((2, 6))[:, ::2], np.zeros((2, 3), "f4"), np.zeros(5), None):
        assert not copy(x, rows)
    assert not copy(np.array([[None] * 3] * 2), np.zeros((2, 3), object))
    with pytest.raises(TypeError, match="two arrays"):
        copy(x)
    with pytest.raises(TypeError, match="two arrays"):
        copy([1.0], x)
