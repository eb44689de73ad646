"""Distinct values, membership and sorting: the same on every library, in ascending order."""

import numpy as np
import pytest

import xgrad as xg

NAN, INF = np.nan, np.inf
KINDS = ["bool", "uint8", "int32", "int64", "float32", "float64", "complex64", "complex128"]


def distinct(x):
    """The four answers by definition: equal means ==, so every NaN is a value of its own."""
    flat = np.asarray(x).reshape(-1)
    order = np.lexsort((flat.imag, flat.real))
    values, indices, counts, inverse = [], [], [], np.zeros(flat.size, int)
    for place in order:
        if not values or values[-1] != flat[place]:
            values.append(flat[place])
            indices.append(place)
            counts.append(0)
        counts[-1] += 1
        inverse[place] = len(values) - 1
    values = np.array(values, flat.dtype)
    return values, np.array(indices, int), inverse.reshape(np.shape(x)), np.array(counts, int)


def arrays_of(kind, rng):
    """Arrays with repeated elements, without any, of one, and without axes."""
    x = rng.integers(0, 2 if kind == "bool" else 4, (3, 4)).astype(kind)
    if kind.startswith("complex"):
        x = x + 1j * rng.integers(0, 2, x.shape).astype(x.real.dtype)
    special = [x, x[0], x[:0], x[0, 0:1], x[0, 0]]
    if kind.startswith("float"):
        special.append(np.array([NAN, 1.0, -0.0, INF, NAN, 0.0, -INF, 1.0], kind))
    return special


@pytest.mark.parametrize("kind", KINDS)
def test_unique_agrees_with_its_definition(kind, device, rng):
    for x in arrays_of(kind, rng):
        t = xg.asarray(x, device=device)
        values, indices, inverse, counts = distinct(x)
        found = xg.unique_all(t)
        assert found.values.device == device
        assert found.values.numpy().dtype == x.dtype
        np.testing.assert_array_equal(found.values.numpy(), values)
        np.testing.assert_array_equal(found.indices.numpy(), indices)
        np.testing.assert_array_equal(found.inverse_indices.numpy(), inverse)
        np.testing.assert_array_equal(found.counts.numpy(), counts)
        np.testing.assert_array_equal(xg.unique_values(t).numpy(), values)
        for part, expected in zip(xg.unique_counts(t), (values, counts), strict=True):
            np.testing.assert_array_equal(part.numpy(), expected)
        for part, expected in zip(xg.unique_inverse(t), (values, inverse), strict=True):
            np.testing.assert_array_equal(part.numpy(), expected)


VALUES_OF = {
    "unique_values": lambda x: xg.unique_values(x),
    "unique_all": lambda x: xg.unique_all(x).values,
    "unique_counts": lambda x: xg.unique_counts(x).values,
    "unique_inverse": lambda x: xg.unique_inverse(x).values,
}


@pytest.mark.parametrize("name", VALUES_OF)
def test_the_gradient_of_distinct_values_goes_to_the_first_of_equal_ones(name, device):
    x = xg.asarray([[3.0, 1.0, 3.0], [2.0, 1.0, NAN]], device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = VALUES_OF[name](x)
    weights = xg.asarray([10.0, 20.0, 30.0, 40.0], device=device)
    g = tape.gradient(y, x, weights)
    assert g.tolist() == [[30.0, 10.0, 0.0], [20.0, 0.0, 40.0]]


@pytest.mark.parametrize("name", VALUES_OF)
def test_whether_somebody_watches_changes_no_value(name, rng):
    x = xg.asarray(rng.integers(0, 50, 200) / 7)
    plain = VALUES_OF[name](x).tolist()
    with xg.GradientTape() as tape:
        tape.watch(x)
        assert VALUES_OF[name](x).tolist() == plain


def test_distinct_values_have_a_tangent_and_second_derivatives():
    x = xg.asarray([2.0, 1.0, 2.0])
    with xg.ForwardAccumulator(x, xg.asarray([5.0, 6.0, 7.0])) as accumulator:
        y = xg.unique_values(x)
    assert accumulator.jvp(y).tolist() == [6.0, 5.0]
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as inner:
            inner.watch(x)
            y = xg.sum(xg.unique_values(x) ** 3)
        first = inner.gradient(y, x)
    assert outer.gradient(first, x).tolist() == [12.0, 6.0, 0.0]


def test_positions_and_counts_are_constants():
    x = xg.asarray([2.0, 1.0, 2.0])
    with xg.GradientTape() as tape:
        tape.watch(x)
        found = xg.unique_all(x)
    assert tape.gradient(found.counts, x) is None


# -- isin --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("invert", [False, True])
def test_isin_agrees_with_numpy(kind, invert, device, rng):
    x1, x2 = (x.astype(kind) for x in (rng.integers(0, 5, (3, 4)), rng.integers(0, 3, (2, 1))))
    for one, other in ((x1, x2), (x1, x2[:0]), (x1[0, 0], x2), (x1[:0], x2)):
        t, u = xg.asarray(one, device=device), xg.asarray(other, device=device)
        found = xg.isin(t, u, invert=invert)
        assert found.device == device
        np.testing.assert_array_equal(found.numpy(), np.isin(one, other, invert=invert))


def test_isin_with_scalars_and_nan(device):
    x = xg.asarray([NAN, 1.0, 2.0], device=device)
    assert xg.isin(x, x).tolist() == [False, True, True]
    assert xg.isin(x, 1).tolist() == [False, True, False]
    assert xg.isin(2.0, x).tolist() is True
    assert xg.isin(3.0, x, invert=True).tolist() is True


# -- sorting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["uint8", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sorting_is_stable_on_every_library(kind, descending, axis, device, rng):
    x = rng.integers(0, 4, (6, 7)).astype(kind)
    t = xg.asarray(x, device=device)
    order = np.argsort(-x.astype(float) if descending else x, axis=axis, stable=True)
    found = xg.argsort(t, axis=axis, descending=descending)
    np.testing.assert_array_equal(found.numpy(), order)
    for stable in (True, False):
        y = xg.sort(t, axis=axis, descending=descending, stable=stable)
        assert y.numpy().dtype == x.dtype
        np.testing.assert_array_equal(y.numpy(), np.take_along_axis(x, order, axis=axis))


def test_nan_is_sorted_behind_everything(device):
    x = xg.asarray([2.0, NAN, INF, -1.0], device=device)
    np.testing.assert_array_equal(xg.sort(x).numpy(), [-1.0, 2.0, INF, NAN])
    np.testing.assert_array_equal(xg.sort(x, descending=True).numpy(), [NAN, INF, 2.0, -1.0])


@pytest.mark.parametrize("descending", [False, True])
def test_the_gradient_of_equal_elements_keeps_their_order(descending, device):
    x = xg.asarray([1.0, 1.0, 0.0, 1.0], device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sort(x, descending=descending)
    g = tape.gradient(y, x, xg.asarray([1.0, 2.0, 3.0, 4.0], device=device))
    assert g.tolist() == ([1.0, 2.0, 4.0, 3.0] if descending else [2.0, 3.0, 1.0, 4.0])


def test_numpy_sorts_complex_numbers_and_their_gradients(rng):
    values = rng.normal(size=5) + 1j * rng.normal(size=5)
    weights = rng.normal(size=5) + 1j * rng.normal(size=5)
    x = xg.asarray(values)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sort(x)
    order = np.argsort(values)
    expected = np.zeros(5, complex)
    expected[order] = weights
    np.testing.assert_array_equal(tape.gradient(y, x, weights).numpy(), expected)
