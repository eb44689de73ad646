"""New Tensors: from values, arrays, Tensors and nothing; default dtype and device."""

import threading

import array_api_strict
import numpy as np
import pytest

import xgrad as xg


class OnlyDLPack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class OnlyArray:
    def __array__(self, dtype=None, copy=None):
        return np.ones(2)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


@pytest.mark.parametrize(
    "value",
    [True, 3, 2.5, 1j, [], [1, 2], [[1.0], [2.0]], ((1, 2), [3, 4]), range(3), [True, False]],
    ids=str,
)
def test_python_values_become_what_the_library_makes_of_them(value, device):
    x = xg.asarray(value, device=device)
    expected = np.asarray(value)
    assert x.device == device
    assert x.shape == expected.shape
    np.testing.assert_array_equal(x.numpy(), expected)


def test_dtype_and_device_of_python_values(device):
    x = xg.asarray([1, 2], dtype=xg.float32, device=device)
    assert x.dtype == device.namespace.float32
    assert x.device == device


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("f4")], ids=repr)
def test_a_dtype_of_any_library_will_do(dtype, device):
    wanted = device.namespace.float32
    assert xg.asarray([1], dtype=dtype, device=device).dtype == wanted
    assert xg.zeros(2, dtype=dtype, device=device).dtype == wanted
    assert xg.asarray([1], dtype=array_api_strict.float32, device=device).dtype == wanted
    assert xg.asarray([1], dtype=wanted, device="cpu").dtype == np.float32


@pytest.mark.parametrize("dtype", ["float99", "ones", 3, "object", np.dtype("O")], ids=repr)
def test_a_dtype_that_there_is_not_is_refused(dtype, device):
    with pytest.raises(TypeError):
        xg.asarray([1], dtype=dtype, device=device)


def test_a_numpy_array_is_not_copied_unless_told():
    a = np.ones(2)
    assert xg.asarray(a).array is a
    assert xg.asarray(a, copy=False).array is a
    assert not np.shares_memory(xg.asarray(a, copy=True).array, a)


def test_an_array_keeps_its_library_and_device(torch):
    there = array_api_strict.ones(2, device=array_api_strict.Device("device1"))
    assert str(xg.asarray(there).device) == "array_api_strict:device1"
    assert xg.asarray(there).array is there
    assert str(xg.asarray(torch.ones(2)).device) == "torch:cpu"
    with xg.device("array_api_strict:device1"):
        assert str(xg.asarray(np.ones(2)).device) == "cpu"


def test_device_moves_arrays(device, torch):
    for array in (np.ones(2), array_api_strict.ones(2), torch.ones(2), xg.ones(2)):
        x = xg.asarray(array, device=device)
        assert x.device == device
        assert x.tolist() == [1.0, 1.0]


def test_tensors_and_variables_stay_followed(device):
    v = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = xg.asarray(v, dtype=xg.float32, device=device, copy=True)
        z = xg.sum(y * y)
    g = tape.gradient(z, v)
    assert (g.device, g.dtype) == (xg.device("cpu"), np.float64)
    assert g.tolist() == [2.0, 4.0]


def test_a_tensor_shares_its_array_in_another_handle():
    x = xg.ones(2)
    y = xg.asarray(x)
    assert y is not x
    assert y.array is x.array
    assert xg.asarray(x, copy=True).array is not x.array


def test_dlpack_objects():
    a = np.ones(2)
    assert np.shares_memory(xg.asarray(OnlyDLPack(a)).array, a)
    x = xg.asarray(OnlyDLPack(a), device="array_api_strict:device1", dtype=xg.float32)
    assert str(x.device) == "array_api_strict:device1"
    assert np.shares_memory(xg.from_dlpack(OnlyDLPack(a)).array, a)
    assert not np.shares_memory(xg.from_dlpack(a, copy=True).array, a)
    with pytest.raises(TypeError, match="list without __dlpack__"):
        xg.from_dlpack([1.0])


STRICT_DEVICES = ["CPU_DEVICE", "device1", "device2", "no_float64", "no_x64"]


@pytest.mark.parametrize("name", STRICT_DEVICES)
def test_from_dlpack_to_a_device_takes_every_dtype_that_it_has(name):
    pytest.importorskip("array_api_strict", reason="strict: array_api_strict is not installed")
    device = xg.device(f"array_api_strict:{name}")
    xp = xg.namespace("array_api_strict")
    dtypes = xp.__array_namespace_info__().dtypes(device=device)
    for dtype in dtypes.values():
        x = xp.asarray([0, 1], dtype=dtype, device=device)
        y = xp.from_dlpack(x, device=device)
        assert (y.device, y.dtype, y.tolist()) == (device, dtype, x.tolist())


def test_from_dlpack_of_a_tensor_stays_on_its_device(device, xp):
    x = xp.asarray([0, 1], device=device)
    assert xp.from_dlpack(x).device == device


def test_from_dlpack_without_a_copy_shares_memory():
    a = np.ones(2)
    assert np.shares_memory(xg.from_dlpack(a, copy=False).array, a)


def test_without_a_copy_a_tensor_is_itself_and_shows_what_is_written(device, xp):
    x = xp.asarray([1.0, 2.0], device=device)
    y = xp.asarray(x, copy=False)
    x[0] = 5.0
    assert y.tolist() == [5.0, 2.0]


def test_objects_that_numpy_understands():
    assert xg.asarray(OnlyArray()).tolist() == [1.0, 1.0]
    assert xg.asarray(memoryview(np.ones(2))).tolist() == [1.0, 1.0]


def test_nested_lists_of_tensors_are_followed(device):
    x, v = xg.asarray(1.0, device=device), xg.Variable(2.0, device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.asarray([[x, 3.0], (v, x * v)])
        z = xg.sum(y * y)
    assert y.device == device
    assert y.tolist() == [[1.0, 3.0], [2.0, 2.0]]
    assert [g.item() for g in tape.gradient(z, (x, v))] == [10.0, 8.0]


def test_nested_lists_of_raw_arrays_keep_their_library(other_device):
    part = xg.ones(2, device=other_device).array
    x = xg.asarray([part, part])
    assert x.device == other_device
    assert x.shape == (2, 2)


def test_scalars_in_lists_of_tensors_change_no_dtype(device):
    x = xg.asarray(1.0, dtype=xg.float32, device=device)
    assert xg.asarray([x, 2.0, 3]).dtype == device.namespace.float32
    assert xg.asarray([[x, x], [2.0, 3.0]]).dtype == device.namespace.float32
    assert xg.asarray([x, 2.0], dtype=xg.float64).dtype == device.namespace.float64


def test_arrays_in_lists_of_tensors_go_along(device):
    x = xg.ones(2, dtype=xg.float64, device=device)
    y = xg.asarray([x, np.array([3.0, 4.0]), [5.0, 6.0]])
    assert y.device == device
    assert y.tolist() == [[1.0, 1.0], [3.0, 4.0], [5.0, 6.0]]


def test_nested_lists_of_tensors_go_where_told(device):
    x = xg.asarray([xg.asarray(1.0), 2.0], device=device)
    assert x.device == device


@pytest.mark.parametrize(
    "value",
    [None, "text", b"text", {}, {1}, object(), [[1.0], [1.0, 2.0]], 10**30, ["a"], [None]],
    ids=lambda value: str(value).split(" at ")[0],
)
def test_what_holds_no_numbers_is_refused(value):
    with pytest.raises(
        TypeError, match=f"asarray: cannot make an array on cpu of a {type(value).__name__}"
    ):
        xg.asarray(value)


@pytest.mark.parametrize("dtype", ["O", "M8[D]", "U3"])
def test_arrays_that_hold_no_numbers_are_refused(dtype):
    with pytest.raises(xg.errors.DTypeError, match="holds no numbers"):
        xg.asarray(np.zeros(2).astype(dtype))


def test_parts_of_different_shapes_are_named():
    with pytest.raises(xg.errors.ShapeError, match=r"equal shapes, not \(2,\), \(3,\)"):
        xg.asarray([xg.ones(2), xg.ones(3)])


def test_copy_false_is_kept_or_refused():
    for value, options in (
        ([1.0], {}),
        (1.0, {}),
        (np.ones(2), {"dtype": "float32"}),
        (xg.ones(2), {"dtype": "float32"}),
        (np.ones(2), {"device": "array_api_strict:device1"}),
        ([xg.asarray(1.0)], {}),
    ):
        with pytest.raises(ValueError, match="copy=False"):
            xg.asarray(value, copy=False, **options)


def test_complex_does_not_become_real():
    for value in (np.array([1j]), xg.asarray([1j]), array_api_strict.asarray([1j])):
        with pytest.raises(xg.errors.DTypeError, match="is complex and float32 is not"):
            xg.asarray(value, dtype="float32")


def test_tensorflows_spellings(device):
    x = xg.constant([1, 2, 3, 4], dtype=xg.float32, shape=(2, 2), device=device)
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert (x.dtype, x.device) == (device.namespace.float32, device)
    assert xg.constant(3.0, shape=(2,), device=device).tolist() == [3.0, 3.0]
    assert xg.constant([3.0], xg.float64, 2).tolist() == [3.0, 3.0]
    with pytest.raises(xg.errors.ShapeError):
        xg.constant([1, 2, 3], shape=(2,))
    y = xg.convert_to_tensor([1.0], xg.float32, device)
    assert (y.dtype, y.device) == (device.namespace.float32, device)


def test_tensorflows_spellings_are_followed():
    v = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = xg.sum(xg.constant(v, shape=(3,)) * xg.convert_to_tensor([v, 1.0, v]))
    assert tape.gradient(y, v).item() == 9.0


FROM_NOTHING = {
    "arange": lambda xp, **k: xp.arange(5, **k),
    "arange_bounds": lambda xp, **k: xp.arange(1, 7, 2, **k),
    "arange_float": lambda xp, **k: xp.arange(0.0, 1.0, 0.25, **k),
    "arange_down": lambda xp, **k: xp.arange(5, 0, -2, **k),
    "eye": lambda xp, **k: xp.eye(3, **k),
    "eye_wide": lambda xp, **k: xp.eye(2, 4, k=1, **k),
    "full": lambda xp, **k: xp.full((2, 3), 7.5, **k),
    "full_int": lambda xp, **k: xp.full(3, 7, **k),
    "full_bool": lambda xp, **k: xp.full((2,), True, **k),
    "full_complex": lambda xp, **k: xp.full((), 1j, **k),
    "linspace": lambda xp, **k: xp.linspace(0.0, 1.0, 5, **k),
    "linspace_open": lambda xp, **k: xp.linspace(-1, 1, 4, endpoint=False, **k),
    "ones": lambda xp, **k: xp.ones((2, 0, 3), **k),
    "zeros": lambda xp, **k: xp.zeros(4, **k),
    "zeros_without_axes": lambda xp, **k: xp.zeros((), **k),
}


@pytest.mark.parametrize("make", list(FROM_NOTHING.values()), ids=FROM_NOTHING)
def test_functions_from_nothing_give_the_librarys_values(make, device):
    x = make(xg, device=device)
    native = make(device.namespace, device=device.native)
    assert type(x) is xg.Tensor
    assert x.device == device
    assert x.dtype == native.dtype
    expected = make(np)
    assert x.shape == expected.shape
    np.testing.assert_allclose(x.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("make", list(FROM_NOTHING.values()), ids=FROM_NOTHING)
def test_functions_from_nothing_take_a_dtype(make, device):
    x = make(xg, dtype=xg.complex64, device=device)
    assert x.dtype == device.namespace.complex64


def test_empty(device):
    x = xg.empty((2, 3), dtype=xg.float32, device=device)
    assert (x.shape, x.dtype, x.device) == ((2, 3), device.namespace.float32, device)


LIKE = {
    "empty_like": xg.empty_like,
    "zeros_like": xg.zeros_like,
    "ones_like": xg.ones_like,
    "full_like": lambda x, **k: xg.full_like(x, 3, **k),
}


@pytest.mark.parametrize("make", list(LIKE.values()), ids=LIKE)
def test_like_keeps_shape_dtype_and_device(make, any_device):
    x = xg.zeros((2, 3), dtype=xg.float32, device=any_device)
    for source in (x, x.array, xg.Variable(x)):
        y = make(source)
        assert (y.shape, y.dtype, y.device) == (x.shape, x.dtype, x.device)
    y = make(x, dtype=xg.int32, device="cpu")
    assert (y.shape, y.dtype, y.device) == ((2, 3), np.int32, xg.device("cpu"))


def test_full_stays_connected_to_its_value(device):
    v = xg.Variable(2.0, device=device)
    with xg.GradientTape() as tape:
        y = xg.full((2, 3), v)
        z = xg.sum(y * y) + xg.sum(xg.full_like(y, v))
    assert y.device == device
    assert tape.gradient(z, v).item() == 6 * 4.0 + 6
    with pytest.raises(xg.errors.ShapeError, match="no axes"):
        xg.full((2,), xg.ones(2))


def test_triangles_and_grids(device):
    a = np.arange(12.0).reshape(3, 4)
    x = xg.asarray(a, device=device)
    for k in (-1, 0, 2):
        np.testing.assert_array_equal(xg.tril(x, k=k).numpy(), np.tril(a, k))
        np.testing.assert_array_equal(xg.triu(x, k=k).numpy(), np.triu(a, k))
    vectors = [np.arange(2.0), np.arange(3.0), np.arange(4.0)]
    for indexing in ("xy", "ij"):
        grids = xg.meshgrid(*(xg.asarray(v, device=device) for v in vectors), indexing=indexing)
        for grid, expected in zip(grids, np.meshgrid(*vectors, indexing=indexing), strict=True):
            np.testing.assert_array_equal(grid.numpy(), expected)


@pytest.mark.parametrize("shape", [(), (3,)], ids=str)
@pytest.mark.parametrize("f", [xg.tril, xg.triu, xg.matrix_transpose, lambda x: x.mT])
def test_triangles_and_transposes_are_of_matrices(f, shape, device):
    with pytest.raises(xg.errors.ShapeError, match=r"at least two axes.*Use xg\.\w+"):
        f(xg.ones(shape, device=device))
    with pytest.raises(xg.errors.ShapeError, match="at least two axes"):
        xg.vmap(f)(xg.ones((2, *shape), device=device))


NUMBERS = {
    "linspace, negative": (lambda: xg.linspace(0, 1, -1), ValueError, "num .* negative"),
    "linspace, float": (lambda: xg.linspace(0, 1, 2.5), TypeError, "num must be ints"),
    "arange": (lambda: xg.arange(0, 1, 0), ValueError, "step must not be 0"),
    "eye, negative": (lambda: xg.eye(-1), ValueError, "negative size"),
    "eye, float": (lambda: xg.eye(2, k=0.5), TypeError, r"k must be an int, but is 0\.5"),
    "tril": (lambda: xg.tril(xg.ones((2, 2)), k=0.5), TypeError, "tril: k must be an int"),
    "scatter": (
        lambda: xg.scatter(xg.ones(3), xg.asarray([0]), xg.ones(1), axis=None),
        TypeError,
        "scatter: axis must be an int, but is None",
    ),
    "roll": (
        lambda: xg.roll(xg.ones(3), 1.5),
        TypeError,
        r"roll: shift must be an int, but is 1\.5",
    ),
    "axis": (lambda: xg.sum(xg.ones(3), axis="a"), TypeError, "sum: axis must be an int"),
    "finfo": (lambda: xg.finfo(xg.int32), TypeError, "int32 is not floating. Use iinfo"),
    "iinfo": (lambda: xg.iinfo(xg.float32), TypeError, "float32 is no integer dtype. Use finfo"),
    "result_type": (xg.result_type, ValueError, "nothing to promote"),
    "no axes": (
        lambda: xg.sum(xg.asarray(1.0), axis=0),
        IndexError,
        "0 axes. Use a value with axes",
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_wrong_numbers_are_refused(name):
    f, kind, message = NUMBERS[name]
    with pytest.raises(kind, match=message) as caught:
        f()
    assert isinstance(caught.value, xg.errors.XgradError)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match=r"shape \(-1,\) has a negative size"):
        xg.zeros(-1)
    with pytest.raises(TypeError):
        xg.ones(2.5)
    with pytest.raises(ValueError, match="indexing must be"):
        xg.meshgrid(xg.ones(2), indexing="ab")
    with pytest.raises(ValueError, match="exactly one axis"):
        xg.meshgrid(xg.ones((2, 2)))


# -- defaults --------------------------------------------------------------------------------------


def test_the_default_dtype_is_the_namespaces():
    assert xg.default_dtype() == np.float64
    with xg.device("torch:cpu"):
        assert str(xg.default_dtype()) == "torch.float32"


def test_the_default_dtype_can_be_set_for_a_block():
    with xg.set_default_dtype(xg.float32) as dtype:
        assert dtype == np.float32
        assert xg.default_dtype() == np.float32
        for x in (
            xg.zeros(2),
            xg.ones(2),
            xg.eye(2),
            xg.full(2, 1.5),
            xg.linspace(0, 1, 3),
            xg.arange(3.0),
            xg.asarray([1.0]),
            xg.asarray([1, 2.0]),
            xg.constant(1.0),
            xg.Variable(1.0),
            xg.mean(xg.asarray([1, 2])),
        ):
            assert x.dtype == np.float32
        assert xg.asarray([1j]).dtype == xg.full(2, 1j).dtype == np.complex64
        assert xg.asarray([1]).dtype == xg.arange(3).dtype == xg.full(2, 1).dtype == np.int64
        assert xg.asarray(np.ones(2)).dtype == np.float64
        assert xg.zeros(2, dtype=xg.float64).dtype == np.float64
    assert xg.zeros(2).dtype == np.float64


def test_the_default_dtype_can_be_set_for_good():
    former = xg.set_default_dtype("float32")
    try:
        assert xg.zeros(2).dtype == np.float32
        with xg.device("array_api_strict:device1"):
            assert xg.zeros(2).dtype == array_api_strict.float32
    finally:
        with former:
            pass
    assert xg.zeros(2).dtype == np.float64


@pytest.mark.parametrize("dtype", [xg.int64, "complex64", "float99", 3], ids=str)
def test_the_default_dtype_is_real_floating(dtype):
    with pytest.raises(TypeError):
        xg.set_default_dtype(dtype)
    assert xg.default_dtype() == np.float64


def test_new_arrays_go_to_the_default_device(device):
    with device:
        assert xg.default_device() == device
        for x in (xg.zeros(2), xg.asarray([1.0]), xg.arange(3), xg.Variable(1.0), xg.full(2, 1.0)):
            assert x.device == device
        assert xg.zeros(2, device="cpu").device == xg.device("cpu")
    assert xg.default_device() == xg.device("cpu")


def test_device_contexts_nest_and_end_with_errors(device):
    with pytest.raises(ZeroDivisionError), device, xg.device("cpu"):
        1 / 0  # noqa: B018
    assert xg.default_device() == xg.device("cpu")


def test_set_default_device_for_a_block_and_for_good(device):
    with xg.set_default_device(device) as chosen:
        assert chosen == device
        assert xg.zeros(1).device == device
    assert xg.zeros(1).device == xg.device("cpu")
    former = xg.set_default_device(str(device))
    assert xg.zeros(1).device == device
    with former:
        pass
    assert xg.zeros(1).device == xg.device("cpu")


def test_a_device_context_belongs_to_its_thread():
    found = []
    with xg.device("array_api_strict:device1"):
        thread = threading.Thread(target=lambda: found.append(str(xg.zeros(1).device)))
        thread.start()
        thread.join()
    assert found == ["cpu"]


def test_the_default_device_is_for_all_threads():
    found = []
    with xg.set_default_device("array_api_strict:device1"):
        thread = threading.Thread(target=lambda: found.append(str(xg.zeros(1).device)))
        thread.start()
        thread.join()
    assert found == ["array_api_strict:device1"]


def test_linspace_between_tensors_stays_connected(device):
    x = xg.Variable(1.0, dtype=xg.float32, device=device)
    with xg.GradientTape() as tape:
        y = xg.linspace(0.0, x, 3)
        z = xg.sum(y)
    assert (y.dtype, y.device) == (device.namespace.float32, device)
    assert y.tolist() == [0.0, 0.5, 1.0]
    assert tape.gradient(z, x).item() == 1.5


def test_arange_takes_the_numbers_of_tensors():
    assert xg.arange(xg.asarray(3)).tolist() == [0, 1, 2]
    v = xg.Variable(3.0)
    with xg.GradientTape(), pytest.raises(TypeError, match=r"arange: start .* is followed"):
        xg.arange(v)


def test_sizes_may_be_tensors_of_integers():
    assert xg.zeros((xg.asarray(2), 3)).shape == (2, 3)


@pytest.mark.parametrize("make", [np.asarray, xg.asarray], ids=["numpy", "xgrad"])
def test_a_shape_may_be_an_array_of_sizes(make):
    assert xg.zeros(make([2, 3])).shape == (2, 3)
    assert xg.reshape(xg.ones(6), make([2, -1])).shape == (2, 3)


def test_an_array_of_fractions_is_no_shape():
    with pytest.raises(xg.errors.ArgumentTypeError, match="zeros: shape must be ints"):
        xg.zeros(np.asarray([2.0, 3.0]))


@pytest.mark.parametrize("name", ["cpu", "torch:cpu", "array_api_strict:device1"])
def test_other_byte_orders_are_no_matter_to_other_libraries(name):
    x = np.asarray([1.0, 2.0]).astype(np.dtype("f8").newbyteorder())
    for y in (
        xg.asarray(x, device=name),
        xg.asarray(x).to_device(name),
        xg.Variable(x, device=name),
    ):
        assert y.tolist() == [1.0, 2.0]
    assert xg.asarray(x).numpy().dtype.isnative
