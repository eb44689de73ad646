"""`where` by bits gives what numpy's gives, to the last bit."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from xgrad.backends import backend_named
from xgrad.backends.numpy_masks import where, where_into

SHAPE = (200, 300)
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -1.5]


def same_bits(a, b):
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert a.tobytes() == b.tobytes()


@pytest.fixture
def mask(rng):
    return rng.uniform(size=SHAPE) > 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "other", [0, 0.0, -0.0, 1, 2.5, -np.inf, np.nan, True, "array", "row", "0-d"]
)
@pytest.mark.parametrize("turned", [False, True])
def test_where_is_numpys_to_the_last_bit(dtype, other, turned, mask, rng):
    x = rng.choice(SPECIAL, size=SHAPE).astype(dtype)
    arrays = {
        "array": rng.normal(size=SHAPE).astype(dtype),
        "row": rng.normal(size=SHAPE[1:]).astype(dtype),
        "0-d": np.asarray(3.5, dtype),
    }
    pair = (x, arrays.get(other, other))
    pair = pair[::-1] if turned else pair
    same_bits(where(mask, *pair), np.where(mask, *pair))


@pytest.mark.parametrize(
    "pair",
    [
        (np.ones(SHAPE, "float32"), np.zeros(SHAPE)),
        (np.ones(SHAPE, "int64"), 0),
        (np.ones(SHAPE) * 1j, 0),
        (np.ones(SHAPE, "float32"), 1j),
        (1, 0),
        (1.5, 0.5),
    ],
    ids=["two dtypes", "integers", "complex", "complex number", "numbers", "floats"],
)
def test_other_kinds_are_left_to_numpy(pair, mask):
    same_bits(where(mask, *pair), np.where(mask, *pair))


def test_operands_may_be_views_and_broadcast(mask, rng):
    x = rng.normal(size=(300, 200)).T
    same_bits(where(mask, x, x[::-1]), np.where(mask, x, x[::-1]))
    same_bits(where(mask[:, ::2], x[:, ::2], 0.0), np.where(mask[:, ::2], x[:, ::2], 0.0))
    stack = rng.normal(size=(3, 1, 300))
    same_bits(where(mask, stack, 1.0), np.where(mask, stack, 1.0))
    same_bits(where(mask, 1.0, stack), np.where(mask, 1.0, stack))
    same_bits(where(mask, stack, x), np.where(mask, stack, x))


def test_what_was_given_is_not_written_to(mask, rng):
    x, y = rng.normal(size=(2, *SHAPE))
    before = x.copy(), y.copy(), mask.copy()
    where(mask, x, y)
    for a, b in zip((x, y, mask), before, strict=True):
        same_bits(a, b)


def test_the_backend_uses_it():
    assert backend_named("numpy").xp.where is where


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("other", [0.0, -0.0, 2, "array", "row", "0-d"])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("size", [(200, 300), (7, 5), (600, 300)], ids=str)
def test_where_into_a_buffer_does_the_same(dtype, other, turned, size, rng):
    mask = rng.uniform(size=size) > 0.5
    x = rng.normal(size=size).astype(dtype)
    arrays = {
        "array": rng.normal(size=size).astype(dtype),
        "row": rng.normal(size=size[1:]).astype(dtype),
        "0-d": np.asarray(3, dtype),
    }
    if dtype == "int64" and isinstance(other, float):
        other = 4
    pair = (x, arrays.get(other, other))
    pair = pair[::-1] if turned else pair
    expected = np.where(mask, *pair).astype(dtype)
    out = np.full(size, 9, dtype)
    where_into(mask, *pair, out)
    same_bits(out, expected)
    if isinstance(pair[1], np.ndarray) and pair[1].shape == size:
        where_into(mask, *pair, pair[1])
        same_bits(pair[1], expected)


def test_threads_have_masks_of_their_own(rng):
    masks = [rng.uniform(size=SHAPE) > 0.5 for _ in range(8)]
    x, y = rng.normal(size=(2, *SHAPE))
    outs = [np.empty(SHAPE) for _ in range(400)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: where_into(masks[i % 8], x, y, outs[i]), range(400)))
    for i, out in enumerate(outs):
        same_bits(out, np.where(masks[i % 8], x, y))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("size", [(200, 300), (7, 5), (600, 300)], ids=str)
@pytest.mark.parametrize("other", [0, 2, "array"])
def test_a_buffer_may_have_the_memory_of_what_is_chosen(dtype, size, other, rng):
    mask = rng.uniform(size=size) > 0.5
    x, y = rng.normal(size=(2, *size)).astype(dtype)
    other = y if other == "array" else other
    first, second = x.copy(), x.copy()
    where_into(mask, first[...], other, first)
    where_into(mask, other, second[...], second)
    same_bits(first, np.where(mask, x, other).astype(dtype))
    same_bits(second, np.where(mask, other, x).astype(dtype))
