"""``xgrad check``: is every gradient right on this machine? A row per instruction, and a verdict."""

from __future__ import annotations

import time
from collections.abc import Sequence

import xgrad as xg

from ..core.instructions import PRIMITIVES
from ..testing.selfcheck import Verdict, self_check

__all__ = ["check"]

_WIDTH = max(map(len, PRIMITIVES)) + 2
_COLUMNS = f"{'instruction':{_WIDTH}}{'kind':13}{'value':>8}{'reverse':>9}{'forward':>9}"


def check(*, device: str | None, dtype: str, order: int, names: Sequence[str] = ()) -> int:
    """Check all instructions and print what was found.

    Parameters
    ----------
    device : str or None
        The default device if None.
    dtype : str
    order : int
        Of the derivatives.
    names : sequence of str
        Of the instructions; all of them where there are none.

    Returns
    -------
    int
        The exit status: 1 if anything is wrong.
    """
    place = xg.default_device() if device is None else xg.device(device)
    print(f"derivatives up to order {order} in {dtype} on {place}, against differences of values\n")
    print(_COLUMNS)
    start = time.perf_counter()
    found = []
    for verdict in self_check(place, dtype, order, names):
        print(_row(verdict), flush=True)
        found.append(verdict)
    print(f"\n{_summary(found, time.perf_counter() - start)}")
    return 1 if any(verdict.is_wrong for verdict in found) else 0


def _row(verdict: Verdict) -> str:
    row = (
        f"{verdict.name:{_WIDTH}}{verdict.kind:13}{verdict.value:>8}{verdict.reverse:>9}"
        f"{verdict.forward:>9}"
    )
    return f"{row}  {verdict.problem}" if verdict.problem else row


def _summary(found: list[Verdict], seconds: float) -> str:
    wrong = [verdict.name for verdict in found if verdict.is_wrong]
    absent = [verdict.name for verdict in found if verdict.value == "absent"]
    right = len(found) - len(wrong) - len(absent)
    text = f"{right} of {len(found)} instructions are right, in {seconds:.1f} s"
    if absent:
        text += f"\nabsent here: {', '.join(absent)}"
    if wrong:
        text += f"\nWRONG: {', '.join(wrong)}"
    return text
