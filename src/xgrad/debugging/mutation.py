"""Was an array changed under the tape: fingerprints of what nodes keep, compared in backward.

A Tensor wraps an array without copying it, and a node keeps arrays, not copies. xgrad never changes
one, but whoever still holds the array can, and then gradients are silently those of other values."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from typing import Any
from weakref import WeakKeyDictionary

from ..backends import backend_of
from ..core.inspection import Event, Inspector, seat
from ..core.node import Cut, Node
from ..core.observers import show_line, user_line
from ..core.spec import describe
from ..core.switch import Restore
from ..errors import MutationError
from .words import kept_values

__all__ = ["detect_mutation"]


def detect_mutation(enabled: bool) -> AbstractContextManager[None]:
    """Switch on or off that arrays which were changed under a tape are found and named.

    While on, every array that a recorded operation keeps for its gradient is fingerprinted, and
    compared when the gradient is taken. Works as a function and as a context manager, for the
    thread that calls it.

    Parameters
    ----------
    enabled : bool

    Returns
    -------
    context manager
        Leaving its block restores the former setting.

    Raises
    ------
    MutationError
        Later, by `gradient`: with the operation, the operand and the user's line.

    Notes
    -----
    A fingerprint reads the whole array, and copies it to the host first if it is elsewhere. What
    was recorded before is not looked at. Off, it costs nothing.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> data = np.asarray([1.0, 2.0])
    >>> x = xg.asarray(data)
    >>> with xg.debugging.detect_mutation(True), xg.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = xg.sum(x * x)
    ...     data[0] = 100.0
    ...     tape.gradient(y, x)
    Traceback (most recent call last):
    ...
    xgrad.errors.MutationError: x2 of multiply at ... was changed after it was recorded ...
    """
    place = seat()
    former = place.put("mutation", _Detector() if enabled else None)
    return Restore(lambda: place.put("mutation", former))


class _Detector(Inspector):
    """Keeps a fingerprint of every array that a node keeps."""

    def __init__(self) -> None:
        self._taken: WeakKeyDictionary[Node, list[bytes]] = WeakKeyDictionary()

    def operation(self, event: Event) -> None:
        node = event.node
        if node is not None and type(node) is not Cut:
            self._taken[node] = [_fingerprint(value) for _, value in kept_values(node)]

    def visit(self, node: Node) -> None:
        taken = self._taken.get(node)
        if taken is None:
            return
        for (name, value), before in zip(kept_values(node), taken, strict=True):
            if _fingerprint(value) != before:
                raise _changed(node, name, value)


def _fingerprint(value: Any) -> bytes:
    if not hasattr(value, "shape"):
        return repr(value).encode()
    backend, array = backend_of(value).bottom(value)
    return hashlib.blake2b(backend.to_numpy(array).tobytes(), digest_size=16).digest()


def _changed(node: Node, name: str, value: Any) -> MutationError:
    assert node.primitive is not None
    return MutationError(
        f"{name} of {node.primitive.name}{show_line(node.where)} was changed after it was recorded "
        f"and before the gradient was taken{show_line(user_line(4))}: {describe(value)}, which the "
        "gradient would use as it is now. Use a copy for what is to be changed, or "
        "xg.asarray(array, copy=True) for what is to be kept; x[i] = v on a Tensor makes a new "
        "value of it."
    )
