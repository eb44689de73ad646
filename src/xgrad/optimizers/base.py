"""What all optimizers share: a pure update underneath, Variables and TensorFlow's names on top.

A subclass gives `update_step`, a function of a namespace like a gradient rule: it runs on raw arrays
for Variables, and on Tensors in `update`, which is pure and can be differentiated. A step is worked
out completely before the first Variable changes, so one that fails changes none. What arguments
must look like is said in checks.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

from .._typing import Array, Nest
from ..backends import backend_of
from ..core.casting import to_array
from ..core.protocols import protocols
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError
from ..interpreters.tape import GradientTape
from ..ops.rule_namespace import rule_namespace
from ..tree import flatten, leaves, unflatten
from .checks import (
    LearningRate,
    as_global_step,
    as_gradient,
    as_learning_rate,
    as_pairs,
    as_rate,
    as_tensor,
    constrained,
    drop_unconnected,
)
from .losses import differentiate
from .slots import SlotTable, as_rows

__all__ = ["Optimizer", "Slots"]

Slots = dict[str, Any]


class Optimizer:
    """The base of all optimizers; a subclass gives `update_step`, and `slot_names` if it needs any.

    Parameters
    ----------
    learning_rate : float, int or callable
        The size of a step, or a function of the number of steps taken so far.

    Attributes
    ----------
    slot_names : tuple of str
        What is kept per variable between steps.
    """

    slot_names: tuple[str, ...] = ()

    def __init__(self, learning_rate: Any) -> None:
        self._rate: LearningRate = as_learning_rate(learning_rate)
        # On the host, so that neither counting nor a function of the count waits for a device.
        self._iterations = Variable(
            0, trainable=False, name="iterations", dtype="int64", device="cpu"
        )
        self._slots = SlotTable()

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"

    # -- what subclasses give ------------------------------------------------------------------

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, learning_rate: float, step: int
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable.

        Parameters
        ----------
        xp : namespace
            Of raw arrays or of Tensors, whichever `g`, `w` and `slots` are.
        g, w : array
            The gradient and the value.
        slots : dict
            One array per name in `slot_names`.
        learning_rate : float
        step : int
            The number of this step, counted from 1.

        Returns
        -------
        w : array
        slots : dict
        """
        raise NotImplementedError

    def make_slots(self, w: Tensor) -> dict[str, Tensor]:
        """Make the slots of a variable that is seen for the first time: zeros of its shape."""
        return {name: rule_namespace.zeros_like(w) for name in self.slot_names}

    # -- properties ----------------------------------------------------------------------------

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step.

        Set it to a number, or to a function of the number of steps taken so far."""
        return self._rate_at(int(self._iterations))

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._rate = as_learning_rate(value)

    @property
    def iterations(self) -> Variable:
        """The number of steps taken, an int64 Variable on the device ``cpu``."""
        return self._iterations

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own Variables: `iterations`, then each variable's slots."""
        return [self._iterations, *self._slots.variables()]

    # -- pure ----------------------------------------------------------------------------------

    def init(self, params: Nest) -> dict[str, Any]:
        """Make the state with which `update` begins.

        Parameters
        ----------
        params : nest
            Of Tensors, Variables or arrays.

        Returns
        -------
        dict
            ``"iterations"``, and for each slot a nest in the structure of `params`.
        """
        values, treedef = _take_apart(params)
        slots = [None if w is None else self.make_slots(w) for w in values]
        state: dict[str, Any] = {"iterations": Tensor(to_array(0, dtype="int64", device="cpu"))}
        for name in self.slot_names:
            column = [None if made is None else made[name] for made in slots]
            state[name] = unflatten(treedef, column)
        return state

    def update(self, grads: Nest, state: dict[str, Any], params: Nest) -> tuple[Nest, Any]:
        """Work out a step without changing anything; differentiable.

        Parameters
        ----------
        grads : nest
            In the structure of `params`; what has None keeps its value.
        state : dict
            As `init` or the last `update` returned it.
        params : nest
            Of Tensors, Variables or arrays. Constraints of Variables are not applied.

        Returns
        -------
        params : nest
            Of Tensors.
        state : dict

        Raises
        ------
        ArgumentError
            If the structures differ or there is no gradient at all.
        ShapeError, DeviceMismatchError, DTypeError
            If a gradient does not fit.
        """
        values, treedef = _take_apart(params)
        given, found = flatten(grads, none_is_leaf=True)
        if found != treedef:
            raise ArgumentError(
                f"update: grads must have the structure of params, with one array or None for each "
                f"of its {len(values)} leaves, but has {len(given)} leaves. Use what "
                "tape.gradient(loss, params) returned."
            )
        if all(g is None for g in given):
            raise ArgumentError("No gradients provided for any variable: update: all are None.")
        count = state["iterations"]
        slots = as_rows(state, self.slot_names, treedef)
        rate = self._rate_at(int(count))
        for i, (g, w) in enumerate(zip(given, values, strict=True)):
            if g is None or w is None:
                continue
            fitting = as_gradient(g, w, f"leaf {i} of params", "update")
            values[i], slots[i] = self.update_step(
                rule_namespace, fitting, w, slots[i], rate, int(count) + 1
            )
        new_state = {**state, "iterations": count + 1}
        for name in self.slot_names:
            new_state[name] = unflatten(treedef, [s[name] for s in slots])
        return unflatten(treedef, values), new_state

    # -- TensorFlow's names --------------------------------------------------------------------

    def minimize(
        self,
        loss: Callable[[], Tensor] | Tensor,
        var_list: Nest = None,
        global_step: Variable | None = None,
        tape: GradientTape | None = None,
    ) -> Tensor:
        """Take one step that makes the loss smaller.

        Parameters
        ----------
        loss : callable or Tensor
            A function without arguments that returns the loss, or a Tensor that `tape` recorded.
        var_list : nest of Variable, optional
            What to change; all trainable Variables that the loss read, if left out.
        global_step : Variable, optional
            Raised by one.
        tape : GradientTape, optional
            Needed for a Tensor.

        Returns
        -------
        Tensor
            The loss before the step.
        """
        value, pairs = differentiate(loss, var_list, tape, "minimize")
        self._apply(pairs, global_step, "minimize")
        return value  # type: ignore[no-any-return]

    def compute_gradients(
        self,
        loss: Callable[[], Tensor] | Tensor,
        var_list: Nest = None,
        tape: GradientTape | None = None,
    ) -> list[tuple[Any, Any]]:
        """Work out the gradients that `apply_gradients` takes.

        Parameters
        ----------
        loss, var_list, tape
            As for `minimize`; here `var_list` may contain Tensors too.

        Returns
        -------
        list of (Tensor or None, Variable)
        """
        return differentiate(loss, var_list, tape, "compute_gradients")[1]

    def apply_gradients(
        self, grads_and_vars: Iterable[Any], global_step: Variable | None = None
    ) -> Variable:
        """Take one step along given gradients.

        Parameters
        ----------
        grads_and_vars : iterable of (gradient, Variable)
            A Variable whose gradient is None keeps its value, with a warning that names it.
        global_step : Variable, optional
            Raised by one.

        Returns
        -------
        Variable
            `iterations`.

        Raises
        ------
        ArgumentError
            If there is no gradient at all.
        ArgumentTypeError
            If something is no pair, or its second part no Variable.
        ShapeError, DeviceMismatchError, DTypeError
            If a gradient does not fit its Variable. Then, as after every other failure, all
            Variables are as they were.
        """
        return self._apply(grads_and_vars, global_step, "apply_gradients")

    def apply(self, grads: Nest, variables: Nest) -> Variable:
        """Take one step along gradients, given in the structure of their variables.

        Parameters
        ----------
        grads : nest
            A gradient or None for each variable.
        variables : nest of Variable

        Returns
        -------
        Variable
            `iterations`.

        See Also
        --------
        apply_gradients
        """
        wanted = leaves(variables)
        # In a flat list every entry is a gradient, even if it is a list of numbers.
        flat = isinstance(variables, (list, tuple)) and not any(
            isinstance(entry, (list, tuple, dict)) for entry in variables
        )
        given = list(grads) if flat else flatten(grads, none_is_leaf=True)[0]
        if len(given) != len(wanted):
            raise ArgumentError(
                f"apply: {len(given)} gradients for {len(wanted)} variables. Use one gradient, or "
                "None, for each."
            )
        return self._apply(zip(given, wanted, strict=True), None, "apply")

    def build(self, variables: Nest) -> None:
        """Make the slots of variables now, in this order, instead of when they are first seen."""
        pairs = as_pairs([(None, v) for v in leaves(variables)], "build")
        self._slots.remember(self._slots.make((v for _, v in pairs), self.make_slots))

    # -- state ---------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a later run needs to go on: a nest of Tensors.

        Returns
        -------
        dict
            ``"iterations"``; ``"learning_rate"`` if it is a number; and for each slot a list, in
            the order in which the variables were first seen (or built). Later steps leave these
            Tensors as they are.
        """
        state: dict[str, Any] = {"iterations": Tensor(self._iterations.array)}
        if not callable(self._rate):
            state["learning_rate"] = Tensor(to_array(self._rate, dtype="float64", device="cpu"))
        return {**state, **self._slots.columns(self.slot_names)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` returned.

        Slots go to the variables in the order in which they were seen; an optimizer that has seen
        none yet hands them out as it meets them, or in the order given to `build`.

        Parameters
        ----------
        state : dict
            Of Tensors or arrays, on any device.

        Raises
        ------
        ArgumentError, ShapeError
            If the state is another optimizer's; nothing is changed then.
        """
        needed = {"iterations", *self.slot_names}
        if set(state) - {"learning_rate"} != needed:
            raise ArgumentError(
                f"load_state_dict: the state must have {sorted(needed)}, but has {sorted(state)}. "
                f"Use a state of a {type(self).__name__} with the same arguments: {self!r}."
            )
        columns = {name: list(state[name]) for name in self.slot_names}
        new = self._slots.check(columns)
        count = to_array(state["iterations"], dtype="int64", device="cpu")
        rate = as_rate(state.get("learning_rate", 0.0), "learning_rate")
        self._iterations.assign(count)
        for slot, array in new:
            slot.assign(array)
        if "learning_rate" in state and not callable(self._rate):
            self._rate = rate
        self._slots.load(columns)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this optimizer again, without its state."""
        return {"learning_rate": self._rate}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make an optimizer from what `get_config` returned."""
        return cls(**config)

    # -- inside --------------------------------------------------------------------------------

    def _rate_at(self, count: int) -> float:
        if callable(self._rate):
            return as_rate(self._rate(count), "learning_rate(step)")
        return self._rate

    def _apply(
        self, grads_and_vars: Iterable[Any], global_step: Variable | None, what: str
    ) -> Variable:
        """Work everything out, then change all Variables, which cannot fail."""
        pairs = drop_unconnected(as_pairs(grads_and_vars, what), what)
        pairs = [(as_gradient(g, v, v.name, what).array, v) for g, v in pairs]
        count = int(self._iterations)
        rate = self._rate_at(count)
        made = self._slots.make((v for _, v in pairs), self.make_slots)
        values: dict[int, tuple[Variable, Array]] = {}
        slots: dict[int, Slots] = {}
        for g, v in pairs:
            if v.number not in values:
                values[v.number] = v, v.array
                own = self._slots.of(v.number, made)
                slots[v.number] = {name: slot.array for name, slot in own.items()}
            w, now = self.update_step(
                backend_of(g).xp, g, values[v.number][1], slots[v.number], rate, count + 1
            )
            values[v.number], slots[v.number] = (v, w), now
        new = [(v, constrained(v, w)) for v, w in values.values()]
        for number, now in slots.items():
            own = self._slots.of(number, made)
            new += [(slot, backend_of(slot.array).finish(now[name])) for name, slot in own.items()]
        counters = [self._iterations, as_global_step(global_step, what)]
        new += [(c, backend_of(c.array).finish(c.array + 1)) for c in counters if c is not None]
        for variable, _ in new:
            protocols.assigned(variable)  # may warn, and a warning may be an error
        self._slots.remember(made)
        for variable, array in new:
            variable.array = array
        return self._iterations


def _take_apart(params: Nest) -> tuple[list[Any], Any]:
    """Find the leaves of params as Tensors, None where there is none, and their structure."""
    found, treedef = flatten(params, none_is_leaf=True)
    return [None if leaf is None else as_tensor(leaf) for leaf in found], treedef
