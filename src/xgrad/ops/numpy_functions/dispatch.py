"""NumPy's two protocols: ``np.sin(t)`` and ``np.sum(t, axis=0)`` give Tensors, recorded.

A function is looked up by its qualified name among those of the other files, a ufunc by its own;
then it gets the arguments as they came. Results are never views. What is not there raises TypeError
naming it, because NumPy would compute without gradients."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

from ..._typing import SCALAR_TYPES, DType
from ...backends import host, is_array, quiet
from ...core.casting import dtype_kind, refuse_worse_kind
from ...core.protocols import protocols
from ...core.spec import describe
from ...core.tensor import Tensor
from ...core.variable import Variable
from ...errors import ArgumentError, ArgumentTypeError
from ..rule_namespace import rule_namespace as xp
from .operands import choose, operands, refuse_cast
from .refused import no_counterpart
from .special import scipy_function
from .tables import FUNCTIONS
from .ufunc_methods import METHODS
from .ufuncs import UFUNCS

__all__ = ["apply_function", "apply_ufunc", "function_named"]

_IGNORED = ("order", "subok")


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """``__array_ufunc__``: calls, and the methods reduce, accumulate, reduceat, outer and at."""
    function = _ufunc(ufunc)
    if method == "__call__" and not options:
        return function(*operands(*inputs))
    name = ufunc.__name__
    out = options.pop("out", None)
    where = options.pop("where", True)
    dtype = options.pop("dtype", None)
    dtype = None if dtype is None else host().dtype(dtype)
    casting = options.pop("casting", "same_kind")
    for option in _IGNORED:
        options.pop(option, None)
    options = {k: v for k, v in options.items() if v is not None or k == "axis"}
    try:
        if method == "__call__":
            inputs = operands(*inputs)
            if dtype is not None:
                options["function"] = function
                function = functools.partial(_computed_in, name, dtype, casting)
            result = _call(function, inputs, where, options)
        elif method == "outer":
            result = METHODS[method](name, function, *inputs, **options)
            result = result if dtype is None else result.astype(dtype)
        elif method == "at":
            return METHODS[method](name, function, *inputs)
        else:
            options.update({"where": where} if where is not True else {})
            options.update({"dtype": dtype} if dtype is not None else {})
            result = METHODS[method](name, function, *inputs, **options)
    except TypeError as error:
        _refuse_unknown(error, f"numpy.{name if method == '__call__' else f'{name}.{method}'}")
        raise
    if out is None and where is True:
        return result
    if method != "__call__":
        where, casting = True, None
    return _written(out, result, name, where, casting)


def apply_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``__array_function__``: NumPy's other functions."""
    target = _function(function)
    try:
        return target(*args, **kwargs)
    except TypeError as error:
        _refuse_unknown(error, f"{function.__module__}.{function.__name__}")
        raise


@functools.cache
def _ufunc(ufunc: Any) -> Callable[..., Any]:
    """What to call for a ufunc; by name only if it is NumPy's or SciPy's own."""
    name = ufunc.__name__
    found = scipy_function(ufunc)
    if found is not None:
        return found
    namespace = host().namespace
    own = [getattr(place, name, None) for place in (namespace, namespace._core.umath)]
    if ufunc not in own:
        raise no_counterpart(f"the ufunc {name}")
    if name not in UFUNCS:
        raise no_counterpart(f"numpy.{name}")
    return UFUNCS[name]


@functools.cache
def _function(function: Any) -> Callable[..., Any]:
    """What to call for a function of NumPy's."""
    name = f"{function.__module__}.{function.__name__}"
    if name not in FUNCTIONS:
        raise no_counterpart(name)
    return _complete(FUNCTIONS[name], function.__name__)


def function_named(name: str) -> Callable[..., Any]:
    """What ``np.<name>`` is for Tensors, for those who call it themselves."""
    found = FUNCTIONS.get(f"numpy.{name}")
    return UFUNCS[name] if found is None else _complete(found, name)


def _complete(target: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A function with a meaning for ``out=``, if it has one."""
    parameters = inspect.signature(target).parameters
    if "out" not in parameters:
        return target
    by_position = parameters["out"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    return _with_out(target, list(parameters).index("out") if by_position else sys.maxsize, name)


def _with_out(target: Callable[..., Any], place: int, name: str) -> Callable[..., Any]:
    """The function with a meaning for ``out=``, which may also come by position."""

    def call(*args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        if len(args) > place:
            out, args = args[place], (*args[:place], None, *args[place + 1 :])
        result = target(*args, **kwargs)
        return result if out is None else _written((out,), result, name, True, None)

    return call


def _call(
    function: Callable[..., Any], inputs: tuple[Any, ...], where: Any, options: dict[str, Any]
) -> Any:
    """A ufunc's call with options."""
    if where is True:
        return function(*inputs, **options)
    with quiet():  # NumPy does not compute where the mask is false
        return function(*inputs, **options)


def _computed_in(
    name: str,
    dtype: DType,
    casting: str,
    *inputs: Any,
    function: Callable[..., Any],
    **options: Any,
) -> Any:
    """A ufunc's call with `dtype`, which NumPy computes in, so the operands are cast.

    Raises
    ------
    DTypeError
        If that loses more than precision, and `casting` does not allow it.
    """

    def cast(x: Any, what: str) -> Any:
        refuse_cast(x, dtype, casting, f"numpy.{name}: {what}", "the computation")
        return x if type(x) in SCALAR_TYPES else xp.asarray(x).astype(dtype)

    if dtype_kind(dtype) != "bool":
        inputs = tuple(cast(x, "an operand") for x in inputs)
    result = function(*inputs, **options)
    return result if isinstance(result, tuple) else cast(result, "the result")


def _written(
    out: tuple[Any, ...] | None, result: Any, name: str, where: Any, casting: str | None
) -> Any:
    """The result in the places of ``out=``, where a mask holds; without an out, zeros elsewhere."""
    results = result if isinstance(result, tuple) else (result,)
    if out is None:
        out = (None,) * len(results)
    targets = tuple(_into(t, r, name, where, casting) for t, r in zip(out, results, strict=True))
    return targets if isinstance(result, tuple) else targets[0]


def _into(target: Any, result: Any, name: str, where: Any, casting: str | None) -> Any:
    """One result in one target: a handle is rebound; an array takes what no tape follows."""
    if target is None:
        return choose(where, result, 0)
    if isinstance(target, (Tensor, Variable)):
        if target.shape != result.shape:
            raise ArgumentError(
                f"numpy.{name}: out has shape {target.shape}, but the result has {result.shape}. "
                "Use an out of that shape, or the result itself."
            )
        _refuse_cast(result, target, name, casting)
        target[...] = xp.astype(choose(where, result, target), target.dtype, copy=False)
        return target
    if not is_array(target):
        raise ArgumentTypeError(
            f"numpy.{name}: out must be a Tensor or an array, but is a {type(target).__name__}. "
            "Use the result instead."
        )
    if protocols.is_followed(result):
        raise ArgumentTypeError(
            f"numpy.{name}: the result {describe(result)} is followed by a GradientTape, and its "
            f"gradient would be lost in out, a {type(target).__name__}; `a += t` does the same. Use "
            "the result instead (a = a + t), or a Tensor as out."
        )
    _refuse_cast(result, target, name, casting)
    result = choose(where, result, target)
    target[...] = xp.astype(result, target.dtype, copy=False).raw
    return target


def _refuse_cast(result: Any, out: Any, name: str, casting: str | None) -> None:
    """Without a rule, as of reductions, numbers may become smaller ones of their kind."""
    what = f"numpy.{name}: the result"
    if casting is None:
        refuse_worse_kind(result, out.dtype, what, "out")
    else:
        refuse_cast(result, out.dtype, casting, what, "out")


def _refuse_unknown(error: TypeError, name: str) -> None:
    """Say in terms of NumPy's function that ours does not have an argument."""
    text = str(error)
    if "unexpected keyword argument" in text and text.count("'") == 2:
        raise no_counterpart(f"{name} with {text.split(chr(39))[1]}=") from error
