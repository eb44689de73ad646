"""What test files ask of the table in cases.py: values, gradients, second derivatives of a case.

On numpy unless a device is named; results are Tensors, or numpy arrays where the name says host."""

import numpy as np
import pytest
from cases import CASES
from numerical import as_tuple, difference, weighted_sum

import xgrad as xg

HOST = xg.namespace(np)

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
complex_cases = pytest.mark.parametrize(
    "case", [c for c in CASES if c.complex], ids=lambda case: case.name
)


def first_of_each_function(cases):
    """One line for each function: for what does not depend on parameters and shapes."""
    found = {}
    for case in cases:
        found.setdefault(case.name.split("/")[0], case)
    return list(found.values())


every_function = pytest.mark.parametrize(
    "case", first_of_each_function(CASES), ids=lambda case: case.name
)
every_complex_function = pytest.mark.parametrize(
    "case", first_of_each_function(c for c in CASES if c.complex), ids=lambda case: case.name
)


# -- helpers -----------------------------------------------------------------------------------


def skip_where_impossible(case, device):
    short = {"cpu": "cpu", "array_api_strict:device1": "strict", "torch:meta": "meta"}
    name = short.get(str(device), str(device).split(":", maxsplit=1)[0])
    reason = case.without.get(name)
    if reason:
        pytest.skip(f"{case.name} on {device}: {reason}")


def forward(case, arrays):
    """The case's values on raw numpy arrays, which no tape watches."""
    with np.errstate(all="ignore"):
        return [y.numpy() for y in as_tuple(case.f(HOST, *map(xg.asarray, arrays)))]


def weights_of(ys, rng):
    """A random cotangent for every output, complex for complex outputs."""
    weights = []
    for y in ys:
        w = rng.normal(size=y.shape)
        if np.iscomplexobj(y):
            w = w + 1j * rng.normal(size=y.shape)
        weights.append(w.astype(y.dtype))
    return weights


def gradients(case, arrays, weights, device="cpu", xp=HOST):
    """The outputs and the gradients of the weighted sum of outputs, as Tensors."""
    xs = [xg.asarray(x, device=device) for x in arrays]
    seeds = [xg.asarray(w, device=device) for w in weights]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        ys = as_tuple(case.f(xp, *xs))
    return ys, tape.gradient(ys, xs, tuple(seeds))


def gradients_on_host(case, arrays, weights):
    _, found = gradients(case, arrays, weights)
    return [g.numpy() for g in found]


def both_orders(case, arrays, weights, direction, device="cpu", xp=HOST):
    """The outputs, the gradients, and the gradients of <direction, gradients>, as Tensors."""
    xs = [xg.asarray(x, device=device) for x in arrays]
    seeds, direction = (
        tuple(xg.asarray(a, device=device) for a in given) for given in (weights, direction)
    )
    with xg.GradientTape() as outer:
        outer.watch(xs)
        with xg.GradientTape() as inner:
            inner.watch(xs)
            ys = as_tuple(case.f(xp, *xs))
        first = inner.gradient(ys, xs, seeds)
    second = outer.gradient(first, xs, list(direction), unconnected_gradients="zero")
    return ys, first, second


def second_order(case, arrays, weights, direction):
    """The Hessian times direction, as numpy arrays."""
    _, _, second = both_orders(case, arrays, weights, direction)
    return [g.numpy() for g in second]


def flat(arrays):
    """All elements of some arrays in a row."""
    return np.concatenate([np.reshape(a, -1) for a in arrays])


def split(row, like):
    """The arrays of a row of elements, with the shapes of others."""
    ends = np.cumsum([np.size(a) for a in like])[:-1]
    return [np.reshape(p, np.shape(a)) for p, a in zip(np.split(row, ends), like, strict=True)]


def differences_of_values(case, arrays, direction):
    """The tangents of all outputs by differences, from the same runs of the case."""
    row = difference(lambda *a: flat(forward(case, a)), arrays, direction)
    return split(row, forward(case, arrays))


def differences_of_gradients(case, arrays, weights, direction):
    """The second derivatives along a direction by differences, from the same gradients."""
    row = difference(lambda *a: flat(gradients_on_host(case, a, weights)), arrays, direction)
    return split(row, arrays)


def scalar(case, weights):
    """The weighted sum of outputs as a function of numpy arrays."""
    return lambda *arrays: weighted_sum(forward(case, arrays), weights)


def assert_close(found, expected, tolerance):
    for g, e in zip(found, expected, strict=True):
        assert g.shape == e.shape
        scale = max(1.0, np.max(np.abs(e), initial=0.0))
        np.testing.assert_allclose(g, e, rtol=tolerance, atol=tolerance * scale)
