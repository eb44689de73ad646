"""``tf.debugging``: where a NaN came from, and assertions; they look at values at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xgrad as xg

from ._convert import as_tensor, as_tensors
from ._tables import followed, no_name

__all__ = [
    "assert_all_finite",
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_none_equal",
    "check_numerics",
    "disable_check_numerics",
    "enable_check_numerics",
]

disable_check_numerics = xg.debugging.disable_check_numerics


@followed
def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """Check that a value, and later its gradient, is finite; see `xgrad.debugging.check_numerics`."""
    return xg.debugging.check_numerics(as_tensor(tensor), message)


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Any:
    """Do the same as `check_numerics`."""
    return check_numerics(x, message, name)


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> Any:
    """Raise at the first value that is not finite; see `xgrad.debugging.enable_check_numerics`."""
    return xg.debugging.enable_check_numerics()


def _assertion(relation: str, holds: Callable[[Any, Any], Any]) -> Callable[..., None]:
    def check(
        x: Any,
        y: Any,
        message: str | None = None,
        summarize: int | None = None,
        name: str | None = None,
    ) -> None:
        a, b = as_tensors([x, y])
        if not bool(xg.all(holds(a, b))):
            raise xg.errors.ArgumentError(
                f"{message or 'assertion failed'}: x {relation} y does not hold for all elements "
                f"of {a!r} and {b!r}."
            )

    check.__doc__ = f"Raise unless x {relation} y for all elements."
    return check


assert_equal = _assertion("==", xg.equal)
assert_less = _assertion("<", xg.less)
assert_less_equal = _assertion("<=", xg.less_equal)
assert_greater = _assertion(">", xg.greater)
assert_greater_equal = _assertion(">=", xg.greater_equal)


def assert_none_equal(
    x: Any,
    y: Any,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> None:
    """Raise if x == y for any element."""
    _assertion("!=", xg.not_equal)(x, y, message)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raise unless x and y are close to each other."""
    a, b = as_tensors([x, y])
    tolerance = 10 * float(xg.finfo(a.dtype).eps)
    atol, rtol = (tolerance if t is None else t for t in (atol, rtol))
    if not bool(xg.all(xg.abs(a - b) <= atol + rtol * xg.abs(b))):
        raise xg.errors.ArgumentError(
            f"{message or 'assertion failed'}: x and y are not close everywhere: {a!r} and {b!r}."
        )


def __getattr__(name: str) -> Any:
    raise no_name(__name__, name)


def __dir__() -> list[str]:
    return sorted(__all__)
