"""Devices: hashable, and printed as the string that makes them.

``cpu`` is numpy and ``cuda[:i]`` cupy; anything else is ``<namespace>[:<its device>]``, such as
``array_api_strict:device1``. The default device is per thread inside ``with xg.device(...)`` and
global through `set_default_device`."""

from __future__ import annotations

import reprlib
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from .._typing import Array, Namespace, NativeDevice
from ..errors import ArgumentTypeError
from .base import Backend
from .registry import backend_named, backend_of, backend_of_device, is_known
from .unknown_devices import unknown_device

__all__ = [
    "Device",
    "as_device",
    "default_device",
    "device",
    "devices",
    "place_of",
    "set_default_device",
]

_LIBRARY_OF = {"cpu": "numpy", "cuda": "cupy"}


class Device:
    """A place where arrays live; make one with `xg.device`.

    Attributes
    ----------
    namespace : module
        The array-API namespace that computes there.
    native : object
        What that namespace calls the device.
    """

    __slots__ = ("_name", "backend", "native")

    def __init__(self, backend: Backend, native: NativeDevice = None) -> None:
        if not isinstance(backend, Backend):
            raise ArgumentTypeError(
                f"Device: backend must be one of xgrad's, but is {reprlib.repr(backend)} "
                f'({type(backend).__name__}). Use xg.device(name), such as xg.device("cuda:0").'
            )
        self.backend = backend
        self.native = native
        self._name = backend.device_name(native)

    @property
    def namespace(self) -> Namespace:
        """The array-API namespace that computes on this device."""
        return self.backend.namespace

    def __str__(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"xg.device({self._name!r})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Device):
            return self._name == other._name
        if isinstance(other, str):
            return self._name == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._name)

    def __reduce__(self) -> Any:
        return device, (self._name,)

    def __enter__(self) -> Self:
        _local.stack = (*_local.stack, self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _local.stack = _local.stack[:-1]


class _Local(threading.local):
    stack: tuple[Device, ...] = ()


class _DefaultDevice:
    """What `set_default_device` returns: restores the former default when its block ends."""

    def __init__(self, former: Device) -> None:
        self._former = former

    def __enter__(self) -> Device:
        return default_device()

    def __exit__(self, *error: object) -> None:
        global _default  # noqa: PLW0603
        _default = self._former


_local = _Local()
_default: Device | None = None
_by_name: dict[str, Device] = {}


def device(name: str | Device | Any) -> Device:
    """Make a device from its name.

    Parameters
    ----------
    name : str, Device or a library's own device object
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"<namespace>[:<its device>]"`` such as
        ``"array_api_strict:device1"`` or ``"torch:meta"``. Of libraries that xgrad does not know
        by name, those that were imported can be used.

    Returns
    -------
    Device
        Hashable; ``str(device)`` gives a name back that makes the same device. As a context
        manager it is where new arrays go inside its block, in this thread.

    Raises
    ------
    BackendUnavailableError
        If there is no such device, or the library, its driver or the device is missing, with the
        reason.
    ArgumentTypeError
        If it is no name and no device.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.device("cpu")
    xg.device('cpu')
    """
    if isinstance(name, Device):
        return name
    if isinstance(name, str):
        return _named(name)
    backend = backend_of_device(name)
    if backend is None:
        raise ArgumentTypeError(
            "a device must be a name, a Device or a library's own device object, but is "
            f'{type(name).__name__}: {reprlib.repr(name)}. Use a name such as "cpu", "cuda:0" or '
            '"array_api_strict:device1"; xg.devices() lists what this machine offers.'
        )
    return _named(backend.device_name(name))


def _named(name: str) -> Device:
    found = _by_name.get(name)
    if found is None:
        library, _, rest = name.partition(":")
        library = _LIBRARY_OF.get(library, library)
        if not is_known(library):
            raise unknown_device(name)
        backend = backend_named(library)
        found = Device(backend, backend.parse_device(rest or None))
        if rest or backend.one_device:
            _by_name[name] = found
    return found


def as_device(value: Any, backend: Backend | None = None) -> Device:
    """A `Device` from None, the default device (of a backend), or from what `device` takes."""
    if value is None:
        current = default_device()
        if backend is None or current.backend is backend:
            return current
        return Device(backend, backend.parse_device(None))
    return device(value)


def place_of(array: Array) -> Device:
    """Where the values of a raw array live."""
    backend, inner = backend_of(array).bottom(array)
    return Device(backend, backend.device_of(inner))


def default_device() -> Device:
    """The device on which new arrays are created: ``cpu`` unless it was changed.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.default_device()
    xg.device('cpu')
    """
    if _local.stack:
        return _local.stack[-1]
    if _default is not None:
        return _default
    return _by_name.get("cpu") or device("cpu")


def set_default_device(name: str | Device) -> _DefaultDevice:
    """Set the device on which new arrays are created, for all threads.

    Parameters
    ----------
    name : str or Device

    Returns
    -------
    context manager
        Leaving its block restores the former default.

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.set_default_device("cpu"):
    ...     xg.zeros(2).device
    xg.device('cpu')
    """
    global _default  # noqa: PLW0603 - one default for all threads
    former = _default if _default is not None else device("cpu")
    _default = device(name)
    return _DefaultDevice(former)


def devices() -> list[Device]:
    """List the devices that this machine offers to numpy and cupy; never raises.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.devices()[0]
    xg.device('cpu')
    """
    found = [device("cpu")]
    with suppress(Exception):  # a broken driver may raise anything; this is only a question
        backend = backend_named("cupy")
        found += [Device(backend, native) for native in backend.native_devices()]
    return found
