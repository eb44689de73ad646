"""Norms and functions of matrices at special points: tensorflow-reference.md, section 2.7."""

import numpy as np
import pytest

import xgrad as xg

SINGULAR = [[1.0, 2.0], [2.0, 4.0]]


def gradient(f, value):
    x = xg.asarray(np.asarray(value))
    with xg.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x).numpy()


def second_derivatives(f, value):
    x = xg.asarray(np.asarray(value))
    with xg.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch(x)
        y = f(x)
    return tape.hessian(y, x).numpy()


NORMS = {
    "2": lambda x: xg.linalg.vector_norm(x),
    "1": lambda x: xg.linalg.vector_norm(x, ord=1),
    "3": lambda x: xg.linalg.vector_norm(x, ord=3),
    "hypot": lambda x: xg.hypot(x[0], x[1]),
    "std": lambda x: xg.std(x),
}


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS.keys())
def test_norms_at_zero_have_the_gradient_zero(norm):
    np.testing.assert_array_equal(gradient(norm, [0.0, 0.0]), [0.0, 0.0])


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS.keys())
def test_second_derivatives_of_norms_at_zero_are_finite(norm):
    assert np.all(np.isfinite(second_derivatives(norm, [0.0, 0.0])))


def test_matrix_norm_at_zero_has_the_gradient_zero():
    np.testing.assert_array_equal(gradient(xg.linalg.matrix_norm, np.zeros((2, 2))), 0.0)


def test_ties_share_in_the_norm_of_infinite_order():
    found = gradient(lambda x: xg.linalg.vector_norm(x, ord=np.inf), [2.0, -2.0, 1.0])
    np.testing.assert_array_equal(found, [0.5, -0.5, 0.0])


def test_normalised_vector_at_zero_has_a_finite_gradient():
    def normalised(x):
        return x / xg.sqrt(xg.maximum(xg.sum(x * x), 1e-12))

    np.testing.assert_allclose(gradient(normalised, [0.0, 0.0]), [1e6, 1e6])


def test_det_of_a_singular_matrix_has_the_adjugate():
    np.testing.assert_allclose(gradient(xg.linalg.det, SINGULAR), [[4.0, -2.0], [-2.0, 1.0]])


def test_second_derivatives_of_det_at_a_singular_matrix():
    expected = np.zeros((2, 2, 2, 2))
    expected[0, 0, 1, 1] = expected[1, 1, 0, 0] = 1.0
    expected[0, 1, 1, 0] = expected[1, 0, 0, 1] = -1.0
    np.testing.assert_allclose(second_derivatives(xg.linalg.det, SINGULAR), expected, atol=1e-12)


def test_eigenvalues_that_are_repeated_have_an_exact_sum():
    found = gradient(lambda x: xg.sum(xg.linalg.eigvalsh(x)), np.eye(3))
    np.testing.assert_allclose(found, np.eye(3), atol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: xg.linalg.eigh(x).eigenvectors,
        lambda x: xg.linalg.svd(x).U,
        lambda x: xg.linalg.svd(x).Vh,
    ],
    ids=["eigh", "left", "right"],
)
def test_vectors_of_repeated_values_have_finite_gradients(f):
    assert np.all(np.isfinite(gradient(f, np.eye(3))))


def test_gradient_of_eigh_is_symmetric():
    found = gradient(lambda x: xg.linalg.eigvalsh(x)[0], [[2.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(found, found.T)
