"""Sums of products where cotangents are zero and operands are not finite (semantics.md, rule 3).

A term whose cotangent is zero counts as zero, whatever it is multiplied with; a term whose
cotangent is not zero stays loud. The oracle knows each term: it applies the product to unit arrays."""

import numpy as np
import pytest
from cases import CASES, arguments
from numerical import as_tuple

import xgrad as xg
from xgrad.core.instructions import PRIMITIVES
from xgrad.core.primitive import Kind

INF, NAN = np.inf, np.nan
SPECIAL = [INF, -INF, NAN]
PRODUCTS = [p.name for p in PRIMITIVES.values() if p.kind is Kind.CONTRACTION]
PRODUCT_CASES = [
    c
    for c in CASES
    if c.name.split("/")[0] in (*PRODUCTS, "einsum")
    and len(c.shapes) == 2
    and all(0 not in shape for shape in c.shapes)
    and c.reference is not None
    and "in place" not in c.name
]


def spoiled(rng, x, share=0.25):
    """x with some elements that are not finite."""
    return np.where(rng.random(x.shape) < share, rng.choice(SPECIAL, x.shape), x)


def terms(f, x):
    """The derivative of every element of f(x) by every element of x, for a linear f."""
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.stack([f(unit) for unit in units])


def by_terms(f, x, other, g):
    """The gradient with respect to x of <g, f(x, other)>, and where it must not be finite."""
    wild = ~np.isfinite(other)
    partials = terms(lambda unit: f(unit, np.where(wild, 0.0, other)), x)
    met = terms(lambda unit: f(unit, wild.astype(float)), x) != 0
    axes = tuple(range(1, 1 + g.ndim))
    live = np.any(met & (g != 0), axis=axes)
    return np.sum(partials * g, axis=axes).reshape(x.shape), live.reshape(x.shape)


def assert_terms(found, expected, live, label):
    assert not np.any(np.isfinite(found[live])), label
    np.testing.assert_allclose(found[~live], expected[~live], rtol=1e-12, atol=1e-14, err_msg=label)


def masked_gradients(f, arrays, g, device, xp):
    xs = [xg.asarray(x, device=device) for x in arrays]
    with xg.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch(xs)
        (y,) = as_tuple(f(xp, *xs))
    return [r.numpy() for r in tape.gradient(y, xs, xg.asarray(g, device=device))]


@pytest.mark.parametrize("case", PRODUCT_CASES, ids=lambda case: case.name)
def test_terms_with_a_zero_cotangent_are_zero(case, device, xp, rng):
    x1, x2 = (spoiled(rng, x) for x in arguments(case, rng))
    with np.errstate(all="ignore"):
        y = np.asarray(case.reference(x1, x2))
    g = rng.normal(size=y.shape) * (rng.random(y.shape) < 0.4)
    found = masked_gradients(case.f, (x1, x2), g, device, xp)
    assert_terms(found[0], *by_terms(case.reference, x1, x2, g), "x1")
    swapped = lambda unit, other: case.reference(other, unit)
    assert_terms(found[1], *by_terms(swapped, x2, x1, g), "x2")


@pytest.mark.parametrize("case", PRODUCT_CASES, ids=lambda case: case.name)
def test_zero_cotangents_give_zero_whatever_the_operands_are(case, device, xp, rng):
    arrays = [np.full_like(x, NAN) for x in arguments(case, rng)]
    shape = case.reference(*arrays).shape
    for g in masked_gradients(case.f, arrays, np.zeros(shape), device, xp):
        assert not np.any(g)


@pytest.mark.parametrize("case", PRODUCT_CASES, ids=lambda case: case.name)
def test_zero_tangents_give_zero_whatever_the_other_operand_is(case, device, xp, rng):
    x1, x2 = (spoiled(rng, x) for x in arguments(case, rng))
    for first in (True, False):
        x, other = (x1, x2) if first else (x2, x1)
        t = rng.normal(size=x.shape) * (rng.random(x.shape) < 0.4)
        followed = xg.asarray(x, device=device)
        with (
            np.errstate(all="ignore"),
            xg.ForwardAccumulator(followed, xg.asarray(t, device=device)) as accumulator,
        ):
            (y,) = as_tuple(
                case.f(xp, *(followed, xg.asarray(other, device=device))[:: 1 if first else -1])
            )
        found = accumulator.jvp(y).numpy()

        def product(a, b, first=first):
            return np.asarray(case.reference(a, b) if first else case.reference(b, a))

        wild = ~np.isfinite(other)
        live = product((t != 0).astype(float), wild.astype(float)) != 0
        assert_terms(found, product(t, np.where(wild, 0.0, other)), live, case.name)


def test_a_mask_over_missing_columns_keeps_the_others(device, xp):
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    b = np.array([[1.0, NAN, 2.0], [3.0, 5.0, INF]])
    x, y = xg.asarray(a, device=device), xg.asarray(b, device=device)
    kept = xg.asarray([True, False, False], device=device)
    with xg.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch([x, y])
        total = xp.sum(xp.where(kept, x @ y, 0.0))
    found = tape.gradient(total, [x, y])
    assert found[0].tolist() == [[1.0, 3.0], [1.0, 3.0]]
    assert found[1].tolist() == [[4.0, 0.0, 0.0], [6.0, 0.0, 0.0]]


def test_second_order_behind_a_mask_is_that_of_what_is_left(device, xp, rng):
    a, b, v = rng.normal(size=(3, 4)), rng.normal(size=(4, 5)), rng.normal(size=(3, 4))
    b[1, 2], b[3, 4] = NAN, INF
    left = [0, 1, 3]
    x, y = xg.asarray(a, device=device), xg.asarray(b, device=device)
    kept = xg.asarray([i in left for i in range(5)], device=device)
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as inner, np.errstate(all="ignore"):
            inner.watch(x)
            z = xp.where(kept, x @ y, 0.0)
            total = xp.sum(z * z * z)
        g = inner.gradient(total, x)
    found = outer.gradient(g, x, xg.asarray(v, device=device)).numpy()
    b = b[:, left]
    expected = (6 * (a @ b) * (v @ b)) @ b.T
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_live_term_that_is_infinite_stays_so():
    x = xg.asarray([[1.0]])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(x @ xg.asarray([[INF, 1.0]]))
    assert tape.gradient(y, x).tolist() == [[INF]]


@pytest.mark.parametrize("zeros", [0, 1])
def test_on_finite_data_the_product_is_the_plain_one(zeros, device, rng):
    from xgrad.ops.rule_namespace import rule_namespace

    a, b = (xg.asarray(rng.normal(size=(3, 3)), device=device) for _ in range(2))
    found = rule_namespace.absorbing_matmul(a, b, zeros=zeros)
    assert found.tolist() == (a @ b).tolist()


@pytest.mark.parametrize(
    "f",
    [xg.matmul, xg.vecdot, lambda x1, x2: xg.tensordot(x1, x2, axes=1)],
    ids=["matmul", "vecdot", "tensordot"],
)
def test_products_do_not_mix_what_sums_do_not_mix(f):
    x = xg.asarray(np.array([1.0, 2.0]), device="array_api_strict:device1")
    whole = xg.asarray(np.array([1, 2]), device=x.device)
    for call in (f, xg.function(f), xg.grad(f)):
        with pytest.raises(xg.errors.DTypeError, match="cannot be type promoted"):
            call(x, whole)
