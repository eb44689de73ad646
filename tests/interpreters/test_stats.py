"""`tape.stats()`: operations on the tape, and what it keeps, by operation and by line."""

import gc
import sys

import numpy as np
import pytest

import xgrad as xg


def next_line():
    return sys._getframe(1).f_lineno + 1


def test_operations_and_kept_arrays_are_counted_by_name():
    x = xg.asarray(np.ones((4, 3)))
    w = xg.Variable(np.ones((3, 5)))
    with xg.GradientTape() as tape:
        y = xg.sum(xg.tanh(x @ w + 1.0))
    stats = tape.stats()
    assert stats.operations == 4
    assert stats.by_op["matmul"] == (1, 1, 4 * 3 * 8)
    assert stats.by_op["tanh"] == (1, 1, 4 * 5 * 8)
    assert stats.by_op["add"] == (1, 0, 0)
    assert stats.by_op["sum"] == (1, 0, 0)
    assert (stats.arrays, stats.bytes) == (2, (12 + 20) * 8)
    assert stats.variables == 1
    assert float(y) > 0


def test_parts_add_up_where_arrays_are_shared():
    x = xg.Variable(np.ones(1000))
    with xg.GradientTape() as tape:
        h = xg.exp(x)
        y = [xg.sin(h), xg.cos(h), h * h]
    stats = tape.stats()
    assert stats.arrays == 1  # exp keeps its result, and the others keep the same array
    assert stats.bytes == 8000
    assert stats.bytes == sum(share.bytes for share in stats.by_op.values())
    assert stats.operations == sum(share.operations for share in stats.by_op.values()) == 4
    assert len(y) == 3


def test_values_of_variables_are_told_apart():
    x = xg.Variable(np.ones(100))
    with xg.GradientTape() as tape:
        y = xg.sin(x) * xg.exp(x)
    stats = tape.stats()
    assert stats.variable_bytes == 800
    assert stats.bytes == 3 * 800
    assert y.shape == (100,)


def test_view_counts_for_the_array_that_it_keeps_alive():
    x, w = xg.asarray(np.ones((100, 10))), xg.Variable(np.ones(10))
    with xg.GradientTape() as tape:
        y = x[3] * w
    assert tape.stats().bytes == 8000
    assert y.shape == (10,)


def test_dropped_branch_is_not_on_the_tape():
    x = xg.Variable(np.ones(100))
    with xg.GradientTape() as tape:
        xg.exp(x)
        y = x * 2.0
    stats = tape.stats()
    assert list(stats.by_op) == ["multiply"]
    assert stats.bytes == 0
    assert y.shape == (100,)


def test_other_tapes_do_not_count():
    x = xg.Variable(np.ones(100))
    with xg.GradientTape() as first:
        y = xg.exp(x)
    with xg.GradientTape() as second:
        z = xg.sin(x)
    assert list(first.stats().by_op) == ["exp"]
    assert list(second.stats().by_op) == ["sin"]
    assert y.shape == z.shape


def test_memory_falls_to_nothing_with_the_gradient():
    x = xg.Variable(np.ones(100))
    with xg.GradientTape() as tape:
        y = xg.sum(xg.exp(x))
    assert tape.stats().bytes == 800
    tape.gradient(y, x)
    stats = tape.stats()
    assert (stats.arrays, stats.bytes) == (0, 0)
    assert stats.operations == 2


def test_lines_on_request():
    x = xg.Variable(np.ones(100))
    with xg.record_locations(True), xg.GradientTape() as tape:
        line = next_line()
        h = xg.exp(x)
        y = xg.sum(h)
    by_line = tape.stats().by_line
    assert by_line[f"{__file__}:{line} (h = xg.exp(x))"] == (1, 1, 800)
    assert by_line[f"{__file__}:{line + 1} (y = xg.sum(h))"] == (1, 0, 0)
    assert float(y) > 0


def test_prints_as_a_table():
    x = xg.Variable(np.ones(100))
    with xg.record_locations(True), xg.GradientTape() as tape:
        y = xg.sum(xg.exp(x))
    text = str(tape.stats())
    lines = text.splitlines()
    assert lines[0] == (
        "operations: 2, arrays kept for gradients: 1, 800 bytes (of which values of Variables: "
        "0 bytes)"
    )
    assert lines[2].split() == ["op", "count", "arrays", "bytes", "share"]
    assert lines[3].split() == ["exp", "1", "1", "800", "100%"]
    assert lines[4].split() == ["sum", "1", "0", "0", "0%"]
    assert f"{__file__}:" in text
    assert float(y) > 0


def test_without_lines_says_how_to_get_them():
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = xg.exp(x)
    assert str(tape.stats()).endswith(
        "Use xg.record_locations(True) while recording to see it by line."
    )
    assert float(y) > 0


@pytest.mark.parametrize("entered", [True, False], ids=["empty", "never entered"])
def test_nothing_recorded(entered):
    tape = xg.GradientTape()
    if entered:
        with tape:
            pass
    stats = tape.stats()
    assert (stats.operations, stats.arrays, stats.bytes, stats.variables) == (0, 0, 0, 0)
    assert str(stats).startswith("operations: 0, arrays kept for gradients: 0, 0 bytes")


def test_devices(any_device):
    x = xg.Variable(xg.ones(100, dtype=xg.float32, device=any_device))
    with xg.GradientTape() as tape:
        y = xg.exp(x)
    assert tape.stats().by_op["exp"] == (1, 1, 400)
    assert y.shape == (100,)


def test_operation_with_several_operands_and_several_results():
    x = xg.Variable(np.ones((2, 3)))
    with xg.GradientTape() as tape:
        a, b = xg.unstack(x)
        y = xg.concat([a, b, xg.exp(a)])
    stats = tape.stats()
    assert stats.by_op["unstack"].operations == 1
    assert stats.by_op["concat"] == (1, 0, 0)
    assert stats.by_op["exp"] == (1, 1, 24)
    assert y.shape == (9,)


def test_counting_keeps_nothing_alive():
    x = xg.Variable(np.ones(100))
    with xg.GradientTape() as tape:
        y = xg.exp(x)
    stats = tape.stats()
    gc.collect()
    del y
    assert tape.stats().operations == 0
    assert stats.operations == 1


def test_operations_with_several_results_are_counted():
    x = xg.Variable(np.ones((3, 2)))
    with xg.GradientTape() as tape:
        parts = xg.unstack(xg.tanh(x))
    stats = tape.stats()
    assert stats.by_op["unstack"].operations == 1
    assert stats.operations == 2
    assert len(parts) == 3
