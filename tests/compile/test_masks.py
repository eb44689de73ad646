"""Masks in recorded functions: those that every call has alike choose the same elements in all."""

import numpy as np
import pytest

import xgrad as xg

MASK = np.array([[True, False, True], [False, False, True]])
ROWS = np.array([False, True])
CASES = {
    "all of the key": lambda x: xg.sum(x[MASK] ** 2),
    "a Tensor": lambda x: xg.sum(x[xg.asarray(MASK)] ** 2),
    "rows": lambda x: xg.sum(x[ROWS] ** 3),
    "beside a slice": lambda x: xg.sum(x[:, MASK[0]] ** 2),
    "beside a number": lambda x: xg.sum(x[1, MASK[0]] ** 2),
    "beside integers that are arguments": lambda x: xg.sum(
        x[xg.astype(x[:1, 0] > 0.0, "int64"), MASK[0]] ** 2
    ),
    "a list": lambda x: xg.sum(x[[False, True]] ** 3),
    "nothing chosen": lambda x: xg.sum(x) + xg.sum(x[np.zeros(2, bool)]),
    "made inside": lambda x: xg.sum(x[xg.ones(2) > 0.0] ** 2),
    "written in place": lambda x: _doubled(x),
    "numpy's functions": lambda x: (
        xg.sum(np.compress(ROWS, x, axis=0) ** 2) + np.extract(MASK, x)[0]
    ),
    "at": lambda x: xg.sum(x.at[MASK].add(x[0, 0]) ** 2),
    "often": lambda x: sum(xg.sum(x[MASK] ** k) for k in range(1, 4)),
}


def _doubled(x):
    y = x * 1.0
    y[MASK] *= 2.0
    y[ROWS] = x[:1]
    return xg.sum(y**2)


@pytest.mark.parametrize("name", CASES)
def test_constant_masks_choose_the_same_in_every_call(name, rng):
    f = CASES[name]
    both = xg.value_and_grad(f)
    recorded = xg.function(both)
    for _ in range(3):
        x = xg.asarray(rng.normal(size=(2, 3)))
        (y, g), (expected, slope) = recorded(x), both(x)
        np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-14)
        np.testing.assert_allclose(g.numpy(), slope.numpy(), rtol=1e-14, atol=1e-300)


def test_second_derivatives_of_what_a_mask_chose(rng):
    f = lambda x: xg.sum(x[MASK] ** 3)
    recorded = xg.function(xg.hessian(f))
    for _ in range(3):
        x = xg.asarray(rng.normal(size=(2, 3)))
        expected = np.diag(np.where(MASK, 6 * x.numpy(), 0.0).ravel())
        np.testing.assert_allclose(recorded(x).numpy().reshape(6, 6), expected, rtol=1e-14)


def test_a_mask_is_kept_once():
    def f(x):
        return sum(xg.sum(x[MASK] * k) for k in range(50))

    recorded = xg.function(xg.grad(f))
    recorded(xg.ones((2, 3)))
    constants = recorded._last().program.constants
    assert len(constants) < 10


@pytest.mark.parametrize("key", [0, 1])
def test_masks_that_calls_differ_in_are_refused(key):
    keys = [lambda x, m: m, lambda x, m: x > 0.0]
    f = xg.function(lambda x, m: xg.sum(x[keys[key](x, m)]))
    with pytest.raises(xg.errors.TracingError, match="the same in all calls"):
        f(xg.ones(3), xg.asarray([True, False, True]))


def test_a_variable_as_mask_is_refused():
    m = xg.Variable([True, False, True])
    with pytest.raises(xg.errors.TracingError, match="depends on values"):
        xg.function(lambda x: xg.sum(x[m]))(xg.ones(3))


@pytest.mark.parametrize("library", ["torch", "jax.numpy", "array_api_strict"])
def test_constant_masks_in_programs_of_other_libraries(library, rng):
    xp = pytest.importorskip(library)
    mask = xg.asarray(xp.asarray(MASK))
    both = xg.value_and_grad(lambda x: xg.sum(x[mask] ** 2) + xg.sum(x[:, mask[0, :]]))
    recorded = xg.function(both)
    for _ in range(3):
        x = xg.asarray(xp.asarray(rng.normal(size=(2, 3)), dtype=xp.float32))
        (y, g), (expected, slope) = recorded(x), both(x)
        np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-6)
        np.testing.assert_allclose(g.numpy(), slope.numpy(), rtol=1e-6)
