"""A list of ufuncs of one dtype (blocks.py) as lines of C++, one each."""

from __future__ import annotations

from .blocks import Listing, Symbol

__all__ = ["written"]

# C++ of numpy's ufuncs; those that the language has by the same name need no line.
_TEXTS = {
    "absolute": "fabs({0})",
    "add": "{0} + {1}",
    "divide": "{0} / {1}",
    "maximum": "({0} != {0} || {0} > {1}) ? {0} : {1}",  # a NaN stays one
    "minimum": "({0} != {0} || {0} < {1}) ? {0} : {1}",
    "multiply": "{0} * {1}",
    "negative": "-{0}",
    "positive": "{0}",
    "power": "pow({0}, {1})",
    "reciprocal": "T(1) / {0}",
    "sign": "{0} != {0} ? {0} : T(({0} > T(0)) - ({0} < T(0)))",
    "square": "{0} * {0}",
    "subtract": "{0} - {1}",
    "_zero": "T(0)",
}
_SAME = ("ceil", "cos", "exp", "expm1", "floor", "log", "log1p", "sin", "sqrt", "tanh", "trunc")


def written(
    listing: Listing, results: list[Symbol], arrays: int, numbers: int
) -> tuple[list[str], list[str]]:
    """The lines, and what the results are called; arrays are ``x0``..., numbers ``c0``..., type T."""
    names = {i: f"x{i}" for i in range(arrays)}
    names |= {arrays + i: f"c{i}" for i in range(numbers)}
    names |= {i: f"T({float(value)!r})" for i, value in listing.constants.items()}
    lines = []
    for step in listing.steps:
        name = step.function.__name__
        text = f"{name}({{0}})" if name in _SAME else _TEXTS[name]
        value = text.format(*(names[i] for i in step.operands))
        names[step.result] = f"t{step.result}"
        lines.append(f"const T t{step.result} = {value};")
    return lines, [names[r.number] for r in results]
