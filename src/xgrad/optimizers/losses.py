"""From a loss to pairs of gradient and variable, the way TensorFlow's optimizers take it."""

from __future__ import annotations

from typing import Any

from .._typing import Nest
from ..errors import ArgumentError, TapeError
from ..interpreters.tape import GradientTape
from ..ops.rule_namespace import rule_namespace as xp
from ..tree import leaves

__all__ = ["differentiate"]


def differentiate(
    loss: Any,
    var_list: Nest,
    tape: GradientTape | None,
    grad_loss: Any,
    scale: float | None,
    what: str,
) -> tuple[Any, list[tuple[Any, Any]]]:
    """Compute the loss, and a gradient for each variable, multiplied with the loss's scale."""
    variables = None if var_list is None else leaves(var_list)
    if callable(loss):
        tape = GradientTape(watch_accessed_variables=variables is None) if tape is None else tape
        with tape:
            if variables:
                tape.watch(variables)
            loss = loss()
    elif tape is None:
        raise TapeError(
            f"{what}: `tape` is required when loss is a {type(loss).__name__} and not a function: "
            "which computation made it is known only to the GradientTape that recorded it. Use "
            "tape=, or a function without arguments that returns the loss."
        )
    if variables is None:
        variables = list(tape.watched_variables())
    if not variables:
        raise ArgumentError(
            f"{what}: No variables provided: the loss read no trainable Variable under the tape, "
            "or var_list is empty. Use xg.Variable for what is to be changed, or var_list=."
        )
    weights = grad_loss
    if scale is not None:
        # Scaled where the gradient begins: its small parts survive in half precision, and the
        # loss itself keeps its value.
        weights = (xp.ones_like(loss) if grad_loss is None else xp.asarray(grad_loss)) * scale
    gradients = tape.gradient(loss, variables, output_gradients=weights)
    return loss, list(zip(gradients, variables, strict=True))
