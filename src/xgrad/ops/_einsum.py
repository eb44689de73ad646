"""What einsum's subscripts ask for, worked out once per signature.

A plan brings every operand to distinct letters, each of which something else needs (axes of size 1
dropped, diagonals taken, lonely letters summed), and then contracts pairs, in the order of
opt_einsum where that is installed, else greedily by size. What is left has the result's letters."""

from __future__ import annotations

import functools
import importlib
import math
import string
from typing import NamedTuple

from .._typing import Shape
from ..errors import ArgumentError, ShapeError

__all__ = ["LETTERS", "Operand", "Plan", "make_plan"]

LETTERS = string.ascii_lowercase + string.ascii_uppercase


class Operand(NamedTuple):
    """How one operand is prepared.

    Attributes
    ----------
    shape : tuple of int or None
        Without axes of size 1; None where there are none.
    diagonals : tuple
        For each repeated letter: the order that brings its axes to the front, the shape with these
        as one axis, and the step from one element of the diagonal to the next.
    summed : tuple of int
        Axes whose letter nothing else needs.
    """

    shape: Shape | None
    diagonals: tuple[tuple[tuple[int, ...], Shape, int], ...]
    summed: tuple[int, ...]


class Plan(NamedTuple):
    """How the operands become the result.

    Attributes
    ----------
    operands : tuple of Operand
    steps : tuple
        Places of two operands, which leave the list, and the subscripts of their contraction,
        whose result is appended to it.
    order, shape : tuple of int or None
        How the axes of the last result are permuted, and reshaped to those of size 1; None where
        nothing is to be done.
    """

    operands: tuple[Operand, ...]
    steps: tuple[tuple[tuple[int, int], str], ...]
    order: tuple[int, ...] | None
    shape: Shape | None


@functools.lru_cache(maxsize=512)
def make_plan(subscripts: str, shapes: tuple[Shape, ...]) -> Plan:
    """Read subscripts for operands of these shapes.

    Raises
    ------
    ArgumentError
        If the subscripts cannot be read.
    ShapeError
        If they do not fit the shapes.
    """
    terms, output = _read(subscripts, shapes)
    sizes = _sizes(terms, shapes)
    wide = {letter for letter, size in sizes.items() if size != 1}
    final = "".join(letter for letter in output if letter in wide)
    prepared, operands = [], []
    for place, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        others = [t for i, t in enumerate(_wide_terms(terms, shapes)) if i != place]
        letters, operand = _prepare(term, shape, set().union(final, *others))
        prepared.append(letters)
        operands.append(operand)
    steps, last = _steps(prepared, final, sizes)
    order = tuple(map(last.index, final))
    shape = tuple(sizes[letter] for letter in output)
    return Plan(
        tuple(operands),
        tuple(steps),
        None if last == final else order,
        None if len(final) == len(output) else shape,
    )


# -- reading -----------------------------------------------------------------------------------


def _read(subscripts: str, shapes: tuple[Shape, ...]) -> tuple[list[str], str]:
    """Find the letters of every operand and of the result, those of ellipses included."""
    text = subscripts.replace(" ", "")
    inputs, arrow, output = text.partition("->")
    unknown = sorted(set(inputs.replace("...", "") + output.replace("...", "")) - {*LETTERS, ","})
    if unknown or "," in output:
        raise ArgumentError(
            f"einsum: subscripts {subscripts!r} contain {(unknown or [','])[0]!r} where it means "
            "nothing. Use letters, '...', a comma between operands and '->' before the result."
        )
    terms = inputs.split(",")
    if len(terms) != len(shapes):
        raise ArgumentError(
            f"einsum: subscripts {subscripts!r} are for {len(terms)} operands, but there are "
            f"{len(shapes)}. Use one comma between each two operands."
        )
    counts = [
        _ellipsis(term, shape, i) for i, (term, shape) in enumerate(zip(terms, shapes, strict=True))
    ]
    rank = max(counts)
    spare = [letter for letter in LETTERS if letter not in text][:rank]
    if len(spare) < rank:
        raise ArgumentError(f"einsum: subscripts {subscripts!r} need more than 52 letters.")
    written = [
        t.replace("...", "".join(spare[rank - n :])) for t, n in zip(terms, counts, strict=True)
    ]
    if not arrow:
        once = sorted(c for c in set(inputs) if c in LETTERS and inputs.count(c) == 1)
        output = "..." + "".join(once)
    elif rank and "..." not in output:
        raise ArgumentError(
            f"einsum: subscripts {subscripts!r} have an ellipsis for {rank} axes that the result "
            "lacks. Use '...' in the result too, and xg.sum."
        )
    output = output.replace("...", "".join(spare))
    _check_output(subscripts, output, written)
    return written, output


def _ellipsis(term: str, shape: Shape, place: int) -> int:
    """Count the axes that the ellipsis of a term stands for."""
    count = term.count("...")
    letters = len(term) - 3 * count
    if count > 1 or (letters != len(shape) if not count else letters > len(shape)):
        raise ShapeError(
            f"einsum: operand {place} has {len(shape)} axes, but its subscripts {term!r} name "
            f"{letters}{'' if count < 2 else ' and more than one ellipsis'}. Use one letter per "
            "axis, or '...' once for those that are left."
        )
    return len(shape) - letters


def _check_output(subscripts: str, output: str, terms: list[str]) -> None:
    for letter in output:
        if output.count(letter) > 1:
            raise ArgumentError(
                f"einsum: the result of {subscripts!r} names {letter!r} more than once. Use each "
                "letter once there."
            )
        if not any(letter in term for term in terms):
            raise ArgumentError(
                f"einsum: the result of {subscripts!r} names {letter!r}, which no operand has."
            )


def _sizes(terms: list[str], shapes: tuple[Shape, ...]) -> dict[str, int]:
    """Find the size of every letter; axes of size 1 broadcast, but not along a diagonal."""
    sizes: dict[str, int] = {}
    owners: dict[str, int] = {}
    for place, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        own: dict[str, int] = {}
        for letter, size in zip(term, shape, strict=True):
            if own.setdefault(letter, size) != size:
                raise ShapeError(
                    f"einsum: the letter {letter!r} has sizes {own[letter]} and {size} in operand "
                    f"{place}, of which it takes the diagonal. Use equal sizes."
                )
            former = sizes.get(letter, 1)
            if size not in (1, former) and former != 1:
                raise ShapeError(
                    f"einsum: the letter {letter!r} has size {former} in operand "
                    f"{owners[letter]} and {size} in operand {place}. Use equal sizes, or 1."
                )
            if letter not in sizes or former == 1:
                sizes[letter], owners[letter] = size, place
    return sizes


# -- preparing ---------------------------------------------------------------------------------


def _wide_terms(terms: list[str], shapes: tuple[Shape, ...]) -> list[str]:
    """Drop the letters of axes of size 1."""
    return [
        "".join(c for c, n in zip(term, shape, strict=True) if n != 1)
        for term, shape in zip(terms, shapes, strict=True)
    ]


def _prepare(term: str, shape: Shape, needed: set[str]) -> tuple[str, Operand]:
    """Find which letters of an operand are left, and how the others go."""
    (letters,) = _wide_terms([term], (shape,))
    kept = tuple(n for n in shape if n != 1)
    squeezed = kept if len(kept) != len(shape) else None
    diagonals = []
    for letter in dict.fromkeys(letters):
        places = [i for i, c in enumerate(letters) if c == letter]
        if len(places) == 1:
            continue
        others = [i for i in range(len(letters)) if i not in places]
        size, count = kept[places[0]], len(places)
        rest = tuple(kept[i] for i in others)
        step = sum(size**power for power in range(count))
        diagonals.append(((*places, *others), (size**count, *rest), step))
        letters = letter + "".join(letters[i] for i in others)
        kept = (size, *rest)
    summed = tuple(i for i, c in enumerate(letters) if c not in needed)
    letters = "".join(c for c in letters if c in needed)
    return letters, Operand(squeezed, tuple(diagonals), summed)


# -- the order of contractions -----------------------------------------------------------------


def _steps(
    terms: list[str], output: str, sizes: dict[str, int]
) -> tuple[list[tuple[tuple[int, int], str]], str]:
    """List the contractions, and the letters of the last result."""
    steps: list[tuple[tuple[int, int], str]] = []
    terms = list(terms)
    for step in _path(terms, output, sizes):
        places = sorted(step, reverse=True)
        while len(places) > 1:
            i, j = places[1], places[0]
            second, first = terms.pop(j), terms.pop(i)
            needed = set(output).union(*terms)
            result = "".join(c for c in dict.fromkeys(first + second) if c in needed)
            if not terms and set(result) == set(output):
                result = output
            steps.append(((i, j), f"{first},{second}->{result}"))
            terms.append(result)
            places = [len(terms) - 1, *places[2:]]
    return steps, terms[0]


def _path(terms: list[str], output: str, sizes: dict[str, int]) -> list[tuple[int, ...]]:
    """Which operands to contract, one step after the other; what comes out is appended."""
    if len(terms) < 3:
        return [tuple(range(len(terms)))]
    try:
        opt_einsum = importlib.import_module("opt_einsum")
    except ImportError:
        return _greedy_path(terms, output, sizes)
    shapes = [tuple(sizes[c] for c in term) for term in terms]
    path, _ = opt_einsum.contract_path(f"{','.join(terms)}->{output}", *shapes, shapes=True)
    return list(path)


def _greedy_path(terms: list[str], output: str, sizes: dict[str, int]) -> list[tuple[int, ...]]:
    """Take the pair whose result is smallest compared with what it replaces, and again."""
    kept = set(output)
    path: list[tuple[int, ...]] = []
    left = [set(term) for term in terms]
    while len(left) > 1:
        pairs = [(i, j) for j in range(len(left)) for i in range(j)]
        growth = [_growth(left, pair, kept, sizes) for pair in pairs]
        pair = pairs[growth.index(min(growth))]
        result = _contracted(left, pair, kept)
        left = [letters for k, letters in enumerate(left) if k not in pair] + [result]
        path.append(pair)
    return path


def _growth(
    terms: list[set[str]], pair: tuple[int, int], kept: set[str], sizes: dict[str, int]
) -> int:
    result, *replaced = (
        math.prod(sizes[c] for c in letters)
        for letters in (_contracted(terms, pair, kept), *(terms[k] for k in pair))
    )
    return result - sum(replaced)


def _contracted(terms: list[set[str]], pair: tuple[int, int], kept: set[str]) -> set[str]:
    """Find the letters of the result of a pair."""
    others = [letters for k, letters in enumerate(terms) if k not in pair]
    return (terms[pair[0]] | terms[pair[1]]) & kept.union(*others)
