"""Tensors where Python wants a number: round, divmod, math, sums, sorting, and stores into arrays."""

import array
import math
import operator

import numpy as np
import pytest

import xgrad as xg

VALUE = 2.75
ROUNDINGS = {"floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "int": int}
MATH = {
    "sin": math.sin,
    "sqrt": math.sqrt,
    "hypot": lambda x: math.hypot(x, x),
    "isclose": lambda x: math.isclose(x, VALUE),
    "isfinite": math.isfinite,
    "fsum": lambda x: math.fsum([x, x]),
    "log": lambda x: math.log(x, 3),
    "copysign": lambda x: math.copysign(1.0, -x),
}


@pytest.mark.parametrize("sign", [1, -1], ids=["positive", "negative"])
@pytest.mark.parametrize("f", list(ROUNDINGS.values()), ids=ROUNDINGS)
def test_rounding_to_an_int_gives_pythons(f, sign, device):
    result = f(xg.asarray(sign * VALUE, device=device))
    assert type(result) is int
    assert result == f(sign * VALUE)


def test_rounding_of_several_elements_is_refused():
    for f in ROUNDINGS.values():
        with pytest.raises(ValueError, match="exactly one element"):
            f(xg.ones(2))


def test_round_gives_a_tensor(device):
    x = xg.asarray([1.25, -0.75, 2.5], dtype=xg.float64, device=device)
    np.testing.assert_array_equal(round(x).numpy(), [1.0, -1.0, 2.0])
    np.testing.assert_array_equal(round(x, 1).numpy(), [1.2, -0.8, 2.5])
    assert round(x, 1).device == device


def test_round_to_tens():
    np.testing.assert_array_equal(round(xg.asarray([1234.5]), -2).numpy(), [1200.0])


def test_explain_knows_that_round_has_no_derivative():
    v = xg.Variable(1.3)
    with xg.GradientTape() as tape:
        y = round(v, 1)
    assert tape.gradient(y, v) is None
    assert "round" in str(tape.explain(y, v))


@pytest.mark.parametrize("f", list(MATH.values()), ids=MATH)
def test_math_takes_a_value_without_axes(f):
    assert f(xg.asarray(VALUE)) == f(VALUE)


def test_explain_knows_that_math_took_the_value():
    v = xg.Variable(VALUE)
    with xg.GradientTape() as tape:
        y = math.sin(v) * xg.ones(())
    assert tape.gradient(y, v) is None
    assert "float()" in str(tape.explain(y, v))


@pytest.mark.parametrize(
    "other", [2.0, xg.asarray(2.0), np.float64(2.0)], ids=["float", "Tensor", "numpy"]
)
def test_divmod_is_quotient_and_remainder(other):
    v = xg.Variable([7.5, -7.5])
    with xg.GradientTape() as tape:
        quotient, rest = divmod(v, other)
    np.testing.assert_array_equal(quotient.numpy(), [3.0, -4.0])
    np.testing.assert_array_equal(rest.numpy(), [1.5, 0.5])
    np.testing.assert_array_equal(tape.gradient(rest, v).numpy(), [1.0, 1.0])


def test_divmod_by_a_tensor():
    quotient, rest = divmod(7.5, xg.asarray([2.0, 4.0]))
    np.testing.assert_array_equal(quotient.numpy(), [3.0, 1.0])
    np.testing.assert_array_equal(rest.numpy(), [1.5, 3.5])
    with pytest.raises(TypeError):
        divmod("7", xg.ones(2))
    with pytest.raises(TypeError):
        divmod(xg.ones(2), "7")


# -- lists of Tensors ------------------------------------------------------------------------------


def test_sum_of_a_list_is_followed(device):
    v = xg.Variable([1.0, 2.0, 3.0], device=device)
    with xg.GradientTape() as tape:
        y = sum([v[0] * v[1], v[2]]) + sum(v)
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), [3.0, 2.0, 2.0])


def test_max_and_min_take_the_gradient_to_the_one_they_choose():
    v = xg.Variable([1.0, 3.0, 2.0])
    with xg.GradientTape() as tape:
        y = max(v) * 10.0 + min([v[0], v[2]])
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), [1.0, 10.0, 0.0])


def test_sorted_lists_are_followed():
    v = xg.Variable([3.0, 1.0, 2.0])
    with xg.GradientTape() as tape:
        y = sum(weight * x for weight, x in zip([1.0, 10.0, 100.0], sorted(v), strict=True))
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), [100.0, 1.0, 10.0])


def test_product_of_a_list_is_followed():
    v = xg.Variable([3.0, 1.0, 2.0])
    with xg.GradientTape() as tape:
        y = math.prod(v)
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), [2.0, 6.0, 3.0])


def test_elements_are_found_in_lists_and_tensors():
    x = xg.asarray([1.0, 2.0])
    assert x[0] in [xg.asarray(5.0), xg.asarray(1.0)]
    assert 2.0 in x
    assert 3.0 not in x
    assert [float(y) for y in reversed(x)] == [2.0, 1.0]


@pytest.mark.parametrize("sequence", [[1.0, 2.0], (1.0, 2.0), "ab"], ids=["list", "tuple", "text"])
def test_sequence_times_a_floating_tensor_is_refused_and_names_asarray(sequence):
    for x in (xg.ones(2), xg.ones(())):
        for one, other in ((sequence, x), (x, sequence)):
            with pytest.raises(TypeError, match=r"must be an integer.* xg\.asarray\(the list\)"):
                one * other


def test_list_times_an_integer_is_pythons_repetition():
    assert [0.5] * xg.asarray(3) == [0.5, 0.5, 0.5]
    assert list(range(xg.asarray(3))) == [0, 1, 2]
    assert [10, 20, 30][xg.asarray(1)] == 20


@pytest.mark.parametrize("f", [operator.add, operator.sub, operator.truediv, operator.pow])
def test_other_operators_refuse_lists(f):
    for one, other in (([1.0], xg.ones(1)), (xg.ones(1), (1.0,))):
        with pytest.raises(TypeError):
            f(one, other)


def test_divmod_refuses_lists_and_names_asarray():
    for one, other in (([1.0], xg.ones(1)), (xg.ones(1), [1.0])):
        with pytest.raises(TypeError, match=r"Use xg\.asarray to make a Tensor of it"):
            divmod(one, other)
    with pytest.raises(TypeError, match="unsupported operand"):
        divmod(xg.ones(1), object())


def test_format_of_one_element_takes_a_number_format():
    assert f"{xg.asarray([[2.0]]):.2f}" == "2.00"
    assert f"{xg.asarray(2):>4d}" == "   2"
    assert f"{xg.ones(2):>70}".startswith("   ")
    with pytest.raises(TypeError, match=r"'\.2f' is of one number, but x is \(2,\)"):
        format(xg.ones(2), ".2f")


# -- stores into arrays of other libraries ---------------------------------------------------------

STORES = {
    "array": (lambda: np.zeros(3), "a[0] = x"),
    "array, negative index": (lambda: np.zeros(3), "a[-1] = x"),
    "array, two indices": (lambda: np.zeros((2, 3)), "a[0, 1] = x"),
    "array of integers": (lambda: np.zeros(3, dtype=int), "a[0] = x"),
    "array of complex numbers": (lambda: np.zeros(3, dtype=complex), "a[0] = x"),
    "array of float32": (lambda: np.zeros(3, dtype="float32"), "a[0] = x"),
    "array, added": (lambda: np.zeros(3), "a[0] += x"),
    "array, with a slice": (lambda: np.zeros(3), "a[:] = x"),
    "array, with a mask": (lambda: np.zeros(3), "a[a == 0] = x"),
    "array, with a list": (lambda: np.zeros(3), "a[[0, 1]] = x"),
    "array, an ellipsis": (lambda: np.zeros(3), "a[...] = x"),
    "row of an array": (lambda: np.zeros((3, 1)), "a[0] = x"),
    "flat": (lambda: np.zeros(3).flat, "a[0] = x"),
    "memoryview": (lambda: memoryview(np.zeros(3)), "a[0] = x"),
    "array.array": (lambda: array.array("d", [0.0]), "a[0] = x"),
}


# These raise an error of their own in place of ours.
SILENT = (np.flatiter, memoryview)


def elements(a):
    return np.array(a).ravel().tolist()


@pytest.mark.parametrize(("make", "line"), list(STORES.values()), ids=STORES)
def test_followed_value_is_not_stored_into_an_array(make, line):
    v = xg.Variable(VALUE)
    a = make()
    with xg.GradientTape(), pytest.raises((TypeError, ValueError)) as error:
        exec(line, {"a": a, "x": v * 1.0})
    assert not any(elements(a))
    if type(a) not in SILENT:
        shown = f"{error.value} {error.value.__cause__}"
        assert "is followed " in shown
        assert ".numpy()" in shown or "on purpose" in shown


@pytest.mark.parametrize(("make", "line"), list(STORES.values()), ids=STORES)
def test_value_that_nobody_follows_is_stored(make, line):
    a = make()
    with xg.GradientTape():
        exec(line, {"a": a, "x": xg.asarray(VALUE)})
    assert any(elements(a))


def test_number_that_was_asked_for_is_stored():
    v = xg.Variable(VALUE)
    a = np.zeros(2)
    with xg.GradientTape() as tape:
        a[0] = float(v)
        y = xg.sum(xg.asarray(a))
    assert a[0] == VALUE
    assert tape.gradient(y, v) is None
    assert "float()" in str(tape.explain(y, v))


def test_stores_into_tensors_and_lists_are_followed():
    v = xg.Variable(VALUE)
    x, names = xg.zeros(2), [0.0]
    with xg.GradientTape() as tape:
        x[0] = v
        names[0] = v * 2.0
        y = xg.sum(x) + names[0]
    assert float(tape.gradient(y, v)) == 3.0


@pytest.mark.parametrize("index", [(4,), (-1,), (np.int64(2),), (1, 2), (-1, 0), ((1, 1),)])
@pytest.mark.parametrize("make", [xg.asarray, xg.Variable])
def test_item_takes_an_index_as_in_numpy(make, index):
    a = np.arange(6.0).reshape(2, 3)
    found = make(a).item(*index)
    assert found == a.item(*index)
    assert type(found) is float


@pytest.mark.parametrize(
    ("index", "error"),
    [((7,), IndexError), ((2, 0), IndexError), ((0, 0, 0), ValueError), (("a",), TypeError)],
)
def test_item_refuses_what_is_no_place(index, error):
    x = xg.ones((2, 3))
    with pytest.raises(error) as caught:
        x.item(*index)
    assert isinstance(caught.value, xg.errors.XgradError)


def test_item_of_no_axes_is_at_place_0():
    assert xg.asarray(3.0).item(0) == 3.0
