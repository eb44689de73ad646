"""The default dtype of new arrays: the namespace's own until `set_default_dtype`."""

from __future__ import annotations

from .._typing import DType
from ..backends import as_device
from ..backends.base import dtype_name
from ..errors import DTypeError

__all__ = ["chosen_dtype", "default_dtype", "default_dtype_name", "set_default_dtype"]

_name: str | None = None


class _DefaultDType:
    """What `set_default_dtype` returns: restores the former default when its block ends."""

    def __init__(self, former: str | None) -> None:
        self._former = former

    def __enter__(self) -> DType:
        return default_dtype()

    def __exit__(self, *error: object) -> None:
        global _name  # noqa: PLW0603 - the one default of all threads
        _name = self._former


def set_default_dtype(dtype: DType) -> _DefaultDType:
    """Set the floating dtype of arrays made from Python numbers and of creation functions.

    Parameters
    ----------
    dtype : dtype
        float32 or float64 (float16 where a library has it).

    Returns
    -------
    context manager
        Leaving its block restores the former default.

    Raises
    ------
    DTypeError
        If the dtype is not real floating.

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.set_default_dtype(xg.float32):
    ...     xg.asarray([1.0]).dtype
    dtype('float32')
    """
    global _name
    name = dtype if isinstance(dtype, str) else dtype_name(dtype)
    if not name.startswith(("float", "bfloat")):
        raise DTypeError(f"set_default_dtype: dtype must be real floating, but is {name}.")
    as_device(None).backend.dtype(name)  # or an error that lists what there is
    former, _name = _name, name
    return _DefaultDType(former)


def default_dtype() -> DType:
    """The floating dtype of arrays made from Python numbers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.default_dtype() == xg.float64
    True
    """
    chosen = chosen_dtype()
    if chosen is not None:
        return chosen
    info = as_device(None).backend.namespace.__array_namespace_info__()
    return info.default_dtypes()["real floating"]


def default_dtype_name() -> str:
    """What it is called, which every library has, if only in fewer bits (JAX)."""
    return dtype_name(default_dtype())


def chosen_dtype() -> DType | None:
    """The same, but None where nobody has chosen one."""
    return None if _name is None else as_device(None).backend.dtype(_name)
