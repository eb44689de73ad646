"""How results get their structure: an expression that is written once per program.

Putting a nest together by `tree.unflatten` costs more than a step on small arrays takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from ..core.indexed_slices import IndexedSlices
from ..core.tensor import Tensor
from ..tree import TreeDef, unflatten
from .texts import function_of

__all__ = ["packer", "parts_of"]


def parts_of(results: Sequence[Any]) -> list[Tensor]:
    """The Tensors among results, in order; IndexedSlices are two."""
    found = []
    for x in results:
        if isinstance(x, Tensor):
            found.append(x)
        elif isinstance(x, IndexedSlices):
            found += [x.values, x.indices]
    return found


def packer(structure: TreeDef, results: Sequence[Any]) -> Callable[[Sequence[Any]], Any]:
    """A function from arrays to a nest of Tensors.

    Parameters
    ----------
    structure : TreeDef
    results : sequence
        A leaf each: a Tensor where one of the arrays has its place, in their order, IndexedSlices
        where two have theirs, or what the nest always has there.
    """
    scope: dict[str, Any] = {"Tensor": Tensor, "IndexedSlices": IndexedSlices}
    leaves = []
    places = count()
    for i, x in enumerate(results):
        if isinstance(x, Tensor):
            leaves.append(f"Tensor(arrays[{next(places)}])")
        elif isinstance(x, IndexedSlices):
            parts = f"Tensor(arrays[{next(places)}]), Tensor(arrays[{next(places)}])"
            leaves.append(f"IndexedSlices({parts}, {x.dense_shape})")
        else:
            scope[f"c{i}"] = x
            leaves.append(f"c{i}")
    text = _text(structure, leaves, count())
    if text is None:
        scope.update(structure=structure, unflatten=unflatten)
        text = f"unflatten(structure, [{', '.join(leaves)}])"
    text = f"pack = lambda arrays: {text}"
    return function_of(text, "pack", scope, "xg.function results")


def _text(structure: TreeDef, leaves: list[str], places: count[int]) -> str | None:
    """Tuples, lists and dicts as Python writes them; None where something else is in the nest."""
    kind = structure.kind
    if kind is None:
        return leaves[next(places)]
    parts = [_text(child, leaves, places) for child in structure.children]
    if any(part is None for part in parts):
        return None
    if kind is type(None):
        return "None"
    if kind is tuple:
        return f"({''.join(f'{part}, ' for part in parts)})"
    if kind is list:
        return f"[{', '.join(map(str, parts))}]"
    if kind is dict and all(type(key) is str for key in structure.keys):
        pairs = zip(structure.keys, parts, strict=True)
        return f"{{{', '.join(f'{key!r}: {part}' for key, part in pairs)}}}"
    return None
