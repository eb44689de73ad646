"""L-BFGS: a quasi-Newton method, for losses that are the same function at every step."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, NoReturn

from .._arguments import as_choice
from .._typing import Nest
from ..backends import backend_of, quiet
from ..core.casting import to_array
from ..core.protocols import protocols
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError
from ..interpreters.tape import GradientTape
from ..ops.rule_namespace import rule_namespace as xp
from .base import Optimizer
from .checks import (
    as_count,
    as_global_step,
    as_gradient,
    as_positive,
    constrained,
    drop_unconnected,
)
from .line_search import Point, strong_wolfe
from .losses import differentiate

__all__ = ["LBFGS"]

Vector = list[Tensor]  # one part for each Variable


class _Pair(NamedTuple):
    """A step, and how the gradient changed along it."""

    step: Vector
    change: Vector


class LBFGS(Optimizer):
    r"""Limited-memory BFGS with a line search.

    From the last few steps :math:`s` and the changes :math:`y` of the gradient along them the inverse
    Hessian :math:`H` is estimated [1]_, and a step is :math:`w \leftarrow w - t H g`, where :math:`t`
    satisfies the strong Wolfe conditions. One call of `minimize` takes up to `max_iterations` steps
    and evaluates the loss once or a few times for each, so it wants a function, which should have
    nothing random in it. Gradients alone are not enough: `apply_gradients` and `update` are errors.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The step length :math:`t` that is tried first.
    max_iterations : int
        How many steps one call takes at most.
    max_evaluations : int, optional
        How often it evaluates the loss at most; 5/4 of the steps if left out, as in torch.
    tolerance_grad : float
        It stops where no element of the gradient is larger,
    tolerance_change : float
        or where neither the loss nor an element of the variables changes by more.
    history_size : int
        How many steps are remembered.
    line_search : {"strong_wolfe", None}
        None takes steps of the learning rate's length.
    name : str, optional

    See Also
    --------
    SGD, xgrad.hessian

    Notes
    -----
    Steps along which the gradient shows no positive curvature are not remembered. Values that are not
    finite count as too high in the line search. A call that fails leaves everything as it was.

    References
    ----------
    .. [1] D. C. Liu, J. Nocedal, "On the limited memory BFGS method for large scale optimization",
       Mathematical Programming 45, 1989.

    Examples
    --------
    Rosenbrock's valley:

    >>> import xgrad as xg
    >>> w = xg.Variable([-1.2, 1.0])
    >>> def loss():
    ...     return 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2
    >>> optimizer = xg.optimizers.LBFGS(max_iterations=100)
    >>> round(float(optimizer.minimize(loss)), 1), round(float(loss()), 12)
    (24.2, 0.0)
    """

    hyperparameters = (
        *("max_iterations", "max_evaluations", "tolerance_grad", "tolerance_change"),
        *("history_size", "line_search"),
    )

    def __init__(
        self,
        learning_rate: Any = 1.0,
        max_iterations: int = 20,
        max_evaluations: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 10,
        line_search: str | None = "strong_wolfe",
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate, name=name)
        self.max_iterations = as_count(max_iterations, "max_iterations")
        self.max_evaluations = (
            None
            if max_evaluations is None
            else as_count(max_evaluations, "max_evaluations", optional=True)
        )
        self.tolerance_grad = as_positive(tolerance_grad, "tolerance_grad")
        self.tolerance_change = as_positive(tolerance_change, "tolerance_change")
        self.history_size = as_count(history_size, "history_size")
        self.line_search = as_choice(line_search, ("strong_wolfe", None), "LBFGS", "line_search")
        self._history: deque[_Pair] = deque(maxlen=self.history_size)
        self._numbers: list[int] = []  # of the Variables that the history is about

    def minimize(
        self,
        loss: Callable[[], Tensor] | Tensor,
        var_list: Nest = None,
        global_step: Variable | None = None,
        tape: GradientTape | None = None,
        grad_loss: Any = None,
    ) -> Tensor:
        """Take up to `max_iterations` steps.

        Parameters
        ----------
        loss : callable
            A function without arguments that returns the loss, one real number.
        var_list : nest of Variable, optional
            What to change; all trainable Variables that the loss reads, if left out.
        global_step : Variable, optional
            Raised by one for the call.
        tape, grad_loss
            Must be left out.

        Returns
        -------
        Tensor
            The loss before the first step.
        """
        if not callable(loss) or tape is not None or grad_loss is not None:
            raise ArgumentError(
                "LBFGS.minimize evaluates the loss several times. Use a function without arguments "
                "that returns the loss, and neither tape= nor grad_loss=."
            )
        counter = as_global_step(global_step, "minimize")
        value, found = differentiate(loss, var_list, None, None, None, "minimize")
        pairs = drop_unconnected(found, "minimize")
        variables = [v for _, v in pairs]
        if value.ndim:
            raise ArgumentError(
                f"LBFGS.minimize: the loss must be one number, but has {value.shape}."
            )
        for variable in variables:
            protocols.assigned(variable)
        gradient = [as_gradient(g, v, v.name, "minimize") for g, v in pairs]
        search = _Search(self, loss, variables, float(value), [Tensor(g.raw) for g in gradient])
        before = [v.raw for v in variables]
        try:
            with quiet():
                search.run()
            final = [constrained(v, w.raw) for v, w in zip(variables, search.w, strict=True)]
        except BaseException:
            for variable, array in zip(variables, before, strict=True):
                variable.raw = array
            raise
        for variable, array in zip(variables, final, strict=True):
            variable.raw = array
        self._history, self._numbers = search.history, [v.number for v in variables]
        self.iterations.assign_add(search.steps)
        if counter is not None:
            counter.assign_add(1)
        return value  # type: ignore[no-any-return]

    def history_for(self, variables: list[Variable]) -> deque[_Pair]:
        """Copy what is remembered of these Variables: nothing, if they are others than before."""
        same = not self._numbers or self._numbers == [v.number for v in variables]
        return deque(self._history if same else (), maxlen=self.history_size)

    def update(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Refuse: a line search needs the loss."""
        raise ArgumentError("LBFGS needs the loss, not gradients alone. Use minimize(loss).")

    def _apply(self, _grads_and_vars: Iterable[Any], _global_step: Any, what: str) -> Variable:
        raise ArgumentError(
            f"{what}: LBFGS needs the loss, not gradients alone. Use minimize(loss)."
        )

    # -- state ---------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this optimizer again, without its state."""
        config = super().get_config()
        return {name: config[name] for name in ("learning_rate", *self.hyperparameters, "name")}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a later run needs to go on; see `Optimizer.state_dict`.

        ``"steps"`` and ``"changes"`` are lists of what is remembered, oldest first."""
        return {
            **super().state_dict(),
            "steps": [list(pair.step) for pair in self._history],
            "changes": [list(pair.change) for pair in self._history],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` returned; see `Optimizer.load_state_dict`."""
        rest = dict(state_dict)
        columns = [
            [[Tensor(to_array(x, copy=True)) for x in vector] for vector in rest.pop(name, [])]
            for name in ("steps", "changes")
        ]
        pairs = [_Pair(*pair) for pair in zip(*columns, strict=True)]
        super().load_state_dict(rest)
        self._history = deque(pairs, maxlen=self.history_size)
        self._numbers = []


class _Search:
    """The steps of one call: where it stands, and what it remembers."""

    def __init__(
        self,
        optimizer: LBFGS,
        loss: Callable[[], Any],
        variables: list[Variable],
        value: float,
        gradient: Vector,
    ) -> None:
        self.w: Vector = [Tensor(v.raw) for v in variables]
        self.history = optimizer.history_for(variables)
        self.steps = 0
        self._optimizer = optimizer
        self._loss = loss
        self._variables = variables
        self._value = value
        self._gradient = gradient
        self._evaluations = 1

    def run(self) -> None:
        """Take steps until there is a reason to stop."""
        own = self._optimizer
        most = own.max_evaluations or own.max_iterations * 5 // 4
        while (
            self.steps < own.max_iterations
            and self._evaluations < most
            and _largest(self._gradient) > own.tolerance_grad
        ):
            direction = self._direction()
            slope = _dot(self._gradient, direction)
            if not slope < 0.0:
                break
            length = own.learning_rate
            if not self.history:
                length *= min(1.0, 1.0 / sum(float(xp.sum(xp.abs(g))) for g in self._gradient))
            point = self._search(direction, slope, length, most)
            if not point.t > 0.0 or self._arrive(direction, point):
                break

    def _search(self, direction: Vector, slope: float, length: float, most: int) -> Point:
        start = Point(0.0, self._value, slope, self._gradient)
        if self._optimizer.line_search is None:
            return self._look(direction, length)
        tries = max(1, min(25, most - self._evaluations))
        return strong_wolfe(functools.partial(self._look, direction), start, length, most=tries)

    def _arrive(self, direction: Vector, point: Point) -> bool:
        """Go to a point; tell whether nothing changes any more."""
        step = [d * point.t for d in direction]
        change = [new - old for new, old in zip(point.behind, self._gradient, strict=True)]
        if _dot(step, change) > 1e-10 * _dot(change, change) ** 0.5 * _dot(step, step) ** 0.5:
            self.history.append(_Pair(step, change))
        tolerance = self._optimizer.tolerance_change
        still = abs(point.value - self._value) < tolerance or _largest(step) <= tolerance
        self.w = [w + s for w, s in zip(self.w, step, strict=True)]
        self._value, self._gradient = point.value, point.behind
        self.steps += 1
        return still

    def _look(self, direction: Vector, t: float) -> Point:
        """Evaluate the loss at a distance along the direction."""
        for variable, w, d in zip(self._variables, self.w, direction, strict=True):
            variable.raw = backend_of(w.raw).finish((w + d * t).raw)
        value, pairs = differentiate(self._loss, self._variables, None, None, None, "minimize")
        self._evaluations += 1
        gradient = [
            xp.zeros_like(w) if g is None else Tensor(as_gradient(g, v, v.name, "minimize").raw)
            for (g, v), w in zip(pairs, self.w, strict=True)
        ]
        return Point(t, float(value), _dot(gradient, direction), gradient)

    def _direction(self) -> Vector:
        """Multiply the gradient with the estimated inverse Hessian, by the two-loop recursion."""
        d = [-g for g in self._gradient]
        parts = []
        for step, change in reversed(self.history):
            share = _dot(step, d) / _dot(step, change)
            parts.append(share)
            d = [x - y * share for x, y in zip(d, change, strict=True)]
        if self.history:
            step, change = self.history[-1]
            scale = _dot(step, change) / _dot(change, change)
            d = [x * scale for x in d]
        for (step, change), share in zip(self.history, reversed(parts), strict=True):
            other = _dot(change, d) / _dot(step, change)
            d = [x + s * (share - other) for x, s in zip(d, step, strict=True)]
        return d


def _dot(a: Vector, b: Vector) -> float:
    """Compute the inner product as of real vectors, on the host."""
    total = 0.0
    for x, y in zip(a, b, strict=True):
        if xp.isdtype(x.dtype, "complex floating"):
            total += float(xp.real(xp.sum(xp.conj(x) * y)))
        else:
            total += float(xp.sum(x * y))
    return total


def _largest(a: Vector) -> float:
    """Find the largest absolute value of all elements."""
    return max(float(xp.max(xp.abs(x))) for x in a if x.size)
