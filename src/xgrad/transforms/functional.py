"""grad, value_and_grad, vjp, jvp, linearize: derivatives of functions, without a tape in sight.

Each runs the function under a tape or an accumulator of its own, which watches the arguments and
nothing else: Variables that the function reads are constants here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .._arguments import as_flag, check_function
from .._typing import Nest
from ..core.casting import is_inexact
from ..core.indexed_slices import IndexedSlices
from ..errors import ArgumentError
from ..interpreters.forward import ForwardAccumulator
from ..interpreters.tape import GradientTape
from ..ops.rule_namespace import rule_namespace
from ..tree import flatten, show, unflatten
from .inputs import Inputs, argument_numbers, output_leaves, scalar_output

__all__ = ["grad", "jvp", "linearize", "value_and_grad", "vjp"]


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Nest]:
    """Make the function that gives the gradient of a scalar function.

    Parameters
    ----------
    f : callable
        Returns a real scalar Tensor; with `has_aux` a pair of that and anything else.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to: Tensors, Variables, arrays,
        numbers, or nests of them.
    has_aux : bool
        Whether f returns something beside the scalar.

    Returns
    -------
    callable
        With the arguments of f; it returns the gradient in the structure of the argument, a tuple
        of them for several argument numbers; with `has_aux` a pair of that and the other thing.
        Zeros for what the scalar does not depend on.

    Raises
    ------
    ShapeError, ArgumentTypeError
        If f returns anything but a scalar Tensor.
    DTypeError
        If the scalar is complex, or an argument is an integer.
    ArgumentError
        If there is no such argument.

    See Also
    --------
    value_and_grad, jacobian, hessian, GradientTape

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(lambda x: x**3)(2.0)
    xg.Tensor(12., shape=(), dtype=float64, device=cpu)
    >>> xg.grad(xg.grad(lambda x: x**3))(2.0)
    xg.Tensor(12., shape=(), dtype=float64, device=cpu)
    """
    check_function(f, "grad")
    numbers = argument_numbers(argnums, "grad")

    @functools.wraps(f)
    def gradient(*args: Any, **options: Any) -> Nest:
        value, slopes = _value_and_slopes(f, numbers, has_aux, args, options, "grad")
        return (slopes, value[1]) if has_aux else slopes

    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Nest]]:
    """Make the function that gives a scalar function's value and its gradient.

    Parameters
    ----------
    f : callable
    argnums : int or sequence of int
    has_aux : bool
        All as for `grad`.

    Returns
    -------
    callable
        With the arguments of f; it returns what f returns, and the gradient.

    Raises
    ------
    ShapeError, ArgumentTypeError, DTypeError, ArgumentError
        As for `grad`.

    See Also
    --------
    grad

    Examples
    --------
    >>> import xgrad as xg
    >>> value, slope = xg.value_and_grad(lambda x: x**3)(2.0)
    >>> value.item(), slope.item()
    (8.0, 12.0)
    """
    check_function(f, "value_and_grad")
    numbers = argument_numbers(argnums, "value_and_grad")

    @functools.wraps(f)
    def both(*args: Any, **options: Any) -> tuple[Any, Nest]:
        return _value_and_slopes(f, numbers, has_aux, args, options, "value_and_grad")

    return both


def _value_and_slopes(
    f: Callable[..., Any],
    argnums: int | Sequence[int],
    has_aux: bool,
    args: tuple[Any, ...],
    options: dict[str, Any],
    caller: str,
) -> tuple[Any, Nest]:
    inputs = Inputs(args, argnums, caller)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs.leaves)
        value = f(*inputs.args, **options)
    y = scalar_output(_first(value, has_aux, caller, f), caller, f)
    slopes = tape.gradient(y, inputs.leaves, unconnected_gradients="zero")
    return value, inputs.result(slopes)


def _first(value: Any, has_aux: bool, caller: str, f: Callable[..., Any]) -> Any:
    if not as_flag(has_aux, caller, "has_aux"):
        return value
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        name = getattr(f, "__name__", type(f).__name__)
        raise ArgumentError(
            f"{caller}: with has_aux=True, {name} must return a pair, (value, anything), but "
            f"returned a {type(value).__name__}."
        )
    return value[0]


def vjp(f: Callable[..., Nest], *primals: Nest, has_aux: bool = False) -> tuple[Any, ...]:
    """Evaluate a function and make the one that pulls cotangents back (reverse mode).

    Parameters
    ----------
    f : callable
        Returns a nest of Tensors; with `has_aux` a pair of that and anything else.
    *primals : nests
        Its arguments: Tensors, Variables, arrays, numbers, or nests of them.
    has_aux : bool
        Whether f returns something beside what is differentiated.

    Returns
    -------
    y : nest
    pullback : callable
        ``pullback(g)``, with g in the structure of y, gives a tuple with one gradient per primal.
        It can be called any number of times.
    aux : object
        Only with `has_aux`.

    Raises
    ------
    ArgumentTypeError, DTypeError
        If f returns anything but Tensors, or a primal is no number or an integer.

    See Also
    --------
    jvp, linearize, grad

    Notes
    -----
    Complex cotangents and gradients are directions of steepest ascent, as everywhere in xgrad.

    Examples
    --------
    >>> import xgrad as xg
    >>> y, pullback = xg.vjp(lambda x: x * x, xg.asarray([1.0, 2.0]))
    >>> pullback(xg.asarray([1.0, 10.0]))
    (xg.Tensor([ 2., 40.], shape=(2,), dtype=float64, device=cpu),)
    """
    check_function(f, "vjp")
    inputs = Inputs(primals, range(len(primals)), "vjp")
    with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(inputs.leaves)
        value = f(*inputs.args)
    y = _first(value, has_aux, "vjp", f)
    targets, treedef = output_leaves(y, "vjp", f)

    def pullback(g: Nest) -> tuple[Nest, ...]:
        seeds = _in_structure(g, treedef, "pullback: g")
        found = tape.gradient(
            targets, inputs.leaves, output_gradients=seeds, unconnected_gradients="zero"
        )
        return tuple(inputs.nests(found))

    return (y, pullback, value[1]) if has_aux else (y, pullback)


def jvp(
    f: Callable[..., Nest],
    primals: Nest,
    tangents: Nest,
    has_aux: bool = False,
) -> tuple[Any, ...]:
    """Evaluate a function and its derivative along a direction (forward mode).

    Parameters
    ----------
    f : callable
        Returns a nest of Tensors; with `has_aux` a pair of that and anything else.
    primals : tuple or list of nests
        Its arguments; a single Tensor, array or number stands for a tuple of one.
    tangents : tuple or list of nests
        The direction, in the structure of `primals`.
    has_aux : bool
        Whether f returns something beside what is differentiated.

    Returns
    -------
    y, tangent : nests
        What f returns, and its derivative along the direction, in the same structure.
    aux : object
        Only with `has_aux`.

    Raises
    ------
    ArgumentError, ShapeError
        If the structures or the shapes of primals and tangents differ.
    ArgumentTypeError, DTypeError
        If f returns anything but Tensors, or a primal is no number or an integer.

    See Also
    --------
    vjp, linearize, ForwardAccumulator

    Examples
    --------
    >>> import xgrad as xg
    >>> y, slope = xg.jvp(lambda x: x**3, (2.0,), (1.0,))
    >>> slope
    xg.Tensor(12., shape=(), dtype=float64, device=cpu)
    """
    check_function(f, "jvp")
    inputs = Inputs(_as_arguments(primals), _all_of(primals), "jvp")
    directions = _directions(primals, tangents, "jvp")
    with ForwardAccumulator(inputs.leaves, directions) as accumulator:
        value = f(*inputs.args)
    y = _first(value, has_aux, "jvp", f)
    targets, treedef = output_leaves(y, "jvp", f)
    found = accumulator.jvp(targets, unconnected_gradients="zero")
    slope = unflatten(treedef, found)
    return (y, slope, value[1]) if has_aux else (y, slope)


def linearize(f: Callable[..., Nest], *primals: Nest) -> tuple[Nest, Callable[..., Nest]]:
    """Evaluate a function and make the linear one that approximates it there.

    Parameters
    ----------
    f : callable
        Returns a nest of Tensors.
    *primals : nests
        Its arguments.

    Returns
    -------
    y : nest
    push : callable
        ``push(*tangents)``, with one nest per primal, gives the derivative along that direction,
        in the structure of y. It can be called any number of times, and does not run f again.

    Raises
    ------
    ArgumentTypeError, DTypeError
        If f returns anything but Tensors, or a primal is no number or an integer.

    See Also
    --------
    jvp, vjp

    Notes
    -----
    The pullback is recorded once and transposed: twice transposed is the derivative itself.

    Examples
    --------
    >>> import xgrad as xg
    >>> y, push = xg.linearize(lambda x: x**3, 2.0)
    >>> push(1.0).item(), push(10.0).item()
    (12.0, 120.0)
    """
    check_function(f, "linearize")
    inputs = Inputs(primals, range(len(primals)), "linearize")
    with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(inputs.leaves)
        y = f(*inputs.args)
    targets, treedef = output_leaves(y, "linearize", f)
    moving = [y for y in targets if is_inexact(y.dtype)]
    constants = [None if is_inexact(y.dtype) else y for y in targets]
    transposed = Transposed(tape, moving, inputs.leaves)

    def push(*tangents: Nest) -> Nest:
        _, expected = flatten(list(primals))
        given, structure = flatten(list(tangents), none_is_leaf=True, like=expected)
        if structure != expected:
            raise ArgumentError(
                f"push: the tangents must have the structure of the primals: {show(expected)} "
                f"expected, {show(structure)} given. Use one nest for each primal."
            )
        found = iter(transposed.push(given))
        slopes = [next(found) if y is None else rule_namespace.zeros_like(y) for y in constants]
        return unflatten(treedef, slopes)

    return y, push


class Transposed:
    """A recorded pullback, to be pulled back itself.

    Attributes
    ----------
    tape : GradientTape
        Which recorded it.
    cotangents : list of Tensor
        What it depends on, linearly; one per target.
    pulled : list of Tensor
        What it gives; one per source.
    """

    def __init__(self, tape: GradientTape, targets: list[Any], sources: list[Any]) -> None:
        self.cotangents = [rule_namespace.ones_like(y) for y in targets]
        with GradientTape(persistent=True, watch_accessed_variables=False) as self.tape:
            self.tape.watch(self.cotangents)
            pulled = tape.gradient(
                targets,
                sources,
                output_gradients=self.cotangents,
                unconnected_gradients="zero",
            )
            self.pulled = [g.to_dense() if isinstance(g, IndexedSlices) else g for g in pulled]

    def push(self, tangents: list[Any]) -> list[Any]:
        """The derivative of each target along tangents, one per source."""
        found: list[Any] = self.tape.gradient(
            self.pulled,
            self.cotangents,
            output_gradients=tangents,
            unconnected_gradients="zero",
        )
        return found


def _as_arguments(primals: Nest) -> tuple[Any, ...]:
    return tuple(primals) if isinstance(primals, (tuple, list)) else (primals,)


def _all_of(primals: Nest) -> range:
    return range(len(_as_arguments(primals)))


def _directions(primals: Nest, tangents: Nest, caller: str) -> list[Any]:
    """The tangent of each leaf of the primals."""
    _, expected = flatten(list(_as_arguments(primals)))
    if not isinstance(primals, (tuple, list)):
        tangents = (tangents,)
    single = len(expected.children) == 1 and expected.children[0].kind is None
    if single and isinstance(tangents, (tuple, list)) and len(tangents) == 1:
        (t,) = tangents
        return [rule_namespace.asarray(t) if isinstance(t, (list, tuple)) else t]
    given, structure = flatten(
        list(tangents) if isinstance(tangents, (tuple, list)) else tangents,
        none_is_leaf=True,
        like=expected,
    )
    if structure != expected:
        raise ArgumentError(
            f"{caller}: tangents must have the structure of primals: {show(expected)} expected, "
            f"{show(structure)} given. Use one nest for each argument, and xg.asarray for lists of "
            "numbers."
        )
    return given


def _in_structure(g: Nest, treedef: Any, name: str) -> list[Any]:
    if treedef.kind is None:
        return [rule_namespace.asarray(g) if isinstance(g, (list, tuple)) else g]
    given, structure = flatten(g, none_is_leaf=True, like=treedef)
    if structure != treedef:
        raise ArgumentError(
            f"{name} must have the structure of what the function returned: {show(treedef)} "
            f"expected, {show(structure)} given."
        )
    return given
