"""Random numbers in a recorded step: inputs of its program, which every call draws anew.

They are drawn in the order of the recording, so a replayed step uses a generator as the function
itself would. Where a state is set to one that was read before, as `recompute_grad` does for its
second run, the next draws are those that followed then: the same inputs, not new ones. A generator
that stands before some of its draws in the end is set back there by every call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .._typing import Array
from ..core.draws import Drawing, draw
from ..core.node import Node
from ..core.observers import show_line, user_line
from ..errors import TracingError

__all__ = ["Draw", "Draws", "draw_all"]


class Draw(NamedTuple):
    """One draw, to be repeated in every call."""

    generator: Drawing
    method: str
    operands: tuple[Array, ...]
    parameters: dict[str, Any]
    stays: bool = False
    """Whether the generator stands before this draw in the end."""

    def __call__(self) -> Array:
        """Draw what comes next."""
        return draw(self.generator, self.method, self.operands, self.parameters)[0]

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.method}({given}) from {self.generator!r}"


def draw_all(draws: Sequence[Draw]) -> list[Array]:
    """Make the draws of a call."""
    arrays, states = [], []
    for one in draws:
        if one.stays:
            states.append((one.generator, one.generator.state))
        arrays.append(one())
    for generator, state in states:
        generator.state = state
    return arrays


class _Stream:
    """What one generator gave, and where it stands in that."""

    def __init__(self, generator: Drawing) -> None:
        self.generator = generator  # kept alive, so that its identity is its own
        self.draws: list[tuple[Draw, int]] = []
        self.place = 0
        self.states: list[tuple[Any, int]] = []


class Draws:
    """What happens to generators in a recording."""

    def __init__(
        self,
        define: Callable[[Array], int],
        again: Callable[[Array, int], None],
        follow: Callable[[Array], Node],
        is_known: Callable[[Array], bool],
    ) -> None:
        self._inputs: list[tuple[Draw, int]] = []
        self._define = define
        self._again = again
        self._follow = follow
        self._is_known = is_known
        self._streams: dict[int, _Stream] = {}
        self._inside: dict[int, Drawing] = {}

    def inputs(self) -> tuple[tuple[Draw, int], ...]:
        """The draws that the program makes, in order, and the numbers of their values."""
        stays = {
            stream.draws[stream.place][1]
            for stream in self._streams.values()
            if stream.place < len(stream.draws)
        }
        return tuple([(one._replace(stays=n in stays), n) for one, n in self._inputs])

    def drawn(
        self,
        generator: Drawing,
        method: str,
        operands: tuple[Array, ...],
        parameters: dict[str, Any],
        y: Array,
    ) -> Node | None:
        """Make the draw an input, unless it is one that was repeated, or the same in every call."""
        if id(generator) in self._inside:
            return None
        if any(map(self._is_known, operands)):
            raise _refusal(
                f"{method} draws with a parameter that depends on the arguments",
                "a draw outside as an argument",
            )
        stream = self._stream(generator)
        new = Draw(generator, method, operands, parameters)
        if stream.place < len(stream.draws):
            former, number = stream.draws[stream.place]
            if (former.method, former.parameters) != (method, parameters):
                raise _refusal(
                    f"a generator was set back to before {former} and then asked for {new}",
                    "a second generator",
                )
            self._again(y, number)
        else:
            number = self._define(y)
            stream.draws.append((new, number))
            self._inputs.append((new, number))
        stream.place += 1
        return self._follow(y)

    def made(self, generator: Drawing, entropy: Any) -> None:
        """Take note of a generator that is made anew in every call, and draws the same."""
        if entropy is None:
            raise _refusal("a generator is made without a seed", "a seed, or one made outside")
        self._inside[id(generator)] = generator

    def spawning(self, generator: Drawing) -> None:
        """Refuse children, which would be others in every call."""
        if id(generator) not in self._inside:
            raise _refusal("a generator is asked for children", "spawn outside")

    def state_read(self, generator: Drawing, value: Any) -> None:
        """Remember where the generator stood."""
        stream = self._stream(generator)
        stream.states.append((value, stream.place))

    def state_set(self, generator: Drawing, value: Any) -> None:
        """Go back to where it stood when that very state was read."""
        if id(generator) in self._inside:
            return
        stream = self._stream(generator)
        for state, place in stream.states:
            if state is value:
                stream.place = place
                return
        raise _refusal("the state of a generator is set to one from elsewhere", "it outside")

    def _stream(self, generator: Drawing) -> _Stream:
        if id(generator) not in self._streams:
            self._streams[id(generator)] = _Stream(generator)
        return self._streams[id(generator)]


def _refusal(what: str, instead: str) -> TracingError:
    return TracingError(
        f"inside xg.function {what}{show_line(user_line(3))}, which a recorded program cannot repeat. "
        f"Use {instead}."
    )
