"""xg.pad: NumPy's meaning for every width and form of arguments, dtypes, errors."""

import numpy as np
import pytest

import xgrad as xg

MODES = ["constant", "edge", "reflect", "symmetric", "wrap"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_every_width_agrees_with_numpy(mode, size):
    x = np.arange(1.0, size + 1)
    for before in range(0, 9, 2):
        for after in range(9):
            found = xg.pad(x, (before, after), mode=mode).numpy()
            np.testing.assert_array_equal(found, np.pad(x, (before, after), mode=mode))


@pytest.mark.parametrize(
    "pad_width",
    [2, (2,), (1, 2), [1, 2], ((1, 2),), ((1, 2), (0, 3)), [[1], [2]], np.array([[1, 2], [0, 3]])],
    ids=repr,
)
@pytest.mark.parametrize("mode", ["constant", "symmetric"])
def test_every_form_of_widths_agrees_with_numpy(pad_width, mode):
    x = np.arange(6.0).reshape(2, 3)
    found = xg.pad(x, pad_width, mode=mode).numpy()
    np.testing.assert_array_equal(found, np.pad(x, pad_width, mode=mode))


def test_a_dict_names_the_axes_to_pad():
    x = np.arange(6.0).reshape(2, 3)
    found = xg.pad(x, {-1: (1, 2), 0: 1}).numpy()
    np.testing.assert_array_equal(found, np.pad(x, ((1, 1), (1, 2))))


@pytest.mark.parametrize("values", [3, (3, 4), ((3, 4),), ((3, 4), (5, 6)), [[3], [5]]], ids=repr)
def test_every_form_of_constants_agrees_with_numpy(values):
    x = np.arange(6).reshape(2, 3)
    found = xg.pad(x, 1, constant_values=values).numpy()
    np.testing.assert_array_equal(found, np.pad(x, 1, constant_values=values))
    assert found.dtype == x.dtype


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["bool", "int32", "float32", "complex64"])
def test_dtypes_are_kept_on_every_device(mode, kind, device):
    x = np.array([[0, 1, 1], [1, 0, 1]]).astype(kind)
    found = xg.pad(xg.asarray(x, device=device), ((1, 0), (0, 2)), mode=mode)
    assert found.device == device
    assert found.numpy().dtype == x.dtype
    np.testing.assert_array_equal(found.numpy(), np.pad(x, ((1, 0), (0, 2)), mode=mode))


def test_a_constant_takes_the_dtype_of_x_and_gets_a_gradient_of_its_own():
    x, c = xg.ones(2, dtype=xg.float32), xg.asarray(5.0)
    with xg.GradientTape() as tape:
        tape.watch([x, c])
        y = xg.pad(x, (1, 2), constant_values=c)
    assert y.dtype == xg.float32
    gx, gc = tape.gradient(y, [x, c])
    assert gx.tolist() == [1.0, 1.0]
    assert (gc.item(), gc.dtype) == (3.0, xg.float64)


def test_padding_keeps_no_array():
    x = xg.ones((3, 3))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.pad(x, 2, mode="reflect")
    nodes = [y.node]
    while nodes:
        node = nodes.pop()
        assert not any(hasattr(kept, "strides") for kept in node.saved)
        nodes.extend(p for p in node.parents if p is not None)


def test_a_result_is_a_handle_of_its_own():
    x = xg.asarray([1.0, 2.0])
    for mode in MODES:
        y = xg.pad(x, 0, mode=mode)
        y += 1.0
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((1,), {"mode": "mean"}, xg.errors.ArgumentError, "mode must be one of .*'mean'"),
        ((-1,), {}, xg.errors.ArgumentError, r"must not be negative.*\(-1, -1\).*Use slices"),
        ((1.5,), {}, xg.errors.ArgumentTypeError, r"pad_width must be ints.*\(1\.5, 1\.5\)"),
        (((1, 2, 3),), {}, xg.errors.ShapeError, "where there should be one value or a pair"),
        ((((1, 2),) * 3,), {}, xg.errors.ShapeError, r"has 3 pairs, but x \(2, 2\).* has 2 axes"),
        (({2: 1},), {}, xg.errors.ShapeError, "axis 2 is out of range for 2 axes"),
        ((1,), {"constant_values": 1j}, xg.errors.DTypeError, "cannot become float64"),
        ((1,), {"constant_values": xg.ones((2, 2, 2))}, xg.errors.ShapeError, "without axes"),
    ],
)
def test_wrong_arguments(arguments, options, error, message):
    with pytest.raises(error, match=message):
        xg.pad(xg.ones((2, 2)), *arguments, **options)


@pytest.mark.parametrize("mode", MODES[1:])
def test_nothing_to_copy(mode):
    with pytest.raises(xg.errors.ShapeError, match=r"has nothing to copy along axis 0"):
        xg.pad(xg.ones((0, 2)), 1, mode=mode)
    assert xg.pad(xg.ones((0, 2)), ((0, 0), (1, 0)), mode=mode).shape == (0, 3)
