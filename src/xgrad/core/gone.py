"""What a Tensor holds after its memory was given away: nothing, and whoever asks is told so."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import ArgumentError

__all__ = ["Gone"]


class Gone:
    """In the place of an array.

    Parameters
    ----------
    shown : str
        The Tensor that was given away, with shape and dtype.
    function : str
        Who took it.
    """

    def __init__(self, shown: str, function: str) -> None:
        self._message = (
            f"x {shown} was given away: {function} was told to use its memory (donate=), and its "
            "values are gone. Use the result instead, or leave the argument out of donate."
        )

    def __array_namespace__(self, *, api_version: str | None = None) -> NoReturn:
        raise ArgumentError(self._message)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ArgumentError(self._message)
