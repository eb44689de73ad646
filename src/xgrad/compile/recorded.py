"""What was recorded for one signature: how it is prepared and run, and its results put together.

A program is optimised and prepared when it is first replayed, not when it is recorded: what is called
once, such as a step for the rest of a data set, has no use for that (decisions/0044)."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from .._speedups import compiled
from ..backends import Backend, Device, default_device, quiet
from ..core.defaults import chosen_dtype
from ..core.failures import refuse_memory
from ..core.observers import settings, state
from ..core.tensor import Tensor
from ..tree import TreeDef
from . import jit
from .borrowed import borrowed_writes
from .cpu import CpuExecutor
from .draws import draw_all
from .executors import Executor, make_executor, may_refuse
from .packing import packer, parts_of
from .passes import optimise
from .program import Program
from .signature import Taken

__all__ = ["Recorded", "calls"]

_ONE, _TUPLE, _ELSE = range(3)  # as in _replay.c

# The way from a call to its program, compiled, or None.
calls = compiled("xgrad.compile._replay")
if calls is not None:
    calls.connect(
        Tensor=Tensor,
        state=state,
        settings=settings,
        chosen_dtype=chosen_dtype,
        default_device=default_device,
    )


class _Prepared(NamedTuple):
    """A program that can run.

    Attributes
    ----------
    copies : list of bool
        For each assignment to a Variable, whether its array has to be copied first.
    seconds : float
        What preparing took.
    """

    program: Program
    executor: Executor
    copies: list[bool]
    seconds: float


class Recorded:
    """A program as it was recorded, and what is made of it.

    Attributes
    ----------
    recorded : Program
        As it was written down.
    changed : list of int
        The places of those arguments to which the function gives other values.
    seconds : float
        What recording took, with the run that was recorded.
    """

    def __init__(
        self,
        program: Program,
        structure: TreeDef,
        results: list[Any],
        changed: list[int],
        donated: list[int],
        backend: Backend | None,
    ) -> None:
        self.recorded = program
        self.changed = changed
        self.seconds = 0.0
        self._donated = donated
        self._backend = backend
        self._jit = jit.plan()
        self._made: _Prepared | None = None
        self._lock = threading.Lock()
        self._pack = packer(structure, results)
        self._count = len(parts_of(results))
        self._reads = [variable for variable, _ in program.reads]
        self._forms = [(v, v.shape, v.dtype) for v in self._reads]
        self._draws = [draw for draw, _ in program.draws]
        self._writes = [variable for variable, _ in program.writes]
        self._kind = _ELSE if self._writes or changed else _kind_of(structure, results)
        if may_refuse(program, backend):
            self._prepared()  # to be told at once

    # -- preparing -------------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The program that runs: optimised."""
        return self._prepared().program

    @property
    def executor(self) -> Executor:
        """What runs it."""
        return self._prepared().executor

    @property
    def preparing(self) -> float:
        """The seconds that optimising and preparing took."""
        return self._prepared().seconds

    def _prepared(self) -> _Prepared:
        made = self._made
        if made is None:
            with self._lock:
                made = self._made = self._made or self._prepare()
        return made

    def _prepare(self) -> _Prepared:
        start = time.perf_counter()
        try:
            program = optimise(self.recorded)
            executor = make_executor(program, self._donated, self._backend, self._jit)
        except MemoryError as error:
            constants = self.recorded.constants.values()
            refuse_memory("function: preparing its program", constants, error)
        copies = borrowed_writes(program)
        return _Prepared(program, executor, copies, time.perf_counter() - start)

    def replay(self, forms: tuple[Any, ...], dtype: Any, device: Device) -> Any:
        """The program for compiled callers, where they can run it; else None."""
        forms += tuple([form[1:] for form in self._forms])
        if calls is None or self._draws or not isinstance(self.executor, CpuExecutor):
            return None
        if len(forms) > calls.MOST_INPUTS or any(
            len(shape) > calls.MOST_AXES for shape, _ in forms
        ):
            return None
        return calls.Replay(
            forms=forms,
            dtype=dtype,
            device=device,
            variables=tuple(self._reads),
            executor=self.executor,
            results=self._kind,
            finish=self._finish,
        )

    # -- running ---------------------------------------------------------------------------------

    def variables_fit(self) -> bool:
        """Whether the Variables still have the shapes and dtypes of the recording."""
        for variable, shape, dtype in self._forms:
            array = variable.raw
            if array.shape != shape or array.dtype != dtype:
                return False
        return True

    def free(self, taken: Taken) -> set[int]:
        """The numbers of the donated arguments whose memory nobody else sees."""
        backend = self.recorded.backend
        found = set()
        for place, x in taken.donated:
            if isinstance(x, Tensor):
                taken.arrays[place] = None  # or the array would be seen by two
                if backend.is_alone(x):
                    found.add(self.recorded.arguments[place])
                taken.arrays[place] = x.raw
        return found

    def __call__(
        self, arrays: list[Any], free: Collection[int] = (), given: Sequence[Any] = ()
    ) -> Any:
        """Replay the program, which is prepared if it was not yet.

        Parameters
        ----------
        arrays : list
            The arguments'.
        free : collection of int
            The numbers of those whose memory may be used.
        given : sequence
            The arguments themselves, if some are `changed`.
        """
        executor = self._prepared().executor
        for variable in self._reads:
            arrays.append(variable.raw)
        if self._draws:
            arrays += draw_all(self._draws)
        try:
            if type(executor) is CpuExecutor:  # which is quiet
                outputs = executor.run(arrays, free)
            else:
                with quiet():  # a program does not know what is forward and what a walk backward
                    outputs = executor.run(arrays, free)
        except MemoryError as error:
            refuse_memory("function: a replay of its program", arrays, error)
        return self._finish(outputs, given)

    def first(self, outputs: list[Any], given: Sequence[Any]) -> Any:
        """The results of the call that was recorded, of what it computed."""
        self._assign(outputs, borrowed_writes(self.recorded), given)
        return self._pack(outputs)

    def _finish(self, outputs: list[Any], given: Sequence[Any] = ()) -> Any:
        """Assign to Variables and arguments, and give the results their structure."""
        if self._writes or self.changed:
            self._assign(outputs, self._prepared().copies, given)
        return self._pack(outputs)

    def _assign(self, outputs: Sequence[Any], copies: Sequence[bool], given: Sequence[Any]) -> None:
        for place, array in zip(self.changed, outputs[self._count :], strict=False):
            given[place].raw, given[place].node = array, None
        new = outputs[self._count + len(self.changed) :]
        for variable, array, copied in zip(self._writes, new, copies, strict=True):
            variable.raw = self.recorded.backend.xp.copy(array) if copied else array


def _kind_of(structure: TreeDef, results: list[Any]) -> int:
    """How results are put together, for compiled callers."""
    if all(isinstance(x, Tensor) for x in results):
        if structure.kind is None:
            return _ONE
        if structure.kind is tuple and all(x.kind is None for x in structure.children):
            return _TUPLE
    return _ELSE
