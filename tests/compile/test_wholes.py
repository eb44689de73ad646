"""Parts of gradients that stay one instruction where they are only written down."""

import numpy as np
import pytest

import xgrad as xg
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
