"""Sums and products: the dtype of the result."""

import math

import numpy as np
import pytest

import xgrad as xg

SUMS = ["sum", "prod", "cumulative_sum", "cumulative_prod"]


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_a_dtype_that_is_asked_for_is_the_results(name, dtype, device, xp):
    x = xp.asarray([3, 5], dtype=getattr(xp, dtype), device=device)
    y = getattr(xp, name)(x, dtype=getattr(xp, dtype))
    assert y.dtype == getattr(xp, dtype)


@pytest.mark.parametrize("name", SUMS)
def test_narrow_integers_wrap_in_the_dtype_that_is_asked_for(name, device, xp):
    x = xp.asarray([100, 100], dtype=xp.int8, device=device)
    y = getattr(xp, name)(x, dtype=xp.int8)
    assert (
        y.tolist()
        == {
            "sum": -56,
            "prod": 16,
            "cumulative_sum": [100, -56],
            "cumulative_prod": [100, 16],
        }[name]
    )


@pytest.mark.parametrize("name", SUMS)
def test_narrow_integers_add_up_in_the_default_dtype(name, device, xp):
    x = xp.asarray([100, 100], dtype=xp.int8, device=device)
    y = getattr(xp, name)(x)
    assert y.dtype == xp.int64
    assert (
        y.tolist()
        == {
            "sum": 200,
            "prod": 10000,
            "cumulative_sum": [100, 200],
            "cumulative_prod": [100, 10000],
        }[name]
    )


@pytest.mark.filterwarnings("ignore")  # of each library in its words
@pytest.mark.parametrize("correction", [3, 3.5, 5])
def test_a_correction_that_leaves_nothing_has_no_finite_variance(device, correction):
    x = xg.asarray([1.0, 2.0, 4.0], device=device)
    for f in (xg.var, xg.std):
        assert f(x, correction=correction).tolist() == math.inf
        slope = xg.grad(lambda x, f=f: f(x, correction=correction))(x)
        assert not np.isfinite(slope.numpy()).any()
