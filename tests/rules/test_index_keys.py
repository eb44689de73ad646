"""Random index keys against NumPy's own indexing: reading, writing and their gradients."""

import numpy as np
import pytest

import xgrad as xg

SHAPE = (3, 4, 2, 5)


def random_slice(rng, size):
    bounds = [None if rng.random() < 0.4 else int(rng.integers(-size - 2, size + 2)) for _ in "ab"]
    return slice(*bounds, [None, 1, 2, -1, -2, -3][rng.integers(6)])


def random_key(rng, arrays=True):
    """Ints, slices, None, an Ellipsis and index arrays of shapes that broadcast, in any order."""
    shapes = [(), (3,), (2, 1), (2, 3), (1,)]
    count = int(rng.integers(1, len(SHAPE) + 1))
    key = []
    for size in SHAPE[:count]:
        kind = rng.integers(4 if arrays else 2)
        if kind == 0:
            key.append(int(rng.integers(-size, size)))
        elif kind == 1:
            key.append(random_slice(rng, size))
        else:
            key.append(rng.integers(-size, size, shapes[rng.integers(len(shapes))]))
    for place in rng.integers(0, len(key) + 1, rng.integers(3)):
        key.insert(place, None)
    if rng.random() < 0.5:
        key.insert(rng.integers(len(key) + 1) if count == len(SHAPE) else len(key), Ellipsis)
    return tuple(key)


def within_standard(key):
    """The key with slices that array_api_strict takes: it refuses bounds outside the axis."""
    return tuple(slice(None, None, part.step) if isinstance(part, slice) else part for part in key)


def on_device(key, device):
    return tuple(
        xg.asarray(part, device=device) if isinstance(part, np.ndarray) else part for part in key
    )


@pytest.fixture(params=range(60))
def key(request, device):
    found = random_key(np.random.default_rng(request.param))
    return within_standard(found) if "strict" in str(device) else found


@pytest.fixture
def array(rng):
    return rng.normal(size=SHAPE)


def test_getitem_agrees_with_numpy(key, array, device):
    x = xg.asarray(array, device=device)
    np.testing.assert_array_equal(x[on_device(key, device)].numpy(), array[key])


def test_gradient_of_getitem_adds_up_where_numpy_reads(key, array, device, rng):
    x = xg.asarray(array, device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x[on_device(key, device)]
    weights = rng.normal(size=y.shape)
    expected = np.zeros(SHAPE)
    np.add.at(expected, key, weights)
    found = tape.gradient(y, x, xg.asarray(weights, device=device)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_setitem_agrees_with_numpy(key, array, device, rng):
    value = rng.normal(size=array[key].shape)
    expected = array.copy()
    expected[key] = value
    x = xg.asarray(array, device=device)
    y = xg.asarray(x)
    y[on_device(key, device)] = xg.asarray(value, device=device)
    np.testing.assert_array_equal(y.numpy(), expected)
    np.testing.assert_array_equal(x.numpy(), array)


def test_gradients_of_setitem_are_those_of_what_was_kept(key, array, device, rng):
    value = rng.normal(size=array[key].shape)
    weights = rng.normal(size=SHAPE)
    x, v = (xg.asarray(a, device=device) for a in (array, value))
    with xg.GradientTape() as tape:
        tape.watch([x, v])
        y = x.at[on_device(key, device)].set(v)
    found = [g.numpy() for g in tape.gradient(y, [x, v], xg.asarray(weights, device=device))]
    numbers = np.full(SHAPE, -1)  # which element of value was written last
    numbers[key] = np.arange(value.size).reshape(value.shape)
    expected = np.zeros(value.size)
    expected[numbers[numbers >= 0]] = weights[numbers >= 0]
    np.testing.assert_array_equal(found[0], np.where(numbers < 0, weights, 0))
    np.testing.assert_array_equal(found[1], expected.reshape(value.shape))


@pytest.mark.parametrize("seed", range(60))
def test_vmap_of_a_key_is_a_loop(seed, rng):
    key = random_key(np.random.default_rng(seed))
    arrays = xg.asarray(rng.normal(size=(2, *SHAPE)))
    values = xg.asarray(rng.normal(size=(2, *arrays[0][key].shape)))
    loss = lambda x, value: xg.sum(xg.sin(x.at[key].set(value)) ** 2 * (1.0 + x))
    found = [
        xg.vmap(lambda x: x[key])(arrays),
        *xg.vmap(xg.grad(loss, (0, 1)))(arrays, values),
    ]
    looped = [
        [x[key] for x in arrays],
        *zip(
            *[xg.grad(loss, (0, 1))(x, v) for x, v in zip(arrays, values, strict=True)], strict=True
        ),
    ]
    for y, parts in zip(found, looped, strict=True):
        np.testing.assert_allclose(y.numpy(), np.stack([part.numpy() for part in parts]))


@pytest.mark.parametrize(
    "between", [slice(None), slice(None, None, -1), Ellipsis, None, 0], ids=str
)
def test_a_mask_is_the_positions_that_it_chooses(between, device, rng):
    array, mask = rng.normal(size=(2, 3, 2)), np.array([True, False])
    key = (mask, between, np.array([1, 0, 1]))
    x = xg.asarray(array, device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x[on_device(key, device)]
    np.testing.assert_array_equal(y.numpy(), array[key])
    expected = np.zeros(array.shape)
    np.add.at(expected, key, 1.0)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), expected)


@pytest.mark.parametrize("key", [True, False, (True, slice(1)), (0, False)], ids=str)
def test_vmap_writes_at_a_truth_value(key):
    arrays = xg.asarray([[1.0, 2.0], [3.0, 4.0]])
    values = xg.asarray([5.0, 6.0])
    found = xg.vmap(lambda x, value: x.at[key].set(value))(arrays, values)
    looped = [x.at[key].set(value) for x, value in zip(arrays, values, strict=True)]
    np.testing.assert_array_equal(found.numpy(), [x.numpy() for x in looped])


KEYS = {
    "x[..., i, :]": lambda i, j: (..., i, slice(None)),
    "x[..., i, j]": lambda i, j: (..., i, j),
    "x[i, ..., j]": lambda i, j: (i, ..., j),
    "x[i, j, ...]": lambda i, j: (i, j, ...),
    "x[None, ..., i, 0]": lambda i, j: (None, ..., i, 0),
    "x[:, ..., j]": lambda i, j: (slice(None), ..., j),
    "x[:, None, j]": lambda i, j: (slice(None), None, j),
    "x[i, True]": lambda i, j: (i, True),
    "x[:, True, j]": lambda i, j: (slice(None), True, j),
    "x[True, :, j]": lambda i, j: (True, slice(None), j),
}


@pytest.mark.parametrize("indices", [0, 1], ids=["one index", "two indices"])
@pytest.mark.parametrize("mapped", ["x", "ij", "xij"])
@pytest.mark.parametrize("name", KEYS)
def test_vmap_of_a_key_with_indices_is_a_loop(name, mapped, indices, rng):
    shape = (2,) * indices
    axes = tuple([0 if part in mapped else None for part in "xij"])
    arrays = [rng.normal(size=(3, 3, 4)), *rng.integers(0, 3, (2, 3, *shape))]
    arrays = [xg.asarray(a if axis == 0 else a[0]) for a, axis in zip(arrays, axes, strict=True)]

    def read_and_write(x, i, j):
        key = KEYS[name](i, j)
        loss = lambda x: xg.sum(xg.sin(x.at[key].set(x[key] ** 2)) * x)
        return x[key], x.at[key].add(2.0 * x[key]), xg.grad(loss)(x)

    found = xg.vmap(read_and_write, in_axes=axes)(*arrays)
    looped = [
        read_and_write(*[a[n] if axis == 0 else a for a, axis in zip(arrays, axes, strict=True)])
        for n in range(3)
    ]
    for y, parts in zip(found, zip(*looped, strict=True), strict=True):
        np.testing.assert_allclose(y.numpy(), np.stack([part.numpy() for part in parts]))


@pytest.mark.parametrize("count", [100, 5000, 100_000])
@pytest.mark.parametrize("home", ["cpu", "torch:cpu"])
def test_the_last_of_many_writes_holds_and_has_the_gradient(home, count):
    if home != "cpu":
        pytest.importorskip("torch", reason="torch: torch is not installed")
    x = xg.zeros((2, 2), device=home)
    indices = xg.zeros(count, dtype="int64", device=home)
    values = xg.arange(2.0 * count, device=home)
    write = lambda v: x.at[indices, :].set(xg.reshape(v, (count, 2)))
    np.testing.assert_array_equal(write(values).numpy()[0], [2 * count - 2, 2 * count - 1])
    gradient = xg.grad(lambda v: xg.sum(write(v)))(values).numpy()
    assert (gradient[-2:].tolist(), gradient.sum()) == ([1.0, 1.0], 2.0)
