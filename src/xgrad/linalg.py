"""Linear algebra: the array API standard's `linalg` extension, differentiable, and some more.

`xg.namespace(backend).linalg` is the same over one backend. The functions are in `ops/`. Matrices
are the last two axes, those before are a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import LinAlgError  # noqa: F401 - where users of NumPy look for it
from .ops.decompositions import cholesky, lu, qr, svd, svdvals
from .ops.eigenvalues import eig, eigh, eigvals, eigvalsh
from .ops.linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from .ops.matrix_functions import cond, det, expm, matrix_power, slogdet
from .ops.norm import norm
from .ops.norms import matrix_norm, matrix_rank, vector_norm
from .ops.products import cross, diagonal, kron, multi_dot, outer, trace
from .ops.solving import inv, lstsq, pinv, solve, solve_triangular

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "inv",
    "kron",
    "lstsq",
    "lu",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]

if not TYPE_CHECKING:  # which is to report names that there are not

    def __getattr__(name: str) -> Any:
        """Say what to use for a name that other libraries have."""
        from ._elsewhere import no_name

        raise no_name(__name__, name)
