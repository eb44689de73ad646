"""NumPy's two special functions, and SciPy's ufuncs, which ask Tensors by the same protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...backends.special import scipy_name
from .. import exponential, special
from .refused import no_counterpart

__all__ = ["i0", "sinc"]


def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind of order 0."""
    return special.i0(x)


def sinc(x: Any) -> Any:
    """The normalized cardinal sine."""
    return special.sinc(x)


def scipy_function(ufunc: Any) -> Callable[..., Any] | None:
    """What to call for one of SciPy's ufuncs; None for all others."""
    name = scipy_name(ufunc)
    if name is None:
        return None
    found = getattr(special, name, None) or getattr(exponential, name, None)
    if found is None:
        raise no_counterpart(f"scipy.special.{name}")
    return found  # type: ignore[no-any-return]
