"""Half numbers on cupy: float16, and bfloat16, which cupy has from ml_dtypes, with gaps closed here.

Almost every ufunc of cupy 14 computes in both, reductions add in float32, and products of matrices go to
cuBLAS. Where there is no kernel, and where digits count, a function runs in float32 and its result is
rounded; what calls cuSOLVER, cuFFT or Thrust is refused for bfloat16, with what to do. For cupy bfloat16
and a Python number are float32 (as for NumPy); results of functions are rounded."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import DType
from ..errors import BackendUnavailableError, DTypeError

__all__ = ["REFUSED", "ROUNDED", "ROWS", "SUMS", "THROUGH", "bfloat16", "is_bfloat16", "mended"]

Function = Callable[..., Any]

# Rows, whose sums would lose what digits there are; the kernels of cupy_rows.py are float32's.
ROWS = frozenset(
    """softmax log_softmax logsumexp standardize cross_entropy sparse_cross_entropy
    softmax_cotangent log_softmax_cotangent standardize_cotangent cross_entropy_cotangent
    sparse_cross_entropy_cotangent""".split()  # noqa: SIM905
)
# Sums that cupy has in float16, in which those of ones stop at 2048.
SUMS = frozenset(
    "cumulative_prod cumulative_sum index_add put scatter scatter_along_axis".split()  # noqa: SIM905
)
# Functions that give float32 for bfloat16 and a Python number, or always: their results are rounded.
ROUNDED = frozenset(
    """add atan2 clip_lower clip_upper copysign divide floor_divide hypot logaddexp maximum minimum
    multiply nextafter pow power remainder subtract round where tril triu
    erf erfc erfcinv erfcx erfinv expit gamma gammaln digamma i0e i1 i1e j0 j1 k0 k1 log_expit log_ndtr
    logit ndtr ndtri softplus xlog1py xlogy entr rel_entr kl_div""".split()  # noqa: SIM905
)
# Functions for which cupy has no kernel of bfloat16: they run in float32.
THROUGH = frozenset(
    """absorbing_contract absorbing_matmul contract convolve convolve_input convolve_kernel
    cumulative_max cumulative_min std tensordot vecdot vector_norm""".split()  # noqa: SIM905
)
# Functions that cupy hands to libraries without bfloat16.
REFUSED = frozenset(
    """argsort sort searchsorted unique_all unique_counts unique_inverse unique_values
    cholesky cofactor det eig eigh eigvals eigvalsh expm inv lu pinv qr qr_complete slogdet solve
    solve_triangular svd svdvals fftn ifftn rfftn irfftn""".split()  # noqa: SIM905
)
# By numpy's characters, because the name of a dtype takes a microsecond.
_BFLOAT16 = "E"
_HALVES = "eE"


@functools.cache
def _has_ml_dtypes() -> bool:
    try:
        importlib.import_module("ml_dtypes")
    except ImportError:
        return False
    return True


def bfloat16() -> DType:
    """The dtype.

    Raises
    ------
    BackendUnavailableError
        If ml_dtypes is not installed.
    """
    if not _has_ml_dtypes():
        raise BackendUnavailableError(
            "cuda: cupy has bfloat16 from ml_dtypes, which is not installed. Use pip install "
            '".[bfloat16]" in a checkout of xgrad, or pip install ml_dtypes, before cupy is imported.'
        )
    return np.dtype(importlib.import_module("ml_dtypes").bfloat16)


def is_bfloat16(x: Any) -> bool:
    """Whether something is an array of bfloat16."""
    return hasattr(x, "dtype") and x.dtype.char == _BFLOAT16


def mended(name: str, function: Function) -> Function:
    """A function of the backend that serves half numbers too, or says what to do.

    Nothing but rows and sums is wrapped where ml_dtypes is not installed."""
    if name in ROWS or name in SUMS:
        return _through(function, _HALVES)
    if not _has_ml_dtypes():
        return function
    if name in REFUSED:
        return _refusing(name, function)
    if name == "matmul":
        return _matmul(function)
    if name in THROUGH:
        return _through(function, _BFLOAT16)
    return _rounded(function) if name in ROUNDED else function


def _refusing(name: str, function: Function) -> Function:
    def run(*args: Any, **kwargs: Any) -> Any:
        if any(map(is_bfloat16, args)):
            raise DTypeError(
                f"{name}: cupy has no bfloat16 there. Use xg.astype(x, xg.float32), and "
                "xg.astype(y, 'bfloat16') for what comes out."
            )
        return function(*args, **kwargs)

    return run


def _rounded(function: Function) -> Function:
    def run(*args: Any, **kwargs: Any) -> Any:
        y = function(*args, **kwargs)
        if y.dtype.char == "f" and any(map(is_bfloat16, args)):
            return _as_the_arguments(y, args)
        return y

    return run


def _through(function: Function, halves: str) -> Function:
    def run(*args: Any, **kwargs: Any) -> Any:
        narrow = [hasattr(x, "dtype") and x.dtype.char in halves for x in args]
        if True not in narrow:
            return function(*args, **kwargs)
        wide = [x.astype(np.float32) if half else x for x, half in zip(args, narrow, strict=True)]
        y = function(*wide, **kwargs)
        return _as_the_arguments(y, args) if y.dtype.char == "f" else y

    return run


def _matmul(function: Function) -> Function:
    """Two matrices go to cuBLAS; stacks to a kernel that is for integers."""
    stacks = _through(function, _BFLOAT16)

    def run(x1: Any, x2: Any) -> Any:
        many = x1.ndim > 2 or x2.ndim > 2
        if many and (is_bfloat16(x1) or is_bfloat16(x2)):
            return stacks(x1, x2)
        return function(x1, x2)

    return run


def _as_the_arguments(y: Any, args: tuple[Any, ...]) -> Any:
    """A result of float32 in the dtype of all arrays of floats that went in, if it is one dtype."""
    found = {x.dtype for x in args if hasattr(x, "dtype") and x.dtype.kind not in "biu"}
    return y.astype(found.pop()) if len(found) == 1 else y
