"""Where new arrays go, and in which dtype."""

from __future__ import annotations

from typing import Any

from .._typing import DType, NativeDevice
from ..backends import Device
from ..core.casting import inferred_dtype
from ..core.defaults import chosen_dtype
from ..core.dispatch import wrap
from ..core.failures import refuse_memory
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError, XgradError

__all__ = ["DeviceLike", "create", "dtype_on", "floating_on", "inferred_on"]

DeviceLike = Device | str | NativeDevice | None


def create(home: Device, function: str, *args: Any, **options: Any) -> Tensor:
    """Call a creation function of the device's library."""
    make = getattr(home.backend.xp, function)
    try:
        y = make(*args, device=home.native, **options)
    except MemoryError as error:
        refuse_memory(f"{function} on {home}", (), error)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, XgradError):
            raise
        kind = ArgumentTypeError if isinstance(error, TypeError) else ArgumentError
        shown = ", ".join(map(repr, args))
        raise kind(f"{function}: no array on {home} can be made of {shown}: {error}.") from error
    return wrap(home.backend.finish(y))  # type: ignore[no-any-return]


def dtype_on(home: Device, dtype: DType) -> DType:
    """Find the library's own dtype; None stays None."""
    return None if dtype is None else home.backend.dtype(dtype)


def floating_on(home: Device, dtype: DType) -> DType:
    """Find the same, with the default dtype where one was chosen."""
    if dtype is None:
        dtype = chosen_dtype()
    return dtype_on(home, dtype)


def inferred_on(home: Device, numbers: tuple[Any, ...]) -> DType:
    """Find the default dtype for floats and complex numbers, where one was set."""
    return inferred_dtype([number for number in numbers if number is not None], home)
