"""The compiled walk back finds what the one in Python does, to the last bit."""

import sys
import weakref

import numpy as np
import pytest
from programs import program

import xgrad as xg
from xgrad.interpreters import backward

pytestmark = pytest.mark.skipif(
    backward._compiled is None,
    reason="the hot paths were not compiled here (hatch_build.py), or XGRAD_SPEEDUPS=0",
)


@pytest.fixture
def both_ways(monkeypatch):
    """A function's result with the walk in C, and with the one in Python."""

    def run(function):
        fast = function()
        with monkeypatch.context() as patch:
            patch.setattr(backward, "_compiled", None)
            return fast, function()

    return run


@pytest.mark.parametrize("seed", range(120))
def test_random_programs(seed, both_ways):
    function = program(seed)

    def gradients():
        inputs = [xg.Variable(x) for x in function.inputs]
        with xg.GradientTape(persistent=bool(seed % 3)) as tape:
            y = function(xg, *inputs)
        sources = inputs if seed % 2 else [y, *inputs[:1]]  # not all that is watched; and results
        found = tape.gradient(y, sources)
        if seed % 3:
            found += tape.gradient(y, sources)
        return [None if g is None else (g.dtype, g.numpy().tobytes()) for g in found]

    fast, slow = both_ways(gradients)
    assert fast == slow


def test_parts_that_add_up_in_place(both_ways):
    def gradient():
        x = xg.Variable(np.linspace(0.0, 1.0, 6))
        with xg.GradientTape() as tape:
            y = xg.sum(x[1:] * x[:-1] + x[0]) + x[3] ** 2
        return tape.gradient(y, x).numpy().tobytes()

    fast, slow = both_ways(gradient)
    assert fast == slow


def test_results_on_the_way(both_ways):
    def gradients():
        x = xg.Variable([0.5, 1.0])
        with xg.GradientTape() as tape:
            y = xg.exp(x)
            z = xg.sin(y) * x
        return [g.numpy().tobytes() for g in tape.gradient(z, [y, z, x])]

    fast, slow = both_ways(gradients)
    assert fast == slow


def test_zero_cotangents_where_a_derivative_is_infinite(both_ways):
    def gradient():
        x = xg.Variable([0.0, 1.0])
        with xg.GradientTape() as tape, np.errstate(all="ignore"):
            y = xg.sum(xg.where(x > 0, xg.log(x) / x, 0.0))
        return tape.gradient(y, x).tolist()

    fast, slow = both_ways(gradient)
    assert fast == slow == [0.0, 1.0]


@pytest.mark.parametrize("persistent", [False, True])
def test_what_nodes_keep_afterwards(persistent, both_ways):
    def kept():
        x = xg.Variable([0.5, 1.0])
        with xg.GradientTape(persistent=persistent) as tape:
            y = xg.exp(x * 2.0)
            z = xg.sum(y * y)
        plan = y.node.plan
        before = sys.getrefcount(plan)
        tape.gradient(z, x)
        assert sys.getrefcount(plan) == before - (not persistent)
        return [(len(t.node.saved), t.node.plan is None) for t in (y, z)]

    fast, slow = both_ways(kept)
    assert fast == slow
    assert all(forgotten is not persistent for _, forgotten in fast)


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_what_arrives_in_another_dtype_or_shape(dtype, both_ways):
    def gradient():
        x = xg.Variable(np.ones((2, 1), dtype))
        with xg.GradientTape() as tape:
            y = xg.sum(xg.abs(xg.astype(x * 1.5, xg.complex128) * np.arange(3.0)))
        g = tape.gradient(y, x)
        return g.dtype, g.shape, g.numpy().tobytes()

    fast, slow = both_ways(gradient)
    assert fast == slow


def test_arrays_of_other_libraries(both_ways):
    strict = pytest.importorskip("array_api_strict")

    def gradient():
        x = xg.asarray(strict.asarray([0.5, 1.0]))
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = xg.sum(xg.tanh(x * 2.0) / x)
        return tape.gradient(y, x).numpy().tobytes()

    fast, slow = both_ways(gradient)
    assert fast == slow


def test_a_rule_that_raises_leaves_the_walk(both_ways):
    @xg.custom_gradient
    def broken(x):
        def grad(g):
            raise ValueError("this rule is broken")

        return x * 2.0, grad

    def gradient():
        x = xg.Variable([1.0, 2.0])
        with xg.GradientTape() as tape:
            y = xg.sum(broken(xg.tanh(x)) * 3.0)
        with pytest.raises(ValueError, match="this rule is broken") as caught:
            tape.gradient(y, x)
        return str(caught.value)

    fast, slow = both_ways(gradient)
    assert fast == slow


def test_a_rule_that_closes_the_tape_it_is_called_for(both_ways):
    """What a node keeps may be let go of while its own rules run."""

    def gradient():
        x = xg.Variable(np.linspace(0.1, 1.0, 4))
        tape = xg.GradientTape(persistent=True)
        with tape:
            y = xg.sum(xg.exp(x) * xg.tanh(x))
        trace = tape._trace
        rule = xg.core.instructions.primitive("tanh").rules["x"]
        plan = xg.core.instructions.primitive("tanh").plans[1]
        calls = plan.simple

        def closing(xp, g, y):
            trace.close()
            return rule(xp, g, y)

        plan.simple = tuple((c[0], closing, *c[2:]) for c in calls)
        try:
            with pytest.raises(xg.errors.TapeError) as caught:
                tape.gradient(y, x)
            return str(caught.value)
        finally:
            plan.simple = calls

    fast, slow = both_ways(gradient)
    assert fast == slow


def test_memory_that_ends_is_explained_with_the_operation(monkeypatch, both_ways):
    plan = xg.core.instructions.primitive("tanh").plans[1]

    def exhausted(xp, g, y):
        raise MemoryError

    def message():
        x = xg.Variable([1.0, 2.0])
        with xg.GradientTape() as tape:
            y = xg.sum(xg.tanh(x) * 3.0)
        with monkeypatch.context() as patch:
            patch.setattr(plan, "simple", tuple((c[0], exhausted, *c[2:]) for c in plan.simple))
            with pytest.raises(xg.errors.OutOfMemoryError, match="gradient of tanh") as caught:
                tape.gradient(y, x)
        return str(caught.value)

    fast, slow = both_ways(message)
    assert fast == slow


def test_a_rule_that_lets_go_of_what_the_next_one_reads(monkeypatch, both_ways):
    plan = xg.core.instructions.primitive("multiply").plans[3]

    def gradient():
        x, y = xg.Variable([2.0, 3.0]), xg.Variable([4.0, 5.0])
        tape = xg.GradientTape(persistent=True)
        with tape:
            z = x * y
        trace = tape._trace
        first, second = plan.simple

        def closing(xp, g, *values):
            trace.close()
            return first[1](xp, g, *values)

        with monkeypatch.context() as patch:
            patch.setattr(plan, "simple", ((first[0], closing, *first[2:]), second))
            return [g.tolist() for g in tape.gradient(z, [x, y])]

    fast, slow = both_ways(gradient)
    assert fast == slow == [[4.0, 5.0], [2.0, 3.0]]


def test_values_go_after_the_plan_that_reads_them(both_ways):
    """Letting go of a value may run anybody's code, which must not find half of what a rule needs."""

    def plans():
        x = xg.Variable([2.0, 3.0])
        with xg.GradientTape() as tape:
            y = xg.sum(xg.sin(x * 2.0))
        node = y.node.parents[0]
        seen = []
        weakref.finalize(node.saved[0], lambda: seen.append(node.plan))
        tape.gradient(y, x)
        return seen

    assert both_ways(plans) == ([None], [None])
