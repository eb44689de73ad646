"""`testing.compute_gradient`: both Jacobians in the shapes of tf.test.compute_gradient."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.testing import compute_gradient

A = np.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def both(f, xs, delta=None):
    """The Jacobians, after a look at their types and at each other."""
    theoretical, numerical = compute_gradient(f, xs, delta)
    assert isinstance(theoretical, tuple)
    assert isinstance(numerical, tuple)
    for t, n in zip(theoretical, numerical, strict=True):
        assert type(t) is type(n) is np.ndarray
        assert t.shape == n.shape
        assert t.dtype == n.dtype
    return theoretical, numerical


def test_rows_are_results_and_columns_arguments():
    (t,), (n,) = both(lambda x: A @ x, [np.asarray([1.0, 2.0])])
    np.testing.assert_array_equal(t, A)
    np.testing.assert_allclose(n, A, rtol=1e-11)


def test_several_arguments_of_any_shape():
    x, y = np.ones((2, 3)), np.asarray(2.0)
    (tx, ty), (nx, ny) = both(lambda x, y: x * y, [x, y])
    assert tx.shape == (6, 6)
    assert ty.shape == (6, 1)
    np.testing.assert_array_equal(tx, 2.0 * np.eye(6))
    np.testing.assert_array_equal(ty, np.ones((6, 1)))
    np.testing.assert_allclose(nx, tx, atol=1e-11)
    np.testing.assert_allclose(ny, ty, atol=1e-11)


def test_lists_of_numbers_and_numbers_are_arrays():
    (t, u), _ = both(lambda x, y: x * y, [[1.0, 2.0], 3.0])
    np.testing.assert_array_equal(t, 3.0 * np.eye(2))
    np.testing.assert_array_equal(u, [[1.0], [2.0]])


def test_complex_elements_count_twice():
    z = np.asarray([1.0 + 2.0j])
    (t,), (n,) = both(lambda z: z * z, [z])
    expected = [[2.0, -4.0], [4.0, 2.0]]  # d(re, im) / d(re, im) of z**2, whose derivative is 2z
    np.testing.assert_array_equal(t, expected)
    np.testing.assert_allclose(n, expected, rtol=1e-11)


def test_function_that_is_not_holomorphic():
    z = np.asarray([3.0 + 4.0j, 1.0])
    (t,), (n,) = both(lambda z: xg.conj(z), [z])
    np.testing.assert_array_equal(t, np.diag([1.0, -1.0, 1.0, -1.0]))
    np.testing.assert_allclose(n, t, atol=1e-11)
    (t,), (n,) = both(lambda z: xg.abs(z), [z])
    np.testing.assert_allclose(t, [[0.6, 0.8, 0, 0], [0, 0, 1.0, 0]], rtol=1e-15)
    np.testing.assert_allclose(n, t, atol=1e-11)


def test_real_argument_of_a_complex_result():
    (t,), (n,) = both(lambda x: xg.exp(1j * x), [np.asarray([0.5])])
    np.testing.assert_allclose(t, [[-np.sin(0.5)], [np.cos(0.5)]], rtol=1e-15)
    np.testing.assert_allclose(n, t, rtol=1e-11)


def test_step_of_a_central_difference():
    _, (n,) = both(lambda x: x**3, [[1.0]], delta=0.5)
    np.testing.assert_array_equal(n, [[3.25]])


def test_default_is_accurate_to_ten_digits():
    x = np.asarray([0.3, 1.0, 2.0])
    (t,), (n,) = both(lambda x: xg.log(x) * xg.sin(x), [x])
    np.testing.assert_allclose(n, t, rtol=1e-10)
    _, (coarse,) = both(lambda x: xg.log(x) * xg.sin(x), [x], delta=1 / 1024)
    assert np.max(abs(coarse - t)) > 1e-8


def test_float32_stays_float32(device):
    x = xg.asarray([0.5, 1.0], dtype=xg.float32, device=device)
    (t,), (n,) = both(xg.sin, [x])
    assert t.dtype == np.float32
    np.testing.assert_allclose(n, t, atol=1e-4)
    np.testing.assert_allclose(t, np.diag(np.cos([0.5, 1.0])), rtol=1e-6)


def test_unconnected_argument_gives_zeros():
    (t, u), (_, n) = both(lambda x, y: x * 2.0, [[1.0], [1.0, 2.0]])
    assert t.tolist() == [[2.0]]
    assert u.tolist() == n.tolist() == [[0.0, 0.0]]


def test_sparse_gradient_is_made_dense():
    (t,), _ = both(
        lambda x: xg.take(x, xg.asarray([0, 0]), axis=0, sparse_grad=True), [np.ones((2, 1))]
    )
    assert t.tolist() == [[1.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_empty_result_and_argument(shape):
    (t,), (n,) = both(lambda x: x * 2.0, [np.zeros(shape)])
    assert t.shape == n.shape == (0, 0)
    (t,), (n,) = both(lambda x: x[:0], [np.zeros(2)])
    assert t.shape == n.shape == (0, 2)


def test_mistakes_are_errors():
    with pytest.raises(ValueError, match=r"xs must be a list or tuple .*Use compute_gradient"):
        compute_gradient(xg.sin, np.ones(2))
    with pytest.raises(TypeError, match=r"must be real or complex floating\. Use astype"):
        compute_gradient(lambda i: i * 2.0, [[1, 2]])
    with pytest.raises(TypeError, match=r"must return one Tensor, but returned a tuple\. Use"):
        compute_gradient(lambda x: (x, x), [[1.0]])
    with pytest.raises(TypeError, match=r"must return a floating Tensor, but returned \(1,\) bool"):
        compute_gradient(lambda x: x > 0, [[1.0]])


@pytest.mark.parametrize("delta", [0.0, -1e-3, np.nan, np.inf])
def test_step_must_be_positive(delta):
    with pytest.raises(
        ValueError, match=rf"delta must be positive and finite, but is {delta}. Use"
    ):
        compute_gradient(xg.sin, [[1.0]], delta=delta)
