"""A program for people: a listing, and figures."""

from __future__ import annotations

from typing import NamedTuple

from .cpu import CpuExecutor
from .program import Instruction, Literal, Program
from .recorded import Recorded

__all__ = ["Listing", "Statistics", "listing", "statistics"]


class Listing(NamedTuple):
    """A program in readable form; prints as text.

    Attributes
    ----------
    recorded, optimised : str
        One line per instruction, before and after the passes.
    source : str
        What runs on NumPy, or an empty string.
    """

    recorded: str
    optimised: str
    source: str

    def __str__(self) -> str:
        return self.optimised


class Statistics(NamedTuple):
    """Figures of a program; prints as text.

    Attributes
    ----------
    recorded, optimised : int
        The numbers of instructions before and after the passes.
    groups : int
        How many groups of instructions run in blocks.
    arena_bytes : int
        The memory that is kept for values inside the program.
    value_bytes : int
        What all of these values would take without sharing.
    programs : int
        How many signatures were recorded.
    seconds : float
        What the last recording took, the first run included.
    jitted : int
        How many instructions run as machine code that numba made.
    jit : str
        Whether numba is used: ``"on"``, ``"off"`` (not installed, or switched off by `set_jit`),
        ``"waiting"`` until the program was replayed often, ``"compiling"``, ``"no gain"``, or
        ``"failed: ..."`` with the reason.
    replay : str
        On CUDA, how replays run: as one graph, or kernel by kernel, and why. Empty elsewhere.
    preparing : float
        What optimising and preparing took, in seconds: it is done for the first replay.
    """

    recorded: int
    optimised: int
    groups: int
    arena_bytes: int
    value_bytes: int
    programs: int
    seconds: float
    jitted: int = 0
    jit: str = "off"
    replay: str = ""
    preparing: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.recorded} instructions recorded, {self.optimised} left, {self.groups} groups in "
            f"blocks; {self.arena_bytes:,} bytes for values of {self.value_bytes:,}; "
            f"{self.programs} signatures; recorded in {self.seconds:.3f} s, "
            f"prepared in {self.preparing:.3f} s; jit {self.jit}, "
            f"{self.jitted} instructions" + (f"; replays: {self.replay}" if self.replay else "")
        )


def listing(known: Recorded) -> Listing:
    """All forms of a program as text."""
    source = known.executor.source if isinstance(known.executor, CpuExecutor) else ""
    return Listing(_text(known.recorded), _text(known.program), source)


def statistics(known: Recorded, programs: int) -> Statistics:
    """The figures of a program, which is prepared if it was not yet."""
    program, executor = known.program, known.executor
    cpu = executor if isinstance(executor, CpuExecutor) else None
    inside = {n for i in program.instructions for n in i.results} - set(program.outputs())
    return Statistics(
        len(known.recorded.instructions),
        len(program.instructions),
        len(getattr(executor, "groups", ())),
        cpu.arena_bytes if cpu else 0,
        sum(program.bytes_of(n) for n in inside),
        programs,
        known.seconds,
        cpu.jitted if cpu else 0,
        cpu.jit if cpu else "off",
        getattr(executor, "replay", ""),
        known.preparing,
    )


def _text(program: Program) -> str:
    lines = [f"arguments: {', '.join(map(program.show, program.arguments)) or 'none'}"]
    lines += [f"{program.show(n)} = read {v.name}" for v, n in program.reads]
    lines += [f"{program.show(n)} = {draw}" for draw, n in program.draws]
    lines += [f"{program.show(n)} = constant" for n in program.constants if _is_used(program, n)]
    lines += [_line(program, instruction) for instruction in program.instructions]
    lines += [f"write {v.name} = %{n}" for v, n in program.writes]
    lines.append(f"return {', '.join(f'%{n}' for n in program.results) or 'nothing'}")
    return "\n".join(lines)


def _is_used(program: Program, number: int) -> bool:
    return number in program.outputs() or any(number in i.reads() for i in program.instructions)


def _line(program: Program, instruction: Instruction) -> str:
    given = [repr(x.value) if isinstance(x, Literal) else f"%{x}" for x in instruction.operands]
    given += [f"{k}={v!r}" for k, v in instruction.parameters.items() if v is not None]
    results = ", ".join(map(program.show, instruction.results))
    return f"{results} = {instruction.primitive.name}({', '.join(given)})"
