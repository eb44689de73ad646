"""Passes over programs: each takes a program and gives one that computes the same with less."""

from __future__ import annotations

from ..program import Program
from .algebra import doubled, simplified, with_numbers
from .constants import with_single_elements
from .dead_code import without_dead_code
from .folding import folded
from .indices import with_wide_indices
from .joining import with_joined_products
from .layout import with_copied_transposes
from .powers import with_products
from .repetition import repeated
from .sweep import swept
from .transposes import with_late_transposes

__all__ = ["RULES", "optimise"]

_MOST = 4  # times that transposes are moved on
RULES = (folded, with_numbers, simplified, doubled, with_single_elements, repeated)


def optimise(program: Program) -> Program:
    """Run all passes."""
    program = with_joined_products(with_products(with_wide_indices(program)))
    program = without_dead_code(swept(program, RULES))
    for _ in range(_MOST):
        late = with_late_transposes(program)
        if late is program:
            break
        program = without_dead_code(swept(late, RULES))  # without transposes of transposes
    return with_copied_transposes(program)
