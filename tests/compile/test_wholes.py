"""Parts of gradients that stay one instruction where they are only written down."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends.numpy_ufuncs import UFUNCS
from xgrad.ops.wholes import WHOLES


def names(recorded):
    return [i.primitive.name for i in recorded._last().program.instructions]


def definite(rng, *shape):
    x = rng.normal(size=shape)
    return x @ np.swapaxes(x, -1, -2) + shape[-1] * np.eye(shape[-1])


def loss(x):
    lower = xg.linalg.cholesky(x)
    return xg.sum(xg.sin(lower)) + xg.sum(xg.log(xg.linalg.diagonal(lower)))


@pytest.mark.parametrize("shape", [(5, 5), (40, 40), (3, 4, 4)], ids=str)
def test_the_gradient_of_cholesky_is_one_instruction(rng, shape):
    f = xg.function(xg.grad(loss))
    for _ in range(3):
        x = xg.asarray(definite(rng, *shape))
        np.testing.assert_allclose(f(x).numpy(), xg.grad(loss)(x).numpy(), rtol=1e-10, atol=1e-12)
    assert names(f).count("cholesky_cotangent") == 1
    assert "solve_triangular" not in names(f)


def test_who_follows_the_gradient_gets_its_steps(rng):
    x = xg.asarray(definite(rng, 4, 4))
    v = xg.asarray(rng.normal(size=(4, 4)))
    for f in (
        lambda x: xg.grad(lambda x: xg.sum(xg.grad(loss)(x) ** 2))(x),
        lambda x: xg.jvp(xg.grad(loss), (x,), (v,))[1],
        lambda x: xg.vmap(xg.grad(loss))(xg.stack([x, x * 2.0])),
    ):
        recorded = xg.function(f)
        for _ in range(3):
            np.testing.assert_allclose(recorded(x).numpy(), f(x).numpy(), rtol=1e-9, atol=1e-12)
        assert "solve_triangular" in names(recorded)


def test_a_recorded_gradient_is_differentiable_from_outside(rng):
    x = xg.Variable(definite(rng, 4, 4))
    inner = xg.function(xg.grad(loss))
    inner(x.value())
    with xg.GradientTape() as tape:
        y = xg.sum(inner(x) ** 2)
    expected = xg.grad(lambda x: xg.sum(xg.grad(loss)(x) ** 2))(x.value())
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), expected.numpy(), rtol=1e-10)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_zero_cotangents_absorb_what_replays_meet(rng):
    """Recorded where nothing had to be absorbed; one matrix of the next stack has infinities."""
    weights = xg.asarray(np.array([1.0, 0.0, 1.0]))

    def f(x):
        return xg.sum(xg.sum(xg.linalg.inv(x), axis=(-2, -1)) * weights)

    recorded = xg.function(xg.grad(f))
    good = definite(rng, 3, 3, 3)
    recorded(xg.asarray(good))
    assert "absorb_zeros" in names(recorded)
    bad = good.copy()
    bad[1] = np.inf
    with np.errstate(all="ignore"):
        for x in (bad, good, bad):
            found, expected = recorded(xg.asarray(x)).numpy(), xg.grad(f)(xg.asarray(x)).numpy()
            np.testing.assert_allclose(found, expected, rtol=1e-12)
            assert np.isfinite(found[1]).all() == np.isfinite(expected[1]).all()


def test_all_backends_have_them(device):
    assert all(callable(getattr(device.backend.xp, name)) for name in WHOLES)


ACTIVATIONS = {
    "gelu": xg.nn.gelu,
    "gelu_tanh": lambda x: xg.nn.gelu(x, approximate=True),
    "relu": xg.nn.relu,
    "sigmoid": xg.nn.sigmoid,
    "silu": xg.nn.silu,
}


@pytest.mark.skipif(not UFUNCS, reason="the loops were not compiled here, or XGRAD_SPEEDUPS=0")
@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("size", [3, 200_000])
def test_what_goes_back_through_activations_is_one_instruction(name, size, rng):
    gradient = xg.grad(lambda x: xg.sum(xg.sin(ACTIVATIONS[name](x * 2.0))))
    f = xg.function(gradient)
    for dtype in ("float64", "float32", "float16"):
        for _ in range(3):
            x = xg.asarray(rng.normal(size=size).astype(dtype))
            tolerance = 4 * float(np.finfo(dtype).eps)
            np.testing.assert_allclose(
                f(x).numpy(), gradient(x).numpy(), rtol=tolerance, atol=tolerance
            )
        whole = "relu_cotangent" if name == "relu" else "activate_cotangent"
        assert names(f).count(whole) == 1
        assert not {"expit", "where", "zero_where_zero", "exp"} & set(names(f))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_and_is_followed_to_any_order(name, rng):
    g = xg.grad(lambda x: xg.sum(xg.sin(ACTIVATIONS[name](x * 2.0))))
    x, v = (xg.asarray(rng.normal(size=6)) for _ in range(2))
    for f in (
        lambda x: xg.grad(lambda x: xg.sum(g(x) ** 2))(x),
        lambda x: xg.jvp(g, (x,), (v,))[1],
        lambda x: xg.vmap(g)(xg.stack([x, x * 2.0])),
        lambda x: xg.hessian(lambda x: xg.sum(xg.sin(ACTIVATIONS[name](x))))(x),
    ):
        recorded = xg.function(f)
        for _ in range(3):
            np.testing.assert_allclose(recorded(x).numpy(), f(x).numpy(), rtol=1e-12, atol=1e-14)
    inner = xg.function(g)
    inner(x)
    found = xg.grad(lambda x: xg.sum(inner(x) ** 2))(x)
    expected = xg.grad(lambda x: xg.sum(g(x) ** 2))(x)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12, atol=1e-14)
