"""What a group of elementwise instructions is to a backend that can run it as one kernel."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._typing import DType

__all__ = ["Fused", "Step"]


class Step(NamedTuple):
    """One elementwise instruction.

    Attributes
    ----------
    name : str
        Of the instruction.
    operands : tuple
        The number of a value, or a tuple of one Python number.
    parameters : dict
    result : int
    """

    name: str
    operands: tuple[Any, ...]
    parameters: dict[str, Any]
    result: int


class Fused(NamedTuple):
    """Steps in order, over one shape.

    Attributes
    ----------
    steps : tuple of Step
    dtypes : dict
        Of every value, by number.
    inputs, outputs : tuple of int
        What is given, and what is wanted of what the steps define.
    """

    steps: tuple[Step, ...]
    dtypes: dict[int, DType]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
