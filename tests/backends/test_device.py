"""Devices: names, equality, what is not there, and xg.devices()."""

import copy
import pickle
import sys
import types

import numpy as np
import pytest

import xgrad as xg


def test_str_gives_the_name_back(any_device):
    assert str(xg.device(str(any_device))) == str(any_device)
    assert repr(any_device) == f"xg.device('{any_device}')"


def test_equality_and_hash(any_device):
    again = xg.device(str(any_device))
    assert again == any_device
    assert hash(again) == hash(any_device)
    assert any_device == str(any_device)
    assert any_device != "elsewhere"
    assert any_device != 3
    assert len({any_device, again}) == 1
    assert xg.device(any_device) is any_device


def test_devices_of_arrays_are_equal_to_those_of_names(any_device):
    assert xg.zeros(1, device=any_device).device == any_device


def test_namespace_and_native(any_device):
    x = any_device.namespace.zeros(2, device=any_device.native)
    assert xg.asarray(x).device == any_device
    assert hasattr(any_device.namespace, "__array_namespace_info__")


def test_cpu_is_numpy():
    assert xg.device("cpu").namespace is np
    assert xg.device("cpu").native == "cpu"
    assert str(xg.device("cpu:0")) == "cpu"
    assert str(xg.device("numpy")) == "cpu"


def test_a_library_alone_is_its_default_device():
    assert str(xg.device("array_api_strict")) == "array_api_strict:CPU_DEVICE"


def test_devices_travel(any_device):
    assert pickle.loads(pickle.dumps(any_device)) == any_device
    assert copy.deepcopy(any_device) == any_device


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere", "the library 'nowhere' is not installed"),
        ("nowhere:3", "the library 'nowhere' is not installed"),
        ("", "is not installed"),
        ("math", "'math' is no array-API namespace"),
        ("cpu:1", "there is one cpu, but cpu:1"),
        ("array_api_strict:device7", "array_api_strict has no device 'device7'; it has .*device1"),
    ],
)
def test_unknown_devices_say_why(name, reason):
    with pytest.raises(xg.errors.BackendUnavailableError, match=reason):
        xg.device(name)


def test_bfloat16_of_torch_can_be_looked_at():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = xg.asarray(torch.asarray([1.0, -2.5], dtype=torch.bfloat16))
    assert x.numpy().tolist() == x.tolist() == [1.0, -2.5]
    assert float(x[1]) == -2.5
    assert repr(x) == "xg.Tensor([ 1. , -2.5], shape=(2,), dtype=bfloat16, device=torch:cpu)"


def test_unknown_devices_of_torch_say_why():
    pytest.importorskip("torch", reason="torch is not installed")
    with pytest.raises(xg.errors.BackendUnavailableError, match="torch has no usable device 'foo'"):
        xg.device("torch:foo")


@pytest.mark.parametrize("name", [None, 3, np], ids=["NoneType", "int", "module"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(TypeError, match=f"name must be .*, but is {type(name).__name__}"):
        xg.device(name)


@pytest.fixture
def without_cupy(monkeypatch):
    """A machine without cupy, whatever this one has."""
    _forget_cupy(monkeypatch)
    monkeypatch.setitem(sys.modules, "cupy", None)


def _forget_cupy(monkeypatch):
    registry = sys.modules["xgrad.backends.registry"]
    device = sys.modules["xgrad.backends.device"]
    names = {k: v for k, v in registry._BY_NAME.items() if k != "cupy"}
    monkeypatch.setattr(registry, "_BY_NAME", names)
    found = {k: v for k, v in device._by_name.items() if not k.startswith("cu")}
    monkeypatch.setattr(device, "_by_name", found)


@pytest.mark.usefixtures("without_cupy")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cupy"])
def test_cuda_without_cupy_names_the_extras(name):
    with pytest.raises(xg.errors.BackendUnavailableError, match=r"cupy is not installed.*cuda13"):
        xg.device(name)


@pytest.mark.usefixtures("without_cupy")
def test_device_arguments_say_the_same():
    for make in (
        lambda: xg.zeros(2, device="cuda"),
        lambda: xg.Variable(1.0, device="cuda"),
        lambda: xg.ones(2).to_device("cuda"),
        lambda: xg.GradientTape(device="cuda"),
        lambda: xg.namespace("cupy"),
        lambda: xg.set_default_device("cuda"),
    ):
        with pytest.raises(xg.errors.BackendUnavailableError, match="cupy is not installed"):
            make()
    assert xg.default_device() == xg.device("cpu")


@pytest.mark.usefixtures("without_cupy")
def test_devices_without_cupy():
    assert xg.devices() == [xg.device("cpu")]


@pytest.mark.parametrize(
    "error", [RuntimeError, OSError, AttributeError, ImportError, ValueError, SystemError]
)
def test_devices_never_raises(error, monkeypatch):
    class Cupy(types.ModuleType):
        def __getattr__(self, name):
            raise error(f"no {name}")

    _forget_cupy(monkeypatch)
    monkeypatch.setitem(sys.modules, "cupy", Cupy("cupy"))
    assert xg.devices() == [xg.device("cpu")]


def test_devices_lists_cpu_first():
    assert xg.devices()[0] == xg.device("cpu")


def test_two_devices_in_one_operation_are_both_named(other_device):
    here, there = xg.ones(2), xg.ones(2, device=other_device)
    for f in (
        lambda: here + there,
        lambda: xg.stack([here, there]),
        lambda: xg.where(here > 0, here, there),
        lambda: xg.matmul(there, here),
        lambda: there.at[0].set(xg.asarray(1.0)),
        lambda: there[xg.asarray([0])],
        lambda: xg.Variable(here).assign(there),
    ):
        with pytest.raises(xg.errors.DeviceMismatchError) as error:
            f()
        assert "on cpu" in str(error.value)
        assert str(other_device) in str(error.value)


def test_two_devices_of_one_library_are_both_named():
    one = xg.ones(2, device="array_api_strict:device1")
    two = xg.ones(2, device="array_api_strict:device2")
    with pytest.raises(xg.errors.DeviceMismatchError, match=r"device1 and .*device2"):
        one + two
    with pytest.raises(xg.errors.DeviceMismatchError, match=r"device1 and .*device2"):
        xg.concat([one, two])


def test_jax_arrays_are_tensors_too():
    jax = pytest.importorskip("jax", reason="jax is not installed")
    x = xg.asarray(jax.numpy.asarray([1.0, 2.0]))
    assert str(x.device) == "jax:cpu:0"
    assert xg.device("jax") == x.device
    v = xg.Variable(x)
    with xg.GradientTape() as tape:
        y = xg.sum(xg.sin(v) * 2.0)
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), 2 * np.cos([1.0, 2.0]), rtol=1e-6)
