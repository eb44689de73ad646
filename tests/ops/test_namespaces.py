"""xgrad as an array-API namespace, one per backend."""

import inspect

import array_api_compat
import array_api_strict
import numpy as np
import pytest

import xgrad as xg

DTYPES = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128"
)
KINDS = {
    "bool": ["bool"],
    "signed integer": ["int8", "int16", "int32", "int64"],
    "unsigned integer": ["uint8", "uint16", "uint32", "uint64"],
    "real floating": ["float32", "float64"],
    "complex floating": ["complex64", "complex128"],
}


def test_namespace_is_one_hashable_module_with_a_unique_name(device):
    xp = xg.namespace(device.namespace)
    assert inspect.ismodule(xp)
    assert {xp: 1}[xp] == 1
    assert xg.namespace(device.namespace) is xp
    assert xg.namespace(device.backend.name) is xp
    names = {xp.__name__, xg.__name__, device.namespace.__name__, "numpy"}
    assert len(names) == (3 if device.namespace is np else 4)


def test_namespaces_of_wrappers_are_the_same():
    import array_api_compat.numpy

    assert xg.namespace(array_api_compat.numpy) is xg.namespace(np)
    assert xg.namespace(xg.namespace(np)) is xg.namespace(np)
    assert xg.namespace(xg) is xg.namespace(np)


def test_namespace_that_there_is_not():
    with pytest.raises(xg.errors.BackendUnavailableError, match="'nowhere' is no array library"):
        xg.namespace("nowhere")
    with pytest.raises(xg.errors.BackendUnavailableError, match="'inspect' is no array-API"):
        xg.namespace(inspect)
    for value in (None, 3):
        with pytest.raises(TypeError, match="namespace: backend must be"):
            xg.namespace(value)


def test_creation_functions_default_to_the_backend(device):
    xp = xg.namespace(device.namespace)
    home = xg.device(device.backend.device_name(device.backend.parse_device(None)))
    for x in (
        xp.zeros(2),
        xp.ones((2, 3), dtype=xp.float32),
        xp.arange(3),
        xp.linspace(0, 1, 3),
        xp.eye(2),
        xp.full(2, 1.0),
        xp.empty(2),
        xp.asarray([1.0, 2.0]),
        xp.asarray(np.ones(2)),
        xp.from_dlpack(np.ones(2)),
    ):
        assert type(x) is xg.Tensor
        assert x.device == home
        assert xg.array_namespace(x) is xp


def test_creation_functions_take_the_backends_devices(device):
    xp = xg.namespace(device.namespace)
    for d in (device, str(device), device.native):
        assert xp.zeros(2, device=d).device == device
        assert xp.asarray([1.0], device=d).device == device


def test_asarray_of_a_namespace_leaves_its_own_arrays_where_they_are():
    xp = xg.namespace(array_api_strict)
    x = xg.ones(2, device="array_api_strict:device1")
    assert xp.asarray(x).device == x.device
    assert xp.asarray(x.array).device == x.device
    assert xp.asarray([x, x]).device == x.device


def test_creation_functions_follow_the_device_context():
    xp = xg.namespace(array_api_strict)
    with xg.device("array_api_strict:device1"):
        assert str(xp.zeros(2).device) == "array_api_strict:device1"
    with xg.device("cpu"):
        assert str(xp.zeros(2).device) == "array_api_strict:CPU_DEVICE"


def test_dtypes_and_constants_are_the_backends(device):
    xp = xg.namespace(device.namespace)
    for name in DTYPES.split():
        if hasattr(device.namespace, name):
            assert getattr(xp, name) is getattr(device.namespace, name)
    assert (xp.e, xp.pi, xp.inf, xp.newaxis) == (np.e, np.pi, np.inf, None)
    assert np.isnan(xp.nan)


def test_all_lists_what_there_is(device):
    for module in (xg, xg.namespace(device.namespace)):
        assert all(hasattr(module, name) for name in module.__all__)
        assert len(set(module.__all__)) == len(module.__all__)
    own = set(xg.namespace(device.namespace).__all__)
    assert {"sum", "asarray", "matmul", "float32", "pi", "where"} <= own


def standard_functions():
    skip = {"get_array_api_strict_flags", "reset_array_api_strict_flags"}
    skip |= {"set_array_api_strict_flags"}
    return [
        name
        for name, value in vars(array_api_strict).items()
        if inspect.isfunction(value) and not name.startswith("_") and name not in skip
    ]


def test_nothing_of_the_standard_is_missing():
    assert [name for name in standard_functions() if not hasattr(xg, name)] == []


@pytest.mark.parametrize("name", standard_functions())
@pytest.mark.parametrize(
    "module", [xg, xg.namespace(np), xg.namespace(array_api_strict)], ids=["xg", "numpy", "strict"]
)
def test_signatures_are_the_standards(module, name):
    expected = inspect.signature(getattr(array_api_strict, name)).parameters
    found = inspect.signature(getattr(module, name)).parameters
    assert list(found)[: len(expected)] == list(expected)
    more = list(found.values())[len(expected) :]  # xgrad's own options, by name and not needed
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in more)
    for parameter in expected.values():
        mine = found[parameter.name]
        # What the standard takes by name only may be taken by position too, not the other way round.
        assert mine.kind in (parameter.kind, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        if parameter.default is not parameter.empty and "Undef" not in repr(parameter.default):
            assert mine.default == parameter.default


# -- array_namespace -------------------------------------------------------------------------------


def test_a_tensor_knows_its_namespace(device):
    x = xg.zeros(2, device=device)
    xp = xg.namespace(device.namespace)
    assert x.__array_namespace__() is xp
    assert xg.Variable(x).__array_namespace__() is xp
    for version in ("2021.12", "2022.12", "2023.12", "2024.12"):
        assert x.__array_namespace__(api_version=version) is xp


@pytest.mark.parametrize("version", ["2999.12", "1999.01", "latest", 2])
def test_a_version_that_is_none_of_the_standard_is_refused(version):
    with pytest.raises(xg.errors.ArgumentError, match=rf"{version}'?.*Use one of 2021"):
        xg.zeros(2).__array_namespace__(api_version=version)


def test_array_namespace_mixes_tensors_variables_and_arrays(device):
    x = xg.zeros(2, device=device)
    xp = xg.namespace(device.namespace)
    assert xg.array_namespace(x) is xp
    assert xg.array_namespace(x.array) is xp
    assert xg.array_namespace(xg.Variable(x), x, x.array, 1.0, None) is xp


def test_array_namespace_without_arrays_is_the_default_devices(device):
    with device:
        assert xg.array_namespace(1.0, None) is xg.namespace(device.namespace)


def test_array_namespace_of_two_libraries_is_refused():
    y = xg.zeros(2, device="array_api_strict:device1")
    for pair in ((xg.zeros(2), y), (np.zeros(2), y.array)):
        with pytest.raises(xg.errors.DeviceMismatchError, match="numpy and array_api_strict"):
            xg.array_namespace(*pair)


def test_array_namespace_of_something_else_is_refused():
    with pytest.raises(TypeError, match="list is no array"):
        xg.array_namespace([1.0])


def test_array_api_compat_takes_tensors(device):
    x = xg.zeros((2, 3), device=device)
    xp = array_api_compat.array_namespace(x, xg.Variable(x), 1.0)
    assert xp is xg.namespace(device.namespace)
    assert array_api_compat.is_array_api_obj(x)
    assert array_api_compat.device(x) == device
    assert array_api_compat.size(x) == 6
    assert array_api_compat.to_device(x, str(device)).device == device
    assert xp.sum(xp.ones(3, device=array_api_compat.device(x))).item() == 3.0


# -- what a namespace says of itself ---------------------------------------------------------------


@pytest.fixture(params=["xg", "numpy", "array_api_strict", "torch"])
def module(request):
    if request.param == "xg":
        return xg
    return xg.namespace(pytest.importorskip(request.param, reason=f"no {request.param}").__name__)


def test_version_of_the_standard(module):
    assert module.__array_api_version__ >= "2024.12"


def test_info_capabilities(module):
    found = module.__array_namespace_info__().capabilities()
    assert found["boolean indexing"] is True
    assert found["data-dependent shapes"] is True
    assert found["max dimensions"] >= 32


def test_info_devices(module):
    info = module.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert all(isinstance(d, xg.Device) for d in info.devices())
    assert module.zeros(1).device == info.default_device()


def test_info_default_dtypes(module):
    info = module.__array_namespace_info__()
    found = info.default_dtypes(device=info.default_device())
    assert module.zeros(1).dtype == found["real floating"]
    assert module.asarray([1j]).dtype == found["complex floating"]
    assert module.asarray([1]).dtype == found["integral"]
    assert module.argmax(module.zeros(1)).dtype == found["indexing"]


def test_info_default_dtypes_follow_the_default(module):
    with xg.set_default_dtype("float32"):
        found = module.__array_namespace_info__().default_dtypes()
        assert str(found["real floating"]).endswith("float32")
        assert str(found["complex floating"]).endswith("complex64")
        assert module.zeros(1).dtype == found["real floating"]


def test_info_dtypes_by_kind(module):
    info = module.__array_namespace_info__()
    assert list(info.dtypes()) == DTYPES.split()
    for kind, names in KINDS.items():
        assert list(info.dtypes(kind=kind)) == names
        assert all(dtype == getattr(module, n) for n, dtype in info.dtypes(kind=kind).items())
    assert set(info.dtypes(kind="integral")) == set(KINDS["signed integer"]) | set(
        KINDS["unsigned integer"]
    )
    assert len(info.dtypes(kind="numeric")) == 12
    assert len(info.dtypes(kind=("bool", "real floating"))) == 3
    with pytest.raises(ValueError, match="kind 'strange' is unknown"):
        info.dtypes(kind="strange")


def test_info_dtypes_are_what_arrays_say_of_themselves(device):
    names = {
        dtype: name
        for name, dtype in xg.namespace(device.namespace)
        .__array_namespace_info__()
        .dtypes()
        .items()
    }
    for name in ("float32", "int64", "bool"):
        assert names[xg.ones(1, dtype=name, device=device).dtype] == name


def test_info_dtypes_are_those_of_the_device():
    pytest.importorskip("array_api_strict", reason="strict: array_api_strict is not installed")
    info = xg.namespace("array_api_strict").__array_namespace_info__()
    assert "float64" not in info.dtypes(device=xg.device("array_api_strict:no_float64"))
    assert "int64" not in info.dtypes(device=xg.device("array_api_strict:no_x64"))
    assert "float64" in info.dtypes(device=xg.device("array_api_strict:device1"))


def test_info_default_dtypes_are_those_of_the_device():
    strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    info = xg.namespace(strict).__array_namespace_info__()
    found = info.default_dtypes(device=xg.device("array_api_strict:device2"))
    assert found["real floating"] == strict.float32


LIMITS = {"float32": 1.1920929e-07, "float64": 2.220446049250313e-16}


@pytest.mark.parametrize("name", LIMITS)
def test_finfo_gives_numbers_of_python(module, name):
    found = module.finfo(getattr(module, name))
    assert found.eps == pytest.approx(LIMITS[name])
    assert {type(n) for n in (found.eps, found.max, found.min, found.smallest_normal)} == {float}
    assert (type(found.bits), found.bits) == (int, int(name[-2:]))
    assert found.dtype == getattr(module, name)


@pytest.mark.parametrize(("name", "part"), [("complex64", "float32"), ("complex128", "float64")])
def test_finfo_of_a_complex_dtype_is_that_of_its_parts(module, name, part):
    found = module.finfo(getattr(module, name))
    assert found == module.finfo(getattr(module, part))


def test_iinfo_gives_numbers_of_python(module):
    found = module.iinfo(module.uint8)
    assert found == (8, 255, 0, module.uint8)
    assert {type(n) for n in found[:3]} == {int}


def test_sign_of_a_complex_zero_is_zero(module):
    y = module.sign(module.zeros(1, dtype=module.complex128)).numpy()
    assert y[0] == 0
    assert not np.signbit([y[0].real, y[0].imag]).any()
