"""How to call every function of the standard: what hypothesis draws its arguments from.

An entry is a function of a `Chooser`, which draws arrays and parameters, and gives the arrays and a
function ``f(xp, *arrays)``. A chooser that is `smooth` draws float64 away from kinks, ties and
poles, so that derivatives can be compared with differences; the others draw every dtype of a kind
and whatever it can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

__all__ = ["CALLS", "Call", "Chooser"]

SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
FLOATING = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
KINDS = {
    "bool": ("bool",),
    "integer": SIGNED + UNSIGNED,
    "integer or bool": (*SIGNED, *UNSIGNED, "bool"),
    "real": SIGNED + UNSIGNED + FLOATING,
    "floating": FLOATING,
    "complex": COMPLEX,
    "floating or complex": FLOATING + COMPLEX,
    "numeric": SIGNED + UNSIGNED + FLOATING + COMPLEX,
    "all": (*SIGNED, *UNSIGNED, *FLOATING, *COMPLEX, "bool"),
}
# Where smooth arguments come from: no two elements closer than 0.1, none closer to 0 than 0.05.
DOMAINS = {
    "generic": [round(0.1 * k + 0.05, 2) for k in range(-20, 20)],
    "positive": [round(0.1 * k + 0.35, 2) for k in range(20)],
    "unit": [round(0.1 * k + 0.05, 2) for k in range(-7, 7)],
    "above_one": [round(0.1 * k + 1.35, 2) for k in range(20)],
    "about_3": [round(0.02 * k + 2.57, 2) for k in range(20)],
    "about_7": [round(0.02 * k + 6.6, 2) for k in range(20)],
}


class Call(NamedTuple):
    """How to call one function.

    Attributes
    ----------
    name : str
    choose : callable
        ``choose(chooser)`` gives the arrays, and the call as a function of a namespace and these.
    differentiable : bool
        Whether its derivative is compared with differences.
    """

    name: str
    choose: Callable[[Chooser], tuple[list[Any], Callable[..., Any]]]
    differentiable: bool


CALLS: dict[str, Call] = {}


class Chooser:
    """Draws arrays and parameters for one example."""

    def __init__(self, draw: Any, xp: Any, xps: Any, smooth: bool) -> None:
        self.draw = draw
        self.xp = xp
        self.xps = xps
        self.smooth = smooth

    def shape(self, min_dims: int = 0, max_dims: int = 3, min_side: int = 0) -> tuple[int, ...]:
        """A small shape; where derivatives are wanted it has elements."""
        side = max(min_side, int(self.smooth))
        return self.draw(
            self.xps.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=side, max_side=3)
        )

    def shapes(self, count: int) -> list[tuple[int, ...]]:
        """Shapes that broadcast."""
        side = int(self.smooth)
        found = self.draw(
            self.xps.mutually_broadcastable_shapes(count, max_dims=3, max_side=3, min_side=side)
        )
        return list(found.input_shapes)

    def dtype(self, kind: str, like: str | None = None) -> str:
        """The name of a dtype of a kind, one that promotes with another if that is given."""
        if self.smooth and "float64" in KINDS[kind]:
            return "float64"
        names = KINDS[kind]
        for family in (SIGNED, UNSIGNED, FLOATING, COMPLEX):
            if like in family:
                names = tuple(n for n in names if n in family)
        return self.draw(st.sampled_from(("bool",) if like == "bool" else names))

    def scalar(self, dtype: str) -> Any:
        """A Python scalar that does not change a dtype."""
        return True if dtype == "bool" else 2 if dtype in SIGNED + UNSIGNED else 2.7

    def array(
        self,
        kind: str,
        shape: tuple[int, ...] | None = None,
        *,
        domain: str = "generic",
        dtype: str | None = None,
        **limits: Any,
    ) -> Any:
        """An array of a kind; `limits` are hypothesis' for its elements."""
        dtype = dtype or self.dtype(kind)
        shape = self.shape() if shape is None else shape
        native = getattr(self.xp, dtype)
        if self.smooth and dtype == "float64":
            elements = st.sampled_from(DOMAINS[domain])
            return self.draw(self.xps.arrays(native, shape, elements=elements, unique=True))
        if dtype in COMPLEX and "max_magnitude" in limits:
            width = 64 if dtype == "complex64" else 128
            elements = st.complex_numbers(width=width, allow_subnormal=False, **limits)
        elif dtype in FLOATING + COMPLEX:
            elements = {"allow_subnormal": False, **limits}
        else:
            elements = {k: v for k, v in limits.items() if k.endswith("value")}
        return self.draw(self.xps.arrays(native, shape, elements=elements))

    def tame(self, kind: str, shape: tuple[int, ...] | None = None, **options: Any) -> Any:
        """An array without infinities, NaN and numbers that overflow in sums and products."""
        limits = {"allow_nan": False, "allow_infinity": False}
        dtype = options.pop("dtype", None) or self.dtype(kind)
        if dtype in FLOATING + SIGNED:
            limits |= {"min_value": -4, "max_value": 4}
        elif dtype in UNSIGNED:
            limits |= {"min_value": 0, "max_value": 4}
        elif dtype in COMPLEX:
            limits |= {"max_magnitude": 4}
        return self.array(kind, shape, dtype=dtype, **limits, **options)

    def axis(self, ndim: int) -> int:
        """An axis, counted from either end."""
        return self.draw(st.integers(-ndim, ndim - 1))

    def axes(self, ndim: int) -> Any:
        """None, an axis or several."""
        if ndim == 0:
            return None
        several = st.lists(st.integers(0, ndim - 1), min_size=1, unique=True).map(tuple)
        return self.draw(st.one_of(st.none(), st.integers(-ndim, ndim - 1), several))

    def indices(self, size: int, shape: tuple[int, ...]) -> Any:
        """An array of indices for an axis of a size."""
        elements = {"min_value": 0, "max_value": size - 1}
        return self.draw(self.xps.arrays(self.xp.int64, shape, elements=elements))


def call(name: str, *, differentiable: bool = False):
    """Add an entry."""

    def add(choose: Callable[[Chooser], Any]) -> Callable[[Chooser], Any]:
        CALLS[name] = Call(name, choose, differentiable)
        return choose

    return add


# -- elementwise -------------------------------------------------------------------------------

# Name, kind of the argument, domain of the smooth ones or None.
UNARY = [
    ("abs", "numeric", "generic"),
    ("acos", "floating or complex", "unit"),
    ("acosh", "floating or complex", "above_one"),
    ("asin", "floating or complex", "unit"),
    ("asinh", "floating or complex", "generic"),
    ("atan", "floating or complex", "generic"),
    ("atanh", "floating or complex", "unit"),
    ("bitwise_invert", "integer or bool", None),
    ("ceil", "real", None),
    ("conj", "numeric", "generic"),
    ("cos", "floating or complex", "generic"),
    ("cosh", "floating or complex", "generic"),
    ("exp", "floating or complex", "generic"),
    ("expm1", "floating or complex", "generic"),
    ("floor", "real", None),
    ("imag", "complex", None),
    ("isfinite", "numeric", None),
    ("isinf", "numeric", None),
    ("isnan", "numeric", None),
    ("log", "floating or complex", "positive"),
    ("log10", "floating or complex", "positive"),
    ("log1p", "floating or complex", "positive"),
    ("log2", "floating or complex", "positive"),
    ("logical_not", "bool", None),
    ("negative", "numeric", "generic"),
    ("positive", "numeric", "generic"),
    ("real", "numeric", "generic"),
    ("reciprocal", "floating or complex", "positive"),
    ("round", "numeric", None),
    ("sign", "numeric", None),
    ("signbit", "floating", None),
    ("sin", "floating or complex", "generic"),
    ("sinh", "floating or complex", "generic"),
    ("sqrt", "floating or complex", "positive"),
    ("square", "numeric", "generic"),
    ("tan", "floating or complex", "unit"),
    ("tanh", "floating or complex", "generic"),
    ("trunc", "real", None),
]
# Name, kind of both arguments, domains of the smooth ones or None.
BINARY = [
    ("add", "numeric", "generic generic"),
    ("atan2", "floating", "generic positive"),
    ("bitwise_and", "integer or bool", None),
    ("bitwise_or", "integer or bool", None),
    ("bitwise_xor", "integer or bool", None),
    ("copysign", "floating", "generic positive"),
    ("divide", "floating or complex", "generic positive"),
    ("equal", "all", None),
    ("floor_divide", "real", None),
    ("greater", "real", None),
    ("greater_equal", "real", None),
    ("hypot", "floating", "generic positive"),
    ("less", "real", None),
    ("less_equal", "real", None),
    ("logaddexp", "floating", "generic generic"),
    ("logical_and", "bool", None),
    ("logical_or", "bool", None),
    ("logical_xor", "bool", None),
    ("maximum", "real", "generic about_3"),
    ("minimum", "real", "generic about_3"),
    ("multiply", "numeric", "generic generic"),
    ("nextafter", "floating", None),
    ("not_equal", "all", None),
    ("pow", "floating or complex", "positive generic"),
    ("remainder", "real", "about_7 about_3"),
    ("subtract", "numeric", "generic generic"),
]


def _unary(name: str, kind: str, domain: str | None) -> None:
    @call(name, differentiable=domain is not None)
    def choose(c: Chooser):
        x = c.array(kind, domain=domain or "generic")
        return [x], lambda xp, x: getattr(xp, name)(x)


def _binary(name: str, kind: str, domains: str | None) -> None:
    first, second = (domains or "generic generic").split()

    @call(name, differentiable=domains is not None)
    def choose(c: Chooser):
        shapes = c.shapes(2)
        dtype = c.dtype(kind)
        x1 = c.array(kind, shapes[0], dtype=dtype, domain=first)
        scalar = c.draw(st.none() | st.just(c.scalar(dtype)))
        if scalar is not None:
            return [x1], lambda xp, x1: getattr(xp, name)(x1, scalar)
        x2 = c.array(kind, shapes[1], dtype=c.dtype(kind, like=dtype), domain=second)
        return [x1, x2], lambda xp, x1, x2: getattr(xp, name)(x1, x2)


for _name, _kind, _domain in UNARY:
    _unary(_name, _kind, _domain)
for _name, _kind, _domains in BINARY:
    _binary(_name, _kind, _domains)


def _shift(name: str) -> None:
    @call(name)
    def choose(c: Chooser):
        shapes = c.shapes(2)
        dtype = c.dtype("integer")
        x1 = c.array("integer", shapes[0], dtype=dtype)
        x2 = c.array("integer", shapes[1], dtype=dtype, min_value=0, max_value=6)
        return [x1, x2], lambda xp, x1, x2: getattr(xp, name)(x1, x2)


_shift("bitwise_left_shift")
_shift("bitwise_right_shift")


@call("clip", differentiable=True)
def _clip(c: Chooser):
    x = c.array("real", allow_nan=False)
    low, high = c.draw(st.sampled_from([(-1, 1), (0, 3), (None, 2), (1, None), (None, None)]))
    if "uint" in str(x.dtype):
        low = None if low is None else max(low, 0)
    return [x], lambda xp, x: xp.clip(x, low, high)


@call("where", differentiable=True)
def _where(c: Chooser):
    shapes = c.shapes(3)
    dtype = c.dtype("all")
    condition = c.array("bool", shapes[0])
    x1 = c.array("all", shapes[1], dtype=dtype)
    x2 = c.array("all", shapes[2], dtype=c.dtype("all", like=dtype))
    return [condition, x1, x2], lambda xp, *arrays: xp.where(*arrays)


# -- reductions --------------------------------------------------------------------------------


def _reduction(name: str, kind: str, domain: str | None, **limits: Any) -> None:
    @call(name, differentiable=domain is not None)
    def choose(c: Chooser):
        draw = c.tame if domain or name == "count_nonzero" else c.array
        shape = c.shape(min_side=int(name in ("max", "min", "mean", "std", "var")))
        x = draw(kind, shape, domain=domain or "generic", **limits)
        options = {"axis": c.axes(x.ndim), "keepdims": c.draw(st.booleans())}
        return [x], lambda xp, x: getattr(xp, name)(x, **options)


for _name, _kind, _domain in [
    ("all", "all", None),
    ("any", "all", None),
    ("count_nonzero", "all", None),
    ("max", "real", "generic"),
    ("mean", "floating or complex", "generic"),
    ("min", "real", "generic"),
    ("prod", "numeric", "unit"),
    ("std", "floating", "generic"),
    ("sum", "numeric", "generic"),
    ("var", "floating", "generic"),
]:
    _reduction(_name, _kind, _domain)


def _position(name: str) -> None:
    @call(name)
    def choose(c: Chooser):
        x = c.array("real", c.shape(min_dims=1, min_side=1), allow_nan=False)
        options = {"axis": c.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))}
        options["keepdims"] = c.draw(st.booleans())
        return [x], lambda xp, x: getattr(xp, name)(x, **options)


_position("argmax")
_position("argmin")


def _cumulative(name: str) -> None:
    @call(name, differentiable=True)
    def choose(c: Chooser):
        x = c.tame("numeric", c.shape(min_dims=1), domain="unit")
        options = {"axis": c.axis(x.ndim), "include_initial": c.draw(st.booleans())}
        return [x], lambda xp, x: getattr(xp, name)(x, **options)


_cumulative("cumulative_prod")
_cumulative("cumulative_sum")


@call("diff", differentiable=True)
def _diff(c: Chooser):
    x = c.tame("numeric", c.shape(min_dims=1, min_side=1))
    options = {"axis": c.axis(x.ndim), "n": c.draw(st.integers(0, 2))}
    if options["n"] >= x.shape[options["axis"]]:
        options["n"] = 0
    return [x], lambda xp, x: xp.diff(x, **options)


# -- products ----------------------------------------------------------------------------------


def _pair(c: Chooser, shape1: tuple[int, ...], shape2: tuple[int, ...]) -> list[Any]:
    dtype = c.dtype("numeric")
    return [c.tame("numeric", shape1, dtype=dtype), c.tame("numeric", shape2, dtype=dtype)]


@call("matmul", differentiable=True)
def _matmul(c: Chooser):
    rows, inner, columns = (c.draw(st.integers(1, 3)) for _ in range(3))
    stack1, stack2 = c.draw(st.sampled_from([((), ()), ((2,), ()), ((2, 1), (3,)), ((), (2,))]))
    shape1, shape2 = (*stack1, rows, inner), (*stack2, inner, columns)
    if c.draw(st.booleans()):
        shape1 = shape1[-1:]
    if c.draw(st.booleans()):
        shape2 = shape2[-2:-1]
    return _pair(c, shape1, shape2), lambda xp, x1, x2: xp.matmul(x1, x2)


@call("tensordot", differentiable=True)
def _tensordot(c: Chooser):
    shape = c.shape(min_dims=2, max_dims=2)
    axes = c.draw(st.sampled_from([0, 1, 2, ((0,), (0,)), ((1, 0), (1, 0)), ((), ())]))
    other = shape if axes in (0, 2) or isinstance(axes, tuple) else shape[::-1]
    return _pair(c, shape, other), lambda xp, x1, x2: xp.tensordot(x1, x2, axes=axes)


@call("vecdot", differentiable=True)
def _vecdot(c: Chooser):
    shape = c.shape(min_dims=1)
    other = c.draw(st.sampled_from([shape, shape[-1:]]))
    return _pair(c, shape, other), lambda xp, x1, x2: xp.vecdot(x1, x2)


# -- movement ----------------------------------------------------------------------------------


@call("astype", differentiable=True)
def _astype(c: Chooser):
    x = c.tame("all")
    complex_too = "complex" in str(x.dtype)
    name = c.draw(st.sampled_from(COMPLEX if complex_too else (*FLOATING, *COMPLEX, "int64")))
    if c.smooth:
        name = "float64"
    return [x], lambda xp, x: xp.astype(x, getattr(xp, name))


@call("broadcast_arrays", differentiable=True)
def _broadcast_arrays(c: Chooser):
    arrays = [c.array("all", shape) for shape in c.shapes(2)]
    return arrays, lambda xp, *arrays: xp.broadcast_arrays(*arrays)


@call("broadcast_to", differentiable=True)
def _broadcast_to(c: Chooser):
    found = c.draw(
        c.xps.mutually_broadcastable_shapes(1, max_dims=3, max_side=3, min_side=int(c.smooth))
    )
    x = c.array("all", found.input_shapes[0])
    shape = (2, *found.result_shape)
    return [x], lambda xp, x: xp.broadcast_to(x, shape)


@call("concat", differentiable=True)
def _concat(c: Chooser):
    shape = c.shape(min_dims=1)
    dtype = c.dtype("all")
    arrays = [c.array("all", shape, dtype=dtype) for _ in range(c.draw(st.integers(1, 3)))]
    axis = c.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    return arrays, lambda xp, *arrays: xp.concat(list(arrays), axis=axis)


@call("expand_dims", differentiable=True)
def _expand_dims(c: Chooser):
    x = c.array("all")
    axis = c.draw(st.integers(-x.ndim - 1, x.ndim))
    return [x], lambda xp, x: xp.expand_dims(x, axis=axis)


@call("flip", differentiable=True)
def _flip(c: Chooser):
    x = c.array("all")
    axis = c.axes(x.ndim)
    return [x], lambda xp, x: xp.flip(x, axis=axis)


@call("matrix_transpose", differentiable=True)
def _matrix_transpose(c: Chooser):
    x = c.array("all", c.shape(min_dims=2))
    return [x], lambda xp, x: xp.matrix_transpose(x)


@call("meshgrid", differentiable=True)
def _meshgrid(c: Chooser):
    dtype = c.dtype("numeric")
    count = c.draw(st.integers(1, 3))
    arrays = [c.array("numeric", c.shape(1, 1, 1), dtype=dtype) for _ in range(count)]
    indexing = c.draw(st.sampled_from(["xy", "ij"]))
    return arrays, lambda xp, *arrays: xp.meshgrid(*arrays, indexing=indexing)


@call("moveaxis", differentiable=True)
def _moveaxis(c: Chooser):
    x = c.array("all", c.shape(min_dims=1))
    source, destination = c.axis(x.ndim), c.axis(x.ndim)
    return [x], lambda xp, x: xp.moveaxis(x, source, destination)


@call("permute_dims", differentiable=True)
def _permute_dims(c: Chooser):
    x = c.array("all")
    axes = tuple(c.draw(st.permutations(range(x.ndim))))
    return [x], lambda xp, x: xp.permute_dims(x, axes)


@call("repeat", differentiable=True)
def _repeat(c: Chooser):
    x = c.array("all", c.shape(min_dims=1))
    axis, count = c.axis(x.ndim), c.draw(st.integers(0, 3))
    return [x], lambda xp, x: xp.repeat(x, count, axis=axis)


@call("reshape", differentiable=True)
def _reshape(c: Chooser):
    x = c.array("all")
    shape = c.draw(st.sampled_from([(-1,), (x.size,), (1, x.size), (x.size, 1, 1), x.shape]))
    if x.size == 0:
        shape = (x.size,)
    return [x], lambda xp, x: xp.reshape(x, shape)


@call("roll", differentiable=True)
def _roll(c: Chooser):
    x = c.array("all", c.shape(min_dims=1))
    shift = c.draw(st.integers(-4, 4))
    axis = c.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    return [x], lambda xp, x: xp.roll(x, shift, axis=axis)


@call("squeeze", differentiable=True)
def _squeeze(c: Chooser):
    shape = c.shape()
    place = c.draw(st.integers(0, len(shape)))
    x = c.array("all", (*shape[:place], 1, *shape[place:]))
    return [x], lambda xp, x: xp.squeeze(x, axis=place)


@call("stack", differentiable=True)
def _stack(c: Chooser):
    shape = c.shape()
    dtype = c.dtype("all")
    arrays = [c.array("all", shape, dtype=dtype) for _ in range(c.draw(st.integers(1, 3)))]
    axis = c.draw(st.integers(-len(shape) - 1, len(shape)))
    return arrays, lambda xp, *arrays: xp.stack(list(arrays), axis=axis)


@call("tile", differentiable=True)
def _tile(c: Chooser):
    x = c.array("all")
    times = c.draw(st.lists(st.integers(0, 2), max_size=3).map(tuple))
    return [x], lambda xp, x: xp.tile(x, times)


def _triangle(name: str) -> None:
    @call(name, differentiable=True)
    def choose(c: Chooser):
        x = c.array("all", c.shape(min_dims=2))
        k = c.draw(st.integers(-2, 2))
        return [x], lambda xp, x: getattr(xp, name)(x, k=k)


_triangle("tril")
_triangle("triu")


@call("unstack", differentiable=True)
def _unstack(c: Chooser):
    x = c.array("all", c.shape(min_dims=1, min_side=1))
    axis = c.axis(x.ndim)
    return [x], lambda xp, x: xp.unstack(x, axis=axis)


# -- indices, order, sets ----------------------------------------------------------------------


@call("take", differentiable=True)
def _take(c: Chooser):
    x = c.array("all", c.shape(min_dims=1, min_side=1))
    axis = c.axis(x.ndim)
    indices = c.indices(x.shape[axis], (c.draw(st.integers(0, 4)),))
    return [x, indices], lambda xp, x, i: xp.take(x, i, axis=axis)


@call("take_along_axis", differentiable=True)
def _take_along_axis(c: Chooser):
    x = c.array("all", c.shape(min_dims=1, min_side=1))
    axis = c.axis(x.ndim)
    shape = tuple(2 if i == axis % x.ndim else n for i, n in enumerate(x.shape))
    return [x, c.indices(x.shape[axis], shape)], lambda xp, x, i: xp.take_along_axis(
        x, i, axis=axis
    )


def _order(name: str) -> None:
    @call(name, differentiable=name == "sort")
    def choose(c: Chooser):
        x = c.array("real", c.shape(min_dims=1), allow_nan=False)
        options = {"axis": c.axis(x.ndim), "descending": c.draw(st.booleans())}
        return [x], lambda xp, x: getattr(xp, name)(x, **options)


_order("sort")
_order("argsort")


@call("isin")
def _isin(c: Chooser):
    dtype = c.dtype("integer")
    x1, x2 = (c.tame("integer", dtype=dtype) for _ in range(2))
    return [x1, x2], lambda xp, x1, x2: xp.isin(x1, x2)


@call("nonzero")
def _nonzero(c: Chooser):
    return [c.array("all", c.shape(min_dims=1))], lambda xp, x: xp.nonzero(x)


@call("searchsorted")
def _searchsorted(c: Chooser):
    dtype = c.dtype("real")
    values = c.draw(st.lists(st.integers(0, 9), min_size=1, max_size=4).map(sorted))
    x1 = c.xp.asarray(values, dtype=getattr(c.xp, dtype))
    x2 = c.tame("real", dtype=dtype)
    side = c.draw(st.sampled_from(["left", "right"]))
    return [x1, x2], lambda xp, x1, x2: xp.searchsorted(x1, x2, side=side)


def _unique(name: str) -> None:
    @call(name)
    def choose(c: Chooser):
        return [c.tame("integer or bool")], lambda xp, x: tuple(getattr(xp, name)(x))


@call("unique_values")
def _unique_values(c: Chooser):
    return [c.tame("integer or bool")], lambda xp, x: xp.unique_values(x)


for _name in ("unique_all", "unique_counts", "unique_inverse"):
    _unique(_name)


# -- creation ----------------------------------------------------------------------------------


@call("arange")
def _arange(c: Chooser):
    start, stop, step = c.draw(
        st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.sampled_from([-2, -1, 1, 2, 0.5]))
    )
    return [], lambda xp: xp.arange(start, stop, step)


@call("asarray", differentiable=True)
def _asarray(c: Chooser):
    return [c.array("all")], lambda xp, x: xp.asarray(x)


@call("eye")
def _eye(c: Chooser):
    rows, columns, k = (c.draw(st.integers(0, 3)) for _ in range(3))
    return [], lambda xp: xp.eye(rows, columns, k=k)


@call("full")
def _full(c: Chooser):
    shape = c.shape()
    value = c.draw(st.sampled_from([True, 3, -2.5, 1 + 2j]))
    return [], lambda xp: xp.full(shape, value)


@call("full_like")
def _full_like(c: Chooser):
    return [c.array("numeric")], lambda xp, x: xp.full_like(x, 3)


@call("linspace")
def _linspace(c: Chooser):
    num, endpoint = c.draw(st.integers(0, 5)), c.draw(st.booleans())
    return [], lambda xp: xp.linspace(-1, 2.5, num, endpoint=endpoint)


def _filled(name: str) -> None:
    @call(name)
    def choose(c: Chooser):
        shape, dtype = c.shape(), c.dtype("all")
        return [], lambda xp: _blank(name, getattr(xp, name)(shape, dtype=getattr(xp, dtype)))


def _filled_like(name: str) -> None:
    @call(name)
    def choose(c: Chooser):
        x = c.array("all")
        return [x], lambda xp, x: _blank(name, getattr(xp, name)(x))


def _blank(name: str, x: Any) -> Any:
    """What `empty` gives without its values, which are none."""
    return x ^ x if "bool" in str(x.dtype) else x * 0 if name.startswith("empty") else x


for _name in ("empty", "ones", "zeros"):
    _filled(_name)
    _filled_like(f"{_name}_like")


# -- dtypes and shapes: no arrays in, none out -------------------------------------------------

WITHOUT_ARRAYS = {
    "broadcast_shapes": "tests/ops/test_namespaces.py",
    "can_cast": "tests/ops/test_namespaces.py",
    "finfo": "tests/ops/test_namespaces.py",
    "from_dlpack": "tests/ops/test_creation.py",
    "iinfo": "tests/ops/test_namespaces.py",
    "isdtype": "tests/ops/test_namespaces.py",
    "result_type": "tests/ops/test_namespaces.py",
}
