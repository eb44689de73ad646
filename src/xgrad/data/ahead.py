"""Work done ahead of time: while one batch is used, the next ones are made in a thread.

What is ahead is thrown away when something else is asked for than what was expected."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

__all__ = ["Ahead"]


class Ahead:
    """Makes values for places that follow each other; a context manager, which ends the thread.

    Parameters
    ----------
    make : callable
        ``make(place)``.
    following : callable
        ``following(place)``, the place after it; None after the last one.
    depth : int
        How many values to make ahead; 0 makes each when it is asked for, without a thread.
    """

    def __init__(
        self, make: Callable[[int], Any], following: Callable[[int], int | None], depth: int
    ) -> None:
        self._make = make
        self._following = following
        self._depth = depth
        self._ahead: deque[tuple[int, Future[Any]]] = deque()
        self._thread = ThreadPoolExecutor(1, "xgrad-data") if depth else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def value(self, place: int) -> Any:
        """Give the value of a place, and have the next ones made."""
        if self._thread is None:
            return self._make(place)
        if self._ahead and self._ahead[0][0] != place:
            for _, future in self._ahead:
                future.cancel()
            self._ahead.clear()
        last: int | None = self._ahead[-1][0] if self._ahead else None
        while len(self._ahead) <= self._depth:
            last = place if last is None else self._following(last)
            if last is None:
                break
            self._ahead.append((last, self._thread.submit(self._make, last)))
        return self._ahead.popleft()[1].result()
