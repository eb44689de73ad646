"""Schedule-free AdamW: averaging in place of a schedule."""

from __future__ import annotations

from typing import Any, Unpack

from .._typing import Array
from ..core.tensor import Tensor
from ..errors import ArgumentError
from .base import Optimizer
from .checks import as_fraction, as_positive
from .options import Options
from .rule import Numbers, Slots, real_zeros, squared_modulus

__all__ = ["ScheduleFreeAdamW"]


class ScheduleFreeAdamW(Optimizer):
    r"""Adam that needs no schedule, because it averages.

    The variable holds :math:`y`, where gradients are to be taken; :math:`z` is kept, and the
    average :math:`x` follows from both. With learning rate :math:`\eta`, which grows linearly
    during the first `warmup_steps`, and gradient :math:`g`, step number :math:`t` is

    .. math::

        v &\leftarrow v + (1 - \beta_2) (|g|^2 - v) \\
        x &= (y - (1 - \beta_1) z) / \beta_1 \\
        z &\leftarrow z - \eta g / (\sqrt{v / (1 - \beta_2^t)} + \epsilon) \\
        x &\leftarrow (1 - 1/t) x + z / t \\
        y &\leftarrow (1 - \beta_1) z + \beta_1 x

    [1]_.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step.
    beta_1 : float
        How much the average counts in the variable, above 0 and below 1.
    beta_2 : float
        How much of the mean square is kept at each step.
    epsilon : float
        What keeps the denominator from 0.
    warmup_steps : int
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    AdamW

    References
    ----------
    .. [1] A. Defazio et al., "The road less scheduled", NeurIPS 2024, arXiv:2405.15682.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.ScheduleFreeAdamW(learning_rate=0.1)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.9, -1.9], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = ("beta_1", "beta_2", "epsilon", "warmup_steps")
    slot_names = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = as_fraction(beta_1, "beta_1")
        if not self.beta_1:
            raise ArgumentError("ScheduleFreeAdamW: beta_1 must be above 0. Use AdamW.")
        self.beta_2 = as_fraction(beta_2, "beta_2")
        self.epsilon = as_positive(epsilon, "epsilon")
        self.warmup_steps = int(as_positive(warmup_steps, "warmup_steps"))

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Copy the value itself, and zeros."""
        return {"momentum": w, "velocity": real_zeros(w)}

    def coefficients(self, xp: Any, learning_rate: Any, step: Any) -> Numbers:
        """Compute the learning rate, the mean square's correction, and the weight of the newest value."""
        if self.warmup_steps:
            learning_rate = learning_rate * xp.minimum(step / self.warmup_steps, 1.0)
        return {
            "learning_rate": learning_rate,
            "square": 1.0 / (1.0 - self.beta_2**step),
            "weight": 1.0 / step,
        }

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        z, v = slots["momentum"], slots["velocity"]
        v = v + (squared_modulus(xp, g) - v) * (1.0 - self.beta_2)
        x = (w - z * (1.0 - self.beta_1)) / self.beta_1
        z = z - g * c["learning_rate"] / (xp.sqrt(v * c["square"]) + self.epsilon)
        x = x + (z - x) * c["weight"]
        return z * (1.0 - self.beta_1) + x * self.beta_1, {"momentum": z, "velocity": v}
