"""When a program is prepared: in its first replay, or when somebody asks (decisions/0044)."""

import threading

import numpy as np
import pytest

import xgrad as xg
from xgrad.compile import recorded


def slope(x):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(xg.tanh(x) ** 2)
    return tape.gradient(y, x)


@pytest.fixture
def prepared(monkeypatch):
    """The programs that were optimised."""
    found = []
    optimise = recorded.optimise

    def note(program):
        found.append(program)
        return optimise(program)

    monkeypatch.setattr(recorded, "optimise", note)
    return found


def test_the_first_replay_prepares(prepared):
    f = xg.function(slope)
    x = xg.asarray([0.5, -1.0])
    expected = slope(x).numpy()
    for count in (0, 1, 1, 1):
        np.testing.assert_allclose(f(x).numpy(), expected, rtol=1e-14)
        assert len(prepared) == count


@pytest.mark.parametrize("ask", ["program", "stats", "graph"])
def test_who_asks_has_it_prepared(ask, prepared):
    f = xg.function(slope)
    f(xg.ones(3))
    assert not prepared
    getattr(f, ask)()
    assert len(prepared) == 1
    f(xg.ones(3))
    assert len(prepared) == 1


def test_every_signature_is_prepared_on_its_own(prepared):
    f = xg.function(slope)
    for size in (2, 3, 4):
        f(xg.ones(size))
    assert not prepared
    f(xg.ones(3))
    assert [p.specs[p.arguments[0]].shape for p in prepared] == [(3,)]


def test_threads_that_replay_first_prepare_once(prepared, monkeypatch):
    make = recorded.make_executor
    entered, go_on = threading.Event(), threading.Event()

    def slowly(*given):
        entered.set()
        assert go_on.wait(10)
        return make(*given)

    monkeypatch.setattr(recorded, "make_executor", slowly)
    f = xg.function(slope)
    x = xg.asarray([0.5, -1.0])
    expected = f(x).numpy()
    results = []
    threads = [threading.Thread(target=lambda: results.append(f(x).numpy())) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert entered.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(prepared) == 1
    np.testing.assert_allclose(results, [expected] * 3, rtol=1e-14)


def test_what_cannot_be_prepared_now_is_tried_again(monkeypatch):
    make = recorded.make_executor
    failures = iter([MemoryError("no memory for an arena")])

    def fail_once(*given):
        for failure in failures:
            raise failure
        return make(*given)

    monkeypatch.setattr(recorded, "make_executor", fail_once)
    v = xg.Variable([1.0, 2.0])
    step = xg.function(lambda x: v.assign_sub(x * v))
    x = xg.asarray([0.5, 0.5])
    step(x)
    with pytest.raises(MemoryError, match=r"preparing its program: no memory for an arena.* Use"):
        step(x)
    np.testing.assert_array_equal(v.numpy(), [0.5, 1.0])  # as before the step that failed
    step(x)
    np.testing.assert_array_equal(v.numpy(), [0.25, 0.5])


def test_variables_do_not_share_memory_with_what_was_given_to_the_recorded_call():
    v, constant = xg.Variable([0.0, 0.0]), np.asarray([3.0, 4.0])
    step = xg.function(lambda: v.assign(constant))
    for _ in range(3):
        v.assign([0.0, 0.0])
        step()
        assert not np.shares_memory(v.array, constant)
        np.testing.assert_array_equal(v.numpy(), constant)


def test_figures_tell_what_preparing_took():
    f = xg.function(slope)
    f(xg.ones(3))
    figures = f.stats()
    assert figures.preparing > 0
    assert figures.seconds > 0
    assert "prepared in" in str(figures)
