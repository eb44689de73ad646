"""Forward mode over the table of cases: differences, the adjoint identity, mixed second order.

Oracles: central differences of the values along a direction (numerical.py), and reverse mode, whose
own tests are in test_cases.py: <w, J t> = <J' w, t>."""

import numpy as np
import pytest
from cases import CASES, arguments, complex_arguments
from derivatives import (
    HOST,
    assert_close,
    complex_cases,
    every_case,
    forward,
    gradients_on_host,
    second_order,
    skip_where_impossible,
    weights_of,
)
from numerical import as_tuple, difference

import xgrad as xg


def directions_of(arrays, rng):
    """A random tangent for every argument."""
    return weights_of(arrays, rng)


def tangents(case, arrays, directions, device="cpu", xp=HOST):
    """The outputs, and the tangents of all of them, as Tensors."""
    xs = [xg.asarray(x, device=device) for x in arrays]
    ts = [xg.asarray(t, device=device) for t in directions]
    with xg.ForwardAccumulator(xs, ts) as accumulator:
        ys = as_tuple(case.f(xp, *xs))
    return ys, accumulator.jvp(ys, unconnected_gradients="zero")


def on_host(found):
    return [t.numpy() for t in found]


def paired(one, two):
    """The sum of Re(conj(a) b) over all pairs of arrays."""
    return sum(np.sum(np.real(np.conj(a) * b)) for a, b in zip(one, two, strict=True))


@every_case
def test_tangent_agrees_with_differences(case, rng):
    arrays = arguments(case, rng)
    directions = directions_of(arrays, rng)
    ys, found = tangents(case, arrays, directions)
    count = len(ys)
    expected = [
        difference(lambda *a, n=n: forward(case, a)[n], arrays, directions) for n in range(count)
    ]
    assert_close(on_host(found), expected, 1e-3 if "float32" in case.name else 1e-9)


@every_case
def test_tangent_and_gradient_are_adjoint(case, rng):
    arrays = arguments(case, rng)
    directions = directions_of(arrays, rng)
    ys, found = tangents(case, arrays, directions)
    weights = weights_of([y.numpy() for y in ys], rng)
    back = gradients_on_host(case, arrays, weights)
    np.testing.assert_allclose(
        paired(weights, on_host(found)),
        paired(back, directions),
        rtol=1e-3 if "float32" in case.name else 1e-11,
        atol=1e-11,
    )


@complex_cases
def test_complex_tangent_agrees_with_differences(case, rng):
    arrays = complex_arguments(case, rng)
    directions = directions_of(arrays, rng)
    ys, found = tangents(case, arrays, directions)
    expected = [
        difference(lambda *a, n=n: forward(case, a)[n], arrays, directions) for n in range(len(ys))
    ]
    assert_close(on_host(found), expected, 1e-8)


@every_case
def test_zero_tangent_gives_exactly_zero(case, rng):
    arrays = arguments(case, rng)
    _, found = tangents(case, arrays, [np.zeros_like(x) for x in arrays])
    for t in on_host(found):
        assert not np.any(t)


# -- dtypes and devices ------------------------------------------------------------------------


@every_case
def test_tangent_has_the_results_shape_dtype_and_device(case, any_device, rng):
    skip_where_impossible(case, any_device)
    arrays = [x.astype(np.float32) for x in arguments(case, rng)]
    xp = xg.namespace(any_device.namespace)
    ys, found = tangents(case, arrays, arrays, any_device, xp)
    for y, t in zip(ys, found, strict=True):
        assert (t.shape, t.dtype, t.device) == (y.shape, y.dtype, y.device)


@every_case
def test_tangent_on_other_devices_agrees_with_numpy(case, other_device, rng):
    skip_where_impossible(case, other_device)
    arrays = arguments(case, rng)
    directions = directions_of(arrays, rng)
    xp = xg.namespace(other_device.namespace)
    _, found = tangents(case, arrays, directions, other_device, xp)
    _, expected = tangents(case, arrays, directions)
    assert_close(on_host(found), on_host(expected), 1e-11)


# -- second order, in every mixture of modes ---------------------------------------------------


def weighted(ys, seeds):
    """The Tensor whose gradient `second_order` differentiates."""
    return sum(xg.sum(y * w) for y, w in zip(ys, seeds, strict=True))


def forward_over_reverse(case, xs, seeds, directions):
    with xg.ForwardAccumulator(xs, directions) as accumulator:
        with xg.GradientTape() as tape:
            tape.watch(xs)
            ys = as_tuple(case.f(HOST, *xs))
        first = tape.gradient(ys, xs, tuple(seeds))
    return accumulator.jvp(first, unconnected_gradients="zero")


def reverse_over_forward(case, xs, seeds, directions):
    with xg.GradientTape() as tape:
        tape.watch(xs)
        with xg.ForwardAccumulator(xs, directions) as accumulator:
            ys = as_tuple(case.f(HOST, *xs))
        slopes = accumulator.jvp(ys, unconnected_gradients="zero")
    return tape.gradient(slopes, xs, tuple(seeds), unconnected_gradients="zero")


@pytest.mark.parametrize("mixture", [forward_over_reverse, reverse_over_forward])
@every_case
def test_mixed_second_order_agrees_with_reverse_over_reverse(case, mixture, rng):
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    directions = directions_of(arrays, rng)
    xs, seeds, ts = (list(map(xg.asarray, given)) for given in (arrays, weights, directions))
    found = mixture(case, xs, seeds, ts)
    expected = second_order(case, arrays, weights, directions)
    assert_close(on_host(found), expected, 1e-3 if "float32" in case.name else 1e-10)


@every_case
def test_forward_over_forward_agrees_with_reverse_over_reverse(case, rng):
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    directions = directions_of(arrays, rng)
    xs, ts = (list(map(xg.asarray, given)) for given in (arrays, directions))
    with xg.ForwardAccumulator(xs, ts) as outer:
        with xg.ForwardAccumulator(xs, ts) as inner:
            ys = as_tuple(case.f(HOST, *xs))
        slopes = inner.jvp(ys, unconnected_gradients="zero")
    curvature = on_host(outer.jvp(slopes, unconnected_gradients="zero"))
    expected = second_order(case, arrays, weights, directions)
    np.testing.assert_allclose(
        paired(weights, curvature),
        paired(expected, directions),
        rtol=1e-3 if "float32" in case.name else 1e-9,
        atol=1e-9,
    )


def test_the_table_is_not_empty():
    assert len(CASES) > 100
