"""What schedules share: a function of the number of steps taken so far, with its arguments."""

from __future__ import annotations

from typing import Any, Self

from ...errors import ArgumentTypeError
from ..checks import as_learning_rate, as_mapping, as_rate
from ..host_numbers import numbers_for
from ..registry import find_kind

__all__ = ["Schedule", "constant", "deserialize", "serialize"]

_KINDS: dict[str, type[Schedule]] = {}


class Schedule:
    """The base of all schedules; a subclass gives `rate_at`, and keeps its arguments as attributes.

    Called with the number of steps taken so far, an int or a Tensor, it gives the learning rate as
    a float or a Tensor.

    Attributes
    ----------
    arguments : tuple of str
        The names of the constructor's arguments.
    """

    arguments: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        _KINDS[cls.__name__] = cls

    def __call__(self, step: Any) -> Any:
        """Compute the learning rate after so many steps."""
        return self.rate_at(numbers_for(step), step)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({shown})"

    def rate_at(self, xp: Any, step: Any) -> Any:
        """Compute the learning rate.

        Parameters
        ----------
        xp : namespace
            Of numbers: `cos`, `where`, `minimum` ...
        step : number or Tensor
            How many steps were taken so far.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this schedule again; schedules in them as dicts."""
        return {name: _plain(getattr(self, name)) for name in self.arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a schedule from what `get_config` returned."""
        config = as_mapping(config, f"{cls.__name__}: config")
        if unknown := [name for name in config if name not in cls.arguments]:
            raise ArgumentTypeError(
                f"{cls.__name__}: config has {unknown}, which are no arguments. Use some of "
                f"{', '.join(cls.arguments)}."
            )
        return cls(**{name: _revived(value) for name, value in config.items()})


def constant(value: Any, step: Any) -> Any:
    """Make a number a Tensor if `step` is one: two numbers alone have no dtype or device."""
    return value + 0.0 * step


def serialize(rate: Any) -> Any:
    """Turn a learning rate into plain data: a float, a schedule's class and arguments."""
    if isinstance(rate, Schedule):
        return _plain(rate)
    return rate if callable(rate) else as_rate(rate, "learning_rate")


def deserialize(rate: Any) -> Any:
    """Make a learning rate from plain data."""
    if isinstance(rate, dict):
        kind, arguments = find_kind(rate, _KINDS, "schedule")
        return kind.from_config(arguments)
    return as_learning_rate(rate)


def _plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value


def _revived(value: Any) -> Any:
    if isinstance(value, dict) and "class_name" in value:
        kind, arguments = find_kind(value, _KINDS, "schedule")
        return kind.from_config(arguments)
    if isinstance(value, list):
        return [_revived(part) for part in value]
    return value
