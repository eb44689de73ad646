"""What a library refuses inside vmap is explained as for one example."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.batching.failures import of_one

X = np.arange(12.0).reshape(2, 2, 3)

OUTSIDE = {
    "int": lambda x: x[7],
    "second axis": lambda x: x[:, 7],
    "too many": lambda x: x[0, 0, 0],
    "array": lambda x: x[xg.asarray([0, 7])],
    "two ellipses": lambda x: x[..., ...],
    "mask": lambda x: x[xg.asarray([True, False, True])],
    "mask of the last axis": lambda x: x[..., xg.asarray([True, False])],
    "mask behind others": lambda x: x[None, 0, xg.asarray([True, False])],
    "setitem": lambda x: x.at[7].set(1.0),
    "put": lambda x: x.at[7].add(1.0),
    "take": lambda x: xg.take(x, xg.asarray([7]), axis=0),
    "take_along_axis": lambda x: xg.take_along_axis(x, xg.full((1, 3), 7), axis=0),
    "scatter": lambda x: xg.scatter(x, xg.asarray([7]), x[:1]),
}


def told(f, *args):
    with pytest.raises(xg.errors.OutOfRangeError) as caught:
        f(*args)
    return str(caught.value)


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_index_outside_is_explained_as_for_one_example(name):
    f, x = OUTSIDE[name], xg.asarray(X)
    alone = told(f, x[0])
    mapped = told(xg.vmap(f), x)
    if "mask" in name:
        assert mapped.split(":")[0] == alone.split(":")[0]
        assert "a mask of shape" in mapped
    else:
        assert mapped == alone


def test_an_index_of_each_example_is_explained():
    text = told(xg.vmap(lambda x, i: x[i]), xg.asarray(X), xg.asarray([0, 7]))
    assert text.startswith("getitem: x (2, 3) float64 on cpu and indices[0] () int64 on cpu")
    assert text.endswith(
        "index 7 is out of bounds for axis 0 with size 2. Use indices from -2 to 1."
    )


def test_an_index_outside_is_explained_under_a_tape_and_two_levels():
    f = xg.vmap(xg.vmap(lambda x: x[7]))
    whole = told(lambda x: xg.grad(lambda x: xg.sum(f(x)))(x), xg.asarray(X))
    assert whole == told(f, xg.asarray(X)) == told(lambda x: x[7], xg.asarray(X)[0, 0])


def test_masks_that_fit_choose_as_before():
    mask = xg.asarray([[True, False, True], [False, True, False]])
    y = xg.vmap(lambda x: x[mask])(xg.asarray(X))
    np.testing.assert_array_equal(y.numpy(), X[:, mask.numpy()])
    y = xg.vmap(lambda x: x[..., mask[0]])(xg.asarray(X))
    np.testing.assert_array_equal(y.numpy(), X[..., [True, False, True]])


REFUSED = {
    "add": (lambda x: x + xg.ones(7), xg.errors.ShapeError, "add: x1 (2, 3) float64 on cpu and"),
    "matmul": (lambda x: x @ x, xg.errors.ShapeError, "matmul: x1 (2, 3) float64 on cpu and"),
    "cholesky": (
        lambda x: xg.linalg.cholesky(x[:, :2] - 9.0),
        xg.errors.LinAlgError,
        "cholesky: x (2, 2) float64 on cpu: Matrix",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_operands_that_do_not_fit_are_explained_as_for_one_example(name):
    f, kind, text = REFUSED[name]
    with pytest.raises(kind) as caught:
        xg.vmap(f)(xg.asarray(X))
    assert str(caught.value).startswith(text)


TWO_DEVICES = {
    "bitwise_and": lambda x, y: xg.bitwise_and(x > 0, y > 0),
    "tensordot": lambda x, y: xg.tensordot(x, y, axes=2),
    "gammainc": lambda x, y: xg.special.gammainc(x + 1.0, y + 1.0),
    "gammainc of one shape": lambda x, y: xg.special.gammainc(x[0] + 1.0, y + 1.0),
}


@pytest.mark.parametrize("name", TWO_DEVICES)
def test_two_devices_are_refused(name):
    f, y = TWO_DEVICES[name], xg.ones((2, 3), device="array_api_strict:device1")
    for x in (xg.asarray(X), y + xg.zeros((2, 1, 1), device=y.device)):
        other = xg.ones((2, 3)) if x.device == y.device else y
        with pytest.raises(xg.errors.DeviceMismatchError, match=r"devices: \(.*device1"):
            xg.vmap(lambda x, y=other: f(x, y))(x)


def test_an_error_that_was_raised_again_is_left_as_it_is():
    error = xg.errors.TracingError("no")
    error.__cause__ = error
    assert of_one(error, xg.ones(2)) is error


def test_what_cannot_be_batched_is_refused_at_any_depth():
    choose = xg.vmap(xg.vmap(lambda x: x[x > 0]))
    for f in (choose, xg.grad(lambda x: xg.sum(choose(x)))):
        with pytest.raises(
            xg.errors.TracingError, match="getitem: the shape of the result depends"
        ):
            f(xg.asarray(X))


@pytest.mark.parametrize("key", [True, False])
@pytest.mark.parametrize("rest", [(), (0,), (slice(1, 3),)], ids=["alone", "number", "slice"])
def test_masks_without_axes_choose_as_in_numpy(key, rest):
    mask = xg.asarray(key)
    y, g = xg.vmap(xg.value_and_grad(lambda x: xg.sum(x[(mask, *rest)] ** 2)))(xg.asarray(X))
    z = xg.vmap(lambda x: x[(mask, *rest)])(xg.asarray(X))
    np.testing.assert_array_equal(z.numpy(), [x[(np.asarray(key), *rest)] for x in X])
    np.testing.assert_allclose(y.numpy(), np.sum(z.numpy() ** 2, axis=tuple(range(1, z.ndim))))
    assert xg.any(g != 0) == key
    w = xg.vmap(lambda x: x.at[(mask, *rest)].set(0.5))(xg.asarray(X))
    expected = X.copy()
    for x in expected:
        x[(np.asarray(key), *rest)] = 0.5
    np.testing.assert_array_equal(w.numpy(), expected)
