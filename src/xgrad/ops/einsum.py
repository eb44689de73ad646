"""Sums of products written with one letter per axis.

NumPy's function of that name, with any number of operands. Pairs of operands are contracted by a
primitive whose rules are contractions again; everything else is made of others (ops/_einsum.py)."""

from __future__ import annotations

from typing import Any

from .._typing import SCALAR_TYPES, ArrayLike
from ..core.dispatch import apply, apply1
from ..core.instructions import primitive
from ..core.spec import describe
from ..core.tensor import Tensor, alias
from ..errors import ArgumentError, ArgumentTypeError, ShapeError
from ._arguments import as_operand
from ._einsum import LETTERS, Operand, make_plan
from .conversion import asarray
from .data_types import result_type
from .joining import promoted

__all__ = ["einsum"]

_CONTRACT = primitive("contract")
_PERMUTE_DIMS = primitive("permute_dims")
_RESHAPE = primitive("reshape")
_SUM = primitive("sum")


def einsum(subscripts: str | ArrayLike, /, *operands: ArrayLike) -> Tensor:
    """Sum products over axes named by letters.

    Parameters
    ----------
    subscripts : str
        The letters of each operand's axes, separated by commas, and after ``->`` those of the
        result; what is not in the result is summed. Without ``->`` the result has the letters that
        occur once, in alphabetical order. A letter twice in one operand takes the diagonal; ``...``
        stands for axes that broadcast, as do axes of size 1.
    *operands : Tensors, Variables, arrays or Python scalars
        NumPy's other spelling works too: each operand before a list of numbers for its axes, and
        perhaps a last list for the result, all without `subscripts`.

    Returns
    -------
    Tensor
        Of the promoted dtype. With three operands and more, the order of contractions is
        opt_einsum's where that is installed.

    Raises
    ------
    ArgumentError
        If the subscripts cannot be read.
    ShapeError
        If they do not fit the shapes of the operands.

    See Also
    --------
    tensordot, matmul

    References
    ----------
    .. [1] D. G. A. Smith and J. Gray, opt_einsum, Journal of Open Source Software 3 (2018) 753.

    Examples
    --------
    >>> import xgrad as xg
    >>> a = xg.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> xg.einsum("ij,jk->ik", a, a)
    xg.Tensor([[ 7., 10.],
               [15., 22.]], shape=(2, 2), dtype=float64, device=cpu)
    >>> xg.einsum("ii", a)
    xg.Tensor(5., shape=(), dtype=float64, device=cpu)
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _written_out((subscripts, *operands))
    if not operands:
        raise ArgumentError("einsum: there are no operands. Use at least one array.")
    arrays = _of_one_dtype(operands)
    try:
        plan = make_plan(subscripts, tuple(x.shape for x in arrays))
    except (ArgumentError, ShapeError) as error:
        shown = ", ".join(map(describe, arrays))
        raise type(error)(f"{error} The operands are {shown}.") from None
    arrays = [_prepared(x, how) for x, how in zip(arrays, plan.operands, strict=True)]
    for (i, j), pair in plan.steps:
        second, first = arrays.pop(j), arrays.pop(i)
        arrays.append(apply(_CONTRACT, (first, second), {"subscripts": pair}))
    (y,) = arrays
    if plan.order is not None:
        y = apply1(_PERMUTE_DIMS, y, {"axes": plan.order})
    if plan.shape is not None:
        y = apply1(_RESHAPE, y, {"shape": plan.shape})
    return alias(y)


def _prepared(x: Any, how: Operand) -> Any:
    """Bring one operand to distinct letters that something else needs."""
    if how.shape is not None:
        x = apply1(_RESHAPE, x, {"shape": how.shape})
    for order, shape, step in how.diagonals:
        x = apply1(_RESHAPE, apply1(_PERMUTE_DIMS, x, {"axes": order}), {"shape": shape})
        x = x[(slice(None, None, step), ...)]
    if how.summed:
        x = apply1(_SUM, x, {"axis": how.summed, "dtype": None, "keepdims": False})
    return x


def _of_one_dtype(operands: tuple[Any, ...]) -> list[Any]:
    """Operands as handles of one dtype; Python scalars go where the arrays are."""
    places = [i for i, x in enumerate(operands) if type(x) not in SCALAR_TYPES]
    arrays = [as_operand(operands[i], "einsum", f"operands[{i}]") for i in places]
    if not arrays:
        return promoted([as_operand(x, "einsum") for x in operands])
    if len(arrays) == len(operands):
        return promoted(arrays)
    home, dtype = (
        arrays[0].device,
        result_type(*arrays, *(x for x in operands if type(x) in SCALAR_TYPES)),
    )
    found = dict(zip(places, arrays, strict=True))
    every = [
        found[i] if i in found else asarray(x, dtype=dtype, device=home)
        for i, x in enumerate(operands)
    ]
    return promoted(every)


def _written_out(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Subscripts and operands of NumPy's other spelling: operands and lists in turn."""
    count = len(arguments) // 2 * 2
    terms = [_letters(axes) for axes in arguments[1:count:2]]
    result = [_letters(axes) for axes in arguments[count:]]
    return "->".join([",".join(terms), *result]), arguments[:count:2]


def _letters(axes: Any) -> str:
    if not isinstance(axes, (list, tuple)):
        raise ArgumentTypeError(
            f"einsum: without subscripts every operand must be followed by a list of ints for its "
            f"axes, but there is a {type(axes).__name__}. Use a string of subscripts first."
        )
    for axis in axes:
        if axis is not Ellipsis and not (isinstance(axis, int) and 0 <= axis < len(LETTERS)):
            raise ArgumentError(
                f"einsum: {axis!r} names no axis. Use numbers from 0 to {len(LETTERS) - 1}, or ..."
            )
    return "".join("..." if axis is Ellipsis else LETTERS[axis] for axis in axes)
