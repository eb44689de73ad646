"""Groups of parameters: other arguments for some variables, by a function of the variable.

For each distinct set of other arguments there is one more optimizer of the same class, which lends
its mathematics only: counters and slots are those of the optimizer that was asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError
from ..tree import leaves
from .checks import LearningRate, as_learning_rate, as_rate

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["Exclusions", "Group", "Groups", "group_and_decay"]

_OWN = ("learning_rate", "learning_rate_multiplier", "weight_decay")


class Group(NamedTuple):
    """What one set of variables shares.

    Attributes
    ----------
    rule : Optimizer
        Whose mathematics and weight decay are used.
    learning_rate : float, callable or None
        None means that of the optimizer.
    multiplier : float
        Of the learning rate.
    """

    rule: Optimizer
    learning_rate: LearningRate | None = None
    multiplier: float = 1.0


class Groups:
    """Which group a variable belongs to; those that were met before are kept."""

    def __init__(self) -> None:
        self._made: dict[Any, Group] = {}

    def of(self, optimizer: Optimizer, variable: Any) -> Group:
        """Ask the function that was given as `groups`."""
        other = None if optimizer.groups is None else optimizer.groups(variable)
        if not other:
            return Group(optimizer)
        if not isinstance(other, Mapping):
            raise ArgumentTypeError(
                f"groups must return a dict of arguments or None, but returned a "
                f"{type(other).__name__} for {getattr(variable, 'name', 'a leaf')}. Use "
                "{'weight_decay': 0.0}, for example."
            )
        key = tuple(sorted(other.items(), key=lambda item: str(item[0])))
        if key not in self._made:
            self._made[key] = _make(optimizer, dict(other))
        return self._made[key]


def group_and_decay(
    optimizer: Optimizer, variable: Any, slots: dict[str, Any]
) -> tuple[Group, float | None]:
    """Find the group of a variable, and its weight decay."""
    group = Group(optimizer)
    if optimizer.groups is not None:
        group = optimizer._groups.of(optimizer, variable)
    decay = group.rule.decay_of(slots)
    return group, None if decay and optimizer._excluded.contain(variable) else decay


def _make(optimizer: Optimizer, other: dict[str, Any]) -> Group:
    kind = type(optimizer).__name__
    possible = {*_OWN, *optimizer.hyperparameters}
    if unknown := set(other) - possible:
        raise ArgumentError(
            f"groups returned {sorted(map(str, unknown))}, which cannot differ between variables "
            f"of a {kind}. Use some of {sorted(possible)}."
        )
    multiplier = as_rate(other.pop("learning_rate_multiplier", 1.0), "learning_rate_multiplier")
    rate = other.pop("learning_rate", None)
    config = {**optimizer.options(), "learning_rate": 0.0, "groups": None}
    rule = optimizer.from_config({**config, **other})
    if rule.slot_names != optimizer.slot_names:
        raise ArgumentError(
            f"groups returned {other}, with which a {kind} keeps {rule.slot_names} and not "
            f"{optimizer.slot_names}. Use two optimizers."
        )
    return Group(rule, None if rate is None else as_learning_rate(rate), multiplier)


class Exclusions:
    """Which variables keep their full value where others decay.

    Attributes
    ----------
    variables : list
        Variables, or leaves of params.
    names : re.Pattern or None
        Variables with a name in which this is found.
    """

    def __init__(self) -> None:
        self.variables: list[Any] = []
        self.names: re.Pattern[str] | None = None

    def set(self, var_list: Any, var_names: Iterable[str] | None) -> None:
        """Replace what was excluded before."""
        names = [var_names] if isinstance(var_names, str) else list(var_names or ())
        self.names = re.compile("|".join(names)) if names else None
        self.variables = leaves(var_list)

    def contain(self, variable: Any) -> bool:
        """Whether a Variable, or another leaf of params, was excluded."""
        if any(variable is excluded for excluded in self.variables):
            return True
        if self.names is None or not isinstance(variable, Variable):
            return False
        return self.names.search(variable.name) is not None
