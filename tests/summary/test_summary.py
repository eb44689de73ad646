"""Summaries: what is written can be read back, and what must not be written is not.

Cases of tensorflow-reference.md, section 2.12, that are about summaries."""

from __future__ import annotations

import builtins
import subprocess
import sys
import threading

import numpy as np
import pytest
from event_files import read, records
from tensorboardX.proto.summary_pb2 import Summary

import xgrad as xg
from xgrad import summary
from xgrad.backends import backend_of
from xgrad.summary.histograms import counted, counts_of
from xgrad.summary.values import to_host


def count(array, buckets):
    return counts_of(to_host([counted(array, buckets)])[0])


@pytest.fixture
def writer(tmp_path):
    made = summary.create_file_writer(tmp_path)
    yield made
    made.close()


@pytest.fixture
def logdir(tmp_path):
    return tmp_path


# -- scalars ---------------------------------------------------------------------------------------


def test_y6_scalar_is_read_back(writer, logdir, device):
    with writer.as_default():
        x = xg.asarray(0.1, device=device)
        assert summary.scalar("train/loss", x, step=3, description="the **loss**")
    (value,) = read(logdir)
    assert (value.tag, value.step, value.plugin) == ("train/loss", 3, "scalars")
    assert value.numbers == [float(np.float32(0.1))]
    assert value.description == "the **loss**"


@pytest.mark.parametrize(
    "data",
    [2.0, 2, np.float64(2.0), np.asarray(2.0), xg.Variable(2.0), xg.asarray(2)],
    ids=["float", "int", "numpy_scalar", "array", "variable", "integer_tensor"],
)
def test_scalar_takes_whatever_is_a_number(data, writer, logdir):
    with writer.as_default():
        summary.scalar("x", data, step=0)
    assert read(logdir)[0].numbers == [2.0]


def test_scalar_takes_a_value_that_a_tape_follows(writer, logdir):
    x = xg.Variable(3.0)
    with writer.as_default(), xg.GradientTape() as tape:
        y = x * x
        summary.scalar("y", y, step=0)
    assert read(logdir)[0].numbers == [9.0]
    assert tape.gradient(y, x).item() == 6.0


def test_scalar_may_be_nan(writer, logdir):
    with writer.as_default():
        summary.scalar("x", np.nan, step=0)
    assert np.isnan(read(logdir)[0].numbers[0])


def test_y3_scalar_with_axes_is_refused(writer):
    with (
        writer.as_default(),
        pytest.raises(xg.errors.ShapeError, match=r"Expected scalar shape, saw shape: \(2,\)"),
    ):
        summary.scalar("x", [1.0, 2.0], step=0)


@pytest.mark.parametrize("write", [summary.scalar, summary.histogram], ids=["scalar", "histogram"])
def test_y11_none_is_refused_with_a_hint(write, writer):
    with writer.as_default(), pytest.raises(xg.errors.ArgumentError, match=r"'g' was given None"):
        write("g", None, step=0)


@pytest.mark.parametrize("write", [summary.scalar, summary.histogram], ids=["scalar", "histogram"])
def test_a_name_that_is_no_text_is_refused(write, writer):
    with (
        writer.as_default(),
        pytest.raises(xg.errors.ArgumentTypeError, match="name must be a str"),
    ):
        write(None, 1.0, step=0)


# -- when nothing is written -----------------------------------------------------------------------


def test_y1_without_a_writer_nothing_happens():
    assert summary.scalar("x", 1.0, step=0) is False
    assert summary.histogram("x", [1.0]) is False


def test_y5_record_if_is_asked_each_time(writer, logdir):
    answers = iter([True, False, True])
    with writer.as_default(), summary.record_if(lambda: next(answers)):
        written = [summary.scalar("x", float(i), step=i) for i in range(3)]
        with summary.record_if(False):
            assert not summary.should_record_summaries()
            assert not summary.scalar("x", 9.0, step=9)
    assert written == [True, False, True]
    assert [value.step for value in read(logdir)] == [0, 2]


def test_default_writer_is_of_one_thread(writer, logdir):
    found = []
    with writer.as_default():
        thread = threading.Thread(target=lambda: found.append(summary.scalar("x", 1.0, step=0)))
        thread.start()
        thread.join()
    assert found == [False]


# -- steps -----------------------------------------------------------------------------------------


def test_step_is_the_arguments_then_the_writers_then_the_global_one(writer, logdir):
    step = xg.Variable(5, trainable=False)
    summary.set_step(1)
    try:
        with writer.as_default():
            summary.scalar("x", 0.0)
            with writer.as_default(step=step):
                summary.scalar("x", 0.0)
                step.assign_add(1)
                summary.scalar("x", 0.0)
                summary.scalar("x", 0.0, step=9)
            summary.scalar("x", 0.0)
    finally:
        summary.set_step(None)
    assert [value.step for value in read(logdir)] == [1, 5, 6, 9, 1]


def test_y2_no_step_is_an_error(writer):
    with writer.as_default(), pytest.raises(xg.errors.ArgumentError, match="No step set"):
        summary.scalar("x", 1.0)


def test_step_that_is_no_number_is_an_error(writer):
    with writer.as_default(), pytest.raises(xg.errors.ArgumentTypeError, match="integer"):
        summary.scalar("x", 1.0, step="first")


# -- writers ---------------------------------------------------------------------------------------


def test_writers_nest(tmp_path):
    outer = summary.create_file_writer(tmp_path / "outer")
    inner = summary.create_file_writer(str(tmp_path / "inner"))
    with outer.as_default(step=0):
        with inner.as_default():
            summary.scalar("inside", 1.0)
        summary.scalar("outside", 1.0)
    outer.close()
    inner.close()
    assert [value.tag for value in read(tmp_path / "outer")] == ["outside"]
    assert [value.tag for value in read(tmp_path / "inner")] == ["inside"]


def test_set_as_default_stays(writer, logdir):
    writer.set_as_default(step=2)
    try:
        summary.scalar("x", 1.0)
        summary.flush()
        assert read(logdir)[0].step == 2
    finally:
        summary.current.current.writer = None
        summary.set_step(None)


def test_y4_closed_writer_is_an_error(writer):
    with writer.as_default(step=0):
        writer.close()
        with pytest.raises(xg.errors.ClosedWriterError, match="closed"):
            summary.scalar("x", 1.0)
    writer.close()  # again
    with pytest.raises(RuntimeError, match="closed"), writer.as_default():
        pass


def test_flush_brings_everything_to_disk(writer, logdir):
    with writer.as_default(step=0):
        summary.scalar("x", 1.0)
        summary.flush()
        assert len(read(logdir)) == 1
        summary.scalar("x", 1.0)
        writer.flush()
        assert len(read(logdir)) == 2


def test_close_brings_everything_to_disk_and_ends_the_writer(writer, logdir):
    with writer.as_default(step=0):
        summary.scalar("x", 1.0)
        summary.close()
        assert len(read(logdir)) == 1
        with pytest.raises(xg.errors.ClosedWriterError, match="closed"):
            summary.scalar("x", 1.0)
        summary.close()  # again
    summary.close(writer)


def test_close_takes_another_writer_than_the_default_one(writer, tmp_path):
    other = summary.create_file_writer(tmp_path / "other")
    with writer.as_default(step=0):
        summary.close(other)
        assert summary.scalar("x", 1.0)
        with pytest.raises(xg.errors.ClosedWriterError, match="closed"), other.as_default():
            pass


def test_close_and_flush_without_a_writer_do_nothing():
    assert summary.close() is None
    assert summary.flush() is None


def test_a_full_queue_is_written(tmp_path):
    made = summary.create_file_writer(tmp_path, max_queue=2)
    with made.as_default(step=0):
        for count_ in (0, 0, 3):
            summary.scalar("x", 1.0)
            assert len(read(tmp_path)) == count_
    made.close()


def test_summaries_are_written_when_it_is_time(tmp_path):
    made = summary.create_file_writer(tmp_path, flush_millis=0)
    with made.as_default(step=0):
        summary.scalar("x", 1.0)
        assert len(read(tmp_path)) == 1
    made.close()


def test_dropped_writer_closes_its_file(tmp_path):
    made = summary.create_file_writer(tmp_path)
    made.add({"summary": Summary(value=[])}, 1)
    del made
    assert len(list(records(*tmp_path.glob("*tfevents*")))) == 2


def test_end_of_the_program_closes_files(tmp_path):
    code = (
        "import xgrad as xg; w = xg.summary.create_file_writer(%r); w.set_as_default(step=0); "
        "xg.summary.scalar('host', 1.0); "
        "xg.summary.scalar('device', xg.asarray(2.0, device='array_api_strict:device1'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code % str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert [value.numbers for value in read(tmp_path)] == [[1.0], [2.0]]


def test_negative_queue_is_refused(tmp_path):
    with pytest.raises(xg.errors.ArgumentError, match="max_queue -1"):
        summary.create_file_writer(tmp_path, max_queue=-1)


def test_without_tensorboardx_an_error_says_what_to_install(monkeypatch, tmp_path):
    original = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("tensorboardX"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.delitem(sys.modules, "tensorboardX", raising=False)
    with pytest.raises(xg.errors.BackendUnavailableError, match=r'"\.\[tensorboard\]"'):
        summary.create_file_writer(tmp_path)


# -- where values mean nothing ---------------------------------------------------------------------


def test_summary_in_a_recorded_program_is_refused(writer):
    f = xg.function(lambda x: (summary.scalar("x", xg.sum(x), step=0), x)[1])
    with writer.as_default(), pytest.raises(xg.errors.TracingError, match="first call only"):
        f(xg.asarray([1.0]))


def test_summary_in_a_recorded_program_without_a_writer_is_nothing():
    f = xg.function(lambda x: (summary.scalar("x", xg.sum(x), step=0), x)[1])
    assert f(xg.asarray([1.0])).tolist() == [1.0]


@pytest.mark.parametrize("write", [summary.scalar, summary.histogram], ids=["scalar", "histogram"])
def test_summary_of_a_value_inside_vmap_is_refused(write, writer):
    def f(x):
        write("x", x, step=0)
        return x

    with writer.as_default(), pytest.raises(xg.errors.ArgumentError, match="inside vmap"):
        xg.vmap(f)(xg.asarray([1.0, 2.0]))


def test_summary_in_a_graph_is_written(writer, logdir):
    with xg.Graph(), writer.as_default():
        summary.scalar("x", xg.sum(xg.asarray([1.0, 2.0])), step=0)
    assert read(logdir)[0].numbers == [3.0]


# -- histograms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("buckets", [1, 7, 30])
def test_y8_counts_are_numpys(buckets, device, rng):
    values = rng.normal(size=(50, 4)).astype("float32")
    found = count(xg.asarray(values, device=device).array, buckets)
    expected, edges = np.histogram(values.astype("float64"), bins=buckets)
    assert found.counts == expected.tolist()
    rows = np.asarray(found.rows()).reshape(buckets, 3)
    np.testing.assert_allclose(rows[:, 0], edges[:-1], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(rows[:, 1], edges[1:], rtol=1e-12, atol=1e-12)


def test_counts_of_many_values_are_numpys(rng):
    values = rng.normal(size=100_003)
    values[[5, 70_000]] = np.nan
    values[[6, 99_999]] = np.inf
    found = count(values, 30)
    expected, edges = np.histogram(values[np.isfinite(values)], bins=30)
    assert found.counts == expected.tolist()
    assert (found.low, found.high) == (edges[0], edges[-1])
    assert (found.nans, found.infinities) == (2, 2)


def test_histogram_is_read_back(writer, logdir):
    with writer.as_default():
        assert summary.histogram("weights", xg.asarray([0.0, 1.0, 1.0, 2.0]), step=1, buckets=2)
    (value,) = read(logdir)
    assert (value.tag, value.step, value.plugin, value.shape) == (
        "weights",
        1,
        "histograms",
        (2, 3),
    )
    assert value.numbers == [0.0, 1.0, 1.0, 1.0, 2.0, 3.0]
    assert value.description == ""


def test_thirty_buckets_by_default(writer, logdir):
    with writer.as_default():
        summary.histogram("x", [0.0, 1.0], step=0)
    assert read(logdir)[0].shape == (30, 3)


def test_y9_values_that_are_not_finite_are_counted_in_the_description(writer, logdir, device):
    x = xg.asarray(np.asarray([1.0, np.nan, 2.0, np.inf, -np.inf]), device=device)
    with writer.as_default():
        summary.histogram("g", x, step=0, buckets=1, description="gradient")
    (value,) = read(logdir)
    assert value.numbers == [1.0, 2.0, 2.0]
    assert value.description == "gradient\n\nNot shown: 1 NaN and 2 infinite values."


@pytest.mark.parametrize(
    "data", [np.zeros((0, 3)), [np.nan, np.inf]], ids=["empty", "nothing_finite"]
)
def test_y8_histogram_of_nothing_has_no_rows(data, writer, logdir):
    with writer.as_default():
        assert summary.histogram("x", data, step=0)
    assert read(logdir)[0].shape == (0, 3)


def test_y8_equal_values_are_in_the_last_part(writer, logdir):
    with writer.as_default():
        summary.histogram("x", [5.0, 5.0], step=0, buckets=2)
    assert read(logdir)[0].numbers == [5.0, 5.0, 0.0, 5.0, 5.0, 2.0]


def test_range_that_would_overflow_is_counted():
    found = count(np.asarray([-1.7e308, 1.7e308, 1.6e308]), 2)
    assert found.counts == [1, 2]
    assert np.all(np.isfinite(found.rows()))


def test_y10_sparse_gradients_are_written_as_dense_ones(writer, logdir):
    slices = xg.IndexedSlices(xg.asarray([1.0, 1.0]), xg.asarray([0, 0]), (3,))
    with writer.as_default():
        summary.histogram("g", slices, step=0, buckets=2)
    assert read(logdir)[0].numbers == [0.0, 1.0, 2.0, 1.0, 2.0, 1.0]


def test_booleans_and_integers_are_counted():
    assert count(np.asarray([True, False, True]), 2).counts == [1, 2]
    assert count(np.asarray([1, 2, 3, 4], dtype="int8"), 3).counts == [1, 1, 2]


def test_buckets_must_be_positive():
    with pytest.raises(xg.errors.ArgumentError, match="buckets 0"):
        summary.histogram("x", [1.0], step=0, buckets=0)


# -- one copy per step -----------------------------------------------------------------------------


def test_values_of_a_step_come_to_the_host_in_one_copy(writer, logdir, monkeypatch, other_device):
    backend = backend_of(xg.asarray(0.0, device=other_device).array)
    copies = []
    original = backend.to_numpy
    monkeypatch.setattr(backend, "to_numpy", lambda x: copies.append(x.shape) or original(x))
    with writer.as_default():
        for step in range(2):
            for i in range(3):
                x = xg.asarray([1.0, 2.0 + i], device=other_device)
                summary.histogram(f"x{i}", x, step=step, buckets=2)
                summary.scalar(f"m{i}", xg.mean(x), step=step)
    assert copies == [(3 * (2 + 4) + 3,)] * 2
    written = read(logdir)
    assert [(v.tag, v.step) for v in written[:3]] == [("x0", 0), ("m0", 0), ("x1", 0)]
    assert [v.numbers for v in written[6:8]] == [[1.0, 1.5, 1.0, 1.5, 2.0, 1.0], [1.5]]


def test_steps_stay_in_order_where_some_values_are_on_a_device(writer, logdir, other_device):
    with writer.as_default():
        summary.scalar("a", xg.asarray(1.0, device=other_device), step=0)
        summary.scalar("b", 2.0, step=0)
        summary.scalar("a", xg.asarray(3.0, device=other_device), step=1)
        summary.scalar("b", 4.0, step=1)
    assert [(v.tag, v.step, v.numbers) for v in read(logdir)] == [
        ("a", 0, [1.0]),
        ("b", 0, [2.0]),
        ("a", 1, [3.0]),
        ("b", 1, [4.0]),
    ]


def test_later_changes_of_an_array_change_no_summary(writer, logdir, other_device):
    x = xg.Variable([1.0, 2.0], device=other_device)
    with writer.as_default(step=0):
        summary.scalar("first", xg.sum(x))
        x.assign([5.0, 6.0])
    assert read(logdir)[0].numbers == [3.0]


# -- TensorFlow reads it ---------------------------------------------------------------------------


def test_tensorflow_reads_what_was_written(writer, logdir):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    with writer.as_default(step=4):
        summary.scalar("loss", 0.25)
        summary.histogram("w", [0.0, 1.0], buckets=1)
    (path,) = map(str, logdir.glob("*tfevents*"))
    values = [
        (event.step, value.tag, tf.make_ndarray(value.tensor).tolist())
        for event in tf.compat.v1.train.summary_iterator(path)
        for value in event.summary.value
    ]
    assert values == [(4, "loss", 0.25), (4, "w", [[0.0, 1.0, 2.0]])]


@pytest.mark.parametrize("write", [summary.scalar, summary.histogram])
def test_complex_values_are_refused_before_a_part_is_lost(write, writer):
    with writer.as_default(), pytest.raises(xg.errors.DTypeError, match=r"Use xg\.abs"):
        write("z", 1.0 + 2.0j, step=0)


def test_a_step_that_no_file_can_hold_is_refused_at_once(writer):
    with (
        writer.as_default(),
        pytest.raises(xg.errors.ArgumentTypeError, match="must be an integer"),
    ):
        summary.scalar("x", 1.0, step=2**63)
