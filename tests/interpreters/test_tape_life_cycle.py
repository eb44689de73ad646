"""tensorflow-reference.md, section 2.3: entering, leaving, using up, resetting, pausing."""

from __future__ import annotations

import weakref
from contextlib import ExitStack

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.observers import state
from xgrad.interpreters import stack

USED_UP = r"^A non-persistent GradientTape can only be used to compute one set of gradients"


@pytest.mark.parametrize("error", [RuntimeError, ValueError, xg.errors.TapeError])
def test_l1_second_gradient_on_a_non_persistent_tape(error):
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(error, match=USED_UP + r".*Use GradientTape\(persistent=True\)"):
        tape.gradient(y, x)


def test_l1_persistent_tape_gives_gradients_again():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x * x
        z = y * y
    assert [float(tape.gradient(t, x)) for t in (y, z, y)] == [6.0, 108.0, 6.0]


@pytest.mark.parametrize(
    ("method", "value"),
    [("gradient", 3.0), ("jacobian", 3.0), ("batch_jacobian", [[3.0]]), ("hessian", 3.0)],
)
def test_l2_every_other_request_after_gradient(method, value):
    x = xg.Variable(value)
    with xg.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(xg.errors.TapeError, match=USED_UP):
        getattr(tape, method)(y, x)


def test_l3_gradient_on_a_tape_that_was_never_entered():
    x = xg.Variable(3.0)
    with pytest.raises(xg.errors.TapeError, match=r"never entered.*Use `with xg\.GradientTape\(\)"):
        xg.GradientTape().gradient(x * x, x)


def test_l4_gradient_inside_the_context_ends_recording():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        g = tape.gradient(y, x)
        z = g * x
    assert float(g) == 6.0
    assert float(z) == 18.0
    with xg.GradientTape() as after:
        assert float(after.gradient(x * x, x)) == 6.0


def test_l4_outer_tape_goes_on_recording():
    x = xg.Variable(3.0)
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = x**3
            g = inner.gradient(y, x)
            z = g * 2.0
        z = z + x
    assert float(outer.gradient(z, x)) == 37.0


def test_l5_gradient_twice_inside_the_context():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        tape.gradient(y, x)
        with pytest.raises(xg.errors.TapeError, match=USED_UP):
            tape.gradient(y, x)


def test_l5_watch_after_gradient_inside_the_context():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        tape.gradient(x * x, x)
        with pytest.raises(xg.errors.TapeError, match=r"Tape is not recording.*before\s+gradient"):
            tape.watch(xg.asarray(1.0))


def test_l6_persistent_gradient_inside_the_context_is_recorded():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x**3
        first = tape.gradient(y, x)
        second = tape.gradient(first, x)
    third = tape.gradient(second, x)
    assert (float(first), float(second), float(third)) == pytest.approx((27.0, 18.0, 6.0))


@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_l7_entering_an_active_tape(error):
    tape = xg.GradientTape()
    with tape, pytest.raises(error, match=r"^Tape is still recording, This can happen if"):
        tape.__enter__()


def test_l7_refused_entry_leaves_the_tape_recording():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        with pytest.raises(xg.errors.TapeError):
            tape.__enter__()
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_l8_entering_again_continues_the_same_trace():
    x = xg.Variable(3.0)
    tape = xg.GradientTape(persistent=True)
    with tape:
        y = x * x
    between = x * 10.0
    with tape:
        z = y * x
    assert float(tape.gradient(z, x)) == 27.0
    assert float(tape.gradient([z, between], x)) == 27.0
    assert tape.gradient(between, x) is None


def test_l9_entering_a_used_tape_starts_afresh():
    x, c = xg.Variable(3.0), xg.asarray(2.0)
    tape = xg.GradientTape()
    with tape:
        tape.watch(c)
        y = x * c
    tape.gradient(y, c)
    with tape:
        z = x * c
    assert tape.watched_variables() == (x,)
    assert tape.gradient([y, z], [x, c]) == [pytest.approx(2.0), None]


def test_l10_tape_survives_an_exception_inside_its_context():
    x = xg.Variable(3.0)
    tape = xg.GradientTape()
    with pytest.raises(ZeroDivisionError), tape:  # noqa: PT012
        y = x * x
        raise ZeroDivisionError
    after = x * 2.0
    assert float(tape.gradient([y, after], x)) == 6.0


def test_l11_reset_forgets_what_was_recorded():
    v = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        loss = v * v
        tape.reset()
        loss = loss + 2.0 * v
    assert float(tape.gradient(loss, v)) == 2.0


def test_l11_reset_forgets_watches_of_tensors():
    x = xg.asarray(3.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        tape.reset()
        y = x * x
    assert tape.gradient(y, x) is None


def test_l11_reset_outside_is_an_error():
    tape = xg.GradientTape()
    with pytest.raises(ValueError, match=r"^Tape is not recording\. Use reset inside"):
        tape.reset()
    with tape:
        pass
    with pytest.raises(ValueError, match=r"^Tape is not recording\. Use reset inside"):
        tape.reset()


def test_l11_reset_leaves_other_tapes_alone():
    x = xg.Variable(3.0)
    with xg.GradientTape() as outer, xg.GradientTape() as inner:
        y = x * x
        inner.reset()
        z = y * 2.0
    assert inner.gradient(z, x) is None
    assert float(outer.gradient(z, x)) == 12.0


def test_l12_stop_recording_leaves_out_what_happens_inside():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        with tape.stop_recording():
            y = x * x
        z = y * x
    assert float(tape.gradient(z, x)) == 9.0


def test_l12_stop_recording_touches_only_its_own_tape():
    x = xg.Variable(3.0)
    with xg.GradientTape() as outer, xg.GradientTape() as inner, inner.stop_recording():
        y = x * x
    assert float(outer.gradient(y, x)) == 6.0
    assert inner.gradient(y, x) is None


def test_l12_stop_recording_of_the_outer_tape_keeps_the_order():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as outer, xg.GradientTape(persistent=True) as inner:
        with outer.stop_recording():
            y = x * x
        z = x**3
        g = inner.gradient(z, x)
    assert outer.gradient(y, x) is None
    assert float(inner.gradient(y, x)) == 6.0
    assert float(outer.gradient(g, x)) == pytest.approx(18.0)


def test_l12_watch_inside_stop_recording_has_no_effect():
    x = xg.asarray(3.0)
    with xg.GradientTape() as tape:
        with tape.stop_recording():
            tape.watch(x)
        y = x * x
    assert tape.gradient(y, x) is None


def test_l12_gradient_inside_stop_recording_works_and_is_not_recorded():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x**3
        with tape.stop_recording():
            g = tape.gradient(y, x)
        z = x * g
    assert float(g) == pytest.approx(27.0)
    assert tape.gradient(g, x) is None
    assert float(tape.gradient(z, x)) == pytest.approx(27.0)


def test_l12_using_up_inside_stop_recording_ends_recording():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        with tape.stop_recording():
            assert float(tape.gradient(y, x)) == 6.0
        with pytest.raises(xg.errors.TapeError, match="Tape is not recording"):
            tape.watch(xg.asarray(1.0))


def test_l12_exception_inside_stop_recording_resumes():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        with pytest.raises(ZeroDivisionError), tape.stop_recording():
            raise ZeroDivisionError
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_l12_stop_recording_outside_is_an_error(error):
    tape = xg.GradientTape()
    match = r"^Trying to stop recording a tape which is not recording\. Use "
    with pytest.raises(error, match=match), tape.stop_recording():
        pass
    with tape:
        pass
    with pytest.raises(error, match=match), tape.stop_recording():
        pass


def test_l13_overlapping_tapes_are_both_right():
    x = xg.Variable(2.0)
    a, b = xg.GradientTape(), xg.GradientTape()
    a.__enter__()
    y = x * x
    b.__enter__()
    z = y * x
    a.__exit__(None, None, None)
    w = z * x
    b.__exit__(None, None, None)
    assert float(a.gradient(z, x)) == 12.0
    assert float(b.gradient(w, x)) == 16.0  # y is a constant to b: w = y x^2


def test_l14_two_tapes_in_one_with_statement():
    x = xg.Variable(3.0)
    with xg.GradientTape() as a, xg.GradientTape() as b:
        y = x * x
    assert float(a.gradient(y, x)) == 6.0
    assert float(b.gradient(y, x)) == 6.0


def kept_array(x):
    """A followed result, and a weak reference to an array that only the tape keeps."""
    middle = xg.exp(x)
    return middle * middle, weakref.ref(middle.array)


def test_l15_gradient_frees_what_a_non_persistent_tape_kept():
    x = xg.Variable(np.ones(4))
    with xg.GradientTape() as tape:
        y, kept = kept_array(x)
    assert kept() is not None
    tape.gradient(y, x)
    assert kept() is None


@pytest.mark.parametrize("persistent", [False, True], ids=["once", "persistent"])
def test_l15_deleting_the_tape_frees_what_it_kept(persistent):
    x = xg.Variable(np.ones(4))
    with xg.GradientTape(persistent=persistent) as tape:
        y, kept = kept_array(x)
    assert kept() is not None
    del tape
    assert kept() is None
    assert y.shape == (4,)


def test_l15_persistent_tape_keeps_until_it_is_deleted():
    x = xg.Variable(np.ones(4))
    with xg.GradientTape(persistent=True) as tape:
        y, kept = kept_array(x)
    tape.gradient(y, x)
    assert kept() is not None
    del tape
    assert kept() is None


@pytest.mark.parametrize(
    "f",
    [
        lambda t: (t + 1.0) + 2.0,
        lambda t: xg.reshape(t + 1.0, (2, 2)),
        lambda t: xg.sum(t + 1.0),
        lambda t: -(t + 1.0),
    ],
    ids=["add", "reshape", "sum", "negative"],
)
def test_l16_intermediate_is_not_kept_where_no_rule_needs_it(f):
    x = xg.Variable(np.ones(4))
    arrays = []
    with xg.GradientTape() as tape:
        middle = x * 3.0
        arrays.append(weakref.ref(middle.array))
        y = f(middle)
        del middle
        assert arrays[0]() is None
    assert tape.gradient(y, x) is not None


@pytest.mark.parametrize(
    "f", [xg.exp, xg.sin, lambda t: t * 3.0, lambda t: t * t], ids=["exp", "sin", "scale", "square"]
)
def test_l16_dead_branch_frees_its_arrays_at_once(f):
    x = xg.Variable(np.ones(4))
    with xg.GradientTape() as tape:
        branch = f(xg.exp(x))
        kept = weakref.ref(branch.array)
        y = x * 2.0
        del branch
        assert kept() is None
    assert tape.gradient(y, x).tolist() == [2.0] * 4


def test_watching_survives_the_tape_that_computed_the_value():
    """Those who watch a value find it again, whether or not they record when another begins to."""

    def paused(tape):
        return tape.stop_recording()

    def left(tape):
        tape.__exit__(None, None, None)
        stack = ExitStack()
        stack.callback(tape.__enter__)
        return stack

    for away in (paused, left):
        x = xg.asarray(3.0)
        with xg.GradientTape() as first:
            first.watch(x)
            y = x * 3.0
        with xg.GradientTape() as outer:
            outer.watch(y)
            z = y * y
            with away(outer):
                del first
                with xg.GradientTape() as third:
                    third.watch(y)
                    w = y * y * y
                assert third.gradient(w, y).item() == 3 * 81.0
            z = z + y
        assert outer.gradient(z, y).item() == 19.0


def test_what_was_watched_once_keeps_no_graph_alive():
    x = xg.asarray(3.0)
    with xg.GradientTape() as first:
        first.watch(x)
        y = x * 3.0
    with xg.GradientTape() as second:
        second.watch(y)
    node = weakref.ref(y.node)
    del first, second
    with xg.GradientTape() as third:
        third.watch(y)
    assert node() is None
    assert third.gradient(y, y).item() == 1.0


@pytest.mark.parametrize("name", ["open_pool", "close_pool"])
def test_an_interrupt_between_leaves_the_stack_in_order(name, monkeypatch):
    function = getattr(stack, name)

    def interrupted(*given):
        function(*given)
        raise KeyboardInterrupt

    x = xg.Variable(3.0)
    with monkeypatch.context() as patch:
        patch.setattr(stack, name, interrupted)
        with pytest.raises(KeyboardInterrupt), xg.GradientTape():
            pass
    for observer in state.observers:  # what was entered by halves is left like anything else
        stack.pop(observer)
    for _ in range(2):
        with xg.GradientTape() as tape:
            y = x * x
        assert tape.gradient(y, x).item() == 6.0
        assert state.observers == ()
        assert state.memory == ()
