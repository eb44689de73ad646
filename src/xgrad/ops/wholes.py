"""Parts of gradients that a recorded program keeps as one instruction.

A rule may be made of several steps for which a backend has one function. On Tensors it is made of the
steps, which have rules of their own. Where they are only written down, and nobody is there to follow them, the
program has the backend's function in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..backends import backend_of
from ..core.dispatch import apply
from ..core.handle import Handle
from ..core.observers import state
from ..core.primitive import Kind, Primitive, define

__all__ = ["WHOLES", "kept_whole"]

WHOLES: dict[str, Primitive] = define(
    {
        Kind.GENERAL: """
            absorb_zeros(r, g) cholesky_cotangent(g, y) standardize_cotangent(g, x; axis, epsilon)""",
        Kind.ELEMENTWISE: "activate_cotangent(g, x; function) relu_cotangent(g, y)",
    }
)
_EVERYWHERE = ("absorb_zeros", "cholesky_cotangent")  # others where a backend says so
WHOLES["absorb_zeros"].may_do_nothing = True


def kept_whole(
    name: str, operands: Sequence[Any], parameters: dict[str, Any], compose: Callable[..., Any]
) -> Any:
    """Apply one of `WHOLES` as one instruction, or as its steps where those may be followed."""
    observers = state.observers
    if not observers or not all(getattr(o, "keeps_wholes", False) for o in observers):
        return compose(*operands, **parameters)
    whole = WHOLES[name]
    backends = [backend_of(x.raw) for x in operands if isinstance(x, Handle)]
    if any(backend.nests for backend in backends) or len(operands) != len(whole.operands):
        return compose(*operands, **parameters)
    if name not in _EVERYWHERE and not all(name in backend.wholes for backend in backends):
        return compose(*operands, **parameters)  # its steps are fused with others
    return apply(whole, operands, parameters)
