"""The largest elements of moving windows: its derivative and the transpose of that, a closed pair.

Which elements attain the largest does not change when x moves a little, so x and the largest,
`top`, are constants of both maps."""

from __future__ import annotations

from typing import Any

from .._typing import Array
from .shared import give, give_forward, refuse


def max_pool_x(xp: Any, g: Array, x: Array, y: Array, *, window: Any, steps: Any) -> Array:
    """y = the largest of a window;  the elements that attain it share the cotangent equally."""
    x, y = xp.stop_gradient(x), xp.stop_gradient(y)
    return xp.max_pool_input(g, x, y, window=window, steps=steps)


def max_pool_tangent_of_x(
    xp: Any, t: Array, x: Array, y: Array, *, window: Any, steps: Any
) -> Array:
    """dy is the mean of dx over the elements that attain y."""
    x, y = xp.stop_gradient(x), xp.stop_gradient(y)
    return xp.max_pool_tangent(t, x, y, window=window, steps=steps)


def as_tangent(xp: Any, g: Array, x: Array, top: Array, *, window: Any, steps: Any) -> Array:
    """The mean over the elements of each window that attain its top."""
    return xp.max_pool_tangent(g, x, top, window=window, steps=steps)


def as_input(xp: Any, g: Array, x: Array, top: Array, *, window: Any, steps: Any) -> Array:
    """Shared by the elements of each window that attain its top."""
    return xp.max_pool_input(g, x, top, window=window, steps=steps)


_WHY = "which elements are the largest of their window is a constant"

give("max_pool", x=max_pool_x)
give_forward("max_pool", x=max_pool_tangent_of_x)
give("max_pool_input", g=as_tangent)
give_forward("max_pool_input", g=as_input)
refuse("max_pool_input", x=_WHY, top=_WHY)
give("max_pool_tangent", t=as_input)
give_forward("max_pool_tangent", t=as_tangent)
refuse("max_pool_tangent", x=_WHY, top=_WHY)
