"""Broadcasting in every position, 0-d and empty arrays, for all elementwise functions."""

import numpy as np
import pytest
from cases import BINARY, DOMAINS, UNARY
from numerical import difference, difference_gradients

import xgrad as xg

SHAPES = [
    ((3,), (2, 3)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((2, 1), (3,)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((1,), (3,)),
    ((2, 3), (1, 1)),
    ((1, 2, 1), (2, 1, 3)),
    ((1,), ()),
    ((), ()),
    ((0,), ()),
    ((), (0,)),
    ((0, 3), (1, 3)),
    ((1, 3), (0, 1)),
    ((0, 1), (0,)),
]
EMPTY_OR_0D = [(), (0,), (2, 0), (1,), (1, 1)]


def gradients(f, arrays, weights, device="cpu"):
    xs = [xg.asarray(x, device=device) for x in arrays]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    found = tape.gradient(y, xs, xg.asarray(weights, device=device))
    return [g.numpy() for g in found]


def check(f, reference, arrays, rng, device="cpu", tolerance=1e-9):
    weights = rng.normal(size=reference(*arrays).shape)
    expected = difference_gradients(lambda *xs: np.sum(weights * reference(*xs)), arrays)
    for g, e in zip(gradients(f, arrays, weights, device), expected, strict=True):
        assert g.shape == e.shape
        np.testing.assert_allclose(g, e, rtol=tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize(("name", "domains"), [(n, d) for n, d, *_ in BINARY], ids=lambda v: v)
def test_operands_broadcast_in_every_position(name, domains, shapes, rng):
    arrays = [DOMAINS[d](rng, s) for d, s in zip(domains.split(), shapes, strict=True)]
    check(getattr(xg, name), getattr(np, name), arrays, rng)


@pytest.mark.parametrize("shapes", SHAPES[:8], ids=str)
@pytest.mark.parametrize("name", ["divide", "maximum", "pow", "hypot", "logaddexp"])
def test_operands_broadcast_on_every_device(name, shapes, device, rng):
    arrays = [DOMAINS[d](rng, s) for d, s in zip(("above_one", "about_3"), shapes, strict=True)]
    check(getattr(xg, name), getattr(np, name), arrays, rng, device)


@pytest.mark.parametrize("shape", EMPTY_OR_0D, ids=str)
@pytest.mark.parametrize(("name", "domain"), [(n, d) for n, d, *_ in UNARY], ids=lambda v: v)
def test_unary_functions_take_0d_and_empty_arrays(name, domain, shape, device, rng):
    check(getattr(xg, name), getattr(np, name), [DOMAINS[domain](rng, shape)], rng, device)


@pytest.mark.parametrize("shape", EMPTY_OR_0D, ids=str)
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, -1])
def test_powers_take_0d_and_empty_arrays(exponent, shape, device, rng):
    x = DOMAINS["positive"](rng, shape)
    check(lambda x: x**exponent, lambda x: np.power(x, exponent), [x], rng, device)


THREE = [
    ((2, 3), (2, 3), (2, 3)),
    ((3,), (2, 1), (2, 3)),
    ((2, 3), (), (3,)),
    ((2, 1), (1, 3), ()),
    ((), (3,), (2, 1)),
    ((), (), ()),
    ((), (), (0,)),
    ((0, 3), (3,), ()),
]


@pytest.mark.parametrize("shapes", THREE, ids=str)
def test_where_broadcasts_in_every_position(shapes, device, rng):
    condition = rng.random(shapes[0]) > 0.5
    chosen = xg.asarray(condition, device=device)
    arrays = [rng.normal(size=s) for s in shapes[1:]]
    check(
        lambda x, y: xg.where(chosen, x, y),
        lambda x, y: np.where(condition, x, y),
        arrays,
        rng,
        device,
    )


@pytest.mark.parametrize("shapes", THREE, ids=str)
def test_clip_broadcasts_in_every_position(shapes, device, rng):
    arrays = [DOMAINS["distinct"](rng, shapes[0]) * 3.0]
    arrays += [rng.uniform(-0.14, -0.1, shapes[1]), rng.uniform(0.2, 0.3, shapes[2])]
    arrays[0] = np.where(np.abs(arrays[0]) < 0.5, 2 * arrays[0], arrays[0])
    check(lambda x, low, high: xg.clip(x, low, high), np.clip, arrays, rng, device)


@pytest.mark.parametrize("shapes", SHAPES[:9], ids=str)
@pytest.mark.parametrize("name", ["multiply", "divide", "pow", "hypot", "atan2", "logaddexp"])
def test_second_order_sums_over_broadcast_axes(name, shapes, rng):
    f = getattr(xg, name)
    arrays = [rng.uniform(0.5, 2.0, s) for s in shapes]
    directions = [rng.normal(size=s) for s in shapes]
    xs = [xg.asarray(x) for x in arrays]
    with xg.GradientTape() as outer:
        outer.watch(xs)
        with xg.GradientTape() as inner:
            inner.watch(xs)
            y = f(*xs)
        first = inner.gradient(y, xs)
    second = outer.gradient(first, xs, directions)
    for number, g in enumerate(second):
        expected = difference(
            lambda *a, n=number: gradients(f, a, np.ones(y.shape))[n], arrays, directions
        )
        assert g.shape == shapes[number]
        np.testing.assert_allclose(g.numpy(), expected, rtol=1e-8, atol=1e-8)
