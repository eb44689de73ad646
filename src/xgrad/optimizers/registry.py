"""Optimizers as plain data, by the names of their classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError

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
    """
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
    ArgumentError
        If there is no such class.
    """
    name = config["class_name"]
    if name not in _KINDS:
        raise ArgumentError(
            f"deserialize: there is no optimizer {name!r}. Use one of {', '.join(sorted(_KINDS))}; a "
            "class of your own is known once its module has been imported."
        )
    return _KINDS[name].from_config(config["config"])
