"""Derivatives of matrix functions where matrices are singular, values repeated, norms zero.

Oracles: minors for cofactors, differences, the inverse and the identity where another function must
agree with them; jax and torch where they are installed."""

import numpy as np
import pytest
from numerical import difference, difference_gradients

import xgrad as xg
from xgrad.backends import backend_of, matrices

NAN = np.nan
EYE = np.eye(3)
ROTATION = np.linalg.qr(np.random.default_rng(5).normal(size=(4, 4)))[0]


def gradient(f, *values, seed=None):
    """The gradients of f at values, as numpy arrays."""
    xs = [xg.asarray(v) for v in values]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    found = [g.numpy() for g in tape.gradient(y, xs, seed, unconnected_gradients="zero")]
    return found[0] if len(found) == 1 else found


def hessian_product(f, value, direction):
    """The gradient of <direction, gradient of f>."""
    x = xg.asarray(value)
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        g = inner.gradient(y, x)
    return outer.gradient(g, x, xg.asarray(direction), unconnected_gradients="zero").numpy()


# -- determinants ------------------------------------------------------------------------------


def minor(x, rows, columns):
    kept = np.delete(np.delete(x, rows, axis=0), columns, axis=1)
    return np.linalg.det(kept) if kept.size else 1.0


def cofactors(x):
    """By minors, which need no inverse."""
    out = np.zeros_like(x)
    for i, j in np.ndindex(x.shape):
        out[i, j] = (-1) ** (i + j) * minor(x, i, j)
    return out


def of_rank(rank, size, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(size, rank)) @ rng.normal(size=(rank, size))


SINGULAR = {f"{n} x {n} of rank {k}": of_rank(k, n) for n in (2, 3, 4, 6) for k in range(n)}
SINGULAR |= {
    "exact 2 x 2": np.array([[1.0, 2.0], [2.0, 4.0]]),
    "exact 3 x 3": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
    "exact 4 x 4": np.arange(16.0).reshape(4, 4) ** 2 % 7,
    "a row of zeros": np.diag([1.0, 2.0, 0.0, 3.0, 4.0]),
    "1 x 1": np.zeros((1, 1)),
}
REGULAR = {
    "identity": np.eye(4),
    "rotation": ROTATION,
    "repeated values": ROTATION @ np.diag([2.0, 2.0, 3.0, 3.0]),
    "badly scaled": np.diag([1e-6, 1.0, 1e3, 1e6]) + 1e-8,
    "nearly singular": of_rank(3, 4) + 1e-9 * np.eye(4),
}
MATRICES = {**SINGULAR, **REGULAR}
every_matrix = pytest.mark.parametrize("x", MATRICES.values(), ids=MATRICES)


@every_matrix
def test_gradient_of_det_is_the_matrix_of_cofactors(x):
    expected = cofactors(x)
    found = gradient(xg.linalg.det, x)
    errors = 1e-13 * max(1.0, np.linalg.norm(x, 2)) ** (len(x) - 1)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=errors)


@every_matrix
def test_second_derivative_of_det_agrees_with_differences_of_the_cofactors(x, rng):
    direction = rng.normal(size=x.shape) * np.max(np.abs(x), initial=0.1)
    expected = difference(cofactors, [x], [direction])
    found = hessian_product(xg.linalg.det, x, direction)
    tolerance = 1e-9 * max(1.0, np.max(np.abs(expected)))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=tolerance)


@pytest.mark.parametrize("x", [np.eye(4), ROTATION, of_rank(3, 4)], ids=["unit", "turn", "rank 3"])
def test_third_derivative_of_det(x, rng):
    direction, other = rng.normal(size=(2, 4, 4))
    expected = difference(lambda moved: difference(cofactors, [moved], [direction]), [x], [other])
    point = xg.asarray(x)
    with xg.GradientTape() as third:
        third.watch(point)
        with xg.GradientTape() as second:
            second.watch(point)
            with xg.GradientTape() as first:
                first.watch(point)
                y = xg.linalg.det(point)
            g = first.gradient(y, point)
        h = second.gradient(g, point, xg.asarray(direction))
    found = third.gradient(h, point, xg.asarray(other)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_det_of_a_stack_with_a_singular_matrix():
    x = np.stack([of_rank(2, 4), np.eye(4), of_rank(3, 4), np.diag([1.0, 2.0, 0.0, 3.0])])
    expected = np.stack(list(map(cofactors, x)))
    np.testing.assert_allclose(gradient(xg.linalg.det, x), expected, rtol=1e-10, atol=1e-12)


def test_det_of_a_complex_singular_matrix(rng):
    x = of_rank(3, 4) + 1j * of_rank(3, 4, seed=1)
    x = x[:, :3] @ x[:3, :]
    expected = difference_gradients(lambda a: np.real(np.linalg.det(a)), [x])[0]
    found = gradient(lambda a: xg.real(xg.linalg.det(a)), x)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_slogdet_of_a_singular_matrix_is_nan_unless_nobody_asks():
    x = np.stack([np.eye(2) * 2, np.ones((2, 2))])
    found = gradient(lambda a: xg.linalg.slogdet(a).logabsdet, x)
    np.testing.assert_array_equal(found, [np.eye(2) / 2, np.full((2, 2), NAN)])
    found = gradient(lambda a: xg.linalg.slogdet(a).logabsdet, x, seed=[1.0, 0.0])
    np.testing.assert_array_equal(found, [np.eye(2) / 2, np.zeros((2, 2))])


def test_sign_of_a_real_determinant_is_a_constant():
    x = xg.Variable(np.eye(2))
    with xg.GradientTape() as tape:
        sign, _ = xg.linalg.slogdet(x)
    assert tape.gradient(sign, x) is None


# -- repeated eigenvalues and singular values --------------------------------------------------

REPEATED = {
    "identity": np.eye(4),
    "zero": np.zeros((4, 4)),
    "two pairs": ROTATION @ np.diag([1.0, 1.0, 2.0, 2.0]) @ ROTATION.T,
    "a pair": ROTATION @ np.diag([1.0, 2.0, 2.0, 5.0]) @ ROTATION.T,
}
every_repeated = pytest.mark.parametrize("x", REPEATED.values(), ids=REPEATED)


@every_repeated
def test_eigenvectors_of_repeated_values_have_finite_gradients(x, rng):
    weights = rng.normal(size=(4, 4))
    for f in (
        lambda a: xg.sum(xg.linalg.eigh(a).eigenvectors * weights),
        lambda a: xg.real(xg.sum(xg.linalg.eig(a).eigenvectors * weights)),
        lambda a: xg.sum(xg.linalg.svd(a).U * weights) + xg.sum(xg.linalg.svd(a).Vh * weights),
    ):
        assert np.max(np.abs(gradient(f, x))) < 100
        assert np.max(np.abs(hessian_product(f, x, weights))) < 1000


@every_repeated
def test_vectors_of_repeated_values_do_not_turn_for_a_zero_cotangent(x):
    zeros = np.zeros((4, 4))
    for f in (
        lambda a: xg.linalg.eigh(a).eigenvectors,
        lambda a: xg.linalg.svd(a).U,
        lambda a: xg.linalg.svd(a).Vh,
    ):
        assert not np.any(gradient(f, x, seed=zeros))


@every_repeated
def test_sum_of_repeated_eigenvalues_has_the_gradient_of_the_trace(x):
    for f in (xg.linalg.eigvalsh, lambda a: xg.real(xg.linalg.eigvals(a))):
        np.testing.assert_allclose(gradient(lambda a, f=f: xg.sum(f(a)), x), np.eye(4), atol=1e-12)
    second = hessian_product(lambda a: xg.sum(xg.linalg.eigvalsh(a)), x, np.ones((4, 4)))
    np.testing.assert_allclose(second, 0, atol=1e-12)


def projection(a):
    """On the space of the two largest eigenvalues."""
    vectors = xg.linalg.eigh((a + a.mT) / 2).eigenvectors[:, 2:]
    return vectors @ vectors.mT


def projection_in_numpy(a):
    vectors = np.linalg.eigh((a + a.T) / 2).eigenvectors[:, 2:]
    return vectors @ vectors.T


def test_projection_on_the_space_of_a_repeated_value(rng):
    x, weights = REPEATED["two pairs"], rng.normal(size=(4, 4))
    f = lambda a: xg.sum(projection(a) * weights)
    expected = difference_gradients(lambda a: np.sum(projection_in_numpy(a) * weights), [x])[0]
    np.testing.assert_allclose(gradient(f, x), expected, atol=1e-9)


def test_nuclear_norm_of_a_rotation_has_the_rotation_as_gradient():
    found = gradient(lambda a: xg.linalg.matrix_norm(a, ord="nuc"), ROTATION)
    np.testing.assert_allclose(found, ROTATION, atol=1e-12)


def test_spectral_norm_shares_ties():
    found = gradient(lambda a: xg.linalg.matrix_norm(a, ord=2), np.diag([2.0, 2.0, 1.0]))
    np.testing.assert_allclose(found, np.diag([0.5, 0.5, 0.0]), atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3)])
def test_singular_vectors_of_less_than_full_rank_have_finite_gradients(shape, rng):
    x = np.outer(rng.normal(size=shape[0]), rng.normal(size=shape[1]))
    for full in (False, True):
        for part in (0, 2):
            f = lambda a, full=full, part=part: xg.sum(
                xg.linalg.svd(a, full_matrices=full)[part] ** 3
            )
            assert np.all(np.isfinite(gradient(f, x)))


def test_zero_singular_values_have_gradient_zero():
    assert not np.any(gradient(lambda a: xg.sum(xg.linalg.svdvals(a)), np.zeros((2, 3))))
    assert not np.any(gradient(lambda a: xg.sum(xg.linalg.svd(a).S), np.zeros((2, 3))))


def test_matrix_with_too_few_eigenvectors_does_not_raise():
    x = np.triu(np.ones((3, 3)), 1)
    assert not np.any(gradient(xg.linalg.eigvals, x, seed=np.zeros(3)))
    assert not np.any(gradient(lambda a: xg.linalg.eig(a).eigenvectors, x, seed=np.zeros((3, 3))))
    gradient(lambda a: xg.real(xg.sum(xg.linalg.eigvals(a) ** 2)), x)


# -- pseudo-inverses ---------------------------------------------------------------------------


@pytest.mark.parametrize("x", [np.eye(3), ROTATION], ids=["identity", "rotation"])
def test_pinv_is_the_inverse_where_there_is_one_to_second_order(x, rng):
    weights, direction = rng.normal(size=(2, *x.shape))
    first, second = (
        (lambda a, f=f: xg.sum(f(a) * weights)) for f in (xg.linalg.pinv, xg.linalg.inv)
    )
    np.testing.assert_allclose(gradient(first, x), gradient(second, x), atol=1e-12)
    np.testing.assert_allclose(
        hessian_product(first, x, direction), hessian_product(second, x, direction), atol=1e-11
    )


def test_pinv_of_zero_has_gradient_zero():
    assert not np.any(gradient(xg.linalg.pinv, np.zeros((2, 3))))


def test_pinv_counts_small_values_as_zero_in_its_gradient_too(rng):
    x = ROTATION @ np.diag([3.0, 2.0, 0.3, 0.2]) @ ROTATION.T
    weights = rng.normal(size=(4, 4))
    expected = difference_gradients(lambda a: np.sum(np.linalg.pinv(a, rtol=0.4) * weights), [x])[0]
    found = gradient(lambda a: xg.sum(xg.linalg.pinv(a, rtol=0.4) * weights), x)
    np.testing.assert_allclose(found, expected, atol=1e-9)


# -- norms -------------------------------------------------------------------------------------

ORDERS = [0, 0.5, 1, 1.5, 2, 3, 4, np.inf, -np.inf, -1, -2]


@pytest.mark.parametrize("ord", ORDERS)
@pytest.mark.parametrize("dtype", [float, complex])
def test_vector_norm_at_zero_has_gradient_zero(ord, dtype):
    x = np.zeros((2, 3), dtype)
    with np.errstate(divide="ignore"):
        assert not np.any(gradient(lambda a: xg.linalg.vector_norm(a, ord=ord, axis=1), x))


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_matrix_norm_at_zero_has_gradient_zero(ord):
    assert not np.any(gradient(lambda a: xg.linalg.matrix_norm(a, ord=ord), np.zeros((2, 3, 2))))


@pytest.mark.parametrize("ord", [2, 3, 4, 1.5])
def test_second_derivative_of_a_norm_at_zero_is_zero(ord):
    f = lambda a: xg.linalg.vector_norm(a, ord=ord)
    assert not np.any(hessian_product(f, np.zeros(3), np.ones(3)))


def test_norm_at_zero_inside_a_mask():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    found = gradient(lambda a: xg.where(xg.norm(a, axis=1) > 1, xg.norm(a, axis=1), 0), x)
    np.testing.assert_allclose(found, [[0, 0], [0.6, 0.8]])


@pytest.mark.parametrize("ord", [0.5, -1, -2])
def test_zeros_under_an_order_below_one_have_gradient_zero(ord):
    with np.errstate(divide="ignore"):
        found = gradient(lambda a: xg.linalg.vector_norm(a, ord=ord), np.array([0.0, 2.0, -3.0]))
    assert np.all(np.isfinite(found))
    assert found[0] == 0


def test_largest_modulus_is_shared():
    for f in (lambda a: xg.norm(a, np.inf), lambda a: xg.linalg.vector_norm(a, ord=np.inf)):
        np.testing.assert_allclose(gradient(f, np.array([-2.0, 2.0, 1.0])), [-0.5, 0.5, 0])


def test_number_of_elements_that_are_not_zero_is_a_constant():
    x = xg.Variable([0.0, 2.0])
    with xg.GradientTape() as tape:
        y = xg.linalg.vector_norm(x, ord=0)
    assert y.item() == 1.0
    assert tape.gradient(y, x) is None


# -- triangular factors ------------------------------------------------------------------------


def test_gradient_of_cholesky_is_symmetric_and_reads_one_triangle():
    x = np.array([[4.0, NAN], [2.0, 5.0]])
    found = gradient(lambda a: xg.sum(xg.linalg.cholesky(a)), x)
    np.testing.assert_allclose(found, found.T)
    upper = gradient(lambda a: xg.sum(xg.linalg.cholesky(a, upper=True)), x.T)
    np.testing.assert_allclose(upper, found)


def test_gradient_of_eigh_is_hermitian_and_reads_the_lower_triangle(rng):
    x = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    weights = rng.normal(size=(3, 3))
    f = lambda a: xg.sum(xg.abs(xg.linalg.eigh(a).eigenvectors) ** 2 * weights)
    found = gradient(f, x)
    np.testing.assert_allclose(found, found.conj().T, atol=1e-12)
    lower = np.tril(x, -1) + np.diag(np.diag(x).real)
    np.testing.assert_allclose(gradient(f, lower + np.tril(x, -1).conj().T), found, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 3, 3)], ids=str)
def test_lu_has_the_gradients_that_torch_has(shape, rng):
    torch = pytest.importorskip("torch", reason="torch: torch is not installed")
    x = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    x = x.real if shape[-1] == shape[-2] else x
    inputs = torch.asarray(x, requires_grad=True)
    factors = torch.linalg.lu(inputs)
    weights = [rng.normal(size=part.shape) for part in factors[1:]]
    squares = [part.abs() ** 2 for part in factors[1:]]
    sum((y * torch.asarray(w)).sum() for y, w in zip(squares, weights, strict=True)).backward()
    f = lambda a: sum(
        xg.sum(xg.abs(part) ** 2 * w) for part, w in zip(xg.linalg.lu(a)[1:], weights, strict=True)
    )
    np.testing.assert_allclose(gradient(f, x), inputs.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_lu_of_a_singular_matrix_is_nan_unless_nobody_asks():
    x = np.array([[2.0, 1.0], [4.0, 2.0]])
    assert np.any(np.isnan(gradient(lambda a: xg.linalg.lu(a).L, x)))
    assert not np.any(gradient(lambda a: xg.linalg.lu(a).L, x, seed=np.zeros((2, 2))))


def test_the_permutation_of_lu_has_no_gradient():
    x = xg.Variable([[1.0, 2.0], [3.0, 4.0]])
    with xg.GradientTape() as tape:
        p, _, _ = xg.linalg.lu(x)
    assert p.numpy().tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert tape.gradient(p, x) is None


def test_lu_without_scipy_finds_the_same(rng):
    xp = backend_of(np.empty(0)).xp
    for x in (rng.normal(size=(2, 5, 3)), rng.normal(size=(4, 4)), np.zeros((3, 2))):
        for found, expected in zip(matrices.lu(xp, x), xp.lu(x), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-14)


def test_qr_of_dependent_columns_is_nan_unless_nobody_asks():
    x = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert np.any(np.isnan(gradient(lambda a: xg.linalg.qr(a).R, x)))
    assert not np.any(gradient(lambda a: xg.linalg.qr(a).R, x, seed=np.zeros((2, 2))))


def test_qr_of_a_stack_with_dependent_columns_is_right_for_the_others(rng):
    x = np.stack([np.ones((3, 2)), rng.normal(size=(3, 2))])
    x[0, :, 1] = 0
    found = gradient(
        lambda a: xg.linalg.qr(a).R, x, seed=np.stack([np.zeros((2, 2)), np.ones((2, 2))])
    )
    alone = gradient(lambda a: xg.linalg.qr(a).R, x[1], seed=np.ones((2, 2)))
    assert not np.any(found[0])
    np.testing.assert_allclose(found[1], alone)


def test_complete_factors_of_a_tall_matrix_are_refused_when_they_are_recorded():
    x = xg.Variable(np.ones((3, 2)))
    assert xg.linalg.qr(x, mode="complete").Q.shape == (3, 3)
    with (
        xg.GradientTape(),
        pytest.raises(xg.errors.NotDifferentiableError, match=r"qr.*basis.*Use mode='reduced'"),
    ):
        xg.linalg.qr(x, mode="complete")
    with (
        xg.ForwardAccumulator(x, xg.ones((3, 2))),
        pytest.raises(xg.errors.NotDifferentiableError, match="Use mode='reduced'"),
    ):
        xg.linalg.qr(x, mode="complete")


# -- stacks with missing data ------------------------------------------------------------------

WHOLE = {
    "cholesky": lambda a: xg.linalg.cholesky(a @ a.mT + xg.eye(3)),
    "det": xg.linalg.det,
    "expm": xg.linalg.expm,
    "inv": xg.linalg.inv,
    "lu": lambda a: xg.linalg.lu(a).U,
    "matrix_power": lambda a: xg.linalg.matrix_power(a, -2),
    "qr": lambda a: xg.linalg.qr(a).R,
    "slogdet": lambda a: xg.linalg.slogdet(a).logabsdet,
    "solve": lambda a: xg.linalg.solve(a, xg.ones(3)),
    "solve_triangular": lambda a: xg.linalg.solve_triangular(a, xg.ones(3)),
}


@pytest.mark.parametrize("missing", [NAN, np.inf], ids=str)
@pytest.mark.parametrize("name", WHOLE)
def test_missing_data_in_one_matrix_leaves_the_others_alone(name, missing, rng):
    x = rng.normal(size=(3, 3, 3)) + 2 * np.eye(3)
    spoiled = x.copy()
    spoiled[1, 0, 0] = missing
    outputs = xg.asarray(x)
    seed = rng.normal(size=WHOLE[name](outputs).shape)
    seed[1] = 0
    with np.errstate(all="ignore"):
        try:
            found = gradient(WHOLE[name], spoiled, seed=seed)
        except xg.errors.LinAlgError as error:
            pytest.skip(f"numpy refuses the whole stack: {error}")
    np.testing.assert_allclose(found, gradient(WHOLE[name], x, seed=seed), rtol=1e-10, atol=1e-12)


def masked_gradient(x, mask):
    """Of inverses, of which the mask leaves some out."""
    x = xg.asarray(x)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(xg.where(mask[..., None, None], xg.linalg.inv(x), 0.0))
    return tape.gradient(y, x)


def spoiled_stack(rng):
    """Three matrices, one of them missing, and a mask that leaves it out."""
    x = rng.normal(size=(3, 3, 3)) + 2 * np.eye(3)
    spoiled = x.copy()
    spoiled[1, 0, 0] = NAN
    return x, spoiled, xg.asarray([True, False, True])


def test_a_recorded_gradient_is_guarded_although_it_was_recorded_for_finite_matrices(rng):
    x, spoiled, mask = spoiled_stack(rng)
    runs = []
    compiled = xg.function(lambda *operands: runs.append(1) or masked_gradient(*operands))
    expected = masked_gradient(x, mask).numpy()
    np.testing.assert_allclose(compiled(xg.asarray(x), mask).numpy(), expected, rtol=1e-12)
    found = compiled(xg.asarray(spoiled), mask).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert len(runs) == 1


def test_a_batched_gradient_is_guarded_in_the_example_that_is_missing(rng):
    x, spoiled, mask = spoiled_stack(rng)
    found = xg.vmap(masked_gradient)(xg.asarray(spoiled), mask).numpy()
    np.testing.assert_allclose(found, masked_gradient(x, mask).numpy(), rtol=1e-12)


def test_a_batched_gradient_inside_a_tape_is_guarded(rng):
    x, spoiled, mask = spoiled_stack(rng)
    expected = masked_gradient(x, mask).numpy()
    spoiled = xg.asarray(spoiled)
    with np.errstate(all="ignore"), xg.GradientTape() as tape:
        tape.watch(spoiled)
        found = xg.vmap(masked_gradient)(spoiled, mask)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
    second = tape.gradient(found, spoiled).numpy()
    assert not np.any(second[1])
    assert np.all(np.isfinite(second))


# -- the choice of vectors ---------------------------------------------------------------------


def hermitian(rng):
    x = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    return x + x.conj().T + np.diag([0.0, 3.0, 6.0, 9.0])


def test_gradient_of_a_function_of_phases_is_that_of_jax(rng):
    jax = pytest.importorskip("jax", reason="jax: jax is not installed")
    x, weights = hermitian(rng), rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    rectangle = x[:, :3]
    with jax.enable_x64(True):
        values, pull = jax.vjp(lambda a: jax.numpy.linalg.eigh(a)[1], x)
        if not np.allclose(values, np.linalg.eigh(x)[1]):
            pytest.skip("jax's LAPACK chooses other phases than numpy's")
        expected = np.conj(pull(np.conj(weights))[0])
        # jax's rule sees both triangles, so only the Hermitian part compares.
        expected = (expected + expected.conj().T) / 2
        u, pull = jax.vjp(lambda a: jax.numpy.linalg.svd(a, full_matrices=False)[0], rectangle)
        expected_svd = np.conj(pull(np.conj(weights[:, :3]))[0])
    found = gradient(lambda a: xg.linalg.eigh(a).eigenvectors, x, seed=weights)
    np.testing.assert_allclose(found, expected, atol=1e-10)
    svd = lambda a: xg.linalg.svd(a, full_matrices=False).U
    if np.allclose(u, svd(xg.asarray(rectangle)).numpy()):
        np.testing.assert_allclose(
            gradient(svd, rectangle, seed=weights[:, :3]), expected_svd, atol=1e-10
        )
