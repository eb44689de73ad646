"""Checks of arguments that are plain Python values: whole numbers, numbers, flags, words, functions.

Each says whose argument it was, what it is, and what was expected. Arrays are for ops/_arguments.py."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Sequence
from typing import Any

from .errors import ArgumentError, ArgumentTypeError

__all__ = ["as_choice", "as_flag", "as_int", "as_number", "as_sequence", "check_function"]


def as_int(n: Any, function: str, name: str) -> int:
    """Make a number of what Python takes as an index.

    Raises
    ------
    ArgumentTypeError
        For None, a bool, a float and everything else.
    """
    if type(n) is int:
        return n
    if not isinstance(n, bool):
        try:
            return operator.index(n)
        except TypeError:
            pass
    raise ArgumentTypeError(
        f"{function}: {name} must be an int, but is {n!r} ({type(n).__name__}). Use int(...) "
        "where it was computed."
    )


def as_number(
    value: Any, function: str, name: str, minimum: float | None = None, above: bool = False
) -> float:
    """Take a real number, or an array without axes that holds one.

    Parameters
    ----------
    minimum : float, optional
        It may not be smaller, or NaN.
    above : bool
        Whether it may not be the minimum either.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If it is too small, or no number.
    """
    number: Any = value
    if not isinstance(value, numbers.Real) and getattr(value, "shape", None) == ():
        number = value.item()
    if not (type(number) in (float, int) or isinstance(number, numbers.Real)):
        raise ArgumentTypeError(
            f"{function}: {name} must be a real number, but is {value!r} ({type(value).__name__}). "
            "Use a float."
        )
    if minimum is not None and not (number > minimum if above else number >= minimum):
        bound = "greater than" if above else "at least"
        raise ArgumentError(f"{function}: {name} must be {bound} {minimum}, but is {number}.")
    return number  # type: ignore[no-any-return]


def as_flag(value: Any, function: str, name: str) -> bool:
    """Take True or False, or what equals one of them.

    Raises
    ------
    ArgumentTypeError
        For a word, None and everything else that Python would only find true or false.
    """
    if value is True or value is False:
        return value
    try:
        if value in (False, True):
            return bool(value)
    except (TypeError, ValueError):  # arrays with axes
        pass
    raise ArgumentTypeError(
        f"{function}: {name} must be True or False, but is {value!r} ({type(value).__name__})."
    )


def as_choice(value: Any, choices: Sequence[Any], function: str, name: str) -> Any:
    """Give a value that is one of a few.

    Raises
    ------
    ArgumentError
        If it is none of them.
    """
    try:
        if value in choices:
            return value
    except (TypeError, ValueError):  # what cannot be hashed or compared
        pass
    one_of = "" if len(choices) == 2 else "one of "
    shown = (", " if one_of else " or ").join(map(repr, choices))
    raise ArgumentError(f"{function}: {name} must be {one_of}{shown}, but is {value!r}.")


def as_sequence(value: Any, function: str, name: str, of: str = "ints") -> tuple[Any, ...]:
    """Make a tuple of what can be gone through, words excepted.

    Raises
    ------
    ArgumentTypeError
        If it cannot.
    """
    if not isinstance(value, (str, bytes)):
        try:
            return tuple(value)
        except TypeError:
            pass
    raise ArgumentTypeError(
        f"{function}: {name} must be a tuple or list of {of}, but is {value!r} "
        f"({type(value).__name__})."
    )


def check_function(f: Any, caller: str, name: str = "f") -> None:
    """Refuse what cannot be called.

    Raises
    ------
    ArgumentTypeError
        If it cannot.
    """
    if not callable(f):
        raise ArgumentTypeError(
            f"{caller}: {name} must be a function, but is a {type(f).__name__}. Use a function of "
            "the arguments, such as lambda x: xg.sum(x**2)."
        )
