"""take, take_along_axis and scatter: by their definitions, on every library and for every dtype."""

import numpy as np
import pytest

import xgrad as xg

COMBINE = {
    "add": np.add,
    "multiply": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
    "set": lambda old, new: new,
}
SHAPES = [(4,), (1,), (3, 4), (2, 3, 2), (3, 0)]
INDEX_KINDS = ["int8", "int32", "int64", "uint8", "uint64"]


def scattered(x, indices, updates, axis, mode):
    """One update after the other."""
    y, updates = np.moveaxis(x.copy(), axis, 0), np.moveaxis(updates, axis, 0)
    for place, row in zip(indices.tolist(), updates, strict=True):
        y[place] = COMBINE[mode](y[place], row)
    return np.moveaxis(y, 0, axis)


def scatter_arguments(rng, shape, axis, count, kind="float64", index_kind="int64"):
    size = shape[axis]
    x = rng.integers(1, 6, shape).astype(kind)
    rows = [count if i == axis % len(shape) else n for i, n in enumerate(shape)]
    updates = rng.integers(1, 6, rows).astype(kind)
    low = 0 if index_kind.startswith("u") else -size
    return x, rng.integers(low, max(size, 1), count).astype(index_kind), updates


@pytest.mark.parametrize("mode", COMBINE)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_scatter_along_every_axis(mode, shape, device, rng):
    for axis in range(-len(shape), len(shape)):
        for count in (0, 1, 5) if shape[axis] else (0,):
            arguments = scatter_arguments(rng, shape, axis, count)
            found = xg.scatter(
                *(xg.asarray(a, device=device) for a in arguments), axis=axis, mode=mode
            )
            assert found.device == device
            np.testing.assert_array_equal(found.numpy(), scattered(*arguments, axis, mode))


@pytest.mark.parametrize("mode", COMBINE)
@pytest.mark.parametrize("kind", ["bool", "uint8", "int32", "int64", "float32", "complex64"])
def test_scatter_of_every_dtype(mode, kind, device, rng):
    if kind == "complex64" and mode in ("min", "max"):
        with pytest.raises(xg.errors.DTypeError, match=f"mode {mode!r} needs an order"):
            xg.scatter(xg.asarray([1j]), xg.asarray([0]), xg.asarray([1j]), mode=mode)
        return
    x, indices, updates = scatter_arguments(rng, (3, 4), 1, 6, kind)
    if kind == "bool":
        x, updates = rng.random(x.shape) < 0.5, rng.random(updates.shape) < 0.5
    arrays = (xg.asarray(a, device=device) for a in (x, indices, updates))
    found = xg.scatter(*arrays, axis=1, mode=mode).numpy()
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, scattered(x, indices, updates, 1, mode))


@pytest.mark.parametrize("kind", INDEX_KINDS)
def test_indices_of_every_dtype(kind, device, rng):
    x, indices, updates = scatter_arguments(rng, (5, 2), 0, 4, index_kind=kind)
    t, i, u = (xg.asarray(a, device=device) for a in (x, indices, updates))
    places = indices.astype(int)
    np.testing.assert_array_equal(xg.take(t, i, axis=0).numpy(), x[places])
    rows = np.stack([indices, indices], axis=1)
    found = xg.take_along_axis(t, xg.asarray(rows, device=device), axis=0)
    np.testing.assert_array_equal(found.numpy(), np.take_along_axis(x, rows.astype(int), axis=0))
    expected = scattered(x, places, updates, 0, "add")
    np.testing.assert_array_equal(xg.scatter(t, i, u).numpy(), expected)


@pytest.mark.parametrize("mode", ["add", "multiply", "set"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_second_derivatives_of_scatter_along_every_axis(mode, axis, rng):
    """scatter is multilinear here: a product of sums has the second derivatives of its parts."""
    x, indices, updates = scatter_arguments(rng, (2, 3, 2), axis, 4)
    w = rng.normal(size=x.shape)

    def gradients(a, b):
        t, u = xg.asarray(a), xg.asarray(b)
        with xg.GradientTape() as tape:
            tape.watch([t, u])
            y = xg.sum(xg.scatter(t, xg.asarray(indices), u, axis=axis, mode=mode) ** 2 * w)
        return [g.numpy() for g in tape.gradient(y, [t, u])]

    t, u = xg.asarray(x), xg.asarray(updates)
    v = [rng.normal(size=x.shape), rng.normal(size=updates.shape)]
    with xg.GradientTape() as outer:
        outer.watch([t, u])
        with xg.GradientTape() as inner:
            inner.watch([t, u])
            y = xg.sum(xg.scatter(t, xg.asarray(indices), u, axis=axis, mode=mode) ** 2 * w)
        first = inner.gradient(y, [t, u])
    found = outer.gradient(first, [t, u], v, unconnected_gradients="zero")
    step = 1e-5
    ahead = gradients(x + step * v[0], updates + step * v[1])
    behind = gradients(x - step * v[0], updates - step * v[1])
    for g, a, b in zip(found, ahead, behind, strict=True):
        np.testing.assert_allclose(g.numpy(), (a - b) / (2 * step), rtol=1e-6, atol=1e-5)


# -- wrong arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize("indices", [[0.0], [True]], ids=["float", "bool"])
def test_indices_must_be_integers(indices, device):
    x, i = xg.asarray([1.0, 2.0], device=device), xg.asarray(indices, device=device)
    for call in (
        lambda: xg.take(x, i),
        lambda: xg.take_along_axis(x, i),
        lambda: xg.scatter(x, i, x[:1]),
    ):
        with pytest.raises(xg.errors.DTypeError, match=r"indices must be integers.*x\[mask\]"):
            call()


def test_shapes_that_do_not_fit(device):
    x = xg.ones((2, 3), device=device)
    with pytest.raises(xg.errors.ArgumentError, match="take: axis must be given"):
        xg.take(x, xg.asarray([0], device=device))
    with pytest.raises(xg.errors.ShapeError, match="must have as many axes"):
        xg.take_along_axis(x, xg.asarray([0], device=device))
    with pytest.raises(xg.errors.ShapeError, match="equal sizes, or 1, along every axis but 1"):
        xg.take_along_axis(x, xg.asarray([[0], [1], [0]], device=device), axis=1)
    with pytest.raises(xg.errors.ShapeError, match=r"updates the shape \(1, 3\)"):
        xg.scatter(x, xg.asarray([0], device=device), x)


@pytest.mark.parametrize("index", [2, -3])
def test_an_index_out_of_bounds(index, device):
    x = xg.ones((2, 3), device=device)
    with pytest.raises(IndexError):
        xg.take(x, xg.asarray([index], device=device), axis=0)
