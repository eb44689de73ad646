"""Properties of every line of the table in cases.py at points where derivatives are special.

semantics.md, rules 3 to 5: a zero cotangent gives zero, whatever the values are; missing data in
one place leaves alone what does not depend on it; what has one-sided derivatives has a gradient
between them. The oracles are differences and the same function without the missing data. What has
an answer of its own (0 for atan2 at the origin, say) is in test_special_points.py."""

import numpy as np
import pytest
from cases import CASES, arguments, complex_arguments
from derivatives import (
    HOST,
    complex_cases,
    every_case,
    flat,
    second_order,
    skip_where_impossible,
    weights_of,
)
from numerical import as_tuple

import xgrad as xg
from xgrad.core.instructions import PRIMITIVES
from xgrad.core.primitive import Kind

INF, NAN = np.inf, np.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN]
COMPLEX_SPECIAL = [0j, 1 + 0j, 1j, complex(INF, 0), complex(0, -INF), complex(NAN, NAN)]


def run(case, arrays, device="cpu", xp=HOST):
    """The Tensors of arguments and outputs, and the tape."""
    xs = [xg.asarray(x, device=device) for x in arrays]
    with np.errstate(all="ignore"), xg.GradientTape() as tape:
        tape.watch(xs)
        ys = outputs(case, xp, xs)
    return xs, ys, tape


def outputs(case, xp, xs):
    """The outputs; a matrix that a library refuses has none, and no gradient, and check_numerics
    refuses what is not finite."""
    try:
        return as_tuple(case.f(xp, *xs))
    except (xg.errors.LinAlgError, xg.errors.NumericsError) as error:
        return pytest.skip(f"these values are refused: {type(error).__name__}")


def gradients(case, arrays, weights, device="cpu", xp=HOST):
    return pulled_back(run(case, arrays, device, xp), weights, device)


def pulled_back(found, weights, device="cpu"):
    """The gradients of what `run` found, as numpy arrays."""
    xs, ys, tape = found
    seeds = tuple(xg.asarray(w, device=device) for w in weights)
    return [g.numpy() for g in tape.gradient(ys, xs, seeds, unconnected_gradients="zero")]


def values(case, arrays):
    """The outputs on numpy, as arrays."""
    with np.errstate(all="ignore"):
        return [y.numpy() for y in outputs(case, HOST, list(map(xg.asarray, arrays)))]


# -- a zero cotangent gives zero ---------------------------------------------------------------


def some_special(arrays, rng, special):
    """Arrays in which elements here and there are special."""
    return [np.where(rng.random(x.shape) < 0.4, rng.choice(special, x.shape), x) for x in arrays]


@pytest.mark.parametrize("value", [0.0, INF, NAN], ids=repr)
@every_case
def test_zero_cotangent_gives_zero_where_all_is_special(case, value, rng):
    arrays = [np.full_like(x, value) for x in arguments(case, rng)]
    assert_zero_cotangent_gives_zero(case, arrays)


def assert_zero_cotangent_gives_zero(case, arrays, device="cpu", xp=HOST):
    _, ys, _ = found = run(case, arrays, device, xp)
    for g in pulled_back(found, [np.zeros(y.shape, y.numpy().dtype) for y in ys], device):
        assert not np.any(g)


@every_case
def test_zero_cotangent_gives_zero_where_some_is_special(case, few_devices, rng):
    device, xp = few_devices, xg.namespace(few_devices.namespace)
    skip_where_impossible(case, device)
    assert_zero_cotangent_gives_zero(
        case, some_special(arguments(case, rng), rng, SPECIAL), device, xp
    )


@complex_cases
def test_zero_cotangent_gives_zero_where_some_is_special_and_complex(case, rng):
    arrays = some_special(complex_arguments(case, rng), rng, COMPLEX_SPECIAL)
    assert_zero_cotangent_gives_zero(case, arrays)


@every_case
def test_zero_cotangent_gives_zero_in_second_order(case, rng):
    arrays = some_special(arguments(case, rng), rng, SPECIAL)
    zeros = [np.zeros_like(y) for y in values(case, arrays)]
    directions = [rng.normal(size=x.shape) for x in arrays]
    with np.errstate(all="ignore"):
        found = second_order(case, arrays, zeros, directions)
    for g in found:
        assert not np.any(g)


@every_case
def test_zero_tangent_gives_zero_where_some_is_special(case, rng):
    arrays = some_special(arguments(case, rng), rng, SPECIAL)
    xs = [xg.asarray(x) for x in arrays]
    zeros = [xg.zeros_like(x) for x in xs]
    with np.errstate(all="ignore"), xg.ForwardAccumulator(xs, zeros) as accumulator:
        ys = outputs(case, HOST, xs)
    for t in accumulator.jvp(ys, unconnected_gradients="zero"):
        assert not np.any(t.numpy())


# -- missing data in one place -----------------------------------------------------------------

# The derivative of x**(0 * y) by y is log(x) times 0, although x**0 is 1 for every x.
DEPENDS_ANYWAY = {"pow/zero exponent that is followed"}
# Their gradients solve equations with whole matrices; stacks are in test_linalg_special.py.
DEPENDS_ANYWAY |= {
    case.name
    for case in CASES
    if case.name.startswith(
        ("linalg.cholesky", "linalg.lu", "linalg.qr", "linalg.solve_triangular")
    )
}


@pytest.mark.parametrize("value", [INF, -INF, NAN], ids=repr)
@every_case
def test_missing_data_leaves_alone_what_does_not_depend_on_it(case, value, rng):
    arrays = arguments(case, rng)
    places = [(n, i) for n, x in enumerate(arrays) for i in np.ndindex(x.shape)]
    if not places or case.name in DEPENDS_ANYWAY:
        return
    before = values(case, arrays)
    weights = weights_of(before, rng)
    for number in rng.permutation(len(places))[:2]:
        which, place = places[number]
        spoiled = [x.copy() for x in arrays]
        spoiled[which][place] = value
        after = values(case, spoiled)
        if [y.shape for y in after] != [y.shape for y in before]:
            continue
        clean = [w * (y == z) for w, y, z in zip(weights, before, after, strict=True)]
        expected = gradients(case, arrays, clean)
        expected[which][place] = 0.0
        found = gradients(case, spoiled, clean)
        for g, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(g, e, rtol=1e-10, atol=1e-12)


# -- between the one-sided derivatives ---------------------------------------------------------

# At a tie the elements of a sorted array are several functions at once, and it follows one of them;
# the case of nan_to_num multiplies by infinity, so at 0 it has a value of its own.
NOT_BETWEEN = {"sort", "nan_to_num"}
# What they are for parameters that are not positive means nothing.
NOT_BETWEEN |= {"gamma_density", "beta_density", "gammainc_derivative", "betainc_derivative"}
# At the zero matrix any vectors will do, and they jump.
NOT_BETWEEN |= {"linalg.eig"}
# Signs change where a column is a multiple of a unit vector, and pivots where two are of one size.
NOT_BETWEEN |= {
    case.name.split("/")[0] for case in CASES if case.name.startswith(("linalg.lu", "linalg.qr"))
}


STEPS = (-1e-5, -1e-6, 1e-6, 1e-5)


def quotients(case, arrays, here, argument, place):
    """The difference quotients of all outputs in one element, for each step, in a row."""
    found = []
    for step in STEPS:
        moved = [x.copy() for x in arrays]
        moved[argument][place] += step
        there = flat(values(case, moved))
        same = there.shape == here.shape  # unique_values finds more of them
        found.append((there - here) / step if same else np.full(here.shape, NAN))
    return found


def one_sided_derivatives(quotients):
    """Those from the left and from the right, NaN where they do not exist."""
    far_left, left, right, far_right = quotients
    exist = np.isfinite(far_left) & np.isfinite(far_right)
    exist &= np.isclose(far_left, left, rtol=1e-3, atol=1e-3)
    exist &= np.isclose(far_right, right, rtol=1e-3, atol=1e-3)
    return np.where(exist, left, NAN), np.where(exist, right, NAN)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0], ids=repr)
@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.name.split("/")[0] not in NOT_BETWEEN],
    ids=lambda case: case.name,
)
def test_gradient_lies_between_the_one_sided_derivatives(case, value, rng):
    arrays = [np.full_like(x, value) for x in arguments(case, rng)]
    ys = values(case, arrays)
    outputs = [(n, i) for n, y in enumerate(ys) for i in np.ndindex(y.shape)]
    places = [(n, i) for n, x in enumerate(arrays) for i in np.ndindex(x.shape)]
    chosen = [places[i] for i in rng.permutation(len(places))[:3]]
    with np.errstate(all="ignore"):
        here = flat(ys)
        sides = [one_sided_derivatives(quotients(case, arrays, here, *place)) for place in chosen]
    for number in rng.permutation(len(outputs))[:4]:
        output, which = outputs[number]
        weights = [np.zeros_like(y) for y in ys]
        weights[output][which] = 1.0
        found = gradients(case, arrays, weights)
        for (argument, place), (left, right) in zip(chosen, sides, strict=True):
            if not np.isnan(left[number]):
                g, between = found[argument][place], sorted((left[number], right[number]))
                assert between[0] - 1e-3 <= g <= between[1] + 1e-3


# -- ties share equally ------------------------------------------------------------------------

REDUCTIONS = [
    p.name
    for p in PRIMITIVES.values()
    if "keepdims" in p.parameters and p.kind is not Kind.CONSTANT
]


@pytest.mark.parametrize("value", [0.0, 1.0, -2.0, INF, -INF], ids=repr)
@pytest.mark.parametrize("name", [*REDUCTIONS, "mean", "var"])
def test_equal_elements_share_a_reductions_gradient_equally(name, value, device, xp):
    x = xg.asarray(np.full((2, 3), value), device=device)
    with np.errstate(all="ignore"), xg.GradientTape() as tape:
        tape.watch(x)
        y = getattr(xg if hasattr(xg, name) else xg.linalg, name)(x, axis=1)
    g = tape.gradient(y, x).numpy()
    np.testing.assert_array_equal(g, np.broadcast_to(g[:, :1], (2, 3)))
