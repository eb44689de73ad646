"""What only a GPU can show: nothing waits, memory goes back, memory is shared, streams are kept."""

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
    assert errors["highest"] < 1e-4
    assert errors["highest"] <= errors["high"] < 0.2


@pytest.mark.multi_gpu
def test_the_second_gpu_computes_what_is_on_it(rng):
    cupy = pytest.importorskip("cupy", reason="cupy is not installed")
    values = rng.normal(size=(4, 8))
    with cupy.cuda.Device(0):
        found = gradient(xg.asarray(values, device="cuda:1"))
    assert str(found.device) == "cuda:1"
    assert found.array.device.id == 1
    np.testing.assert_allclose(found.numpy(), gradient(xg.asarray(values)).numpy(), rtol=1e-10)
