"""GradientWatcher: its readings are NumPy's, and its flags come when they should and only then."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from event_files import read

import xgrad as xg
from xgrad import summary
from xgrad.backends import backend_of
from xgrad.summary import GradientWatcher


@pytest.fixture
def logdir(tmp_path):
    return tmp_path


@pytest.fixture
def writer(logdir):
    made = summary.create_file_writer(logdir)
    yield made
    made.close()


def kinds(watcher):
    return [(flag.variable, flag.kind) for flag in watcher.flags]


# -- readings --------------------------------------------------------------------------------------


def test_readings_are_numpys(device, rng):
    values = rng.normal(size=(6, 5)).astype("float32")
    values[:, 1] = 0.0
    values[2, 3] = 1e-40
    w = xg.Variable(np.ones((6, 5), dtype="float32"), name="w", device=device)
    watcher = GradientWatcher(patience=1)
    assert watcher.record([xg.asarray(values, device=device)], [w], step=7)
    found = watcher.readings["w"]
    assert (found.step, found.size, found.zeros, found.tiny) == (7, 30, 6, 1)
    assert (found.units, found.dead, found.nonfinite) == (5, 1, 0)
    assert found.norm == pytest.approx(np.linalg.norm(values.astype("float64")), rel=1e-12)
    others = values[values != 0].astype("float64")
    assert found.rms == pytest.approx(np.sqrt(np.mean(others**2)), rel=1e-12)
    assert found.counts.counts == np.histogram(values.astype("float64"), bins=30)[0].tolist()


def test_complex_gradients_are_read_by_their_magnitudes():
    w = xg.Variable(np.zeros(3, dtype="complex128"), name="w")
    watcher = GradientWatcher()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        watcher.record([xg.asarray([3 + 4j, 0j, 1j])], [w])
    found = watcher.readings["w"]
    assert found.norm == pytest.approx(math.sqrt(26.0))
    assert (found.zeros, found.counts.low, found.counts.high) == (1, 0.0, 5.0)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3, 0), (2, 3, 4)])
def test_gradients_of_all_shapes_are_read(shape, device):
    w = xg.Variable(np.zeros(shape), name="w", device=device)
    watcher = GradientWatcher(patience=1)
    watcher.record([xg.zeros(shape, device=device)], [w])
    found = watcher.readings["w"]
    assert (found.size, found.norm, found.zeros) == (math.prod(shape), 0.0, math.prod(shape))
    assert found.units == found.dead == (shape[-1] if shape else 1)


def test_sparse_gradients_are_read_as_dense_ones():
    w = xg.Variable([1.0, 1.0, 1.0], name="w")
    slices = xg.IndexedSlices(xg.asarray([1.0, 1.0]), xg.asarray([0, 0]), (3,))
    watcher = GradientWatcher()
    watcher.record([slices], [w])
    assert (watcher.readings["w"].norm, watcher.readings["w"].zeros) == (2.0, 2)


def test_dicts_are_paired_by_key():
    variables = {"a": xg.Variable([1.0], name="a"), "b": xg.Variable([1.0], name="b")}
    watcher = GradientWatcher()
    watcher.record({"b": xg.asarray([2.0]), "a": xg.asarray([1.0])}, variables)
    assert (watcher.readings["a"].norm, watcher.readings["b"].norm) == (1.0, 2.0)
    with pytest.raises(xg.errors.ArgumentError, match="lacks 'b' and has the unknown 'c'"):
        watcher.record({"c": xg.asarray([2.0]), "a": xg.asarray([1.0])}, variables)


def test_update_is_that_of_the_block(device):
    w = xg.Variable([3.0, 4.0], name="w", device=device)
    watcher = GradientWatcher()
    with watcher.watch([xg.asarray([1.0, 1.0], device=device)], [w]):
        w.assign_sub([0.3, 0.0])
    update = watcher.readings["w"].update
    assert update.ratio == pytest.approx(0.06)
    assert update.lost == 0.5


def test_large_values_that_would_change_in_place_have_the_right_update():
    w = xg.Variable(np.ones(300_000), name="w")
    optimizer = xg.optimizers.SGD(0.25)
    optimizer.apply([xg.ones(300_000)], [w])
    watcher = GradientWatcher().attach(optimizer)
    optimizer.apply([xg.ones(300_000)], [w])
    assert watcher.readings["w"].update.ratio == pytest.approx(0.25 / 0.75)


def test_step_that_was_left_out_has_no_update():
    w = xg.Variable([1.0], name="w")
    optimizer = xg.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    watcher = GradientWatcher().attach(optimizer)
    optimizer.apply([xg.asarray([1.0])], [w])
    assert watcher.readings["w"].update is None
    optimizer.apply([xg.asarray([1.0])], [w])
    assert watcher.readings["w"].update.ratio == pytest.approx(0.1)


def test_block_that_fails_records_nothing():
    w = xg.Variable([1.0], name="w")
    watcher = GradientWatcher()
    with pytest.raises(KeyError), watcher.watch([xg.asarray([1.0])], [w]):
        raise KeyError
    assert watcher.readings == {}


def test_every_chooses_steps():
    w = xg.Variable([1.0], name="w")
    watcher = GradientWatcher(every=3)
    done = [watcher.record([xg.asarray([1.0])], [w]) for _ in range(5)]
    assert done == [True, False, False, True, False]
    assert watcher.readings["w"].step == 3
    watcher.record([(xg.asarray([1.0]), w)], step=6)
    assert watcher.readings["w"].step == 6


def test_variables_of_one_name_are_told_apart():
    a, b = xg.Variable([1.0], name="w"), xg.Variable([1.0], name="w")
    watcher = GradientWatcher()
    watcher.record({"a": xg.asarray([1.0]), "b": xg.asarray([2.0])}, {"a": a, "b": b})
    assert {name: r.norm for name, r in watcher.readings.items()} == {"w": 1.0, "w_1": 2.0}


# -- files -----------------------------------------------------------------------------------------


def test_everything_is_written(writer, logdir, device):
    w = xg.Variable([[3.0], [4.0]], name="dense/kernel", device=device)
    with GradientWatcher(writer).watch([xg.asarray([[0.0], [2.0]], device=device)], [w], step=5):
        w.assign_sub([[0.0], [0.5]])
    writer.flush()
    written = {value.tag: value for value in read(logdir)}
    assert {value.step for value in written.values()} == {5}
    assert {tag: v.numbers[0] for tag, v in written.items() if v.plugin == "scalars"} == {
        "gradient_norm/global": 2.0,
        "gradient_norm/dense/kernel": 2.0,
        "gradient_zeros/dense/kernel": 0.5,
        "gradient_nonfinite/dense/kernel": 0.0,
        "gradient_dead_units/dense/kernel": 0.0,
        "update_ratio/dense/kernel": pytest.approx(0.1),
    }
    assert written["gradients/dense/kernel"].shape == (30, 3)


def test_flags_are_written_when_they_change(writer, logdir):
    w = xg.Variable([1.0, 1.0], name="w")
    watcher = GradientWatcher(writer)
    bad = np.asarray([np.nan, 1.0])
    for step, g in enumerate([np.ones(2), bad, bad, np.ones(2)]):
        watcher.record([xg.asarray(g)], [w], step=step)
    writer.flush()
    texts = [(v.step, v.strings[0].decode()) for v in read(logdir) if v.plugin == "text"]
    assert [step for step, _ in texts] == [1, 3]
    assert texts[0][1].startswith("* `w` is **exploding**: 1 of 2 values")
    assert texts[1][1] == "Nothing needs attention."


def test_a_step_is_one_copy(writer, monkeypatch, other_device):
    variables = [xg.Variable(np.ones(n), name=f"v{n}", device=other_device) for n in (2, 3)]
    optimizer = xg.optimizers.SGD(0.1)
    watcher = GradientWatcher(writer).attach(optimizer)
    backend = backend_of(variables[0].array)
    copies = []
    original = backend.to_numpy
    monkeypatch.setattr(backend, "to_numpy", lambda x: copies.append(x.shape) or original(x))
    for _ in range(3):
        optimizer.apply([xg.ones_like(v) for v in variables], variables)
    assert len(copies) == 2  # the last one waits for the next step
    assert watcher.readings["v2"].step == 2
    assert len(copies) == 3


def test_default_writer_and_record_if_are_asked(writer, logdir):
    w = xg.Variable([1.0], name="w")
    watcher = GradientWatcher()
    with writer.as_default():
        watcher.record([xg.asarray([1.0])], [w], step=0)
        with summary.record_if(False):
            watcher.record([xg.asarray([1.0])], [w], step=1)
    assert {value.step for value in read(logdir)} == {0}
    assert watcher.readings["w"].step == 1


# -- flags -----------------------------------------------------------------------------------------


def train(initial, activation, depth, *, steps=8, rate=0.1, dtype="float64", scale=1.0):
    """Train a narrow deep network on noise; return what a watcher says."""
    rng = np.random.default_rng(3)
    size = 16
    weights = [
        xg.Variable(rng.normal(size=(size, size)) * initial, name=f"layer{i}", dtype=dtype)
        for i in range(depth)
    ]
    x = xg.asarray(rng.normal(size=(32, size)), dtype=dtype)
    optimizer = xg.optimizers.SGD(rate)
    watcher = GradientWatcher().attach(optimizer)
    for _ in range(steps):
        with xg.GradientTape() as tape:
            h = x
            for w in weights:
                h = activation(h @ w)
            loss = scale * xg.mean(h * h)
        optimizer.apply(tape.gradient(loss, weights), weights)
    return watcher


def sigmoid(x):
    return 1.0 / (1.0 + xg.exp(-x))


def test_healthy_training_has_no_flags():
    assert kinds(train(0.25, xg.tanh, 3, steps=20)) == []


def test_deep_sigmoid_network_vanishes():
    watcher = train(0.25, sigmoid, 12)
    assert ("layer0", "vanishing") in kinds(watcher)
    assert ("layer11", "vanishing") not in kinds(watcher)
    (flag,) = [f for f in watcher.flags if f.variable == "layer0" and f.kind == "vanishing"]
    assert "0.001 of the largest" in flag.reason
    assert str(flag).startswith("layer0 is vanishing (step 7): ")


def test_embedding_of_which_little_is_used_does_not_vanish():
    table, kernel = xg.Variable(np.ones((10_000, 4)), name="table"), xg.Variable([1.0], name="w")
    g = np.zeros((10_000, 4))
    g[3] = 0.01
    watcher = GradientWatcher()
    for _ in range(4):
        watcher.record([xg.asarray(g), xg.asarray([1.0])], [table, kernel])
    assert watcher.flags == []


def test_large_initial_values_explode():
    found = kinds(train(2.0, xg.sin, 6, rate=1.0, steps=4))
    assert ("layer0", "exploding") in found


def test_norm_that_jumps_explodes_at_once():
    w = xg.Variable([1.0], name="w")
    watcher = GradientWatcher()
    for norm in [1.0, 1.1, 0.9, 1.0, 1.0]:
        watcher.record([xg.asarray([norm])], [w])
        assert watcher.flags == []
    watcher.record([xg.asarray([150.0])], [w])
    (flag,) = watcher.flags
    assert flag.kind == "exploding"
    assert "150 times the median of the 5 readings" in flag.reason


def test_one_bad_reading_is_an_accident():
    w, v = xg.Variable([1.0], name="w"), xg.Variable([1.0], name="v")
    watcher = GradientWatcher()
    for size in [1.0, 1.0, 0.0, 1.0, 1e-9, 1.0]:
        watcher.record([xg.asarray([size]), xg.asarray([1.0])], [w, v])
        assert watcher.flags == []


def test_small_learning_rate_is_stuck():
    found = kinds(train(0.25, xg.tanh, 2, rate=1e-9))
    assert found == [("layer0", "stuck"), ("layer1", "stuck")]


def test_updates_that_are_rounded_away_are_stuck():
    w = xg.Variable(np.full(10, 8.0, dtype="float16"), name="w")
    optimizer = xg.optimizers.SGD(1e-3)
    watcher = GradientWatcher().attach(optimizer)
    for _ in range(3):
        optimizer.apply([xg.ones(10, dtype="float16")], [w])
    (flag,) = watcher.flags
    assert flag.kind == "stuck"
    assert "100% of its values did not change" in flag.reason


def test_small_half_precision_gradients_underflow():
    watcher = train(0.25, xg.tanh, 2, dtype="float16", scale=1e-3, rate=10.0)
    assert {("layer0", "underflowing"), ("layer1", "underflowing")} <= set(kinds(watcher))
    assert kinds(train(0.25, xg.tanh, 2, dtype="float16", scale=1.0, rate=0.1)) == []


def test_dead_units_are_counted():
    w = xg.Variable(np.ones((3, 4)), name="w")
    g = np.ones((3, 4))
    g[:, 2] = 0.0
    watcher = GradientWatcher(patience=2)
    watcher.record([xg.asarray(g)], [w])
    assert watcher.flags == []
    watcher.record([xg.asarray(g)], [w])
    (flag,) = watcher.flags
    assert flag.kind == "dying"
    assert "1 of its 4 units" in flag.reason
    g[0, 2] = 1.0
    watcher.record([xg.asarray(g)], [w])
    assert watcher.flags == []


def test_gradient_of_zeros_is_vanishing_and_nothing_else():
    w = xg.Variable(np.ones((2, 2)), name="w")
    optimizer = xg.optimizers.SGD(0.1)
    watcher = GradientWatcher().attach(optimizer)
    for _ in range(3):
        optimizer.apply([xg.zeros((2, 2))], [w])
    assert kinds(watcher) == [("w", "vanishing")]


def test_none_is_unconnected():
    w, v = xg.Variable([1.0], name="w"), xg.Variable([1.0], name="v")
    watcher = GradientWatcher()
    watcher.record([None, xg.asarray([1.0])], [w, v])
    assert kinds(watcher) == [("w", "unconnected")]
    watcher.record([xg.asarray([1.0]), xg.asarray([1.0])], [w, v])
    assert watcher.flags == []


# -- arguments -------------------------------------------------------------------------------------


def test_recorded_steps_are_refused():
    w = xg.Variable([1.0], name="w")
    optimizer = xg.optimizers.SGD(0.1)
    GradientWatcher().attach(optimizer)
    step = xg.function(lambda: optimizer.minimize(lambda: xg.sum(w * w)))
    with pytest.raises(xg.errors.TracingError, match="record"):
        step()


def test_records_of_recorded_programs_are_refused():
    w = xg.Variable([1.0], name="w")
    f = xg.function(lambda x: (GradientWatcher().record([x], [w]), x)[1])
    with pytest.raises(xg.errors.TracingError, match="first call only"):
        f(xg.asarray([1.0]))


def test_loss_scale_optimizer_can_be_watched():
    w = xg.Variable([1.0], name="w", dtype=xg.float32)
    optimizer = xg.optimizers.LossScaleOptimizer(xg.optimizers.SGD(0.1), initial_scale=8.0)
    watcher = GradientWatcher().attach(optimizer)
    optimizer.minimize(lambda: xg.sum(w * w))
    assert watcher.readings["w"].norm == 16.0  # as the optimizer receives it
    assert watcher.readings["w"].update.ratio == pytest.approx(0.2)


@pytest.mark.parametrize("options", [{"every": 0}, {"patience": 0}, {"buckets": 0}], ids=str)
def test_numbers_must_be_positive(options):
    with pytest.raises(xg.errors.ArgumentError, match="at least 1"):
        GradientWatcher(**options)


def test_writer_must_be_one():
    with pytest.raises(xg.errors.ArgumentTypeError, match="create_file_writer"):
        GradientWatcher("logs")


def test_only_optimizers_can_be_attached_to():
    with pytest.raises(xg.errors.ArgumentTypeError, match="no optimizer"):
        GradientWatcher().attach("adam")


@pytest.mark.parametrize(
    ("gradients", "variables", "error"),
    [
        ([1.0], None, xg.errors.ArgumentTypeError),
        ([xg.asarray(1.0)], [], xg.errors.ArgumentError),
        ([xg.asarray(1.0)], [xg.asarray(1.0)], xg.errors.ArgumentTypeError),
        ([xg.asarray([1.0])], [xg.Variable(1.0)], xg.errors.ArgumentError),
    ],
    ids=["no_pairs", "too_few", "no_variable", "shape"],
)
def test_what_does_not_fit_is_refused(gradients, variables, error):
    with pytest.raises(error, match="GradientWatcher"):
        GradientWatcher().record(gradients, variables)
