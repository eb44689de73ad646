"""Steps of Variables: everything is worked out before the first one changes.

Values and slots are raw arrays here. What takes their place is made by the backend
(backends/base.py): in fresh arrays, or, for large ones that nobody else sees, later in place. What
may fail comes first; what comes then is done wholly or not at all."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from .._typing import Array
from ..backends import Backend, backend_of, quiet
from ..backends.base import Job
from ..backends.dtypes import is_half_dtype
from ..backends.workers import run_unbroken
from ..core.protocols import protocols
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..interpreters.values import hears_changes
from .checks import as_global_step, as_gradients, as_pairs, constrained, drop_unconnected
from .groups import group_and_decay
from .host_numbers import host_numbers
from .rates import number_at
from .rule import Numbers, Rule
from .state import gradients_seen
from .step_numbers import all_finite, clip_factors, is_due, overwrites, step_numbers, to_place
from .together import kept_of, step_arrays

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["take_step"]


class _Work(NamedTuple):
    """A gradient and the Variables that it changes: the value, and slots by name."""

    g: Array
    variable: Variable
    slots: dict[str, Variable]


class _Changes:
    """The new arrays of Variables, the tasks that fill some of them in, and the commit."""

    def __init__(self) -> None:
        self.arrays: dict[int, tuple[Variable, Array]] = {}
        self._announced: set[int] = set()
        self._heard = hears_changes()
        self._tasks: list[Any] = []

    def array(self, variable: Variable) -> Array:
        """Find the array that a Variable has, or will have."""
        found = self.arrays.get(variable.number)
        return variable.raw if found is None else found[1]

    def set(self, variable: Variable, array: Array) -> None:
        """Note what a Variable will have."""
        self.announce(variable)
        self.arrays[variable.number] = variable, array

    def announce(self, variable: Variable) -> None:
        """Tell who follows a Variable that it will change; they may keep its array, or warn."""
        if self._heard and variable.number not in self._announced:
            self._announced.add(variable.number)
            protocols.assigned(variable)

    def count(self, counter: Variable) -> None:
        """Note that a counter goes up by one."""
        backend = backend_of(counter.raw)
        with backend.on(counter.raw):
            self.set(counter, backend.finish(self.array(counter) + 1))

    def replace(
        self,
        rule: Rule,
        names: tuple[str, ...],
        overwrite: Any,
        group: list[tuple[_Work, Numbers, Numbers]],
        once: bool,
    ) -> None:
        """Take the steps of a group, whose results take the places of values and slots.

        Parameters
        ----------
        rule : Rule
        names : tuple of str
            Of the slots.
        overwrite : bool or Tensor
            Whether averages become values.
        group : list of (work, numbers, own)
            On one backend, with the same names of slots and numbers; `own` are the numbers that
            no other has.
        once : bool
            Whether nothing of it was changed in this step before.
        """
        backend: Backend = backend_of(group[0][0].g)
        holders = [(work.variable, *work.slots.values()) for work, _, _ in group]
        present = self.array if self.arrays else operator.attrgetter("raw")
        reuses = once and backend.smallest_reused < math.inf
        jobs = []
        for (work, numbers, own), held in zip(group, holders, strict=True):
            if self._heard:
                for variable in held:
                    self.announce(variable)
            free = reuses and work.variable.constraint is None
            if free and work.g.nbytes >= backend.smallest_reused:
                reusable = tuple([backend.is_alone(v) for v in held])
            else:
                reusable = (False,) * len(held)
            arrays = (work.g, *map(present, held))
            jobs.append(Job(arrays, numbers, reusable, own))
        function = functools.partial(step_arrays, rule, names, overwrite)
        kept = kept_of(rule, names, overwrite)
        results, tasks = backend.replace(function, jobs, rule.elementwise, kept)
        self._tasks += tasks
        for held, result in zip(holders, results, strict=True):
            for variable, array in zip(held, result, strict=True):
                self.arrays[variable.number] = variable, array

    def commit(self, also: Any) -> None:
        """Change everything: what may fail has been done."""
        also()  # slots that are new do no harm if an interrupt comes now
        changes = self.arrays.values()
        swaps = map(
            setattr, [v for v, _ in changes], itertools.repeat("raw"), [x for _, x in changes]
        )
        # In C, so that no signal handler comes between.
        swap: Any = functools.partial(deque, swaps, 0)
        with quiet():
            run_unbroken(self._tasks, swap)


def take_step(
    optimizer: Optimizer, grads_and_vars: Iterable[Any], global_step: Variable | None, what: str
) -> Variable:
    """Take a step along gradients; see `Optimizer.apply_gradients`."""
    pairs = drop_unconnected(as_pairs(grads_and_vars, what), what)
    gradients = as_gradients(pairs, what)
    other = as_global_step(global_step, what)
    made = optimizer._slots.make((v for _, v in pairs), optimizer.fresh_slots)
    works = [
        _Work(g.raw, v, optimizer._slots.of(v.number, made))
        for g, (_, v) in zip(gradients, pairs, strict=True)
    ]
    changes = _Changes()
    seen = gradients_seen(optimizer)
    with quiet():
        if optimizer.gradient_accumulation_steps:
            works = _accumulate(works, changes, is_due(optimizer, seen))
            changes.count(optimizer._counters["gradients_seen"])
        if is_due(optimizer, seen):
            found = [Tensor(work.g) for work in works]
            if optimizer.skip_nonfinite and not all_finite(found, found[0]):
                changes.count(optimizer._counters["skipped"])
            else:
                _update(optimizer, works, clip_factors(optimizer, found), seen, changes)
                for counter in (optimizer.iterations, other):
                    if counter is not None:
                        changes.count(counter)
    changes.commit(functools.partial(optimizer._slots.remember, made))
    return optimizer.iterations


def _accumulate(works: list[_Work], changes: _Changes, due: bool) -> list[_Work]:
    """Add gradients to what has accumulated; what completes a step are the sums."""
    sums = []
    for work in works:
        slot = work.slots["gradient_accumulator"]
        backend = backend_of(work.g)
        with backend.on(work.g):
            total = changes.array(slot) + work.g
        changes.set(slot, backend.finish(total))
        rest = {name: v for name, v in work.slots.items() if name != "gradient_accumulator"}
        sums.append(_Work(total, work.variable, rest))
    if due:
        for work in works:
            slot = work.slots["gradient_accumulator"]
            changes.set(slot, backend_of(work.g).xp.zeros_like(slot.raw))
    return sums


def _update(
    optimizer: Optimizer,
    works: list[_Work],
    factors: list[Tensor | None],
    seen: int,
    changes: _Changes,
) -> None:
    """Work out the new value and slots of every variable."""
    count = int(optimizer.iterations.raw)
    rate = number_at(optimizer._rate, seen)
    overwrite = overwrites(optimizer, count)
    known: dict[Any, Numbers] = {}
    turns: dict[int, int] = {}  # a variable that is given twice is changed twice
    groups: dict[Any, list[tuple[_Work, Numbers, Numbers]]] = {}
    for work, factor in zip(works, factors, strict=True):
        variable = work.variable
        group, decay = group_and_decay(optimizer, variable, work.slots)
        numbers = known.get((group, decay))
        if numbers is None:
            own = group.learning_rate
            now = (rate if own is None else number_at(own, seen)) * group.multiplier
            numbers = step_numbers(optimizer, host_numbers, group, now, count, decay)
            known[group, decay] = numbers
        alone = {} if factor is None else {"clip": _number(factor, work.g)}
        turn = turns[variable.number] = turns.get(variable.number, -1) + 1
        key = (turn, group.rule, type(work.g), tuple(work.slots), *numbers)
        groups.setdefault(key, []).append((work, numbers, alone))
    once = len(turns) == len(works)
    for key in sorted(groups, key=lambda key: key[0]):
        _, rule, _, names, *_ = key
        changes.replace(rule, names, overwrite, groups[key], once)
    for variable in {work.variable.number: work.variable for work in works}.values():
        if variable.constraint is not None:
            changes.set(variable, constrained(variable, changes.array(variable)))


def _number(factor: Tensor, g: Array) -> Any:
    """Take a factor as a Python number, where that needs no waiting; else where the gradient is."""
    if backend_of(factor.raw).on_host:
        return float(factor.raw)
    xp = backend_of(g).xp
    real = xp.real(g) if xp.isdtype(g.dtype, "complex floating") else g
    dtype = xp.float32 if is_half_dtype(real.dtype) else real.dtype
    return xp.astype(to_place(factor, Tensor(g)).raw, dtype)
