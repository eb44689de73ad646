"""NumPy's two protocols and its arrays' methods, imported when they are first used.

The tables of NumPy's functions are long, and most programs call none of them on a Tensor."""

from __future__ import annotations

from typing import Any

from ..core.protocols import protocols

__all__: list[str] = []


def _ufunc(*call: Any) -> Any:
    from .numpy_functions.dispatch import apply_ufunc

    protocols.ufunc = apply_ufunc
    return apply_ufunc(*call)


def _function(*call: Any) -> Any:
    from .numpy_functions.dispatch import apply_function

    protocols.function = apply_function
    return apply_function(*call)


def _method(name: str) -> Any:
    from .numpy_functions.methods import METHODS

    protocols.method = METHODS.__getitem__
    return METHODS[name]


protocols.ufunc = _ufunc
protocols.method = _method
protocols.function = _function
