"""One call of a function with a gradient of its own: the user's rules, and what they must return.

Count, structure, shape, dtype and device of what a rule returns are checked as soon as it returns,
with the names of the arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .._typing import Array, Nest
from ..core.casting import is_inexact
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError, NotDifferentiableError
from ..ops.rule_namespace import rule_namespace
from ..tree import TreeDef, flatten, show
from .arguments import Arguments, by_path, fit
from .call import Call, Place, place_of
from .held import held

__all__ = ["CustomCall", "Rule", "kind_of"]

Rule = Callable[..., Any]


class CustomCall(Call):
    """One call of a function with a gradient of its own."""

    def __init__(
        self,
        name: str,
        arguments: Arguments,
        results: Sequence[Place],
        structure: TreeDef,
        rule: Rule,
        variables: dict[Variable, Array],
        jvp: Rule | None,
    ) -> None:
        places = [place_of(v, f"variable {v.name!r}") for v in variables]
        super().__init__([*arguments.places, *places], results)
        self._name = name
        self._arguments = arguments
        self._structure = structure
        self._rule = rule
        self._variables = variables
        self._jvp = jvp
        self.has_push = jvp is not None
        self.title = f"custom_gradient: {name}"

    def gradients(self, gs: list[Tensor | None]) -> list[Tensor | None]:
        """Call `grad_fn` and check what it returns."""
        if self._variables:
            with held(self._variables):
                returned = self._called(gs, variables=list(self._variables))
            returned, of_variables = self._pair(returned)
        else:
            returned, of_variables = self._called(gs), []
        matched = self._arguments.match(returned)
        if matched is None:
            raise self._misfit(returned)
        what = f"custom_gradient: {self._name}: the gradient of"
        return [
            fit(g, place, what)
            for g, place in zip([*matched, *of_variables], self.operands, strict=True)
        ]

    def _called(self, gs: list[Tensor | None], **variables: list[Variable]) -> Any:
        """What `grad_fn` returns; an error that says how many it is given, if that is not its number."""
        try:
            return self._rule(*gs, **variables)
        except TypeError as error:
            if _takes(self._rule, gs, variables):  # the error is one of its own
                raise
            raise ArgumentError(
                f"custom_gradient: grad_fn of {self._name} must take {len(gs)} gradients, one for "
                f"each array in the result {show(self._structure)}: {error}. Use "
                "grad_fn(dy1, dy2) and so on, or grad_fn(*dys)."
            ) from error

    def _misfit(self, returned: Any) -> ArgumentError:
        """What to say of gradients that do not belong to the arguments."""
        count, names = self._arguments.expected()
        structure = flatten(returned, none_is_leaf=True)[1]
        if structure.has_names:
            return ArgumentError(
                f"custom_gradient: grad_fn of {self._name} returned {show(structure)}, which does "
                f"not have the structure of {names}. Use the same names, and None for what has no "
                "gradient."
            )
        given = len(returned) if isinstance(returned, (tuple, list)) else 1
        return ArgumentError(
            f"custom_gradient function expected to return {count} gradients, but returned {given} "
            f"instead: {self._name}: one for each of {names}, in the structure of that argument. "
            "Use None for what has no gradient."
        )

    def _pair(self, returned: Any) -> tuple[Any, list[Any]]:
        if not isinstance(returned, (tuple, list)) or len(returned) != 2:
            raise ArgumentTypeError(
                f"custom_gradient: grad_fn of {self._name} was given variables, so it must return "
                f"a pair (gradients, gradients of the variables), but returned "
                f"{kind_of(returned)}."
            )
        of_variables = returned[1] if isinstance(returned[1], (tuple, list)) else [returned[1]]
        if len(of_variables) != len(self._variables):
            names = ", ".join(variable.name for variable in self._variables)
            raise ArgumentError(
                "Must return gradient for each variable from @custom_gradient grad_fn: "
                f"{self._name}: {len(self._variables)} expected, for {names}, but "
                f"{len(of_variables)} returned. Use None for what has no gradient."
            )
        return returned[0], list(of_variables)

    def push(
        self, values: Sequence[Tensor], tangents: Sequence[Tensor | None]
    ) -> list[Tensor | None]:
        """Apply the user's rule of forward mode."""
        assert self._jvp is not None
        count = len(self.operands) - len(self._variables)
        if any(t is not None for t in tangents[count:]):
            names = ", ".join(repr(variable.name) for variable in self._variables)
            raise NotDifferentiableError(
                f"custom_gradient: the forward rule of {self._name} has no tangents for the "
                f"variables that it uses besides its arguments: [{names}]. Use them as arguments."
            )
        directions = [
            rule_namespace.zeros_like(Tensor(x.raw)) if t is None else t
            for x, t in zip(values[:count], tangents[:count], strict=True)
        ]
        primals = tuple(self._arguments.nests(self._arguments.merged(values[:count])))
        given = tuple(self._arguments.nests(self._arguments.spread(directions)))
        returned = self._jvp(primals, given)
        if not isinstance(returned, (tuple, list)) or len(returned) != 2:
            raise ArgumentTypeError(
                f"custom_gradient: the forward rule of {self._name} must return a pair (y, "
                f"tangent), but returned {kind_of(returned)}."
            )
        found = self._tangents(returned[1])
        what = f"custom_gradient: the forward rule of {self._name}: the tangent of"
        return [
            fit(t, place, what) if is_inexact(place.dtype) else None
            for t, place in zip(found, self.results, strict=True)
        ]

    def _tangents(self, returned: Nest) -> list[Any]:
        """One tangent for each result, by its name where there are names, else by its place."""
        paths = self._structure.paths
        parts = {p: t for p, t in by_path(returned).items() if t is not None or p in paths}
        if parts.keys() == set(paths):
            return [parts[path] for path in paths]
        found, structure = flatten(returned, none_is_leaf=True)
        if structure.has_names:
            raise ArgumentError(
                f"custom_gradient: the forward rule of {self._name} returned the tangents "
                f"{show(structure)} for the results {show(self._structure)}. Use the same names, "
                "and None where nothing moves."
            )
        if len(found) != len(paths):
            raise ArgumentError(
                f"custom_gradient: the forward rule of {self._name} must return a tangent for each "
                f"of {len(paths)} results, but returned {len(found)}. Use None where nothing moves."
            )
        return found


def _takes(rule: Rule, gs: list[Any], variables: dict[str, Any]) -> bool:
    """Whether a function takes these arguments, as far as that is to be seen."""
    try:
        inspect.signature(rule).bind(*gs, **variables)
    except TypeError:
        return False
    except ValueError:  # there is no signature
        return True
    return True


def kind_of(returned: Any) -> str:
    """Say what a function returned, for an error message."""
    if isinstance(returned, (tuple, list)):
        inside = ", ".join(type(part).__name__ for part in returned)
        return f"a {type(returned).__name__} of {len(returned)} ({inside})"
    return f"a {type(returned).__name__}"
