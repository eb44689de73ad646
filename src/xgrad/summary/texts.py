"""Words over the steps: what was tried, what came out, what went wrong."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError, ArgumentTypeError
from .current import chosen_writer, scoped, step_of
from .values import strings_value, summary

__all__ = ["text", "text_value"]


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write a text, or a table of texts.

    Parameters
    ----------
    name : str
        Parts between slashes group the texts.
    data : str, or nested lists or an array of str
        Markdown. Lists of equally long lists are shown as a table.
    step : int, Tensor or Variable, optional
        That of ``as_default(step=...)`` or `set_step` by default.
    description : str, optional
        What TensorBoard tells about it; Markdown.

    Returns
    -------
    bool
        Whether it was written: there is a default writer, and `record_if` does not prevent it.

    Raises
    ------
    ArgumentTypeError
        If `data` contains something that is no text.
    ArgumentError
        If there is no step, or lists differ in length.

    See Also
    --------
    hparams, scalar

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.text("notes", "started **again**", step=0)  # no writer: nothing happens
    False
    """
    writer = chosen_writer()
    if writer is None:
        return False
    name = scoped(name)
    at = step_of(step, name)
    writer.add(summary(text_value(name, data, description)), at)
    return True


def text_value(name: str, data: Any, description: str | None = None) -> Any:
    """Make what a summary says in words."""
    strings: list[bytes] = []
    shape = _collect(name, data, strings)
    return strings_value(name, "text", strings, shape, description)


def _collect(name: str, data: Any, strings: list[bytes]) -> tuple[int, ...]:
    """Append all texts in order; give the shape."""
    if isinstance(data, str):
        strings.append(data.encode(errors="backslashreplace"))  # names of files may hold anything
        return ()
    if isinstance(data, bytes):
        strings.append(data)
        return ()
    if not isinstance(data, (list, tuple)) and hasattr(data, "tolist"):
        return _collect(name, data.tolist(), strings)
    if not isinstance(data, (list, tuple)):
        raise ArgumentTypeError(
            f"text: the summary {name!r} must be of str, or lists of them, but there is "
            f"{data!r}. Use str(...), or scalar for a number."
        )
    shapes = {_collect(name, entry, strings) for entry in data}
    if len(shapes) > 1:
        raise ArgumentError(
            f"text: the rows of the summary {name!r} have the shapes {sorted(shapes)}. Use lists "
            "of equal length."
        )
    return (len(data), *(shapes.pop() if shapes else ()))
