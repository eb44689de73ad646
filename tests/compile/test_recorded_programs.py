"""Random programs (tests/programs.py), recorded and replayed, give what they give eagerly.

With values, gradients and Hessians, over inputs that change, on every device; Variables and the
optimiser's passes too. `XGRAD_PROGRAMS=500` says how many."""

import os

import numpy as np
import pytest
from programs import program

import xgrad as xg
from xgrad.compile import blocks, fusion, recording

COUNT = int(os.environ.get("XGRAD_PROGRAMS", "0")) or 60
HOST = xg.namespace(np)

seeds = pytest.mark.parametrize("seed", range(COUNT))


def inputs_of(run, seed, *, device="cpu"):
    """Three sets of inputs of the same shapes."""
    rng = np.random.default_rng(seed)
    for scale in (1.0, 1.001, 0.998):
        yield [xg.asarray(x * scale * (1 + 1e-3 * rng.normal()), device=device) for x in run.inputs]


def assert_same(found, expected, source):
    for y, e in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
        assert (y.shape, y.dtype, y.device) == (e.shape, e.dtype, e.device)
        scale = max(1.0, np.max(np.abs(e.numpy()), initial=0.0))
        np.testing.assert_allclose(
            y.numpy(), e.numpy(), rtol=1e-11, atol=1e-11 * scale, err_msg=source
        )


@seeds
def test_values_are_those_of_the_function(seed):
    run = program(seed)
    f = lambda *xs: run.outputs(HOST, *xs)
    recorded = xg.function(f)
    for xs in inputs_of(run, seed):
        assert_same(recorded(*xs), f(*xs), run.source)


@seeds
def test_gradients_are_those_of_the_function(seed):
    run = program(seed)
    numbers = tuple(range(len(run.inputs)))
    f = xg.value_and_grad(lambda *xs: run(HOST, *xs), numbers)
    recorded = xg.function(f)
    for xs in inputs_of(run, seed):
        assert_same(recorded(*xs), f(*xs), run.source)


@pytest.mark.parametrize("seed", range(max(1, COUNT // 3)))
def test_hessians_are_those_of_the_function(seed):
    run = program(seed, kinks=False)
    f = xg.hessian(lambda *xs: run(HOST, *xs))
    recorded = xg.function(f)
    for xs in inputs_of(run, seed):
        assert_same(recorded(*xs), f(*xs), run.source)


@pytest.mark.parametrize("seed", range(max(1, COUNT // 3)))
def test_what_nobody_has_any_more_is_not_needed_by_the_recording(seed, monkeypatch):
    """Arrays go as they do eagerly, and others take their places, in memory and as identities."""
    monkeypatch.setattr(recording, "_LARGE", 0)
    run = program(seed, kinks=False)
    for transform in (xg.value_and_grad, xg.hessian):
        f = transform(lambda *xs: run(HOST, *xs))
        recorded = xg.function(f)
        for xs in inputs_of(run, seed):
            assert_same(recorded(*xs), f(*xs), run.source)


@pytest.mark.parametrize("seed", range(max(1, COUNT // 3)))
def test_products_of_forward_mode_are_those_of_the_function(seed):
    run = program(seed, kinks=False)

    def f(*xs):
        with xg.ForwardAccumulator(list(xs), [xg.cos(x) for x in xs]) as accumulator:
            y = run(HOST, *xs)
        return accumulator.jvp(y, unconnected_gradients="zero")

    recorded = xg.function(f)
    for xs in inputs_of(run, seed):
        assert_same(recorded(*xs), f(*xs), run.source)


@pytest.mark.parametrize("seed", range(max(1, COUNT // 3)))
def test_steps_with_variables_are_those_of_the_function(seed):
    run = program(seed, kinks=False)

    def step(variables):
        with xg.GradientTape() as tape:
            y = run(HOST, *[v * 1.0 for v in variables])
        for v, g in zip(
            variables, tape.gradient(y, variables, unconnected_gradients="zero"), strict=True
        ):
            v.assign_sub(1e-4 * xg.tanh(g))
        return y

    mine, theirs = ([xg.Variable(x) for x in run.inputs] for _ in range(2))
    recorded = xg.function(step)
    for _ in range(4):
        assert_same(recorded(mine), step(theirs), run.source)
        assert_same([v.value() for v in mine], [v.value() for v in theirs], run.source)


@pytest.mark.parametrize("seed", range(max(1, COUNT // 6)))
def test_other_devices_replay_too(seed, other_device):
    run = program(seed)
    xp = xg.namespace(other_device.namespace)
    numbers = tuple(range(len(run.inputs)))
    f = xg.value_and_grad(lambda *xs: run(xp, *xs), numbers)
    recorded = xg.function(f)
    for xs in inputs_of(run, seed, device=other_device):
        assert_same(recorded(*xs), f(*xs), run.source)


@seeds
def test_gradients_in_blocks_are_those_of_the_function(seed, monkeypatch):
    """With blocks of a few elements, so that small programs run in them too."""
    monkeypatch.setattr(fusion, "_LARGE", 2)
    monkeypatch.setattr(blocks, "_BLOCK", 4)
    monkeypatch.setattr(blocks, "_LEAST", 2)
    monkeypatch.setattr(blocks, "threads_for", lambda work, calls: blocks.thread_count())
    run = program(seed)
    numbers = tuple(range(len(run.inputs)))
    f = xg.value_and_grad(lambda *xs: run(HOST, *xs), numbers)
    recorded = xg.function(f)
    for xs in inputs_of(run, seed):
        assert_same(recorded(*xs), f(*xs), run.source)
