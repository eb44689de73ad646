"""Many reads of parts of one array: the walk adds to one cotangent in place, and never to others'."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import host

KEYS = {
    "numbers": [1, -1, 1],
    "overlapping slices": [slice(1, None), slice(None, -1), slice(None, None, 2)],
    "backwards": [slice(None, None, -1), slice(1, 3), slice(None, None, -1)],
    "ellipsis": [..., (..., 0), (..., slice(1, None))],
    "new axes": [None, (slice(1, None), None), (None, 2)],
    "both axes": [(1, 2), (slice(1, 3), slice(None, 2)), (0, slice(None))],
    "index arrays": [
        np.array([0, 2, 2, -1]),
        np.array([3, 3]),
        (np.array([0, 1]), np.array([1, 1])),
    ],
    "an index array behind a slice": [(slice(1, None), np.array([0, 0, 2]))] * 2,
    "masks": [np.array([True, False, True, True]), np.array([False, True, True, False])],
    "nothing": [slice(0, 0), slice(2, 1), np.array([], dtype=np.int64)],
}


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_the_gradient_is_that_of_the_parts(keys, persistent, rng):
    values = rng.normal(size=(4, 3))
    weights = [rng.normal(size=values[key].shape) for key in keys]
    expected = np.zeros_like(values)
    for key, weight in zip(keys, weights, strict=True):
        np.add.at(expected, key, weight * 2 * values[key])
    x = xg.Variable(values)
    with xg.GradientTape(persistent=persistent) as tape:
        y = sum(xg.sum(xg.asarray(w) * x[key] ** 2) for key, w in zip(keys, weights, strict=True))
    for _ in range(1 + persistent):
        np.testing.assert_allclose(tape.gradient(y, x).numpy(), expected, atol=1e-14)


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_so_is_the_jacobian(keys, rng):
    x = xg.Variable(rng.normal(size=(4, 3)))
    with xg.GradientTape() as tape:
        parts = [xg.reshape(xg.sin(x[key]) * x[key], (-1,)) for key in keys]
        y = xg.concat(parts)
    expected = xg.jacfwd(
        lambda x: xg.concat([xg.reshape(xg.sin(x[k]) * x[k], (-1,)) for k in keys])
    )
    np.testing.assert_allclose(
        tape.jacobian(y, x).numpy(), expected(xg.asarray(x)).numpy(), atol=1e-14
    )


@pytest.mark.parametrize("key", [..., (), None, (..., None), slice(0, 0)], ids=repr)
@pytest.mark.parametrize("order", [1, -1])
def test_parts_of_a_0d_array_add_up(key, order):
    """A cotangent that is itself a sum of 0-d arrays is a NumPy scalar: nothing adds to its parts.

    In whatever order the parts and the whole are read."""
    values = np.array(3.0)
    if isinstance(key, slice):
        values = values[None]
    uses = [lambda x: x * 2.0, lambda x: x * 5.0, lambda x: x[key] ** 2, lambda x: x[key] ** 3]
    x = xg.Variable(values)
    with xg.GradientTape(persistent=True) as tape:
        for inner in (False, True):
            at = x * 1.0 if inner else x
            y = xg.sum(xg.concat([use(at) for use in uses[::order]], axis=None))
            if not inner:
                first = y
    expected = 7.0 + (33.0 if values.ndim == 0 else 0.0)
    for target in (first, y):
        found = tape.gradient(target, x)
        assert found.shape == values.shape
        np.testing.assert_array_equal(found.numpy(), np.full(values.shape, expected))


@pytest.mark.parametrize("axis", [0, 1])
def test_rows_that_are_taken_add_up(axis, rng):
    values = rng.normal(size=(5, 4))
    choices = [np.array([0, 3, 3]), np.array([2]), np.array([-1, 3])]
    expected = np.zeros_like(values)
    for chosen in choices:
        key = (slice(None),) * axis + (chosen,)
        np.add.at(expected, key, 2 * values[key])
    x = xg.Variable(values)
    with xg.GradientTape() as tape:
        y = sum(xg.sum(xg.take(x, xg.asarray(chosen), axis=axis) ** 2) for chosen in choices)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), expected, atol=1e-14)


def test_one_array_is_filled_with_zeros_for_all_parts(monkeypatch):
    filled = []
    put = host().xp.put
    monkeypatch.setattr(
        host().xp, "put", lambda *a, **k: filled.append(1) or put(*a, **k), raising=False
    )
    x = xg.Variable(np.arange(50.0))
    with xg.GradientTape() as tape:
        y = 0.0
        for i in range(50):
            y = y + x[i] ** 2
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), 2 * np.arange(50.0))
    assert len(filled) == 1


def test_cotangents_that_others_hold_stay_as_they_are():
    x = xg.Variable([1.0, 2.0, 3.0])
    with xg.GradientTape(persistent=True) as tape:
        whole = xg.asarray(x) * 1.0
        y = xg.sum(whole) + whole[0] * 2.0 + whole[0] * 3.0
    g = xg.asarray([1.0])
    first = tape.gradient(y, [whole, x], output_gradients=g[0])
    kept = [part.numpy().copy() for part in first]
    second = tape.gradient(y, [whole, x], output_gradients=g[0])
    for a, b, c in zip(first, second, kept, strict=True):
        np.testing.assert_array_equal(a.numpy(), [6.0, 1.0, 1.0])
        np.testing.assert_array_equal(b.numpy(), c)


def test_a_seed_is_never_added_to(rng):
    seed = rng.normal(size=4)
    before = seed.copy()
    x = xg.Variable(np.ones(4))
    with xg.GradientTape() as tape:
        y = x[:]
        z = y[1] + y[2] + y[1]
    g = tape.gradient([y, z], x, output_gradients=[xg.asarray(seed), xg.asarray(1.0)])
    np.testing.assert_array_equal(seed, before)
    np.testing.assert_allclose(g.numpy(), before + np.array([0.0, 2.0, 1.0, 0.0]))


def test_complex_parts_of_real_arrays(rng):
    values = rng.normal(size=4)
    x = xg.Variable(values)
    with xg.GradientTape() as tape:
        y = xg.sum(xg.real(x[1:] * (1 + 2j))) + xg.sum(x[:-1]) + x[0]
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), [2.0, 2.0, 2.0, 1.0])
