"""What random programs are made of: operations of the standard, written out as text.

An operation looks at the values of its arguments and draws one call, with shapes, axes and
constants filled in, or None where it does not apply. The text is in the standard's functions only,
so that it runs on numpy, jax, torch and xgrad. Each is well conditioned where it is drawn: no
denominator near zero, no logarithm near zero, no two competitors closer than `GAP`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["GAP", "OPERATIONS", "Operation"]

GAP = 1e-3


class Operation(NamedTuple):
    """One way to go on with a program.

    Attributes
    ----------
    name : str
    arity : int
        How many arguments it takes, named a, b and c in the text.
    draw : callable
        ``draw(rng, *arrays)`` gives the text of a call, or None.
    weight : int
        How often it is taken, compared with others.
    kinked : bool
        Whether its derivative jumps somewhere.
    needs : str or None
        The extension of the standard that it needs, ``linalg`` or ``fft``.
    """

    name: str
    arity: int
    draw: Callable[..., str | None]
    weight: int
    kinked: bool
    needs: str | None


OPERATIONS: list[Operation] = []


def operation(arity=1, *, weight=2, kinked=False, needs=None):
    """Put a function in the list of operations."""

    def add(draw):
        OPERATIONS.append(Operation(draw.__name__, arity, draw, weight, kinked, needs))
        return draw

    return add


def choose(rng, options):
    """One of a list of anything."""
    return options[int(rng.integers(len(options)))]


def lines(text):
    """The lines of a text that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def broadcastable(*arrays):
    """Whether arrays broadcast to something of at least one element."""
    try:
        return np.broadcast(*arrays).size > 0
    except ValueError:
        return False


def separated(x):
    """Whether all of an array is farther than GAP from zero."""
    return bool(np.all(np.abs(x) > GAP))


def distinct(x, axis=-1):
    """Whether no two elements along an axis are closer than GAP."""
    return separated(np.diff(np.sort(x, axis=axis), axis=axis))


def one_axis(rng, x):
    """Any axis of an array, counted from either end."""
    return int(rng.integers(-x.ndim, x.ndim))


def some_axes(rng, x):
    """None, one axis or several."""
    count = int(rng.integers(0, x.ndim + 1))
    if count == 0 or rng.random() < 0.2:
        return None
    axes = tuple(int(a) for a in rng.choice(x.ndim, count, replace=False))
    return axes[0] if count == 1 and rng.random() < 0.7 else axes


# -- elementwise -------------------------------------------------------------------------------

UNARY = lines("""
    xp.sin({a})
    xp.cos({a})
    xp.tan(0.5 * xp.tanh({a}))
    xp.asin(0.6 * xp.sin({a}))
    xp.acos(0.6 * xp.cos({a}))
    xp.atan({a})
    xp.sinh(0.5 * {a})
    xp.cosh(0.5 * {a})
    xp.tanh({a})
    xp.asinh({a})
    xp.acosh(1.5 + {a} * {a})
    xp.atanh(0.6 * xp.sin({a}))
    xp.exp(0.4 * {a})
    xp.expm1(0.3 * {a})
    xp.log(1.5 + {a} * {a})
    xp.log1p({a} * {a})
    xp.log2(2.0 + xp.cos({a}))
    xp.log10(2.0 + {a} * {a})
    xp.sqrt(0.7 + {a} * {a})
    xp.reciprocal(2.0 + {a} * {a})
    xp.square(0.6 * {a})
    xp.negative({a})
    xp.positive({a}) - 0.5
    -0.7 * {a} + 0.1
    1.3 - {a}
    {a} / (1.0 + {a} * {a})
    2.0 / (3.0 + xp.sin({a}))
    {a} ** 2 / 3.0
    0.2 * {a} ** 3
    (1.0 + {a} * {a}) ** 0.5
    (1.5 + xp.sin({a})) ** -1
    1.7 ** (0.5 * {a})
    xp.real(xp.exp(0.5j * xp.astype({a}, complex_dtype(xp, {a}))))
    xp.abs(xp.astype({a}, complex_dtype(xp, {a})) + 1j)
    xp.astype({a}, {a}.dtype)""")


@operation(weight=6)
def unary(rng, a):
    return choose(rng, UNARY)


@operation(kinked=True)
def unary_with_kinks(rng, a):
    if not separated(a):
        return None
    return choose(
        rng,
        [
            "xp.abs({a})",
            "xp.where({a} > 0, {a}, 0.3 * {a})",
            "{a} * xp.sign({a})",
            "xp.clip({a}, -2.5, 2.5)" if separated(np.abs(a) - 2.5) else "xp.abs({a})",
        ],
    )


BINARY = lines("""
    {a} + {b}
    {a} - {b}
    xp.add({a}, {b}) * 0.5
    xp.subtract({b}, {a})
    {a} * {b} * 0.5
    xp.multiply({a}, xp.sin({b}))
    {a} / (2.0 + {b} * {b})
    xp.divide({a}, 1.5 + xp.cos({b}))
    xp.hypot(1.0 + {a} * {a}, {b})
    xp.atan2({a}, 2.0 + xp.sin({b}))
    xp.logaddexp({a}, {b})
    xp.pow(1.5 + xp.sin({a}), 0.5 * {b})
    (2.0 + xp.cos({a})) ** (0.4 * {b})
    {a} * (1.0 - xp.tanh({b}))""")


@operation(2, weight=10)
def binary(rng, a, b):
    return choose(rng, BINARY) if broadcastable(a, b) else None


@operation(2, kinked=True)
def binary_with_kinks(rng, a, b):
    if not broadcastable(a, b):
        return None
    options = []
    if separated(a - b):
        options += [
            "xp.maximum({a}, {b})",
            "xp.minimum({a}, {b})",
            "xp.where({a} < {b}, {a} * {b} * 0.5, {a} - {b})",
        ]
    if separated(a) and separated(b):
        options.append("xp.copysign({a}, {b})")
    ratio = a / (2.0 + b * b)
    if separated(ratio - np.round(ratio)):
        options.append("xp.remainder({a}, 2.0 + {b} * {b})")
    return choose(rng, options) if options else None


@operation(3, weight=4)
def ternary(rng, a, b, c):
    if not broadcastable(a, b, c):
        return None
    return choose(rng, ["{a} * {b} * 0.5 - {c}", "{a} + ({b} - {a}) / (1.0 + {c} * {c})"])


# -- reductions --------------------------------------------------------------------------------


@operation(weight=4)
def reduction(rng, a):
    if a.ndim == 0:
        return None
    options = f"axis={some_axes(rng, a)}, keepdims={rng.random() < 0.4}"
    name = choose(rng, ["sum", "mean", "var", "softmax", "logsumexp"])
    if name == "softmax":
        axis = one_axis(rng, a)
        return f"xp.exp({{a}}) / xp.sum(xp.exp({{a}}), axis={axis}, keepdims=True)"
    if name == "logsumexp":
        return f"xp.log(xp.sum(xp.exp(0.5 * {{a}}), {options}))"
    scale = "0.5 * " if name == "sum" else ""
    return f"{scale}xp.{name}({{a}}, {options})"


@operation()
def prod(rng, a):
    axes = some_axes(rng, a)
    count = a.size if axes is None else np.prod([a.shape[i] for i in np.atleast_1d(axes)])
    if a.ndim == 0 or count > 6:
        return None
    if type(axes) is tuple:  # torch multiplies along one axis only
        axes = None
    return f"xp.prod({{a}}, axis={axes}, keepdims={rng.random() < 0.4})"


@operation()
def std(rng, a):
    if a.ndim == 0:
        return None
    axis = one_axis(rng, a)
    correction = choose(rng, [0, 1]) if a.shape[axis] > 1 else 0
    if np.min(np.std(a, axis=axis)) < 0.05:
        return None
    return f"xp.std({{a}}, axis={axis}, correction={correction}, keepdims={rng.random() < 0.4})"


@operation(kinked=True)
def extremum(rng, a):
    if a.ndim == 0:
        return None
    axes = some_axes(rng, a)
    rows = a.reshape(-1) if axes is None else None
    if type(axes) is int and distinct(a, axes):
        rows = np.zeros(1)
    if rows is None or not distinct(rows):
        return None
    name = choose(rng, ["max", "min"])
    return f"xp.{name}({{a}}, axis={axes}, keepdims={rng.random() < 0.4})"


@operation()
def cumulative(rng, a):
    if a.ndim == 0:
        return None
    name = choose(rng, ["0.5 * xp.cumulative_sum", "xp.cumulative_prod"])
    initial = ", include_initial=True" if rng.random() < 0.3 else ""
    return f"{name}({{a}}, axis={one_axis(rng, a)}{initial})"


# -- movement ----------------------------------------------------------------------------------


def _factors(size):
    """Shapes of a size with up to three axes."""
    return [
        shape
        for count in (1, 2, 3)
        for shape in itertools.product(range(1, min(size, 12) + 1), repeat=count)
        if np.prod(shape) == size
    ]


@operation()
def reshape(rng, a):
    shape = choose(rng, _factors(a.size) or [(a.size,)])
    return f"xp.reshape({{a}}, {shape})"


@operation()
def transposition(rng, a):
    if a.ndim < 2:
        return None
    axes = tuple(int(i) for i in rng.permutation(a.ndim))
    return choose(
        rng,
        [
            f"xp.permute_dims({{a}}, {axes})",
            "xp.matrix_transpose({a})",
            f"xp.moveaxis({{a}}, {one_axis(rng, a)}, {one_axis(rng, a)})",
            "{a}.mT",
        ],
    )


@operation()
def axes_of_size_one(rng, a):
    ones = [i for i, n in enumerate(a.shape) if n == 1]
    if ones and rng.random() < 0.5:
        return f"xp.squeeze({{a}}, axis={choose(rng, ones)})"
    return f"xp.expand_dims({{a}}, axis={int(rng.integers(-a.ndim - 1, a.ndim + 1))})"


@operation()
def rearrangement(rng, a):
    if a.ndim == 0:
        return None
    axis = one_axis(rng, a)
    shift = int(rng.integers(-2, 3))
    return choose(
        rng,
        [
            "xp.flip({a})",
            f"xp.flip({{a}}, axis={axis})",
            f"xp.roll({{a}}, {shift})",
            f"xp.roll({{a}}, {shift}, axis={axis})",
        ],
    )


@operation()
def repetition(rng, a):
    if a.size > 20 or a.ndim == 0:
        return None
    times = tuple(int(n) for n in rng.integers(1, 3, a.ndim))
    return choose(
        rng,
        [
            f"xp.tile({{a}}, {times})",
            f"xp.repeat({{a}}, 2, axis={one_axis(rng, a)})",
            f"xp.broadcast_to({{a}}, {(2, *a.shape)})",
        ],
    )


@operation()
def triangle(rng, a):
    if a.ndim < 2:
        return None
    return f"xp.{choose(rng, ['tril', 'triu'])}({{a}}, k={int(rng.integers(-1, 2))})"


@operation(2)
def joining(rng, a, b):
    if a.ndim == 0 or a.ndim != b.ndim:
        if a.shape == b.shape:
            return "xp.stack([{a}, {b}])"
        return "xp.concat([{a}, {b}], axis=None)" if a.ndim and b.ndim else None
    axis = one_axis(rng, a) % a.ndim
    if a.shape == b.shape and rng.random() < 0.5:
        return f"xp.stack([{{a}}, {{b}}, {{a}} * {{b}}], axis={axis})"
    if all(n == m for i, (n, m) in enumerate(zip(a.shape, b.shape, strict=True)) if i != axis):
        return f"xp.concat([{{a}}, {{b}}], axis={axis})"
    return None


@operation(2)
def grid(rng, a, b):
    if a.ndim != 1 or b.ndim != 1:
        return None
    return "xp.multiply(*xp.meshgrid({a}, {b}, indexing='ij')) * 0.5"


@operation()
def differences(rng, a):
    if a.ndim == 0:
        return None
    axis = one_axis(rng, a)
    return f"xp.diff({{a}}, axis={axis})" if a.shape[axis] > 1 else None


# -- parts -------------------------------------------------------------------------------------


def _key(rng, a):
    """A key of ints and slices that go forwards, which all libraries take."""
    parts = []
    for size in a.shape:
        kind = rng.random()
        start = int(rng.integers(0, size))
        if kind < 0.25:
            parts.append(str(start))
        elif kind < 0.6:
            parts.append(choose(rng, [f"{start}:", "::2", f"{start}:{size}"]))
        else:
            parts.append(":")
    if rng.random() < 0.2:
        parts.append("None")
    return ", ".join(parts) or "..."


@operation()
def reading(rng, a):
    return f"{{a}}[{_key(rng, a)}]"


@operation()
def unstacking(rng, a):
    if a.ndim == 0:
        return None
    axis = one_axis(rng, a)
    first, last = 0, a.shape[axis] - 1
    return f"(lambda parts: parts[{first}] * 0.7 + parts[{last}])(xp.unstack({{a}}, axis={axis}))"


@operation()
def taking(rng, a):
    if a.ndim == 0:
        return None
    axis = one_axis(rng, a)
    count = int(rng.integers(1, 5))
    places = [int(i) for i in rng.integers(0, a.shape[axis], count)]
    if rng.random() < 0.5:
        return f"xp.take({{a}}, integers(xp, {{a}}, {places}), axis={axis})"
    shape = tuple(count if i == axis % a.ndim else n for i, n in enumerate(a.shape))
    indices = rng.integers(0, a.shape[axis], shape).tolist()
    return f"xp.take_along_axis({{a}}, integers(xp, {{a}}, {indices}), axis={axis})"


@operation()
def index_arrays(rng, a):
    if a.ndim == 0:
        return None
    places = [[int(i) for i in rng.integers(0, n, 3)] for n in a.shape]
    return f"{{a}}[{', '.join(f'integers(xp, {{a}}, {p})' for p in places)}]"


@operation(2)
def writing(rng, a, b):
    key = _key(rng, a)
    part = eval(f"a[{key}]", {"a": a})
    if a.ndim == 0 or part.size == 0:
        return None
    if (
        b.ndim > part.ndim
        or not broadcastable(part, b)
        or np.broadcast(part, b).shape != part.shape
    ):
        return None
    return f"written(xp, {{a}}, s_[{key}], {{b}})"


@operation(kinked=True)
def sorting(rng, a):
    if a.ndim == 0:
        return None
    axis = one_axis(rng, a)
    if not distinct(a, axis):
        return None
    by_order = f"xp.take_along_axis({{a}}, xp.argsort({{a}}, axis={axis}), axis={axis})"
    return choose(rng, [f"xp.sort({{a}}, axis={axis})", by_order])


# -- products ----------------------------------------------------------------------------------


@operation(2, weight=5)
def product(rng, a, b):
    options = []
    if a.ndim and b.ndim:
        inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
        if a.shape[-1] == inner and broadcastable(np.zeros(a.shape[:-2]), np.zeros(b.shape[:-2])):
            options += [
                f"xp.matmul({{a}}, {{b}}) / {inner}.0",
                f"({{a}} @ {{b}}) * {1 / inner:.2f}",
            ]
        if a.shape[-1] == b.shape[-1] and broadcastable(a, b):
            options.append("xp.vecdot({a}, {b}) * 0.3")
        if a.shape[-1] == b.shape[0]:
            options.append("xp.tensordot({a}, {b}, axes=1) * 0.3")
        if a.shape[0] == b.shape[-1]:
            options.append("xp.tensordot({a}, {b}, axes=((0,), (-1,))) * 0.3")
        if a.size * b.size <= 40:
            options.append("xp.tensordot({a}, {b}, axes=0) * 0.5")
    return choose(rng, options) if options else None
