"""Steps of nests of Tensors that change nothing.

Everything is computed by operations on Tensors, counters and conditions included, and nothing is
read back to the host: so a step can be differentiated, batched and recorded. Where a condition says
that nothing happens, the old values are chosen from both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._typing import Nest
from ..backends.base import dtype_name
from ..core.casting import to_array
from ..core.tensor import Tensor
from ..errors import ArgumentError
from ..ops.rule_namespace import rule_namespace as xp
from ..tree import TreeDef, difference, flatten, unflatten
from .checks import as_gradient, as_learning_rate, as_mapping, as_tensor
from .groups import Group, group_and_decay
from .rates import value_at
from .rule import Numbers, choose
from .slots import as_rows
from .state import counter_names
from .step_numbers import all_finite, clip_factors, is_due, overwrites, step_numbers, to_place
from .together import Part, take_steps

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["common_slots", "init", "update"]


def init(optimizer: Optimizer, params: Nest) -> dict[str, Any]:
    """Make the state with which `update` begins; its counters live with the first of params."""
    found, values, treedef = _take_apart(params)
    device = next((w.device for w in values if w is not None), "cpu")
    state: dict[str, Any] = {
        name: Tensor(to_array(0, dtype="int64", device=device)) for name in counter_names(optimizer)
    }
    slots = [
        {} if w is None else optimizer.fresh_slots(w, str(getattr(leaf, "name", "")))
        for leaf, w in zip(found, values, strict=True)
    ]
    for name in optimizer.all_slot_names():
        state[name] = unflatten(treedef, [made.get(name) for made in slots])
    return state


def common_slots(optimizer: Optimizer, w: Tensor) -> dict[str, Tensor]:
    """Make the slots that options ask for."""
    slots = {}
    if optimizer.use_ema:
        slots["average"] = w
    if optimizer.gradient_accumulation_steps:
        slots["gradient_accumulator"] = xp.zeros_like(w)
    return slots


def update(
    optimizer: Optimizer, grads: Nest, state: dict[str, Any], params: Nest, learning_rate: Any
) -> tuple[Nest, dict[str, Any]]:
    """Work out a step; see `Optimizer.update`."""
    found, values, treedef = _take_apart(params)
    state = as_mapping(state, "state")
    if missing := [name for name in counter_names(optimizer) if name not in state]:
        raise ArgumentError(
            f"update: state has no {missing}, but {list(state)}. Use the state that init(params) or "
            "the last update returned."
        )
    gradients = _gradients(grads, values, treedef)
    names = optimizer.all_slot_names()
    rows = as_rows(state, names, treedef)
    counters = {name: as_tensor(state[name]) for name in counter_names(optimizer)}
    steps = _Steps(optimizer, counters, learning_rate)
    for i in gradients:
        if "gradient_accumulator" in rows[i]:
            gradients[i] = gradients[i] + rows[i]["gradient_accumulator"]
    due = is_due(optimizer, counters.get("gradients_seen"))
    happens = due
    if optimizer.skip_nonfinite:
        finite = all_finite(list(gradients.values()), counters["iterations"])
        happens = finite & due
        counters["skipped"] = _counted(counters["skipped"], due & ~finite)
    factors = clip_factors(optimizer, list(gradients.values()))
    parts = []
    for (i, g), factor in zip(gradients.items(), factors, strict=True):
        group, decay = group_and_decay(optimizer, found[i], rows[i])
        own = {} if factor is None else {"clip": _like(factor, values[i])}
        numbers = steps.numbers(group, values[i], decay)
        slots = {name: x for name, x in rows[i].items() if name != "gradient_accumulator"}
        parts.append(Part(group.rule, g, values[i], slots, numbers, own))
    taken = take_steps(parts, steps.overwrite)
    for (i, g), (w, slots) in zip(gradients.items(), taken, strict=True):
        old_w, old, new = values[i], rows[i], {**rows[i], **slots}
        values[i] = w
        if happens is not True:
            here = to_place(happens, w)
            values[i] = choose(xp, here, w, old_w)
            new = {name: choose(xp, here, x, old[name]) for name, x in new.items()}
        if "gradient_accumulator" in old:
            new["gradient_accumulator"] = choose(xp, to_place(due, w), xp.zeros_like(g), g)
        rows[i] = new
    counters["iterations"] = _counted(counters["iterations"], happens)
    if "gradients_seen" in counters:
        counters["gradients_seen"] = counters["gradients_seen"] + 1
    new_state: dict[str, Any] = {**state, **counters}
    for name in names:
        new_state[name] = unflatten(treedef, [row.get(name) for row in rows])
    return unflatten(treedef, values), new_state


class _Steps:
    """The numbers of one step, for each group, and for variables of each dtype and place."""

    def __init__(
        self, optimizer: Optimizer, counters: dict[str, Tensor], learning_rate: Any
    ) -> None:
        self._optimizer = optimizer
        self._count = xp.astype(counters["iterations"], "float64")
        seen = counters.get("gradients_seen")
        self._seen = self._count if seen is None else xp.astype(seen, "float64")
        self._own_rate = None if learning_rate is None else as_learning_rate(learning_rate)
        self._made: dict[Any, Numbers] = {}
        self.overwrite = overwrites(optimizer, counters["iterations"])

    def numbers(self, group: Group, w: Tensor, decay: float | None) -> Numbers:
        """Find the numbers for a variable, in its dtype and where it is."""
        key: tuple[Any, ...] = (group, decay)
        if key not in self._made:
            rate = group.learning_rate
            if rate is None:
                own = self._own_rate
                rate = self._optimizer._rate if own is None else own
            # The device of the counter may be another one than that of a Tensor given by the user.
            now = to_place(value_at(rate, self._seen), self._count)
            if group.multiplier != 1.0:
                now = now * group.multiplier
            self._made[key] = step_numbers(self._optimizer, xp, group, now, self._count, decay)
        fitted = (*key, type(w.dtype), w.dtype, w.device)
        if fitted not in self._made:
            self._made[fitted] = {name: _like(x, w) for name, x in self._made[key].items()}
        return self._made[fitted]


def _like(x: Any, w: Tensor) -> Any:
    """Bring a number of a step where a variable is, in its precision, at least float32."""
    if not isinstance(x, Tensor):
        return x
    double = dtype_name(w.dtype) in ("float64", "complex128")
    return xp.astype(to_place(x, w), "float64" if double else "float32")


def _counted(counter: Tensor, condition: Any) -> Tensor:
    """Count one more if a condition holds."""
    return choose(xp, condition, counter + 1, counter)  # type: ignore[no-any-return]


def _gradients(grads: Nest, values: list[Any], treedef: TreeDef) -> dict[int, Tensor]:
    """Find the gradients by the numbers of their leaves."""
    given, found = flatten(grads, none_is_leaf=True, like=treedef)
    if found != treedef:
        raise ArgumentError(
            "update: grads must have the structure of params, with one array or None for each of "
            f"its leaves, but {difference(treedef, found)}. Use what tape.gradient(loss, params) "
            "returned."
        )
    if all(g is None for g in given):
        raise ArgumentError("No gradients provided for any variable: update: all are None.")
    return {
        i: as_gradient(g, w, f"leaf {i} of params", "update")
        for i, (g, w) in enumerate(zip(given, values, strict=True))
        if g is not None and w is not None
    }


def _take_apart(params: Nest) -> tuple[list[Any], list[Any], TreeDef]:
    """Find the leaves of params, their values as Tensors, None where there is none, and structure."""
    found, treedef = flatten(params, none_is_leaf=True)
    values = [None if leaf is None else as_tensor(leaf) for leaf in found]
    return found, values, treedef
