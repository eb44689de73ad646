"""Third derivatives of matrix functions along a line, against mpmath with 40 digits."""

import mpmath
import numpy as np
import pytest

import xgrad as xg


def to_mp(x):
    return mpmath.matrix(np.asarray(x).tolist())


def squares(x):
    """Of elements: what the signs of vectors do not change."""
    return x.apply(lambda element: element * element)


def column(values):
    return mpmath.matrix(list(values))


def symmetric(x):
    return x + x.T


def definite(x):
    return x * x.T + mpmath.eye(x.rows)


SQUARE, TALL = (3, 3), (4, 2)
# A function of Tensors and the same of mpmath's matrices; results are matrices or numbers.
FUNCTIONS = {
    "cholesky": (
        SQUARE,
        lambda x: xg.linalg.cholesky(x @ x.mT + xg.eye(3)),
        lambda x: mpmath.cholesky(definite(x)),
    ),
    "det": (SQUARE, xg.linalg.det, mpmath.det),
    "slogdet": (
        SQUARE,
        lambda x: xg.linalg.slogdet(x).logabsdet,
        lambda x: mpmath.log(abs(mpmath.det(x))),
    ),
    "inv": (SQUARE, xg.linalg.inv, lambda x: x**-1),
    "solve": (SQUARE, lambda x: xg.linalg.solve(x, x.mT @ x), lambda x: x**-1 * (x.T * x)),
    "solve_triangular": (
        SQUARE,
        lambda x: xg.linalg.solve_triangular(x, x.mT, upper=True),
        lambda x: upper(x) ** -1 * x.T,
    ),
    "matrix_power": (SQUARE, lambda x: xg.linalg.matrix_power(x, -2), lambda x: (x * x) ** -1),
    "expm": (SQUARE, xg.linalg.expm, mpmath.expm),
    "pinv": (TALL, xg.linalg.pinv, lambda x: (x.T * x) ** -1 * x.T),
    "eigvalsh": (
        SQUARE,
        lambda x: xg.linalg.eigvalsh(x + x.mT),
        lambda x: column(mpmath.eigsy(symmetric(x), eigvals_only=True)),
    ),
    "eigh": (
        SQUARE,
        lambda x: xg.linalg.eigh(x + x.mT).eigenvectors ** 2,
        lambda x: squares(mpmath.eigsy(symmetric(x))[1]),
    ),
    "eigvals": (
        SQUARE,
        lambda x: xg.sum(xg.real(xg.linalg.eigvals(x) ** 4)),
        lambda x: trace(x * x * x * x),
    ),
    "eig": (
        SQUARE,
        lambda x: xg.abs(leading(*xg.linalg.eig(x + 4 * x.mT))) ** 2,
        lambda x: squares(leading_in_mpmath(x + 4 * x.T)),
    ),
    "svdvals": (TALL, xg.linalg.svdvals, lambda x: column(mpmath.svd_r(x)[1])),
    "svd": (
        TALL,
        lambda x: xg.linalg.svd(x, full_matrices=False).U ** 2,
        lambda x: squares(mpmath.svd_r(x)[0]),
    ),
    "qr": (
        TALL,
        lambda x: xg.linalg.qr(x).Q ** 2,
        lambda x: squares(mpmath.qr(x, mode="skinny")[0]),
    ),
    "norm": (TALL, lambda x: xg.norm(x, axis=0), lambda x: norms(x, 2)),
    "norm, 3": (TALL, lambda x: xg.norm(x, 3, axis=0), lambda x: norms(x, 3)),
    "matrix_norm": (
        TALL,
        lambda x: xg.linalg.matrix_norm(x, ord="nuc"),
        lambda x: sum(mpmath.svd_r(x)[1]),
    ),
}


def upper(x):
    return mpmath.matrix([[x[i, j] if i <= j else 0 for j in range(x.cols)] for i in range(x.rows)])


def trace(x):
    return sum(x[i, i] for i in range(x.rows))


def norms(x, p):
    return column(
        mpmath.root(sum(abs(x[i, j]) ** p for i in range(x.rows)), p) for j in range(x.cols)
    )


def leading(values, vectors):
    """The vector of the eigenvalue with the largest real part."""
    return vectors[:, int(xg.argmax(xg.real(values)))]


def leading_in_mpmath(x):
    values, vectors = mpmath.eig(x)
    number = max(range(len(values)), key=lambda i: mpmath.re(values[i]))
    vector = vectors[:, number]
    return vector.apply(mpmath.re) / mpmath.norm(vector, 2)


def third_derivative_in_mpmath(f, x, direction, weights):
    def along(t):
        y = f(to_mp(x) + t * to_mp(direction))
        if not isinstance(y, mpmath.matrix):
            return y * weights.item()
        flat = [y[i, j] for i in range(y.rows) for j in range(y.cols)]
        return sum(w * value for w, value in zip(weights.reshape(-1).tolist(), flat, strict=True))

    with mpmath.workdps(40):
        return float(mpmath.diff(along, 0, 3))


def third_derivative(f, x, direction, weights):
    t = xg.asarray(0.0)
    with xg.GradientTape() as third:
        third.watch(t)
        with xg.GradientTape() as second:
            second.watch(t)
            with xg.GradientTape() as first:
                first.watch(t)
                y = xg.sum(f(x + t * direction) * weights)
            one = first.gradient(y, t)
        two = second.gradient(one, t)
    return third.gradient(two, t).item()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_third_derivative_agrees_with_mpmath(name, rng):
    shape, f, in_mpmath = FUNCTIONS[name]
    x = rng.normal(size=shape) + 2 * np.diag([1.0, 2.0, 3.0, 4.0])[: shape[0], : shape[1]]
    direction = rng.normal(size=shape)
    weights = rng.normal(size=f(xg.asarray(x)).shape)
    expected = third_derivative_in_mpmath(in_mpmath, x, direction, weights)
    found = third_derivative(f, xg.asarray(x), xg.asarray(direction), xg.asarray(weights))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
