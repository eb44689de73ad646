"""What a run of instructions on small arrays is to a compiler, and which instructions it knows.

An instruction over elements is a line of Python on numbers, which numba compiles; dtypes are those
of NumPy in each line, so float32 stays float32. What has no line here stays a call of NumPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._typing import DType, Shape
from .fused import Step
from .numpy_kernels import ufunc_of

__all__ = ["MOVES", "Small", "can_compile", "extra_nanoseconds", "line_of", "operand_dtypes"]

# numpy's names for functions of elements. {0}, {1}, {2} are operands, and T is the result's dtype;
# functions that have no other place are in backends/numba.py.
_LINES = {
    "absolute": "abs({0})",
    "add": "{0} + {1}",
    "arctan2": "T(atan2({0}, {1}))",
    "ceil": "T(ceil({0}))",
    "copysign": "T(copysign({0}, {1}))",
    "divide": "{0} / {1}",
    "floor": "T(floor({0}))",
    "maximum": "larger({0}, {1})",
    "minimum": "smaller({0}, {1})",
    "multiply": "{0} * {1}",
    "negative": "-{0}",
    "positive": "{0}",
    "conjugate": "{0}",
    "power": "T(pow({0}, {1}))",
    "reciprocal": "T(1) / {0}",
    "rint": "T(rint({0}))",
    "sign": "{0} if {0} != {0} else T({0} > T(0)) - T({0} < T(0))",
    "square": "{0} * {0}",
    "subtract": "{0} - {1}",
    "trunc": "T(trunc({0}))",
    "where": "pick({0}, {1}, {2})",
    "zero_where_zero": "guarded({0}, {1}, T(0))",
    "astype": "{0}",
}
_QUICK = frozenset(_LINES)
_FUNCTIONS: tuple[str, ...] = (
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cos",
    "cosh",
    "exp",
    "expm1",
)
_FUNCTIONS += ("log", "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh")
_LINES |= {
    name.replace("a", "arc", 1) if name[0] == "a" else name: f"T({name}({{0}}))"
    for name in _FUNCTIONS
}
_SLOW = {"arctan2", "power", *(name for name in _LINES if name not in _QUICK)}
_COMPARISONS = {
    "equal": "{0} == {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "isfinite": "{0} - {0} == {0} - {0}",
    "isinf": "({0} == {0}) & ({0} - {0} != {0} - {0})",
    "isnan": "{0} != {0}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "not_equal": "{0} != {1}",
}
_LOGICAL = {
    "logical_and": "{0} & {1}",
    "logical_not": "not {0}",
    "logical_or": "{0} | {1}",
    "logical_xor": "{0} != {1}",
}
_BITWISE = {
    "bitwise_and": "{0} & {1}",
    "bitwise_or": "{0} | {1}",
    "bitwise_xor": "{0} != {1}",
    "invert": "not {0}",
}
_LINES |= _COMPARISONS | _LOGICAL | _BITWISE
_COPIES = ("astype", "cast", "copy")
_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
_BOOL = np.dtype(bool)

MOVES = ("broadcast_to", "flip", "getitem", "matrix_transpose", "permute_dims", "reshape")

# Nanoseconds per element that a function takes longer than in NumPy's vectorised loops, in float32 and
# in float64, on a machine with AVX-512 (benchmarks/small.py measures them); less on others.
_EXTRA = {
    "arccos": (10.0, 2.5),
    "arcsin": (3.5, 2.5),
    "arctan": (4.5, 6.0),
    "arctan2": (12.0, 15.0),
    "cos": (2.0, 0.0),
    "exp": (2.0, 3.5),
    "expm1": (8.0, 4.0),
    "log": (2.0, 3.5),
    "log1p": (6.0, 5.5),
    "log2": (2.0, 2.5),
    "power": (4.5, 15.0),
    "sin": (2.0, 0.0),
    "sinh": (15.0, 13.0),
    "sqrt": (0.0, 0.0),
}
_EXTRA_OF_OTHERS = (10.0, 9.0)


class Small(NamedTuple):
    """Instructions on small arrays that run as one function.

    Attributes
    ----------
    loops : tuple of tuple of Step
        In order: several steps over the elements of one shape, or a single move or sum.
    specs : dict
        Shape and dtype of every value, by number.
    inputs : tuple of int
        What is given.
    flat : frozenset of int
        The inputs whose elements are known to lie in order: they are given without their shape.
    outputs : tuple of int
        What is wanted of what the steps define; memory in order is given for it.
    """

    loops: tuple[tuple[Step, ...], ...]
    specs: dict[int, tuple[Shape, DType]]
    inputs: tuple[int, ...]
    flat: frozenset[int]
    outputs: tuple[int, ...]


def can_compile(
    name: str, parameters: dict[str, Any], operands: Sequence[Any], result: DType
) -> bool:
    """Whether there is a line for an instruction.

    `operands` are dtypes, or tuples of one Python number."""
    dtypes = [x for x in operands if not isinstance(x, tuple)]
    numbers = [x[0] for x in operands if isinstance(x, tuple)]
    if any(dtype not in (*_DTYPES, _BOOL) for dtype in (*dtypes, result)):
        return False
    if any(type(x) not in (bool, int, float) for x in numbers) or not dtypes:
        return False
    if name in MOVES:
        return not numbers and len(dtypes) == 1
    if name == "sum":
        return result in _DTYPES and dtypes == [result]
    found = _name(name, parameters)
    if not math.isfinite(parameters.get("exponent", 0)):
        return False
    if found in _COMPARISONS:
        return all(dtype in _DTYPES for dtype in dtypes)
    if found in _BITWISE:
        return all(dtype == _BOOL for dtype in (*dtypes, result))
    if found in _LOGICAL or found in ("astype", "where"):
        return True
    return found in _LINES and result in _DTYPES


def _name(name: str, parameters: dict[str, Any]) -> str | None:
    """What is computed, in numpy's words."""
    if name in _COPIES:
        return "astype"
    if name in ("where", "zero_where_zero"):
        return name
    found = ufunc_of(name, parameters)
    return None if found is None else str(found[0].__name__)


def line_of(step: Step, operands: Sequence[str], result: DType) -> str:
    """The expression of a step, given those of its operands in `operand_dtypes`."""
    found = ufunc_of(step.name, step.parameters)
    cast = np.dtype(result).name
    more = [] if found is None else [f"{cast}({float(x)!r})" for x in found[1]]
    text = _LINES[str(_name(step.name, step.parameters))]
    return text.replace("T(", f"{cast}(").format(*operands, *more)


def operand_dtypes(step: Step, dtypes: dict[int, DType]) -> list[DType | None]:
    """What operands are converted to first, as numpy does; None leaves one as it is."""
    count, result = len(step.operands), dtypes[step.result]
    found = _name(step.name, step.parameters)
    if found in _LOGICAL:
        return [_BOOL] * count
    if found == "where":
        return [_BOOL, result, result]
    if found == "zero_where_zero":
        return [result, None]
    if found in _COMPARISONS:
        arrays = [dtypes[x] for x in step.operands if not isinstance(x, tuple)]
        return [
            np.result_type(*arrays, *[x[0] for x in step.operands if isinstance(x, tuple)])
        ] * count
    return [result] * count


def extra_nanoseconds(name: str, parameters: dict[str, Any], dtype: DType) -> float:
    """What an element costs more than in numpy's own loops."""
    found = _name(name, parameters)
    if found not in _SLOW:
        return 0.0
    return _EXTRA.get(found, _EXTRA_OF_OTHERS)[np.dtype(dtype).itemsize == 8]
