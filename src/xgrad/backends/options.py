"""What a user may ask of devices, for all threads: repeatable sums, index checks, precision, graphs.

Read where it matters; xgrad/cuda.py has the functions that set it."""

from __future__ import annotations

__all__ = ["Options", "options"]


class Options:
    """The switches.

    Attributes
    ----------
    check_indices : bool
        Whether index arrays are looked at on devices that would take any integer.
    deterministic : bool
        Whether sums of repeated indices are taken in the same order every time.
    graphs : str
        Whether recorded programs are captured as graphs: ``"auto"``, where it pays, ``"always"``
        or ``"never"``.
    matmul_precision : str or None
        ``"highest"``, ``"high"``, or None for the library's own.
    """

    __slots__ = ("check_indices", "deterministic", "graphs", "matmul_precision")

    def __init__(self) -> None:
        self.check_indices = False
        self.deterministic = False
        self.graphs = "auto"
        self.matmul_precision: str | None = None


options = Options()
