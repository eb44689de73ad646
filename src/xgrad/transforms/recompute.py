"""recompute_grad: keep nothing of what a function computes, and compute it again on the way back.

Forward, the function runs under a rehearsal (rehearsal.py), which finds what it reads. Then one
operation is recorded that depends on all of that. Its rule runs the function again, with the
random states and Variables that it found at first, under a trace of its own, and goes back through
that; so it is differentiable like any other, in both modes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from .._arguments import as_sequence
from .._typing import Array
from ..backends import backend_of, host
from ..batching import Batched, running, running_levels
from ..core.casting import is_inexact
from ..core.node import Leaf, Node
from ..core.observers import state
from ..core.primitive import Primitive
from ..core.replay import Journal, before_change, tell_of_rebinding
from ..core.tensor import Tensor, alias, rebind
from ..errors import ArgumentError, ArgumentTypeError
from ..interpreters.backward import walk
from ..interpreters.forward import ForwardAccumulator
from ..interpreters.stack import Context, transcribers
from ..interpreters.transpose import Private
from ..ops.rule_namespace import rule_namespace
from ..rules.edges import steepest
from ..tree import TreeDef, flatten, unflatten
from .call import Call, place_of
from .operation import primitive_of, record
from .random_states import as_stateful
from .rehearsal import Rehearsal, bytes_of

__all__ = ["checkpoint", "recompute_grad"]

_SAMPLED = 64  # elements of a result that are compared with those of the second run


def recompute_grad(f: Callable[..., Any], *, generators: Sequence[Any] = ()) -> Callable[..., Any]:
    """Trade time for memory: keep only what a function reads, and run it again for the gradient.

    Of all that is computed inside, a tape keeps nothing; the way back costs one more evaluation.
    Use it around parts of a network whose intermediate values are larger than their arguments, or
    `checkpoint_sequential` for long chains.

    Parameters
    ----------
    f : callable
        Takes and returns nests. May read Tensors and Variables by itself.
    generators : sequence, optional
        NumPy's (or CuPy's) random generators that f draws from; those of ``xg.random`` are found
        without being named.

    Returns
    -------
    callable
        With the arguments, values and gradients of f, of any order and in both modes: with respect
        to arguments, keyword arguments, and everything that f reads. ``__wrapped__`` is f.

    Raises
    ------
    ArgumentTypeError
        If f is no function, or a generator none.
    ArgumentError
        When the gradient is computed: if f gives other values when it is run again. Some of them
        are compared on the CPU, and shapes and dtypes everywhere; on a GPU, comparing values would
        wait for it, so there a Tensor without a gradient that changes between the runs goes unseen.

    See Also
    --------
    checkpoint_sequential, custom_gradient

    Notes
    -----
    The second run finds Variables, and Tensors from outside that have a gradient, with the values
    that the first one read, and random generators in their states; afterwards all are as they were,
    and so is what f assigned to Variables. Other side effects happen twice. Nested calls are fine.
    ``tape.stats()`` shows the bytes that were saved.

    What f does in place (``x *= 3``, ``x[0] = v``) to an argument, or to a Tensor that it knows from
    outside, it does to the caller's Tensor, as without this. The changed value has its gradient,
    like a result of f; the other results do not depend on it, because what happens inside is not
    kept.

    References
    ----------
    A. Griewank, A. Walther, "Algorithm 799: revolve", ACM TOMS 26(1), 2000.

    T. Chen, B. Xu, C. Zhang, C. Guestrin, "Training deep nets with sublinear memory cost",
    arXiv:1604.06174, 2016.

    Examples
    --------
    >>> import xgrad as xg
    >>> block = xg.recompute_grad(lambda x: xg.tanh(xg.sin(x) ** 2))  # or xg.checkpoint(...)
    >>> x = xg.Variable([1.0, 2.0])
    >>> with xg.GradientTape() as tape:
    ...     y = xg.sum(block(x))
    >>> tape.gradient(y, x)
    xg.Tensor([ 0.57153854, -0.40812619], shape=(2,), dtype=float64, device=cpu)
    """
    if not callable(f):
        raise ArgumentTypeError(
            f"recompute_grad: f must be a function, but is a {type(f).__name__}. Use "
            "recompute_grad(f)(x)."
        )
    stateful = [
        as_stateful(generator)
        for generator in as_sequence(generators, "recompute_grad", "generators", "generators")
    ]
    name = getattr(f, "__name__", type(f).__name__)
    primitive = primitive_of(f"recompute_grad({name})")

    @functools.wraps(f)
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        if not state.observers:
            return f(*args, **kwargs)
        given, structure = flatten((args, kwargs), none_is_leaf=True)
        handles = list({id(x): x for x in given if type(x) is Tensor}.values())
        run = _Run(f, name, given, structure, handles)
        result, call = _run_first(run, handles, stateful, primitive)
        if call is not None:
            call.forget_gone()
        return result

    return recomputed


checkpoint = recompute_grad


def _run_first(
    run: _Run, handles: Sequence[Tensor], stateful: Sequence[Any], primitive: Primitive
) -> tuple[Any, _Recompute | None]:
    """Run a function for its results; gives the call that knows them, if they have gradients."""
    rehearsal = Rehearsal()
    with Journal() as journal:
        for generator in stateful:
            before_change(generator, "state")
        with Context.of((*_who_sees_anyway(), rehearsal)):
            own, leaves, treedef = run()
    theirs = dict(zip(map(id, own), handles, strict=True))
    changed = [entry for entry in journal.handles if id(entry[0]) not in theirs]
    found = [*own, *leaves, *[x for x, _, _ in changed]]
    places: dict[int, int] = {}  # from the id of each result to where it stands
    for i, x in enumerate(found):
        handed_on = id(x) in theirs and x.raw is theirs[id(x)].raw
        if not handed_on and _depends(x, rehearsal):
            places.setdefault(id(x), i)
    call: _Recompute | None = None
    made: dict[int, Tensor] = {}
    if places:
        results = [found[i] for i in places.values()]
        call = _Recompute(run, rehearsal, journal, changed, list(places.values()), results)
        # Those outside a level of examples have seen what happened: nothing replaces it.
        new = record(primitive, call, call.given, results, outside=False)
        made = dict(zip(places, new, strict=True))
    for x, handle in zip(own, handles, strict=True):
        if x.raw is not handle.raw:
            rebind(handle, made.get(id(x), x))
    for x, _, _ in changed:
        rebind(x, made.get(id(x), x))
    return unflatten(treedef, [theirs.get(id(x), made.get(id(x), x)) for x in leaves]), call


def _who_sees_anyway() -> list[Any]:
    """Those who write down whatever runs, and those outside the examples of the innermost level.

    The latter are not told of the call, so they must see also what examples share."""
    levels = running_levels()
    seeing = (*transcribers(), *(levels[-1].observers if levels else ()))
    return [observer for observer in state.observers if observer in seeing]


def _depends(x: Any, rehearsal: Rehearsal) -> bool:
    """Whether a result is one that has a gradient; one that was only handed on counts as read."""
    return isinstance(x, Tensor) and is_inexact(x.dtype) and rehearsal.read(x.node, x.raw)


class _Run:
    """A function and its arguments, to be run more than once."""

    def __init__(
        self,
        f: Callable[..., Any],
        name: str,
        leaves: Sequence[Any],
        treedef: TreeDef,
        handles: Sequence[Tensor],
    ) -> None:
        self.name = name
        self._function = f
        self._levels = running_levels()
        numbers = {id(x): number for number, x in enumerate(handles)}
        self._numbers = [numbers.get(id(x)) for x in leaves]
        # Not the caller's handles, which may mean other values by the time of the second run.
        self._values = [alias(x) for x in handles]
        self._others = [None if id(x) in numbers else x for x in leaves]
        self._treedef = treedef

    def __call__(self) -> tuple[list[Tensor], list[Any], TreeDef]:
        """Run it on handles of its own; gives these, which it may have rebound, and the results."""
        own = [alias(x) for x in self._values]
        leaves = [
            x if number is None else own[number]
            for x, number in zip(self._others, self._numbers, strict=True)
        ]
        args, kwargs = unflatten(self._treedef, leaves)
        with running(self._levels):  # so that random numbers are drawn for the same examples
            return own, *flatten(self._function(*args, **kwargs), none_is_leaf=True)


class _Recompute(Call):
    """One call of a function that is run again.

    Attributes
    ----------
    given : list of (array, node)
        What the function read that somebody follows.
    """

    has_push = True
    own = True

    def __init__(
        self,
        run: _Run,
        rehearsal: Rehearsal,
        journal: Journal,
        changed: Sequence[tuple[Tensor, Array, Node | None]],
        places: Sequence[int],
        results: Sequence[Tensor],
    ) -> None:
        self.given = [(array, node) for node, array in rehearsal.captured.items()]
        operands = [place_of(Tensor(array), "x") for array, _ in self.given]
        super().__init__(operands, [place_of(y, "y") for y in results])
        self._run = run
        self._places = places
        self._follows_constants = rehearsal.follows_constants
        self._variables = rehearsal.variables
        self._states = list(journal.entries.values())  # assign_add reads what nobody was told of
        # Handles that f rebinds, and what they meant; not held, because they hold this.
        self._changed: list[tuple[ref[Tensor], Array, Node | None]] = [
            (ref(x), array, node) for x, array, node in changed
        ]
        # The same for handles that others rebind between the runs.
        self._moved: list[tuple[ref[Tensor], Array, Node | None]] = []
        for _, node in self.given:
            if not isinstance(node, Leaf) or node.variable is None:
                tell_of_rebinding(node, self)
        self._samples = [_sample(y.raw) for y in results]
        kept = rehearsal.kept_bytes([y.node for y in results if y.node is not None])
        self.kept_bytes = sum(bytes_of(array) for array, _ in self.given)
        self.saved_bytes = kept - self.kept_bytes

    def forget_gone(self) -> None:
        """Keep no former values of handles that were made inside and are gone."""
        self._changed = [
            (known, None, None) if known() is None else (known, array, node)
            for known, array, node in self._changed
        ]

    def note_handle(self, x: Tensor) -> None:
        """Know what a handle meant that the function may have read."""
        self._moved = [entry for entry in self._moved if entry[0]() is not None]
        if all(known() is not x for known, _, _ in (*self._changed, *self._moved)):
            self._moved.append((ref(x), x.raw, x.node))

    def gradients(self, gs: list[Tensor | None]) -> list[Tensor | None]:
        """Run the function again and go back through it."""
        recorded = bool(state.observers)
        private = Private(self._follows_constants)
        for _, node in self.given:
            private.trace.watch(node, None)
        saw = [o for o in state.observers if self.saw(_traces_of(o))]
        with Context.of((*saw, private)):
            ys = self._again()
        seeds: list[tuple[Node, Any]] = []
        for y, g in zip(ys, gs, strict=True):
            if g is not None and y is None:
                raise ArgumentError(
                    f"recompute_grad: {self._run.name} made a Tensor that was used outside, but is no "
                    "result of it. Use return for what has a gradient."
                )
            if (
                g is not None
                and y is not None
                and y.node is not None
                and private.trace.follows(y.node)
            ):
                start = steepest(rule_namespace, g)
                raw = backend_of(y.raw).joined
                seeds.append((y.node, start if recorded else raw(start, y.raw)))
        nodes = dict.fromkeys(node for _, node in self.given)
        found = walk(
            private.trace, seeds, nodes, recorded=recorded, consume=True, stops={}, bare=nodes
        )
        private.trace.close()
        return [_as_gradient(found.get(node), recorded) for _, node in self.given]

    def push(self, _values: Any, tangents: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Run the function again in forward mode."""
        moving = [
            (Tensor(array, node), t)
            for (array, node), t in zip(self.given, tangents, strict=True)
            if t is not None
        ]
        accumulator = ForwardAccumulator([x for x, _ in moving], [t for _, t in moving])
        with accumulator:
            ys = self._again()
        moved = iter(accumulator.jvp([y for y in ys if y is not None]))
        return [None if y is None else next(moved) for y in ys]

    def _again(self) -> list[Tensor | None]:
        """The results of a second run, which leaves no traces but in what watches.

        None for what was made inside and is no result: it left in a list, say."""
        undo = Journal()
        try:
            with undo:
                handles = self._put_back()
                before = [None if x is None else x.raw for x in handles]
                own, leaves, _ = self._run()
                found = [alias(x) if isinstance(x, Tensor) else x for x in (*own, *leaves)]
                found += [
                    None if x is None or x.raw is array else alias(x)
                    for x, array in zip(handles, before, strict=True)
                ]
        finally:
            undo.put_back()
        results: list[Any] = [found[i] if i < len(found) else None for i in self._places]
        returned = len(found) - len(handles)
        for i, place, y, sample in zip(
            self._places, self.results, results, self._samples, strict=True
        ):
            if y is None and returned <= i < len(found):
                continue
            if not isinstance(y, Tensor) or (y.shape, y.dtype) != (place.shape, place.dtype):
                raise self._other("a result of another shape, dtype or structure")
            if sample is not None and not _alike(sample, _sample(y.raw)):
                raise self._other("other values")
        return results

    def _put_back(self) -> list[Tensor | None]:
        """Let everything be as the first run found it; gives the handles that it rebound."""
        for variable, array in self._variables.items():
            before_change(variable, "raw")
            variable.raw = array
        for thing, attribute, value in self._states:
            before_change(thing, attribute)
            setattr(thing, attribute, value)
        handles = []
        for known, array, node in (*self._changed, *self._moved):
            handles.append(x := known())
            if x is not None:
                rebind(x, Tensor(array, node))
        return handles[: len(self._changed)]

    def _other(self, what: str) -> ArgumentError:
        return ArgumentError(
            f"recompute_grad: {self._run.name} gave {what} when it was run again for the gradient. "
            "Use xg.random for random numbers, or name NumPy's generators with "
            "recompute_grad(f, generators=[...]), and nothing that changes between calls."
        )


def _traces_of(observer: Any) -> tuple[Any, ...]:
    return observer.alone or (observer.tangents,)


def _as_gradient(g: Any, recorded: bool) -> Tensor | None:
    if g is None:
        return None
    return steepest(rule_namespace, g if recorded else Tensor(g))  # type: ignore[no-any-return]


def _sample(array: Array) -> Any:
    """Some elements of a result in host memory, of all examples, to be compared; None elsewhere."""
    while type(array) is Batched:
        array = getattr(array.value, "raw", array.value)
    if backend_of(array) is not host():
        return None
    flat = array.reshape(-1)
    return flat[:: max(1, flat.shape[0] // _SAMPLED)].copy()


def _alike(first: Array, second: Array) -> bool:
    """Whether two runs gave the same but for rounding, which may differ with memory's alignment."""
    if first.shape != second.shape:
        return True  # one of the runs has found that examples share what they have
    xp = host().namespace
    eps = float(host().xp.finfo(first.dtype).eps)
    size = xp.max(xp.abs(first), initial=0.0, where=xp.isfinite(first))
    near = xp.abs(first - second) <= eps**0.5 * size
    return bool(xp.all(near | (first == second) | ~xp.isfinite(first)))
