"""Large products by SciPy's BLAS, and Cholesky by its LAPACK, give what NumPy's give."""

import itertools

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import host, matrices, numpy_products

scipy_linalg = pytest.importorskip("scipy.linalg", reason="scipy is not installed")
XP = host().xp
TOLERANCE = {"f": 1e-4, "F": 1e-4, "d": 1e-11, "D": 1e-11}


@pytest.fixture
def asked(monkeypatch):
    """Which products SciPy was asked for."""
    found = []
    numpy_products.stay_with_scipy(scipy_linalg)
    product = numpy_products._product
    monkeypatch.setattr(
        numpy_products, "_product", lambda *a: found.append(a[0].shape) or product(*a)
    )
    return found


def matrix(rng, shape, dtype, order):
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if dtype in "FD" else 0)
    x = x.astype(dtype)
    if order == "strided":
        spread = np.zeros((2 * shape[0], 3 * shape[1]), dtype)
        spread[::2, ::3] = x
        return spread[::2, ::3]
    return np.asarray(x, order=order)


@pytest.mark.parametrize("dtype", "fdFD")
@pytest.mark.parametrize(
    "sizes", [(300, 200, 150), (1, 300, 200), (300, 200, 1), (4000, 20, 100)], ids=str
)
@pytest.mark.parametrize(
    "orders", list(itertools.product(["C", "F", "strided"], repeat=2)), ids=str
)
def test_products_in_every_order(dtype, sizes, orders, asked, rng):
    m, k, n = sizes
    x1, x2 = matrix(rng, (m, k), dtype, orders[0]), matrix(rng, (k, n), dtype, orders[1])
    expected = np.matmul(x1, x2)
    scale = np.abs(expected).max() * TOLERANCE[dtype]
    y = XP.matmul(x1, x2)
    assert (y.dtype, y.flags.c_contiguous) == (expected.dtype, True)
    np.testing.assert_allclose(y, expected, atol=scale)
    out = np.full((m, n), np.nan, dtype)  # which must not be added to
    assert numpy_products.matmul_into(x1, x2, out) is out
    np.testing.assert_allclose(out, expected, atol=scale)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("x1", "x2"),
    [
        (np.ones((20, 30)), np.ones((30, 20))),
        (np.ones((200, 300), "f"), np.ones((300, 200))),
        (np.ones((200, 300), int), np.ones((300, 200), int)),
        (np.ones((2, 200, 300)), np.ones((300, 200))),
        (np.ones((200, 300)), np.ones(300)),
        (np.ones((200, 0)), np.ones((0, 300))),
    ],
    ids=["small", "two dtypes", "integers", "stacks", "a vector", "nothing"],
)
def test_other_products_are_left_to_numpy(x1, x2, asked):
    np.testing.assert_array_equal(XP.matmul(x1, x2), np.matmul(x1, x2))
    assert not asked


def test_nothing_changes_before_a_solver_is_used(monkeypatch):
    monkeypatch.setattr(numpy_products._scipy, "left", 0)
    monkeypatch.setattr(numpy_products, "_product", lambda *_: pytest.fail("SciPy's was used"))
    XP.matmul(np.ones((300, 300)), np.ones((300, 300)))


def test_long_after_a_solver_products_are_numpys_again(asked):
    x = np.ones((150, 150))
    for _ in range(100):
        XP.matmul(x, x)
    assert len(asked) == numpy_products._PRODUCTS
    XP.solve_triangular(np.eye(40), np.ones((40, 1)), upper=False)
    XP.matmul(x, x)
    assert len(asked) == numpy_products._PRODUCTS + 1


def definite(rng, n, dtype):
    a = matrix(rng, (n, n), dtype, "C")
    return (a @ a.conj().T + n * np.eye(n)).astype(dtype)


@pytest.mark.parametrize("dtype", "fdFD")
@pytest.mark.parametrize("n", [1, 31, 32, 200])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_cholesky_reads_the_lower_triangle(dtype, n, order, rng):
    x = definite(rng, n, dtype)
    x[np.triu_indices(n, 1)] = np.nan
    given = matrix(rng, (n, n), dtype, order)
    given[...] = x
    y = XP.cholesky(given)
    expected = np.linalg.cholesky(np.tril(x) + np.tril(x, -1).conj().T)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, expected, atol=np.abs(expected).max() * TOLERANCE[dtype])
    np.testing.assert_array_equal(np.triu(y, 1), np.zeros((n, n)))


@pytest.mark.parametrize("n", [3, 100])
def test_what_is_not_positive_definite_is_refused(n):
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        XP.cholesky(-np.eye(n))
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        xg.linalg.cholesky(xg.asarray(-np.eye(n)))


@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize("n", [32, 77, 200])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_cotangents_of_cholesky_are_those_of_the_composition(dtype, n, order, rng):
    y = XP.cholesky(definite(rng, n, dtype))
    g = matrix(rng, (n, n), dtype, order)
    kept = g.copy(), y.copy()
    found = XP.cholesky_cotangent(g, y)
    expected = matrices.cholesky_cotangent(XP, g, y)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, atol=np.abs(expected).max() * TOLERANCE[dtype])
    np.testing.assert_array_equal(g, kept[0])
    np.testing.assert_array_equal(y, kept[1])


@pytest.mark.parametrize("k", [-300, -2, 0, 1, 300])
@pytest.mark.parametrize("shape", [(150, 130), (130, 150), (3, 4), (2, 100, 100)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool", "complex128"])
def test_triangles_by_masks(k, shape, dtype, rng):
    x = rng.uniform(0.5, 9, size=shape).astype(dtype)
    for mine, numpys in ((XP.tril, np.tril), (XP.triu, np.triu)):
        y = mine(x, k=k)
        assert y.dtype == x.dtype
        np.testing.assert_array_equal(y, numpys(x, k))
