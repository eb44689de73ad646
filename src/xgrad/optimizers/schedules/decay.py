"""Learning rates that fall: exponentially, as one over time, as a polynomial, or in steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..._arguments import as_flag, as_sequence
from ...errors import ArgumentError
from ..checks import as_count, as_positive, as_rate
from .base import Schedule, constant

__all__ = ["ExponentialDecay", "InverseTimeDecay", "PiecewiseConstantDecay", "PolynomialDecay"]


class ExponentialDecay(Schedule):
    r"""Multiply by the same factor in equal times.

    After :math:`t` steps the learning rate is :math:`\eta_0 r^{t / T}`.

    Parameters
    ----------
    initial_learning_rate : float
        :math:`\eta_0`.
    decay_steps : int
        :math:`T`, how long one factor takes.
    decay_rate : float
        :math:`r`, the factor.
    staircase : bool
        Whether to round t / T down to a whole number.
    name : str, optional

    Examples
    --------
    >>> import xgrad as xg
    >>> schedule = xg.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> schedule(0), schedule(10), schedule(20)
    (0.1, 0.05, 0.025)
    """

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = as_rate(initial_learning_rate, "initial_learning_rate")
        self.decay_steps = as_count(decay_steps, "decay_steps")
        self.decay_rate = as_positive(decay_rate, "decay_rate")
        self.staircase = as_flag(staircase, type(self).__name__, "staircase")
        self.name = name

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate after `step` steps."""
        part = step / self.decay_steps
        if self.staircase:
            part = xp.floor(part)
        return self.initial_learning_rate * self.decay_rate**part


class InverseTimeDecay(Schedule):
    r"""Divide by a number that grows with time.

    After :math:`t` steps the learning rate is :math:`\eta_0 / (1 + r t / T)`.

    Parameters
    ----------
    initial_learning_rate : float
        :math:`\eta_0`.
    decay_steps : int
        :math:`T`.
    decay_rate : float
        :math:`r`.
    staircase : bool
        Whether to round t / T down to a whole number.
    name : str, optional

    Examples
    --------
    >>> import xgrad as xg
    >>> schedule = xg.optimizers.schedules.InverseTimeDecay(0.1, decay_steps=1, decay_rate=1.0)
    >>> schedule(0), schedule(1), schedule(3)
    (0.1, 0.05, 0.025)
    """

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = as_rate(initial_learning_rate, "initial_learning_rate")
        self.decay_steps = as_count(decay_steps, "decay_steps")
        self.decay_rate = as_positive(decay_rate, "decay_rate")
        self.staircase = as_flag(staircase, type(self).__name__, "staircase")
        self.name = name

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate after `step` steps."""
        part = step / self.decay_steps
        if self.staircase:
            part = xp.floor(part)
        return self.initial_learning_rate / (1.0 + self.decay_rate * part)


class PolynomialDecay(Schedule):
    r"""Go to an end value along a power of the remaining time.

    After :math:`t` steps, up to :math:`T`, the learning rate is
    :math:`\eta_1 + (\eta_0 - \eta_1) (1 - t / T)^p`. With `cycle`, T is the first of its multiples
    that is not before t.

    Parameters
    ----------
    initial_learning_rate : float
        :math:`\eta_0`.
    decay_steps : int
        :math:`T`.
    end_learning_rate : float
        :math:`\eta_1`.
    power : float
        :math:`p`.
    cycle : bool
    name : str, optional

    Examples
    --------
    >>> import xgrad as xg
    >>> schedule = xg.optimizers.schedules.PolynomialDecay(0.5, 10, end_learning_rate=0.0)
    >>> schedule(0), schedule(5), schedule(99)
    (0.5, 0.25, 0.0)
    """

    arguments = (
        *("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"),
        "name",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = as_rate(initial_learning_rate, "initial_learning_rate")
        self.decay_steps = as_count(decay_steps, "decay_steps")
        self.end_learning_rate = as_rate(end_learning_rate, "end_learning_rate")
        self.power = as_positive(power, "power")
        self.cycle = as_flag(cycle, "PolynomialDecay", "cycle")
        self.name = name

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate after `step` steps."""
        part = step / self.decay_steps
        if self.cycle:
            rounds = xp.maximum(xp.ceil(part), 1.0)
        else:
            part, rounds = xp.minimum(part, 1.0), 1.0
        height = self.initial_learning_rate - self.end_learning_rate
        return self.end_learning_rate + height * (1.0 - part / rounds) ** self.power


class PiecewiseConstantDecay(Schedule):
    """Keep one value up to each boundary, the boundary itself included.

    Parameters
    ----------
    boundaries : sequence of int
        Increasing numbers of steps.
    values : sequence of float
        One more than there are boundaries.
    name : str, optional

    Examples
    --------
    >>> import xgrad as xg
    >>> schedule = xg.optimizers.schedules.PiecewiseConstantDecay([10, 20], [0.1, 0.01, 0.001])
    >>> schedule(10), schedule(11), schedule(21)
    (0.1, 0.01, 0.001)
    """

    arguments = ("boundaries", "values", "name")

    def __init__(
        self, boundaries: Sequence[int], values: Sequence[float], name: str | None = None
    ) -> None:
        self.boundaries = [as_rate(b, "boundaries") for b in _listed(boundaries, "boundaries")]
        self.values = [as_rate(v, "values") for v in _listed(values, "values")]
        self.name = name
        if len(self.values) != len(self.boundaries) + 1:
            raise ArgumentError(
                f"PiecewiseConstantDecay: there must be one value more than boundaries, but there "
                f"are {len(self.values)} values and {len(self.boundaries)} boundaries."
            )
        if any(a >= b for a, b in pairwise(self.boundaries)):
            raise ArgumentError(
                f"PiecewiseConstantDecay: boundaries must increase, but are {list(boundaries)}."
            )

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate after `step` steps."""
        rate = constant(self.values[0], step)
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = xp.where(step <= boundary, rate, value)
        return rate


def _listed(value: Any, name: str) -> tuple[Any, ...]:
    return as_sequence(value, "PiecewiseConstantDecay", name, "numbers")
