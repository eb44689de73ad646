"""Masks that differ between examples: what is written through them keeps the shape."""

import numpy as np
import pytest

import xgrad as xg


def written(key, value):
    def f(x, v):
        y = x * 1.0
        y[key(x)] = value(x, v)
        return xg.sum(y**2 * xg.reshape(xg.arange(6.0), (2, 3)))

    return f


def updated(method):
    return lambda x, v: xg.sum(getattr(x.at[x < 0.5], method)(v) ** 2 * x)


CASES = {
    "a number": written(lambda x: x < 0.0, lambda x, v: 0.5),
    "a number of each": written(lambda x: x < 0.0, lambda x, v: v),
    "an element": written(lambda x: x < 0.0, lambda x, v: x[0, 1] * v),
    "rows": written(lambda x: x[:, 0] < 0.0, lambda x, v: v * x[0]),
    "rows, one number": written(lambda x: x[:, 0] < 0.0, lambda x, v: v),
    "one row": written(lambda x: x[:, 0] < 0.0, lambda x, v: v * x[:1]),
    "in a tuple": written(lambda x: (x < 0.0,), lambda x, v: v),
    "of shape (1,)": written(lambda x: x < 0.0, lambda x, v: xg.reshape(v, (1,))),
    "float32": written(lambda x: x < 0.0, lambda x, v: xg.astype(v, "float32")),
    **{f"at.{m}": updated(m) for m in ("set", "add", "multiply", "divide", "min", "max")},
}


@pytest.mark.parametrize("name", CASES)
def test_writing_through_a_mask_of_each_example(name, rng):
    f = xg.value_and_grad(CASES[name], argnums=(0, 1))
    x, v = xg.asarray(rng.normal(size=(5, 2, 3))), xg.asarray(rng.normal(size=5))
    ys, gs = xg.vmap(f)(x, v)
    for i in range(5):
        y, g = f(x[i], v[i])
        np.testing.assert_allclose(ys[i].numpy(), y.numpy(), rtol=1e-13)
        for found, expected in zip(gs, g, strict=True):
            np.testing.assert_allclose(found[i].numpy(), expected.numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_differences(name, rng):
    x, v = rng.normal(size=(2, 3)), rng.normal(size=())
    if name != "float32":
        xg.testing.check_gradients(CASES[name], [x, v], order=2)


@pytest.mark.parametrize("name", CASES)
def test_recorded_functions_write_through_masks(name, rng):
    f = xg.value_and_grad(CASES[name], argnums=(0, 1))
    recorded = xg.function(f)
    for _ in range(3):
        x, v = xg.asarray(rng.normal(size=(2, 3))), xg.asarray(rng.normal(size=()))
        (y, g), (expected, slopes) = recorded(x, v), f(x, v)
        np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-13)
        for found, slope in zip(g, slopes, strict=True):
            np.testing.assert_allclose(found.numpy(), slope.numpy(), rtol=1e-12)


def test_what_is_not_written_to_does_no_harm():
    """A NaN beside the mask reaches no gradient of what was written."""
    x = xg.asarray([1.0, -1.0])

    def f(v):
        y = x * 1.0
        y[x > 0.0] = v
        return xg.sum(xg.log(y) * xg.asarray([1.0, xg.nan]))

    with np.errstate(invalid="ignore"):
        assert xg.grad(f)(2.0).item() == 0.5


def test_dtypes_stay():
    mask = xg.asarray([True, False])
    for dtype in ("float32", "int32", "complex64"):
        x = xg.ones(2, dtype=dtype)
        assert x.at[mask].add(2).dtype == x.dtype
        assert x.at[mask].add(xg.asarray(2)).dtype == x.dtype
        masks = xg.asarray([[True, False], [False, True]])
        y = xg.vmap(lambda m, x=x: x.at[m].set(xg.asarray(2)))(masks)
        assert y.dtype == x.dtype
        assert y.tolist() == [[2, 1], [1, 2]]
    with pytest.raises(xg.errors.DTypeError):
        xg.ones(2, dtype="int32").at[mask].add(0.5)
    with pytest.raises(xg.errors.DTypeError):
        xg.ones(2, dtype="int32").at[mask].divide(2)


def test_as_many_values_as_a_mask_chooses_are_refused():
    masks = xg.asarray([[True, False, True], [False, True, True]])
    with pytest.raises(xg.errors.TracingError, match="shape of the result depends on values"):
        xg.vmap(lambda m: xg.zeros(3).at[m].set(xg.ones(2)))(masks)
