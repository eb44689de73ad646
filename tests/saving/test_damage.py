"""Files that are damaged, cut off or of something else: one clear error, naming file and reason."""

from __future__ import annotations

import json
import pickle
import zlib

import numpy as np
import pytest

import xgrad as xg

safetensors = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")

TREE = {"w": xg.Variable(np.arange(12.0).reshape(3, 4)), "step": 3, "z": np.ones(2) * 1j, "n": [1]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def same(loaded):
    """Whether it is what TREE is."""
    return (
        loaded["w"].numpy().tolist() == TREE["w"].numpy().tolist()
        and loaded["z"].tolist() == TREE["z"].tolist()
        and (loaded["step"], loaded["n"]) == (3, [1])
    )


def with_text(path, change):
    """Write TREE with another structure, sealed as if `save` had written it."""
    xg.save(path, TREE)
    arrays = safetensors.load_file(path)
    with safetensors.safe_open(path, framework="numpy") as file:
        text = file.metadata()["xgrad"].split(":", 2)[2]
    text = change(text)
    sealed = f"1:{zlib.crc32(text.encode()):08x}:{text}"
    path.write_bytes(safetensors.save(arrays, metadata={"xgrad": sealed}))


def test_missing_file_is_a_file_not_found_error(path):
    with pytest.raises(FileNotFoundError, match=r"run\.safetensors"):
        xg.load(path)


def test_directory_is_an_os_error(tmp_path):
    with pytest.raises(IsADirectoryError):
        xg.load(tmp_path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"abc", "it has 3 bytes"),
        (b"step,loss\n0,0.5\n1,0.25\n" * 9, "it does not begin with the length"),
        (b"\0" * 100, "its header cannot be read"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "it does not begin with the length"),
        (b"PK\x03\x04" + b"\0" * 100, "it is a zip archive"),
        (b"\x93NUMPY\x01\x00v\x00{}" + b" " * 100, "it is a file of numpy.save"),
        (pickle.dumps({"w": list(range(1000))}), "it is a pickle"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "it is an HDF5 file"),
    ],
    ids=["empty", "short", "csv", "zeros", "png", "npz", "npy", "pickle", "hdf5"],
)
def test_files_of_something_else_are_refused(data, reason, path):
    path.write_bytes(data)
    with pytest.raises(xg.errors.CheckpointError, match=rf"run\.safetensors is no .*{reason}"):
        xg.load(path)


def test_numpys_archives_are_recognised(path):
    with path.open("wb") as file:
        np.savez(file, w=np.ones(3))
    with pytest.raises(ValueError, match="it is a zip archive"):
        xg.load(path)


def test_every_truncated_file_is_refused(path):
    xg.save(path, TREE)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(
            xg.errors.CheckpointError, match="is no safetensors file, or is damaged"
        ):
            xg.load(path)


def test_appended_bytes_are_refused(path):
    xg.save(path, TREE)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(xg.errors.CheckpointError):
        xg.load(path)


def test_every_changed_byte_is_refused_or_means_nothing(path, rng):
    xg.save(path, TREE)
    data = path.read_bytes()
    refused = 0
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            assert same(xg.load(path))
        except xg.errors.CheckpointError as error:
            refused += "run.safetensors" in str(error)
    assert refused >= len(data) - 8  # the header ends in a few spaces


def test_damage_inside_an_array_is_named(path):
    xg.save(path, TREE)
    data = bytearray(path.read_bytes())
    data[data.index(np.float64(7.0).tobytes())] ^= 1
    path.write_bytes(data)
    with pytest.raises(xg.errors.CheckpointError, match=r"the array 'w' \(float64 \(3, 4\)\)"):
        xg.load(path)


def test_file_that_is_cut_while_it_is_read_says_so(path, monkeypatch):
    from xgrad.saving import container

    xg.save(path, np.ones(100_000))  # more than is read at once
    decode = container.decode_header

    def decode_and_cut(file, size):
        found = decode(file, size)
        path.write_bytes(path.read_bytes()[:-1])
        return found

    monkeypatch.setattr(container, "decode_header", decode_and_cut)
    with pytest.raises(xg.errors.CheckpointError, match="became shorter while it was read"):
        xg.load(path)


def test_structure_that_is_not_the_one_written_is_refused(path):
    sealed = {"xgrad": "1:00000000:{}"}
    path.write_bytes(safetensors.save({"a": np.zeros(1)}, metadata=sealed))
    with pytest.raises(xg.errors.CheckpointError, match="its structure is not what was written"):
        xg.load(path)


def test_missing_array_is_named(path):
    xg.save(path, TREE)
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    arrays = safetensors.load_file(path)
    del arrays["w"]
    path.write_bytes(safetensors.save(arrays, metadata=metadata))
    with pytest.raises(xg.errors.CheckpointError, match="the array 'w' is missing"):
        xg.load(path)


def test_array_of_another_shape_is_named(path):
    xg.save(path, TREE)
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    arrays = safetensors.load_file(path)
    arrays["w"] = arrays["w"].T.copy()
    path.write_bytes(safetensors.save(arrays, metadata=metadata))
    with pytest.raises(
        xg.errors.CheckpointError, match=r"\(4, 3\), but should be float64 \(3, 4\)"
    ):
        xg.load(path)


Z = '{"array":"z"}'
ADAM = '{"optimizer":"z","kind":"Adam","config":{"dict":[["class_name","Adam2"]]}}'
SENSELESS = {
    "optimizer": lambda text: text.replace(Z, ADAM),
    "unknown_kind": lambda text: text.replace('"dict"', '"execute"', 1),
    "no_tree": lambda text: text.replace('"tree"', '"bush"'),
    "unknown_array": lambda text: text.replace(Z, '{"array":"q"}'),
    "unknown_object": lambda text: text.replace(Z, '{"same":"q"}'),
    "bytes": lambda text: text.replace(Z, '{"bytes":"a"}'),
    "complex": lambda text: text.replace(Z, '{"complex":["x"]}'),
    "float": lambda text: text.replace(Z, '{"float":"x"}'),
    "class": lambda text: text.replace(Z, '{"namedtuple":"a:lambda: 0","fields":[["x",1]]}'),
    "nothing": lambda text: text.replace(Z, "{}"),
    "deep": lambda text: text.replace(Z, "[" * 5000 + "]" * 5000),
    "cut": lambda text: text[:-1],
    "list": lambda text: "[]",
    "array": lambda text: json.dumps({"tree": 1, "arrays": {"w": []}}),
}


@pytest.mark.parametrize("change", SENSELESS.values(), ids=SENSELESS)
def test_structure_without_sense_is_refused(change, path):
    with_text(path, change)
    with pytest.raises(xg.errors.CheckpointError, match=r"run\.safetensors"):
        xg.load(path)


@pytest.mark.parametrize("name", ["os:system", "builtins:eval", "subprocess:Popen", ":", "a.b:"])
@pytest.mark.parametrize("kind", ["namedtuple", "dataclass", "registered"])
def test_classes_of_a_file_are_neither_called_nor_imported(kind, name, path):
    entry = {kind: name, "fields": [["args", "true"]], "children": ["true"], "context": None}
    with_text(path, lambda text: text.replace('{"array":"z"}', json.dumps(entry)))
    try:
        value = xg.load(path)["z"]
    except xg.errors.CheckpointError:
        assert kind == "registered" or name in (":", "a.b:")
    else:
        assert value.args == "true"
        assert type(value).__name__ in ("SimpleNamespace", name.partition(":")[2])


def test_files_of_other_programs_are_refused_with_the_way_to_read_them(path):
    path.write_bytes(safetensors.save({"b": np.ones(2), "a": np.zeros(1)}))
    with pytest.raises(xg.errors.CheckpointError, match=r"another program.*foreign=True"):
        xg.load(path)
    loaded = xg.load(path, foreign=True)
    assert {name: x.tolist() for name, x in loaded.items()} == {"a": [0.0], "b": [1.0, 1.0]}
    assert type(loaded["a"]) is xg.Tensor


def with_header(path, header, data=b"\0" * 16):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


F64 = {"dtype": "F64", "shape": [1]}


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"a": {**F64, "data_offsets": [0, 8]}}, "its header describes"),
        ({"a": {**F64, "data_offsets": [8, 16]}}, "a gap before the array 'a'"),
        (
            {"a": {**F64, "data_offsets": [0, 8]}, "b": {**F64, "data_offsets": [0, 8]}},
            "a gap before the array 'b', or another array",
        ),
        ({"a": {**F64, "shape": [2], "data_offsets": [0, 8]}}, r"8 bytes for F64 of shape \[2\]"),
        ({"a": {**F64, "shape": [-1, -2], "data_offsets": [0, 16]}}, "must not be negative"),
        ({"a": {**F64, "shape": [2.0], "data_offsets": [0, 16]}}, "must not be negative"),
        ({"a": {**F64, "data_offsets": [16, 0]}}, "-16 bytes"),
        ({"a": {"dtype": "X9", "shape": [1], "data_offsets": [16, 0]}}, "a gap before"),
        ({"a": {**F64, "data_offsets": [0]}}, "its header cannot be read"),
        ({"a": [1]}, "its header cannot be read"),
        ([], "its header cannot be read"),
        ({"__metadata__": {"a": 1}}, "its metadata is no text"),
        ({"__metadata__": [1]}, "its header cannot be read"),
        (b"{" + b"[" * 100_000, "its header cannot be read"),
        (b"\xff\xfe", "its header cannot be read"),
    ],
    ids=[
        *(
            "short",
            "gap",
            "overlap",
            "shape",
            "negative",
            "float",
            "backwards",
            "unknown_backwards",
        ),
        *("offsets", "entry", "list", "metadata", "metadata_list", "deep", "no_text"),
    ],
)
def test_headers_that_lie_are_refused(header, reason, path):
    with_header(path, header)
    with pytest.raises(xg.errors.CheckpointError, match=rf"run\.safetensors is no .*{reason}"):
        xg.load(path, foreign=True)


def test_dtypes_that_xgrad_does_not_have_are_named(path):
    with_header(path, {"a": {"dtype": "F8_E4M3", "shape": [16], "data_offsets": [0, 16]}})
    with pytest.raises(xg.errors.CheckpointError, match="the array 'a' is F8_E4M3"):
        xg.load(path, foreign=True)


@pytest.mark.parametrize("library", ["evil", "cpu.evil", "cupy.evil"])
def test_libraries_of_a_file_are_not_imported(library, path, tmp_path, monkeypatch):
    (tmp_path / "evil.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with_text(path, lambda text: text.replace('"cpu"', f'"{library}:0"'))
    with pytest.raises(xg.errors.BackendUnavailableError, match="is not imported here"):
        xg.load(path)
    assert same(xg.load(path, device="cpu"))


def test_newer_format_says_so(path):
    path.write_bytes(safetensors.save({"a": np.zeros(1)}, metadata={"xgrad": "2:0:{}"}))
    with pytest.raises(xg.errors.CheckpointError, match=r"version 2 .* Use a newer xgrad"):
        xg.load(path)
