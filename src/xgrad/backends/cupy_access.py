"""How the kernels of groups find their elements: whole arrays in packs of 16 bytes, others by strides.

Arrays that lie in order are read and written as many elements at once as their addresses and their
number allow. What is one element for all is read once. What lies otherwise (broadcast, transposed,
flipped) is found by strides, along as few axes as all such arrays can be told apart by."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Shape
from .cupy_fusion import c_type
from .cupy_tables import contiguous
from .fused import Fused, Layout

__all__ = [
    "Access",
    "Pieces",
    "access_of",
    "access_to",
    "add_inputs",
    "add_outputs",
    "in_order",
    "main_layout",
    "way_of",
]

_LOAD = 16  # bytes, the most that a thread loads at once
_MOST_BYTES = 256  # of packs that a thread holds, a quarter of what registers there are
_MOST_LINES = 256  # of C++, which are written out for each element of a pack
_NARROW = 1 << 30  # elements, below which positions take 32 bits
_MOST_AXES = 8  # the arguments of a kernel must fit into four kilobytes

_TYPES = """typedef INDEX Offset;
const int WIDTH = PACKED;  // elements that a thread takes at once

template <typename T> struct __align__(sizeof(T) * WIDTH) Pack { T at[WIDTH]; };
"""


class Access(NamedTuple):
    """How a kernel finds its elements.

    Attributes
    ----------
    kinds : tuple of str
        Of each input: ``"whole"`` if its elements lie as those of the group's shape, ``"single"``
        if it is one for all, ``"strided"`` if it has a stride for each of the axes that are told apart.
    axes : int
        How many axes are told apart; 0 where nothing is strided.
    width : int
        How many elements a thread takes at once, from memory that is aligned for it.
    wide : bool
        Whether positions take 64 bits.
    """

    kinds: tuple[str, ...]
    axes: int
    width: int
    wide: bool

    def types(self) -> str:
        """The types of positions and packs, in C++."""
        text = _TYPES.replace("INDEX", "long long" if self.wide else "unsigned")
        return text.replace("PACKED", str(self.width))

    def numbers(self) -> list[str]:
        """The parameters for sizes and strides, as `access_of` gives them."""
        sizes = [f"long long n{axis}" for axis in range(1, self.axes)]
        return sizes + [
            f"long long t{place}_{axis}"
            for place, how in enumerate(self.kinds)
            if how == "strided"
            for axis in range(self.axes)
        ]


def main_layout(group: Fused) -> Layout:
    """The layout that all reductions have that are not over everything; without them, one long row."""
    if not group.reductions:
        return Layout(1, math.prod(group.domain), 1)
    return next(
        (r.layout for r in group.reductions if not r.layout.is_full), group.reductions[0].layout
    )


def access_of(
    group: Fused, shapes: Sequence[Shape], strides: Sequence[Shape], alignment: int
) -> tuple[Access, list[int]] | None:
    """How a kernel finds elements, and the sizes and strides that it has to be told.

    None if that would be too many. `strides` count bytes; `alignment` is one that all arrays have."""
    domain = group.domain
    itemsizes = [np.dtype(group.dtypes[n]).itemsize for n in group.inputs]
    kinds, moved = [], []
    for shape, own, size in zip(shapes, strides, itemsizes, strict=True):
        if math.prod(shape) == 1 and shape != domain:
            kinds.append("single")
        elif shape == domain and _is_in_order(shape, own, size):
            kinds.append("whole")
        else:
            if any(stride % size for stride in own):
                return None
            kinds.append("strided")
            padded = (0,) * (len(domain) - len(shape))
            steps = [0 if n == 1 else s // size for n, s in zip(shape, own, strict=True)]
            moved.append([*padded, *steps])
    sizes, moved = _collapsed(domain, moved)
    if len(sizes) > _MOST_AXES:
        return None
    reduced = {r.result for r in group.reductions}
    written = [np.dtype(group.dtypes[n]).itemsize for n in group.outputs if n not in reduced]
    whole = [size for size, kind in zip(itemsizes, kinds, strict=True) if kind == "whole"]
    width = _width(group, [*whole, *written], alignment)
    wide = math.prod(domain) >= _NARROW
    numbers = [*sizes[1:], *(step for steps in moved for step in steps)]
    return Access(tuple(kinds), len(sizes), width, wide), numbers


def access_to(group: Fused, arrays: Sequence[Array]) -> tuple[Access, list[int]] | None:
    """The same for arrays of cupy's."""
    alignment = math.gcd(_LOAD, *[x.data.ptr for x in arrays])
    return access_of(group, [x.shape for x in arrays], [x.strides for x in arrays], alignment)


def way_of(arrays: Sequence[Array]) -> tuple[Any, ...]:
    """What the access to arrays of known shapes depends on."""
    return tuple([(x.strides, x.data.ptr % _LOAD) for x in arrays])


def in_order(arrays: Sequence[Array], shape: Shape) -> list[Array]:
    """Copies that every kernel has access to, of arrays with too many strides for a call."""
    spread = importlib.import_module("cupy").broadcast_to
    return [x if x.size == 1 else contiguous(spread(x, shape)) for x in arrays]


def _width(group: Fused, itemsizes: Sequence[int], alignment: int) -> int:
    """How many elements make a load of 16 bytes, where all that are side by side are reduced."""
    layout = main_layout(group)
    if not itemsizes or layout.inner != 1:
        return 1
    width = min(4, _LOAD // max(itemsizes))
    while width > 1 and not (
        layout.reduced % width == 0
        and alignment % (width * max(itemsizes)) == 0
        and width * sum(itemsizes) <= _MOST_BYTES
        and width * len(group.steps) <= _MOST_LINES
    ):
        width //= 2
    return width


def _is_in_order(shape: Shape, strides: Shape, itemsize: int) -> bool:
    step = itemsize
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        if n != 1 and stride != step:
            return False
        step *= n
    return True


def _collapsed(domain: Shape, moved: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """As few axes as can be told apart by the strides of all arrays; none where there are no arrays."""
    if not moved:
        return [], []
    sizes: list[int] = []
    kept: list[list[int]] = [[] for _ in moved]
    for axis, size in enumerate(domain):
        if size == 1:
            continue
        here = [steps[axis] for steps in moved]
        if sizes and all(own[-1] == s * size for own, s in zip(kept, here, strict=True)):
            sizes[-1] *= size
            for own, s in zip(kept, here, strict=True):
                own[-1] = s
            continue
        sizes.append(size)
        for own, s in zip(kept, here, strict=True):
            own.append(s)
    return (sizes, kept) if sizes else ([1], [[0] for _ in moved])


# -- lines of C++ ----------------------------------------------------------------------------------


@dataclass
class Pieces:
    """What a source is put together from: the places of inputs, and lines of C++ by where they go."""

    places: dict[int, int]
    parameters: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def into(self, text: str) -> str:
        """A source with these lines where it names them, as far in as their name is."""
        for name in ("before", "starts", "reads", "lines", "writes", "ends", "after"):
            word, lines = name.upper(), getattr(self, name)
            for row in [row for row in text.split("\n") if row.strip() == word]:
                indent = row[: -len(word)]
                text = text.replace(row, "\n".join(indent + line for line in lines))
        return text.replace("PARAMETERS", ",\n    ".join(self.parameters))


def add_inputs(pieces: Pieces, group: Fused, access: Access) -> None:
    """Where each input is, and its element."""
    pieces.lines += _position(access)
    for number, place in pieces.places.items():
        kind, how = c_type(group, number), access.kinds[place]
        pieces.parameters.append(f"const {kind}* __restrict__ a{place}")
        if how == "single":
            pieces.before.append(f"const {kind} x{place} = a{place}[0];")
        elif how == "whole":
            pack = f"const Pack<{kind}>"
            pieces.reads.append(f"{pack} p{place} = *({pack}*)(a{place} + n);")
            pieces.lines.append(f"const {kind} x{place} = p{place}.at[e];")
        else:
            at = " + ".join(f"c{axis} * t{place}_{axis}" for axis in range(access.axes))
            pieces.lines.append(f"const {kind} x{place} = a{place}[{at}];")


def add_outputs(pieces: Pieces, group: Fused) -> None:
    """The values that are written as they are."""
    reduced = {r.result for r in group.reductions}
    for number in (n for n in group.outputs if n not in reduced):
        kind = c_type(group, number)
        pieces.parameters.append(f"{kind}* __restrict__ b{number}")
        pieces.reads.append(f"Pack<{kind}> q{number};")
        pieces.lines.append(f"q{number}.at[e] = v{number};")
        pieces.writes.append(f"*(Pack<{kind}>*)(b{number} + n) = q{number};")


def _position(access: Access) -> list[str]:
    """An element's place along each of the axes that are told apart."""
    if not access.axes:
        return []
    lines, rest = [], "n + e"
    for axis in range(access.axes - 1, 0, -1):
        lines.append(f"const Offset m{axis} = {rest}, d{axis} = m{axis} / (Offset)n{axis};")
        lines.append(f"const long long c{axis} = m{axis} - d{axis} * (Offset)n{axis};")
        rest = f"d{axis}"
    return [*lines, f"const long long c0 = {rest};"]
