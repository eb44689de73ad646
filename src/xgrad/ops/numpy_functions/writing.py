"""Writing into an array: copyto, put, place and the like.

A Tensor's handle is rebound to a new value, which is differentiable in what was there and in what
was written; other handles of the old value see nothing. A NumPy array takes only what no tape
follows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ...backends import host
from ...core.handle import Handle
from ...core.protocols import protocols
from ...core.spec import describe
from ...errors import ArgumentError, ArgumentTypeError, ShapeError
from .._arguments import as_axis
from ..rule_namespace import rule_namespace as xp
from .operands import operands, refuse_cast, tensors
from .shapes import ravel

__all__ = ["copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"]


def write_into_array(name: str, native: Any, target: Any, *args: Any, **kwargs: Any) -> None:
    """Let NumPy write into a target of its own, if no tape follows what is written."""
    values = [*args, *kwargs.values()]
    if any(isinstance(x, Handle) and protocols.is_followed(x) for x in values):
        raise ArgumentTypeError(
            f"numpy.{name}: the target is a {type(target).__name__}, in which the gradient would be "
            "lost. Use a Tensor as target."
        )
    plain = [getattr(x, "raw", x) for x in args]
    native(target, *plain, **{key: getattr(x, "raw", x) for key, x in kwargs.items()})


def _for_tensors(write: Callable[..., None]) -> Callable[..., None]:
    """A function that writes into Tensors and Variables, made to take NumPy's arrays as well."""
    name = write.__name__

    @functools.wraps(write)
    def function(*args: Any, **kwargs: Any) -> None:
        if isinstance(args[0], Handle):
            write(*args, **kwargs)
        else:
            write_into_array(name, getattr(host().namespace, name), *args, **kwargs)

    return function


@_for_tensors
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """``dst[where] = src``."""
    src, where, _ = operands(src, where, dst)
    refuse_cast(src, dst.dtype, casting, "numpy.copyto: src", "dst")
    src = xp.astype(tensors(src, dst)[0], dst.dtype, copy=False)
    dst[...] = src if where is True else xp.where(where, src, dst)


@_for_tensors
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """``a.flat[ind] = v``, the values repeated as needed."""
    index = ravel(xp.asarray(ind, device=a.device))
    if mode == "wrap":
        index = xp.remainder(index, a.size)
    elif mode == "clip":
        index = xp.clip(index, 0, a.size - 1)
    flat = xp.reshape(a, (-1,))
    flat[index] = _repeated(v, a, index.size)
    a[...] = xp.reshape(flat, a.shape)


@_for_tensors
def place(arr: Any, mask: Any, vals: Any) -> None:
    """``arr[mask] = vals``, the values in turn and repeated as needed."""
    where = xp.nonzero(xp.astype(ravel(tensors(mask, arr)[0]), "bool"))[0]
    put(arr, where, vals)


@_for_tensors
def putmask(a: Any, /, mask: Any, values: Any) -> None:
    """``a[mask] = values[mask]``, the values repeated to the size of a."""
    mask = xp.reshape(xp.astype(tensors(mask, a)[0], "bool"), a.shape)
    values = xp.reshape(_repeated(values, a, a.size), a.shape)
    a[...] = xp.where(mask, values, a)


@_for_tensors
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    """One value per index, along an axis; in the flattened array where it is None."""
    indices, _ = tensors(indices, arr)
    values = xp.broadcast_to(tensors(values, arr)[0], indices.shape)
    if axis is None:
        put(arr, indices, values)
        return
    axis = as_axis(axis, arr.ndim, "numpy.put_along_axis")
    if indices.ndim != arr.ndim:
        raise ShapeError(
            f"numpy.put_along_axis: indices {describe(indices)} must have as many axes as arr "
            f"{describe(arr)}."
        )
    key = []
    for i, n in enumerate(arr.shape):
        sizes = tuple(-1 if j == i else 1 for j in range(arr.ndim))
        key.append(indices if i == axis else xp.reshape(xp.arange(n, device=arr.device), sizes))
    arr[tuple(key)] = values


@_for_tensors
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """The values on the main diagonal, repeated as needed."""
    if a.ndim < 2:
        raise ShapeError(f"numpy.fill_diagonal: a must have two axes or more, not shape {a.shape}.")
    if a.ndim == 2:
        step, end = a.shape[1] + 1, a.size if wrap else min(a.size, a.shape[1] ** 2)
    elif len(set(a.shape)) == 1:
        step, end = sum(a.shape[0] ** i for i in range(a.ndim)), a.size
    else:
        raise ShapeError(f"numpy.fill_diagonal: the axes must be of equal sizes, not {a.shape}.")
    put(a, list(range(0, end, step)), val)


def _repeated(values: Any, a: Any, count: int) -> Any:
    """So many values, in the dtype of a, as Tensor."""
    flat = ravel(tensors(values, a)[0])
    if flat.size == count:
        return flat
    if not flat.size:
        raise ArgumentError("there are places to write to, but no values.")
    return xp.take(flat, xp.arange(count, device=flat.device) % flat.size, axis=0)
