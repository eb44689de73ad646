"""Generated Python text, compiled once as long as the same is generated again.

A text names values by their numbers and has neither shapes nor constants in it. So a function that is
recorded for other shapes, or made anew and recorded, mostly needs no compiler: that takes longer
than anything else that becomes of a program."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CodeType
from typing import Any

__all__ = ["function_of"]


def function_of(text: str, name: str, scope: dict[str, Any], label: str) -> Callable[..., Any]:
    """The function of this name that a text defines in a scope; `label` is for tracebacks.

    Its code is a copy: the interpreter notes in the code where it found names the last time, which
    two functions of different scopes would take from each other in every call."""
    exec(_code_of(text, label), scope)  # noqa: S102 - our own source
    function: Any = scope[name]
    function.__code__ = function.__code__.replace()
    return function  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=64)
def _code_of(text: str, label: str) -> CodeType:
    return compile(text, f"<{label}>", "exec")
