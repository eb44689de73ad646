"""``tf.test``: checking gradients."""

from __future__ import annotations

from typing import Any

import xgrad as xg

from ._convert import as_tensors
from ._device import is_gpu_available
from ._tables import no_name

__all__ = ["compute_gradient", "is_gpu_available"]


def compute_gradient(f: Any, x: Any, delta: float | None = 1 / 1024) -> Any:
    """Compute the Jacobian from gradients and from values; see `xgrad.testing.compute_gradient`.

    Parameters
    ----------
    f : callable
    x : list or tuple of array_like
    delta : float or None
        The step; None chooses one, and extrapolates.

    Returns
    -------
    theoretical, numerical : tuple of array
    """
    if not isinstance(x, (list, tuple)):
        raise xg.errors.ArgumentError(
            "`x` must be a list or tuple of values convertible to a Tensor (arguments to `f`), not "
            f"a {type(x).__name__}."
        )
    return xg.testing.compute_gradient(f, as_tensors(x), delta)


def __getattr__(name: str) -> Any:
    raise no_name(__name__, name)


def __dir__() -> list[str]:
    return sorted(__all__)
