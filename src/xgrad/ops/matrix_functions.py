"""Functions of square matrices: determinants, powers, the exponential, the condition number.

Signatures and named tuples are those of the array API standard's `linalg` extension (2025.12) where
it has the function. The last two axes are the matrices, those before are a stack."""

from __future__ import annotations

import math
from typing import NamedTuple

from .._arguments import as_choice, as_int
from .._typing import ArrayLike
from ..core.casting import dtype_kind
from ..core.dispatch import apply, apply1
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ShapeError
from ._matrices import as_matrices, whole_power
from .arithmetic import divide, multiply
from .creation import eye, tril, triu
from .decompositions import svdvals
from .norms import MATRIX_NORMS, matrix_norm
from .searching import where
from .solving import inv
from .utility import stop_gradient

__all__ = ["cond", "det", "expm", "matrix_power", "slogdet"]

_DET = primitive("det")
_EXPM = primitive("expm")
_SLOGDET = primitive("slogdet")


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Tensor
    logabsdet: Tensor


def det(x: ArrayLike, /) -> Tensor:
    """Compute the determinants of square matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., n, n) and floating dtype.

    Returns
    -------
    Tensor
        Of shape (...).

    Raises
    ------
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    slogdet, inv

    Notes
    -----
    The gradient is the matrix of cofactors, for singular matrices too. First and second derivatives
    are exact everywhere; beyond three rows, higher ones where the matrix is well conditioned or its
    singular values are distinct.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable([[1.0, 2.0], [2.0, 4.0]])
    >>> with xg.GradientTape() as tape:
    ...     y = xg.linalg.det(x)
    >>> tape.gradient(y, x)
    xg.Tensor([[ 4., -2.],
               [-2.,  1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    return apply1(_DET, as_matrices(x, "det", square=True))  # type: ignore[no-any-return]


def slogdet(x: ArrayLike, /) -> SlogdetResult:
    """Compute sign and logarithm of determinants, which themselves may overflow.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., n, n) and floating dtype.

    Returns
    -------
    SlogdetResult
        A named tuple, of shapes (...): sign, which is det(x) / abs(det(x)) or 0, and logabsdet,
        the real logarithm of abs(det(x)) or -inf.

    Raises
    ------
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    det

    Notes
    -----
    The sign of a real matrix is a constant. Of a singular matrix the logarithm has no derivative:
    it is NaN, but zero where the cotangent is zero.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.slogdet(xg.asarray([[0.0, 1.0], [1.0, 0.0]]))
    SlogdetResult(sign=xg.Tensor(-1., shape=(), dtype=float64, device=cpu),
                  logabsdet=xg.Tensor(0., shape=(), dtype=float64, device=cpu))
    """
    x = as_matrices(x, "slogdet", square=True)
    sign, logarithm = apply(_SLOGDET, (x,))
    if dtype_kind(x.dtype) != "complex":
        sign = stop_gradient(sign)
    return SlogdetResult(sign, logarithm)


def matrix_power(x: ArrayLike, n: int, /) -> Tensor:
    """Raise square matrices to a whole power.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, m) and floating dtype.
    n : int
        0 gives identity matrices; negative numbers powers of the inverse.

    Returns
    -------
    Tensor
        Of the shape and dtype of x.

    Raises
    ------
    LinAlgError
        If n is negative and a matrix singular, from libraries that say so.
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    expm, inv

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.matrix_power(xg.asarray([[1.0, 1.0], [0.0, 1.0]]), 5)
    xg.Tensor([[1., 5.],
               [0., 1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    x = as_matrices(x, "matrix_power", square=True)
    n = as_int(n, "matrix_power", "n")
    if n == 0:
        return tril(triu(x**0))  # connected to x, as x**0 is
    if n < 0:
        x, n = inv(x), -n
    return whole_power(x, n)


def expm(x: ArrayLike, /) -> Tensor:
    """Compute the exponential of square matrices.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., n, n) and floating dtype.

    Returns
    -------
    Tensor
        Of the shape and dtype of x: the sum of x^k / k!.

    Raises
    ------
    ShapeError, DTypeError
        If x is no stack of square matrices of floating dtype.

    See Also
    --------
    matrix_power, eigh

    Notes
    -----
    By SciPy or PyTorch where they are in use, else by a Padé approximation with scaling and
    squaring. Each derivative is an exponential of matrices of twice the size.

    References
    ----------
    Higham, "The scaling and squaring method for the matrix exponential revisited", SIAM Journal on
    Matrix Analysis 26 (2005); Mathias, "A chain rule for matrix functions", the same 17 (1996).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.expm(xg.asarray([[0.0, 1.0], [0.0, 0.0]]))
    xg.Tensor([[1., 1.],
               [0., 1.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    return apply1(_EXPM, as_matrices(x, "expm", square=True))  # type: ignore[no-any-return]


def cond(x: ArrayLike, /, p: float | str | None = None) -> Tensor:
    """Compute the condition number of matrices: how much errors grow when equations are solved.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of shape (..., m, n) and floating dtype; square unless p is None, 2 or -2.
    p : float, str or None
        The order of a norm as for `matrix_norm`; None is 2.

    Returns
    -------
    Tensor
        Real, of shape (...): the norm of x times that of its inverse, for p = 2 the largest
        singular value over the smallest, for -2 the other way round. Infinite for a matrix that
        has no inverse or, with p = 2 and -2, is zero.

    Raises
    ------
    ArgumentError
        If p is another.
    ShapeError, DTypeError
        If x is no stack of such matrices.

    See Also
    --------
    svdvals, matrix_norm

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.cond(xg.asarray([[2.0, 0.0], [0.0, 8.0]]))
    xg.Tensor(4., shape=(), dtype=float64, device=cpu)
    """
    as_choice(p, MATRIX_NORMS, "cond", "p")
    if p is None or p in (2, -2):
        values = svdvals(as_matrices(x, "cond"))
        if values.shape[-1] == 0:
            raise ShapeError(f"cond: x {describe(x)} has no singular values.")
        first, last = values[..., 0], values[..., -1]
        zero = first == 0
        below = where(zero, 1.0, first if p == -2 else last)
        return where(zero, math.inf, divide(last if p == -2 else first, below))
    x = as_matrices(x, "cond", square=True)
    singular = stop_gradient(slogdet(x).sign) == 0
    invertible = where(
        singular[..., None, None], eye(x.shape[-1], dtype=x.dtype, device=x.device), x
    )
    number = multiply(matrix_norm(x, ord=p), matrix_norm(inv(invertible), ord=p))
    return where(singular, math.inf, number)
