"""How full the memory of a GPU is, and how to empty what is only kept for later."""

from __future__ import annotations

from ..backends import Device, as_device
from ..backends.base import Memory
from ..errors import ArgumentError

__all__ = ["memory", "release_memory"]


def memory(device: Device | str = "cuda") -> Memory:
    """Look up how much memory of a GPU is in use.

    Parameters
    ----------
    device : Device or str

    Returns
    -------
    Memory
        A named tuple of bytes: ``used`` by arrays of this process, ``pool`` held by it, what is
        kept for later included, and ``free`` and ``total`` of the whole device.

    Raises
    ------
    BackendUnavailableError
        If there is no such GPU.
    ArgumentError
        If the device is none of CUDA.

    See Also
    --------
    release_memory

    Examples
    --------
    >>> import xgrad as xg
    >>> if any(d != "cpu" for d in xg.devices()):
    ...     used, pool, free, total = xg.cuda.memory("cuda")
    """
    return _figures(device, "memory")


def release_memory(device: Device | str = "cuda") -> Memory:
    """Give back to the GPU what the pool keeps of it for later, for other processes to use.

    Parameters
    ----------
    device : Device or str

    Returns
    -------
    Memory
        What is in use now.

    Raises
    ------
    BackendUnavailableError
        If there is no such GPU.
    ArgumentError
        If the device is none of CUDA.

    See Also
    --------
    memory

    Examples
    --------
    >>> import xgrad as xg
    >>> if any(d != "cpu" for d in xg.devices()):
    ...     left = xg.cuda.release_memory("cuda")
    """
    return _figures(device, "release_memory", released=True)


def _figures(device: Device | str, name: str, *, released: bool = False) -> Memory:
    place = as_device(device)
    if released:
        place.backend.release_memory(place.native)
    found = place.backend.memory(place.native)
    if found is None:
        raise ArgumentError(
            f"{name}: the device is {place}, whose memory is the operating system's business. Use "
            'a CUDA device, such as "cuda:0".'
        )
    return found
