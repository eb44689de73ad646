"""What a peer is: a library under test behind a few functions, the same for all of them.

A peer says how to make an array, which of its own functions the workloads use (`ops`), how to take
gradients, how to compile, and how to wait for a result. Where a library leaves a choice, the cheaper
one is taken: leaves and constants are plain arrays, never variables, but where there is an optimizer.
What is computed is decided in workloads/.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import numpy as np

Loss = Callable[..., Any]
Differentiated = Callable[..., tuple[Any, Sequence[Any]]]
Arrays = Sequence[np.ndarray]
Step = tuple[Callable[..., Any], Callable[[], list[np.ndarray]]]
"""A step that changes parameters, and a function that reads them."""


class Missing(NotImplementedError):
    """A library has no such function; the message says which."""


class Ops(SimpleNamespace):
    """The functions of a library; asking for another one says that it has none."""

    def __getattr__(self, name: str) -> Any:
        raise Missing(f"it has no {name}")


def nothing_to_wait_for(result: object) -> None:
    """Libraries that compute at once have nothing to wait for."""


@dataclass(frozen=True)
class Peer:
    """A library as the workloads see it."""

    name: str
    version: str
    ops: SimpleNamespace
    array: Callable[[np.ndarray], Any]
    """A constant of the library with this value."""
    leaf: Callable[[np.ndarray], Any]
    """The same, but something that gradients are taken with respect to."""
    differentiate: Callable[[Loss, int], Differentiated]
    """From a loss of so many leaves, the function that gives its value and its gradients."""
    to_numpy: Callable[[Any], np.ndarray] = np.asarray
    wait: Callable[[Any], None] = nothing_to_wait_for
    recording: Callable[[Any], AbstractContextManager[Any]] | None = None
    """A context in which what is done to a leaf is recorded, where the library has one."""
    hvp: Callable[[Loss], Callable[[Any, Any], Any]] | None = None
    """From a loss of one array, the function of x and v that gives its Hessian times v."""
    hessian: Callable[[Loss], Callable[[Any], Any]] | None = None
    """From a loss of one array, the function that gives its Hessian."""
    adam: Callable[[Arrays], Step] | None = None
    """From parameters, a step of Adam that takes their gradients."""
    training: Callable[[Loss, Arrays], Step] | None = None
    """From a loss of a batch and parameters, a step of Adam that takes the batch."""
    widens: bool = False
    """Whether Python's numbers turn float32 into float64."""
    traces_memory: bool = False
    """Whether its arrays are numpy's, which tracemalloc counts."""

    def bind(self, loss: Loss, leaves: Sequence[Any]) -> Callable[[], tuple[Any, Sequence[Any]]]:
        """Make a function of nothing that takes the value and gradients and waits for them."""
        return self.waiting(self.differentiate(loss, len(leaves)), leaves)

    def waiting(self, f: Callable[..., Any], arguments: Sequence[Any]) -> Callable[[], Any]:
        """Make a function of nothing that calls f and waits for what it gives."""
        if self.wait is nothing_to_wait_for:
            return lambda: f(*arguments)

        def call() -> Any:
            result = f(*arguments)
            self.wait(result)
            return result

        return call


class Watching:
    """Enter a tape and watch one leaf."""

    def __init__(self, tape: Any, leaf: Any) -> None:
        self.tape, self.leaf = tape, leaf

    def __enter__(self) -> Any:
        self.tape.__enter__()
        self.tape.watch(self.leaf)
        return self.tape

    def __exit__(self, *raised: object) -> None:
        self.tape.__exit__(*raised)


def installed_version(name: str) -> str:
    """Read a distribution's version; it has none when it runs from its source tree."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(source tree)"


@contextmanager
def silenced_stderr() -> Iterator[None]:
    """Keep what compiled code writes to the standard error stream off the screen."""
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(sink)
        os.close(kept)
