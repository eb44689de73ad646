"""Where each library keeps its special functions, and SciPy's own for arrays in host memory.

SciPy is no dependency: it is imported when a numpy array first meets a special function, and what
is missing is said then."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..._typing import Array
from ...errors import BackendUnavailableError
from ..numpy_ufuncs import UFUNCS

__all__ = ["native", "on_host", "scipy_name"]

Function = Callable[..., Any]


class Library(NamedTuple):
    """A module of special functions.

    Attributes
    ----------
    module : str
    names : mapping
        What it calls functions for which SciPy has another name.
    refused : frozenset
        Functions of its that are not used.
    widening : frozenset
        Functions that turn float32 into float64.
    """

    module: str
    names: Mapping[str, str] = MappingProxyType({})
    refused: frozenset[str] = frozenset()
    widening: frozenset[str] = frozenset()


_TORCH_NAMES = {
    "j0": "bessel_j0",
    "j1": "bessel_j1",
    "k0": "modified_bessel_k0",
    "k0e": "scaled_modified_bessel_k0",
    "k1": "modified_bessel_k1",
    "k1e": "scaled_modified_bessel_k1",
    "y0": "bessel_y0",
    "y1": "bessel_y1",
}
_SCIPY = Library("scipy.special", {"riemann_zeta": "zeta"})
_LIBRARIES = {
    "numpy": _SCIPY,
    "array_api_compat.cupy": Library("cupyx.scipy.special", widening=frozenset({"yn"})),
    # Its ndtr is 1 + erf, which cancels for negative numbers.
    "array_api_compat.torch": Library("torch.special", _TORCH_NAMES, frozenset({"ndtr"})),
    # They do not broadcast.
    "jax.numpy": Library("jax.scipy.special", refused=frozenset({"expn", "hyp1f1"})),
}
# polygamma: its order must be a Python number in torch, and SciPy's is written with zeta as ours is.
# betaln, log_expit: SciPy's lose up to five and eight digits, which derivatives would inherit.
_OURS = frozenset({"betaln", "log_expit", "polygamma"})
# Compiled for real numbers, and SciPy's for complex ones.
_OF_COMPLEX = frozenset({"erf", "erfc", "ndtr"})
# What SciPy calls differently inside.
_UFUNC_NAMES = {"_riemann_zeta": "zeta", "_zeta": "zeta"}


def native(namespace: str, name: str) -> Function | None:
    """The function that a library has itself; None where it has none, or no such module.

    For NumPy those that were compiled come before SciPy's."""
    if namespace == "numpy" and name in UFUNCS:
        ufunc: Function = UFUNCS[name]
        return functools.partial(_or_scipys, ufunc, name) if name in _OF_COMPLEX else ufunc
    library = _LIBRARIES.get(namespace)
    if library is None or name in _OURS or name in library.refused:
        return None
    try:
        function = _function(library, name)
    except ImportError:
        return None
    if function is not None and name in library.widening:
        return functools.partial(_narrowed, function)
    return function


def _or_scipys(ufunc: Function, name: str, x: Array) -> Array:
    try:
        return ufunc(x)
    except TypeError:  # complex numbers
        return on_host(np, name)(x)


def _narrowed(function: Function, *arrays: Array) -> Array:
    return function(*arrays).astype(arrays[-1].dtype)


def on_host(namespace: Any, name: str) -> Function:
    """SciPy's function, for arrays of any library in host memory.

    Raises
    ------
    BackendUnavailableError
        If SciPy is not installed, or has no such function.
    """
    try:
        function = _function(_SCIPY, name)
    except ImportError as error:
        raise BackendUnavailableError(
            f'{name} needs SciPy, which is not installed ({error}). Use pip install ".[special]" '
            "in a checkout of xgrad, or pip install scipy."
        ) from error
    assert function is not None, name
    if namespace is np:
        return function
    return functools.partial(_through_numpy, namespace, name, function)


def _function(library: Library, name: str) -> Function | None:
    module = importlib.import_module(library.module)
    found = getattr(module, library.names.get(name, name), None)
    if found is None:
        return None
    # With SCIPY_ARRAY_API=1 SciPy wraps its ufuncs in a search for the namespace.
    function: Function = inspect.unwrap(found)
    if library is _SCIPY and name == "hyp1f1":
        return functools.partial(_hyp1f1, function)
    return function


def _hyp1f1(function: Function, a: Array, b: Array, x: Array) -> Array:
    """SciPy's, which for huge x sums for ever (up to 1.17); the result is infinite by then."""
    if np.iscomplexobj(x):
        return function(a, b, x)
    is_polynomial = (a <= 0) & (a == np.floor(a))
    return function(a, b, np.where(is_polynomial, x, np.minimum(x, 1e4)))


def _through_numpy(namespace: Any, name: str, function: Function, *arrays: Array) -> Array:
    try:
        values = [np.from_dlpack(array) for array in arrays]
    except (BufferError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        place = getattr(arrays[0], "device", "no device, in a compiler,")
        raise BackendUnavailableError(
            f"{name}: {namespace.__name__} has no such function, and SciPy's cannot be used "
            f"because an array on {place} is not in host memory ({error}). Use "
            '.to_device("cpu") for this step, or a library that has it.'
        ) from error
    return namespace.asarray(np.asarray(function(*values)), device=arrays[0].device)


def scipy_name(ufunc: Any) -> str | None:
    """The public name of one of SciPy's ufuncs; None for all others. Imports nothing."""
    name: str = ufunc.__name__
    module = sys.modules.get("scipy.special._ufuncs")
    if module is None or getattr(module, name, None) is not ufunc:
        return None
    return _UFUNC_NAMES.get(name, name)
