"""GradientTape: record what happens to watched values, then ask for gradients.

TensorFlow's names and life cycle. The tape is a context manager around traces (trace.py), which
record; `gradients` and the walk (backward.py) differentiate; arguments.py checks what was given."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from .._arguments import as_flag
from .._typing import Nest
from ..backends import Device, as_device, quiet
from ..core.casting import is_inexact
from ..core.node import Where, next_serial
from ..core.observers import state, user_line
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import (
    ArgumentError,
    DeviceMismatchError,
    DTypeError,
    TapeError,
    UnconnectedGradientError,
)
from ..ops.rule_namespace import rule_namespace
from ..tree import flatten, unflatten
from .arguments import UnconnectedGradients, as_option, seeds_of, take_apart
from .gradients import gradients
from .matrices import Matrices
from .seeing import Seeing
from .stack import install, pop, push
from .trace import Trace, make_followable

__all__ = ["GradientTape", "UnconnectedGradients"]

_USED_UP = (
    "A non-persistent GradientTape can only be used to compute one set of gradients (or "
    "jacobians). Use GradientTape(persistent=True), or ask for all sources in one call."
)


class GradientTape(Matrices, Seeing):
    """Record operations on watched values to differentiate them.

    Parameters
    ----------
    persistent : bool
        Whether `gradient` can be called more than once. A tape that is not persistent frees what
        it kept while it goes back.
    watch_accessed_variables : bool
        Whether trainable Variables of floating dtype are watched when they are read.
    device : Device or str, optional
        Where new arrays go inside the context, and where what is watched must live.

    See Also
    --------
    Variable, stop_gradient

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable([1.0, 2.0])
    >>> with xg.GradientTape() as tape:
    ...     y = xg.sum(x**3)
    >>> tape.gradient(y, x)
    xg.Tensor([ 3., 12.], shape=(2,), dtype=float64, device=cpu)
    """

    def __init__(
        self,
        persistent: bool = False,
        watch_accessed_variables: bool = True,
        device: Device | str | None = None,
    ) -> None:
        self.persistent = as_flag(persistent, "GradientTape", "persistent")
        self._auto = as_flag(watch_accessed_variables, "GradientTape", "watch_accessed_variables")
        self._device = None if device is None else as_device(device)
        self._trace: Trace | None = None
        self.alone: tuple[Trace, ...] = ()
        self._variables: dict[int, Variable] = {}
        self._entered = False  # between __enter__ and __exit__
        self._paused = False  # inside stop_recording
        self._used_up = False
        self._thread: int | None = None

    # -- life cycle ----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._check_thread()
        if self._entered:
            raise TapeError(
                "Tape is still recording, This can happen if you try to re-enter an already-active "
                "tape. Use another GradientTape inside this one, or leave its `with` block first."
            )
        if self._trace is None or self._used_up:
            self._start_trace(user_line(2))
        self._turns.append(next_serial())
        self._entered = True
        self._used_up = False
        push(self)
        if self._device is not None:
            self._device.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._check_thread()
        if self._device is not None:
            self._device.__exit__(None, None, None)
        self._entered = False
        self._turns.append(next_serial())
        pop(self)

    def __del__(self) -> None:
        trace = getattr(self, "_trace", None)
        if trace is not None:
            trace.close()

    def reset(self) -> None:
        """Forget everything that was recorded and watched; only while recording.

        Raises
        ------
        TapeError
            If the tape is not recording.
        """
        self._check_recording("reset")
        assert self._trace is not None
        observers = state.observers
        self._start_trace(self._trace.where)
        self._turns.append(next_serial())
        install(observers)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Record nothing inside a ``with`` block; other tapes go on.

        Raises
        ------
        TapeError
            If the tape is not recording.
        """
        self._check_thread()
        if not self._is_recording():
            raise TapeError(
                "Trying to stop recording a tape which is not recording. Use stop_recording inside "
                "the tape's `with` block."
            )
        place = state.observers.index(self)
        pop(self)
        self._paused = True
        try:
            yield
        finally:
            self._paused = False
            if self._entered and not self._used_up:
                push(self, place)

    def watch(self, tensors: Nest) -> Nest:
        """Follow Tensors or Variables from now on.

        Parameters
        ----------
        tensors : Tensor, Variable or nest of them
            Of floating or complex dtype.

        Returns
        -------
        nest
            The same objects.

        Raises
        ------
        ArgumentError
            If something is no Tensor or Variable.
        DTypeError
            If something has an integer or boolean dtype.
        DeviceMismatchError
            If something is not on the tape's device.
        TapeError
            If the tape is not recording.
        """
        found, _ = flatten(tensors, none_is_leaf=True)
        for x in found:
            self._check_watchable(x)
        if self._paused:
            self._check_thread()
            return tensors
        self._check_recording("watch")
        assert self._trace is not None
        for x in found:
            node = make_followable(x)
            self._trace.watch_on_request(node, x if isinstance(x, Variable) else None)
        return tensors

    def watched_variables(self) -> tuple[Variable, ...]:
        """Give the Variables that are or were watched, in order of construction."""
        return tuple(self._variables[number] for number in sorted(self._variables))

    # -- gradients -----------------------------------------------------------------------------

    def gradient(
        self,
        target: Nest,
        sources: Nest,
        output_gradients: Nest = None,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
        stop_gradients: Nest = None,
    ) -> Nest:
        """Differentiate the sum of the targets with respect to the sources.

        Parameters
        ----------
        target : Tensor, Variable or nest of them
            All elements of all targets are summed.
        sources : Tensor, Variable or nest of them
        output_gradients : nest, optional
            One array of the target's shape per target, in the structure of `target`, instead of
            ones; None in it means ones. A list for a single target is an array.
        unconnected_gradients : str or UnconnectedGradients
            For a source that does not lead to the target: ``"none"`` gives None, ``"zero"`` zeros,
            ``"raise"`` an error that explains why.
        stop_gradients : Tensor, Variable or nest of them, optional
            Held constant: no gradient passes through them.

        Returns
        -------
        nest
            In the structure of `sources`: Tensors of the sources' shapes, dtypes and devices. For
            a complex source, the direction of steepest ascent.

        Raises
        ------
        TapeError
            If a tape that is not persistent was used before.
        ArgumentTypeError
            If a target or source is no Tensor or Variable.
        ArgumentError, ShapeError, DTypeError
            If `output_gradients` does not fit the target.
        UnconnectedGradientError
            On request.
        """
        self._check_thread()
        option = as_option(unconnected_gradients)
        targets, _ = take_apart(target, "target")
        wanted, treedef = take_apart(sources, "sources")
        held = [] if stop_gradients is None else take_apart(stop_gradients, "stop_gradients")[0]
        given = seeds_of(targets, target, output_gradients)
        trace = self._trace_to_use()
        consume = not self.persistent
        if consume:
            self._used_up = True
            pop(self)
        try:
            with quiet():
                results = gradients(trace, targets, given, wanted, held, consume, sparse=True)
            if option is not UnconnectedGradients.NONE:
                for i, (x, result) in enumerate(zip(wanted, results, strict=True)):
                    if result is None:
                        results[i] = self._unconnected(targets, x, option, held)
        finally:
            if consume:
                trace.finish()
        return unflatten(treedef, results)

    # -- inside --------------------------------------------------------------------------------

    def _start_trace(self, where: Where) -> None:
        if self._trace is not None:
            self._trace.close()
        self._variables = {}
        self._turns: list[int] = []  # when recording began, ended, began again, ...
        self._trace = Trace(self._auto, self._variables, self._turns, where)
        self.alone = (self._trace,)

    def _is_recording(self) -> bool:
        return self in state.observers

    def _check_thread(self) -> None:
        thread = threading.get_ident()
        if self._thread is None:
            self._thread = thread
        elif self._thread != thread:
            raise TapeError(
                "this GradientTape belongs to another thread. Use one tape per thread: each sees "
                "only what happens in its own."
            )

    def _check_recording(self, what: str) -> None:
        self._check_thread()
        if not self._is_recording():
            raise TapeError(
                f"Tape is not recording. Use {what} inside the `with` block of the tape, before "
                "gradient is called."
            )

    def _check_watchable(self, x: Any) -> None:
        if not isinstance(x, (Tensor, Variable)):
            raise ArgumentError(
                f"watch: got an object of type '{type(x).__name__}', which is no Tensor or "
                "Variable. Use xg.asarray to make a Tensor of it, and compute with that."
            )
        if not is_inexact(x.dtype):
            raise DTypeError(
                f"watch: x {describe(x)} cannot be watched, because only floating and complex "
                "values have gradients. Use astype to convert it first."
            )
        if self._device is not None and x.device != self._device:
            raise DeviceMismatchError(
                f"watch: x {describe(x)} is on {x.device}, but the tape is for {self._device}. Use "
                f"x.to_device({str(self._device)!r}) before watching."
            )

    def _unwatchable(self) -> list[Variable]:
        """List the trainable Variables that were read and have no gradients, for their dtype."""
        return [] if self._trace is None else list(self._trace.unwatchable.values())

    def _trace_to_use(self) -> Trace:
        if self._used_up:
            raise TapeError(_USED_UP)
        if self._trace is None:
            raise TapeError(
                "gradient: this tape has recorded nothing, because it was never entered. Use "
                "`with xg.GradientTape() as tape:` around the computation."
            )
        return self._trace

    def _unconnected(
        self, targets: list[Any], x: Any, option: UnconnectedGradients, held: Sequence[Any] = ()
    ) -> Tensor:
        if option is UnconnectedGradients.RAISE:
            from .explain import explain

            explanation = explain(self._trace, targets, x, held)
            raise UnconnectedGradientError(str(explanation))
        return rule_namespace.zeros_like(x)  # type: ignore[no-any-return]
