"""DLPack in and out, without a copy: with NumPy, array_api_strict, torch and JAX."""

import copy
import pickle

import numpy as np
import pytest

import xgrad as xg

VALUES = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture
def jax():
    return pytest.importorskip("jax", reason="jax is not installed")


def address(array):
    return array.__array_interface__["data"][0]


def aligned(dtype="float32"):
    """An array at an address that every library shares: JAX copies what is not aligned to 64."""
    room = np.empty(256, dtype="uint8")
    start = -address(room) % 64
    array = room[start : start + 6 * np.dtype(dtype).itemsize].view(dtype).reshape(2, 3)
    array[...] = VALUES
    return array


def test_torch_shares_the_memory_of_a_tensor(torch):
    x = xg.asarray(VALUES)
    for y in (torch.from_dlpack(x), torch.asarray(x), torch.as_tensor(x)):
        assert y.data_ptr() == address(x.array)
        assert y.tolist() == VALUES
        assert not y.requires_grad


def test_tensor_shares_the_memory_of_torch(torch):
    y = torch.tensor(VALUES, dtype=torch.float64)
    x = xg.from_dlpack(y)
    assert address(x.array) == y.data_ptr()
    assert str(x.device) == "cpu"
    y[0, 0] = 9.0
    assert float(x[0, 0]) == 9.0


def test_tensor_over_torch_keeps_torchs_memory_both_ways(torch):
    y = torch.tensor(VALUES)
    x = xg.asarray(y)
    assert x.array is y
    assert torch.from_dlpack(x).data_ptr() == y.data_ptr()
    assert address(np.from_dlpack(x)) == y.data_ptr()


def test_torch_tensor_that_requires_gradients_is_refused(torch):
    y = torch.tensor(VALUES, requires_grad=True)
    with pytest.raises((BufferError, RuntimeError)):
        xg.from_dlpack(y)


def test_jax_shares_the_memory_of_a_tensor(jax):
    x = xg.asarray(aligned())
    y = jax.numpy.from_dlpack(x)
    assert y.unsafe_buffer_pointer() == address(x.array)
    assert y.tolist() == VALUES


def test_tensor_shares_the_memory_of_jax(jax):
    y = jax.numpy.asarray(VALUES)
    x = xg.from_dlpack(y)
    assert address(x.array) == y.unsafe_buffer_pointer()
    assert x.tolist() == VALUES


def test_jax_arrays_that_came_in_are_never_written_to(jax):
    y = jax.numpy.asarray(VALUES)
    x = xg.from_dlpack(y)
    x[0, 0] = 9.0
    assert float(x[0, 0]) == 9.0
    assert y.tolist() == VALUES


@pytest.mark.parametrize("dtype", ["int32", "float32", "float64", "complex64", "bool"])
def test_dtypes_go_both_ways(torch, dtype):
    x = xg.asarray(np.ones((2, 3)).astype(dtype))
    y = torch.from_dlpack(x)
    back = xg.from_dlpack(y)
    assert str(y.dtype) == f"torch.{dtype}"
    assert back.dtype == x.dtype
    np.testing.assert_array_equal(back.numpy(), x.numpy())


PARTS = {"columns": lambda x: x[:, ::2], "transpose": lambda x: x.T, "row": lambda x: x[1]}


@pytest.mark.parametrize("part", list(PARTS.values()), ids=PARTS)
def test_strides_go_out(torch, part):
    x = part(xg.asarray(np.arange(12.0).reshape(3, 4)))
    np.testing.assert_array_equal(torch.from_dlpack(x).numpy(), x.numpy())


def test_from_dlpack_copies_on_request(torch):
    y = torch.tensor(VALUES)
    assert address(xg.from_dlpack(y, copy=True).array) != y.data_ptr()
    assert address(xg.from_dlpack(y, copy=False).array) == y.data_ptr()


def test_from_dlpack_to_another_device():
    x = xg.from_dlpack(np.ones(2), device="array_api_strict:device1")
    assert str(x.device) == "array_api_strict:device1"
    assert x.tolist() == [1.0, 1.0]


def test_what_does_not_speak_dlpack_is_refused():
    with pytest.raises(TypeError, match="a list without __dlpack__"):
        xg.from_dlpack([1.0])


def test_dlpack_of_a_followed_tensor_is_refused_on_both_sides(torch):
    v = xg.Variable(VALUES)
    with xg.GradientTape(), pytest.raises(TypeError, match="followed by an active GradientTape"):
        torch.from_dlpack(v * 1.0)
    with xg.GradientTape(), pytest.raises(TypeError, match="followed by an active GradientTape"):
        xg.from_dlpack(v)


def test_there_is_no_way_around_the_guard():
    """Whatever NumPy, CuPy or a buffer's consumer would look for first is not there."""
    v = xg.Variable(VALUES)
    for name in (
        "__array_interface__",
        "__array_struct__",
        "__cuda_array_interface__",
        "__cupy_get_ndarray__",
        "__buffer__",
    ):
        assert not hasattr(v, name)
        assert not hasattr(xg.ones(2), name)
    for take in (memoryview, bytearray):
        with pytest.raises(TypeError):
            take(xg.ones(2))


def test_pickles_forget_the_past_and_keep_value_dtype_and_device(device):
    v = xg.Variable(VALUES, dtype=xg.float32, device=device, name="v")
    with xg.GradientTape() as tape:
        y = v * v
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps({"y": y, "v": v}, protocol))
            assert again["y"].node is None
            assert again["y"].dtype == y.dtype
            assert again["y"].device == device
            assert again["y"].tolist() == y.tolist()
            assert again["v"].name == "v"
        z = xg.sum(again["y"])
    assert tape.gradient(z, v) is None


def test_deep_copies_of_nests_are_followed_and_shallow_ones_share():
    v = xg.Variable(VALUES)
    with xg.GradientTape() as tape:
        nest = {"a": [v * 2.0], "b": (v * 3.0,)}
        deep, shallow = copy.deepcopy(nest), copy.copy(nest)
        deep["a"][0][0] = 0.0
        y = xg.sum(deep["a"][0]) + xg.sum(shallow["b"][0])
    assert tape.gradient(y, v).tolist() == [[3.0, 3.0, 3.0], [5.0, 5.0, 5.0]]
    assert float(nest["a"][0][0, 0]) == 2.0
