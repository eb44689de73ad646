"""Who is told of what while a function is recorded, and who is left alone."""

import threading

import numpy as np
import pytest

import xgrad as xg
from xgrad.compile import recording, variables
from xgrad.core.instructions import primitive
from xgrad.core.observers import settings, state
from xgrad.interpreters import backward


def names(f):
    return [i.primitive.name for i in f._last().recorded.instructions]


def test_operations_without_followed_operands_are_told():
    """What a constant shares with an argument is known by its array, not by a node."""

    def f(x):
        bare = xg.stop_gradient(x)
        return xg.tanh(bare) * xg.sum(bare, axis=0) + bare

    recorded = xg.function(f)
    recorded(xg.ones(3))
    assert names(recorded)[-4:] == ["tanh", "sum", "multiply", "add"]
    x = xg.asarray([1.0, 2.0, -1.0])
    np.testing.assert_allclose(recorded(x).numpy(), f(x).numpy(), rtol=1e-15)


def test_recording_leaves_hot_paths_as_they_are():
    xg.tanh(xg.ones(2))
    implementations = primitive("tanh").implementations
    assert implementations
    xg.function(lambda x: xg.tanh(x) * 2.0)(xg.ones(2))
    assert implementations
    assert not settings.told


def test_it_ends_where_the_function_fails():
    def f(x):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        xg.function(f)(xg.ones(2))
    assert not settings.told


def test_other_threads_are_not_written_down():
    """Each computes while the other records, with a tape and without."""
    inside, done = threading.Barrier(2), threading.Barrier(2)
    found = {}

    def elsewhere():
        inside.wait(10)
        assert settings.told
        x = xg.Variable([1.0, 2.0])
        with xg.GradientTape() as tape:
            y = xg.sum(xg.tanh(x) * 2.0)
        found["gradient"] = tape.gradient(y, x).numpy()
        found["plain"] = (xg.asarray([1.0]) * 2.0 + xg.asarray([3.0])).numpy()
        done.wait(10)

    def f(x):
        y = xg.sin(x)
        inside.wait(10)
        done.wait(10)
        return y * 2.0

    thread = threading.Thread(target=elsewhere)
    thread.start()
    recorded = xg.function(f)
    recorded(xg.ones(2))
    thread.join(10)
    assert names(recorded) == ["sin", "multiply"]
    np.testing.assert_allclose(found["gradient"], 2.0 / np.cosh([1.0, 2.0]) ** 2, rtol=1e-12)
    np.testing.assert_array_equal(found["plain"], [5.0])


def test_guards_take_no_look_while_somebody_records():
    """At the recorded values a guard has nothing to do; at those of a replay it has."""

    def f(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = xg.sum(xg.where(x > 0, xg.sqrt(x), 0.0))
        return tape.gradient(y, x)

    recorded = xg.function(f)
    recorded(xg.asarray([1.0, 4.0]))
    np.testing.assert_array_equal(recorded(xg.asarray([0.0, 4.0])).numpy(), [0.0, 0.25])


def test_results_that_are_their_operand_are_values_of_their_own():
    f = xg.function(lambda x: xg.debugging.check_numerics(x, "x") * 2.0)
    for scale in (1.0, 3.0, -1.0):
        np.testing.assert_array_equal(f(xg.ones(2) * scale).numpy(), [2.0 * scale] * 2)


def test_plain_walks_are_followed_though_they_are_written_down(monkeypatch):
    """With the very instructions of the readable way, and for tapes inside tapes, too."""

    def f(x):
        with xg.GradientTape() as outer:
            outer.watch(x)
            with xg.GradientTape() as inner:
                inner.watch(x)
                y = xg.sum(xg.tanh(x * 2.0 + 1.0) / (1.0 + x**2))
            slope = inner.gradient(y, x)
        return slope, outer.gradient(xg.sum(slope * x), x)

    def recorded():
        made = xg.function(f)
        made(xg.asarray([0.5, -1.0]))
        return made._last().recorded

    visited = []
    visit = backward._visit
    monkeypatch.setattr(
        backward,
        "_visit",
        lambda node, *rest: visited.append(len(node.traces)) or visit(node, *rest),
    )
    found = recorded()
    # The outer tape's walk needs nothing more than `_follow`; the inner one is watched by the outer.
    assert 2 not in visited
    monkeypatch.setattr(backward, "_follow", lambda trace, node, g, *rest: (node, g))
    expected = recorded()
    names = lambda program: sorted(i.primitive.name for i in program.instructions)
    assert names(found) == names(expected)


@pytest.mark.parametrize("exponent", [float("nan"), float("inf"), -float("inf")], ids=str)
@pytest.mark.parametrize("size", [3, 100_000])
def test_exponents_that_are_not_finite(exponent, size):
    """They have no literals in the text of a program."""

    def f(x):
        return (x**exponent + xg.pow(x, exponent)) * 2.0

    recorded = xg.function(f)
    for value in (0.5, 1.0, 2.0):
        x = xg.full(size, value, dtype=xg.float32)
        found = recorded(x)
        assert found.dtype == xg.float32
        np.testing.assert_array_equal(found.numpy(), f(x).numpy())


@pytest.mark.parametrize(
    ("where", "name"),
    [(recording, "push"), (recording, "pop"), (variables, "_view"), (type(settings), "let_tell")],
    ids=lambda x: x if isinstance(x, str) else "",
)
@pytest.mark.parametrize("later", [False, True], ids=["before", "after"])
def test_an_interrupt_leaves_nothing_behind(where, name, later, monkeypatch):
    function, v = getattr(where, name), xg.Variable([1.0, 2.0])
    kept, calls = v.raw, []

    def interrupted(*given):
        calls.append(given)
        if len(calls) > 1:
            return function(*given)
        if later:
            function(*given)
        raise KeyboardInterrupt

    recorded = xg.function(lambda x: x * v)
    with monkeypatch.context() as patch:
        patch.setattr(where, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            recorded(xg.ones(2))
    assert v.raw is kept
    assert not settings.told
    assert state.observers == ()
    for _ in range(3):
        np.testing.assert_array_equal(recorded(xg.ones(2)).numpy(), [1.0, 2.0])
