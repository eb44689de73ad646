"""NumPy's convolutions in blocks and on threads against the portable functions."""

import functools
import platform

import numpy as np
import pytest

from xgrad.backends import (
    Steps,
    backend_named,
    convolution,
    numpy_convolution,
    numpy_depthwise,
    numpy_direct,
    numpy_layout,
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
    for module in (numpy_convolution, numpy_layout, numpy_windows):
        monkeypatch.setattr(module, "thread_count", lambda: request.param)
    for module in (numpy_direct, numpy_windows):
        monkeypatch.setattr(module, "LARGE", 0)
    monkeypatch.setattr(numpy_direct, "FEW", 0)
    monkeypatch.setattr(numpy_direct, "ROWS", 0)
    monkeypatch.setattr(numpy_direct, "ADD", 1e9)
    monkeypatch.setattr(numpy_depthwise, "_BLOCK", 1 << 13)


VECTORS = [64, 32] if platform.machine() in ("x86_64", "AMD64") else [16]


@pytest.fixture(params=[*VECTORS, 0], ids=lambda n: f"vectors of {n}" if n else "not compiled")
def way(request, monkeypatch):
    """By compiled loops with vectors of so many bytes, or by copies of windows and a library's products."""
    compiled = numpy_direct.compiled_convolutions
    if not request.param:
        monkeypatch.setattr(numpy_direct, "compiled_convolutions", None)
        yield
    elif compiled is None:
        pytest.skip("the loops were not compiled here, or XGRAD_SPEEDUPS=0")
    elif compiled.vector_bytes(request.param) != request.param:
        compiled.vector_bytes(64)
        pytest.skip("this processor has other vectors")
    else:
        yield
        compiled.vector_bytes(64)


@pytest.mark.parametrize(("shape", "kernel", "groups"), SHAPES)
@pytest.mark.parametrize("block", [1 << 12, 1 << 20])
@pytest.mark.usefixtures("threads", "way")
def test_blocks_and_threads_change_nothing(shape, kernel, groups, block, rng, monkeypatch):
    for module in (numpy_layout, numpy_windows):
        monkeypatch.setattr(module, "BYTES", block)
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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(25))
@pytest.mark.usefixtures("threads", "way")
def test_any_convolution(seed, dtype, monkeypatch):
    """Of one to three axes, with steps, holes, groups, zeros around it or less of it, as it lies."""
    monkeypatch.setattr(numpy_layout, "BYTES", 2000)
    rng = np.random.default_rng(seed)
    axes = rng.integers(1, 4)

    def draw(low, high):
        return tuple(rng.integers(low, high, axes).tolist())

    size, window, strides, dilation = draw(1, 9), draw(1, 4), draw(1, 4), draw(1, 4)
    padding = tuple(zip(draw(-1, 4), draw(0, 4), strict=True))
    groups, examples = rng.choice([1, 1, 3]), rng.choice([1, 2, 5])
    depth, outputs = rng.choice([2, 3, 16, 17]), rng.choice([1, 3, 16, 17, 32, 70])
    if seed % 3 == 0:  # each channel by itself
        groups, depth, outputs = rng.choice([3, 8, 19, 45]), 1, rng.choice([1, 1, 2])
    steps = Steps(strides, padding, dilation, int(groups))

    def array(*shape):
        x = rng.normal(size=shape).astype(dtype)
        return x if rng.random() < 0.7 else np.asfortranarray(x)

    x, k = array(examples, *size, groups * depth), array(*window, depth, groups * outputs)
    y = array(examples, *steps.positions(size, window), groups * outputs)
    tolerance = 1e-4 if dtype == "float32" else 1e-11
    for name, operands, options in (
        ("convolve", (x, k), {}),
        ("convolve_input", (y, k), {"size": size}),
        ("convolve_kernel", (x, y), {"window": window}),
    ):
        found = getattr(XP, name)(*operands, steps=steps, zeros=None, **options)
        expected = getattr(convolution, name)(XP, *operands, steps=steps, zeros=None, **options)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("outputs", [1, 5, 16, 21])
@pytest.mark.usefixtures("way")
def test_vectors_that_are_not_full_raise_nothing(outputs, rng):
    x, k = rng.random((2, 5, 6, 3)), 1 + rng.random((3, 3, 3, outputs))
    x[0, 2, 2, 1] = np.inf
    steps = Steps((1, 1), ((0, 0), (0, 0)), (1, 1))
    with np.errstate(all="raise"):
        y = XP.convolve(x, k, steps=steps, zeros=None)
        g = 1 + rng.random(y.shape)
        g[1, 0, 0, :] = np.inf
        slope = XP.convolve_kernel(x, g, steps=steps, window=(3, 3), zeros=None)
    assert np.isinf(y[0]).any()
    assert np.isfinite(y[1]).all()
    assert not np.isnan(slope).any()


@pytest.mark.skipif(
    numpy_direct.compiled_convolutions is None, reason="not compiled here, or XGRAD_SPEEDUPS=0"
)
@pytest.mark.parametrize("name", ["convolve", "convolve_each", "correlate", "correlate_each"])
def test_what_does_not_fit_is_refused(name):
    run = getattr(numpy_direct.compiled_convolutions, name)
    seen, y = np.zeros((2, 5, 3, 8)), np.zeros((2, 5, 8))
    rows = 3 if name.endswith("_each") else 24
    given, totals = np.zeros(rows * 8), y
    if name.startswith("correlate"):
        given, totals = y, np.zeros((rows, 8))
    run(seen, given, totals)
    fixed = totals.copy()
    fixed.flags.writeable = False
    for arrays in (
        (seen, given),
        (seen.tolist(), given, totals),
        (seen[..., 0], given, totals),
        (seen.astype("f4"), given, totals),
        (seen.astype(">f8"), given, totals),
        (seen.astype(int), given, totals),
        (np.asfortranarray(seen), given, totals),
        (seen[..., :2], given, totals),
        (seen[:1], given, totals),
        (seen, None, totals),
        (seen, given[..., :-1], totals),
        (seen, given, totals[..., ::-1]),
        (seen, given, totals[..., None]),
        (seen, given, fixed),
    ):
        with pytest.raises(TypeError, match=r"does not fit|takes three"):
            run(*arrays)


def _unaligned(x):
    y = np.ndarray(x.shape, x.dtype, bytearray(x.nbytes + 1), 1)
    y[...] = x
    return y


@pytest.mark.parametrize("groups", [1, 16])
@pytest.mark.usefixtures("way")
def test_operands_lie_at_any_address(groups, rng):
    x, k, g = (
        rng.normal(size=shape) for shape in ((2, 6, 7, 16), (3, 3, 16 // groups, 16), (2, 4, 5, 16))
    )
    steps = Steps((1, 1), ((0, 0), (0, 0)), (1, 1), groups)
    for name, operands, options in (
        ("convolve", (x, k), {}),
        ("convolve_input", (g, k), {"size": (6, 7)}),
        ("convolve_kernel", (x, g), {"window": (3, 3)}),
    ):
        run = functools.partial(getattr(XP, name), steps=steps, zeros=None, **options)
        np.testing.assert_array_equal(run(*map(_unaligned, operands)), run(*operands))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 3, 16])
@pytest.mark.usefixtures("way")
def test_transposes_know_nothing_of_zeros_around_what_is_given(groups, stride, rng):
    channels = max(3, groups)
    g, k = 1 + rng.random((2, 4, channels)), 1 + rng.random((3, channels // groups, channels))
    k[0, 0, 0] = np.inf
    options = {"steps": Steps((stride,), ((0, 0),), (1,), groups), "size": (3 * stride + 3,)}
    y = XP.convolve_input(g, k, zeros=None, **options)
    assert np.isinf(y).any()
    np.testing.assert_allclose(y, convolution.convolve_input(XP, g, k, zeros=None, **options))


@pytest.mark.parametrize("positions", [5, 5000])
@pytest.mark.usefixtures("way")
def test_looking_for_what_is_not_finite_raises_nothing(positions):
    g, k = np.full((2, positions, 3), 1e200), np.ones((1, 3, 3))
    steps = Steps((1,), ((0, 0),), (1,))
    with np.errstate(all="raise"):
        y = XP.convolve_input(g, k, steps=steps, size=(positions,), zeros=None)
    np.testing.assert_allclose(y, 3e200)


@pytest.mark.parametrize("channels", [1, 3, 4, 8, 12])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(40,), (3, 17), (5, 32), (2, 3, 35)])
@pytest.mark.usefixtures("threads", "way")
def test_few_channels_that_each_have_a_window(size, stride, channels, rng):
    """Where positions are taken as channels, with and without a rest of them."""
    axes = len(size)
    steps = Steps((stride,) * axes, ((2, 1),) * axes, (2,) * axes, channels)
    x, k = rng.normal(size=(2, *size, channels)), rng.normal(size=(*(2,) * axes, 1, channels))
    g = rng.normal(size=(2, *steps.positions(size, (2,) * axes), channels))
    for name, operands, options in (
        ("convolve", (x, k), {}),
        ("convolve_input", (g, k), {"size": size}),
        ("convolve_kernel", (x, g), {"window": (2,) * axes}),
    ):
        expected = getattr(convolution, name)(XP, *operands, steps=steps, zeros=None, **options)
        for given in (operands, [*map(np.asfortranarray, operands)]):
            found = getattr(XP, name)(*given, steps=steps, zeros=None, **options)
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures("way")
def test_kernels_are_not_copied_for_a_few_positions():
    """Where a window is as large as the array: a product with a matrix, which is read once."""
    x, k = np.ones((2, 16, 16, 4), "f4"), np.ones((16, 16, 4, 50), "f4")
    steps = Steps((1, 1), ((0, 0), (0, 0)), (1, 1))
    needs = numpy_convolution.needs_of_convolve(x, k, steps)
    assert sum(form.bytes() for form in needs) < k.nbytes / 2
    np.testing.assert_array_equal(XP.convolve(x, k, steps=steps, zeros=None), 1024)


@pytest.mark.usefixtures("way")
def test_many_phases_are_done_at_once(monkeypatch, rng):
    """Patches: there are as many phases as elements of the window, and each would be little work."""
    monkeypatch.setattr(numpy_direct, "phases_of", None)
    g, k = rng.normal(size=(2, 2, 3, 5)), rng.normal(size=(7, 8, 3, 5))
    options = {"steps": Steps((7, 8), ((0, 0), (0, 0)), (1, 1)), "size": (14, 24)}
    y = XP.convolve_input(g, k, zeros=None, **options)
    expected = np.einsum("npqo,ijco->npiqjc", g, k).reshape(2, 14, 24, 3)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("window", [(3, 3), (2, 1), (5,)])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.usefixtures("threads", "way")
def test_few_outputs_of_many_channels(outputs, window, groups, dilation, rng):
    """Where sums over positions are turned, if rows of the window lie side by side."""
    axes = len(window)
    steps = Steps((1,) * axes, ((0, 0),) * axes, (dilation,) * axes, groups)
    size = (11, 12)[:axes]
    g = rng.normal(size=(3, *steps.positions(size, window), outputs * groups))
    whole = rng.normal(size=(3, *size, 60 * groups))
    for x in (whole, whole[..., : 33 * groups], whole[..., ::2]):
        found = XP.convolve_kernel(x, g, steps=steps, window=window, zeros=None)
        expected = convolution.convolve_kernel(XP, x, g, steps=steps, window=window, zeros=None)
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)
