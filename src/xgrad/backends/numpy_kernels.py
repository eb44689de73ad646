"""What a recorded program calls on NumPy: ufuncs, views of an operand, and memory.

A ufunc is told where its result goes; what else can be told is in numpy_writers.py."""

from __future__ import annotations

import contextvars
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .._typing import Array, DType
from .looks import ALONE, product_sum, square_sum
from .numpy_masks import where_into
from .numpy_memory import open_pool
from .numpy_rows import MANY, reduced
from .numpy_scatter import add_rows, places_from
from .numpy_ufuncs import UFUNCS, activation_of

__all__ = [
    "MANY",
    "REDUCTIONS",
    "all_finite",
    "as_view",
    "axes_of",
    "buffer",
    "copy_into",
    "fits",
    "fix_zeros",
    "gather",
    "has_own_power",
    "is_in_order",
    "maker",
    "may_be_view",
    "out_code",
    "product_sum_of",
    "quick_look",
    "quiet_context",
    "raw_memory",
    "reduction_of",
    "scalar",
    "scatter",
    "shaped",
    "sum_of",
    "take_into",
    "ufunc_of",
    "where_into",
]

_UFUNCS: dict[str, Any] = {
    **{
        name: getattr(np, name)
        for name in [
            "abs",
            "add",
            "copysign",
            "cos",
            "cosh",
            "divide",
            "exp",
            "expm1",
            "floor_divide",
            "hypot",
            "log",
            "log10",
            "log1p",
            "log2",
            "logaddexp",
            "maximum",
            "minimum",
            "multiply",
            "negative",
            "nextafter",
            "reciprocal",
            "remainder",
            "sign",
            "signbit",
            "sin",
            "sinh",
            "sqrt",
            "square",
            "subtract",
            "tan",
            "tanh",
            "equal",
            "not_equal",
            "less",
            "less_equal",
            "greater",
            "greater_equal",
            "logical_and",
            "logical_or",
            "logical_xor",
            "logical_not",
            "bitwise_and",
            "bitwise_or",
            "bitwise_xor",
            "isfinite",
            "isinf",
            "isnan",
            "floor",
            "ceil",
            "trunc",
        ]
    },
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "atanh": np.arctanh,
    "bitwise_invert": np.invert,
    "bitwise_left_shift": np.left_shift,
    "bitwise_right_shift": np.right_shift,
    "clip_lower": np.maximum,
    "clip_upper": np.minimum,
    "conj": np.conjugate,
    "pow": np.power,
    "round": np.rint,
    **UFUNCS,
}
REDUCTIONS = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}
_POWERS: dict[float, Any] = {-1: np.reciprocal, 0.5: np.sqrt, 1: np.positive, 2: np.square}
# Elements of what a ufunc makes for itself where operands differ in dtype or are spread out. It is as
# fast with them as with NumPy's own 8192.
_BUFFER = 1024
_VIEWS = ("broadcast_to", "flip", "matrix_transpose", "permute_dims", "reshape")


def ufunc_of(
    name: str, parameters: dict[str, Any], dtype: DType = None
) -> tuple[Any, tuple[Any, ...]] | None:
    """The ufunc that an elementwise primitive is, and what it takes behind its operands.

    With a dtype of the result: none where the ufunc is for real numbers, and that is complex."""
    if name in UFUNCS and dtype is not None and dtype.kind == "c":
        return None
    if name == "power":
        exponent = parameters["exponent"]
        return (_POWERS[exponent], ()) if has_own_power(exponent) else (np.power, (exponent,))
    if name in ("activate", "activate_cotangent"):
        activation = activation_of(name, parameters["function"], dtype)
        return None if activation is None else (activation, ())
    if name == "relu":
        compiled = "relu" in UFUNCS and dtype is not None and dtype.char in "fd"
        return (UFUNCS["relu"], ()) if compiled else (np.maximum, (0,))
    found = _UFUNCS.get(name)
    return None if found is None else (found, ())


def has_own_power(exponent: Any) -> bool:
    """Whether NumPy has a ufunc for one exponent, which computes without rounding it."""
    return exponent in _POWERS


def reduction_of(name: str) -> Any:
    """The ufunc of a reduction."""
    return REDUCTIONS.get(name)


def quick_look(x: Array) -> Callable[[Array], Any] | None:
    """What gives the sum of the squares of a flat array, if that is a real number and taken at once."""
    return x.dot if x.dtype.char in "fd" and x.size <= ALONE else None


def out_code(ufunc: Any, name: str) -> str:
    """How a call of a ufunc names its result: by place, which is faster, where that is allowed."""
    return f"out={name}" if ufunc in (np.maximum, np.minimum) else name


def as_view(name: str, x: Array, parameters: dict[str, Any]) -> Array | None:
    """The result of a primitive as a view of its operand, where it is one."""
    if name == "getitem":
        key = parameters["key"]
        key = key if isinstance(key, tuple) else (key,)
        return x[key if any(part is Ellipsis for part in key) else (*key, ...)]
    if name not in _VIEWS:
        return None
    if name == "reshape":
        try:
            return np.reshape(x, parameters["shape"], copy=False)
        except ValueError:
            return None  # the elements are not in that order
    if name == "permute_dims":
        return x.transpose(parameters["axes"])
    if name == "matrix_transpose":
        return x.mT
    if name == "flip":
        return np.flip(x, parameters["axis"]) if x.ndim else x[...]  # or it would be a scalar
    return np.broadcast_to(x, parameters["shape"])


def may_be_view(name: str, parameters: dict[str, Any]) -> bool:
    """Whether the result of a primitive of one array may be a view of it."""
    if name != "getitem":
        return name in _VIEWS
    key = parameters["key"]
    parts = key if isinstance(key, tuple) else (key,)
    return not any(isinstance(part, bool) for part in parts)


def buffer(shape: Any, dtype: DType) -> Array:
    """Memory for an array."""
    return np.empty(shape, dtype)


def maker(shape: Any, dtype: DType) -> Callable[[], Array]:
    """A function that gives new memory for an array."""
    return functools.partial(np.empty, shape, dtype)


def is_in_order(x: Array) -> bool:
    """Whether the elements of an array lie side by side, in order."""
    return bool(x.flags.c_contiguous)


def quiet_context() -> contextvars.Context:
    """A context in which NumPy does not warn, takes little memory, and takes it from the pool.

    Entered faster than `numpy.errstate`, by one thread."""
    context = contextvars.Context()
    context.run(open_pool)
    context.run(np.errstate(all="ignore").__enter__)
    context.run(np.setbufsize, _BUFFER)
    return context


def raw_memory(count: int, aligned: int) -> Array:
    """So many bytes, the first at a multiple of a number of them."""
    raw = np.empty(count + aligned, np.uint8)
    first = -raw.ctypes.data % aligned
    return raw[first : first + count]


def shaped(x: Array, start: int, shape: tuple[int, ...], dtype: DType) -> Array:
    """The bytes of a contiguous array from a place on, as an array of another kind."""
    return np.ndarray(shape, dtype, x.reshape(-1).view(np.uint8)[start:])


def sum_of(x: Array, axis: int | None) -> Any:
    """The sum over all of a block, or over its first axis."""
    return reduced(np.add, x, axis, None, None, False)


def product_sum_of(x: Array, y: Array) -> Any:
    """The sum over all of the product of two blocks."""
    return product_sum(x.reshape(-1), y.reshape(-1))


def copy_into(out: Array, x: Array) -> None:
    """x in the dtype of a buffer."""
    np.copyto(out, x, casting="unsafe")


def is_plain(x: Any) -> bool:
    """Whether something is an array of NumPy's own class that loops can work on."""
    return type(x) is np.ndarray and bool(x.flags.aligned)


def is_sum(ufunc: Any) -> bool:
    """Whether what a ufunc reduces to is the sum."""
    return ufunc is np.add


def axes_of(axis: int | tuple[int, ...] | None, rank: int) -> tuple[int, ...]:
    """Which axes a reduction goes over, counted from the first."""
    return tuple(range(rank)) if axis is None else normalize_axis_tuple(axis, rank)


def fits(value: int, dtype: DType) -> bool:
    """Whether a dtype of integers has a number."""
    limits = np.iinfo(dtype)
    return bool(limits.min <= value <= limits.max)


def scalar(value: Any, dtype: DType) -> Array:
    """A number as an array without axes, which ufuncs take faster."""
    return np.asarray(value, dtype)


def all_finite(x: Array) -> bool:
    """Whether the elements of a flat array are finite; an overflow of their squares is a no."""
    return math.isfinite(abs(square_sum(x)))


def fix_zeros(r: Array, g: Array) -> None:
    """Make r zero, in place, where g is zero and r is not finite."""
    if math.isfinite(abs(square_sum(r.ravel("K")))):
        return
    r[np.broadcast_to(~np.isfinite(r) & (g == 0), r.shape)] = 0


def take_into(x: Array, indices: Array, axis: int, out: Array) -> None:
    """``take``, into an array."""
    size = x.shape[axis]
    if indices.size and -size <= indices.min() <= indices.max() < size:
        np.take(x, indices, axis, out, "wrap")  # "raise" would make a copy first
    else:
        np.take(x, indices, axis, out)


def gather(table: Array, indices: Array, start: int, stop: int, width: int, out: Array) -> None:
    """Write a part of ``take(table, indices, axis=0)`` into an array.

    The part is from `start` to `stop` along the first axis, or where rows have a `width`, of the
    elements without axes."""
    if not width:
        take_into(table, indices[start:stop], 0, out)
        return
    first, last = start // width, -(-stop // width)
    rows = table.take(indices.reshape(-1)[first:last], axis=0).reshape(-1)
    out[...] = rows[start - first * width : stop - first * width]


def scatter(table: Array, x: Array, indices: Array, start: int, stop: int, width: int) -> None:
    """Add a part of what is added at indices to the rows of a table; the part is as for `gather`."""
    if not width:
        add_rows(table, indices[start:stop], x, 0)
        return
    elements = np.arange(start, stop)
    rows = places_from(indices.reshape(-1)[elements // width], len(table), 0)
    np.add.at(table.reshape(-1), rows * width + elements % width, x)
