"""Functions of recorded programs that write into a buffer they are given, for what is no ufunc.

A writer is made once for its buffer, and then called with operands. What has none is computed by
the backend's own function, which gives new memory in every call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array
from . import numpy_convolution, numpy_pooling
from .numpy_buffers import Form, space_for, written
from .numpy_halves import is_half
from .numpy_kernels import REDUCTIONS, as_view, take_into
from .numpy_masks import where_into
from .numpy_networks import sums_along
from .numpy_padding import frames
from .numpy_products import matmul, matmul_into
from .numpy_rows import reduced
from .numpy_scatter import places_of_rows
from .registry import host

__all__ = ["has_writer", "saves_memory", "scratch_of", "writer_of"]


def has_writer(name: str) -> bool:
    """Whether `writer_of` gives something."""
    return name in _WRITERS


def saves_memory(name: str) -> bool:
    """Whether a writer needs less in between than the backend's function does."""
    return name in _OWN


def writer_of(
    name: str, parameters: dict[str, Any], out: Array, scratch: Sequence[Array] = ()
) -> Callable[..., Any] | None:
    """A function ``write(*operands)`` that fills `out`, for primitives that are no ufunc.

    `scratch` is memory of the forms that `scratch_of` tells."""
    if scratch:
        parameters = {**parameters, "scratch": scratch}
    make = _WRITERS.get(name)
    return None if make is None else make(parameters, out)


def scratch_of(name: str, parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    """What a writer needs in between, for operands with shapes and dtypes."""
    tell = _SCRATCH.get(name)
    return [] if tell is None else tell(parameters, operands)


# -- of each kind ----------------------------------------------------------------------------------

Writer = Callable[[dict[str, Any], Array], Callable[..., Any]]


def _reduction(ufunc: np.ufunc) -> Writer:
    def make(parameters: dict[str, Any], out: Array) -> Callable[..., Any]:
        axis, dtype = parameters.get("axis"), parameters.get("dtype")
        keepdims = bool(parameters.get("keepdims", False))
        return lambda x: reduced(ufunc, x, axis, dtype, out, keepdims)

    return make


def _matmul(_parameters: dict[str, Any], out: Array) -> Callable[..., Any]:
    if is_half(out):
        return lambda x1, x2: written(matmul(x1, x2), out)
    if out.ndim == 2 and out.flags.c_contiguous:

        def product(x1: Array, x2: Array) -> Any:
            if x1.ndim == 2 == x2.ndim and x1.dtype == x2.dtype == out.dtype:
                return matmul_into(x1, x2, out)
            return np.matmul(x1, x2, out)

        return product
    return lambda x1, x2: np.matmul(x1, x2, out)


def _put(parameters: dict[str, Any], out: Array) -> Callable[..., Any]:
    part = as_view("getitem", out, parameters)
    assert part is not None

    def write(x: Array) -> None:
        out.fill(0)
        np.copyto(part, x)

    return write


def _setitem(parameters: dict[str, Any], out: Array) -> Callable[..., Any]:
    part = as_view("getitem", out, parameters)
    assert part is not None

    def write(x: Array, value: Any) -> None:
        np.copyto(out, x)
        np.copyto(part, value)

    return write


def _concat(parameters: dict[str, Any], out: Array) -> Callable[..., Any]:
    axis = parameters.get("axis", 0)
    return lambda *arrays: np.concatenate(arrays, axis=axis, out=out)


def _stack(parameters: dict[str, Any], out: Array) -> Callable[..., Any]:
    parts = list(np.moveaxis(out, parameters.get("axis", 0), 0)) if out.ndim > 1 else []

    def write(*arrays: Array) -> None:
        if parts:
            for part, x in zip(parts, arrays, strict=True):
                np.copyto(part, x)
        else:
            out[...] = arrays

    return write


def _own(name: str) -> Writer:
    """Of a function of numpy's backend that can be given its result."""
    return lambda parameters, out: functools.partial(
        getattr(host().xp, name), out=out, **parameters
    )


def _take(parameters: dict[str, Any], out: Array) -> Callable[..., Any]:
    axis = parameters["axis"]
    return lambda x, indices: take_into(x, indices, axis, out)


def _convert(_parameters: dict[str, Any], out: Array) -> Callable[..., Any]:
    return lambda x: np.copyto(out, x, casting="unsafe")


def _reshape(_parameters: dict[str, Any], out: Array) -> Callable[..., Any]:
    return lambda x: np.copyto(out.reshape(x.shape), x)


def _softmax_needs(parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    return sums_along(operands[0], parameters["axis"]) if operands[0].shape else []


def _log_softmax_needs(parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    (x,) = operands
    return [*_softmax_needs(parameters, operands), Form(x.shape, x.dtype)] if x.shape else []


def _index_add_needs(parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    x, indices = operands
    return places_of_rows(indices, x, parameters["axis"])


def _pool_needs(parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    return space_for(frames(operands[0], parameters["steps"].padding))


def _pool_input_needs(parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    _, x, top = operands
    return numpy_pooling.needs_of_input(x, top, **parameters)


def _convolve_needs(parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    x1, x2 = operands
    return numpy_convolution.needs_of_convolve(x1, x2, parameters["steps"])


def _convolve_input_needs(parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    x1, x2 = operands
    return numpy_convolution.needs_of_input(x1, x2, parameters["steps"], parameters["size"])


def _convolve_kernel_needs(parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    x1, x2 = operands
    return numpy_convolution.needs_of_kernel(x1, x2, parameters["steps"], parameters["window"])


_OWN = (
    *("cholesky", "cholesky_cotangent", "index_add", "log_softmax", "softmax"),
    *("solve_triangular", "tril", "triu"),
    *("convolve", "convolve_input", "convolve_kernel", "standardize", "standardize_cotangent"),
    *("max_pool", "max_pool_input", "max_pool_tangent"),
)
_WRITERS: dict[str, Writer] = {
    **{name: _reduction(ufunc) for name, ufunc in REDUCTIONS.items()},
    "matmul": _matmul,
    "put": _put,
    "setitem": _setitem,
    "concat": _concat,
    "stack": _stack,
    "astype": _convert,
    "cast": _convert,
    "copy": _convert,
    **{name: _own(name) for name in _OWN},
    "reshape": _reshape,  # where it is no view
    "take": _take,
    "where": lambda _parameters, out: functools.partial(_where_to, out),
}


def _where_to(out: Array, condition: Array, x1: Any, x2: Any) -> None:
    where_into(condition, x1, x2, out)


def _cotangent_needs(_parameters: dict[str, Any], operands: Sequence[Any]) -> list[Form]:
    _, y = operands
    return space_for([Form(y.shape, y.dtype)])


_SCRATCH: dict[str, Callable[[dict[str, Any], Sequence[Any]], list[Form]]] = {
    "cholesky_cotangent": _cotangent_needs,
    "convolve": _convolve_needs,
    "convolve_input": _convolve_input_needs,
    "convolve_kernel": _convolve_kernel_needs,
    "index_add": _index_add_needs,
    "max_pool": _pool_needs,
    "max_pool_input": _pool_input_needs,
    "log_softmax": _log_softmax_needs,
    "softmax": _softmax_needs,
}
