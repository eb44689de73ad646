"""What optimizers ask of their arguments, all of it before anything is changed.

A gradient must have its variable's shape, device and a dtype of its kind; a pair is a gradient and
a Variable; a learning rate is a finite number or a function of the step."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from .._typing import Array, ArrayLike
from ..backends import backend_of, is_array
from ..backends.base import dtype_name
from ..core.casting import cast_within_kind, dtype_kind, is_inexact, to_array
from ..core.handle import Handle, Sparse
from ..core.observers import confine, settings, user_stacklevel
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import (
    ArgumentError,
    ArgumentTypeError,
    DeviceMismatchError,
    DTypeError,
    ShapeError,
)
from ..ops.rule_namespace import rule_namespace

__all__ = [
    "LearningRate",
    "as_count",
    "as_fraction",
    "as_global_step",
    "as_gradient",
    "as_gradients",
    "as_learning_rate",
    "as_mapping",
    "as_pairs",
    "as_positive",
    "as_rate",
    "as_tensor",
    "as_variable",
    "constrained",
    "drop_unconnected",
]

LearningRate = float | Handle | Callable[..., Any]


def as_learning_rate(value: Any, computed: bool = False) -> LearningRate:
    """Take a learning rate: a number as a float, a Tensor of one, or a function of the step.

    A number must not be negative, unless it was `computed`; what is in a Tensor is not looked at."""
    if isinstance(value, Handle) and is_inexact(value.raw.dtype):
        if tuple(value.raw.shape) != ():
            raise ShapeError(
                f"learning_rate {describe(value)} must be one number without axes. Use "
                "xg.reshape(learning_rate, ()), or groups= for different ones."
            )
        return value
    if callable(value):
        return value  # type: ignore[no-any-return]
    number = as_rate(value, "learning_rate")
    if number < 0.0 and not computed:
        raise ArgumentError(
            f"learning_rate must not be negative, but is {value}: steps would climb. Use the loss "
            "with a minus sign to climb, or a function of the step."
        )
    return number


def as_rate(value: Any, what: str) -> float:
    """Take a finite number as a float; a Tensor of one element counts as a number."""
    number = value.item() if getattr(value, "shape", None) == () else value
    if isinstance(number, bool) or not isinstance(number, Real):
        raise ArgumentTypeError(
            f"{what} must be a number or a function of the step, but is {value!r} "
            f"({type(value).__name__}). Use a float such as 0.01, or lambda step: 0.1 / (1 + step)."
        )
    if not math.isfinite(number):
        raise ArgumentError(f"{what} must be finite, but is {number}. Use a float such as 0.01.")
    return float(number)


def as_fraction(value: Any, name: str, closed: bool = False) -> float:
    """Take a number from 0 on and below 1; `closed` lets 1 pass too."""
    number = as_rate(value, name)
    if not (0.0 <= number < 1.0 or (closed and number == 1.0)):
        bounds = "between 0 and 1" if closed else "at least 0 and below 1"
        raise ArgumentError(f"{name} must be {bounds}, but is {value}. Use a number such as 0.9.")
    return number


def as_positive(value: Any, name: str) -> float:
    """Take a number that is not negative."""
    number = as_rate(value, name)
    if number < 0.0:
        raise ArgumentError(f"{name} must not be negative, but is {value}.")
    return number


def as_count(value: Any, name: str, optional: bool = False) -> int:
    """Take an integer from 1 on; `optional` where None, which is looked for before, means none."""
    hint = "Use None for none." if optional else "Use an integer such as 10."
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ArgumentTypeError(f"{name} must be an integer, but is {value!r}. {hint}")
    if value < 1:
        raise ArgumentError(f"{name} must be at least 1, but is {value}. {hint}")
    return int(value)


def as_mapping(value: Any, name: str) -> dict[str, Any]:
    """Take a dict as a new one."""
    if not isinstance(value, Mapping):
        raise ArgumentTypeError(
            f"{name} must be a dict, but is a {type(value).__name__}. Use what an optimizer of the "
            "same class returned."
        )
    return dict(value)


def as_pairs(grads_and_vars: Iterable[Any], what: str) -> list[tuple[Any, Variable]]:
    """Check a list of (gradient or None, Variable); an error says which entry is none."""
    if not isinstance(grads_and_vars, Iterable):
        raise ArgumentTypeError(
            f"{what}: grads_and_vars must be a list of pairs (gradient, variable), but is a "
            f"{type(grads_and_vars).__name__}. Use zip(gradients, variables)."
        )
    pairs = []
    for i, pair in enumerate(grads_and_vars):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ArgumentError(
                f"{what}: entry {i} must be a pair (gradient, variable), but is a "
                f"{type(pair).__name__}. Use zip(gradients, variables)."
            )
        g, variable = pair
        if not isinstance(variable, Variable):
            hint = (
                "The gradient comes first."
                if isinstance(g, Variable)
                else (
                    "Use xg.Variable for what is to be changed, or update(), which changes nothing."
                )
            )
            raise ArgumentTypeError(
                f"{what}: the second of entry {i} must be a Variable, but is a "
                f"{type(variable).__name__}. {hint}"
            )
        pairs.append((g, variable))
    return pairs


def drop_unconnected(pairs: list[tuple[Any, Variable]], what: str) -> list[tuple[Any, Variable]]:
    """Keep the pairs that have a gradient; one warning names the others.

    Raises
    ------
    ArgumentError
        If there are none.
    """
    kept = [(g, variable) for g, variable in pairs if g is not None]
    missing = ", ".join(repr(variable.name) for g, variable in pairs if g is None)
    if not kept:
        found = f"that of {missing} is None" if missing else "the list is empty"
        raise ArgumentError(
            f"No gradients provided for any variable: {what}: {found}. Use "
            "tape.explain(loss, variable) to see where the path from the variable to the loss "
            "breaks."
        )
    if missing:
        warnings.warn(
            f"Gradients do not exist for variables [{missing}], which keep their values. Use "
            "tape.explain(loss, variable) to see why, or leave them out.",
            UserWarning,
            stacklevel=user_stacklevel(),
        )
    return kept


def as_gradient(g: ArrayLike, w: Tensor | Variable, name: str, what: str) -> Tensor:
    """Take a gradient as a Tensor of the shape, dtype and device of what it changes.

    Raises
    ------
    ShapeError, DeviceMismatchError, DTypeError
        If it does not fit; nothing broadcasts and nothing moves between devices by itself.
    """
    if _fits(g, w):
        return g if isinstance(g, Tensor) else Tensor(g)
    if not is_inexact(w.dtype):
        raise DTypeError(
            f"{what}: {name} {describe(w)} has dtype {dtype_name(w.dtype)}; only floating and "
            "complex values can be optimized. Use astype to convert it first."
        )
    if isinstance(g, Sparse):
        g = g.to_dense()  # repeated indices add up, so that the step is that of a dense gradient
    if isinstance(g, Handle):
        tensor: Any = g
    else:
        tensor = Tensor(to_array(g, device=None if is_array(g) else w.device))
    if tensor.shape != w.shape:
        raise ShapeError(
            f"{what}: the gradient {describe(tensor)} must have the shape {w.shape} of {name} "
            f"{describe(w)}. Use the gradient that the tape returned for this variable."
        )
    backend = backend_of(w.raw)
    alike = backend_of(tensor.raw) is backend
    if not (alike and backend.one_device) and tensor.device != w.device:
        raise DeviceMismatchError(
            f"{what}: the gradient {describe(tensor)} must be where {name} {describe(w)} is. Use "
            f".to_device({str(w.device)!r})."
        )
    if tensor.dtype != w.dtype:
        cast_within_kind(tensor.raw, w.dtype, f"{what}: the gradient", name)
        tensor = rule_namespace.astype(tensor, w.dtype)
    return tensor  # type: ignore[no-any-return]


def _fits(g: Any, w: Tensor | Variable) -> bool:
    """Whether a gradient is a Tensor or array that can be used as it is (a hot path)."""
    new, old = g.raw if type(g) is Tensor else g, w.raw
    return (
        type(new) is type(old)
        and new.shape == old.shape
        and new.dtype == old.dtype
        and is_inexact(old.dtype)
        and backend_of(old).one_device
    )


def as_gradients(pairs: list[tuple[Any, Variable]], what: str) -> list[Tensor]:
    """Take the gradients of pairs that have one as Tensors that fit their Variables."""
    if settings.told:
        confine(what, [getattr(g, "node", None) for g, _ in pairs])
    return [as_gradient(g, v, v.name, what) for g, v in pairs]


def as_global_step(value: Any, what: str) -> Variable | None:
    """Check a Variable that counts steps; None passes."""
    if value is None:
        return None
    if not isinstance(value, Variable):
        raise ArgumentTypeError(
            f"{what}: global_step must be a Variable, but is a {type(value).__name__}. Use "
            "xg.Variable(0, trainable=False), or the optimizer's own .iterations."
        )
    if value.shape != () or dtype_kind(value.dtype) in ("bool", "complex"):
        raise ArgumentError(
            f"{what}: global_step {describe(value)} must be a single number. Use "
            "xg.Variable(0, trainable=False)."
        )
    return value


def constrained(variable: Variable, value: Array) -> Array:
    """Apply a Variable's constraint, if it has one, to its new value."""
    value = backend_of(variable.raw).finish(value)
    if variable.constraint is None:
        return value
    return variable._fit(variable.constraint(Tensor(value)), f"constraint of {variable.name}")


def as_variable(value: Any, what: str) -> Variable:
    """Check that something is a Variable."""
    if not isinstance(value, Variable):
        raise ArgumentTypeError(f"{what}: expected a Variable, but got a {type(value).__name__}.")
    return value


def as_tensor(value: Any) -> Tensor:
    """Take a Tensor, a Variable's value or an array as a Tensor."""
    if isinstance(value, Variable):
        return value.value()
    if isinstance(value, Handle):
        return value  # type: ignore[return-value]
    return Tensor(to_array(value))
