"""From a loss to pairs of gradient and variable, the way TensorFlow's optimizers take it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._typing import Nest
from ..backends import quiet
from ..core.handle import Handle
from ..core.spec import describe
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError, TapeError
from ..interpreters.graph_gradients import gradients as graph_gradients
from ..interpreters.graph_scope import current_graph, trainable_variables
from ..interpreters.tape import GradientTape
from ..ops.rule_namespace import rule_namespace as xp
from ..tree import leaves

__all__ = ["differentiate"]


def differentiate(
    loss: Any,
    var_list: Nest,
    tape: GradientTape | None,
    grad_loss: Any,
    scale: Any,
    what: str,
) -> tuple[Any, list[tuple[Any, Any]]]:
    """Compute the loss, and a gradient for each variable, multiplied with the loss's scale."""
    variables = None if var_list is None else leaves(var_list)
    if tape is not None and not isinstance(tape, GradientTape):
        raise ArgumentTypeError(
            f"{what}: tape must be a GradientTape, but is a {type(tape).__name__}. Use the tape that "
            "recorded the loss, or a callable loss without a tape."
        )
    if callable(loss):
        tape = GradientTape(watch_accessed_variables=variables is None) if tape is None else tape
        with tape:
            if variables:
                tape.watch(variables)
            loss = loss()
            if isinstance(loss, Variable):
                loss = loss.value()  # which reads it; and the step will change the Variable
    elif tape is None:
        return loss, _from_graph(loss, variables, grad_loss, scale, what)
    if variables is None:
        variables = list(tape.watched_variables())
        if not variables:
            raise _nothing_read(what, loss, tape._unwatchable())
    if not variables:
        raise _nothing_listed(what)
    weights = _weights(loss, grad_loss, scale)
    gradients = tape.gradient(loss, variables, output_gradients=weights)
    return loss, list(zip(gradients, variables, strict=True))


def _from_graph(
    loss: Any, variables: list[Any] | None, grad_loss: Any, scale: Any, what: str
) -> list[tuple[Any, Any]]:
    """Differentiate what an open Graph recorded, by default for its trainable Variables."""
    if current_graph() is None:
        raise TapeError(
            f"{what}: `tape` is required when loss is a {type(loss).__name__} and not a function: "
            "which computation made it is known only to the GradientTape that recorded it, or to a "
            "Graph that is open. Use tape=, or a function without arguments that returns the loss."
        )
    wanted = trainable_variables() if variables is None else variables
    if not wanted:
        raise _nothing_read(what, loss) if variables is None else _nothing_listed(what)
    found = graph_gradients(loss, wanted, grad_ys=_weights(loss, grad_loss, scale))
    pairs = list(zip(found, wanted, strict=True))
    # A Graph may hold other networks, whose Variables nobody asked for by name.
    connected = [pair for pair in pairs if pair[0] is not None]
    return connected if variables is None and connected else pairs


def _weights(loss: Any, grad_loss: Any, scale: Any) -> Any:
    """Find what the gradient begins with; None for ones.

    The scale comes in here: small parts survive in half precision, and the loss keeps its value."""
    if scale is None:
        return grad_loss
    weights = xp.ones_like(loss) if grad_loss is None else xp.asarray(grad_loss)
    with quiet():  # too large a scale gives infinite gradients, which are looked for
        return weights * scale


def _nothing_listed(what: str) -> ArgumentError:
    return ArgumentError(
        f"{what}: No variables provided: var_list is empty. Use var_list=[w] with what is to be "
        "changed, or leave it out for every trainable Variable that the loss reads."
    )


def _nothing_read(what: str, loss: Any, unwatchable: Sequence[Variable] = ()) -> ArgumentError:
    if unwatchable:
        shown = ", ".join(f"{v.name} {describe(v)}" for v in unwatchable)
        return ArgumentError(
            f"{what}: No variables provided: the loss read {shown}, but no Variable of a floating or "
            "complex dtype, and only those have gradients. Use xg.Variable(..., dtype='float64') for "
            "what is to be changed."
        )
    shown = describe(loss) if isinstance(loss, Handle) else f"a {type(loss).__name__}"
    return ArgumentError(
        f"{what}: No variables provided: no trainable Variable was read while the loss, {shown}, was "
        "computed. Use xg.Variable for what is to be changed, and compute the loss from it inside the "
        "function or the tape; or name Tensors that are to have gradients by var_list=."
    )
