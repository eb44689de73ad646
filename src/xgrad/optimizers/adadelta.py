"""Adadelta: steps as large as the last ones, whatever the gradient's units."""

from __future__ import annotations

from typing import Any, Unpack

from .._typing import Array
from ..core.tensor import Tensor
from .base import Optimizer
from .checks import as_fraction, as_positive
from .options import Options
from .rule import Numbers, Slots, real_zeros, squared_modulus

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    r"""Steps scaled by the ratio of the root mean squares of past steps and gradients.

    With learning rate :math:`\eta` and gradient :math:`g`, a step is

    .. math::

        a &\leftarrow \rho a + (1 - \rho) |g|^2 \\
        d &= g \, \sqrt{b + \epsilon} / \sqrt{a + \epsilon} \\
        b &\leftarrow \rho b + (1 - \rho) |d|^2 \\
        w &\leftarrow w - \eta d

    [1]_; the paper has :math:`\eta = 1`.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    rho : float
        How much of the means is kept at each step, from 0 on and below 1.
    epsilon : float
        What keeps the denominator from 0, and the first steps from being 0.
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    Adagrad, RMSprop

    References
    ----------
    .. [1] M. D. Zeiler, "ADADELTA: An adaptive learning rate method", arXiv:1212.5701, 2012.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.Adadelta(learning_rate=1.0)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.99858579, -1.99858579], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = ("rho", "epsilon")
    slot_names = ("accumulated_grad", "accumulated_delta_var")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = as_fraction(rho, "rho")
        self.epsilon = as_positive(epsilon, "epsilon")

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Make zeros, which are real."""
        return {slot: real_zeros(w) for slot in self.slot_names}

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        a, b = slots["accumulated_grad"], slots["accumulated_delta_var"]
        a = a * self.rho + squared_modulus(xp, g) * (1.0 - self.rho)
        d = g * xp.sqrt(b + self.epsilon) / xp.sqrt(a + self.epsilon)
        b = b * self.rho + squared_modulus(xp, d) * (1.0 - self.rho)
        return w - d * c["learning_rate"], {"accumulated_grad": a, "accumulated_delta_var": b}
