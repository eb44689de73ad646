"""Many small variables take their steps together, with the bits of steps one by one.

One by one is the plain account of `Backend.replace`: a composition of operations for each variable."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optimizer_cases import CASES, OPTIONS

import xgrad as xg
from xgrad.backends import backend_named, gathering, replacing
from xgrad.backends.base import Backend
from xgrad.backends.gathering import FEWEST, SMALL, TOGETHER
from xgrad.optimizers import SGD, Adam, AdamW

# Small ones of several shapes, one that is empty, and two that are too large to be joined.
SHAPES = [
    (5,),
    (3, 4),
    (),
    (2, 1, 3),
    (5,),
    (0, 3),
    (7, 2),
    (),
    (1,),
    (9,),
    (4, 3),
    (600,),
    (2, 400),
]
ELEMENTWISE = [case for case in CASES if case[0] not in ("Lamb", "Adafactor", "Muon")]
ELEMENTWISE += [("Adam", options) for options in OPTIONS]
ELEMENTWISE += [("SGD", options) for options in OPTIONS]
ELEMENTWISE += [
    ("Adam", {"skip_nonfinite": True}),
    ("Adam", {"groups": lambda v: {"beta_1": 0.5, "weight_decay": 0.1} if v.ndim == 1 else None}),
    ("RMSprop", {"groups": lambda v: {"learning_rate": 0.01 * v.ndim}}),
]


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(backend_named("numpy")), "replace", Backend.replace)


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many variables were joined, call by call."""
    found: list[int] = []
    original = replacing.replace_gathered

    def count(jobs: Any, whole: Any) -> Any:
        found.append(len(jobs))
        return original(jobs, whole)

    monkeypatch.setattr(replacing, "replace_gathered", count)
    return found


def draw(rng: Any, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    x = rng.normal(size=shape)
    return np.asarray(x + 1j * x[::-1] if dtype == "complex128" and shape else x).astype(dtype)


def trained(kind: str, arguments: dict[str, Any], *dtypes: str) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    kinds = [dtypes[i % len(dtypes)] for i in range(3 * len(SHAPES))]
    shapes = [shape for shape in SHAPES for _ in range(3)]
    variables = [xg.Variable(draw(rng, s, d)) for s, d in zip(shapes, kinds, strict=True)]
    optimizer = getattr(xg.optimizers, kind)(**{"learning_rate": 0.05, **arguments})
    for _ in range(7):
        grads = [draw(rng, s, d) for s, d in zip(shapes, kinds, strict=True)]
        optimizer.apply(grads, variables)
    return [v.numpy() for v in (*variables, *optimizer.variables)]


def same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for x, y in zip(found, expected, strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(("kind", "arguments"), ELEMENTWISE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_together_gives_the_bits_of_one_by_one(
    kind: str, arguments: dict[str, Any], dtype: str, request: pytest.FixtureRequest, joined: Any
) -> None:
    together = trained(kind, arguments, dtype)
    assert sum(joined) >= FEWEST
    request.getfixturevalue("one_by_one")
    same(together, trained(kind, arguments, dtype))


@pytest.mark.parametrize("arguments", [{}, {"clipnorm": 0.5}, {"amsgrad": True, "use_ema": True}])
def test_dtypes_mix(arguments: Any, request: pytest.FixtureRequest, joined: Any) -> None:
    dtypes = ("float16", "float32", "float64", "complex128")
    together = trained("Adam", arguments, *dtypes)
    assert len(joined) >= 3, "complex values have slots of another dtype"
    request.getfixturevalue("one_by_one")
    same(together, trained("Adam", arguments, *dtypes))


@pytest.mark.parametrize("kind", ["Lamb", "Adafactor", "Muon"])
def test_steps_with_norms_are_taken_alone(kind: str, joined: list[int]) -> None:
    w = small()
    getattr(xg.optimizers, kind)().apply(ones(w), w)
    assert not joined


def small(count: int = 20, size: int = 3) -> list[xg.Variable]:
    return [xg.Variable(np.arange(size) + i / 8, name=f"w{i}") for i in range(count)]


def ones(variables: list[xg.Variable]) -> list[np.ndarray]:
    return [np.ones(v.shape) for v in variables]


def test_all_small_ones_are_joined_and_large_ones_are_not(joined: list[int]) -> None:
    w = [*small(), *small(3, SMALL // 8 + 1), *small(4)]
    SGD(0.1).apply(ones(w), w)
    assert joined == [24]


def test_what_is_joined_has_a_limit(joined: list[int]) -> None:
    w = small(100, SMALL // 8)
    SGD(0.1).apply(ones(w), w)
    assert max(joined) == TOGETHER // SMALL
    assert sum(joined) <= 100 < sum(joined) + FEWEST


def test_other_numbers_are_joined_among_themselves(joined: list[int]) -> None:
    w = small(30)
    optimizer = AdamW()
    optimizer.exclude_from_weight_decay(w[:10])
    optimizer.apply(ones(w), w)
    assert sorted(joined) == [10, 20]


def test_every_norm_has_its_own_limit(joined: list[int]) -> None:
    w = small()
    optimizer = SGD(1.0, clipnorm=1.0)
    optimizer.apply([np.full(3, float(i)) for i in range(20)], w)
    assert joined == [20]
    for i, v in enumerate(w):
        step = np.arange(3) + i / 8 - v.numpy()
        assert np.linalg.norm(step) == pytest.approx(min(1.0, i * 3**0.5))


@pytest.mark.parametrize("pure_step", [False, True])
def test_a_mean_that_nobody_spoke_of_is_that_of_each_variable(
    pure_step: bool, joined: list[int]
) -> None:
    class Sloppy(xg.optimizers.Optimizer):
        """Should say `elementwise = False`."""

        def update_step(self, xp: Any, g: Any, w: Any, slots: Any, c: Any) -> Any:
            return w - g * xp.mean(g), {}

    w = small()
    grads = [np.full(3, float(i)) for i in range(20)]
    if pure_step:
        new, _ = Sloppy().update(grads, Sloppy().init(w), w)
    else:
        Sloppy().apply(grads, w)
        new = w
    assert not joined
    np.testing.assert_allclose(new[4].numpy(), np.arange(3) + 0.5 - 16.0)


def test_slots_of_another_shape_are_taken_alone(joined: list[int]) -> None:
    class Counting(xg.optimizers.Optimizer):
        slot_names = ("count",)

        def make_slots(self, w: Any, name: str) -> Any:
            return {"count": xg.zeros(())}

        def update_step(self, xp: Any, g: Any, w: Any, slots: Any, c: Any) -> Any:
            count = slots["count"] + 1.0
            return w - g * count, {"count": count}

    w = small()
    optimizer = Counting()
    for _ in range(2):
        optimizer.apply(ones(w), w)
    assert not joined
    np.testing.assert_array_equal(w[0].numpy(), np.arange(3) - 3.0)


# -- life between the steps --------------------------------------------------------------------------


def story(optimizer: Any) -> list[np.ndarray]:
    """Steps with everything that may come between them."""
    w = small()
    rng = np.random.default_rng(1)
    for k in range(6):
        if k == 2:
            w[4].assign([9.0, 8.0, 7.0])
            w.append(xg.Variable([1.0, 2.0], name="late"))
        grads: list[Any] = [rng.normal(size=v.shape) for v in w]
        if k % 2:
            grads[3] = None
        grads[5] = xg.IndexedSlices(xg.asarray([1.0, 2.0]), xg.asarray([0, 0]), (3,))
        if k == 4:
            optimizer.get_slot(w[6], "momentum").assign([0.0, 0.0, 1.0])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Gradients do not exist")
            optimizer.apply(grads, w)
    return [v.numpy() for v in (*w, *optimizer.variables)]


def test_between_steps_anything_may_happen(
    request: pytest.FixtureRequest, joined: list[int]
) -> None:
    together = story(Adam(0.1))
    assert min(joined) >= 19
    request.getfixturevalue("one_by_one")
    same(together, story(Adam(0.1)))


def test_what_somebody_holds_does_not_change() -> None:
    w = small()
    optimizer = Adam(0.1)
    optimizer.apply(ones(w), w)
    everything = [*w, *optimizer.variables]
    held = [*[v.array for v in everything], *[v.value() for v in everything], w[3].array[1:]]
    before = [np.array(getattr(x, "array", x)) for x in held]
    for _ in range(3):
        optimizer.apply(ones(w), w)
    same([np.asarray(getattr(x, "array", x)) for x in held], before)


def test_writing_into_one_array_leaves_the_others_alone() -> None:
    w = small()
    optimizer = SGD(0.5)
    optimizer.apply(ones(w), w)
    before = [v.numpy() for v in w]
    w[3].array[...] = 100.0
    same([v.numpy() for v in w[:3] + w[4:]], before[:3] + before[4:])


def test_a_tape_keeps_the_values_that_it_saw() -> None:
    w = small()
    with xg.GradientTape() as tape:
        y = sum(xg.sum(v**3) for v in w)
    SGD(0.1).apply(ones(w), w)
    for i, g in enumerate(tape.gradient(y, w)):
        np.testing.assert_allclose(g.numpy(), 3 * (np.arange(3) + i / 8) ** 2)


def test_a_tape_that_follows_them_warns() -> None:
    w = small()
    with xg.GradientTape() as tape:
        tape.watch(w[2])
        with pytest.warns(UserWarning, match="w2 was overwritten while a GradientTape follows it"):
            SGD(0.1).apply(ones(w), w)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("call", [0, 1])
def test_a_step_that_fails_in_the_middle_changes_nothing(
    error: type[BaseException], call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = [*small(), *small(2, 200_000), *[xg.Variable(np.ones(2, "float32")) for _ in range(10)]]
    grads = [np.ones(v.shape, v.dtype) for v in w]
    optimizer = Adam(0.1)
    optimizer.apply(grads, w)
    before = [v.numpy() for v in (*w, *optimizer.variables)]
    calls = iter(range(10))
    original = replacing.replace_gathered

    def fail(jobs: Any, whole: Any) -> Any:
        if next(calls) == call:
            raise error
        return original(jobs, whole)

    with monkeypatch.context() as patch:
        patch.setattr(replacing, "replace_gathered", fail)
        with pytest.raises(error):
            optimizer.apply(grads, w)
    same([v.numpy() for v in (*w, *optimizer.variables)], before)
    optimizer.apply(grads, w)
    assert int(optimizer.iterations) == 2


def test_a_failing_constraint_changes_nothing() -> None:
    def refuse(_x: Any) -> Any:
        raise RuntimeError

    w = [*small(), xg.Variable(np.ones(3), constraint=refuse)]
    before = [v.numpy() for v in w]
    optimizer = Adam(0.1)
    with pytest.raises(RuntimeError):
        optimizer.apply(ones(w), w)
    same([v.numpy() for v in w], before)
    assert optimizer.seen_variables() == []


def test_constraints_hold() -> None:
    w = [xg.Variable(np.ones(3), constraint=lambda x: xg.maximum(x, 0.75)) for _ in range(10)]
    SGD(1.0).apply(ones(w), w)
    same([v.numpy() for v in w], [np.full(3, 0.75)] * 10)


def test_a_variable_given_twice_is_stepped_twice(request: pytest.FixtureRequest) -> None:
    def run() -> list[np.ndarray]:
        w = small()
        Adam(0.1).apply_gradients([*zip(ones(w), w, strict=True), (np.ones(3), w[0])])
        return [v.numpy() for v in w]

    together = run()
    request.getfixturevalue("one_by_one")
    same(together, run())


# -- saving and recording ----------------------------------------------------------------------------


def run_steps(optimizer: Any, w: list[xg.Variable], steps: range) -> None:
    for k in steps:
        optimizer.apply([np.sin(k + np.arange(3.0) + i) for i in range(len(w))], w)


def test_a_resumed_run_gives_the_same_bits(tmp_path: Path) -> None:
    w, optimizer = small(), Adam(0.1, use_ema=True)
    run_steps(optimizer, w, range(4))
    xg.save(tmp_path / "state", {"w": w, "optimizer": optimizer.state_dict()})
    run_steps(optimizer, w, range(4, 8))
    again, other = small(), Adam(0.1, use_ema=True)
    state = xg.load(tmp_path / "state")
    for v, x in zip(again, state["w"], strict=True):
        v.assign(x)
    other.load_state_dict(state["optimizer"])
    run_steps(other, again, range(4, 8))
    same([v.numpy() for v in again], [v.numpy() for v in w])
    same(
        [x.numpy() for x in xg.tree.leaves(other.state_dict())],
        [x.numpy() for x in xg.tree.leaves(optimizer.state_dict())],
    )


def test_copies_are_no_larger_than_the_variable() -> None:
    w = small()
    SGD(0.1).apply(ones(w), w)
    assert w[0].array.base is not None
    assert copy.deepcopy(w[0]).array.base is None


def test_recorded_steps_are_those_taken_outside() -> None:
    def run(compiled: bool) -> list[np.ndarray]:
        w, optimizer = small(), Adam(0.1, weight_decay=0.1)
        step = lambda: optimizer.minimize(lambda: sum(xg.sum(v**2) for v in w), w)
        step()
        again = xg.function(step) if compiled else step
        for _ in range(3):
            again()
        step()
        return [v.numpy() for v in (*w, *optimizer.variables)]

    for x, y in zip(run(True), run(False), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12)


def test_joining_sorts_by_shape_and_gives_results_in_order() -> None:
    shapes = [shape for shape in SHAPES if shape]
    jobs = [
        gathering.Job((np.full(s, float(i)), np.full(s, float(i))), {}, (False,))
        for i, s in enumerate(shapes)
    ]
    made = gathering.replace_gathered(jobs, lambda job: (job.arrays[0] + job.arrays[1],))
    for i, (shape, (y,)) in enumerate(zip(shapes, made, strict=True)):
        assert y.shape == shape
        np.testing.assert_array_equal(y, np.full(shape, 2.0 * i))


# -- pure steps --------------------------------------------------------------------------------------


def pure(kind: str, arguments: dict[str, Any], watched: bool) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    params = [xg.asarray(rng.normal(size=s)) for s in (*SHAPES, *SHAPES)]
    optimizer = getattr(xg.optimizers, kind)(**{"learning_rate": 0.05, **arguments})
    state = optimizer.init(params)
    for _ in range(4):
        grads = [rng.normal(size=w.shape) for w in params]
        grads[3] = None
        if watched:
            with xg.GradientTape():
                params, state = optimizer.update(grads, state, params)
        else:
            params, state = optimizer.update(grads, state, params)
    return [x.numpy() for x in xg.tree.leaves([params, state])]


@pytest.mark.parametrize(("kind", "arguments"), [*ELEMENTWISE[::2], ("Lamb", {})])
def test_pure_steps_that_nobody_watches_give_the_bits_of_watched_ones(
    kind: str, arguments: dict[str, Any], joined: list[int]
) -> None:
    found = pure(kind, arguments, watched=False)
    joined.clear()
    same(found, pure(kind, arguments, watched=True))
    assert not joined, "a tape is told of every operation"


def test_pure_steps_that_nobody_watches_are_joined(joined: list[int]) -> None:
    pure("Adam", {"clipnorm": 0.5, "gradient_accumulation_steps": 2}, watched=False)
    assert len(joined) == 4


def test_pure_steps_change_nothing() -> None:
    params = [xg.asarray(np.ones(shape)) for shape in [(3,), (200_000,)] * 10]
    optimizer = Adam(0.1)
    state = optimizer.init(params)
    before = [x.numpy() for x in xg.tree.leaves([params, state])]
    optimizer.update(params, state, params)
    same([x.numpy() for x in xg.tree.leaves([params, state])], before)


def test_a_path_that_ends_in_a_pure_step_is_explained() -> None:
    w = xg.asarray(np.ones(3))
    optimizer = SGD(0.1)
    with xg.GradientTape() as tape:
        tape.watch(w)
        y = xg.sum(w**2)
    new, _ = optimizer.update(w, optimizer.init(w), w)
    with xg.GradientTape() as other:
        other.watch(w)
        z = xg.sum(new)
    assert other.gradient(z, w) is None
    assert "test_together.py" in str(other.explain(z, w))
    assert tape.gradient(y, w) is not None


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,), (0, 2, 3)], ids=str)
@pytest.mark.parametrize("name", sorted({case[0] for case in CASES}))
def test_variables_without_elements_take_part(name: str, shape: tuple[int, ...]) -> None:
    empty, other = xg.Variable(np.zeros(shape)), xg.Variable(np.ones((2, 3)))
    optimizer = getattr(xg.optimizers, name)(learning_rate=0.1)
    for _ in range(2):
        optimizer.apply([xg.zeros(shape), xg.ones((2, 3))], [empty, other])
    assert empty.shape == shape
    assert np.isfinite(other.numpy()).all()
    assert not np.array_equal(other.numpy(), np.ones((2, 3)))
