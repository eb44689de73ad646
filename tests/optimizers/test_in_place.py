"""Large arrays change in place, but only where nobody else sees them; and a step is all or nothing.

Every test compares with what plain NumPy gives on copies, or with the values from before.
"""

from __future__ import annotations

import gc
import signal
import threading
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest
from optimizer_cases import CASES, KINDS, OPTIONS

import xgrad as xg
from xgrad.backends import backend_named, replacing
from xgrad.backends.base import Backend
from xgrad.optimizers import SGD, Adam

N = 150_000  # more than a block of either dtype
START = np.linspace(-1.0, 1.0, N)
ONES = np.ones(N)


def large(name: str = "w", **arguments: Any) -> xg.Variable:
    return xg.Variable(START, name=name, **arguments)


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numpy without blocks: every step a composition of whole arrays."""
    kind = type(backend_named("numpy"))
    monkeypatch.setattr(kind, "replace", Backend.replace)


def trained(kind: str, arguments: dict[str, Any], dtype: str) -> list[np.ndarray]:
    shapes = [(N,), (400, 380), (3, 5)]
    rng = np.random.default_rng(7)
    variables = [xg.Variable(rng.normal(size=s), dtype=dtype) for s in shapes]
    optimizer = getattr(xg.optimizers, kind)(**{"learning_rate": 0.05, **arguments})
    for _ in range(4):
        grads = [rng.normal(size=s).astype(dtype) for s in shapes]
        optimizer.apply(grads, variables)
    return [v.numpy() for v in (*variables, *optimizer.variables)]


ELEMENTWISE = [c for c in CASES if c[0] not in ("Lamb", "Adafactor", "Muon")]
ELEMENTWISE += [(kind, o) for kind in KINDS[:2] for o in OPTIONS]


@pytest.mark.parametrize(("kind", "arguments"), ELEMENTWISE)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_blocks_give_the_bits_of_the_composition(
    kind: str, arguments: dict[str, Any], dtype: str, request: pytest.FixtureRequest
) -> None:
    blocks = trained(kind, arguments, dtype)
    request.getfixturevalue("composed")
    for x, expected in zip(blocks, trained(kind, arguments, dtype), strict=True):
        np.testing.assert_array_equal(x, expected)


# -- memory ----------------------------------------------------------------------------------------


def test_arrays_that_nobody_sees_are_reused() -> None:
    w = large()
    optimizer = Adam()
    optimizer.apply([ONES], [w])
    before = [id(v.array) for v in (w, *optimizer.variables[1:])]
    optimizer.apply([ONES], [w])
    assert [id(v.array) for v in (w, *optimizer.variables[1:])] == before


def test_a_step_needs_little_memory() -> None:
    variables = [xg.Variable(np.zeros(N, "float32")) for _ in range(60)]
    grads = [np.ones(N, "float32") for _ in variables]
    optimizer = Adam()
    optimizer.apply(grads, variables)
    tracemalloc.start()
    optimizer.apply(grads, variables)
    extra = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert extra < 0.1 * sum(g.nbytes for g in grads)


def holders() -> dict[str, Any]:
    return {
        "tensor": lambda w: w.value(),
        "array": lambda w: w.array,
        "view": lambda w: w.array[1:],
        "reversed": lambda w: w.array[::-1],
        "buffer": lambda w: memoryview(w.array),
        "dlpack": lambda w: np.from_dlpack(w.array),
        "reshaped": lambda w: xg.reshape(w, (2, -1)),
        "transposed view": lambda w: w.array.reshape(2, -1).T,
    }


@pytest.mark.parametrize("name", holders())
def test_what_somebody_holds_does_not_change(name: str) -> None:
    w = large()
    held = holders()[name](w)
    before = np.array(getattr(held, "array", held))
    SGD(0.1).apply([ONES], [w])
    np.testing.assert_array_equal(np.asarray(getattr(held, "array", held)), before)
    np.testing.assert_allclose(w.numpy(), START - 0.1)


def test_saved_state_does_not_change() -> None:
    w = large()
    optimizer = Adam()
    optimizer.apply([ONES], [w])
    state = optimizer.state_dict()
    before = [x.numpy() for x in xg.tree.leaves(state)]
    optimizer.apply([ONES], [w])
    after = [x.numpy() for x in xg.tree.leaves(state)]
    assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))


def test_loaded_state_does_not_change() -> None:
    w = large()
    first, second = Adam(), Adam()
    first.apply([ONES], [w])
    arrays = first.state_dict()
    momentum = arrays["momentum"][0].array
    before = momentum.copy()
    del first
    second.load_state_dict(arrays)
    second.apply([ONES], [w])
    second.apply([ONES], [w])
    np.testing.assert_array_equal(momentum, before)


def test_the_gradient_may_be_the_value_itself() -> None:
    w = large()
    SGD(0.5).apply([w.value()], [w])
    np.testing.assert_array_equal(w.numpy(), 0.5 * START)
    v = large()
    SGD(0.5).apply([v.array], [v])
    np.testing.assert_array_equal(v.numpy(), 0.5 * START)


def test_the_gradient_may_be_a_slot() -> None:
    w = large()
    optimizer = SGD(1.0, momentum=0.5)
    optimizer.apply([ONES], [w])
    slot = optimizer.get_slot(w, "momentum")
    optimizer.apply([slot], [w])
    np.testing.assert_array_equal(optimizer.get_slot(w, "momentum").numpy(), 0.5 * ONES)  # type: ignore[union-attr]


# -- under tapes -----------------------------------------------------------------------------------


def test_a_persistent_tape_keeps_the_values_that_it_saw() -> None:
    w = large()
    optimizer = SGD(0.1, momentum=0.9)
    with xg.GradientTape(persistent=True) as tape:
        y = xg.sum(w**3)
    for _ in range(3):
        optimizer.apply([ONES], [w])
    np.testing.assert_allclose(tape.gradient(y, w).numpy(), 3 * START**2)


def test_reads_before_and_after_a_step_count_with_their_values() -> None:
    w = large()
    with xg.GradientTape() as tape:
        before = xg.sum(w**2)
        with pytest.warns(UserWarning, match="overwritten"):
            SGD(1.0).apply([ONES], [w])
        y = before + xg.sum(w**2)
    np.testing.assert_allclose(tape.gradient(y, w).numpy(), 2 * START + 2 * (START - 1))


def test_a_tape_that_was_dropped_holds_nothing() -> None:
    w = large()
    optimizer = SGD(0.1)
    for _ in range(2):
        with xg.GradientTape() as tape:
            y = xg.sum(w**2)
        optimizer.apply([tape.gradient(y, w)], [w])
        del tape, y
    before = id(w.array)
    optimizer.minimize(lambda: xg.sum(w**2))
    assert id(w.array) == before


def test_training_in_place_equals_training_with_copies() -> None:
    w, copy = large(), START.copy()
    optimizer = SGD(0.1)
    for _ in range(3):
        optimizer.minimize(lambda: xg.sum(w**2 + w))
        copy = copy - 0.1 * (2 * copy + 1)
    np.testing.assert_allclose(w.numpy(), copy, rtol=1e-13)


# -- layouts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("gradient_order", ["C", "F", "strided", "broadcast"])
def test_memory_order_does_not_matter(order: Any, gradient_order: str) -> None:
    values = START.reshape(300, 500)
    g = {
        "C": np.ascontiguousarray(values),
        "F": np.asfortranarray(values),
        "strided": np.repeat(values, 2, axis=1)[:, ::2],
        "broadcast": np.broadcast_to(values[0], values.shape),
    }[gradient_order]
    w = xg.Variable(np.array(values, order=order))
    optimizer = SGD(0.5, momentum=0.5)
    optimizer.apply([g], [w])
    optimizer.apply([g], [w])
    np.testing.assert_allclose(w.numpy(), values - 0.5 * g - 0.75 * g)


def test_variables_of_several_dtypes_and_sizes() -> None:
    sizes = [(1, "float32"), (N, "float32"), (N, "float64"), (7, "float64"), (N, "float16")]
    variables = [xg.Variable(np.ones(n), dtype=dtype) for n, dtype in sizes]
    optimizer = SGD(0.5, momentum=0.5)
    for _ in range(2):
        optimizer.apply([np.ones(v.shape, v.dtype) for v in variables], variables)
    assert all(np.all(v.numpy() == -0.25) for v in variables)
    assert [str(v.dtype) for v in variables] == [dtype for _, dtype in sizes]


def test_a_large_variable_given_twice_is_changed_twice() -> None:
    w = large()
    SGD(0.1, momentum=0.5).apply_gradients([(ONES, w), (ONES, w)])
    np.testing.assert_allclose(w.numpy(), START - 0.1 - 0.15)


def test_a_function_that_is_not_elementwise_is_composed() -> None:
    class Centered(xg.optimizers.Optimizer):
        def update_step(self, xp: Any, g: Any, w: Any, slots: Any, c: Any) -> Any:
            return w - c["learning_rate"] * (g - xp.mean(g)), {}

    w = large()
    Centered(1.0).apply([START + 5.0], [w])
    np.testing.assert_allclose(w.numpy(), START - START, atol=1e-12)


# -- all or nothing --------------------------------------------------------------------------------


def test_failing_constraint_of_a_later_variable_changes_nothing() -> None:
    a = large("a")
    b = large("b", constraint=lambda w: w[:1])
    optimizer = Adam()
    optimizer.build([a, b])
    before = [v.numpy() for v in (a, b, *optimizer.variables)]
    with pytest.raises(xg.errors.ShapeError, match="constraint of b"):
        optimizer.apply([ONES, ONES], [a, b])
    after = [v.numpy() for v in (a, b, *optimizer.variables)]
    assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))


def test_constraint_of_a_large_variable_is_applied() -> None:
    w = large(constraint=lambda w: xg.maximum(w, 0.0))
    SGD(0.5).apply([ONES], [w])
    np.testing.assert_allclose(w.numpy(), np.maximum(START - 0.5, 0.0))


def test_warning_turned_error_changes_nothing() -> None:
    w = large()
    with xg.GradientTape() as tape:
        tape.watch(w)
        with pytest.raises(UserWarning, match="overwritten"):
            SGD(0.5).apply([ONES], [w])
    np.testing.assert_array_equal(w.numpy(), START)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="signals go to the main thread",
)
@pytest.mark.filterwarnings(  # of jax's, where the interruption comes while it hears of a collection
    "ignore:Exception ignored in. <function _xla_gc_callback:pytest.PytestUnraisableExceptionWarning"
)
def test_an_interrupted_step_is_done_wholly_or_not_at_all() -> None:
    class InterruptedError_(Exception):
        pass

    def interrupt(*_: Any) -> None:
        raise InterruptedError_

    variables = [xg.Variable(np.zeros(N, "float32")) for _ in range(8)]
    grads = [np.ones(N, "float32") for _ in variables]
    optimizer = SGD(1.0, momentum=1.0)
    optimizer.apply(grads, variables)
    former = signal.signal(signal.SIGALRM, interrupt)
    interrupted = 0
    try:
        for trial in range(60):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-4 + 1e-4 * (trial % 20))
                optimizer.apply(grads, variables)
                signal.setitimer(signal.ITIMER_REAL, 0.0)
            except InterruptedError_:
                interrupted += 1
            steps = int(optimizer.iterations)
            velocity = -steps
            value = -steps * (steps + 1) // 2
            for v, slot in zip(variables, optimizer.variables[1:], strict=True):
                assert np.all(slot.array == velocity)
                assert np.all(v.array == value)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, former)
    assert interrupted > 0


def test_threads_may_take_steps_at_the_same_time() -> None:
    def work(results: list[Any]) -> None:
        w = large()
        optimizer = SGD(0.1)
        for _ in range(5):
            optimizer.apply([ONES], [w])
        results.append(w.numpy())

    results: list[Any] = []
    threads = [threading.Thread(target=work, args=(results,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    for found in results:
        np.testing.assert_allclose(found, START - 0.5)


def test_a_hyperparameter_that_changes_counts_from_the_next_step() -> None:
    """What is planned for a step of large arrays is kept between steps, as long as it is right."""
    first, second = (xg.optimizers.Adam(0.1) for _ in range(2))
    large, small = xg.Variable(np.ones(100_000)), xg.Variable(np.ones(2))  # planned, and not
    for step in range(4):
        if step == 2:
            first.beta_1 = second.beta_1 = 0.2
            first.epsilon = second.epsilon = 1e-2
        first.apply_gradients([(xg.full((100_000,), 0.5 + step), large)])
        second.apply_gradients([(xg.full((2,), 0.5 + step), small)])
    np.testing.assert_allclose(large.numpy()[:2], small.numpy(), rtol=1e-13)


def test_steps_are_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    plan = replacing.plan
    monkeypatch.setattr(replacing, "plan", lambda *a: made.append(1) or plan(*a))
    optimizer = xg.optimizers.Adam(0.1)
    w = xg.Variable(np.ones(100_000))
    for _ in range(3):
        optimizer.apply_gradients([(xg.ones(100_000), w)])
    assert len(made) == 1


def test_what_is_kept_does_not_keep_the_optimizer_alive() -> None:
    optimizer = xg.optimizers.Adam(0.1)
    w = xg.Variable(np.ones(100_000))
    optimizer.apply_gradients([(xg.ones(100_000), w)])
    gone = weakref.ref(optimizer)
    gc.disable()
    try:
        del optimizer
        assert gone() is None
    finally:
        gc.enable()
