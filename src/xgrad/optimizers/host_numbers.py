"""Functions of Python numbers under the standard's names.

What an optimizer or a schedule computes once per step, from the learning rate and the number of the
step, it computes with a namespace too: this one where they are Python numbers, and xgrad's where
they are Tensors, so that such a step can be recorded and differentiated."""

from __future__ import annotations

import math
from typing import Any

from ..core.handle import Handle
from ..ops.rule_namespace import rule_namespace

__all__ = ["HostNumbers", "host_numbers", "numbers_for"]


class HostNumbers:
    """Of one number each, or two; `where` of a condition and two numbers."""

    ceil = staticmethod(math.ceil)
    cos = staticmethod(math.cos)
    exp = staticmethod(math.exp)
    floor = staticmethod(math.floor)
    log = staticmethod(math.log)
    maximum = staticmethod(max)
    minimum = staticmethod(min)
    sqrt = staticmethod(math.sqrt)

    @staticmethod
    def where(condition: Any, x1: Any, x2: Any) -> Any:
        """Choose x1 if the condition is true, else x2."""
        return x1 if condition else x2


host_numbers = HostNumbers()


def numbers_for(*values: Any) -> Any:
    """Find the namespace for numbers, some of which may be Tensors."""
    return rule_namespace if any(isinstance(x, Handle) for x in values) else host_numbers
