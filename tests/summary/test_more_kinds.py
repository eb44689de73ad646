"""Images, texts, graphs and hyperparameters: what is written can be read back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from event_files import events, read
from matplotlib.image import imread
from tensorboardX.proto.graph_pb2 import GraphDef
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

import xgrad as xg
from xgrad import summary
from xgrad.interpreters.drawing import draw


@pytest.fixture
def logdir(tmp_path):
    return tmp_path


@pytest.fixture
def writer(logdir):
    made = summary.create_file_writer(logdir)
    with made.as_default(step=2):
        yield made
    made.close()


@pytest.mark.parametrize(
    ("write", "data"),
    [
        (summary.image, np.zeros((1, 2, 2, 1))),
        (summary.text, "x"),
        (lambda _, data: summary.hparams(data), {"a": 1}),
        (lambda _, data: summary.graph(data), None),
    ],
    ids=["image", "text", "hparams", "graph"],
)
def test_y1_without_a_writer_nothing_happens(write, data):
    assert write("x", data) is False


@pytest.mark.parametrize("write", [summary.image, summary.text], ids=["image", "text"])
def test_y5_record_if_holds_for_all_kinds(write, writer, logdir):
    with summary.record_if(False):
        assert write("x", None) is False
        assert summary.hparams({"a": 1}) is False
        assert summary.graph(None) is False
    writer.flush()
    assert read(logdir) == []


@pytest.mark.parametrize(
    ("write", "data"),
    [
        (summary.scalar, 1.0),
        (summary.histogram, [1.0]),
        (summary.image, np.zeros((1, 1, 1, 1))),
        (summary.text, "t"),
    ],
    ids=["scalar", "histogram", "image", "text"],
)
def test_y7_name_scopes_prefix_tags(write, data, writer, logdir):
    with summary.name_scope("encoder"):
        with summary.name_scope("first/"):
            write("x", data)
        write("x", data)
    write("x", data)
    writer.flush()
    assert [value.tag for value in read(logdir)] == ["encoder/first/x", "encoder/x", "x"]


# -- images ----------------------------------------------------------------------------------------


def pixels(png):
    """What matplotlib reads, as bytes of red, green and blue (and opacity)."""
    return np.rint(np.asarray(imread(io.BytesIO(png))) * 255).astype("uint8")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_y12_image_is_read_back(channels, writer, logdir, device, rng):
    values = rng.integers(0, 256, size=(2, 5, 7, channels)).astype("uint8")
    assert summary.image("x", xg.asarray(values, device=device), description="noise")
    writer.flush()
    (value,) = read(logdir)
    assert (value.tag, value.step, value.plugin, value.shape) == ("x", 2, "images", (4,))
    assert value.strings[:2] == [b"7", b"5"]
    for picture, expected in zip(value.strings[2:], values, strict=True):
        np.testing.assert_array_equal(
            pixels(picture), expected[..., 0] if channels == 1 else expected
        )
    assert value.description == "noise"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([0.0, 0.5, 1.0, 2.0, -1.0, np.nan, np.inf], [0, 127, 255, 255, 0, 0, 255]),
        (np.asarray([False, True]), [0, 255]),
        (np.asarray([0, 255, 256, 65535], dtype="uint16"), [0, 0, 1, 255]),
        (np.asarray([-128, 0, 1, 127], dtype="int8"), [0, 0, 2, 254]),
        (np.asarray([2**63 - 1], dtype="int64"), [255]),
        (np.asarray([0.5], dtype="float32"), [127]),
    ],
    ids=["float", "bool", "uint16", "int8", "int64", "float32"],
)
def test_y12_values_become_bytes_as_in_tensorflow(data, expected, writer, logdir):
    summary.image("x", np.asarray(data).reshape(1, 1, -1, 1))
    writer.flush()
    assert pixels(read(logdir)[0].strings[2]).ravel().tolist() == expected


def test_values_become_bytes_as_tensorflows(rng):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    from xgrad.summary.images import _bytes

    for x in (rng.uniform(-0.2, 1.2, 100), rng.integers(-128, 128, 50).astype("int8")):
        expected = tf.image.convert_image_dtype(x, tf.uint8, saturate=True).numpy()
        np.testing.assert_array_equal(_bytes(x), expected)


@pytest.mark.parametrize(("limit", "count"), [(None, 3), (0, 0), (2, 2), (9, 5)])
def test_only_the_first_images_are_written(limit, count, writer, logdir):
    summary.image("x", np.zeros((5, 2, 2, 1)), max_outputs=limit)
    writer.flush()
    assert len(read(logdir)[0].strings) == 2 + count


@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 3), (1, 2, 2, 5), (1, 2, 2, 0)])
def test_y12_image_of_another_shape_is_refused(shape, writer):
    with pytest.raises(xg.errors.ShapeError, match="pictures, height, width, channels"):
        summary.image("x", np.zeros(shape))


def test_complex_image_is_refused(writer):
    with pytest.raises(xg.errors.DTypeError, match="Use abs"):
        summary.image("x", np.zeros((1, 2, 2, 1), dtype="complex64"))


def test_negative_number_of_images_is_refused(writer):
    with pytest.raises(xg.errors.ArgumentError, match="max_outputs -1"):
        summary.image("x", np.zeros((1, 2, 2, 1)), max_outputs=-1)


# -- texts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "strings", "shape"),
    [
        ("größer", ["größer"], ()),
        ([["a", "b"], ["c", "d"]], ["a", "b", "c", "d"], (2, 2)),
        (np.asarray(["a", "b"]), ["a", "b"], (2,)),
        (b"raw", ["raw"], ()),
        ([], [], (0,)),
    ],
    ids=["str", "table", "array", "bytes", "empty"],
)
def test_text_is_read_back(data, strings, shape, writer, logdir):
    assert summary.text("notes", data, description="d")
    writer.flush()
    (value,) = read(logdir)
    assert (value.plugin, value.step, value.shape) == ("text", 2, shape)
    assert [s.decode() for s in value.strings] == strings


@pytest.mark.parametrize("data", [1.0, ["a", 2], None], ids=["number", "mixed", "none"])
def test_what_is_no_text_is_refused(data, writer):
    with pytest.raises(xg.errors.ArgumentTypeError, match="must be of str"):
        summary.text("notes", data)


def test_ragged_tables_are_refused(writer):
    with pytest.raises(xg.errors.ArgumentError, match="equal length"):
        summary.text("notes", [["a"], ["b", "c"]])


# -- hyperparameters -------------------------------------------------------------------------------


def session(value):
    return HParamsPluginData.FromString(value.content).session_start_info


def test_hparams_are_read_back(writer, logdir):
    rate = xg.asarray(0.5)
    given = {"rate": rate, "depth": 3, "bias": True, "optimizer": "adam", "n": np.int64(7)}
    assert summary.hparams(given, start_time_secs=12.0)
    writer.flush()
    (value,) = read(logdir)
    assert (value.tag, value.step, value.plugin) == ("_hparams_/session_start_info", 0, "hparams")
    found = session(value)
    assert {k: v.WhichOneof("kind") for k, v in found.hparams.items()} == {
        "rate": "number_value",
        "depth": "number_value",
        "bias": "bool_value",
        "optimizer": "string_value",
        "n": "number_value",
    }
    assert found.hparams["rate"].number_value == 0.5
    assert found.hparams["bias"].bool_value is True
    assert found.start_time_secs == 12.0


def test_trials_with_equal_hparams_are_one_group(writer, logdir):
    for given in ({"a": 1, "b": 2}, {"b": 2, "a": 1.0}, {"a": 2, "b": 2}):
        summary.hparams(given)
    summary.hparams({"a": 1}, trial_id="mine")
    writer.flush()
    one, same, other, named = (session(value).group_name for value in read(logdir))
    assert one == same != other
    assert named == "mine"


@pytest.mark.parametrize("given", [{"a": [1]}, {"a": None}, {1: 2}], ids=["list", "none", "key"])
def test_hparams_of_other_types_are_refused(given, writer):
    with pytest.raises(xg.errors.ArgumentTypeError, match="hparams"):
        summary.hparams(given)


# -- graphs ----------------------------------------------------------------------------------------


def definition(logdir):
    (data,) = [event.graph_def for event in events(logdir) if event.graph_def]
    return GraphDef.FromString(data)


def test_graph_of_a_tape_is_read_back(writer, logdir):
    w = xg.Variable(np.ones((3, 2), dtype="float32"), name="dense/kernel")
    with xg.record_locations(False), xg.GradientTape() as tape:
        loss = xg.sum(xg.tanh(w) * w)
    assert summary.graph(tape.graph(loss))
    writer.flush()
    nodes = {node.name: node for node in definition(logdir).node}
    assert list(nodes) == ["dense/kernel", "tanh", "multiply", "sum"]
    assert nodes["dense/kernel"].op == "Variable"
    assert list(nodes["multiply"].input) == ["tanh", "dense/kernel"]
    (shape,) = nodes["tanh"].attr["_output_shapes"].list.shape
    assert [dim.size for dim in shape.dim] == [3, 2]


def test_operations_are_in_boxes_by_line(writer, logdir):
    w = xg.Variable([1.0, 2.0], name="w")
    with xg.record_locations(True), xg.GradientTape() as tape:
        y = xg.exp(w) * xg.exp(-w)
    summary.graph(tape)
    writer.flush()
    del y
    nodes = {node.name: node for node in definition(logdir).node}
    boxes = {name.rpartition("/")[0] for name in nodes}
    assert len(boxes - {""}) == 1
    (box,) = boxes - {""}
    assert box.startswith("y_line_")
    assert {f"{box}/exp", f"{box}/exp_1", f"{box}/multiply"} <= set(nodes)
    assert b"y = xg.exp(w)" in nodes[f"{box}/exp"].attr["line"].s


def test_graph_of_a_function_has_its_gradient_and_its_assignments(writer, logdir):
    w = xg.Variable([1.0, 2.0], name="w")

    @xg.function
    def step(x):
        with xg.GradientTape() as tape:
            loss = xg.sum(xg.tanh(w * x))
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    step(xg.asarray([1.0, 1.0]))
    summary.graph(step)
    writer.flush()
    nodes = {node.name: node for node in definition(logdir).node}
    assert nodes["assign/w"].op == "assign"
    assert {node.op for node in nodes.values()} >= {"Variable", "Tensor", "tanh", "subtract"}
    known = set(nodes)
    assert all(set(node.input) <= known for node in nodes.values())
    reached, todo = set(), ["assign/w"]
    while todo:
        name = todo.pop()
        reached.add(name)
        todo += set(nodes[name].input) - reached
    assert {"w", "argument_0"} <= reached


def test_function_with_several_results_of_one_operation_has_a_graph():
    @xg.function
    def f(x):
        values, vectors = xg.linalg.eigh(x)
        return values, vectors

    f(xg.eye(2))
    (operation,) = [n for n in f.graph().nodes if n.name == "eigh"]
    outputs = [n for n in f.graph().nodes if n.kind == "output"]
    assert [n.inputs for n in outputs] == [((operation.number, ""),)] * 2
    assert "eigh" in draw(f.graph(), None, None, 100)


def test_names_are_ones_that_tensorflow_allows(writer, logdir):
    first = xg.Variable(1.0, name="größe: 1")
    second = xg.Variable(1.0, name="größe: 1")
    with xg.GradientTape() as tape:
        y = first * second
    summary.graph(tape.graph(y))
    writer.flush()
    names = [node.name for node in definition(logdir).node]
    assert names[:2] == ["gr_e_1", "gr_e_1_1"]


def test_tensorflow_reads_the_graph(writer, logdir):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    w = xg.Variable([1.0, 2.0], name="w")
    with xg.GradientTape() as tape:
        loss = xg.sum(xg.exp(w))
    summary.graph(tape.graph(loss))
    writer.flush()
    (path,) = map(str, logdir.glob("*tfevents*"))
    found = [e.graph_def for e in tf.compat.v1.train.summary_iterator(path) if e.graph_def]
    graph = tf.compat.v1.GraphDef.FromString(found[0])
    assert [node.op for node in graph.node] == ["Variable", "exp", "sum"]


def test_what_is_no_graph_is_refused(writer):
    with pytest.raises(xg.errors.ArgumentTypeError, match=r"Use tape\.graph"):
        summary.graph("loss")


def test_text_with_what_utf_8_cannot_hold_is_escaped(logdir, writer):
    summary.text("name", "a\udcff")
    writer.flush()
    (value,) = read(logdir)
    assert value.strings == [rb"a\udcff"]
