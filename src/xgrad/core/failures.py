"""What to say when an array library refuses an operation.

The library's own exception stays attached as the cause; ours says which operation it was, with the
shapes, dtypes and devices of all operands, and what to do."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from .._typing import SCALAR_TYPES
from ..backends import backend_of
from ..backends.dtypes import is_half_dtype
from ..errors import (
    ArgumentError,
    ArgumentTypeError,
    DeviceMismatchError,
    DTypeError,
    LinAlgError,
    OutOfMemoryError,
    OutOfRangeError,
    ShapeError,
    XgradError,
)
from .node import Where
from .observers import show_line
from .primitive import Kind, Primitive
from .spec import describe

_DTYPE_REFUSED = ("not implemented for '", "dtypes not supported")  # in torch's words

__all__ = ["broadcast", "device_mismatch", "explain_failure", "refuse_memory"]


def explain_failure(
    primitive: Primitive,
    arrays: tuple[Any, ...],
    parameters: dict[str, Any] | None,
    error: Exception,
    where: Where = None,
) -> BaseException:
    """The exception to raise in place of a library's own; `where` is the user's line in a replay."""
    halves = any(is_half_dtype(a.dtype) for a in arrays if hasattr(a, "dtype"))
    refused = any(text in str(error) for text in _DTYPE_REFUSED)
    if isinstance(error, NotImplementedError):
        refused |= halves
        if not refused:
            return error
    if isinstance(error, XgradError):
        return error
    call = _show_call(primitive, arrays, parameters, where)
    if refused:
        wanted = "float32" if halves else "a dtype that has it"
        return DTypeError(f"{call}: {str(error).rstrip('.')}. Use astype to {wanted}.")
    if isinstance(error, OverflowError):
        return ArgumentError(f"{call}: {error}. Use astype to a dtype that holds it.")
    if isinstance(error, MemoryError):
        return _memory_error(call, arrays, error)
    if isinstance(error, IndexError):
        return _index_error(call, arrays, parameters or {}, error)
    if type(error).__name__.endswith("LinAlgError"):
        return _linalg_error(primitive, call, error)
    if primitive.kind is Kind.CONTRACTION and not all(hasattr(a, "shape") for a in arrays):
        return ArgumentTypeError(f"{call}: a number has no axes to sum over. Use multiply.")
    if not isinstance(error, (TypeError, ValueError, RuntimeError)):
        # Nothing that operands are refused with: a warning that somebody made an error, or a mistake
        # of ours.
        error.add_note(f"while computing {call}")
        return error
    shapes = [tuple(a.shape) for a in arrays if hasattr(a, "shape")]
    if primitive.kind is Kind.STACKED:  # the public functions looked at the shapes
        if isinstance(error, TypeError):
            return DTypeError(f"{call}: {error}")
        error.add_note(f"while computing {call}")
        return error
    if primitive.kind is Kind.CONTRACTION and isinstance(error, (ValueError, RuntimeError)):
        return ShapeError(f"{call} do not fit: {_contraction_advice(primitive, shapes)}")
    if primitive.kind.broadcasts and broadcast(shapes) is None:
        return ShapeError(
            f"{call} do not broadcast: axes are compared from the last to the first and must be "
            "equal or 1. Use reshape or expand_dims to line the axes up."
        )
    if isinstance(error, TypeError):
        return DTypeError(f"{call}: {error}")
    if primitive.kind.broadcasts and isinstance(error, ValueError):
        return ArgumentError(f"{call}: {error}")
    if primitive.kind.broadcasts and isinstance(error, RuntimeError):
        return DTypeError(f"{call}: {error}")
    return ShapeError(f"{call}: {error}")


def _linalg_error(primitive: Primitive, call: str, error: Exception) -> LinAlgError:
    if primitive.name == "cholesky":
        advice = (
            "x must have positive eigenvalues. Use x + c * xg.eye(n) with a small c if they are "
            "positive but for rounding errors."
        )
    elif primitive.name in ("inv", "solve", "solve_triangular"):
        advice = "Use pinv or lstsq for a matrix without an inverse."
    else:
        advice = "Use xg.isfinite to look for elements that are not finite."
    kind = _also_ours(LinAlgError, type(error))  # type: ignore[arg-type]
    return kind(f"{call}: {str(error).rstrip('.')}. {advice}")  # type: ignore[no-any-return]


def _index_error(
    call: str, arrays: tuple[Any, ...], parameters: dict[str, Any], error: IndexError
) -> OutOfRangeError:
    """What a library says of indices, with the axis and the size that are the caller's."""
    text = str(error).rstrip(". ")
    axis = parameters.get("axis")
    if isinstance(axis, int):  # libraries may have seen another order of the axes
        text = re.sub(r"\baxis \d+", f"axis {axis}", text)
        size = parameters.get("size", arrays[0].shape[axis])
    else:
        found = re.search(r"\bsize (\d+)$", text)
        size = int(found[1]) if found else 0
    advice = f" Use indices from {-size} to {size - 1}." if size and "Use " not in text else ""
    return OutOfRangeError(f"{call}: {text}.{advice}")


def refuse_memory(call: str, arrays: Iterable[Any], error: MemoryError) -> NoReturn:
    """Raise our exception where memory ran out outside of operations.

    Parameters
    ----------
    call : str
        What was under way.
    arrays : iterable of arrays and numbers
        What it worked with; the first array tells the device.
    error : MemoryError
        The library's own, or one that was explained before, which is left as it is.
    """
    if isinstance(error, XgradError):
        raise error
    raise _memory_error(call, arrays, error) from error


def _memory_error(call: str, arrays: Iterable[Any], error: MemoryError) -> MemoryError:
    array = next((a for a in arrays if type(a) not in SCALAR_TYPES), None)
    state = "" if array is None else _show_memory(array)
    kind = _also_ours(OutOfMemoryError, type(error))  # type: ignore[arg-type]
    return kind(  # type: ignore[no-any-return]
        f"{call}: {str(error).rstrip('.') or 'out of memory'}.{state} Use "
        "smaller batches, float32, xg.checkpoint to keep less for the gradient, or del for what is "
        "not needed any more."
    )


def _show_memory(array: Any) -> str:
    backend, array = backend_of(array).bottom(array)
    native = backend.device_of(array)
    figures = backend.memory(native)
    if figures is None:
        return ""
    used, pool, free, total = (n / 2**30 for n in figures)
    return (
        f" {backend.device_name(native)} has {free:.1f} of {total:.1f} GiB free; this process holds "
        f"{pool:.1f} GiB, {used:.1f} of it in arrays."
    )


def device_mismatch(primitive: Primitive, arrays: Sequence[Any]) -> DeviceMismatchError:
    """What to raise where operands live on different devices."""
    shown = " and ".join(describe(a) for a in arrays if type(a) not in SCALAR_TYPES)
    return DeviceMismatchError(
        f"{primitive.name}: the operands are on different devices: {shown}. "
        "Use .to_device(...) to bring them together."
    )


@functools.cache
def _also_ours(ours: Any, kind: Any) -> Any:
    """A library's exception that is one of ours, too: it is made of a message, as ours are."""
    bases = (ours,) if issubclass(ours, kind) else (ours, kind)
    own = {"__init__": ours.__init__, "__str__": ours.__str__, "__module__": ours.__module__}
    return type(ours.__name__, bases, own)


def broadcast(shapes: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The shape that shapes broadcast to, or None where they do not."""
    out: list[int] = []
    for shape in shapes:
        for i, size in enumerate(reversed(shape)):
            if i == len(out):
                out.append(size)
            elif out[i] == 1:
                out[i] = size
            elif size not in (1, out[i]):
                return None
    return tuple(reversed(out))


def _show_call(
    primitive: Primitive,
    arrays: tuple[Any, ...],
    parameters: dict[str, Any] | None,
    where: Where,
) -> str:
    names = list(primitive.operands)
    if primitive.starred:
        star = names.pop()
        names += [f"{star}[{i}]" for i in range(len(arrays) - len(names))]
    shown = [
        f"{name} {array!r}" if type(array) in SCALAR_TYPES else f"{name} {describe(array)}"
        for name, array in zip(names, arrays, strict=False)
    ]
    text = f"{primitive.name}{show_line(where)}: {' and '.join(shown)}"
    if parameters:
        inside = ", ".join(f"{k}={v!r}" for k, v in parameters.items() if v is not None)
        text += f" with {inside}" if inside else ""
    return text


def _contraction_advice(primitive: Primitive, shapes: list[tuple[int, ...]]) -> str:
    if primitive.name == "matmul" and all(shapes) and len(shapes) == 2:
        x1, x2 = shapes
        inner = x2[-2] if len(x2) > 1 else x2[-1]
        if x1[-1] != inner:
            which = "second last" if len(x2) > 1 else "only"
            return (
                f"the last axis of x1 ({x1[-1]}) must equal the {which} axis of x2 ({inner}). Use "
                "matrix_transpose if x2 was meant the other way round."
            )
        return "the axes before the last two must broadcast. Use reshape or expand_dims."
    if primitive.name == "matmul":
        return "both must have at least one axis. Use multiply for a 0-d operand."
    return "the contracted axes must have equal sizes. Use permute_dims or other axes."
