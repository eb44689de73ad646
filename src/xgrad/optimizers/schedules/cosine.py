"""Learning rates along cosines: once, again and again, or up and down."""

from __future__ import annotations

import math
from typing import Any

from ..._arguments import as_choice
from ...errors import ArgumentError
from ..checks import as_count, as_fraction, as_positive, as_rate
from .base import Schedule

__all__ = ["CosineDecay", "CosineDecayRestarts", "OneCycle"]


class CosineDecay(Schedule):
    r"""Fall along half a cosine, after a linear warm-up if there is a target for one.

    After :math:`t` steps, up to :math:`T`, the learning rate is
    :math:`\eta \, (\alpha + (1 - \alpha) (1 + \cos(\pi t / T)) / 2)` [1]_. With a warm-up it rises
    from the initial value to the target first, and the fall begins there, and then.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        :math:`T`, without the warm-up.
    alpha : float
        The smallest learning rate as a part of the largest.
    warmup_target : float, optional
        The learning rate at the end of the warm-up; None for no warm-up.
    warmup_steps : int
    name : str, optional

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
       ICLR 2017, arXiv:1608.03983.

    Examples
    --------
    >>> import xgrad as xg
    >>> schedule = xg.optimizers.schedules.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=4)
    >>> [round(schedule(step), 3) for step in (0, 2, 4, 9, 14, 99)]
    [0.0, 0.05, 0.1, 0.05, 0.0, 0.0]
    """

    arguments = (
        *("initial_learning_rate", "decay_steps", "alpha", "warmup_target", "warmup_steps"),
        "name",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        warmup_target: float | None = None,
        warmup_steps: int = 0,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = as_rate(initial_learning_rate, "initial_learning_rate")
        self.decay_steps = as_count(decay_steps, "decay_steps")
        self.alpha = as_rate(alpha, "alpha")
        self.warmup_target = None if warmup_target is None else as_rate(warmup_target, "target")
        self.warmup_steps = int(as_positive(warmup_steps, "warmup_steps"))
        self.name = name

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate after `step` steps."""
        if self.warmup_target is None:
            return self._fall(xp, self.initial_learning_rate, step)
        fall = self._fall(xp, self.warmup_target, xp.maximum(step - self.warmup_steps, 0.0))
        if not self.warmup_steps:
            return fall
        rise = self.warmup_target - self.initial_learning_rate
        rising = self.initial_learning_rate + rise * (step / self.warmup_steps)
        return xp.where(step < self.warmup_steps, rising, fall)

    def _fall(self, xp: Any, start: float, step: Any) -> Any:
        part = xp.minimum(step / self.decay_steps, 1.0)
        return start * (self.alpha + (1.0 - self.alpha) * 0.5 * (1.0 + xp.cos(math.pi * part)))


class CosineDecayRestarts(Schedule):
    r"""Fall along half a cosine, and begin again, each time for longer.

    The first fall takes `first_decay_steps`, each next one `t_mul` times as long from `m_mul` times
    as high [1]_.

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : int
    t_mul : float
        At least 1.
    m_mul : float
    alpha : float
        The smallest learning rate as a part of the largest.
    name : str, optional

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts",
       ICLR 2017, arXiv:1608.03983.

    Examples
    --------
    >>> import xgrad as xg
    >>> schedule = xg.optimizers.schedules.CosineDecayRestarts(0.1, first_decay_steps=10)
    >>> [round(schedule(step), 3) for step in (0, 5, 10, 20, 30)]
    [0.1, 0.05, 0.1, 0.05, 0.1]
    """

    arguments = (
        *("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name"),
    )

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = as_rate(initial_learning_rate, "initial_learning_rate")
        self.first_decay_steps = as_count(first_decay_steps, "first_decay_steps")
        self.t_mul = as_rate(t_mul, "t_mul")
        if self.t_mul < 1.0:
            raise ArgumentError(f"CosineDecayRestarts: t_mul must be at least 1, but is {t_mul}.")
        self.m_mul = as_positive(m_mul, "m_mul")
        self.alpha = as_rate(alpha, "alpha")
        self.name = name

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate after `step` steps."""
        part = step / self.first_decay_steps
        if self.t_mul == 1.0:
            restarts = xp.floor(part)
            part = part - restarts
        else:
            # How many whole terms of 1 + t_mul + t_mul^2 + ... fit; the logarithm may be a rounding
            # error short of a whole number, where a new fall begins.
            grown = 1.0 + part * (self.t_mul - 1.0)
            restarts = xp.floor(xp.log(grown) / math.log(self.t_mul) + 1e-9)
            length = self.t_mul**restarts
            begun = (length - 1.0) / (self.t_mul - 1.0)
            part = xp.maximum((part - begun) / length, 0.0)
        wave = 0.5 * self.m_mul**restarts * (1.0 + xp.cos(math.pi * part))
        return self.initial_learning_rate * (self.alpha + (1.0 - self.alpha) * wave)


class OneCycle(Schedule):
    r"""Rise to a largest learning rate and fall far below where it began, in one cycle.

    Parameters
    ----------
    max_learning_rate : float
    total_steps : int
        The length of the cycle; after it the learning rate stays at its last value.
    warmup_fraction : float
        The part of the cycle in which it rises.
    div_factor : float
        It begins at the largest one divided by this,
    final_div_factor : float
        and ends at its first one divided by this.
    anneal : {"cos", "linear"}
        Along which curve.
    name : str, optional

    References
    ----------
    .. [1] L. N. Smith, N. Topin, "Super-convergence: very fast training of neural networks using
       large learning rates", arXiv:1708.07120, 2018.

    Examples
    --------
    >>> import xgrad as xg
    >>> schedule = xg.optimizers.schedules.OneCycle(1.0, total_steps=11, warmup_fraction=0.4)
    >>> [round(schedule(step), 3) for step in (0, 3, 10)]
    [0.04, 0.968, 0.0]
    """

    arguments = (
        *("max_learning_rate", "total_steps", "warmup_fraction", "div_factor"),
        *("final_div_factor", "anneal", "name"),
    )

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        warmup_fraction: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        anneal: str = "cos",
        name: str | None = None,
    ) -> None:
        self.max_learning_rate = as_rate(max_learning_rate, "max_learning_rate")
        self.total_steps = as_count(total_steps, "total_steps")
        self.warmup_fraction = as_fraction(warmup_fraction, "warmup_fraction")
        self.div_factor = as_positive(div_factor, "div_factor")
        self.final_div_factor = as_positive(final_div_factor, "final_div_factor")
        if not (self.div_factor and self.final_div_factor):
            raise ArgumentError(
                "OneCycle: div_factor and final_div_factor must not be 0, but are "
                f"{div_factor} and {final_div_factor}."
            )
        self.anneal = as_choice(anneal, ("cos", "linear"), "OneCycle", "anneal")
        self.name = name

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate after `step` steps."""
        top = self.warmup_fraction * self.total_steps - 1.0
        last = self.total_steps - 1.0
        first = self.max_learning_rate / self.div_factor
        fall = self._between(
            xp,
            self.max_learning_rate,
            first / self.final_div_factor,
            xp.minimum((step - top) / max(last - top, 1.0), 1.0),
        )
        if top <= 0.0:
            return fall
        rise = self._between(xp, first, self.max_learning_rate, step / top)
        return xp.where(step <= top, rise, fall)

    def _between(self, xp: Any, start: float, end: float, part: Any) -> Any:
        if self.anneal == "cos":
            part = 0.5 * (1.0 - xp.cos(math.pi * part))
        return start + (end - start) * part
