"""Schedules made of schedules: after a warm-up, or one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ..._arguments import as_sequence
from ...errors import ArgumentError
from ..checks import as_count, as_rate
from .base import Schedule, constant

__all__ = ["LinearWarmup", "Sequential"]

Part = float | Callable[[Any], Any]


class LinearWarmup(Schedule):
    """Rise linearly to where a schedule begins, then follow it.

    Parameters
    ----------
    schedule : float, schedule or callable
        What comes after the warm-up; its steps count from there.
    warmup_steps : int
    initial_learning_rate : float
    name : str, optional

    See Also
    --------
    Sequential

    Examples
    --------
    >>> import xgrad as xg
    >>> schedule = xg.optimizers.schedules.LinearWarmup(0.5, warmup_steps=4)
    >>> [schedule(step) for step in (0, 1, 2, 4, 99)]
    [0.0, 0.125, 0.25, 0.5, 0.5]
    """

    arguments = ("schedule", "warmup_steps", "initial_learning_rate", "name")

    def __init__(
        self,
        schedule: Part,
        warmup_steps: int,
        initial_learning_rate: float = 0.0,
        name: str | None = None,
    ) -> None:
        self.schedule = _part(schedule)
        self.warmup_steps = as_count(warmup_steps, "warmup_steps")
        self.initial_learning_rate = as_rate(initial_learning_rate, "initial_learning_rate")
        self.name = name

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate after `step` steps."""
        after = _rate(self.schedule, xp.maximum(step - self.warmup_steps, 0))
        start = self.initial_learning_rate
        rise = start + (after - start) * (step / self.warmup_steps)
        return xp.where(step < self.warmup_steps, rise, after)


class Sequential(Schedule):
    """Follow one schedule after another; each counts its steps from where it begins.

    Parameters
    ----------
    schedules : sequence of float, schedule or callable
    boundaries : sequence of int
        The steps at which the second and all later ones begin.
    name : str, optional

    See Also
    --------
    LinearWarmup

    Examples
    --------
    >>> import xgrad as xg
    >>> schedules = xg.optimizers.schedules
    >>> schedule = schedules.Sequential([0.1, schedules.ExponentialDecay(0.1, 1, 0.5)], [10])
    >>> schedule(9), schedule(10), schedule(11)
    (0.1, 0.1, 0.05)
    """

    arguments = ("schedules", "boundaries", "name")

    def __init__(
        self, schedules: Sequence[Part], boundaries: Sequence[int], name: str | None = None
    ) -> None:
        self.schedules = [
            _part(schedule)
            for schedule in as_sequence(schedules, "Sequential", "schedules", "schedules")
        ]
        self.boundaries = [
            as_count(b, "boundaries") for b in as_sequence(boundaries, "Sequential", "boundaries")
        ]
        self.name = name
        if len(self.schedules) != len(self.boundaries) + 1:
            raise ArgumentError(
                "Sequential: there must be one schedule more than boundaries, but there are "
                f"{len(self.schedules)} schedules and {len(self.boundaries)} boundaries."
            )
        if any(a >= b for a, b in pairwise(self.boundaries)):
            raise ArgumentError(f"Sequential: boundaries must increase, but are {boundaries}.")

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate after `step` steps."""
        rate = _rate(self.schedules[0], step)
        for boundary, schedule in zip(self.boundaries, self.schedules[1:], strict=True):
            own = _rate(schedule, xp.maximum(step - boundary, 0))
            rate = xp.where(step < boundary, rate, own)
        return rate


def _part(value: Any) -> Part:
    return value if callable(value) else as_rate(value, "schedule")


def _rate(part: Any, step: Any) -> Any:
    return part(step) if callable(part) else constant(part, step)
