"""What is on a tape in figures: operations, and the arrays that it keeps for their gradients.

An array that several operations keep is counted once, for the first of them, and a view for the
array that it keeps alive, so that the parts add up to the total."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..backends import is_array
from ..backends.memory import bytes_of, owner_of
from ..core.node import Node
from ..core.observers import show_line
from ..core.primitive import NUMBER
from ..core.spec import Spec
from .graph import recorded_nodes
from .trace import Trace

__all__ = ["Share", "TapeStats", "stats_of"]


class Share(NamedTuple):
    """The share of one kind of operation, or of one line.

    Attributes
    ----------
    operations : int
    arrays : int
        How many arrays it keeps that no earlier operation does.
    bytes : int
        Their size.
    """

    operations: int
    arrays: int
    bytes: int


class TapeStats(NamedTuple):
    """What a tape holds at this moment; prints as a table.

    Attributes
    ----------
    operations : int
        Those whose results, or results of whose results, are alive.
    arrays, bytes : int
        What is kept for their gradients, every array once.
    variable_bytes : int
        How much of that are values of Variables, which would be there anyway.
    spared_bytes : int
        What recompute_grad did not keep.
    variables : int
        How many Variables are watched.
    by_op : dict of Share
        By the name of the operation, the largest first.
    by_line : dict of Share
        By ``file:line (text)``; empty unless ``xg.record_locations(True)``.
    """

    operations: int
    arrays: int
    bytes: int
    variable_bytes: int
    spared_bytes: int
    variables: int
    by_op: dict[str, Share]
    by_line: dict[str, Share]

    def __str__(self) -> str:
        text = (
            f"operations: {self.operations}, arrays kept for gradients: {self.arrays}, "
            f"{_size(self.bytes)} (of which values of Variables: {_size(self.variable_bytes)})"
        )
        if self.spared_bytes:
            text += f"\nspared by recompute_grad: {_size(self.spared_bytes)}"
        if self.by_op:
            text += f"\n\n{_table('op', self.by_op, self.bytes)}"
        if self.by_line:
            text += f"\n\n{_table('line', self.by_line, self.bytes)}"
        elif self.operations:
            text += "\n\nUse xg.record_locations(True) while recording to see it by line."
        return text


def stats_of(trace: Trace | None) -> TapeStats:
    """Count what the living values on a trace keep."""
    if trace is None:
        return TapeStats(0, 0, 0, 0, 0, 0, {}, {})
    nodes = [node for node in recorded_nodes(trace) if node.primitive is not None]
    held = {id(owner_of(v.raw)) for v in trace.variables.values()}
    seen: set[int] = set()
    rows = []
    variable_bytes = spared = 0
    for node in nodes:
        count = size = 0
        for owner, n in _kept(node, seen):
            count += 1
            size += n
            variable_bytes += n if owner in held else 0
        spared += sum(getattr(value, "saved_bytes", 0) for value in node.saved)
        rows.append((node, Share(1, count, size)))
    by_op = _grouped([(_name(node), share) for node, share in rows])
    lines = [(show_line(node.where).removeprefix(" at "), share) for node, share in rows]
    total = _sum(share for _, share in rows)
    return TapeStats(
        *total,
        variable_bytes,
        spared,
        len(trace.variables),
        by_op,
        _grouped([(line, share) for line, share in lines if line]),
    )


def _kept(node: Node, seen: set[int]) -> Iterator[tuple[int, int]]:
    """Identity and size of every array that a node keeps and that was not seen before."""
    if node.plan is not None and NUMBER in node.plan.owners:
        return  # a number of the user's, shared by all that use it
    values = [
        part for value in node.saved for part in (value if type(value) is tuple else (value,))
    ]
    for value in values:
        known = getattr(value, "kept_bytes", None)
        if isinstance(known, int):  # a user's function, which knows what it keeps
            if known:
                yield id(value), known
        elif not isinstance(value, Spec) and hasattr(value, "shape") and is_array(value):
            owner = owner_of(value)
            if id(owner) not in seen:
                seen.add(id(owner))
                yield id(owner), bytes_of(owner)


def _name(node: Node) -> str:
    return "" if node.primitive is None else node.primitive.name


def _sum(shares: Iterable[Share]) -> Share:
    total = Share(0, 0, 0)
    for share in shares:
        total = Share(*(a + b for a, b in zip(total, share, strict=True)))
    return total


def _grouped(rows: list[tuple[str, Share]]) -> dict[str, Share]:
    groups: dict[str, list[Share]] = {}
    for name, share in rows:
        groups.setdefault(name, []).append(share)
    sums = {name: _sum(shares) for name, shares in groups.items()}
    return dict(sorted(sums.items(), key=lambda item: (-item[1].bytes, -item[1].operations)))


# -- the table -------------------------------------------------------------------------------------


def _table(title: str, shares: dict[str, Share], total: int) -> str:
    header = [title, "count", "arrays", "bytes", "share"]
    rows = [
        [
            name,
            str(share.operations),
            str(share.arrays),
            f"{share.bytes:,}",
            f"{share.bytes / total:.0%}" if total else "",
        ]
        for name, share in shares.items()
    ]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in [header, *rows]
    )


def _size(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:,} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"
