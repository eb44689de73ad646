"""vmap over the table of cases equals a loop: values, gradients inside and outside, Jacobians.

The oracle is the function itself, applied to one example after the other."""

import itertools

import numpy as np
import pytest
from cases import CASES, arguments
from derivatives import (
    HOST,
    assert_close,
    every_complex_function,
    first_of_each_function,
    gradients_on_host,
    skip_where_impossible,
    weights_of,
)
from numerical import as_tuple

import xgrad as xg

COUNT = 3
# How many distinct values there are differs between examples.
RAGGED = [c for c in CASES if c.name.startswith("unique_")]
BATCHED = [c for c in CASES if c not in RAGGED]
# What is made of betainc, whose series are slow elsewhere, is left to betainc.
LONG_SERIES = {f"special.{n}" for n in ("betaincc", "fdtr", "fdtrc", "stdtr")}
every_case = pytest.mark.parametrize("case", BATCHED, ids=lambda case: case.name)
# What is left of parameters and shapes when the batch rule was right once is up to the primitive.
every_function = pytest.mark.parametrize(
    "case",
    [c for c in first_of_each_function(BATCHED) if c.name not in LONG_SERIES],
    ids=lambda case: case.name,
)


def batch_of(case, rng):
    """Arguments for several examples, stacked in front."""
    examples = [arguments(case, rng) for _ in range(COUNT)]
    return [np.stack(parts) for parts in zip(*examples, strict=True)]


def choices(case):
    """Which arguments differ between examples: all, and each alone."""
    number = len(case.shapes)
    found = [(True,) * number]
    if number > 1:
        found += [tuple(i == j for j in range(number)) for i in range(number)]
    return found


def run_looped(case, xp, xs, mapped):
    """One example after the other, as a list of tuples of outputs."""
    return [
        as_tuple(case.f(xp, *[x[i, ...] if m else x for x, m in zip(xs, mapped, strict=True)]))
        for i in range(COUNT)
    ]


def run_batched(case, xp, xs, mapped):
    axes = tuple([0 if m else None for m in mapped])
    return as_tuple(xg.vmap(lambda *one: as_tuple(case.f(xp, *one)), in_axes=axes)(*xs))


def shared(case, batch, mapped):
    """The batch, with the first example alone of what all examples share."""
    return [b if m else b[0] for b, m in zip(batch, mapped, strict=True)]


def tolerance_of(case):
    return 1e-5 if "float32" in case.name else 1e-12


@every_case
def test_vmap_equals_a_loop(case, rng):
    assert_vmap_equals_a_loop(case, xg.device("cpu"), HOST, rng)


@every_function
def test_vmap_equals_a_loop_on_other_devices(case, other_device, rng):
    skip_where_impossible(case, other_device)
    xp = xg.namespace(other_device.namespace)
    assert_vmap_equals_a_loop(case, other_device, xp, rng)


def assert_vmap_equals_a_loop(case, device, xp, rng):
    batch = batch_of(case, rng)
    for mapped in choices(case):
        xs = [xg.asarray(a, device=device) for a in shared(case, batch, mapped)]
        looped = [
            np.stack([y.numpy() for y in ys])
            for ys in zip(*run_looped(case, xp, xs, mapped), strict=True)
        ]
        found = run_batched(case, xp, xs, mapped)
        assert all(y.device == device for y in found)
        assert_close([y.numpy() for y in found], looped, tolerance_of(case))


@every_function
def test_vmap_reads_no_values_back(case, meta, rng):
    skip_where_impossible(case, meta)
    xs = [xg.asarray(a, device=meta) for a in batch_of(case, rng)]
    xp = xg.namespace(meta.namespace)
    found = run_batched(case, xp, xs, (True,) * len(xs))
    expected = as_tuple(case.f(xp, *[x[0, ...] for x in xs]))
    assert [y.shape for y in found] == [(COUNT, *y.shape) for y in expected]


@every_case
def test_vmap_of_no_examples_has_the_right_shape(case, rng):
    xs = [xg.asarray(a[:0]) for a in batch_of(case, rng)]
    expected = as_tuple(case.f(HOST, *map(xg.asarray, arguments(case, rng))))
    found = as_tuple(xg.vmap(lambda *one: as_tuple(case.f(HOST, *one)))(*xs))
    assert [y.shape for y in found] == [(0, *y.shape) for y in expected]


def gradients_of_one(case, xp, weights):
    """A function of one example that gives the gradients of the weighted sum of its outputs."""

    def gradients(*xs):
        with xg.GradientTape() as tape:
            tape.watch(xs)
            ys = as_tuple(case.f(xp, *xs))
        return tape.gradient(ys, xs, tuple(weights))

    return gradients


@every_case
def test_gradient_inside_vmap_equals_a_loop(case, rng):
    batch = batch_of(case, rng)
    weights = weights_of(
        [
            y.numpy()
            for y in run_looped(case, HOST, [*map(xg.asarray, batch)], (True,) * len(batch))[0]
        ],
        rng,
    )
    seeds = [xg.asarray(w) for w in weights]
    found = xg.vmap(gradients_of_one(case, HOST, seeds))(*map(xg.asarray, batch))
    looped = [gradients_on_host(case, [b[i] for b in batch], weights) for i in range(COUNT)]
    expected = [np.stack(parts) for parts in zip(*looped, strict=True)]
    assert_close([g.numpy() for g in found], expected, max(tolerance_of(case), 1e-11))


@every_case
def test_gradient_outside_vmap_equals_a_loop(case, rng):
    batch = batch_of(case, rng)
    for mapped in choices(case):
        xs = [xg.asarray(a) for a in shared(case, batch, mapped)]
        results = []
        for run in (
            run_batched,
            lambda *a: [xg.stack(list(p)) for p in zip(*run_looped(*a), strict=True)],
        ):
            with xg.GradientTape() as tape:
                tape.watch(xs)
                ys = list(run(case, HOST, xs, mapped))
            seeds = [
                xg.asarray(np.cos(np.arange(y.size)).reshape(y.shape).astype(str(y.dtype)))
                for y in ys
            ]
            results.append(tape.gradient(ys, xs, seeds, unconnected_gradients="zero"))
        found, expected = ([g.numpy() for g in gs] for gs in results)
        assert_close(found, expected, max(tolerance_of(case), 1e-10))


@every_function
def test_tangent_inside_vmap_equals_a_loop(case, rng):
    batch = batch_of(case, rng)
    xs = list(map(xg.asarray, batch))
    ts = [xg.asarray(t) for t in weights_of(batch, rng)]

    def tangent(xs, ts):
        with xg.ForwardAccumulator(list(xs), list(ts)) as accumulator:
            ys = as_tuple(case.f(HOST, *xs))
        return accumulator.jvp(ys, unconnected_gradients="zero")

    found = xg.vmap(tangent)(xs, ts)
    looped = [tangent([x[i, ...] for x in xs], [t[i, ...] for t in ts]) for i in range(COUNT)]
    expected = [np.stack([t.numpy() for t in parts]) for parts in zip(*looped, strict=True)]
    assert_close([t.numpy() for t in found], expected, max(tolerance_of(case), 1e-10))


@every_function
def test_nested_vmap_equals_two_loops(case, rng):
    batches = [batch_of(case, rng) for _ in range(2)]
    xs = [xg.asarray(np.stack(parts)) for parts in zip(*batches, strict=True)]
    found = xg.vmap(xg.vmap(lambda *one: as_tuple(case.f(HOST, *one))))(*xs)
    expected = []
    for i, j in itertools.product(range(2), range(COUNT)):
        expected.append([y.numpy() for y in as_tuple(case.f(HOST, *[x[i, j, ...] for x in xs]))])
    stacked = [np.stack(p).reshape(2, COUNT, *p[0].shape) for p in zip(*expected, strict=True)]
    assert_close([y.numpy() for y in found], stacked, tolerance_of(case))


@every_case
def test_jacobian_has_the_gradients_as_rows(case, rng):
    arrays = arguments(case, rng)
    xs = [xg.asarray(a) for a in arrays]
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(xs)
        ys = [xg.real(y) for y in as_tuple(case.f(HOST, *xs))]
    matrices = tape.jacobian(ys, xs, unconnected_gradients="zero")
    for n, y in enumerate(ys):
        rows = []
        for place in np.ndindex(y.shape):
            seed = np.zeros(y.shape)
            seed[place] = 1.0
            gs = tape.gradient(y, xs, seed, unconnected_gradients="zero")
            rows.append([g.numpy() for g in gs])
        expected = [
            np.reshape([row[i] for row in rows], (*y.shape, *x.shape)) for i, x in enumerate(arrays)
        ]
        assert_close([m.numpy() for m in matrices[n]], expected, max(tolerance_of(case), 1e-11))


@every_complex_function
def test_vmap_of_complex_values_equals_a_loop(case, rng):
    batch = [b + 1j * rng.normal(size=b.shape) for b in batch_of(case, rng)]
    xs = list(map(xg.asarray, batch))
    mapped = (True,) * len(xs)
    looped = [
        np.stack([y.numpy() for y in ys])
        for ys in zip(*run_looped(case, HOST, xs, mapped), strict=True)
    ]
    found = run_batched(case, HOST, xs, mapped)
    assert_close([y.numpy() for y in found], looped, 1e-12)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@every_function
def test_jacobian_of_a_function_is_the_same_in_both_modes(case, mode, rng):
    arrays = arguments(case, rng)
    numbers = tuple(range(len(arrays)))
    function = lambda *xs: as_tuple(case.f(HOST, *xs))
    ys = function(*map(xg.asarray, arrays))
    if mode == "reverse" and any("complex" in str(y.dtype) for y in ys):
        pytest.skip(f"{case.name}: rows of a complex result are two real ones")
    found = xg.jacobian(function, numbers, mode=mode)(*arrays)
    for n, y in enumerate(ys):
        for i, x in enumerate(arrays):
            t = rng.normal(size=x.shape)
            ts = [t if i == j else np.zeros(other.shape) for j, other in enumerate(arrays)]
            _, slope = xg.jvp(function, arrays, ts)
            product = np.tensordot(found[n][i].numpy(), t, axes=x.ndim)
            assert found[n][i].shape == (*y.shape, *x.shape)
            assert_close([product], [slope[n].numpy()], 1e-4 if "float32" in case.name else 1e-10)


@pytest.mark.parametrize("case", RAGGED, ids=lambda case: case.name)
def test_results_whose_shape_differs_between_examples_are_refused(case, rng):
    xs = map(xg.asarray, batch_of(case, rng))
    with pytest.raises(xg.errors.TracingError, match="shape of the result depends on values"):
        xg.vmap(lambda *one: case.f(HOST, *one))(*xs)
