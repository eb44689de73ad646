"""Passes over programs: each takes a program and gives one that computes the same with less."""

from __future__ import annotations

from ..program import Program
from .algebra import simplify
from .dead_code import without_dead_code
from .folding import with_folded_constants
from .joining import with_joined_products
from .layout import with_copied_transposes
from .powers import with_products
from .repetition import without_repetition

__all__ = ["optimise"]

PASSES = (
    *(with_products, with_joined_products, with_folded_constants, simplify, without_repetition),
    *(with_folded_constants, simplify, without_dead_code, with_copied_transposes),
)


def optimise(program: Program) -> Program:
    """Run all passes."""
    for run in PASSES:
        program = run(program)
    return program
