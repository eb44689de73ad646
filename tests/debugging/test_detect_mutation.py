"""`debugging.detect_mutation`: an array that was changed between recording and backward."""

import sys

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.observers import settings
from xgrad.debugging import detect_mutation


def next_place():
    """File and number of the caller's next line."""
    frame = sys._getframe(1)
    return f"{frame.f_code.co_filename}:{frame.f_lineno + 1}"


def refused(tape, y, x):
    with pytest.raises(xg.errors.MutationError) as caught:
        tape.gradient(y, x)
    return str(caught.value)


def test_changed_operand_is_named_with_its_line():
    data = np.asarray([1.0, 2.0])
    x, w = xg.asarray(data), xg.Variable([3.0, 4.0])
    with detect_mutation(True), xg.GradientTape() as tape:
        place = next_place()
        y = w * x
        data[0] = 100.0
        with pytest.raises(RuntimeError, match="was changed") as caught:
            tape.gradient(y, w)
    text = str(caught.value)
    assert text.startswith(f"x2 of multiply at {place} (y = w * x) was changed")
    assert f"before the gradient was taken at {__file__}" in text
    assert "(2,) float64 on cpu" in text
    assert "Use a copy" in text


def test_changed_variable_is_named():
    v = xg.Variable([1.0, 2.0], name="weights")
    with detect_mutation(True), xg.GradientTape() as tape:
        y = v * v
        v.array[0] = 100.0
        text = refused(tape, y, v)
    assert "(Variable weights) of multiply" in text


def test_changed_result_is_named():
    x = xg.Variable([1.0, 2.0])
    with detect_mutation(True), xg.GradientTape() as tape:
        y = xg.exp(x)
        y.array[0] = 100.0
        assert refused(tape, y, x).startswith("the result of exp")


def test_changed_part_of_a_view_is_found():
    data = np.arange(6.0).reshape(2, 3)
    x, w = xg.asarray(data[:, ::2]), xg.Variable(np.ones((2, 2)))
    with detect_mutation(True), xg.GradientTape() as tape:
        y = w * x
        data[1, 2] = 100.0
        refused(tape, y, w)


def test_changed_operand_of_an_operation_with_many_is_named():
    data = np.asarray([1.0, 2.0])
    v = xg.Variable([1.0, 2.0])
    with detect_mutation(True), xg.GradientTape() as tape:
        y = xg.einsum("i,i,i->", v, xg.asarray(data), v)
        data[0] = 100.0
        assert " of " in refused(tape, y, v)


def test_changed_indices_are_found():
    indices = np.asarray([0, 1])
    v = xg.Variable([1.0, 2.0])
    with detect_mutation(True), xg.GradientTape() as tape:
        y = xg.take(v, xg.asarray(indices), axis=0)
        indices[0] = 1
        assert refused(tape, y, v).startswith("indices of take")


def test_other_devices(other_device):
    if other_device.backend.name == "array_api_strict":
        pytest.skip("its arrays cannot be changed through another name")
    x = xg.asarray([1.0, 2.0], device=other_device)
    w = xg.Variable([3.0, 4.0], device=other_device)
    with detect_mutation(True), xg.GradientTape() as tape:
        y = w * x
        x.array[0] = 100.0
        refused(tape, y, w)


def test_second_order():
    v = xg.Variable([1.0, 2.0])
    with detect_mutation(True), xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            h = xg.exp(v)
        g = inner.gradient(h, v)
        h.array[0] = 100.0
        assert refused(outer, g, v).startswith("the result of exp")


def test_nothing_changed_is_fine():
    data = np.asarray([1.0, 2.0])
    x, v = xg.asarray(data), xg.Variable([3.0, 4.0])
    with detect_mutation(True), xg.GradientTape() as tape:
        y = xg.sum(v * x) + xg.exp(v)[0]
        x[0] = 7.0
        g = tape.gradient(y, v)
    np.testing.assert_allclose(g.numpy(), [1.0 + np.exp(3.0), 2.0])


def test_what_no_rule_needs_may_change():
    data = np.asarray([1.0, 2.0])
    x, v = xg.asarray(data), xg.Variable([3.0, 4.0])
    with detect_mutation(True), xg.GradientTape() as tape:
        y = v + x
        data[0] = 100.0
        assert tape.gradient(y, v).tolist() == [1.0, 1.0]


def test_what_was_recorded_before_is_not_looked_at():
    data = np.asarray([1.0, 2.0])
    x, v = xg.asarray(data), xg.Variable([3.0, 4.0])
    with xg.GradientTape() as tape:
        y = v * x
    with detect_mutation(True):
        data[0] = 100.0
        assert tape.gradient(y, v).tolist() == [100.0, 2.0]


def test_function_and_block_restore():
    detect_mutation(True)
    with detect_mutation(False):
        assert not settings.inspected
    assert settings.inspected
    detect_mutation(False)
    assert not settings.inspected


def test_both_checks_together():
    data = np.asarray([1.0, 2.0])
    x, v = xg.asarray(data), xg.Variable([3.0, 4.0])
    with detect_mutation(True), xg.debugging.enable_check_numerics(), xg.GradientTape() as tape:
        y = v * x
        data[0] = xg.nan
        refused(tape, y, v)
        with pytest.raises(xg.errors.NumericsError):
            xg.sqrt(x - 3.0)
    assert not settings.inspected
