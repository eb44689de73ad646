"""Groups of elementwise instructions on CUDA, run by the host's compiler (cupy_stand_in.py)."""

import numpy as np
import pytest
from cupy_stand_in import Host
from host_kernels import COMPILER

import xgrad as xg
from xgrad.backends import cupy_access, cupy_pointwise
from xgrad.backends.fused import Fused, Step

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with"),
    pytest.mark.usefixtures("kernel_by_kernel"),
]


@pytest.fixture(autouse=True)
def few_threads(monkeypatch):
    """So that they go round more than once, as on a GPU with larger arrays."""
    monkeypatch.setattr(cupy_pointwise, "THREADS", 8)
    monkeypatch.setattr(cupy_pointwise, "BLOCKS", 3)


def check(f, *xs, launches=1):
    """Compare a replay with what the function gives eagerly, and count what is started."""
    step = xg.function(f)
    step(*xs)
    before = Host.launches
    found = xg.tree.leaves(step(*xs))
    assert launches is None or Host.launches - before == launches
    expected = xg.tree.leaves(f(*xs))
    for y, e in zip(found, expected, strict=True):
        assert (y.device, y.shape, y.dtype) == (e.device, e.shape, e.dtype)
        digits = 1e-6 if np.dtype(e.dtype) == np.float32 else 1e-13
        np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=digits, atol=digits)


def wave(x, y):
    z = xg.sin(x) * 1.5 - y
    return z * z, xg.where(z > 0.0, z, 0.25 * z), z > y


SHAPES = [(), (1,), (7,), (8,), (64,), (1001,), (1024,), (3, 5), (4, 6, 8), (0, 3), (1, 1, 2)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_are_those_of_eager_code(second, shape, dtype, rng):
    xs = [xg.asarray(rng.normal(size=shape).astype(dtype), device=second) for _ in range(2)]
    check(wave, *xs, launches=None if 0 in shape else 1)


WAYS = {
    "broadcast row": ((4, 6), (6,), None),
    "broadcast column": ((4, 6), (4, 1), None),
    "one element": ((4, 6), (), None),
    "one element of the same rank": ((4, 6), (1, 1), None),
    "both broadcast": ((4, 1), (1, 6), None),
    "transposed": ((4, 6), (6, 4), lambda y: xg.matrix_transpose(y)),
    "flipped": ((4, 6), (4, 6), lambda y: xg.flip(y, axis=1)),
    "every other": ((4, 6), (4, 12), lambda y: y[:, ::2]),
    "a part that is not aligned": ((4, 6), (25,), lambda y: xg.reshape(y[1:], (4, 6))),
    "axes that cannot be told apart": ((2, 3, 4), (2, 1, 4), None),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", WAYS)
def test_operands_may_lie_in_any_way(second, way, dtype, rng):
    shape, other, view = WAYS[way]
    x = xg.asarray(rng.normal(size=shape).astype(dtype), device=second)
    y = xg.asarray(rng.normal(size=other).astype(dtype), device=second)
    check(wave, x, y if view is None else view(y), launches=2 if way == "both broadcast" else 1)


def test_the_same_group_meets_arrays_that_lie_otherwise(second, rng):
    step = xg.function(wave)
    base = xg.asarray(rng.normal(size=(65,)), device=second)
    for _ in range(2):
        for x in (base[:64], base[1:], xg.flip(base[1:])):
            for y, e in zip(step(x, x), wave(x, x), strict=True):
                np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=1e-12)


def test_mixed_dtypes_are_read_and_written_in_packs(second, rng):
    x = xg.asarray(rng.normal(size=(64,)).astype(np.float32), device=second)
    n = xg.asarray(rng.integers(0, 3, 64), device=second)
    check(lambda x, n: (x * 2.0 + xg.astype(n, x.dtype), n + n, (n > 1) & (x > 0.0)), x, n)


def test_strides_that_do_not_fit_into_a_call_are_copied(second, monkeypatch, rng):
    monkeypatch.setattr(cupy_access, "_MOST_AXES", 1)
    x = xg.asarray(rng.normal(size=(3, 4)), device=second)
    y = xg.asarray(rng.normal(size=(4,)), device=second)
    check(wave, x, y, launches=None)


def test_positions_of_64_bits(second, monkeypatch, rng):
    monkeypatch.setattr(cupy_access, "_NARROW", 0)
    for shape in ((64,), (4, 6)):
        xs = [xg.asarray(rng.normal(size=s), device=second) for s in (shape, shape[-1:])]
        check(wave, *xs)


# -- packs -----------------------------------------------------------------------------------------


def group_of(shape, dtype, inputs=1, steps=1):
    done = [Step("add", (k % inputs, (1.0,)), {}, inputs + k) for k in range(steps)]
    dtypes = dict.fromkeys(range(inputs + steps), np.dtype(dtype))
    return Fused(tuple(done), dtypes, tuple(range(inputs)), (inputs + steps - 1,), shape)


@pytest.mark.parametrize(
    ("shape", "dtype", "inputs", "steps", "alignment", "width"),
    [
        ((8, 64), np.float32, 1, 1, 16, 4),
        ((8, 64), np.float64, 1, 1, 16, 2),
        ((3, 2), np.float32, 1, 1, 16, 2),
        ((3, 3), np.float32, 1, 1, 16, 1),
        ((8, 64), np.float32, 1, 1, 8, 2),
        ((8, 64), np.float32, 1, 1, 4, 1),
        ((64,), np.bool_, 1, 1, 4, 4),
        ((64,), np.float32, 15, 15, 16, 4),
        ((64,), np.float32, 16, 16, 16, 2),  # registers hold no more
        ((64,), np.float32, 1, 100, 16, 2),  # nor does a kernel get longer than that
        ((64,), np.float32, 1, 300, 16, 1),
    ],
)
def test_packs_are_as_wide_as_memory_and_registers_allow(
    shape, dtype, inputs, steps, alignment, width
):
    group = group_of(shape, dtype, inputs, steps)
    strides = np.zeros(shape, dtype).strides
    access, _ = cupy_access.access_of(group, [shape] * inputs, [strides] * inputs, alignment)
    assert access.width == width


def test_sizes_are_no_part_of_a_source():
    group = group_of((8, 64), np.float32)
    sources = set()
    for rows in (8, 1000):
        strides = np.zeros((rows, 64), np.float32).strides
        own = group._replace(domain=(rows, 64))
        access, _ = cupy_access.access_of(own, [(rows, 64)], [strides], 16)
        sources.add(cupy_pointwise.source_of(own, access))
    assert len(sources) == 1
