"""The same gradients by torch.special and jax.scipy.special, in float64."""

import numpy as np
import pytest

import xgrad as xg

# The name, the domain of each argument; the functions that torch and jax can differentiate.
TORCH = {
    **{name: [(-3, 3)] for name in ["erf", "erfc", "ndtr", "expit", "log_ndtr", "sinc", "exp2"]},
    **{name: [(-5, 5)] for name in ["i0", "i1", "i0e", "i1e"]},
    **{name: [(0.05, 0.95)] for name in ["logit", "ndtri", "entr"]},
    **{name: [(0.2, 6)] for name in ["gammaln", "digamma"]},
    "erfcx": [(-2, 4)],
    "erfinv": [(-0.9, 0.9)],
    "xlogy": [(-2, 2), (0.1, 3)],
    "xlog1py": [(-2, 2), (-0.8, 3)],
}
# jax compiles each function for seconds; what it and torch can do is tested more sharply against
# mpmath (test_accuracy.py), so a few of those that torch cannot differentiate are enough.
JAX = {
    "gamma": [(0.2, 6)],
    "rel_entr": [(0.1, 2), (0.1, 3)],
    "beta": [(0.2, 3), (0.2, 3)],
    "poch": [(0.5, 3), (0.5, 3)],
    "gammaincc": [(0.2, 6), (0.2, 9)],
}


def draw(domains):
    rng = np.random.default_rng(7)
    return [rng.uniform(low, high, 20) for low, high in domains]


def by_xgrad(name, arrays):
    xs = [xg.asarray(a) for a in arrays]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = getattr(xg.special, name)(*xs)
    return [y.numpy(), *(g.numpy() for g in tape.gradient(y, xs))]


def assert_close(found, expected):
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, np.asarray(e), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", TORCH)
def test_gradient_agrees_with_torch(name):
    torch = pytest.importorskip("torch", reason="torch: torch is not installed")
    arrays = draw(TORCH[name])
    xs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = getattr(torch.special, name)(*xs)
    expected = [y.detach().numpy(), *(g.numpy() for g in torch.autograd.grad(y.sum(), xs))]
    assert_close(by_xgrad(name, arrays), expected)


@pytest.mark.parametrize("name", JAX)
def test_gradient_agrees_with_jax(name):
    jax = pytest.importorskip("jax", reason="jax: jax is not installed")
    functions = pytest.importorskip("jax.scipy.special", reason="jax: jax is not installed")
    arrays = draw(JAX[name])
    with jax.enable_x64(True):
        f = getattr(functions, name)
        xs = [jax.numpy.asarray(a) for a in arrays]
        y, pull = jax.vjp(f, *xs)
        expected = [y, *pull(jax.numpy.ones_like(y))]
        assert_close(by_xgrad(name, arrays), expected)
