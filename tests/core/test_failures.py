"""What is raised in place of a library's own exceptions."""

import warnings

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.failures import explain_failure
from xgrad.core.instructions import primitive


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


def test_a_mistake_inside_an_operation_is_not_blamed_on_its_operands():
    """Shapes that do not broadcast are no reason for a NameError."""
    arrays = (np.ones((2, 3)), np.ones((4, 5)))
    mistake = NameError("name 'spread' is not defined")
    found = explain_failure(primitive("add"), arrays, None, mistake)
    assert found is mistake
    assert "while computing add" in found.__notes__[0]
