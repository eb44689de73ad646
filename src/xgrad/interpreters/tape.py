"""GradientTape: record what happens to watched values, then ask for gradients.

TensorFlow's names and life cycle. The tape is a context manager around traces (trace.py), which
record, and the walk (backward.py), which differentiates; this file checks arguments, takes nests
apart and puts them together."""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from .._typing import Nest
from ..backends import Device, as_device, backend_of, quiet
from ..core.casting import cast_within_kind, dtype_kind, is_inexact, to_array
from ..core.handle import Handle
from ..core.node import Cut, Leaf, Node
from ..core.observers import state
from ..core.spec import describe
from ..core.tensor import Tensor
from ..core.variable import Variable
from ..errors import (
    ArgumentError,
    ArgumentTypeError,
    DeviceMismatchError,
    DTypeError,
    ShapeError,
    TapeError,
    UnconnectedGradientError,
)
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import steepest
from ..tree import flatten, show, unflatten
from .backward import walk
from .explain import CONSTANT_GRADIENT, UNRECORDED_GRADIENT, Explanation, explain
from .trace import Trace, make_recorder

__all__ = ["GradientTape", "UnconnectedGradients"]

_USED_UP = (
    "A non-persistent GradientTape can only be used to compute one set of gradients (or "
    "jacobians). Use GradientTape(persistent=True), or ask for all sources in one call."
)

_leaves = threading.Lock()


class UnconnectedGradients(enum.Enum):
    """What to return for a source from which no path leads to the target."""

    NONE = "none"
    ZERO = "zero"
    RAISE = "raise"


class GradientTape:
    """Record operations on watched values to differentiate them.

    Parameters
    ----------
    persistent : bool
        Whether `gradient` can be called more than once. A tape that is not persistent frees what
        it kept while it goes back.
    watch_accessed_variables : bool
        Whether trainable Variables of floating dtype are watched when they are read.
    device : Device or str, optional
        Where new arrays go inside the context, and where what is watched must live.

    See Also
    --------
    Variable, stop_gradient

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.Variable([1.0, 2.0])
    >>> with xg.GradientTape() as tape:
    ...     y = xg.sum(x**3)
    >>> tape.gradient(y, x)
    xg.Tensor([ 3., 12.], shape=(2,), dtype=float64, device=cpu)
    """

    def __init__(
        self,
        persistent: bool = False,
        watch_accessed_variables: bool = True,
        device: Device | str | None = None,
    ) -> None:
        self._persistent = bool(persistent)
        self._auto = bool(watch_accessed_variables)
        self._device = None if device is None else as_device(device)
        self._trace: Trace | None = None
        self._alone: tuple[Trace, ...] = ()
        self._variables: dict[int, Variable] = {}
        self._entered = False  # between __enter__ and __exit__
        self._paused = False  # inside stop_recording
        self._used_up = False
        self._thread: int | None = None

    # -- life cycle ----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._check_thread()
        if self._entered:
            raise TapeError(
                "Tape is still recording, This can happen if you try to re-enter an already-active "
                "tape. Use another GradientTape inside this one, or leave its `with` block first."
            )
        if self._trace is None or self._used_up:
            self._start_trace()
        self._entered = True
        self._used_up = False
        self._push()
        if self._device is not None:
            self._device.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._device is not None:
            self._device.__exit__(None, None, None)
        self._entered = False
        self._pop()

    def __del__(self) -> None:
        trace = getattr(self, "_trace", None)
        if trace is not None:
            trace.close()

    def reset(self) -> None:
        """Forget everything that was recorded and watched; only while recording.

        Raises
        ------
        TapeError
            If the tape is not recording.
        """
        self._check_recording("reset")
        assert self._trace is not None
        observers = state.observers
        self._start_trace()
        _install(observers)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Record nothing inside a ``with`` block; other tapes go on.

        Raises
        ------
        TapeError
            If the tape is not recording.
        """
        self._check_thread()
        if not self._is_recording():
            raise TapeError(
                "Trying to stop recording a tape which is not recording. Use stop_recording inside "
                "the tape's `with` block."
            )
        place = state.observers.index(self)
        self._pop()
        self._paused = True
        try:
            yield
        finally:
            self._paused = False
            if self._entered and not self._used_up:
                self._push(place)

    def watch(self, tensors: Nest) -> Nest:
        """Follow Tensors or Variables from now on.

        Parameters
        ----------
        tensors : Tensor, Variable or nest of them
            Of floating or complex dtype.

        Returns
        -------
        nest
            The same objects.

        Raises
        ------
        ArgumentError
            If something is no Tensor or Variable.
        DTypeError
            If something has an integer or boolean dtype.
        DeviceMismatchError
            If something is not on the tape's device.
        TapeError
            If the tape is not recording.
        """
        found, _ = flatten(tensors, none_is_leaf=True)
        for x in found:
            self._check_watchable(x)
        self._check_thread()
        if self._paused:
            return tensors
        self._check_recording("watch")
        assert self._trace is not None
        for x in found:
            with _leaves:
                if _is_of_the_past(x.node):
                    x.node = Leaf(x.shape, x.dtype)
            self._trace.watch_on_request(x.node, x if isinstance(x, Variable) else None)
        return tensors

    def watched_variables(self) -> tuple[Variable, ...]:
        """Give the Variables that are or were watched, in order of construction."""
        return tuple(self._variables[number] for number in sorted(self._variables))

    # -- gradients -----------------------------------------------------------------------------

    def gradient(
        self,
        target: Nest,
        sources: Nest,
        output_gradients: Nest = None,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
        stop_gradients: Nest = None,
    ) -> Nest:
        """Differentiate the sum of the targets with respect to the sources.

        Parameters
        ----------
        target : Tensor, Variable or nest of them
            All elements of all targets are summed.
        sources : Tensor, Variable or nest of them
        output_gradients : nest, optional
            One array of the target's shape per target, in the structure of `target`, instead of
            ones; None in it means ones. A list for a single target is an array.
        unconnected_gradients : str or UnconnectedGradients
            For a source that does not lead to the target: ``"none"`` gives None, ``"zero"`` zeros,
            ``"raise"`` an error that explains why.
        stop_gradients : Tensor, Variable or nest of them, optional
            Held constant: no gradient passes through them.

        Returns
        -------
        nest
            In the structure of `sources`: Tensors of the sources' shapes, dtypes and devices. For
            a complex source, the direction of steepest ascent.

        Raises
        ------
        TapeError
            If a tape that is not persistent was used before.
        ArgumentTypeError
            If a target or source is no Tensor or Variable.
        ArgumentError, ShapeError, DTypeError
            If `output_gradients` does not fit the target.
        UnconnectedGradientError
            On request.
        """
        self._check_thread()
        option = _as_option(unconnected_gradients)
        targets, _ = _take_apart(target, "target")
        wanted, treedef = _take_apart(sources, "sources")
        held = [] if stop_gradients is None else _take_apart(stop_gradients, "stop_gradients")[0]
        given = _seeds(targets, target, output_gradients)
        trace = self._trace_to_use()
        consume = not self._persistent
        if consume:
            self._used_up = True
            self._pop()
        try:
            with quiet():
                results = _gradients(trace, targets, given, wanted, held, consume)
            for i, (x, result) in enumerate(zip(wanted, results, strict=True)):
                if result is None and option is not UnconnectedGradients.NONE:
                    results[i] = self._unconnected(targets, x, option)
        finally:
            if consume:
                trace.finish()
        return unflatten(treedef, results)

    def explain(self, target: Nest, source: Tensor | Variable) -> Explanation:
        """Say how the target depends on the source, or why it does not.

        Parameters
        ----------
        target : Tensor, Variable or nest of them
        source : Tensor or Variable

        Returns
        -------
        Explanation
            Prints as a short text: the path, or where and why it breaks, and what to do.
        """
        targets, _ = _take_apart(target, "target", "explain")
        found, _ = _take_apart(source, "source", "explain")
        if len(found) != 1:
            raise ArgumentError(
                f"explain: source must be one Tensor or Variable, but holds {len(found)}. Use "
                "explain for each of them."
            )
        return explain(self._trace, targets, found[0])

    # -- inside --------------------------------------------------------------------------------

    def _start_trace(self) -> None:
        if self._trace is not None:
            self._trace.close()
        self._variables = {}
        self._trace = Trace(self._auto, self._variables)
        self._alone = (self._trace,)

    def _is_recording(self) -> bool:
        return self in state.observers

    def _push(self, place: int | None = None) -> None:
        observers = list(state.observers)
        observers.insert(len(observers) if place is None else place, self)
        _install(tuple(observers))

    def _pop(self) -> None:
        if self in state.observers:
            _install(tuple(tape for tape in state.observers if tape is not self))

    def _check_thread(self) -> None:
        thread = threading.get_ident()
        if self._thread is None:
            self._thread = thread
        elif self._thread != thread:
            raise TapeError(
                "this GradientTape belongs to another thread. Use one tape per thread: each sees "
                "only what happens in its own."
            )

    def _check_recording(self, what: str) -> None:
        self._check_thread()
        if not self._is_recording():
            raise TapeError(
                f"Tape is not recording. Use {what} inside the `with` block of the tape, before "
                "gradient is called."
            )

    def _check_watchable(self, x: Any) -> None:
        if not isinstance(x, (Tensor, Variable)):
            raise ArgumentError(
                f"watch: got an object of type '{type(x).__name__}', which is no Tensor or "
                "Variable. Use xg.asarray to make a Tensor of it, and compute with that."
            )
        if not is_inexact(x.dtype):
            raise DTypeError(
                f"watch: x {describe(x)} cannot be watched, because only floating and complex "
                "values have gradients. Use astype to convert it first."
            )
        if self._device is not None and x.device != self._device:
            raise DeviceMismatchError(
                f"watch: x {describe(x)} is on {x.device}, but the tape is for {self._device}. Use "
                f"x.to_device({str(self._device)!r}) before watching."
            )

    def _trace_to_use(self) -> Trace:
        if self._used_up:
            raise TapeError(_USED_UP)
        if self._trace is None:
            raise TapeError(
                "gradient: this tape has recorded nothing, because it was never entered. Use "
                "`with xg.GradientTape() as tape:` around the computation."
            )
        return self._trace

    def _unconnected(self, targets: list[Any], x: Any, option: UnconnectedGradients) -> Tensor:
        if option is UnconnectedGradients.RAISE:
            raise UnconnectedGradientError(str(explain(self._trace, targets, x)))
        return rule_namespace.zeros_like(x)  # type: ignore[no-any-return]


def _install(tapes: tuple[GradientTape, ...]) -> None:
    """Make these tapes the ones that record in this thread, outermost first."""
    state.observers = tapes
    if not tapes:
        state.recorder = None
    elif len(tapes) == 1:
        state.recorder = make_recorder(tapes[0]._alone)
    else:
        state.recorder = make_recorder(tuple([tape._alone[0] for tape in tapes]))


def _as_option(value: Any) -> UnconnectedGradients:
    if type(value) is UnconnectedGradients:
        return value
    try:
        return UnconnectedGradients(value)
    except ValueError:
        raise ArgumentError(
            f"Unknown value for unconnected_gradients: {value!r}. Use 'none', 'zero' or 'raise'."
        ) from None


def _is_of_the_past(node: Node | None) -> bool:
    """Whether nobody can ask any more how a value came to be; its graph is not kept alive then."""
    if node is None or type(node) is Cut:
        return True
    return type(node) is not Leaf and all(trace.closed for trace in node.traces)


def _take_apart(nest: Nest, name: str, caller: str = "gradient") -> tuple[list[Any], Any]:
    """Find the Tensors and Variables of a nest, and its structure."""
    found, treedef = flatten(nest, none_is_leaf=True)
    for i, x in enumerate(found):
        if isinstance(x, (Tensor, Variable)):
            continue
        place = name if treedef.kind is None else f"{name}: leaf {i} of {len(found)}"
        if x is None:
            hint = "Use a nest without it."
            if name == "target":
                hint = "Did the function forget to return a value?"
            raise ArgumentTypeError(
                f"{caller}: {place} is None, but must be a Tensor or Variable. {hint}"
            )
        raise ArgumentTypeError(
            f"{caller}: {place} is a {type(x).__name__}, but must be a Tensor or Variable. "
            f"{_hint_for(x)}"
        )
    return found, treedef


def _hint_for(x: Any) -> str:
    """Say what to do with an object that is no Tensor."""
    if isinstance(x, Iterable) and not hasattr(x, "shape") and not isinstance(x, str):
        return "Use list(...) or another nest, which keeps its order."
    return "Use xg.asarray, tape.watch it, and compute with what that gives."


def _seeds(targets: list[Any], target: Nest, output_gradients: Nest) -> list[Any]:
    """Find what each target's cotangent starts from: a Tensor, or None for ones."""
    if output_gradients is None:
        return [_as_seed(None, x, "output_gradients") for x in targets]
    if isinstance(target, Handle):
        return [_as_seed(output_gradients, target, "output_gradients")]
    _, structure = flatten(target, none_is_leaf=True)
    given, found = flatten(output_gradients, none_is_leaf=True)
    if structure != found:
        raise ArgumentError(
            f"gradient: output_gradients must have the structure of target, with one array or "
            f"None for each leaf: {len(targets)} expected, {len(given)} given; {show(structure)} "
            f"expected, {show(found)} given. Use xg.asarray for lists of numbers."
        )
    return [
        _as_seed(g, x, f"output_gradients: leaf {i} of {len(given)}:")
        for i, (g, x) in enumerate(zip(given, targets, strict=True))
    ]


def _as_seed(g: Any, target: Any, name: str) -> Tensor | None:
    """Make a Tensor of the target's shape, dtype and device; shapes never broadcast."""
    if g is None:
        if dtype_kind(target.dtype) == "complex":
            raise DTypeError(
                f"gradient: the target {describe(target)} is complex, so which direction is meant "
                "must be said. Use output_gradients=, or a real target such as xg.real(y)."
            )
        return None
    if isinstance(g, Variable):
        g = g.value()
    try:
        tensor = g if isinstance(g, Tensor) else Tensor(to_array(g, device=target.device))
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"gradient: {name}: {error}") from error
    if tensor.shape != target.shape:
        raise ShapeError(
            f"gradient: {name} {describe(tensor)} must have the shape of its target "
            f"{describe(target)}. Use xg.broadcast_to to repeat it on purpose."
        )
    if tensor.device != target.device:
        raise DeviceMismatchError(
            f"gradient: {name} {describe(tensor)} must be on the device of its target "
            f"{describe(target)}. Use .to_device({str(target.device)!r})."
        )
    if not is_inexact(target.dtype):
        return None
    if tensor.dtype != target.dtype:
        cast_within_kind(tensor.array, target.dtype, f"gradient: {name}", "the target")
        tensor = rule_namespace.astype(tensor, target.dtype)
    return tensor


def _gradients(
    trace: Trace,
    targets: list[Any],
    given: list[Any],
    sources: list[Any],
    held: list[Any],
    consume: bool,
) -> list[Any]:
    """Find the gradient of each source, or None; on raw arrays if nobody is watching."""
    recorded = state.recorder is not None
    wanted: dict[Node, Any] = {}
    for x in sources:
        if _has_path(x) and trace.follows(x.node):
            wanted[x.node] = x
    seeds = []
    for x, seed in zip(targets, given, strict=True):
        if _has_path(x) and trace.follows(x.node):
            seeds.append((x.node, _start(x, seed, recorded)))
    stops = {x.node: x for x in held if x.node is not None}
    found = walk(trace, seeds, wanted, recorded=recorded, consume=consume, stops=stops)
    results: list[Any] = []
    for x in sources:
        g = found.get(x.node) if x.node is not None else None
        if g is None and not (_has_path(x) and trace.follows(x.node)):
            g = _of_itself(x, targets, given, recorded)
        results.append(_finish(g, recorded))
    return results


def _has_path(x: Any) -> bool:
    return x.node is not None and type(x.node) is not Cut


def _start(x: Any, seed: Any, recorded: bool) -> Any:
    """Make a target's first cotangent, in the walk's convention for complex numbers."""
    backend = backend_of(x.array)
    if seed is None:
        xp = backend.xp
        g = xp.ones(tuple(x.array.shape), dtype=x.array.dtype, device=backend.device_of(x.array))
        return Tensor(g) if recorded else g
    return steepest(rule_namespace, seed) if recorded else steepest(backend.xp, seed.array)


def _of_itself(x: Any, targets: list[Any], given: list[Any], recorded: bool) -> Any:
    """Find the gradient of an unwatched value with respect to itself."""
    total = None
    for target, seed in zip(targets, given, strict=True):
        if target is x and is_inexact(x.dtype):
            g = _start(target, seed, recorded)
            total = g if total is None else total + g
    return total


def _finish(g: Any, recorded: bool) -> Any:
    """Make a handle of its own for each source."""
    if g is None:
        return None
    if recorded:
        g = steepest(rule_namespace, g)
        return Tensor(g.array, CONSTANT_GRADIENT if g.node is None else g.node)
    backend = backend_of(g)
    return Tensor(backend.finish(steepest(backend.xp, g)), UNRECORDED_GRADIENT)
