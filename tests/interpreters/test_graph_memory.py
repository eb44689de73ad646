"""What a Graph holds: nothing but what its living results need. Without the collector's help."""

from __future__ import annotations

import gc
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
    """Nothing is freed but by reference counts."""
    gc.collect()
    gc.disable()
    yield gc.collect
    gc.enable()


@pytest.fixture
def held():
    """How many arrays of ELEMENTS float64 are alive beyond those from before."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    yield lambda: round((tracemalloc.get_traced_memory()[0] - before) / BYTES)
    tracemalloc.stop()


def nodes_alive():
    return sum(issubclass(type(o), Node) for o in gc.get_objects())


def test_dead_branch_frees_at_once(held, no_collector):
    x = xg.asarray(np.ones(ELEMENTS))
    start = held()
    with xg.Graph():
        branch = x
        for _ in range(10):
            branch = xg.exp(xg.tanh(branch))
        assert held() - start >= 20
        del branch
        assert held() == start
        assert xg.gradients(x * 2.0, x)[0].shape == x.shape


def test_gradients_that_are_dropped_free_at_once(held, no_collector):
    x = xg.asarray(np.ones(ELEMENTS))
    with xg.Graph():
        y = xg.exp(x)
        start = held()
        g = xg.gradients(xg.gradients(y, x), x)
        assert held() > start
        del g
        assert held() == start


def test_dropping_the_graph_frees_what_its_results_held(held, no_collector):
    x = xg.asarray(np.ones(ELEMENTS))
    start = held()
    with xg.Graph() as graph:
        y = xg.sum(xg.exp(xg.tanh(x)))
        (g,) = xg.gradients(y, x)
    assert held() - start >= 3
    del graph
    assert held() - start == 1  # g itself
    assert g.shape == x.shape


def test_graph_without_a_name_goes_with_its_block(no_collector):
    with xg.Graph():
        x = xg.constant(np.ones(8))
        kept = weakref.ref(xg.exp(x).array)
        y = xg.exp(x)
        array = weakref.ref(y.array)
        z = xg.sum(y)
        del y
        assert kept() is None
        assert array() is not None
    assert array() is None
    assert z.item() == pytest.approx(8 * np.e)


def test_constants_that_are_dropped_are_not_remembered(no_collector):
    with xg.Graph() as graph:
        _ = xg.constant(1.0) * 2.0
        start = nodes_alive()
        for _ in range(5000):
            _ = xg.constant(1.0) * 2.0
        assert nodes_alive() <= start + 2
        assert len(graph.alone[0].watched) <= 2
        assert len(graph.alone[0].nodes) < 4000


def test_no_cycles_are_left(no_collector):
    x = xg.Variable(np.ones(8))
    for _ in range(100):
        with xg.Graph():
            c = xg.constant(2.0)
            y = xg.sum(xg.exp(x * c))
            xg.gradients(xg.gradients(y, x), c)
            xg.hessians(y, x)
        del c, y
    assert no_collector() == 0


def test_optimisation_inside_a_graph_keeps_no_earlier_steps(no_collector):
    with xg.Graph():
        w = xg.Variable([1.0, 2.0])
        for i in range(200):
            loss = xg.sum(w * w)
            (g,) = xg.gradients(loss, w)
            w.assign_sub(0.1 * g)
            if i == 10:
                early = nodes_alive()
        assert nodes_alive() == early


def test_variables_made_inside_go_with_the_graph(no_collector):
    with xg.Graph() as graph:
        made = weakref.ref(xg.Variable(1.0))
        assert made() is not None
    del graph
    assert made() is None


def test_variables_from_outside_are_not_held(no_collector):
    outside = xg.Variable(1.0)
    with xg.Graph() as graph:
        y = outside * 2.0
        held = weakref.ref(outside)
        del outside
        assert held() is None
    assert y.item() == 2.0
    assert graph.variables() == []
