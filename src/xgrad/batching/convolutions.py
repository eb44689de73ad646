"""Batch rules of convolutions: the examples become more examples, more outputs, or groups.

Where both operands differ between the examples of `xg.vmap`, each of these is a group of channels of
its own, which is connected with its own kind only."""

from __future__ import annotations

from typing import Any

from .loop import loop
from .operation import Operation

__all__ = ["convolve", "convolve_input", "convolve_kernel", "pooling", "windows"]


def windows(op: Operation) -> Any:
    """Take the first operand's own examples together with those of vmap; the other is shared."""
    x, *others = op.values
    count = x.shape[1]
    x = op.xp.reshape(x, (op.size * count, *x.shape[2:]))
    y = op.run(op.primitive, (x, *others), op.parameters)
    return op.xp.reshape(y, (op.size, count, *y.shape[1:]))


def pooling(op: Operation) -> Any:
    """Take every operand's own examples together with those of vmap."""
    count = op.shape(0)[0]
    operands = [op.xp.reshape(x, (op.size * count, *x.shape[2:])) for x in op.all_mapped()]
    y = op.run(op.primitive, tuple(operands), op.parameters)
    return op.xp.reshape(y, (op.size, count, *y.shape[1:]))


def convolve(op: Operation) -> Any:
    """Take kernels that differ for one with more outputs."""
    if not op.size:
        return loop(op)
    if not op.mapped[1]:
        return windows(op)
    x1, x2 = op.values
    if op.mapped[0] or op.parameters["steps"].groups > 1:
        return _by_groups(op)
    y = op.run(op.primitive, (x1, _as_channels(op, x2)), op.parameters)
    return _from_channels(op, y)


def convolve_input(op: Operation) -> Any:
    """Take one group for each example where the kernels differ."""
    if not op.size:
        return loop(op)
    return _by_groups(op) if op.mapped[1] else windows(op)


def convolve_kernel(op: Operation) -> Any:
    """Take more channels or more outputs where only one operand differs."""
    if not op.size:
        return loop(op)
    x1, x2 = op.values
    if all(op.mapped) or op.parameters["steps"].groups > 1:
        return _by_groups(op)
    if op.mapped[1]:
        y = op.run(op.primitive, (x1, _as_channels(op, x2)), op.parameters)
        return _from_channels(op, y)
    y = op.run(op.primitive, (_as_channels(op, x1), x2), op.parameters)
    *window, channels, outputs = y.shape
    y = op.xp.reshape(y, (*window, op.size, channels // op.size, outputs))
    return op.xp.moveaxis(y, -3, 0)


def _by_groups(op: Operation) -> Any:
    steps = op.parameters["steps"]
    steps = steps._replace(groups=steps.groups * op.size)
    operands = tuple([_as_channels(op, x) for x in op.all_mapped()])
    return _from_channels(op, op.run(op.primitive, operands, {**op.parameters, "steps": steps}))


def _as_channels(op: Operation, x: Any) -> Any:
    """The examples next to each other on the last axis."""
    x = op.xp.moveaxis(x, 0, -2)
    return op.xp.reshape(x, (*x.shape[:-2], x.shape[-2] * x.shape[-1]))


def _from_channels(op: Operation, y: Any) -> Any:
    y = op.xp.reshape(y, (*y.shape[:-1], op.size, y.shape[-1] // op.size))
    return op.xp.moveaxis(y, -2, 0)
