"""Writes into a value that nobody holds: ``x[0][1] = v``, ``x.T[0] = v``, ``x.ravel()[2] = v``.

NumPy's views would write into x. Here a part is a value of its own, so the write would be lost in
silence. Such a part is held by the evaluation stack alone, which its reference count tells: what the
count is for a value without a name is found out once, by trying, and where it does not differ from
that of a value with a name (other interpreters) nothing is refused."""

from __future__ import annotations

from collections.abc import Callable
from opcode import opmap
from sys import getrefcount
from types import FrameType
from typing import Any

from ..errors import ArgumentError
from .spec import describe

__all__ = ["NOBODY", "is_store", "refuse_lost_write"]

_STORES = frozenset({opmap["STORE_SUBSCR"], opmap.get("STORE_SLICE", opmap["STORE_SUBSCR"])})


def is_store(frame: FrameType) -> bool:
    """Whether the present instruction of a frame is ``a[key] = value``."""
    return frame.f_code.co_code[frame.f_lasti] in _STORES


def refuse_lost_write(x: Any) -> None:
    """Raise for a write into a value that nobody holds."""
    raise ArgumentError(
        f"x {describe(x)} has no name, so what was written into it would be lost: a part of a Tensor "
        "is a value of its own, not a view of the whole. Use x[i, j] = v in place of x[i][j] = v, and "
        "a name for what is reshaped or transposed: y = x.T; y[i] = v."
    )


class _Probe:
    """Counts its references as `Tensor.__setitem__` does."""

    def __setitem__(self, key: int, found: list[int]) -> None:
        found.append(getrefcount(self))


def _count(write: Callable[[list[int]], None]) -> int:
    found: list[int] = []
    write(found)
    return found[0]


def _without_a_name(found: list[int]) -> None:
    _Probe()[0] = found


def _with_a_name(found: list[int]) -> None:
    probe = _Probe()
    probe[0] = found


# The reference count of a value without a name, or one that does not occur.
NOBODY = _count(_without_a_name) if _count(_without_a_name) < _count(_with_a_name) else -1
