"""Steps of Variables while a program is being recorded (`xg.function`).

There the arrays of this call mean nothing: what later calls do is what operations on Tensors say. So
the step is a pure one, and its results are assigned, which the recorder sees. What a later call may
find changed must be a Variable: counters, and a learning rate that is a number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..backends import Device
from ..core.casting import to_array
from ..core.variable import Variable
from ..errors import ArgumentError
from ..interpreters.stack import Context
from ..interpreters.trace import active_traces
from ..ops.rule_namespace import rule_namespace as xp
from .checks import as_global_step, as_pairs, drop_unconnected

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["is_recorded", "take_recorded_step"]


def is_recorded() -> bool:
    """Tell whether a program is being recorded in this thread."""
    return any(trace.refuses_exits for trace in active_traces())


def take_recorded_step(
    optimizer: Optimizer, grads_and_vars: Iterable[Any], global_step: Variable | None, what: str
) -> Variable:
    """Take a step that can be recorded; see `Optimizer.apply_gradients`."""
    pairs = drop_unconnected(as_pairs(grads_and_vars, what), what)
    grads, variables = [g for g, _ in pairs], [v for _, v in pairs]
    if len({v.number for v in variables}) < len(variables):
        raise ArgumentError(
            f"{what}: a Variable is given twice, which a recorded program cannot repeat. Use the "
            "sum of its gradients."
        )
    other = as_global_step(global_step, what)
    with Context.of(()):  # what is made here is there before the program
        optimizer._slots.remember(optimizer._slots.make(variables, optimizer.fresh_slots))
        _settle(optimizer, variables[0].device)
    slots = [optimizer._slots.get(v) for v in variables]
    names = optimizer.all_slot_names()
    state: dict[str, Any] = {name: [own.get(name) for own in slots] for name in names}
    new, state = optimizer.update(grads, {**optimizer._counters, **state}, variables)
    if other is not None:
        taken = state["iterations"] - optimizer.iterations
        other.assign_add(xp.astype(taken, other.dtype))
    for variable, value in zip(variables, new, strict=True):
        variable.assign(value if variable.constraint is None else variable.constraint(value))
    for name in names:
        for own, value in zip(slots, state[name], strict=True):
            if name in own:
                own[name].assign(value)
    for name, counter in optimizer._counters.items():
        counter.assign(state[name])
    return optimizer.iterations


def _settle(optimizer: Optimizer, device: Device) -> None:
    """Bring what the program reads to where the variables are: a program runs in one place."""
    for counter in optimizer._counters.values():
        if counter.device != device:
            counter.raw = to_array(counter.raw, device=device)
    rate = optimizer._rate
    if isinstance(rate, float):
        name = f"{optimizer.name}/learning_rate"
        optimizer._rate = Variable(rate, False, name, dtype="float64", device=device)
