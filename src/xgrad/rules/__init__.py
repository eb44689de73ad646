"""Gradient rules: mathematics only, each written once against a namespace.

A rule takes the namespace, the cotangent and what it names: ``rule(xp, g, x2)``. It is the plain
transpose of the derivative; complex conjugation, broadcasting, dtypes and zero cotangents are the
edge's business (edges.py). Importing this package gives primitives their rules; those of linear algebra,
Fourier transforms and special functions come with the chapters of `ops/` that apply them."""

from __future__ import annotations

from . import (  # noqa: F401 - each module gives its rules when it is imported
    activations,
    constants,
    contractions,
    convolutions,
    cross_entropy,
    cumulative,
    elementwise,
    indexing,
    movement,
    networks,
    norms,
    pooling,
    reductions,
    selection,
    sorting,
)
from .edges import arrive, sum_to_shape
from .forward import is_transposed, tangent

__all__ = ["arrive", "is_transposed", "sum_to_shape", "tangent"]
