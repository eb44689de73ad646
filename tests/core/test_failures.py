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


ROWS = [[1.0, 2.0, 3.0]] * 2
OUTSIDE = {
    "getitem": (lambda x, i: x[1, 3], r"getitem: x \(2, 3\) .* with key=\(1, 3\): "),
    "getitem, array": (lambda x, i: x[:, i], r"indices\[0\] \(1,\) int64 on .* with key="),
    "setitem": (lambda x, i: x.at[0, 3].set(1.0), r"setitem: x \(2, 3\)"),
    "take": (lambda x, i: xg.take(x, i, axis=1), r"take: x \(2, 3\) .* with axis=1: "),
    "scatter": (
        lambda x, i: xg.scatter(x, i, x[:, :1], axis=1),
        r"scatter: x \(2, 3\) .* and updates \(2, 1\) .* with axis=1, mode='add': ",
    ),
    "embedding": (
        lambda x, i: xg.nn.embedding(i, xg.permute_dims(x, (1, 0))),
        r"take: x \(3, 2\) .* with axis=0: ",
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_index_outside_is_explained(name):
    f, told = OUTSIDE[name]
    x, i = xg.asarray(ROWS), xg.asarray([3])
    where = r"index 3 is out of bounds for axis [01] with size 3\. Use indices from -3 to 2\.$"
    with pytest.raises(IndexError, match=told + ".*" + where) as caught:
        f(x, i)
    assert isinstance(caught.value, xg.errors.OutOfRangeError)
    recorded = xg.function(f)
    if "array" in name or name in ("take", "scatter", "embedding"):
        recorded(x, xg.asarray([2]))
        with pytest.raises(xg.errors.OutOfRangeError, match=rf" at {__file__}:.*{where}"):
            recorded(x, i)


def test_an_index_outside_names_the_axis_of_the_caller():
    with pytest.raises(xg.errors.OutOfRangeError, match="for axis 1 with size 3"):
        xg.scatter(xg.ones((2, 3)), xg.asarray([4]), xg.ones((2, 1)), axis=1)


@pytest.mark.parametrize("key", [(0, 0, 0), xg.ones(3) < 0.5], ids=["many", "mask"])
def test_keys_that_do_not_fit_are_explained(key):
    with pytest.raises(xg.errors.OutOfRangeError, match=r"getitem: x \(2, 3\) float64 on cpu"):
        xg.asarray(ROWS)[key]


def test_a_mistake_inside_an_operation_is_not_blamed_on_its_operands():
    """Shapes that do not broadcast are no reason for a NameError."""
    arrays = (np.ones((2, 3)), np.ones((4, 5)))
    mistake = NameError("name 'spread' is not defined")
    found = explain_failure(primitive("add"), arrays, None, mistake)
    assert found is mistake
    assert "while computing add" in found.__notes__[0]


def test_dtypes_that_torch_has_no_function_for_are_said():
    pytest.importorskip("torch", reason="torch is not installed")
    x = xg.asarray([True, False], device="torch:cpu")
    with pytest.raises(xg.errors.DTypeError, match=r"abs: x \(2,\) bool on torch:cpu.*Use astype"):
        xg.abs(x)
