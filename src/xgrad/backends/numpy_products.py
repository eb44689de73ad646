"""Large products of matrices by SciPy's BLAS, next to SciPy's LAPACK.

NumPy and SciPy bring a BLAS each, with threads of its own that wait for work by turning in circles.
Where both are given large work in turn, each waits for processors on which the other's threads wait
for work, and products take two to four times as long. So after a solver of SciPy's (numpy_matrices.py)
the next large products are SciPy's as well. Small ones start no threads."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._typing import Array
from .numpy_halves import in_float32, is_half

__all__ = ["matmul", "matmul_into", "stay_with_scipy"]

_MANY = 1 << 18  # products of two numbers, above which OpenBLAS may take threads; and
_MANY_OF_VECTORS = 9000  # the same where one of the operands is a vector

_PRODUCTS = 64  # after a solver; who solves in every step stays with SciPy


class _Scipy:
    """SciPy's products of matrices by dtype, and for how many more to use them."""

    def __init__(self) -> None:
        self.left = 0
        self.gemm: dict[str, Any] = {}


_scipy = _Scipy()


def stay_with_scipy(linalg: Any) -> None:
    """Use the functions of `scipy.linalg` for what comes next."""
    if not _scipy.gemm:
        for character in "fdFD":
            (found,) = linalg.get_blas_funcs(("gemm",), dtype=np.dtype(character))
            _scipy.gemm[character] = found
    _scipy.left = _PRODUCTS


def matmul(x1: Array, x2: Array) -> Array:
    """``x1 @ x2``; for matrices `dot` takes less time than `np.matmul` does (a hot path)."""
    if x1.itemsize == 2 and is_half(x1):
        return _in_float32(x1, x2)
    if x1.ndim == 2 == x2.ndim:
        if _scipy.left > 0 and _is_large(x1, x2):
            return _product(x1, x2, None)
        return x1.dot(x2)
    return np.matmul(x1, x2)


def matmul_into(x1: Array, x2: Array, out: Array) -> Array:
    """The same for matrices of one dtype into a contiguous buffer."""
    if _scipy.left > 0 and _is_large(x1, x2):
        return _product(x1, x2, out)
    return np.dot(x1, x2, out)


_in_float32 = in_float32(np.matmul, rounded="f")


def _is_large(x1: Array, x2: Array) -> bool:
    rows, columns = len(x1), x2.shape[1]
    many = _MANY if rows > 1 and columns > 1 else _MANY_OF_VECTORS
    return x1.size * columns > many and x1.dtype == x2.dtype and x1.dtype.char in _scipy.gemm


def _product(x1: Array, x2: Array, out: Array | None) -> Array:
    """What Fortran sees is transposed, and so is the product: x2^T x1^T."""
    a, turn_a = _as_fortran(x2)
    b, turn_b = _as_fortran(x1)
    gemm = _scipy.gemm[x1.dtype.char]
    _scipy.left -= 1
    if out is None:
        return gemm(1.0, a, b, trans_a=turn_a, trans_b=turn_b).T
    gemm(1.0, a, b, c=out.T, trans_a=turn_a, trans_b=turn_b, overwrite_c=True)
    return out


def _as_fortran(x: Array) -> tuple[Array, bool]:
    """The transpose of x, or x itself to be transposed, in columns that lie side by side."""
    return (x, True) if x.flags.f_contiguous and not x.flags.c_contiguous else (x.T, False)
