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
    every_function,
    first_of_each_function,
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
def test_other_devices_agree_with_numpy(case, other_device, rng):
    skip_where_impossible(case, other_device)
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    xp = xg.namespace(other_device.namespace)
    found = gradients(case, arrays, weights, other_device, xp)
    assert_agree(found, gradients(case, arrays, weights), other_device, 1e-11)


@every_function
def test_other_devices_agree_with_numpy_in_second_order(case, other_device, rng):
    skip_where_impossible(case, other_device)
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    direction = [rng.normal(size=x.shape) for x in arrays]
    xp = xg.namespace(other_device.namespace)
    found = both_orders(case, arrays, weights, direction, other_device, xp)
    assert_agree(found, both_orders(case, arrays, weights, direction), other_device, 1e-10)


def assert_agree(found, expected, device, tolerance):
    """Groups of Tensors on a device, and on numpy."""
    for tensors, right in zip(found, expected, strict=True):
        assert all(t.device == device for t in tensors)
        assert_close([t.numpy() for t in tensors], [t.numpy() for t in right], tolerance)


@every_case
def test_float32_stays_float32_and_nothing_reads_values_back(case, meta, rng):
    """torch's device without values knows shapes and dtypes, so this tests both at once."""
    skip_where_impossible(case, meta)
    arrays = [x.astype(np.float32) for x in arguments(case, rng)]
    weights = weights_of(forward(case, arrays), rng)
    ys, found = gradients(case, arrays, weights, meta, xg.namespace(meta.namespace))
    assert [y.shape for y in ys] == [w.shape for w in weights]
    assert [name_of(y.dtype) for y in ys] == single_dtypes(case, rng)
    assert_float32_like(arrays, found, meta)


# What is made of betainc, whose series take meta seconds in second order, is left to betainc.
LONG_SERIES = {
    "betainc_derivative",
    *(f"special.{n}" for n in ("betaincc", "fdtr", "fdtrc", "stdtr")),
}


@pytest.mark.parametrize(
    "case",
    [c for c in first_of_each_function(CASES) if c.name not in LONG_SERIES],
    ids=lambda case: case.name,
)
def test_float32_stays_float32_and_nothing_reads_values_back_in_second_order(case, meta, rng):
    skip_where_impossible(case, meta)
    arrays = [x.astype(np.float32) for x in arguments(case, rng)]
    weights = weights_of(forward(case, arrays), rng)
    xp = xg.namespace(meta.namespace)
    _, _, found = both_orders(case, arrays, weights, arrays, meta, xp)
    assert_float32_like(arrays, found, meta)


def assert_float32_like(arrays, found, device):
    assert [g.shape for g in found] == [x.shape for x in arrays]
    assert [name_of(g.dtype) for g in found] == ["float32" for _ in found]
    assert all(g.device == device for g in found)


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
