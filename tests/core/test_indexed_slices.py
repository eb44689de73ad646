"""IndexedSlices: arithmetic, coalescing and conversions agree with the dense array."""

import copy
import pickle

import numpy as np
import pytest

import xgrad as xg

VALUES = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [-7.0, 8.0]])
INDICES = np.array([2, 0, 2, 3])
DENSE = np.array([[3.0, 4.0], [0.0, 0.0], [6.0, 8.0], [-7.0, 8.0]])


@pytest.fixture
def slices(device):
    return make(device)


def make(device="cpu", indices=INDICES):
    values = xg.asarray(VALUES, device=device)
    return xg.IndexedSlices(values, xg.asarray(indices, device=device), (4, 2))


def dense(x):
    return x.numpy()


# -- what it says of itself --------------------------------------------------------------------


def test_attributes_are_those_of_the_dense_array(slices, device):
    assert slices.shape == slices.dense_shape == (4, 2)
    assert (slices.ndim, slices.size) == (2, 8)
    assert slices.device == device
    assert slices.dtype == slices.values.dtype


def test_repr_shows_the_three_parts():
    s = xg.IndexedSlices(xg.asarray([1.0]), xg.asarray([2]), (4,))
    assert repr(s) == (
        "xg.IndexedSlices(values=xg.Tensor([1.], shape=(1,), dtype=float64, device=cpu), "
        "indices=xg.Tensor([2], shape=(1,), dtype=int64, device=cpu), dense_shape=(4,))"
    )


def test_parts_may_be_arrays_and_lists_of_sizes():
    s = xg.IndexedSlices(VALUES, INDICES, [4, np.int64(2)])
    assert isinstance(s.values, xg.Tensor)
    assert s.dense_shape == (4, 2)


@pytest.mark.parametrize("shape", [3, None, (2.5,), "ab"])
def test_sizes_that_are_no_integers_are_refused(shape):
    with pytest.raises(xg.errors.ArgumentTypeError, match="dense_shape must be a tuple of integ"):
        xg.IndexedSlices([1.0], [0], shape)


def test_values_may_be_a_variable():
    v = xg.Variable(VALUES)
    with xg.GradientTape() as tape:
        y = xg.sum(xg.IndexedSlices(v, INDICES, (4, 2)).to_dense() ** 2)
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), 2 * DENSE[INDICES])


@pytest.mark.parametrize(
    ("values", "indices", "shape", "error"),
    [
        (VALUES, INDICES[:3], (4, 2), xg.errors.ShapeError),
        (VALUES, INDICES, (4, 3), xg.errors.ShapeError),
        (VALUES, INDICES[:, None], (4, 2), xg.errors.ShapeError),
        (VALUES, INDICES.astype(float), (4, 2), xg.errors.DTypeError),
        (VALUES, INDICES, (), xg.errors.ArgumentError),
        (VALUES, INDICES, (-4, 2), xg.errors.ArgumentError),
    ],
    ids=["count", "columns", "indices with two axes", "floating indices", "no axis", "negative"],
)
def test_parts_that_do_not_fit_are_refused(values, indices, shape, error):
    with pytest.raises(error, match="IndexedSlices"):
        xg.IndexedSlices(values, indices, shape)


def test_parts_on_two_devices_are_refused():
    pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    elsewhere = xg.asarray(INDICES, device="array_api_strict:device1")
    with pytest.raises(xg.errors.DeviceMismatchError, match="one device"):
        xg.IndexedSlices(VALUES, elsewhere, (4, 2))


# -- conversions -------------------------------------------------------------------------------


def test_to_dense_adds_repeated_rows_up(slices, device):
    found = slices.to_dense()
    assert found.device == device
    np.testing.assert_array_equal(found.numpy(), DENSE)


def test_negative_indices_count_from_the_end(device):
    s = make(device, INDICES - 4)
    np.testing.assert_array_equal(s.numpy(), DENSE)
    assert s.coalesce().indices.tolist() == [0, 2, 3]


def test_numpy_and_asarray_give_the_dense_array(slices):
    np.testing.assert_array_equal(slices.numpy(), DENSE)
    np.testing.assert_array_equal(xg.asarray(slices).numpy(), DENSE)


def test_numpy_reads_it_as_the_dense_array():
    np.testing.assert_array_equal(np.asarray(make()), DENSE)


def test_coalesce_lists_every_index_once_in_order(slices, device):
    once = slices.coalesce()
    assert once.device == device
    assert once.indices.tolist() == [0, 2, 3]
    np.testing.assert_array_equal(once.values.numpy(), DENSE[[0, 2, 3]])


def test_no_rows_at_all(device):
    empty = xg.IndexedSlices(
        xg.zeros((0, 2), device=device), xg.zeros((0,), dtype=xg.int64, device=device), (4, 2)
    )
    np.testing.assert_array_equal(empty.numpy(), np.zeros((4, 2)))
    assert empty.coalesce().indices.shape == (0,)


def test_one_axis(device):
    s = xg.IndexedSlices(
        xg.asarray([1.0, 2.0, 4.0], device=device), xg.asarray([1, 1, 0], device=device), (3,)
    )
    np.testing.assert_array_equal(s.numpy(), [4.0, 3.0, 0.0])


def test_functions_take_it_as_the_dense_array(slices):
    np.testing.assert_array_equal(xg.sum(slices, axis=0).numpy(), DENSE.sum(0))
    np.testing.assert_array_equal(xg.square(slices).numpy(), DENSE**2)
    np.testing.assert_array_equal(xg.add(slices, slices).numpy(), 2 * DENSE)


def test_variable_takes_it_as_the_dense_array():
    v = xg.Variable(np.ones((4, 2)))
    v.assign_sub(0.5 * make())
    np.testing.assert_array_equal(v.numpy(), 1 - 0.5 * DENSE)


def test_it_is_a_leaf_of_nests():
    s = make()
    assert xg.tree.leaves({"a": s, "b": [s]}) == [s, s]


def test_it_pickles_and_copies():
    for again in (pickle.loads(pickle.dumps(make())), copy.deepcopy(make())):
        np.testing.assert_array_equal(again.numpy(), DENSE)
        assert again.indices.tolist() == INDICES.tolist()


# -- arithmetic --------------------------------------------------------------------------------

FULL = np.arange(1.0, 9.0).reshape(4, 2)
SPARSE = {
    "minus": (lambda s, a: -s, lambda d, a: -d),
    "plus itself": (lambda s, a: s + s, lambda d, a: 2 * d),
    "minus itself": (lambda s, a: s - 3 * s, lambda d, a: -2 * d),
    "sum": (lambda s, a: sum([s, s, s]), lambda d, a: 3 * d),
    "times number": (lambda s, a: 2.0 * s * 3, lambda d, a: 6 * d),
    "over number": (lambda s, a: s / 4.0, lambda d, a: d / 4),
    "times array": (lambda s, a: s * a, lambda d, a: d * a),
    "array times": (lambda s, a: a * s, lambda d, a: d * a),
    "over array": (lambda s, a: s / a, lambda d, a: d / a),
    "times row": (lambda s, a: s * a[0], lambda d, a: d * a[0]),
    "times row with axis": (lambda s, a: s * a[:1], lambda d, a: d * a[:1]),
    "times column": (lambda s, a: s * a[:, :1], lambda d, a: d * a[:, :1]),
    "times 0-d": (lambda s, a: s * a[1, 1], lambda d, a: d * a[1, 1]),
    "times itself": (lambda s, a: s * s, lambda d, a: d * d),
}
TO_DENSE = {
    "plus array": (lambda s, a: s + a, lambda d, a: d + a),
    "array plus": (lambda s, a: a + s, lambda d, a: d + a),
    "minus array": (lambda s, a: s - a, lambda d, a: d - a),
    "array minus": (lambda s, a: a - s, lambda d, a: a - d),
    "plus number": (lambda s, a: s + 1.0, lambda d, a: d + 1),
    "number minus": (lambda s, a: 1.0 - s, lambda d, a: 1 - d),
    "times larger": (lambda s, a: s * xg.stack([a, a]), lambda d, a: np.stack([d * a, d * a])),
}


def operand(device):
    return xg.asarray(FULL, device=device)


@pytest.mark.parametrize(("f", "expected"), SPARSE.values(), ids=SPARSE)
def test_linear_arithmetic_stays_sparse(f, expected, slices, device):
    found = f(slices, operand(device))
    assert isinstance(found, xg.IndexedSlices)
    assert found.device == device
    np.testing.assert_allclose(found.numpy(), expected(DENSE, FULL), rtol=1e-15)


@pytest.mark.parametrize(("f", "expected"), TO_DENSE.values(), ids=TO_DENSE)
def test_arithmetic_that_fills_rows_gives_a_tensor(f, expected, slices, device):
    found = f(slices, operand(device))
    assert isinstance(found, xg.Tensor)
    np.testing.assert_allclose(found.numpy(), expected(DENSE, FULL), rtol=1e-15)


def test_raw_arrays_are_operands_on_both_sides():
    s = make()
    for found in (s * FULL, FULL * s):
        assert isinstance(found, xg.IndexedSlices)
        np.testing.assert_array_equal(found.numpy(), DENSE * FULL)
    np.testing.assert_array_equal((FULL + s).numpy(), FULL + DENSE)


def test_variables_are_operands():
    s, v = make(), xg.Variable(FULL)
    assert isinstance(v * s, xg.IndexedSlices)
    np.testing.assert_array_equal((v - s).numpy(), FULL - DENSE)


def test_shapes_that_differ_are_refused():
    with pytest.raises(xg.errors.ShapeError, match=r"\(4, 2\) and \(5, 2\)"):
        make() + xg.IndexedSlices(VALUES, INDICES, (5, 2))


def test_other_operands_are_no_operands():
    with pytest.raises(TypeError, match="unsupported operand"):
        make() + "text"
    with pytest.raises(TypeError, match="unsupported operand"):
        make() * {}


@pytest.mark.parametrize(("f", "expected"), SPARSE.values(), ids=SPARSE)
def test_arithmetic_is_differentiable(f, expected, rng):
    values, weight = xg.asarray(VALUES), rng.normal(size=(4, 2))
    with xg.GradientTape() as tape:
        tape.watch(values)
        y = xg.sum(f(xg.IndexedSlices(values, INDICES, (4, 2)), xg.asarray(FULL)) * weight)
    g = tape.gradient(y, values)

    def loss(v):
        full = np.zeros((4, 2))
        np.add.at(full, INDICES, v)
        return np.sum(expected(full, FULL) * weight)

    step = 0.5  # at most quadratic, so that differences are exact
    direction = rng.normal(size=VALUES.shape)
    ahead, behind = loss(VALUES + step * direction), loss(VALUES - step * direction)
    np.testing.assert_allclose(
        np.sum(g.numpy() * direction), (ahead - behind) / (2 * step), rtol=1e-12
    )


def test_coalesce_is_differentiable():
    values = xg.asarray(VALUES)
    with xg.GradientTape() as tape:
        tape.watch(values)
        y = xg.sum(xg.IndexedSlices(values, INDICES, (4, 2)).coalesce().values ** 2)
    np.testing.assert_array_equal(tape.gradient(y, values).numpy(), 2 * DENSE[INDICES])
