"""Mutation with value semantics: `x[key] = v` and `x += v` rebind a handle and are followed."""

import types

import numpy as np
import pytest

import xgrad as xg

KEYS = {
    "int": (0,),
    "negative": (-1,),
    "pair": (1, 2),
    "slice": (slice(0, 2),),
    "step": (slice(None, None, -2),),
    "ellipsis": (..., 1),
    "column": (slice(None), 0),
    "all": (...,),
}
ARRAY_KEYS = {
    "list": [0, 2],
    "repeated": [1, 1, 0],
    "mask_list": [True, False, True],
    "array": np.array([2, 0]),
    "mask": np.array([[True, False, True, False]] * 3),
    "pair": (np.array([0, 2]), np.array([1, 1])),
    "mixed": (slice(None), [0, 3]),
    "row_and_list": (1, [0, 3]),
}
A = np.arange(12.0).reshape(3, 4) + 1


def one_ellipsis(key):
    return key[:-1] if sum(part is ... for part in key if part is ...) > 1 else key


@pytest.mark.parametrize("parts", list(KEYS.values()), ids=KEYS)
def test_setitem_writes_and_is_followed(parts, device):
    key = one_ellipsis((*parts, ...))
    x = xg.asarray(A, device=device, dtype=xg.float64)
    value = xg.asarray(-1.0, device=device, dtype=xg.float64)
    with xg.GradientTape() as tape:
        tape.watch((x, value))
        y = x * 1.0
        y[key] = value
        z = xg.sum(y * y)
    expected = A.copy()
    expected[key] = -1.0
    np.testing.assert_array_equal(y.numpy(), expected)
    of_x, of_value = tape.gradient(z, (x, value))
    kept = np.ones_like(A)
    kept[key] = 0
    np.testing.assert_allclose(of_x.numpy(), 2 * A * kept)
    np.testing.assert_allclose(of_value.numpy(), -2.0 * np.sum(1 - kept))


@pytest.mark.parametrize("key", list(ARRAY_KEYS.values()), ids=ARRAY_KEYS)
def test_lists_and_arrays_as_keys_are_numpys(key):
    v = xg.Variable(A)
    with xg.GradientTape() as tape:
        part = v[key]
        z = xg.sum(part * part)
    np.testing.assert_array_equal(part.numpy(), A[key])
    expected = np.zeros_like(A)
    np.add.at(expected, key, 2 * A[key])
    np.testing.assert_allclose(tape.gradient(z, v).numpy(), expected)
    x = xg.asarray(A)
    x[key] = 0.5
    changed = A.copy()
    changed[key] = 0.5
    np.testing.assert_array_equal(x.numpy(), changed)


def test_index_arrays_may_be_tensors_of_the_device(device):
    x = xg.asarray(A[0], device=device)
    i = xg.asarray([3, 0], device=device)
    assert x[i].tolist() == [4.0, 1.0]
    assert x[x > 2.0].tolist() == [3.0, 4.0]
    assert x[[3, 0]].tolist() == [4.0, 1.0]
    x[x > 2.0] = 0.0
    assert x.tolist() == [1.0, 2.0, 0.0, 0.0]


def test_numpy_booleans_are_indices():
    x = xg.Variable(A[0])
    with xg.GradientTape() as tape:
        y = x[np.True_]
        z = xg.sum(y)
    assert y.shape == (1, 4)
    assert tape.gradient(z, x).tolist() == [1.0] * 4


def test_numpy_integers_are_indices(device):
    x = xg.asarray(A[0], device=device)
    assert x[np.int64(1)].item() == 2.0
    assert x[np.int8(1) : np.int8(2)].tolist() == [2.0]


def test_none_adds_an_axis(device):
    assert xg.asarray(A[0], device=device)[None, :].shape == (1, 4)


@pytest.mark.parametrize(
    "key",
    [((0, 2), slice(1, 3)), ((0, 1), (3, 0)), (slice(None), ()), (range(2), range(1, 3)), range(2)],
    ids=str,
)
def test_sequences_are_indices_as_in_numpy(key, device):
    x = xg.asarray(A, device=device)
    np.testing.assert_array_equal(x[key].numpy(), A[key], strict=True)
    x[key] = 9.0
    expected = A.copy()
    expected[key] = 9.0
    np.testing.assert_array_equal(x.numpy(), expected)


@pytest.mark.parametrize("key", ["a", 1.5, object()], ids=["str", "float", "object"])
def test_what_is_no_index_is_refused(key):
    with pytest.raises(TypeError, match="an index must be"):
        xg.ones(2)[key]
    with pytest.raises(TypeError, match="an index must be"):
        xg.ones(2)[key] = 0.0


def test_an_index_out_of_range_is_an_index_error():
    with pytest.raises(IndexError):
        xg.ones(2)[5]
    with pytest.raises(IndexError):
        xg.ones(2)[5] = 1.0


def test_setitem_leaves_the_users_array_alone():
    a = np.zeros(3)
    x = xg.asarray(a)
    x[0] = 1.0
    x += 1.0
    assert a.tolist() == [0.0, 0.0, 0.0]
    assert x.tolist() == [2.0, 1.0, 1.0]


def test_setitem_leaves_other_handles_alone():
    x = xg.zeros(3)
    others = [xg.asarray(x), x[:], x[...], xg.reshape(x, (3,)), x + 0.0, x.T if x.ndim == 2 else +x]
    x[0] = 1.0
    assert all(other.tolist() == [0.0, 0.0, 0.0] for other in others)


def test_setitem_into_a_part_leaves_the_whole_alone():
    x = xg.zeros((2, 2))
    row = x[0]
    row[0] = 1.0
    assert x.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_nested_subscripts_write_into_the_whole():
    x = xg.zeros((2, 2))
    x[0] += 1.0
    x[1, 0] -= 2.0
    assert x.tolist() == [[1.0, 1.0], [-2.0, 0.0]]


# What NumPy's views would write into x, and a value without a name would lose in silence.
LOST = {
    "element of a row": "x[0][1] = 5.0",
    "slice of a row": "x[0][1:] = 5.0",
    "part of a row, added": "x[0][1] += 5.0",
    "transpose": "x.T[0] = 5.0",
    "reshape": "x.reshape(-1)[::4] = 5.0",
    "ravel, added": "x.ravel()[2] += 5.0",
    "real part": "x.real[0] = 5.0",
    "function": "xg.reshape(x, (-1,))[0] = 5.0",
    "row of a row": "x[None][0][1] = 5.0",
    "row of a Variable": "v[0][1] = 5.0",
}
KEPT = {
    "name": "row = x[0]; row[1] = 5.0",
    "attribute": "holder.x = x; holder.x[0] = 5.0",
    "list": "rows = [x]; rows[0][0] = 5.0",
    "method": "x[0].__setitem__(1, 5.0)",
    "flat": "x.flat[0] = 5.0",
    "loop": "for row in x: row[0] = 5.0",
    "argument": "(lambda row: row.__setitem__(0, 5.0))(x[0])",
    "augmented": "x[0] += 5.0; x[1, 0] -= 5.0; x[:, 1] *= 2.0",
    "closure": "def write(): x[0] = 5.0\nwrite()",
}


@pytest.mark.parametrize("line", list(LOST.values()), ids=LOST)
def test_writing_into_what_has_no_name_is_refused(line):
    names = {"x": xg.ones((2, 3)), "v": xg.Variable(np.ones((2, 3))), "xg": xg}
    with pytest.raises(ValueError, match=r"has no name.* Use x\[i, j\] = v"):
        exec(line, names)
    assert names["x"].tolist() == names["v"].tolist() == [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]


@pytest.mark.parametrize("line", list(KEPT.values()), ids=KEPT)
def test_writing_into_what_has_a_name_is_not(line):
    exec(line, {"x": xg.ones((2, 3)), "holder": types.SimpleNamespace()})


def test_other_errors_come_first():
    with pytest.raises(IndexError):
        xg.ones(3)[7] = 1.0
    with pytest.raises(TypeError, match="cannot become int64"):
        xg.asarray([1, 2])[0] = 1.5


def test_setitem_leaves_saved_values_alone():
    x = xg.Variable([1.0, 2.0, 3.0])
    with xg.GradientTape() as tape:
        y = x * 1.0
        squared = y * y
        y[1] = 5.0
        y += 1.0
        z = xg.sum(y * squared)
    # z = (x0 + 1) x0^2 + 6 x1^2 + (x2 + 1) x2^2
    assert tape.gradient(z, x).tolist() == [5.0, 24.0, 33.0]


def test_a_watched_value_stays_what_was_watched():
    x = xg.asarray([1.0, 2.0])
    before = xg.asarray(x)
    with xg.GradientTape() as tape:
        tape.watch(before)
        x = xg.asarray(before)
        x *= 3.0
        y = xg.sum(x * before)
    assert tape.gradient(y, before).tolist() == [6.0, 12.0]


def test_all_names_of_a_handle_see_the_new_value():
    x = xg.zeros(2)
    alias = x
    x[0] = 1.0
    assert alias is x
    assert alias.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    "value", [5, 5.0, True, np.float32(5), np.array(5.0)], ids=lambda v: type(v).__name__
)
def test_values_of_the_kind_are_cast(value):
    x = xg.zeros(2, dtype=xg.float32)
    x[0] = value
    assert x.dtype == np.float32
    assert x.tolist() == [float(value), 0.0]


def test_lists_are_values():
    x = xg.zeros((2, 2))
    x[0] = [1, 2]
    x[:, 1] = (3.0, 4.0)
    assert x.tolist() == [[1.0, 3.0], [0.0, 4.0]]


def test_values_of_a_higher_kind_are_refused(device):
    integers, reals = xg.zeros(2, dtype=xg.int64, device=device), xg.zeros(2, device=device)
    for x, value in (
        (integers, 1.5),
        (integers, xg.asarray(1.5, device=device)),
        (reals, 1j),
        (reals, xg.asarray(1j, device=device)),
    ):
        with pytest.raises(xg.errors.DTypeError, match="cannot become"):
            x[0] = value
        assert x.tolist() == [0.0, 0.0]


def test_values_that_do_not_fit_are_refused():
    x = xg.zeros(3)
    with pytest.raises(xg.errors.ShapeError, match=r"setitem: x \(3,\).* and value \(2,\)"):
        x[:] = np.ones(2)
    with pytest.raises(xg.errors.DeviceMismatchError, match="setitem"):
        x[0] = xg.asarray(1.0, device="array_api_strict:device1")


def test_in_place_operators_refuse_to_grow():
    x = xg.ones(1, dtype=xg.float32)
    with pytest.raises(
        ValueError, match=r"the result \(3,\) float32 .* does not fit into x \(1,\)"
    ):
        x += xg.ones(3, dtype=xg.float32)
    integers = xg.ones(1, dtype=xg.int32)
    with pytest.raises(ValueError, match="float64"):
        integers += 1.5
    assert x.tolist() == [1.0]
    assert integers.tolist() == [1]


@pytest.mark.parametrize(
    ("kept", "other"), [("float32", "float64"), ("int32", "int64"), ("float32", "int64")]
)
def test_in_place_operators_keep_the_dtype_within_its_kind(kept, other):
    x = xg.ones(2, dtype=kept)
    array = np.ones(2, dtype=kept)
    x += xg.full(2, 3, dtype=other)
    array += np.full(2, 3, dtype=other)
    assert x.dtype == array.dtype
    np.testing.assert_array_equal(x.numpy(), array)


def test_in_place_operators_that_cast_are_followed():
    v = xg.Variable([1.0, 2.0], dtype=xg.float64)
    with xg.GradientTape() as tape:
        y = xg.ones(2, dtype=xg.float32)
        y *= v
        z = xg.sum(y * y)
    assert y.dtype == xg.float32
    gradient = tape.gradient(z, v)
    assert gradient.dtype == xg.float64
    assert gradient.tolist() == [2.0, 4.0]


def test_in_place_operators_are_followed():
    v = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = v * 1.0
        y += v
        y *= y
        y -= 1.0
        y /= 2.0
    assert tape.gradient(y, v).tolist() == [4.0, 8.0]


def test_a_constant_becomes_followed_by_what_is_written_into_it(device):
    v = xg.Variable([1.0, 2.0], device=device)
    with xg.GradientTape() as tape:
        out = xg.zeros(4, device=device)
        for i in range(2):
            out[2 * i] = v[i] ** 2
        z = xg.sum(out * out)
    assert tape.gradient(z, v).tolist() == [4.0, 32.0]


def test_mutation_has_second_derivatives():
    v = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as outer:
        with xg.GradientTape() as tape:
            y = v * 1.0
            y[0] = v[1] ** 3
            z = xg.sum(y * y)
        g = tape.gradient(z, v)
    assert g.tolist() == [0.0, 6 * 2.0**5 + 4.0]
    assert outer.gradient(g, v).tolist() == [0.0, 30 * 2.0**4 + 2.0]


AT = {
    "set": lambda old, v: v,
    "add": lambda old, v: old + v,
    "multiply": lambda old, v: old * v,
    "divide": lambda old, v: old / v,
    "min": np.minimum,
    "max": np.maximum,
}


@pytest.mark.parametrize("name", AT)
@pytest.mark.parametrize("parts", list(KEYS.values()), ids=KEYS)
def test_at_gives_new_values(name, parts, device):
    key = one_ellipsis((*parts, ...))
    x = xg.asarray(A, device=device, dtype=xg.float64)
    y = getattr(x.at[key], name)(2.5)
    expected = A.copy()
    expected[key] = AT[name](A[key], 2.5)
    np.testing.assert_array_equal(x.numpy(), A)
    np.testing.assert_allclose(y.numpy(), expected)


@pytest.mark.parametrize("name", AT)
def test_at_is_followed(name):
    x, v = xg.Variable(A), xg.Variable([2.5, 0.5, 7.5, 11.0])
    with xg.GradientTape() as tape:
        y = getattr(x.at[1], name)(v)
        z = xg.sum(y * y)
    of_x, of_v = tape.gradient(z, (x, v))

    def plain(x, v):
        out = x.copy()
        out[1] = AT[name](x[1], v)
        return np.sum(out * out)

    step = 1e-6
    for found, argument in ((of_x, 0), (of_v, 1)):
        values = [A, v.numpy()]
        expected = np.zeros_like(values[argument])
        for place in np.ndindex(expected.shape):
            ahead, behind = [a.copy() for a in values], [a.copy() for a in values]
            ahead[argument][place] += step
            behind[argument][place] -= step
            expected[place] = (plain(*ahead) - plain(*behind)) / (2 * step)
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-6)


def test_at_add_adds_up_at_repeated_indices(device):
    x = xg.zeros(3, device=device)
    i = xg.asarray([0, 0, 2], device=device)
    assert x.at[i].add(1.0).tolist() == [2.0, 0.0, 1.0]
    v = xg.Variable([1.0, 2.0, 3.0], device=device)
    with xg.GradientTape() as tape:
        y = x.at[i].add(v)
        z = xg.sum(y * y)
    assert y.tolist() == [3.0, 0.0, 3.0]
    assert tape.gradient(z, v).tolist() == [6.0, 6.0, 6.0]


def test_at_keeps_the_dtype(device):
    x = xg.ones(3, dtype=xg.float32, device=device)
    for name in AT:
        assert getattr(x.at[0], name)(2.0).dtype == device.namespace.float32


@pytest.mark.parametrize("make", [list, tuple])
@pytest.mark.parametrize("name", AT)
def test_at_takes_lists_as_numbers(name, make, device):
    x = xg.ones(3, dtype=xg.float32, device=device)
    y = getattr(x.at[xg.asarray([0, 2], device=device)], name)(make([5.0, 0.5]))
    expected = np.ones(3, np.float32)
    expected[[0, 2]] = AT[name](expected[[0, 2]], np.array([5.0, 0.5], np.float32))
    assert y.dtype == device.namespace.float32
    np.testing.assert_array_equal(y.numpy(), expected)


@pytest.mark.parametrize("name", AT)
def test_at_is_followed_through_lists(name):
    x, v = xg.Variable([1.0, 2.0]), xg.Variable(3.0)
    slope = xg.grad(lambda v, make: xg.sum(getattr(x.at[[0, 1]], name)(make([v, 4.0]))))
    assert slope(v, list).item() == slope(v, xg.asarray).item()


def test_at_get_reads():
    assert xg.asarray(A).at[1, 2].get().item() == A[1, 2]


def test_lists_of_tensors_are_followed_values(device):
    v = xg.Variable([1.0, 2.0], device=device)
    with xg.GradientTape() as tape:
        y = xg.zeros(3, device=device)
        y[:2] = [v[0] * 2, v[1] * 3]
        z = xg.sum(y * y)
    assert tape.gradient(z, v).tolist() == [8.0, 36.0]


@pytest.mark.parametrize("name", AT)
def test_at_refuses_values_of_a_higher_kind(name, device):
    x = xg.asarray([1, 2, 3], device=device)
    with pytest.raises(xg.errors.DTypeError, match="cannot become int64, the dtype of x"):
        getattr(x.at[0], name)(1.5)
    assert x.at[0].add(2).tolist() == [3, 2, 3]


def test_at_add_keeps_the_dtype(device):
    x = xg.ones(2, dtype="float32", device=device)
    v = xg.Variable(2.0, dtype="float64", device=device)
    with xg.GradientTape() as tape:
        y = x.at[0].add(v)
    assert y.dtype == device.namespace.float32
    assert y.tolist() == [3.0, 1.0]
    assert tape.gradient(y, v).item() == 1.0


@pytest.mark.parametrize("key", [0.5, [0.5, 1.0]])
def test_indices_that_are_no_integers_are_refused(key, device):
    x, i = xg.ones(3, device=device), xg.asarray(key, device=device)
    for f in (lambda: x[i], lambda: x.at[i].set(0.0), lambda: x.at[i].add(0.0)):
        with pytest.raises(xg.errors.DTypeError, match="index array must be integer or boolean"):
            f()
