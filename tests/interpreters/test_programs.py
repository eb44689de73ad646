"""Random programs (tests/programs.py) on xgrad, numpy, torch and jax: the same values and gradients.

`XGRAD_PROGRAMS=1000` says how many; fewer by default, because torch and above all jax are slow on
many small shapes."""

import os
import warnings

import numpy as np
import pytest
from numerical import difference
from program_operations import OPERATIONS
from programs import EXTENSIONS, program, programs

import xgrad as xg

COUNT = int(os.environ.get("XGRAD_PROGRAMS", "0"))
HOST = xg.namespace(np)
# jax takes seconds for a program that is not compiled, as those with transforms (see by_jax): only
# every tenth may have some, and none where few programs are asked for.
COMPILED = tuple(name for name in EXTENSIONS if name != "fft")


def seeds(fewer):
    return pytest.mark.parametrize("seed", range(COUNT or fewer))


def value_and_gradients(run, device="cpu", xp=HOST):
    """By xgrad, as numpy arrays; zeros for inputs that no gradient reaches."""
    xs = [xg.asarray(x, device=device) for x in run.inputs]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = run(xp, *xs)
    found = tape.gradient(y, xs, unconnected_gradients="zero")
    return y.numpy(), [g.numpy() for g in found]


def assert_agree(found, expected, run, tolerance=1e-9):
    """Relative to the largest element of all gradients: what is far below is cancellation."""
    (y, gradients), (right, right_gradients) = found, expected
    np.testing.assert_allclose(y, right, rtol=tolerance, atol=tolerance, err_msg=run.source)
    scale = max(1e-3, *(np.max(np.abs(g)) for g in right_gradients))
    for g, r in zip(gradients, right_gradients, strict=True):
        np.testing.assert_allclose(g, r, rtol=tolerance, atol=tolerance * scale, err_msg=run.source)


# -- oracles -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="torch: torch is not installed")


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax", reason="jax: jax is not installed")
    with jax.enable_x64(True):
        yield jax


def by_torch(torch, run):
    from array_api_compat import torch as namespace

    xs = [torch.tensor(x, requires_grad=True) for x in run.inputs]
    with warnings.catch_warnings(action="ignore"):
        y = run(namespace, *xs)
        found = torch.autograd.grad(y, xs, allow_unused=True, materialize_grads=True)
    return y.detach().numpy(), [g.numpy() for g in found]


def by_jax(jax, run):
    xs = [jax.numpy.asarray(x) for x in run.inputs]
    places = tuple(range(len(xs)))
    f = jax.value_and_grad(lambda *xs: run(jax.numpy, *xs), places)
    if "transform" not in run.names:  # inside programs XLA's FFT on CPUs fails (0.10: RET_CHECK)
        f = jax.jit(f)
    y, found = f(*xs)
    return np.asarray(y), [np.asarray(g) for g in found]


# -- tests -------------------------------------------------------------------------------------


@seeds(100)
def test_value_of_a_program_is_numpys(seed):
    run = program(seed)
    xs = [xg.asarray(x) for x in run.inputs]
    for y, right in zip(run.outputs(HOST, *xs), run.outputs(np, *run.inputs), strict=True):
        np.testing.assert_allclose(y.numpy(), right, rtol=1e-13, atol=1e-14, err_msg=run.source)


@seeds(100)
def test_gradient_of_a_program_agrees_with_torch(seed, torch):
    run = program(seed)
    assert_agree(value_and_gradients(run), by_torch(torch, run), run)


@seeds(6)
def test_gradient_of_a_program_agrees_with_jax(seed, jax):
    run = program(seed, extensions=EXTENSIONS if COUNT and seed % 10 == 0 else COMPILED)
    assert_agree(value_and_gradients(run), by_jax(jax, run), run)


@seeds(20)
def test_a_program_gives_the_same_on_other_devices(seed, other_device):
    run = program(seed)
    xp = xg.namespace(other_device.namespace)
    assert_agree(value_and_gradients(run, other_device, xp), value_and_gradients(run), run)


# -- the generator -----------------------------------------------------------------------------


def test_every_operation_is_drawn():
    drawn = {name for run in programs(150) for name in run.names}
    assert drawn == {o.name for o in OPERATIONS if not o.needs or o.needs in EXTENSIONS}


def test_programs_have_5_to_40_operations():
    assert {len(run.names) for run in programs(400)} == set(range(5, 41))


def test_a_seed_gives_the_same_program_again():
    assert program(3).source == program(3).source
    assert program(3).source != program(4).source


def test_a_length_can_be_asked_for():
    assert len(program(0, length=7).names) == 7


def test_programs_without_kinks_agree_with_differences(rng):
    for run in programs(20, length=12, kinks=False):
        directions = [rng.normal(size=x.shape) for x in run.inputs]
        expected = difference(lambda *xs: run(np, *xs), run.inputs, directions)  # noqa: B023
        _, found = value_and_gradients(run)
        total = sum(np.sum(g * d) for g, d in zip(found, directions, strict=True))
        scale = max(1.0, *(np.max(np.abs(g)) for g in found))
        np.testing.assert_allclose(total, expected, rtol=1e-6, atol=1e-6 * scale)
