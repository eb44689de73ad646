"""Nests: dict, list, tuple, named tuple, dataclass, None and registered types, as trees.

A nest is taken apart into its leaves and a `TreeDef`, which puts leaves together again. Dicts keep
their insertion order, and where two nests meet they are matched by key, in the order of the first;
None is a nest without leaves, as in JAX; whatever is not a nest is a leaf.
What the leaves are is nobody's business here."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Hashable, Iterable, KeysView, Sequence, ValuesView
from typing import Any, NamedTuple, cast

from ._arguments import check_function
from ._typing import Nest
from .errors import ArgumentError, ArgumentTypeError

__all__ = ["TreeDef", "flatten", "leaves", "map", "paths", "register", "unflatten"]

_Split = Callable[[Any], tuple[Sequence[Any], Hashable]]
_Join = Callable[[Hashable, Sequence[Any]], Any]


class TreeDef(NamedTuple):
    """The structure of a nest without its leaves; `kind` is None for a leaf."""

    kind: type | None
    keys: tuple[Hashable, ...]
    children: tuple[TreeDef, ...]
    context: Any = None

    @property
    def num_leaves(self) -> int:
        """The number of leaves that `unflatten` expects."""
        if self.kind is None:
            return 1
        return sum(child.num_leaves for child in self.children)

    @property
    def paths(self) -> list[tuple[Hashable, ...]]:
        """The path to every leaf, as a tuple of dict keys, indices and field names."""
        out: list[tuple[Hashable, ...]] = []
        _paths(self, (), out)
        return out

    @property
    def has_names(self) -> bool:
        """Whether something in it has names, keys of a dict or fields, and not only places."""
        named = self.kind is not None and (
            issubclass(self.kind, dict) or any(type(key) is not int for key in self.keys)
        )
        return named or any(child.has_names for child in self.children)


_LEAF = TreeDef(None, (), ())
_REGISTERED: dict[type, tuple[_Split, _Join]] = {}
_KNOWN_LEAVES: set[type] = {int, float}


def register(kind: type, split: _Split, join: _Join) -> None:
    """Make `kind` a nest.

    Parameters
    ----------
    kind : type
        The class; subclasses are not included.
    split : callable
        ``split(value) -> (children, context)``, with a hashable context.
    join : callable
        ``join(context, children) -> value``.
    """
    _REGISTERED[kind] = (split, join)


def registered(kind: type) -> tuple[_Split, _Join] | None:
    """Find what `register` was told about a class."""
    return _REGISTERED.get(kind)


def registered_kinds() -> list[type]:
    """List the classes that were registered."""
    return list(_REGISTERED)


def register_leaf(kind: type) -> None:
    """Say that objects of a class are leaves, which spares `flatten` from finding out."""
    _KNOWN_LEAVES.add(kind)


def flatten(
    nest: Nest, *, none_is_leaf: bool = False, like: TreeDef | None = None
) -> tuple[list[Any], TreeDef]:
    """Take a nest apart.

    Parameters
    ----------
    nest : nest
        Any structure of dicts, lists, tuples, named tuples, dataclasses, None and registered types.
    none_is_leaf : bool
        Whether None counts as a leaf instead of as a nest without leaves.
    like : TreeDef, optional
        The structure of another nest: dicts that have the keys of its dicts are taken apart in the
        order of its keys, so that leaves of both belong together; without it in their own. None is
        no leaf where it has None.

    Returns
    -------
    leaves : list
    treedef : TreeDef
        With the keys of dicts in the order of the leaves.

    Examples
    --------
    >>> import xgrad as xg
    >>> leaves, treedef = xg.tree.flatten({"a": 1, "b": (2, [3])})
    >>> leaves
    [1, 2, 3]
    >>> xg.tree.unflatten(treedef, [10, 20, 30])
    {'a': 10, 'b': (20, [30])}
    """
    out: list[Any] = []
    treedef = _flatten(nest, out, none_is_leaf)
    if like is None or treedef == like:
        return out, treedef
    ordered: list[Any] = []
    return ordered, _reordered(treedef, out, like, ordered)


def unflatten(treedef: TreeDef, leaves: Iterable[Any]) -> Nest:
    """Put leaves together again in the structure that `flatten` found.

    Raises
    ------
    ArgumentError
        If the number of leaves is not the structure's.
    """
    values = list(leaves)
    try:
        kind = treedef.kind
    except AttributeError:
        raise ArgumentTypeError(
            "unflatten: treedef must be a structure that flatten found, but is a "
            f"{type(treedef).__name__}. Use unflatten(treedef, leaves)."
        ) from None
    if (kind is tuple or kind is list) and treedef is _flat(kind, len(values)):
        return kind(values)
    if len(values) != treedef.num_leaves:
        raise ArgumentError(
            f"unflatten: the structure has {treedef.num_leaves} leaves, but {len(values)} were "
            "given. Use the leaves of a nest of the same structure."
        )
    return _unflatten(treedef, iter(values))


def leaves(nest: Nest) -> list[Any]:
    """List the leaves of a nest, in order.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tree.leaves({"b": 1, "a": [2, None]})
    [1, 2]
    """
    return flatten(nest)[0]


def map(function: Callable[..., Any], nest: Nest, *rest: Nest) -> Nest:
    """Apply a function to the leaves of one or several nests of the same structure.

    Dicts are matched by key; the result has the order of the first.

    Raises
    ------
    ArgumentError
        If the structures differ.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tree.map(lambda a, b: a + b, {"w": 1, "b": [2]}, {"w": 10, "b": [20]})
    {'w': 11, 'b': [22]}
    """
    check_function(function, "tree.map", "function")
    first, treedef = flatten(nest)
    columns = [first]
    for number, other in enumerate(rest, start=2):
        values, structure = flatten(other, like=treedef)
        if structure != treedef:
            raise ArgumentError(
                f"tree.map: nest {number} has the structure {show(structure)}, but the first has "
                f"{show(treedef)}. Use nests of the same structure."
            )
        columns.append(values)
    return unflatten(treedef, [function(*row) for row in zip(*columns, strict=True)])


def paths(nest: Nest) -> list[tuple[Hashable, ...]]:
    """List the path to every leaf, as a tuple of dict keys, indices and field names."""
    return flatten(nest)[1].paths


def _flatten(nest: Nest, out: list[Any], none_is_leaf: bool) -> TreeDef:
    children: Sequence[Any]
    keys: tuple[Hashable, ...]
    kind = type(nest)
    context: Any = None
    if kind in _KNOWN_LEAVES:
        out.append(nest)
        return _LEAF
    if kind is tuple or kind is list:
        if all(type(child) in _KNOWN_LEAVES for child in nest):
            out.extend(nest)
            return _flat(kind, len(nest))  # type: ignore[arg-type]
        parts = tuple([_flatten(child, out, none_is_leaf) for child in nest])
        return TreeDef(kind, tuple(range(len(parts))), parts)
    if nest is None and not none_is_leaf:
        keys, children = (), ()
    elif isinstance(nest, dict):
        keys, children = tuple(nest.keys()), tuple(nest.values())
        context = getattr(nest, "default_factory", None)
    elif isinstance(nest, (ValuesView, KeysView)):
        kind, children = list, tuple(nest)
        keys = tuple(range(len(children)))
    elif isinstance(nest, tuple) and hasattr(nest, "_fields"):
        keys, children = tuple(cast("Any", nest)._fields), nest
    elif isinstance(nest, (list, tuple)):
        keys, children = tuple(range(len(nest))), nest
    elif kind in _REGISTERED:
        children, context = _REGISTERED[kind][0](nest)
        keys = tuple(range(len(children)))
    elif dataclasses.is_dataclass(nest) and not isinstance(nest, type):
        keys = tuple(field.name for field in dataclasses.fields(nest))
        children = tuple(getattr(nest, cast("str", key)) for key in keys)
    else:
        out.append(nest)
        return _LEAF
    return TreeDef(kind, keys, tuple(_flatten(c, out, none_is_leaf) for c in children), context)


def _reordered(treedef: TreeDef, values: list[Any], like: TreeDef, out: list[Any]) -> TreeDef:
    """Bring dicts into the order of another structure's, as far as that has the same keys.

    A leaf that is None is a nest without leaves where the other structure has one."""
    if treedef.kind is None and like.kind is type(None) and values[0] is None:
        return like
    if treedef.kind is not like.kind or len(treedef.keys) != len(like.keys) or not treedef.keys:
        out.extend(values)
        return treedef
    keys = treedef.keys
    if _is_dict(treedef) and set(keys) == set(like.keys):
        keys = like.keys
    parts, start = {}, 0
    for key, child in zip(treedef.keys, treedef.children, strict=True):
        parts[key] = child, values[start : start + child.num_leaves]
        start += child.num_leaves
    children = [
        _reordered(*parts[key], other, out) for key, other in zip(keys, like.children, strict=True)
    ]
    return TreeDef(treedef.kind, keys, tuple(children), treedef.context)


def _is_dict(treedef: TreeDef) -> bool:
    return treedef.kind is not None and issubclass(treedef.kind, dict)


@functools.lru_cache(maxsize=256)
def _flat(kind: type, length: int) -> TreeDef:
    """Make the structure of a list or tuple of nothing but leaves, which most nests are."""
    return TreeDef(kind, tuple(range(length)), (_LEAF,) * length)


def _unflatten(treedef: TreeDef, values: Any) -> Any:
    kind = treedef.kind
    if kind is None:
        return next(values)
    children = [_unflatten(child, values) for child in treedef.children]
    if kind is type(None):
        return None
    if kind in _REGISTERED:
        return _REGISTERED[kind][1](treedef.context, children)
    if issubclass(kind, dict):
        items = dict(zip(treedef.keys, children, strict=True))
        return items if kind is dict else _join_dict(kind, items, treedef.context)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return kind(*children)
    if issubclass(kind, (list, tuple)):
        return kind(children)
    fields = zip(treedef.keys, children, strict=True)
    return kind(**{cast("str", key): child for key, child in fields})


def _join_dict(kind: type, items: dict[Any, Any], default_factory: Any) -> Any:
    out: Any = cast("Any", kind).__new__(kind)
    if default_factory is not None:
        out.default_factory = default_factory
    out.update(items)
    return out


def _paths(treedef: TreeDef, prefix: tuple[Hashable, ...], out: list[tuple[Hashable, ...]]) -> None:
    if treedef.kind is None:
        out.append(prefix)
    for key, child in zip(treedef.keys, treedef.children, strict=True):
        _paths(child, (*prefix, key), out)


def difference(expected: TreeDef, given: TreeDef) -> str:
    """Say where a structure first differs from the one expected, and how."""
    return _difference(expected, given, "")


def _difference(expected: TreeDef, given: TreeDef, place: str) -> str:
    where = f" at {place}" if place else ""
    if expected.kind is given.kind and _is_dict(expected):
        missing = [repr(key) for key in expected.keys if key not in given.keys]
        unknown = [repr(key) for key in given.keys if key not in expected.keys]
        if missing or unknown:
            lacks = [f"lacks {', '.join(missing)}"] if missing else []
            has = [f"has the unknown {', '.join(unknown)}"] if unknown else []
            return f"{' and '.join(lacks + has)}{where}"
    if expected.kind is given.kind and expected.keys == given.keys:
        for key, one, other in zip(expected.keys, expected.children, given.children, strict=True):
            if one != other:
                return _difference(one, other, f"{place}[{key!r}]")
    return f"is {show(given)} instead of {show(expected)}{where}"


def pairs(gradients: Nest, variables: Nest, caller: str) -> list[tuple[Any, Any]]:
    """Pair the leaves of two nests that belong together: dicts by key, flat lists by place.

    Every entry of a flat list is one gradient, even if it is a list of numbers."""
    wanted, expected = flatten(variables, none_is_leaf=True)
    if expected.kind is None:
        single = isinstance(gradients, (list, tuple)) and len(gradients) == 1
        return [(gradients[0] if single else gradients, variables)]
    flat = issubclass(expected.kind, (list, tuple)) and all(
        x.kind is None for x in expected.children
    )
    if flat and isinstance(gradients, Iterable) and not isinstance(gradients, dict):
        given = list(gradients)
        if len(given) != len(wanted):
            raise ArgumentError(
                f"{caller}: {len(given)} gradients for {len(wanted)} variables. Use one gradient, or "
                "None, for each."
            )
    else:
        given, found = flatten(gradients, none_is_leaf=True, like=expected)
        if found != expected:
            raise ArgumentError(
                f"{caller}: the gradients must have the structure of the variables, but what was "
                f"given {difference(expected, found)}. Use what tape.gradient(loss, variables) "
                "returned."
            )
    return list(zip(given, wanted, strict=True))


def show(treedef: TreeDef) -> str:
    """Spell a structure as Python does, with `*` for a leaf."""
    if treedef.kind is None:
        return "*"
    if treedef.kind is type(None):
        return "None"
    if issubclass(treedef.kind, dict):
        return (
            "{"
            + ", ".join(
                f"{k!r}: {show(c)}" for k, c in zip(treedef.keys, treedef.children, strict=True)
            )
            + "}"
        )
    inner = ", ".join(show(child) for child in treedef.children)
    if treedef.kind is list:
        return f"[{inner}]"
    if treedef.kind is tuple:
        return f"({inner}{',' if len(treedef.children) == 1 else ''})"
    return f"{treedef.kind.__name__}({inner})"
