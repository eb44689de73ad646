"""Single numbers over the steps: losses, norms, learning rates."""

from __future__ import annotations

from typing import Any

from ..backends import backend_of
from ..core.spec import describe
from ..errors import ShapeError
from .current import chosen_writer, scoped, step_of
from .values import as_real_array, numbers_value, summary

__all__ = ["scalar"]


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write a number.

    Parameters
    ----------
    name : str
        Parts between slashes group the plots.
    data : Tensor, Variable, array or number
        Of shape (), and a real dtype; NaN and infinities may be written too.
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
    ShapeError
        If the shape is not ().
    DTypeError
        If the value is complex.
    ArgumentError
        If there is no step, or `data` is None.

    See Also
    --------
    histogram, create_file_writer

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.scalar("loss", 0.5, step=0)  # no writer: nothing happens
    False
    """
    writer = chosen_writer()
    if writer is None:
        return False
    name = scoped(name)
    number = step_of(step, name)
    array = as_real_array(data, name)
    if tuple(array.shape) != ():
        raise ShapeError(
            f"scalar: Expected scalar shape, saw shape: {tuple(array.shape)}. {name!r} is "
            f"{describe(array)}. Use xg.mean or the like, or histogram."
        )
    backend = backend_of(array)
    vector = backend.xp.reshape(backend.xp.astype(array, backend.dtype("float64")), (1,))
    writer.add_arrays(
        [vector],
        lambda found: summary(numbers_value(name, "scalars", found[0], (), description)),
        number,
    )
    return True
