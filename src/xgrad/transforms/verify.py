"""Does the rule of a custom_gradient agree with the function? Asked on the first call that tells.

Along one random direction per argument, the derivative by the rule is compared with differences of
the function, extrapolated once (Richardson). Where they disagree, the worst element is looked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .._typing import Array
from ..backends import host, quiet
from ..core.casting import is_inexact
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError
from ..interpreters.forward import ForwardAccumulator
from ..interpreters.stack import Context
from ..interpreters.tape import GradientTape
from ..tree import flatten
from .arguments import Arguments, signature_of
from .held import held

__all__ = ["verify"]

_LOOK_AT = 200  # elements at most, when the worst one is looked for


def verify(
    function: Callable[..., Any], has_jvp: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bool:
    """Compare the rules of a decorated function with differences at its arguments.

    Returns
    -------
    bool
        Whether anything was compared: not without a floating array among the arguments and among
        the results, nor where differences are not finite.

    Raises
    ------
    ArgumentError
        If they disagree by more than differences can be wrong.
    """
    with Context.of(()), quiet():
        check = _Check(function, args, kwargs)
        compared = [check.reverse(i) for i in range(len(check.points))]
        if has_jvp:
            compared += [check.forward(i) for i in range(len(check.arguments.operands))]
    return any(compared)


class _Check:
    """A function at a point, with one random cotangent for its results."""

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.name = getattr(function, "__name__", "function")
        self.function = function
        self.arguments = Arguments(signature_of(function), args, kwargs)
        self.random = host().namespace.random.default_rng(20)
        xs = [Tensor(x.raw) for x in self.arguments.operands]
        with GradientTape() as tape:
            tape.watch(xs)
            ys = self._floating(self._call(xs))
        self.variables = tape.watched_variables()
        self.weights = [self._direction(y.numpy()) for y in ys]
        seeds = [
            Tensor(y.device.backend.asarray(w, y.dtype, y.device.native))
            for y, w in zip(ys, self.weights, strict=True)
        ]
        sources = [*xs, *self.variables]
        found = tape.gradient(ys, sources, seeds) if ys else [None] * len(sources)
        self.points = [x.numpy() for x in sources]
        self.gradients = [
            host().namespace.zeros_like(x) if g is None else g.numpy()
            for g, x in zip(found, self.points, strict=True)
        ]
        self.names = [place.name for place in self.arguments.places]
        self.names += [f"variable {v.name!r}" for v in self.variables]

    def reverse(self, i: int) -> bool:
        """Compare the gradient of one argument, and say whether that was possible."""
        u = self._direction(self.points[i])
        claimed = _inner(self.gradients[i], u)
        found, tolerance = self._difference(i, u)
        if self._disagree(i, claimed, found, tolerance):
            raise ArgumentError(
                f"custom_gradient(check=True): grad_fn of {self.name} is wrong for "
                f"{self.names[i]}: along a random direction it gives {claimed:.6g}, differences of "
                f"the function {found:.6g}. {self._worst(i)} Use the transpose of the derivative: "
                "the gradient of sum(dy * y)."
            )
        return self._tells(i, found)

    def forward(self, i: int) -> bool:
        """Compare the tangent along one argument, and say whether that was possible."""
        u = self._direction(self.points[i])
        xs = [Tensor(x.raw) for x in self.arguments.operands]
        with ForwardAccumulator(xs[i], self._like(i, u)) as accumulator:
            ys = self._floating(self._call(xs))
        tangents = accumulator.jvp(ys, unconnected_gradients="zero")
        claimed = sum(_inner(w, t.numpy()) for w, t in zip(self.weights, tangents, strict=True))
        found, tolerance = self._difference(i, u)
        if self._disagree(i, claimed, found, tolerance):
            raise ArgumentError(
                f"custom_gradient(check=True): the forward rule of {self.name} is wrong for "
                f"{self.names[i]}: along a random direction it gives {claimed:.6g}, differences of "
                f"the function {found:.6g}."
            )
        return self._tells(i, found)

    # -- inside --------------------------------------------------------------------------------

    def _call(self, xs: Sequence[Tensor]) -> Any:
        return self.arguments.call(self.function, self.arguments.merged(xs))

    def _floating(self, y: Any) -> list[Tensor]:
        return [leaf for leaf in flatten(y)[0] if is_inexact(leaf.dtype)]

    def _direction(self, x: Array) -> Array:
        """Random numbers of size 1, of the shape and dtype of an array."""
        u = self.random.uniform(0.5, 1.0, x.shape) * self.random.choice([-1.0, 1.0], x.shape)
        if x.dtype.kind == "c":
            u = u + 1j * self.random.uniform(-1.0, 1.0, x.shape)
        return u.astype(x.dtype)

    def _like(self, i: int, value: Array) -> Any:
        """Make a value for an operand or Variable, where it lives."""
        x: Any = [*self.arguments.operands, *self.variables][i]
        return Tensor(x.device.backend.asarray(value, x.dtype, x.device.native))

    def _value(self, i: int, moved: Array) -> float:
        """Compute the weighted sum of the results with one argument moved."""
        xs = [Tensor(x.raw) for x in self.arguments.operands]
        values: dict[Variable, Array] = {}
        if i < len(xs):
            xs[i] = self._like(i, moved)
        else:
            values[self.variables[i - len(xs)]] = self._like(i, moved).raw
        with held(values):
            ys = self._floating(self._call(xs))
        return float(sum(_inner(w, y.numpy()) for w, y in zip(self.weights, ys, strict=True)))

    def _difference(self, i: int, u: Array) -> tuple[float, float]:
        """Estimate the derivative along u by differences, and how wrong it may be."""
        x = self.points[i]
        eps = _eps(x)
        size = float(abs(x).max()) if x.size else 0.0
        step = eps ** (1 / 3) * (size or 1.0)
        rough, fine = (
            (self._value(i, x + h * u) - self._value(i, x - h * u)) / (2 * h)
            for h in (step, step / 2)
        )
        noise = 20 * eps / step * max(abs(self._value(i, x)), 1e-30)
        return (4 * fine - rough) / 3, 10 * abs(fine - rough) + noise

    def _disagree(self, i: int, claimed: float, found: float, tolerance: float) -> bool:
        """Say whether a rule is wrong, as far as differences can be trusted."""
        if not math.isfinite(found):
            return False
        tolerance += 20.0 * math.sqrt(_eps(self.points[i])) * max(abs(claimed), abs(found))
        return not (math.isfinite(claimed) and abs(claimed - found) <= tolerance)

    def _tells(self, i: int, found: float) -> bool:
        return bool(self.points[i].size and any(w.size for w in self.weights)) and math.isfinite(
            found
        )

    def _worst(self, i: int) -> str:
        """Find the element where the gradient is off by most, in words."""
        x, g = self.points[i], self.gradients[i]
        numbers = range(0, x.size, max(1, -(-x.size // _LOOK_AT)))
        worst, text = -1.0, ""
        for number in numbers:
            u = host().namespace.zeros_like(x)
            u.reshape(-1)[number] = 1
            found, claimed = self._difference(i, u)[0], float(g.reshape(-1)[number].real)
            off = abs(found - claimed) if math.isfinite(claimed) else math.inf
            if off > worst:
                worst = off
                place = tuple(map(int, host().namespace.unravel_index(number, x.shape)))
                text = f"The worst element is {place}: {claimed:.6g} instead of {found:.6g}."
        return text


def _eps(x: Array) -> float:
    return float(host().xp.finfo(x.dtype).eps)


def _inner(a: Array, b: Array) -> float:
    """Compute the real inner product, in double precision."""
    return float((a.astype("complex128").conj() * b.astype("complex128")).sum().real)
