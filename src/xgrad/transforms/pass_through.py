"""grad_pass_through: the straight-through estimator, a function with the gradient of the identity."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.casting import is_inexact
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentTypeError, ShapeError
from ..interpreters.stack import Context, transcribers
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import to_dtype
from ..tree import flatten, unflatten
from .arguments import Arguments, as_result, signature_of
from .batched import attempt
from .call import Call, place_of
from .operation import primitive_of, record

__all__ = ["grad_pass_through"]


class _Identity(Call):
    """The gradient of each result is that of the operand in its place."""

    has_push = True

    def gradients(self, gs: list[Tensor | None]) -> list[Tensor | None]:
        """Hand on what came."""
        return gs

    def push(self, _values: Any, tangents: Any) -> Any:
        """Hand on what came, in the dtypes of the results."""
        return [
            None if t is None else to_dtype(rule_namespace, t, place.dtype)
            for t, place in zip(tangents, self.results, strict=True)
        ]


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Compute a function, with the gradient of the identity.

    For functions that are flat almost everywhere and yet have to be trained through: rounding,
    quantization, thresholds, sampling.

    Parameters
    ----------
    f : callable
        As many floating results as floating arguments, each of the shape of its argument; both may
        be nests. Anything else among the arguments is handed on as it is.

    Returns
    -------
    callable
        f with other gradients: to each argument what arrives at its result, in both modes and of
        any order. What f reads by itself has none. ``__wrapped__`` is f.

    Raises
    ------
    ArgumentTypeError
        If f is no function, or, when called, returns something that is no array.
    ShapeError
        When called: if results and arguments do not correspond.

    See Also
    --------
    custom_gradient, stop_gradient

    References
    ----------
    Y. Bengio, N. Leonard, A. Courville, "Estimating or propagating gradients through stochastic
    neurons for conditional computation", arXiv:1308.3432, 2013.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable([0.4, 1.6])
    >>> with xg.GradientTape() as tape:
    ...     y = 3 * xg.grad_pass_through(xg.round)(x)
    >>> y
    xg.Tensor([0., 6.], shape=(2,), dtype=float64, device=cpu)
    >>> tape.gradient(y, x)
    xg.Tensor([3., 3.], shape=(2,), dtype=float64, device=cpu)
    """
    if not callable(f):
        raise ArgumentTypeError(
            f"grad_pass_through: f must be a function, but is a {type(f).__name__}. Use "
            "grad_pass_through(f)(x)."
        )
    name = getattr(f, "__name__", type(f).__name__)
    primitive = primitive_of(f"grad_pass_through({name})")
    signature = signature_of(f)

    @functools.wraps(f)
    def passed_through(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(signature, args, kwargs)
        nodes = [x.node for x in arguments.operands]
        for x in arguments.operands:
            x.node = None
        with Context.of(transcribers()), attempt(arguments.operands):
            found, treedef = flatten(arguments.call(f))
            results = [as_result(x, f"grad_pass_through: {name}") for x in found]
        operands = [(x.raw, node) for x, node in zip(arguments.operands, nodes, strict=True)]
        _check(name, arguments, results)
        call = _Identity(arguments.places, [place_of(x, "y") for x in results])
        return unflatten(treedef, record(primitive, call, operands, results))

    return passed_through


def _check(name: str, arguments: Arguments, results: list[Tensor]) -> None:
    """Each result must belong to one argument."""
    shapes = [place.shape for place in arguments.places]
    if [y.shape for y in results] == shapes and all(is_inexact(y.dtype) for y in results):
        return
    pairs = zip(arguments.places, arguments.operands, strict=True)
    given = ", ".join(f"{place.name} {describe(x)}" for place, x in pairs) or "none"
    returned = ", ".join(describe(y) for y in results) or "none"
    raise ShapeError(
        f"grad_pass_through: {name} must return one floating result of the same shape for each "
        f"floating argument: arguments {given}; results {returned}. Use custom_gradient to say "
        "what the gradients are."
    )
