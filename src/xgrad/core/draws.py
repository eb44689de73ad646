"""Draws of random numbers: every one is made here, and told to whoever watches.

A draw has no operands that a tape could follow, so tapes do not hear of it. What runs a computation
a second time does: a `Journal` (replay.py) is told before a generator's state changes, and an
observer with an attribute ``draws`` is told all that happens to generators, so that a recorded
program can draw anew."""

from __future__ import annotations

from typing import Any, Protocol

from .._typing import Array
from .node import Node
from .observers import state
from .replay import before_change

__all__ = ["DrawWatcher", "Drawing", "draw", "draw_watchers"]


class Drawing(Protocol):
    """What draws: a random generator."""

    @property
    def state(self) -> Any:
        """Where it stands, as a value that later draws do not change."""

    @state.setter
    def state(self, value: Any) -> None: ...

    def sample(self, method: str, operands: tuple[Array, ...], parameters: dict[str, Any]) -> Array:
        """Draw a raw array, and change the state."""


class DrawWatcher(Protocol):
    """What the attribute ``draws`` of an observer is."""

    def drawn(
        self,
        generator: Drawing,
        method: str,
        operands: tuple[Array, ...],
        parameters: dict[str, Any],
        y: Array,
    ) -> Node | None:
        """Take note of a draw; the node of its result, if it is to have one."""

    def made(self, generator: Drawing, entropy: Any) -> None:
        """Take note of a new generator, made from `entropy`."""

    def spawning(self, generator: Drawing) -> None:
        """Take note that a generator is about to have children."""

    def state_read(self, generator: Drawing, value: Any) -> None:
        """Take note of an object that a generator's state was read as."""

    def state_set(self, generator: Drawing, value: Any) -> None:
        """Take note of an object that a generator's state is being set to."""


def draw_watchers() -> list[DrawWatcher]:
    """Those in this thread who want to know what happens to generators."""
    return [o.draws for o in state.observers if hasattr(o, "draws")] if state.observers else []


def draw(
    generator: Drawing, method: str, operands: tuple[Array, ...], parameters: dict[str, Any]
) -> tuple[Array, Node | None]:
    """Draw from a generator; called again with the same arguments it draws what comes next.

    Parameters
    ----------
    generator : Drawing
    method : str
        Which distribution.
    operands : tuple of arrays
        Parameters of the distribution that are data: raw arrays.
    parameters : dict
        Everything else: ``shape``, ``dtype`` and so on.

    Returns
    -------
    array
        A raw array where the generator's device is.
    node : Node or None
        By which a watcher knows it.
    """
    before_change(generator, "state")
    y = generator.sample(method, operands, parameters)
    node = None
    for watcher in draw_watchers():
        node = watcher.drawn(generator, method, operands, parameters, y)
    return y, node
