"""All rules of special functions: the rule of one names others, whose rules the next order needs."""

from __future__ import annotations

from . import (
    special_bessel,
    special_error,
    special_gamma,
    special_incomplete,
    special_integrals,
    special_logistic,
)

__all__ = [
    "special_bessel",
    "special_error",
    "special_gamma",
    "special_incomplete",
    "special_integrals",
    "special_logistic",
]
