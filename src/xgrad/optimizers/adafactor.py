"""Adafactor: Adam's scaling with a memory of rows and columns only."""

from __future__ import annotations

from typing import Any, Unpack

from .._arguments import as_flag
from .._typing import Array
from ..core.tensor import Tensor
from ..ops.statistical import sum
from .base import Optimizer
from .checks import as_positive, as_rate
from .options import Options
from .rule import Numbers, Slots, mean_square, real_zeros, squared_modulus

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    r"""Adaptive steps with factored second moments and without a mean of gradients.

    With learning rate :math:`\eta` and gradient :math:`g`, step number :math:`t` is

    .. math::

        \beta &= 1 - t^{d}, \qquad s = |g|^2 + \epsilon_1, \qquad
        \rho = \min(\eta, 1 / \sqrt t) \\
        r &\leftarrow \beta r + (1 - \beta) \operatorname{mean}_{-1} s, \quad
        c  \leftarrow \beta c + (1 - \beta) \operatorname{mean}_{-2} s, \quad
        v  = \frac{r}{\operatorname{mean}_{-1} r} \otimes c \\
        u &= g / \sqrt v, \qquad \hat u = u / \max(1, \operatorname{rms}(u) / \theta) \\
        w &\leftarrow w - \max(\epsilon_2, \operatorname{rms}(w)) \, \rho \, \hat u

    [1]_; vectors keep all of :math:`v \leftarrow \beta v + (1 - \beta) s`. As in Keras, a
    schedule with `relative_step` is bounded by :math:`1 / \sqrt t` like a number.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step relative to the variable, at most.
    beta_2_decay : float
        The exponent :math:`d`, below 0.
    epsilon_1, epsilon_2 : float
        What squares and the size of the variable are at least.
    clip_threshold : float
        The largest root mean square of a step, :math:`\theta`.
    relative_step : bool
        Kept for Keras's sake, where it changes nothing: the bound holds with and without it.
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    Adam

    References
    ----------
    .. [1] N. Shazeer, M. Stern, "Adafactor: adaptive learning rates with sublinear memory cost",
       ICML 2018, arXiv:1804.04235.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([[1.0, -2.0]], name="w")
    >>> optimizer = xg.optimizers.Adafactor(learning_rate=0.1)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([[ 0.84188612, -1.84188612]], shape=(1, 2), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = (
        "beta_2_decay",
        "epsilon_1",
        "epsilon_2",
        "clip_threshold",
        "relative_step",
    )
    slot_names = ("row", "column", "velocity")
    elementwise = False

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_2_decay = as_rate(beta_2_decay, "beta_2_decay")
        self.epsilon_1 = as_positive(epsilon_1, "epsilon_1")
        self.epsilon_2 = as_positive(epsilon_2, "epsilon_2")
        self.clip_threshold = as_positive(clip_threshold, "clip_threshold")
        self.relative_step = as_flag(relative_step, type(self).__name__, "relative_step")

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Make zeros: for rows and columns of matrices, or for all elements of a vector."""
        zeros = real_zeros(w)
        if w.ndim < 2:
            return {"velocity": zeros}
        return {"row": sum(zeros, axis=-1), "column": sum(zeros, axis=-2)}

    def coefficients(self, xp: Any, learning_rate: Any, step: Any) -> Numbers:
        """Compute the relative size of the step, and how much of the squares is new."""
        return {
            "size": xp.minimum(learning_rate, 1.0 / xp.sqrt(step)),
            "new": step**self.beta_2_decay,
        }

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        if 0 in w.shape:
            return w, slots  # which has no mean
        s = squared_modulus(xp, g) + self.epsilon_1
        if "row" in slots:
            r, k = slots["row"], slots["column"]
            r = r + (xp.mean(s, axis=-1) - r) * c["new"]
            k = k + (xp.mean(s, axis=-2) - k) * c["new"]
            share = r / xp.mean(r, axis=-1, keepdims=True)
            v = xp.expand_dims(share, axis=-1) * xp.expand_dims(k, axis=-2)
            new = {"row": r, "column": k}
        else:
            v = slots["velocity"] + (s - slots["velocity"]) * c["new"]
            new = {"velocity": v}
        u = g / xp.sqrt(v)
        u_size = xp.sqrt(mean_square(xp, u)) / self.clip_threshold
        w_size = xp.sqrt(mean_square(xp, w))
        size = xp.maximum(w_size, self.epsilon_2) * c["size"]
        return w - u * (size / xp.maximum(u_size, 1.0)), new
