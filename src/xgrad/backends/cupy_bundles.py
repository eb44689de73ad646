"""Run groups of elementwise instructions that do the same as one CUDA kernel (cupy_tables.py)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from .._typing import Array, Shape
from .cupy_fusion import c_type, line
from .cupy_pointwise import pointwise_function
from .cupy_raw import raw_kernel
from .cupy_tables import Input, contiguous, is_captured, launch, new_arrays, table_source
from .fused import Fused

__all__ = ["together_function", "together_text"]

_NAME = "xgrad_fused_together"


def together_function(
    group: Fused, single: Sequence[bool], shapes: Sequence[Shape]
) -> Callable[..., tuple[Array, ...]]:
    """The function of the inputs of groups that do the same, one after the other."""
    kernel = raw_kernel(together_text(group, single), _NAME)
    alone = pointwise_function(group)
    count = len(group.inputs)
    dtypes = [np.dtype(group.dtypes[n]) for n in group.outputs]
    sizes = [math.prod(shape) for shape in shapes]

    def run(*arrays: Array) -> tuple[Array, ...]:
        if alone is not None and is_captured():
            each = [arrays[i : i + count] for i in range(0, len(arrays), count)]
            found = map(alone.over, shapes, each)
            return tuple([y for made in found for y in made])
        given = [*map(contiguous, arrays)]
        results = [new_arrays(shape, dtypes) for shape in shapes]
        rows = [(*given[i * count : (i + 1) * count], *made) for i, made in enumerate(results)]
        launch(kernel, sizes, rows)
        return tuple([x for made in results for x in made])

    return run


def together_text(group: Fused, single: Sequence[bool]) -> str:
    """The source of the kernel that does the same as a group for many of them."""
    places = {number: place for place, number in enumerate(group.inputs)}
    inputs = [
        Input(c_type(group, n), f"x{i}", single=alone)
        for i, (n, alone) in enumerate(zip(group.inputs, single, strict=True))
    ]
    outputs = [(c_type(group, n), f"v{n}") for n in group.outputs]
    return table_source(_NAME, inputs, outputs, [line(s, group, places) for s in group.steps])
