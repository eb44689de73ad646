"""Where summaries go now: the default writer, the step, and whether to record, per thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..core.handle import Handle
from ..errors import ArgumentError, ArgumentTypeError, TracingError
from ..interpreters.trace import active_traces

if TYPE_CHECKING:
    from .writer import Writer

__all__ = [
    "check_step",
    "chosen_writer",
    "current",
    "get_step",
    "name_scope",
    "record_if",
    "refuse_recordings",
    "scoped",
    "set_step",
    "should_record_summaries",
    "step_of",
]


class _Current(threading.local):
    """What summaries of this thread look for.

    Attributes
    ----------
    writer : Writer or None
    step : int or None
    condition : bool or callable
    scope : str
        What names begin with.
    """

    writer: Writer | None = None
    step: Any = None
    condition: Any = True
    scope: str = ""


current = _Current()


def set_step(step: Any) -> None:
    """Set the step that summaries belong to where none is given.

    Parameters
    ----------
    step : int, Tensor, Variable or None
        A Variable is read whenever something is recorded.

    Returns
    -------
    None

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.set_step(3)
    >>> xg.summary.get_step()
    3
    >>> xg.summary.set_step(None)
    """
    check_step(step, "set_step")
    current.step = step


def check_step(step: Any, function: str) -> None:
    """Refuse at once what can be no number of a step; Variables are read later."""
    if step is not None and not isinstance(step, Handle):
        _whole(step, f"{function}: step")


def get_step() -> Any:
    """Return what `set_step`, or a writer's ``as_default(step=...)``, has set.

    Returns
    -------
    int, Tensor, Variable or None

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.get_step() is None
    True
    """
    return current.step


@contextmanager
def record_if(condition: bool | Callable[[], Any]) -> Iterator[None]:
    """Record only under a condition, inside a ``with`` block.

    Parameters
    ----------
    condition : bool, Tensor or callable
        A callable without arguments is asked at each summary.

    Returns
    -------
    context manager

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.summary.record_if(False):
    ...     xg.summary.scalar("loss", 0.5, step=0)
    False
    """
    former, current.condition = current.condition, condition
    try:
        yield
    finally:
        current.condition = former


@contextmanager
def name_scope(name: str) -> Iterator[str]:
    """Let the names of summaries begin with a name and a slash, inside a ``with`` block.

    Parameters
    ----------
    name : str
        Added to that of a scope outside.

    Returns
    -------
    context manager
        Of the whole beginning.

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.summary.name_scope("encoder"), xg.summary.name_scope("first") as scope:
    ...     print(scope)
    encoder/first/
    """
    _check_name(name, "a scope's name")
    former, current.scope = current.scope, f"{current.scope}{name.strip('/')}/"
    try:
        yield current.scope
    finally:
        current.scope = former


def scoped(name: str) -> str:
    """Put the beginning that `name_scope` has set before a name."""
    _check_name(name, "a summary's name")
    return current.scope + name


def _check_name(name: Any, what: str) -> None:
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"{what} must be a str, but is a {type(name).__name__}. Use a name such as "
            '"loss/train"; values come second.'
        )


def should_record_summaries() -> bool:
    """Tell whether a summary would be written now.

    Returns
    -------
    bool
        Whether there is a default writer, and the condition of `record_if` holds.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.should_record_summaries()
    False
    """
    return chosen_writer() is not None


def chosen_writer(writer: Writer | None = None) -> Writer | None:
    """Find who writes now: this writer or the default one, or None where nothing is written."""
    writer = current.writer if writer is None else writer
    if writer is None:
        return None
    refuse_recordings("summaries")
    condition = current.condition
    return writer if (condition() if callable(condition) else condition) else None


def refuse_recordings(what: str) -> None:
    """Refuse what a recorded program would do in its first call only."""
    if any(trace.refuses_exits for trace in active_traces()):
        raise TracingError(
            f"{what} inside xg.function would be written in the first call only, in which the "
            "program is recorded. Use results of the function outside of it."
        )


def step_of(step: Any, name: str) -> int:
    """Find the number of the step to record."""
    step = current.step if step is None else step
    if step is None:
        raise ArgumentError(
            f"No step set for the summary {name!r}. Use step=, writer.as_default(step=...) or "
            "xg.summary.set_step(...)."
        )
    number: Any = step
    if isinstance(step, Handle):
        number = number.item()
    return _whole(number, f"the step of the summary {name!r}")


def _whole(number: Any, what: str) -> int:
    try:
        if (found := int(number)) == number and -(1 << 63) <= found < 1 << 63:  # as files hold it
            return found
    except (TypeError, ValueError, OverflowError):
        pass
    raise ArgumentTypeError(
        f"{what} must be an integer, but is {number!r}. Use the number of the training step."
    )
