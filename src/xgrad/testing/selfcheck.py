"""The library checked by itself on the machine at hand: one example of every instruction."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..backends import Device, as_device, host, quiet
from ..core.instructions import PRIMITIVES
from ..core.primitive import Kind, Primitive
from ..core.tensor import Tensor
from ..errors import ArgumentError, BackendUnavailableError
from .comparison import Limits, Mismatch, mismatches, written
from .examples import Example, example_of, operands_of
from .subject import Subject

__all__ = ["Verdict", "self_check"]

_LIMITS = Limits(None, None, max_elements=50, seed=0)


class Verdict(NamedTuple):
    """What was found about one instruction.

    Attributes
    ----------
    name, kind : str
    value, reverse, forward : str
        ``"ok"``, ``"WRONG"``, ``"absent"`` where the library lacks it or another that it needs is
        not installed, or ``"-"`` where there was nothing to compare with.
    problem : str
        What is wrong or absent.
    seconds : float
    """

    name: str
    kind: str
    value: str
    reverse: str
    forward: str
    problem: str
    seconds: float

    @property
    def is_wrong(self) -> bool:
        """Whether anything is."""
        return "WRONG" in (self.value, self.reverse, self.forward)


def self_check(
    device: Device | str | None = None,
    dtype: str = "float64",
    order: int = 1,
    names: Sequence[str] = (),
) -> Iterator[Verdict]:
    """Check the value and the derivatives of every instruction, one after the other.

    Parameters
    ----------
    device : Device or str, optional
        Where; the default device otherwise.
    dtype : {"float64", "float32"}
    order : int
        Derivatives up to this order are checked, in both modes.
    names : sequence of str
        Of instructions; all of them where there are none.

    Raises
    ------
    ArgumentError
        If there is no such instruction, or none that could be checked.

    Yields
    ------
    Verdict
        Values are compared with those of the host's library, derivatives with differences of values.
    """
    place = as_device(device)
    examples = {}
    for name in names or PRIMITIVES:
        primitive = PRIMITIVES.get(name)
        example = None if primitive is None else example_of(name)
        if primitive is not None and primitive.kind is not Kind.CONSTANT and example is not None:
            examples[primitive] = example
        elif names:
            what = "has no derivative to check" if primitive else "is not known"
            raise ArgumentError(
                f"check: the instruction {name!r} {what}. Use names that `xgrad check` lists."
            )
    for primitive, example in examples.items():
        yield _checked(primitive, example, place, dtype, order)


def _checked(
    primitive: Primitive, example: Example, place: Device, dtype: str, order: int
) -> Verdict:
    start = time.perf_counter()
    found = Verdict(primitive.name, primitive.kind.label, "-", "-", "-", "", 0.0)
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            xs = [_move(x, place) for x in operands_of(example, dtype)]
            found = _with_value(found, example, xs, place, dtype)
            found = _with_derivatives(found, Subject(example.f, xs, "operands"), order)
        except (AttributeError, BackendUnavailableError, NotImplementedError) as error:
            found = found._replace(value="absent", problem=f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - a library may raise anything; it is reported
            found = found._replace(value="WRONG", problem=f"{type(error).__name__}: {error}")
    return found._replace(seconds=time.perf_counter() - start)


def _move(x: object, place: Device) -> Tensor:
    return Tensor(place.backend.asarray(x, place.backend.dtype(str(x.dtype)), place.native))  # type: ignore[attr-defined]


def _with_value(
    found: Verdict, example: Example, xs: list[Tensor], place: Device, dtype: str
) -> Verdict:
    """Compare the values with those on the host, where that is another place."""
    np = host().namespace
    if place.backend is host():
        return found
    there = Subject(example.f, xs)
    here = Subject(example.f, operands_of(example, dtype))
    limit = 100.0 * max(there.eps, here.eps)
    for a, b in zip(here.values(here.points), there.values(there.points), strict=True):
        if not np.allclose(a, b, rtol=limit, atol=limit * max(1.0, here.size)):
            off = float(abs(a - b).max())
            return found._replace(value="WRONG", problem=f"its value is off by {off:.3g}")
    return found._replace(value="ok")


def _with_derivatives(found: Verdict, subject: Subject, order: int) -> Verdict:
    wrong = list(mismatches(subject, order, ("reverse", "forward"), _LIMITS))
    modes = {mismatch.mode for mismatch in wrong}
    return found._replace(
        reverse="WRONG" if "reverse" in modes else "ok",
        forward="WRONG" if "forward" in modes else "ok",
        problem="; ".join([found.problem] * bool(found.problem) + [_told(m) for m in wrong]),
    )


def _told(mismatch: Mismatch) -> str:
    return (
        f"{mismatch.mode} mode{mismatch.over}, {mismatch.name}{list(mismatch.place)}: "
        f"{written(mismatch.claimed)} where {mismatch.way} give {written(mismatch.numerical)}"
    )
