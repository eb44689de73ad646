"""Half numbers on CUDA, on the stand-in, which has cupy's gaps: what keeps them, rounds, refuses."""

import sys

import numpy as np
import pytest
from cupy_stand_in import Host
from host_kernels import COMPILER

import xgrad as xg
from xgrad.backends import cupy_halves

ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
EPSILON = 2.0**-8


def near(found, expected, factor=4):
    """Whether values agree to a few units in the last place of bfloat16."""
    found, expected = np.asarray(found, "float64"), np.asarray(expected, "float64")
    scale = np.max(np.abs(expected), initial=1e-30)
    np.testing.assert_allclose(
        found, expected, rtol=factor * EPSILON, atol=factor * EPSILON * scale
    )


@pytest.mark.parametrize("dtype", ["bfloat16", BFLOAT16, ml_dtypes.bfloat16], ids=repr)
def test_arrays_are_made_of_it(second, dtype):
    x = xg.asarray([1.0, 2.5], dtype=dtype, device=second)
    assert x.dtype == BFLOAT16
    assert x.device == second
    assert x.numpy().astype(float).tolist() == [1.0, 2.5]
    assert xg.zeros(2, dtype=dtype, device=second).dtype == BFLOAT16
    assert xg.astype(xg.ones(2, device=second), dtype).dtype == BFLOAT16
    assert xg.astype(x, xg.float32).tolist() == [1.0, 2.5]
    assert xg.isdtype(x.dtype, "real floating")


UNARY = ["exp", "log", "sqrt", "square", "tanh", "sin", "abs", "negative", "sign", "round"]
UNARY += ["nn.relu", "nn.gelu", "nn.silu", "nn.sigmoid", "nn.softplus", "nn.softmax"]
UNARY += ["nn.log_softmax", "nn.layer_norm", "logsumexp", "sum", "mean", "max", "prod", "std"]
UNARY += ["cumulative_sum", "special.erf", "special.ndtr", "tril"]


def public(name):
    module, _, own = name.rpartition(".")
    return getattr(getattr(xg, module) if module else xg, own)


@pytest.mark.parametrize("name", UNARY)
def test_functions_and_gradients_keep_it(second, name, rng):
    values = rng.uniform(0.3, 2.0, (3, 4)).astype(BFLOAT16)
    own = public(name)
    f = (lambda x: own(x, axis=1)) if name == "cumulative_sum" else own
    x, wide = xg.asarray(values, device=second), xg.asarray(values.astype("float64"))
    loss = lambda x: xg.sum(f(x) * x * x)
    y, g = f(x), xg.grad(loss)(x)
    assert y.dtype == BFLOAT16
    assert g.dtype == BFLOAT16
    near(y.numpy(), f(wide).numpy())
    near(g.numpy(), xg.grad(loss)(wide).numpy(), 16)


BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "pow", "hypot"]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("other", ["array", "float", "int"])
def test_of_two_operands_and_of_numbers(second, name, other, rng):
    values = rng.uniform(0.5, 2.0, (2, 3)).astype(BFLOAT16)
    x = xg.asarray(values, device=second)
    b = {"array": x, "float": 1.5, "int": 2}[other]
    if name == "hypot" and other != "array":
        b = x
    y = getattr(xg, name)(x, b)
    assert y.dtype == BFLOAT16
    wide = values.astype("float64")
    b = wide if isinstance(b, xg.Tensor) else b
    near(y.numpy(), getattr(np, {"pow": "power"}.get(name, name))(wide, b))


def test_operators_with_numbers_keep_it(second):
    x = xg.asarray([1.0, 2.0], dtype="bfloat16", device=second)
    for y in (x * 2.0, 2.0 * x, x + 1, 1 / x, x**2, x**0.5, x - 0.5, xg.where(x > 1.0, x, 0.0)):
        assert y.dtype == BFLOAT16
    assert xg.clip(x, 0.0, 1.0).dtype == BFLOAT16


@pytest.mark.parametrize(
    "shapes",
    [((2, 3), (3, 4)), ((3,), (3, 2)), ((2, 2, 3), (3, 4)), ((2, 1, 3), (2, 3, 2))],
    ids=str,
)
def test_products_and_their_gradients(second, shapes, rng):
    arrays = [rng.normal(size=s).astype(BFLOAT16) for s in shapes]
    loss = lambda a, b: xg.sum(xg.square(a @ b))
    there = [xg.asarray(a, device=second) for a in arrays]
    wide = [xg.asarray(a.astype("float64")) for a in arrays]
    y = there[0] @ there[1]
    assert y.dtype == BFLOAT16
    near(y.numpy(), (wide[0] @ wide[1]).numpy())
    for g, expected in zip(
        xg.grad(loss, (0, 1))(*there), xg.grad(loss, (0, 1))(*wide), strict=True
    ):
        assert g.dtype == BFLOAT16
        near(g.numpy(), expected.numpy(), 16)


def network(p, x, labels):
    h = xg.nn.linear(x, p["k"], p["b"], activation=xg.nn.gelu)
    h = xg.nn.layer_norm(h)
    return xg.nn.sparse_softmax_cross_entropy(xg.nn.linear(h, p["out"]), labels)


def parameters(rng):
    shapes = {"k": (4, 8), "b": (8,), "out": (8, 3)}
    return {n: rng.normal(size=s).astype(BFLOAT16) for n, s in shapes.items()}


@pytest.mark.parametrize("recorded", [False, True])
def test_a_network_has_gradients_in_it(second, recorded, rng):
    values, x = parameters(rng), rng.normal(size=(5, 4)).astype(BFLOAT16)
    labels = np.array([0, 2, 1, 1, 0])
    p = {n: xg.asarray(v, device=second) for n, v in values.items()}
    wide = {n: xg.asarray(v.astype("float64")) for n, v in values.items()}
    gradient = xg.value_and_grad(network)
    step = xg.function(gradient) if recorded else gradient
    for _ in range(2):
        loss, found = step(p, xg.asarray(x, device=second), xg.asarray(labels, device=second))
    expected_loss, expected = gradient(wide, xg.asarray(x.astype("float64")), xg.asarray(labels))
    near(float(loss), float(expected_loss), 8)
    for n, g in found.items():
        assert g.dtype == BFLOAT16
        near(g.numpy(), expected[n].numpy(), 24)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "layer_norm"])
def test_rows_of_float16_are_computed_in_float32(second, name, rng):
    values = (20 * rng.normal(size=(3, 300))).astype("float16")
    f = getattr(xg.nn, name)
    x, wide = xg.asarray(values, device=second), xg.asarray(values.astype("float64"))
    loss = lambda x: xg.sum(f(x) * f(x))
    y, g = f(x), xg.grad(loss)(x)
    assert (y.dtype, g.dtype) == (np.float16, np.float16)
    np.testing.assert_allclose(y.numpy(), f(wide).numpy().astype("float16"), rtol=2e-3, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sums_of_many_do_not_stop(second, dtype):
    count = 4096
    x, table = (xg.ones(n, dtype=dtype, device=second) for n in (count, 2))
    zeros = xg.zeros(count, dtype="int64", device=second)

    def taken(f):
        return xg.grad(lambda table: xg.sum(xg.astype(f(table), "float32")))(table)[0]

    for y in (
        xg.cumulative_sum(x)[-1],
        table.at[zeros].add(x)[0] - 1,
        taken(lambda table: xg.take(table, zeros, axis=0)),
        taken(lambda table: table[zeros]),
        taken(lambda table: xg.take_along_axis(table, zeros, axis=0)),
    ):
        assert str(y.dtype) == dtype
        assert y.numpy() == count


def test_a_cross_entropy_of_float16_is_three_launches_more_at_most(second, rng):
    x = xg.asarray(rng.normal(size=(4, 3)).astype("float16"), device=second)
    labels = xg.asarray([0, 2, 1, 1], device=second)
    before = Host.launches
    y = xg.nn.sparse_softmax_cross_entropy(x, labels, reduction="none")
    assert Host.launches - before <= 6
    assert y.dtype == np.float16


def test_different_floats_meet_in_the_wider_one(second):
    x = xg.asarray([1.0, 2.0], dtype="bfloat16", device=second)
    y = xg.ones(2, dtype=xg.float32, device=second)
    assert (x + y).dtype == xg.float32
    assert xg.where(x > 1.0, x, y).dtype == xg.float32


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_optimizers_step_in_it(second, optimizer):
    v = xg.Variable(xg.asarray([1.0, -2.0], dtype="bfloat16", device=second))
    made = getattr(xg.optimizers, optimizer)(learning_rate=0.125)
    made.minimize(lambda: xg.sum(v * v), [v])
    assert v.dtype == BFLOAT16
    near(v.numpy(), [0.75, -1.5] if optimizer == "SGD" else [0.875, -1.875])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("sort", [[1.0, 2.0]]), ("argsort", [[1.0, 2.0]]), ("linalg.det", [[[1.0]]]),
     ("linalg.solve", [[[1.0]], [[1.0]]]), ("fft.rfft", [[1.0, 2.0]])],
)  # fmt: skip
def test_what_cupy_does_not_have_says_what_to_do(second, name, arguments):
    given = [xg.asarray(a, dtype="bfloat16", device=second) for a in arguments]
    with pytest.raises(xg.errors.DTypeError, match=r"bfloat16"):
        public(name)(*given)


def test_without_ml_dtypes_an_error_says_what_to_install(second, monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    cupy_halves._has_ml_dtypes.cache_clear()
    monkeypatch.setattr(second.backend, "_dtypes", {})
    try:
        with pytest.raises(xg.errors.BackendUnavailableError, match=r'"\.\[bfloat16\]"'):
            xg.asarray([1.0], dtype="bfloat16", device=second)
    finally:
        cupy_halves._has_ml_dtypes.cache_clear()


def test_on_the_host_lists_become_it_and_gradients_keep_it():
    x = xg.asarray([1.0, 2.0], dtype="bfloat16")
    g = xg.grad(lambda x: xg.sum(x * x))(x)
    assert (x.dtype, g.dtype) == (BFLOAT16, BFLOAT16)
    assert g.numpy().astype(float).tolist() == [2.0, 4.0]


# -- in CUDA graphs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: xg.logsumexp(x, axis=1),  # sums that are no half numbers
        lambda x: xg.nn.softmax(x * 1.0) + 1.0,
        lambda x: xg.cumulative_sum(x, axis=1)[:, -1] / 70_000,
        lambda x: xg.matmul(x[None, :, :50], x[None, :, :50].mT),
    ],
    ids=["logsumexp", "softmax", "cumulative_sum", "matmul"],
)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_in_a_graph_they_are_what_they_are_outside(second, f, dtype, rng):
    x = xg.astype(xg.asarray(rng.uniform(0, 0.1, (2, 70_000)), device=second), dtype)
    expected = f(x)
    step = xg.function(f)
    with xg.cuda.set_graphs("always"):
        for _ in range(3):
            y = step(x)
        assert step.stats().replay.startswith("one graph"), step.stats().replay
    assert y.dtype == expected.dtype == x.dtype
    near(y.numpy(), expected.numpy(), factor=2)
