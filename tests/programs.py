"""Random programs: functions of a namespace and arrays that run on every library alike.

`program(seed)` draws 5 to 40 operations on arrays of mixed shapes (program_operations.py), trying
each with NumPy: what would leave the range of reasonable numbers is not taken, so that the same
program gives the same value and the same gradient to ten digits everywhere. A program prints as the
Python function that it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from cases import complex_dtype, integers
from program_extensions import positive_definite
from program_operations import OPERATIONS, choose

import xgrad as xg

__all__ = ["Program", "program", "programs", "written"]

SHAPES = [(), (1,), (2,), (3,), (4,), (2, 3), (3, 2), (3, 1), (1, 3), (3, 3), (2, 3, 3), (2, 1, 3)]
EXTENSIONS = tuple(name for name in ("linalg", "fft") if hasattr(xg, name))
LARGEST_VALUE, LARGEST_SIZE, MOST_AXES = 6.0, 60, 4


class Program(NamedTuple):
    """A function from arrays to one number.

    Attributes
    ----------
    source : str
        The Python function, as text.
    outputs : callable
        ``outputs(xp, *arrays)``: what no later operation uses, as a tuple.
    inputs : tuple of numpy arrays
        Where the program is well conditioned, in float64.
    names : tuple of str
        Of its operations, one per line.
    """

    source: str
    outputs: Callable[..., tuple[Any, ...]]
    inputs: tuple[np.ndarray, ...]
    names: tuple[str, ...]

    def __call__(self, xp, *arrays):
        """A sum of all outputs, in which no two elements count the same."""
        total = 0.0
        for y in self.outputs(xp, *arrays):
            total = xp.sum(y * (1.0 + 0.3 * y)) + total
        return total

    def __repr__(self):
        return self.source


def programs(count, *, first=0, **options):
    """Programs of consecutive seeds; options as for `program`."""
    return [program(seed, **options) for seed in range(first, first + count)]


def program(seed, *, length=None, kinks=True, extensions=EXTENSIONS):
    """Draw a program.

    Parameters
    ----------
    seed : int
        The same seed and options give the same program.
    length : int, optional
        How many operations; drawn from 5 to 40.
    kinks : bool
        Whether there may be operations whose derivative jumps (max, sort, abs ...). If not, it can
        be differenced and has derivatives of every order.
    extensions : tuple of str
        Which extensions of the standard it may use.
    """
    rng = np.random.default_rng([20240229, seed])
    length = int(rng.integers(5, 41)) if length is None else length
    allowed = [
        o for o in OPERATIONS if (kinks or not o.kinked) and (not o.needs or o.needs in extensions)
    ]
    weights = np.array([o.weight for o in allowed])
    inputs = [
        np.round(rng.uniform(-1.5, 1.5, choose(rng, SHAPES)), 3) for _ in range(rng.integers(2, 5))
    ]
    values, lines, names = list(inputs), [], []
    unused = dict.fromkeys(range(len(inputs)))
    while len(lines) < length:
        operation = allowed[int(rng.choice(len(allowed), p=weights / weights.sum()))]
        places = [_some_place(rng, len(values), unused) for _ in range(operation.arity)]
        text = operation.draw(rng, *(values[i] for i in places))
        if text is None:
            continue
        call = text.format(**{letter: f"v{i}" for letter, i in zip("abc", places, strict=False)})
        value = _evaluate(call, values)
        if not _is_reasonable(value):
            continue
        for place in places:
            unused.pop(place, None)
        unused[len(values)] = None
        lines.append(f"    v{len(values)} = {call}")
        names.append(operation.name)
        values.append(np.asarray(value))
    source = "\n".join(
        [
            f"def program_{seed}(xp, {', '.join(f'v{i}' for i in range(len(inputs)))}):",
            *lines,
            f"    return ({', '.join(f'v{i}' for i in unused)},)",
        ]
    )
    scope = dict(HELPERS)
    exec(compile(source, f"<program {seed}>", "exec"), scope)
    return Program(source, scope[f"program_{seed}"], tuple(inputs), tuple(names))


def written(xp, x, key, value):
    """x with a value at a key, in the way of its library: a copy that is written to."""
    if xp.__name__.startswith("jax"):
        return x.at[key].set(value)
    y = 1.0 * x
    y[key] = value
    return y


HELPERS = {
    "complex_dtype": complex_dtype,
    "integers": integers,
    "positive_definite": positive_definite,
    "s_": np.s_,
    "written": written,
}


def _some_place(rng, count, unused):
    """The number of an earlier value; recent and unused ones are likelier."""
    if unused and rng.random() < 0.5:
        return choose(rng, list(unused))
    if rng.random() < 0.5:
        return int(rng.integers(max(0, count - 4), count))
    return int(rng.integers(count))


def _evaluate(call, values):
    scope = {**HELPERS, "xp": np, **{f"v{i}": v for i, v in enumerate(values)}}
    with np.errstate(all="ignore"):
        return eval(call, scope)


def _is_reasonable(value):
    value = np.asarray(value)
    return (
        0 < value.size <= LARGEST_SIZE
        and value.ndim <= MOST_AXES
        and np.all(np.abs(value) < LARGEST_VALUE)
    )
