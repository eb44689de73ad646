"""`load(into=...)`: objects that are there take their state from a file, all of them or none."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest

import xgrad as xg


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass
class Layer:
    w: Any
    n: int


class Counter:
    def __init__(self, n):
        self.n = n

    def state_dict(self):
        return {"n": self.n}

    def load_state_dict(self, state):
        if state["n"] < 0:
            raise ValueError("a count is not negative")
        self.n = state["n"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def step(optimizer, variables):
    """A step along gradients that depend on the values."""
    optimizer.apply([v.value() * 0.5 + 1.0 for v in variables], variables)


def test_variables_take_their_values(path):
    v = xg.Variable([1.0, 2.0], name="v", trainable=False)
    xg.save(path, {"v": v})
    w = xg.Variable([0.0, 0.0], name="w", constraint=abs)
    tree = {"v": w}
    assert xg.load(path, into=tree) is tree
    assert tree["v"] is w
    assert w.tolist() == [1.0, 2.0]
    assert (w.name, w.trainable, w.constraint) == ("w", True, abs)


def test_variables_stay_where_they_are(path, device):
    xg.save(path, [xg.Variable([1.0, 2.0])])
    w = xg.Variable([0.0, 0.0], dtype="float64", device=device)
    xg.load(path, into=[w])
    assert w.device == device
    assert w.tolist() == [1.0, 2.0]


def test_what_cannot_change_is_replaced_in_dicts_and_lists(path):
    tree = {"step": 3, "losses": [0.5, xg.asarray([1.0])], "name": "a"}
    xg.save(path, tree)
    losses = [0.0, xg.asarray([9.0])]
    other = {"step": 0, "losses": losses, "name": None}
    xg.load(path, into=other)
    assert (other["step"], other["name"]) == (3, "a")
    assert other["losses"] is losses
    assert (losses[0], losses[1].tolist()) == (0.5, [1.0])


@pytest.mark.parametrize("losses", [[], [9.0, 9.0, 9.0]], ids=["shorter", "longer"])
def test_lists_of_values_take_the_length_of_the_file(losses, path):
    xg.save(path, {"losses": [0.5, xg.asarray(0.25)]})
    tree = xg.load(path, into={"losses": losses})
    assert tree["losses"] is losses
    assert [float(x) for x in losses] == [0.5, 0.25]


def test_lists_of_variables_keep_their_length(path):
    xg.save(path, [xg.Variable(1.0), xg.Variable(2.0)])
    with pytest.raises(xg.errors.CheckpointError, match=r"a list of 2 .* a list of 1"):
        xg.load(path, into=[xg.Variable(0.0)])


def test_lists_are_put_back_too(path):
    xg.save(path, {"losses": [0.5], "c": Counter(-1)})
    losses = [1.0, 2.0]
    with pytest.raises(ValueError, match="not negative"):
        xg.load(path, into={"losses": losses, "c": Counter(1)})
    assert losses == [1.0, 2.0]


def test_tuples_and_dataclasses_are_made_anew_around_the_same_variables(path):
    def make(value):
        w = xg.Variable([value])
        return w, {"t": (w, value), "p": Point(w, value), "l": Layer(w, value)}

    xg.save(path, make(1.0)[1])
    w, tree = make(2.0)
    xg.load(path, into=tree)
    assert tree["t"][0] is tree["p"].x is tree["l"].w is w
    assert (tree["t"][1], tree["p"].y, tree["l"].n) == (1.0, 1.0, 1.0)
    assert w.tolist() == [1.0]


def test_tensors_go_to_where_the_old_ones_are(path, device):
    xg.save(path, {"x": xg.asarray([1.0])})
    tree = xg.load(path, into={"x": xg.asarray([0.0], device=device)})
    assert tree["x"].device == device


def test_tied_variables_stay_tied(path):
    w = xg.Variable([1.0])
    xg.save(path, [w, w])
    v = xg.Variable([2.0])
    assert xg.load(path, into=[v, v]) == [v, v]
    a, b = xg.Variable([2.0]), xg.Variable([3.0])
    xg.load(path, into=[a, b])
    assert (a.item(), b.item()) == (1.0, 1.0)


def test_objects_with_a_state_take_it(path):
    xg.save(path, {"c": Counter(5)})
    counter = Counter(0)
    xg.load(path, into={"c": counter})
    assert counter.n == 5


def test_generators_go_on(path):
    run = {"ours": xg.random.Generator(1), "numpys": np.random.default_rng(2)}
    run["ours"].normal((3,)), run["numpys"].normal(size=3)
    xg.save(path, run)
    ours, numpys = xg.random.Generator(8), np.random.default_rng(9)
    assert xg.load(path, into={"ours": ours, "numpys": numpys})["numpys"] is numpys
    assert float(ours.normal()) == float(run["ours"].normal())
    assert numpys.normal() == run["numpys"].normal()


def test_another_kind_of_numpys_generators_is_refused_and_changes_nothing(path):
    xg.save(path, [xg.random.Generator(1), np.random.default_rng(2)])
    first, second = xg.random.Generator(8), np.random.Generator(np.random.Philox(9))
    before = first.state, repr(second.bit_generator.state)
    with pytest.raises(ValueError, match="Philox"):
        xg.load(path, into=[first, second])
    assert (first.state, repr(second.bit_generator.state)) == before


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b


xg.tree.register(Pair, lambda pair: ((pair.a, pair.b), None), lambda _, parts: Pair(*parts))


def test_registered_types_are_made_anew_where_they_change(path):
    xg.save(path, [Pair(xg.Variable(1.0), 2), Pair(xg.Variable(3.0), 4)])
    w, v = xg.Variable(0.0), xg.Variable(0.0)
    same, other = Pair(w, 2), Pair(v, 0)
    loaded = xg.load(path, into=[same, other])
    assert loaded[0] is same
    assert (type(loaded[1]), loaded[1].a, loaded[1].b) == (Pair, v, 4)
    assert (w.item(), v.item()) == (1.0, 3.0)


# -- optimizers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: xg.optimizers.Adam(0.1),
        lambda: xg.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        lambda: xg.optimizers.Muon(0.1),
        lambda: xg.optimizers.Adafactor(0.1),
        lambda: xg.optimizers.ScheduleFreeAdamW(0.1),
        lambda: xg.optimizers.Adam(0.1, use_ema=True, gradient_accumulation_steps=2),
        lambda: xg.optimizers.RMSprop(xg.optimizers.schedules.CosineDecay(0.1, 20)),
        lambda: xg.optimizers.LossScaleOptimizer(xg.optimizers.Adam(0.1)),
    ],
    ids=["adam", "sgd", "muon", "adafactor", "schedule_free", "options", "schedule", "loss_scale"],
)
@pytest.mark.parametrize("way", ["new", "into", "into_used"])
def test_optimizers_go_on_to_the_last_bit(make, way, path):
    def start():
        return [xg.Variable([[1.0, 2.0], [3.0, 4.0]]), xg.Variable([5.0])], make()

    variables, optimizer = start()
    for _ in range(3):
        step(optimizer, variables)
    xg.save(path, {"optimizer": optimizer, "variables": variables})
    if way == "new":
        loaded = xg.load(path)
        others, other = loaded["variables"], loaded["optimizer"]
        assert type(other) is type(optimizer)
    else:
        others, other = start()
        if way == "into_used":
            step(other, others)
        xg.load(path, into={"optimizer": other, "variables": others})
    for _ in range(3):
        step(optimizer, variables)
        step(other, others)
    for v, w in zip(variables, others, strict=True):
        np.testing.assert_array_equal(v.numpy(), w.numpy())
    assert int(other.iterations) == int(optimizer.iterations)


@pytest.mark.parametrize("way", ["new", "into", "into_used"])
def test_slots_find_their_variables_in_another_order(way, path):
    def start():
        return [xg.Variable([1.0]), xg.Variable([2.0])], xg.optimizers.SGD(0.1, momentum=0.9)

    variables, optimizer = start()
    optimizer.apply([xg.asarray([1.0])], variables[1:])  # the second is seen first
    step(optimizer, variables)
    xg.save(path, {"variables": variables, "optimizer": optimizer})
    if way == "new":
        loaded = xg.load(path)
        others, other = loaded["variables"], loaded["optimizer"]
    else:
        others, other = start()
        if way == "into_used":
            step(other, others)  # in the order first, second
        xg.load(path, into={"variables": others, "optimizer": other})
    for a, b in zip(variables, others, strict=True):
        np.testing.assert_array_equal(
            optimizer.get_slot(a, "momentum").numpy(), other.get_slot(b, "momentum").numpy()
        )


def test_optimizer_alone_hands_out_its_slots_in_order(path):
    v, optimizer = xg.Variable([1.0]), xg.optimizers.Adam(0.1)
    step(optimizer, [v])
    xg.save(path, optimizer)
    w, other = xg.Variable(v.value()), xg.load(path)
    step(optimizer, [v])
    step(other, [w])
    assert v.tolist() == w.tolist()


def test_optimizer_with_a_function_needs_into(path):
    optimizer = xg.optimizers.SGD(lambda step: 0.1 / (1 + step))
    optimizer.iterations.assign(7)
    xg.save(path, {"o": optimizer})
    with pytest.raises(xg.errors.CheckpointError, match=r"'o', a SGD, .*into="):
        xg.load(path)
    other = xg.optimizers.SGD(lambda step: 0.1 / (1 + step))
    xg.load(path, into={"o": other})
    assert int(other.iterations) == 7


@pytest.mark.parametrize("how", [{"var_names": ["^b"]}, {"var_list": True}], ids=["names", "list"])
def test_exclusions_from_weight_decay_stay(how, path):
    bias, optimizer = xg.Variable([1.0], name="bias"), xg.optimizers.AdamW(0.1)
    optimizer.exclude_from_weight_decay(
        **{**how, **({"var_list": [bias]} if "var_list" in how else {})}
    )
    xg.save(path, {"optimizer": optimizer, "bias": bias})
    loaded = xg.load(path)
    loaded["optimizer"].apply([xg.asarray([0.0])], [loaded["bias"]])
    assert loaded["bias"].tolist() == [1.0]


def test_exclusion_of_a_variable_that_is_not_saved_needs_into(path):
    bias, optimizer = xg.Variable([1.0], name="bias"), xg.optimizers.AdamW(0.1)
    optimizer.exclude_from_weight_decay(var_list=[bias])
    xg.save(path, [optimizer])
    with pytest.raises(xg.errors.CheckpointError, match=r"AdamW '0' excludes .*into="):
        xg.load(path)
    assert xg.load(path, into=[optimizer]) == [optimizer]


@pytest.mark.parametrize(
    "option", [{"device": "cpu"}, {"foreign": True}], ids=["device", "foreign"]
)
def test_options_that_mean_nothing_with_into_are_refused(option, path):
    xg.save(path, [1])
    with pytest.raises(xg.errors.ArgumentError, match="with into= arrays go to where"):
        xg.load(path, into=[1], **option)


# -- all or nothing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"v": xg.Variable([0.0]), "n": 0}, r"'v', float64 \(2,\).*tree\['v'\].*\(1,\)"),
        ({"v": xg.Variable([0, 0]), "n": 0}, r"'v', float64 .* int64"),
        ({"v": xg.Variable([0.0, 0.0])}, r"a dict with \['v', 'n'\].*a dict with \['v'\]"),
        ({"v": [1, 2], "n": 0}, r"Variable 'v'.*tree\['v'\], a list of 2"),
        ({"v": xg.optimizers.SGD(), "n": 0}, r"Variable 'v'.*tree\['v'\], SGD"),
        ([1, 2], r"a dict with .* does not fit tree, a list of 2"),
        ({"v": Counter(1), "n": 0}, r"Variable 'v'.*a Counter"),
        ({"v": Point(1, 2), "n": 0}, r"Variable 'v'.*tree\['v'\], a Point"),
        (
            {"v": xg.Variable([1.0, 2.0]), "n": xg.Variable(0)},
            r"load: 1 in .*tree\['n'\], Variable",
        ),
    ],
    ids=[
        *("shape", "dtype", "keys", "list", "optimizer", "root", "stateful", "named_tuple"),
        "number",
    ],
)
def test_nest_that_does_not_fit_is_named_with_its_place(tree, message, path):
    xg.save(path, {"v": xg.Variable([1.0, 2.0]), "n": 1})
    with pytest.raises(xg.errors.CheckpointError, match=message):
        xg.load(path, into=tree)


@pytest.mark.parametrize(
    ("saved", "message"),
    [((1, 2), "a tuple of 2 in"), (Point(1, 2), "Point in"), (Layer(1, 2), "Layer in")],
    ids=["tuple", "named_tuple", "dataclass"],
)
def test_what_the_file_holds_is_named_too(saved, message, path):
    xg.save(path, saved)
    with pytest.raises(xg.errors.CheckpointError, match=message):
        xg.load(path, into=xg.Variable(1.0))


def test_nothing_changes_if_something_does_not_fit(path):
    v, w = xg.Variable([1.0]), xg.Variable([[1.0]])
    optimizer = xg.optimizers.Adam(0.1)
    step(optimizer, [v, w])
    xg.save(path, {"n": 1, "v": v, "o": optimizer, "w": w})
    a, b, other = xg.Variable([7.0]), xg.Variable([8.0]), xg.optimizers.Adam(0.3)
    tree = {"n": 0, "v": a, "o": other, "w": b}
    with pytest.raises(xg.errors.CheckpointError, match=r"tree\['w'\]"):
        xg.load(path, into=tree)
    assert (a.item(), b.item(), tree["n"]) == (7.0, 8.0, 0)
    assert (other.learning_rate, int(other.iterations), other.seen_variables()) == (0.3, 0, [])


def test_everything_is_put_back_if_an_object_refuses_its_state(path):
    v, optimizer = xg.Variable([1.0]), xg.optimizers.Adam(0.1)
    step(optimizer, [v])
    xg.save(path, {"n": 1, "o": optimizer, "first": Counter(3), "second": Counter(-1), "v": v})
    a, other, first = xg.Variable([7.0]), xg.optimizers.Adam(0.3), Counter(1)
    tree = {"n": 0, "o": other, "first": first, "second": Counter(2), "v": a}
    with pytest.raises(ValueError, match="not negative") as caught:
        xg.load(path, into=tree)
    assert "was not loaded" in caught.value.__notes__[0]
    assert (a.item(), tree["n"], first.n, tree["second"].n) == (7.0, 0, 1, 2)
    assert (other.learning_rate, int(other.iterations)) == (0.3, 0)


def test_optimizer_of_other_variables_is_refused(path):
    v, optimizer = xg.Variable([1.0]), xg.optimizers.Adam(0.1)
    step(optimizer, [v])
    xg.save(path, {"v": v, "o": optimizer})
    a, b, other = xg.Variable([1.0]), xg.Variable([2.0]), xg.optimizers.Adam(0.1)
    step(other, [b, a])
    before = other.get_slot(b, "momentum").item()
    with pytest.raises(xg.errors.ArgumentError, match=r"slots for \[1\] variables"):
        xg.load(path, into={"v": a, "o": other})
    assert other.get_slot(b, "momentum").item() == before


def test_another_optimizer_is_refused(path):
    xg.save(path, {"o": xg.optimizers.Adam(0.1)})
    with pytest.raises(xg.errors.CheckpointError, match=r"Adam 'o' .*tree\['o'\], SGD"):
        xg.load(path, into={"o": xg.optimizers.SGD(0.1)})


def test_damaged_file_changes_nothing(path):
    v = xg.Variable(np.arange(100.0))
    xg.save(path, [v])
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    w = xg.Variable(np.zeros(100))
    with pytest.raises(xg.errors.CheckpointError, match="damaged"):
        xg.load(path, into=[w])
    assert not w.numpy().any()
