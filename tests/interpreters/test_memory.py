"""What tapes keep, what they free and when; without the cycle collector's help."""

from __future__ import annotations

import contextlib
import gc
import time
import tracemalloc
import weakref

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.node import Node

ELEMENTS = 1 << 16
BYTES = 8 * ELEMENTS


@pytest.fixture
def no_collector():
    """Nothing is freed but by reference counts; then say what the collector finds."""
    gc.collect()
    gc.disable()
    yield gc.collect
    gc.enable()


@pytest.fixture
def held():
    """How many arrays of ELEMENTS float64 are alive beyond those at the first call.

    Counted from there, because what was made before that, such as modules, is no whole array."""
    tracemalloc.start()
    first = []

    def count():
        first.append(tracemalloc.get_traced_memory()[0])
        return round((first[-1] - first[0]) / BYTES)

    yield count
    tracemalloc.stop()


def nodes_alive():
    return sum(issubclass(type(o), Node) for o in gc.get_objects())


KEEPS_NOTHING = {
    "two_additions": lambda x: (x + 1.0) + 2.0,
    "subtraction": lambda x: 1.0 - (x - 1.0),
    "negative": lambda x: -(x + 1.0),
    "sum": lambda x: xg.sum(x + 1.0),
    "mean": lambda x: xg.mean(x + 1.0),
    "reshape": lambda x: xg.reshape(x + 1.0, (2, -1)),
    "slice": lambda x: xg.sum((x + 1.0)[1:]),
    "concat": lambda x: xg.sum(xg.concat([x + 1.0, x - 1.0])),
    "scaling": lambda x: (x * 2.0) / 3.0,
}


@pytest.mark.parametrize("f", KEEPS_NOTHING.values(), ids=KEEPS_NOTHING.keys())
def test_operation_that_needs_only_shapes_keeps_no_array(f, held, no_collector):
    x = xg.Variable(np.ones(ELEMENTS))
    f(x)  # what is made once
    start = held()
    with xg.GradientTape() as tape:
        y = f(x)
        kept = held() - start - round(y.array.nbytes / BYTES)
    assert kept == 0
    assert tape.gradient(y, x).shape == x.shape


@pytest.mark.parametrize(
    ("f", "count"),
    [
        (lambda x: xg.exp(x) + 1.0, 1),
        (lambda x: xg.tanh(x) + 1.0, 1),
        (lambda x: xg.sin(x + 1.0) + 1.0, 1),
        (lambda x: (x + 1.0) * (x + 2.0) + 1.0, 2),
    ],
    ids=["exp", "tanh", "sin", "product"],
)
def test_operation_keeps_what_its_rule_names_and_no_more(f, count, held, no_collector):
    x = xg.Variable(np.ones(ELEMENTS))
    f(x)  # what is made once
    start = held()
    with xg.GradientTape() as tape:
        y = f(x)
        assert held() - start - 1 == count
    assert tape.gradient(y, x).shape == x.shape


def test_dead_branch_frees_at_once(held, no_collector):
    x = xg.Variable(np.ones(ELEMENTS))
    start = held()
    with xg.GradientTape() as tape:
        branch = x
        for _ in range(10):
            branch = xg.exp(xg.tanh(branch))
        assert held() - start >= 20
        del branch
        assert held() == start
        y = x * 2.0
    assert tape.gradient(y, x).shape == x.shape


def test_dead_results_of_a_decomposition_free_at_once(no_collector):
    x = xg.Variable(np.eye(3) + 1.0)
    with xg.GradientTape():
        u, s, vh = xg.linalg.svd(x)
        kept = weakref.ref(u.node.parents[0])
        del u, vh
        assert kept() is not None
        del s
        assert kept() is None


def test_second_derivatives_of_a_decomposition_leave_nothing_to_collect(no_collector):
    x = xg.Variable(np.diag([1.0, 2.0, 3.0]) + 0.1)
    gc.collect()
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = xg.sum(xg.linalg.eigh(x).eigenvectors ** 3)  # the eigenvalues are gone by now
        g = inner.gradient(y, x)
    assert outer.gradient(g, x, g).shape == (3, 3)
    del outer, inner, y, g
    assert gc.collect() == 0


@pytest.mark.parametrize(
    "cut", [xg.stop_gradient, xg.sign, lambda t: t > 0.0], ids=["stop_gradient", "sign", "greater"]
)
def test_branch_behind_a_cut_is_freed_although_the_result_lives(cut, no_collector):
    x = xg.Variable(np.ones(8))
    with xg.GradientTape() as tape:
        branch = xg.exp(xg.tanh(x) * 2.0)
        kept = weakref.ref(branch.array)
        result = cut(xg.exp(branch))
        del branch
        assert kept() is None
        y = x * result
    assert tape.gradient(y, x).shape == (8,)


def test_backward_frees_as_it_goes(held, no_collector):
    x = xg.Variable(np.ones(ELEMENTS))
    seen = []
    start = held()
    with xg.GradientTape() as tape:
        y = x
        for _ in range(10):
            y = xg.tanh(y)
    forward = held() - start
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    g = tape.gradient(y, x)
    peak = round((tracemalloc.get_traced_memory()[1] - before) / BYTES)
    seen.append(held() - start)
    assert forward == 10
    assert peak <= 4  # the cotangent, two temporaries of the rule, what is about to be freed
    assert seen == [2]  # y and g, although the tape is alive
    assert g.shape == x.shape


def test_persistent_backward_keeps_what_the_tape_kept(held, no_collector):
    x = xg.Variable(np.ones(ELEMENTS))
    start = held()
    with xg.GradientTape(persistent=True) as tape:
        y = x
        for _ in range(10):
            y = xg.tanh(y)
    for _ in range(3):
        tape.gradient(y, x)
        assert held() - start == 10
    del tape
    assert held() - start == 1


def test_arrays_of_a_branch_that_no_target_needs_are_freed_by_gradient(no_collector):
    x = xg.Variable(np.ones(4))
    with xg.GradientTape() as tape:
        middle = xg.exp(x)
        kept = weakref.ref(middle.array)
        other = middle * middle
        y = x * x
        del middle
    tape.gradient(y, x)
    assert kept() is None
    assert other.shape == (4,)


def test_deleting_the_tape_frees_although_the_target_lives(held, no_collector):
    x = xg.Variable(np.ones(ELEMENTS))
    start = held()
    with xg.GradientTape(persistent=True) as tape:
        y = x
        for _ in range(10):
            y = xg.tanh(y)
    del tape
    assert held() - start == 1
    assert y.shape == x.shape


def test_outer_tape_keeps_what_the_inner_gradient_would_free(no_collector):
    x = xg.Variable(np.full(4, 2.0))
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = xg.exp(x)
            z = y * y
        g = inner.gradient(z, x)
        kept = weakref.ref(y.array)
        del y, z, inner
        assert kept() is not None
    assert outer.gradient(g, x) is not None
    assert kept() is None


def test_closing_the_outer_tape_first_leaves_the_inner_usable():
    x = xg.Variable(2.0)
    with xg.GradientTape() as outer, xg.GradientTape() as inner:
        y = x**3
    assert float(outer.gradient(y, x)) == 12.0
    del outer
    assert float(inner.gradient(y, x)) == 12.0


def test_explain_works_after_gradient_until_the_tape_is_dropped(no_collector):
    x = xg.Variable([1.0, 2.0], name="x")
    with xg.GradientTape() as tape:
        y = xg.sum(xg.exp(x))
    tape.gradient(y, x)
    assert tape.explain(y, x).connected
    before = nodes_alive()
    del tape, y
    assert nodes_alive() < before


def once(x):
    with xg.GradientTape() as tape:
        y = xg.sum(xg.exp(x) * x)
    tape.gradient(y, x)


def persistent(x):
    with xg.GradientTape(persistent=True) as tape:
        y = xg.sum(xg.exp(x) * x)
        tape.gradient(y, x)
    tape.gradient(y, x)


def nested(x):
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = xg.sum(xg.exp(x) * x)
        g = inner.gradient(y, x)
    outer.gradient(g, x)


def watching_intermediates(x):
    with xg.GradientTape(persistent=True) as tape:
        y = tape.watch(x * 2.0)
        z = tape.watch(xg.exp(y))
    tape.gradient(z, [x, y])


def watching_intermediates_nested(x):
    with xg.GradientTape() as outer, xg.GradientTape(persistent=True) as inner:
        y = outer.watch(x * 2.0)
        z = inner.watch(xg.exp(y))
        g = inner.gradient(z, y)
    outer.gradient(g, y)


def never_differentiated(x):
    with xg.GradientTape() as tape:
        y = tape.watch(x * 2.0)
        xg.exp(y)


def used_up_by_reset(x):
    with xg.GradientTape(persistent=True) as tape:
        y = tape.watch(x * 2.0)
        tape.reset()
        with tape.stop_recording():
            y = xg.exp(y)
        z = xg.exp(y) * x
    tape.gradient(z, x)


def refused_arguments(x):
    with xg.GradientTape() as tape:
        y = x * 2.0
    for wrong in (None, 1.0, [None]):
        with contextlib.suppress(TypeError):
            tape.gradient(wrong, x)
    with contextlib.suppress(ValueError):
        tape.gradient(y, x, output_gradients=np.ones(7))
    tape.gradient(y, x)


def refused_operation(x):
    with xg.GradientTape() as tape:
        y = xg.exp(x)
        with contextlib.suppress(xg.errors.ShapeError):
            y @ xg.ones((3, 3))
        with contextlib.suppress(TypeError):
            np.asarray(y)
    tape.gradient(y, x)


def interrupted(x):
    with contextlib.suppress(KeyError), xg.GradientTape() as tape:
        tape.watch(xg.exp(x))
        raise KeyError


def cut(x):
    with xg.GradientTape() as tape:
        y = xg.floor(x) + xg.stop_gradient(xg.exp(x)) + x
    tape.gradient(y, x)
    str(tape.explain(y, x))


def several_outputs(x):
    with xg.GradientTape() as tape:
        y = xg.sum(xg.stack(xg.unstack(x)) ** 2)
    tape.gradient(y, x)


SESSIONS = [
    once,
    persistent,
    nested,
    watching_intermediates,
    watching_intermediates_nested,
    never_differentiated,
    used_up_by_reset,
    refused_arguments,
    refused_operation,
    interrupted,
    cut,
    several_outputs,
]


@pytest.mark.parametrize("session", SESSIONS, ids=lambda f: f.__name__)
def test_hundred_tapes_leave_nothing_to_collect(session, no_collector):
    x = xg.Variable([1.0, 2.0])
    session(x)  # what is made once: plans, implementations
    no_collector()
    before = nodes_alive()
    for _ in range(100):
        session(x)
    assert nodes_alive() == before
    assert no_collector() == 0


def test_running_total_keeps_no_graph_of_earlier_tapes(no_collector):
    x = xg.Variable([1.0, 2.0])
    total = xg.asarray(0.0)
    for i in range(200):
        with xg.GradientTape() as tape:
            loss = xg.sum(xg.exp(x))
            total = total + xg.stop_gradient(loss)
        tape.gradient(loss, x)
        if i == 10:
            early = nodes_alive()
    assert nodes_alive() == early
    assert total.shape == ()


def test_optimisation_keeps_no_graph_of_earlier_steps(no_collector):
    w = xg.asarray([1.0, 2.0])
    for i in range(200):
        with xg.GradientTape() as tape:
            tape.watch(w)
            loss = xg.sum(w * w)
        w = w - 0.1 * tape.gradient(loss, w)
        if i == 10:
            early = nodes_alive()
    assert nodes_alive() == early


@pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside"])
def test_watching_the_result_of_an_earlier_tape_keeps_no_graph_of_it(inside, no_collector):
    """Optimisation with the update recorded: the graph of a step must go with its tape."""
    w = xg.asarray([1.0, 2.0])
    for i in range(200):
        with xg.GradientTape(persistent=True) as tape:
            tape.watch(w)
            loss = xg.sum(w * w)
            if inside:
                w = w - 0.1 * tape.gradient(loss, w)
        if not inside:
            w = w - 0.1 * tape.gradient(loss, w)
        if i == 10:
            early = nodes_alive()
    assert nodes_alive() == early


def test_watching_the_result_of_an_open_tape_stays_connected():
    x = xg.Variable(3.0)
    with xg.GradientTape() as first:
        y = x * x
        with xg.GradientTape() as second:
            second.watch(y)
            z = y * 5.0
    assert float(second.gradient(z, y)) == 5.0
    assert float(first.gradient(z, x)) == 30.0


def test_tape_that_was_never_left_is_freed_with_its_thread_state(no_collector):
    x = xg.Variable([1.0, 2.0])
    tape = xg.GradientTape()
    tape.__enter__()
    y = tape.watch(x * 2.0)
    tape.__exit__(None, None, None)
    node = weakref.ref(y.node)
    del tape, y
    assert node() is None


def chain(length, drop):
    """Time to record and differentiate `length` ops, then to free them, in seconds per op."""
    x = xg.Variable(1.0)
    start = time.perf_counter()
    with xg.GradientTape() as tape:
        y = x
        for _ in range(length):
            y = y * 1.0
    if drop == "target":
        del y
    elif drop == "tape":
        del tape
    elif drop == "both":
        g = tape.gradient(y, x)
        del y, tape
        assert float(g) == 1.0
    return (time.perf_counter() - start) / length


@pytest.mark.parametrize("drop", ["target", "tape", "both"])
def test_chain_of_a_hundred_thousand_operations(drop):
    """Neither the walk nor freeing the nodes may recurse: 1000 frames are Python's limit."""
    assert chain(100_000, drop) > 0


def test_deep_graph_saves_arrays_and_is_freed_without_recursion():
    x = xg.Variable(0.5)
    with xg.GradientTape() as tape:
        y = x
        for _ in range(100_000):
            y = xg.sin(y)
    last = weakref.ref(y.node)
    del tape, y
    assert last() is None


def test_deep_graph_of_second_order():
    x = xg.Variable(1.0)
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = x
            for _ in range(5_000):
                y = y * 1.0
            z = y * y
        g = inner.gradient(z, x)
    assert float(outer.gradient(g, x)) == 2.0


def test_deep_graph_is_explained_without_recursion():
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = x
        for _ in range(20_000):
            y = y * 1.0
    assert tape.explain(y, x).connected


@pytest.mark.slow
def test_chain_of_a_million_operations():
    assert chain(1_000_000, "both") > 0


def test_open_tape_forgets_dropped_branches_whatever_the_rhythm():
    """A product with a number keeps no array, so only every second node is registered."""
    x = xg.Variable(np.ones(2))
    kept = []
    for _ in range(2):
        with xg.GradientTape(persistent=True) as tape:
            for _ in range(20_000):
                xg.tanh(x * 1.1)
            kept.append(len(tape._trace.nodes))
            x * 1.1  # now the other serial numbers are the registered ones
            for _ in range(20_000):
                xg.tanh(x * 1.1)
            kept.append(len(tape._trace.nodes))
    assert max(kept) <= 2048
