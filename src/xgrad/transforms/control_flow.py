"""cond, while_loop, scan: control flow that depends on values.

Run as they stand, they are Python's own `if`, `while` and `for`, with the checks that a recorded
program will need: what goes round keeps its structure, shapes and dtypes. Inside vmap, where each
example may decide otherwise, both branches run and `where` chooses. Gradients of both modes and any
order pass through."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from .._arguments import as_flag, as_int, check_function
from .._typing import Nest
from ..backends import is_array, quiet
from ..batching import Batched, collect
from ..core.casting import dtype_kind
from ..core.handle import Handle
from ..core.replay import Journal
from ..core.spec import describe
from ..core.tensor import Tensor, alias, rebind
from ..core.variable import Variable
from ..errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from ..ops.rule_namespace import rule_namespace
from ..tree import TreeDef, flatten, show, unflatten

__all__ = ["cond", "scan", "while_loop"]


def cond(
    pred: Any, true_fn: Callable[..., Nest], false_fn: Callable[..., Nest], *operands: Nest
) -> Nest:
    """Run one of two functions.

    Parameters
    ----------
    pred : bool or boolean Tensor of shape ()
    true_fn, false_fn : callables
        Take the operands; return nests of the same structure, shapes and dtypes.
    *operands : nests

    Returns
    -------
    nest
        What the chosen function returned.

    Raises
    ------
    ShapeError, DTypeError
        If pred is no boolean scalar.
    ArgumentError
        If both functions have to run, inside `vmap`, and return different structures, or one assigns
        to a Variable.

    See Also
    --------
    where, while_loop

    Notes
    -----
    Looks at `pred`, and so waits for the device. Inside `vmap`, where examples may differ, both
    functions run and the results are chosen by `where`, which is safe: what was not chosen gets a
    zero gradient, even where its own is infinite. What they do to Tensors in place is chosen, too.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cond(xg.asarray(2.0) > 1.0, lambda x: x * x, lambda x: -x, xg.asarray(3.0))
    xg.Tensor(9., shape=(), dtype=float64, device=cpu)
    """
    check_function(true_fn, "cond", "true_fn")
    check_function(false_fn, "cond", "false_fn")
    _check_predicate(pred, "cond")
    if not _differs(pred):
        return true_fn(*operands) if bool(pred) else false_fn(*operands)
    chosen, structure, ours = _undone(true_fn, operands, "cond: true_fn")
    others, other_structure, theirs = _undone(false_fn, operands, "cond: false_fn", structure)
    if structure != other_structure:
        raise ArgumentError(
            f"cond: true_fn returned {show(structure)} and false_fn {show(other_structure)}. Use "
            "the same structure in both."
        )
    found = [_where(pred, a, b) for a, b in zip(chosen, others, strict=True)]
    for key, (x, _) in {**ours, **theirs}.items():
        a, b = [made[key][1] if key in made else x for made in (ours, theirs)]
        rebind(x, _where(pred, a, b))
    return unflatten(structure, found)


def while_loop(cond_fn: Callable[[Nest], Any], body_fn: Callable[[Nest], Nest], init: Nest) -> Nest:
    """Repeat a function for as long as a condition holds.

    Parameters
    ----------
    cond_fn : callable
        Takes what goes round; returns a bool or a boolean Tensor of shape ().
    body_fn : callable
        Takes what goes round and returns it anew, in the same structure, shapes and dtypes.
    init : nest
        Of Tensors, arrays and numbers: what goes round first.

    Returns
    -------
    nest
        What went round last, as Tensors.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        If body_fn changes the structure, a shape or a dtype, or cond_fn gives no boolean scalar;
        inside `vmap`, if body_fn assigns to a Variable.

    See Also
    --------
    scan, cond

    Notes
    -----
    Looks at the condition in every round, and so waits for the device. Reverse mode keeps what
    every round needs. Inside `vmap` it goes on until no example's condition holds; those that are
    done keep their values.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.while_loop(lambda x: x < 100.0, lambda x: x * x, xg.asarray(3.0))
    xg.Tensor(6561., shape=(), dtype=float64, device=cpu)
    """
    check_function(cond_fn, "while_loop", "cond_fn")
    check_function(body_fn, "while_loop", "body_fn")
    carry, structure = _as_tensors(init, "while_loop: init")
    while True:
        pred = cond_fn(unflatten(structure, _handles(carry)))
        _check_predicate(pred, "while_loop: cond_fn")
        if not _holds_for_any(pred):
            return unflatten(structure, carry)
        name = "while_loop: body_fn"
        with Journal() if _differs(pred) else nullcontext() as journal:
            given = unflatten(structure, _handles(carry))
            new = _carried(body_fn(given), carry, structure, name)
        if journal is not None:
            _refuse_assignments(journal, name)
            new = [_where(pred, a, b) for a, b in zip(new, carry, strict=True)]
            for x, array, node in journal.handles:
                rebind(x, _where(pred, x, Tensor(array, node)))
        carry = new


def scan(
    f: Callable[[Nest, Nest], tuple[Nest, Nest]],
    init: Nest,
    xs: Nest = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Nest, Nest]:
    """Carry a value along the first axis of arrays, and collect a result at every place.

    Parameters
    ----------
    f : callable
        ``f(carry, x) -> (carry, y)``: takes and returns what is carried, in the same structure,
        shapes and dtypes, and a result that is collected.
    init : nest
        What is carried first: Tensors, arrays and numbers.
    xs : nest, optional
        Of arrays of the same length; f is given one slice after the other.
    length : int, optional
        The number of rounds; needed where xs has no arrays.
    reverse : bool
        Whether to go from the last slice to the first. Results keep the places of their slices.

    Returns
    -------
    carry : nest
        What was carried last.
    ys : nest
        The results, stacked along a new first axis.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        If lengths differ or are missing, f returns no pair, or changes what is carried.

    See Also
    --------
    while_loop, vmap, checkpoint

    Notes
    -----
    A tape keeps what the rules of every round need. ``scan(checkpoint(f), ...)`` keeps what goes
    into each round instead, and runs f once more on the way back.

    Examples
    --------
    >>> import xgrad as xg
    >>> carry, ys = xg.scan(lambda c, x: (c + x, c * x), 0.0, xg.asarray([1.0, 2.0, 3.0]))
    >>> carry.item(), ys.tolist()
    (6.0, [0.0, 2.0, 9.0])
    """
    check_function(f, "scan")
    leaves, x_structure = _as_tensors(xs, "scan: xs")
    count = _length(leaves, length)
    carry, structure = _as_tensors(init, "scan: init")
    if not count:
        return _scan_nothing(f, carry, structure, leaves, x_structure)
    columns = [rule_namespace.unstack(x) for x in leaves]
    collected: list[list[Tensor]] = []
    y_structure: TreeDef | None = None
    reverse = as_flag(reverse, "scan", "reverse")
    for i in reversed(range(count)) if reverse else range(count):
        x = unflatten(x_structure, [column[i] for column in columns])
        new, result = _pair(f(unflatten(structure, carry), x))
        carry = _carried(new, carry, structure, "scan: f")
        y, found = _as_tensors(result, "scan: y", y_structure)
        if y_structure is not None and found != y_structure:
            raise ArgumentError(
                f"scan: y was {show(y_structure)} in the first round and is {show(found)} in round "
                f"{len(collected)}. Use the same structure in every round."
            )
        y_structure = found
        collected.append(y)
    assert y_structure is not None
    if reverse:
        collected.reverse()
    ys = [rule_namespace.stack(list(parts)) for parts in zip(*collected, strict=True)]
    return unflatten(structure, carry), unflatten(y_structure, ys)


def _pair(result: Any) -> tuple[Nest, Nest]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ArgumentError(
            f"scan: f must return a pair, (carry, y), but returned a {type(result).__name__}. Use "
            "None for y where nothing is to be collected."
        )
    return result[0], result[1]


def _scan_nothing(
    f: Callable[..., Any],
    carry: list[Any],
    structure: TreeDef,
    leaves: list[Any],
    x_structure: TreeDef,
) -> tuple[Nest, Nest]:
    """No rounds: what goes in comes out, and the results have the shapes that zeros give."""
    zeros = [rule_namespace.sum(x, axis=0, dtype=x.dtype) for x in leaves]
    journal = Journal()
    try:
        with journal, quiet():
            given = unflatten(structure, _handles(carry)), unflatten(x_structure, zeros)
            y, y_structure = _as_tensors(_pair(f(*given))[1], "scan: y")
    finally:
        journal.put_back()
    empty = [rule_namespace.expand_dims(part, axis=0)[:0, ...] for part in y]
    return unflatten(structure, carry), unflatten(y_structure, empty)


def _check_predicate(pred: Any, name: str) -> None:
    if isinstance(pred, bool):
        return
    if not isinstance(pred, Handle) and not is_array(pred):
        raise ArgumentTypeError(
            f"{name}: the condition is a {type(pred).__name__}, but must be a bool or a boolean "
            "Tensor of shape (). Use a comparison."
        )
    if tuple(pred.shape) != ():
        raise ShapeError(
            f"{name}: the condition {describe(pred)} must have shape (). Use xg.all, xg.any, or "
            "xg.where for a choice per element."
        )
    if dtype_kind(pred.dtype) != "bool":
        raise DTypeError(f"{name}: the condition {describe(pred)} must be boolean. Use != 0.")


def _differs(pred: Any) -> bool:
    """Whether examples may decide otherwise."""
    array = getattr(pred, "raw", None)
    return isinstance(array, Batched) and array.mapped


def _handles(leaves: list[Any]) -> list[Any]:
    """The same values in handles of their own, which a function may rebind."""
    own = {id(x): alias(x) for x in leaves if isinstance(x, Tensor)}
    return [own.get(id(x), x) for x in leaves]


def _undone(
    f: Callable[..., Nest], operands: tuple[Nest, ...], name: str, like: TreeDef | None = None
) -> tuple[list[Any], TreeDef, dict[int, tuple[Tensor, Tensor]]]:
    """What a function returns, taken apart as another nest was, and what it made of Tensors.

    These are as they were: from their identities to them and to their values in the end."""
    with Journal() as journal:
        leaves, structure = flatten(f(*operands), like=like)
        leaves = _handles(leaves)
    _refuse_assignments(journal, name)
    made = {id(x): (x, alias(x)) for x, _, _ in journal.handles}
    journal.put_back_handles()
    return leaves, structure, made


def _refuse_assignments(journal: Journal, name: str) -> None:
    """Refuse that a Variable depends on a decision that examples make otherwise."""
    for x, _, former in journal.entries.values():
        if isinstance(x, Variable) and x.raw is not former:
            journal.put_back()
            raise ArgumentError(
                f"{name} assigns to {x.name}, but examples of vmap decide otherwise, and a Variable "
                "has one value for all. Use a result, and assign outside of vmap."
            )


def _holds_for_any(pred: Any) -> bool:
    while type(getattr(pred, "raw", None)) is Batched:
        pred = rule_namespace.any(collect(pred, 0, pred.raw.level))
    return bool(pred)


def _where(pred: Any, a: Any, b: Any) -> Any:
    return rule_namespace.where(pred, a, b)


def _as_tensors(nest: Nest, name: str, like: TreeDef | None = None) -> tuple[list[Any], TreeDef]:
    leaves, structure = flatten(nest, like=like)
    found = []
    for leaf in leaves:
        try:
            found.append(rule_namespace.asarray(leaf))
        except ArgumentTypeError as error:
            raise ArgumentTypeError(f"{name}: {error}") from error
    return found, structure


def _carried(nest: Nest, before: list[Any], structure: TreeDef, name: str) -> list[Any]:
    """What goes round, if it has kept its structure, shapes and dtypes."""
    found, new_structure = _as_tensors(nest, name, structure)
    if new_structure != structure:
        raise ArgumentError(
            f"{name} returned {show(new_structure)}, but was given {show(structure)}. Use the same "
            "structure for what goes round."
        )
    for i, (new, old) in enumerate(zip(found, before, strict=True)):
        if new.shape != old.shape:
            raise ShapeError(
                f"{name} returned {describe(new)} for leaf {i}, but was given {describe(old)}. Use "
                "broadcast_to in what goes round first, so that it keeps its shape."
            )
        if new.dtype != old.dtype:
            raise DTypeError(
                f"{name} returned {describe(new)} for leaf {i}, but was given {describe(old)}. Use "
                "astype in what goes round first, so that it keeps its dtype."
            )
    return found


def _length(leaves: list[Any], length: int | None) -> int:
    if length is not None and (length := as_int(length, "scan", "length")) < 0:
        raise ArgumentError(f"scan: length must not be negative, but is {length}.")
    for x in leaves:
        if not x.ndim:
            raise ShapeError(f"scan: xs has {describe(x)}, which has no axis to go along.")
        if length is not None and x.shape[0] != length:
            raise ShapeError(
                f"scan: xs has {describe(x)}, but {length} slices were expected. Use arrays with "
                "the same first axis."
            )
        length = x.shape[0]
    if length is None:
        raise ArgumentError("scan: neither xs nor length says how many rounds there are.")
    return length
