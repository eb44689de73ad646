"""An optimizer's counters, and its state as a nest of Tensors for saving."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..core.casting import to_array
from ..core.handle import Handle
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError
from .checks import as_mapping, as_rate

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["counter_names", "gradients_seen", "load", "make_counters", "save"]


def counter_names(optimizer: Optimizer) -> list[str]:
    """List what an optimizer counts."""
    names = ["iterations"]
    if optimizer.gradient_accumulation_steps:
        names.append("gradients_seen")
    return [*names, "skipped"] if optimizer.skip_nonfinite else names


def make_counters(optimizer: Optimizer) -> dict[str, Variable]:
    """Make the counters: on the host, so that neither they nor schedules wait for a device."""
    return {
        name: Variable(0, trainable=False, name=name, dtype="int64", device="cpu")
        for name in counter_names(optimizer)
    }


def gradients_seen(optimizer: Optimizer) -> int:
    """Tell how many gradients came before the next one, which is what schedules count."""
    counters = optimizer._counters
    return int(counters.get("gradients_seen", counters["iterations"]).raw)


def save(optimizer: Optimizer) -> dict[str, Any]:
    """Collect the state; see `Optimizer.state_dict`."""
    state: dict[str, Any] = {n: Tensor(v.raw) for n, v in optimizer._counters.items()}
    rate = optimizer._rate
    if isinstance(rate, Handle):
        state["learning_rate"] = Tensor(rate.raw)
    elif not callable(rate):
        state["learning_rate"] = Tensor(to_array(rate, dtype="float64", device="cpu"))
    return {**state, **optimizer._slots.columns(optimizer.all_slot_names())}


def load(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Check everything, then change it; see `Optimizer.load_state_dict`."""
    state = as_mapping(state, "load_state_dict: state_dict")
    names = optimizer.all_slot_names()
    needed = {*optimizer._counters, *names}
    if set(state) - {"learning_rate"} != needed:
        raise ArgumentError(
            f"load_state_dict: the state must have {sorted(needed)}, but has {sorted(map(str, state))}. Use "
            f"a state of a {type(optimizer).__name__} with the same arguments: {optimizer!r}."
        )
    for name in names:
        if isinstance(state[name], Mapping) or not isinstance(state[name], Iterable):
            raise ArgumentTypeError(
                f"load_state_dict: {name} must be a list with an array for each variable, but is a "
                f"{type(state[name]).__name__}. Use what state_dict() returned; update(), which "
                "changes nothing, has a state of its own."
            )
    columns = {name: list(state[name]) for name in names}
    new = optimizer._slots.check(columns)
    for name, counter in optimizer._counters.items():
        count = to_array(state[name], dtype=counter.dtype, device=counter.device, copy=True)
        new.append((counter, count))
    rate = as_rate(state.get("learning_rate", 0.0), "learning_rate")
    for variable, array in new:
        variable.raw = array
    if "learning_rate" in state and not callable(optimizer._rate):
        if isinstance(optimizer._rate, Variable):
            optimizer._rate.assign(rate)
        else:
            optimizer._rate = rate
    optimizer._slots.load(columns)
