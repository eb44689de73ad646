"""Eigenvalues and eigenvectors, of Hermitian matrices and of others.

Signatures and named tuples are those of the array API standard's `linalg` extension (2025.12). The
last two axes are the matrices, those before are a stack."""

from __future__ import annotations

from typing import NamedTuple

from .._typing import ArrayLike
from ..core.dispatch import apply, apply1
from ..core.instructions import primitive
from ..core.tensor import Tensor
from ._matrices import as_matrices

__all__ = ["eig", "eigh", "eigvals", "eigvalsh"]

_EIG = primitive("eig")
_EIGH = primitive("eigh")
_EIGVALS = primitive("eigvals")
_EIGVALSH = primitive("eigvalsh")


class EigResult(NamedTuple):
    """What `eig` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


def eig(x: ArrayLike, /) -> EigResult:
    """Compute eigenvalues and eigenvectors of square matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., n, n) and floating dtype.

    Returns
    -------
    EigResult
        A named tuple of complex Tensors: eigenvalues of shape (..., n), in no order, and
        eigenvectors of shape (..., n, n), the columns, of unit length.

    Raises
    ------
    LinAlgError
        If the iteration does not converge, from libraries that say so.
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    eigvals, eigh

    Notes
    -----
    An eigenvector is unique up to a phase. Functions that do not depend on it have the right
    gradient; that of others belongs to the phase for which ``v^H dv = 0``. Eigenvalues of a matrix
    with too few eigenvectors have no derivative.

    References
    ----------
    Boeddeker, Hanebrink, Drude, Heymann and Haeb-Umbach, "On the computation of complex-valued
    gradients with application to statistically optimum beamforming", arXiv:1701.00392 (2017).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.eig(xg.asarray([[2.0, 0.0], [0.0, 3.0]])).eigenvalues
    xg.Tensor([2.+0.j, 3.+0.j], shape=(2,), dtype=complex128, device=cpu)
    """
    return EigResult(*apply(_EIG, (as_matrices(x, "eig", square=True),)))


def eigh(x: ArrayLike, /) -> EighResult:
    """Compute eigenvalues and eigenvectors of Hermitian (real: symmetric) matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Hermitian, of shape (..., n, n) and floating dtype. Only its lower triangle is read.

    Returns
    -------
    EighResult
        A named tuple: real eigenvalues of shape (..., n) in ascending order, and orthonormal
        eigenvectors of shape (..., n, n), the columns.

    Raises
    ------
    LinAlgError
        If the iteration does not converge, from libraries that say so.
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    eigvalsh, eig, svd

    Notes
    -----
    The gradient is the Hermitian one: it tells how the result changes when x changes and stays
    Hermitian.

    Vectors are unique up to a sign or phase, those of a repeated value up to a rotation. Functions
    that do not depend on a phase have the right gradient; that of others is finite and belongs to
    vectors that turn no more than they must (``v^H dv = 0``). Values that differ by less than
    their rounding errors count as repeated: there the gradient is right for functions that treat
    all vectors of the value alike, such as a projection onto their space, and second derivatives
    are finite but no more. For a function of a matrix such as ``V f(w) V^H`` use `expm`,
    `matrix_power`, `inv` or `cholesky` where values may be repeated.

    References
    ----------
    Giles, "An extended collection of matrix derivative results for forward and reverse mode
    algorithmic differentiation", Oxford University (2008).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.eigh(xg.asarray([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    xg.Tensor([1., 3.], shape=(2,), dtype=float64, device=cpu)
    """
    return EighResult(*apply(_EIGH, (as_matrices(x, "eigh", square=True),)))


def eigvals(x: ArrayLike, /) -> Tensor:
    """Compute the eigenvalues of square matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., n, n) and floating dtype.

    Returns
    -------
    Tensor
        Complex, of shape (..., n), in no order.

    Raises
    ------
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    eig, eigvalsh

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.eigvals(xg.asarray([[0.0, 1.0], [-1.0, 0.0]]))
    xg.Tensor([0.+1.j, 0.-1.j], shape=(2,), dtype=complex128, device=cpu)
    """
    return apply1(_EIGVALS, as_matrices(x, "eigvals", square=True))  # type: ignore[no-any-return]


def eigvalsh(x: ArrayLike, /) -> Tensor:
    """Compute the eigenvalues of Hermitian (real: symmetric) matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Hermitian, of shape (..., n, n) and floating dtype. Only its lower triangle is read.

    Returns
    -------
    Tensor
        Real, of shape (..., n), in ascending order.

    Raises
    ------
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    eigh, eigvals

    Notes
    -----
    The gradient is the Hermitian one, as that of `eigh`. Where values are repeated, it is right for
    functions that treat equal ones alike; second derivatives are right for distinct values only.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.eigvalsh(xg.asarray([[2.0, 1.0], [1.0, 2.0]]))
    xg.Tensor([1., 3.], shape=(2,), dtype=float64, device=cpu)
    """
    return apply1(_EIGVALSH, as_matrices(x, "eigvalsh", square=True))  # type: ignore[no-any-return]
