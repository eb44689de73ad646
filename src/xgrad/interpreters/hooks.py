"""Hooks: functions that see, and may replace, the gradient of a value while the walk goes by.

They are kept in the place of the node's plan, so that a value without hooks costs nothing: the hot
path of the walk stops at a plan that is not a simple one, and there the hooks are looked for."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from weakref import ref

from ..core.casting import is_inexact
from ..core.node import Node
from ..core.primitive import KEEPS_ELSE, Plan
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentTypeError, DTypeError
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import steepest
from .arguments import fitted
from .trace import make_followable

__all__ = ["Hook", "HookedPlan", "RemovableHook", "call_hook"]

Hook = Callable[[Tensor], Any]

_numbers = itertools.count()


class HookedPlan(Plan):
    """The plan of a node that has hooks.

    Attributes
    ----------
    hooks : dict
        From a number of their own to the functions, in the order in which they came.
    """

    __slots__ = ("__weakref__", "hooks")

    def __init__(self, plan: Plan | None) -> None:
        if plan is None:
            super().__init__(lambda *_: (), (), (), None, KEEPS_ELSE, False)
        else:
            super().__init__(plan.save, plan.owners, plan.calls, None, plan.code, plan.guarded)
        self.hooks: dict[int, Hook] = {}

    def run(self, g: Any, recorded: bool) -> Any:
        """Let every hook see the cotangent and take what it returns instead."""
        if not self.hooks:
            return g
        x = steepest(rule_namespace, g if recorded else Tensor(g))
        for hook in list(self.hooks.values()):
            x = call_hook(hook, x)
        x = steepest(rule_namespace, x)
        return x if recorded else x.raw


class RemovableHook(AbstractContextManager["RemovableHook"]):
    """What `register_hook` returns; leaving its ``with`` block removes the hook, too."""

    def __init__(self, plan: HookedPlan, number: int) -> None:
        self._plan = ref(plan)
        self._number = number

    def remove(self) -> None:
        """Take the hook off; once more does nothing."""
        plan = self._plan()
        if plan is not None:
            plan.hooks.pop(self._number, None)

    def __exit__(self, *error: object) -> None:
        self.remove()


def call_hook(hook: Hook, g: Tensor) -> Tensor:
    """What a hook makes of a gradient, in the user's convention for complex numbers."""
    new = hook(g)
    return g if new is None else fitted(new, g, "gradient hook: what it returned,", "gradient")


def _register(x: Any, hook: Hook) -> RemovableHook:
    if not callable(hook):
        raise ArgumentTypeError(
            f"register_hook: the hook must be a function, but is a {type(hook).__name__}. Use "
            "x.register_hook(lambda g: ...)."
        )
    if not is_inexact(x.dtype):
        raise DTypeError(
            f"register_hook: x {describe(x)} has no gradient, because only floating and complex "
            "values do. Use astype to convert it first."
        )
    node: Node = make_followable(x)
    if not isinstance(node.plan, HookedPlan):
        node.plan = HookedPlan(node.plan)
    hooks = node.plan.hooks
    number = next(_numbers)
    hooks[number] = hook
    return RemovableHook(node.plan, number)


protocols.register_hook = _register
