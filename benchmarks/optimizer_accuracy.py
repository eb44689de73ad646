"""Ten steps of every optimizer and option, next to Keras 3 and to recurrences in float64.

The cases are those of tests/optimizer_cases.py and the recurrences those of
tests/optimizer_references.py, plain NumPy after the papers; the gradients depend on the values, so an
error in one step is in all that follow. A deviation is the largest of a variable, relative to its largest
value. Keras turns numbers such as 0.999 into float32 first: that limits how well anybody can agree with
it. The last column compares sparse gradients, with rows that repeat, with dense ones.

    python benchmarks/optimizer_accuracy.py [--all]
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import _timing
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from optimizer_cases import ALL
from optimizer_references import train

import xgrad as xg

STEPS = 10
RNG = np.random.default_rng(8)
VALUES = [RNG.normal(size=(3, 4)), RNG.normal(size=5)]
SLOPES = [RNG.uniform(0.5, 2.0, size=w.shape) for w in VALUES]
LIMITS = {"Keras": 1e-5, "float64": 1e-12, "sparse": 1e-12}


def gradient(call: int, i: int, w: np.ndarray) -> np.ndarray:
    """Compute the gradient of a bowl that is pushed around."""
    return SLOPES[i] * w + np.sin(call + 3 * i)


def deviation(found: Sequence[Any], expected: Sequence[Any]) -> float:
    """Compare variable by variable; relative to the largest value of each."""
    pairs = [(np.asarray(x), np.asarray(y)) for x, y in zip(found, expected, strict=True)]
    return max(float(np.max(np.abs(x - y)) / np.max(np.abs(y))) for x, y in pairs)


def take_steps(optimizer: Any, variables: Sequence[Any], dtype: str, scale: float = 1.0) -> Any:
    """Take ten steps, with gradients that the present values give."""
    for call in range(STEPS):
        grads = [gradient(call, i, np.asarray(v)) * scale for i, v in enumerate(variables)]
        optimizer.apply([g.astype(dtype) for g in grads], variables)
    return [np.asarray(v) for v in variables]


def from_keras(keras: Any, kind: str, arguments: dict[str, Any]) -> float | None:
    """Compare with Keras; None where it cannot be asked."""
    if keras is None or kind == "ScheduleFreeAdamW":  # reads a momentum that it changed just before
        return None
    dtype = "float32" if kind == "Muon" else "float64"  # its Muon knows no other
    theirs = take_steps(
        getattr(keras.optimizers, kind)(**arguments),
        [keras.Variable(w, dtype=dtype) for w in VALUES],
        dtype,
    )
    ours = take_steps(
        getattr(xg.optimizers, kind)(**arguments),
        [xg.Variable(w, dtype=dtype) for w in VALUES],
        dtype,
    )
    return deviation(ours, theirs)


def from_recurrence(kind: str, arguments: dict[str, Any]) -> float:
    """Compare with the recurrence of the paper."""
    ours = take_steps(
        getattr(xg.optimizers, kind)(**arguments),
        [xg.Variable(w) for w in VALUES],
        "float64",
        arguments.get("loss_scale_factor", 1.0),
    )
    return deviation(ours, train(kind, gradient, VALUES, STEPS, **arguments))


def from_dense(kind: str, arguments: dict[str, Any]) -> float:
    """Compare gradients of repeated rows with the same gradients as whole arrays."""
    rng = np.random.default_rng(12)
    start = rng.normal(size=(6, 3))
    sparse, dense = xg.Variable(start), xg.Variable(start)
    one, other = (getattr(xg.optimizers, kind)(**arguments) for _ in range(2))
    for _ in range(STEPS):
        rows = xg.IndexedSlices(rng.normal(size=(5, 3)), rng.integers(0, 4, size=5), (6, 3))
        one.apply([rows], [sparse])
        other.apply([rows.numpy()], [dense])
    return deviation([sparse], [dense])


def find_keras() -> Any:
    """Import Keras on TensorFlow, or None."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import keras
    except ImportError:
        print("note: keras is not installed and left out")
        return None
    return keras


def compare(
    keras: Any, cases: Iterable[tuple[str, Any]]
) -> list[tuple[str, str, list[float | None]]]:
    """Make a row per case: the optimizer, its arguments, the three deviations."""
    rows: list[tuple[str, str, list[float | None]]] = []
    for kind, own in cases:
        arguments = {"learning_rate": 0.01, **own}
        deviations = [
            from_keras(keras, kind, arguments),
            from_recurrence(kind, arguments),
            from_dense(kind, arguments),
        ]
        shown = ", ".join(f"{k}={v}" for k, v in own.items())
        rows.append((kind, shown, deviations))
    return rows


def worst(rows: Sequence[tuple[str, str, list[float | None]]]) -> list[float | None]:
    """Find the largest of each column."""
    columns = zip(*(row[2] for row in rows), strict=True)
    known = [[x for x in column if x is not None] for column in columns]
    return [max(column) if column else None for column in known]


def main() -> int:
    """Compare, print and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="a row for each case")
    parser.add_argument(
        "--peers", nargs="*", choices=("keras",), default=("keras",), help="default: all"
    )
    parser.add_argument("--quick", action="store_true", help="one case of each: shows that it runs")
    arguments = parser.parse_args()
    _timing.print_machine(_timing.describe_machine(1))
    keras = find_keras() if arguments.peers else None
    if keras is not None:
        print(f"Keras {keras.version()}")
    rows = compare(keras, dict(ALL).items() if arguments.quick else ALL)
    shown: list[list[str]] = []
    text = lambda values: ["" if x is None else f"{x:.1e}" for x in values]
    if arguments.all:
        shown = [[kind, own, *text(values)] for kind, own, values in rows]
    else:
        for kind in dict.fromkeys(row[0] for row in rows):
            group = [row for row in rows if row[0] == kind]
            shown.append([kind, str(len(group)), *text(worst(group))])
    _timing.print_table(["optimizer", "arguments" if arguments.all else "cases", *LIMITS], shown)
    found = worst(rows)
    good = all(x is None or x <= limit for x, limit in zip(found, LIMITS.values(), strict=True))
    limits = ", ".join(f"{name} {limit:.0e}" for name, limit in LIMITS.items())
    print(f"  worst of {len(rows)} cases: {', '.join(text(found))}; at most {limits}: ", end="")
    print("good" if good else "BAD")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
