"""pandas and xarray: xarray's arrays hold Tensors; pandas' columns are NumPy's, so it refuses."""

import numpy as np
import pytest

import xgrad as xg

VALUES = np.array([1.5, -0.5, 3.0])


@pytest.fixture
def pandas():
    return pytest.importorskip("pandas", reason="pandas is not installed")


@pytest.fixture
def xarray():
    return pytest.importorskip("xarray", reason="xarray is not installed")


# Differentiated through xr.DataArray(v, dims="a", coords={"a": [1, 2, 3]}).
XARRAY = {
    "arithmetic": (lambda d: d * d - 2.0 / d, lambda x: x * x - 2.0 / x),
    "sum": (lambda d: d.sum(), np.sum),
    "mean": (lambda d: (d**2).mean("a"), lambda x: np.mean(x**2)),
    "std": (lambda d: d.std(), np.std),
    "max": (lambda d: d.max(), np.max),
    "median": (lambda d: d.median(), np.median),
    "quantile": (lambda d: d.quantile(0.3), lambda x: np.quantile(x, 0.3)),
    "cumsum": (lambda d: d.cumsum(), np.cumsum),
    "diff": (lambda d: d.diff("a"), np.diff),
    "numpy": (np.exp, np.exp),
    "label": (lambda d: d.sel(a=2), lambda x: x[1]),
    "slice": (lambda d: d.isel(a=slice(1, None)), lambda x: x[1:]),
    "where": (lambda d: d.where(d > 0, 0.25), lambda x: np.where(x > 0, x, 0.25)),
    "fillna": (lambda d: d.fillna(0.0), lambda x: x),
    "broadcast": (lambda d: d * d.rename(a="b"), lambda x: x[:, None] * x),
    "roll": (lambda d: d.roll(a=1), lambda x: np.roll(x, 1)),
    "shift": (lambda d: d.shift(a=1, fill_value=0.0), lambda x: np.array([0.0, x[0], x[1]])),
}


@pytest.mark.parametrize(("f", "plain"), list(XARRAY.values()), ids=XARRAY)
def test_xarray_computes_with_tensors_and_is_followed(xarray, f, plain, rng):
    weights = rng.normal(size=np.shape(plain(VALUES)))
    v = xg.Variable(VALUES)
    with xg.GradientTape() as tape:
        array = xarray.DataArray(v.value(), dims="a", coords={"a": [1, 2, 3]})
        found = f(array).data
        y = xg.sum(found * weights)
    assert isinstance(found, xg.Tensor)
    np.testing.assert_allclose(found.numpy(), plain(VALUES), rtol=1e-14)
    gradient = tape.gradient(y, v, unconnected_gradients="raise").numpy()
    step = 1e-6
    for i in range(3):
        moved = step * (np.arange(3) == i)
        ahead, behind = plain(VALUES + moved), plain(VALUES - moved)
        slope = np.sum((ahead - behind) * weights) / (2 * step)
        np.testing.assert_allclose(gradient[i], slope, rtol=1e-7, atol=1e-8)


def test_xarray_concatenates_and_contracts(xarray):
    v = xg.Variable(VALUES)
    with xg.GradientTape() as tape:
        array = xarray.DataArray(v.value(), dims="a")
        y = xarray.dot(array, array).data + xarray.concat([array, array], "b").sum().data
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), 2 * VALUES + 2)


def test_xarray_gives_values_to_numpy_only_when_nobody_follows(xarray):
    v = xg.Variable(VALUES)
    with xg.GradientTape(), pytest.raises(TypeError, match="followed by an active GradientTape"):
        _ = xarray.DataArray(v.value(), dims="a").values
    np.testing.assert_array_equal(xarray.DataArray(v.value(), dims="a").values, VALUES)


PANDAS = {
    "Series": lambda pd, x: pd.Series(x),
    "DataFrame": lambda pd, x: pd.DataFrame({"a": x}),
    "Series times Tensor": lambda pd, x: pd.Series(VALUES) * x,
    "Tensor times Series": lambda pd, x: x * pd.Series(VALUES),
    "column": lambda pd, x: pd.DataFrame({"a": VALUES}).assign(b=x),
}


@pytest.mark.parametrize("f", list(PANDAS.values()), ids=PANDAS)
def test_pandas_does_not_take_what_a_tape_follows(pandas, f):
    v = xg.Variable(VALUES)
    with xg.GradientTape(), pytest.raises(TypeError, match="followed by an active GradientTape"):
        f(pandas, v * 1.0)


def test_pandas_takes_values_that_nobody_follows(pandas):
    x = xg.asarray(VALUES)
    np.testing.assert_array_equal(pandas.Series(x).to_numpy(), VALUES)
    np.testing.assert_array_equal((pandas.Series(VALUES) * x).to_numpy(), VALUES**2)


def test_columns_of_pandas_become_tensors(pandas):
    frame = pandas.DataFrame({"a": VALUES, "b": 2 * VALUES})
    v = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = xg.sum(xg.asarray(frame) @ v) + xg.sum(frame["a"].to_numpy() * v[0])
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), [2 * VALUES.sum(), 2 * VALUES.sum()])
