"""Rosenbrock's function: its Hessian, and its Hessian times a vector, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Arrays, SecondOrder


def loss(ops: Any, constants: Any, x: Any) -> Any:
    """Sum 100 (b - a^2)^2 + (1 - a)^2 over neighbours a and b."""
    return ops.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def bands(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the diagonal of the Hessian, and what stands beside it."""
    diagonal = np.zeros_like(x)
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    return diagonal, -400 * x[:-1]


def hessian(constants: Arrays, x: np.ndarray) -> np.ndarray:
    """Put the bands into a matrix."""
    diagonal, beside = bands(x)
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)


def hvp(constants: Arrays, x: np.ndarray) -> np.ndarray:
    """Multiply the bands with the vector."""
    (v,) = constants
    diagonal, beside = bands(x)
    y = diagonal * v
    y[:-1] += beside * v[1:]
    y[1:] += beside * v[:-1]
    return y


def make(kind: str = "hvp", size: int = 100) -> SecondOrder:
    """Draw a point, and a vector where it takes one."""
    x = np.random.default_rng(0).normal(size=size)
    constants = [np.random.default_rng(1).normal(size=size)] if kind == "hvp" else []
    what = {"hvp": "Hessian times a vector", "hessian": "Hessian"}[kind]
    return SecondOrder(
        kind, f"{what}, Rosenbrock of {size} variables, float64",
        [x], loss, {"hvp": hvp, "hessian": hessian}[kind], constants, limit=1e-12, kind=kind,
    )  # fmt: skip
