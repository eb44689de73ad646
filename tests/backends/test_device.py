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
        ("nowhere", r"no device 'nowhere'\. Use .*xg\.devices"),
        ("nowhere:3", r"no device 'nowhere:3'\. Use"),
        ("", r"no device ''\. Use"),
        ("math", r"no device 'math'\. Use"),
        ("xgrad", r"no device 'xgrad'\. Use"),
        ("gpu", r"no device 'gpu'\. Did you mean 'cuda'\?"),
        ("GPU:1", r"Did you mean 'cuda:1'\?"),
        ("/GPU:0", r"Did you mean 'cuda:0'\?"),
        ("/job:localhost/replica:0/task:0/device:GPU:2", r"Did you mean 'cuda:2'\?"),
        ("CPU", r"Did you mean 'cpu'\?"),
        ("/cpu:0", r"Did you mean 'cpu'\?"),
        ("mps", r"Did you mean 'torch:mps'\?"),
        ("tpu", r"Did you mean 'jax'\?"),
        ("cdua", r"Did you mean 'cuda'\?"),
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


@pytest.fixture
def strangers_module(tmp_path, monkeypatch):
    """The name of a module that can be imported, and must not be."""
    (tmp_path / "stranger.py").write_text("raise SystemExit('it was run')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "stranger"


def test_names_of_no_known_library_are_not_imported(strangers_module):
    for f in (
        lambda: xg.device(strangers_module),
        lambda: xg.zeros(2, device=f"{strangers_module}:0"),
        lambda: xg.namespace(strangers_module),
        lambda: xg.function(lambda x: x, backend=strangers_module),
    ):
        with pytest.raises(xg.errors.BackendUnavailableError, match="'stranger") as error:
            f()
        assert "pip" not in str(error.value)
    assert strangers_module not in sys.modules


def test_imported_namespaces_are_devices_by_name(monkeypatch):
    module = types.ModuleType("of_my_own")
    module.__dict__.update(vars(np))
    monkeypatch.setitem(sys.modules, "of_my_own", module)
    registry = sys.modules["xgrad.backends.registry"]
    monkeypatch.setattr(registry, "_BY_NAME", dict(registry._BY_NAME))
    assert xg.device("of_my_own").namespace is module


NO_DEVICES = {
    "int": 3,
    "zero": 0,
    "bool": False,
    "bytes": b"cuda",
    "module": np,
    "array": np.ones(2),
    "tensor": xg.ones(2),
}


@pytest.mark.parametrize("name", [None, *NO_DEVICES.values()], ids=["None", *NO_DEVICES])
def test_what_is_no_device_is_refused(name):
    with pytest.raises(xg.errors.ArgumentTypeError, match=f"but is {type(name).__name__}: "):
        xg.device(name)
    with pytest.raises(xg.errors.ArgumentTypeError, match=f"but is {type(name).__name__}: "):
        xg.set_default_device(name)
    assert xg.default_device() == xg.device("cpu")


@pytest.mark.parametrize("wrong", NO_DEVICES.values(), ids=NO_DEVICES)
def test_device_arguments_refuse_what_is_no_device(wrong, tmp_path):
    x = xg.asarray([1.0])
    xg.save(tmp_path / "x.safetensors", x)
    for f in (
        lambda: xg.zeros(2, device=wrong),
        lambda: xg.asarray([1.0], device=wrong),
        lambda: xg.asarray(x, device=wrong),
        lambda: xg.zeros_like(x, device=wrong),
        lambda: xg.namespace(np).zeros(2, device=wrong),
        lambda: xg.from_dlpack(np.ones(2), device=wrong),
        lambda: xg.Variable([1.0], device=wrong),
        lambda: x.to_device(wrong),
        lambda: xg.GradientTape(device=wrong),
        lambda: xg.function(lambda x: x, device=wrong),
        lambda: xg.random.Generator(0, device=wrong),
        lambda: xg.data.Batches(np.ones(4), 2, device=wrong),
        lambda: xg.load(tmp_path / "x.safetensors", device=wrong),
    ):
        with pytest.raises(xg.errors.ArgumentTypeError, match=r"a device must be .* but is .*Use"):
            f()


def test_device_objects_of_libraries_are_devices(any_device):
    if any_device.native != "cpu":
        assert xg.device(any_device.native) == any_device
    array = any_device.namespace.zeros(2, device=any_device.native)
    x = xg.asarray(array)
    assert xg.asarray(array, device=any_device.native).device == any_device
    assert x.to_device(any_device.native).device == any_device
    assert xg.zeros_like(x, device=any_device.native).device == any_device
    xp = xg.namespace(any_device.namespace)
    assert xp.zeros(2, device=any_device.native).device == any_device


def test_device_objects_of_other_libraries_are_obeyed(other_device):
    assert xg.zeros(2, device=other_device.native).device == other_device
    assert xg.ones(2).to_device(other_device.native).device == other_device
    assert xg.Variable([1.0], device=other_device.native).device == other_device


def test_device_objects_that_cannot_be_used_say_why():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    with pytest.raises(xg.errors.BackendUnavailableError, match="no usable device 'mps'"):
        xg.zeros(2, device=torch.device("mps"))


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


def test_bfloat16_goes_to_torch_and_back():
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    torch = pytest.importorskip("torch", reason="torch is not installed")
    values = np.array([1.5, -2.0], ml_dtypes.bfloat16)
    for moved in (
        xg.asarray(values).to_device("torch:cpu"),
        xg.asarray(values, device="torch:cpu"),
    ):
        assert moved.dtype == torch.bfloat16
        back = moved.to_device("cpu")
        assert back.dtype == values.dtype
        assert back.tolist() == [1.5, -2.0]


def test_survey_of_bfloat16_counts_what_is_not_finite():
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    x = xg.asarray(np.array([1.5, np.nan, np.inf], ml_dtypes.bfloat16))
    message = "from 1.5 to 1.5, 1 NaN, 1 infinite; the first at"
    with pytest.raises(xg.errors.NumericsError, match=message):
        xg.debugging.check_numerics(x, "x")
