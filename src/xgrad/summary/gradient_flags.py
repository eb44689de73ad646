"""When readings of gradients call for attention, and why.

Thresholds are far from what healthy training shows, and what is not an accident must last for some
readings in a row: a flag is for somebody who would want to know."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .gradient_readings import Reading

__all__ = ["Flag", "judge"]

VANISHING = 1e-3  # root mean square, over the largest of all variables
EXPLODING = 100.0  # norm, over the median of the last ones
TOO_FAR = 1.0  # size of an update, over that of the values
STUCK = 1e-7  # the same
LOST = 0.5  # of the values stay as they are, because updates are rounded away
UNDERFLOWING = 0.05  # of the values that are not 0 are below the smallest normal number
DEAD = 0.25  # of the units; some always are, for a while
KNOWN = 5  # readings, before a median says something


class Flag(NamedTuple):
    """Why a variable's gradient needs attention.

    Attributes
    ----------
    variable : str
        Its name.
    kind : str
        ``"unconnected"``, ``"exploding"``, ``"vanishing"``, ``"stuck"``, ``"underflowing"`` or
        ``"dying"``.
    reason : str
        What was seen, and what to do.
    step : int
        Of the last reading.

    Examples
    --------
    >>> import xgrad as xg
    >>> print(xg.summary.Flag("w", "stuck", "its updates are 0. Use a larger learning rate.", 7))
    w is stuck (step 7): its updates are 0. Use a larger learning rate.
    """

    variable: str
    kind: str
    reason: str
    step: int

    def __str__(self) -> str:
        return f"{self.variable} is {self.kind} (step {self.step}): {self.reason}"


class Found(NamedTuple):
    """The kind and the reason of a flag."""

    kind: str
    reason: str


def judge(variable: str, readings: Sequence[Reading], patience: int) -> list[Flag]:
    """Find what is wrong with the last readings of a variable."""
    if not readings:
        return []
    last = list(readings)[-patience:]
    lasting = last if len(last) == patience else []
    step = readings[-1].step
    found = [*_exploding(readings, lasting), *_too_small(lasting), *_dead(readings[-1])]
    return [Flag(variable, *one, step) for one in found]


def _exploding(readings: Sequence[Reading], lasting: list[Reading]) -> Iterator[Found]:
    now = readings[-1]
    if now.nonfinite:
        yield Found(
            "exploding",
            f"{now.nonfinite} of {now.size} values of its gradient are NaN or infinite. Use "
            "xg.debugging.enable_check_numerics() to find the operation that made the first.",
        )
        return
    former = [r.norm for r in list(readings)[:-1] if math.isfinite(r.norm)]
    median = statistics.median(former) if len(former) >= KNOWN else 0.0
    if median and now.norm > EXPLODING * median:
        yield Found(
            "exploding",
            f"the norm of its gradient, {now.norm:.3g}, is {now.norm / median:.0f} times the median "
            f"of the {len(former)} readings before. Use clip_by_global_norm or a smaller learning "
            "rate.",
        )
    updates = [r.update for r in lasting if r.update is not None]
    if lasting and len(updates) == len(lasting) and all(u.ratio >= TOO_FAR for u in updates):
        yield Found(
            "exploding",
            f"its last {len(updates)} updates were larger than its values (the last one "
            f"{updates[-1].ratio:.3g} times). Use a smaller learning rate.",
        )


def _too_small(lasting: list[Reading]) -> Iterator[Found]:
    if not lasting or any(r.nonfinite for r in lasting):
        return
    now, count = lasting[-1], len(lasting)
    if all(r.norm == 0.0 for r in lasting):
        yield Found(
            "vanishing",
            f"all values of its gradient have been 0 for {count} readings. Use activations that do "
            "not saturate, or look whether something masks what it computes.",
        )
        return
    if all(r.relative < VANISHING for r in lasting):
        yield Found(
            "vanishing",
            f"the root mean square of its gradient, {now.rms:.3g}, has been below "
            f"{VANISHING:g} of the largest among the variables for {count} readings (now "
            f"{now.relative:.1e}). Use residual connections, normalisation, or other initial values "
            "or activations.",
        )
    shares = [r.tiny / (r.size - r.zeros) for r in lasting if r.size > r.zeros]
    if len(shares) == count and all(share >= UNDERFLOWING for share in shares):
        yield Found(
            "underflowing",
            f"{shares[-1]:.0%} of the values of its gradient that are not 0 are below the smallest "
            "normal number of its dtype. Use LossScaleOptimizer or a larger dtype.",
        )
    updates = [r.update for r in lasting if r.update is not None]
    if len(updates) < count:
        return
    if all(u.lost >= LOST for u in updates):
        yield Found(
            "stuck",
            f"{updates[-1].lost:.0%} of its values did not change although their gradient is not 0: "
            "the updates are lost in rounding, or the learning rate is 0. Use a larger dtype for the "
            "values.",
        )
    elif all(u.ratio < STUCK for u in updates):
        yield Found(
            "stuck",
            f"its last {count} updates were below {STUCK:g} of its values (the last one "
            f"{updates[-1].ratio:.1e}). Use a larger learning rate.",
        )


def _dead(now: Reading) -> Iterator[Found]:
    if DEAD * now.units <= now.dead < now.units and now.dead:
        yield Found(
            "dying",
            f"the gradients of {now.dead} of its {now.units} units have been 0 in all of the last "
            "readings. Use a smaller learning rate, leaky_relu or gelu, or other initial values.",
        )
