"""GradientWatcher: what gradients look like during training, for TensorBoard and for people.

Everything is measured where the gradients are (gradient_readings.py), comes to the host in one copy
per step (writer.py), and is judged there (gradient_flags.py)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .._arguments import as_int
from .._typing import Array, Nest
from ..backends import quiet
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError
from ..tree import pairs
from .current import chosen_writer, get_step, refuse_recordings, step_of
from .gradient_flags import Flag, judge
from .gradient_readings import (
    Reading,
    measured,
    measured_update,
    reading_of,
    update_of,
)
from .gradient_summary import readings_summary
from .values import as_array, to_host
from .writer import Writer

__all__ = ["GradientWatcher"]

_KEPT = 20  # readings per variable


class _Taken(NamedTuple):
    """A variable, its gradient, and its values before the step."""

    name: str
    variable: Variable
    gradient: Array | None
    before: Array


class GradientWatcher:
    """Watches gradients during training: writes what they look like, and says what is wrong.

    Per variable, below names that begin with what is measured: ``gradients`` (histogram),
    ``gradient_norm`` (and of all together, ``gradient_norm/global``), ``gradient_zeros``,
    ``gradient_nonfinite`` and ``gradient_dead_units`` (shares), and, where the watcher sees
    the step, ``update_ratio``: the norm of the change over the norm of the values, which usually is
    about 0.001. ``gradient_flags`` tells in words when a gradient vanishes, explodes, underflows,
    leaves units dead, or does not move its variable.

    Nothing waits for a device: each recording is one copy to the host, when the next step begins.

    Parameters
    ----------
    writer : Writer, optional
        By default the default writer; without one, only `flags` are kept.
    every : int
        Record only steps that are multiples of this.
    patience : int
        How many recordings in a row must look bad, where one could be an accident.
    buckets : int
        Of the histograms.

    See Also
    --------
    histogram, xgrad.debugging.enable_check_numerics

    Examples
    --------
    One line watches all steps of an optimizer:

    >>> import xgrad as xg
    >>> w = xg.Variable([[1.0, -1.0], [2.0, -2.0]], name="w")
    >>> optimizer = xg.optimizers.SGD(0.1)
    >>> watcher = xg.summary.GradientWatcher(patience=2).attach(optimizer)
    >>> for _ in range(3):
    ...     loss = optimizer.minimize(lambda: xg.sum(xg.maximum(w, 0.0) ** 2))
    >>> for flag in watcher.flags:
    ...     print(flag.variable, flag.kind, flag.step)
    w dying 2

    or a loop of your own:

    >>> with watcher.watch([2 * w.value()], [w], step=3):
    ...     _ = w.assign_sub(0.25 * w)
    >>> watcher.readings["w"].update.ratio
    0.25
    """

    def __init__(
        self,
        writer: Writer | None = None,
        every: int = 1,
        *,
        patience: int = 3,
        buckets: int = 30,
    ) -> None:
        if writer is not None and not isinstance(writer, Writer):
            raise ArgumentTypeError(
                f"GradientWatcher: writer is a {type(writer).__name__}. Use "
                "xg.summary.create_file_writer(logdir), or None for the default writer."
            )
        for name, value in (("every", every), ("patience", patience), ("buckets", buckets)):
            if as_int(value, "GradientWatcher", name) < 1:
                raise ArgumentError(f"GradientWatcher: {name} must be at least 1, not {value!r}.")
        self._writer = writer
        self._every = every
        self._patience = patience
        self._buckets = buckets
        self._calls = 0
        self._silent: dict[int, Array] = {}
        self._names: dict[int, str] = {}
        self._history: dict[str, deque[Reading]] = {}
        self._flags: list[Flag] = []
        self._pending: Writer | None = None

    def __repr__(self) -> str:
        return f"<GradientWatcher of {len(self._names)} variables, every {self._every} steps>"

    # -- recording -----------------------------------------------------------------------------

    def attach(self, optimizer: Any) -> GradientWatcher:
        """Watch all steps of an optimizer from now on.

        Parameters
        ----------
        optimizer : Optimizer
            Its `iterations` number the steps; gradients are seen as it receives them, multiplied
            with the loss scale if there is one.

        Returns
        -------
        GradientWatcher
            This one.
        """
        watchers = getattr(optimizer, "watchers", None)
        if not isinstance(watchers, list):
            raise ArgumentTypeError(
                f"attach: a {type(optimizer).__name__} is no optimizer that tells of its steps. Use "
                "one of xg.optimizers, or `with watcher.watch(gradients, variables):`."
            )
        watchers.append(self)
        return self

    @contextmanager
    def watch(self, gradients: Nest, variables: Nest = None, step: Any = None) -> Iterator[None]:
        """Record gradients and, at the end of a ``with`` block, what the step in it changed.

        Parameters
        ----------
        gradients : nest of Tensor, or list of (gradient, Variable)
            Sparse ones and None too.
        variables : nest of Variable, optional
            In the structure of the gradients, dicts by key; left out if they come in pairs.
        step : int, Tensor or Variable, optional
            By default that of `set_step`, or else how many times this watcher was called before.

        Returns
        -------
        context manager
            If the block fails, nothing is recorded.
        """
        number = self._number(step)
        if number % self._every:
            yield
            return
        taken = self._take(gradients, variables)
        yield
        self._record(taken, number, with_updates=True)

    def record(self, gradients: Nest, variables: Nest = None, step: Any = None) -> bool:
        """Record gradients, without what a step does with them; see `watch`.

        Returns
        -------
        bool
            Whether this was a step to record.
        """
        number = self._number(step)
        if number % self._every:
            return False
        self._record(self._take(gradients, variables), number, with_updates=False)
        return True

    # -- reading -------------------------------------------------------------------------------

    @property
    def flags(self) -> list[Flag]:
        """What needs attention now, with reasons; see `Flag`."""
        self._settle()
        return list(self._flags)

    @property
    def readings(self) -> dict[str, Reading]:
        """The last reading of each variable, by name."""
        self._settle()
        return {name: history[-1] for name, history in self._history.items() if history}

    # -- inside --------------------------------------------------------------------------------

    def _number(self, step: Any) -> int:
        refuse_recordings("gradients that are watched")
        self._calls += 1
        if step is None and get_step() is None:
            return self._calls - 1
        return step_of(step, "gradients")

    def _take(self, gradients: Nest, variables: Nest) -> list[_Taken]:
        """Put gradients and variables together, and hold on to the values before the step."""
        found = []
        for gradient, variable in _pairs(gradients, variables):
            if not isinstance(variable, Variable):
                raise ArgumentTypeError(
                    f"GradientWatcher: a {type(variable).__name__} is no Variable. Use "
                    "watcher.record(gradients, variables), or pairs of (gradient, Variable)."
                )
            name = self._name(variable)
            array = None if gradient is None else as_array(gradient, name)
            if array is not None and tuple(array.shape) != variable.shape:
                raise ArgumentError(
                    f"GradientWatcher: the gradient of {name} has the shape {tuple(array.shape)}, "
                    f"not {variable.shape}. Use gradients and variables in the same order."
                )
            found.append(_Taken(name, variable, array, variable.raw))
        return found

    def _name(self, variable: Variable) -> str:
        """Find a name that no other variable has."""
        found = self._names.get(variable.number)
        if found is None:
            taken = set(self._names.values())
            found, count = variable.name, 1
            while found in taken:
                found, count = f"{variable.name}_{count}", count + 1
            self._names[variable.number] = found
        return found

    def _record(self, taken: list[_Taken], step: int, *, with_updates: bool) -> None:
        arrays: list[Array] = []
        plan: list[tuple[str, tuple[int, ...], bool]] = []
        with quiet():
            for name, variable, gradient, before in taken:
                if gradient is None:
                    continue
                silent = self._silent.get(variable.number)
                numbers, silent = measured(gradient, silent, self._patience, self._buckets)
                self._silent[variable.number] = silent
                arrays.append(numbers)
                # Where a step was left out, the array is the same.
                updated = with_updates and variable.raw is not before
                if updated:
                    arrays.append(measured_update(before, variable.raw, gradient))
                plan.append((name, variable.shape, updated))
        missing = [name for name, _, gradient, _ in taken if gradient is None]
        writer = chosen_writer(self._writer)
        if writer is None:
            self._digest(to_host(arrays), plan, missing, step)
            return
        self._pending = writer
        writer.add_arrays(
            arrays, lambda found: readings_summary(*self._digest(found, plan, missing, step)), step
        )

    def _settle(self) -> None:
        """Read what still waits on a device."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.settle()

    def _digest(
        self,
        numbers: list[list[float]],
        plan: list[tuple[str, tuple[int, ...], bool]],
        missing: list[str],
        step: int,
    ) -> tuple[dict[str, Reading], list[Flag] | None]:
        """Remember what was read, and judge it; give the flags if they have changed."""
        rest = iter(numbers)
        readings = {}
        for name, shape, updated in plan:
            reading = reading_of(next(rest), step, shape)
            readings[name] = reading._replace(update=update_of(next(rest)) if updated else None)
        largest = max((r.rms for r in readings.values() if math.isfinite(r.rms)), default=0.0)
        for name, reading in readings.items():
            relative = reading.rms / largest if largest else math.nan
            readings[name] = reading._replace(relative=relative)
            self._history.setdefault(name, deque(maxlen=_KEPT)).append(readings[name])
        former = [flag[:2] for flag in self._flags]
        self._flags = [_unconnected(name, step) for name in missing]
        for name in readings:
            self._flags += judge(name, self._history[name], self._patience)
        changed = [flag[:2] for flag in self._flags] != former
        return readings, self._flags if changed else None


def _pairs(gradients: Nest, variables: Nest) -> Iterable[tuple[Any, Any]]:
    if variables is None:
        found = list(gradients)
        if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in found):
            raise ArgumentTypeError(
                "GradientWatcher: without variables, gradients must be pairs of (gradient, "
                "Variable). Use watcher.record(gradients, variables)."
            )
        return [(gradient, variable) for gradient, variable in found]
    return pairs(gradients, variables, "GradientWatcher")


def _unconnected(name: str, step: int) -> Flag:
    reason = "its gradient is None. Use tape.explain(loss, variable) to see why."
    return Flag(name, "unconnected", reason, step)
