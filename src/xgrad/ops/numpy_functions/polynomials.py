"""Polynomials by their coefficients, the highest power first."""

from __future__ import annotations

from typing import Any

from ..._arguments import as_int
from ...core.casting import dtype_kind
from ...core.spec import describe
from ...errors import ArgumentError, ShapeError
from .. import eigenvalues, solving
from ..rule_namespace import rule_namespace as xp
from .operands import is_floating, operands, seen, tensor, tensors
from .products import convolve
from .refused import no_counterpart

__all__ = [
    "poly",
    "polyadd",
    "polyder",
    "polydiv",
    "polyfit",
    "polyint",
    "polymul",
    "polysub",
    "polyval",
    "roots",
    "vander",
]


def polyval(p: Any, x: Any) -> Any:
    """The value at x, by Horner's rule."""
    p, x = tensors(p, x)
    y = xp.zeros_like(x)
    for i in range(p.shape[0]):
        y = y * x + p[i]
    return y


def _row(p: Any) -> Any:
    """Coefficients as a vector; a single one may come without axes."""
    p = tensor(p)
    if p.ndim > 1:
        raise ShapeError(
            f"the coefficients of a polynomial {describe(p)} must have one axis. Use ravel, or a loop "
            "over several polynomials."
        )
    return xp.reshape(p, (-1,))


def polyadd(a1: Any, a2: Any) -> Any:
    """The sum."""
    return _sum(a1, a2, 1)


def polysub(a1: Any, a2: Any) -> Any:
    """The difference."""
    return _sum(a1, a2, -1)


def _sum(a1: Any, a2: Any, sign: int) -> Any:
    a1, a2 = (_row(x) for x in tensors(a1, a2))
    n = max(a1.shape[0], a2.shape[0])
    one, two = (
        xp.concat([xp.zeros((n - x.shape[0],), dtype=x.dtype, device=x.device), x])
        for x in (a1, a2)
    )
    return one + sign * two


def polymul(a1: Any, a2: Any) -> Any:
    """The product, without the zeros that either begins with where they can be looked at."""
    return convolve(*(_without_zeros(_row(x)) for x in tensors(a1, a2)))


def _without_zeros(p: Any) -> Any:
    """Coefficients without leading zeros, of which one stays where there is nothing else."""
    first = 0
    while first < p.shape[0] - 1 and seen(p[first] == 0):
        first += 1
    return p[first:]


def polydiv(u: Any, v: Any) -> Any:
    """The quotient and the remainder, of as many coefficients as NumPy gives."""
    u, v = (_row(x) for x in tensors(u, v))
    u, v = (x if is_floating(x) else xp.astype(x, "float64") for x in (u, v))
    m, n = u.shape[0] - 1, v.shape[0] - 1
    rest = list(xp.unstack(u))
    divisor = list(xp.unstack(v))
    quotient = []
    for k in range(m - n + 1):
        factor = rest[k] / divisor[0]
        quotient.append(factor)
        for j, d in enumerate(divisor):
            rest[k + j] = rest[k + j] - factor * d
    while len(rest) > 1 and float(xp.abs(rest[0])) <= 1e-14:  # as NumPy drops leading zeros
        rest = rest[1:]
    return xp.stack(quotient) if quotient else xp.zeros_like(v[:1]), xp.stack(rest)


def polyder(p: Any, m: int = 1) -> Any:
    """The m-th derivative."""
    _check_order(m)
    p = _row(p)
    for _ in range(m):
        n = p.shape[0] - 1
        p = p[:-1] * xp.arange(n, 0, -1, dtype=p.dtype, device=p.device)
    return p


def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """The m-th antiderivative, with constants of integration if given."""
    _check_order(m)
    p = _row(p)
    p = p if is_floating(p) else xp.astype(p, "float64")
    constants = _row(tensors(0.0 if k is None else k, p)[0])
    if constants.shape[0] not in (1, m) and m:
        raise ArgumentError(
            f"numpy.polyint: k must have 1 or {m} numbers, not {constants.shape[0]}."
        )
    for i in range(m):
        n = p.shape[0]
        divided = p / xp.arange(n, 0, -1, dtype=p.dtype, device=p.device)
        constant = constants[min(i, constants.shape[0] - 1)]
        p = xp.concat([divided, xp.reshape(xp.astype(constant, p.dtype, copy=False), (1,))])
    return p


def _check_order(m: int) -> None:
    if m < 0:
        raise ArgumentError(
            f"numpy.polyder and polyint: the order must not be negative, but is {m}."
        )


def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with given zeros, or the characteristic one of a square matrix."""
    zeros = tensor(seq_of_zeros)
    zeros = zeros if is_floating(zeros) else xp.astype(zeros, "float64")
    is_matrix = zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0
    if zeros.ndim != 1 and not is_matrix:
        raise ShapeError(
            f"numpy.poly: seq_of_zeros {zeros.shape} must be a vector, or a square matrix that is "
            "not empty. Use ravel for all elements as zeros."
        )
    of_real = is_matrix and dtype_kind(zeros.dtype) != "complex"
    zeros = eigenvalues.eigvals(zeros) if is_matrix else zeros
    y = xp.ones((1,), dtype=zeros.dtype, device=zeros.device)
    for i in range(zeros.shape[0]):
        y = convolve(y, xp.stack([xp.ones_like(zeros[i]), -zeros[i]]))
    return xp.real(y) if of_real else y


def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: Any = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    """The polynomial that is closest to samples, by least squares with columns of equal length."""
    if full:
        raise no_counterpart("numpy.polyfit with full=")
    x, y = (x if is_floating(x) else xp.astype(x, "float64") for x in tensors(x, y))
    if x.shape != y.shape[:1]:
        raise ShapeError(
            f"numpy.polyfit: x {describe(x)} must be a vector with as many elements as y "
            f"{describe(y)} has rows."
        )
    deg = as_int(deg, "numpy.polyfit", "deg")
    if deg < 0:
        raise ArgumentError(f"numpy.polyfit: deg must not be negative, but is {deg}.")
    powers, values = vander(x, deg + 1), y
    if w is not None:
        weights = xp.astype(tensors(w, x)[0], x.dtype, copy=False)
        if weights.shape != x.shape:
            raise ShapeError(
                f"numpy.polyfit: w {describe(weights)} must have the shape of x {describe(x)}."
            )
        powers = powers * weights[:, None]
        values = values * (weights if values.ndim == 1 else weights[:, None])
    scale = xp.sqrt(xp.sum(powers * powers, axis=0))
    eps = float(xp.finfo(x.dtype).eps)
    rcond = x.shape[0] * eps if rcond is None else float(rcond)
    rcond = rcond if 0 < rcond < 1 else eps  # as LAPACK reads it
    found = solving.lstsq(powers / scale, values, rtol=rcond)
    c = (
        xp.matrix_transpose(xp.matrix_transpose(found.solution) / scale)
        if y.ndim == 2
        else (found.solution / scale)
    )
    if not cov:
        return c
    base = solving.inv(xp.matmul(xp.matrix_transpose(powers), powers))
    if isinstance(cov, str):  # "unscaled"
        return c, base
    if x.shape[0] <= deg + 1:
        raise ArgumentError(
            f"numpy.polyfit: {x.shape[0]} samples are too few to scale the covariance for degree "
            f"{deg}. Use cov='unscaled', or more than {deg + 1}."
        )
    share = found.residuals / (x.shape[0] - deg - 1)
    return c, base * share if y.ndim == 1 else base[:, :, None] * share


def roots(p: Any) -> Any:
    """The zeros of a polynomial, which are complex here, whether they need to be or not."""
    p = _row(p)
    p = p if is_floating(p) else xp.astype(p, "float64")
    places = [int(i) for i in xp.nonzero(p)[0].tolist()]
    if not places:
        return p[:0]
    zeros = p.shape[0] - 1 - places[-1]
    p = p[places[0] : places[-1] + 1]
    n = p.shape[0] - 1
    found = p[:0] + 0j
    if n:
        below = xp.eye(n - 1, n, dtype=p.dtype, device=p.device)
        companion = xp.concat([xp.reshape(-p[1:] / p[0], (1, n)), below], axis=0)
        found = eigenvalues.eigvals(companion)
    return xp.concat([found, xp.zeros((zeros,), dtype=found.dtype, device=p.device)])


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each element, as rows."""
    (x,) = operands(x)
    x = tensor(x)
    if x.ndim != 1:
        raise ShapeError(f"numpy.vander: x must have one axis, but has {x.ndim}. Use xg.reshape.")
    n = x.shape[0] if N is None else as_int(N, "numpy.vander", "N")
    if n < 0:
        raise ArgumentError(f"numpy.vander: N must not be negative, but is {n}.")
    powers = [xp.ones_like(x)]
    for _ in range(n - 1):
        powers.append(powers[-1] * x)
    y = xp.stack(powers[:n], axis=-1) if n else xp.zeros((x.shape[0], 0), dtype=x.dtype)
    return y if increasing else xp.flip(y, axis=-1)
