"""The tape with TensorFlow's arguments, and the other parts of ``tf.autodiff``."""

from __future__ import annotations

from typing import Any, Self

import xgrad as xg

from ...core.observers import state
from ._convert import as_tensor
from ._default_graph import default_graph
from ._tables import followed

__all__ = [
    "GradientTape",
    "custom_gradient",
    "grad_pass_through",
    "recompute_grad",
    "stop_gradient",
]


class GradientTape(xg.GradientTape):
    """`xgrad.GradientTape`, without the default graph: who opens a tape runs eagerly.

    Examples
    --------
    >>> import xgrad.compat.tensorflow as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x**2
    >>> tape.gradient(y, x)
    xg.Tensor(6., shape=(), dtype=float32, device=cpu)
    """

    def __enter__(self) -> Self:
        graph = default_graph()
        if graph is not None and not state.observers:
            graph.forget()
        return super().__enter__()

    def jacobian(  # type: ignore[override]
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = xg.UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
        chunk_size: int | None = None,
    ) -> Any:
        """Differentiate every element of the targets; see `xgrad.GradientTape.jacobian`."""
        return super().jacobian(target, sources, unconnected_gradients, chunk_size)

    def batch_jacobian(  # type: ignore[override]
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = xg.UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
        chunk_size: int | None = None,
    ) -> Any:
        """Differentiate each example; see `xgrad.GradientTape.batch_jacobian`."""
        return super().batch_jacobian(target, source, unconnected_gradients, chunk_size)


@followed
def stop_gradient(input: Any, name: str | None = None) -> Any:
    """Give the same value, through which no gradient passes."""
    return xg.stop_gradient(as_tensor(input))


custom_gradient = xg.custom_gradient
recompute_grad = xg.recompute_grad
grad_pass_through = xg.grad_pass_through
