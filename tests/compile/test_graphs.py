"""Programs replayed as CUDA graphs, on the stand-in for cupy: what is captured runs at launches only,
and after a capture its memory holds nonsense (captured_launches.py)."""

import os
import threading

import captured_launches
import numpy as np
import pytest
from captured_launches import Graph
from cases import CASES, arguments
from cupy_stand_in import Host, stand_in
from derivatives import HOST, assert_close, first_of_each_function, forward, weights_of
from host_kernels import COMPILER
from numerical import as_tuple
from programs import program

import xgrad as xg
from xgrad.backends import cupy_graphs
from xgrad.backends.generators import MovedGenerator

SEEDS = (2, 3)  # without solvers

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")


@pytest.fixture(scope="module")
def cupy():
    with stand_in() as module:
        yield module


@pytest.fixture
def gpu(cupy):
    return xg.device("cuda:1")


@pytest.fixture
def always():
    with xg.cuda.set_graphs("always"):
        yield


def replayed(function, *args, times=3):
    """The last of a recording and some replays, all of the same arguments."""
    for _ in range(times):
        y = function(*args)
    return y


# -- what is captured ------------------------------------------------------------------------------


def test_later_replays_are_one_launch_of_a_graph(gpu, always, rng):
    step = xg.function(lambda x: xg.sum(xg.tanh(xg.sort(x) * 2.0)))
    x = xg.asarray(rng.normal(size=5), device=gpu)
    step(x)
    assert step.stats().replay == "kernel by kernel: no replay has chosen yet"
    step(x)
    assert step.stats().replay.startswith("one graph of 2 steps, which keeps ")
    launches, graphs = Host.launches, Graph.launches
    values = rng.normal(size=5)
    y = step(xg.asarray(values, device=gpu))
    assert Graph.launches == graphs + 1
    assert Host.launches == launches + 2, "one kernel copies what goes in, one what comes out"
    assert y.device == gpu
    np.testing.assert_allclose(y.numpy(), np.sum(np.tanh(2 * values)))


def test_the_order_is_warm_up_then_capture_then_launch(gpu, always, monkeypatch, rng):
    events = []
    for kind, name in (
        (captured_launches.Stream, "synchronize"),
        (captured_launches.Stream, "begin_capture"),
        (captured_launches.Stream, "end_capture"),
        (Graph, "launch"),
    ):
        former = getattr(kind, name)
        monkeypatch.setattr(
            kind, name, lambda self, f=former, name=name: (events.append(name), f(self))[1]
        )
    step = xg.function(lambda x: xg.exp(xg.sort(x)))
    x = xg.asarray(rng.normal(size=4), device=gpu)
    replayed(step, x, times=2)
    assert events == ["synchronize", "begin_capture", "end_capture", "launch"]
    step(x)
    assert events[4:] == ["launch"]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs_give_what_they_give_eagerly(gpu, always, seed, monkeypatch):
    """All but solvers: transforms are refused for the sake of their plans, which numpy has not."""
    for name in ("fftn", "ifftn", "irfftn", "rfftn"):
        monkeypatch.delitem(cupy_graphs._REFUSED, name)
    run = program(seed)
    numbers = tuple(range(len(run.inputs)))
    f = xg.value_and_grad(lambda *xs: run(xg.namespace(np), *xs), numbers)
    recorded = xg.function(f)
    for scale in (1.0, 1.0, 0.75, 1.25):
        inputs = [scale * x for x in run.inputs]
        found = recorded(*[xg.asarray(x, device=gpu) for x in inputs])
        expected = f(*map(xg.asarray, inputs))
        for y, e in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(
                y.numpy(), e.numpy(), rtol=1e-11, atol=1e-11, err_msg=run.source
            )
    assert recorded.stats().replay.startswith("one graph"), recorded.stats().replay


CAPTURED = (
    *("einsum", "matmul", "tensordot", "vecdot", "convolve", "take", "scatter", "setitem", "sort"),
    *("cumulative_sum", "nn.softmax", "logsumexp", "std", "concat", "pad", "special.stdtr"),
)


def chosen():
    """A dozen functions of the table of cases; all that can be captured where XGRAD_STAND_IN=all."""
    known = [c for c in first_of_each_function(CASES) if not {"cuda", "meta"} & set(c.without)]
    if os.environ.get("XGRAD_STAND_IN") == "all":
        return [
            c for c in known if not c.name.startswith(("linalg.", "fft.", "cofactor", "positive"))
        ]
    return [c for c in known if c.name.split("/")[0] in CAPTURED]


@pytest.mark.parametrize("case", chosen(), ids=lambda case: case.name)
def test_values_and_gradients_in_graphs_are_those_on_the_host(case, gpu, always, rng):
    def f(xp, xs, seeds):
        with xg.GradientTape() as tape:
            tape.watch(xs)
            ys = as_tuple(case.f(xp, *xs))
        return ys, tape.gradient(ys, xs, seeds)

    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    step = xg.function(lambda xs, seeds: f(xg.namespace(gpu.namespace), xs, seeds))
    for _ in range(3):
        given = [tuple(xg.asarray(x, device=gpu) for x in xs) for xs in (arrays, weights)]
        found = xg.tree.leaves(step(*given))
    assert step.stats().replay.startswith("one graph"), step.stats().replay
    given = [tuple(map(xg.asarray, xs)) for xs in (arrays, weights)]
    expected = xg.tree.leaves(f(HOST, *given))
    assert_close([y.numpy() for y in found], [y.numpy() for y in expected], 1e-11)


def test_a_training_step_with_adam_is_one_graph(gpu, rng):
    start = [rng.normal(size=(4, 4)), rng.normal(size=4)]
    w, b = (xg.Variable(x, device=gpu) for x in start)
    same = [xg.Variable(x) for x in start]

    def step_of(w, b, optimizer):
        def step(x):
            with xg.GradientTape() as tape:
                loss = xg.mean(xg.square(xg.nn.gelu(xg.nn.gelu(x @ w + b) @ w + b)))
            optimizer.apply(tape.gradient(loss, [w, b]), [w, b])
            return loss

        return step

    recorded = xg.function(step_of(w, b, xg.optimizers.Adam(0.01)))
    plain = step_of(*same, xg.optimizers.Adam(0.01))
    for number in range(5):
        x = rng.normal(size=(8, 4))
        graphs = Graph.launches
        loss = recorded(xg.asarray(x, device=gpu))
        assert Graph.launches == graphs + (number >= 1), "the first replay tries its graph"
        np.testing.assert_allclose(loss.numpy(), plain(xg.asarray(x)).numpy(), rtol=1e-10)
    assert recorded.stats().replay.startswith("one graph")
    np.testing.assert_allclose(w.numpy(), same[0].numpy(), rtol=1e-10)
    np.testing.assert_allclose(b.numpy(), same[1].numpy(), rtol=1e-10)


# -- values belong to the caller -------------------------------------------------------------------


@pytest.mark.parametrize("join", [xg.concat, xg.stack])
@pytest.mark.parametrize("axis", [0, -1])
def test_any_number_of_arrays_is_joined(gpu, always, join, axis, rng):
    """cupy sends a table of their addresses where there are more than eight."""
    f = lambda x: join([xg.tanh(x[i : i + 2] * i) for i in range(20)], axis=axis)
    step, values = xg.function(f), rng.normal(size=(22, 2))
    y = replayed(step, xg.asarray(values, device=gpu))
    assert step.stats().replay.startswith("one graph"), step.stats().replay
    np.testing.assert_allclose(y.numpy(), f(xg.asarray(values)).numpy(), rtol=1e-12)


def test_results_are_not_overwritten_by_later_replays(gpu, always, rng):
    step = xg.function(lambda x: (x * 2.0, xg.sum(x)))
    batches = [rng.normal(size=6) for _ in range(5)]
    found = [step(xg.asarray(x, device=gpu)) for x in batches]
    for x, (twice, total) in zip(batches, found, strict=True):
        np.testing.assert_array_equal(twice.numpy(), 2 * x)
        np.testing.assert_allclose(total.numpy(), np.sum(x))


def test_arguments_are_not_written_to_and_may_be_views(gpu, always, rng):
    step = xg.function(lambda x: xg.cumulative_sum(x, axis=0))
    values = rng.normal(size=(3, 4))
    whole = xg.asarray(values, device=gpu)
    for x, expected in ((whole, values), (whole, values), (whole.T, values.T)):
        for _ in range(3):
            y = step(x)
            np.testing.assert_allclose(y.numpy(), np.cumsum(expected, axis=0))
    np.testing.assert_array_equal(whole.numpy(), values)


def test_variables_are_read_anew_and_former_values_stay(gpu, always):
    v = xg.Variable([1.0, 2.0], device=gpu)

    @xg.function
    def double(x):
        v.assign(v * x)
        return v.value()

    two = xg.asarray(2.0, device=gpu)
    kept = [double(two) for _ in range(4)]
    v.assign([10.0, 20.0])
    kept.append(double(two))
    expected = [[2.0, 4.0], [4.0, 8.0], [8.0, 16.0], [16.0, 32.0], [20.0, 40.0]]
    np.testing.assert_array_equal([t.numpy() for t in kept], expected)
    np.testing.assert_array_equal(v.numpy(), [20.0, 40.0])


def test_what_is_passed_through_is_passed_through(gpu, always):
    constant = xg.asarray([5.0], device=gpu)
    step = xg.function(lambda x: (x, x + 1.0, x + 1.0, constant, xg.reshape(x, (2, 1))))
    for _ in range(2):
        step(xg.asarray([1.0, 2.0], device=gpu))
    x = xg.asarray([3.0, 4.0], device=gpu)
    same, y1, y2, c, column = step(x)
    assert step.stats().replay.startswith("one graph")
    assert same.array is x.array
    np.testing.assert_array_equal(y1.numpy(), [4.0, 5.0])
    np.testing.assert_array_equal(y2.numpy(), [4.0, 5.0])
    np.testing.assert_array_equal(c.numpy(), [5.0])
    np.testing.assert_array_equal(column.numpy(), [[3.0], [4.0]])


def test_many_arrays_take_several_copies(gpu, always, rng):
    values = [rng.normal(size=n % 4) for n in range(150)]
    step = xg.function(lambda *xs: [x * 2.0 for x in xs])
    given = [xg.asarray(x, device=gpu) for x in values]
    found = replayed(step, *given)
    assert step.stats().replay.startswith("one graph")
    for y, x in zip(found, values, strict=True):
        np.testing.assert_array_equal(y.numpy(), 2 * x)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "float16", "complex128"])
def test_every_dtype_goes_in_and_out(gpu, always, dtype):
    values = np.array([0, 1, 1, 0, 1], dtype)
    step = xg.function(lambda x: xg.flip(xg.concat([x, x])))
    y = replayed(step, xg.asarray(values, device=gpu))
    assert step.stats().replay.startswith("one graph")
    assert str(y.dtype) == dtype
    np.testing.assert_array_equal(y.numpy(), np.flip(np.concat([values, values])))


def test_random_numbers_are_drawn_outside_and_new_each_time(gpu, always, monkeypatch):
    backend = gpu.backend
    monkeypatch.setattr(backend, "generator", lambda seed, on: MovedGenerator(seed, backend, on))
    generator, same = (xg.random.Generator(0, device=gpu) for _ in range(2))
    step = xg.function(lambda x: xg.sort(x + generator.normal((3,))))
    x = xg.asarray([1.0, 2.0, 3.0], device=gpu)
    for _ in range(5):
        expected = np.sort(x.numpy() + same.normal((3,)).numpy())
        np.testing.assert_array_equal(step(x).numpy(), expected)
    assert step.stats().replay.startswith("one graph")


# -- memory, streams, threads ------------------------------------------------------------------------


def test_the_pool_lives_as_long_as_the_graph(gpu, always, rng):
    """The stand-in refuses to launch a graph whose pool is gone."""
    step = xg.function(lambda x: xg.sum(xg.sort(x)))
    x = xg.asarray(rng.normal(size=100), device=gpu)
    replayed(step, x, times=4)
    kept = int(step.stats().replay.split("keeps ")[1].split()[0].replace(",", ""))
    assert kept >= 2 * x.array.nbytes


def test_results_are_taken_from_the_callers_allocator(gpu, cupy, always, rng):
    step = xg.function(lambda x: xg.sort(x))
    x = xg.asarray(rng.normal(size=100), device=gpu)
    replayed(step, x)
    pool = cupy.cuda.MemoryPool()
    with cupy.cuda.using_allocator(pool.malloc):
        step(x)
    assert pool.total_bytes() == x.array.nbytes


def test_another_stream_waits_for_the_last_replay(gpu, cupy, always, rng):
    step = xg.function(lambda x: xg.sort(x))
    x = xg.asarray(rng.normal(size=4), device=gpu)
    replayed(step, x)
    first, second = cupy.cuda.Stream(), cupy.cuda.Stream()
    with first:
        step(x)
        step(x)
    with second:
        step(x)
    assert len(second.waited) == 1
    assert len(first.waited) == 1, "for the default stream, once"


def test_default_streams_of_threads_wait_for_each_other(gpu, cupy, always, rng):
    """With CUPY_CUDA_PER_THREAD_DEFAULT_STREAM=1 one address stands for a stream per thread."""
    step = xg.function(lambda x: xg.sort(x))
    x = xg.asarray(rng.normal(size=4), device=gpu)
    replayed(step, x)
    mine, another = cupy.cuda.Stream(ptds=True), cupy.cuda.Stream(ptds=True)
    assert mine == another
    with mine:
        step(x)
    with another:
        step(x)
    assert len(another.waited) == 1


def test_inside_a_capture_of_the_callers_it_runs_kernel_by_kernel(gpu, cupy, always, rng):
    step = xg.function(lambda x: xg.exp(xg.sort(x)))
    values = rng.normal(size=4)
    x = xg.asarray(values, device=gpu)
    replayed(step, x)
    stream = cupy.cuda.Stream(non_blocking=True)
    graphs = Graph.launches
    with stream, gpu.native:
        stream.begin_capture()
        y = step(x)
        graph = stream.end_capture()
        assert Graph.launches == graphs
        graph.launch()
    np.testing.assert_allclose(y.numpy(), np.exp(np.sort(values)))


def test_a_first_replay_inside_a_capture_of_the_callers_leaves_it_alone(gpu, cupy, always, rng):
    step = xg.function(lambda x: xg.exp(xg.sort(x)))
    values = rng.normal(size=4)
    x = xg.asarray(values, device=gpu)
    step(x)
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream, gpu.native:
        stream.begin_capture()
        y = step(x)
        stream.end_capture().launch()
    np.testing.assert_allclose(y.numpy(), np.exp(np.sort(values)))
    assert step.stats().replay == "kernel by kernel: no replay has chosen yet"
    step(x)
    assert step.stats().replay.startswith("one graph")


def test_threads_take_turns(gpu, always, rng):
    step = xg.function(lambda x: xg.sum(xg.sort(x) * 2.0))
    x = [rng.normal(size=8) for _ in range(4)]
    replayed(step, xg.asarray(x[0], device=gpu))
    found = {}

    def work(number):
        given = xg.asarray(x[number], device=gpu)
        found[number] = [step(given).numpy() for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, ys in found.items():
        np.testing.assert_allclose(ys, np.full(5, 2 * np.sum(x[number])))


# -- what is refused ---------------------------------------------------------------------------------


def test_factorisations_run_kernel_by_kernel(gpu, always):
    step = xg.function(lambda x: xg.linalg.cholesky(x))
    x = np.array([[2.0, 1.0], [1.0, 2.0]])
    y = replayed(step, xg.asarray(x, device=gpu))
    np.testing.assert_allclose(y.numpy(), np.linalg.cholesky(x))
    assert step.stats().replay == (
        "kernel by kernel: cholesky: it calls cuSOLVER, which CuPy does not let into a captured graph"
    )
    assert "replays: kernel by kernel: cholesky" in str(step.stats())


def test_transforms_run_kernel_by_kernel(gpu, always):
    step = xg.function(lambda x: xg.real(xg.fft.fft(xg.astype(x, xg.complex128))))
    replayed(step, xg.asarray([1.0, 2.0], device=gpu))
    assert "plans of cuFFT" in step.stats().replay


def test_an_error_in_the_capture_is_a_reason(gpu, always, monkeypatch, rng):
    """Here a function that looks at a value, which only the capture finds out."""
    xp = gpu.backend.capturer(gpu.native).xp
    monkeypatch.setattr(xp, "sort", lambda x, **_: x * float(x[0]), raising=False)
    step = xg.function(lambda x: xg.sort(x) + 1.0)
    values = rng.normal(size=4)
    for _ in range(4):
        y = step(xg.asarray(values, device=gpu))
        np.testing.assert_array_equal(y.numpy(), np.sort(values) + 1.0)
    assert step.stats().replay == (
        "kernel by kernel: RuntimeError while it was captured: the current stream is capturing, so "
        "synchronous API calls are disallowed"
    )


def test_no_capture_is_left_open_by_an_error(gpu, cupy, always, monkeypatch, rng):
    streams = []
    former = captured_launches.Stream.begin_capture
    monkeypatch.setattr(
        captured_launches.Stream, "begin_capture", lambda s: (streams.append(s), former(s))[1]
    )
    xp = gpu.backend.capturer(gpu.native).xp
    monkeypatch.setattr(xp, "sort", lambda x, **_: x.item(), raising=False)
    step = xg.function(lambda x: xg.sort(x))
    replayed(step, xg.asarray(rng.normal(size=4), device=gpu))
    assert "while it was captured" in step.stats().replay
    assert not any(stream.is_capturing() for stream in streams)


def test_a_graph_with_other_results_is_not_used(gpu, always, monkeypatch, rng):
    xp = gpu.backend.capturer(gpu.native).xp
    monkeypatch.setattr(xp, "sort", lambda x, **_: x, raising=False)
    step = xg.function(lambda x: xg.sort(x))
    y = replayed(step, xg.asarray([2.0, 1.0], device=gpu), times=4)
    np.testing.assert_array_equal(y.numpy(), [1.0, 2.0])
    assert step.stats().replay == (
        "kernel by kernel: its results were not those of the kernels one by one"
    )


def test_checks_of_values_run_kernel_by_kernel(gpu, always):
    step = xg.function(lambda x: xg.debugging.check_numerics(x, "x") + 1.0)
    replayed(step, xg.asarray([1.0], device=gpu))
    assert step.stats().replay == "kernel by kernel: check_numerics looks at values"


def test_without_cublas_products_run_kernel_by_kernel(gpu, always, monkeypatch, rng):
    import sys

    from xgrad.backends import cupy_products

    def missing(name):
        raise RuntimeError("no such library")

    monkeypatch.setattr(sys.modules["cuda.pathfinder"], "load_nvidia_dynamic_lib", missing)
    cupy_products._function.cache_clear()
    cupy_products._handle.cache_clear()
    step = xg.function(lambda x: x @ x)
    replayed(step, xg.asarray(rng.normal(size=(3, 3)), device=gpu))
    assert step.stats().replay == "kernel by kernel: cuBLAS was not found: no such library"


# -- when ----------------------------------------------------------------------------------------------


def test_few_launches_are_not_worth_a_graph(gpu):
    step = xg.function(lambda x: xg.sum(xg.sort(x)))
    replayed(step, xg.asarray([1.0, 2.0], device=gpu))
    assert step.stats().replay.startswith("kernel by kernel: a graph would not pay (2 steps, ")


def test_many_small_launches_are_worth_a_graph_and_large_ones_are_not(gpu, rng):
    def step(x):
        for _ in range(20):
            x = xg.sort(x * 2.0)
        return x

    small, large = xg.function(step), xg.function(step)
    replayed(small, xg.asarray(rng.normal(size=4), device=gpu))
    assert small.stats().replay.startswith("one graph of 40 steps")
    large(xg.asarray(np.zeros(3_000_000), device=gpu))
    executor = large._last().executor
    assert executor.estimate.gpu > executor.estimate.host
    assert not executor.estimate.pays


def test_never_is_never_and_old_graphs_rest(gpu, rng):
    step = xg.function(lambda x: xg.sort(x) * 2.0)
    x = xg.asarray(rng.normal(size=4), device=gpu)
    with xg.cuda.set_graphs("always"):
        replayed(step, x)
        with xg.cuda.set_graphs("never"):
            graphs = Graph.launches
            replayed(step, x)
            assert Graph.launches == graphs
            assert step.stats().replay == 'kernel by kernel: xg.cuda.set_graphs("never")'
        step(x)
        assert Graph.launches == graphs + 1


def test_another_precision_is_another_graph(gpu, always, rng):
    x = xg.asarray(rng.normal(size=(2, 2)).astype(np.float32), device=gpu)
    step = xg.function(lambda x: x @ x)
    graphs = Graph.launches
    with xg.set_matmul_precision("highest"):
        replayed(step, x)
    with xg.set_matmul_precision("high"):
        replayed(step, x, times=2)
    assert Graph.launches == graphs + 4


def test_set_graphs_refuses_other_words():
    with pytest.raises(xg.errors.ArgumentError, match="auto"):
        xg.cuda.set_graphs("sometimes")
