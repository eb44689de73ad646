"""Values of a graph for other values of its Variables: what `Session.run` computes.

Everything is computed when a program builds it, and `Recipes` writes down how: for each result the
operation and what it read. `values_of` looks whether something it depends on has changed since (a
Variable was assigned to, a value is fed) and runs again what is in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet

from ..._typing import Array
from ...batching import Batched
from ...core.dispatch import compute
from ...core.handle import Handle
from ...core.instructions import PRIMITIVES, primitive
from ...core.node import Break, Cut, Leaf, Node, Output, weakly
from ...core.observers import user_line
from ...core.primitive import Primitive
from ...core.tensor import Tensor
from ...core.variable import Variable
from ...errors import TracingError
from ...interpreters.follower import Follower
from ...interpreters.stack import Context, watching

__all__ = [
    "Recipe",
    "Recipes",
    "Run",
    "are_written",
    "belongs_to_graph",
    "is_settled",
    "link_of",
    "make_known",
    "may_change",
    "must_hold",
    "rely",
    "rely_alike",
    "relying",
    "settle",
    "values_of",
]


class Recipe(NamedTuple):
    """How an operation's results were computed.

    Attributes
    ----------
    primitive : Primitive
    arrays : tuple
        The operands as they were: raw arrays and Python scalars.
    links : tuple
        Where each operand comes from: a Variable, the node of another result, or None for a
        constant. They keep alive what may have to be computed again.
    parameters : dict
    relied : tuple
        Pairs of a link and an array: the shapes, axes and counts that the operation was built for.
    """

    primitive: Primitive
    arrays: tuple[Any, ...]
    links: tuple[Variable | Node | None, ...]
    parameters: dict[str, Any]
    relied: tuple[tuple[Variable | Node, Array], ...] = ()


class _Nobody(Follower):
    """Stands among the followers of nodes and follows none."""

    def follows(self, node: Node) -> bool:
        """Follow nothing."""
        return False


_all: WeakSet[Recipes] = WeakSet()
# Those of graphs that were left: their values may be run for as long as they live.
_of_left_graphs: WeakKeyDictionary[Node, tuple[Recipe, int]] = WeakKeyDictionary()
# What is a part of the program: the values of shapes, axes and counts.
_settled: WeakSet[Node] = WeakSet()
# What has to be true in every run, and which function has decided so when it was built.
_must_hold: WeakKeyDictionary[Node, str] = WeakKeyDictionary()


class _Thread(threading.local):
    """The values that the function that runs has settled; None outside of any."""

    settled: list[Any] | None = None


_thread = _Thread()
_POSITIVE = primitive("positive")


class Recipes:
    """An observer that writes down how results are computed, for as long as they live."""

    alone: tuple[Any, ...] = ()
    sees_constants = True
    transcribes = True
    persistent = True

    def __init__(self) -> None:
        self.tangents = _Nobody()
        self.tangents.start()
        self.of: WeakKeyDictionary[Node, tuple[Recipe, int]] = WeakKeyDictionary()
        _all.add(self)

    def outlive(self) -> None:
        """Keep what was written down for as long as the values live, not only this object."""
        _of_left_graphs.update(self.of)
        self.of.clear()

    def told(
        self,
        primitive: Primitive,
        arrays: tuple[Any, ...],
        nodes: tuple[Node | None, ...],
        parameters: dict[str, Any] | None,
        y: Any,
        new: Any,
        outside: Context,
    ) -> Any:
        """Write an operation down, if it has to do with anything that may change."""
        if new is None or any(type(a) is Batched for a in arrays):
            return new
        links = tuple(map(link_of, nodes))
        if all(link is None for link in links):
            return new
        recipe = Recipe(primitive, arrays, links, dict(parameters or {}))
        if primitive.outputs == 1:
            own = _own(new)
            self.of[own] = recipe, 0
            return own
        nowhere = Break.NO_DERIVATIVE  # where integers among several results lead
        found = tuple([Cut(nowhere, None, [], None) if n is None else _own(n) for n in new])
        for i, node in enumerate(found):
            self.of[node] = recipe, i
            for producer in node.parents if isinstance(node, Output) else ():
                if producer is not None:  # by which a result is found whose node a rule makes anew
                    self.of[producer] = recipe, 0
        return found


def link_of(node: Node | None) -> Variable | Node | None:
    """What an operand's node stands for; a constant's for nothing that may change."""
    if node is None:
        return None
    if isinstance(node, Leaf):
        variable = None if node.variable is None else node.variable()
        return node if variable is None else variable
    return node


def _own(node: Node) -> Node:
    """A node that belongs to one result: several results behind the end of a path share a `Cut`."""
    if isinstance(node, Cut):
        return Cut(node.why, node.primitive, weakly(tuple(node.operands())), node.where)
    return node


def _find(node: Node) -> tuple[Recipe, int] | None:
    """The recipe of a value; where a path had ended the value goes on with a leaf that knows it."""
    for known in (_of_left_graphs, *[recipes.of for recipes in _all]):
        found = known.get(node)
        if found is not None:
            return found
    (before,) = node.parents if isinstance(node, (Leaf, Output)) and node.parents else (None,)
    if before is None:
        return None
    found = _find(before)
    return (found[0], node.index) if found is not None and isinstance(node, Output) else found


def are_written() -> bool:
    """Whether somebody in this thread writes down how values are computed."""
    return any(type(observer) is Recipes for observer in watching())


def make_known(x: Any) -> None:
    """Give a constant a node, by which it is found where it is fed: integers have none to follow."""
    if x.node is None:
        x.node = Cut(Break.NOT_RECORDED, None, [], user_line(2))


def may_change(x: Any) -> bool:
    """Whether a value may be another one in some run: it can be fed, or is computed again."""
    return link_of(x.node) is not None


def must_hold(x: Any, function: str) -> None:
    """Let every run fail in which a truth value is not true, on which a function has relied."""
    _must_hold[x.node] = function


def settle(x: Any) -> None:
    """Say that a program was built for what a value is now: a shape, an axis or a count."""
    if x.node is not None:
        _settled.add(x.node)
        if _thread.settled is not None:
            _thread.settled.append(x)


def relying(f: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
    """Call a function; gives its result, and the values that it has settled."""
    outer, _thread.settled = _thread.settled, []
    try:
        return f(*args, **kwargs), _thread.settled
    finally:
        _thread.settled = outer


def rely(y: Any, settled: list[Any]) -> None:
    """Let every run that needs a result fail in which what it was built for is something else."""
    links = [(link_of(x.node), x.raw) for x in settled]
    relied = tuple((a, b) for a, b in links if isinstance(a, Variable) or (a and _find(a)))
    if relied and y.node is not None:
        _add_relied(y, relied)


def rely_alike(found: Iterable[Any], ys: Iterable[Any]) -> None:
    """Let gradients of ys rely on what any operation on the way to ys relies on."""
    todo, seen = [link_of(y.node) for y in ys], set()
    relied: list[Any] = []
    while todo:
        link = todo.pop()
        if not isinstance(link, Node) or link in seen:
            continue
        seen.add(link)
        recipe = _find(link)
        if recipe is not None:
            todo += recipe[0].links
            relied += recipe[0].relied
    for g in found if relied else ():
        if isinstance(g, Handle) and g.node is not None:
            _add_relied(g, tuple(relied))


def _add_relied(y: Any, relied: tuple[Any, ...]) -> None:
    for known in (_of_left_graphs, *[recipes.of for recipes in _all]):
        if y.node in known:
            recipe, index = known[y.node]
            known[y.node] = recipe._replace(relied=(*recipe.relied, *relied)), index
            return
    for observer in watching():
        if type(observer) is Recipes:  # it was computed from nothing else that may change
            observer.of[y.node] = Recipe(_POSITIVE, (y.raw,), (None,), {}, relied), 0
            return


def is_settled(x: Any) -> bool:
    """Whether a program was built for a value, so that it cannot be fed."""
    return x.node in _settled


def belongs_to_graph(x: Any) -> bool:
    """Whether a value was computed in a graph, so that a program means to run it later.

    Not if a tape's gradient went into it: then the program runs eagerly."""
    todo, seen, known = [x.node], set(), False
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        todo += node.parents if isinstance(node, Leaf) else ()
        if isinstance(node, Cut) and node.why is Break.GRADIENT_NOT_RECORDED:
            return False
        found = _find(node)
        if found is not None:
            todo += [link for link in found[0].links if isinstance(link, Node)]
        known |= found is not None or _is_constant_gradient(node)
    return known


def _is_constant_gradient(node: Node) -> bool:
    return isinstance(node, Cut) and node.why is Break.GRADIENT_OF_CONSTANTS


def values_of(xs: Iterable[Any], fed: Mapping[Any, Array]) -> list[Array]:
    """The values of Tensors and Variables, with Variables as they are now.

    Parameters
    ----------
    xs : iterable of Tensor or Variable
    fed : mapping
        From Variables, and the nodes of Tensors, to the arrays that they have in this run.
    """
    run = Run(fed)
    return [run.value(x) for x in xs]


class Run:
    """One evaluation: every operation runs at most once."""

    def __init__(self, fed: Mapping[Any, Any]) -> None:
        self._fed = fed
        # From recipes to results, or None where the recorded ones still hold.
        self._done: dict[int, tuple[Any, ...] | None] = {}

    def value(self, x: Any) -> Any:
        """The value of a Tensor or Variable."""
        link = link_of(x.node)
        if isinstance(link, Node) and link not in self._fed:
            self._run_back_from(link)
        return self._look_up(link, x.raw)

    def compute(self, recipe: Recipe, values: tuple[Any, ...]) -> Any:
        """Run an operation."""
        if recipe.primitive.name not in PRIMITIVES:
            raise TracingError(
                f"Session.run: {recipe.primitive.name} cannot be run again with other values, "
                "because only its operations are known, not the function. Use GradientTape and "
                "Python's own loop for such a program, or functions without custom_gradient."
            )
        return compute(recipe.primitive, values, recipe.parameters)

    def _look_up(self, link: Variable | Node | None, recorded: Any) -> Any:
        if link is None:
            return recorded
        if link in self._fed:
            return self._fed[link]
        if isinstance(link, Variable):
            return link.raw
        found = _find(link)
        if found is None:
            return recorded
        results = self._done[id(found[0])]
        return recorded if results is None else results[found[1]]

    def _run_back_from(self, node: Node) -> None:
        """Run all recipes that a node depends on, operands first, without recursion."""
        todo = [node]
        while todo:
            found = _find(todo[-1])
            if found is None or id(found[0]) in self._done:
                todo.pop()
                continue
            recipe = found[0]
            needed = (*recipe.links, *[link for link, _ in recipe.relied])
            missing = [x for x in needed if isinstance(x, Node) and self._is_missing(x)]
            if missing:
                todo += missing
            else:
                self._check_relied(recipe)
                self._done[id(recipe)] = results = self._results(recipe)
                function = _must_hold.get(todo.pop())
                if function is not None and results is not None and not results[0]:
                    raise TracingError(
                        f"Session.run: {function} goes another way with these values than when the "
                        "program was built, and only that way is known. Use tf.where, or "
                        "GradientTape and Python's own control flow."
                    )

    def _check_relied(self, recipe: Recipe) -> None:
        """Refuse a run in which a shape, an axis or a count is another one."""
        for link, array in recipe.relied:
            value = self._look_up(link, array)
            if value is not array and Tensor(value).tolist() != Tensor(array).tolist():
                raise TracingError(
                    f"Session.run: a shape, an axis or a count is {Tensor(value).tolist()} in this "
                    f"run, and was {Tensor(array).tolist()} when the program was built, which is a "
                    "program for that one. Build it anew with another."
                )

    def _is_missing(self, link: Node) -> bool:
        if link in self._fed:
            return False
        found = _find(link)
        return found is not None and id(found[0]) not in self._done

    def _results(self, recipe: Recipe) -> tuple[Any, ...] | None:
        values = tuple(map(self._look_up, recipe.links, recipe.arrays))
        if all(value is array for value, array in zip(values, recipe.arrays, strict=True)):
            return None
        y = self.compute(recipe, values)
        return y if recipe.primitive.outputs != 1 else (y,)
