"""Jacobians and Hessians of functions, forward or backward, whichever is cheaper."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from .._arguments import as_choice, as_flag, check_function
from .._typing import Nest
from ..backends import quiet
from ..core.casting import dtype_kind, is_inexact
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import DTypeError
from ..interpreters.arguments import check_chunk_size
from ..interpreters.jacobian import jacobian as tape_jacobian
from ..interpreters.tape import GradientTape
from ..ops.rule_namespace import rule_namespace
from ..tree import unflatten
from .functional import Transposed, _as_arguments, _directions, _first
from .inputs import Inputs, argument_numbers, output_leaves, scalar_output

__all__ = ["hessian", "hvp", "jacfwd", "jacobian", "jacrev"]

Mode = Literal["auto", "forward", "reverse"]


def jacobian(
    f: Callable[..., Nest],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    chunk_size: int | None = None,
    mode: Mode = "auto",
) -> Callable[..., Nest]:
    """Make the function that gives all derivatives of a function's results.

    Parameters
    ----------
    f : callable
        Returns a nest of Tensors; with `has_aux` a pair of that and anything else.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to.
    has_aux : bool
        Whether f returns something beside what is differentiated.
    holomorphic : bool
        Whether f is analytic from complex arguments to complex results; the derivative is the
        complex one then.
    chunk_size : int, optional
        How many rows (or columns, forward) to compute at once, to bound memory.
    mode : str
        ``"forward"`` is cheaper for few inputs, ``"reverse"`` for few outputs; ``"auto"`` counts
        them.

    Returns
    -------
    callable
        With the arguments of f; it returns a nest in the structure of f's result, for each of which
        there is one in the structure of the argument (a tuple for several argument numbers):
        Tensors of shape ``(*y.shape, *x.shape)``. With `has_aux` a pair of that and the other
        thing.

    Raises
    ------
    DTypeError
        If an argument is an integer, or something is complex and `holomorphic` does not fit.
    ArgumentError, ArgumentTypeError
        If an option is out of range, or f returns anything but Tensors.

    See Also
    --------
    jacrev, jacfwd, hessian, vmap

    Notes
    -----
    Rules run once for many rows: the cotangents are batched, as by `vmap`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.jacobian(lambda x: x**2)(xg.asarray([1.0, 2.0]))
    xg.Tensor([[2., 0.],
               [0., 4.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    as_choice(mode, ("auto", "forward", "reverse"), "jacobian", "mode")
    return _jacobian(f, argnums, has_aux, holomorphic, chunk_size, mode, "jacobian")


def jacrev(
    f: Callable[..., Nest],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Nest]:
    """Make the function that gives all derivatives, row by row, in reverse mode.

    Parameters
    ----------
    f : callable
    argnums : int or sequence of int
    has_aux, holomorphic : bool
    chunk_size : int, optional
        All as for `jacobian`.

    Returns
    -------
    callable
        As for `jacobian`.

    Raises
    ------
    DTypeError, ArgumentError, ArgumentTypeError
        As for `jacobian`.

    See Also
    --------
    jacobian, jacfwd

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.jacrev(xg.prod)(xg.asarray([2.0, 3.0]))
    xg.Tensor([3., 2.], shape=(2,), dtype=float64, device=cpu)
    """
    return _jacobian(f, argnums, has_aux, holomorphic, chunk_size, "reverse", "jacrev")


def jacfwd(
    f: Callable[..., Nest],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Nest]:
    """Make the function that gives all derivatives, column by column, in forward mode.

    Parameters
    ----------
    f : callable
    argnums : int or sequence of int
    has_aux, holomorphic : bool
    chunk_size : int, optional
        All as for `jacobian`.

    Returns
    -------
    callable
        As for `jacobian`.

    Raises
    ------
    DTypeError, ArgumentError, ArgumentTypeError
        As for `jacobian`.

    See Also
    --------
    jacobian, jacrev

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.jacfwd(lambda t: xg.stack([xg.cos(t), xg.sin(t)]))(0.0)
    xg.Tensor([-0.,  1.], shape=(2,), dtype=float64, device=cpu)
    """
    return _jacobian(f, argnums, has_aux, holomorphic, chunk_size, "forward", "jacfwd")


def _jacobian(
    f: Callable[..., Nest],
    argnums: int | Sequence[int],
    has_aux: bool,
    holomorphic: bool,
    chunk_size: int | None,
    mode: Mode,
    caller: str,
) -> Callable[..., Nest]:
    check_function(f, caller)
    check_chunk_size(chunk_size, caller)
    numbers = argument_numbers(argnums, caller)

    @functools.wraps(f)
    def matrix(*args: Any, **options: Any) -> Nest:
        inputs = Inputs(args, numbers, caller)
        with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(inputs.leaves)
            value = f(*inputs.args, **options)
        y = _first(value, has_aux, caller, f)
        targets, treedef = output_leaves(y, caller, f)
        moving = [y for y in targets if is_inexact(y.dtype)]
        forward = mode == "forward" or (mode == "auto" and _is_tall(moving, inputs.leaves))
        _check_kinds(targets, inputs.leaves, holomorphic, forward, caller)
        compute = _columns if forward else _rows
        with quiet():
            rows = iter(compute(tape, moving, inputs.leaves, chunk_size, holomorphic))
        blocks = [
            next(rows) if is_inexact(y.dtype) else _of_constant(y, inputs.leaves) for y in targets
        ]
        found = unflatten(treedef, [inputs.result(row) for row in blocks])
        return (found, value[1]) if has_aux else found

    return matrix


def _rows(
    tape: GradientTape,
    targets: list[Any],
    sources: list[Any],
    chunk_size: int | None,
    holomorphic: bool,
) -> list[list[Tensor]]:
    """Backwards, with a row for each element of a target."""
    (trace,) = tape.alone
    return [
        [
            _or_zeros(m, (*y.shape, *x.shape), x)
            for x, m in zip(
                sources, tape_jacobian(trace, y, sources, chunk_size, holomorphic), strict=True
            )
        ]
        for y in targets
    ]


def _columns(
    tape: GradientTape,
    targets: list[Any],
    sources: list[Any],
    chunk_size: int | None,
    _holomorphic: bool,
) -> list[list[Tensor]]:
    """Forwards, by transposing the pullback, with a column for each element of a source."""
    transposed = Transposed(tape, targets, sources)
    (trace,) = transposed.tape.alone
    columns = [
        tape_jacobian(trace, g, transposed.cotangents, chunk_size, True) for g in transposed.pulled
    ]
    return [
        [_turned(columns[j][i], y, x) for j, x in enumerate(sources)] for i, y in enumerate(targets)
    ]


def _of_constant(y: Any, sources: list[Any]) -> list[Tensor]:
    """The derivatives of integers and booleans."""
    return [_or_zeros(None, (*y.shape, *x.shape), x) for x in sources]


def _turned(column: Tensor | None, y: Any, x: Any) -> Tensor:
    """A matrix of shape (*x, *y) as one of shape (*y, *x); it is that of the adjoint."""
    if column is None:
        return _or_zeros(None, (*y.shape, *x.shape), y)
    order = (*range(x.ndim, x.ndim + y.ndim), *range(x.ndim))
    turned = rule_namespace.permute_dims(column, order)
    return rule_namespace.conj(turned) if dtype_kind(turned.dtype) == "complex" else turned  # type: ignore[no-any-return]


def _is_tall(targets: list[Any], sources: list[Any]) -> bool:
    """Whether columns are cheaper than rows; they cost one more backward pass."""
    inputs: int = sum(math.prod(x.shape) for x in sources)
    outputs: int = sum(math.prod(y.shape) for y in targets)
    return 2 * inputs <= outputs


def _check_kinds(
    targets: list[Any], sources: list[Any], holomorphic: bool, forward: bool, caller: str
) -> None:
    """Complex values mean nothing here unless all of them are, or none that matters is."""
    complex_sources = [x for x in sources if dtype_kind(x.dtype) == "complex"]
    complex_targets = [y for y in targets if dtype_kind(y.dtype) == "complex"]
    if as_flag(holomorphic, caller, "holomorphic"):
        for x in (*sources, *targets):
            if dtype_kind(x.dtype) != "complex":
                raise DTypeError(
                    f"{caller}: holomorphic=True needs complex arguments and results, but one is "
                    f"{describe(x)}. Use astype, or holomorphic=False."
                )
    elif forward and complex_sources:
        raise DTypeError(
            f"{caller}: an argument is complex, {describe(complex_sources[0])}. Use "
            "holomorphic=True for an analytic function, or mode 'reverse' for real results."
        )
    elif not forward and complex_targets:
        raise DTypeError(
            f"{caller}: a result is complex, {describe(complex_targets[0])}. Use holomorphic=True "
            "for an analytic function of complex arguments, mode 'forward' for real arguments, or "
            "return real and imaginary parts."
        )


def hessian(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Nest]:
    """Make the function that gives the second derivatives of a scalar function.

    Parameters
    ----------
    f : callable
        Returns a real scalar Tensor; with `has_aux` a pair of that and anything else.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to.
    has_aux : bool
        Whether f returns something beside the scalar.

    Returns
    -------
    callable
        With the arguments of f; it returns a nest in the structure of the argument (a tuple for
        several argument numbers), for each of which there is another: all blocks, Tensors of shape
        ``(*x1.shape, *x2.shape)``. Zeros where a second derivative vanishes.

    Raises
    ------
    ShapeError, ArgumentTypeError, DTypeError, ArgumentError
        As for `grad`.

    See Also
    --------
    hvp, jacobian, GradientTape.hessian

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.hessian(lambda x: xg.prod(x) ** 2)(xg.asarray([1.0, 2.0]))
    xg.Tensor([[8., 8.],
               [8., 2.]], shape=(2, 2), dtype=float64, device=cpu)
    """
    check_function(f, "hessian")
    numbers = argument_numbers(argnums, "hessian")

    @functools.wraps(f)
    def matrix(*args: Any, **options: Any) -> Nest:
        inputs = Inputs(args, numbers, "hessian")
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs.leaves)
            value = f(*inputs.args, **options)
        y = scalar_output(_first(value, has_aux, "hessian", f), "hessian", f)
        blocks = tape.hessian(y, inputs.leaves)
        found = inputs.result([inputs.result(row) for row in blocks])
        return (found, value[1]) if has_aux else found

    return matrix


def hvp(f: Callable[..., Any], primals: Nest, tangents: Nest) -> Nest:
    """Multiply the Hessian of a scalar function by a vector, without making the Hessian.

    Parameters
    ----------
    f : callable
        Returns a real scalar Tensor.
    primals : tuple or list of nests
        Its arguments; a single Tensor, array or number stands for a tuple of one.
    tangents : tuple or list of nests
        The vector, in the structure of `primals`.

    Returns
    -------
    nest
        The product, in the structure of the argument; a tuple of them for several arguments. Zeros
        where second derivatives vanish.

    Raises
    ------
    ShapeError, ArgumentTypeError, DTypeError, ArgumentError
        As for `grad` and `jvp`.

    See Also
    --------
    hessian, GradientTape.hvp

    References
    ----------
    Pearlmutter, "Fast Exact Multiplication by the Hessian" (Neural Computation, 1994).

    Examples
    --------
    >>> import xgrad as xg
    >>> x, v = xg.asarray([1.0, 2.0]), xg.asarray([1.0, 1.0])
    >>> xg.hvp(lambda x: xg.sum(x**3), (x,), (v,))
    xg.Tensor([ 6., 12.], shape=(2,), dtype=float64, device=cpu)
    """
    check_function(f, "hvp")
    args = _as_arguments(primals)
    inputs = Inputs(args, range(len(args)), "hvp")
    directions = _directions(primals, tangents, "hvp")
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs.leaves)
        value = f(*inputs.args)
    y = scalar_output(value, "hvp", f)
    found = inputs.nests(tape.hvp(y, inputs.leaves, directions))
    return found[0] if len(found) == 1 else tuple(found)


def _or_zeros(found: Tensor | None, shape: tuple[int, ...], like: Any) -> Tensor:
    if found is not None:
        return found
    return rule_namespace.zeros(shape, dtype=like.dtype, device=like.device)  # type: ignore[no-any-return]
