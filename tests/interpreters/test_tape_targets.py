"""tensorflow-reference.md, section 2.5: nests on both sides, and output_gradients."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest

import xgrad as xg


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclasses.dataclass
class Parameters:
    w: object
    b: object


def test_t1_vector_target_is_summed():
    x = xg.Variable([1.0, 2.0, 3.0])
    with xg.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x).tolist() == [2.0, 4.0, 6.0]


@pytest.mark.parametrize(
    "nest",
    [
        lambda y, z: [y, z],
        lambda y, z: {"y": y, "z": z},
        lambda y, z: (y, [z]),
        Pair,
    ],
    ids=["list", "dict", "nested", "namedtuple"],
)
def test_t1_all_leaves_of_the_target_are_summed(nest):
    x = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = x * x
        z = x * xg.ones((2, 3))
    assert float(tape.gradient(nest(y, z), x)) == 10.0


def test_t1_same_target_twice_counts_twice():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
    assert float(tape.gradient([y, y], x)) == 12.0


def test_t2_source_among_the_targets():
    x = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = x * x
    assert float(tape.gradient([x, y], x)) == 5.0


def test_t2_several_sources_among_the_targets():
    x, y = xg.Variable(3.0), xg.Variable(5.0)
    with xg.GradientTape() as tape:
        z = y * y
    gx, gy = tape.gradient([x, y, z], [x, y])
    assert (float(gx), float(gy)) == (1.0, 11.0)


def test_t2_integer_target_among_others_is_ignored():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        n = xg.astype(x, xg.int32)
    assert float(tape.gradient([n, y, xg.asarray(7)], x)) == 6.0


@pytest.mark.parametrize("inside", [False, True], ids=["raw", "recorded"])
def test_t3_same_source_twice_gives_the_same_gradient_twice(inside):
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=inside) as tape:
        y = x * x
        if inside:
            a, b = tape.gradient(y, [x, x])
    if not inside:
        a, b = tape.gradient(y, [x, x])
    assert (float(a), float(b)) == (6.0, 6.0)
    a += 1.0
    assert float(b) == 6.0


def test_t4_source_on_the_path_of_another_gets_the_total_derivative():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
        z = y + x
    gx, gy = tape.gradient(z, [x, y])
    assert (float(gx), float(gy)) == (7.0, 1.0)


def test_t4_stop_gradients_give_partial_derivatives():
    x = xg.Variable(3.0)
    with xg.GradientTape(persistent=True) as tape:
        y = x * 2.0
        z = y + x
    gx, gy = tape.gradient(z, [x, y], stop_gradients=[x, y])
    assert (float(gx), float(gy)) == (1.0, 1.0)
    assert float(tape.gradient(z, x, stop_gradients=y)) == 1.0
    assert float(tape.gradient(z, x)) == 3.0


def test_t4_stop_gradients_that_hold_everything_give_none():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * 2.0
        z = y + 1.0
    assert tape.gradient(z, x, stop_gradients=[y]) is None


@pytest.mark.parametrize(
    "nest",
    [
        lambda w, b: [w, b],
        lambda w, b: (w, b),
        lambda w, b: {"w": w, "b": b},
        lambda w, b: {"b": b, "a": [w]},
        Pair,
        Parameters,
        lambda w, b: [{"layer": (w,)}, [b, []]],
    ],
    ids=["list", "tuple", "dict", "dict_order", "namedtuple", "dataclass", "nested"],
)
def test_t5_result_has_the_structure_of_the_sources(nest):
    w, b = xg.Variable([1.0, 2.0]), xg.Variable(3.0)
    sources = nest(w, b)
    with xg.GradientTape() as tape:
        y = xg.sum(w * 5.0) + b
    result = tape.gradient(y, sources)
    values = {id(w): [5.0, 5.0], id(b): 1.0}
    assert xg.tree.map(lambda g: g.tolist(), result) == xg.tree.map(
        lambda v: values[id(v)], sources
    )
    assert type(result) is type(sources)


def test_t5_one_source_gives_one_tensor():
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = x * x
    assert isinstance(tape.gradient(y, x), xg.Tensor)


def test_t6_variable_as_target_gives_ones():
    v = xg.Variable([3.0, 4.0])
    with xg.GradientTape(persistent=True) as tape:
        v * 2.0
    assert tape.gradient(v, v).tolist() == [1.0, 1.0]


def test_t6_unread_variable_as_target_gives_ones():
    v = xg.Variable([3.0, 4.0])
    with xg.GradientTape() as tape:
        pass
    assert tape.gradient(v, v).tolist() == [1.0, 1.0]


@pytest.fixture
def square():
    """A persistent tape that recorded ``y = x * x`` at [1, 2] in float32, with `y` and `x`."""
    x = xg.Variable([1.0, 2.0], dtype=xg.float32)
    with xg.GradientTape(persistent=True) as tape:
        y = x * x
    return tape, y, x


@pytest.mark.parametrize(
    "seed",
    [
        xg.asarray([10.0, 100.0], dtype=xg.float32),
        np.array([10.0, 100.0], np.float32),
        xg.Variable([10.0, 100.0], dtype=xg.float32),
    ],
    ids=["tensor", "ndarray", "variable"],
)
def test_o1_output_gradients_of_the_targets_shape(square, seed):
    tape, y, x = square
    g = tape.gradient(y, x, output_gradients=seed)
    assert g.tolist() == [20.0, 400.0]
    assert g.dtype == xg.float32


def test_o1_output_gradients_in_a_nest(square):
    tape, y, x = square
    g = tape.gradient({"a": y, "b": [y]}, x, output_gradients={"a": y, "b": [np.ones(2)]})
    assert g.tolist() == [2.0 + 2.0, 16.0 + 4.0]


@pytest.mark.parametrize("seed", [[10.0, 100.0], (10.0, 100.0), [10, 100]])
def test_o2_list_for_one_target_is_an_array(square, seed):
    tape, y, x = square
    assert tape.gradient(y, x, output_gradients=seed).tolist() == [20.0, 400.0]


def test_o2_list_for_a_matrix_target():
    x = xg.Variable([[1.0, 2.0], [3.0, 4.0]])
    with xg.GradientTape() as tape:
        y = x * 2.0
    g = tape.gradient(y, x, output_gradients=[[1.0, 0.0], [0.0, 1.0]])
    assert g.tolist() == [[2.0, 0.0], [0.0, 2.0]]


@pytest.mark.parametrize("seed", [2.0, np.float32(2.0), xg.asarray(2.0), np.ones(1), [2.0]])
def test_o3_output_gradients_never_broadcast(square, seed):
    tape, y, x = square
    with pytest.raises(
        xg.errors.ShapeError,
        match=r"output_gradients \(1?,?\) \w+ on cpu must have the shape of its target \(2,\) "
        r"float32 on cpu\. Use xg\.broadcast_to",
    ):
        tape.gradient(y, x, output_gradients=seed)


@pytest.mark.parametrize("f", [lambda x: x * x, lambda x: +x], ids=["square", "identity"])
def test_o4_wrong_shape_is_an_error_before_anything_is_consumed(f):
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        y = f(x)
    with pytest.raises(ValueError, match=r"output_gradients \(3,\) .* target \(2,\) float64"):
        tape.gradient(y, x, output_gradients=np.ones(3))
    assert tape.gradient(y, x) is not None


@pytest.mark.parametrize("count", [1, 3], ids=["fewer", "more"])
def test_o5_wrong_number_is_an_error(square, count):
    tape, y, x = square
    with pytest.raises(ValueError, match=rf"output_gradients.*2 expected, {count} given"):
        tape.gradient([y, y], x, output_gradients=[np.ones(2)] * count)


@pytest.mark.parametrize(
    "seed",
    [np.ones(2), (np.ones(2), np.ones(2)), {"a": np.ones(2), "b": np.ones(2)}],
    ids=["array", "tuple", "dict"],
)
def test_o5_another_structure_is_an_error_that_shows_both(square, seed):
    tape, y, x = square
    with pytest.raises(ValueError, match=r"output_gradients.*\[\*, \*\].*Use "):
        tape.gradient([y, y], x, output_gradients=seed)


def test_o6_none_among_output_gradients_means_ones(square):
    tape, y, x = square
    seed = np.array([10.0, 100.0])
    assert tape.gradient([y, y], x, output_gradients=[None, seed]).tolist() == [22.0, 404.0]
    assert tape.gradient([y, y], x, output_gradients=[None, None]).tolist() == [4.0, 8.0]


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "bool"])
def test_o7_real_numbers_are_cast_to_the_targets_dtype(square, dtype):
    tape, y, x = square
    g = tape.gradient(y, x, output_gradients=np.ones(2, dtype))
    assert g.tolist() == [2.0, 4.0]
    assert g.dtype == xg.float32


def test_o7_complex_output_gradients_of_a_real_target_are_an_error(square):
    tape, y, x = square
    with pytest.raises(
        xg.errors.DTypeError,
        match=r"output_gradients \(2,\) complex128 on cpu cannot become float32",
    ):
        tape.gradient(y, x, output_gradients=[1j, 2.0])


def test_o7_output_gradients_of_an_integer_target_have_no_effect():
    x = xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        n = xg.astype(x, xg.int32)
        y = x * x
    g = tape.gradient([n, y], x, output_gradients=[np.ones(2), np.ones(2)])
    assert g.tolist() == [2.0, 4.0]
