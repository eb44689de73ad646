"""What a library says of all examples at once, as it is for one of them."""

from __future__ import annotations

import re
from typing import Any

from ..core.tensor import Tensor
from ..errors import XgradError
from .array import Batched

__all__ = ["of_one"]


def of_one(error: Exception, x: Any) -> Exception:
    """The exception to explain, with axes counted as one example x has them.

    Outer levels, and whoever watches them, explained it before with their own shapes."""
    seen = [error]  # what was raised again is its own cause
    while isinstance(error, XgradError) and isinstance(error.__cause__, Exception):
        if error.__cause__ in seen:
            break
        error = error.__cause__
        seen.append(error)
    if not isinstance(error, IndexError) or isinstance(error, XgradError):
        return error
    levels = _levels(x)

    def less(found: re.Match[str]) -> str:
        return f"{found[1]}{max(int(found[2]) - levels, 0)}"

    text = re.sub(r"(\baxis )(\d+)", less, str(error))
    text = re.sub(r"(\bis )(\d+)(?=-dimensional)", less, text)
    return IndexError(re.sub(r"(\bbut )(\d+)(?= were indexed)", less, text))


def _levels(x: Any) -> int:
    """How many axes of examples are in front of those of x."""
    found = 0
    while isinstance(x, (Batched, Tensor)):
        if isinstance(x, Tensor):
            x = x.raw
        else:
            found += x.mapped
            x = x.value
    return found
