"""The arguments of a function that is differentiated: Tensors of their own, still connected.

A transform must not confuse its argument with anything else that has the same value: the same array
given twice, or a Tensor that the function also closes over. So each argument becomes a new Tensor;
who watches from outside follows it as a view of the old one. The function is given another handle
of it, because one that it changes in place means another value afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .._typing import SCALAR_TYPES, Nest
from ..backends import is_array
from ..core.casting import is_inexact
from ..core.dispatch import apply1
from ..core.handle import Handle
from ..core.instructions import primitive
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from ..interpreters.trace import active_traces
from ..ops.rule_namespace import rule_namespace
from ..tree import TreeDef, flatten, unflatten

__all__ = [
    "Inputs",
    "argument_numbers",
    "isolated",
    "output_leaves",
    "scalar_output",
]

_RESHAPE = primitive("reshape")


class Inputs:
    """The arguments of a call, of which some are differentiated.

    Attributes
    ----------
    leaves : list of Tensor
        What to differentiate with respect to; those of an argument that is named twice stand twice.
    """

    def __init__(self, args: tuple[Any, ...], argnums: int | Sequence[int], caller: str) -> None:
        self._args = list(args)
        self._single = isinstance(argnums, int)
        numbers = (argnums,) if isinstance(argnums, int) else argnums
        self._numbers = [_argument_number(n, args, caller) for n in numbers]
        nests = [args[n] for n in self._numbers]
        found, self._treedef = flatten(nests)
        names = [_which(self._numbers, self._treedef, i) for i in range(len(found))]
        own = {
            name: isolated(x, f"{caller}: argument {name}")
            for name, x in zip(names, found, strict=True)
        }
        self.leaves = [own[name] for name in names]

    @property
    def args(self) -> tuple[Any, ...]:
        """All arguments, with handles of the new Tensors in place, which the function may rebind."""
        args = list(self._args)
        handles = [Tensor(x.raw, x.node) for x in self.leaves]
        for n, nest in zip(self._numbers, self.nests(handles), strict=True):
            args[n] = nest
        return tuple(args)

    def nests(self, leaves: list[Any]) -> list[Nest]:
        """Values, one per leaf, in the structure of each argument."""
        found: list[Nest] = unflatten(self._treedef, leaves)
        return found

    def result(self, leaves: list[Any]) -> Nest:
        """Values, one per leaf, as what a transform returns: a tuple for several argument numbers."""
        nests = self.nests(leaves)
        return nests[0] if self._single else tuple(nests)


def isolated(x: Any, name: str) -> Tensor:
    """A value as a Tensor that nothing else shares, connected to the old one for those outside."""
    if isinstance(x, Variable):
        x = x.value()
    elif is_array(x) or type(x) in SCALAR_TYPES:
        x = rule_namespace.asarray(x)
    if not isinstance(x, Tensor):
        raise ArgumentTypeError(
            f"{name} is a {type(x).__name__}, but must be a Tensor, a Variable, an array, a number "
            "or a nest of them. Use xg.asarray to make a Tensor of it."
        )
    if not is_inexact(x.dtype):
        raise DTypeError(
            f"{name} {describe(x)} has no derivative, because only floating and complex values "
            "have. Use astype, or argnums= to differentiate with respect to another argument."
        )
    protocols.read(x)
    # Also inside a function with a rule of its own, whose arguments may leave xgrad: the rule sees this.
    if x.node is not None and any(trace.reads(x.node) for trace in active_traces()):
        return apply1(_RESHAPE, x, {"shape": x.shape})  # type: ignore[no-any-return]
    return Tensor(x.raw)


def argument_numbers(argnums: Any, caller: str) -> int | tuple[int, ...]:
    """Check the numbers of the arguments to differentiate with respect to, whatever they are."""
    numbers = tuple(argnums) if isinstance(argnums, Iterable) else (argnums,)
    for number in numbers:
        if isinstance(number, bool) or not hasattr(number, "__index__"):
            raise ArgumentTypeError(
                f"{caller}: argnums must be an int or a sequence of ints, but holds {number!r}."
            )
    numbers = tuple(map(int, numbers))
    return numbers if isinstance(argnums, Iterable) else numbers[0]


def output_leaves(y: Nest, caller: str, f: Callable[..., Any]) -> tuple[list[Any], TreeDef]:
    """The Tensors that a function returned, and its structure."""
    found, treedef = flatten(y, none_is_leaf=True)
    for part in found:
        if not isinstance(part, Handle):
            raise ArgumentTypeError(_not_a_tensor(part, caller, f))
    return [_own(part) for part in found], treedef


def scalar_output(y: Any, caller: str, f: Callable[..., Any]) -> Tensor:
    """The scalar that a function returned."""
    if not isinstance(y, (Tensor, Variable)):
        raise ArgumentTypeError(_not_a_tensor(y, caller, f))
    if y.shape != ():
        raise ShapeError(
            f"{caller}: {_name(f)} returned {describe(y)}, but must return a scalar, of shape (). "
            "Use xg.sum, or xg.jacobian for all elements."
        )
    return _own(y)


def _own(y: Any) -> Tensor:
    """A handle of a result that its caller cannot rebind."""
    return y.value() if isinstance(y, Variable) else Tensor(y.raw, y.node)


def _not_a_tensor(part: Any, caller: str, f: Callable[..., Any]) -> str:
    hint = "Use functions of xgrad or NumPy's on Tensors, not float() or .numpy()."
    if part is None:
        hint = "Did it forget to return a value?"
    elif isinstance(part, tuple):
        hint = "Use has_aux=True if the first of these is to be differentiated."
    return (
        f"{caller}: {_name(f)} returned a {type(part).__name__}, but must return a Tensor that was "
        f"computed from its arguments. {hint}"
    )


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", type(f).__name__)


def _argument_number(number: int, args: tuple[Any, ...], caller: str) -> int:
    if not -len(args) <= number < len(args):
        raise ArgumentError(
            f"{caller}: argnums {number} is out of range for {len(args)} positional arguments. Use "
            "the place of an argument, counted from 0; keyword arguments have none."
        )
    return number % len(args)


def _which(numbers: list[int], treedef: TreeDef, leaf: int) -> str:
    """The argument's number, and the leaf's where there are several."""
    for number, child in zip(numbers, treedef.children, strict=True):
        if leaf < child.num_leaves:
            return f"{number}" if child.kind is None else f"{number}, leaf {leaf}"
        leaf -= child.num_leaves
    raise AssertionError(leaf)
