"""Apply a primitive: take the arrays out, compute, tell the observers, wrap the result.

`unary`, `binary` and `apply1` are the hot path, plain and a little ugly, with a benchmark in
benchmarks/eager.py: Tensors, Variables and Python scalars of a library with one device. Everything
else goes through `apply`, which is the readable account of what happens. Where _dispatch.c is
compiled it stands before them, and hands them what it does not know."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import ref

from .._speedups import compiled
from .._typing import SCALAR_TYPES, Array
from ..backends import Backend, as_device, backend_of, host, is_array
from ..errors import ArgumentTypeError, DTypeError, NotDifferentiableError
from .casting import dtype_kind, from_python
from .failures import device_mismatch, explain_failure
from .handle import Handle, Sparse
from .inspection import announce, tell
from .node import Cut, Node, next_serial, serials
from .observers import Recorder, confine, cut_off, settings, state, user_line
from .primitive import KEEPS_1, KEEPS_2, KEEPS_2_AND_1, KEEPS_NOTHING, Kind, Plan, Primitive

# The class of results; tensor.py, whose operators need this module, sets it when it is imported.
Tensor: Any = None

# What applies a primitive to arrays that wrap others; batching/ sets it when it is imported.
_apply_nested: Callable[..., Any]

# Between these a Python number is neither zero nor infinite in any floating dtype.
SMALLEST, LARGEST = 1e-7, 6e4
# Python numbers as arrays by type of array, for libraries that take longer for numbers (Backend.numbers).
NUMBERS: dict[type, Mapping[tuple[Any, Any], Any]] = {}
_NUMERIC = (int, float)

# The exact types that hot paths take apart; subclasses of a user's take the long way.
HANDLES: set[type] = set()

# The same hot paths compiled, or None.
_compiled = compiled("xgrad.core._dispatch")

__all__ = [
    "HANDLES",
    "LARGEST",
    "SMALLEST",
    "NotAnOperandError",
    "apply",
    "apply1",
    "binary",
    "compute",
    "set_nested_apply",
    "set_tensor_class",
    "unary",
    "unwrap",
    "wrap",
]


class NotAnOperandError(ArgumentTypeError):
    """An operand is of a type that xgrad does not know; operators return NotImplemented."""


def unary(primitive: Primitive) -> Callable[[Any], Any]:
    """Make the function that applies a primitive of one operand and no parameters (a hot path)."""
    implementations = primitive.implementations
    plans = primitive.plans
    constant = primitive.kind is Kind.CONSTANT

    def apply_unary(x: Any) -> Any:
        try:
            array = x.raw
            kind = type(array)
            function = implementations[kind]
        except (AttributeError, KeyError):
            return apply(primitive, (x,))
        try:
            y = function(array)
        except Exception as error:
            raise explain_failure(primitive, (array,), None, error) from error
        if type(y) is not kind:
            y = backend_of(array).finish(y)
        node = x.node
        if settings.told and (found := _told(primitive, (array,), (node,), None, y)) is not None:
            return found
        if node is None:
            return Tensor(y, None)
        recorder = state.recorder
        if recorder is None:
            return Tensor(y, node if type(node) is Cut else cut_off(primitive, (node,), 3))
        traces = recorder.traces
        if constant or (node.traces is not traces and node not in recorder.watched):
            return Tensor(y, recorder.record(primitive, (array,), (node,), None, y))
        plan = plans.get(1) or plans[1]
        code = plan.code
        if code == KEEPS_NOTHING:
            saved: tuple[Any, ...] = ()
        elif code == KEEPS_2:
            saved = (y,)
        elif code == KEEPS_1:
            saved = (array,)
        else:
            saved = plan.save(array, y)
        number = next_serial()
        where = user_line(2) if settings.locations else None
        new = Node(primitive, None, (node,), saved, plan, y.shape, y.dtype, traces, number, where)
        if code:
            recorder.keep(ref(new))
            if not len(recorder.nodes) & 1023:
                recorder.sweep()
        return Tensor(y, new)

    return apply_unary if _compiled is None else _compiled.unary(apply_unary, primitive, constant)


def binary(
    primitive: Primitive, *, operator: bool = False, reflected: bool = False
) -> Callable[[Any, Any], Any]:
    """Make the function that applies a primitive of two operands (a hot path).

    As an `operator` it returns NotImplemented for what is no operand; `reflected` takes the
    operands in the other order, for methods such as ``__rsub__``."""
    implementations = primitive.implementations
    plans = primitive.plans
    constant = primitive.kind is Kind.CONSTANT
    apply_any = _apply_or_not_implemented if operator else apply

    def apply_binary(x1: Any, x2: Any) -> Any:
        kind1 = type(x1)
        kind2 = type(x2)
        scalar = 0  # which operand is a Python scalar
        number = None  # the same as an array, where that is faster
        if kind1 is Tensor or kind1 in HANDLES:
            array1 = x1.raw
            node1 = x1.node
            kind = type(array1)
            if kind2 is Tensor or kind2 in HANDLES:
                array2 = x2.raw
                node2 = x2.node
                if type(array2) is not kind:
                    return apply_any(primitive, (x1, x2))
            elif kind2 in SCALAR_TYPES:
                array2 = x2
                node2 = None
                scalar = 2
                if kind in NUMBERS and type(x2) in _NUMERIC:
                    number = NUMBERS[kind][array1.dtype, _key(x2)]
            else:
                return apply_any(primitive, (x1, x2))
        elif kind1 in SCALAR_TYPES and kind2 in HANDLES:
            array1 = x1
            node1 = None
            scalar = 1
            array2 = x2.raw
            node2 = x2.node
            kind = type(array2)
            if kind in NUMBERS and type(x1) in _NUMERIC:
                number = NUMBERS[kind][array2.dtype, _key(x1)]
        else:
            return apply_any(primitive, (x1, x2))
        if kind not in implementations:
            return apply_any(primitive, (x1, x2))
        try:
            if number is None:
                y = implementations[kind](array1, array2)
            elif scalar == 2:
                y = implementations[kind](array1, number)
            else:
                y = implementations[kind](number, array2)
        except Exception as error:
            raise explain_failure(primitive, (array1, array2), None, error) from error
        if type(y) is not kind:
            y = backend_of(array2 if scalar == 1 else array1).finish(y)
        if settings.told:
            found = _told(primitive, (array1, array2), (node1, node2), None, y)
            if found is not None:
                return found
        if node1 is None and node2 is None:
            return Tensor(y, None)
        recorder = state.recorder
        if recorder is None:
            if type(node1) is Cut and node1.primitive is not None:
                return Tensor(y, node1)
            return Tensor(y, cut_off(primitive, (node1, node2), 3))
        traces = recorder.traces
        mask = 0  # 1 and 2 for followed operands, 4 for one where a path ended, 8 for all others
        if node1 is not None:
            if node1.traces is traces or node1 in recorder.watched:
                mask = 1
            else:
                mask = 4 if type(node1) is Cut else 8
        if node2 is not None:
            if node2.traces is traces or node2 in recorder.watched:
                mask += 2
            else:
                mask += 4 if type(node2) is Cut else 8
        if mask > 3 or constant:
            if constant or mask > 7 or not mask & 3:
                nodes = (node1, node2)
                return Tensor(y, recorder.record(primitive, (array1, array2), nodes, None, y))
            mask &= 3
        try:
            plan = plans.get(mask) or plans[mask]
        except NotDifferentiableError:  # unless only a graph follows, which may be told later
            return Tensor(y, recorder.record(primitive, (array1, array2), (node1, node2), None, y))
        code = plan.code
        if code == KEEPS_NOTHING:
            saved: tuple[Any, ...] = ()
        elif code == KEEPS_2:
            saved = (array2,)
        elif code == KEEPS_2_AND_1:
            saved = (array2, array1)
        elif code == KEEPS_1:
            saved = (array1,)
        else:
            saved = plan.save(array1, array2, y)
        if code == scalar and code:
            value = saved[0]
            if number is not None:
                saved = (number,)
            if SMALLEST < abs(value) < LARGEST:
                plan = plan.of_number  # the partial is that number, or one over it
        number = next_serial()
        where = user_line(2) if settings.locations else None
        new = Node(
            primitive, None, (node1, node2), saved, plan, y.shape, y.dtype, traces, number, where
        )
        if code and code != scalar:
            recorder.keep(ref(new))
            if not len(recorder.nodes) & 1023:
                recorder.sweep()
        return Tensor(y, new)

    def apply_reflected(x2: Any, x1: Any) -> Any:
        return apply_binary(x1, x2)

    found = apply_reflected if reflected else apply_binary
    return found if _compiled is None else _compiled.binary(found, primitive, constant, reflected)


def _apply1(primitive: Primitive, x: Any, parameters: dict[str, Any] | None = None) -> Any:
    """Apply a primitive of one operand, one output and parameters."""
    try:
        array = x.raw
        node = x.node
        function = primitive.implementations[type(array)]
    except (AttributeError, KeyError):
        return apply(primitive, (x,), parameters)
    try:
        y = function(array) if parameters is None else function(array, **parameters)
    except Exception as error:
        raise explain_failure(primitive, (array,), parameters, error) from error
    if type(y) is not type(array):
        y = backend_of(array).finish(y)
    if settings.told and (found := _told(primitive, (array,), (node,), parameters, y)) is not None:
        return found
    if node is None:
        return Tensor(y, None)
    recorder = state.recorder
    if recorder is None:
        return Tensor(y, cut_off(primitive, (node,), 3))
    traces = recorder.traces
    followed = node.traces is traces or node in recorder.watched
    plan = primitive.plans[1] if followed else None
    if plan is None or not plan.calls:
        return Tensor(y, recorder.record(primitive, (array,), (node,), parameters, y))
    saved = plan.save(array, y)
    number = next_serial()
    where = user_line(2) if settings.locations else None
    new = Node(primitive, parameters, (node,), saved, plan, y.shape, y.dtype, traces, number, where)
    if saved:
        recorder.keep(ref(new))
        if not len(recorder.nodes) & 1023:
            recorder.sweep()
    return Tensor(y, new)


def _told(
    primitive: Primitive,
    arrays: tuple[Any, ...],
    nodes: tuple[Node | None, ...],
    parameters: dict[str, Any] | None,
    y: Any,
) -> Any:
    """The Tensor of a result that somebody in this thread writes down, whatever its operands are."""
    recorder = state.recorder
    if recorder is None or not recorder.tells:
        confine(primitive.name, nodes)
        return None
    y = _another(primitive, arrays, y)
    return Tensor(y, recorder.record(primitive, arrays, nodes, parameters, y))


def _another(primitive: Primitive, arrays: tuple[Any, ...], y: Any) -> Any:
    """A result as an array of its own: who writes down what is computed tells values apart by that."""
    if not primitive.may_do_nothing or y is not arrays[0]:
        return y
    with backend_of(y).on(y):
        return y[...]


apply1: Callable[..., Any] = _apply1 if _compiled is None else _compiled.apply1


def apply(
    primitive: Primitive, operands: Sequence[Any], parameters: dict[str, Any] | None = None
) -> Any:
    """Apply any primitive to Tensors, Variables, raw arrays and Python scalars.

    Returns
    -------
    Tensor or tuple of Tensor

    Raises
    ------
    DeviceMismatchError
        If two operands live on different devices.
    ShapeError, DTypeError
        If shapes or dtypes do not fit.
    """
    if settings.inspected:
        announce(operands)
    arrays, nodes, backend = _take_apart(primitive, operands)
    if settings.told:
        confine(primitive.name, nodes)
    if backend.nests:
        return _apply_nested(primitive, arrays, nodes, parameters)
    if not backend.one_device:
        _check_devices(primitive, arrays, backend)
    function = getattr(backend.xp, primitive.name)
    # A starred operand that comes first is a list in the standard: concat([a, b], axis=0).
    positional: Any = arrays
    if primitive.starred and len(primitive.operands) == 1:
        positional = (list(arrays),)
    elif len(arrays) == 2 and backend.numbers is not None:
        positional = _with_number(arrays, backend.numbers)
    try:
        y = function(*positional, **parameters) if parameters else function(*positional)
    except Exception as error:
        raise explain_failure(primitive, arrays, parameters, error) from error
    if backend.one_device and not settings.inspected:
        for array in arrays:
            if type(array) not in SCALAR_TYPES:
                primitive.implementations[type(array)] = function
                if backend.numbers is not None:
                    NUMBERS[type(array)] = backend.numbers
    several = primitive.outputs != 1
    y = tuple(map(backend.finish, y)) if several else _another(primitive, arrays, backend.finish(y))
    recorder = state.recorder
    if recorder is not None:
        node = recorder.record(primitive, arrays, nodes, parameters, y)
    else:
        node = cut_off(primitive, nodes, 3)
        node = None if node is None else (node,) * len(y) if several else node
    if settings.inspected:
        tell(primitive, arrays, parameters, y, node)
    if not several:
        return Tensor(y, node)
    return tuple(Tensor(part, n) for part, n in zip(y, node or (None,) * len(y), strict=True))


def compute(primitive: Primitive, operands: Sequence[Any], parameters: dict[str, Any]) -> Any:
    """The result of a primitive on raw arrays, some of which may wrap others; nobody is told."""
    backend: Backend | None = None
    for x in operands:
        if type(x) not in SCALAR_TYPES:
            found = backend_of(x)
            if backend is None or found.nests:
                backend = found
    assert backend is not None, primitive
    function = getattr(backend.xp, primitive.name)
    positional: Any = operands
    if primitive.starred and len(primitive.operands) == 1:  # see apply
        positional = (list(operands),)
    elif len(operands) == 2 and backend.numbers is not None:
        positional = _with_number(operands, backend.numbers)
    y = function(*positional, **parameters)
    if primitive.outputs != 1:
        return tuple([backend.finish(part) for part in y])
    return backend.finish(y)


def _key(x: Any) -> Any:
    """By what `NUMBERS` are asked for a number: -0.0, which is equal to 0.0, by its text."""
    return x if x or type(x) is int or math.copysign(1.0, x) > 0 else "-0.0"


def _with_number(pair: Sequence[Any], numbers: Mapping[tuple[Any, Any], Any]) -> Sequence[Any]:
    """Two operands, a Python number among them as an array, as on the hot paths."""
    x1, x2 = pair
    if type(x2) in _NUMERIC and type(x1) not in SCALAR_TYPES:
        number = numbers[x1.dtype, _key(x2)]
        return pair if number is None else (x1, number)
    if type(x1) in _NUMERIC and type(x2) not in SCALAR_TYPES:
        number = numbers[x2.dtype, _key(x1)]
        return pair if number is None else (number, x2)
    return pair


def _apply_or_not_implemented(primitive: Primitive, operands: tuple[Any, Any]) -> Any:
    if isinstance(operands[0], Sparse) or isinstance(operands[1], Sparse):
        return NotImplemented  # it may stay sparse
    try:
        return apply(primitive, operands)
    except NotAnOperandError:
        first, second = (type(x) in (list, tuple) for x in operands)
        # `x == [1.0]` would be False; but `[0] * n` is Python's, and so is `found += x`.
        if (second and primitive.name != "multiply") or (
            first and primitive.name not in ("multiply", "add")
        ):
            raise
        return NotImplemented


def _finish(array: Array, y: Any) -> Array:
    """A result of the library of an array, as an array."""
    return backend_of(array).finish(y)


def set_tensor_class(kind: type) -> None:
    """Say which class results are of; called once, by tensor.py."""
    global Tensor  # noqa: PLW0603 - see the comment above it
    Tensor = kind
    HANDLES.add(kind)
    if _compiled is not None:
        _compiled.connect(
            Tensor=kind,
            Node=Node,
            Cut=Cut,
            Recorder=Recorder,
            Plan=Plan,
            Primitive=Primitive,
            handles=HANDLES,
            numbers=NUMBERS,
            state=state,
            settings=settings,
            serials=serials,
            explain_failure=explain_failure,
            finish=_finish,
            another=_another,
            apply1=_apply1,
        )


def set_nested_apply(function: Callable[..., Any]) -> None:
    """Say what applies a primitive to arrays that wrap others; called once, by batching/."""
    global _apply_nested  # noqa: PLW0603 - as above
    _apply_nested = function


def wrap(array: Array) -> Any:
    """A Tensor around a raw array that nobody watches."""
    return Tensor(array, None)


def unwrap(x: Any) -> tuple[Any, Node | None]:
    """The raw array (or Python scalar) and the node of an operand."""
    if isinstance(x, Handle):
        return x.raw, x.node
    if type(x) in SCALAR_TYPES:
        return x, None
    if is_array(x):
        dtype_kind(x.dtype)  # refuses what holds no numbers
        return backend_of(x).plain(x), None
    if isinstance(x, Sparse):
        return unwrap(x.to_dense())
    raise NotAnOperandError(
        f"expected a Tensor, a Variable, an array or a Python scalar, but got "
        f"{type(x).__name__}. Use xg.asarray to make a Tensor of it."
    )


def _take_apart(
    primitive: Primitive, operands: Sequence[Any]
) -> tuple[tuple[Any, ...], tuple[Node | None, ...], Backend]:
    arrays: list[Any] = []
    nodes: list[Node | None] = []
    backend: Backend | None = None
    kind: type | None = None
    for position, operand in enumerate(operands):
        if type(operand) in HANDLES:
            array, node = operand.raw, operand.node
        else:
            try:
                array, node = unwrap(operand)
            except (NotAnOperandError, DTypeError) as error:
                name = primitive.operands[min(position, len(primitive.operands) - 1)]
                raise type(error)(f"{primitive.name}: {name}: {error}") from None
        arrays.append(array)
        nodes.append(node)
        if type(array) not in SCALAR_TYPES and type(array) is not kind:
            kind = type(array)
            backend = _common_backend(primitive, backend, array, arrays)
    if backend is None:
        backend = as_device(None).backend
        arrays[0] = from_python(arrays[0], dtype=None, device=None, copy=None)
    return tuple(arrays), tuple(nodes), backend


def _common_backend(
    primitive: Primitive, backend: Backend | None, array: Array, arrays: list[Any]
) -> Backend:
    """The backend of all arrays so far; a numpy scalar counts as a Python scalar elsewhere."""
    found = backend_of(array)
    if backend is None or backend is found or found.nests:
        return found
    if backend.nests:
        return backend
    numbers = [i for i, a in enumerate(arrays) if isinstance(a, host().namespace.generic)]
    if found is host() and len(arrays) - 1 in numbers:
        arrays[-1] = arrays[-1].item()
        return backend
    if backend is host() and all(
        i in numbers for i, a in enumerate(arrays[:-1]) if type(a) not in SCALAR_TYPES
    ):
        for i in numbers:
            arrays[i] = arrays[i].item()
        return found
    raise device_mismatch(primitive, arrays)


def _check_devices(primitive: Primitive, arrays: tuple[Any, ...], backend: Backend) -> None:
    first = None
    for array in arrays:
        if type(array) in SCALAR_TYPES:
            continue
        device = backend.device_of(array)
        if first is None:
            first = device
        elif device != first:
            raise device_mismatch(primitive, arrays)
