"""Whether the gradients of a function agree with its values, in both modes and to any order.

comparison.py finds where they do not, suspects.py who is at fault; this file asks and tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import tree
from .._arguments import as_int, as_number, as_sequence, check_function
from ..backends import host, quiet
from ..core.spec import describe
from ..errors import ArgumentError, ArgumentTypeError, DTypeError, GradientCheckError
from .comparison import Limits, Mismatch, mismatches, written
from .subject import Subject, arguments_of
from .suspects import suspects_of

__all__ = ["check_gradients"]

_UNSETTLED = (
    "\n  But differences with smaller and smaller steps do not settle: there may be a kink or a jump "
    "at this point. Use others."
)
_MODES = ("reverse", "forward")


def check_gradients(
    f: Callable[..., Any],
    xs: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = _MODES,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    max_elements: int = 200,
    seed: int = 0,
) -> None:
    """Check the gradients of a function against its values.

    Parameters
    ----------
    f : callable
        ``f(*xs)`` returns a Tensor or a nest of Tensors, the same whenever it is called.
    xs : list or tuple
        The arguments: arrays, Tensors, Variables, numbers or nests of them, on any device. Integers
        and truth values are constants.
    order : int
        Derivatives up to this order are checked.
    modes : sequence of {"reverse", "forward"}
        At each order in all combinations: reverse over forward, forward over reverse, ...
    atol, rtol : float, optional
        A derivative d may be off by ``atol + rtol * abs(d)`` and by thrice what the differences
        themselves may be off. By default `rtol` is the square root of the dtype's precision
        (1.5e-8 in float64), or its power of 2/3 (4e-11) where a complex step is possible, and
        `atol` as much of the largest derivative.
    max_elements : int
        Of a larger argument so many elements are checked, chosen at random.
    seed : int
        Of the random numbers.

    Raises
    ------
    GradientCheckError
        If a derivative is wrong: an AssertionError that names the worst element, both values, the
        tolerance, and the rule or operation that is most likely at fault.
    ArgumentError
        If an argument of this function is wrong, or f cannot be checked because it gives other
        values at each call, or values that are not finite.
    ArgumentTypeError, DTypeError
        If there is nothing to compare: f returns nothing, or neither the arguments nor the results
        have anything floating.

    See Also
    --------
    compute_gradient : Gives both Jacobians.

    Notes
    -----
    Derivatives come from complex steps [1]_ where f takes complex numbers and these agree with
    differences, else from differences extrapolated by Ridders' way [2]_. At a kink, such as relu at
    0, no gradient agrees with differences: choose points away from it.

    References
    ----------
    .. [1] Squire and Trapp, "Using complex variables to estimate derivatives of real functions",
       SIAM Review 40 (1998).
    .. [2] Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering
       Software 4 (1982).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.testing.check_gradients(lambda x, y: xg.sin(x) * y, [[1.0, 2.0], 3.0])
    """
    check_function(f, "check_gradients")
    given = (modes,) if isinstance(modes, str) else modes
    modes = as_sequence(given, "check_gradients", "modes", "str")
    if not modes or any(mode not in tuple(_MODES) for mode in modes):
        raise ArgumentError(
            f"check_gradients: modes must be some of 'reverse' and 'forward', but is {given!r}."
        )
    order = as_int(order, "check_gradients", "order")
    max_elements = as_int(max_elements, "check_gradients", "max_elements")
    for name, tolerance in (("atol", atol), ("rtol", rtol)):
        if tolerance is not None:
            as_number(tolerance, "check_gradients", name, 0.0)
    if (seed := as_int(seed, "check_gradients", "seed")) < 0:
        raise ArgumentError(f"check_gradients: seed must not be negative, but is {seed}.")
    if order < 1 or max_elements < 1:
        raise ArgumentError(
            f"check_gradients: order ({order}) and max_elements ({max_elements}) must be positive."
        )
    arguments = arguments_of(xs, "check_gradients")
    limits = Limits(atol, rtol, max_elements, seed)
    with quiet():
        subject = Subject(f, arguments)
        _refuse_what_cannot_be_checked(subject)
        for mismatch in mismatches(subject, order, modes, limits):
            raise _error(mismatch, suspects_of(subject, order, modes))


def _refuse_what_cannot_be_checked(subject: Subject) -> None:
    np = host().namespace
    if not subject.points:
        raise DTypeError(
            "check_gradients: there is nothing to check, because no argument in xs is floating: "
            f"{_described(subject.leaves)}. Use floating arguments."
        )
    first, again = subject.values(subject.points), subject.values(subject.points)
    if not first:
        raise _no_floating_result(tree.leaves(subject.returned(*subject.points)))
    for y, other in zip(first, again, strict=True):
        if not np.isfinite(y).all():
            raise ArgumentError(
                "check_gradients: f is not finite at these arguments. Use others, or "
                "xg.debugging.enable_check_numerics() to find out why."
            )
        if not (y == other).all():
            raise ArgumentError(
                "check_gradients: f gives other values when it is called again with the same "
                "arguments. Use a fixed seed inside f."
            )


def _no_floating_result(results: list[Any]) -> Exception:
    if not results:
        return ArgumentTypeError(
            "check_gradients: there is nothing to check, because f returned no Tensor. Did you "
            "forget its `return`?"
        )
    return DTypeError(
        "check_gradients: there is nothing to check, because no result of f is floating: "
        f"{_described(results)}. Use a function with floating results."
    )


def _described(leaves: list[Any]) -> str:
    return ", ".join(map(describe, leaves)) or "there is none"


def _error(mismatch: Mismatch, suspects: tuple[str, ...]) -> GradientCheckError:
    what = "gradient with respect to" if mismatch.mode == "reverse" else "tangent of"
    guilty = "".join(f"\n  {suspect}" for suspect in suspects)
    error = GradientCheckError(
        f"check_gradients: the {what} {mismatch.name} is wrong in {mismatch.mode} mode"
        f"{mismatch.over}, at index {mismatch.place}:\n"
        f"  xgrad gives     {written(mismatch.claimed, 12)}\n"
        f"  {mismatch.way:<15} {written(mismatch.numerical, 12)}\n"
        f"  off by          {abs(mismatch.claimed - mismatch.numerical):.3g}, where "
        f"{mismatch.tolerance:.3g} is allowed; {mismatch.wrong} of {mismatch.looked_at} elements are "
        f"off, this one most.{_UNSETTLED if mismatch.unsettled else ''}\nMost likely at fault:{guilty}"
    )
    error.argument, error.index = mismatch.name, mismatch.place
    error.claimed, error.numerical = _plain(mismatch.claimed), _plain(mismatch.numerical)
    error.tolerance, error.suspects = mismatch.tolerance, suspects
    return error


def _plain(number: complex) -> complex:
    """Give a real number as such."""
    return number if number.imag else number.real
