"""Machine code against NumPy's loops, function by function: where `xg.function` uses numba, and where not.

For every function of elements that numba may compile: nanoseconds per element in its code and in
NumPy's, in float32 and float64, from the difference between 512 and 4,096 elements, in one run. The
table `_EXTRA` in src/xgrad/backends/small.py is made of these.

    python benchmarks/small.py
"""

from __future__ import annotations

import argparse

import _timing

_timing.fix_threads(1)

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from xgrad.backends import small
from xgrad.backends.fused import Step
from xgrad.backends.numba import compiled
from xgrad.backends.numpy_kernels import ufunc_of
from xgrad.backends.small_text import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

ONE = ("abs", "ceil", "cos", "cosh", "exp", "expm1", "floor", "log", "log10", "log1p", "log2")
ONE += ("negative", "reciprocal", "round", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh")
ONE += ("acos", "acosh", "asin", "asinh", "atan", "atanh", "trunc")
TWO = ("add", "atan2", "copysign", "divide", "maximum", "minimum", "multiply", "pow", "subtract")
FEW, MANY = 512, 4096


def seconds(call: Callable[[], Any]) -> float:
    """Take the least time of a call in seven blocks."""
    best = float("inf")
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(200):
            call()
        best = min(best, (time.perf_counter() - start) / 200)
    return best


def nanoseconds(name: str, operands: int, dtype: type) -> tuple[float, float]:
    """Per element: of machine code, and of NumPy."""
    found: dict[int, tuple[float, float]] = {}
    for size in (FEW, MANY):
        base = np.linspace(0.1, 0.9, size).astype(dtype) + (1 if name == "acosh" else 0)
        arrays = [base] * operands
        numbers = tuple(range(operands))
        specs = dict.fromkeys((*numbers, operands), ((size,), np.dtype(dtype)))
        step = Step(name, numbers, {}, operands)
        text = text_of(small.Small(((step,),), specs, numbers, frozenset(numbers), (operands,)))
        mine, out = compiled(text), np.empty_like(base)
        ufunc: Any = ufunc_of(name, {})[0]  # type: ignore[index]
        with np.errstate(all="ignore"):
            found[size] = (
                seconds(lambda: mine(*arrays, out)),  # noqa: B023 - used at once
                seconds(lambda: ufunc(*arrays, out=out)),  # noqa: B023
            )
    mine_ns, numpy_ns = (
        (many - few) / (MANY - FEW) * 1e9 for few, many in zip(found[FEW], found[MANY], strict=True)
    )
    return mine_ns, numpy_ns


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two functions: shows that it runs")
    functions = [*((n, 1) for n in ONE), *((n, 2) for n in TWO)]
    if parser.parse_args().quick:
        functions = [functions[0], functions[-1]]
    _timing.print_machine(_timing.describe_machine(1))
    rows = []
    for name, operands in functions:
        row = [name]
        for dtype in (np.float32, np.float64):
            mine, numpy = nanoseconds(name, operands, dtype)
            row += [f"{mine:.2f}", f"{numpy:.2f}", f"{mine - numpy:+.1f}"]
        rows.append(row)
    columns = ["numba f4", "numpy f4", "extra", "numba f8", "numpy f8", "extra"]
    _timing.print_table(["function", *columns], rows)


if __name__ == "__main__":
    main()
