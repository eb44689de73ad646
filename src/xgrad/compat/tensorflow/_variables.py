"""Variables with TensorFlow's arguments, names and default dtypes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self

import xgrad as xg

from ...core.dispatch import HANDLES
from ._convert import as_tensor, static
from ._default_graph import follow

__all__ = ["Variable", "get_variable"]


class _TakesLists:
    """Operators whose other operand may be a list of numbers, as in ``[[1.0, 2.0]] @ w``."""

    __slots__ = ()


def _taking_lists(name: str) -> Callable[[Any, Any], Any]:
    operator = getattr(xg.Variable, name)

    @functools.wraps(operator)
    def function(self: Any, other: Any) -> Any:
        listed = isinstance(other, (list, tuple))
        return operator(self, as_tensor(other, like=self) if listed else other)

    return function


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    for _form in (f"__{_name}__", f"__r{_name}__"):
        setattr(_TakesLists, _form, _taking_lists(_form))


class Variable(_TakesLists, xg.Variable):
    """A Variable whose floats are float32, with the arguments that TensorFlow's takes.

    Parameters
    ----------
    initial_value : array_like or callable
    trainable : bool, optional
        True by default.
    validate_shape, caching_device, variable_def, import_scope, synchronization, aggregation : optional
        Have no meaning here.
    name : str, optional
        ``Variable`` by default; ``:0`` is added, as TensorFlow does.
    dtype : dtype, optional
    constraint : callable, optional
        Applied by optimizers to the value after each update.
    shape : tuple of int, optional
        What the shape must be.

    Attributes
    ----------
    initial : array
        The first value, to which `global_variables_initializer` goes back.

    Examples
    --------
    >>> import xgrad.compat.tensorflow as tf
    >>> v = tf.Variable(3.0)
    >>> v.assign_add(1.0)
    xg.Variable(4., shape=(), dtype=float32, device=cpu, name='Variable:0')
    """

    __slots__ = ("initial",)

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if initial_value is None:
            raise xg.errors.ArgumentError("Variable: initial_value must be given.")
        value = initial_value() if callable(initial_value) else initial_value
        value = as_tensor(value) if dtype is None else xg.asarray(as_tensor(value), dtype=dtype)
        if shape is not None and tuple(static(shape)) != value.shape:
            raise xg.errors.ShapeError(
                f"Variable: the initial value has shape {value.shape}, but shape={shape} is asked "
                "for. Use a value of that shape."
            )
        name = f"{name or 'Variable'}:0"
        super().__init__(value, trainable is not False, name, constraint=constraint)
        self.initial = self.raw
        follow(self)

    @property
    def initializer(self) -> Any:
        """The operation that gives it its first value again."""
        from ._session import Operation

        return Operation(self.reset, f"{self.name}/Assign")

    def reset(self) -> None:
        """Give it its first value again."""
        self.assign(xg.Tensor(self.initial))

    def assign(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> Self:
        """Replace the value; returns this Variable."""
        super().assign(as_tensor(value, like=self))
        return self

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> Self:
        """Add to the value; returns this Variable."""
        super().assign_add(as_tensor(delta, like=self))
        return self

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> Self:
        """Subtract from the value; returns this Variable."""
        super().assign_sub(as_tensor(delta, like=self))
        return self

    def scatter_nd_add(self, indices: Any, updates: Any, name: Any = None) -> Self:
        """Add at coordinates; returns this Variable."""
        return self._scatter_nd("add", indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: Any = None) -> Self:
        """Subtract at coordinates; returns this Variable."""
        return self._scatter_nd("subtract", indices, updates)

    def scatter_nd_update(self, indices: Any, updates: Any, name: Any = None) -> Self:
        """Replace what is at coordinates; returns this Variable."""
        return self._scatter_nd("set", indices, updates)

    def scatter_nd_max(self, indices: Any, updates: Any, name: Any = None) -> Self:
        """Raise what is at coordinates to updates that are larger; returns this Variable."""
        return self._scatter_nd("max", indices, updates)

    def scatter_nd_min(self, indices: Any, updates: Any, name: Any = None) -> Self:
        """Lower what is at coordinates to updates that are smaller; returns this Variable."""
        return self._scatter_nd("min", indices, updates)

    def _scatter_nd(self, mode: str, indices: Any, updates: Any) -> Self:
        from ._indexing import scattered

        return self.assign(scattered(self.value(), indices, as_tensor(updates, like=self), mode))

    def sparse_read(self, indices: Any, name: Any = None) -> Any:
        """Pick rows, as `gather` does."""
        from ._indexing import gather

        return gather(self, indices)

    def gather_nd(self, indices: Any, name: Any = None) -> Any:
        """Pick elements or slices by their coordinates."""
        from ._indexing import gather_nd

        return gather_nd(self, indices)

    def initialized_value(self) -> Any:
        """Give the first value."""
        return follow(xg.Tensor(self.initial))

    def eval(self, session: Any = None) -> Any:
        """Give the value to NumPy."""
        return self.numpy()[()]

    def get_shape(self) -> tuple[int, ...]:
        """Give the shape."""
        return self.shape

    def __reduce__(self) -> Any:
        return _restored, (
            self.numpy(),
            self.trainable,
            self.name.removesuffix(":0"),
            self.constraint,
        )


def _restored(value: Any, trainable: bool, name: str, constraint: Any) -> Variable:
    return Variable(value, trainable, name=name, constraint=constraint)


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Any = None,
    constraint: Callable[[Any], Any] | None = None,
    synchronization: Any = None,
    aggregation: Any = None,
) -> Variable:
    """Make a Variable by name and shape, in TensorFlow 1's way; each call makes a new one.

    Parameters
    ----------
    name : str
    shape : tuple of int, optional
    dtype : dtype, optional
        float32 by default.
    initializer : array_like or callable, optional
        A value, or a function of shape and dtype; by default Glorot's uniform distribution, and
        zeros for integers.
    trainable, constraint : optional
        As for `Variable`.
    regularizer, collections, caching_device, partitioner, validate_shape, use_resource : optional
        Have no meaning here.
    custom_getter, synchronization, aggregation : optional
        Neither have these.

    Examples
    --------
    >>> import xgrad.compat.tensorflow as tf
    >>> tf.get_variable("w", shape=[2], initializer=tf.zeros_initializer())
    xg.Variable([0., 0.], shape=(2,), dtype=float32, device=cpu, name='w:0')
    """
    dtype = xg.float32 if dtype is None else dtype
    if initializer is None:
        from ._initializers import glorot_uniform_initializer, zeros_initializer

        whole = xg.isdtype(xg.zeros((), dtype=dtype).dtype, ("integral", "bool"))
        initializer = zeros_initializer() if whole else glorot_uniform_initializer()
    if isinstance(initializer, type):
        initializer = initializer()
    if callable(initializer):
        if shape is None:
            raise xg.errors.ArgumentError(f"get_variable: {name} needs a shape, or a value.")
        sizes = static(shape)
        sizes = sizes if isinstance(sizes, tuple) else (sizes,)
        value = initializer(sizes, dtype=dtype)
    else:
        value = xg.asarray(as_tensor(initializer), dtype=dtype)
    return Variable(value, trainable, name=name, constraint=constraint, shape=shape)


HANDLES.add(Variable)
