"""Which backend answers for an array, a type or a name.

The dict `_BY_TYPE` is what hot paths use; the first array of a new type takes the long way."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np

from ..errors import ArgumentTypeError, BackendUnavailableError
from .base import Backend

__all__ = [
    "backend_named",
    "backend_of",
    "backend_of_device",
    "backend_of_dtype",
    "backend_of_namespace",
    "backend_of_type",
    "host",
    "is_array",
    "is_known",
    "library_of",
    "loaded",
    "quiet",
    "register_type",
]

_BY_TYPE: dict[type, Backend] = {}
_BY_NAME: dict[str, Backend] = {}
_LONG_NAMES = {"jax": "jax.numpy", "dask": "dask.array"}
_SHORT_NAMES = {long: short for short, long in _LONG_NAMES.items()}
_ITSELF = __name__.split(".", 1)[0]
_IMPORTABLE = ("numpy", "cupy", "torch", "jax", "dask", "array_api_strict")


def backend_of(array: Any) -> Backend:
    """The backend of a raw array; `ArgumentTypeError` for anything else."""
    backend = _BY_TYPE.get(type(array))
    return backend if backend is not None else _discover(array)


def library_of(array: Any) -> Backend:
    """The backend of the library that holds the values: of what a nesting array wraps in the end."""
    return backend_of(array).bottom(array)[0]


def register_type(kind: type, backend: Backend) -> None:
    """Say which backend answers for arrays of a type that wraps those of libraries."""
    _BY_TYPE[kind] = backend


def backend_of_type(kind: type) -> Backend | None:
    """The backend of an array type that was met before."""
    return _BY_TYPE.get(kind)


def is_array(value: Any) -> bool:
    """Whether a value is a raw array of some namespace (not a list, not a scalar)."""
    if type(value) in _BY_TYPE:
        return True
    if isinstance(value, (bool, int, float, complex, str, list, tuple, dict)) or value is None:
        return _module(value) == "numpy"
    try:
        _discover(value)
    except ArgumentTypeError:
        return False
    return True


def backend_named(name: str) -> Backend:
    """The backend of a library by name: ``numpy``, ``cupy``, ``array_api_strict``, ``torch`` ...

    Raises
    ------
    BackendUnavailableError
        If the library is not installed, no array namespace, or neither known nor imported.
    """
    backend = _BY_NAME.get(name)
    if backend is not None:
        return backend
    name = _SHORT_NAMES.get(name, name)
    if name not in _BY_NAME:
        _BY_NAME[name] = _make(name)
    return _BY_NAME[name]


def loaded() -> list[Backend]:
    """The backends that somebody has asked for before."""
    return list(_BY_NAME.values())


def is_known(library: str) -> bool:
    """Whether devices begin so: with a library that xgrad is made for, or an imported namespace."""
    name = _SHORT_NAMES.get(library, library)
    if name in ("cpu", "cuda", *_IMPORTABLE) or name in _BY_NAME:
        return True
    return name != _ITSELF and hasattr(sys.modules.get(name), "__array_namespace_info__")


def backend_of_device(native: Any) -> Backend | None:
    """The backend of the library that an object is a device of; None if it is no device."""
    library = _library(native)
    if not is_known(library):
        return None
    backend = backend_named(library)
    return backend if backend.is_device(native) else None


def backend_of_dtype(dtype: Any) -> Backend | None:
    """The backend that a dtype object belongs to; None for numpy's, which many libraries share."""
    kind = dtype if isinstance(dtype, type) else type(dtype)
    library = kind.__module__.split(".", 1)[0]
    if library in _BY_NAME and library != "numpy":
        return _BY_NAME[library]
    return None


def host() -> Backend:
    """numpy's backend: host memory, to which everything can be copied."""
    return backend_named("numpy")


def quiet() -> Any:
    """A context in which numpy does not warn of divisions by zero and the like.

    A rule computes partial derivatives at points that a later `where` discards; the forward pass
    has already warned where the user asked for it."""
    return np.errstate(all="ignore")


def _module(value: Any) -> str:
    return type(value).__module__.split(".", 1)[0]


def _library(value: Any) -> str:
    library = _module(value)
    return "jax" if library == "jaxlib" else library


def _discover(array: Any) -> Backend:
    """The long way, taken once per type."""
    kind = type(array)
    for base in kind.__mro__:
        library = base.__module__.split(".", 1)[0]
        if library in ("numpy", "cupy") and base.__name__ in ("ndarray", "generic"):
            backend = backend_named(library)
            break
    else:
        backend = backend_named(_namespace_name(array))
    _BY_TYPE[kind] = backend
    return backend


def _namespace_name(array: Any) -> str:
    library = _library(array)
    if library in ("torch", "dask", "jax"):
        return library
    if not hasattr(type(array), "__array_namespace__"):
        raise ArgumentTypeError(
            f"{type(array).__module__}.{type(array).__qualname__} is no array, Tensor, Variable or "
            "Python scalar. Use xg.asarray to make a Tensor of it."
        )
    namespace = array.__array_namespace__()
    name = str(namespace.__name__)
    sys.modules.setdefault(name, namespace)
    return name


def _make(name: str) -> Backend:
    if name == "numpy":
        from .numpy import NumpyBackend

        return NumpyBackend()
    if name == "cupy":
        from .cupy import CupyBackend

        return CupyBackend()
    if name == "torch":
        from .torch import TorchBackend

        return TorchBackend()
    if name == "array_api_strict":
        from .strict import StrictBackend

        return StrictBackend(_standard_namespace(name))
    if name == "jax":
        from .jax import JaxBackend

        return JaxBackend(_standard_namespace(name))
    return Backend(name, _standard_namespace(name))


def _standard_namespace(name: str) -> Any:
    if name not in _IMPORTABLE and name not in sys.modules:
        raise BackendUnavailableError(
            f"{name!r} is no array library that xgrad imports by itself, and nobody has imported "
            f"it. Use {', '.join(_IMPORTABLE)}, or xg.namespace(module) with a module that conforms "
            "to the array API standard."
        )
    module = _LONG_NAMES.get(name, name)
    if name == "dask":
        module = "array_api_compat.dask.array"
    try:
        namespace = sys.modules.get(module) or importlib.import_module(module)
    except ImportError as error:
        raise BackendUnavailableError(
            f"the library {name!r} is not installed ({error}). Use pip to install it, or another "
            "device: xg.devices() lists what this machine offers."
        ) from error
    if not hasattr(namespace, "__array_namespace_info__"):
        raise BackendUnavailableError(
            f"the module {module!r} is no array-API namespace: it has no "
            "__array_namespace_info__. Use numpy, cupy, torch or a library that conforms to the "
            "array API standard."
        )
    return namespace


def backend_of_namespace(namespace: Any) -> Backend:
    """The backend of an array-API namespace, given as a module or by name."""
    name = namespace if isinstance(namespace, str) else str(namespace.__name__)
    if name.startswith("array_api_compat."):
        name = name.removeprefix("array_api_compat.").split(".", 1)[0]
    if not isinstance(namespace, str) and name not in sys.modules:
        sys.modules[name] = namespace
    return backend_named(name)
