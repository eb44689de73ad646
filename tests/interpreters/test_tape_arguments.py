"""tensorflow-reference.md, section 2.2: bad arguments fail at once, and say what was expected."""

from __future__ import annotations

import numpy as np
import pytest

import xgrad as xg


@pytest.fixture
def recorded():
    """A tape that recorded ``y = x * x`` at 3, with `y` and `x`."""
    x = xg.Variable(3.0, name="x")
    with xg.GradientTape() as tape:
        y = x * x
    return tape, y, x


def test_b1_target_none_asks_for_a_forgotten_return(recorded):
    tape, _, x = recorded
    with pytest.raises(TypeError, match=r"target is None.*Did the function forget to return"):
        tape.gradient(None, x)


@pytest.mark.parametrize(
    "wrap", [lambda y: [y, None], lambda y: {"a": None, "b": y}], ids=["list", "dict"]
)
def test_b2_none_among_targets_is_an_error(recorded, wrap):
    tape, y, x = recorded
    with pytest.raises(TypeError, match=r"target: leaf \d of 2 is None.*Did the function"):
        tape.gradient(wrap(y), x)


@pytest.mark.parametrize("wrap", [lambda x: None, lambda x: [x, None]], ids=["alone", "in_list"])
def test_b2_none_among_sources_is_an_error(recorded, wrap):
    tape, y, x = recorded
    with pytest.raises(TypeError, match=r"sources.* is None, .*must be a Tensor or Variable"):
        tape.gradient(y, wrap(x))


WRONG = {"float": 1.0, "ndarray": np.ones(2), "str": "x", "int": 3}


@pytest.mark.parametrize(("name", "wrong"), WRONG.items(), ids=WRONG.keys())
def test_b3_target_of_another_type_is_named(recorded, name, wrong):
    tape, _, x = recorded
    with pytest.raises(TypeError, match=rf"target is an? {name}, but must be a Tensor.*Use xg\."):
        tape.gradient(wrong, x)


@pytest.mark.parametrize(("name", "wrong"), WRONG.items(), ids=WRONG.keys())
def test_b3_source_of_another_type_is_named_with_its_place(recorded, name, wrong):
    tape, y, x = recorded
    with pytest.raises(TypeError, match=rf"sources: leaf 1 of 2 is an? {name}, .*Use xg\."):
        tape.gradient(y, [x, wrong])


def test_b3_errors_leave_the_tape_usable(recorded):
    tape, y, x = recorded
    for target, sources in [(None, x), (y, None), (y, 1.0), (np.ones(2), x), ([y, None], x)]:
        with pytest.raises(TypeError):
            tape.gradient(target, sources)
    assert float(tape.gradient(y, x)) == 6.0


@pytest.mark.parametrize(
    ("name", "collect"),
    [
        ("generator", lambda x: (v for v in [x])),
        ("set", lambda x: {x}),
    ],
    ids=["generator", "set"],
)
def test_b4_iterables_that_are_no_nests_are_an_error_with_a_hint(recorded, name, collect):
    tape, y, x = recorded
    with pytest.raises(TypeError, match=rf"sources is a {name}, .*Use list\("):
        tape.gradient(y, collect(x))


def test_b4_dict_views_are_lists(recorded):
    tape, y, x = recorded
    (g,) = tape.gradient(y, {"x": x}.values())
    assert float(g) == 6.0


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("ndarray", np.ones(1)), ("float", 1.0), ("NoneType", None)],
    ids=["ndarray", "float", "none"],
)
def test_b5_watch_of_another_type_names_it(name, wrong):
    with (
        xg.GradientTape() as tape,
        pytest.raises(ValueError, match=rf"watch.*'{name}'.*Use xg\.asarray"),
    ):
        tape.watch(wrong)


def test_b5_wrong_leaf_in_a_nest_watches_nothing():
    x = xg.asarray(3.0)
    with xg.GradientTape() as tape:
        with pytest.raises(ValueError, match="'ndarray'"):
            tape.watch([x, np.ones(1)])
        y = x * x
    assert tape.gradient(y, x) is None


def test_b6_watch_before_with_is_an_error():
    with pytest.raises(
        xg.errors.TapeError, match=r"Tape is not recording\. Use watch inside the `with`"
    ):
        xg.GradientTape().watch(xg.asarray(1.0))


def test_b7_watch_after_the_context_is_an_error(recorded):
    tape, _, _ = recorded
    with pytest.raises(
        xg.errors.TapeError, match=r"Tape is not recording\. Use watch inside the `with`"
    ):
        tape.watch(xg.asarray(1.0))


def test_b8_an_object_that_only_looks_like_an_array_is_an_error(recorded):
    """TensorFlow's case is a SparseTensor, which xgrad has not: any stranger is refused alike."""

    class Stranger:
        shape = (2,)
        dtype = np.float64

    tape, y, x = recorded
    with pytest.raises(TypeError, match=r"target is a Stranger, but must be a Tensor"):
        tape.gradient(Stranger(), x)
    with pytest.raises(TypeError, match=r"sources is a Stranger, but must be a Tensor"):
        tape.gradient(y, Stranger())


def test_stop_gradients_of_another_type_is_named(recorded):
    tape, y, x = recorded
    with pytest.raises(TypeError, match=r"stop_gradients: leaf 0 of 1 is a float"):
        tape.gradient(y, x, stop_gradients=[1.0])
    assert float(tape.gradient(y, x)) == 6.0
