"""Adamax: Adam with the largest gradient of the past in place of the root mean square."""

from __future__ import annotations

from typing import Any, Unpack

from .._typing import Array
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from .base import Optimizer
from .checks import as_fraction, as_positive
from .options import Options
from .rule import Numbers, Slots, real_zeros

__all__ = ["Adamax"]


class Adamax(Optimizer):
    r"""Adam with the infinity norm.

    With learning rate :math:`\eta` and gradient :math:`g`, step number :math:`t` is

    .. math::

        m &\leftarrow m + (1 - \beta_1) (g - m) \\
        u &\leftarrow \max(\beta_2 u, |g|) \\
        w &\leftarrow w - \frac{\eta}{1 - \beta_1^t} \, \frac{m}{u + \epsilon}

    [1]_, section 7.1.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    beta_1, beta_2 : float
        How much of the mean and of the norm is kept at each step, from 0 on and below 1.
    epsilon : float
        What keeps the denominator from 0.
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    Adam

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: A method for stochastic optimization", ICLR 2015,
       arXiv:1412.6980.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.Adamax(learning_rate=0.1)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.9, -1.9], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = ("beta_1", "beta_2", "epsilon")
    slot_names = ("momentum", "norm")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = as_fraction(beta_1, "beta_1")
        self.beta_2 = as_fraction(beta_2, "beta_2")
        self.epsilon = as_positive(epsilon, "epsilon")

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Make zeros: the norm is real."""
        return {"momentum": rule_namespace.zeros_like(w), "norm": real_zeros(w)}

    def coefficients(self, xp: Any, learning_rate: Any, step: Any) -> Numbers:  # noqa: ARG002
        """Correct the learning rate, because the mean begins at zero."""
        return {"alpha": learning_rate / (1.0 - self.beta_1**step)}

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        m = slots["momentum"]
        m = m + (g - m) * (1.0 - self.beta_1)
        u = xp.maximum(slots["norm"] * self.beta_2, xp.abs(g))
        return w - m * c["alpha"] / (u + self.epsilon), {"momentum": m, "norm": u}
