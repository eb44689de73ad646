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


def test_map_matches_dicts_by_key_in_the_order_of_the_first():
    found = xg.tree.map(lambda x, y: x + y, {"a": 1, "b": 2}, {"b": 20, "a": 10})
    assert found == {"a": 11, "b": 22}
    assert list(found) == ["a", "b"]
    one = [{"x": {"p": 1, "q": [2, 3]}, "y": Point(4, {"k": 5, "l": 6})}]
    two = [{"y": Point(40, {"l": 60, "k": 50}), "x": {"q": [20, 30], "p": 10}}]
    expected = [{"x": {"p": 11, "q": [22, 33]}, "y": Point(44, {"k": 55, "l": 66})}]
    assert xg.tree.map(lambda x, y: x + y, one, two) == expected


def test_map_of_dicts_with_other_keys_is_refused():
    with pytest.raises(ValueError, match=r"\{'b': \*, 'c': \*\}, but the first has \{'a': \*, 'b'"):
        xg.tree.map(lambda x, y: x + y, {"a": 1, "b": 2}, {"b": 20, "c": 10})


def test_leaves_come_in_the_order_of_another_nest():
    _, treedef = xg.tree.flatten({"a": 1, "b": (2, None)})
    leaves, found = xg.tree.flatten({"b": (20, None), "a": 10}, like=treedef)
    assert leaves == [10, 20]
    assert found == treedef
    leaves, found = xg.tree.flatten({"b": (20, 21), "a": 10}, like=treedef)
    assert found != treedef
    assert xg.tree.unflatten(found, leaves) == {"b": (20, 21), "a": 10}


def _squares(d):
    return {"b": d["b"] ** 2, "a": d["a"] ** 2}


def _product(d):
    return xg.sum(d["a"] ** 2 * d["b"])


def _of_a_tape(tangents):
    v = {"a": xg.Variable(1.0), "b": xg.Variable(2.0)}
    with xg.GradientTape(persistent=True) as tape:
        y, z = _product(v), _squares(v)
    return tape.hvp(y, v, tangents), tape.gradient(z, v, output_gradients=tangents)


def _of_a_graph(tangents):
    with xg.Graph():
        v, w = xg.Variable(1.0), xg.Variable(2.0)
        return xg.gradients({"a": v**2, "b": w**3}, [v, w], grad_ys=tangents)


def _of_an_accumulator(tangents):
    primals = {"a": xg.asarray(1.0), "b": xg.asarray(2.0)}
    with xg.ForwardAccumulator(primals, tangents) as accumulator:
        y = _product(primals)
    return accumulator.jvp(y)


PRIMALS = {"a": xg.asarray(1.0), "b": xg.asarray(2.0)}
THREE = {"a": xg.asarray([1.0, 2.0, 3.0]), "b": xg.asarray([4.0, 5.0, 6.0])}
MEETINGS = {
    "jvp": lambda t: xg.jvp(_product, (PRIMALS,), (t,))[1],
    "hvp": lambda t: xg.hvp(_product, (PRIMALS,), (t,)),
    "pullback": lambda t: xg.vjp(_squares, PRIMALS)[1](t),
    "push": lambda t: xg.linearize(_squares, PRIMALS)[1](t),
    "tape": _of_a_tape,
    "grad_ys": _of_a_graph,
    "accumulator": _of_an_accumulator,
    "update": lambda t: xg.optimizers.SGD(1.0).update(t, {"iterations": 0}, PRIMALS)[0],
    "adaptive_clip": lambda t: xg.adaptive_clip(PRIMALS, t),
    "while_loop": lambda t: xg.while_loop(
        lambda c: c["a"] < 40, lambda c: {k: 2 * c[k] + PRIMALS[k] for k in t}, PRIMALS
    ),
    "scan_carry": lambda t: xg.scan(
        lambda c, _: ({k: 2 * c[k] + PRIMALS[k] for k in t}, None), PRIMALS, length=3
    )[0],
    "scan_y": lambda t: xg.scan(
        lambda c, x: (c, {k: x * t[k] for k in (t if x < 1 else PRIMALS)}), 0.0, xg.arange(3.0)
    )[1],
    "cond": lambda t: xg.vmap(
        lambda x: xg.cond(x > 1.5, lambda: PRIMALS, lambda: {k: t[k] * 1.0 for k in t})
    )(xg.asarray([1.0, 2.0])),
    "in_axes": lambda t: xg.vmap(
        lambda d: d["a"] * xg.sum(d["b"]), in_axes=({k: {"a": 0, "b": None}[k] for k in t},)
    )(THREE),
    "out_axes": lambda t: xg.vmap(
        lambda d: {"a": d["a"], "b": 1.0}, out_axes={k: {"a": 0, "b": None}[k] for k in t}
    )(THREE),
}


@pytest.mark.parametrize("meet", MEETINGS.values(), ids=MEETINGS)
def test_dicts_meet_by_key(meet):
    in_order = meet({"a": xg.asarray(10.0), "b": xg.asarray(20.0)})
    in_another = meet({"b": xg.asarray(20.0), "a": xg.asarray(10.0)})
    assert xg.tree.map(xg.Tensor.tolist, in_another) == xg.tree.map(xg.Tensor.tolist, in_order)


@pytest.mark.parametrize(
    ("grads", "message"),
    [
        ({"a": 1.0, "c": 1.0}, r"but lacks 'b' and has the unknown 'c'\. Use"),
        ({"a": 1.0}, r"but lacks 'b'\. Use"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, r"but has the unknown 'c'\. Use"),
        ([1.0, 1.0], r"but is \[\*, \*\] instead of \{'a': \*, 'b': \*\}\. Use"),
        ({"a": 1.0, "b": [1.0]}, r"but is \[\*\] instead of \* at \['b'\]\. Use"),
    ],
)
def test_structures_that_differ_say_where(grads, message):
    with pytest.raises(xg.errors.ArgumentError, match=message):
        xg.optimizers.SGD(1.0).update(grads, {"iterations": 0}, PRIMALS)


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
