"""What an optimizer is made of: the mathematics of one step of one variable.

A rule is a function of a namespace, as a gradient rule is. It runs on raw arrays for Variables, on
Tensors in the pure `update`, which is therefore differentiable, and on the symbols of
backends/blocks.py. Around it stand the steps that all optimizers share: `whole_step`."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from ..backends.dtypes import dtype_name, is_half_dtype
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace

__all__ = [
    "Numbers",
    "Rule",
    "Slots",
    "choose",
    "mean_square",
    "moments",
    "norm_of",
    "real_zeros",
    "squared_modulus",
    "whole_step",
]

Slots = dict[str, Any]
Numbers = dict[str, Any]


class Rule:
    """What a subclass of `Optimizer` gives: `update_step`, and the others if it needs them.

    Attributes
    ----------
    slot_names : tuple of str
        What is kept per variable between steps.
    hyperparameters : tuple of str
        The names of the constructor's own arguments, which are attributes too.
    elementwise : bool
        Whether the step of each element depends on that element alone, so that large arrays may be
        taken block by block.
    """

    slot_names: tuple[str, ...] = ()
    hyperparameters: tuple[str, ...] = ()
    elementwise: bool = True

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable.

        Parameters
        ----------
        xp : namespace
            Of raw arrays or of Tensors, whichever `g`, `w` and `slots` are.
        g, w : array
            The gradient and the value.
        slots : dict
            One array per name in `slot_names` that `make_slots` made for this variable.
        c : dict
            What `coefficients` returned: Python numbers, or Tensors without axes.

        Returns
        -------
        w : array
        slots : dict
        """
        raise NotImplementedError

    def coefficients(
        self,
        xp: Any,  # noqa: ARG002 - what all are given
        learning_rate: Any,
        step: Any,
    ) -> Numbers:
        """Compute what a step needs to know, once for all variables.

        Parameters
        ----------
        xp : namespace
            Of numbers, with `sqrt`, `minimum`, `maximum`, `where` and the like.
        learning_rate : float or Tensor
        step : int or Tensor
            The number of this step, counted from 1.

        Returns
        -------
        dict
        """
        return {"learning_rate": learning_rate, "step": step}

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Make the slots of a variable that is seen for the first time: zeros of its shape.

        A variable of 16 bits is given as float32."""
        return {slot: rule_namespace.zeros_like(w) for slot in self.slot_names}


def whole_step(
    rule: Rule, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers, overwrite: Any
) -> tuple[Array, Slots]:
    """Take a whole step: unscale, clip, decay, update, average, as far as there are numbers for it.

    Parameters
    ----------
    c : dict
        The rule's coefficients, and where they are asked for: ``unscale`` and ``clip``, factors of
        the gradient; ``bound``, of its elements; ``decay``, the part of the value that goes before
        the update; ``blend``, the part of the new value in the ``average``.
    overwrite : bool or Tensor
        Whether the average becomes the value.
    """
    if is_half_dtype(w.dtype):
        return _step_in_float32(rule, xp, g, w, slots, c, overwrite)
    if "unscale" in c:
        g = g * c["unscale"]
    if "clip" in c:
        g = g * c["clip"]
    if "bound" in c:
        g = xp.minimum(xp.maximum(g, -c["bound"]), c["bound"])
    if "decay" in c:
        w = w - w * c["decay"]
    average = slots.get("average")
    w, new = rule.update_step(xp, g, w, slots, c)
    if average is not None:
        average = average + (w - average) * c["blend"]
        new = {**new, "average": average}
        w = choose(xp, overwrite, average, w)
    return w, {**slots, **new}


def _step_in_float32(
    rule: Rule, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers, overwrite: Any
) -> tuple[Array, Slots]:
    """Take a step of floats of 16 bits, in which squares of small gradients and 1e-7 are 0.

    Their slots are float32; the value is rounded once."""
    dtype = getattr(xp, "float32", "float32")
    wide = xp.astype(g, dtype), xp.astype(w, dtype)
    value, new = whole_step(rule, xp, *wide, slots, c, overwrite)
    return xp.astype(value, w.dtype), new


def choose(xp: Any, condition: Any, new: Any, old: Any) -> Any:
    """Take one of two values, by a condition that the host may know or not."""
    if condition is True:
        return new
    return old if condition is False else xp.where(condition, new, old)


def squared_modulus(xp: Any, x: Array) -> Array:
    """Compute x squared, or for complex x its squared modulus, which is real."""
    if xp.isdtype(x.dtype, "complex floating"):
        return xp.square(xp.real(x)) + xp.square(xp.imag(x))
    return xp.square(x)


def moments(xp: Any, g: Array, slots: Slots, beta_1: float, beta_2: float) -> tuple[Array, Array]:
    """Update the running means of a gradient and of its squared modulus, as Adam and its kin keep them."""
    m, v = slots["momentum"], slots["velocity"]
    return m + (g - m) * (1.0 - beta_1), v + (squared_modulus(xp, g) - v) * (1.0 - beta_2)


def norm_of(xp: Any, x: Array) -> Array:
    """Compute the norm of all elements, with the gradient 0 at 0."""
    s = xp.sum(squared_modulus(xp, x))
    empty = s == 0
    return xp.where(empty, xp.zeros_like(s), xp.sqrt(xp.where(empty, xp.ones_like(s), s)))


def mean_square(xp: Any, x: Array) -> Array:
    """Compute the mean squared modulus of all elements."""
    return xp.mean(squared_modulus(xp, x))


def real_zeros(w: Tensor) -> Tensor:
    """Make zeros of the shape of w, real also for complex ones."""
    xp = rule_namespace
    return xp.zeros_like(xp.real(w) if dtype_name(w.dtype).startswith("complex") else w)  # type: ignore[no-any-return]
