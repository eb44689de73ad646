"""The cases of tensorflow-reference.md, section 2.13, as reference_cases.toml numbers them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xgrad as xg
from xgrad.optimizers import SGD, Adam


def ones(n: int) -> xg.Tensor:
    return xg.ones(n)


# -- Keras -----------------------------------------------------------------------------------------


def test_q1_integer_learning_rate_is_fine() -> None:
    w = xg.Variable([3.0])
    SGD(1).apply([[1.0]], [w])
    assert w.tolist() == [2.0]


@pytest.mark.parametrize(
    "two",
    [
        {"clipnorm": 1.0, "clipvalue": 1.0},
        {"clipnorm": 1.0, "global_clipnorm": 1.0},
        {"clipvalue": 1.0, "global_clipnorm": 1.0},
    ],
)
def test_q2_two_kinds_of_clipping_are_an_error_that_names_them(two: dict[str, float]) -> None:
    with pytest.raises(
        ValueError, match=f"only one kind of clipping.*{', '.join(two)}".split(",")[0]
    ):
        Adam(**two)  # type: ignore[arg-type]


def test_q3_variables_may_come_after_the_first_step() -> None:
    a, b = xg.Variable([1.0]), xg.Variable([1.0, 1.0])
    optimizer = Adam(0.1)
    optimizer.build([a])
    optimizer.apply([ones(1)], [a])
    optimizer.apply([ones(1), ones(2)], [a, b])
    assert b.tolist() != [1.0, 1.0]


def test_q4_some_none_warns_and_names_the_variables() -> None:
    a, b = xg.Variable([1.0], name="a"), xg.Variable([1.0], name="b")
    with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['b'\]"):
        SGD(1.0).apply([ones(1), None], [a, b])
    assert (a.tolist(), b.tolist()) == ([0.0], [1.0])


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_q5_all_none_is_an_error(kind: Any) -> None:
    w = xg.Variable([1.0], name="weight")
    with pytest.raises(ValueError, match=r"No gradients provided for any variable.*'weight'"):
        kind().apply([None], [w])


def test_q6_nothing_at_all_is_the_same_error_in_both_spellings() -> None:
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        SGD().apply_gradients([])
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        SGD().apply([], [])


def test_q7_shapes_must_fit_and_the_error_shows_both() -> None:
    w = xg.Variable([1.0, 2.0], name="weight")
    with pytest.raises(xg.errors.ShapeError, match=r"\(3,\).*shape \(2,\) of weight"):
        SGD().apply([ones(3)], [w])


def test_q8_a_variable_given_twice_is_changed_twice() -> None:
    w = xg.Variable([1.0])
    optimizer = SGD(0.25)
    optimizer.apply_gradients([(ones(1), w), (ones(1), w)])
    assert w.tolist() == [0.5]
    assert optimizer.iterations == 1


def test_q9_nan_is_applied_unless_one_asks_to_skip_it() -> None:
    w, v = xg.Variable([1.0]), xg.Variable([1.0])
    SGD().apply([[np.nan]], [w])
    optimizer = SGD(skip_nonfinite=True)
    optimizer.apply([[np.nan]], [v])
    assert np.isnan(w.numpy()).all()
    assert (v.tolist(), optimizer.skipped, int(optimizer.iterations)) == ([1.0], 1, 0)


def test_q10_what_is_not_trainable_is_changed_when_it_is_given() -> None:
    w = xg.Variable([1.0], trainable=False)
    SGD(1.0).apply([ones(1)], [w])
    assert w.tolist() == [0.0]


def test_q11_constraints_are_applied_after_the_update() -> None:
    w = xg.Variable([1.0], constraint=lambda w: xg.maximum(w, 0.75))
    SGD(1.0).apply([ones(1)], [w])
    assert w.tolist() == [0.75]


def test_q12_accumulation_counts_steps_and_schedules_count_gradients() -> None:
    seen: list[int] = []

    def schedule(step: int) -> float:
        seen.append(step)
        return 0.1

    w = xg.Variable([1.0])
    optimizer = SGD(schedule, gradient_accumulation_steps=3)
    for _ in range(7):
        optimizer.apply([ones(1)], [w])
    assert int(optimizer.iterations) == 2
    assert seen == [2, 5]


def test_q13_a_learning_rate_can_take_the_place_of_a_schedule() -> None:
    optimizer = SGD(xg.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5))
    optimizer.learning_rate = 0.25
    assert optimizer.learning_rate == 0.25
    optimizer.learning_rate = xg.optimizers.schedules.ExponentialDecay(0.5, 10, 0.5)
    assert optimizer.learning_rate == 0.5


def test_q14_a_step_under_an_outer_tape_warns_and_update_differentiates() -> None:
    w = xg.Variable([2.0], name="w")
    rate = xg.Variable(0.1)
    with xg.GradientTape() as tape, pytest.warns(UserWarning, match="w was overwritten"):
        SGD(0.1).apply([2.0 * w], [w])
    assert tape.gradient(w * 1.0, rate) is None
    with xg.GradientTape() as tape:
        new, _ = SGD(rate).update([2.0 * w], SGD().init([w]), [w])
        loss = xg.sum(new[0])
    assert float(tape.gradient(loss, rate)) == pytest.approx(-2.0 * float(w[0]))


# -- TensorFlow 1 ----------------------------------------------------------------------------------


def test_q15_a_tensor_that_nobody_recorded_is_no_loss() -> None:
    w = xg.Variable([1.0])
    with pytest.raises(RuntimeError, match="`tape` is required"):
        SGD().minimize(xg.sum(w), [w])


def test_q16_no_variables_are_an_error() -> None:
    with pytest.raises(ValueError, match="No variables provided"):
        SGD().minimize(lambda: xg.ones(()), [])


def test_q5_all_none_lists_the_variables() -> None:
    a, b = xg.Variable(1.0, name="a"), xg.Variable(1.0, name="b")
    with pytest.raises(ValueError, match=r"No gradients provided.*'a', 'b' is None"):
        SGD().apply_gradients([(None, a), (None, b)])


def test_q16_minimize_without_a_path_says_how_to_find_the_reason() -> None:
    w = xg.Variable(1.0, name="weight")
    with pytest.raises(ValueError, match=r"No gradients provided.*'weight'.*tape.explain"):
        SGD().minimize(lambda: xg.ones(()), [w])


def test_q17_grad_loss_weights_the_loss() -> None:
    w = xg.Variable([2.0, 3.0])
    [(g, _)] = SGD().compute_gradients(lambda: w**2, [w], grad_loss=xg.asarray([10.0, 0.0]))
    assert g.tolist() == [40.0, 0.0]
    SGD(0.1).minimize(lambda: w**2, [w], grad_loss=[10.0, 0.0])
    assert w.tolist() == [-2.0, 3.0]


def test_q18_a_tensor_in_place_of_a_variable_is_an_error() -> None:
    with pytest.raises(TypeError, match="must be a Variable, but is a Tensor"):
        SGD().apply_gradients([(ones(1), ones(1))])


def test_q19_slots_are_found_by_variable_and_name() -> None:
    w = xg.Variable([1.0], name="w")
    optimizer = Adam()
    assert optimizer.get_slot(w, "momentum") is None
    optimizer.apply([ones(1)], [w])
    assert optimizer.get_slot_names() == ["momentum", "velocity"]
    slot = optimizer.get_slot(w, "momentum")
    assert slot is optimizer.variables[1]
    assert slot.name == "w/momentum"
    assert slot.tolist() == pytest.approx([0.1])
    with pytest.raises(TypeError, match="expected a Variable"):
        optimizer.get_slot("w", "momentum")  # type: ignore[arg-type]
