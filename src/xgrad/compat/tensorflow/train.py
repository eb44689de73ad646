"""``tf.train``: TensorFlow 1's optimizers and learning rates; `xgrad.optimizers` takes the steps.

A loss that is a Tensor belongs to a graph: then `minimize` and `apply_gradients` return an operation,
and each time it is run it computes the gradients for the present values of the Variables. A loss that
is a function, and gradients of a tape, belong to an eager program, and the step is taken at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import xgrad as xg

from ._graphs import global_variables, gradients, trainable_variables
from ._learning_rates import (
    cosine_decay,
    exponential_decay,
    inverse_time_decay,
    natural_exp_decay,
    piecewise_constant,
    polynomial_decay,
)
from ._session import Operation, are_of_graph, current_value, no_op
from ._tables import no_name
from ._variables import Variable

__all__ = [
    "AdadeltaOptimizer",
    "AdagradOptimizer",
    "AdamOptimizer",
    "FtrlOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "Optimizer",
    "RMSPropOptimizer",
    "cosine_decay",
    "create_global_step",
    "exponential_decay",
    "get_global_step",
    "get_or_create_global_step",
    "inverse_time_decay",
    "natural_exp_decay",
    "piecewise_constant",
    "polynomial_decay",
]

# -- optimizers ------------------------------------------------------------------------------------


class Optimizer:
    """What TensorFlow 1's optimizers share.

    Attributes
    ----------
    inner : xgrad.optimizers.Optimizer
        Takes the steps.
    """

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2

    def __init__(self, inner: Any, name: str) -> None:
        self.inner = inner
        self._name = name

    def __repr__(self) -> str:
        return f"<tf.train optimizer {self._name!r}: {self.inner!r}>"

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = 1,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """Give the gradient of the loss for each variable, None where it does not depend on it.

        Parameters
        ----------
        loss : Tensor or callable
        var_list : nest, optional
            Variables, or Tensors; all trainable Variables of the graph by default.
        grad_loss : Tensor, optional
            What the gradient begins with.

        Returns
        -------
        list of (Tensor or None, Variable)
        """
        if callable(loss):
            found = self.inner.compute_gradients(loss, var_list, grad_loss=grad_loss)
            return list(found)
        variables = trainable_variables() if var_list is None else xg.tree.leaves(var_list)
        if not variables:
            raise xg.errors.ArgumentError("compute_gradients: No variables to optimize.")
        return list(zip(gradients(loss, variables, grad_ys=grad_loss), variables, strict=True))

    def apply_gradients(
        self, grads_and_vars: Iterable[Any], global_step: Any = None, name: str | None = None
    ) -> Any:
        """Take a step along gradients: when the operation that is returned is run, or at once.

        Parameters
        ----------
        grads_and_vars : iterable of (gradient, Variable)
            Variables whose gradient is None keep their values.
        global_step : Variable, optional
            Raised by one.
        name : str, optional

        Returns
        -------
        Operation
        """
        pairs = [(g, v) for g, v in grads_and_vars if g is not None]
        if not pairs:
            raise xg.errors.ArgumentError(
                "No gradients provided for any variable. Use variables that the loss depends on."
            )
        if not are_of_graph([g for g, _ in pairs]):
            self.inner.apply_gradients(pairs, global_step=global_step)
            return no_op(name or self._name)

        def step() -> None:
            now = [(current_value(g), v) for g, v in pairs]
            self.inner.apply_gradients(now, global_step=global_step)

        return Operation(step, name or self._name)

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = 1,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:
        """Make the loss smaller: `compute_gradients`, then `apply_gradients`."""
        pairs = self.compute_gradients(
            loss,
            var_list,
            gate_gradients,
            aggregation_method,
            colocate_gradients_with_ops,
            grad_loss,
        )
        return self.apply_gradients(pairs, global_step, name)

    def get_name(self) -> str:
        """Give the name."""
        return self._name

    def variables(self) -> list[Any]:
        """List the optimizer's own Variables."""
        return list(self.inner.variables)


class GradientDescentOptimizer(Optimizer):
    """Plain gradient descent; see `xgrad.optimizers.SGD`.

    Examples
    --------
    >>> import xgrad.compat.tensorflow as tf
    >>> w = tf.Variable(2.0)
    >>> step = tf.train.GradientDescentOptimizer(0.1).minimize(w * w)
    >>> with tf.Session() as session:
    ...     session.run(step)
    ...     session.run(step)
    >>> w
    xg.Variable(1.28, shape=(), dtype=float32, device=cpu, name='Variable:0')
    """

    def __init__(
        self,
        learning_rate: Any,
        use_locking: bool = False,
        name: str = "GradientDescent",
    ) -> None:
        super().__init__(xg.optimizers.SGD(_rate(learning_rate)), name)


class MomentumOptimizer(Optimizer):
    """Gradient descent with momentum; see `xgrad.optimizers.SGD`."""

    def __init__(
        self,
        learning_rate: Any,
        momentum: float,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(xg.optimizers.SGD(_rate(learning_rate), momentum, use_nesterov), name)


class AdamOptimizer(Optimizer):
    """Adam; see `xgrad.optimizers.Adam`."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(xg.optimizers.Adam(_rate(learning_rate), beta1, beta2, epsilon), name)


class _MeanSquareFromOne(xg.optimizers.RMSprop):
    """RMSprop as TensorFlow 1 began it: with mean squares of 1."""

    def make_slots(self, w: Any, name: str) -> dict[str, Any]:
        slots = super().make_slots(w, name)
        return {**slots, "velocity": slots["velocity"] + 1.0}


class RMSPropOptimizer(Optimizer):
    """RMSprop, with mean squares that begin at 1; see `xgrad.optimizers.RMSprop`."""

    def __init__(
        self,
        learning_rate: Any,
        decay: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        rate = _rate(learning_rate)
        super().__init__(_MeanSquareFromOne(rate, decay, momentum, epsilon, centered), name)


class AdagradOptimizer(Optimizer):
    """Adagrad; see `xgrad.optimizers.Adagrad`."""

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        inner = xg.optimizers.Adagrad(_rate(learning_rate), initial_accumulator_value, epsilon=0.0)
        super().__init__(inner, name)


class AdadeltaOptimizer(Optimizer):
    """Adadelta; see `xgrad.optimizers.Adadelta`."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(xg.optimizers.Adadelta(_rate(learning_rate), rho, epsilon), name)


class FtrlOptimizer(Optimizer):
    """Follow the regularised leader; see `xgrad.optimizers.Ftrl`."""

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
    ) -> None:
        inner = xg.optimizers.Ftrl(
            _rate(learning_rate),
            learning_rate_power,
            initial_accumulator_value,
            l1_regularization_strength,
            l2_regularization_strength,
        )
        super().__init__(inner, name)


def _rate(learning_rate: Any) -> Any:
    """A number, or a function of no interest in the step that gives the present one.

    TensorFlow takes negative numbers, with which steps climb; xgrad from functions only."""
    if isinstance(learning_rate, (xg.Tensor, xg.Variable)):
        return lambda _step: current_value(learning_rate).item()
    if callable(learning_rate):
        return lambda _step: float(learning_rate())
    if isinstance(learning_rate, (int, float)) and learning_rate < 0:
        return lambda _step: float(learning_rate)
    return learning_rate


# -- counting steps --------------------------------------------------------------------------------


def create_global_step(graph: Any = None) -> Variable:
    """Make the Variable that counts steps."""
    return Variable(xg.asarray(0, dtype=xg.int64), trainable=False, name="global_step")


def get_global_step(graph: Any = None) -> Any:
    """Find the Variable that counts steps; None where there is none."""
    return next((v for v in global_variables() if v.name == "global_step:0"), None)


def get_or_create_global_step(graph: Any = None) -> Any:
    """Find the Variable that counts steps, or make it."""
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def __getattr__(name: str) -> Any:
    raise no_name(__name__, name)


def __dir__() -> list[str]:
    return sorted(__all__)
