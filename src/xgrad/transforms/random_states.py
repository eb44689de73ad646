"""Random generators of other libraries as objects with a ``state`` that can be read and set.

Those of xgrad are such objects themselves, and say when they are used (core/replay.py)."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentTypeError

__all__ = ["as_stateful"]


class _WithBitGenerator:
    """numpy.random.Generator, whose state is a dict of its bit generator."""

    def __init__(self, generator: Any) -> None:
        self._bits = generator.bit_generator

    @property
    def state(self) -> Any:
        """A copy of the state."""
        return self._bits.state

    @state.setter
    def state(self, value: Any) -> None:
        self._bits.state = value


class _WithGetState:
    """numpy.random.RandomState, and whatever has its two methods."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    @property
    def state(self) -> Any:
        """A copy of the state."""
        return self._generator.get_state()

    @state.setter
    def state(self, value: Any) -> None:
        self._generator.set_state(value)


def as_stateful(generator: Any) -> Any:
    """Make an object with a ``state`` of any kind of random generator.

    Raises
    ------
    ArgumentTypeError
        If its state cannot be read and set.
    """
    if hasattr(generator, "state"):
        return generator
    if hasattr(getattr(generator, "bit_generator", None), "state"):
        return _WithBitGenerator(generator)
    if hasattr(generator, "get_state") and hasattr(generator, "set_state"):
        return _WithGetState(generator)
    raise ArgumentTypeError(
        f"generators: a {type(generator).__name__} has no state that can be read and set. Use "
        "xg.random.Generator, or a NumPy generator."
    )
