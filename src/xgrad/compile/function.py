"""xg.function: record a step once per signature, then replay it.

The first call with arguments of new shapes, dtypes or Python values runs the function as it stands
and writes down what it does (recording.py); later calls run the program that was made of it."""

from __future__ import annotations

import copy
import functools
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._arguments import check_function
from ..backends import (
    Backend,
    Device,
    as_device,
    backend_named,
    backend_of,
    default_device,
    host,
    is_array,
)
from ..core.defaults import chosen_dtype
from ..core.gone import Gone
from ..core.handle import Handle
from ..core.inspection import inspectors
from ..core.observers import cut_off, settings, state
from ..core.primitive import Kind, Primitive
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError, TracingError
from ..interpreters.graph import TapeGraph
from ..ops.rule_namespace import rule_namespace
from ..tree import flatten
from .graph import program_graph
from .listing import Listing, Statistics, listing, statistics
from .packing import parts_of
from .recorded import Recorded, calls
from .recording import Recording
from .signature import Signature, Taken, holds_array, show_key

__all__ = ["Function", "function"]

_HOST_ARRAY = host().namespace.ndarray
_MANY = 8  # recordings of one function, after which somebody should be told


def function(
    f: Callable[..., Any] | None = None,
    static_argnames: str | Iterable[str] = (),
    *,
    donate: str | Iterable[str] = (),
    device: Device | str | None = None,
    backend: str | None = None,
) -> Any:
    """Record what a function does once, and replay it in later calls.

    Parameters
    ----------
    f : callable, optional
        Of nests of Tensors, Variables, arrays and Python values. Left out where this is used as a
        decorator with options.
    static_argnames : str or iterable of str
        Arguments that decide what is done, such as a number of layers or the name of a mode: any
        hashable value; each new one makes a new recording.
    donate : str or iterable of str
        Arguments that the caller does not need any more, such as the parameters that a step gives
        back changed: their Tensors are gone afterwards, and results may take their memory. It is
        taken in replayed calls, of large NumPy arrays that nobody else sees.
    device : Device or str, optional
        Where new arrays are created, as inside ``with xg.device(...)``, and all array arguments
        must be.
    backend : str, optional
        ``"jax"`` hands the program of NumPy or jax arrays to `jax.jit`. Left out, programs of jax
        arrays are compiled by it, those of NumPy run in buffers, and all others call their library.

    Returns
    -------
    Function
        To be called like f. `program()` shows what was recorded, `stats()` what it costs.

    Raises
    ------
    TracingError
        In a recording, when f looks at a value that depends on its arguments: ``bool(t)``,
        ``float(t)``, ``t.numpy()``, or a result whose shape depends on values; or when another
        thread computes with such a value.
    DeviceMismatchError
        If arrays of two libraries, or of another device than `device`, are in one call.
    ArgumentError
        If a Tensor is used that was donated before, or `backend` has no compiler.

    See Also
    --------
    where, scan

    Notes
    -----
    Everything that f does with Tensors is recorded, in order: tapes and their gradients,
    accumulators, `vmap`, and assignments to Variables, whose values are inputs and outputs of the
    program. Python code runs in the first call with a signature only: `print` and changes of Python
    objects happen once, and NumPy's warnings of what is not finite are given once. Python numbers
    belong to the signature. While a tape, an accumulator or
    `vmap` outside watches, f runs as it stands, and so is differentiable to any order. On NumPy
    large results are written into the memory of former ones that nobody holds any more.

    Examples
    --------
    >>> import xgrad as xg
    >>> @xg.function
    ... def step(w, x):
    ...     with xg.GradientTape() as tape:
    ...         tape.watch(w)
    ...         loss = xg.sum((x @ w) ** 2)
    ...     return w - 0.1 * tape.gradient(loss, w)
    >>> step(xg.asarray([1.0, 2.0]), xg.eye(2))
    xg.Tensor([0.8, 1.6], shape=(2,), dtype=float64, device=cpu)
    """
    if f is not None:
        check_function(f, "function")
    if f is None:
        return functools.partial(
            function,
            static_argnames=static_argnames,
            donate=donate,
            device=device,
            backend=backend,
        )
    place = None if device is None else as_device(device)
    signature = Signature(f, static_argnames, donate, place)
    return Function(f, signature, place, None if backend is None else _compiler(backend))


def _compiler(name: str) -> Backend:
    if not isinstance(name, str):
        raise ArgumentTypeError(f"function: backend must be a str, but is a {type(name).__name__}.")
    backend = backend_named(name)
    if not backend.compiles:
        raise ArgumentError(
            f"function: backend={name!r} has no compiler of its own. Use 'jax', or leave backend out."
        )
    return backend


if TYPE_CHECKING or calls is None:

    class _Caller:
        """What can be called, where nothing was compiled."""

        _replay: Any = None
        _call_slowly: Callable[..., Any]

        def __call__(self, *args: Any, **options: Any) -> Any:
            return self._call_slowly(*args, **options)

else:
    _Caller = calls.Caller


class Function(_Caller):
    """What `function` makes: called like the function, it replays what was recorded."""

    def __init__(
        self,
        f: Callable[..., Any],
        signature: Signature,
        device: Device | None,
        backend: Backend | None,
    ) -> None:
        functools.update_wrapper(self, f)
        self._f = f
        self._signature = signature
        self._device = device
        self._backend = backend
        self._programs: dict[Any, Recorded] = {}
        self._quick: dict[Any, _Quick] = {}
        self._recent: _Quick | None = None
        self._warned = False

    def __get__(self, instance: Any, _owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __copy__(self) -> Function:
        return self  # as functions are copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Function:
        f = copy.deepcopy(self._f, memo)  # itself, unless it is a method, say
        made = self if f is self._f else Function(f, self._signature, self._device, self._backend)
        memo[id(self)] = made
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Function, (self._f, self._signature, self._device, self._backend)

    def _call_slowly(self, *args: Any, **options: Any) -> Any:
        """Run the function: by the program for these arguments, which the first call makes."""
        if (
            self._quick
            and not options
            and not (state.observers or settings.inspected or settings.told)
        ):
            found = self._find_quickly(args)
            if found is not None:
                return found[0](found[1])
        if self._device is None:
            return self._call(args, options)
        with self._device:
            return self._call(args, options)

    def _call(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if state.observers or (settings.inspected and inspectors()):
            return self._f(*args, **options)
        taken = self._signature.take_apart(args, options)
        if taken is None:
            return self._f(*args, **options)
        known = self._programs.get(taken.key)
        if known is None or not known.variables_fit():
            result = self._record(taken)
            self._give_away(taken)
            return result
        given = taken.holders if known.changed else ()
        self._refuse_twice(given, known.changed)
        free = known.free(taken) if taken.donated else ()
        self._give_away(taken)  # now: a call that fails may have written over them
        return self._marked(known, known(taken.arrays, free, given), taken)

    def _marked(self, known: Recorded, result: Any, taken: Taken) -> Any:
        """The result, which says that it comes from Variables if another thread may record them."""
        if not settings.told:
            return result
        read = [variable.node for variable, _ in known.recorded.reads]
        given = [x.node for x in taken.leaves if isinstance(x, Handle)]
        primitive = Primitive(self._title, Kind.GENERAL, ("*arrays",), (), None)
        cut = cut_off(primitive, (*given, *read), 3)
        for x in [*flatten(result)[0], *[taken.holders[place] for place in known.changed]]:
            if isinstance(x, Tensor):
                x.node = cut
        return result

    def _refuse_twice(self, given: Sequence[Any], changed: list[int]) -> None:
        """Refuse that an argument which is changed in place comes twice: a recording knows each by itself."""
        for place in changed:
            if sum(x is given[place] for x in given) > 1:
                raise TracingError(
                    f"{self._title} changes its argument x "
                    f"{describe(given[place])} in place, which was given twice. Use a copy of it, or "
                    "a function that returns the new value."
                )

    def _give_away(self, taken: Taken) -> None:
        """Leave nothing in the Tensors that were donated."""
        for _, x in taken.donated:
            if isinstance(x, Tensor) and type(x.raw) is not Gone:  # the same one may be given twice
                x.raw = Gone(describe(x), self._title)

    def _find_quickly(self, args: tuple[Any, ...]) -> tuple[Recorded, list[Any]] | None:
        """The program for nothing but Tensors of host arrays (a hot path), and the arrays."""
        arrays: list[Any] = []
        for x in args:
            if type(x) is not Tensor or type(x.raw) is not _HOST_ARRAY:
                return None
            arrays.append(x.raw)
        dtype, device = chosen_dtype(), default_device()
        found = self._recent  # mostly it is the one of the last call
        if (
            found is None
            or dtype is not found.dtype
            or device is not found.device
            or len(arrays) != len(found.forms)
        ):
            found = None
        else:
            for array, form in zip(arrays, found.forms, strict=True):
                if array.shape != form[0] or array.dtype is not form[1]:
                    found = None
                    break
        if found is None:
            forms = tuple([(array.shape, array.dtype) for array in arrays])
            found = self._quick.get((forms, dtype, device))
        if found is None or not found.program.variables_fit():
            return None
        self._recent = found
        self._replay = found.replay
        return found.program, arrays

    def _keep(self, taken: Taken, known: Recorded) -> None:
        """Remember a program, and how to find it quickly where that can be."""
        self._programs[taken.key] = known
        leaves = taken.leaves
        plain = all(type(x) is Tensor and type(x.raw) is _HOST_ARRAY for x in leaves)
        plain = plain and not taken.slices
        args, options = taken.treedef.children
        flat = not options.children and all(x.kind is None for x in args.children)
        if self._signature.is_plain and plain and flat and not known.changed:
            forms = tuple([(x.raw.shape, x.raw.dtype) for x in leaves])
            dtype, device = chosen_dtype(), default_device()
            self._quick[forms, dtype, device] = _Quick(forms, dtype, device, known)
            self._recent = None

    @property
    def _title(self) -> str:
        return getattr(self, "__name__", "function")

    def program(self) -> Listing:
        """Show the program of the last new signature, before and after it was optimised."""
        return listing(self._last())

    def stats(self) -> Statistics:
        """Count instructions, buffers and bytes of the program of the last new signature."""
        return statistics(self._last(), len(self._programs))

    def graph(self) -> TapeGraph:
        """Describe what the program of the last new signature computes, as `GradientTape.graph`."""
        return program_graph(self._last().program)

    def clear(self) -> None:
        """Forget all programs."""
        self._programs.clear()
        self._quick.clear()
        self._recent = self._replay = None

    def _last(self) -> Recorded:
        if not self._programs:
            raise ArgumentTypeError(f"{self._title} has recorded nothing yet. Use it once.")
        return next(reversed(self._programs.values()))

    # -- recording -------------------------------------------------------------------------------

    def _record(self, taken: Taken) -> Any:
        """Run the function as it stands and keep the program."""
        start = time.perf_counter()
        inputs: list[Any] = []
        arguments: list[Tensor] = []
        for x in taken.leaves:
            if holds_array(x):
                # A copy, because values are known by their arrays: the same array may come as
                # another argument too, or be a Variable's or a constant's, and not next time.
                array = x.raw if isinstance(x, Handle) else x
                inputs.append(Tensor(backend_of(array).xp.copy(array)))
                arguments.append(inputs[-1])
            else:
                inputs.append(x)
        args, options = self._signature.put_together(taken, inputs)
        recording = Recording(arguments)
        arrays = [x.raw for x in arguments]
        try:
            with recording:
                result = self._f(*args, **options)
            leaves, structure = flatten(result)
            results = [_result(x) for x in leaves]
            del args, options, inputs, result, leaves
            given = taken.holders
            donated = {place for place, _ in taken.donated}
            changed = [
                place
                for place, (x, array) in enumerate(zip(arguments, arrays, strict=True))
                if x.raw is not array and place not in donated and isinstance(given[place], Tensor)
            ]
            program = recording.program([*parts_of(results), *[arguments[i] for i in changed]])
        finally:
            recording.close()
        self._refuse_twice(given, changed)
        numbers = [program.arguments[place] for place, _ in taken.donated]
        known = Recorded(program, structure, results, changed, numbers, self._backend)
        outputs = recording.hand_over()
        del arguments, arrays, results
        recording.refuse_what_is_kept()
        known.seconds = time.perf_counter() - start
        self._keep(taken, known)
        self._warn_of_many()
        return self._marked(known, known.first(outputs, given), taken)

    def _warn_of_many(self) -> None:
        if len(self._programs) < _MANY or self._warned:
            return
        self._warned = True
        former, new = list(self._programs)[-2:]
        warnings.warn(
            f"{self._title} was recorded {len(self._programs)} times, for "
            f"{show_key(former)} and now for {show_key(new)}. Use arrays instead of Python numbers "
            "that change, or shapes that repeat, to replay one program.",
            UserWarning,
            stacklevel=5,
        )


@dataclass
class _Quick:
    """A program for nothing but arrays, and what has to be as it was."""

    forms: tuple[tuple[Any, Any], ...]
    dtype: Any
    device: Device
    program: Recorded

    @functools.cached_property
    def replay(self) -> Any:
        """The program for compiled callers, or None."""
        return self.program.replay(self.forms, self.dtype, self.device)


def _result(x: Any) -> Any:
    """A result that is an array as a Tensor; anything else as it is."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, Variable):
        return x.value()
    if is_array(x):
        return rule_namespace.asarray(x)
    return x
