"""Every line of the table in cases.py: value, gradient, second order, dtypes, devices, complex.

Oracles: NumPy for values, complex steps and differences for derivatives (numerical.py)."""

import numpy as np
import pytest
from cases import CASES, arguments, complex_arguments
from derivatives import (
    assert_close,
    both_orders,
    complex_cases,
    differences_of_gradients,
    every_case,
    every_complex_function,
    forward,
    gradients,
    gradients_on_host,
    scalar,
    second_order,
    skip_where_impossible,
    weights_of,
)
from numerical import as_tuple, complex_step_gradients, difference_gradients

import xgrad as xg

# -- value and gradient in float64 -------------------------------------------------------------


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.reference is not None], ids=lambda case: case.name
)
def test_value_agrees_with_numpy(case, rng):
    arrays = arguments(case, rng)
    expected = as_tuple(case.reference(*arrays))
    assert_close(forward(case, arrays), [np.asarray(e) for e in expected], 1e-13)


@pytest.mark.parametrize("case", [c for c in CASES if c.analytic], ids=lambda case: case.name)
def test_gradient_agrees_with_complex_step(case, rng):
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    expected = complex_step_gradients(scalar(case, weights), arrays)
    assert_close(gradients_on_host(case, arrays, weights), expected, 1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if not c.analytic], ids=lambda case: case.name)
def test_gradient_agrees_with_differences(case, rng):
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    value = scalar(case, weights)
    expected = difference_gradients(lambda *a: np.real(value(*a)), arrays)
    tolerance = 1e-3 if "float32" in case.name else 1e-9
    assert_close(gradients_on_host(case, arrays, weights), expected, tolerance)


@every_case
def test_second_order_agrees_with_differences_of_the_gradient(case, rng):
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    direction = [rng.normal(size=x.shape) for x in arrays]
    found = second_order(case, arrays, weights, direction)
    tolerance = 1e-3 if "float32" in case.name else 1e-8
    assert_close(found, differences_of_gradients(case, arrays, weights, direction), tolerance)


# -- dtypes and devices ------------------------------------------------------------------------


def name_of(dtype):
    return str(dtype).rsplit(".", maxsplit=1)[-1]


@every_case
def test_float32_stays_float32(case, rng):
    arrays = [x.astype(np.float32) for x in arguments(case, rng)]
    weights = [np.ones_like(y) for y in forward(case, arrays)]
    ys, found = gradients(case, arrays, weights)
    assert [name_of(y.dtype) for y in ys] == single_dtypes(case, rng)
    assert [name_of(g.dtype) for g in found] == ["float32" for _ in found]


def single_dtypes(case, rng):
    """The dtypes of the results for float32."""
    ys = forward(case, arguments(case, rng))
    if "dtype" in case.name:
        return ["float64" for _ in ys]
    return ["complex64" if np.iscomplexobj(y) else "float32" for y in ys]


@every_case
def test_other_devices_agree_with_numpy_to_second_order(case, other_device, rng):
    skip_where_impossible(case, other_device)
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    direction = [rng.normal(size=x.shape) for x in arrays]
    xp = xg.namespace(other_device.namespace)
    found = both_orders(case, arrays, weights, direction, other_device, xp)
    expected = both_orders(case, arrays, weights, direction)
    assert all(t.device == other_device for part in found for t in part)
    for part, right in zip(found, expected, strict=True):
        assert_close([t.numpy() for t in part], [t.numpy() for t in right], 1e-10)


# Made of betainc, whose series take meta seconds in second order; special.betainc itself is tested.
LONG_SERIES = {
    "betainc_derivative",
    *(f"special.{n}" for n in ("betaincc", "fdtr", "fdtrc", "stdtr")),
}


@every_case
def test_float32_stays_float32_and_nothing_reads_values_back_to_second_order(case, meta, rng):
    """torch's device without values knows shapes and dtypes, so this tests both at once."""
    skip_where_impossible(case, meta)
    arrays = [x.astype(np.float32) for x in arguments(case, rng)]
    weights = weights_of(forward(case, arrays), rng)
    xp = xg.namespace(meta.namespace)
    if case.name in LONG_SERIES:
        ys, first = gradients(case, arrays, weights, meta, xp)
        second = first
    else:
        ys, first, second = both_orders(case, arrays, weights, arrays, meta, xp)
    assert [y.shape for y in ys] == [w.shape for w in weights]
    assert [name_of(y.dtype) for y in ys] == single_dtypes(case, rng)
    for found in (first, second):
        assert [g.shape for g in found] == [x.shape for x in arrays]
        assert [name_of(g.dtype) for g in found] == ["float32" for _ in found]
    assert all(t.device == meta for part in (ys, first, second) for t in part)


# -- complex -----------------------------------------------------------------------------------


@complex_cases
def test_complex_gradient_is_the_direction_of_steepest_ascent(case, rng):
    arrays = complex_arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    value = scalar(case, weights)
    expected = difference_gradients(lambda *a: np.real(value(*a)), arrays)
    assert_close(gradients_on_host(case, arrays, weights), expected, 1e-8)


@every_complex_function
def test_complex_gradient_agrees_on_other_devices(case, other_device, rng):
    skip_where_impossible(case, other_device)
    arrays = complex_arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    xp = xg.namespace(other_device.namespace)
    _, found = gradients(case, arrays, weights, other_device, xp)
    assert_close([g.numpy() for g in found], gradients_on_host(case, arrays, weights), 1e-11)


@complex_cases
def test_complex_second_order_agrees_with_differences_of_the_gradient(case, rng):
    arrays = complex_arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    direction = [rng.normal(size=x.shape) + 1j * rng.normal(size=x.shape) for x in arrays]
    found = second_order(case, arrays, weights, direction)
    assert_close(found, differences_of_gradients(case, arrays, weights, direction), 1e-7)


@complex_cases
def test_real_operands_among_complex_ones_get_real_gradients(case, rng):
    arrays = [*complex_arguments(case, rng)[:-1], arguments(case, rng)[-1]]
    weights = weights_of(forward(case, arrays), rng)
    value = scalar(case, weights)
    expected = difference_gradients(lambda *a: np.real(value(*a)), arrays)
    found = gradients_on_host(case, arrays, weights)
    assert found[-1].dtype == np.float64
    assert_close(found, expected, 1e-8)
