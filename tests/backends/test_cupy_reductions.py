"""Reductions that end a group of instructions on CUDA, run by the host's compiler (cupy_stand_in.py).

Blocks are small here, so that little arrays take all ways: rows and columns of threads, parts of the
reduced axis that a second launch takes together, and blocks that do several jobs."""

import math

import numpy as np
import pytest
from cupy_stand_in import Host, Memory
from host_kernels import COMPILER
from programs import program

import xgrad as xg
from xgrad.backends import cupy_access, cupy_raw, cupy_reductions
from xgrad.backends.fused import Fused, Layout, Reduction, layout_of

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with"),
    pytest.mark.usefixtures("kernel_by_kernel"),
]


@pytest.fixture(autouse=True)
def few_threads(monkeypatch):
    """Each is a real thread here; parts and jobs are as many as on a GPU with larger arrays."""
    monkeypatch.setattr(cupy_reductions, "THREADS", 8)
    monkeypatch.setattr(cupy_reductions, "BLOCKS", 6)
    monkeypatch.setattr(cupy_reductions, "_ENOUGH", 2)


def replayed(f, device, *arrays):
    """What a recorded function gives on a device, and how often something was started for it."""
    step = xg.function(f)
    given = [xg.asarray(a, device=device) for a in arrays]
    step(*given)
    before = Host.launches
    found = step(*given)
    return xg.tree.leaves(found), Host.launches - before


def check(f, device, *arrays, launches=None, rtol=1e-12, atol=1e-12):
    """Compare with what it gives eagerly on the host."""
    found, started = replayed(f, device, *arrays)
    with np.errstate(all="ignore"):
        expected = xg.tree.leaves(f(*map(xg.asarray, arrays)))
    for y, e in zip(found, expected, strict=True):
        assert (y.device, y.shape, y.dtype) == (device, e.shape, np.dtype(e.dtype))
        np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=rtol, atol=atol)
    assert launches is None or started == launches, started


# -- every layout ----------------------------------------------------------------------------------

SHAPES = [
    *(((7,), None), ((64,), None), ((1001,), None), ((3, 5), None), ((40, 3, 7), None)),
    *(((3, 4), (1,)), ((3, 300), (1,)), ((50, 5), (-1,)), ((2, 3, 20), (1, 2)), ((1, 90), (1,))),
    *(((3, 4), (0,)), ((300, 3), (0,)), ((5, 50), (0,)), ((20, 3, 5), (0, 1)), ((90, 1), (0,))),
    *(((2, 70, 3), (1,)), ((5, 3, 33), (1,)), ((3, 2, 3, 4), (1, 2)), ((4, 1, 3, 1), (0, 1))),
]


@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
def test_reductions_are_numpys(second, shape, axis, rng):
    names = ("sum", "max", "min", "prod")
    x = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    f = lambda x: [getattr(xg, name)(x * 1.25, axis=axis) for name in names]
    ys, started = replayed(f, second, x)
    for name, y in zip(names, ys, strict=True):
        np.testing.assert_allclose(y.numpy(), getattr(np, name)(x * 1.25, axis=axis), rtol=1e-12)
    assert started <= 2, "the kernel, and one that takes its parts together"


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize(("shape", "axis"), SHAPES[::4], ids=str)
def test_shapes_are_numpys(second, shape, axis, keepdims, rng):
    check(lambda x: xg.max(xg.exp(x), axis=axis, keepdims=keepdims), second, rng.normal(size=shape))


@pytest.mark.parametrize("dtype", ["bool", "int32", "int64", "float32"])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_dtypes_of_results_are_numpys(second, dtype, axis, rng):
    x = rng.integers(0, 3, (33, 5)).astype(dtype)

    def f(x):
        y = xg.where(x == 1, x, x)
        more = [] if dtype == "bool" else [xg.max(y, axis=axis), xg.min(y, axis=axis)]
        return [xg.sum(y, axis=axis), xg.prod(y, axis=axis), *more]

    check(f, second, x, rtol=1e-6)


def test_values_are_converted_before_they_are_added(second):
    x = np.full((3, 40), 0.1, np.float32)
    check(lambda x: xg.sum(x * 3.0, axis=1, dtype="float64"), second, x)


def test_half_numbers_stay_with_the_library(second, rng):
    """Kernels have no half numbers, which add up in float32 there."""
    x = rng.normal(size=(4, 5)).astype(np.float16)
    f = xg.value_and_grad(lambda x: xg.sum(xg.tanh(x) * x), (0,))
    check(f, second, x, rtol=1e-2, atol=1e-2)


# -- what is in one kernel -------------------------------------------------------------------------


def test_a_loss_with_the_gradient_of_a_bias_is_one_kernel(second, rng):
    def f(x, b, target):
        with xg.GradientTape() as tape:
            tape.watch([x, b])
            loss = xg.mean(xg.square(xg.tanh(x + b) - target))
        return loss, tape.gradient(loss, [x, b])

    small = [rng.normal(size=s) for s in ((4, 2), (2,), (4, 2))]
    check(f, second, *small, launches=2)  # the kernel, and the quotient of one number
    large = [rng.normal(size=s) for s in ((50, 6), (6,), (50, 6))]
    check(f, second, *large, launches=3)  # and one that takes parts together


def test_several_reductions_and_values_are_one_kernel(second, rng):
    def f(x):
        e = xg.exp(x)
        return e, xg.sum(e, axis=-1), xg.max(x * 2.0, axis=-1), xg.sum(x), e * x, xg.min(x * e)

    for shape in ((3, 4), (2, 3, 40), (60, 4)):
        check(f, second, rng.normal(size=shape))
    assert replayed(f, second, rng.normal(size=(2, 4)))[1] == 1


def test_softmax_written_out_has_its_sums_in_its_kernels(second, rng):
    def f(x):
        e = xg.exp(x - xg.max(x, axis=-1, keepdims=True))
        return e / xg.sum(e, axis=-1, keepdims=True)

    x = rng.normal(size=(5, 7))
    check(f, second, x, launches=3)  # the maximum of an argument, the sum, and the quotient
    check(xg.grad(lambda x: xg.sum(f(x) * f(x + 1.0))), second, x)


def test_what_is_reduced_begins_a_new_group(second, rng):
    f = lambda x: xg.exp(xg.sum(xg.exp(x) * 0.1, axis=0)) * 2.0
    check(f, second, rng.normal(size=(3, 4)), launches=2)


def test_other_axes_are_another_launch(second, rng):
    def f(x):
        y = xg.exp(x) * 2.0
        return xg.sum(y, axis=0), xg.sum(y, axis=1), xg.sum(y)

    check(f, second, rng.normal(size=(2, 4)), launches=2)


def test_axes_that_are_no_neighbours_stay_with_the_library(second, rng):
    f = lambda x: xg.sum(xg.exp(x) * 2.0, axis=(0, 2))
    check(f, second, rng.normal(size=(3, 4, 2)), launches=2)


def test_what_is_reduced_is_not_written_to_memory(second, monkeypatch):
    step = xg.function(lambda x: xg.sum(xg.exp(x[:, None] * x)))
    x = xg.ones(10, device=second)
    step(x)
    monkeypatch.setattr(Memory, "limit", 100)
    np.testing.assert_allclose(step(x).numpy(), 100 * np.e)


def test_it_is_a_group_like_others(second, rng):
    step = xg.function(lambda x: xg.sum(xg.exp(x) * 2.0))
    step(xg.asarray(rng.normal(size=4), device=second))
    assert step.stats().groups == 1
    assert "sum(%2" in str(step.program())


def test_groups_that_do_the_same_are_compiled_once(second, rng):
    def f(x):
        y = xg.sort(xg.tanh(x) * 2.0 + xg.sum(xg.exp(x) * 2.0))
        return xg.sort(xg.tanh(y) * 2.0 + xg.sum(xg.exp(y) * 2.0))

    cupy_raw.raw_kernel.cache_clear()
    assert replayed(f, second, rng.normal(size=3))[1] == 6
    assert cupy_raw.raw_kernel.cache_info().currsize == 1


def test_too_many_arrays_are_halved(second, rng):
    def f(*xs):
        ys = [xg.tanh(x) * (i + 1.0) for i, x in enumerate(xs)]
        return [xg.sum(y, axis=0) for y in ys], ys[:20]

    check(f, second, *[rng.normal(size=(3, 2)) for _ in range(30)])


def test_updates_of_many_variables_are_still_one_launch(second, rng):
    """A kernel with a norm in it stays alone; what is left of its group is in the bundle."""

    def f(*xs):
        return [(xg.sqrt(xg.sum(x * x)), xg.exp(x) * 0.5 + x) for x in xs]

    small = [rng.normal(size=s) for s in ((2,), (3,), (2, 2))]
    check(f, second, *small)


# -- special values --------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_nan_and_infinities_are_numpys(second, axis):
    x = np.ones((40, 8))
    x[3, 2], x[5, 1], x[7, 7], x[20, 4] = np.nan, np.inf, -np.inf, np.nan
    x[:, 0] = -np.inf
    names = ("max", "min", "sum", "prod")
    f = lambda x: [getattr(xg, name)(x * 1.0 + 0.0 * xg.abs(x), axis=axis) for name in names]
    g = lambda x: [getattr(xg, name)(-(x * 2.0), axis=axis) for name in names]
    with np.errstate(all="ignore"):
        check(f, second, x)
        check(g, second, x)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (0,), (3, 0), (0, 3)])
def test_one_element_and_none(second, shape, rng):
    check(
        lambda x: (xg.sum(xg.exp(x) * 2.0), xg.prod(x + 1.0), xg.sum(x * 3.0, axis=tuple(range(x.ndim)))),
        second,
        rng.normal(size=shape),
    )  # fmt: skip


def test_axes_of_one_element(second, rng):
    f = lambda x: (xg.sum(xg.exp(x) * 2.0, axis=1), xg.sum(x * 2.0, axis=(0, 1), keepdims=True))
    check(f, second, rng.normal(size=(5, 1, 3)))


# -- where operands lie ----------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [None, 0, (1, 2)])
@pytest.mark.parametrize(
    "other", [(4,), (3, 1), (20, 1, 4), (1, 3, 4), (1, 1, 1), (), (20, 3, 4)], ids=str
)
def test_operands_are_broadcast(second, other, axis, rng):
    f = lambda x, b: (xg.sum(xg.tanh(x * b) + b, axis=axis), x + b)
    check(f, second, rng.normal(size=(20, 3, 4)), rng.normal(size=other))


VIEWS = {
    "transposed": lambda x: xg.permute_dims(x, (2, 1, 0)),
    "flipped": lambda x: xg.flip(x, axis=1),
    "every second": lambda x: x[:, :, ::2],
    "moved by one element": lambda x: x[1:],
    "one row for all": lambda x: xg.broadcast_to(x[:1], x.shape),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("axis", [None, 0, 2])
def test_operands_may_be_views(second, view, axis, rng):
    f = lambda x, y: xg.sum(xg.exp(x) * y, axis=axis)
    base = xg.asarray(rng.normal(size=(5, 6, 4)), device=second)
    step = xg.function(f)
    for _ in range(3):
        x = VIEWS[view](base)
        y = xg.asarray(rng.normal(size=x.shape), device=second)
        found = step(x, y).numpy()
        np.testing.assert_allclose(found, np.sum(np.exp(x.numpy()) * y.numpy(), axis=axis))


def test_strides_that_do_not_fit_into_a_call_are_copied(second, monkeypatch, rng):
    monkeypatch.setattr(cupy_access, "_MOST_AXES", 1)
    x, b = rng.normal(size=(3, 4)), rng.normal(size=(4,))
    check(lambda x, b: xg.sum(xg.exp(x) * b, axis=0), second, x, b)


def test_the_same_arrays_lie_in_other_ways_in_later_calls(second, rng):
    step = xg.function(lambda x: xg.sum(xg.exp(x) * 0.5, axis=1))
    values = rng.normal(size=(8, 8))
    given = [values, values[::-1], values.T]
    turned = [
        xg.asarray(values, device=second),
        xg.flip(xg.asarray(values, device=second), axis=0),
        xg.matrix_transpose(xg.asarray(values, device=second)),
    ]
    for _ in range(2):
        for x, e in zip(turned, given, strict=True):
            np.testing.assert_allclose(step(x).numpy(), np.sum(np.exp(e) * 0.5, axis=1))


@pytest.mark.parametrize(("shape", "axis"), SHAPES[::3], ids=str)
def test_positions_of_64_bits(second, monkeypatch, shape, axis, rng):
    monkeypatch.setattr(cupy_access, "_NARROW", 0)
    f = lambda x, b: (xg.sum(xg.exp(x) * b, axis=axis), x - b)
    check(f, second, rng.normal(size=shape), rng.normal(size=shape[-1:]))


# -- how it is laid out ----------------------------------------------------------------------------


def group_of(shape, axis):
    reduction = Reduction("sum", 0, 1, layout_of(shape, axis), ())
    return Fused((), dict.fromkeys((0, 1), np.dtype("float32")), (0,), (1,), shape, (reduction,))


@pytest.mark.parametrize(
    ("shape", "axis", "width"),
    [((8, 64), None, 4), ((8, 64), 1, 4), ((8, 62), 1, 2), ((8, 63), 1, 1), ((8, 64), 0, 1)],
)
def test_loads_are_wide_along_the_axis_that_is_reduced(shape, axis, width):
    x = np.zeros(shape, np.float32)
    access, _ = cupy_access.access_of(group_of(shape, axis), [shape], [x.strides], 16)
    assert access.width == width


@pytest.mark.parametrize("layout", [
    *((1, n, 1) for n in (1, 2, 31, 4096, 100_000, 1 << 28)),
    *((n, 10, 1) for n in (1, 1000, 1 << 24)), *((n, 5000, 1) for n in (1, 64, 100_000)),
    *((1, n, 10) for n in (1, 64, 1 << 24)), *((1, n, 5000) for n in (1, 64, 100_000)),
    *((3, 7, 11), (100, 1000, 100)),
], ids=str)  # fmt: skip
@pytest.mark.parametrize(("threads", "blocks"), [(256, 1024), (8, 6)])
def test_every_element_has_a_thread(layout, threads, blocks, monkeypatch):
    monkeypatch.setattr(cupy_reductions, "THREADS", threads)
    monkeypatch.setattr(cupy_reductions, "BLOCKS", blocks)
    grid = cupy_reductions.grid_of(Layout(*layout))
    side_by_side = grid.columns * grid.depth
    assert grid.threads % side_by_side == 0
    assert grid.threads <= threads
    assert grid.blocks <= blocks
    assert (grid.parts - 1) * grid.chunk < layout[1] <= grid.parts * grid.chunk
    assert math.ceil(grid.chunk / grid.depth) <= 256
    assert all(n & (n - 1) == 0 for n in (grid.threads, grid.columns, grid.depth))


def test_layouts_are_of_neighbouring_axes():
    assert layout_of((2, 3, 4), None) == (1, 24, 1)
    assert layout_of((2, 3, 4), -1) == (6, 4, 1)
    assert layout_of((2, 3, 4), (0, 1)) == (1, 6, 4)
    assert layout_of((2, 3, 4), (1,)) == (2, 3, 4)
    assert layout_of((2, 1, 4), (0, 2)) == (1, 8, 1)
    assert layout_of((2, 3, 4), (0, 2)) is None
    assert layout_of((2, 3, 4), ()) is None
    assert layout_of((), None) == layout_of((1, 1), (0,)) == (1, 1, 1)


# -- bits, digits, graphs, programs ----------------------------------------------------------------


def test_the_same_arrays_give_the_same_bits(second, rng):
    x = xg.asarray(rng.normal(size=(70, 9)).astype(np.float32), device=second)
    step = xg.function(lambda x: (xg.sum(xg.exp(x) * x), xg.sum(xg.exp(x), axis=0)))
    step(x)
    first = [y.numpy() for y in step(x)]
    for y, e in zip(step(x), first, strict=True):
        np.testing.assert_array_equal(y.numpy(), e)


def test_long_sums_keep_their_digits(second, rng):
    x = rng.uniform(size=200_000).astype(np.float32)
    (y,), _ = replayed(lambda x: xg.sum(x * 1.0), second, x)
    exact = np.sum(x, dtype=np.float64)
    assert abs(float(y) - exact) <= 4e-7 * exact


def test_captured_with_its_parts(second, rng):
    step = xg.function(lambda x, b: (xg.sum(xg.tanh(x + b), axis=0), xg.sum(x * x)))
    with xg.cuda.set_graphs("always"):
        for _ in range(4):
            x, b = rng.normal(size=(60, 3)), rng.normal(size=3)
            y, z = step(xg.asarray(x, device=second), xg.asarray(b, device=second))
            np.testing.assert_allclose(y.numpy(), np.sum(np.tanh(x + b), axis=0), rtol=1e-12)
            np.testing.assert_allclose(z.numpy(), np.sum(x * x), rtol=1e-12)
        assert step.stats().replay.startswith("one graph of 1 steps"), step.stats().replay


def test_a_random_program_gives_what_it_gives_eagerly(second):
    run = program(0)
    f = xg.value_and_grad(lambda *xs: run(xg.namespace(np), *xs), tuple(range(len(run.inputs))))
    check(f, second, *run.inputs, rtol=1e-11, atol=1e-11)
