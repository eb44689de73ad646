"""Finding out what went wrong: where a NaN was born, and what was changed behind the tape's back.

Both look into everything that is computed (core/inspection.py), and cost nothing while off."""

from __future__ import annotations

from .mutation import detect_mutation
from .numerics import check_numerics, disable_check_numerics, enable_check_numerics

__all__ = [
    "check_numerics",
    "detect_mutation",
    "disable_check_numerics",
    "enable_check_numerics",
]
