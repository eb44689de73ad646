"""Distinct elements: in order, on every library."""

import numpy as np

import xgrad as xg

VALUES = [3, 1, 2, 3, 1, 0, 9, 4]


def test_unique_values_are_sorted(device):
    for values in (VALUES, [1.5, -0.5, 1.5]):
        found = xg.unique_values(xg.asarray(values, device=device))
        np.testing.assert_array_equal(found.numpy(), np.unique(values))


def test_unique_values_keep_every_nan(device):
    found = xg.unique_values(xg.asarray([np.nan, 1.0, np.nan], device=device))
    np.testing.assert_array_equal(found.numpy(), [1.0, np.nan, np.nan])
