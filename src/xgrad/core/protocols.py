"""Answers that a Tensor gives by asking a higher layer.

`__array_namespace__`, NumPy's two protocols, `asarray`, `astype`, hooks and the question whether a tape
follows a value belong to `ops/` and `interpreters/`, which fill this in when they are imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Protocols", "protocols"]


class Protocols:
    """The functions that higher layers give, by name."""

    namespace: Callable[..., Any]
    ufunc: Callable[..., Any]
    function: Callable[..., Any]
    method: Callable[[str], Callable[..., Any]]
    asarray: Callable[..., Any]
    astype: Callable[..., Any]
    to_device: Callable[..., Any]
    is_followed: Callable[[Any], bool]
    assigned: Callable[[Any], None]
    left: Callable[[Any, str], None]
    refuse_exit: Callable[[Any, str], None]
    read: Callable[[Any], None]
    store: Callable[..., bool]
    created: Callable[[Any], None]
    context: Callable[[tuple[Any, ...]], Any]
    register_hook: Callable[[Any, Callable[[Any], Any]], Any]


protocols = Protocols()
