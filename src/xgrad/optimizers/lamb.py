"""Lamb: Adam's steps, each scaled by the norm of its variable."""

from __future__ import annotations

from typing import Any, Unpack

from .._typing import Array
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from .base import Optimizer
from .checks import as_fraction, as_positive
from .options import Options
from .rule import Numbers, Slots, moments, norm_of, real_zeros

__all__ = ["Lamb"]


class Lamb(Optimizer):
    r"""Layer-wise adaptive moments, for large batches.

    With learning rate :math:`\eta` and gradient :math:`g`, step number :math:`t` is

    .. math::

        m &\leftarrow m + (1 - \beta_1) (g - m), \qquad
        v  \leftarrow v + (1 - \beta_2) (|g|^2 - v) \\
        r &= \frac{m}{1 - \beta_1^t} \bigg/
             \left( \sqrt{\frac{v}{1 - \beta_2^t}} + \epsilon \right) \\
        w &\leftarrow w - \eta \frac{\|w\|}{\|r\|} r

    [1]_, with 1 in place of the ratio of the norms where one of them is 0.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    beta_1, beta_2 : float
        How much of the means is kept at each step, from 0 on and below 1.
    epsilon : float
        What keeps the denominator from 0.
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    Adam

    References
    ----------
    .. [1] Y. You et al., "Large batch optimization for deep learning: training BERT in 76 minutes",
       ICLR 2020, arXiv:1904.00962.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([3.0, -4.0], name="w")
    >>> optimizer = xg.optimizers.Lamb(learning_rate=0.1)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 2.64644661, -3.64644661], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = ("beta_1", "beta_2", "epsilon")
    slot_names = ("momentum", "velocity")
    elementwise = False

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
        """Make zeros: the second moment is real."""
        return {"momentum": rule_namespace.zeros_like(w), "velocity": real_zeros(w)}

    def coefficients(self, xp: Any, learning_rate: Any, step: Any) -> Numbers:  # noqa: ARG002
        """Correct the means, because the means begin at zero."""
        return {
            "learning_rate": learning_rate,
            "mean": 1.0 / (1.0 - self.beta_1**step),
            "square": 1.0 / (1.0 - self.beta_2**step),
        }

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        m, v = moments(xp, g, slots, self.beta_1, self.beta_2)
        r = m * c["mean"] / (xp.sqrt(v * c["square"]) + self.epsilon)
        w_norm, r_norm = norm_of(xp, w), norm_of(xp, r)
        usable = (w_norm > 0) & (r_norm > 0)
        one = xp.ones_like(r_norm)
        ratio = xp.where(usable, w_norm / xp.where(usable, r_norm, one), one)
        return w - r * (ratio * c["learning_rate"]), {"momentum": m, "velocity": v}
