"""The programs of the documents in compat/seeds/, taken out of their text, and what they show as output.

Where a document kept its line breaks, a program is the lines between two that are given. Where the
extraction from the web page lost them, the program is written down here with line breaks again, and
`restored` makes sure that the document has the very same text but for white space. Every other change
is an `Edit` with its reason."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "Edit",
    "assert_shows",
    "between",
    "document",
    "printed_by",
    "restored",
    "run",
    "squeezed",
]

SEEDS = Path(__file__).parent / "compat" / "seeds"


class Edit(NamedTuple):
    """A change to a program, and why."""

    old: str
    new: str
    reason: str


def document(number):
    """The text of a document."""
    (path,) = SEEDS.glob(f"{number}_*.txt")
    return path.read_text(encoding="utf-8")


def between(number, first, last, *, occurrence=0):
    """The lines from one that begins with `first` up to the next that begins with `last`, inclusive."""
    lines = document(number).splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith(first)]
    start = starts[occurrence]
    stop = next(i for i in range(start, len(lines)) if lines[i].startswith(last))
    return "\n".join(lines[start : stop + 1]) + "\n"


def restored(number, program):
    """The same program; it must be in the document, but for white space."""
    assert squeezed(program) in squeezed(document(number)), program
    return program


def squeezed(text):
    return "".join(text.split())


def edited(program, edits):
    for edit in edits:
        assert edit.old in program, edit
        assert edit.reason
        program = program.replace(edit.old, edit.new)
    return program


def run(program, tf, edits=(), names=None):
    """Run a program with a module in TensorFlow's place; returns its names and what it prints.

    A last line that is an expression is printed, as a notebook does. The document's own import of
    TensorFlow gives the module."""
    program = edited(program, edits)
    program = re.sub(r"^import tensorflow as tf$", "", program, flags=re.MULTILINE)
    namespace = {"tf": tf, "keras": getattr(tf, "keras", None)} if names is None else names
    tree = ast.parse(program)
    last = tree.body[-1]
    if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Constant):
        last.value = ast.Call(ast.Name("_show", ast.Load()), [last.value], [])
    namespace["_show"] = lambda value: None if value is None else print(repr(value))
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(ast.fix_missing_locations(tree), "<document>", "exec"), namespace)
    return namespace, output.getvalue()


def printed_by(program, tf, edits=(), names=None):
    """What a program prints."""
    return run(program, tf, edits, names)[1]


# -- comparing what is printed ---------------------------------------------------------------------

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
_TENSOR = [
    # TensorFlow's three ways, and ours.
    r"tf\.Tensor\((?P<value>.*?), shape=(?P<shape>\(.*?\)), dtype=(?P<dtype>\w+)\)",
    r"<tf\.Tensor: shape=(?P<shape>\(.*?\)), dtype=(?P<dtype>\w+), numpy=(?P<value>[^>]*)>",
    (
        r"<tf\.Variable '(?P<name>[^']*)' shape=(?P<shape>\(.*?\)) dtype=(?P<dtype>\w+), "
        r"numpy=(?P<value>[^>]*)>"
    ),
    r"<tf\.Tensor '[^']*' shape=(?P<shape>\(.*?\)) dtype=(?P<dtype>\w+)>",
    r"xg\.Tensor\((?P<value>.*?), shape=(?P<shape>\(.*?\)), dtype=(?P<dtype>\w+), device=[^)]*\)",
    (
        r"xg\.Variable\((?P<value>.*?), shape=(?P<shape>\(.*?\)), dtype=(?P<dtype>\w+), "
        r"device=\S*, name='(?P<name>[^']*)'\)"
    ),
    r"array\((?P<value>[^()]*?),?\s*dtype=(?P<dtype>\w+)\)",
]


class Shown(NamedTuple):
    """A value in printed text; a symbolic tensor has no numbers."""

    numbers: list[float] | None
    shape: str | None
    dtype: str | None
    name: str | None


def shown(text):
    """The values in printed text, other numbers, and the text around them without spaces."""
    values: list[Any] = []

    def take(match):
        found = match.groupdict()
        text = found.get("value")
        numbers = None if text is None else [float(n) for n in _NUMBER.findall(text)]
        values.append(Shown(numbers, found.get("shape"), found["dtype"], found.get("name")))
        return f"@{len(values) - 1}@"

    text = re.sub(r"np\.float32\(([^)]*)\)", r"\1", text)  # as NumPy printed numbers before 2.0
    for pattern in _TENSOR:
        text = re.sub(pattern, take, text, flags=re.DOTALL)
    order = [values[int(i)] for i in re.findall(r"@(\d+)@", text)]
    frame = squeezed(re.sub(r"@\d+@", "@", text))
    plain = [float(n) for n in _NUMBER.findall(frame)]
    return order, plain, _NUMBER.sub("#", frame)


def assert_shows(printed, expected):
    """What a program printed is what the document shows: values, shapes, dtypes, and structure."""
    found, plain, frame = shown(printed)
    wanted, numbers, around = shown(expected)
    assert frame == around
    np.testing.assert_allclose(plain, numbers, rtol=1e-6)
    for value, other in zip(found, wanted, strict=True):
        if other.numbers is not None:
            np.testing.assert_allclose(value.numbers, other.numbers, rtol=1e-6)
        for part in ("shape", "dtype", "name"):
            if getattr(other, part) is not None and getattr(value, part) is not None:
                assert getattr(value, part) == getattr(other, part)
