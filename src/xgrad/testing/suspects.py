"""Who is at fault: each operation of a function by itself, its rules against its own values.

The function runs once more while somebody looks (core/inspection.py). Every operation's derivatives
are then compared with differences of that operation alone, at the very operands it had. Where all
of them are right, something that is not recorded is to blame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..core.casting import is_inexact
from ..core.dispatch import apply
from ..core.inspection import Event
from ..core.instructions import PRIMITIVES
from ..core.node import Cut, Where
from ..core.observers import show_line
from ..core.primitive import Kind
from ..core.tensor import Tensor
from ..interpreters.tape import GradientTape
from .comparison import Limits, mismatches, written
from .subject import Subject
from .witness import operations_of

__all__ = ["suspects_of"]

_OPERATIONS = 200  # looked at, at most
_LIMITS = Limits(None, None, max_elements=20, seed=0)


def suspects_of(subject: Subject, order: int, modes: Sequence[str]) -> tuple[str, ...]:
    """Find what is most likely at fault, a sentence each, the earliest operation first."""
    with GradientTape() as tape:
        xs = [Tensor(x.raw) for x in subject.points]
        tape.watch(xs)
        operations = operations_of(subject.f, *xs)
    found: dict[str, None] = {}
    for event, where in operations[:_OPERATIONS]:
        sentence = _fault(event, show_line(where), order, modes)
        if sentence:
            found[sentence] = None
    return tuple(found) or tuple(_unrecorded(operations, tape))


def _fault(event: Event, line: str, order: int, modes: Sequence[str]) -> str:
    """Say what is wrong with the rules of one operation."""
    primitive = event.primitive
    if PRIMITIVES.get(primitive.name) is not primitive:
        return f"{primitive.name}{line}, which has a rule of its own"
    if primitive.kind is Kind.CONSTANT or type(event.node) is Cut or event.node is None:
        return ""
    subject = _operation_alone(event)
    for wrong in mismatches(subject, order, modes, _LIMITS):
        what = f"its rule for {wrong.name}" if wrong.mode == "reverse" else "its forward mode"
        return (
            f"{primitive.name}{line}: {what} gives {written(wrong.claimed)} where {wrong.way} of "
            f"{primitive.name} alone give {written(wrong.numerical)}{wrong.over}"
        )
    return ""


def _operation_alone(event: Event) -> Subject:
    """Take an operation as a function of those operands that have rules."""
    primitive, operands = event.primitive, event.arrays
    last = len(primitive.operands) - 1
    names = [
        f"{primitive.operands[last]}[{i - last}]"
        if primitive.starred and i >= last
        else primitive.operands[i]
        for i in range(len(operands))
    ]
    free = [
        i
        for i, x in enumerate(operands)
        if hasattr(x, "shape") and names[i].partition("[")[0] in primitive.rules
    ]

    def run(*values: Tensor) -> object:
        given = list(operands)
        for i, x in zip(free, values, strict=True):
            given[i] = x
        return apply(primitive, given, event.parameters)

    subject = Subject(run, [operands[i] for i in free])
    subject.names = [names[i] for i in free if is_inexact(operands[i].dtype)]
    return subject


def _unrecorded(operations: list[tuple[Event, Where]], tape: GradientTape) -> Iterator[str]:
    """Name what no tape can follow, though the value depends on it."""
    nothing = True
    for event, where in operations:
        floating = is_inexact(event.results[0].dtype) or event.primitive.name == "cast"
        if type(event.node) is Cut and event.primitive.kind is Kind.CONSTANT and floating:
            nothing = False
            yield f"{event.primitive.name}{show_line(where)}, which cuts the path"
    for exit_ in tape.alone[0].left or ():
        nothing = False
        yield f"a value that {exit_.how}{show_line(exit_.where)}"
    if nothing:
        yield (
            "no rule by itself. Is there a kink at this point, or does the value depend on an "
            "argument in a way that xgrad does not see?"
        )
