"""In what order a program of NumPy arrays runs, and what runs together."""

from __future__ import annotations

from collections.abc import Iterable

from ..backends import numpy_kernels as kernels
from ..backends.numpy_sweeps import can_gather, can_scatter
from .blocks import may_share_threads
from .fusion import Group, schedule
from .memory import Memory
from .program import Instruction, Program
from .runs import Run, with_runs
from .showing import waiting
from .teams import Team, with_teams

__all__ = ["groups_of", "in_blocks", "order_with_runs"]


def order_with_runs(program: Program) -> list[Instruction | Group]:
    """In what order to run a program, with what becomes machine code put together."""
    order = in_blocks(program)
    memory = Memory(program, order)
    return with_runs(program, order, bool(waiting(program, order, memory).values))


def in_blocks(program: Program) -> list[Instruction | Group]:
    """In what order to run a program, with groups of large elementwise instructions and teams of them."""
    order = schedule(program, lambda instruction: _is_fusable(program, instruction))
    return with_teams(order, lambda group: may_share_threads(program, group))


def groups_of(order: Iterable[Instruction | Group]) -> list[Group]:
    """What runs in blocks, one by one."""
    found: list[Group] = []
    for item in order:
        if isinstance(item, Team):
            found += item.groups
        elif isinstance(item, Group) and not isinstance(item, Run):
            found.append(item)
    return found


def _is_fusable(program: Program, instruction: Instruction) -> bool:
    name = instruction.primitive.name
    if name in ("take", "index_add"):  # alone they are as good as in blocks, but for compiled loops
        can = can_gather if name == "take" else can_scatter
        dtypes = [program.specs[n].dtype for n in instruction.reads()]
        return len(dtypes) == 2 and can(*dtypes)
    dtype = program.specs[instruction.results[0]].dtype
    return (
        name in ("sum", "where", "zero_where_zero", "astype")
        or kernels.ufunc_of(name, instruction.parameters, dtype) is not None
    )
