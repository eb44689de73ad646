"""The namespace over Batched arrays: every instruction, applied to all examples.

Operands of outer levels, and arrays and Tensors that no level knows, are the same for all examples.
What is no instruction is one of xgrad's own functions, on Tensors that wrap Batched arrays."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from .._typing import SCALAR_TYPES
from ..backends import backend_of, place_of
from ..core.dispatch import apply, compute
from ..core.failures import device_mismatch
from ..core.instructions import PRIMITIVES
from ..core.primitive import Primitive
from ..core.tensor import Tensor
from ..ops.rule_namespace import rule_namespace
from . import array as _array
from .array import Batched, Level, left_behind, level_of
from .axes import elementwise, guard
from .operation import Operation
from .rules import batch_rule

__all__ = ["BatchedFunctions", "apply_to_all"]


class BatchedFunctions:
    """One function per instruction on Batched arrays; attributes are made once and then kept."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = PRIMITIVES.get(name)
        function = _composition(name) if found is None else _instruction(found)
        setattr(self, name, function)
        return function

    @staticmethod
    def isdtype(dtype: Any, kind: Any) -> bool:
        """Ask about a dtype."""
        return rule_namespace.isdtype(dtype, kind)  # type: ignore[no-any-return]

    @staticmethod
    def finfo(dtype: Any) -> Any:
        """Ask for the limits of a dtype."""
        return rule_namespace.finfo(dtype)

    def getitem(self, x: Any, *indices: Any, key: Any) -> Any:
        """Read parts; plain keys without detours (a hot path of Jacobians)."""
        if indices or not _is_plain(x):
            return _GETITEM(x, *indices, key=key)
        return Batched(backend_of(x.value).xp.getitem(x.value, key=_behind(key)), x.level)

    def put(self, x: Any, *indices: Any, key: Any, shape: tuple[int, ...]) -> Any:
        """Zeros with parts of x; plain keys without detours."""
        if indices or not _is_plain(x):
            return _PUT(x, *indices, key=key, shape=shape)
        xp = backend_of(x.value).xp
        return Batched(xp.put(x.value, key=_behind(key), shape=(x.level.size, *shape)), x.level)

    @staticmethod
    def put_into(total: Any, x: Any, *indices: Any, key: Any) -> bool:
        """Add x to parts in place; plain keys only."""
        if indices or not (_is_plain(x) and type(total) is Batched and total.mapped):
            return False
        if type(total.value) is not type(x.value):
            return False
        xp = backend_of(x.value).xp
        return xp.put_into(total.value, x.value, key=_behind(key))  # type: ignore[no-any-return]

    @staticmethod
    def index_add_into(*_operands: Any, axis: int) -> bool:  # noqa: ARG004
        """Leave it to `index_add` and a sum."""
        return False

    @staticmethod
    def surely_false(mask: Any) -> bool:
        """Look at the values of all examples where nobody outside watches."""
        return _is_plain(mask) and backend_of(mask.value).xp.surely_false(mask.value)

    @staticmethod
    def surely_finite(x: Any) -> bool:
        """Look at the values of all examples where nobody outside watches."""
        return _is_plain(x) and backend_of(x.value).xp.surely_finite(x.value)

    @staticmethod
    def zeros_like(x: Any) -> Any:
        """Zeros for every example, held once."""
        return _filled(x, "zeros_like")

    @staticmethod
    def ones_like(x: Any) -> Any:
        """Ones for every example, held once."""
        return _filled(x, "ones_like")


def _is_plain(x: Any) -> bool:
    """Whether an array is raw, differs between examples, and nobody outside watches."""
    return (
        type(x) is Batched and x.mapped and x.level.outside is None and type(x.value) is not Batched
    )


def _behind(key: Any) -> tuple[Any, ...]:
    """A key without index arrays for what has the axis of examples in front."""
    return (slice(None), *key) if type(key) is tuple else (slice(None), key)


def apply_to_all(
    primitive: Primitive, operands: tuple[Any, ...], parameters: dict[str, Any]
) -> Any:
    """Apply a primitive to operands of which at least one is Batched."""
    level = level_of(operands)
    assert level is not None, primitive
    values = []
    flags = []
    for x in operands:
        batched = type(x) is Batched
        if batched and x.level.ended:
            raise left_behind(x)
        here = batched and x.level is level
        values.append(x.value if here else x)
        flags.append(here and x.mapped)
    mapped = True in flags
    if level.outside is None:
        _check_devices(primitive, operands, values)
        y = _computed(primitive, values, flags, parameters, level, _namespace_of(values), compute)
    else:
        with level.outside:
            y = _computed(primitive, values, flags, parameters, level, rule_namespace, _run_tensors)
    if primitive.outputs != 1:
        return tuple([Batched(part, level, mapped) for part in y])
    return Batched(y, level, mapped)


def _check_devices(primitive: Primitive, operands: tuple[Any, ...], values: list[Any]) -> None:
    """Refuse two devices, as `apply` does where values are Tensors."""
    arrays = [v for v in values if type(v) not in SCALAR_TYPES]
    if len(arrays) < 2:
        return
    kind = type(arrays[0])
    alike = all(type(v) is kind for v in arrays)
    if not (alike and backend_of(arrays[0]).one_device) and len(set(map(place_of, arrays))) > 1:
        raise device_mismatch(primitive, operands)


def _computed(
    primitive: Primitive,
    values: list[Any],
    flags: list[bool],
    parameters: dict[str, Any],
    level: Level,
    xp: Any,
    run: Callable[..., Any],
) -> Any:
    if True not in flags:
        return run(primitive, tuple(values), parameters)
    op = Operation(primitive, tuple(values), tuple(flags), parameters, level.size, xp, run)
    return batch_rule(primitive)(op)


def _namespace_of(values: list[Any]) -> Any:
    """The functions for raw arrays of a library, or of outer levels."""
    if level_of(values) is not None:
        return functions
    return backend_of(next(v for v in values if hasattr(v, "shape"))).xp


def _run_tensors(
    primitive: Primitive, operands: tuple[Any, ...], parameters: dict[str, Any]
) -> Any:
    if primitive.name == "zero_where_zero":  # with the cheap look of its own
        return rule_namespace.zero_where_zero(*operands)
    return apply(primitive, operands, parameters)


def _instruction(primitive: Primitive) -> Callable[..., Any]:
    """A function with the signature that rules use: operands, then parameters by place or name."""
    general = _any_instruction(primitive)
    plain = primitive.outputs == 1 and not primitive.parameters
    if plain and batch_rule(primitive) in (elementwise, guard):
        if len(primitive.operands) == 2:
            return _binary(primitive, general)
        if len(primitive.operands) == 1:
            return _unary(primitive, general)
    return general


def _unary(primitive: Primitive, general: Callable[..., Any]) -> Callable[[Any], Any]:
    """The same for one operand, without detours (a hot path of Jacobians)."""
    found: dict[type, Any] = {}

    def unary(x: Any) -> Any:
        if type(x) is not Batched or x.level.outside is not None or x.level.ended:
            return general(x)
        value = x.value
        function = found.get(type(value))
        if function is None:
            if type(value) is Batched:
                return general(x)
            function = found[type(value)] = getattr(backend_of(value).xp, primitive.name)
        y = function(value)
        if type(y) is not type(value):
            y = backend_of(value).finish(y)
        return Batched(y, x.level, x.mapped)

    return unary


def _binary(primitive: Primitive, general: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """The same for two operands of ranks that need no aligning, or with a Python scalar."""
    found: dict[type, Any] = {}
    guards = batch_rule(primitive) is guard

    def binary(x1: Any, x2: Any) -> Any:
        level = x1.level if type(x1) is Batched else x2.level if type(x2) is Batched else None
        if level is None or level.outside is not None or level.ended:
            return general(x1, x2)
        mapped1 = mapped2 = False
        v1, v2 = x1, x2
        if type(x1) is Batched:
            v1, mapped1 = x1.value, x1.mapped
        if type(x2) is Batched:
            if x2.level is not level:
                return general(x1, x2)
            v2, mapped2 = x2.value, x2.mapped
        if type(v2) in SCALAR_TYPES:
            array = v1
        else:
            array = v2
            if type(v1) not in SCALAR_TYPES:
                missing = v2.ndim - mapped2 - v1.ndim + mapped1
                unequal = (mapped1 and missing > 0) or (mapped2 and missing < 0)
                unequal = unequal or (guards and mapped2 > mapped1)
                if unequal or type(v1) is not type(v2):
                    return general(x1, x2)
        function = found.get(type(array))
        if function is None:
            if type(array) is Batched:
                return general(x1, x2)
            function = found[type(array)] = getattr(backend_of(array).xp, primitive.name)
        y = function(v1, v2)
        if guards and y is v1:
            return x1
        if type(y) is not type(array):
            y = backend_of(array).finish(y)
        return Batched(y, level, mapped1 or mapped2)

    return binary


def _any_instruction(primitive: Primitive) -> Callable[..., Any]:
    """The same for any primitive."""
    count = len(primitive.operands)
    starred_first = primitive.starred and count == 1

    def function(*args: Any, **parameters: Any) -> Any:
        if starred_first:
            return apply_to_all(primitive, tuple(args[0]), parameters)
        if primitive.starred:
            return apply_to_all(primitive, args, parameters)
        by_place = dict(zip(primitive.parameters, args[count:], strict=False))
        return apply_to_all(primitive, args[:count], {**by_place, **parameters})

    def any_operands(*args: Any, **parameters: Any) -> Any:
        """The same where no operand may be Batched, in a rule that mixes both."""
        operands = args[0] if starred_first else args
        if level_of(operands) is not None:
            return function(*args, **parameters)
        array = next(x for x in operands if hasattr(x, "shape"))
        xp = rule_namespace if isinstance(array, Tensor) else backend_of(array).xp
        return getattr(xp, primitive.name)(*args, **parameters)

    return any_operands


_GETITEM = _any_instruction(PRIMITIVES["getitem"])
_PUT = _any_instruction(PRIMITIVES["put"])
functions = BatchedFunctions()
_array.functions = functions


def _composition(name: str) -> Callable[..., Any]:
    """One of xgrad's functions that are made of instructions, on arrays."""
    function = getattr(rule_namespace, name)

    def composed(*args: Any, **options: Any) -> Any:
        y = function(*map(_as_tensor, args), **options)
        if isinstance(y, (list, tuple)):
            return type(y)(part.raw for part in y)
        return y.raw if isinstance(y, Tensor) else y

    return composed


def _as_tensor(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return [_as_tensor(part) for part in x] if any(map(_is_array, x)) else x
    return Tensor(x) if _is_array(x) else x


def _is_array(x: Any) -> bool:
    return hasattr(x, "shape") and not isinstance(x, Tensor)


def _filled(x: Any, name: str) -> Any:
    if type(x) is not Batched:
        return getattr(backend_of(x).xp, name)(x)
    level: Level = x.level
    with level.outside or nullcontext():
        xp = rule_namespace if level.outside else _namespace_of([x.value])
        value = x.value[0, ...] if x.mapped and level.size else x.value
        if x.mapped and not level.size:
            value = xp.sum(value, axis=0)
        return Batched(getattr(xp, name)(value), level, False)
