"""Rows that are added at repeated indices: the bits of `np.add.at`, whoever adds."""

import numpy as np
import pytest

from xgrad.backends import host, numpy_scatter, numpy_sweeps

xp = host().xp


@pytest.fixture(params=["compiled", "not compiled"])
def way(request, monkeypatch):
    """With the compiled loop and without."""
    if request.param == "not compiled":
        monkeypatch.setattr(numpy_sweeps, "compiled_loops", None)
    elif numpy_sweeps.compiled_loops is None:
        pytest.skip("the loops were not compiled here, or XGRAD_SPEEDUPS=0")


def added(shape, dtype, indices, rows):
    """The oracle."""
    y = np.zeros(shape, dtype)
    np.add.at(y, indices, rows)
    return y


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128", "int64"])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (7, 2, 40), (300, 9)])
@pytest.mark.parametrize("count", [0, 1, 40, 5000])
def test_rows_are_added_in_their_order(shape, count, dtype, way, rng):
    rows = (rng.normal(size=(count, *shape[1:])) * 10).astype(dtype)
    indices = rng.integers(-shape[0], shape[0], count)
    found = xp.index_add(rows, indices, axis=0, size=shape[0])
    expected = added(shape, dtype, indices, rows)
    np.testing.assert_array_equal(found, expected)
    total = rng.normal(size=shape).astype(dtype)
    sums = total.copy()
    assert xp.index_add_into(sums, rows, indices, axis=0)
    np.testing.assert_allclose(sums, total + expected, rtol=1e-4)


@pytest.mark.parametrize("form", ["int32", "strided indices", "strided rows", "other axis"])
def test_rows_of_any_form(form, way, rng):
    rows, indices, axis = rng.normal(size=(40, 40)), rng.integers(0, 5, 40), 0
    if form == "int32":
        indices = indices.astype(np.int32)
    elif form == "strided indices":
        indices = np.repeat(indices, 2)[::2]
    elif form == "strided rows":
        rows = rows.T
    else:
        axis = 1
    expected = added((5, 40), float, indices, np.moveaxis(rows, axis, 0))
    found = xp.index_add(rows, indices, axis=axis, size=5)
    np.testing.assert_array_equal(np.moveaxis(found, axis, 0), expected)


def test_results_go_where_they_are_wanted(way, rng):
    rows, indices = rng.normal(size=(40, 3)), rng.integers(0, 5, 40)
    expected = added((5, 3), float, indices, rows)
    for out in (np.full((5, 3), 9.0), np.full((3, 5), 9.0).T):
        assert xp.index_add(rows, indices, axis=0, size=5, out=out) is out
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("index", [5, -6])
@pytest.mark.parametrize("count", [10, 50_000])
def test_indices_outside_are_refused_and_nothing_is_added(index, count, way, rng):
    rows, indices = rng.normal(size=(count, 3)), rng.integers(0, 5, count)
    indices[-1] = index
    with pytest.raises(IndexError, match="out of bounds"):
        xp.index_add(rows, indices, axis=0, size=5)
    total = np.zeros((5, 3))
    with pytest.raises(IndexError, match="out of bounds"):
        xp.index_add_into(total, rows, indices, axis=0)
    assert not total.any() or count < numpy_scatter.FEW  # few go to `ufunc.at`, which begins before


def test_memory_is_needed_only_where_nothing_is_compiled(way):
    rows, indices = np.empty((20_000, 64)), np.empty(20_000, np.intp)
    compiled = numpy_sweeps.compiled_loops is not None
    assert bool(numpy_scatter.places_of_rows(indices, rows, 0)) is not compiled
