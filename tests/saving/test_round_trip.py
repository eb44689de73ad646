"""What is saved comes back: values to the last bit, types, structure, identity, places."""

from __future__ import annotations

import collections
import dataclasses
import json
import math
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

import xgrad as xg

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES += ["float16", "float32", "float64", "complex64", "complex128"]
SHAPES = [(), (1,), (0,), (3, 0, 2), (2, 3, 4)]


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True)
class Frozen:
    w: Any
    n: int = 0


@dataclasses.dataclass
class Strict:
    n: Any

    def __post_init__(self):
        raise AssertionError("nobody may call this while loading")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.safetensors"


@pytest.fixture
def again(path):
    """Save a nest and load it."""

    def save_and_load(tree, **options):
        xg.save(path, tree)
        return xg.load(path, **options)

    return save_and_load


def random_bits(dtype, shape, rng):
    """Values of all bits: NaNs, infinities and tiny numbers among them."""
    dtype = np.dtype(dtype)
    if dtype == bool:
        return np.asarray(rng.integers(0, 2, shape), dtype=bool)
    count = math.prod(shape) * dtype.itemsize
    return np.frombuffer(rng.bytes(count), dtype=dtype).reshape(shape)


def same_bits(a, b):
    return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


# -- arrays ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_come_back_bit_by_bit(dtype, shape, again, rng):
    x = random_bits(dtype, shape, rng)
    loaded = again([x, xg.asarray(x), xg.Variable(x)])
    assert [type(y) for y in loaded] == [np.ndarray, xg.Tensor, xg.Variable]
    assert same_bits(loaded[0], x)
    assert same_bits(loaded[1].array, x)
    assert same_bits(loaded[2].array, x)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "complex64"])
def test_tensors_come_back_where_they_were(dtype, again, device, rng):
    x = xg.asarray(rng.integers(0, 2, (2, 3)).astype(dtype), device=device)
    y = again(x)
    assert (y.device, y.dtype, y.shape) == (device, x.dtype, (2, 3))
    assert same_bits(y.numpy(), x.numpy())


@pytest.mark.parametrize(
    "make",
    [
        lambda x: np.asfortranarray(x),
        lambda x: x[::2, ::-1],
        lambda x: x.T,
        lambda x: np.broadcast_to(x[0], (5, 4)),
        lambda x: x.astype(">f8"),
    ],
    ids=["fortran", "strided", "transposed", "broadcast", "big_endian"],
)
def test_arrays_that_are_not_contiguous_come_back_in_order(make, again, rng):
    x = make(rng.normal(size=(6, 4)))
    y = again(x)
    assert y.dtype == np.dtype("float64")
    np.testing.assert_array_equal(y, x)


def test_loaded_arrays_are_their_own(again):
    x, y = again([np.ones(3), np.ones(3) * 1j])
    x[0] = y[0] = 5.0
    assert (x.tolist(), y.tolist()) == ([5.0, 1.0, 1.0], [5.0, 1j, 1j])


def test_bfloat16_of_numpy_comes_back(again, rng):
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    x = rng.normal(size=(3, 2)).astype(ml_dtypes.bfloat16)
    assert same_bits(again(x), x)


def test_bfloat16_of_torch_comes_back(again, path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    x = torch.arange(-3, 3).to(torch.bfloat16) / 7
    y = again({"x": xg.asarray(x)})["x"]
    assert y.array.dtype == torch.bfloat16
    assert torch.equal(y.array, x)
    library = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    assert torch.equal(library.load_file(path)["x"], x)


@pytest.mark.parametrize("dtype", ["float32", "int32", "complex64", "bfloat16"])
def test_arrays_of_jax_come_back(dtype, again):
    jax = pytest.importorskip("jax", reason="jax is not installed")
    pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    x = jax.numpy.arange(3).astype(dtype)
    y = again([x, xg.asarray(x)])
    assert (type(y[0]), y[0].dtype, y[1].array.dtype) == (type(x), x.dtype, x.dtype)
    assert (y[0] == x).all()


def test_without_ml_dtypes_an_error_says_what_to_install(path, monkeypatch):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(xg.errors.BackendUnavailableError, match=r'bfloat16.*"\.\[bfloat16\]"'):
        xg.save(path, {"x": torch.ones(2, dtype=torch.bfloat16)})


def test_numpy_scalars_stay_scalars(again):
    loaded = again([np.float32(0.1), np.int8(-3), np.bool(True), np.complex128(1j)])
    assert [type(x) for x in loaded] == [np.float32, np.int8, np.bool, np.complex128]
    assert loaded == [np.float32(0.1), -3, True, 1j]


def test_sparse_gradients_come_back(again):
    slices = xg.IndexedSlices(xg.asarray([1.0, 2.0]), xg.asarray([2, 0]), (3,))
    loaded = again(slices)
    assert isinstance(loaded, xg.IndexedSlices)
    assert loaded.numpy().tolist() == [2.0, 0.0, 1.0]
    assert loaded.indices.tolist() == [2, 0]


def test_variables_keep_name_and_trainable(again):
    loaded = again(xg.Variable([1.0], name="a/b", trainable=False))
    assert (loaded.name, loaded.trainable) == ("a/b", False)


def test_values_that_a_tape_follows_are_saved(again):
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = x * x
        loaded = again(y)
        z = xg.sum(y)
    assert loaded.tolist() == [1.0, 4.0]
    assert tape.gradient(z, x).tolist() == [2.0, 4.0]


def test_what_was_loaded_trains(again):
    w = again(xg.Variable([3.0]))
    with xg.GradientTape() as tape:
        y = xg.sum(w * w)
    assert tape.gradient(y, w).tolist() == [6.0]


# -- plain values and structure --------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 0, -1, 10**40, "", "höchst\n\0\ud800", b"", b"\0\xff"),
        *(
            0.1,
            -0.0,
            5e-324,
            1.7976931348623157e308,
            math.inf,
            -math.inf,
            1 + 2j,
            complex("-0-infj"),
        ),
        *([], (), {}, [[]], ((),), [(1, [2])], {"a": {}}, {1: "a", (2, None): 0.5, None: b"x"}),
    ],
    ids=repr,
)
def test_plain_values_come_back(value, again):
    loaded = again(value)
    assert repr(loaded) == repr(value)


def test_nan_comes_back(again):
    assert math.isnan(again(math.nan))


def test_order_of_dicts_is_kept(again):
    assert list(again({"b": 1, "a": 2, "c": 3})) == ["b", "a", "c"]


def test_named_tuples_and_dataclasses_keep_their_class(again):
    loaded = again([Point(1, xg.asarray(2.0)), Frozen(np.ones(2), 5)])
    assert type(loaded[0]) is Point
    assert loaded[0].y.item() == 2.0
    assert type(loaded[1]) is Frozen
    assert loaded[1].n == 5


def test_constructors_are_not_called(again):
    value = object.__new__(Strict)
    value.n = 4
    assert again(value).n == 4


def test_classes_that_are_not_in_memory_are_replaced(path):
    code = (
        "import sys, dataclasses, typing, xgrad as xg\n"
        "class P(typing.NamedTuple):\n    a: int\n"
        "@dataclasses.dataclass\nclass D:\n    b: int\n"
        "xg.save(sys.argv[1], [P(1), D(2)])"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    p, d = xg.load(path)
    assert (p, p.a, type(p).__name__, d.b) == ((1,), 1, "P", 2)


def test_dataclass_that_has_changed_is_replaced(again, monkeypatch):
    value = Frozen(np.ones(2), 5)
    changed = dataclasses.make_dataclass("Frozen", ["w"])
    again_changed = {"value": value}

    def load():
        loaded = again(again_changed)["value"]
        return type(loaded), loaded

    assert load()[0] is Frozen
    monkeypatch.setitem(globals(), "Frozen", changed)
    kind, loaded = load()
    assert kind is not changed
    assert (loaded.w.tolist(), loaded.n) == ([1.0, 1.0], 5)


def test_registered_types_are_joined_by_what_was_registered(again):
    class Pair:
        def __init__(self, a, b, tag):
            self.parts, self.tag = (a, b), tag

    xg.tree.register(Pair, lambda p: (p.parts, p.tag), lambda tag, parts: Pair(*parts, tag))
    loaded = again(Pair(xg.asarray(1.0), 2, ("t", 3)))
    assert type(loaded) is Pair
    assert (loaded.parts[0].item(), loaded.parts[1], loaded.tag) == (1.0, 2, ("t", 3))


def test_dicts_of_other_kinds_become_dicts(again):
    loaded = again([collections.OrderedDict(b=1, a=2), collections.Counter("aab")])
    assert loaded == [{"b": 1, "a": 2}, {"a": 2, "b": 1}]
    assert [type(x) for x in loaded] == [dict, dict]


def test_what_occurs_twice_is_one_again(again):
    w, x = xg.Variable([1.0]), np.ones(2)
    loaded = again({"encoder": w, "decoder": [w], "x": x, "y": x, "z": x.copy()})
    assert loaded["encoder"] is loaded["decoder"][0]
    assert loaded["x"] is loaded["y"]
    assert loaded["x"] is not loaded["z"]


def test_keys_that_collide_are_kept_apart(again):
    tree = {"a": {"b": np.zeros(1)}, "a/b": np.ones(1), "__metadata__": np.full(1, 2.0)}
    loaded = again(tree)
    assert [loaded["a"]["b"][0], loaded["a/b"][0], loaded["__metadata__"][0]] == [0, 1, 2]


def test_objects_with_a_state_give_it(again):
    class Counter:
        def state_dict(self):
            return {"n": 3, "x": np.ones(1)}

        def load_state_dict(self, state):
            raise AssertionError("there is nothing to load into")

    assert again({"counter": Counter()})["counter"]["n"] == 3


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a": [0, {1, 2}]}, r"tree\['a'\]\[1\] is a builtins\.set"),
        ({"f": len}, r"tree\['f'\] is a builtins\.builtin_function_or_method"),
        ({frozenset(): 1}, r"tree has the key frozenset\(\)"),
        ([np.asarray(["a"])], r"tree\[0\]: the dtype str"),
        ([np.ones(1, dtype="longdouble")], r"tree\[0\].*no such dtype"),
    ],
    ids=["set", "function", "key", "strings", "longdouble"],
)
def test_what_cannot_be_saved_is_named_with_its_place(tree, message, path):
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=message):
        xg.save(path, tree)
    assert path.read_bytes() == b"old"


def test_arrays_without_values_are_refused(path):
    pytest.importorskip("torch", reason="torch is not installed")
    with pytest.raises(xg.errors.DTypeError, match="has no values"):
        xg.save(path, xg.ones(2, device="torch:meta"))


def test_inside_a_function_values_are_not_known(path):
    @xg.function
    def step(x):
        xg.save(path, [x])

    with pytest.raises(xg.errors.TracingError, match=r"left xgrad through xg\.save"):
        step(xg.ones(2))


def test_more_text_than_the_format_has_room_for_is_refused(path, monkeypatch):
    from xgrad.saving import layout

    path.write_bytes(b"old")
    monkeypatch.setattr(layout, "_LARGEST_HEADER", 1000)
    with pytest.raises(
        xg.errors.ArgumentError, match=r"take \d{4} bytes, .* room for 1000.*arrays"
    ):
        xg.save(path, list(range(1000)))
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("place", [None, {"w": 1}, 3, b"x"], ids=str)
def test_path_must_be_one(place):
    for call in (lambda: xg.save(place, "x"), lambda: xg.load(place)):
        with pytest.raises(xg.errors.ArgumentTypeError, match=r"path must be a str .* but is a"):
            call()


def test_cycles_are_refused(path):
    tree = [1]
    tree.append({"a": tree})
    with pytest.raises(xg.errors.ArgumentError, match=r"tree\[1\]\['a'\] contains itself"):
        xg.save(path, tree)


# -- devices ---------------------------------------------------------------------------------------


def test_arrays_go_to_the_device_that_is_asked_for(again, device, rng):
    x = rng.normal(size=(2, 2)).astype("float32")
    loaded = again({"x": xg.asarray(x), "v": xg.Variable(x), "raw": x}, device=device)
    assert {loaded["x"].device, loaded["v"].device, xg.asarray(loaded["raw"]).device} == {device}
    assert same_bits(loaded["v"].numpy(), x)


def test_device_that_is_missing_is_an_error_with_the_way_out(path, monkeypatch):
    from xgrad.saving import structure

    monkeypatch.setattr(structure, "place_of", lambda array: "cuda:7")
    xg.save(path, {"w": np.ones(2)})
    reason = r"'w' in .*x\.safetensors was on cuda:7, which is not available here: .*device=\"cpu\""
    with pytest.raises(xg.errors.BackendUnavailableError, match=reason):
        xg.load(path)
    assert xg.load(path, device="cpu")["w"].tolist() == [1.0, 1.0]


# -- the file --------------------------------------------------------------------------------------


def test_file_is_one_of_safetensors(path, rng):
    library = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    x, z = rng.normal(size=(2, 3)), rng.normal(size=2) + 1j
    xg.save(path, {"layer": [{"w": xg.Variable(x)}], "z": z})
    stored = library.load_file(path)
    assert sorted(stored) == ["layer/0/w", "z"]
    np.testing.assert_array_equal(stored["layer/0/w"], x)
    np.testing.assert_array_equal(stored["z"], np.stack([z.real, z.imag], axis=-1))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_safetensors_reads_every_dtype(shape, path, rng):
    library = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")
    arrays = {d: random_bits(d, shape, rng) for d in DTYPES if not d.startswith("complex")}
    xg.save(path, arrays)
    stored = library.load_file(path)
    assert set(stored) == set(arrays)
    assert all(same_bits(stored[d], x) for d, x in arrays.items())


def test_arrays_are_aligned_in_the_file(path):
    arrays = {
        name: np.ones(n, dtype=d) for n, (name, d) in enumerate(zip("abc", DTYPES, strict=False), 1)
    }
    xg.save(path, {**arrays, "z": np.full(1, 1.5), "y": np.full(1, 2.5, dtype="float32")})
    data = path.read_bytes()
    assert data.index(np.float64(1.5).tobytes()) % 8 == 0
    assert data.index(np.float32(2.5).tobytes()) % 4 == 0


def test_structure_is_json(path):
    safetensors = pytest.importorskip("safetensors", reason="safetensors is not installed")
    xg.save(path, {"step": 3, "w": np.ones(1)})
    with safetensors.safe_open(path, framework="numpy") as file:
        version, _, text = file.metadata()["xgrad"].split(":", 2)
    assert version == "1"
    assert json.loads(text)["tree"] == {"dict": [["step", 3], ["w", {"array": "w"}]]}


def test_same_nest_gives_the_same_bytes(path):
    tree = {"b": np.ones(3), "a": xg.asarray(2.0), "n": {"x": 1}}
    xg.save(path, tree)
    first = path.read_bytes()
    xg.save(path, tree)
    assert path.read_bytes() == first


def test_loading_imports_nothing(path):
    xg.save(path, [Point(1, 2)])
    code = (
        "import sys, xgrad as xg; value = xg.load(sys.argv[1]); "
        "print(type(value[0]).__module__ != sys.argv[2], sys.argv[2] in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), Point.__module__],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "False"]


# -- random generators -----------------------------------------------------------------------------


def test_generators_go_on(again):
    rng = xg.random.Generator(3)
    rng.normal((5,))
    rng.spawn(1)
    other = again({"rng": rng})["rng"]
    assert other.normal((3,)).tolist() == rng.normal((3,)).tolist()
    assert other.spawn(1)[0].uniform().item() == rng.spawn(1)[0].uniform().item()


@pytest.mark.parametrize("bits", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_numpys_generators_go_on(bits, again):
    rng = np.random.Generator(getattr(np.random, bits)(7))
    rng.normal(size=3)
    rng.integers(10, dtype="int32")
    rng.spawn(1)
    other = again(rng)
    np.testing.assert_array_equal(rng.normal(size=3), other.normal(size=3))
    assert rng.spawn(1)[0].random() == other.spawn(1)[0].random()


def test_generator_on_another_device_goes_on_where_it_can(again):
    pytest.importorskip("torch", reason="torch is not installed")
    rng = xg.random.Generator(3)
    rng.normal((5,))
    other = again(rng, device="torch:cpu")
    assert str(other.device) == "torch:cpu"
    expected = rng.normal((2,), dtype="float64")
    assert other.normal((2,), dtype="float64").tolist() == expected.tolist()


def test_generator_that_cannot_go_on_elsewhere_begins_anew_with_a_warning(path, monkeypatch):
    a, b = xg.random.Generator(0).spawn(2)
    for rng in (a, b):
        monkeypatch.setattr(rng._bits, "kind", "Philox4x3210", raising=False)
    xg.save(path, [a, b])
    with pytest.warns(UserWarning, match="cannot go on on cpu"):
        loaded = xg.load(path, device="cpu")
    with pytest.warns(UserWarning, match="random generator '[01]'"):
        again = xg.load(path, device="cpu")
    first = [float(rng.uniform()) for rng in loaded]
    assert first == [float(rng.uniform()) for rng in again]
    assert first[0] != first[1]


def test_a_masked_array_is_not_saved_without_its_mask(tmp_path):
    tree = {"x": np.ma.array([1.0, 2.0], mask=[False, True])}
    with pytest.raises(TypeError, match=r"save: tree\['x'\]: a masked array would lose its mask"):
        xg.save(tmp_path / "run.safetensors", tree)
