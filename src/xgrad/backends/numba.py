"""numba, the compiler for runs of instructions on small arrays; imported when it is first needed.

No fastmath: every line rounds as it does in NumPy, but for functions such as tanh, which come from
the C library here."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .small_text import Text

__all__ = ["compiled", "is_installed"]

_FROM_MATH: tuple[str, ...] = (
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "copysign",
    "cos",
    "cosh",
)
_FROM_MATH += (
    "exp",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "pow",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
)
_FROM_NUMPY = ("ceil", "floor", "float32", "float64", "rint", "trunc")

# Functions compile in half the time of branches, and end up as the same code. A NaN stays one.
_HELPERS = """
def guarded(r, g, zero):
    return r if (r - r == zero) | (g != zero) else zero

def larger(x1, x2):
    return x1 if (x1 != x1) | (x1 > x2) else x2

def smaller(x1, x2):
    return x1 if (x1 != x1) | (x1 < x2) else x2

def pick(condition, x1, x2):
    return x1 if condition else x2

def sum_run(x, start, count):
    if count < 8:
        total = x[start]
        for i in range(1, count):
            total += x[start + i]
        return total
    r0, r1, r2, r3 = x[start], x[start + 1], x[start + 2], x[start + 3]
    r4, r5, r6, r7 = x[start + 4], x[start + 5], x[start + 6], x[start + 7]
    full = count // 8 * 8
    for i in range(start + 8, start + full, 8):
        r0 += x[i]
        r1 += x[i + 1]
        r2 += x[i + 2]
        r3 += x[i + 3]
        r4 += x[i + 4]
        r5 += x[i + 5]
        r6 += x[i + 6]
        r7 += x[i + 7]
    total = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7))
    for i in range(start + full, start + count):
        total += x[i]
    return total

def sum_halves(x, start, count):
    if count <= 128:
        return sum_run(x, start, count)
    half = count // 2 // 8 * 8
    return sum_halves(x, start, half) + sum_halves(x, start + half, count - half)
"""

_made: dict[Text, Callable[..., None]] = {}
_lock = threading.RLock()
_helpers: dict[str, Any] = {}


@functools.cache
def is_installed() -> bool:
    """Whether numba could be imported; does not import it."""
    return importlib.util.find_spec("numba") is not None


def compiled(text: Text) -> Callable[..., None]:
    """The machine code of a text, made once.

    Raises
    ------
    Exception
        Whatever numba raises where it does not know something, or is broken."""
    with _lock:
        if text not in _made:
            _made[text] = _compile(text)
        return _made[text]


def _compile(text: Text) -> Callable[..., None]:
    numba = importlib.import_module("numba")
    if numba.config.DISABLE_JIT:
        raise RuntimeError("numba is told not to compile (NUMBA_DISABLE_JIT)")
    if not _helpers:
        scope: dict[str, Any] = {}
        exec(compile(_HELPERS, "<xgrad helpers>", "exec"), scope)  # noqa: S102 - our own source
        for name in ("guarded", "larger", "smaller", "pick", "sum_run", "sum_halves"):
            scope[name] = _helpers[name] = numba.njit(scope[name], error_model="numpy")
    scope = {
        **{name: getattr(math, name) for name in _FROM_MATH},
        **{name: getattr(np, name) for name in _FROM_NUMPY},
        **_helpers,
    }
    for name, dtype, spelling in text.numbers:
        scope[name] = _constant(spelling, dtype)
    exec(compile(text.source, "<xgrad small>", "exec"), scope)  # noqa: S102 - our own source
    signature = numba.void(*[_type(numba.types, *argument) for argument in text.arguments])
    made: Callable[..., None] = numba.njit([signature], error_model="numpy")(scope["run"])
    return made


def _constant(spelling: str, dtype: str) -> Any:
    value = spelling == "True" if spelling in ("True", "False") else float(spelling)
    return bool(value) if dtype == "bool" else np.asarray(value, dtype)[()]


def _type(types: Any, dtype: str, rank: int, layout: str) -> Any:
    element = types.boolean if dtype == "bool" else getattr(types, dtype)
    return types.Array(element, rank, "A" if layout == "any" else "C", readonly=layout != "written")
