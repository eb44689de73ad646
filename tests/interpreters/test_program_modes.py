"""Random programs (tests/programs.py): all modes and orders agree, and vmap is a loop.

First, second and third order, reverse, forward and mixed. `XGRAD_PROGRAMS=500` says how many."""

import os

import numpy as np
import pytest
from programs import program

import xgrad as xg

ASKED_FOR = int(os.environ.get("XGRAD_PROGRAMS", "0"))
COUNT = ASKED_FOR or 20
HOST = xg.namespace(np)

seeds = pytest.mark.parametrize("seed", range(COUNT))
fewer_seeds = pytest.mark.parametrize("seed", range(ASKED_FOR or 5))  # what takes longer


def smooth(seed):
    """A program that has derivatives of every order, its inputs, and a direction for each."""
    run = program(seed, kinks=False)
    xs = tuple(map(xg.asarray, run.inputs))
    rng = np.random.default_rng(seed)
    return (lambda *xs: run(HOST, *xs)), xs, tuple(xg.asarray(rng.normal(size=x.shape)) for x in xs)


def reverse(f, ts):
    """The function of the inputs that gives f's derivative along ts by reverse mode."""

    def slope(*xs):
        with xg.GradientTape() as tape:
            tape.watch(xs)
            y = f(*xs)
        found = tape.gradient(y, list(xs), unconnected_gradients="zero")
        return sum(xg.sum(g * t) for g, t in zip(found, ts, strict=True))

    return slope


def forward(f, ts):
    """The same by forward mode."""

    def slope(*xs):
        with xg.ForwardAccumulator(list(xs), list(ts)) as accumulator:
            y = f(*xs)
        return accumulator.jvp(y, unconnected_gradients="zero")

    return slope


def assert_same(values, source):
    """All values are the first one, relative to its size."""
    values = [v.item() for v in values]
    scale = max(1.0, *map(abs, values))
    np.testing.assert_allclose(values, values[0], rtol=1e-10, atol=1e-10 * scale, err_msg=source)


@seeds
def test_first_order_is_the_same_in_both_modes(seed):
    f, xs, ts = smooth(seed)
    assert_same([reverse(f, ts)(*xs), forward(f, ts)(*xs)], program(seed, kinks=False).source)


@seeds
def test_first_order_with_kinks_is_the_same_in_both_modes(seed):
    run = program(seed)
    f = lambda *xs: run(HOST, *xs)
    xs = tuple(map(xg.asarray, run.inputs))
    ts = tuple(map(xg.cos, xs))
    assert_same([reverse(f, ts)(*xs), forward(f, ts)(*xs)], run.source)


@seeds
def test_second_order_is_the_same_in_every_mixture(seed):
    f, xs, ts = smooth(seed)
    mixtures = [
        outer(inner(f, ts), ts) for outer in (reverse, forward) for inner in (reverse, forward)
    ]
    found = [mixture(*xs) for mixture in mixtures]
    products = xg.hvp(f, xs, ts)
    products = products if isinstance(products, tuple) else (products,)
    found.append(sum(xg.sum(p * t) for p, t in zip(products, ts, strict=True)))
    assert_same(found, program(seed, kinks=False).source)


@fewer_seeds
def test_third_order_is_the_same_in_every_mixture(seed):
    f, xs, ts = smooth(seed)
    modes = (reverse, forward)
    found = [
        one(two(three(f, ts), ts), ts)(*xs) for one in modes for two in modes for three in modes
    ]
    assert_same(found, program(seed, kinks=False).source)


@seeds
def test_vmap_of_a_program_is_a_loop(seed):
    run = program(seed)
    rng = np.random.default_rng(seed)
    batch = [
        xg.asarray(np.stack([x * (1.0 + 1e-3 * rng.normal()) for _ in range(3)]))
        for x in run.inputs
    ]
    f = lambda *xs: run.outputs(HOST, *xs)
    found = xg.vmap(f)(*batch)
    looped = [f(*[x[i, ...] for x in batch]) for i in range(3)]
    for y, parts in zip(found, zip(*looped, strict=True), strict=True):
        expected = np.stack([part.numpy() for part in parts])
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-11, atol=1e-11, err_msg=run.source)


@seeds
def test_gradients_inside_and_outside_vmap_are_those_of_a_loop(seed):
    run = program(seed, kinks=False)
    rng = np.random.default_rng(seed)
    batch = [
        xg.asarray(np.stack([x * (1.0 + 1e-3 * rng.normal()) for _ in range(2)]))
        for x in run.inputs
    ]
    numbers = tuple(range(len(batch)))
    f = lambda *xs: run(HOST, *xs)
    inside = xg.vmap(xg.grad(f, numbers))(*batch)
    outside = xg.grad(lambda *xs: xg.sum(xg.vmap(f)(*xs)), numbers)(*batch)
    looped = [xg.grad(f, numbers)(*[x[i, ...] for x in batch]) for i in range(2)]
    for i, parts in enumerate(zip(*looped, strict=True)):
        expected = np.stack([part.numpy() for part in parts])
        scale = max(1.0, np.max(np.abs(expected), initial=0.0))
        for g in (inside[i], outside[i]):
            np.testing.assert_allclose(
                g.numpy(), expected, rtol=1e-10, atol=1e-10 * scale, err_msg=run.source
            )


@fewer_seeds
def test_hessians_are_the_same_by_columns_and_by_rows(seed):
    f, xs, _ = smooth(seed)
    found = xg.hessian(f)(*xs)
    by_rows = xg.jacrev(xg.grad(f))(*xs)
    by_columns = xg.jacfwd(xg.grad(f))(*xs)
    scale = max(1.0, np.max(np.abs(found.numpy()), initial=0.0))
    for matrix in (by_rows, by_columns):
        np.testing.assert_allclose(
            matrix.numpy(),
            found.numpy(),
            rtol=1e-10,
            atol=1e-10 * scale,
            err_msg=program(seed, kinks=False).source,
        )
