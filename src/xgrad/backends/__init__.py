"""The only place that knows array libraries by name.

A `Backend` answers for one library: which functions implement the instructions, what its devices
are called, how arrays come in, move and go out. Everybody else asks for the backend of an array,
which is one dict lookup by the array's type; libraries are imported when first met, not before."""

from __future__ import annotations

from .base import Backend, Functions
from .convolution import Steps
from .device import (
    Device,
    as_device,
    default_device,
    device,
    devices,
    place_of,
    set_default_device,
)
from .indices import Slot, fill_key, full_key
from .registry import (
    backend_named,
    backend_of,
    backend_of_dtype,
    backend_of_type,
    host,
    is_array,
    is_known,
    library_of,
    quiet,
)

__all__ = [
    "Backend",
    "Device",
    "Functions",
    "Slot",
    "Steps",
    "as_device",
    "backend_named",
    "backend_of",
    "backend_of_dtype",
    "backend_of_type",
    "default_device",
    "device",
    "devices",
    "fill_key",
    "full_key",
    "host",
    "is_array",
    "is_known",
    "library_of",
    "place_of",
    "quiet",
    "set_default_device",
]
