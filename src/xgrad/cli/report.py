"""What the demo says in words and figures: the confusion matrix, the summary, the JSON file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["confusion_matrix", "summarize", "write_atomically", "write_json"]


def confusion_matrix(
    labels: Sequence[int], predicted: Sequence[int], classes: int
) -> list[list[int]]:
    """Count how often each class (row) was taken for each class (column)."""
    matrix = [[0] * classes for _ in range(classes)]
    for true, guess in zip(labels, predicted, strict=True):
        matrix[true][guess] += 1
    return matrix


def summarize(metrics: dict[str, Any]) -> str:
    """Write the confusion matrix and the test accuracy as a text."""
    matrix = metrics["confusion_matrix"]
    right = sum(matrix[i][i] for i in range(len(matrix)))
    total = sum(map(sum, matrix))
    epochs = f"{metrics['epochs']} epoch{'s' if metrics['epochs'] > 1 else ''}"
    return (
        f"\n{_table(matrix)}\n\n"
        f"test accuracy {metrics['test_accuracy']:.2%} ({right} of {total}) after {epochs} "
        f"in {metrics['seconds']:.1f} s on {metrics['device']}"
    )


def _table(matrix: list[list[int]]) -> str:
    """Set the matrix with its shares of right answers; a dot is a zero."""
    classes = range(len(matrix))
    width = max(5, 1 + len(str(max(map(max, matrix)))))
    columns = [sum(row[i] for row in matrix) for i in classes]

    def line(name: str, cells: list[str], share: str) -> str:
        return f"{name:>11} |{''.join(f'{cell:>{width}}' for cell in cells)} | {share:>8}"

    lines = [line("predicted", [str(i) for i in classes], "recall %")]
    lines.append("-" * 12 + "+" + "-" * (width * len(matrix) + 1) + "+" + "-" * 9)
    for i, row in enumerate(matrix):
        name = f"true {i}"
        lines.append(line(name, [str(n) if n else "." for n in row], _share(row[i], sum(row))))
    lines.append(lines[1])
    shares = [_share(matrix[i][i], columns[i]) for i in classes]
    lines.append(line("precision %", shares, ""))
    return "\n".join(text.rstrip() for text in lines)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}" if whole else "-"


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, atomically."""
    text = json.dumps(value, indent=1) + "\n"
    write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside its place and move it there, so that nobody ever sees half a file."""
    place = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(place)
        place.replace(path)
    finally:
        place.unlink(missing_ok=True)
