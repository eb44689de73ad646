"""What a backend that can start a whole list of launches at once answers: the words for CUDA graphs.

A capture writes down what a function starts, with the addresses of its arrays, without running it. So
a `Captured` keeps the arrays that it reads and writes; its callers' are copied in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from .._typing import Array
from .options import options

__all__ = ["CaptureRefusedError", "Captured", "Capturer", "Settings", "settings"]


class CaptureRefusedError(Exception):
    """A function cannot be captured; the message says why. It never leaves xgrad."""


class Settings(NamedTuple):
    """The switches that decide whether a program is captured, and what is baked into it."""

    graphs: str
    check_indices: bool
    deterministic: bool
    matmul_precision: str | None


def settings() -> Settings:
    """The switches as they stand."""
    return Settings(
        options.graphs, options.check_indices, options.deterministic, options.matmul_precision
    )


class Captured(Protocol):
    """Launches that are started together.

    Attributes
    ----------
    kept_bytes : int
        The device memory that is kept for them.
    """

    kept_bytes: int

    def run(self, inputs: Sequence[Array]) -> list[Array] | None:
        """Arrays that are the caller's own, for arrays of the shapes and dtypes of the capture.

        None where nothing can be started at once, as inside a capture of the caller's own."""


class Capturer(Protocol):
    """Captures functions on one device.

    Attributes
    ----------
    xp : Functions
        The functions that may be captured, where a backend's own may not.
    """

    xp: Any

    def may_begin(self) -> bool:
        """Whether a capture may begin now: not inside one of the caller's own."""

    def refusal(self, name: str) -> str | None:
        """Why an instruction cannot be captured, where that is known."""

    def capture(
        self,
        run: Callable[[list[Array]], list[Array]],
        inputs: Sequence[Array],
        expected: Sequence[Array],
    ) -> Captured:
        """What `run`, a function of nothing but arrays, starts; tried once, and compared.

        Raises `CaptureRefusedError` if it cannot be captured, or if what was captured gives other
        results for `inputs` than those expected."""
