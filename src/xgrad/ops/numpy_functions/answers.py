"""Text, files and questions about memory and dtypes: NumPy answers for the arrays themselves.

None of these loses a gradient: they answer with something else than an array of numbers, and what
is written to a file leaves on purpose."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

from ...backends import host
from ...core.handle import Handle
from ...core.tensor import ArrayAttributes
from ..rule_namespace import rule_namespace as xp

__all__ = ["ANSWERS"]

_OF_ARRAYS = "array2string array_repr array_str einsum_path may_share_memory shares_memory"
_OF_VALUES = "common_type min_scalar_type save savetxt savez savez_compressed"


def _asking(name: str, value: Callable[[Any], Any]) -> Callable[..., Any]:
    """NumPy's function of that name, asked about arrays in place of Tensors."""
    native = getattr(host().namespace, name)

    def function(*args: Any, **kwargs: Any) -> Any:
        return native(*[value(x) for x in args], **{k: value(v) for k, v in kwargs.items()})

    function.__name__ = name
    function.__doc__ = f"NumPy's {name}, of the arrays."
    with contextlib.suppress(ValueError):  # older versions of NumPy do not tell
        function.__signature__ = inspect.signature(native)  # type: ignore[attr-defined]
    return function


def _array(x: Any) -> Any:
    return x.raw if isinstance(x, Handle) else x


def _value(x: Any) -> Any:
    return x.numpy() if isinstance(x, ArrayAttributes) else x


def can_cast(from_: Any, to: Any, casting: str = "safe") -> bool:
    """Whether a dtype can be cast to another."""
    return bool(host().namespace.can_cast(getattr(from_, "dtype", from_), to, casting))


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype that arrays and dtypes promote to."""
    return xp.result_type(*arrays_and_dtypes)


ANSWERS: dict[str, Callable[..., Any]] = {
    **{name: _asking(name, _array) for name in _OF_ARRAYS.split()},
    **{name: _asking(name, _value) for name in _OF_VALUES.split()},
    "can_cast": can_cast,
    "result_type": result_type,
}
