"""Nests: what is one, in which order its leaves come, and that it is put together again."""

import dataclasses
from collections import OrderedDict, defaultdict
from typing import NamedTuple

import numpy as np
import pytest

import xgrad as xg


class Point(NamedTuple):
    x: object
    y: object


@dataclasses.dataclass
class Layer:
    kernel: object
    bias: object = None


@dataclasses.dataclass(frozen=True)
class Frozen:
    value: object


class Pair:
    def __init__(self, left, right, name):
        self.left, self.right, self.name = left, right, name

    def __eq__(self, other):
        return vars(self) == vars(other)

    __hash__ = None


xg.tree.register(
    Pair,
    lambda pair: ((pair.left, pair.right), pair.name),
    lambda name, children: Pair(*children, name),
)

NESTS = {
    "leaf": (1, [1]),
    "none": (None, []),
    "list": ([1, 2], [1, 2]),
    "tuple": ((1, (2, 3)), [1, 2, 3]),
    "one_tuple": ((1,), [1]),
    "empty": ([], []),
    "dict_in_its_order": ({"b": 1, "a": 2}, [1, 2]),
    "ordered_dict": (OrderedDict([("b", 1), ("a", [2, 3])]), [1, 2, 3]),
    "named_tuple": (Point(1, [2]), [1, 2]),
    "dataclass": (Layer(1, Layer(2)), [1, 2]),
    "frozen_dataclass": (Frozen((1, 2)), [1, 2]),
    "registered": (Pair(1, {"k": 2}, "p"), [1, 2]),
    "mixed": ({"a": [1, None, (2,)], 3: Point(4, 5)}, [1, 2, 4, 5]),
    "integer_keys": ({2: 1, 0: 2}, [1, 2]),
}


@pytest.mark.parametrize(("nest", "leaves"), list(NESTS.values()), ids=NESTS)
def test_leaves_come_in_order_and_go_back(nest, leaves):
    found, treedef = xg.tree.flatten(nest)
    assert found == leaves
    assert xg.tree.leaves(nest) == leaves
    assert treedef.num_leaves == len(leaves)
    again = xg.tree.unflatten(treedef, found)
    assert again == nest
    assert type(again) is type(nest)


def test_default_dict_keeps_its_factory():
    nest = defaultdict(list, {"b": 1, "a": 2})
    again = xg.tree.map(lambda x: x * 10, nest)
    assert again == {"b": 10, "a": 20}
    assert type(again) is defaultdict
    assert again["new"] == []


def test_views_of_dicts_are_lists():
    weights = {"a": 1, "b": 2}
    assert xg.tree.map(lambda x: x + 1, weights.values()) == [2, 3]


@pytest.mark.parametrize(
    "leaf",
    [np.ones(2), xg.ones(2), "text", {1, 2}, range(3), Layer, object()],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_nest_is_a_leaf(leaf):
    (found,) = xg.tree.leaves(leaf)
    assert found is leaf


def test_variables_are_leaves():
    v = xg.Variable([1.0])
    assert xg.tree.leaves({"v": v})[0] is v


def test_none_can_be_a_leaf():
    assert xg.tree.flatten([1, None], none_is_leaf=True)[0] == [1, None]


def test_structures_compare_and_hash():
    one, two = (xg.tree.flatten({"a": [x, x]})[1] for x in (1, 2))
    assert one == two
    assert hash(one) == hash(two)
    assert one != xg.tree.flatten({"b": [1, 1]})[1]
    assert xg.tree.flatten([1])[1] != xg.tree.flatten((1,))[1]


def test_map_takes_several_nests():
    assert xg.tree.map(lambda a, b, c: a + b * c, [1, (2,)], [3, (4,)], [5, (6,)]) == [16, (26,)]


def test_map_of_dicts_in_another_order_is_refused():
    with pytest.raises(ValueError, match=r"\{'b': \*, 'a': \*\}, but the first has \{'a': \*, 'b'"):
        xg.tree.map(lambda x, y: x + y, {"a": 1, "b": 2}, {"b": 20, "a": 10})


def test_map_refuses_other_structures_and_shows_both():
    with pytest.raises(
        ValueError, match=r"nest 2 has the structure \[\*\], but the first has \{'a'"
    ):
        xg.tree.map(lambda a, b: a, {"a": 1}, [1])
    with pytest.raises(ValueError, match="nest 3"):
        xg.tree.map(lambda a, b, c: a, (1, 2), (1, 2), (1, (2, None)))


def test_unflatten_refuses_another_number_of_leaves():
    _, treedef = xg.tree.flatten([1, 2])
    with pytest.raises(ValueError, match="has 2 leaves, but 3 were given"):
        xg.tree.unflatten(treedef, [1, 2, 3])


def test_paths():
    nest = {"a": [1, Point(2, 3)], "b": Layer(4)}
    assert xg.tree.paths(nest) == [("a", 0), ("a", 1, "x"), ("a", 1, "y"), ("b", "kernel")]


def test_unflatten_takes_any_iterable():
    _, treedef = xg.tree.flatten([1, {"a": 2}])
    assert xg.tree.unflatten(treedef, iter("xy")) == ["x", {"a": "y"}]
