"""Record what a function does, while it runs as usual.

The recorder is an observer outside everything the function does: tapes, accumulators and vmap run
inside it, and all that they compute is recorded like any operation. A value is known by its array for
as long as somebody has it; what was not computed from arguments and Variables is a constant."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from typing import Any, Self
from weakref import ref

from .._speedups import compiled
from ..backends import Backend, backend_of
from ..backends.base import dtype_name
from ..backends.indices import instead_of_masks
from ..batching import Batched
from ..core.instructions import PRIMITIVES
from ..core.node import Cut, Leaf, Node, Where, next_serial, serials
from ..core.observers import settings, show_line, state, user_line
from ..core.primitive import Primitive
from ..core.protocols import protocols
from ..core.spec import Spec, describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import DeviceMismatchError, TracingError
from ..interpreters.stack import Context, pop, push
from ..ops.rule_namespace import rule_namespace
from ..ops.wholes import WHOLES
from .draws import Draws
from .program import Instruction, Literal, Operand, Program
from .values import ONE_THREAD, Values
from .variables import Held, Lent, lost

__all__ = ["Recording"]

_LARGE = 1 << 13  # elements of an array that is not kept alive by a recording: that has its price


class Recording:
    """One run of a function, written down.

    As a context manager it watches what happens in its block."""

    alone: tuple[Any, ...] = ()
    sees_constants = True
    transcribes = True
    keeps_wholes = True
    persistent = True

    def __init__(self, arguments: list[Tensor]) -> None:
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []  # arrays, and weak references to large ones
        self._leaving: list[Any] = []
        self._specs: dict[int, Spec] = {}
        self._constants: dict[int, Any] = {}
        self._chosen: dict[int, list[int]] = {}  # by constant masks: what stands for them
        self.tangents = Values(self._numbers, self._constants)
        self._instructions: list[Instruction] = []
        self._variables: dict[int, tuple[Held, int]] = {}
        self._nodes = self.tangents.nodes
        self._backend: Backend | None = None
        self._kind: type | None = None  # of the latest value
        self.draws = Draws(
            self._define,
            self._again,
            lambda array: self._followed(array, None, None),
            lambda array: id(array) in self._numbers,
        )
        self.arguments = tuple([self._define(x.raw) for x in arguments])
        self.told: Callable[..., Any] = self._told if _record is None else self._writer(_record)
        self._lent = Lent()
        self._began = next_serial()
        for x in arguments:
            self.tangents.give(x)

    def __enter__(self) -> Self:
        self._lent.lend()
        settings.let_tell(self, True)
        push(self, 0)
        return self

    def __exit__(self, *error: object) -> None:
        pop(self)
        settings.let_tell(self, False)

    # -- what happens ----------------------------------------------------------------------------

    def _writer(self, module: Any) -> Callable[..., Any]:
        """The same as `_told`, compiled for the commonest operations."""
        return module.Writer(  # type: ignore[no-any-return]
            slow=self._told,
            numbers=self._numbers,
            specs=self._specs,
            kept=self._kept,
            instructions=self._instructions,
            nodes=self._nodes,
            follower=self.tangents,
            large=_LARGE,
        )

    def _told(
        self,
        primitive: Primitive,
        arrays: tuple[Any, ...],
        nodes: tuple[Node | None, ...],
        parameters: dict[str, Any] | None,
        y: Any,
        new: Any,
        outside: Context,  # noqa: ARG002 - nobody is outside
    ) -> Any:
        """Write an operation down, if it has to do with what comes in."""
        if primitive.name not in PRIMITIVES and primitive.name not in WHOLES:
            return self._known(y, new)
        operands: list[Operand | None] = []
        belongs = False
        for array, node in zip(arrays, nodes, strict=True):
            if type(array) is Batched:
                return new
            operand = self._find(array, node)
            operands.append(operand)
            if type(operand) is int:
                belongs = True
        if not belongs:
            return new
        if primitive.name in _SHAPES_MAY_DEPEND:
            operands, parameters = self._fixed_shape(primitive, arrays, operands, parameters)
        where = user_line(2)
        several = primitive.outputs != 1
        if not several and id(y) in self._numbers and not primitive.may_do_nothing:
            for array, operand in zip(arrays, operands, strict=True):
                if y is array and type(operand) is int:  # the identity, for these shapes and dtypes
                    return self._followed(y, new, where)
        if None in operands:
            for place, operand in enumerate(operands):
                if operand is None:
                    operands[place] = self._constant(arrays[place])
        results = tuple(map(self._define, y)) if several else (self._define(y),)
        self._instructions.append(
            Instruction(primitive, tuple(operands), dict(parameters or {}), results, where)  # type: ignore[arg-type]
        )
        if not several:
            return self._followed(y, new, where)
        made = (None,) * len(y) if new is None else new
        return tuple(
            [self._followed(part, node, where) for part, node in zip(y, made, strict=True)]
        )

    def _known(self, y: Any, new: Any) -> Any:
        """The nodes of results of what is no instruction: they were made by some, and belong to it."""
        several = type(y) is tuple
        parts = y if several else (y,)
        nodes = new if several and new is not None else (new,) * len(parts)
        found = tuple(
            [
                self._followed(part, node, user_line(3)) if self.tangents.knows(part) else node
                for part, node in zip(parts, nodes, strict=True)
            ]
        )
        if all(node is None for node in found):
            return new
        return found if several else found[0]

    def _fixed_shape(
        self,
        primitive: Primitive,
        arrays: tuple[Any, ...],
        operands: list[Operand | None],
        parameters: dict[str, Any] | None,
    ) -> tuple[list[Operand | None], dict[str, Any] | None]:
        """The same with the positions that constant masks choose; shapes depend on other masks."""
        masks = [i for i, x in enumerate(arrays) if i and dtype_name(x.dtype) == "bool"]
        known = [i for i in masks if self.tangents.knows(arrays[i])]
        if known or primitive.name in _SHAPES_DEPEND:
            raise TracingError(
                f"{primitive.name}{show_line(user_line(3))} inside xg.function: the shape of the "
                "result depends on values, which differ from call to call. Use xg.where or "
                "x.at[mask].add(number), which keep the shape, a mask that is the same in all calls, or "
                "compute it outside."
            )
        if not any(arrays[i].ndim for i in masks):
            return operands, parameters
        assert parameters is not None
        chosen = {i - 1: self._positions(arrays[i]) for i in masks if arrays[i].ndim}
        key, indices = instead_of_masks(parameters["key"], tuple(operands[1:]), chosen.get)
        return [operands[0], *indices], parameters | {"key": key}

    def _positions(self, mask: Any) -> list[int]:
        """The numbers of the constants that say where a mask is true, along each axis."""
        if id(mask) not in self._chosen:
            self._kept.append(mask)
            found = backend_of(mask).xp.nonzero(mask)
            self._chosen[id(mask)] = [self._constant(position) for position in found]
        return self._chosen[id(mask)]

    def stored(self, variable: Variable, new: Tensor) -> None:
        """Note that a Variable has another value from here on."""
        self._variable(variable)
        if self._find(new.raw, new.node) is None:
            self._constant(new.raw)  # so that reading it is not reading the former value
        self._lent.assign(variable, new.raw)

    def _find(self, array: Any, node: Node | None) -> int | Literal | None:
        """The number of an operand; None for a constant that has none yet."""
        number = self._numbers.get(id(array))
        if number is not None:
            return number
        if not hasattr(array, "shape"):
            return Literal(array)
        self.tangents.refuse_made_elsewhere(node, self._began)
        variable = self._lent.variable_of(array)
        if variable is None and type(node) is Leaf and node.variable is not None:
            made = node.variable()  # here, if the array is its own
            if made is None and node.serial > self._began:
                raise lost("a Variable", node)
            variable = made if made is not None and made.raw is array else None
        return None if variable is None else self._variable(variable)

    def _variable(self, variable: Variable) -> int:
        """The number of the value that a Variable had when the function began."""
        if variable.number not in self._variables:
            self._variables[variable.number] = self._lent.hold(variable), self._define(variable.raw)
        return self._variables[variable.number][1]

    def _define(self, array: Any) -> int:
        if type(array) is not self._kind:
            self._see_backend(array)
        shape = tuple(array.shape)
        spec = Spec(shape, array.dtype)
        number = len(self._specs)  # now: whatever is made may wake the collector, and that anybody
        self._specs[number] = spec
        self._numbers[id(array)] = number
        self._kept.append(array if math.prod(shape) < _LARGE else self._loosely(array))
        return number

    def _loosely(self, array: Any) -> ref[Any]:
        """By which to know when an array goes: nobody can come with it after that."""
        key, numbers = id(array), self._numbers
        return ref(array, lambda _: numbers.pop(key, None))

    def _see_backend(self, array: Any) -> None:
        """Learn the library of the values from the first; refuse one of another library."""
        backend = backend_of(array)
        if self._backend is None:
            self._backend = backend
        elif backend is not self._backend:
            raise DeviceMismatchError(
                f"xg.function: {describe(array)} and values of {self._backend.name} are in one "
                "function. Use to_device before or after it: a recorded program runs in one place."
            )
        self._kind = type(array)

    def _again(self, array: Any, number: int) -> None:
        """Take an array for a value that was computed before."""
        self._numbers[id(array)] = number
        self._kept.append(array)

    def _constant(self, array: Any) -> int:
        number = self._define(array)
        self._constants[number] = array
        return number

    def _followed(self, array: Any, node: Any, where: Where) -> Node:
        """A node by which guards see that the value belongs to the recording."""
        if node is None or type(node) is Cut:
            shape, dtype = tuple(array.shape), array.dtype
            traces, serial = (self.tangents,), next_serial()
            made = Node(None, None, (), (), None, shape, dtype, traces, serial, where)
            self._nodes.append(ref(made))
            return made
        if node.where is None:
            node.where = where
        if self.tangents not in node.traces:
            node.traces = (*node.traces, self.tangents)
            self._nodes.append(ref(node))
        return node  # type: ignore[no-any-return]

    # -- what comes out --------------------------------------------------------------------------

    def program(self, results: list[Tensor]) -> Program:
        """The program that gives these results; when nobody has anything else of what f made."""
        self._lent.refuse_lost()
        numbers = []
        for x in results:
            found = self._find(x.raw, x.node)
            self._leaving.append(x.raw)
            numbers.append(self._constant(x.raw) if found is None else found)
        writes = []
        for variable in self._lent.assigned():
            self._leaving.append(variable.raw)
            writes.append((variable, self._number_of(variable)))
        backend = self._backend
        if backend is None:
            backend = rule_namespace.zeros(()).device.backend
        return Program(
            backend,
            self._specs,
            self._constants,
            self.arguments,
            tuple([(held.variable(), number) for held, number in self._variables.values()]),
            tuple(self._instructions),
            tuple(numbers),  # type: ignore[arg-type]
            tuple(writes),
            self.draws.inputs(),
        )

    def _number_of(self, variable: Variable) -> int:
        """The number of the value that a Variable was given last."""
        number = self._numbers.get(id(variable.raw))
        if number is None:
            raise TracingError(
                f"Variable {variable.name} was assigned inside xg.function and, before that ended, in "
                f"another thread. {ONE_THREAD}"
            )
        return number

    def close(self) -> None:
        """Watch no more, however far that came, and give Variables their former values back."""
        self.__exit__()
        self._lent.take_back()
        self.tangents.given.clear()
        self.tangents.refuses_exits = False  # whoever kept a value may look at it
        del self.told  # as in `hand_over`

    def hand_over(self) -> list[Any]:
        """What the recorded run computed for the outputs of its program; all else is let go of."""
        self._kept.clear()
        del self.draws  # which knows the recording: the collector would have to find that out
        values, self._leaving = self._leaving, []
        return values

    def refuse_what_is_kept(self) -> None:
        """Refuse that values of the recording outlive it, for later calls would not renew them."""
        if not any(node() is not None for node in self._nodes):
            return
        gc.collect()  # what is left may be held by cycles that nobody knows any more
        for reference in self._nodes:
            node = reference()
            if node is not None:
                raise TracingError(
                    f"a Tensor of shape {node.shape}{show_line(node.where)} inside xg.function is "
                    "kept by something outside (an attribute, a list, a global name, a tape): later "
                    "calls replay a program and would leave it as it is. Use a result, or assign to "
                    "a Variable."
                )


def _recording() -> Recording | None:
    for observer in state.observers:
        if isinstance(observer, Recording):
            return observer
    return None


def _store(variable: Variable, method: str, *values: Any) -> bool:
    """Assign inside a recording, by operations that are recorded; False outside."""
    recording = _recording()
    if recording is None:
        return False
    new = _NEW_VALUES[method](variable.value(), *values)
    if new.dtype != variable.dtype:
        new = rule_namespace.astype(new, variable.dtype)
    recording.stored(variable, new)
    return True


def _scattered(x: Tensor, indices: Any, updates: Any, mode: str) -> Tensor:
    flat = rule_namespace.reshape(rule_namespace.asarray(indices), (-1,))
    rows = rule_namespace.reshape(rule_namespace.asarray(updates), (flat.shape[0], *x.shape[1:]))
    rows = rule_namespace.astype(rows, x.dtype)
    if mode == "subtract":
        mode, rows = "add", -rows
    return rule_namespace.scatter(x, flat, rows, axis=0, mode=mode)  # type: ignore[no-any-return]


_SHAPES_DEPEND = {"nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values"}
_SHAPES_MAY_DEPEND = {*_SHAPES_DEPEND, "getitem", "put"}
_NEW_VALUES: dict[str, Callable[..., Any]] = {
    "assign": lambda x, value: rule_namespace.asarray(value, device=x.device),
    "assign_add": lambda x, value: x + rule_namespace.asarray(value, device=x.device),
    "assign_sub": lambda x, value: x - rule_namespace.asarray(value, device=x.device),
    "scatter": _scattered,
    "set": lambda x, key, value: x.at[key].set(value),
}

protocols.store = _store

# What is told, written down by compiled code, or None.
_record = compiled("xgrad.compile._record")
if _record is not None:
    _record.connect(
        Instruction=Instruction,
        Literal=Literal,
        Spec=Spec,
        Node=Node,
        Cut=Cut,
        plain=frozenset(
            [
                p
                for name, p in (PRIMITIVES | WHOLES).items()
                if p.outputs == 1 and name not in _SHAPES_MAY_DEPEND
            ]
        ),
        serials=serials,
    )
