"""``tf.config``: which devices there are; what has no meaning here is accepted."""

from __future__ import annotations

from typing import Any

from ._device import list_physical_devices
from ._tables import no_name

__all__ = [
    "experimental",
    "list_logical_devices",
    "list_physical_devices",
    "set_soft_device_placement",
]

list_logical_devices = list_physical_devices


def set_soft_device_placement(enabled: bool) -> None:
    """Do nothing: a device that is not there is always an error."""


class experimental:
    """What TensorFlow calls experimental."""

    list_physical_devices = staticmethod(list_physical_devices)

    @staticmethod
    def set_memory_growth(device: Any, enable: bool) -> None:
        """Do nothing: CuPy's pool grows as it is needed."""


def __getattr__(name: str) -> Any:
    raise no_name(__name__, name)


def __dir__() -> list[str]:
    return sorted(__all__)
