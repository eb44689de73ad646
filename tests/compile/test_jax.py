"""backend="jax": recorded programs through jax.jit, of NumPy's arrays and of jax's own."""

import numpy as np
import pytest
from programs import program

import xgrad as xg

pytest.importorskip("jax", reason="jax is not installed")
HOST = xg.namespace(np)


@pytest.mark.parametrize("seed", range(12))
def test_random_programs_give_the_same(seed):
    run = program(seed)
    f = xg.value_and_grad(lambda *xs: run(HOST, *xs), tuple(range(len(run.inputs))))
    compiled = xg.function(f, backend="jax")
    for scale in (1.0, 1.001):
        xs = [xg.asarray(x * scale) for x in run.inputs]
        for y, e in zip(xg.tree.leaves(compiled(*xs)), xg.tree.leaves(f(*xs)), strict=True):
            assert (y.shape, y.dtype, y.device) == (e.shape, e.dtype, e.device)
            size = max(1.0, np.max(np.abs(e.numpy()), initial=0.0))
            np.testing.assert_allclose(
                y.numpy(), e.numpy(), rtol=1e-9, atol=1e-9 * size, err_msg=run.source
            )


def test_variables_are_read_and_written():
    v = xg.Variable(np.ones(3, np.float32))

    @xg.function(backend="jax")
    def step(x):
        with xg.GradientTape() as tape:
            y = xg.sum(v * v * x)
        v.assign_sub(0.1 * tape.gradient(y, v))
        return y

    x = xg.asarray(np.ones(3, np.float32))
    values = [step(x).item() for _ in range(3)]
    np.testing.assert_allclose(values, [3.0, 3.0 * 0.64, 3.0 * 0.64**2], rtol=1e-6)
    assert v.dtype == np.float32
    v.assign_add(np.ones(3, np.float32))  # what came from jax may be changed afterwards
    np.testing.assert_allclose(v.numpy(), 0.8**3 + 1.0, rtol=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[[2, 0, 2]],
        lambda x: x.at[[1, 1]].add(2.0),
        lambda x: x.at[1].set(x[0]),
        lambda x: xg.take_along_axis(x, xg.asarray([2, 2, 0]), axis=0),
        lambda x: xg.scatter(x, xg.asarray([0, 0]), xg.stack([x[1], x[2]]), mode="max"),
        lambda x: xg.cumulative_sum(x) * xg.sort(x),
        lambda x: xg.linalg.solve(xg.eye(3) + xg.linalg.outer(x, x), x),
    ],
    ids=["index", "add", "set", "along", "scatter", "cumulative", "solve"],
)
def test_writing_and_indexing(f):
    run = xg.value_and_grad(lambda x: xg.sum(f(x) ** 2))
    compiled = xg.function(run, backend="jax")
    for values in ([1.0, 2.0, 4.0], [0.5, -1.0, 3.0]):
        x = xg.asarray(values)
        for y, e in zip(compiled(x), run(x), strict=True):
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, i: xg.zeros(4).at[1:].set(x),
        lambda x, i: xg.asarray(np.arange(4.0))[i] * x,
        lambda x, i: xg.take(xg.asarray(np.eye(4)), i, axis=0) @ xg.pad(x, (0, 1)),
    ],
    ids=["written", "read", "taken"],
)
def test_constants_are_arrays_of_jax(f):
    compiled = xg.function(f, backend="jax")
    for scale in (1.0, 2.0):
        given = xg.asarray([1.0, 2.0, 3.0]) * scale, xg.asarray([3, 0, 1])
        y, e = compiled(*given), f(*given)
        assert (y.dtype, y.tolist()) == (e.dtype, e.tolist())


def test_arrays_of_jax_are_compiled_without_being_asked(monkeypatch):
    import jax

    calls = []
    plain = jax.jit
    monkeypatch.setattr(jax, "jit", lambda f: calls.append(1) or plain(f))
    with xg.device("jax"):
        x = xg.ones(3, dtype=xg.float32)
        f = xg.function(lambda x: xg.sin(x) * 2)
        for _ in range(3):
            y = f(x)
    assert len(calls) == 1
    assert str(y.device).startswith("jax")
    np.testing.assert_allclose(y.numpy(), 2 * np.sin(np.float32(1.0)), rtol=1e-6)


def test_jaxs_own_arrays_keep_jaxs_dtypes():
    """With 64 bits off, as jax is by default, a replay gives what the first call gave."""
    with xg.device("jax"):
        x = xg.ones(3, dtype=xg.float32)
        f = xg.function(lambda x: (x * 2, xg.argmax(x), xg.sum(xg.astype(x, xg.int32))))
        first, second = f(x), f(x)
    assert [y.dtype for y in second] == [y.dtype for y in first]


POOLED = np.random.default_rng(3).normal(size=(2, 4, 4, 2)).astype(np.float32)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: xg.linalg.lu(x[0, ..., 0]),
        lambda x: xg.grad(lambda x: xg.sum(xg.linalg.lu(x[..., :3, 1])[1] ** 2))(x),
        lambda x: xg.grad(lambda x: xg.sum(xg.nn.max_pool(x, 3, padding="SAME") ** 2))(x),
    ],
    ids=["lu", "gradient of lu", "gradient of max_pool"],
)
def test_what_is_compiled_asks_no_array_for_its_device(f):
    compiled = xg.function(f)
    x = xg.asarray(POOLED, device="jax")
    compiled(x)  # which records it
    for y, e in zip(
        xg.tree.leaves(compiled(x)), xg.tree.leaves(f(xg.asarray(POOLED))), strict=True
    ):
        np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=1e-4, atol=1e-4)


def test_what_cannot_be_compiled_says_so():
    f = xg.function(lambda x: xg.special.gammaincinv(x, x / 4))
    x = xg.asarray(np.ones(2, np.float32), device="jax")
    f(x)
    with pytest.raises(xg.errors.XgradError, match="gammaincinv"):
        f(x)


def test_a_library_without_a_compiler_is_refused():
    with pytest.raises(
        xg.errors.ArgumentError, match=r"backend='numpy' has no compiler.*Use 'jax'"
    ):
        xg.function(lambda x: x * 2, backend="numpy")


def test_arrays_of_a_third_library_are_refused():
    strict = pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    f = xg.function(lambda x: x * 2, backend="jax")
    with pytest.raises(
        xg.errors.ArgumentError, match="arrays of array_api_strict cannot be handed"
    ):
        f(xg.asarray(strict.ones(3)))


def test_looking_at_values_is_refused():
    f = xg.function(lambda x: xg.debugging.check_numerics(x * 2, "x"), backend="jax")
    with pytest.raises(xg.errors.ArgumentError, match="check_numerics looks at values"):
        f(xg.ones(3))
