"""Adagrad: steps that shrink as squared gradients add up."""

from __future__ import annotations

from typing import Any, Unpack

from .._typing import Array
from ..core.tensor import Tensor
from .base import Optimizer
from .checks import as_positive
from .options import Options
from .rule import Numbers, Slots, real_zeros, squared_modulus

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    r"""Steps divided by the root of the sum of all squared gradients.

    With learning rate :math:`\eta` and gradient :math:`g`, a step is

    .. math::

        a &\leftarrow a + |g|^2 \\
        w &\leftarrow w - \eta g / \sqrt{a + \epsilon}

    [1]_.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    initial_accumulator_value : float
        What :math:`a` begins with.
    epsilon : float
        What keeps the denominator from 0.
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    Adadelta, RMSprop, Ftrl

    References
    ----------
    .. [1] J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and
       stochastic optimization", Journal of Machine Learning Research 12, 2011.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.Adagrad(learning_rate=0.1)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.90122704, -1.90031104], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = ("initial_accumulator_value", "epsilon")
    slot_names = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = as_positive(
            initial_accumulator_value, "initial_accumulator_value"
        )
        self.epsilon = as_positive(epsilon, "epsilon")

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Make an array of the initial value."""
        return {"accumulator": real_zeros(w) + self.initial_accumulator_value}

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        a = slots["accumulator"] + squared_modulus(xp, g)
        return w - g * c["learning_rate"] / xp.sqrt(a + self.epsilon), {"accumulator": a}
