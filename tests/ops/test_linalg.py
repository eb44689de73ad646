"""The public functions of `xg.linalg`: values, named tuples, names, and what they refuse."""

import inspect

import numpy as np
import pytest

import xgrad as xg

REGULAR = np.array([[2.0, 1.0], [1.0, 3.0]])
STANDARD = """
    cholesky cross det diagonal eig eigh eigvals eigvalsh inv matmul matrix_norm matrix_power
    matrix_rank matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace vecdot
    vector_norm""".split()  # noqa: SIM905
BEYOND = ["cond", "expm", "kron", "lstsq", "lu", "multi_dot", "norm", "solve_triangular"]
SQUARE_ONLY = ["cholesky", "det", "eig", "eigh", "eigvals", "eigvalsh", "expm", "inv", "slogdet"]
MATRICES_ONLY = [*SQUARE_ONLY, "matrix_norm", "matrix_rank", "pinv", "qr", "svd", "svdvals", "cond"]


# -- names -------------------------------------------------------------------------------------


def test_the_module_lists_the_standard_and_what_is_beyond():
    assert xg.linalg.__all__ == sorted(STANDARD + BEYOND)


@pytest.mark.parametrize("name", STANDARD + BEYOND)
def test_every_namespace_has_the_function(name, device):
    assert getattr(xg.namespace(device.namespace).linalg, name) is getattr(xg.linalg, name)


@pytest.mark.parametrize("name", ["matmul", "matrix_transpose", "tensordot", "vecdot", "norm"])
def test_what_is_public_in_two_places_is_the_same(name):
    assert getattr(xg.linalg, name) is getattr(xg, name)


@pytest.mark.parametrize("name", STANDARD)
def test_signatures_are_the_standards(name):
    array_api_strict = pytest.importorskip(
        "array_api_strict", reason="array_api_strict is not installed"
    )
    expected = inspect.signature(getattr(array_api_strict.linalg, name)).parameters
    found = inspect.signature(getattr(xg.linalg, name)).parameters
    assert list(found) == list(expected)
    assert [p.kind for p in found.values()] == [p.kind for p in expected.values()]
    assert [p.default for p in found.values()] == [p.default for p in expected.values()]


# -- named tuples ------------------------------------------------------------------------------

FIELDS = {
    "eig": ("eigenvalues", "eigenvectors"),
    "eigh": ("eigenvalues", "eigenvectors"),
    "qr": ("Q", "R"),
    "slogdet": ("sign", "logabsdet"),
    "svd": ("U", "S", "Vh"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_results_are_the_standards_named_tuples(name):
    found = getattr(xg.linalg, name)(xg.asarray(REGULAR))
    assert found._fields == FIELDS[name]
    assert all(isinstance(part, xg.Tensor) for part in found)


def test_named_tuples_are_nests():
    x = xg.Variable(REGULAR)
    with xg.GradientTape() as tape:
        found = xg.linalg.eigh(x)
    assert tape.gradient(found, x).shape == (2, 2)
    assert type(xg.tree.map(lambda t: t * 2, found)) is type(found)


def test_eigenvalues_are_complex_even_if_they_are_real(device):
    x = xg.asarray(np.diag([1.0, 2.0]).astype(np.float32), device=device)
    values, vectors = xg.linalg.eig(x)
    for y in (values, vectors, xg.linalg.eigvals(x)):
        assert "complex64" in str(y.dtype)


# -- values ------------------------------------------------------------------------------------


def test_least_squares_are_numpys(rng):
    a, b = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    for right in (b, b[:, 0]):
        found = xg.linalg.lstsq(xg.asarray(a), xg.asarray(right))
        expected = np.linalg.lstsq(a, right)
        assert found._fields == ("solution", "residuals", "rank", "singular_values")
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.numpy(), np.squeeze(other), rtol=1e-10)


def test_least_squares_of_less_than_full_rank_have_the_least_norm(rng):
    a, b = rng.normal(size=(5, 2)) @ rng.normal(size=(2, 3)), rng.normal(size=5)
    found = xg.linalg.lstsq(xg.asarray(a), xg.asarray(b))
    expected = np.linalg.lstsq(a, b, rcond=1e-10)
    np.testing.assert_allclose(found.solution.numpy(), expected[0], rtol=1e-9)
    assert found.rank.item() == expected[2] == 2


def test_a_right_side_with_two_axes_is_no_stack_of_vectors(device):
    a = xg.asarray(np.stack([REGULAR, REGULAR * 2]), device=device)
    b = xg.asarray(np.array([[1.0, 2.0], [3.0, 4.0]]), device=device)
    expected = np.linalg.solve(a.numpy(), b.numpy())
    np.testing.assert_allclose(xg.linalg.solve(a, b).numpy(), expected, rtol=1e-12)


def test_solving_promotes(device):
    a = xg.asarray(REGULAR.astype(np.float32), device=device)
    b = xg.asarray(np.ones(2), device=device)
    for solve in (xg.linalg.solve, xg.linalg.solve_triangular):
        assert str(solve(a, b).dtype).endswith("float64")


@pytest.mark.parametrize("size", [3, 40])
@pytest.mark.parametrize("upper", [False, True])
def test_solve_triangular_does_not_read_the_other_triangle(size, upper, rng):
    triangle = np.triu if upper else np.tril
    a = rng.normal(size=(size, size)) + 10 * np.eye(size)
    spoiled = np.where(triangle(np.ones_like(a)) > 0, a, np.nan)
    b = rng.normal(size=(size, 2))
    expected = np.linalg.solve(triangle(a), b)
    found = xg.linalg.solve_triangular(xg.asarray(spoiled), xg.asarray(b), upper=upper)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10)


def test_expm_is_scipys(device, rng):
    scipy = pytest.importorskip("scipy.linalg", reason="scipy: scipy is not installed")
    for scale in (1e-3, 1.0, 30.0):
        x = rng.normal(size=(3, 4, 4)) * scale
        found = xg.linalg.expm(xg.asarray(x, device=device)).numpy()
        expected = scipy.expm(x)
        np.testing.assert_allclose(
            found, expected, rtol=1e-9, atol=1e-11 * np.max(np.abs(expected))
        )


def test_expm_without_scipy_is_the_same(monkeypatch, rng):
    from xgrad.backends import numpy_matrices

    x = xg.asarray(rng.normal(size=(2, 4, 4)) * [[[1.0]], [[40.0]]])
    expected = xg.linalg.expm(x).numpy()
    monkeypatch.setattr(numpy_matrices, "_scipy_linalg", lambda: None)
    np.testing.assert_allclose(xg.linalg.expm(x).numpy(), expected, rtol=1e-9)


def test_expm_of_a_gradient_of_any_size(rng):
    x, seed = rng.normal(size=(2, 3, 3))
    found = []
    for size in (1e-12, 1.0, 1e12):
        point = xg.Variable(x)
        with xg.GradientTape() as tape:
            y = xg.linalg.expm(point)
        found.append(tape.gradient(y, point, seed * size).numpy() / size)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
    np.testing.assert_allclose(found[2], found[1], rtol=1e-12)


def test_ranks_are_numpys(device, rng):
    x = np.stack([rng.normal(size=(3, 2)) @ rng.normal(size=(2, 4)), rng.normal(size=(3, 4))])
    t = xg.asarray(x, device=device)
    assert xg.linalg.matrix_rank(t).tolist() == [2, 3]
    assert xg.linalg.matrix_rank(t, rtol=2.0).tolist() == [0, 0]
    assert xg.linalg.matrix_rank(t, rtol=xg.asarray([1e-10, 2.0], device=device)).tolist() == [2, 0]
    assert xg.linalg.matrix_rank(t[:, :0, :]).tolist() == [0, 0]


def test_rank_is_a_constant():
    x = xg.Variable(REGULAR)
    with xg.GradientTape() as tape:
        rank = xg.linalg.matrix_rank(x)
    assert tape.gradient(rank, x) is None


def test_multi_dot_multiplies_in_the_cheapest_order(monkeypatch):
    from xgrad.ops import products

    shapes = []
    plain = products.matmul

    def counting(x1, x2):
        shapes.append((x1.shape, x2.shape))
        return plain(x1, x2)

    monkeypatch.setattr(products, "matmul", counting)
    xg.linalg.multi_dot([xg.ones((10, 100)), xg.ones((100, 5)), xg.ones((5, 50))])
    assert shapes == [((10, 100), (100, 5)), ((10, 5), (5, 50))]


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", SQUARE_ONLY)
def test_matrices_that_are_not_square_are_refused(name):
    with pytest.raises(xg.errors.ShapeError, match=rf"{name}: x \(2, 3\) float64 on cpu .* square"):
        getattr(xg.linalg, name)(xg.ones((2, 3)))


@pytest.mark.parametrize("name", MATRICES_ONLY)
def test_vectors_are_refused(name):
    with pytest.raises(xg.errors.ShapeError, match=rf"{name}: x \(3,\) float64 on cpu must be a"):
        getattr(xg.linalg, name)(xg.ones(3))


@pytest.mark.parametrize("name", [*MATRICES_ONLY, "vector_norm"])
def test_integers_are_refused(name):
    with pytest.raises(xg.errors.DTypeError, match=rf"{name}: .*int64.* Use\s+xg.astype\(x"):
        getattr(xg.linalg, name)(xg.asarray([[1, 2], [3, 4]]))


@pytest.mark.parametrize("name", [*MATRICES_ONLY, "vector_norm", "norm", "diagonal", "trace"])
def test_lists_are_refused(name):
    with pytest.raises(xg.errors.ArgumentTypeError, match=r"is a list\. Use xg\.asarray"):
        getattr(xg.linalg, name)([[1.0, 2.0], [3.0, 4.0]])


MISTAKES = {
    "solve, rows": (lambda: xg.linalg.solve(xg.eye(2), xg.ones(3)), "2 numbers, or matrices of 2"),
    "solve, 0-d": (lambda: xg.linalg.solve(xg.eye(2), xg.asarray(1.0)), "must be a vector"),
    "solve, stacks": (lambda: xg.linalg.solve(xg.ones((2, 2, 2)), xg.ones((3, 2, 1))), "broadcast"),
    "lstsq": (lambda: xg.linalg.lstsq(xg.ones((3, 2)), xg.ones((2, 2))), "matrices of 3 rows"),
    "qr, mode": (lambda: xg.linalg.qr(xg.eye(2), mode="full"), "'reduced' or 'complete'"),
    "matrix_norm": (
        lambda: xg.linalg.matrix_norm(xg.eye(2), ord=3),
        "ord must be one of .*'fro'.* but is 3",
    ),
    "vector_norm": (lambda: xg.linalg.vector_norm(xg.ones(2), ord="fro"), "must be a real number"),
    "norm, vector": (lambda: xg.norm(xg.ones(2), "nuc"), "'nuc' is for matrices"),
    "norm, axes": (lambda: xg.norm(xg.ones((2, 2, 2)), 1), "has 3 axes to take the norm over"),
    "cross": (lambda: xg.linalg.cross(xg.ones(2), xg.ones(2)), "3 components along axis -1"),
    "outer": (lambda: xg.linalg.outer(xg.eye(2), xg.ones(2)), "must be a vector"),
    "diagonal": (lambda: xg.linalg.diagonal(xg.ones(2)), "at least two axes"),
    "multi_dot, one": (lambda: xg.linalg.multi_dot([xg.eye(2)]), "at least two"),
    "multi_dot, stack": (
        lambda: xg.linalg.multi_dot([xg.eye(2), xg.ones((2, 2, 2)), xg.eye(2)]),
        r"arrays\[1\] \(2, 2, 2\)",
    ),
    "cond": (lambda: xg.linalg.cond(xg.ones((0, 2))), "no singular values"),
}


@pytest.mark.parametrize(("call", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_say_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert isinstance(caught.value, xg.errors.XgradError)


REFUSED = {
    "inv": lambda x: xg.linalg.inv(x * 0),
    "solve": lambda x: xg.linalg.solve(x * 0, x),
    "cholesky": lambda x: xg.linalg.cholesky(-x),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_matrix_is_an_error_of_ours_and_of_the_library(name, device):
    if str(device).startswith("cuda"):
        pytest.skip("cupy looks at no results, which would wait for the device")
    x = xg.asarray(REGULAR, device=device)
    with pytest.raises(
        xg.linalg.LinAlgError, match=rf"{name}: .*\(2, 2\) float64 on .*Use "
    ) as caught:
        REFUSED[name](x)
    assert isinstance(caught.value, ValueError)
    if not str(device).startswith("torch"):
        assert isinstance(caught.value, np.linalg.LinAlgError)
    else:
        torch = pytest.importorskip("torch", reason="torch: torch is not installed")
        assert isinstance(caught.value, torch.linalg.LinAlgError)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_singular_values_of_what_is_not_finite_are_refused(bad):
    for f in (xg.linalg.svd, xg.linalg.svdvals, xg.linalg.pinv):
        with pytest.raises(xg.linalg.LinAlgError, match="infinity or NaN"):
            f(xg.asarray([[1.0, bad], [0.0, 1.0]]))


def test_refusals_travel():
    import pickle

    with pytest.raises(xg.linalg.LinAlgError) as caught:
        xg.linalg.inv(xg.zeros((2, 2)))
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is xg.errors.LinAlgError
    assert str(again) == str(caught.value)


def test_products_of_two_dtypes_are_differentiated(device):
    x1 = xg.asarray([[1.0, 2.0], [0.5, -1.0]], dtype="float32", device=device)
    x2 = xg.asarray([[0.5, 1.0], [2.0, 4.0]], dtype="float64", device=device)
    loss = lambda x1, x2: xg.sum(x1 @ x2)
    g1, g2 = xg.grad(loss, (0, 1))(x1, x2)
    assert (g1.dtype, g2.dtype) == (x1.dtype, x2.dtype)
    assert g1.tolist() == [[1.5, 6.0]] * 2
    assert g2.tolist() == [[1.5, 1.5], [1.0, 1.0]]
    _, t = xg.jvp(loss, (x1, x2), (xg.ones_like(x1), xg.zeros_like(x2)))
    assert t.item() == 15.0
