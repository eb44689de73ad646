"""The same functions differentiated by torch and by jax, in float64 to 1e-9.

A case that uses nothing but the array API standard runs there as it stands."""

import warnings

import numpy as np
import pytest
from cases import CASES, arguments, complex_arguments
from numerical import as_tuple

import xgrad as xg

STANDARD = [case for case in CASES if case.standard]
COMPLEX = [case for case in STANDARD if case.complex]

NOT_TORCH = {"remainder/scalar on the left": "torch has no derivative of scalar % tensor"}

# jax compiles every function at every shape, so it is asked where derivatives are hard to get right;
# random programs (interpreters/test_programs.py) ask it for the others.
FOR_JAX = """
    atan2, logaddexp, pow, remainder, prod/two, var/all, cumulative_prod/axis 1, sort/descending,
    take_along_axis, getitem/broadcast arrays, fft.rfft/odd, fft.irfftn/sizes, fft.hfft,
    linalg.cholesky/stack, linalg.det, linalg.slogdet, linalg.eigh/stack, linalg.svd/wide,
    linalg.pinv/tall, linalg.qr/tall, reduced, linalg.solve/(2, 1, 3, 3) and (4, 3, 2),
    linalg.matrix_norm/nuc, composition/network"""
CASES_FOR_JAX = [c for c in STANDARD if f", {c.name}," in f", {' '.join(FOR_JAX.split())},"]


def gradients_by_xgrad(case, arrays, weights):
    xs = [xg.asarray(x) for x in arrays]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        ys = as_tuple(case.f(xg.namespace(np), *xs))
    return [g.numpy() for g in tape.gradient(ys, xs, tuple(weights))]


def outputs(case, arrays):
    return [y.numpy() for y in as_tuple(case.f(xg.namespace(np), *map(xg.asarray, arrays)))]


def random_like(ys, rng):
    weights = [rng.normal(size=y.shape) for y in ys]
    parts = [1j * rng.normal(size=y.shape) if np.iscomplexobj(y) else 0.0 for y in ys]
    return [w + p for w, p in zip(weights, parts, strict=True)]


def assert_close(found, expected):
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-9, atol=1e-9)


# -- torch -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="torch: torch is not installed")


def gradients_by_torch(torch, case, arrays, weights):
    from array_api_compat import torch as namespace

    xs = [torch.tensor(x, requires_grad=True) for x in arrays]
    with warnings.catch_warnings(action="ignore"):
        ys = as_tuple(case.f(namespace, *xs))
        seeds = [torch.tensor(w, dtype=y.dtype) for w, y in zip(weights, ys, strict=True)]
        found = torch.autograd.grad(ys, xs, seeds, allow_unused=True, materialize_grads=True)
    return [g.resolve_conj().numpy() for g in found]


@pytest.mark.parametrize("case", STANDARD, ids=lambda case: case.name)
def test_gradient_agrees_with_torch(case, torch, rng):
    if case.name in NOT_TORCH:
        pytest.skip(f"{case.name}: {NOT_TORCH[case.name]}")
    arrays = arguments(case, rng)
    weights = random_like(outputs(case, arrays), rng)
    expected = gradients_by_torch(torch, case, arrays, weights)
    assert_close(gradients_by_xgrad(case, arrays, weights), expected)


@pytest.mark.parametrize("case", COMPLEX, ids=lambda case: case.name)
def test_complex_gradient_agrees_with_torch(case, torch, rng):
    arrays = complex_arguments(case, rng)
    weights = random_like(outputs(case, arrays), rng)
    expected = gradients_by_torch(torch, case, arrays, weights)
    assert_close(gradients_by_xgrad(case, arrays, weights), expected)


# -- jax ---------------------------------------------------------------------------------------


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax", reason="jax: jax is not installed")
    with jax.enable_x64(True):
        yield jax


@pytest.mark.parametrize("case", CASES_FOR_JAX, ids=lambda case: case.name)
def test_gradient_agrees_with_jax(case, jax, rng):
    arrays = arguments(case, rng)
    weights = random_like(outputs(case, arrays), rng)
    xs = [jax.numpy.asarray(x) for x in arrays]
    _, pull = jax.vjp(lambda *xs: as_tuple(case.f(jax.numpy, *xs)), *xs)
    # jax pulls back what the derivative is multiplied with, without conjugation.
    expected = pull(tuple(jax.numpy.asarray(np.conj(w)) for w in weights))
    assert_close(gradients_by_xgrad(case, arrays, weights), expected)
