"""Orders on NumPy are the stable ones, however they are found."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import backend_named, numpy_sorting

XP = backend_named("numpy").xp
DTYPES = [
    *(
        "float32",
        "float64",
        "float16",
        ">f4",
        "int8",
        "int32",
        "int64",
        "uint16",
        "uint32",
        "uint64",
    ),
    *("bool", "complex128"),
]


@pytest.fixture(params=[0, 1 << 10], ids=["always", "where they are many"], autouse=True)
def few(request, monkeypatch):
    """From how many elements on another order is tried first."""
    monkeypatch.setattr(numpy_sorting, "_FEW", request.param)


def arrays(dtype):
    rng = np.random.default_rng(0)
    for shape in ((3000,), (40, 50), (7, 1, 200), (0, 3), (3, 0), (1,), (2, 2)):
        yield rng.normal(size=shape).astype(dtype)
        yield rng.integers(0, 5, shape).astype(dtype)
        if np.dtype(dtype).kind in "iu":
            info = np.iinfo(dtype)
            yield rng.integers(info.min, info.max, shape, dtype, endpoint=True)
            yield rng.choice(np.array([info.min, info.max, 0], dtype), shape)
        if np.dtype(dtype).kind in "fc":
            yield np.where(rng.random(shape) < 0.02, np.nan, rng.normal(size=shape)).astype(dtype)
            yield np.where(rng.random(shape) < 0.02, -np.nan, -rng.normal(size=shape)).astype(dtype)
            yield rng.choice([0.0, -0.0, np.inf, -np.inf, 6e-8, -6e-8], shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_equal_elements_keep_their_order(dtype):
    for x in arrays(dtype):
        for axis in range(x.ndim):
            order = XP.argsort(x, axis=axis)
            np.testing.assert_array_equal(order, np.argsort(x, axis=axis, stable=True))
            y = XP.sort(x, axis=axis)
            assert y.dtype == x.dtype
            np.testing.assert_array_equal(y, np.sort(x, axis=axis))
            np.testing.assert_array_equal(y, np.take_along_axis(x, order, axis=axis))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_and_downwards_too(dtype):
    for x in arrays(dtype):
        order = XP.argsort(x, axis=-1, descending=True)
        y = XP.sort(x, axis=-1, descending=True)
        np.testing.assert_array_equal(y, np.take_along_axis(x, order, axis=-1))
        np.testing.assert_array_equal(y, np.flip(np.sort(x, axis=-1), axis=-1))
        same = y[..., 1:] == y[..., :-1]
        assert (order[..., 1:][same] > order[..., :-1][same]).all()


SHAPES = [(2000,), (600, 3), (3, 600), (1, 600), (600, 1), (0, 3), (7,)]
KINDS = {
    "distinct": lambda rng, shape: rng.permuted(np.arange(float(np.prod(shape)))).reshape(shape),
    "ties": lambda rng, shape: np.round(rng.normal(size=shape), 1),
    "zeros of both signs": lambda rng, shape: np.copysign(
        rng.integers(0, 2, shape) * 1.0, rng.normal(size=shape)
    ),
    "missing": lambda rng, shape: np.where(rng.random(shape) > 0.9, np.nan, rng.normal(size=shape)),
    "infinite": lambda rng, shape: rng.choice([-np.inf, 1.0, np.inf], shape),
    "float32": lambda rng, shape: rng.normal(size=shape).astype("float32"),
    "integers": lambda rng, shape: rng.integers(-5, 5, shape),
    "booleans": lambda rng, shape: rng.random(shape) > 0.5,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("axis", [0, -1])
def test_results_are_those_of_stable_sorts(kind, shape, axis, rng):
    x = KINDS[kind](rng, shape)
    y, order = xg.sort(x, axis=axis), xg.argsort(x, axis=axis)
    expected = np.sort(x, axis=axis, stable=True)
    np.testing.assert_array_equal(y.numpy(), expected, strict=True)
    np.testing.assert_array_equal(order.numpy(), np.argsort(x, axis=axis, stable=True), strict=True)
    if x.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(y.numpy()), np.signbit(expected))
    down = xg.argsort(x, axis=axis, descending=True)
    flipped = np.flip(x, axis=axis)
    expected = x.shape[axis] - 1 - np.flip(np.argsort(flipped, axis=axis, stable=True), axis=axis)
    np.testing.assert_array_equal(down.numpy(), expected)


@pytest.mark.parametrize("kind", ["distinct", "ties"])
def test_gradients_follow_the_stable_order(kind, rng):
    x, w = KINDS[kind](rng, (700,)), rng.normal(size=700)
    g = xg.grad(lambda x: xg.sum(xg.sort(x) * w))(x)
    expected = np.empty(700)
    expected[np.argsort(x, stable=True)] = w
    np.testing.assert_array_equal(g.numpy(), expected)


def test_distinct_numbers_are_sorted_once(rng, monkeypatch):
    asked = []
    argsort = np.argsort
    monkeypatch.setattr(
        numpy_sorting.np, "argsort", lambda x, **o: asked.append(o.get("stable")) or argsort(x, **o)
    )
    XP.argsort(rng.normal(size=2000))
    assert asked == [None]
