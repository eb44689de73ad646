"""Where did the NaN come from: the first value that is not finite, forward or backward.

The checker looks at the result of every operation, and in a backward walk at what every rule gives
for each operand. What happens inside a rule is its own business: an infinite partial derivative
that meets a zero cotangent ends as zero, and is not reported."""

from __future__ import annotations

import cmath
from collections.abc import Hashable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from weakref import finalize, ref

from .._typing import ArrayLike
from ..backends.survey import is_finite, nonfinite_count
from ..core.casting import is_inexact
from ..core.dispatch import apply1
from ..core.inspection import Arrival, Event, Inspector, Seat, seat
from ..core.instructions import primitive as instruction
from ..core.node import Cut, Node, Where
from ..core.observers import show_line, user_line
from ..core.primitive import Primitive
from ..core.switch import Restore
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError, NumericsError
from ..interpreters.tape import GradientTape
from ..ops.conversion import asarray
from .words import kept_values, operand_name, table

__all__ = ["check_numerics", "disable_check_numerics", "enable_check_numerics"]


def check_numerics(t: ArrayLike, message: str) -> Tensor:
    """Check that a value, and later its gradient, has no NaNs and no infinities.

    The identity otherwise. Waits for the device.

    Parameters
    ----------
    t : array_like
    message : str
        Begins the message of the error.

    Returns
    -------
    Tensor
        The same values.

    Raises
    ------
    NumericsError
        If there is a NaN or an infinity: at once for the value, in `gradient` for the gradient.

    See Also
    --------
    enable_check_numerics : Looks at everything.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.debugging.check_numerics(xg.asarray([1.0, 2.0]), "the loss")
    xg.Tensor([1., 2.], shape=(2,), dtype=float64, device=cpu)
    >>> xg.debugging.check_numerics(xg.asarray([1.0, xg.nan]), "the loss")
    Traceback (most recent call last):
    ...
    xgrad.errors.NumericsError: the loss : Tensor had NaN values: (2,) float64 on cpu: ...
    """
    x = asarray(t)
    if not is_inexact(x.dtype):
        return x
    parameters = {"message": str(message), "origin": _Line(user_line(2)), "gradient": False}
    return apply1(instruction("check_numerics"), x, parameters)  # type: ignore[no-any-return]


def enable_check_numerics(
    *, nan: bool = True, inf: bool = True, tape: GradientTape | None = None
) -> AbstractContextManager[None]:
    """Raise an error at the first value that is not finite, in forward or in backward.

    Works as a function, until `disable_check_numerics`, and as a context manager, until its block
    ends. Holds for the thread that calls it.

    Parameters
    ----------
    nan, inf : bool
        What to look for.
    tape : GradientTape, optional
        Look only at what this tape records and at the gradients that are taken from it, for as
        long as the tape lives. By default everything is looked at, recorded or not.

    Returns
    -------
    context manager
        Leaving its block restores the former setting.

    Raises
    ------
    ArgumentError
        If there is nothing to look for.
    NumericsError
        Later, by the operation that gives the value: with the operation, the pass (forward, or the
        backward of which operation), the ranges of what went in and came out, and the user's line.

    See Also
    --------
    check_numerics : Looks at one value.

    Notes
    -----
    Every check waits for the device, and operations take the slow way while checks are on: a small
    one costs about ten times as much. Off, it costs nothing.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable([0.0, 4.0])
    >>> with xg.debugging.enable_check_numerics(), xg.GradientTape() as tape:
    ...     y = xg.sum(xg.sqrt(x))
    ...     tape.gradient(y, x)
    Traceback (most recent call last):
    ...
    xgrad.errors.NumericsError: the backward pass of sqrt at ... gave the first non-finite value, ...
    """
    if not (nan or inf):
        raise ArgumentError(
            "enable_check_numerics: nan=False and inf=False leave nothing to look for. Use "
            "disable_check_numerics() to switch the checks off."
        )
    _check_tape(tape, "enable_check_numerics")
    return _put(_Checker(bool(nan), bool(inf), tape), tape)


def disable_check_numerics(*, tape: GradientTape | None = None) -> AbstractContextManager[None]:
    """Switch off what `enable_check_numerics` has switched on; also for a block.

    Parameters
    ----------
    tape : GradientTape, optional
        Whose own checks end; by default those of everything.

    Returns
    -------
    context manager
        Leaving its block restores the former setting.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.debugging.enable_check_numerics()
    <xgrad.core.switch.Restore object at ...>
    >>> with xg.debugging.disable_check_numerics():
    ...     masked = xg.exp(xg.asarray([-xg.inf, 0.0])) - xg.inf
    >>> xg.debugging.disable_check_numerics()
    <xgrad.core.switch.Restore object at ...>
    """
    _check_tape(tape, "disable_check_numerics")
    return _put(None, tape)


def _check_tape(tape: Any, caller: str) -> None:
    if tape is not None and not isinstance(tape, GradientTape):
        raise ArgumentTypeError(
            f"{caller}: tape must be a GradientTape, but is a {type(tape).__name__}. Use "
            f"{caller}(tape=tape)."
        )


def _put(checker: _Checker | None, tape: GradientTape | None) -> Restore:
    place: Seat = seat()
    name: Hashable = "numerics" if tape is None else ("numerics", id(tape))
    former = place.put(name, checker)
    if tape is not None and checker is not None:
        finalize(tape, place.put, name, None).atexit = False
    return Restore(lambda: place.put(name, former))


class _Line(NamedTuple):
    """A line of the user's, to be shown when it is needed."""

    where: Where

    def __str__(self) -> str:
        return show_line(self.where)


class _Checker(Inspector):
    """Looks for NaNs, infinities or both; of everything, or of what one tape follows."""

    def __init__(self, nan: bool, inf: bool, tape: GradientTape | None) -> None:
        self._nan, self._inf = nan, inf
        self._tape = None if tape is None else ref(tape)
        self._walks: list[bool] = []  # of the walks under way: whether this is to look at them

    # -- what it is told -----------------------------------------------------------------------

    def operation(self, event: Event) -> None:
        if self._walks or (self._tape is not None and not self._is_followed(event.node)):
            return
        for y in event.results:
            if self._is_bad(y):
                raise self._forward_error(event, y)

    def tangent(self, event: Event, tangents: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        if self._walks or self._tape is not None:
            return
        for t in results:
            if self._is_bad(t):
                raise self._tangent_error(event, tangents, t)

    def walk_begins(self, trace: Any, seeds: list[tuple[Node, Any]]) -> None:
        tape = None if self._tape is None else self._tape()
        looks = self._tape is None or (tape is not None and trace in tape.alone)
        self._walks.append(looks)
        for _, g in seeds:
            if looks and self._is_bad(g):
                where = user_line(4)
                raise _error(
                    f"output_gradients has {_counted(g)}{show_line(where)}, so the backward pass "
                    "cannot begin:",
                    [("output_gradients", g)],
                    "Use finite output_gradients.",
                    ("gradient", "backward", where),
                )

    def walk_ends(self) -> None:
        self._walks.pop()

    def arrived(self, arrival: Arrival) -> None:
        primitive = arrival.node.primitive
        looks = self._walks[-1] or self._is_followed(getattr(arrival.r, "node", None))
        if looks and primitive is not None and self._is_bad(arrival.total):
            raise self._backward_error(arrival, primitive)

    # -- what it says --------------------------------------------------------------------------

    def _forward_error(self, event: Event, y: Any) -> NumericsError:
        name = event.primitive.name
        where = user_line(4)
        return _error(
            f"{name}{show_line(where)} gave the first non-finite value, in the forward pass: "
            f"{_counted(y)}.",
            [*_operands(event), ("result", y)],
            _advice(name, any(map(self._is_bad, event.arrays))),
            (name, "forward", where),
        )

    def _tangent_error(self, event: Event, tangents: tuple[Any, ...], t: Any) -> NumericsError:
        name = event.primitive.name
        where = user_line(5)
        given = [
            (f"tangent of {operand_name(event.primitive, i)}", x)
            for i, x in enumerate(tangents)
            if x is not None
        ]
        return _error(
            f"the tangent of {name}{show_line(where)} is the first non-finite value, in forward "
            f"mode: {_counted(t)}.",
            [*_operands(event), *given, ("tangent of the result", t)],
            _advice(name, any(map(self._is_bad, (*event.arrays, *tangents)))),
            (name, "tangent", where),
        )

    def _backward_error(self, arrival: Arrival, primitive: Primitive) -> NumericsError:
        node = arrival.node
        name = operand_name(primitive, node.parents.index(arrival.operand))
        parts = arrival.g if type(arrival.g) is tuple else (arrival.g,)
        gs = [("gradient of the result", g) for g in parts if g is not None]
        if self._is_bad(arrival.r):
            what, value = f"gradient of {name}", arrival.r
        else:
            what, value = f"sum of all gradients of {name} so far", arrival.total
        return _error(
            f"the backward pass of {primitive.name}{show_line(node.where)} gave the first "
            f"non-finite value, as {what}: {_counted(value)}. The gradient was asked for"
            f"{show_line(user_line(6))}.",
            [*kept_values(node), *gs, (what, value)],
            _advice(primitive.name, any(self._is_bad(g) for _, g in gs)),
            (primitive.name, "backward", node.where),
        )

    # -- inside --------------------------------------------------------------------------------

    def _is_followed(self, node: Node | None) -> bool:
        tape = None if self._tape is None else self._tape()
        if node is None or tape is None or type(node) is Cut:
            return False
        return any(trace.follows(node) for trace in tape.alone)

    def _is_bad(self, x: Any) -> bool:
        array = getattr(x, "raw", x)
        if hasattr(array, "shape"):
            return is_inexact(array.dtype) and not is_finite(array, nan=self._nan, inf=self._inf)
        if not isinstance(array, (float, complex)):
            return False
        return (self._nan and cmath.isnan(array)) or (self._inf and cmath.isinf(array))


def _counted(x: Any) -> str:
    return nonfinite_count(getattr(x, "raw", x))


def _operands(event: Event) -> list[tuple[str, Any]]:
    return [(operand_name(event.primitive, i), array) for i, array in enumerate(event.arrays)]


def _advice(name: str, from_outside: bool) -> str:
    if from_outside:
        return (
            "What went in was not finite already: it came from outside, or from before the checks "
            "were switched on. Use xg.debugging.check_numerics on what goes in."
        )
    return (
        f"Use xg.where or xg.clip to keep what goes in inside the domain of {name}, or a larger "
        "dtype if it overflowed."
    )


def _error(
    text: str, rows: list[tuple[str, Any]], advice: str, place: tuple[str, str, Where]
) -> NumericsError:
    values = [(name, getattr(x, "raw", x)) for name, x in rows]
    error = NumericsError(f"{text}{table(values)}\n{advice}")
    error.op, error.stage = place[:2]
    error.where = show_line(place[2]).removeprefix(" at ")
    return error
