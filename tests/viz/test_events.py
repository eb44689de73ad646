"""Event files are read back as they were written, by whomever."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboardX.summary import histogram, scalar

import xgrad as xg
from xgrad.viz import Distribution, Series, read, read_runs


@pytest.fixture
def logdir(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def written(logdir):
    writer = xg.summary.create_file_writer(logdir)
    with writer.as_default():
        for step in (0, 5):
            xg.summary.scalar("loss", 1.0 / (1 + step), step=step)
        xg.summary.scalar("loss", math.nan, step=6)
        xg.summary.histogram("weights", [0.0, 1.0, 1.0, 2.0], step=5, buckets=2)
        xg.summary.image("noise", np.zeros((2, 3, 4, 1)), step=5)
        xg.summary.text("notes", ["größer", "b"], step=5)
        xg.summary.hparams({"rate": 0.5, "deep": True, "name": "a"})
        w = xg.Variable(1.0, name="w")
        with xg.GradientTape() as tape:
            y = xg.exp(w)
        xg.summary.graph(tape.graph(y))
    writer.close()
    return logdir


def test_everything_is_read_back(written):
    run = read(written)
    assert run.name == "run"
    assert run.scalars["loss"].steps == [0, 5, 6]
    assert run.scalars["loss"].values[:2] == [1.0, float(np.float32(1 / 6))]
    assert run.scalars["loss"].finite().steps == [0, 5]
    assert run.histograms["weights"] == [Distribution(5, [(0.0, 1.0, 1.0), (1.0, 2.0, 3.0)])]
    (picture,) = run.images["noise"]
    assert (picture.step, len(picture.files)) == (5, 2)
    assert all(address.startswith("data:image/png;base64,iVBOR") for address in picture.addresses())
    assert run.texts["notes"][0].texts == ["größer", "b"]
    assert run.hparams == {"deep": True, "name": "a", "rate": 0.5}
    assert b"exp" in run.graph
    assert run.first <= run.last


def test_runs_below_a_directory_are_found(tmp_path):
    for name in ("b", "a/inner", "."):
        xg.summary.create_file_writer(tmp_path / name).close()
    assert [run.name for run in read_runs(tmp_path)] == [tmp_path.name, "a/inner", "b"]


def test_files_of_one_directory_are_one_run(logdir):
    for step in range(2):
        writer = xg.summary.create_file_writer(logdir)
        with writer.as_default(step=step):
            xg.summary.scalar("x", float(step))
        writer.close()
    assert read(logdir).scalars["x"] == Series([0, 1], [0.0, 1.0])


@pytest.mark.parametrize("cut", [1, 5, 13, 30])
def test_last_record_may_be_incomplete(cut, logdir):
    writer = xg.summary.create_file_writer(logdir)
    with writer.as_default():
        for step in range(3):
            xg.summary.scalar("x", float(step), step=step)
    writer.close()
    (file,) = logdir.iterdir()
    file.write_bytes(file.read_bytes()[:-cut])
    assert read(logdir).scalars["x"].steps == [0, 1]


@pytest.mark.parametrize("data", [b"no event file at all", b"\xff" * 40], ids=["text", "length"])
def test_damaged_files_are_errors(data, logdir):
    logdir.mkdir()
    (logdir / "events.out.tfevents.1").write_bytes(data)
    with pytest.raises(xg.errors.ArgumentError, match="damaged at byte 0"):
        read(logdir)


@pytest.mark.parametrize("function", [read, read_runs], ids=["read", "read_runs"])
def test_no_event_files_is_an_error(function, tmp_path):
    with pytest.raises(xg.errors.ArgumentError, match="no event files"):
        function(tmp_path)


def test_files_of_tensorboardx_are_read(logdir):
    logdir.mkdir()
    writer = EventsWriter(str(logdir / "events"))
    values = np.asarray([0.0, 1.0, 1.0, 4.0])
    writer.write_event(Event(step=3, summary=scalar("loss", 0.5)))
    writer.write_event(Event(step=3, summary=histogram("w", values, bins=[0.0, 2.0, 4.0])))
    writer.close()
    run = read(logdir)
    assert run.scalars["loss"] == Series([3], [0.5])
    ((step, rows),) = run.histograms["w"]
    assert step == 3
    assert sum(count for _, _, count in rows) == 4
    assert (rows[0][0], rows[-1][1]) == (0.0, 4.0)


def tensor_event(step, tag, tensor, plugin=""):
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin))
    value = Summary.Value(tag=tag, tensor=tensor, metadata=metadata if plugin else None)
    return Event(step=step, summary=Summary(value=[value]))


def test_values_in_tensorflows_form_are_read(logdir):
    """Raw bytes instead of numbers, and the plugin in the first event of a tag only."""
    logdir.mkdir()
    writer = EventsWriter(str(logdir / "events"))
    rows = np.asarray([[0.0, 0.5, 1.0], [0.5, 1.0, 2.0]])
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in rows.shape])
    for step, plugin in ((0, True), (1, False)):
        number = TensorProto(dtype=1, tensor_content=np.float32(0.5 + step).tobytes())
        table = TensorProto(dtype=2, tensor_shape=shape, tensor_content=rows.tobytes())
        zeros = TensorProto(dtype=2, tensor_shape=shape, double_val=[0.0])
        words = TensorProto(dtype=7, string_val=[b"words"])
        writer.write_event(tensor_event(step, "loss", number, "scalars" * plugin))
        writer.write_event(tensor_event(step, "w", table, "histograms" * plugin))
        writer.write_event(tensor_event(step, "zeros", zeros, "histograms" * plugin))
        writer.write_event(tensor_event(step, "t", words, "text" * plugin))
    writer.close()
    run = read(logdir)
    assert run.scalars["loss"] == Series([0, 1], [0.5, 1.5])
    assert run.histograms["w"][1] == Distribution(1, [(0.0, 0.5, 1.0), (0.5, 1.0, 2.0)])
    assert run.histograms["zeros"][0].rows == [(0.0, 0.0, 0.0)] * 2
    assert [words.texts for words in run.texts["t"]] == [["words"]] * 2


# -- quantiles -------------------------------------------------------------------------------------


def test_quantiles_are_numpys(rng):
    values = rng.normal(size=20_000)
    counts, edges = np.histogram(values, bins=200)
    rows = list(zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True))
    shares = [0.0, 0.1, 0.5, 0.9, 1.0]
    found = Distribution(0, rows).quantiles(shares)
    np.testing.assert_allclose(found, np.quantile(values, shares), atol=0.05)


def test_quantiles_of_one_value():
    rows = [(5.0, 5.0, 0.0), (5.0, 5.0, 3.0)]
    assert Distribution(0, rows).quantiles([0.0, 0.5, 1.0]) == [5.0, 5.0, 5.0]


def test_quantiles_skip_gaps():
    rows = [(0.0, 1.0, 1.0), (1.0, 9.0, 0.0), (9.0, 10.0, 1.0)]
    assert Distribution(0, rows).quantiles([0.5, 0.75, 1.0]) == [1.0, 9.5, 10.0]
