"""What every generator is: a device, a state, children, and draws as Tensors.

The state is plain data and can be read and set at any time, so that a run can be saved and
continued, and a computation repeated. Inside `vmap` a draw gives each example numbers of its own."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Self

from .. import tree
from .._typing import SCALAR_TYPES, DType, Shape, ShapeLike
from ..backends import Device, as_device, is_array
from ..backends.base import dtype_name
from ..batching import collect, running_levels, spread
from ..core.casting import dtype_kind
from ..core.defaults import chosen_dtype
from ..core.draws import draw, draw_watchers
from ..core.failures import refuse_memory
from ..core.handle import Handle
from ..core.replay import before_change
from ..core.tensor import Tensor
from ..errors import ArgumentError, ArgumentTypeError, DTypeError
from ..ops._arguments import as_shape
from ..ops._new import DeviceLike
from ..ops.manipulation import broadcast_shapes
from ..ops.rule_namespace import rule_namespace

__all__ = ["Source", "as_count"]


class Source:
    """A stream of random numbers on a device; distributions are in generator.py."""

    def __init__(self, seed: Any = None, device: DeviceLike = None) -> None:
        self._device = as_device(device)
        entropy = _as_entropy(seed)
        self._bits = self._device.backend.generator(entropy, self._device.native)
        for watcher in draw_watchers():
            watcher.made(self, entropy)

    def __repr__(self) -> str:
        return f"xg.random.Generator({self._bits.kind} on {self._device})"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _restored, (type(self), self._device, self.state)

    @property
    def device(self) -> Device:
        """Where its numbers are drawn."""
        return self._device

    @property
    def state(self) -> dict[str, Any]:
        """Everything that later draws and children depend on, as plain data.

        A snapshot: later draws do not change it. Numbers, strings, lists and dicts; on a GPU the
        bits are a Tensor there, so that nothing waits for the device.

        Raises
        ------
        ArgumentError
            When it is set to something else, or to the state of another kind of generator.

        Examples
        --------
        >>> import xgrad as xg
        >>> rng = xg.random.Generator(0)
        >>> state = rng.state
        >>> first = rng.normal()
        >>> rng.state = state
        >>> float(rng.normal()) == float(first)
        True
        """
        wrapped: dict[str, Any] = tree.map(
            lambda x: Tensor(x) if is_array(x) else x, self._bits.state
        )
        for watcher in draw_watchers():
            watcher.state_read(self, wrapped)
        return wrapped

    @state.setter
    def state(self, value: dict[str, Any]) -> None:
        before_change(self, "state")
        for watcher in draw_watchers():
            watcher.state_set(self, value)
        self._bits.state = tree.map(lambda x: x.raw if isinstance(x, Handle) else x, value)

    def spawn(self, n: int) -> list[Self]:
        """Make independent generators on the same device.

        They depend on the seed and on how many there were before, not on what was drawn: one for
        each worker, layer or step gives the same numbers in whatever order they run.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        list of Generator

        Raises
        ------
        ArgumentError, ArgumentTypeError
            If n is negative, or no int.

        References
        ----------
        M. O'Neill, "Developing a seed_seq alternative", 2015; NumPy's `SeedSequence`.

        Examples
        --------
        >>> import xgrad as xg
        >>> one, other = xg.random.Generator(0).spawn(2)
        >>> float(one.uniform()) != float(other.uniform())
        True
        """
        count = as_count(n, "spawn", "n")
        before_change(self, "state")
        for watcher in draw_watchers():
            watcher.spawning(self)
        children = []
        for bits in self._bits.spawn(count):
            child = type(self).__new__(type(self))
            child._device, child._bits = self._device, bits
            children.append(child)
        return children

    def sample(self, method: str, operands: tuple[Any, ...], parameters: dict[str, Any]) -> Any:
        """Draw a raw array, for `core/draws.py`; users call the methods named after distributions."""
        return self._bits.sample(method, operands, parameters)

    # -- what distributions are made of --------------------------------------------------------

    def _draw(self, method: str, shape: Shape, *operands: Any, **parameters: Any) -> Tensor:
        """Draw for all examples of the levels of `vmap` at once, each its own."""
        levels = running_levels()
        arrays = []
        for x in operands:
            for level in reversed(levels):
                x = collect(x, 0, level)  # noqa: PLW2901 - from the inside to the outside
            arrays.append(x.raw)
        sizes = tuple([level.size for level in levels])
        parameters = {"shape": (*sizes, *shape), **parameters}
        try:
            y = Tensor(*draw(self, method, tuple(arrays), parameters))
        except MemoryError as error:
            refuse_memory(f"{method} {parameters['shape']} on {self._device}", arrays, error)
        for level in levels:
            y = spread(y, 0, level)
        return y

    def _draw_floating(
        self, function: str, shape: ShapeLike, dtype: DType, *operands: Any
    ) -> tuple[Tensor, tuple[Any, ...]]:
        """Draw from the standard form of a distribution, for operands in one dtype.

        Parameters
        ----------
        function : str
            The distribution.
        shape : int or tuple of int
        dtype : dtype or None
        operands : Tensors, arrays and Python numbers
            What will be combined with the draw, so its shape is that of all of them together.

        Returns
        -------
        draw : Tensor
        operands : tuple
            As Tensors of its dtype, or Python numbers.
        """
        operands = tuple([self._as_parameter(function, x) for x in operands])
        wanted = self._floating(function, dtype, operands)
        full = self._full_shape(function, shape, operands)
        y = self._draw(function, full, dtype=dtype_name(wanted))
        return y, tuple([self._in_dtype(x, wanted) for x in operands])

    def _as_parameter(self, function: str, x: Any) -> Any:
        """Give a Tensor, a Variable or a Python number."""
        if isinstance(x, Handle) or type(x) in (int, float):
            return x
        if isinstance(x, (list, tuple)) or is_array(x):
            return rule_namespace.asarray(x, device=self._device if not is_array(x) else None)
        raise ArgumentTypeError(
            f"{function}: its parameters must be numbers, Tensors or arrays, but one is a "
            f"{type(x).__name__}. Use xg.asarray to make a Tensor of it."
        )

    @staticmethod
    def _check_scale(function: str, name: str, x: Any) -> None:
        """Refuse a number that is negative or NaN; of what is on a device nobody asks."""
        if type(x) in (int, float) and not x >= 0:
            raise ArgumentError(f"{function}: {name} must be at least 0, but is {x}.")

    @staticmethod
    def _full_shape(function: str, shape: ShapeLike, operands: tuple[Any, ...]) -> Shape:
        """Give the shape of a draw for parameters that have shapes of their own."""
        shapes = [x.shape for x in operands if type(x) not in SCALAR_TYPES]
        return broadcast_shapes(as_shape(shape, function), *shapes)

    def _floating(self, function: str, dtype: DType, operands: tuple[Any, ...]) -> DType:
        """Give the dtype of a draw: as asked, that of the operands, or the default one."""
        backend = self._device.backend
        if dtype is None:
            kinds = [x.dtype for x in operands if type(x) not in SCALAR_TYPES]
            inexact = [kind for kind in kinds if dtype_kind(kind) in ("floating", "complex")]
            if inexact:
                dtype = rule_namespace.result_type(*inexact)
            elif (dtype := chosen_dtype()) is None:
                info = backend.namespace.__array_namespace_info__()
                dtype = info.default_dtypes(device=self._device.native)["real floating"]
        dtype = backend.dtype(dtype)
        if dtype_kind(dtype) != "floating":
            raise DTypeError(
                f"{function}: dtype must be real floating, but is {dtype_name(dtype)}. Use astype "
                "on the result, or one draw for the real and one for the imaginary part."
            )
        return dtype

    @staticmethod
    def _in_dtype(x: Any, dtype: DType) -> Any:
        return rule_namespace.astype(x, dtype, copy=False) if isinstance(x, Handle) else x


def as_count(n: Any, function: str, name: str) -> int:
    """Make a number of things an int that is not negative."""
    if isinstance(n, (tuple, list)):
        hint = "xg.asarray to make an array of it" if name == "n_or_array" else "one number"
        raise ArgumentTypeError(f"{function}: {name} must be an int, but is {n!r}. Use {hint}.")
    (count,) = as_shape(n, function, name)
    return count


def _as_entropy(seed: Any) -> Any:
    """Give a seed as numpy's seed sequences take it: None, an int or a list of ints."""
    numbers = list(seed) if isinstance(seed, (list, tuple)) else [seed]
    if seed is None:
        return None
    try:
        whole = [operator.index(n) for n in numbers]
    except TypeError:
        raise ArgumentTypeError(
            f"Generator: seed must be an int, a list of ints or None, but is {seed!r} "
            f"({type(seed).__name__}). Use a number such as 0."
        ) from None
    if not whole or min(whole) < 0:
        raise ArgumentError(
            f"Generator: seed must not be negative or empty, but is {seed!r}. Use a number such as 0."
        )
    return whole if isinstance(seed, (list, tuple)) else whole[0]


def _restored(kind: type[Source], device: Device, state: dict[str, Any]) -> Source:
    """Make a generator again from what was pickled or copied."""
    generator = kind(0, device)
    generator.state = state
    return generator
