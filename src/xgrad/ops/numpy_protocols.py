"""NumPy's two protocols: ``np.sin(t)`` and ``np.sum(t, axis=0)`` give Tensors, recorded.

A function goes to the one of that name in numpy_elementwise.py, numpy_reductions.py or
numpy_shapes.py, else to the standard's, under the name in the tables here; arguments are matched by
name. Anything else raises TypeError naming it: NumPy would compute without gradients."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .._typing import SCALAR_TYPES
from ..backends import is_array
from ..core.casting import cast_within_kind
from ..core.handle import Handle
from ..core.protocols import protocols
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError
from . import numpy_elementwise, numpy_reductions, numpy_shapes
from .numpy_shapes import as_operand
from .rule_namespace import rule_namespace

__all__ = ["apply_function", "apply_ufunc"]

# NumPy's names of functions of the standard.
_NAMES = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
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
_REDUCTIONS = {
    "add": "sum",
    "logical_and": "all",
    "logical_or": "any",
    "maximum": "max",
    "minimum": "min",
    "multiply": "prod",
}
_ACCUMULATIONS = {"add": "cumulative_sum", "multiply": "cumulative_prod"}
# What has no meaning for a Tensor, or cannot change its value; of orders only these.
_IGNORED = frozenset({"subok", "casting", "kind", "assume_unique", "overwrite_input"})
# Text and questions of memory, which NumPy answers for the arrays themselves.
_OF_ARRAYS = ("array2string", "array_repr", "array_str", "may_share_memory", "shares_memory")
_ORDERS = ("C", "K", "A", None)
_OPERANDS = ("x", "x1", "x2")
_OWN: dict[str, Callable[..., Any]] = {
    name: getattr(module, name)
    for module in (numpy_elementwise, numpy_reductions, numpy_shapes)
    for name in module.__all__
}


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """``__array_ufunc__``: calls, reductions, accumulations, outer products and ``at``."""
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    out = options.pop("out", None)
    if options.get("where", True) is True:
        options.pop("where", None)
    if method == "at":
        return _at(ufunc.__name__, *inputs)
    if method == "outer":
        result = _outer(_find(ufunc.__name__, f"numpy.{name}"), *map(as_operand, inputs))
    elif method == "__call__":
        dtype = options.pop("dtype", None)
        options.pop("casting", None)
        function = _find(ufunc.__name__, f"numpy.{name}")
        _refuse_unknown(function, options, name)
        result = function(*map(as_operand, inputs), **options)
        result = result if dtype is None else result.astype(dtype)
    else:
        tables = {"reduce": _REDUCTIONS, "accumulate": _ACCUMULATIONS}
        target = tables.get(method, {}).get(ufunc.__name__)
        if target is None:
            raise _no_counterpart(f"numpy.{name}")
        function = getattr(rule_namespace, target)
        given = {"axis": 0, **options}
        given = {k: v for k, v in given.items() if k == "axis" or v is not None}
        _refuse_unknown(function, given, name)
        result = function(as_operand(inputs[0]), **given)
    return result if out is None else _into(out, result, name)


def apply_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``__array_function__``: NumPy's other functions."""
    name = f"{function.__module__}.{function.__name__}"
    if function.__name__ in _OF_ARRAYS:
        return function(*map(_raw, args), **kwargs)
    if function.__module__ in ("numpy.linalg", "numpy.fft"):
        raise _no_counterpart(name)
    target = _find(function.__name__, name)
    out = kwargs.pop("out", None)
    given = _bound(function, target, args, kwargs)
    out = given.pop("out", out)
    result = target(*_positional(target, given, name), **given)
    return result if out is None else _into((out,), result, function.__name__)


def _find(name: str, what: str) -> Callable[..., Any]:
    """What to call for a function of NumPy's."""
    if name in _OWN:
        return _OWN[name]
    target = getattr(rule_namespace, _NAMES.get(name, name), None)
    if not inspect.isfunction(target):
        raise _no_counterpart(what)
    return target


def _bound(
    function: Any, target: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """The arguments by NumPy's names, without those that have their default value."""
    signature = _signature(function) or _signature(target)
    assert signature is not None
    bound = signature.bind(*args, **kwargs).arguments
    given: dict[str, Any] = {}
    for key, value in bound.items():
        parameter = signature.parameters[key]
        if parameter.kind is parameter.VAR_KEYWORD:
            given.update(value)
        elif not (
            _is_default(value, parameter.default)
            or key in _IGNORED
            or (key == "order" and value in _ORDERS)
        ):
            given[key] = value
    return given


def _is_default(value: Any, default: Any) -> bool:
    return value is default or (type(value) in SCALAR_TYPES | {str} and value == default)


def _positional(target: Callable[..., Any], given: dict[str, Any], name: str) -> list[Any]:
    """Take the operands, which the standard wants by position, out of the arguments."""
    signature = _signature(target)
    assert signature is not None
    args: list[Any] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            args.extend(given.pop(next(iter(given)), ()))
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            if not given:
                break
            key = parameter.name if parameter.name in given else next(iter(given))
            value = given.pop(key)
            args.append(as_operand(value) if parameter.name in _OPERANDS else value)
    _refuse_unknown(target, given, name)
    return args


def _refuse_unknown(target: Callable[..., Any], given: dict[str, Any], name: str) -> None:
    signature = _signature(target)
    assert signature is not None
    unknown = [key for key in given if key not in signature.parameters]
    if unknown:
        raise _no_counterpart(f"numpy.{name.removeprefix('numpy.')} with {unknown[0]}=")


@functools.cache
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """A signature; None for functions in C of older NumPy, whose arguments ours take as they are."""
    try:
        return inspect.signature(function)
    except ValueError:
        return None


def _raw(x: Any) -> Any:
    return x.array if isinstance(x, Handle) else x


def _outer(function: Callable[..., Any], a: Any, b: Any) -> Any:
    """``np.add.outer(a, b)``: every element of a with every element of b."""
    a = rule_namespace.asarray(a)
    b = rule_namespace.asarray(b)
    return function(rule_namespace.reshape(a, a.shape + (1,) * b.ndim), b)


def _at(name: str, target: Any, key: Any, *value: Any) -> None:
    """``np.add.at(t, key, value)``: t is rebound; repeated indices add up."""
    if name not in ("add", "subtract") or not isinstance(target, Tensor):
        raise _no_counterpart(f"numpy.{name}.at for a {type(target).__name__}")
    (v,) = map(as_operand, value)
    target[...] = target.at[key].add(v if name == "add" else -v)


def _into(out: tuple[Any, ...], result: Any, name: str) -> Any:
    """``out=``: a Tensor is rebound; an array takes the value of what no tape follows."""
    if len(out) != 1:
        raise _no_counterpart(f"numpy.{name} with several out=")
    (target,) = out
    if isinstance(target, Tensor):
        if target.shape != result.shape:
            raise ArgumentError(
                f"numpy.{name}: out has shape {target.shape}, but the result has {result.shape}. "
                "Use an out of that shape, or the result itself."
            )
        target[...] = result
    elif is_array(target) and not protocols.is_followed(result):
        target[...] = cast_within_kind(result.array, target.dtype, f"numpy.{name}: result", "out")
    else:
        raise ArgumentTypeError(
            f"numpy.{name} with out= of type {type(target).__name__}: the gradient would be lost. "
            "Use the result instead, or a Tensor as out."
        )
    return target


def _no_counterpart(what: str) -> ArgumentTypeError:
    return ArgumentTypeError(
        f"{what} has no counterpart in xgrad, and computing it in NumPy would silently lose the "
        "gradient. Use .numpy() to leave xgrad on purpose, or xg functions."
    )
