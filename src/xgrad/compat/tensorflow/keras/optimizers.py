"""``tf.keras.optimizers``: those of `xgrad.optimizers`, with the arguments that Keras had before.

``lr`` is the learning rate, ``decay`` makes it fall with the steps, ``name`` has no meaning."""

from __future__ import annotations

from typing import Any

import xgrad as xg

from .._tables import no_name

schedules = xg.optimizers.schedules

_made: dict[str, type] = {}


def __getattr__(name: str) -> Any:
    if name in _made:
        return _made[name]
    found = getattr(xg.optimizers, name, None)
    if found is None or name.startswith("_"):
        raise no_name(__name__, name)
    if isinstance(found, type) and issubclass(found, xg.optimizers.Optimizer):
        found = _made[name] = _with_former_arguments(found)
    return found


def __dir__() -> list[str]:
    return sorted({*xg.optimizers.__all__, "schedules"})


def _with_former_arguments(base: Any) -> Any:
    """A class of its own that takes `lr`, `decay` and `name` too."""

    class Spelled(base):  # type: ignore[misc]
        def __init__(
            self,
            *args: Any,
            lr: Any = None,
            decay: float = 0.0,
            name: str | None = None,
            **options: Any,
        ) -> None:
            if lr is not None:
                options["learning_rate"] = lr
            super().__init__(*args, **options)
            if decay:
                _let_fall(self, decay)

    Spelled.__name__ = Spelled.__qualname__ = base.__name__
    Spelled.__module__ = __name__
    Spelled.__doc__ = base.__doc__
    return Spelled


def _let_fall(optimizer: Any, decay: float) -> None:
    """Divide the learning rate by a number that grows with the steps."""
    first = optimizer.learning_rate
    optimizer.learning_rate = lambda step: first / (1.0 + decay * step)
