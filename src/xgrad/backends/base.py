"""What every backend answers, with the answers of any namespace that keeps to the standard.

`Functions` holds one function per instruction, found in this order: the backend's own (`Own`), the
portable extras, the special functions (special/), the library's namespace. What a library lacks or does differently is mended by an
entry in its `Own`, once, and nowhere else."""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from .._typing import Array, DType, Namespace, NativeDevice, Shape
from ..errors import BackendUnavailableError, DTypeError
from . import portable, special
from .captured import Capturer
from .dtypes import dtype_name
from .fused import Fused

__all__ = ["CUDA", "Backend", "Functions", "Job", "Memory", "Replaced", "dtype_name"]

CUDA = 2  # as DLPack numbers device types
_DTYPE_NAME = re.compile(r"bool|u?int\d+|b?float\d+|complex\d+")


class Functions:
    """One function per instruction; attributes are found once and then kept."""

    def __init__(self, namespace: Namespace, own: type) -> None:
        self._namespace = namespace
        self._own = own

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = inspect.getattr_static(self._own, name, None)
        if isinstance(found, staticmethod):
            function = found.__func__
        elif found is not None:
            function = functools.partial(found, self)
        elif name in portable.__all__:
            function = functools.partial(getattr(portable, name), self)
        elif name in special.NAMES:
            function = special.find(self, self._namespace, name)
        elif hasattr(self._namespace, name):
            function = getattr(self._namespace, name)
        else:
            raise AttributeError(f"{self._namespace.__name__} has no function {name!r}")
        function = self._mended(name, function)
        setattr(self, name, function)
        return function

    def _mended(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function as it is used: subclasses serve floats of 16 bits so."""
        return function


class Memory(NamedTuple):
    """Bytes of one device.

    Attributes
    ----------
    used : int
        In arrays of this process.
    pool : int
        Held by this process: what is used, and what is kept for later.
    free, total : int
        Of the whole device, whoever holds the rest.
    """

    used: int
    pool: int
    free: int
    total: int


class Job(NamedTuple):
    """What to work out with one set of arrays.

    Attributes
    ----------
    arrays : tuple of array
        The results of ``function(xp, arrays, numbers)`` take the places of all but the first;
        ``numbers`` are both dicts below together.
    numbers : dict
        Floats, or arrays without axes.
    reusable : tuple of bool
        For each result whether it may be written into the array whose place it takes.
    own : dict
        More numbers, which no other job has. Jobs with the very same dict of other numbers may be
        done together.
    """

    arrays: tuple[Array, ...]
    numbers: dict[str, Any]
    reusable: tuple[bool, ...]
    own: dict[str, Any] = {}  # noqa: RUF012 - read only


class Replaced(NamedTuple):
    """The results of each job, complete only after the tasks have run."""

    results: list[tuple[Array, ...]]
    tasks: list[Callable[[], None]]


class Backend:
    """One array library.

    Attributes
    ----------
    name : str
        The library's name, which is also the first part of its devices' names.
    namespace : module
        Its array-API namespace.
    xp : Functions
        One function per instruction on raw arrays; gradient rules run with it.
    one_device : bool
        Whether all its arrays live in the same place, so that nothing need be compared.
    on_host : bool
        Whether its values are in host memory, so that a look at them waits for nothing.
    nests : bool
        Whether its arrays wrap those of another library, and so mix with them (batching/).
    compiles : bool
        Whether it has a compiler for functions of its arrays.
    fuses : bool
        Whether it makes kernels of groups of elementwise instructions.
    wholes : frozenset of str
        What rules compose of several steps, and it has one function for, by name (ops/wholes.py).
    fuses_together : bool
        Whether it makes one kernel of groups that do the same over several shapes.
    numbers : mapping or None
        From pairs of a dtype and a Python number, of type int or float and not zero, to an array
        without axes, or None where the library is to have the number itself.
    roams : bool
        Whether operators of its arrays compute on the current device instead of the arrays' own, so
        that `on` must be entered around them; the functions of `xp` do that themselves.
    smallest_reused : float
        The bytes of arrays from which on `is_alone` may be true.
    """

    one_device = False
    on_host = False
    nests = False
    compiles = False
    fuses = False
    fuses_together = False
    wholes: frozenset[str] = frozenset()
    numbers: Mapping[tuple[Any, Any], Any] | None = None
    roams = False
    smallest_reused = math.inf
    Own: type = type("Own", (), {})

    def __init__(self, name: str, namespace: Namespace) -> None:
        self.name = name
        self.namespace = namespace
        self.xp = Functions(namespace, self.Own)
        self._dtypes: dict[Any, DType] = {}

    def __repr__(self) -> str:
        return f"<Backend {self.name}>"

    # -- arrays in and out ---------------------------------------------------------------------

    def asarray(
        self, value: Any, dtype: DType, native: NativeDevice, copy: bool | None = None
    ) -> Array:
        """An array of this library from nested lists, scalars, buffers or its own arrays."""
        return self.namespace.asarray(value, dtype=dtype, device=native, copy=copy)

    def from_dlpack(self, x: Any, native: NativeDevice) -> Array:
        """An array of this library around the memory of an object that speaks DLPack."""
        return self.namespace.from_dlpack(x)

    def reaches(self, kind: int, native: NativeDevice) -> bool:
        """Whether memory of a DLPack device type (1 is the host's, 2 CUDA's) is a device's own."""
        return kind != CUDA

    def finish(self, value: Any) -> Array:
        """The result of an implementation as an array: never a scalar of the library's own."""
        return value

    def plain(self, value: Any) -> Array:
        """An array of a subclass, whose operators may mean something else, as one of the library's own."""
        return value

    def ones(self, array: Array) -> Array:
        """Ones of the shape, dtype and device of an array."""
        shape = tuple(array.shape)
        return self.xp.ones(shape, dtype=array.dtype, device=self.device_of(array))

    def on(self, array: Array) -> AbstractContextManager[Any]:
        """A context in which operators compute on the device of an array."""
        return nullcontext()

    def memory(self, native: NativeDevice) -> Memory | None:
        """How full the memory of a device is; None where that is the operating system's business."""
        return None

    def release_memory(self, native: NativeDevice) -> None:
        """Give back what is only kept for later."""

    def uploader(self, native: NativeDevice) -> Callable[[Sequence[Array]], Callable[[], Any]]:
        """What starts copies of host arrays to a device; the function that it returns gives them."""

        def send(arrays: Sequence[Array]) -> Callable[[], list[Array]]:
            made = [self.asarray(x, None, native, copy=True) for x in arrays]
            return lambda: made

        return send

    def alongside(self, native: NativeDevice) -> Callable[[], AbstractContextManager[Any]] | None:
        """What makes contexts in which another thread queues its work where this one does.

        None where that cannot be, so that no other thread should work for this one."""
        return nullcontext

    def set_matmul_precision(self, precision: str | None) -> None:
        """Choose how exactly products of float32 are computed, where that can be chosen."""

    def can_fuse(self, name: str, operands: Sequence[DType | None], result: DType) -> bool:
        """Whether an instruction on operands of these dtypes (None: a number) may be in a group."""
        return False

    def fused(self, group: Fused) -> Callable[..., tuple[Array, ...]] | None:
        """The function of a group's inputs, in one kernel; None if it makes none of it."""
        return None

    def capturer(self, native: NativeDevice) -> Capturer | None:
        """What starts many launches on a device at once; None if the library has no such thing."""
        return None

    def fused_together(
        self, group: Fused, single: Sequence[bool], shapes: Sequence[Shape]
    ) -> Callable[..., tuple[Array, ...]]:
        """The function of the inputs of many groups that do the same, where `fuses_together`.

        It takes and gives the arrays of one group after the other.

        Parameters
        ----------
        group : Fused
            What each of them does.
        single : sequence of bool
            Which inputs are one element; the others have the group's shape.
        shapes : sequence of tuple
            One for each group.
        """
        raise NotImplementedError

    def joined(self, x: Any, other: Array) -> Array:
        """A Tensor's array as one of the kind of another, of this backend, to compute with both."""
        return x.raw

    def bottom(self, array: Array) -> tuple[Backend, Array]:
        """The library that holds the values of an array, and the array in it: this one."""
        return self, array

    def to_numpy(self, array: Array) -> Array:
        """A copy of an array in host memory, as numpy's type."""
        from .registry import backend_named

        host = backend_named("numpy")
        try:
            return host.namespace.array(host.namespace.from_dlpack(array))
        except (TypeError, ValueError, RuntimeError, BufferError, AttributeError):
            return host.namespace.array(array.tolist() if hasattr(array, "tolist") else array)

    # -- replacing ------------------------------------------------------------------------------

    def replace(
        self,
        function: Callable[[Any, tuple[Array, ...], dict[str, Any]], Sequence[Array]],
        jobs: Sequence[Job],
        elementwise: bool,
        kept: dict[Any, Any] | None = None,
    ) -> Replaced:
        """Work out what takes the place of arrays: here in fresh memory, one job after another.

        If `elementwise`, the function treats every element alike, whatever array it is in, and so
        may be given arrays without axes, a block of one job or several jobs at once. That is looked
        at unless there is `kept`: then the function is trusted, and what a backend makes of it is
        found there the next time.
        """
        return Replaced([self.replace_whole(function, job) for job in jobs], [])

    def replace_whole(
        self,
        function: Callable[[Any, tuple[Array, ...], dict[str, Any]], Sequence[Array]],
        job: Job,
    ) -> tuple[Array, ...]:
        """Work out one job on whole arrays: the plain account of what `replace` does."""
        return tuple(map(self.finish, function(self.xp, job.arrays, {**job.numbers, **job.own})))

    def is_alone(self, holder: Any) -> bool:
        """Whether the array ``holder.raw`` is seen by nobody but its holder, and may change."""
        return False

    def compiled(
        self, run: Callable[[list[Array]], list[Array]], of_numpy: bool
    ) -> Callable[[list[Array]], list[Array]]:
        """A function of this library's arrays, made fast by its compiler, where `compiles` is true.

        It is given NumPy's arrays, and keeps their dtypes, where `of_numpy`."""
        return run

    def generator(self, seed: Any, native: NativeDevice) -> Any:
        """A generator of random numbers; of the host, moved, where a library's own is not used."""
        from .generators import MovedGenerator

        return MovedGenerator(seed, self, native)

    # -- dtypes --------------------------------------------------------------------------------

    def dtype(self, dtype: DType) -> DType:
        """This library's dtype of the same name as a dtype, name or Python type given."""
        # With its type: dtypes of two libraries may hash alike and not like to be compared.
        key = (type(dtype), dtype)
        try:
            return self._dtypes[key]
        except (KeyError, TypeError):
            pass
        name = dtype if isinstance(dtype, str) else dtype_name(dtype)
        found = self._find_dtype(name) if _DTYPE_NAME.fullmatch(name) else None
        if found is None:
            named = isinstance(dtype, (str, type)) or isinstance(getattr(dtype, "name", None), str)
            shown = repr(name) if named else f"that is a {type(dtype).__name__}"
            raise DTypeError(
                f"{self.name} has no dtype {shown}. Use one of the standard's: bool, int8 to "
                "int64, uint8 to uint64, float32, float64, complex64, complex128."
            )
        self._dtypes[key] = found
        return found

    def _find_dtype(self, name: str) -> DType | None:
        return getattr(self.namespace, name, None)

    # -- devices -------------------------------------------------------------------------------

    def device_of(self, array: Array) -> NativeDevice:
        """What the library calls the place where an array lives."""
        return array.device

    def is_device(self, value: Any) -> bool:
        """Whether an object is of the kind that the library calls a device."""
        return type(value) in {type(native) for native in self.native_devices()}

    def device_name(self, native: NativeDevice) -> str:
        """The string from which `xg.device` makes the same device again."""
        text = str(native)
        if text.startswith(f"{self.name}."):
            text = text[len(self.name) + 1 :]
        inner = text.split("('", 1)
        return f"{self.name}:{inner[1].rstrip(')').rstrip(chr(39)) if len(inner) == 2 else text}"

    def parse_device(self, text: str | None) -> NativeDevice:
        """The library's device from the part of a name that follows the library."""
        info = self.namespace.__array_namespace_info__()
        if text is None:
            default = info.default_device()
            return self.native_devices()[0] if default is None else default
        for native in info.devices():
            if native is not None and self.device_name(native) == f"{self.name}:{text}":
                return native
        raise BackendUnavailableError(
            f"{self.name} has no device {text!r}; it has "
            f"{', '.join(self.device_name(d) for d in info.devices() if d is not None)}. Use one "
            "of these."
        )

    def native_devices(self) -> list[NativeDevice]:
        """Every device of the library on this machine."""
        devices = self.namespace.__array_namespace_info__().devices()
        return [native for native in devices if native is not None]

    def transfer(self, array: Array, native: NativeDevice) -> Array:
        """The same values on another device of the same library."""
        return array.to_device(native)
