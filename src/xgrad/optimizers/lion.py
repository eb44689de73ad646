"""Lion: steps of one size, in the direction of a sign."""

from __future__ import annotations

from typing import Any, Unpack

from .._typing import Array
from ..errors import ArgumentError
from .base import Optimizer
from .checks import as_fraction
from .options import Options
from .rule import Numbers, Slots

__all__ = ["Lion"]


class Lion(Optimizer):
    r"""Evolved sign momentum.

    With learning rate :math:`\eta` and gradient :math:`g`, a step is

    .. math::

        w &\leftarrow w - \eta \operatorname{sign}(\beta_1 m + (1 - \beta_1) g) \\
        m &\leftarrow \beta_2 m + (1 - \beta_2) g

    [1]_. The learning rate should be three to ten times smaller than Adam's, and the weight decay
    larger in the same proportion.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    beta_1 : float
        How much the mean counts in a step, above 0 and at most 1.
    beta_2 : float
        How much of the mean is kept at each step.
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    Adam, SGD

    References
    ----------
    .. [1] X. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023,
       arXiv:2302.06675.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.Lion(learning_rate=0.1)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.9, -1.9], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = ("beta_1", "beta_2")
    slot_names = ("momentum",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = as_fraction(beta_1, "beta_1", closed=True)
        self.beta_2 = as_fraction(beta_2, "beta_2", closed=True)
        if self.beta_1 == 0.0:
            raise ArgumentError("Lion: beta_1 must be above 0, or only signs of gradients count.")

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        m = slots["momentum"]
        direction = xp.sign(m * self.beta_1 + g * (1.0 - self.beta_1))
        m = m * self.beta_2 + g * (1.0 - self.beta_2)
        return w - direction * c["learning_rate"], {"momentum": m}
