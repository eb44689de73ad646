"""A Tensor: an array of any array-API namespace, and the node that says where it came from.

Values are immutable under the tape: an array that a Tensor was given is never changed. ``x[key] =
v`` and ``x += v`` rebind this handle to a new value, and are differentiable. Conversions that leave
xgrad are refused while a tape follows the value, because the gradient would silently be zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from sys import _getframe, getrefcount
from typing import TYPE_CHECKING, Any

from .. import tree
from .._typing import Array, DType, NativeDevice, Shape
from ..backends import Device, as_device, backend_of, is_array, library_of, place_of
from ..errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    NotDifferentiableError,
    ShapeError,
)
from . import dispatch
from .array_methods import ArrayMethods
from .casting import copy_needed, kind_fits
from .dispatch import apply1
from .handle import Handle
from .indexing import At, getitem, setitem
from .instructions import primitive
from .lost_writes import NOBODY, is_store, refuse_lost_write
from .observers import settings
from .operators import Operators
from .protocols import protocols
from .python_numbers import PythonNumbers
from .replay import before_rebinding
from .show import show
from .spec import describe

if TYPE_CHECKING:
    from .node import Node

__all__ = ["IN_PLACE", "Tensor", "alias", "rebind"]

IN_PLACE: tuple[str, ...] = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
IN_PLACE += ("and", "or", "xor", "lshift", "rshift")

_ARRAYS: set[type] = set()  # the types that Tensors have wrapped


class ArrayAttributes(PythonNumbers, ArrayMethods):
    """Attributes and conversions that Tensors and Variables share."""

    __slots__ = ()

    __array_priority__ = 1000.0

    # -- attributes ----------------------------------------------------------------------------

    @property
    def array(self) -> Array:
        """The array itself, not a copy, for functions that know nothing of xgrad.

        No gradient flows through what is computed from it, except where `custom_gradient` says
        which one. Values are immutable: do not write into it.

        Raises
        ------
        TracingError
            While `function` records what depends on the value: later calls would not see what was
            done with the array.

        Examples
        --------
        >>> import xgrad as xg
        >>> xg.asarray([1.0, 2.0]).array
        array([1., 2.])
        """
        if self.node is not None or settings.told:
            protocols.left(self, "left xgrad through .array")
        return self.raw

    @property
    def shape(self) -> Shape:
        """The size of each axis."""
        return tuple(self.raw.shape)

    @property
    def dtype(self) -> DType:
        """The dtype, in the spelling of the array's own namespace."""
        return self.raw.dtype

    @property
    def device(self) -> Device:
        """Where the array lives."""
        return place_of(self.raw)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.raw.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        count = 1
        for n in self.raw.shape:
            count *= n
        return count

    @property
    def T(self) -> Tensor:
        """The transpose of a matrix.

        Raises
        ------
        ShapeError
            If there are not exactly two axes.
        """
        if self.ndim != 2:
            raise ShapeError(
                f"T: x {describe(self)} must have two axes, but has {self.ndim}. Use mT for stacks "
                "of matrices, or permute_dims."
            )
        return apply1(primitive("matrix_transpose"), self)  # type: ignore[no-any-return]

    @property
    def mT(self) -> Tensor:
        """The transposes of a stack of matrices (the last two axes).

        Raises
        ------
        ShapeError
            If there are fewer than two axes.
        """
        if self.ndim < 2:
            raise ShapeError(
                f"mT: x {describe(self)} must have at least two axes, but has {self.ndim}. Use "
                "xg.expand_dims to make a matrix of it."
            )
        return apply1(primitive("matrix_transpose"), self)  # type: ignore[no-any-return]

    @property
    def at(self) -> At:
        """Updates of parts as new values: ``x.at[key].set(v)``, also add, multiply, divide, ..."""
        return At(self)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Any:
        """Let a function see the gradient of this value whenever it is computed.

        It is called once in each gradient computation that passes here, with the whole gradient of
        this value, also for what was computed from it before; what it returns, unless None, takes
        its place. In derivatives of higher order it is differentiated like everything else. On a
        Variable it stays for good. After ``x += 1`` a Tensor is another value, without the hook.

        Parameters
        ----------
        hook : callable
            ``hook(g)``, where g is a Tensor of the shape and dtype of this value; for complex ones
            the direction of steepest ascent. Returns None or a gradient of the same shape.

        Returns
        -------
        object
            Its method ``remove()`` takes the hook off; so does leaving it as a context manager.

        Raises
        ------
        ArgumentTypeError, DTypeError
            If the hook is no function, or the value not floating.

        See Also
        --------
        xgrad.gradient_hook

        Examples
        --------
        >>> import xgrad as xg
        >>> x = xg.Variable([3.0, 4.0])
        >>> handle = x.register_hook(lambda g: xg.clip_by_norm(g, 1.0))
        >>> with xg.GradientTape() as tape:
        ...     y = xg.sum(x**2)
        >>> tape.gradient(y, x)
        xg.Tensor([0.6, 0.8], shape=(2,), dtype=float64, device=cpu)
        >>> handle.remove()
        """
        return protocols.register_hook(self, hook)

    # -- leaving xgrad -------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        self._refuse_if_followed("__array__")
        backend = backend_of(self.raw)
        if backend.nests:
            backend.to_numpy(self.raw)  # says why not
        if not backend.on_host and str(self.device) != "torch:cpu":
            raise DTypeError(
                f"x {describe(self)} does not turn into a numpy array by itself, because that "
                "copies it to the host. Use .numpy() to copy on purpose."
            )
        if self.node is not None:
            protocols.left(self, "left xgrad through __array__")
        if copy is False and (not backend.on_host or dtype not in (None, self.dtype)):
            raise copy_needed(describe(self), "a numpy array" if dtype is None else str(dtype))
        host = backend.to_numpy(self.raw) if copy or not backend.on_host else self.raw
        return host if dtype is None else host.astype(dtype, copy=False)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        self._refuse_if_followed("__dlpack__")
        asked = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        # Libraries of before DLPack 1.0 know `stream` alone, so nothing is passed that was not given.
        return self.raw.__dlpack__(**{k: v for k, v in asked.items() if v is not None})

    def __dlpack_device__(self) -> tuple[Any, int]:
        return self.raw.__dlpack_device__()  # type: ignore[no-any-return]

    def _refuse_if_followed(self, way: str) -> None:
        if protocols.is_followed(self):
            protocols.refuse_exit(self, f"left xgrad through {way}")
            raise NotDifferentiableError(
                f"{way}: x {describe(self)} is followed by an active GradientTape or Graph, and "
                "outside xgrad its gradient would silently be zero. Use .numpy() to leave xgrad on "
                "purpose, xg.stop_gradient(x), or a function of xgrad instead of the other "
                "library's."
            )

    # -- protocols -----------------------------------------------------------------------------

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return protocols.namespace(library_of(self.raw), api_version)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return protocols.ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return protocols.function(function, args, kwargs)

    # -- conversions that stay -----------------------------------------------------------------

    def astype(self, dtype: DType, *, copy: bool = True) -> Tensor:
        """Convert to another dtype; differentiable between floating dtypes."""
        return protocols.astype(self, dtype, copy=copy)  # type: ignore[no-any-return]

    def to_device(self, device: str | Device | NativeDevice, /, *, stream: Any = None) -> Tensor:  # noqa: ARG002
        """Copy to another device; the gradient travels back."""
        return protocols.to_device(self, as_device(device, library_of(self.raw)))  # type: ignore[no-any-return]

    def __getitem__(self, key: Any) -> Tensor:
        return getitem(self, key)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise ArgumentTypeError("len() of a Tensor without axes. Use .size for the elements.")
        return self.raw.shape[0]  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise ArgumentTypeError("a Tensor without axes cannot be iterated over. Use .item().")
        return iter([getitem(self, i) for i in range(len(self))])

    def __contains__(self, value: Any) -> bool:
        return bool(self.numpy().__contains__(value))


class Tensor(ArrayAttributes):
    """An array of any array-API namespace whose gradient can be asked for.

    Make one with `xg.asarray`. Takes part in every operator and function of the standard.

    Attributes
    ----------
    array : array
        The wrapped array itself, no copy.
    shape : tuple of int
    dtype : dtype
    device : Device
    ndim, size : int
    T, mT : Tensor
    at : object
        ``x.at[key].set(v)``: updates as new values.
    """

    __slots__ = ()

    def __init__(self, array: Array, node: Node | None = None) -> None:
        if type(array) not in _ARRAYS:
            array = _checked(array)
        self.raw = array
        self.node = node

    def __repr__(self) -> str:
        return show(self.raw, "xg.Tensor")

    def __setitem__(self, key: Any, value: Any) -> None:
        rebind(self, setitem(self, key, value))
        if getrefcount(self) == NOBODY and is_store(_getframe(1)):
            refuse_lost_write(self)

    def __copy__(self) -> Tensor:
        return alias(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return apply1(primitive("copy"), self)  # type: ignore[no-any-return]

    def __reduce__(self) -> Any:
        return _from_host, (self.numpy(), str(self.device))


def _checked(array: Any) -> Array:
    """Refuse what is no array to wrap, take subclasses as what they are made of, know the others."""
    if isinstance(array, Handle) or not is_array(array):
        raise ArgumentTypeError(
            f"Tensor: array must be an array, but is a {type(array).__name__}. Use xg.asarray, which "
            "makes a Tensor of Tensors, Variables, lists and numbers."
        )
    plain = backend_of(array).finish(array)
    if plain is array:
        _ARRAYS.add(type(array))
    return plain


def alias(x: Any) -> Tensor:
    """Another handle of the value of a Tensor or Variable, connected as the first is."""
    protocols.read(x)
    return Tensor(x.raw, x.node)


def rebind(x: Tensor, new: Tensor) -> None:
    """Make a handle mean another value; whoever saw the old array still does."""
    before_rebinding(x)
    x.raw = new.raw
    x.node = new.node


def _from_host(value: Array, name: str) -> Tensor:
    device = as_device(name)
    return Tensor(device.backend.asarray(value, None, device.native))


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    operation = getattr(Operators, f"__{name}__")

    def operator(self: Tensor, other: Any) -> Tensor:
        new = operation(self, other)
        if new is NotImplemented:
            return new  # type: ignore[no-any-return]
        same = new.dtype == self.dtype
        if new.shape != self.shape or not (same or kind_fits(new, self.dtype)):
            raise ArgumentError(
                f"__i{name}__: the result {describe(new)} does not fit into x {describe(self)}. "
                "Use x = x op y, which makes a new Tensor."
            )
        # Within a kind the dtype is kept: float32 += float64 is float32, as in NumPy.
        rebind(self, new if same else new.astype(self.dtype))
        return self

    return operator


for _name in IN_PLACE:
    setattr(Tensor, f"__i{_name}__", _in_place(_name))

dispatch.set_tensor_class(Tensor)
tree.register_leaf(Tensor)
