"""Passes over programs: each takes a program and gives one that computes the same with less."""

from __future__ import annotations

from ..program import Program
from .algebra import simplified, with_numbers
from .dead_code import without_dead_code
from .folding import folded
from .powers import with_products
from .repetition import repeated
from .sweep import swept

__all__ = ["RULES", "optimise"]

RULES = (folded, with_numbers, simplified, repeated)


def optimise(program: Program) -> Program:
    """Run all passes."""
    return without_dead_code(swept(with_products(program), RULES))
