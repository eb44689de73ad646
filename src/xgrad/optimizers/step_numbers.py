"""The numbers of one step: coefficients, decay, averaging, and the factors of gradients.

They are worked out with a namespace of numbers (host_numbers.py), so that pure steps and steps of
Variables share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backends import quiet
from ..core.casting import dtype_kind
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import DTypeError
from ..ops.rule_namespace import rule_namespace
from ..transforms.norms import factor_together, factor_within, norm_together, root, sum_of_squares
from .groups import Group
from .rule import Numbers

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["all_finite", "clip_factors", "is_due", "overwrites", "step_numbers", "unscaling"]


def step_numbers(
    optimizer: Optimizer, xp: Any, group: Group, learning_rate: Any, count: Any, decay: float | None
) -> Numbers:
    """Compute what `whole_step` needs to know for the variables of one group.

    Parameters
    ----------
    xp : namespace
        Of numbers.
    learning_rate, count : number or Tensor
        Of this step; how many were taken before.
    decay : float or None
        The weight decay.
    """
    c = group.rule.coefficients(xp, learning_rate, count + 1)
    unscale = unscaling(optimizer)
    if unscale != 1.0:
        c["unscale"] = unscale
    if optimizer.clipvalue is not None:
        c["bound"] = optimizer.clipvalue
    if decay:
        c["decay"] = learning_rate * decay
    if optimizer.use_ema:
        # The first average is the first value.
        c["blend"] = 1.0 - optimizer.ema_momentum * xp.minimum(count, 1.0)
    return c


def unscaling(optimizer: Optimizer) -> float:
    """Compute the factor that undoes the scaling of the loss and turns a sum of gradients into a mean."""
    number = optimizer.gradient_accumulation_steps or 1
    return 1.0 / (number * (optimizer.loss_scale_factor or 1.0))


def is_due(optimizer: Optimizer, gradients_seen: Any) -> Any:
    """Tell whether this gradient, after so many, completes a step: a bool or a Tensor of one."""
    number = optimizer.gradient_accumulation_steps
    return True if number is None else (gradients_seen + 1) % number == 0


def overwrites(optimizer: Optimizer, count: Any) -> Any:
    """Tell whether the averages become the values in this step, after so many."""
    frequency = optimizer.ema_overwrite_frequency
    return (count + 1) % frequency == 0 if optimizer.use_ema and frequency else False


def clip_factors(optimizer: Optimizer, gradients: list[Tensor]) -> list[Tensor | None]:
    """Compute what each gradient is multiplied with to keep its norm, or that of all, within the limit."""
    if optimizer.clipvalue is not None:
        for g in gradients:
            if dtype_kind(g.dtype) == "complex":
                raise DTypeError(
                    f"clipvalue bounds real elements, but the gradient {describe(g)} is complex. "
                    "Use clipnorm or global_clipnorm."
                )
    unscale = unscaling(optimizer)
    with quiet():
        if optimizer.clipnorm is not None:
            limit = optimizer.clipnorm
            return [factor_within(root(sum_of_squares(g)) * unscale, limit) for g in gradients]
        if optimizer.global_clipnorm is not None:
            norm = norm_together(gradients) * unscale
            return [factor_together(norm, optimizer.global_clipnorm)] * len(gradients)
    return [None] * len(gradients)


def all_finite(gradients: list[Tensor], like: Tensor) -> Tensor:
    """Tell whether all elements are finite, as a Tensor on the device of another."""
    xp = rule_namespace
    found = [xp.all(xp.isfinite(g)) for g in gradients]
    return xp.all(xp.stack([f if f.device == like.device else to_place(f, like) for f in found]))  # type: ignore[no-any-return]


def to_place(x: Any, like: Tensor) -> Any:
    """Bring a Tensor where another is; anything else stays as it is."""
    if not isinstance(x, Tensor) or x.device == like.device:
        return x
    return x.to_device(like.device)
