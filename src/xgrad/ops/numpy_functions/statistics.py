"""Medians and quantiles, covariances and correlations."""

from __future__ import annotations

import math
from typing import Any

from ..._arguments import as_choice, as_int
from ..._typing import SCALAR_TYPES, Axis, DType
from ...backends import host, quiet
from ...core.casting import arrays_inside, dtype_kind
from ...core.handle import Handle
from ...errors import ArgumentError, ShapeError
from ..data_types import narrowed, widened
from ..rule_namespace import rule_namespace as xp
from .operands import as_axes, floating, is_floating, not_complex, operands, seen, tensor, tensors
from .refused import no_counterpart
from .shapes import ndim, ravel

__all__ = [
    "corrcoef",
    "cov",
    "median",
    "nanmedian",
    "nanpercentile",
    "nanquantile",
    "percentile",
    "quantile",
]

# Hyndman and Fan's places of the quantile q among n sorted elements, counted from 0.
_PLACES: dict[str, Any] = {
    "linear": lambda n, q: (n - 1) * q,
    "lower": lambda n, q: xp.floor((n - 1) * q),
    "higher": lambda n, q: xp.ceil((n - 1) * q),
    "midpoint": lambda n, q: (xp.floor((n - 1) * q) + xp.ceil((n - 1) * q)) / 2,
    "nearest": lambda n, q: xp.round((n - 1) * q),
    "hazen": lambda n, q: n * q - 0.5,
    "weibull": lambda n, q: (n + 1) * q - 1,
    "interpolated_inverted_cdf": lambda n, q: n * q - 1,
    "median_unbiased": lambda n, q: (n + 1 / 3) * q - 2 / 3,
    "normal_unbiased": lambda n, q: (n + 1 / 4) * q - 5 / 8,
    "inverted_cdf": lambda n, q: xp.ceil(n * q - 1),
    "closest_observation": lambda n, q: xp.round(n * q) - 1,
    "averaged_inverted_cdf": lambda n, q: _middle_or_next(n * q - 1),
}
# Those that give one of the elements, in its dtype.
_OF_ELEMENTS = frozenset(["lower", "higher", "nearest", "inverted_cdf", "closest_observation"])


def median(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Any:
    """The middle one of the sorted elements, or the mean of the two."""
    return _quantile(a, 0.5, axis, "linear", keepdims, False)


def nanmedian(
    a: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Any:
    """The median of the elements that are not NaN."""
    return _quantile(a, 0.5, axis, "linear", keepdims, True)


def quantile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """The element at a fraction q of the sorted ones, or between two of them."""
    _refuse_weights("quantile", weights)
    return _quantile(a, q, axis, method, keepdims, False)


def nanquantile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """The quantile of the elements that are not NaN."""
    _refuse_weights("nanquantile", weights)
    return _quantile(a, q, axis, method, keepdims, True)


def percentile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """The quantile of q percent."""
    _refuse_weights("percentile", weights)
    return _quantile(a, _percent(q, a), axis, method, keepdims, False)


def nanpercentile(
    a: Any,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """The quantile of q percent of the elements that are not NaN."""
    _refuse_weights("nanpercentile", weights)
    return _quantile(a, _percent(q, a), axis, method, keepdims, True)


def _percent(q: Any, a: Any) -> Any:
    _refuse_outside(q, 100)
    (q, _) = operands(q, a)
    q = xp.astype(q, "float64") if isinstance(q, Handle) and not is_floating(q) else q
    return q / 100


def _refuse_outside(q: Any, top: int) -> None:
    """Look at numbers only: to read a Tensor would wait for its device, and it is clipped."""
    numpy = host().namespace
    plain = not arrays_inside(q) if isinstance(q, (list, tuple)) else type(q) in SCALAR_TYPES
    if plain or isinstance(q, numpy.ndarray):
        fractions = numpy.asarray(q)
        if not ((fractions >= 0) & (fractions <= top)).all():
            raise ArgumentError(f"numpy.quantile: q must be from 0 to {top}, but is {q}.")


def _refuse_weights(name: str, weights: Any) -> None:
    if weights is not None:
        raise no_counterpart(f"numpy.{name} with weights=")


def _quantile(a: Any, q: Any, axis: Axis, method: str, keepdims: bool, skip_nan: bool) -> Any:
    _refuse_outside(q, 1)
    as_choice(method, tuple(_PLACES), "numpy.quantile", "method")
    a, q = operands(a, q)
    a = not_complex(tensor(a), "quantile", "a")
    # A list is in float64, as everywhere; a Python number in a's dtype.
    q = floating(tensors(q, floating(a))[0])
    a = a if method in _OF_ELEMENTS else floating(a)
    axes = as_axes(axis, a.ndim, "numpy.quantile")
    rows = xp.moveaxis(a, axes, tuple(range(a.ndim - len(axes), a.ndim)))
    count = math.prod(a.shape[i] for i in axes)
    rows = xp.reshape(rows, (*rows.shape[: a.ndim - len(axes)], count))
    rows = xp.sort(rows, axis=-1)  # NaN come last
    n: Any = rows.shape[-1]
    if not n:
        raise ShapeError(f"numpy.quantile: there is nothing along axis {axis} of {a.shape}.")
    skip_nan = skip_nan and is_floating(rows)
    wide = widened(q)  # in which places can be counted
    if skip_nan:
        n = xp.sum(xp.astype(~xp.isnan(rows), wide.dtype), axis=-1, keepdims=True)
    place = _PLACES[method](n, ravel(wide))
    place = xp.clip(place, 0, xp.maximum(n - 1, 0) if skip_nan else n - 1)
    place = xp.broadcast_to(place, (*rows.shape[:-1], place.shape[-1]))
    if method in _OF_ELEMENTS:
        y = xp.take_along_axis(rows, xp.astype(place, "int64"), axis=-1)
    else:
        y = _between(rows, place, q.dtype)
    if is_floating(rows):
        y = xp.where(xp.isnan(rows[..., :1] if skip_nan else rows[..., -1:]), math.nan, y)
    y = xp.reshape(xp.moveaxis(y, -1, 0), q.shape + rows.shape[:-1])
    if keepdims:
        y = xp.expand_dims(y, axis=tuple(q.ndim + i for i in axes))
    return y


def _middle_or_next(place: Any) -> Any:
    """Between an element and the next one, or the next one where a place is between two."""
    return xp.where(place == xp.floor(place), place + 0.5, xp.ceil(place))


def _between(rows: Any, place: Any, dtype: DType) -> Any:
    """The value at a place between two elements of each row, on the line between them."""
    below = xp.floor(place)
    low = xp.astype(below, "int64")
    high = xp.astype(xp.ceil(place), "int64")
    first = xp.take_along_axis(rows, low, axis=-1)
    last = xp.take_along_axis(rows, high, axis=-1)
    share = xp.astype(place - below, dtype, copy=False)
    with quiet():
        # Where both are the same element nothing is added, which is right for infinities too.
        gap = xp.where(low == high, 0.0, last - first)
        far = ~xp.isfinite(gap)
        gap = xp.where(far, 0.0, gap)
        upper = last - gap * (1.0 - share)
        y = xp.where(share < 0.5, first + gap * share, xp.where(low == high, first, upper))
        return xp.where(far, first * (1.0 - share) + last * share, y)


# -- covariance ------------------------------------------------------------------------------------


def _check_weights(weights: Any, name: str) -> None:
    """Refuse weights that are negative, and repetitions that are no whole numbers."""
    if seen(xp.any(weights < 0)):
        raise ArgumentError(f"numpy.cov: {name} must not be negative anywhere.")
    if name == "fweights" and is_floating(weights) and seen(xp.any(weights != xp.round(weights))):
        raise ArgumentError(
            "numpy.cov: fweights must be whole numbers, of repetitions. Use aweights for others."
        )


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: DType = None,
) -> Any:
    """The covariance matrix of variables, one a row."""
    return narrowed(*_covariance(m, y, rowvar, bias, ddof, fweights, aweights, dtype))


def _covariance(
    m: Any,
    y: Any,
    rowvar: bool,
    bias: bool,
    ddof: int | None,
    fweights: Any,
    aweights: Any,
    dtype: DType,
) -> tuple[Any, Any, Any]:
    """The matrix, the variables it was computed with, and those that were given (`narrowed`)."""
    x = _variables(m, dtype)
    x = x if rowvar or ndim(m) != 2 else xp.matrix_transpose(x)
    if y is not None:
        y = _variables(y, dtype)
        y = y if rowvar or y.shape[0] == 1 else xp.matrix_transpose(y)
        x = xp.concat([x, y], axis=0)
    given, x = x, widened(x)
    ddof = (0 if bias else 1) if ddof is None else as_int(ddof, "numpy.cov", "ddof")
    weights = None
    for name, part in (("fweights", fweights), ("aweights", aweights)):
        if part is not None:
            _check_weights(tensor(part), name)
            factor = xp.astype(tensors(part, x)[0], x.dtype, copy=False)
            if factor.shape != x.shape[1:]:
                raise ShapeError(
                    f"numpy.cov: weights {factor.shape} must be one per observation, which are "
                    f"{x.shape[1]}."
                )
            weights = factor if weights is None else weights * factor
    if weights is None:
        count: Any = x.shape[1]
        mean = xp.mean(x, axis=1, keepdims=True)
    else:
        count = xp.sum(weights)
        mean = xp.sum(x * weights, axis=1, keepdims=True) / count
    scale = count - ddof
    if weights is not None and aweights is not None and ddof:
        aweights = tensors(aweights, x)[0]
        scale = count - ddof * xp.sum(weights * aweights) / count
    scale = max(scale, 0) if weights is None else xp.maximum(scale, 0)
    gap = x - mean
    other = xp.conj(gap) if dtype_kind(gap.dtype) == "complex" else gap
    weighted = other if weights is None else other * weights
    c = xp.matmul(gap, xp.matrix_transpose(weighted)) / scale
    c = xp.squeeze(c) if x.shape[0] == 1 else c
    return c, x, given


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: DType = None) -> Any:
    """The correlation matrix of variables, one a row."""
    c, wide, given = _covariance(x, y, rowvar, False, None, None, None, dtype)
    if c.ndim == 0:
        return narrowed(c / c, wide, given)
    deviation = xp.sqrt(
        xp.real(
            xp.take(
                xp.reshape(c, (-1,)),
                xp.arange(c.shape[0], device=c.device) * (c.shape[0] + 1),
                axis=0,
            )
        )
    )
    c = c / deviation[:, None] / deviation[None, :]
    if dtype_kind(c.dtype) == "complex":
        return xp.clip(xp.real(c), -1, 1) + 1j * xp.clip(xp.imag(c), -1, 1)
    return narrowed(xp.clip(c, -1, 1), wide, given)


def _variables(m: Any, dtype: DType) -> Any:
    """One variable a row, or, for the caller to transpose, a column."""
    x = tensor(m)
    x = xp.astype(x, dtype or ("float64" if not is_floating(x) else x.dtype), copy=False)
    if x.ndim > 2:
        raise ShapeError(f"numpy.cov: m must have one axis or two, but has shape {x.shape}.")
    return xp.reshape(x, (1, -1)) if x.ndim < 2 else x
