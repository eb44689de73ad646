"""What all optimizers share: the arguments, the state between steps, and pure steps.

The mathematics of a subclass is a `Rule`; the methods that change Variables are in steps.py. With the
rule pure.py takes steps that change nothing and can be differentiated, and stateful.py takes steps
of Variables, worked out completely before the first one changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self, Unpack

from .._typing import Nest
from ..backends import quiet
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..ops.data_types import widened
from . import pure, state, stateful
from .checks import LearningRate, as_learning_rate, as_mapping
from .groups import Exclusions, Groups
from .options import DEFAULTS, Options, check_options
from .rates import number_at
from .recorded import is_recorded, take_recorded_step
from .registry import register
from .rule import Rule
from .schedules.base import deserialize, serialize
from .slots import SlotTable
from .steps import Steps

__all__ = ["Optimizer"]


class Optimizer(Steps, Rule):
    """The base of all optimizers; a subclass gives `update_step`, and `slot_names` if it needs any.

    A step goes in this order: drop what has no gradient, with a warning; divide by the loss's
    scale; accumulate; clip; let values decay; update; average; apply the Variables' constraints;
    count. A step that fails leaves every variable and all state as they were.

    Parameters
    ----------
    learning_rate : float, int, Tensor, schedule or callable
        The size of a step, or a function of the number of steps taken so far (or of nothing). A
        Tensor or Variable is read at each step; `update` is differentiable with respect to it.
    weight_decay : float, optional
        How much of every value, times the learning rate, is taken away before each update; see
        `exclude_from_weight_decay`.
    clipnorm : float, optional
        The largest norm of each gradient.
    clipvalue : float, optional
        The largest absolute value of each element.
    global_clipnorm : float, optional
        The largest norm of all gradients together. Only one kind of clipping can be chosen.
    use_ema : bool
        Whether to keep an exponential moving average of each variable; see
        `finalize_variable_values`.
    ema_momentum : float
        How much of the average is kept at each step.
    ema_overwrite_frequency : int, optional
        After this many steps, the averages become the values.
    loss_scale_factor : float, optional
        What gradients are divided by, because the loss was multiplied with it: `minimize` and
        `compute_gradients` do so, or you with `scale_loss`.
    gradient_accumulation_steps : int, optional
        How many gradients make one step, along their mean. Schedules count gradients, `iterations`
        counts steps.
    skip_nonfinite : bool
        Whether a step whose gradients are not all finite is left out, and counted in `skipped`.
        Looking waits for the device.
    groups : callable, optional
        Given a variable, returns a dict of arguments that are different for it, or None:
        ``learning_rate``, ``learning_rate_multiplier``, ``weight_decay``, and the optimizer's own.
    name : str, optional

    Attributes
    ----------
    slot_names : tuple of str
        What is kept per variable between steps.
    watchers : list
        Who looks at every step, such as an `xgrad.summary.GradientWatcher`.

    Examples
    --------
    An optimizer of your own is a class with its mathematics:

    >>> import xgrad as xg
    >>> class SignDescent(xg.optimizers.Optimizer):
    ...     def update_step(self, xp, g, w, slots, c):
    ...         return w - c["learning_rate"] * xp.sign(g), {}
    >>> w = xg.Variable([1.0, -2.0])
    >>> optimizer = SignDescent(0.5)
    >>> optimizer.minimize(lambda: xg.sum(w**2))
    xg.Tensor(5., shape=(), dtype=float64, device=cpu)
    >>> w.numpy()
    array([ 0.5, -1.5])
    """

    def __init__(self, learning_rate: Any = 0.01, **options: Unpack[Options]) -> None:
        checked = check_options(type(self).__name__, options, self.hyperparameters)
        self.weight_decay: float | None = checked["weight_decay"]
        self.clipnorm: float | None = checked["clipnorm"]
        self.clipvalue: float | None = checked["clipvalue"]
        self.global_clipnorm: float | None = checked["global_clipnorm"]
        self.use_ema: bool = checked["use_ema"]
        self.ema_momentum: float = checked["ema_momentum"]
        self.ema_overwrite_frequency: int | None = checked["ema_overwrite_frequency"]
        self.loss_scale_factor: float | None = checked["loss_scale_factor"]
        self.gradient_accumulation_steps: int | None = checked["gradient_accumulation_steps"]
        self.skip_nonfinite: bool = checked["skip_nonfinite"]
        self.groups: Callable[[Any], Any] | None = checked["groups"]
        self.name: str = checked["name"] or type(self).__name__.lower()
        self._rate: LearningRate = as_learning_rate(learning_rate)
        self.watchers: list[Any] = []
        self._counters = state.make_counters(self)
        self._slots = SlotTable()
        self._excluded = Exclusions()
        self._groups = Groups()

    def __init_subclass__(cls) -> None:
        register(cls)

    def __repr__(self) -> str:
        config = self.get_config()
        plain = {**DEFAULTS, "name": type(self).__name__.lower()}
        shown = {k: v for k, v in config.items() if k not in DEFAULTS or v != plain[k]}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())})"

    # -- properties ----------------------------------------------------------------------------

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; set it to whatever the constructor takes."""
        return number_at(self._rate, state.gradients_seen(self))

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        rate = as_learning_rate(value)
        if isinstance(self._rate, Variable) and isinstance(rate, float):
            self._rate.assign(rate)  # recorded programs read it
        else:
            self._rate = rate

    lr = learning_rate

    @property
    def iterations(self) -> Variable:
        """The number of steps taken, an int64 Variable on the device ``cpu``.

        A step inside `xg.function` moves it to where the variables are."""
        return self._counters["iterations"]

    @property
    def skipped(self) -> int:
        """The number of steps left out because of gradients that were not finite."""
        return int(self._counters["skipped"]) if "skipped" in self._counters else 0

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own Variables: `iterations`, other counters, each variable's slots."""
        return [*self._counters.values(), *self._slots.variables()]

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
        return pure.init(self, params)

    def update(
        self, grads: Nest, state: dict[str, Any], params: Nest, learning_rate: Any = None
    ) -> tuple[Nest, dict[str, Any]]:
        """Work out a step without changing anything; differentiable.

        Parameters
        ----------
        grads : nest
            In the structure of `params`; what has None keeps its value.
        state : dict
            As `init` or the last `update` returned it.
        params : nest
            Of Tensors, Variables or arrays. Constraints of Variables are not applied.
        learning_rate : float or Tensor, optional
            In place of the optimizer's own.

        Returns
        -------
        params : nest
            The new values, Tensors.
        state : dict

        Raises
        ------
        ArgumentError
            If the structures differ or there is no gradient at all.
        ShapeError, DeviceMismatchError, DTypeError
            If a gradient does not fit.

        Examples
        --------
        The derivative of the loss after a step with respect to the learning rate:

        >>> import xgrad as xg
        >>> optimizer = xg.optimizers.SGD()
        >>> w, rate = xg.asarray([1.0, 2.0]), xg.asarray(0.1)
        >>> with xg.GradientTape() as tape:
        ...     _ = tape.watch(rate)
        ...     new, _ = optimizer.update(2 * w, optimizer.init(w), w, learning_rate=rate)
        ...     loss = xg.sum(new**2)
        >>> tape.gradient(loss, rate)
        xg.Tensor(-16., shape=(), dtype=float64, device=cpu)
        """
        with quiet():  # what is not finite shows in the results
            return pure.update(self, grads, state, params, learning_rate)

    # -- state ---------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a later run needs to go on: a nest of Tensors.

        Returns
        -------
        dict
            ``"iterations"`` and other counters; ``"learning_rate"`` if it is a number; and for
            each slot a list, in the order in which the variables were first seen (or built).
            Later steps leave these Tensors as they are.
        """
        return state.save(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` returned.

        Slots go to the variables in the order in which they were seen; an optimizer that has seen
        none yet hands them out as it meets them, or in the order given to `build`.

        Parameters
        ----------
        state_dict : dict
            Of Tensors or arrays, on any device.

        Raises
        ------
        ArgumentError, ShapeError
            If the state is another optimizer's; nothing is changed then.
        """
        state.load(self, state_dict)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this optimizer again, without its state."""
        return {"learning_rate": serialize(self._rate), **self.options()}

    def options(self) -> dict[str, Any]:
        """All arguments but the learning rate."""
        return {name: getattr(self, name) for name in (*self.hyperparameters, *DEFAULTS)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make an optimizer from what `get_config` returned; defaults stand for what is missing.

        Raises
        ------
        ArgumentTypeError
            If there is an argument that this optimizer does not have.
        """
        arguments = as_mapping(config, "from_config: config")
        if "learning_rate" in arguments:
            arguments["learning_rate"] = deserialize(arguments["learning_rate"])
        return cls(**arguments)

    # -- inside --------------------------------------------------------------------------------

    def all_slot_names(self) -> tuple[str, ...]:
        """List the rule's slots and those that the options ask for."""
        names = self.slot_names
        if self.use_ema:
            names += ("average",)
        return (*names, "gradient_accumulator") if self.gradient_accumulation_steps else names

    def decay_of(self, slots: dict[str, Any]) -> float | None:  # noqa: ARG002
        """Find the weight decay of a variable with these slots."""
        return self.weight_decay

    def fresh_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:
        """Make all slots of a variable that is seen for the first time."""
        w = widened(w)
        slots = self.make_slots(w, name)
        return {**slots, **pure.common_slots(self, w)}

    def _apply(
        self, grads_and_vars: Iterable[Any], global_step: Variable | None, what: str
    ) -> Variable:
        if is_recorded():
            return take_recorded_step(self, grads_and_vars, global_step, what)
        return stateful.take_step(self, grads_and_vars, global_step, what)
