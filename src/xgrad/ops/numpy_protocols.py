"""NumPy's two protocols: ``np.sin(t)`` and ``np.sum(t, axis=0)`` give Tensors, recorded.

What has a counterpart in the standard goes there under its name, or under the one in the tables;
anything else raises TypeError naming it, because NumPy would silently compute without gradients."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..core.dispatch import wrap
from ..core.protocols import protocols
from ..core.tensor import Tensor
from ..errors import ArgumentTypeError
from .rule_namespace import rule_namespace

__all__ = ["apply_function", "apply_ufunc"]

_UFUNC_NAMES = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "conjugate": "conj",
    "fabs": "abs",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "mod": "remainder",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
    "true_divide": "divide",
}
_REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}
_ACCUMULATIONS = {"add": "cumulative_sum", "multiply": "cumulative_prod"}
_FUNCTION_NAMES = {
    "amax": "max",
    "amin": "min",
    "around": "round",
    "concatenate": "concat",
    "cumsum": "cumulative_sum",
    "cumprod": "cumulative_prod",
    "rollaxis": "moveaxis",
    "real_if_close": "real",
}


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """``__array_ufunc__``: calls, reductions and accumulations of NumPy's ufuncs."""
    name = ufunc.__name__
    options = {key: value for key, value in options.items() if value is not None}
    if options.pop("where", True) is not True:
        raise _no_counterpart(f"numpy.{name} with where=")
    out = options.pop("out", None)
    if method == "__call__":
        function = getattr(rule_namespace, _UFUNC_NAMES.get(name, name), None)
        dtype = options.pop("dtype", None)
        if function is None or options or not callable(function):
            raise _no_counterpart(f"numpy.{name}{_shown(options)}")
        result = function(*map(_operand, inputs))
        result = result if dtype is None else result.astype(dtype)
    elif method in ("reduce", "accumulate"):
        table = _REDUCTIONS if method == "reduce" else _ACCUMULATIONS
        if name not in table:
            raise _no_counterpart(f"numpy.{name}.{method}")
        options.setdefault("axis", 0)
        result = getattr(rule_namespace, table[name])(_operand(inputs[0]), **options)
    else:
        raise _no_counterpart(f"numpy.{name}.{method}")
    return result if out is None else _into(out, result, name)


def apply_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``__array_function__``: NumPy's other functions."""
    name = function.__name__
    special = _SPECIAL.get(name)
    if special is not None:
        return special(*args, **kwargs)
    target = getattr(rule_namespace, _FUNCTION_NAMES.get(name, name), None)
    module = (function.__module__ or "").split(".")
    if target is None or "linalg" in module or "fft" in module:
        raise _no_counterpart(f"{function.__module__}.{name}")
    kwargs = {key: value for key, value in kwargs.items() if value is not None}
    return target(*_positional(target, list(args), kwargs), **kwargs)


def _positional(target: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """NumPy takes axis by position and operands by name; the standard the other way round."""
    parameters = list(inspect.signature(target).parameters.values())
    before = [p for p in parameters if p.kind is p.POSITIONAL_ONLY]
    after = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    room = sum(p.kind is not p.KEYWORD_ONLY for p in parameters)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return args
    for name, value in zip(after, args[room:], strict=False):
        kwargs[name] = value
    args = args[:room]
    for name in ("a", "arr", "x", "m", "array", "arrays"):
        if len(args) < len(before) and name in kwargs:
            args.append(kwargs.pop(name))
    return args


def _operand(x: Any) -> Any:
    return rule_namespace.asarray(x) if isinstance(x, (list, tuple)) else x


def _into(out: tuple[Any, ...], result: Any, name: str) -> Any:
    """``out=``: a Tensor is rebound; an array of NumPy's cannot be followed."""
    (target,) = out
    if not isinstance(target, Tensor):
        raise ArgumentTypeError(
            f"numpy.{name} with out= of type {type(target).__name__}: the gradient would be lost. "
            "Use the result instead, or a Tensor as out."
        )
    target[...] = result
    return target


def _shown(options: dict[str, Any]) -> str:
    return f" with {', '.join(f'{key}=' for key in options)}" if options else ""


def _no_counterpart(what: str) -> ArgumentTypeError:
    return ArgumentTypeError(
        f"{what} has no counterpart in xgrad, and computing it in NumPy would silently lose the "
        "gradient. Use .numpy() to leave xgrad on purpose, or xg functions."
    )


def _clip(a: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Tensor:
    low, high = bounds.get("min", a_min), bounds.get("max", a_max)
    return rule_namespace.clip(a, low, high)  # type: ignore[no-any-return]


def _transpose(a: Any, axes: Any = None) -> Tensor:
    order = tuple(reversed(range(a.ndim))) if axes is None else tuple(axes)
    return rule_namespace.permute_dims(a, order)  # type: ignore[no-any-return]


def _swapaxes(a: Any, axis1: int, axis2: int) -> Tensor:
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return rule_namespace.permute_dims(a, tuple(order))  # type: ignore[no-any-return]


def _dot(a: Any, b: Any) -> Tensor:
    if min(getattr(a, "ndim", 0), getattr(b, "ndim", 0)) == 0:
        return rule_namespace.multiply(a, b)  # type: ignore[no-any-return]
    axes = ((a.ndim - 1,), (max(b.ndim - 2, 0),))
    return rule_namespace.tensordot(a, b, axes=axes)  # type: ignore[no-any-return]


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return rule_namespace.nonzero(condition)
    return rule_namespace.where(condition, _operand(x), _operand(y))


def _moment(name: str) -> Callable[..., Tensor]:
    def moment(
        a: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False, correction: float = 0
    ) -> Tensor:
        function = getattr(rule_namespace, name)
        return function(a, axis=axis, correction=correction or ddof, keepdims=keepdims)  # type: ignore[no-any-return]

    return moment


def _cumulative(name: str) -> Callable[..., Tensor]:
    def cumulative(a: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
        a = rule_namespace.reshape(a, (-1,)) if axis is None else a
        function = getattr(rule_namespace, name)
        return function(a, axis=0 if axis is None else axis, dtype=dtype)  # type: ignore[no-any-return]

    return cumulative


def _shape(a: Any) -> tuple[int, ...]:
    return a.shape  # type: ignore[no-any-return]


def _ndim(a: Any) -> int:
    return len(a.shape)


def _size(a: Any, axis: int | None = None) -> int:
    return a.size if axis is None else a.shape[axis]  # type: ignore[no-any-return]


def _copy(a: Any, *_: Any, **__: Any) -> Tensor:
    return rule_namespace.asarray(a, copy=True)  # type: ignore[no-any-return]


def _ravel(a: Any, order: str = "C") -> Tensor:
    if order != "C":
        raise _no_counterpart(f"numpy.ravel with order={order!r}")
    return rule_namespace.reshape(a, (-1,))  # type: ignore[no-any-return]


def _outer(a: Any, b: Any) -> Tensor:
    left = rule_namespace.expand_dims(_ravel(a), axis=1)
    return rule_namespace.multiply(left, rule_namespace.expand_dims(_ravel(b), axis=0))  # type: ignore[no-any-return]


def _joined(*, axis: int, at_least: int) -> Callable[..., Tensor]:
    def join(tup: Any) -> Tensor:
        parts = [_with_axes(x, at_least) for x in tup]
        flat = axis == 1 and parts[0].ndim == 1
        return rule_namespace.concat(parts, axis=0 if flat else axis)  # type: ignore[no-any-return]

    return join


def _with_axes(x: Any, count: int) -> Any:
    x = rule_namespace.asarray(x)
    while x.ndim < count:
        x = rule_namespace.expand_dims(x, axis=0)
    return x


_SPECIAL: dict[str, Callable[..., Any]] = {
    "clip": _clip,
    "transpose": _transpose,
    "swapaxes": _swapaxes,
    "dot": _dot,
    "where": _where,
    "std": _moment("std"),
    "var": _moment("var"),
    "cumsum": _cumulative("cumulative_sum"),
    "cumprod": _cumulative("cumulative_prod"),
    "shape": _shape,
    "ndim": _ndim,
    "size": _size,
    "copy": _copy,
    "ravel": _ravel,
    "outer": _outer,
    "vstack": _joined(axis=0, at_least=2),
    "hstack": _joined(axis=1, at_least=1),
}

protocols.ufunc = apply_ufunc
protocols.function = apply_function
