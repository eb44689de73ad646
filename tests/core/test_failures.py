"""What is raised in place of a library's own exceptions."""

import warnings

import numpy as np
import pytest

import xgrad as xg


@pytest.mark.parametrize(
    "compute",
    [
        lambda: xg.asarray(np.full((2, 3), 1e300)) @ xg.asarray(np.full((3, 3), 1e300)),
        lambda: xg.exp(xg.asarray([1e4])),
        lambda: xg.asarray([1e300]) * xg.asarray([1e300]),
    ],
    ids=["contraction", "unary", "binary"],
)
def test_warning_that_is_an_error_is_no_error_of_shapes(compute):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="overflow") as caught:
            compute()
    assert "while computing" in caught.value.__notes__[0]
