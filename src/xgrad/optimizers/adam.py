"""Adam, and AdamW, whose weight decay does not go through the moments."""

from __future__ import annotations

from typing import Any, Unpack

from .._arguments import as_flag
from .._typing import Array
from ..core.tensor import Tensor
from ..errors import ArgumentError
from .base import Optimizer
from .checks import as_fraction, as_positive
from .options import Options, OtherOptions
from .rule import Numbers, Slots, moments, real_zeros

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    r"""Steps along the mean gradient, divided by the root of its mean square.

    With learning rate :math:`\eta` and gradient :math:`g`, step number :math:`t` is

    .. math::

        m &\leftarrow m + (1 - \beta_1) (g - m) \\
        v &\leftarrow v + (1 - \beta_2) (|g|^2 - v) \\
        w &\leftarrow w - \eta \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \,
            \frac{m}{\sqrt{v} + \epsilon}

    [1]_, with :math:`\epsilon` where Keras has it. `amsgrad` divides by the root of the largest
    :math:`v` so far instead [2]_.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    beta_1, beta_2 : float
        How much of the means is kept at each step, from 0 on and below 1.
    epsilon : float
        What keeps the denominator from 0.
    amsgrad : bool
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    AdamW, Nadam, Adamax

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: A method for stochastic optimization", ICLR 2015,
       arXiv:1412.6980.
    .. [2] S. J. Reddi, S. Kale, S. Kumar, "On the convergence of Adam and beyond", ICLR 2018.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.Adam(learning_rate=0.1)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.90000016, -1.90000008], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters: tuple[str, ...] = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = as_fraction(beta_1, "beta_1")
        self.beta_2 = as_fraction(beta_2, "beta_2")
        self.epsilon = as_positive(epsilon, "epsilon")
        self.amsgrad = as_flag(amsgrad, type(self).__name__, "amsgrad")
        self.slot_names = ("momentum", "velocity")
        if self.amsgrad:
            self.slot_names += ("velocity_hat",)

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:
        """Make zeros: the second moments are real."""
        slots = super().make_slots(w, name)
        return {name: x if name == "momentum" else real_zeros(w) for name, x in slots.items()}

    def coefficients(self, xp: Any, learning_rate: Any, step: Any) -> Numbers:
        """Correct the learning rate, because the means begin at zero."""
        corrected = learning_rate * xp.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)
        return {"alpha": corrected}

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        m, v = moments(xp, g, slots, self.beta_1, self.beta_2)
        new = {"momentum": m, "velocity": v}
        if self.amsgrad:
            v = new["velocity_hat"] = xp.maximum(slots["velocity_hat"], v)
        return w - m * c["alpha"] / (xp.sqrt(v) + self.epsilon), new


class AdamW(Adam):
    r"""Adam with decoupled weight decay.

    Before each step of `Adam`, :math:`w \leftarrow w - \eta \lambda w` with the weight decay
    :math:`\lambda` [1]_. As in Keras the learning rate is part of it.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
    weight_decay : float
    beta_1, beta_2, epsilon, amsgrad
        See `Adam`.
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    Adam, Optimizer.exclude_from_weight_decay

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019,
       arXiv:1711.05101.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([1.0, -2.0], name="w")
    >>> optimizer = xg.optimizers.AdamW(learning_rate=0.1, weight_decay=0.01)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.89900016, -1.89800008], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OtherOptions],
    ) -> None:
        if weight_decay is None:
            raise ArgumentError("AdamW: weight_decay must be a number. Use Adam for none.")
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options
        )
