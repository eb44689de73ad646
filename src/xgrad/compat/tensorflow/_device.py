"""Places of arrays by TensorFlow's names: ``/cpu:0``, ``/device:GPU:1``."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import xgrad as xg

__all__ = ["PhysicalDevice", "device", "is_gpu_available", "list_physical_devices"]

_NAME = re.compile(r"^(?:.*/)?(?:device:)?(cpu|gpu|cuda)(?::(\d+|\*))?$", re.IGNORECASE)


def device(device_name: str) -> xg.Device:
    """Make new arrays on a device, in a ``with`` block.

    Parameters
    ----------
    device_name : str
        ``/cpu:0``, ``/GPU:0`` and the like, or a name that `xgrad.device` knows.

    Returns
    -------
    Device

    Raises
    ------
    BackendUnavailableError
        If there is no such device: nothing is moved to another one behind your back.

    Examples
    --------
    >>> import xgrad.compat.tensorflow as tf
    >>> with tf.device("/cpu:0"):
    ...     tf.constant(1.0).device
    xg.device('cpu')
    """
    found = _NAME.match(device_name)
    if found is None:
        return xg.device(device_name)
    kind, number = found.groups()
    if kind.lower() == "cpu":
        return xg.device("cpu")
    return xg.device(f"cuda:{number}" if number and number != "*" else "cuda")


class PhysicalDevice(NamedTuple):
    """A device, in TensorFlow's words."""

    name: str
    device_type: str


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """List the CPU and the GPUs of this machine."""
    found = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    gpus = [d for d in map(str, xg.devices()) if d.startswith("cuda")]
    found += [PhysicalDevice(f"/physical_device:GPU:{i}", "GPU") for i, _ in enumerate(gpus)]
    return [d for d in found if device_type in (None, d.device_type)]


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Tell whether there is a GPU."""
    return bool(list_physical_devices("GPU"))
