"""Dynamic loss scaling: the largest scale at which gradients stay finite."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from .._typing import Nest
from ..backends import quiet
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError
from ..ops.rule_namespace import rule_namespace as xp
from ..tree import leaves
from ..tree import map as tree_map
from .base import Optimizer
from .checks import (
    as_count,
    as_gradients,
    as_mapping,
    as_pairs,
    as_positive,
    as_tensor,
    drop_unconnected,
)
from .recorded import is_recorded, take_recorded_step
from .registry import deserialize, serialize
from .rule import choose
from .step_numbers import all_finite, to_place

__all__ = ["LossScaleOptimizer"]


class LossScaleOptimizer(Optimizer):
    """Another optimizer, with a loss scale that adapts, for half precision.

    Gradients are those of the loss times a scale, so that small ones do not vanish, and are divided
    by it [1]_. A step whose gradients are not all finite is left out, and the scale halved; after
    `dynamic_growth_steps` good steps in a row the scale is doubled. `minimize` and
    `compute_gradients` scale by themselves; for a tape of your own there is `scale_loss`.

    Looking whether gradients are finite waits for the device; `update` does not.

    Parameters
    ----------
    inner_optimizer : Optimizer
        Which takes the steps. It must not scale the loss itself.
    initial_scale : float
    dynamic_growth_steps : int
    name : str, optional

    Attributes
    ----------
    dynamic_scale : Variable
        The present scale, float32.
    step_counter : Variable
        How many good steps there were in a row since the scale changed.

    See Also
    --------
    Optimizer

    References
    ----------
    .. [1] P. Micikevicius et al., "Mixed precision training", ICLR 2018, arXiv:1710.03740.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0], dtype=xg.float32)
    >>> optimizer = xg.optimizers.LossScaleOptimizer(xg.optimizers.SGD(0.25), initial_scale=2.0**20)
    >>> for _ in range(2):
    ...     loss = optimizer.minimize(lambda: xg.sum(xg.astype(w, "float16") ** 2))
    >>> w.numpy(), float(optimizer.dynamic_scale), optimizer.skipped
    (array([1.], dtype=float32), 262144.0, 2)
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
    ) -> None:
        if not isinstance(inner_optimizer, Optimizer):
            raise ArgumentTypeError(
                "LossScaleOptimizer: inner_optimizer must be an Optimizer, but is a "
                f"{type(inner_optimizer).__name__}."
            )
        if inner_optimizer.loss_scale_factor is not None:
            raise ArgumentError(
                "LossScaleOptimizer: the inner optimizer has the loss_scale_factor "
                f"{inner_optimizer.loss_scale_factor}, so gradients would be scaled twice. Use None."
            )
        self.inner_optimizer = inner_optimizer
        super().__init__(inner_optimizer._rate, name=name)
        self.initial_scale = as_positive(initial_scale, "initial_scale")
        self.dynamic_growth_steps = as_count(dynamic_growth_steps, "dynamic_growth_steps")
        self.dynamic_scale = Variable(
            self.initial_scale, False, "dynamic_scale", dtype="float32", device="cpu"
        )
        self.step_counter = Variable(0, False, "step_counter", dtype="int64", device="cpu")
        skipped = Variable(0, False, "skipped", dtype="int64", device="cpu")
        # Everything else is the inner optimizer's own.
        self._counters = {
            **inner_optimizer._counters,
            "dynamic_scale": self.dynamic_scale,
            "step_counter": self.step_counter,
            "skipped": skipped,
        }
        self._slots = inner_optimizer._slots
        self._excluded = inner_optimizer._excluded
        self.use_ema = inner_optimizer.use_ema

    @property
    def _rate(self) -> Any:
        return self.inner_optimizer._rate

    @_rate.setter
    def _rate(self, value: Any) -> None:
        self.inner_optimizer._rate = value

    def __repr__(self) -> str:
        return (
            f"LossScaleOptimizer({self.inner_optimizer!r}, initial_scale={self.initial_scale}, "
            f"dynamic_growth_steps={self.dynamic_growth_steps})"
        )

    # -- pure ----------------------------------------------------------------------------------

    def init(self, params: Nest) -> dict[str, Any]:
        """Make the state with which `update` begins; see `Optimizer.init`."""
        state = self.inner_optimizer.init(params)
        count = xp.zeros_like(state["iterations"])
        scale = xp.astype(count, "float32") + self.initial_scale
        return {**state, "dynamic_scale": scale, "step_counter": count, "skipped": count}

    def update(
        self, grads: Nest, state: dict[str, Any], params: Nest, learning_rate: Any = None
    ) -> tuple[Nest, dict[str, Any]]:
        """Work out a step without changing anything; see `Optimizer.update`.

        The gradients are those of the loss times ``state["dynamic_scale"]``."""
        scale = as_tensor(state["dynamic_scale"])
        finite = all_finite([as_tensor(g) for g in leaves(grads)], scale)
        with quiet():
            unscaled = tree_map(lambda g: _unscaled(as_tensor(g), scale), grads)
        new, new_state = self.inner_optimizer.update(unscaled, state, params, learning_rate)

        def keep(x: Any, old: Any) -> Any:
            return choose(xp, to_place(finite, x), x, as_tensor(old))

        kept = {name: tree_map(keep, new_state[name], state[name]) for name in new_state}
        count = as_tensor(state["step_counter"]) + 1
        grows = count == self.dynamic_growth_steps
        kept["dynamic_scale"] = xp.where(finite, xp.where(grows, scale * 2, scale), scale / 2)
        kept["step_counter"] = xp.where(finite & ~grows, count, xp.zeros_like(count))
        skipped = as_tensor(state["skipped"])
        kept["skipped"] = choose(xp, finite, skipped, skipped + 1)
        return tree_map(keep, new, params), kept

    # -- configuration -------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this optimizer again, without its state."""
        return {
            "inner_optimizer": serialize(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make an optimizer from what `get_config` returned."""
        arguments = as_mapping(config, "from_config: config")
        if "inner_optimizer" in arguments:
            arguments["inner_optimizer"] = deserialize(arguments["inner_optimizer"])
        return cls(**arguments)

    # -- inside --------------------------------------------------------------------------------

    def all_slot_names(self) -> tuple[str, ...]:
        """List the inner optimizer's slots."""
        return self.inner_optimizer.all_slot_names()

    def fresh_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:
        """Make the inner optimizer's slots."""
        return self.inner_optimizer.fresh_slots(w, name)

    def _loss_scale(self) -> Any:
        if is_recorded():
            return self.dynamic_scale.value()
        return float(self.dynamic_scale)

    def _apply(
        self, grads_and_vars: Iterable[Any], global_step: Variable | None, what: str
    ) -> Variable:
        if is_recorded():
            return take_recorded_step(self, grads_and_vars, global_step, what)
        pairs = drop_unconnected(as_pairs(grads_and_vars, what), what)
        gradients = as_gradients(pairs, what)
        if not all_finite(gradients, gradients[0]):
            self.dynamic_scale.assign(float(self.dynamic_scale) / 2)
            self.step_counter.assign(0)
            self._counters["skipped"].assign_add(1)
            return self.iterations
        scale = self.dynamic_scale.value()
        with quiet():
            unscaled = [_unscaled(g, scale) for g in gradients]
        found = zip(unscaled, (v for _, v in pairs), strict=True)
        self.inner_optimizer._apply(found, global_step, what)
        self.step_counter.assign_add(1)
        if int(self.step_counter) == self.dynamic_growth_steps:
            self.step_counter.assign(0)
            self.dynamic_scale.assign(float(self.dynamic_scale) * 2)
        return self.iterations


def _unscaled(g: Tensor, scale: Tensor) -> Tensor:
    """Divide a gradient by the scale, in its own dtype."""
    return xp.astype(g / to_place(scale, g), g.dtype)  # type: ignore[no-any-return]
