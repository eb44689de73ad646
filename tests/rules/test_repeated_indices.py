"""Large arrays with repeated indices: the fast ways of numpy's backend against `ufunc.at`."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import numpy_scatter
from xgrad.ops.rule_namespace import rule_namespace

AXES = [
    ((900, 7), 0),
    ((300, 4, 50), 0),
    ((7, 900), 1),
    ((3, 300, 5), 1),
    ((3, 300, 5), -1),
    ((40000,), 0),
]
UFUNCS = {"add": np.add, "multiply": np.multiply, "min": np.minimum, "max": np.maximum}


@pytest.fixture(autouse=True, params=["with SciPy", "without SciPy"])
def scipy(request, monkeypatch):
    if request.param == "with SciPy":
        pytest.importorskip("scipy")
    else:
        monkeypatch.setattr(numpy_scatter, "_scipy_sparse", lambda: None)


@pytest.mark.parametrize("dtype", ["float32", "complex64", "float16", "int64"])
def test_rows_add_up_in_order_in_their_dtype_or_float32(dtype, rng):
    rows = (rng.normal(size=(2000, 20)) * 100).astype(dtype)
    indices = rng.integers(-50, 50, 2000)
    expected = np.zeros((50, 20), "float32" if dtype == "float16" else dtype)
    np.add.at(expected, indices, rows)
    found = rule_namespace.index_add(xg.asarray(rows), xg.asarray(indices), axis=0, size=50)
    np.testing.assert_array_equal(found.numpy(), expected.astype(dtype))


def test_what_is_not_finite_stays_in_its_rows(rng):
    rows = rng.normal(size=(2000, 20))
    rows[7], rows[9, 3] = np.inf, np.nan
    indices = rng.integers(0, 50, 2000)
    expected = np.zeros((50, 20))
    np.add.at(expected, indices, rows)
    found = rule_namespace.index_add(xg.asarray(rows), xg.asarray(indices), axis=0, size=50)
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize(("shape", "axis"), AXES, ids=str)
def test_gradient_of_take(shape, axis, rng):
    x = xg.asarray(rng.normal(size=shape))
    size = shape[axis]
    indices = rng.integers(-size, size, 2 * size)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.take(x, xg.asarray(indices), axis=axis)
    weights = rng.normal(size=y.shape)
    expected = np.zeros(shape)
    np.add.at(np.moveaxis(expected, axis, 0), indices, np.moveaxis(weights, axis, 0))
    np.testing.assert_allclose(tape.gradient(y, x, weights).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("mode", UFUNCS)
@pytest.mark.parametrize(("shape", "axis"), AXES, ids=str)
def test_scatter(shape, axis, mode, rng):
    x = rng.normal(size=shape)
    indices = rng.integers(-shape[axis], shape[axis], 1000)
    updates = rng.uniform(
        0.9, 1.1, [1000 if n == axis % len(shape) else s for n, s in enumerate(shape)]
    )
    expected = x.copy()
    UFUNCS[mode].at(np.moveaxis(expected, axis, 0), indices, np.moveaxis(updates, axis, 0))
    found = xg.scatter(
        xg.asarray(x), xg.asarray(indices), xg.asarray(updates), axis=axis, mode=mode
    )
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gradient_of_take_along_axis(axis, rng):
    x = xg.asarray(rng.normal(size=(60, 70)))
    indices = rng.integers(-60, 60, (60, 70))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.take_along_axis(x, xg.asarray(indices), axis=axis)
    weights = rng.normal(size=y.shape)
    other = np.arange(60)[:, None] if axis else np.arange(70)[None]
    expected = np.zeros((60, 70))
    np.add.at(expected, (other, indices) if axis else (indices, other), weights)
    np.testing.assert_allclose(tape.gradient(y, x, weights).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(
    "as_key", ["array", "array, slice", "two arrays", "array, None", "mask, array"]
)
def test_gradient_of_getitem(as_key, rng):
    x = xg.asarray(rng.normal(size=(50, 80)))
    rows, columns = rng.integers(-50, 50, 3000), rng.integers(-80, 80, 3000)
    key = {
        "array": rows,
        "array, slice": (rows, slice(None, None, -2)),
        "two arrays": (rows, columns),
        "array, None": (slice(None), None, columns),
        "mask, array": (rng.random(50) > 2, columns[:0]),
    }[as_key]
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x[key]
    weights = rng.normal(size=y.shape)
    expected = np.zeros((50, 80))
    np.add.at(expected, key, weights)
    np.testing.assert_allclose(tape.gradient(y, x, weights).numpy(), expected, atol=1e-12)


def test_index_out_of_bounds_is_refused():
    with pytest.raises(IndexError, match="out of bounds"):
        xg.scatter(xg.zeros((50, 60)), xg.asarray([0, 50]), xg.ones((2, 60)))


def test_index_out_of_bounds_is_refused_in_large_arrays():
    with pytest.raises(IndexError, match="out of bounds"):
        xg.scatter(xg.zeros((50, 6000)), xg.asarray([0, -51]), xg.ones((2, 6000)))


def test_updates_that_are_not_contiguous(rng):
    updates = xg.asarray(rng.normal(size=(100, 300)).T)
    indices = xg.asarray(rng.integers(0, 20, 300))
    found = rule_namespace.index_add(updates, indices, axis=0, size=20).numpy()
    expected = np.zeros((20, 100))
    np.add.at(expected, indices.numpy(), updates.numpy())
    np.testing.assert_allclose(found, expected, atol=1e-12)


# Indices of a narrow dtype, into an axis that is longer than the dtype counts.


@pytest.fixture(params=["int8", "uint8", "int16", "int32"])
def narrow(request, device):
    return xg.asarray(np.array([3, 100, 3, 7], dtype=request.param), device=device)


@pytest.fixture
def long(device, rng):
    return xg.asarray(rng.normal(size=(300, 10)), device=device)


NARROW = {
    "take": lambda x, i: xg.take(x, i, axis=0),
    "getitem": lambda x, i: x[i, xg.asarray([0, 1, 0, 2], device=x.device)],
    "take_along_axis": lambda x, i: xg.take_along_axis(x, xg.reshape(i, (4, 1)), axis=0),
}


@pytest.mark.parametrize("f", NARROW.values(), ids=NARROW)
def test_narrow_index_dtypes(f, long, narrow):
    wide = narrow.astype("int64")
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(long)
        found, expected = f(long, narrow), f(long, wide)
    np.testing.assert_array_equal(found.numpy(), expected.numpy())
    np.testing.assert_array_equal(
        tape.gradient(found, long).numpy(), tape.gradient(expected, long).numpy()
    )


@pytest.mark.parametrize("mode", ["set", *UFUNCS])
def test_narrow_index_dtypes_in_scatter(mode, long, narrow):
    wide = narrow.astype("int64")
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(long)
        updates = xg.take(long, wide, axis=0) * 2.0
        found = xg.scatter(long, narrow, updates, mode=mode)
        expected = xg.scatter(long, wide, updates, mode=mode)
    np.testing.assert_array_equal(found.numpy(), expected.numpy())
    np.testing.assert_array_equal(
        tape.gradient(found, long).numpy(), tape.gradient(expected, long).numpy()
    )
