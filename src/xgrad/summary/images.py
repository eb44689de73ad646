"""Pictures over the steps: of inputs, of filters, of what a network draws."""

from __future__ import annotations

from typing import Any

from .._arguments import as_int
from .._typing import Array
from ..backends import backend_of, quiet
from ..backends.base import dtype_name
from ..core.spec import describe
from ..errors import ArgumentError, DTypeError, ShapeError
from .current import chosen_writer, scoped, step_of
from .png import COLOURS, png
from .values import as_array, strings_value, summary

__all__ = ["image"]


def image(
    name: str,
    data: Any,
    step: Any = None,
    max_outputs: int | None = 3,
    description: str | None = None,
) -> bool:
    """Write pictures.

    Parameters
    ----------
    name : str
        Parts between slashes group the pictures.
    data : Tensor, Variable or array
        Of shape (pictures, height, width, channels), with 1 channel for grey, 3 for red, green and
        blue, and one more for opacity. Floats are from 0 to 1, integers from 0 to the largest of
        their dtype; what lies outside is clipped, and NaN is black.
    step : int, Tensor or Variable, optional
        That of ``as_default(step=...)`` or `set_step` by default.
    max_outputs : int, optional
        How many pictures to write at most, the first ones.
    description : str, optional
        What TensorBoard tells about it; Markdown.

    Returns
    -------
    bool
        Whether it was written: there is a default writer, and `record_if` does not prevent it.

    Raises
    ------
    ShapeError
        If there are not four axes, or not 1 to 4 channels.
    DTypeError
        If the dtype is complex.
    ArgumentError
        If there is no step, `data` is None, or `max_outputs` is negative.

    See Also
    --------
    histogram, text

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.summary.image("digits", xg.zeros((5, 8, 8, 1)), step=0)  # no writer: nothing happens
    False
    """
    limit = 3 if max_outputs is None else as_int(max_outputs, "image", "max_outputs")
    if limit < 0:
        raise ArgumentError(f"image: max_outputs {max_outputs} must not be negative. Use 3.")
    writer = chosen_writer()
    if writer is None:
        return False
    name = scoped(name)
    at = step_of(step, name)
    array = as_array(data, name)
    shape = tuple(array.shape)
    if len(shape) != 4 or shape[3] not in COLOURS:
        raise ShapeError(
            f"image: expected (pictures, height, width, channels) with 1 to 4 channels, but "
            f"{name!r} is {describe(array)}. Use reshape, or x[None, :, :, None] for one grey "
            "picture."
        )
    _, height, width, channels = shape
    backend = backend_of(array)
    with quiet():
        pixels = backend.to_numpy(_bytes(array[: min(limit, shape[0]), ...]))
    pictures = [png(picture.tobytes(), height, width, channels) for picture in pixels]
    strings = [str(width).encode(), str(height).encode(), *pictures]
    writer.add(summary(strings_value(name, "images", strings, (len(strings),), description)), at)
    return True


def _bytes(array: Array) -> Array:
    """Bring values to 0, 1, ..., 255, where they are."""
    backend = backend_of(array)
    xp = backend.xp
    name = dtype_name(array.dtype)
    if name.startswith("complex"):
        raise DTypeError(f"image: {describe(array)} has no colours. Use abs, real or imag.")
    if name == "uint8":
        return array
    x = xp.astype(array, backend.dtype("float64"))
    if name == "bool":
        x = x * 255.0
    elif xp.isdtype(array.dtype, "integral"):
        x = xp.floor(x * (256.0 / (float(backend.namespace.iinfo(array.dtype).max) + 1.0)))
    else:
        x = xp.floor(xp.where(xp.isnan(x), 0.0, x) * 255.5)
    x = xp.where(x > 0.0, xp.where(x < 255.0, x, 255.0), 0.0)
    return xp.astype(x, backend.dtype("uint8"))
