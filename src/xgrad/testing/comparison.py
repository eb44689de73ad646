"""Derivatives of a function next to what differences of its values say.

Reverse mode: the gradient of a random combination of all results, element by element. Forward mode:
the tangents along a random direction, result by result. Higher orders compare gradients and
tangents as functions in their turn. Only the worst element of an argument is told."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from .._typing import Array
from ..backends import host
from ..core.tensor import Tensor
from .differences import extrapolated, reach
from .subject import Subject, like, random_like

__all__ = ["Limits", "Mismatch", "mismatches", "written"]

_TINY = 1e-30  # the length of a complex step


class Limits(NamedTuple):
    """How much a derivative may be off, and how many elements are looked at."""

    atol: float | None
    rtol: float | None
    max_elements: int
    seed: int


class Mismatch(NamedTuple):
    """Where a derivative is off by most, relative to what is allowed.

    Attributes
    ----------
    mode : str
        In which it is wrong.
    over : str
        The modes that were applied before, ``" over forward mode"``, for higher orders.
    name : str
        Of the argument or the result.
    place : tuple of int
        The index of the element.
    claimed, numerical : float or complex
    tolerance : float
    way : str
        How the number was found.
    unsettled : bool
        Whether the differences themselves may be as wrong.
    wrong, looked_at : int
        How many elements are off, of how many that were looked at.
    """

    mode: str
    over: str
    name: str
    place: tuple[int, ...]
    claimed: complex
    numerical: complex
    tolerance: float
    way: str
    unsettled: bool
    wrong: int
    looked_at: int


def written(number: complex, digits: int = 6) -> str:
    """Write a number, a real one as such."""
    return f"{number:.{digits}g}" if number.imag else f"{number.real:.{digits}g}"


def mismatches(
    subject: Subject, order: int, modes: Sequence[str], limits: Limits, over: str = ""
) -> Iterator[Mismatch]:
    """Compare first derivatives by every mode, then those of what each mode gives."""
    if not subject.points:
        return
    weights = [random_like(y, limits.seed + i) for i, y in enumerate(subject.f(*subject.points))]
    directions = [random_like(x, limits.seed + 50 + i) for i, x in enumerate(subject.points)]
    for mode in modes:
        if mode == "reverse":
            derived = subject.gradient(weights)
            found = _reverse(subject, derived, weights, limits)
        else:
            derived = subject.tangent(directions)
            found = _forward(subject, derived, directions, limits)
        for name, mismatch in found:
            yield mismatch._replace(mode=mode, over=over, name=name)
        if order > 1:
            deeper = f" over {mode} mode{over}"
            yield from mismatches(subject.derived(derived), order - 1, modes, limits, deeper)


# -- reverse mode ----------------------------------------------------------------------------------


def _reverse(
    subject: Subject,
    gradient: Callable[..., list[Tensor]],
    weights: Sequence[Tensor],
    limits: Limits,
) -> Iterator[tuple[str, Mismatch]]:
    """Compare the gradient of each point with differences of the weighted sum of results."""
    hosts = [w.numpy() for w in weights]
    for i, g in enumerate(gradient(*subject.points)):
        start = subject.points[i].numpy()
        places = _places(start.shape, limits)
        measured = [_along(subject, i, start, place, hosts) for place in places]
        steps = _complex_steps(subject, i, start, places, hosts)
        if steps is not None and _agree(steps, measured):
            measured = [
                m._replace(value=step, error=0.0, way="complex steps")
                for m, step in zip(measured, steps, strict=True)
            ]
        claimed = [complex(g.numpy()[place]) for place in places]
        mismatch = _worst_of(places, claimed, measured, subject.eps, limits)
        if mismatch is not None:
            yield subject.names[i], mismatch


class _Measured(NamedTuple):
    """One derivative from values, how far it is from settled, and how much is rounding."""

    value: complex
    error: float
    rounding: float
    way: str


def _places(shape: tuple[int, ...], limits: Limits) -> list[tuple[int, ...]]:
    """Choose which elements of an argument are looked at."""
    np = host().namespace
    places = list(np.ndindex(shape))
    if len(places) > limits.max_elements:
        chosen = np.random.default_rng(limits.seed).choice(
            len(places), limits.max_elements, replace=False
        )
        places = [places[k] for k in sorted(chosen)]
    return places


def _along(
    subject: Subject, i: int, start: Array, place: tuple[int, ...], weights: Sequence[Array]
) -> _Measured:
    """Differentiate the weighted sum along one element; along both parts of a complex one."""
    total = _Measured(0.0, 0.0, 0.0, "differences")
    for unit in (1.0, 1j) if start.dtype.kind == "c" else (1.0,):

        def value(step: float, unit: complex = unit) -> Array:
            moved = start.copy()
            moved[place] += step * unit
            return _inner(weights, subject.values(subject.at(i, moved))).real

        found = extrapolated(value, reach(start[place]), subject.eps, subject.size)
        total = total._replace(
            value=total.value + unit * float(found.derivative),
            error=max(total.error, float(found.error)),
            rounding=max(total.rounding, float(found.rounding)),
        )
    return total


def _inner(weights: Sequence[Array], ys: Sequence[Array]) -> Any:
    """Add up all results with their weights; holomorphic in y where weights are real."""
    return host().namespace.asarray(
        sum((w.conj() * y).sum() for w, y in zip(weights, ys, strict=True))
    )


def _complex_steps(
    subject: Subject,
    i: int,
    start: Array,
    places: Sequence[tuple[int, ...]],
    weights: Sequence[Array],
) -> list[float] | None:
    """Differentiate along imaginary steps, which lose no digits; None where f does not take them."""
    np = host().namespace
    if start.dtype.kind == "c" or any(w.dtype.kind == "c" for w in weights):
        return None
    found = []
    try:
        points = [_as_complex(x) for x in subject.points]
        for place in places:
            moved = start.astype(np.result_type(start.dtype, np.complex64))
            moved[place] += 1j * _TINY
            points[i] = like(points[i], moved)
            found.append(float(_inner(weights, subject.values(points)).imag) / _TINY)
    except Exception:  # noqa: BLE001 - whatever f does not like about complex numbers
        return None
    return found


def _as_complex(x: Tensor) -> Tensor:
    np = host().namespace
    value, device = x.numpy(), x.device
    name = str(np.result_type(value.dtype, np.complex64))
    array = device.backend.asarray(value.astype(name), device.backend.dtype(name), device.native)
    return Tensor(array)


def _agree(steps: Sequence[float], measured: Sequence[_Measured]) -> bool:
    """Whether complex steps give a derivative: those of a function like abs give anything."""
    scale = max((abs(m.value) for m in measured), default=0.0)
    return all(
        abs(step - m.value) <= 3 * m.error + 1e-6 * scale
        for step, m in zip(steps, measured, strict=True)
    )


# -- forward mode ----------------------------------------------------------------------------------


def _forward(
    subject: Subject,
    tangent: Callable[..., list[Tensor]],
    directions: Sequence[Tensor],
    limits: Limits,
) -> Iterator[tuple[str, Mismatch]]:
    """Compare the tangent of each result with differences along the directions."""
    starts = [x.numpy() for x in subject.points]
    moves = [d.numpy() for d in directions]
    pairs = [(abs(x).min(), abs(d).max()) for x, d in zip(starts, moves, strict=True) if x.size]
    first = min((reach(x) / float(d) for x, d in pairs), default=1.0)
    claims = tangent(*subject.points)
    for k, t in enumerate(claims):

        def value(step: float, k: int = k) -> Array:
            points = [
                like(x, start + start.dtype.type(step) * move)
                for x, start, move in zip(subject.points, starts, moves, strict=True)
            ]
            return subject.values(points)[k]

        found = extrapolated(value, first, subject.eps, subject.size)
        claimed = t.numpy()
        places = list(host().namespace.ndindex(claimed.shape))
        measured = [
            _Measured(complex(d), float(e), float(r), "differences")
            for d, e, r in zip(*[part.reshape(-1) for part in found], strict=True)
        ]
        claims_here = [complex(claimed[place]) for place in places]
        mismatch = _worst_of(places, claims_here, measured, subject.eps, limits)
        if mismatch is not None:
            yield f"result {k}" if len(claims) > 1 else "the result", mismatch


# -- tolerances ------------------------------------------------------------------------------------


def _worst_of(
    places: Sequence[tuple[int, ...]],
    claimed: Sequence[complex],
    measured: Sequence[_Measured],
    eps: float,
    limits: Limits,
) -> Mismatch | None:
    """Find the element that is off by most of its tolerance; None if all are within.

    Differences that do not settle are given no more credit than a hundredth of the largest."""
    scale = max((abs(m.value) for m in measured if cmath.isfinite(m.value)), default=0.0)
    worst: Mismatch | None = None
    excess, wrong = 1.0, 0
    for place, c, m in zip(places, claimed, measured, strict=True):
        exact = m.way == "complex steps"
        rtol = limits.rtol if limits.rtol is not None else eps ** (2 / 3 if exact else 1 / 2)
        atol = limits.atol if limits.atol is not None else rtol * scale
        tolerance = atol + rtol * abs(m.value) + 3.0 * (min(m.error, 0.01 * scale) + m.rounding)
        off = abs(c - m.value)
        if off <= tolerance:
            continue
        wrong += 1
        ratio = off / tolerance if tolerance else cmath.inf
        if worst is None or not ratio <= excess:
            excess = ratio
            worst = Mismatch(
                "", "", "", place, c, m.value, tolerance, m.way, m.error > 0.1 * off, 0, len(places)
            )
    return None if worst is None else worst._replace(wrong=wrong)
