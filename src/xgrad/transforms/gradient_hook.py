"""gradient_hook: the identity, whose gradient a function sees on its way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._typing import ArrayLike
from ..core.casting import is_inexact
from ..core.spec import describe
from ..core.tensor import Tensor, alias
from ..errors import ArgumentTypeError, DTypeError
from ..interpreters.hooks import Hook, call_hook
from ..ops._arguments import as_operand
from .call import Call, place_of
from .operation import primitive_of, record

__all__ = ["gradient_hook"]

_PRIMITIVE = primitive_of("gradient_hook")


class _Hooked(Call):
    """The identity with a function on its way back."""

    has_push = True
    title = "gradient_hook"

    def __init__(self, x: Any, hook: Hook) -> None:
        place = place_of(x, "x")
        super().__init__([place], [place])
        self._hook = hook

    def gradients(self, gs: list[Tensor | None]) -> list[Tensor | None]:
        """Let the function see what came."""
        return [None if g is None else call_hook(self._hook, g) for g in gs]

    def push(self, _values: Any, tangents: Any) -> Any:
        """Hand on what came: forward mode has no gradients to see."""
        return tangents


def gradient_hook(x: ArrayLike, hook: Callable[[Tensor], Any]) -> Tensor:
    """Return the same value, whose gradient a function sees, and may replace, on its way back.

    Unlike ``x.register_hook``, it concerns what is computed from the result only.

    Parameters
    ----------
    x : Tensor, Variable or array
        Of floating or complex dtype.
    hook : callable
        ``hook(g)``, where g is the gradient with respect to the result, a Tensor; for complex
        values the direction of steepest ascent. Returns None, or the gradient to go on with, of
        the same shape.

    Returns
    -------
    Tensor

    Raises
    ------
    ArgumentTypeError, DTypeError
        If the hook is no function, or x not floating.

    See Also
    --------
    Tensor.register_hook, custom_gradient, grad_pass_through

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable(3.0)
    >>> with xg.GradientTape() as tape:
    ...     y = xg.gradient_hook(x, lambda g: 10 * g) ** 2 + x
    >>> tape.gradient(y, x)
    xg.Tensor(61., shape=(), dtype=float64, device=cpu)
    """
    x = as_operand(x, "gradient_hook")
    if not callable(hook):
        raise ArgumentTypeError(
            f"gradient_hook: hook must be a function, but is a {type(hook).__name__}. Use "
            "gradient_hook(x, lambda g: ...)."
        )
    if not is_inexact(x.dtype):
        raise DTypeError(
            f"gradient_hook: x {describe(x)} has no gradient, because only floating and complex "
            "values do. Use astype to convert it first."
        )
    x = alias(x)
    (y,) = record(_PRIMITIVE, _Hooked(x, hook), [(x.raw, x.node)], [Tensor(x.raw)])
    return y
