"""Ftrl: follow the regularized leader, which makes weights exactly zero."""

from __future__ import annotations

from typing import Any, Unpack

from .._typing import Array
from ..core.casting import dtype_kind
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, DTypeError
from ..ops.rule_namespace import rule_namespace
from .base import Optimizer
from .checks import as_positive, as_rate
from .options import Options
from .rule import Numbers, Slots

__all__ = ["Ftrl"]


class Ftrl(Optimizer):
    r"""Follow the regularized leader (proximal).

    With learning rate :math:`\eta`, its power :math:`p`, gradient :math:`g`, strengths
    :math:`\lambda_1, \lambda_2` of regularization and :math:`\lambda_s` of shrinkage, a step is

    .. math::

        n' &= n + g^2 \\
        z &\leftarrow z + g + 2 \lambda_s w - \frac{n'^{-p} - n^{-p}}{\eta} w \\
        q &= \frac{n'^{-p}}{\eta} + 2 \left( \lambda_2 + \frac{\beta}{2 \eta} \right) \\
        w &\leftarrow \frac{\min(\max(z, -\lambda_1), \lambda_1) - z}{q}, \qquad n \leftarrow n'

    [1]_. Where :math:`|z| \le \lambda_1` the weight is exactly zero. Real variables only.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    learning_rate_power : float
        At most 0; 0 keeps the learning rate as it is.
    initial_accumulator_value : float
        What :math:`n` begins with.
    l1_regularization_strength, l2_regularization_strength : float
    l2_shrinkage_regularization_strength : float
        A penalty that acts on the gradient alone.
    beta : float
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    Adagrad

    References
    ----------
    .. [1] H. B. McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([0.1, -2.0], name="w")
    >>> optimizer = xg.optimizers.Ftrl(learning_rate=0.1, l1_regularization_strength=2.0)
    >>> loss = optimizer.minimize(lambda: xg.sum(w**2))
    >>> w
    xg.Variable([ 0.        , -1.69284448], shape=(2,), dtype=float64, device=cpu, name='w')
    """

    hyperparameters = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )
    slot_names = ("accumulator", "linear")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.learning_rate_power = as_rate(learning_rate_power, "learning_rate_power")
        if self.learning_rate_power > 0.0:
            raise ArgumentError(
                f"learning_rate_power must not be positive, but is {learning_rate_power}. Use -0.5."
            )
        self.initial_accumulator_value = as_positive(
            initial_accumulator_value, "initial_accumulator_value"
        )
        self.l1_regularization_strength = as_positive(
            l1_regularization_strength, "l1_regularization_strength"
        )
        self.l2_regularization_strength = as_positive(
            l2_regularization_strength, "l2_regularization_strength"
        )
        self.l2_shrinkage_regularization_strength = as_positive(
            l2_shrinkage_regularization_strength, "l2_shrinkage_regularization_strength"
        )
        self.beta = as_positive(beta, "beta")

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:
        """Make an array of the initial value, and zeros."""
        if dtype_kind(w.dtype) == "complex":
            raise DTypeError(
                f"Ftrl: {name} {describe(w)} is complex, and the bounds are real. Use Adagrad."
            )
        zeros = rule_namespace.zeros_like(w)
        return {"accumulator": zeros + self.initial_accumulator_value, "linear": zeros}

    def coefficients(self, xp: Any, learning_rate: Any, step: Any) -> Numbers:  # noqa: ARG002
        """Compute one over the learning rate, and the quadratic regularization."""
        if type(learning_rate) is float and learning_rate == 0.0:
            raise ArgumentError(
                "Ftrl: the learning rate is 0, and steps divide by it. Use a positive one, or a "
                "schedule that begins above 0."
            )
        steepness = 1.0 / learning_rate
        return {
            "steepness": steepness,
            "quadratic": 2.0 * self.l2_regularization_strength + self.beta * steepness,
        }

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        n, z = slots["accumulator"], slots["linear"]
        l1, power = self.l1_regularization_strength, -self.learning_rate_power
        n_new = n + g * g
        root = n_new**power
        if self.l2_shrinkage_regularization_strength:
            g = g + w * (2.0 * self.l2_shrinkage_regularization_strength)
        z = z + g - (root - n**power) * c["steepness"] * w
        q = root * c["steepness"] + c["quadratic"]
        w = (xp.minimum(xp.maximum(z, -l1), l1) - z) / q
        return w, {"accumulator": n_new, "linear": z}
