"""What an elementwise instruction is in CUDA C++: one line, of its operands' names.

Operands are converted before, as the standard says: to the result's dtype, and where the result is a
truth value to what they have in common. What has no line here is not fused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .cupy_activations import VALUES
from .fused import REDUCTIONS, Fused, Step

__all__ = ["MOST_ARRAYS", "c_type", "can_fuse", "line", "operand"]

# The dtypes of values in kernels, and what C++ calls them.
_TYPES = {
    "bool": "bool",
    "int32": "int",
    "int64": "long long",
    "float32": "float",
    "float64": "double",
}
MOST_ARRAYS = 40  # the arguments of a kernel must fit into four kilobytes

# Of floats only; {0}, {1} are operands and T is the result's type. A NaN stays one.
_FLOATING = {
    "abs": "fabs({0})",
    "divide": "{0} / {1}",
    "expit": "T(1) / (T(1) + exp(-{0}))",
    "ndtr": "T(0.5) * erfc({0} * T(-0.7071067811865476))",
    "reciprocal": "T(1) / {0}",
    "round": "rint({0})",
    "sign": "({0} != {0}) ? {0} : T(({0} > T(0)) - ({0} < T(0)))",
    "zero_where_zero": "({0} - {0} == T(0) || {1} != T(0)) ? {0} : T(0)",
}
_FLOATING |= {
    name: f"{name}({{0}})"
    for name in (
        *("acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "erf", "erfc"),
        *("exp", "expm1", "floor", "log", "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan"),
        *("tanh", "trunc"),
    )
}
_FLOATING |= {name: f"{name}({{0}}, {{1}})" for name in ("atan2", "copysign", "hypot", "pow")}
_NUMERIC = {
    "add": "{0} + {1}",
    "clip_lower": "({0} != {0} || {0} > {1}) ? {0} : {1}",
    "clip_upper": "({0} != {0} || {0} < {1}) ? {0} : {1}",
    "maximum": "({0} != {0} || {0} > {1}) ? {0} : {1}",
    "minimum": "({0} != {0} || {0} < {1}) ? {0} : {1}",
    "multiply": "{0} * {1}",
    "negative": "-{0}",
    "positive": "{0}",
    "relu": "({0} != {0} || {0} > T(0)) ? {0} : T(0)",
    "square": "{0} * {0}",
    "subtract": "{0} - {1}",
}
_ANY = {
    "astype": "{0}",
    "cast": "{0}",
    "copy": "{0}",
    "stop_gradient": "{0}",
    "where": "{0} ? {1} : {2}",
}
_COMPARISONS = {
    "equal": "{0} == {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "isfinite": "{0} - {0} == 0",
    "isinf": "{0} == {0} && {0} - {0} != 0",
    "isnan": "{0} != {0}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "not_equal": "{0} != {1}",
}
_LOGICAL = {
    "logical_and": "{0} && {1}",
    "logical_not": "!{0}",
    "logical_or": "{0} || {1}",
    "logical_xor": "{0} != {1}",
}
_LOGICAL |= {
    name.replace("logical", "bitwise").replace("not", "invert"): text
    for name, text in _LOGICAL.items()
}
_ACTIVATIONS = ("activate", "activate_sum", "squash_sum")
_TEXTS = {**_FLOATING, **_NUMERIC, **_ANY, **_COMPARISONS, **_LOGICAL}


def can_fuse(name: str, operands: Sequence[Any], result: Any) -> bool:
    """Whether there is a line for an instruction on these dtypes (None for Python numbers)."""
    names = [np.dtype(dtype).name for dtype in (*operands, result) if dtype is not None]
    if any(n not in _TYPES for n in names):
        return False
    kind = str(np.dtype(result).kind)
    if name in _FLOATING or name in _ACTIVATIONS or name == "power":
        return kind == "f"
    if name in _NUMERIC or name in REDUCTIONS:
        return kind in "fi"
    if name in _LOGICAL and name.startswith("bitwise"):
        return kind == "b"
    if name in ("astype", "cast"):  # C++ rounds and wraps otherwise than NumPy promises
        return kind != "i"
    return name in _TEXTS


def _name(group: Fused, number: int) -> str:
    return str(np.dtype(group.dtypes[number]).name)


def c_type(group: Fused, number: int) -> str:
    """What C++ calls the dtype of a value."""
    return _TYPES[_name(group, number)]


def line(step: Step, group: Fused, places: dict[int, int]) -> str:
    """What an instruction is in C++: inputs are called by their places, ``x0``, values ``v3``."""
    result = np.dtype(group.dtypes[step.result])
    wanted = _operand_types(step, group, result)
    operands = [
        operand(x, kind, group, places) for x, kind in zip(step.operands, wanted, strict=True)
    ]
    kind = _TYPES[result.name]
    if step.name in _ACTIVATIONS:
        text = _activated(" + ".join(operands), step.parameters["function"])
    elif step.name == "power":
        text = _power(operands[0], step.parameters["exponent"])
    else:
        text = _TEXTS[step.name].format(*operands)
    return f"const {kind} v{step.result} = {text.replace('T(', f'({kind})(')};"


def _activated(x: str, function: str) -> str:
    """The text of cupy_activations.py, of an expression."""
    return VALUES[function].replace("C(", "T(").replace("z", f"({x})")


def _power(x: str, exponent: float) -> str:
    """As `x ** exponent` of arrays is computed."""
    short = {-1.0: f"T(1) / {x}", 0.5: f"sqrt({x})", 1.0: x, 2.0: f"{x} * {x}"}
    return short.get(float(exponent), f"pow({x}, T({float(exponent)!r}))")


def _operand_types(step: Step, group: Fused, result: Any) -> list[Any]:
    """The dtypes that operands are converted to; None leaves them as they are."""
    count = len(step.operands)
    if step.name in _LOGICAL:
        return [np.dtype(bool)] * count
    if step.name == "where":
        return [np.dtype(bool), result, result]
    if step.name in ("astype", "cast"):
        return [None]
    if step.name in _COMPARISONS:
        arrays = [group.dtypes[x] for x in step.operands if not isinstance(x, tuple)]
        numbers = [x[0] for x in step.operands if isinstance(x, tuple)]
        return [np.result_type(*arrays, *numbers)] * count
    return [result] * count


def operand(x: Any, dtype: Any, group: Fused, places: dict[int, int]) -> str:
    """A value or a number in C++, converted to a dtype; None leaves it as it is."""
    if isinstance(x, tuple):
        return f"({_TYPES[dtype.name]})({_number(x[0])})"
    name = f"x{places[x]}" if x in places else f"v{x}"
    if dtype is None or np.dtype(group.dtypes[x]) == dtype:
        return name
    return f"({_TYPES[dtype.name]})({name})"


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}LL"
    if math.isfinite(value):
        return repr(value)
    return "(0.0 / 0.0)" if math.isnan(value) else f"({math.copysign(1.0, value)} / 0.0)"
