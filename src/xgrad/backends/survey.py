"""What is in an array, for error messages: shape, dtype, place, range, NaNs and infinities.

Everything here waits for the device and copies to the host, so it is for debugging only."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from ..errors import NumericsError
from .base import dtype_name
from .registry import backend_of, host

__all__ = ["is_finite", "nonfinite_count", "refuse_nonfinite", "survey"]


def is_finite(array: Any, *, nan: bool = True, inf: bool = True) -> bool:
    """Whether an array is free of NaNs, of infinities, or of both; waits for the device."""
    backend, array = backend_of(array).bottom(array)
    xp = backend.namespace
    if nan and inf:
        return bool(xp.all(xp.isfinite(array)))
    return not bool(xp.any(xp.isnan(array) if nan else xp.isinf(array)))


def survey(array: Any) -> str:
    """``(3,) float64 on cpu: from -1 to 2, 1 NaN; the first at (0,)``."""
    if not hasattr(array, "shape"):
        return repr(array)
    backend, array = backend_of(array).bottom(array)
    where = backend.device_name(backend.device_of(array))
    value = _on_host(backend, array)
    parts = [part for part in (_range(value), _count(value)) if part]
    text = f"{tuple(array.shape)} {dtype_name(array.dtype)} on {where}: {', '.join(parts)}"
    finite = _is_finite(value)
    if finite.all() or not value.ndim:
        return text
    place = host().namespace.argwhere(~finite)[0]
    return f"{text}; the first at {tuple(int(i) for i in place)}"


def nonfinite_count(array: Any) -> str:
    """``1 NaN, 2 infinite``."""
    backend, array = backend_of(array).bottom(array)
    return _count(_on_host(backend, array))


def _on_host(backend: Any, array: Array) -> Array:
    """The values as NumPy knows them: the bfloat16 of ml_dtypes is of no kind of its."""
    value = backend.to_numpy(array)
    return value.astype("float32") if dtype_name(value.dtype) == "bfloat16" else value


def _is_finite(value: Array) -> Array:
    np = host().namespace
    return np.isfinite(value) if value.dtype.kind in "fc" else np.ones(value.shape, bool)


def _count(value: Array) -> str:
    np = host().namespace
    if value.dtype.kind not in "fc":
        return ""
    nans = int(np.count_nonzero(np.isnan(value)))
    infinite = int(np.count_nonzero(~_is_finite(value))) - nans
    return ", ".join([f"{nans} NaN"] * bool(nans) + [f"{infinite} infinite"] * bool(infinite))


def _range(value: Array) -> str:
    known = value[_is_finite(value)]
    if not known.size:
        return "" if value.size else "empty"
    if known.dtype.kind == "c":
        return f"magnitudes from {abs(known).min():.6g} to {abs(known).max():.6g}"
    if known.dtype.kind == "b":
        return f"{int(known.sum())} of {known.size} true"
    return f"from {known.min():.6g} to {known.max():.6g}"


def refuse_nonfinite(array: Array, what: str) -> None:
    """Raise NumericsError where an array has NaNs or infinities, in TensorFlow's words."""
    if is_finite(array):
        return
    kinds = [
        name
        for name, finite in (
            ("NaN", is_finite(array, inf=False)),
            ("Inf", is_finite(array, nan=False)),
        )
        if not finite
    ]
    raise NumericsError(
        f"{what} had {' and '.join(kinds)} values: {survey(array)}. Use "
        "xg.debugging.enable_check_numerics() to find the operation that made the first of them."
    )
