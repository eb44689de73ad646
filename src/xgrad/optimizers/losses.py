"""From a loss to pairs of gradient and variable, the way TensorFlow's optimizers take it."""

from __future__ import annotations

from typing import Any

from .._typing import Nest
from ..errors import ArgumentError
from ..interpreters.tape import GradientTape
from ..tree import leaves

__all__ = ["differentiate"]


def differentiate(
    loss: Any, var_list: Nest, tape: GradientTape | None, what: str
) -> tuple[Any, list[tuple[Any, Any]]]:
    """Compute the loss, and a gradient for each variable."""
    variables = None if var_list is None else leaves(var_list)
    if callable(loss):
        tape = GradientTape(watch_accessed_variables=variables is None) if tape is None else tape
        with tape:
            if variables:
                tape.watch(variables)
            loss = loss()
    elif tape is None:
        raise ArgumentError(
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
    return loss, list(zip(tape.gradient(loss, variables), variables, strict=True))
