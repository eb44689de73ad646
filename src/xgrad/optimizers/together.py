"""Pure steps of many variables: all at once by the backend, where nobody watches.

Whoever watches is told of every operation, and so gets them one variable after another. Otherwise
only the results count, and the backend may work them out for all variables of one kind together, as
it does in steps of Variables (stateful.py)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from .._typing import Array
from ..backends import backend_of, quiet
from ..backends.base import Job
from ..core.instructions import PRIMITIVES
from ..core.observers import cut_off, settings, state
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from .rule import Numbers, Rule, Slots, whole_step
from .step_numbers import to_place

__all__ = ["Part", "kept_of", "step_arrays", "take_steps"]

_PACKAGE = __name__.partition(".")[0] + "."


class Part(NamedTuple):
    """What one variable brings to a step.

    Attributes
    ----------
    numbers, own : dict
        Those that are shared with others, as the very same dict, and those that are not.
    """

    rule: Rule
    g: Tensor
    w: Tensor
    slots: Slots
    numbers: Numbers
    own: Numbers


def step_arrays(
    rule: Rule,
    names: tuple[str, ...],
    overwrite: Any,
    xp: Any,
    arrays: tuple[Array, ...],
    c: Numbers,
) -> tuple[Array, ...]:
    """Do `whole_step`, from arrays to arrays, as backends want it."""
    g, w, *slots = arrays
    w, new = whole_step(rule, xp, g, w, dict(zip(names, slots, strict=True)), c, overwrite)
    return w, *[new[name] for name in names]


def kept_of(rule: Rule, names: tuple[str, ...], overwrite: Any) -> dict[Any, Any] | None:
    """Where backends keep what they make of a rule's step, as long as it stays what it is.

    None for a rule that is not one of this package, which need not be elementwise if it says so."""
    if not type(rule).__module__.startswith(_PACKAGE) or not isinstance(overwrite, bool):
        return None
    now = (names, overwrite, *[getattr(rule, name) for name in rule.hyperparameters])
    known = vars(rule).get("_kept")
    if known is None or known[0] != now:
        known = rule._kept = now, {}  # type: ignore[attr-defined]
    return known[1]


def take_steps(parts: Sequence[Part], overwrite: Any) -> list[tuple[Tensor, Slots]]:
    """Take the steps of all parts: new values and slots."""
    found: dict[int, tuple[Tensor, Slots]] = {}
    groups: dict[Any, list[int]] = {}
    if state.recorder is None and not settings.inspected and isinstance(overwrite, bool):
        for place, part in enumerate(parts):
            kind = type(part.g.raw)
            if part.rule.elementwise and not backend_of(part.g.raw).nests:
                groups.setdefault((part.rule, kind, *part.slots), []).append(place)
    for places in groups.values():
        made = _unwatched([parts[place] for place in places], overwrite)
        found.update(zip(places, made, strict=True))
    for place, (rule, g, w, slots, numbers, own) in enumerate(parts):
        if place not in found:
            c = {**numbers, **own}
            now = to_place(overwrite, w)
            found[place] = whole_step(rule, rule_namespace, g, w, slots, c, now)
    return [found[place] for place in range(len(parts))]


def _unwatched(parts: list[Part], overwrite: bool) -> list[tuple[Tensor, Slots]]:
    """Take the steps of parts of one rule, backend and names of slots."""
    known: dict[int, Numbers] = {}
    jobs = []
    for _, g, w, slots, numbers, own in parts:
        if id(numbers) not in known:
            known[id(numbers)] = _raw(numbers)
        arrays = (g.raw, w.raw, *[x.raw for x in slots.values()])
        jobs.append(Job(arrays, known[id(numbers)], (False,) * (len(arrays) - 1), _raw(own)))
    names = tuple(parts[0].slots)
    rule = parts[0].rule
    function = functools.partial(step_arrays, rule, names, overwrite)
    backend = backend_of(parts[0].g.raw)
    results, tasks = backend.replace(function, jobs, True, kept_of(rule, names, overwrite))
    with quiet():
        for task in tasks:
            task()
    made = []
    for part, (value, *others) in zip(parts, results, strict=True):
        nodes = tuple([x.node for x in (part.g, part.w, *part.slots.values())])
        # What `explain` is told: here the path from each of them ends.
        node = cut_off(PRIMITIVES["subtract"], nodes, 4) if any(nodes) else None
        slots = {name: Tensor(x, node) for name, x in zip(names, others, strict=True)}
        made.append((Tensor(value, node), slots))
    return made


def _raw(numbers: Numbers) -> Numbers:
    return {name: x.raw if isinstance(x, Tensor) else x for name, x in numbers.items()}
