"""Gradient descent, plain, with momentum and with Nesterov's momentum."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from ..errors import ArgumentError
from .base import Optimizer, Slots
from .checks import as_rate

__all__ = ["SGD", "GradientDescent"]


class SGD(Optimizer):
    r"""Gradient descent with momentum.

    With learning rate :math:`\eta`, momentum :math:`\mu` and gradient :math:`g`, a step is

    .. math::

        w &\leftarrow w - \eta g                       && \text{without momentum} \\
        v &\leftarrow \mu v - \eta g, \quad
        w  \leftarrow w + v                            && \text{with momentum [1]_} \\
        v &\leftarrow \mu v - \eta g, \quad
        w  \leftarrow w + \mu v - \eta g               && \text{with Nesterov's [2]_}

    The velocity :math:`v` starts at 0. These are Keras's equations: the learning rate is inside
    the velocity, so changing it acts on new gradients only.

    Parameters
    ----------
    learning_rate : float, int or callable
        The size of a step, or a function of the number of steps taken so far.
    momentum : float
        How much of the last step goes into the next, from 0 to 1.
    nesterov : bool
        Whether to use Nesterov's momentum.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If an argument is no finite number, or the momentum not between 0 and 1.

    See Also
    --------
    GradientTape

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR
       Computational Mathematics and Mathematical Physics 4(5), 1964.
    .. [2] I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and
       momentum in deep learning", ICML 2013.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.SGD(learning_rate=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.46, -0.92], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        super().__init__(learning_rate)
        self.momentum = as_rate(momentum, "momentum")
        if not 0.0 <= self.momentum <= 1.0:
            raise ArgumentError(f"momentum must be between 0 and 1, but is {momentum}. Use 0.9.")
        self.nesterov = bool(nesterov)
        self.slot_names = ("momentum",) if self.momentum else ()

    def update_step(
        self,
        xp: Any,  # noqa: ARG002 - every optimizer is given it; this one needs operators only
        g: Array,
        w: Array,
        slots: Slots,
        learning_rate: float,
        step: int,  # noqa: ARG002
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        if not self.momentum:
            return w - learning_rate * g, slots
        move = learning_rate * g
        v = self.momentum * slots["momentum"] - move
        w = w + (self.momentum * v - move) if self.nesterov else w + v
        return w, {"momentum": v}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this optimizer again, without its state."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


GradientDescent = SGD
