"""NumPy's loops over large flat arrays in blocks: the same bits as NumPy's calls, and exact sums."""

import math
import threading

import numpy as np
import pytest

from xgrad.backends import numpy_loops
from xgrad.backends.numpy_loops import SELECT
from xgrad.backends.numpy_sweeps import (
    Gathering,
    Scattering,
    SweepStep,
    Vector,
    block_of,
    can_gather,
    can_scatter,
    can_sweep,
    sweep,
)

pytestmark = pytest.mark.skipif(
    not numpy_loops.can_batch(), reason="the loops were not compiled here, or XGRAD_SPEEDUPS=0"
)

SIZE = 10_001
F4, F8, BOOL = (np.dtype(d) for d in ("float32", "float64", "bool"))


def unexpected(*given):
    raise AssertionError("an array was not of the form that was said")


def vectors(*names, dtype=F8, whole=True):
    return [Vector(name, dtype, whole) for name in names]


@pytest.fixture
def x(rng):
    return rng.normal(size=SIZE)


@pytest.mark.parametrize("block", [1, 7, 1000, 2048])
@pytest.mark.parametrize("dtype", [F4, F8])
def test_steps_pass_values_on_through_scratch_memory(dtype, block, x):
    x = x.astype(dtype)
    factor, scale = np.asarray(1.5, dtype), np.asarray([0.5], dtype)
    steps = [
        SweepStep(np.tanh, ("x", "m0")),
        SweepStep(np.multiply, ("m0", factor, "m0")),
        SweepStep(np.multiply, ("x", "scale", "m1")),
        SweepStep(np.add, ("m0", "m1", "y")),
        SweepStep(np.exp, ("y", "z")),
    ]
    inputs = [*vectors("x", dtype=dtype), *vectors("scale", dtype=dtype, whole=False)]
    made = sweep(
        steps,
        inputs,
        vectors("y", "z", dtype=dtype),
        vectors("m0", "m1", dtype=dtype),
        block,
        unexpected,
    )
    y, z = np.zeros(SIZE, dtype), np.zeros(SIZE, dtype)
    scratch = [np.empty(block, dtype) for _ in range(2)]
    assert made(0, 4000, scratch, (x, scale), (y, z)) == []
    assert not y[4000:].any()
    assert made(4000, SIZE, scratch, [x, scale], [y, z]) == []
    expected = np.tanh(x) * factor + x * scale
    assert y.tobytes() == expected.tobytes()
    assert z.tobytes() == np.exp(expected).tobytes()


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_sums_of_what_is_not_finite(value, x):
    x[[3, 5000]] = value
    made = sweep([SweepStep("sum", ("x",))], vectors("x"), [], [], 64, unexpected)
    (found,) = made(0, SIZE, [], (x,), ())
    np.testing.assert_array_equal(found, value)
    x[7000] = -value
    assert np.isnan(made(0, SIZE, [], (x,), ())[0])


def test_a_result_may_lie_in_an_input(x):
    steps = [SweepStep(np.square, ("x", "m0")), SweepStep(np.subtract, ("x", "m0", "y"))]
    made = sweep(steps, vectors("x"), vectors("y"), vectors("m0"), 100, unexpected)
    expected = x - np.square(x)
    made(0, SIZE, [np.empty(100)], (x,), (x,))
    assert x.tobytes() == expected.tobytes()


def test_a_choice_has_a_condition_of_another_size(x):
    zero = np.asarray(0.0)
    steps = [SweepStep(np.less, ("x", zero, "m0")), SweepStep(SELECT, ("m0", "x", zero, "y"))]
    made = sweep(steps, vectors("x"), vectors("y"), vectors("m0", dtype=BOOL), 64, unexpected)
    y = np.empty(SIZE)
    made(0, SIZE, [np.empty(64, bool)], (x,), (y,))
    np.testing.assert_array_equal(y, np.where(x < 0, x, 0.0))


@pytest.mark.parametrize("dtype", [F4, F8])
def test_sums_are_exact_to_a_few_digits(dtype, rng):
    x, y = (rng.uniform(0, 1, 1_000_000).astype(dtype) for _ in range(2))
    steps = [SweepStep("sum", ("x",)), SweepStep("product_sum", ("x", "y"))]
    made = sweep(steps, vectors("x", "y", dtype=dtype), [], [], block_of([dtype]), unexpected)
    found = made(0, len(x), [], (x, y), ())
    assert [(s.shape, s.dtype) for s in found] == [((), dtype)] * 2
    products = x.astype(float) * y
    for value, expected in zip(found, (math.fsum(x), math.fsum(products)), strict=True):
        assert abs(float(value) - expected) <= 4 * np.finfo(dtype).eps * expected


@pytest.mark.parametrize("dtype", [F4, F8])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_guards_look_and_mend(value, dtype):
    r, g = np.ones(100, dtype), np.ones(100, dtype)
    r[[3, 50, 99]] = value
    g[[3, 7, 99]] = 0
    expected = np.where(np.isfinite(r) | (g != 0), r, 0)
    for result in ("y", "x"):
        outputs = vectors("y", dtype=dtype) if result == "y" else []
        steps = [SweepStep("guard", ("x", "g", result))]
        made = sweep(steps, vectors("x", "g", dtype=dtype), outputs, [], 16, unexpected)
        x, y = r.copy(), np.empty(100, dtype)
        made(0, 100, [], (x, g), (y,) if outputs else ())
        np.testing.assert_array_equal(y if outputs else x, expected)
    made = sweep(
        [SweepStep("guard", ("x", np.asarray(0.0, dtype), "x"))],
        vectors("x", dtype=dtype), [], [], 16, unexpected,
    )  # fmt: skip
    x = r.copy()
    made(0, 100, [], (x,), ())
    np.testing.assert_array_equal(x, np.where(np.isfinite(r), r, 0))


@pytest.mark.parametrize("value", [np.finfo(F8).max, np.finfo(F8).tiny / 8, -0.0])
def test_guards_leave_what_is_finite(value):
    x = np.full(20, value)
    made = sweep([SweepStep("guard", ("x", "g", "x"))], vectors("x", "g"), [], [], 16, unexpected)
    made(0, 20, [], (x, np.zeros(20)), ())
    assert x.tobytes() == np.full(20, value).tobytes()


@pytest.mark.parametrize(
    "other",
    [
        np.ones(SIZE, "f4"),
        np.ones(2 * SIZE)[::2],
        np.ma.ones(SIZE),
        np.ones(SIZE, ">f8"),
        [1.0],
        None,
    ],
    ids=["float32", "strided", "masked", "swapped", "list", "None"],
)
def test_arrays_of_another_form_go_to_the_slow_function(other):
    made = sweep(
        [SweepStep(np.negative, ("x", "y"))], vectors("x"), vectors("y"), [], 64, lambda *a: "slow"
    )
    y = np.empty(SIZE)
    assert made(0, SIZE, [], (other,), (y,)) == "slow"
    assert made(0, SIZE, [], (np.ones(SIZE),), (np.ones(SIZE, "f4"),)) == "slow"
    assert made(0, SIZE, [], (), (y,)) == "slow"
    y.flags.writeable = False
    assert made(0, SIZE, [], (np.ones(SIZE),), (y,)) == "slow"


def test_a_number_is_one_element():
    steps = [SweepStep(np.add, ("x", "k", "y"))]
    inputs = [*vectors("x"), *vectors("k", whole=False)]
    made = sweep(steps, inputs, vectors("y"), [], 64, lambda *a: "slow")
    y = np.empty(5)
    assert made(0, 5, [], (np.ones(5), np.ones(5)), (y,)) == "slow"
    assert made(0, 5, [], (np.ones(5), np.asarray(2.0)), (y,)) == []
    assert y.tolist() == [3.0] * 5


def test_what_a_sweep_cannot_do():
    assert can_sweep(np.tanh, (F4, F4))
    assert not can_sweep(np.tanh, (F4, F8))
    assert not can_sweep("sum", (np.dtype("int64"),) * 2)
    assert not can_sweep("guard", (F4, F8, F4))
    assert not can_sweep(np.tanh, (np.dtype(">f4"),) * 2)
    many = vectors(*[f"x{i}" for i in range(70)])
    assert sweep([SweepStep("sum", ("x0",))], many, [], [], 64, unexpected) is None
    with pytest.raises(ValueError, match="no such step"):
        sweep([SweepStep("sum", (np.asarray(1.0),))], vectors("x"), [], [], 64, unexpected)
    with pytest.raises(ValueError, match="no such sweep"):
        sweep([], vectors("x"), [], [], 1 << 20, unexpected)
    made = sweep([], vectors("x"), [], [], 64, unexpected)
    for arguments in ((), (0, 1, [], []), (0, 1, [], [], 3), ("0", 1, [], [], [])):
        with pytest.raises(TypeError):
            made(*arguments)


def test_integers_to_negative_powers_are_refused():
    integers = np.dtype("int64")
    steps = [SweepStep(np.power, ("x", "n", "y"))]
    made = sweep(
        steps, vectors("x", "n", dtype=integers), vectors("y", dtype=integers), [], 64, unexpected
    )
    x, y = np.full(100, 2), np.empty(100, integers)
    made(0, 100, [], (x, x), (y,))
    assert (y == 4).all()
    with pytest.raises(ValueError, match="negative integer powers"):
        made(0, 100, [], (x, -x), (y,))


def test_threads_sweep_at_the_same_time(rng):
    x = rng.normal(size=1 << 20)
    steps = [SweepStep(np.sin, ("x", "m0")), SweepStep(np.cos, ("m0", "y"))]
    made = sweep(steps, vectors("x"), vectors("y"), vectors("m0"), 1024, unexpected)
    y = np.empty_like(x)
    half = len(x) // 2
    parts = [(0, half), (half, len(x))]
    threads = [
        threading.Thread(target=lambda p=p: made(*p, [np.empty(1024)], (x,), (y,))) for p in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert y.tobytes() == np.cos(np.sin(x)).tobytes()


# -- rows of a table ---------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [9, -10, 2**62, -(2**63)])
@pytest.mark.parametrize("kind", ["gather", "scatter"])
def test_indices_that_change_after_they_were_looked_at(kind, wrong, rng):
    """As another thread may do; here a step of the sweep does, whose result lies in them."""
    indices, table = np.array([0, 8, 1, 2]), rng.normal(size=(9, 1))
    x, y = rng.normal(size=4), np.zeros(4)
    into, by = indices, np.full(4, wrong)
    ints = np.dtype(np.intp)
    steps = [SweepStep(np.positive, ("by", "into"))]
    inputs = [Vector("by", ints), Vector("i", ints, aside=True)]
    if kind == "gather":
        steps.append(SweepStep(Gathering(1), ("t", "i", "y")))
        made = sweep(
            steps,
            [*inputs, Vector("t", F8, aside=True)],
            [Vector("into", ints), *vectors("y")],
            [],
            8,
            lambda *_: "slow",
        )
        assert made(0, 4, [], (by, indices, table), (into, y)) == "slow"
    else:
        steps.append(SweepStep(Scattering(1), ("x", "i", "t")))
        made = sweep(
            steps,
            [*inputs, *vectors("x")],
            [Vector("into", ints), Vector("t", F8, aside=True)],
            [],
            8,
            lambda *_: "slow",
        )
        assert made(0, 4, [], (by, indices, x), (into, table)) == "slow"


def gathering(width, block, dtype=F8, slow=unexpected):
    inputs = [Vector("t", dtype, aside=True), Vector("i", np.dtype(np.intp), aside=True)]
    steps = [SweepStep(Gathering(width), ("t", "i", "m0"))]
    steps.append(SweepStep(np.negative, ("m0", "y")))
    return sweep(steps, inputs, vectors("y", dtype=dtype), vectors("m0", dtype=dtype), block, slow)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "complex128", "int8"])
@pytest.mark.parametrize("width", [1, 3, 64, 1000, 5000])
@pytest.mark.parametrize("block", [1, 50, 1024])
def test_rows_are_gathered_block_by_block(width, block, dtype, rng):
    dtype = np.dtype(dtype)
    table = rng.normal(size=(9, width)).astype(dtype) * 10
    indices = rng.integers(-9, 9, size=(2, 7))
    expected = -table.take(indices, axis=0).reshape(-1)
    low, high = expected.size // 3, expected.size - 2
    y = np.zeros(expected.size, dtype)
    made = gathering(width, block, dtype)
    made(low, high, [np.empty(block, dtype)], (table, indices), (y,))
    assert y[low:high].tobytes() == expected[low:high].tobytes()
    assert not y[:low].any()
    assert not y[high:].any()


@pytest.mark.parametrize("index", [-10, 9, 2**62, -(2**63)])
def test_indices_outside_go_to_the_slow_function_before_anything_is_written(index, rng):
    table, indices = rng.normal(size=(9, 4)), np.array([0, 8, -9, index, 1])
    y = np.zeros(20)
    made = gathering(4, 6, slow=lambda *_: "slow")
    assert made(0, 20, [np.empty(6)], (table, indices), (y,)) == "slow"
    assert not y.any()
    assert made(0, 12, [np.empty(6)], (table, indices), (y,)) == []  # it does not come that far
    assert y[:12].all()


def test_tables_and_indices_of_another_form_go_to_the_slow_function(rng):
    table, indices, y = rng.normal(size=(9, 4)), np.array([0, 1]), np.zeros(8)
    made = gathering(4, 8, slow=lambda *_: "slow")
    for given in [
        (np.asfortranarray(table), indices),
        (table[:, ::2], indices),
        (table.astype(F4), indices),
        (table, indices.astype(np.int32)),
        (table, np.array([0, 9, 1, 9])[::2]),
        (table, indices[:1]),
        (table[:0], indices),
    ]:
        assert made(0, 8, [np.empty(8)], given, (y,)) == "slow"
    assert not y.any()


def test_what_can_be_gathered():
    assert can_gather(F8, np.dtype(np.intp))
    assert not can_gather(F8, np.dtype(np.int32))
    assert not can_gather(np.dtype(">f8"), np.dtype(np.intp))
    assert not can_gather(np.dtype(object), np.dtype(np.intp))


@pytest.mark.parametrize(
    "steps",
    [
        [SweepStep(Gathering(0), ("t", "i", "y"))],
        [SweepStep(Gathering(2), ("t", "y", "y"))],
        [SweepStep(Gathering(2), ("y", "i", "y"))],
        [SweepStep(Gathering(2), ("i", "i", "y"))],
        [SweepStep(np.negative, ("t", "y"))],
        [SweepStep("sum", ("t",))],
    ],
)
def test_tables_are_for_gathering_only(steps):
    inputs = [Vector("t", F8, aside=True), Vector("i", np.dtype(np.intp), aside=True)]
    with pytest.raises(ValueError, match="no such step"):
        sweep(steps, inputs, vectors("y"), [], 8, unexpected)


def scattering(width, block, dtype=F8, slow=unexpected):
    inputs = [Vector("x", dtype), Vector("i", np.dtype(np.intp), aside=True)]
    steps = [SweepStep(np.negative, ("x", "m0"))]
    steps.append(SweepStep(Scattering(width), ("m0", "i", "t")))
    outputs = [Vector("t", dtype, aside=True)]
    return sweep(steps, inputs, outputs, vectors("m0", dtype=dtype), block, slow)


@pytest.mark.parametrize("dtype", [F4, F8])
@pytest.mark.parametrize("width", [1, 3, 64, 1000, 5000])
@pytest.mark.parametrize("block", [1, 50, 1024])
def test_rows_are_scattered_block_by_block(width, block, dtype, rng):
    x = rng.normal(size=14 * width).astype(dtype)
    indices = rng.integers(-5, 5, size=14)
    low, high = x.size // 3, x.size - 2
    expected = np.zeros((5, width), dtype)
    part = np.zeros_like(x)
    part[low:high] = -x[low:high]
    np.add.at(expected, indices, part.reshape(14, width))
    table = np.full((5, width), 9, dtype)
    scattering(width, block, dtype)(low, high, [np.empty(block, dtype)], (x, indices), (table,))
    assert table.tobytes() == expected.tobytes()


@pytest.mark.parametrize("index", [-6, 5])
def test_rows_that_are_not_there_go_to_the_slow_function(index, rng):
    x, indices, table = rng.normal(size=12), np.array([0, index, 1]), np.full((5, 4), 9.0)
    made = scattering(4, 5, slow=lambda *_: "slow")
    assert made(0, 12, [np.empty(5)], (x, indices), (table,)) == "slow"
    assert (table == 9).all()
    table.flags.writeable = False
    assert made(0, 4, [np.empty(5)], (x, indices), (table,)) == "slow"
    assert made(0, 4, [np.empty(5)], (x, indices), (np.empty((4, 5)).T,)) == "slow"


def test_what_can_be_scattered():
    assert can_scatter(F8, np.dtype(np.intp))
    assert not can_scatter(np.dtype(int), np.dtype(np.intp))
    assert not can_scatter(F8, np.dtype(np.int32))


@pytest.mark.parametrize(
    "operands",
    [("x", "i", "i"), ("x", "x", "t"), ("t", "i", "t"), ("x", "i", "x"), ("x", "i", "u")],
)
def test_tables_are_among_the_outputs(operands):
    inputs = [
        *vectors("x"),
        Vector("i", np.dtype(np.intp), aside=True),
        Vector("u", F8, aside=True),
    ]
    outputs = [Vector("t", F8, aside=True)]
    with pytest.raises(ValueError, match="no such step"):
        sweep([SweepStep(Scattering(2), operands)], inputs, outputs, [], 8, unexpected)
