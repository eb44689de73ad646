"""Where a rule's result becomes the cotangent of an operand.

Undone here, once, and never in a rule: a zero cotangent where the partial derivative is not finite
(gives zero), broadcasting (summed, for the kinds that broadcast), complex results for real operands
(the real part), dtypes (the operand's). For the other kinds the shape must match exactly: a wrong
rule would be silently summed into shape.

Inside the walk, a cotangent c of a complex z means dL = Re(c dz), so that rules are plain
transposes; `steepest` turns it into the direction of steepest ascent and back."""

from __future__ import annotations

from typing import Any

from .._typing import Array, Shape

__all__ = ["arrive", "steepest", "sum_to_shape", "to_dtype"]


def arrive(xp: Any, r: Array, g: Array, operand: Any, guarded: bool, broadcasts: bool) -> Array:
    """The contribution of one rule to the cotangent of one operand.

    Parameters
    ----------
    xp : namespace
    r : array
        What the rule returned.
    g : array
        The cotangent of the output; only looked at where `guarded`.
    operand : Node or Spec
        Of the operand: its shape and dtype.
    guarded, broadcasts : bool
        Of the primitive.
    """
    if guarded:
        r = xp.zero_where_zero(r, g)
    if r.shape != operand.shape:
        assert broadcasts, f"a rule returned shape {r.shape} for an operand of {operand.shape}"
        r = sum_to_shape(xp, r, operand.shape)
    if r.dtype != operand.dtype:
        r = to_dtype(xp, r, operand.dtype)
    return r


def sum_to_shape(xp: Any, g: Array, shape: Shape) -> Array:
    """Undo broadcasting: sum over axes that were added or had size 1."""
    extra = g.ndim - len(shape)
    if extra < 0:  # x[key] = v takes a v with more axes than x[key], of size 1
        return xp.reshape(sum_to_shape(xp, g, shape[-extra:]), shape)
    axes = tuple(range(extra)) + tuple(
        i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1
    )
    if axes:
        g = xp.sum(g, axis=axes, keepdims=False)
    return xp.reshape(g, shape) if tuple(g.shape) != tuple(shape) else g


def steepest(xp: Any, g: Array) -> Array:
    """Between the walk's convention and the direction of steepest ascent, both ways."""
    return xp.conj(g) if xp.isdtype(g.dtype, "complex floating") else g


def to_dtype(xp: Any, r: Array, dtype: Any) -> Array:
    """A contribution in the operand's dtype: the real part for real operands."""
    if xp.isdtype(r.dtype, "complex floating") and not xp.isdtype(dtype, "complex floating"):
        r = xp.real(r)
    return xp.astype(r, dtype) if r.dtype != dtype else r
