"""Python numbers are arrays inside, for speed: values, dtypes and derivatives are as with numbers."""

import operator

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends.numpy_numbers import Numbers

OPERATORS = ["add", "sub", "mul", "truediv", "floordiv", "mod", "lt", "ge", "eq"]
NUMBERS = [2, 1.1, -3, True, 0, 0.0, -0.0, 1e-40, 1e300, float("inf"), float("nan"), 1j, 2**40]
DTYPES = ["float32", "float64", "float16", "int32", "complex64"]


def _of_numpy(name, *operands):
    try:
        with np.errstate(all="ignore"):
            return np.asarray(getattr(operator, name)(*operands))
    except (TypeError, OverflowError):
        pytest.skip("NumPy refuses it")


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_values_and_dtypes_are_those_of_numpy(name, dtype, number):
    values = np.array([1, 2, 5], dtype)
    x = xg.asarray(values)
    for _ in range(2):  # converted, and kept
        for pair, own in (((values, number), (x, number)), ((number, values), (number, x))):
            expected = _of_numpy(name, *pair)
            try:
                with np.errstate(all="ignore"):
                    found = getattr(operator, name)(*own)
            except (TypeError, xg.errors.XgradError):
                continue  # stricter than NumPy: integers with floats of another kind and the like
            np.testing.assert_array_equal(found.numpy(), expected)
            assert found.dtype == expected.dtype


def test_negative_zero_is_not_zero():
    x = xg.asarray([1.0, -1.0])
    with np.errstate(all="ignore"):
        assert [*(x / 0.0).numpy(), *(x / -0.0).numpy()] == [np.inf, -np.inf, -np.inf, np.inf]


F = {
    "times": lambda x: x * 1.1,
    "before": lambda x: 1.1 * x,
    "over": lambda x: x / 3,
    "under": lambda x: 3 / x,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("f", F.values(), ids=F)
def test_derivatives_of_three_orders_with_every_tape(f, dtype, rng):
    values = rng.uniform(1, 2, 4).astype(dtype)
    x = xg.asarray(values)
    step = 1e-20
    with xg.GradientTape() as third, xg.GradientTape() as second, xg.GradientTape() as first:
        for tape in (first, second, third):
            tape.watch(x)
        y = xg.sum(f(x) * xg.sin(x))
    slope = first.gradient(y, x)
    expected = np.imag(f(values + step * 1j) * np.sin(values + step * 1j)) / step
    np.testing.assert_allclose(slope.numpy(), expected, rtol=1e-5 if dtype == "float32" else 1e-13)
    assert slope.dtype == dtype
    g = lambda x: xg.sum(f(x) * xg.sin(x))
    for order in (xg.grad(g), xg.grad(lambda x: xg.sum(xg.grad(g)(x)))):
        assert order(x).dtype == dtype
        xg.testing.check_gradients(
            lambda x, order=order: xg.sum(order(x)), [xg.asarray(values.astype("float64"))]
        )


def test_a_partial_that_is_not_finite_is_still_guarded():
    x = xg.asarray([1.0, 2.0])
    for number in (float("inf"), 0.0, 0, -0.0, 1e-320):
        with xg.GradientTape() as tape, np.errstate(all="ignore"):
            tape.watch(x)
            y = xg.where(xg.asarray([True, False]), x, x / number)
        np.testing.assert_array_equal(tape.gradient(y, x).numpy()[0], 1.0)


def test_numbers_keep_no_arrays_of_the_users():
    x = xg.asarray(np.ones(1000))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = (x * 2.5) / 3.5
    assert tape.stats().arrays == 0
    assert y.shape == (1000,)


def test_the_table_does_not_grow_without_end():
    numbers = Numbers()
    for i in range(1, 10_000):
        numbers[np.dtype(np.float32), i * 0.5]
    assert len(numbers) <= 4096
    assert not numbers[np.dtype(np.float32), 2.0].flags.writeable
