"""Gradient descent, plain, with momentum and with Nesterov's momentum."""

from __future__ import annotations

from typing import Any, Unpack

from .._arguments import as_flag
from .._typing import Array
from .base import Optimizer
from .checks import as_fraction
from .options import Options
from .rule import Numbers, Slots

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
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    momentum : float
        How much of the last step goes into the next, from 0 to 1.
    nesterov : bool
        Whether to use Nesterov's momentum.
    **options
        What all optimizers take; see `Optimizer`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If an argument is no finite number, or the momentum not between 0 and 1.

    See Also
    --------
    Adam, RMSprop

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

    hyperparameters = ("momentum", "nesterov")

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = as_fraction(momentum, "momentum", closed=True)
        self.nesterov = as_flag(nesterov, type(self).__name__, "nesterov")
        self.slot_names = ("momentum",) if self.momentum else ()

    def update_step(
        self,
        xp: Any,  # noqa: ARG002 - what all are given
        g: Array,
        w: Array,
        slots: Slots,
        c: Numbers,
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        move = g * c["learning_rate"]
        if not self.momentum:
            return w - move, {}
        v = slots["momentum"] * self.momentum - move
        w = w + (v * self.momentum - move) if self.nesterov else w + v
        return w, {"momentum": v}


GradientDescent = SGD
