"""RMSprop: gradients divided by their root mean square."""

from __future__ import annotations

from typing import Any, Unpack

from .._arguments import as_flag
from .._typing import Array
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from .base import Optimizer
from .checks import as_fraction, as_positive
from .options import Options
from .rule import Numbers, Slots, real_zeros, squared_modulus

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    r"""Steps divided by the root of the gradient's mean square.

    With learning rate :math:`\eta`, momentum :math:`\mu` and gradient :math:`g`, a step is

    .. math::

        v &\leftarrow \rho v + (1 - \rho) |g|^2 \\
        a &\leftarrow \rho a + (1 - \rho) g         && \text{if centered, else } a = 0 \\
        d &= \eta g / \sqrt{v - |a|^2 + \epsilon} \\
        b &\leftarrow \mu b + d                     && \text{with momentum, else } b = d \\
        w &\leftarrow w - b

    [1]_; the centered one divides by an estimate of the standard deviation [2]_.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    rho : float
        How much of the means is kept at each step, from 0 on and below 1.
    momentum : float
        How much of the last step goes into the next, from 0 to 1.
    epsilon : float
        What keeps the denominator from 0.
    centered : bool
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    Adam, Adagrad

    References
    ----------
    .. [1] G. Hinton, N. Srivastava, K. Swersky, "Neural networks for machine learning", lecture 6,
       2012.
    .. [2] A. Graves, "Generating sequences with recurrent neural networks", arXiv:1308.0850, 2013.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.RMSprop(learning_rate=0.1)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.68377227, -1.68377224], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = as_fraction(rho, "rho")
        self.momentum = as_fraction(momentum, "momentum", closed=True)
        self.epsilon = as_positive(epsilon, "epsilon")
        self.centered = as_flag(centered, type(self).__name__, "centered")
        self.slot_names = ("velocity",)
        if self.momentum:
            self.slot_names += ("momentum",)
        if self.centered:
            self.slot_names += ("average_gradient",)

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Make zeros: the mean square is real."""
        zeros = rule_namespace.zeros_like
        return {slot: real_zeros(w) if slot == "velocity" else zeros(w) for slot in self.slot_names}

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        v = slots["velocity"] * self.rho + squared_modulus(xp, g) * (1.0 - self.rho)
        new = {"velocity": v}
        spread = v
        if self.centered:
            a = slots["average_gradient"] * self.rho + g * (1.0 - self.rho)
            new["average_gradient"] = a
            spread = v - squared_modulus(xp, a)
        move = g * c["learning_rate"] / xp.sqrt(spread + self.epsilon)
        if self.momentum:
            move = new["momentum"] = slots["momentum"] * self.momentum + move
        return w - move, new
