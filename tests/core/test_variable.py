"""Variables: making, reading, assigning, copying."""

import copy
import pickle
import threading

import numpy as np
import pytest

import xgrad as xg


def clip_at_one(x):
    return xg.clip(x, None, 1.0)


CLONES = [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]


def test_attributes(device):
    v = xg.Variable([[1.0, 2.0]], trainable=False, name="w", dtype=xg.float32, device=device)
    assert (v.shape, v.ndim, v.size, v.device) == ((1, 2), 2, 2, device)
    assert v.dtype == device.namespace.float32
    assert v.trainable is False
    assert v.name == "w"
    assert v.constraint is None


def test_arguments_by_position():
    v = xg.Variable([1.0], False, "w", xg.float32, "cpu", clip_at_one)
    assert (v.trainable, v.name, v.dtype, v.constraint) == (False, "w", np.float32, clip_at_one)


def test_names_are_unique_unless_given():
    one, two = xg.Variable(1.0), xg.Variable(1.0)
    assert one.name != two.name
    assert xg.Variable(1.0, name="w").name == "w"


def test_repr():
    v = xg.Variable([1.0, 2.0], name="w")
    assert repr(v) == "xg.Variable([1., 2.], shape=(2,), dtype=float64, device=cpu, name='w')"


@pytest.mark.parametrize(
    "make",
    [
        lambda device: [[1.0, 2.0]],
        lambda device: np.array([[1.0, 2.0]]),
        lambda device: xg.asarray([[1.0, 2.0]], device=device),
        lambda device: xg.Variable([[1.0, 2.0]], device=device),
        lambda device: [[xg.asarray(1.0, device=device), 2.0]],
        lambda device: lambda: [[1.0, 2.0]],
    ],
    ids=["list", "array", "tensor", "variable", "list_of_tensors", "callable"],
)
def test_initial_values(make, device):
    v = xg.Variable(make(device), dtype=xg.float64, device=device)
    assert (v.device, v.shape) == (device, (1, 2))
    assert v.tolist() == [[1.0, 2.0]]


def test_the_initial_value_is_copied():
    a = np.zeros(2)
    x = xg.asarray(a)
    v, w = xg.Variable(a), xg.Variable(x)
    a[:] = 5.0
    assert v.tolist() == w.tolist() == [0.0, 0.0]


def test_an_array_keeps_its_device():
    x = xg.ones(2, device="array_api_strict:device1")
    assert xg.Variable(x).device == x.device
    assert xg.Variable(x, device="cpu").device == xg.device("cpu")


def test_the_default_device_and_dtype_apply():
    with xg.device("array_api_strict:device1"), xg.set_default_dtype(xg.float32):
        v = xg.Variable([1.0])
    assert str(v.device) == "array_api_strict:device1"
    assert str(v.dtype).endswith("float32")


@pytest.mark.parametrize("value", [None, "text", {}, object()], ids=lambda v: type(v).__name__)
def test_what_is_no_value_is_refused(value):
    with pytest.raises(TypeError, match=f"cannot make an array on cpu of a {type(value).__name__}"):
        xg.Variable(value)


def test_trainable_none_is_true_as_in_tensorflow():
    assert xg.Variable(1.0, trainable=None).trainable is True
    assert xg.Variable(1.0, trainable=0).trainable is False


def test_a_constraint_that_is_no_function_is_refused():
    with pytest.raises(xg.errors.ArgumentTypeError, match=r"constraint must be .* is a int\. Use"):
        xg.Variable(1.0, constraint=3)


def test_complex_values_do_not_become_real():
    for value in ([1j], np.array([1j]), xg.asarray([1j])):
        with pytest.raises(TypeError):
            xg.Variable(value, dtype=xg.float64)


def test_reading(device):
    v = xg.Variable([1.0, 2.0], device=device)
    for read in (v.value, v.read_value):
        x = read()
        assert type(x) is xg.Tensor
        assert x.tolist() == [1.0, 2.0]
    assert type(v.numpy()) is np.ndarray
    assert type(v[0]) is xg.Tensor
    assert v[1].item() == 2.0


def test_values_read_stay_what_they_were(device):
    v = xg.Variable([1.0, 2.0], device=device)
    before = [v.value(), v[:], v + 0.0, v.numpy()]
    v.assign([3.0, 4.0])
    v.scatter_add([0], [1.0])
    v[1] = 9.0
    assert [b.tolist() for b in before] == [[1.0, 2.0]] * 4
    assert v.tolist() == [4.0, 9.0]


def test_every_way_of_reading_is_watched():
    v = xg.Variable([1.0, 2.0])
    for read in (
        lambda: v.value(),
        lambda: v.read_value(),
        lambda: v[:],
        lambda: v * 1.0,
        lambda: xg.asarray(v),
        lambda: xg.stack([v, v])[0],
        lambda: copy.deepcopy(v.value()),
    ):
        with xg.GradientTape() as tape:
            y = xg.sum(read() ** 2)
        assert tape.gradient(y, v).tolist() == [2.0, 4.0]


def test_assign_family(device):
    v = xg.Variable([1.0, 2.0], device=device)
    assert v.assign([3.0, 4.0]) is v
    assert v.tolist() == [3.0, 4.0]
    assert v.assign_add([1.0, 1.0]) is v
    assert v.tolist() == [4.0, 5.0]
    assert v.assign_sub(xg.asarray([2.0, 2.0], device=device)) is v
    assert v.tolist() == [2.0, 3.0]


def test_assign_copies():
    v = xg.Variable([1.0, 2.0])
    a = np.array([3.0, 4.0])
    x = xg.asarray([5.0, 6.0])
    v.assign(a)
    a[:] = 0
    assert v.tolist() == [3.0, 4.0]
    v.assign(x)
    v.assign_add([1.0, 1.0])
    assert x.tolist() == [5.0, 6.0]


@pytest.mark.parametrize("what", ["assign", "assign_add", "assign_sub"])
def test_assigned_values_are_cast_within_their_kind(what):
    v = xg.Variable([1.0, 2.0], dtype=xg.float32)
    for value in ([1.0, 1.0], [1, 1], np.ones(2), np.ones(2, dtype=int), xg.ones(2), [True, True]):
        getattr(v, what)(value)
        assert v.dtype == np.float32
        assert type(v.array) is np.ndarray


@pytest.mark.parametrize("what", ["assign", "assign_add", "assign_sub"])
def test_assigned_values_must_fit(what):
    v = xg.Variable([1.0, 2.0], name="w")
    integer = xg.Variable([1, 2])
    for value, error, text in (
        ([1.0], xg.errors.ShapeError, r"must have the shape \(2,\) of w"),
        (1.0, xg.errors.ShapeError, "broadcast_to"),
        ([1j, 2j], xg.errors.DTypeError, "complex128 .* cannot become float64, the dtype of w"),
        (None, TypeError, "NoneType"),
        (xg.ones(2, device="array_api_strict:device1"), xg.errors.DeviceMismatchError, "device1"),
    ):
        with pytest.raises(error, match=text):
            getattr(v, what)(value)
    with pytest.raises(xg.errors.DTypeError, match="cannot become int64"):
        getattr(integer, what)([1.5, 2.5])
    assert v.tolist() == [1.0, 2.0]
    assert integer.tolist() == [1, 2]


def test_scalars_stay_arrays():
    v = xg.Variable(1.0)
    v.assign_add(1.0)
    v.assign_sub(0.5)
    assert type(v.array) is np.ndarray
    assert v.item() == 1.5


def test_scatter_adds_up_at_repeated_indices(device):
    v = xg.Variable(np.zeros((3, 2)), device=device)
    assert v.scatter_add([0, 0, 2], np.ones((3, 2))) is v
    assert v.tolist() == [[2.0, 2.0], [0.0, 0.0], [1.0, 1.0]]
    assert v.scatter_sub([0, -1], [[1.0, 2.0], [3.0, 4.0]]) is v
    assert v.tolist() == [[1.0, 0.0], [0.0, 0.0], [-2.0, -3.0]]
    assert v.scatter_update([1], [[7, 8]]) is v
    assert v.tolist() == [[1.0, 0.0], [7.0, 8.0], [-2.0, -3.0]]


def test_scatter_takes_indices_of_any_shape():
    v = xg.Variable(np.zeros((3, 2)))
    v.scatter_update(1, [5.0, 6.0])
    v.scatter_add([[0, 2]], np.ones((1, 2, 2)))
    assert v.tolist() == [[1.0, 1.0], [5.0, 6.0], [1.0, 1.0]]


def test_scatter_keeps_the_dtype(device):
    v = xg.Variable(np.zeros(3), dtype=xg.float32, device=device)
    for scatter in (v.scatter_add, v.scatter_sub, v.scatter_update):
        scatter(xg.asarray([0], device=device), np.ones(1))
        assert v.dtype == device.namespace.float32
        assert v.device == device


def test_scatter_arguments_must_fit():
    v = xg.Variable(np.zeros((3, 2)), name="w")
    for scatter in (v.scatter_add, v.scatter_sub, v.scatter_update):
        with pytest.raises(xg.errors.ShapeError, match=r"updates .* must have shape \(1, 2\)"):
            scatter([0], [1.0])
        with pytest.raises(xg.errors.DTypeError, match="must be integers"):
            scatter([0.0], [[1.0, 1.0]])
        with pytest.raises(xg.errors.DTypeError, match="cannot become float64"):
            scatter([0], [[1j, 1.0]])
        with pytest.raises(IndexError):
            scatter([7], [[1.0, 1.0]])
    with pytest.raises(xg.errors.ShapeError, match="has no rows"):
        xg.Variable(1.0).scatter_add([0], [1.0])
    assert v.tolist() == [[0.0, 0.0]] * 3


def test_setitem_assigns_to_a_part():
    v = xg.Variable([1.0, 2.0, 3.0])
    v[0] = 5
    v[1:] = [6.0, 7.0]
    assert v.tolist() == [5.0, 6.0, 7.0]
    with pytest.raises(xg.errors.DTypeError, match="cannot become float64"):
        v[0] = 1j


@pytest.mark.parametrize("operator", ["+=", "-=", "*=", "/=", "//=", "%=", "**=", "@="])
def test_in_place_operators_name_the_assign_family(operator):
    v = xg.Variable([1.0], name="w")
    with pytest.raises(xg.errors.TapeError, match=r"w.assign_add\(x\)"):
        exec(f"v {operator} 1.0", {"v": v})
    assert v.tolist() == [1.0]


def test_hash_is_by_identity_and_comparison_elementwise():
    v, w = xg.Variable([1.0, 2.0]), xg.Variable([1.0, 2.0])
    assert {v: 1, w: 2}[v] == 1
    assert (v == w).tolist() == [True, True]


@pytest.mark.parametrize("clone", CLONES, ids=["copy", "deepcopy", "pickle"])
def test_copies_are_variables_of_their_own(clone, device):
    v = xg.Variable(
        [1.0, 2.0],
        trainable=False,
        name="w",
        dtype=xg.float32,
        device=device,
        constraint=clip_at_one,
    )
    w = clone(v)
    assert type(w) is xg.Variable
    assert (w.name, w.trainable, w.constraint) == ("w", False, clip_at_one)
    assert (w.dtype, w.device) == (v.dtype, v.device)
    w.assign([3.0, 4.0])
    assert v.tolist() == [1.0, 2.0]


def test_deepcopy_of_a_nest_keeps_what_is_shared():
    v = xg.Variable([1.0])
    model = copy.deepcopy({"a": v, "b": v})
    assert model["a"] is model["b"]
    assert model["a"] is not v


def test_trainable_and_constraint_can_be_changed():
    v = xg.Variable(1.0)
    v.trainable = False
    v.constraint = clip_at_one
    with xg.GradientTape() as tape:
        y = v * v
    assert tape.gradient(y, v) is None
    with pytest.raises(AttributeError):
        v.learning_rate = 0.1


@pytest.mark.parametrize(
    ("change", "each"),
    [
        (lambda v: v.assign_add(xg.ones(100_000)), 1.0),
        (lambda v: v.assign_sub(xg.ones(100_000)), -1.0),
        (lambda v: v.scatter_add(np.arange(100_000), xg.ones(100_000)), 1.0),
    ],
    ids=["assign_add", "assign_sub", "scatter_add"],
)
def test_nothing_is_lost_of_what_several_threads_add(change, each):
    v = xg.Variable(xg.zeros(100_000))

    def work():
        for _ in range(50):
            change(v)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(v.numpy(), 200.0 * each)


def test_parts_that_several_threads_set_all_arrive():
    v = xg.Variable(xg.zeros((4, 100_000)))

    def work(row):
        for i in range(50):
            v[row] = float(i)

    threads = [threading.Thread(target=work, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(v.numpy(), 49.0)


def test_assignment_in_threads_loses_nothing_it_was_told():
    v = [xg.Variable(np.zeros(100)) for _ in range(4)]

    def work(variable):
        for _ in range(100):
            variable.assign_add(np.ones(100))

    threads = [threading.Thread(target=work, args=(one,)) for one in v]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one.tolist() == [100.0] * 100 for one in v)


def test_lists_of_tensors_can_be_assigned(device):
    v = xg.Variable([1.0, 2.0], device=device)
    x = xg.asarray(5.0, device=device)
    assert v.assign([x, 7.0]).tolist() == [5.0, 7.0]


def test_a_name_is_a_word():
    with pytest.raises(TypeError, match="name must be a str"):
        xg.Variable(1.0, name=object())


def test_a_masked_array_is_not_assigned_without_its_mask():
    v = xg.Variable([1.0, 2.0])
    with pytest.raises(TypeError, match="would lose its mask"):
        v.assign(np.ma.array([3.0, 4.0], mask=[False, True]))
    assert v.numpy().tolist() == [1.0, 2.0]


def test_assign_takes_what_asarray_takes():
    v = xg.Variable([1.0, 2.0])
    assert v.assign(memoryview(np.asarray([3.0, 4.0]))).numpy().tolist() == [3.0, 4.0]
