"""custom_gradient: a function whose gradient the user gives.

The function runs once and returns its value and the rule. It is recorded as one operation
(operation.py), so the rule replaces automatic differentiation in both modes. What it computes on
the way is followed as well, because the rule may close over it, and go when nothing holds it. What
it reads besides its arguments is found by an observer (captures.py)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Self, overload

from .._arguments import as_flag
from .._typing import Array
from ..core.node import Node
from ..core.observers import cut_off, show_line, state, user_line
from ..core.primitive import Primitive
from ..core.protocols import protocols
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentTypeError, NotDifferentiableError
from ..interpreters.stack import Context, watching
from ..tree import flatten, unflatten
from . import batched
from .arguments import Arguments, as_result, signature_of
from .call import Place, place_of
from .captures import Captures
from .custom_call import CustomCall, Rule, kind_of
from .operation import primitive_of, record

__all__ = ["CustomGradient", "custom_gradient"]


class CustomGradient:
    """A function with a gradient of its own: what `custom_gradient` makes of a function.

    Attributes
    ----------
    __wrapped__ : callable
        The function that was decorated.
    """

    __name__: str
    __wrapped__: Callable[..., Any]

    def __init__(self, f: Callable[..., Any], check: bool) -> None:
        functools.update_wrapper(self, f)
        self._function = f
        self._signature = signature_of(f)
        self._name = getattr(f, "__name__", type(f).__name__)
        self._primitive = primitive_of(f"custom_gradient({self._name})")
        self._jvp: Rule | None = None
        self._unchecked = [check]  # shared with the bound methods made of this

    def __repr__(self) -> str:
        return f"<custom_gradient of {self._function!r}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Self:
        """Bind a method to its object, as functions do."""
        bind = getattr(self._function, "__get__", None)
        if instance is None or bind is None:
            return self
        bound = object.__new__(type(self))
        bound.__dict__.update(self.__dict__)
        bound._function = bind(instance, owner)
        bound._signature = signature_of(bound._function)
        if self._jvp is not None:
            bound._jvp = self._jvp.__get__(instance, owner)
        return bound

    def defjvp(self, f_jvp: Rule) -> Rule:
        """Give the rule of forward mode; a decorator.

        Without it forward mode transposes the gradient, which is exact but slower.

        Parameters
        ----------
        f_jvp : callable
            ``f_jvp(primals, tangents) -> (y, tangent)``: `primals` is the tuple of arguments;
            `tangents` has zeros where nothing moves, and None for what is not floating;
            `tangent` has the structure, shapes and dtypes of y.

        Returns
        -------
        callable
            `f_jvp` itself.

        Examples
        --------
        >>> import xgrad as xg
        >>> @xg.custom_gradient
        ... def cube(x):
        ...     return x**3, lambda dy: 3 * x**2 * dy
        >>> @cube.defjvp
        ... def cube_jvp(primals, tangents):
        ...     (x,), (t,) = primals, tangents
        ...     return x**3, 3 * x**2 * t
        >>> x = xg.asarray(2.0)
        >>> with xg.ForwardAccumulator(x, 1.0) as accumulator:
        ...     y = cube(x)
        >>> accumulator.jvp(y)
        xg.Tensor(12., shape=(), dtype=float64, device=cpu)
        """
        if not callable(f_jvp):
            raise ArgumentTypeError(
                f"defjvp: f_jvp must be a function, but is a {type(f_jvp).__name__}."
            )
        self._jvp = f_jvp
        return f_jvp

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute y, as one operation to everybody who watches."""
        if self._unchecked[0]:
            from .verify import verify

            self._unchecked[0] = False
            try:
                self._unchecked[0] = not verify(self, self._jvp is not None, args, kwargs)
            except BaseException:
                self._unchecked[0] = True
                raise
        arguments = Arguments(self._signature, args, kwargs)
        if state.recorder is None:
            for x in arguments.operands:
                protocols.read(x)
            with batched.attempt(arguments.operands):
                y, _ = self._pair(arguments.call(self._function))
                results, treedef = self._results(y)
            nodes = [x.node for x in arguments.operands]
            cuts = [cut_off(self._primitive, (*nodes, x.node), 2) for x in results]
            made = [Tensor(x.raw, cut) for x, cut in zip(results, cuts, strict=True)]
            return unflatten(treedef, made)
        operands: list[tuple[Array, Node | None]] = [(x.raw, x.node) for x in arguments.operands]
        with nullcontext() if state.observers else Context.of(watching()):
            captures = Captures([node for _, node in operands], self._refuse)
        with Context.of((*watching(), captures)), batched.attempt(arguments.operands):
            y, rule = self._pair(arguments.call(self._function))
            results, treedef = self._results(y)
        variables = self._checked(captures.variables, rule)
        places = _places(results)
        call = CustomCall(self._name, arguments, places, treedef, rule, variables, self._jvp)
        call.remember(arguments.operands, results)
        operands += [(array, variable.node) for variable, array in variables.items()]
        results = record(self._primitive, call, operands, results)
        arguments.forget_arrays()  # which forward mode has used by now
        return unflatten(treedef, results)

    # -- inside --------------------------------------------------------------------------------

    def _pair(self, returned: Any) -> tuple[Any, Rule]:
        if isinstance(returned, (tuple, list)) and len(returned) == 2 and callable(returned[1]):
            return returned[0], returned[1]
        raise ArgumentTypeError(
            f"custom_gradient: {self._name} must return a pair (y, grad_fn) whose second is a "
            f"function, but returned {kind_of(returned)}. Use `return y, grad_fn`."
        )

    def _results(self, y: Any) -> tuple[list[Tensor], Any]:
        found, treedef = flatten(y)
        return [as_result(x, f"custom_gradient: {self._name}") for x in found], treedef

    def _refuse(self, primitive: Primitive, array: Array) -> None:
        raise NotDifferentiableError(
            f"custom_gradient: {self._name} uses a Tensor that is no argument of it, "
            f"{describe(array)}, in {primitive.name}{show_line(user_line(1))}. A tape or "
            "accumulator follows that Tensor, and its gradient would silently be missing. Use it "
            "as an argument, or xg.stop_gradient(...) of it."
        )

    def _checked(self, variables: dict[Variable, Array], rule: Rule) -> dict[Variable, Array]:
        """Sort the captured Variables by creation, if the rule can take them."""
        if not variables:
            return variables
        signature = signature_of(rule)
        parameters = {} if signature is None else signature.parameters
        if "variables" not in parameters and not any(
            p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()
        ):
            names = ", ".join(repr(variable.name) for variable in variables)
            raise NotDifferentiableError(
                f"custom_gradient: grad_fn of {self._name} must accept keyword argument "
                f"'variables', since function uses variables: [{names}]. Use `def grad_fn(*dys, "
                "variables=None)`, which returns (gradients, gradients of the variables), or make "
                "them arguments."
            )
        return dict(sorted(variables.items(), key=lambda item: item[0].number))


def _places(results: Sequence[Tensor]) -> list[Place]:
    one = len(results) == 1
    return [place_of(y, "y" if one else f"result {i}") for i, y in enumerate(results)]


@overload
def custom_gradient(f: Callable[..., Any], *, check: bool = False) -> CustomGradient: ...


@overload
def custom_gradient(
    f: None = None, *, check: bool = False
) -> Callable[[Callable[..., Any]], CustomGradient]: ...


def custom_gradient(f: Callable[..., Any] | None = None, *, check: bool = False) -> Any:
    """Give a function a gradient of its own; a decorator.

    For steps that xgrad cannot differentiate (routines of other libraries, on raw arrays through
    ``x.raw``; kernels), and for gradients that are faster, more stable, or meant otherwise.

    Parameters
    ----------
    f : callable
        ``f(*args, **kwargs) -> (y, grad_fn)``. Arguments and results may be nests. Inside, every
        array, Tensor and Variable among the arguments is a Tensor.
    check : bool
        Whether to compare the rule with differences of f when it is first called with floating
        arrays, which costs several evaluations and raises if they disagree.

    Returns
    -------
    callable
        ``f`` without `grad_fn`. Its method ``defjvp`` takes a rule of forward mode.

    Raises
    ------
    NotDifferentiableError
        When called: if f reads a followed Tensor that is no argument, or a followed Variable while
        `grad_fn` does not take ``variables=``.
    ArgumentError, ArgumentTypeError, ShapeError, DTypeError
        If f returns no such pair, or `grad_fn` not one gradient for each argument, of its structure
        and shape. With `check`, if the gradient is wrong.

    See Also
    --------
    stop_gradient, grad_pass_through, recompute_grad

    Notes
    -----
    ``grad_fn(*dys)`` is given one cotangent for each array in y, zeros for those that nobody used,
    and returns one gradient for each argument, in the order of f's signature, wherever a keyword
    was used; None for those that have none. Arguments that are no arrays may be left out. Dtypes
    are cast within their kind; nothing broadcasts. Complex gradients are the direction of steepest
    ascent, as everywhere.

    The rule holds in both modes. Derivatives of higher order differentiate `grad_fn`, which sees
    what it closed over: the arguments, what f computed from them with xgrad, and y. What f computed
    outside xgrad, other than y, counts as a constant there. A `grad_fn` that computes outside xgrad
    gives gradients and rows of Jacobians; whoever differentiates it is told that it cannot be.

    Variables that f reads by itself are handed to ``grad_fn(*dys, variables=[...])``, in order of
    creation; it returns ``(gradients, gradients of the variables)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> @xg.custom_gradient
    ... def log1pexp(x):
    ...     e = xg.exp(x)
    ...     return xg.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))
    >>> x = xg.Variable(100.0)
    >>> with xg.GradientTape() as tape:
    ...     y = log1pexp(x)
    >>> tape.gradient(y, x)
    xg.Tensor(1., shape=(), dtype=float64, device=cpu)
    """
    if f is None:
        return functools.partial(custom_gradient, check=check)
    if not callable(f):
        raise ArgumentTypeError(
            f"custom_gradient: f must be a function, but is a {type(f).__name__}. Use it as a "
            "decorator: @xg.custom_gradient."
        )
    return CustomGradient(f, as_flag(check, "custom_gradient", "check"))
