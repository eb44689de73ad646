"""Compiled ufuncs against SciPy's and NumPy's, function by function: what an element costs.

Nanoseconds per element on one thread, of 65,536 normal numbers in float32 and float64, into memory that
is there; both take turns in one run (docs/decisions/0048-ufuncs-of-our-own.md).

    python benchmarks/ufuncs.py
"""

from __future__ import annotations

import _timing

_timing.fix_threads(1)

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special

from xgrad.backends.numpy_ufuncs import UFUNCS

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE, CALLS = 1 << 16, 10
THEIRS: dict[str, Callable[..., Any]] = {
    "erf": scipy.special.erf,
    "erfc": scipy.special.erfc,
    "expit": scipy.special.expit,
    "log_expit": scipy.special.log_expit,
    "ndtr": scipy.special.ndtr,
    "softplus": lambda x, out: np.logaddexp(0, x, out=out),
    "relu": lambda x, out: np.maximum(x, 0, out=out),
}


def row(name: str, dtype: type) -> list[str]:
    """Measure one function in one dtype."""
    x = np.random.default_rng(0).normal(size=SIZE).astype(dtype)
    out = np.empty_like(x)
    calls = {"ours": lambda: UFUNCS[name](x, out), "theirs": lambda: THEIRS[name](x, out=out)}
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(15):
        for who, call in calls.items():
            seconds, _ = _timing.time_block(call, CALLS)
            best[who] = min(best[who], seconds / CALLS)
    each = {who: 1e9 * seconds / SIZE for who, seconds in best.items()}
    ratio = each["ours"] / each["theirs"]
    numbers = [f"{each['theirs']:.2f}", f"{each['ours']:.2f}", f"{ratio:.2f}"]
    return [name, np.dtype(dtype).name, *numbers]


def main() -> None:
    """Print a row for each function and dtype."""
    if not UFUNCS:
        print("nothing was compiled here, or XGRAD_SPEEDUPS=0")
        return
    _timing.print_machine(_timing.describe_machine(1))
    rows = [row(name, dtype) for name in THEIRS for dtype in (np.float32, np.float64)]
    _timing.print_table(["function", "dtype", "SciPy or NumPy, ns", "ours, ns", "ratio"], rows)


if __name__ == "__main__":
    main()
