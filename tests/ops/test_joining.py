"""repeat, tile, roll, diff and what moves axes: the standard's corner cases, and errors."""

import numpy as np
import pytest

import xgrad as xg

X = np.arange(6.0).reshape(2, 3)


def on(device, x):
    return xg.asarray(x, device=device)


# -- repeat ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "int64"])
@pytest.mark.parametrize(
    ("counts", "axis"), [([1, 0, 2], 1), ([1, 0, 2], -1), ([0, 3], 0), ([2], 1), ([2], None),
                         ([1, 0, 2, 1, 3, 1], None), (2, 0)]
)  # fmt: skip
def test_repeat_as_often_as_an_array_says(kind, counts, axis, device):
    repeats = np.array(counts, kind)
    found = xg.repeat(on(device, X), on(device, repeats), axis=axis)
    assert found.device == device
    np.testing.assert_array_equal(found.numpy(), np.repeat(X, repeats, axis=axis))


def test_repeat_as_often_as_a_number_of_numpy_says(device):
    found = xg.repeat(on(device, X), np.int64(2), axis=0)
    np.testing.assert_array_equal(found.numpy(), np.repeat(X, 2, axis=0))


def test_repeat_what_has_no_axes_or_no_elements(device):
    assert xg.repeat(on(device, np.array(2.0)), 3).tolist() == [2.0, 2.0, 2.0]
    empty = np.zeros((0, 2))
    assert xg.repeat(on(device, empty), on(device, np.zeros(0, int)), axis=0).shape == (0, 2)


@pytest.mark.parametrize(
    ("repeats", "error", "message"),
    [
        (-1, xg.errors.ArgumentError, "repeats must not be negative, but is -1"),
        ([1, -2], xg.errors.ArgumentError, "negative"),
        ([1.0, 2.0], xg.errors.DTypeError, "repeats must be integers"),
        (2.5, xg.errors.DTypeError, "repeats must be integers"),
        ([1, 2, 3], xg.errors.ShapeError, "must have one axis of size 2 or 1"),
        ([[1, 2]], xg.errors.ShapeError, "must have one axis of size 2 or 1"),
    ],
)
def test_wrong_repeats(repeats, error, message, device):
    given = on(device, np.array(repeats)) if isinstance(repeats, list) else repeats
    with pytest.raises(error, match=message):
        xg.repeat(on(device, X), given, axis=0)


def test_repeats_on_another_device():
    strict = pytest.importorskip("array_api_strict", reason="strict: it is not installed")
    repeats = strict.asarray([1, 2])
    with pytest.raises(xg.errors.DeviceMismatchError, match="on different devices"):
        xg.repeat(xg.asarray(X), repeats, axis=0)


# -- tile, roll, diff --------------------------------------------------------------------------


@pytest.mark.parametrize("repetitions", [(), (2,), (2, 3), (2, 1, 3), (0, 2), 2, [1, 2]], ids=str)
@pytest.mark.parametrize("x", [X, np.array(1.0), np.array([[1, 2]]), np.zeros((0, 2))], ids=str)
def test_tile(x, repetitions, device):
    found = xg.tile(on(device, x), repetitions)
    np.testing.assert_array_equal(found.numpy(), np.tile(x, repetitions))


def test_wrong_repetitions():
    with pytest.raises(xg.errors.ArgumentError, match=r"tile: repetitions \(-1,\) has a negative"):
        xg.tile(xg.ones(2), (-1,))
    with pytest.raises(xg.errors.ArgumentTypeError, match="tile: repetitions must be ints"):
        xg.tile(xg.ones(2), (1.5,))


@pytest.mark.parametrize(
    ("shift", "axis"),
    [(1, None), (-7, None), (0, 0), (10, 0), ((1, 2), (0, 1)), (1, (0, 1)), ((1, 1), (0, 0)),
     ((1,), 0), (np.int64(2), -1), ((), ())],
    ids=str,
)  # fmt: skip
def test_roll(shift, axis, device):
    found = xg.roll(on(device, X), shift, axis=axis)
    np.testing.assert_array_equal(found.numpy(), np.roll(X, shift, axis=axis))


def test_roll_what_has_no_axes_or_no_elements(device):
    assert xg.roll(on(device, np.array(2.0)), 1).item() == 2.0
    assert xg.roll(on(device, np.zeros((0, 2))), 1, axis=0).shape == (0, 2)


def test_shifts_that_do_not_match_the_axes():
    with pytest.raises(xg.errors.ArgumentError, match="must have equal lengths"):
        xg.roll(xg.ones((2, 2)), (1, 2), axis=0)
    with pytest.raises(xg.errors.ArgumentError, match="without an axis there must be one"):
        xg.roll(xg.ones((2, 2)), (1, 2))


@pytest.mark.parametrize("n", range(5))
@pytest.mark.parametrize("axis", [0, 1])
def test_diff_as_often_as_asked_for(n, axis, device):
    first, last = np.ones((2, 1)), np.full((2, 2), 7.0)
    if axis == 0:
        first, last = np.ones((1, 3)), np.full((2, 3), 7.0)
    found = xg.diff(on(device, X), n=n, axis=axis)
    np.testing.assert_array_equal(found.numpy(), np.diff(X, n=n, axis=axis))
    ends = {"prepend": on(device, first), "append": on(device, last)}
    found = xg.diff(on(device, X), n=n, axis=axis, **ends)
    # NumPy joins nothing where n is 0, but the standard says how many elements there are.
    joined = np.concatenate([first, X, last], axis=axis)
    np.testing.assert_array_equal(found.numpy(), np.diff(joined, n=n, axis=axis))


@pytest.mark.parametrize("kind", ["bool", "uint8", "int32"])
def test_diff_of_other_dtypes(kind, device):
    x = np.array([1, 0, 0, 1]).astype(kind)
    found = xg.diff(on(device, x)).numpy()
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, np.diff(x))


def test_a_negative_number_of_differences():
    with pytest.raises(xg.errors.ArgumentError, match="n must not be negative, but is -1"):
        xg.diff(xg.ones(2), n=-1)


# -- axes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, -1, (0, 2), (-1, -2), (1, 0), (0, -1), ()], ids=str)
def test_expand_dims(axis, device):
    assert xg.expand_dims(on(device, X), axis=axis).shape == np.expand_dims(X, axis).shape


def test_a_new_axis_out_of_range_is_an_index_error():
    with pytest.raises(IndexError, match="axis 4 is out of range for 3 axes"):
        xg.expand_dims(xg.asarray(X), axis=4)


@pytest.mark.parametrize("axes", [(1, 0), (-1, 0), (-1, -2), (0, 1)], ids=str)
def test_permute_dims_counts_from_the_end_too(axes, device):
    found = xg.permute_dims(on(device, X), axes)
    np.testing.assert_array_equal(found.numpy(), np.transpose(X, axes))


def test_unstack_along_the_last_axis_and_of_nothing(device):
    found = xg.unstack(on(device, X), axis=-1)
    assert [part.tolist() for part in found] == X.T.tolist()
    assert xg.unstack(on(device, np.zeros((0, 2)))) == ()


def test_meshgrid_of_one_array_and_of_none(device):
    assert xg.meshgrid() == ()
    (found,) = xg.meshgrid(on(device, X[0]))
    assert found.tolist() == X[0].tolist()


@pytest.mark.parametrize(
    "shapes", [(), ((2, 1), (3,)), ((0,), (1,)), ((5, 1, 3), (4, 1)), ((), (2,))], ids=str
)
def test_broadcast_shapes(shapes):
    assert xg.broadcast_shapes(*shapes) == np.broadcast_shapes(*shapes)


def test_shapes_that_do_not_broadcast_are_a_value_error():
    with pytest.raises(ValueError, match=r"\(2,\), \(3,\) do not broadcast"):
        xg.broadcast_shapes((2,), (3,))


# -- searchsorted ------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("x2", [3.0, 3, np.array(4.0), np.array([[0.0, 1.0], [3.0, 9.0]])], ids=str)
def test_searchsorted(side, x2, device):
    x1 = np.array([1.0, 3.0, 5.0])
    given = on(device, x2) if isinstance(x2, np.ndarray) else x2
    found = xg.searchsorted(on(device, x1), given, side=side)
    np.testing.assert_array_equal(found.numpy(), np.searchsorted(x1, x2, side=side))


def test_searchsorted_with_the_order_of_an_unsorted_array(device):
    x1, order = np.array([5.0, 1.0, 3.0]), np.array([1, 2, 0])
    found = xg.searchsorted(on(device, x1), on(device, X), sorter=on(device, order))
    np.testing.assert_array_equal(found.numpy(), np.searchsorted(x1, X, sorter=order))


def test_wrong_arguments_of_searchsorted():
    with pytest.raises(xg.errors.ArgumentError, match=r"side must be 'left' or 'right'.*'mid'"):
        xg.searchsorted(xg.ones(2), 1.0, side="mid")
    with pytest.raises(xg.errors.ShapeError, match="x1 must have one axis"):
        xg.searchsorted(xg.ones((2, 2)), 1.0)


def test_dtypes_that_a_library_does_not_promote_are_refused_by_name():
    x = xg.asarray(np.array([1.0, 2.0]), device="array_api_strict:device1")
    with pytest.raises(xg.errors.DTypeError, match=r"result_type: .*int64.*Use astype"):
        xg.concat([x, xg.asarray(np.array([1]), device=x.device)])
