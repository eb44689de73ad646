"""Optimizers as plain data, by the names of their classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["deserialize", "register", "serialize"]

_KINDS: dict[str, type[Optimizer]] = {}


def register(kind: type[Optimizer]) -> None:
    """Let `deserialize` find a class by its name."""
    _KINDS[kind.__name__] = kind


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Turn an optimizer into plain data, without its state.

    Parameters
    ----------
    optimizer : Optimizer

    Returns
    -------
    dict
        ``"class_name"`` and ``"config"``.

    Raises
    ------
    ArgumentTypeError
        If it is no optimizer.
    """
    if not callable(getattr(optimizer, "get_config", None)):
        raise ArgumentTypeError(
            f"serialize: optimizer must be an optimizer, but is a {type(optimizer).__name__}. Use one "
            "of xg.optimizers."
        )
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


def deserialize(config: dict[str, Any]) -> Optimizer:
    """Make an optimizer from what `serialize` returned.

    Parameters
    ----------
    config : dict

    Returns
    -------
    Optimizer

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If there is no such class, or it is no such dict.
    """
    kind, arguments = find_kind(config, _KINDS, "optimizer")
    return kind.from_config(arguments)  # type: ignore[no-any-return]


def find_kind(config: Any, kinds: dict[str, Any], what: str) -> tuple[Any, Any]:
    """Find the class and the arguments that a dict of `serialize` speaks of.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If there is no such class, or it is no such dict.
    """
    if not isinstance(config, Mapping):
        raise ArgumentTypeError(
            f"deserialize: config must be a dict, but is {config!r} ({type(config).__name__}). Use "
            "what serialize returned."
        )
    for key in ("class_name", "config"):
        if key not in config:
            raise ArgumentError(
                f"deserialize: config must have the keys 'class_name' and 'config', but has "
                f"{list(config)}. Use what serialize returned."
            )
    name = config["class_name"]
    if not isinstance(name, str) or name not in kinds:
        raise ArgumentError(
            f"deserialize: there is no {what} {name!r}. Use one of {', '.join(sorted(kinds))}; a "
            "class of your own is known once its module has been imported."
        )
    return kinds[name], config["config"]
