"""Attributes, conversions and printing of Tensors."""

import copy
import operator
import pickle

import numpy as np
import pytest

import xgrad as xg

VALUES = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def test_array_is_the_wrapped_array_itself():
    a = np.ones(3)
    assert xg.asarray(a).array is a


def test_attributes(device):
    x = xg.asarray(VALUES, device=device, dtype=xg.float32)
    assert x.shape == (2, 3)
    assert x.ndim == 2
    assert x.size == 6
    assert x.device == device
    assert x.dtype == device.namespace.float32
    assert all(type(n) is int for n in (*x.shape, x.ndim, x.size))


def test_attributes_need_no_values(any_device):
    x = xg.zeros((2, 3), device=any_device)
    assert (x.shape, x.ndim, x.size, x.device) == ((2, 3), 2, 6, any_device)


def test_transposes(device):
    x = xg.asarray(VALUES, device=device)
    np.testing.assert_array_equal(x.T.numpy(), np.array(VALUES).T)
    np.testing.assert_array_equal(x.mT.numpy(), np.array(VALUES).T)
    stack = xg.reshape(x, (2, 1, 3))
    assert stack.mT.shape == (2, 3, 1)


def test_transpose_needs_a_matrix():
    with pytest.raises(
        xg.errors.ShapeError, match=r"T: x \(2,\) float64 on cpu must have two axes"
    ):
        xg.ones(2).T  # noqa: B018
    with pytest.raises(xg.errors.ShapeError, match=r"mT: x \(2,\).*at least two axes"):
        xg.ones(2).mT  # noqa: B018


def test_transposes_are_followed():
    x = xg.Variable(VALUES)
    with xg.GradientTape() as tape:
        y = xg.sum(x.T * np.arange(6.0).reshape(3, 2)) + xg.sum(x.mT)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), np.arange(6.0).reshape(3, 2).T + 1)


def test_numpy_is_a_host_copy(device):
    x = xg.asarray(VALUES, device=device, dtype=xg.float32)
    host = x.numpy()
    assert type(host) is np.ndarray
    assert host.dtype == np.float32
    host[:] = 0
    np.testing.assert_array_equal(x.numpy(), VALUES)


@pytest.mark.parametrize("value", [True, 3, 2.5, 1 - 2j])
def test_item_is_a_python_scalar(device, value):
    item = xg.asarray(value, device=device).item()
    assert type(item) is type(value)
    assert item == value


def test_item_needs_one_element():
    assert xg.ones((1, 1)).item() == 1.0
    with pytest.raises(ValueError, match=r"item: x \(2,\) float64 on cpu must have exactly one"):
        xg.ones(2).item()


def test_tolist(device):
    assert xg.asarray(VALUES, device=device).tolist() == VALUES
    assert xg.asarray(1.5, device=device).tolist() == 1.5


def test_to_device_keeps_value_and_dtype(device):
    x = xg.asarray(VALUES, dtype=xg.float32)
    there = x.to_device(device)
    assert there.device == device
    assert there.dtype == device.namespace.float32
    back = there.to_device("cpu")
    assert back.device == xg.device("cpu")
    np.testing.assert_array_equal(back.numpy(), VALUES)


def test_to_device_sends_the_gradient_back(device):
    x = xg.Variable(VALUES)
    with xg.GradientTape() as tape:
        y = xg.sum(x.to_device(device) ** 2)
    g = tape.gradient(y, x)
    assert g.device == xg.device("cpu")
    np.testing.assert_allclose(g.numpy(), 2 * np.array(VALUES))


def test_astype_converts_and_is_followed(device):
    x = xg.Variable(VALUES, device=device, dtype=xg.float64)
    with xg.GradientTape() as tape:
        y = x.astype(xg.float32)
        z = xg.sum(y * y)
    assert y.dtype == device.namespace.float32
    g = tape.gradient(z, x)
    assert g.dtype == device.namespace.float64
    np.testing.assert_allclose(g.numpy(), 2 * np.array(VALUES))


def test_astype_copies_unless_told_not_to():
    x = xg.ones(2)
    assert x.astype(xg.float64).array is not x.array
    assert x.astype(xg.float64, copy=False).array is x.array


def test_astype_from_complex_to_real_is_refused():
    with pytest.raises(xg.errors.DTypeError, match="is complex and float64 is not"):
        xg.asarray([1j]).astype(xg.float64)


def test_conversions_to_python(device):
    x = xg.asarray(2.0, device=device)
    assert float(x) == 2.0
    assert int(x) == 2
    assert complex(x) == 2 + 0j
    assert bool(x) is True
    assert operator.index(xg.asarray(3, device=device)) == 3
    assert [10, 20, 30][xg.asarray(1, device=device)] == 20


def test_conversions_need_one_element_of_a_fitting_dtype():
    with pytest.raises(ValueError, match=r"bool: x \(2,\) float64 on cpu must have exactly one"):
        bool(xg.ones(2))
    with pytest.raises(TypeError, match="complex"):
        float(xg.asarray(1j))
    with pytest.raises(TypeError, match="an index must be an integer"):
        operator.index(xg.asarray(1.0))


def test_len_and_iteration(device):
    x = xg.asarray(VALUES, device=device)
    assert len(x) == 2
    rows = list(x)
    assert [row.shape for row in rows] == [(3,), (3,)]
    np.testing.assert_array_equal(rows[1].numpy(), VALUES[1])


def test_iteration_is_followed():
    x = xg.Variable([1.0, 2.0, 3.0])
    with xg.GradientTape() as tape:
        first, second, third = x
        y = first * second + third
    assert tape.gradient(y, x).tolist() == [2.0, 1.0, 1.0]


def test_a_tensor_without_axes_has_no_length():
    with pytest.raises(TypeError, match="without axes"):
        len(xg.asarray(1.0))
    with pytest.raises(TypeError, match="without axes"):
        iter(xg.asarray(1.0))


def test_contains():
    assert 2.0 in xg.asarray(VALUES)
    assert 7.0 not in xg.asarray(VALUES)


def test_hash_is_by_identity():
    x, y = xg.ones(2), xg.ones(2)
    assert hash(x) != hash(y)
    assert {x: 1, y: 2}[x] == 1


def test_repr_shows_value_shape_dtype_and_device():
    assert (
        repr(xg.asarray([2.0, 4.0])) == "xg.Tensor([2., 4.], shape=(2,), dtype=float64, device=cpu)"
    )
    strict = xg.asarray([1, 2], device="array_api_strict:device1")
    assert (
        repr(strict)
        == "xg.Tensor([1, 2], shape=(2,), dtype=int64, device=array_api_strict:device1)"
    )


def test_repr_lines_rows_up():
    assert str(xg.asarray(VALUES)).splitlines() == [
        "xg.Tensor([[1., 2., 3.],",
        "           [4., 5., 6.]], shape=(2, 3), dtype=float64, device=cpu)",
    ]


def test_repr_abbreviates_large_arrays():
    text = repr(xg.zeros((1000, 1000)))
    assert "..." in text
    assert len(text) < 1000


def test_repr_without_values_does_not_fail(meta):
    text = repr(xg.zeros(2, device=meta))
    assert text.startswith("xg.Tensor(<")
    assert text.endswith("shape=(2,), dtype=float32, device=torch:meta)")


def test_repr_is_allowed_while_followed():
    x = xg.Variable([1.0])
    with xg.GradientTape():
        assert "[2.]" in repr(x * 2)


def test_format_of_one_element_takes_a_number_format():
    assert f"{xg.asarray(1.2345):.2f}" == "1.23"
    assert f"{xg.asarray([1.2345]):8.1e}" == " 1.2e+00"
    assert f"{xg.ones(2)}" == repr(xg.ones(2))


@pytest.mark.parametrize("dtype", ["float32", "int16", "complex64", "bool"])
def test_pickle_goes_by_value(device, dtype):
    x = xg.asarray([[1, 0]], dtype=dtype, device=device)
    y = pickle.loads(pickle.dumps(x))
    assert type(y) is xg.Tensor
    assert (y.shape, y.dtype, y.device) == (x.shape, x.dtype, x.device)
    np.testing.assert_array_equal(y.numpy(), x.numpy())


def test_copy_is_another_handle_of_the_same_value():
    x = xg.ones(2)
    y = copy.copy(x)
    assert y.array is x.array
    y[0] = 5.0
    assert x.tolist() == [1.0, 1.0]


def test_deepcopy_is_followed(device):
    x = xg.ones(2, device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = copy.deepcopy(x)
        z = xg.sum(y * y)
    assert y.array is not x.array
    assert tape.gradient(z, x).tolist() == [2.0, 2.0]


def test_deepcopy_of_a_nest_keeps_what_is_shared():
    x = xg.ones(2)
    one, two = copy.deepcopy([x, x])
    assert one is two


def test_subclasses_of_ndarray_become_plain():
    class Mine(np.ndarray):
        pass

    x = xg.asarray(np.ones(2).view(Mine))
    assert type(x.array) is np.ndarray


def test_masked_arrays_are_refused_because_the_mask_would_be_lost():
    with pytest.raises(TypeError, match="lose its mask"):
        xg.asarray(np.ma.masked_array([1.0, 2.0], [True, False]))


REDUCTIONS = [xg.sum, xg.prod, xg.mean, xg.max, xg.min, xg.std, xg.var]
REDUCTIONS += [xg.all, xg.any, xg.argmax, xg.argmin, xg.count_nonzero]


@pytest.mark.parametrize("f", REDUCTIONS)
def test_reductions_give_arrays_and_never_numpy_scalars(f):
    y = f(xg.asarray([1.0, 2.0]))
    assert type(y.array) is np.ndarray
    assert y.shape == ()


WITHOUT_AXES = {
    "index": lambda x: x[0],
    "index_with_ellipsis": lambda x: x[0, ...],
    "add": lambda x: x[0] + 1.0,
    "multiply": lambda x: x[0] * x[1],
    "negative": lambda x: -x[0],
    "power": lambda x: x[0] ** 2,
    "power_of_a_number": lambda x: 2.0 ** x[0],
    "matmul": lambda x: x @ x,
    "greater": lambda x: x[0] > 0,
    "vecdot": lambda x: xg.vecdot(x, x),
    "where": lambda x: xg.where(x[0] > 0, x[0], 0.0),
    "clip": lambda x: xg.clip(x[0], 0.0, 1.0),
    "take": lambda x: xg.take(x, xg.asarray(0)),
    "sin": lambda x: xg.sin(x[0]),
    "astype": lambda x: x[0].astype(xg.float32),
    "reshape": lambda x: xg.reshape(x[:1], ()),
    "unstack": lambda x: xg.unstack(x)[0],
    "numpy_scalar": lambda x: np.float64(2.0) * x[0],
    "abs": lambda x: abs(x[0]),
    "setitem": lambda x: x[0].at[...].set(3.0),
    "copy": lambda x: xg.asarray(x[0], copy=True),
    "stop_gradient": lambda x: xg.stop_gradient(x[0]),
    "cumulative": lambda x: xg.cumulative_sum(x)[1],
}


@pytest.mark.parametrize("f", list(WITHOUT_AXES.values()), ids=WITHOUT_AXES)
def test_results_without_axes_are_arrays(f):
    y = f(xg.asarray([1.0, 2.0]))
    assert type(y) is xg.Tensor
    assert type(y.array) is np.ndarray
    assert y.shape == ()


def test_gradients_of_results_without_axes_are_arrays():
    x = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = x * x
    assert type(tape.gradient(y, x).array) is np.ndarray


@pytest.mark.parametrize("value", [xg.ones(2), xg.Variable(1.0), [1.0, 2.0], 3.0, None, "a"])
def test_the_class_takes_arrays_alone(value):
    with pytest.raises(TypeError, match=r"Tensor: array must be an array.*Use xg\.asarray"):
        xg.Tensor(value)


def test_the_class_wraps_an_array_as_it_is():
    a = np.ones(3)
    assert xg.Tensor(a).array is a


@pytest.mark.parametrize("args", [("a", "b"), ("cpu",), (None, None)])
def test_devices_are_made_by_name(args):
    with pytest.raises(TypeError, match=r"Use xg\.device\(name\)"):
        xg.Device(*args)


def test_a_number_that_is_no_place_is_refused_as_an_index():
    with pytest.raises(xg.errors.DTypeError, match="index array must be integer"):
        xg.ones(3)[np.float32(2.0)]


def test_the_class_holds_no_subclasses_and_no_scalars():
    assert type(xg.Tensor(np.float32(2.0)).array) is np.ndarray
    with pytest.raises(TypeError, match="would lose its mask"):
        xg.Tensor(np.ma.array([1.0], mask=[True]))


def test_a_masked_array_in_a_list_is_not_taken_without_its_mask():
    with pytest.raises(TypeError, match="would lose its mask"):
        xg.asarray([np.ma.array([1.0, 2.0], mask=[True, False])])
