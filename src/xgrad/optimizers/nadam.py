"""Nadam: Adam with Nesterov's momentum."""

from __future__ import annotations

from typing import Any, Unpack

from .._typing import Array
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from .base import Optimizer
from .checks import as_fraction, as_positive
from .options import Options
from .rule import Numbers, Slots, moments, real_zeros

__all__ = ["Nadam"]

_DECAY = 0.96
# log of (1 - x/2) (1 - 0.96 x/2) (1 - 0.96^2 x/2) ... as a power series in x; the coefficients fall
# as 2^-k, so that these are enough for double precision.
_SERIES = [-(0.5**k) / (k * (1.0 - _DECAY**k)) for k in range(1, 54)]


class Nadam(Optimizer):
    r"""Adam with Nesterov's momentum, which grows during the first steps.

    With learning rate :math:`\eta` and gradient :math:`g`, step number :math:`t` is

    .. math::

        u_t &= \beta_1 (1 - \tfrac12 0.96^t), \qquad \pi_t = u_1 u_2 \cdots u_t \\
        m &\leftarrow m + (1 - \beta_1) (g - m) \\
        v &\leftarrow v + (1 - \beta_2) (|g|^2 - v) \\
        \hat m &= \frac{u_{t+1} m}{1 - \pi_{t+1}} + \frac{(1 - u_t) g}{1 - \pi_t}, \qquad
        \hat v = \frac{v}{1 - \beta_2^t} \\
        w &\leftarrow w - \eta \hat m / (\sqrt{\hat v} + \epsilon)

    [1]_.

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
    .. [1] T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.Nadam(learning_rate=0.1)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.89372122, -1.89372122], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = ("beta_1", "beta_2", "epsilon")
    slot_names = ("momentum", "velocity")

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

    def coefficients(self, xp: Any, learning_rate: Any, step: Any) -> Numbers:
        """Compute how much the mean and the gradient count, corrected, and the mean square's correction."""
        u = self.beta_1 * (1.0 - 0.5 * _DECAY**step)
        u_next = self.beta_1 * (1.0 - 0.5 * _DECAY ** (step + 1))
        # From the number of the step alone, so that nothing need be kept: the infinite product that
        # begins at u_1, divided by the one that begins at u_(t+1).
        rest = _log_product(_DECAY ** (step + 1))
        product = self.beta_1**step * xp.exp(_log_product(_DECAY) - rest)
        return {
            "mean": learning_rate * u_next / (1.0 - product * u_next),
            "gradient": learning_rate * (1.0 - u) / (1.0 - product),
            "square": 1.0 / (1.0 - self.beta_2**step),
        }

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        m, v = moments(xp, g, slots, self.beta_1, self.beta_2)
        move = m * c["mean"] + g * c["gradient"]
        w = w - move / (xp.sqrt(v * c["square"]) + self.epsilon)
        return w, {"momentum": m, "velocity": v}


def _log_product(x: Any) -> Any:
    """Compute the logarithm of the infinite product of (1 - 0.96^i x / 2), i = 0, 1, ..."""
    total = 0.0
    for coefficient in reversed(_SERIES):
        total = (total + coefficient) * x
    return total
