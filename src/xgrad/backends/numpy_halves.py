"""Floats of 16 bits on NumPy: what adds many of them up, or has no loop for them, does so in float32.

NumPy adds most of them up in their own dtype, where sums of ones stop at 2048 (float16) or 256 (bfloat16),
and BLAS has no products of them: those of float16 take a hundred times as long as float32's. SciPy's
functions give float32, or more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array
from . import special
from .numpy_buffers import written
from .numpy_numbers import BFLOAT16

__all__ = ["in_float32", "is_half", "mended", "reduced"]

Function = Callable[..., Any]

# Functions that run in float32: products, updates of an array, others, and some that take a list. Sums are in
# numpy_rows.py, products of matrices in numpy_products.py.
_PRODUCTS = frozenset(
    """absorbing_contract contract convolve convolve_input convolve_kernel tensordot
    vecdot""".split()  # noqa: SIM905
)
_UPDATES = frozenset(["index_add", "scatter", "scatter_along_axis"])
_IN_FLOAT32 = special.NAMES | frozenset(
    """cumulative_prod cumulative_sum activate activate_cotangent expm squash_cotangent
    softmax log_softmax logsumexp standardize cross_entropy sparse_cross_entropy
    softmax_cotangent log_softmax_cotangent standardize_cotangent cross_entropy_cotangent
    sparse_cross_entropy_cotangent""".split()  # noqa: SIM905
)
_OF_A_LIST = frozenset(["activate_sum", "squash_sum"])
# SciPy has some of float16, and numpy takes bfloat16 for float64; CuPy has none.
_REFUSED = frozenset(
    """cholesky cholesky_cotangent cofactor det eig eigh eigvals eigvalsh inv lu matrix_rank pinv qr slogdet
    solve solve_triangular svd svdvals""".split()  # noqa: SIM905
)
_HALVES = "e" + BFLOAT16  # as numpy names them


def is_half(x: Array) -> bool:
    """Whether an array is of floats of 16 bits."""
    return x.itemsize == 2 and x.dtype.char in _HALVES


def mended(name: str, function: Function) -> Function:
    """A function of the backend that serves floats of 16 bits too, or refuses them."""
    if name in _UPDATES:
        return _like_first(in_float32(function))
    if name in _PRODUCTS:
        return in_float32(function, rounded="f")
    if name in _IN_FLOAT32:
        return in_float32(function)
    if name in _OF_A_LIST:
        wide = in_float32(lambda *terms, **kwargs: function(list(terms), **kwargs))
        return lambda terms, **kwargs: wide(*terms, **kwargs)
    return _refusing(function) if name in _REFUSED else function


def in_float32(function: Function, rounded: str = "fd") -> Function:
    """A function that takes arrays of 16 bits in float32, and rounds what it makes of them.

    Results of the dtypes `rounded`, unless there were floats of another dtype among the arrays;
    products are float64 where 16 bits and integers of 64 meet, as elsewhere in NumPy."""

    def run(x: Any, *others: Any, **kwargs: Any) -> Array:
        if not others and getattr(x, "itemsize", 0) != 2:
            return function(x, **kwargs)  # a hot path
        for y in (x, *others):
            if getattr(y, "itemsize", 0) == 2 and is_half(y):
                return _widened(function, rounded, (x, *others), kwargs)
        return function(x, *others, **kwargs)

    return run


def _like_first(function: Function) -> Function:
    """A function whose result has the dtype of its first argument, whatever the others are of."""

    def run(x: Array, *others: Any, **kwargs: Any) -> Array:
        y: Array = function(x, *others, **kwargs)
        return y if y.dtype == x.dtype else y.astype(x.dtype)

    return run


def _refusing(function: Function) -> Function:
    """A function of matrices without those of 16 bits, which lose too many digits."""

    def run(*arrays: Array, **kwargs: Any) -> Any:
        for x in arrays:
            if getattr(x, "itemsize", 0) == 2 and is_half(x):
                raise TypeError(f"matrices of {x.dtype} are only multiplied")
        return function(*arrays, **kwargs)

    return run


def _widened(function: Any, rounded: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Array:
    out = kwargs.get("out")
    kwargs = {name: x for name, x in kwargs.items() if name not in ("out", "scratch")}
    wide = [x.astype(np.float32) if isinstance(x, np.ndarray) and is_half(x) else x for x in args]
    y = np.asarray(function(*wide, **kwargs))
    floats = {x.dtype for x in args if isinstance(x, np.ndarray) and x.dtype.kind not in "biu"}
    dtype = floats.pop() if len(floats) == 1 and y.dtype.char in rounded else y.dtype
    with np.errstate(over="ignore"):  # infinite, as what is too large in the dtype itself
        return written(y.astype(dtype), out)


def reduced(
    ufunc: np.ufunc, x: Array, axis: Any, keepdims: bool, out: Array | None = None
) -> Array:
    """``ufunc.reduce(x, axis)`` of floats of 16 bits."""
    reduce: Any = ufunc.reduce
    y = np.asarray(reduce(x, axis, np.float32, None, keepdims))
    with np.errstate(over="ignore"):
        return written(y.astype(x.dtype), out)
