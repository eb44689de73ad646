"""xgrad as an array-API namespace, one per backend.

`namespace(numpy)` has the same functions as `xgrad`; its creation functions default to that
backend's default device, and its dtypes are that backend's. Each is a module object of its own:
hashable, with a unique name."""

from __future__ import annotations

import functools
import importlib
import inspect
import math
import types
from typing import Any

from .._typing import SCALAR_TYPES, Namespace
from ..backends import Backend, Device, as_device, default_device, devices, is_array, library_of
from ..backends.registry import backend_of_namespace
from ..core.defaults import chosen_dtype
from ..core.handle import Handle
from ..core.protocols import protocols
from ..errors import ArgumentError, ArgumentTypeError, DeviceMismatchError
from .rule_namespace import CHAPTERS

__all__ = ["API_VERSION", "DTYPES", "Info", "array_namespace", "namespace"]

API_VERSION = "2025.12"
_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", API_VERSION)
DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "complex64", "complex128"),
)
_CONSTANTS = {"e": math.e, "inf": math.inf, "nan": math.nan, "newaxis": None, "pi": math.pi}
# What makes arrays from nothing, or from values that may live nowhere yet.
_MAKERS = (
    *("arange", "asarray", "empty", "eye", "from_dlpack", "full", "linspace", "ones", "zeros"),
    *("fftfreq", "rfftfreq"),
)
# The standard's extensions, modules below the namespace, by chapter: imported with the first namespace.
_EXTENSIONS = {
    "fft": ("fourier", "fourier_real", "fourier_bins"),
    "linalg": (
        *("decompositions", "eigenvalues", "linear_algebra", "matrix_functions", "norm", "norms"),
        *("products", "solving"),
    ),
}
_KINDS = {
    "bool": ("bool",),
    "signed integer": ("int",),
    "unsigned integer": ("uint",),
    "integral": ("int", "uint"),
    "real floating": ("float",),
    "complex floating": ("complex",),
    "numeric": ("int", "uint", "float", "complex"),
}

_made: dict[Backend, types.ModuleType] = {}


class Info:
    """What `__array_namespace_info__` returns: devices, dtypes and capabilities of a namespace."""

    def __init__(self, backend: Backend | None) -> None:
        self._backend = backend

    def capabilities(self) -> dict[str, Any]:
        """Tell what the namespace can do beyond the minimum."""
        native = self._native().__array_namespace_info__().capabilities()
        return {"max dimensions": 64, **native}  # which numpy tells since 2.2

    def default_device(self) -> Device:
        """Where new arrays go."""
        return as_device(None, self._backend) if self._backend else default_device()

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        """List the dtypes of new arrays on a device, by kind."""
        found = dict(self._ask("default_dtypes", device))
        chosen = chosen_dtype()
        if chosen is not None:
            home = self.default_device() if device is None else as_device(device, self._backend)
            found["real floating"] = home.backend.dtype(chosen)
            wide = "complex64" if "32" in str(chosen) else "complex128"
            found["complex floating"] = home.backend.dtype(wide)
        return found

    def devices(self) -> tuple[Device, ...]:
        """List the devices of the namespace on this machine."""
        if self._backend is None:
            return tuple(devices())
        return tuple(Device(self._backend, native) for native in self._backend.native_devices())

    def dtypes(
        self, *, device: Any = None, kind: str | tuple[str, ...] | None = None
    ) -> dict[str, Any]:
        """List the dtypes that a device has, by name."""
        kinds = (kind,) if isinstance(kind, str) else kind
        if kinds is not None and (unknown := [k for k in kinds if k not in _KINDS]):
            raise ArgumentError(f"dtypes: kind {unknown[0]!r} is unknown. Use {', '.join(_KINDS)}.")
        stems = None if kinds is None else {stem for k in kinds for stem in _KINDS[k]}
        backend = self._backend or default_device().backend
        if device is not None:
            backend = as_device(device, self._backend).backend
        native = backend.namespace
        there = DTYPES if device is None else self._ask("dtypes", device)
        return {  # what arrays say of themselves, so that they find themselves among the values
            name: backend.dtype(name)
            for name in DTYPES
            if name in there
            and hasattr(native, name)
            and (stems is None or name.rstrip("0123456789") in stems)
        }

    def _ask(self, question: str, device: Any) -> dict[str, Any]:
        """Ask the library; without a device this needs none, not even for cupy."""
        if device is None:
            return getattr(self._native().__array_namespace_info__(), question)()  # type: ignore[no-any-return]
        home = as_device(device, self._backend)
        info = home.namespace.__array_namespace_info__()
        return getattr(info, question)(device=home.native)  # type: ignore[no-any-return]

    def _native(self) -> Namespace:
        backend = self._backend or default_device().backend
        return backend.namespace


def namespace(backend: Namespace | str) -> types.ModuleType:
    """Find the array-API namespace of Tensors over one backend.

    Parameters
    ----------
    backend : module or str
        An array-API namespace such as numpy, cupy or array_api_strict, or its name.

    Returns
    -------
    module
        Hashable, with a `__name__` of its own; its creation functions default to that backend's
        default device. Asking again gives the same object.

    Raises
    ------
    BackendUnavailableError
        If there is no such library here.

    Examples
    --------
    >>> import numpy, xgrad as xg
    >>> xp = xg.namespace(numpy)
    >>> xp.sum(xp.asarray([1.0, 2.0]))
    xg.Tensor(3., shape=(), dtype=float64, device=cpu)
    """
    if not isinstance(backend, (str, types.ModuleType)) and not hasattr(backend, "__name__"):
        raise ArgumentTypeError(
            f"namespace: backend must be an array-API namespace or its name, but is a "
            f"{type(backend).__name__}. Use numpy, cupy, array_api_strict, ..., or xg.array_namespace "
            "for the namespace of an array."
        )
    if isinstance(backend, types.ModuleType) and backend in _made.values():
        return backend
    if getattr(backend, "__name__", backend) == "xgrad":
        backend = default_device().backend.name
    found = backend_of_namespace(backend)
    if found not in _made:
        _made[found] = _make(found)
    return _made[found]


def array_namespace(*arrays: Any) -> types.ModuleType:
    """Find the namespace of Tensors for arrays, Tensors and Variables of one backend.

    Parameters
    ----------
    *arrays : Tensors, Variables, raw arrays, Python scalars or None

    Returns
    -------
    module
        As `namespace` gives it.

    Raises
    ------
    DeviceMismatchError
        If there are arrays of two backends.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.array_namespace(xg.ones(2)).__name__
    'xgrad.namespace.numpy'
    """
    found: dict[Backend, None] = {}
    for array in arrays:
        if array is None or type(array) in SCALAR_TYPES:
            continue
        found[library_of(array.raw if isinstance(array, Handle) else array)] = None
    if len(found) > 1:
        names = " and ".join(backend.name for backend in found)
        raise DeviceMismatchError(
            f"array_namespace: the arrays are of different libraries: {names}. Use xg.to_device to "
            "bring them together."
        )
    backend = next(iter(found)) if found else default_device().backend
    return namespace(backend.name)


def _make(backend: Backend) -> types.ModuleType:
    module = _collect(backend, backend.name, (*CHAPTERS, _chapter("norm")))
    for extension, names in _EXTENSIONS.items():
        chapters = tuple(map(_chapter, names))
        setattr(module, extension, _collect(backend, f"{backend.name}.{extension}", chapters))
    dtypes = {name: getattr(backend.namespace, name) for name in Info(backend).dtypes()}
    contents: dict[str, Any] = {
        **_CONSTANTS,
        **dtypes,
        "__array_namespace_info__": lambda: Info(backend),
        "__array_api_version__": API_VERSION,
    }
    for name, value in contents.items():
        setattr(module, name, value)
    public = [*module.__all__, *_EXTENSIONS, "special", *_CONSTANTS, *dtypes]
    module.__all__ = sorted(public)  # type: ignore[attr-defined]
    module.__getattr__ = functools.partial(_later, module.__name__)  # type: ignore[method-assign]
    return module


def _chapter(name: str) -> types.ModuleType:
    return importlib.import_module(f".{name}", __package__)


def _later(module: str, name: str) -> Any:
    """Import what not everybody needs: `special`, where SciPy looks for special functions."""
    if name == "special":
        from . import special

        return special
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def _collect(backend: Backend, name: str, chapters: tuple[Any, ...]) -> types.ModuleType:
    """Make a module of the functions of chapters, whose new arrays go to the backend's device."""
    module = types.ModuleType(
        f"xgrad.namespace.{name}",
        f"Tensors over {backend.name}, by the array API standard.",
    )
    names = [(chapter, function) for chapter in chapters for function in chapter.__all__]
    for chapter, function in names:
        found = getattr(chapter, function)
        setattr(module, function, _on(backend, found) if function in _MAKERS else found)
    module.__all__ = [function for _, function in names]  # type: ignore[attr-defined]
    return module


def _on(backend: Backend, function: Any) -> Any:
    """Make a creation function default to the backend's default device."""

    @functools.wraps(function)
    def create(*args: Any, device: Any = None, **options: Any) -> Any:
        values = [*args, *(value for name, value in options.items() if name != "dtype")]
        if device is None and not _has_home(values, backend):
            device = as_device(None, backend)
        home = None if device is None else as_device(device, backend)
        return function(*args, device=home, **options)

    create.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return create


def _has_home(obj: Any, backend: Backend) -> bool:
    """Whether a value, or one inside its nested lists, lives on a device of the backend already."""
    if isinstance(obj, (list, tuple)):
        return any(_has_home(part, backend) for part in obj)
    array = obj.raw if isinstance(obj, Handle) else obj
    return is_array(array) and library_of(array) is backend


def _namespace_of(backend: Backend, api_version: str | None) -> types.ModuleType:
    if api_version is not None and api_version not in _VERSIONS:
        raise ArgumentError(
            f"__array_namespace__: xgrad does not implement api_version {api_version!r} of the array "
            f"API standard. Use one of {', '.join(_VERSIONS)}, or None."
        )
    return namespace(backend.name)


protocols.namespace = _namespace_of
