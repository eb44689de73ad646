"""Functions of matrices where numpy has its own way, or SciPy a better one if it is installed.

numpy may look at values before it chooses, which libraries with devices should not. SciPy is
imported at the first call that gains from it."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array, Shape
from . import matrices, numpy_products
from .numpy_buffers import Space, copied, written
from .numpy_masks import where_into

__all__ = ["FiniteOnly", "Matrices"]

_MASKED = range(1 << 14, 1 << 22)  # elements of which triangles are taken by masks that are kept
_LARGE = 32  # from here on, a triangular solver gains more than the call costs


class FiniteOnly:
    """LAPACK on numbers that are not finite.

    It may never return from a singular value decomposition; where it calls a matrix singular that
    has infinity in it, the result is NaN, and there are others in the stack."""

    def inv(xp: Any, x: Array) -> Array:
        try:
            return matrices.inv(xp, x)
        except np.linalg.LinAlgError:
            return matrices.inv(xp, _all_or_nothing(xp, x))

    def solve(xp: Any, x1: Array, x2: Array) -> Array:
        try:
            return matrices.solve(xp, x1, x2)
        except np.linalg.LinAlgError:
            return matrices.solve(xp, _all_or_nothing(xp, x1), x2)

    def svd(xp: Any, x: Array, *, full_matrices: bool) -> tuple[Array, ...]:
        _refuse_non_finite(xp, x)
        return matrices.svd(xp, x, full_matrices=full_matrices)

    def svdvals(xp: Any, x: Array) -> Array:
        _refuse_non_finite(xp, x)
        return matrices.svdvals(xp, x)


class Matrices(FiniteOnly):
    """The part of numpy's `Own` that is about matrices."""

    def cholesky(xp: Any, x: Array, *, out: Array | None = None) -> Array:
        """By SciPy's LAPACK, which takes half the time of numpy's for one large matrix."""
        many = x.ndim == 2 and len(x) >= _LARGE and x.dtype.char in "fdFD"
        scipy = _scipy_linalg() if many else None
        if scipy is None:
            return written(matrices.cholesky(xp, x), out)
        y = copied(x, out)
        (potrf,) = scipy.get_lapack_funcs(("potrf",), (y,))
        # Fortran sees the transpose, whose upper factor is the transpose of the lower one.
        _, failed = potrf(y.T, lower=False, clean=True, overwrite_a=True)
        if failed:
            raise np.linalg.LinAlgError("Matrix is not positive definite")
        return y

    def cholesky_cotangent(
        xp: Any, g: Array, y: Array, *, out: Array | None = None, scratch: Sequence[Array] = ()
    ) -> Array:
        """In two buffers, by SciPy's BLAS alone.

        NumPy's has threads of its own, and where both are busy each waits for the other."""
        large = y.ndim == 2 and len(y) >= _LARGE and y.dtype.char in "fd" and g.dtype == y.dtype
        scipy = _scipy_linalg() if large else None
        if scipy is None:
            return written(matrices.cholesky_cotangent(xp, g, y), out)
        trmm, trsm = scipy.get_blas_funcs(("trmm", "trsm"), (y,))
        turned = np.ascontiguousarray(y).T  # what Fortran sees: L^T, an upper triangle
        upper = Space(scratch).empty(y.shape, y.dtype)  # what Fortran sees of it is L^T g
        np.copyto(upper.T, g)
        trmm(1.0, turned, upper.T, overwrite_b=True)
        xp.triu(upper, out=upper)
        inner = np.empty(y.shape, y.dtype) if out is None else out
        np.add(upper, upper.T, out=inner)
        inner *= 0.5
        inner.reshape(-1)[:: len(y) + 1] *= 0.5
        trsm(1.0, turned, inner.T, overwrite_b=True)
        trsm(1.0, turned, inner.T, side=1, trans_a=1, overwrite_b=True)
        return inner

    def tril(xp: Any, x: Array, *, k: int = 0, out: Array | None = None) -> Array:
        if not _is_masked(x):
            return written(np.tril(x, k), out)
        return _chosen(xp, _lower(x.shape, k), x, 0, out)

    def triu(xp: Any, x: Array, *, k: int = 0, out: Array | None = None) -> Array:
        if not _is_masked(x):
            return written(np.triu(x, k), out)
        return _chosen(xp, _lower(x.shape, k - 1), 0, x, out)

    def cofactor(xp: Any, x: Array) -> Array:
        cofactors, ill = matrices.cofactor_by_inverse(xp, x)
        return matrices.cofactor(xp, x) if np.any(ill) else cofactors

    def solve_triangular(
        xp: Any, x1: Array, x2: Array, *, upper: bool, out: Array | None = None
    ) -> Array:
        scipy = _scipy_linalg() if x1.ndim == x2.ndim == 2 and len(x1) >= _LARGE else None
        if scipy is None:
            return written(matrices.solve_triangular(xp, x1, x2, upper=upper), out)
        plain = x1.dtype == x2.dtype and x1.dtype.char in "fdFD" and x2.size
        if plain and x1.shape == (len(x2), len(x2)) and x1.diagonal().all():
            return _solved(scipy, x1, copied(x2, out), upper)
        # What is wrong, SciPy says.
        return written(scipy.solve_triangular(x1, x2, lower=not upper, check_finite=False), out)

    def lu(xp: Any, x: Array) -> tuple[Array, ...]:
        scipy = _scipy_linalg()
        if scipy is None or 0 in x.shape:
            return matrices.lu(xp, x)
        permutation, lower, upper = scipy.lu(x, check_finite=False)
        factors = np.tril(lower, -1)
        factors[..., : x.shape[-1], :] += upper
        return permutation.astype(x.dtype, copy=False), factors

    def expm(xp: Any, x: Array) -> Array:
        scipy = _scipy_linalg()
        if scipy is not None:
            return scipy.expm(x)
        norm = np.max(np.linalg.norm(x, 1, axis=(-2, -1)), initial=0.0)
        return matrices.expm(xp, x, matrices.squarings_for(float(norm)))


def _solved(scipy: Any, x1: Array, y: Array, upper: bool) -> Array:
    """Solve ``x1 @ x = y`` in the memory of y, by BLAS.

    Fortran sees y transposed, as rows: the system is ``x^T x1^T = y^T``."""
    turned = x1.flags.f_contiguous and not x1.flags.c_contiguous
    a, lower = (x1, not upper) if turned else (np.ascontiguousarray(x1).T, upper)
    if y.shape[1] == 1:
        (trsv,) = scipy.get_blas_funcs(("trsv",), (y,))
        trsv(a, y.reshape(-1), lower=lower, trans=not turned, overwrite_x=True)
    else:
        (trsm,) = scipy.get_blas_funcs(("trsm",), (y,))
        trsm(1.0, a, y.T, side=1, lower=lower, trans_a=turned, overwrite_b=True)
    return y


def _chosen(xp: Any, condition: Array, x1: Any, x2: Any, out: Array | None) -> Array:
    """`where`, into a buffer if there is one."""
    if out is None:
        return xp.where(condition, x1, x2)
    where_into(condition, x1, x2, out)
    return out


def _is_masked(x: Array) -> bool:
    return x.size in _MASKED and x.ndim == 2 and x.dtype.char in "fd"


@functools.lru_cache(maxsize=4)
def _lower(shape: Shape, k: int) -> Array:
    """Where the lower triangle is; to find that out takes as long as to take it."""
    return np.tri(shape[0], shape[1], k, dtype=np.bool)


def _all_or_nothing(xp: Any, x: Array) -> Array:
    """x with NaN all over the matrices that are not finite."""
    finite = xp.all(xp.isfinite(x), axis=(-2, -1), keepdims=True)
    return xp.where(finite, x, np.nan)


def _refuse_non_finite(xp: Any, x: Array) -> None:
    if not xp.all(xp.isfinite(x)):
        raise np.linalg.LinAlgError("infinity or NaN is among the elements")


def _scipy_linalg() -> Any:
    """SciPy's module, or None where it is not installed; large products are SciPy's next to it."""
    linalg = _imported_linalg()
    if linalg is not None:
        numpy_products.stay_with_scipy(linalg)
    return linalg


@functools.cache
def _imported_linalg() -> Any:
    try:
        return importlib.import_module("scipy.linalg")
    except ImportError:
        return None
