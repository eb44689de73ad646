"""The methods that change Variables, with TensorFlow 1's names and with Keras's.

From a loss to gradients (losses.py), and from gradients to a step (stateful.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from .._typing import Nest
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import TracingError
from ..interpreters.tape import GradientTape
from ..tree import leaves, pairs
from .checks import as_pairs, as_variable
from .groups import Exclusions
from .losses import differentiate
from .recorded import is_recorded
from .slots import SlotTable

__all__ = ["Steps"]


class Steps:
    """What an optimizer does to Variables; a part of `Optimizer`."""

    use_ema: bool
    loss_scale_factor: float | None
    watchers: list[Any]
    iterations: Any
    _slots: SlotTable
    _excluded: Exclusions

    def all_slot_names(self) -> tuple[str, ...]:
        """List the rule's slots and those that the options ask for."""
        raise NotImplementedError

    def fresh_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:
        """Make all slots of a variable that is seen for the first time."""
        raise NotImplementedError

    # -- TensorFlow's names --------------------------------------------------------------------

    def minimize(
        self,
        loss: Callable[[], Tensor] | Tensor,
        var_list: Nest = None,
        global_step: Variable | None = None,
        tape: GradientTape | None = None,
        grad_loss: Any = None,
    ) -> Tensor:
        """Take one step that makes the loss smaller.

        Parameters
        ----------
        loss : callable or Tensor
            A function without arguments that returns the loss, or a Tensor that `tape` recorded.
        var_list : nest of Variable, optional
            What to change; if left out, all trainable Variables that the loss read, but those of
            integer and boolean dtypes, which have no gradients.
        global_step : Variable, optional
            Raised by one.
        tape : GradientTape, optional
            Needed for a Tensor.
        grad_loss : array_like, optional
            The gradient of what is to become smaller with respect to the loss; ones if left out.

        Returns
        -------
        Tensor
            The loss before the step.

        Raises
        ------
        TapeError
            If loss is a Tensor and nobody knows how it was computed.
        ArgumentError
            If there are no variables, or none that the loss depends on.
        """
        scale = self._loss_scale()
        value, pairs = differentiate(loss, var_list, tape, grad_loss, scale, "minimize")
        self._watched(pairs, global_step, "minimize")
        return value  # type: ignore[no-any-return]

    def compute_gradients(
        self,
        loss: Callable[[], Tensor] | Tensor,
        var_list: Nest = None,
        tape: GradientTape | None = None,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """Work out the gradients that `apply_gradients` takes.

        Parameters
        ----------
        loss, var_list, tape, grad_loss
            As for `minimize`; here `var_list` may contain Tensors too.

        Returns
        -------
        list of (Tensor or None, Variable)
            Multiplied with `loss_scale_factor`, which `apply_gradients` divides by.
        """
        scale = self._loss_scale()
        return differentiate(loss, var_list, tape, grad_loss, scale, "compute_gradients")[1]

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
        return self._watched(grads_and_vars, global_step, "apply_gradients")

    def apply(self, grads: Nest, variables: Nest = None) -> Variable:
        """Take one step along gradients, given in the structure of their variables.

        Parameters
        ----------
        grads : nest
            A gradient or None for each variable.
        variables : nest of Variable, optional
            If left out, all that this optimizer has seen, in that order; see `build`.

        Returns
        -------
        Variable
            `iterations`.

        Raises
        ------
        ArgumentError
            If the structures differ; dicts are matched by key.

        See Also
        --------
        apply_gradients
        """
        if variables is None:
            variables = self._slots.seen()
        return self._watched(pairs(grads, variables, "apply"), None, "apply")

    def build(self, variables: Nest) -> None:
        """Make the slots of variables now, in this order, instead of when they are first seen."""
        found = [as_variable(v, "build") for v in leaves(variables)]
        self._slots.remember(self._slots.make(found, self.fresh_slots))

    def seen_variables(self) -> list[Variable]:
        """List the variables that have slots, in the order in which `state_dict` has them."""
        return self._slots.seen()

    # -- Keras's and TensorFlow 1's other methods ------------------------------------------------

    def scale_loss(self, loss: Any) -> Any:
        """Multiply a loss with `loss_scale_factor`, for a tape of your own."""
        scale = self._loss_scale()
        return loss if scale is None else loss * scale

    def exclude_from_weight_decay(
        self, var_list: Nest = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Let some variables keep their full value where `weight_decay` takes from the others.

        Parameters
        ----------
        var_list : nest of Variable, optional
        var_names : iterable of str, optional
            Regular expressions; whatever has one of them in its name is excluded.
        """
        self._excluded.set(var_list, var_names)

    def excluded_from_weight_decay(self) -> tuple[list[Any], str | None]:
        """Tell what was excluded: a list of variables, and a regular expression for names."""
        names = self._excluded.names
        return list(self._excluded.variables), None if names is None else names.pattern

    def finalize_variable_values(self, var_list: Nest) -> None:
        """Put the averages that `use_ema` keeps in the place of values, at the end of training."""
        if not self.use_ema:
            return
        found = [(v, self.get_slot(v, "average")) for v in leaves(var_list)]
        for variable, average in found:
            if average is not None:
                variable.assign(average)

    def get_slot(self, var: Variable, name: str) -> Variable | None:
        """Find the Variable that this optimizer keeps for another under a name, or None."""
        return self._slots.get(as_variable(var, "get_slot")).get(name)

    def get_slot_names(self) -> list[str]:
        """List the names of what this optimizer keeps for variables."""
        return list(self.all_slot_names())

    # -- inside --------------------------------------------------------------------------------

    def _loss_scale(self) -> float | None:
        return self.loss_scale_factor

    def _watched(
        self, grads_and_vars: Iterable[Any], global_step: Variable | None, what: str
    ) -> Variable:
        """Take a step, and show it to the watchers."""
        if not self.watchers:
            return self._apply(grads_and_vars, global_step, what)
        if is_recorded():
            raise TracingError(
                f"{what}: {self.watchers[0]!r} cannot look at values in a recorded step. Use it "
                "outside of xg.function and Graph, or return the gradients and use its record()."
            )
        pairs = as_pairs(grads_and_vars, what)
        step = int(self.iterations)
        with ExitStack() as stack:
            for watcher in self.watchers:
                stack.enter_context(watcher.watch(pairs, step=step))
            return self._apply(pairs, global_step, what)

    def _apply(
        self, grads_and_vars: Iterable[Any], global_step: Variable | None, what: str
    ) -> Variable:
        raise NotImplementedError
