"""What only a GPU can show: nothing waits, memory goes back, memory is shared, streams are kept."""

import gc

import numpy as np
import pytest

import xgrad as xg

pytestmark = pytest.mark.gpu


def gradient(x):
    """A gradient without products, which CuPy does not let into a captured graph."""
    with np.errstate(invalid="ignore"), xg.GradientTape() as tape:
        tape.watch(x)
        h = xg.nn.gelu(xg.where(x > 0, xg.log(x), xg.tanh(x)))
        repeated = xg.take(h, xg.astype(x[0] > 0, xg.int64), axis=1)
        y = xg.sum(xg.nn.log_softmax(h) * h) + xg.sum(repeated * repeated)
    return tape.gradient(y, x)


def test_nothing_waits_inside_a_captured_step(rng):
    """To read a value back, or to wait, is an error while a stream is captured."""
    cupy = pytest.importorskip("cupy", reason="cupy is not installed")
    values = rng.normal(size=(4, 8))
    x = xg.asarray(values, device="cuda")
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        gradient(x)  # compiles kernels, which copies to the device
        stream.synchronize()
        stream.begin_capture()
        found = gradient(x)
        graph = stream.end_capture()
        graph.launch()
        stream.synchronize()
    np.testing.assert_allclose(found.numpy(), gradient(xg.asarray(values)).numpy(), rtol=1e-10)


def test_memory_goes_back_when_nothing_holds_it(rng):
    w = xg.Variable(rng.normal(size=(64, 64)), device="cuda")
    x = xg.asarray(rng.normal(size=(64, 64)), device="cuda")
    optimizer = xg.optimizers.Adam()

    def step():
        with xg.GradientTape() as tape:
            loss = xg.mean(xg.tanh(x @ w) ** 2)
        optimizer.apply([tape.gradient(loss, w)], [w])

    for _ in range(2):  # the first makes the optimizer's arrays
        step()
    before = xg.cuda.memory("cuda").used
    for _ in range(5):
        step()
    assert xg.cuda.memory("cuda").used == before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_variables_step_as_on_the_host(rng, dtype):
    values = [rng.normal(size=n).astype(dtype) for n in (1, 5, 1000, 4096, 4097, 50_000)]

    def trained(device):
        w = [xg.Variable(x, device=device) for x in values]
        optimizer = xg.optimizers.AdamW(0.01, clipnorm=1.0)
        for _ in range(3):
            optimizer.apply([v.value() * 2 for v in w], w)
        step = xg.function(lambda: optimizer.minimize(lambda: sum(xg.sum(v * v) for v in w), w))
        for _ in range(3):
            step()
        return [v.numpy() for v in w]

    for x, y in zip(trained("cuda"), trained("cpu"), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4 if dtype == "float32" else 1e-11, atol=1e-6)


def test_torch_and_xgrad_share_memory():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    if not torch.cuda.is_available():
        pytest.skip("torch is installed without CUDA")
    theirs = torch.arange(3.0, device="cuda")
    ours = xg.from_dlpack(theirs)
    assert ours.array.data.ptr == theirs.data_ptr()
    again = torch.from_dlpack(ours.array)
    assert again.data_ptr() == theirs.data_ptr()


def test_prefetched_batches_hold_what_was_sent(rng):
    sent = [rng.normal(size=(256, 256)) for _ in range(8)]
    reused = np.empty((256, 256))

    def batches():
        for values in sent:
            reused[...] = values
            yield reused

    for found, expected in zip(xg.cuda.prefetch(batches(), "cuda"), sent, strict=True):
        np.testing.assert_array_equal((found * 2.0).numpy(), 2.0 * expected)


def test_batches_stay_what_they_are_while_others_are_sent_and_left(rng):
    """The host is far ahead: nothing has been computed when the next batches are sent."""
    busy = xg.asarray(rng.normal(size=(4096, 4096)).astype(np.float32), device="cuda")
    sent = [np.full(1_000_000, i, np.float32) for i in range(12)]
    sums = []
    for start in range(0, 12, 4):
        for _ in range(10):
            busy = xg.tanh(busy @ busy)
        batches = xg.cuda.prefetch(sent[start : start + 4], "cuda", size=2)
        sums += [xg.sum(next(batches)) for _ in range(3)]
        batches.close()  # with one batch on its way
        sums.append(xg.sum(xg.ones(1_000_000, dtype=xg.float32, device="cuda") * (start + 3.0)))
    assert [float(s) for s in sums] == [1e6 * i for i in range(12)]


def test_repeated_sums_are_the_same_to_the_last_bit(rng):
    x = xg.asarray(rng.normal(size=100_000).astype(np.float32), device="cuda")
    indices = xg.asarray(rng.integers(0, 10, 100_000), device="cuda")
    start = xg.zeros(10, dtype=xg.float32, device="cuda")
    with xg.cuda.set_deterministic():
        runs = [xg.scatter(start, indices, x).numpy() for _ in range(5)]
        grads = []
        for _ in range(5):
            g = xg.grad(lambda s: xg.sum(xg.take(s, indices) * x))(start)
            grads.append(g.numpy())
    assert all(np.array_equal(runs[0], r) for r in runs)
    assert all(np.array_equal(grads[0], g) for g in grads)


def test_products_in_tf32_are_close_and_highest_is_exact(rng):
    x = rng.normal(size=(256, 256)).astype(np.float32)
    exact = x.astype(np.float64) @ x
    ours = xg.asarray(x, device="cuda")
    errors = {}
    for precision in ("highest", "high"):
        with xg.set_matmul_precision(precision):
            errors[precision] = np.max(np.abs((ours @ ours).numpy() - exact))
    assert errors["highest"] < 2e-4
    assert errors["highest"] <= errors["high"] < 0.2


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
@pytest.mark.parametrize("size", [2, 300])
@pytest.mark.parametrize("stack", [(), (3,)])
def test_matrices_without_a_factor_are_nan(dtype, size, stack):
    """cuSOLVER says so nowhere but in a number that nobody reads, as that would wait."""
    x = np.broadcast_to(np.eye(size, dtype=dtype), (*stack, size, size)).copy()
    x[..., -1, 0] = x[..., 0, -1] = 2.0
    y = xg.linalg.cholesky(xg.asarray(x, device="cuda")).numpy()
    assert np.isnan(y).all()


# -- reductions in kernels -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        *(((7,), None), ((1 << 14,), None), ((3_000_001,), None), ((1 << 22,), None)),
        *(((5, 3), 1), ((100_000, 10), 1), ((4096, 1000), 1), ((3, 1 << 20), 1)),
        *(((5, 3), 0), ((100_000, 10), 0), ((1000, 4096), 0), ((1 << 20, 3), 0)),
        ((30, 500, 70), 1),
    ],
    ids=str,
)
def test_reductions_of_recorded_steps_are_numpys(shape, axis, dtype, rng):
    x, b = rng.normal(size=shape).astype(dtype), rng.normal(size=shape[-1:]).astype(dtype)

    @xg.function
    def step(x, b):
        y = xg.tanh(x + b)
        return (
            xg.sum(y, axis=axis),
            xg.max(y, axis=axis),
            xg.min(x, axis=axis),
            xg.sum(y * y),
            y * 2.0,
        )

    given = xg.asarray(x, device="cuda"), xg.asarray(b, device="cuda")
    y = np.tanh(x.astype(np.float64) + b)
    wanted = (
        *(np.sum(y, axis), np.max(y, axis), np.min(x, axis), np.sum(y * y)),
        y * 2.0,
    )
    digits = 2e-5 if dtype == "float32" else 1e-12
    bits = []
    for graphs in ("never", "never", "always", "always", "always"):
        with xg.cuda.set_graphs(graphs):
            found = step(*given)
        bits.append([z.numpy() for z in found])
        for z, e in zip(bits[-1], wanted, strict=True):
            size = np.sqrt(x.size / max(1, e.size))  # sums of both signs cancel
            np.testing.assert_allclose(z, e, rtol=digits, atol=digits * size)
    assert step.stats().groups == 1
    for again in bits[2:]:  # the first call recorded
        for z, e in zip(again, bits[1], strict=True):
            np.testing.assert_array_equal(z, e)


def test_nan_is_the_largest_and_the_smallest(rng):
    x = rng.normal(size=(300, 700)).astype(np.float32)
    x[7, 5] = np.nan
    step = xg.function(lambda x: [f(x * 2.0, axis=1) for f in (xg.max, xg.min, xg.sum)])
    for _ in range(2):
        found = step(xg.asarray(x, device="cuda"))
    for y in found:
        assert np.flatnonzero(np.isnan(y.numpy())).tolist() == [7]


@pytest.mark.parametrize(
    "turn",
    [lambda x: x.T, lambda x: x[::-1, ::2], lambda x: x[1:]],
    ids=["transposed", "flipped", "moved"],
)
def test_views_are_reduced_where_they_lie(turn, rng):
    x = rng.normal(size=(301, 500)).astype(np.float32)
    given = xg.asarray(turn(xg.asarray(x, device="cuda").array))
    for axis in (None, 0, 1):
        step = xg.function(lambda x, axis=axis: xg.sum(xg.exp(x) * 0.5, axis=axis))
        step(given)
        expected = np.sum(np.exp(turn(x).astype(np.float64)) * 0.5, axis=axis)
        np.testing.assert_allclose(step(given).numpy(), expected, rtol=1e-5)


# -- graphs ----------------------------------------------------------------------------------------


def two_layers(w, b, optimizer):
    """A step with products of both orders, a row kernel, a gather and Adam."""

    def step(x, labels):
        with xg.GradientTape() as tape:
            h = xg.nn.gelu(x @ w + b)
            scores = xg.nn.log_softmax(h @ xg.matrix_transpose(w) + b)
            loss = -xg.mean(xg.take_along_axis(scores, labels[:, None], axis=1))
        optimizer.apply(tape.gradient(loss, [w, b]), [w, b])
        return loss, h

    return step


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_captured_step_is_the_step_on_the_host(dtype, rng):
    start = [rng.normal(size=(16, 16)).astype(dtype), rng.normal(size=16).astype(dtype)]
    ours = [xg.Variable(v, device="cuda") for v in start]
    host = [xg.Variable(v) for v in start]
    recorded = xg.function(two_layers(*ours, xg.optimizers.Adam(0.01)))
    plain = two_layers(*host, xg.optimizers.Adam(0.01))
    kept = []
    digits = 1e-3 if dtype == "float32" else 1e-9
    with xg.cuda.set_graphs("always"), xg.set_matmul_precision("highest"):
        for _ in range(6):
            x = rng.normal(size=(8, 16)).astype(dtype)
            labels = rng.integers(0, 16, 8)
            found = recorded(xg.asarray(x, device="cuda"), xg.asarray(labels, device="cuda"))
            expected = plain(xg.asarray(x), xg.asarray(labels))
            kept.append((found, expected))
        assert recorded.stats().replay.startswith("one graph"), recorded.stats().replay
    for found, expected in kept:  # which later replays did not overwrite
        for y, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=digits, atol=digits)
    for v, e in zip(ours, host, strict=True):
        np.testing.assert_allclose(v.numpy(), e.numpy(), rtol=digits, atol=digits)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize(
    ("first", "second"),
    [((5, 7), (7, 3)), ((7,), (7, 3)), ((4, 5, 7), (7, 3)), ((4, 1, 5, 7), (2, 7, 3))],
)
def test_captured_products_are_numpys(first, second, dtype, rng):
    x1, x2 = (rng.normal(size=shape).astype(dtype) for shape in (first, second))
    with xg.cuda.set_graphs("always"), xg.set_matmul_precision("highest"):
        for turned in (False, True):
            given = [xg.asarray(x, device="cuda") for x in (x1, x2)]
            if turned:  # the same values in column order
                given = [xg.asarray(x.array.mT.copy().mT) if x.ndim > 1 else x for x in given]
            step = xg.function(lambda a, b: a @ b)
            for _ in range(3):
                y = step(*given)
            assert step.stats().replay.startswith("one graph"), step.stats().replay
            digits = {"float16": 2e-2, "float32": 1e-4, "complex64": 1e-4}.get(dtype, 1e-12)
            np.testing.assert_allclose(y.numpy(), x1 @ x2, rtol=digits, atol=digits)


def test_what_cannot_be_captured_says_so_and_runs(rng):
    x = rng.normal(size=(4, 4))
    x = x @ x.T + 4 * np.eye(4)
    step = xg.function(lambda x: xg.linalg.cholesky(x))
    with xg.cuda.set_graphs("always"):
        for _ in range(3):
            y = step(xg.asarray(x, device="cuda"))
        assert "cuSOLVER" in step.stats().replay
    np.testing.assert_allclose(y.numpy(), np.linalg.cholesky(x), rtol=1e-10)


def test_graphs_on_two_streams_do_not_meet(rng):
    cupy = pytest.importorskip("cupy", reason="cupy is not installed")
    step = xg.function(lambda x: xg.cumulative_sum(xg.tanh(x)))
    values = [rng.normal(size=100_000) for _ in range(8)]
    given = [xg.asarray(v, device="cuda") for v in values]
    streams = [cupy.cuda.Stream(non_blocking=True) for _ in range(2)]
    with xg.cuda.set_graphs("always"):
        for _ in range(2):
            step(given[0])
        cupy.cuda.Device().synchronize()
        found = []
        for number, x in enumerate(given):
            with streams[number % 2]:
                found.append(step(x))
        cupy.cuda.Device().synchronize()
    for y, v in zip(found, values, strict=True):
        np.testing.assert_allclose(y.numpy(), np.cumsum(np.tanh(v)), rtol=1e-9, atol=1e-9)


def test_memory_of_a_graph_goes_back_with_its_function(rng):
    cupy = pytest.importorskip("cupy", reason="cupy is not installed")
    x = xg.asarray(rng.normal(size=1_000_000), device="cuda")

    def free():
        gc.collect()
        cupy.cuda.Device().synchronize()
        return xg.cuda.release_memory("cuda").free

    def captured():
        step = xg.function(lambda x: xg.sum(xg.cumulative_sum(x)))
        with xg.cuda.set_graphs("always"):
            for _ in range(3):
                step(x)
            assert step.stats().replay.startswith("one graph"), step.stats().replay
        return step

    captured()  # CUDA loads kernels, which stay
    before = free()
    step = captured()
    assert free() < before - 8_000_000
    del step
    assert free() > before - 4_000_000


@pytest.mark.multi_gpu
def test_the_second_gpu_computes_what_is_on_it(rng):
    cupy = pytest.importorskip("cupy", reason="cupy is not installed")
    values = rng.normal(size=(4, 8))
    with cupy.cuda.Device(0):
        found = gradient(xg.asarray(values, device="cuda:1"))
    assert str(found.device) == "cuda:1"
    assert found.array.device.id == 1
    np.testing.assert_allclose(found.numpy(), gradient(xg.asarray(values)).numpy(), rtol=1e-10)
