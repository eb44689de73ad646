"""Elementwise functions of large numpy arrays: in blocks that stay in the cache, without temporaries.

A function of arrays is run once on symbols, which note the ufuncs that it calls. The list is then
run block by block, every ufunc writing into a buffer of one block or straight into the result, so
that each array passes through memory once, and may be its own result. numpy's own loops are as
fast as any; what costs is fresh memory and passes over it. Where they were compiled, a sweep
(numpy_sweeps.py) calls them, in smaller blocks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array
from .caches import last_cache_bytes

__all__ = ["BLOCK", "LARGE", "Listing", "Plan", "Symbol", "note", "plan"]

# Bytes. Of a block: a dozen of them for each of two threads fit into the last cache, and the larger they
# are, the seldomer threads wait for each other. Of an array from which on blocks are worth it.
BLOCK = min(1 << 20, max(1 << 17, last_cache_bytes() >> 5))
LARGE = 1 << 18
_BY_NAME = (np.maximum, np.minimum)  # whose result NumPy does not want by its place
_STEP = 0.03  # nanoseconds for each byte and step

# Ufuncs of one floating dtype: what they are given is what they return.
_UFUNCS = (
    *("abs", "ceil", "cos", "exp", "expm1", "floor", "log", "log1p", "negative", "reciprocal"),
    *("sign", "sin", "sqrt", "square", "tanh", "trunc"),
    *("add", "divide", "maximum", "minimum", "multiply", "pow", "subtract"),
)
# As `x ** exponent` of arrays has it, so that both ways give the same bits.
_POWERS = {-1.0: "reciprocal", 0.5: "sqrt", 1.0: "positive", 2.0: "square"}


def _zero(_x: Array, out: Array) -> None:
    out.fill(0)


def _refuse(*_: Any) -> None:
    """Stand for what a sweep calls for other arrays than it was made for, which there are none of."""
    raise AssertionError("the arrays of a plan are flat, aligned and of its dtype")


class _Step(NamedTuple):
    """A ufunc, the values that it reads and the one that it makes, all by number."""

    function: Callable[..., Any]
    operands: tuple[int, ...]
    result: int


class Listing:
    """What a function did to its symbols. As a namespace it is what the function computes with."""

    def __init__(self, dtype: np.dtype[Any], values: int) -> None:
        self.dtype = dtype
        self.steps: list[_Step] = []
        self.constants: dict[int, Any] = {}
        self.values = values
        for name in _UFUNCS:
            setattr(self, name, _noting(self, getattr(np, name)))

    def isdtype(self, dtype: Any, kind: Any) -> bool:
        return bool(np.isdtype(dtype, kind))

    def zeros_like(self, x: Symbol) -> Symbol:
        return self.note(_zero, x)

    def note(self, function: Callable[..., Any], *operands: Any) -> Symbol:
        """Add a step; Python numbers become constants of the arrays' dtype, as numpy has it."""
        numbers = tuple(self._number(x) for x in operands)
        result = self._new()
        self.steps.append(_Step(function, numbers, result))
        return Symbol(self, result)

    def _number(self, x: Any) -> int:
        if isinstance(x, Symbol):
            return x.number
        if type(x) not in (int, float):
            raise TypeError(f"{type(x).__name__} is no operand of an elementwise function")
        number = self._new()
        self.constants[number] = self.dtype.type(x)
        return number

    def _new(self) -> int:
        self.values += 1
        return self.values - 1


class Symbol:
    """What stands for an array or a number while a function is noted."""

    __slots__ = ("listing", "number")

    def __init__(self, listing: Listing, number: int) -> None:
        self.listing = listing
        self.number = number

    @property
    def dtype(self) -> Any:
        """The dtype of all arrays."""
        return self.listing.dtype

    # What a function decides by is not known yet; all of these raise TypeError.
    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = None  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> Symbol:
        return self.listing.note(np.negative, self)

    def __pow__(self, exponent: Any) -> Symbol:
        shortcut = None if isinstance(exponent, Symbol) else _POWERS.get(exponent)
        if shortcut is not None:
            return self.listing.note(getattr(np, shortcut), self)
        return self.listing.note(np.power, self, exponent)


def _noting(listing: Listing, ufunc: np.ufunc) -> Callable[..., Symbol]:
    return lambda *operands: listing.note(ufunc, *operands)


def _operator(ufunc: np.ufunc, reflected: bool) -> Callable[[Symbol, Any], Symbol]:
    if reflected:
        return lambda self, other: self.listing.note(ufunc, other, self)
    return lambda self, other: self.listing.note(ufunc, self, other)


for _name, _ufunc in (
    ("add", np.add),
    ("sub", np.subtract),
    ("mul", np.multiply),
    ("truediv", np.divide),
):
    setattr(Symbol, f"__{_name}__", _operator(_ufunc, reflected=False))
    setattr(Symbol, f"__r{_name}__", _operator(_ufunc, reflected=True))


def plan(
    function: Callable[..., Sequence[Any]], dtype: np.dtype[Any], arrays: int, names: Sequence[str]
) -> Plan | None:
    """Plan a function of arrays and named numbers, whose results take the places of all but the first.

    Parameters
    ----------
    function : callable
        ``function(xp, arrays, numbers)`` returns one array for each but the first.
    dtype : numpy.dtype
        Of all arrays.
    arrays : int
        How many there are.
    names : sequence of str
        Of the numbers.

    Returns
    -------
    Plan or None
        None if the function does anything that is not elementwise.
    """
    found = note(function, dtype, arrays, names)
    if found is None:
        return None
    listing, results = found
    # A result that is another array as it stands is copied, lest it be overwritten before.
    made = [
        r if r.number == i or r.number >= arrays else listing.note(np.positive, r)
        for i, r in enumerate(results, start=1)
    ]
    return Plan(listing, arrays, len(names), [r.number for r in made])


def note(
    function: Callable[..., Sequence[Any]], dtype: np.dtype[Any], arrays: int, names: Sequence[str]
) -> tuple[Listing, list[Symbol]] | None:
    """Run a function on symbols: what it did, and its results; see `plan`."""
    listing = Listing(dtype, arrays + len(names))
    symbols = [Symbol(listing, i) for i in range(arrays + len(names))]
    numbers = dict(zip(names, symbols[arrays:], strict=True))
    try:
        results = list(function(listing, tuple(symbols[:arrays]), numbers))
    except (AttributeError, TypeError):
        return None
    return (listing, results) if all(isinstance(r, Symbol) for r in results) else None


class Plan:
    """Where every value of a function lives: in an array, a result, a buffer or a constant.

    Attributes
    ----------
    block : int
        How many elements are taken at once.
    length : int
        How many ufuncs it takes.
    nanoseconds : float
        About how long one thread takes for an element.
    buffers : int
        How many buffers of one block it takes to run.
    """

    def __init__(self, listing: Listing, arrays: int, numbers: int, results: list[int]) -> None:
        steps = listing.steps
        last = dict.fromkeys(range(listing.values), -1)  # the last step that reads a value
        for i, step in enumerate(steps):
            last.update(dict.fromkeys(step.operands, i))
        made = {step.result: i for i, step in enumerate(steps)}
        self._constants = list(listing.constants.values())
        self._dtype = listing.dtype
        self.block = BLOCK // listing.dtype.itemsize
        self.length = len(steps)
        self.nanoseconds = _STEP * listing.dtype.itemsize * self.length
        # Registers: arrays, results, numbers, constants, buffers.
        first_number = 2 * arrays - 1
        first_buffer = first_number + numbers + len(self._constants)
        place = {i: i if i < arrays else i + arrays - 1 for i in range(arrays + numbers)}
        place |= {c: first_number + numbers + i for i, c in enumerate(listing.constants)}
        copies = []
        for i, value in enumerate(results, start=1):
            # Its array may be its place, so nobody may still have to read the old value there.
            if value in made and value not in place and last[i] <= made[value]:
                place[value] = arrays + i - 1
            else:
                copies.append((value, arrays + i - 1))
        last.update((value, len(steps)) for value, _ in copies)
        self.buffers = 0
        free: list[int] = []
        # Of ufuncs the registers of the one or two operands (-1: there is no second), and the result.
        self._steps: list[tuple[Callable[..., Any], int, int, int]] = []
        for i, step in enumerate(steps):
            operands = [place[x] for x in step.operands]
            free += {place[x] for x in step.operands if last[x] == i and place[x] >= first_buffer}
            if step.result not in place:
                if not free:
                    free.append(first_buffer + self.buffers)
                    self.buffers += 1
                place[step.result] = free.pop()
            first, second = [*operands, -1][:2]
            self._steps.append((step.function, first, second, place[step.result]))
        self._steps += [(np.positive, place[value], -1, target) for value, target in copies]
        self._sweep, swept_block = self._swept(arrays, numbers)
        if self._sweep is not None:
            self.block, self.length = swept_block, 1

    def _swept(self, arrays: int, numbers: int) -> tuple[Callable[..., Any] | None, int]:
        """The same steps as a sweep, if that can be, for arrays and numbers as its inputs; its block."""
        from . import numpy_sweeps as sweeps  # not by import xgrad, but when a step is made

        block = sweeps.block_of([self._dtype])
        constants = [np.asarray(c, self._dtype) for c in self._constants]
        names: list[Any] = [f"x{i}" for i in range(arrays)] + [f"y{i}" for i in range(arrays - 1)]
        names += [f"n{i}" for i in range(numbers)] + constants
        names += [f"m{i}" for i in range(self.buffers)]
        steps = []
        for function, first, second, target in self._steps:
            given = [names[first]] if second < 0 else [names[first], names[second]]
            if function is _zero:
                function, given = np.positive, [np.asarray(0, self._dtype)]  # noqa: PLW2901
            if not sweeps.can_sweep(function, (self._dtype,) * (len(given) + 1)):
                return None, block
            steps.append(sweeps.SweepStep(function, (*given, names[target])))
        vectors = [sweeps.Vector(str(name), self._dtype) for name in names if isinstance(name, str)]
        inputs = [v for v in vectors if v.name[0] == "x"]
        inputs += [v._replace(whole=False) for v in vectors if v.name[0] == "n"]
        outputs = [v for v in vectors if v.name[0] == "y"]
        scratch = [v for v in vectors if v.name[0] == "m"]
        return sweeps.sweep(steps, inputs, outputs, scratch, block, _refuse), block

    def calls(
        self,
        arrays: Sequence[Array],
        results: Sequence[Array],
        numbers: Sequence[float],
        buffers: Sequence[Array],
        start: int,
        stop: int,
    ) -> list[tuple[Any, ...]]:
        """What to call, with what, to work out elements `start` to `stop` of flat arrays (a hot path).

        All of it is written in C, so that who runs the list in C is not interrupted."""
        if self._sweep is not None:
            given = (*arrays, *[np.asarray(x, self._dtype) for x in numbers])
            return [(self._sweep, start, stop, buffers, given, results)]
        flat = (*arrays, *results)
        fixed = [*map(self._dtype.type, numbers), *self._constants]
        steps = self._steps
        block = self.block
        found: list[tuple[Any, ...]] = []
        for left in range(start, stop, block):
            right = min(left + block, stop)
            registers = [x[left:right] for x in flat]
            registers += fixed
            registers += buffers if right - left == block else [b[: right - left] for b in buffers]
            for function, first, second, target in steps:
                out = registers[target]
                if function is _zero:
                    found.append((out.fill, 0))
                elif second < 0:
                    found.append((function, registers[first], out))
                elif function in _BY_NAME:
                    part = functools.partial(function, out=out)
                    found.append((part, registers[first], registers[second]))
                else:
                    found.append((function, registers[first], registers[second], out))
        return found
