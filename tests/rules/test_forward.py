"""Forward mode over the table of cases: differences, the adjoint identity, mixed second order.

Oracles: central differences of the values along a direction (numerical.py), and reverse mode, whose
own tests are in test_cases.py: <w, J t> = <J' w, t>."""

import numpy as np
from cases import CASES, arguments, complex_arguments
from derivatives import (
    HOST,
    assert_close,
    complex_cases,
    differences_of_values,
    every_case,
    every_function,
    forward,
    gradients_on_host,
    second_order,
    skip_where_impossible,
    weights_of,
)
from numerical import as_tuple

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
    _, found = tangents(case, arrays, directions)
    expected = differences_of_values(case, arrays, directions)
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
    _, found = tangents(case, arrays, directions)
    assert_close(on_host(found), differences_of_values(case, arrays, directions), 1e-8)


# -- dtypes and devices ------------------------------------------------------------------------


@every_case
def test_tangent_of_float32_has_the_results_shape_and_dtype(case, rng):
    arrays = [x.astype(np.float32) for x in arguments(case, rng)]
    ys, found = tangents(case, arrays, arrays)
    assert [(t.shape, t.dtype) for t in found] == [(y.shape, y.dtype) for y in ys]


@every_function
def test_tangent_reads_no_values_back(case, meta, rng):
    skip_where_impossible(case, meta)
    arrays = [x.astype(np.float32) for x in arguments(case, rng)]
    ys, found = tangents(case, arrays, arrays, meta, xg.namespace(meta.namespace))
    for y, t in zip(ys, found, strict=True):
        assert (t.shape, t.dtype, t.device) == (y.shape, y.dtype, meta)


@every_function
def test_tangent_on_another_device_agrees_with_numpy(case, second_device, rng):
    skip_where_impossible(case, second_device)
    arrays = arguments(case, rng)
    directions = directions_of(arrays, rng)
    xp = xg.namespace(second_device.namespace)
    _, found = tangents(case, arrays, directions, second_device, xp)
    _, expected = tangents(case, arrays, directions)
    assert all(t.device == second_device for t in found)
    assert_close(on_host(found), on_host(expected), 1e-11)


# -- second order, in every mixture of modes ---------------------------------------------------


def forward_over_reverse(case, xs, seeds, directions):
    with xg.ForwardAccumulator(xs, directions) as accumulator:
        with xg.GradientTape() as tape:
            tape.watch(xs)
            ys = as_tuple(case.f(HOST, *xs))
        first = tape.gradient(ys, xs, tuple(seeds))
    return on_host(accumulator.jvp(first, unconnected_gradients="zero"))


def reverse_over_forward(case, xs, seeds, directions):
    with xg.GradientTape() as tape:
        tape.watch(xs)
        with xg.ForwardAccumulator(xs, directions) as accumulator:
            ys = as_tuple(case.f(HOST, *xs))
        slopes = accumulator.jvp(ys, unconnected_gradients="zero")
    return on_host(tape.gradient(slopes, xs, tuple(seeds), unconnected_gradients="zero"))


def forward_over_forward(case, xs, directions):
    with xg.ForwardAccumulator(xs, directions) as outer:
        with xg.ForwardAccumulator(xs, directions) as inner:
            ys = as_tuple(case.f(HOST, *xs))
        slopes = inner.jvp(ys, unconnected_gradients="zero")
    return on_host(outer.jvp(slopes, unconnected_gradients="zero"))


@every_case
def test_second_order_is_the_same_in_every_mixture_of_modes(case, rng):
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    directions = directions_of(arrays, rng)
    xs, seeds, ts = (list(map(xg.asarray, given)) for given in (arrays, weights, directions))
    expected = second_order(case, arrays, weights, directions)
    single = "float32" in case.name
    for mixture in (forward_over_reverse, reverse_over_forward):
        assert_close(mixture(case, xs, seeds, ts), expected, 1e-3 if single else 1e-10)
    np.testing.assert_allclose(
        paired(weights, forward_over_forward(case, xs, ts)),
        paired(expected, directions),
        rtol=1e-3 if single else 1e-9,
        atol=1e-9,
    )


def test_the_table_is_not_empty():
    assert len(CASES) > 100
