"""Powers with whole exponents are products on NumPy, with the values that powers have."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends.whole_powers import whole_exponent

EXPONENTS = [-16, -7, -3, -2, 3, 4, 5, 6, 7, 11, 15, 16, 3.0, -4.0]


def _summed_gradient(f):
    return lambda x: xg.sum(xg.grad(f)(x))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_value_is_right_to_one_rounding_per_product(exponent, dtype, rng):
    x = (rng.uniform(0.05, 20, size=1000) * rng.choice([-1, 1], size=1000)).astype(dtype)
    exact = np.power(x.astype(np.longdouble), np.longdouble(exponent))
    found = (xg.asarray(x) ** exponent).numpy()
    assert found.dtype == dtype
    error = np.abs(found - exact) / np.abs(exact)
    assert error.max() <= abs(exponent) * np.finfo(dtype).eps / 2 * 1.01


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_special_points_are_those_of_powers(exponent):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e300, -1e300, 1e-300])
    with np.errstate(all="ignore"):
        expected = x**exponent
        found = (xg.asarray(x) ** exponent).numpy()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_derivatives_of_three_orders(exponent, rng):
    x = rng.uniform(0.5, 2.0, size=5) * [1, -1, 1, -1, 1]
    f = lambda x: xg.sum(x**exponent)
    n = exponent
    for order in (1, 2, 3):
        f = _summed_gradient(f)
        factor = np.prod([n - i for i in range(order)])
        expected = np.sum(factor * x ** float(n - order))
        np.testing.assert_allclose(float(f(xg.asarray(x))), expected, rtol=1e-12)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_recorded_is_eager_to_the_last_bit(exponent, rng):
    f = xg.value_and_grad(lambda x: xg.sum(x**exponent))
    recorded = xg.function(f)
    for size in (7, 70_000):
        x = xg.asarray(rng.normal(size=size))
        recorded(x)
        kept = [i for i in recorded._last().program.instructions if i.primitive.name == "power"]
        assert all(i.parameters["exponent"] in (2, -17) for i in kept)
        np.testing.assert_array_equal(recorded(x)[1].numpy(), f(x)[1].numpy())


def test_values_without_axes_stay_arrays():
    y = xg.asarray(-2.0) ** 3
    assert isinstance(y.numpy(), np.ndarray)
    assert (y.numpy(), y.shape) == (-8.0, ())


@pytest.mark.parametrize(
    ("exponent", "dtype"),
    [(2, "float64"), (17, "float64"), (2.5, "float64"), (3, "float16"), (3, "int64"), (3, "complex128"),
     (1, "float32"), (0, "float32"), (float("nan"), "float64"), (float("inf"), "float64")],
)  # fmt: skip
def test_everything_else_is_left_to_numpy(exponent, dtype):
    assert whole_exponent(exponent, np.dtype(dtype)) is None


def test_operands_stay_as_they_are(rng):
    x = rng.normal(size=8)
    before = x.copy()
    for exponent in EXPONENTS:
        xg.asarray(x) ** exponent
    np.testing.assert_array_equal(x, before)
