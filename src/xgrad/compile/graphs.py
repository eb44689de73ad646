"""The executor that starts a whole program at once, where the library can capture what it starts.

The first replay runs kernel by kernel, and then the program is captured; later ones start what was
captured. Whatever is refused runs kernel by kernel, and `replay` says why. Callers own what
they get: arrays are copied into the graph and out of it. Random numbers are inputs (draws.py)."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import replace
from typing import Any, NamedTuple

from ..backends.captured import Captured, Capturer, CaptureRefusedError, Settings, settings
from ..backends.options import options
from .kernels import KernelExecutor
from .launches import Estimate, estimate
from .program import Program

__all__ = ["GraphExecutor"]


class Way(NamedTuple):
    """How a program is replayed.

    Attributes
    ----------
    graph : Captured or None
        None where it runs kernel by kernel.
    told : str
        The same in words, and why.
    """

    graph: Captured | None
    told: str


_NEW = Way(None, "kernel by kernel: no replay has chosen yet")


class GraphExecutor:
    """Run a program as one graph, or kernel by kernel where that cannot be or does not pay.

    Attributes
    ----------
    groups : list of Group
        What runs as one kernel each.
    estimate : Estimate
        Of one replay.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._plain = KernelExecutor(program)
        self.groups = self._plain.groups
        self.estimate: Estimate = estimate(program, self._plain.plan)
        given = {*program.inputs(), *program.constants}
        self._computed = tuple(dict.fromkeys(n for n in program.outputs() if n not in given))
        self._ways: dict[Settings, Way] = {}
        self._lock = threading.Lock()

    @property
    def replay(self) -> str:
        """How replays run as the switches stand, and why."""
        return self._ways.get(settings(), _NEW).told

    def run(self, inputs: list[Any], free: Collection[int] = ()) -> list[Any]:
        """The outputs for inputs: arrays, in the order of the program's own lists."""
        way = self._ways.get(settings())
        if way is not None and way.graph is not None:
            computed = way.graph.run(inputs)
            if computed is not None:
                return self._outputs(inputs, computed)
        outputs = self._plain.run(inputs, free)
        if way is None:
            self._choose(inputs, outputs)
        return outputs

    def _outputs(self, inputs: list[Any], computed: list[Any]) -> list[Any]:
        """What a program gives: what was computed, given, or is always the same."""
        values = {
            **self._program.constants,
            **dict(zip(self._program.inputs(), inputs, strict=True)),
            **dict(zip(self._computed, computed, strict=True)),
        }
        return [values[number] for number in self._program.outputs()]

    def _choose(self, inputs: list[Any], outputs: list[Any]) -> None:
        """Find the way of all later replays, as the switches stand."""
        chosen = settings()
        with self._lock:
            if chosen in self._ways:
                return  # by another thread
            try:
                capturer = self._capturer(inputs)
                if not capturer.may_begin():
                    return
                graph = self._capture(capturer, inputs, outputs)
            except CaptureRefusedError as refusal:
                self._ways[chosen] = Way(None, f"kernel by kernel: {refusal}")
                return
            count, kept = self.estimate.steps, graph.kept_bytes
            self._ways[chosen] = Way(
                graph, f"one graph of {count} steps, which keeps {kept:,} bytes"
            )

    def _capturer(self, inputs: list[Any]) -> Capturer:
        """What captures the program, if nothing is known that speaks against it."""
        objection = self._objection()
        if objection is not None:
            raise CaptureRefusedError(objection)
        backend = self._program.backend
        capturer = backend.capturer(backend.device_of(inputs[0]))
        if capturer is None:
            raise CaptureRefusedError(f"{backend.name} captures nothing")
        for instruction in self._program.instructions:
            reason = capturer.refusal(instruction.primitive.name)
            if reason is not None:
                raise CaptureRefusedError(f"{instruction.primitive.name}: {reason}")
        return capturer

    def _capture(self, capturer: Capturer, inputs: list[Any], outputs: list[Any]) -> Captured:
        program = self._program
        run = KernelExecutor(replace(program, results=self._computed, writes=()), capturer.xp).run
        known = dict(zip(program.outputs(), outputs, strict=True))
        return capturer.capture(run, inputs, [known[n] for n in self._computed])

    def _objection(self) -> str | None:
        """What is against a graph, without trying."""
        if options.graphs == "never":
            return 'xg.cuda.set_graphs("never")'
        if not self._computed or not self._program.inputs():
            return "it has no arguments, or no results"
        if options.graphs == "auto" and not self.estimate.pays:
            return f"a graph would not pay ({self.estimate})"
        for instruction in self._program.instructions:
            if instruction.looks:
                return f"{instruction.primitive.name} looks at values"
        return None
