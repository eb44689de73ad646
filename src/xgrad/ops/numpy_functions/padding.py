"""``np.pad``: the modes of `xg.pad`, and those that compute what they add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.casting import dtype_kind
from .. import padding
from .._widths import as_widths, pairs
from ..data_types import widened
from ..rule_namespace import rule_namespace as xp
from . import reductions, statistics
from .operands import floating, is_floating, tensor, tensors
from .refused import no_counterpart

__all__ = ["pad"]

_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": reductions.max,
    "mean": reductions.mean,
    "median": statistics.median,
    "minimum": reductions.min,
}


def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """With more elements at the ends of axes, one axis after the other."""
    x = tensor(array)
    if kwargs.pop("reflect_type", "even") != "even":
        raise no_counterpart("numpy.pad with reflect_type='odd'")
    if callable(mode):
        raise no_counterpart("numpy.pad with a function as mode")
    if mode in _STATISTICS:
        lengths = kwargs.pop("stat_length", None)
        extend = _by_statistic(_STATISTICS[mode], lengths, x)
    elif mode == "linear_ramp":
        extend = _by_ramp(kwargs.pop("end_values", 0), x)
    else:
        mode = "constant" if mode == "empty" else mode
        constants = kwargs.pop("constant_values", 0) if mode == "constant" else 0
        _refuse_rest(kwargs)
        return padding.pad(x, pad_width, mode=mode, constant_values=constants)
    _refuse_rest(kwargs)
    for axis, (before, after) in enumerate(as_widths(pad_width, x)):
        front, back = extend(x, axis, before, after)
        x = xp.concat([front, x, back], axis=axis)
    return x


def _refuse_rest(options: dict[str, Any]) -> None:
    if options:
        raise no_counterpart(f"numpy.pad with {next(iter(options))}=")


def _by_statistic(statistic: Callable[..., Any], lengths: Any, x: Any) -> Callable[..., Any]:
    """What is added is a statistic of the elements next to it, of so many if that is said."""
    counts = [(None, None)] * x.ndim if lengths is None else as_widths(lengths, x, "stat_length")

    def extend(x: Any, axis: int, before: int, after: int) -> tuple[Any, Any]:
        n = x.shape[axis]
        first, last = (n if k is None else min(k, n) for k in counts[axis])
        key = (slice(None),) * axis
        ends = (x[(*key, slice(0, first))], x[(*key, slice(n - last, n))])
        values = [statistic(part, axis=axis, keepdims=True) for part in ends]
        whole = dtype_kind(x.dtype) == "integer"
        values = [xp.astype(xp.round(y) if whole else y, x.dtype) for y in values]
        return _repeated(values[0], axis, before), _repeated(values[1], axis, after)

    return extend


def _by_ramp(end_values: Any, x: Any) -> Callable[..., Any]:
    """What is added leads in equal steps from the edge to a value at the end."""
    ends = pairs(end_values, x, "end_values")
    given = x.dtype

    def extend(x: Any, axis: int, before: int, after: int) -> tuple[Any, Any]:
        key = (slice(None),) * axis
        n = x.shape[axis]
        whole = not is_floating(x)
        x = widened(floating(x))
        edges = (x[(*key, slice(0, 1))], x[(*key, slice(n - 1, n))])
        ramps = []
        for edge, end, width in zip(edges, ends[axis], (before, after), strict=True):
            share = xp.arange(width, dtype=x.dtype, device=x.device) / max(width, 1)
            share = xp.reshape(share, tuple(-1 if i == axis else 1 for i in range(x.ndim)))
            end, _ = tensors(end, x)  # noqa: PLW2901 - the same value
            ramp = end + (edge - end) * share
            ramps.append(xp.astype(xp.floor(ramp) if whole else ramp, given, copy=False))
        return ramps[0], xp.flip(ramps[1], axis=axis)

    return extend


def _repeated(edge: Any, axis: int, width: int) -> Any:
    return xp.broadcast_to(edge, tuple(width if i == axis else n for i, n in enumerate(edge.shape)))
