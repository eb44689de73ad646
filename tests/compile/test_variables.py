"""Variables in recorded functions: what they hold afterwards is what they hold without recording."""

import numpy as np
import pytest

import xgrad as xg


def other_then_own(a, b):
    a.assign(b)
    b.assign_add([1.0, 1.0])
    return a + b


def constant_then_read(a, b):
    b.assign([9.0, 9.0])
    return a + b * 2.0


def constant_then_other(a, b):
    b.assign([9.0, 9.0])
    a.assign(b)
    return a.value()


def zeros_then_sum(a, b):
    a.assign(xg.zeros(2))
    a.assign_add(b)
    a.assign_add(b)
    return a.value()


def former_value_as_result(a, b):
    former = a.value()
    a.assign([1.0, 2.0])
    return former, a.value(), b


def swapped(a, b):
    former = a.value()
    a.assign(b.value())
    b.assign(former)
    return a * 2.0


FUNCTIONS = {
    "other": lambda a, b: a.assign(b).value(),
    "other as result": lambda a, b: a.assign(b),
    "moved": lambda a, b: a.assign(b.value().to_device("cpu")).value(),
    "stopped": lambda a, b: a.assign(xg.stop_gradient(b)).value(),
    "view": lambda a, b: a.assign(b.value()[::-1]).value(),
    "itself": lambda a, b: a.assign(a) * b,
    "other then own": other_then_own,
    "constant then read": constant_then_read,
    "constant then other": constant_then_other,
    "zeros then sum": zeros_then_sum,
    "former value": former_value_as_result,
    "swapped": swapped,
}


def arrays(nest):
    return [xg.asarray(x).tolist() for x in xg.tree.leaves(nest)]


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_assignments_are_those_of_the_function(f):
    mine, theirs = ([xg.Variable([1.0, 2.0]), xg.Variable([3.0, 5.0])] for _ in range(2))
    recorded = xg.function(lambda: f(*mine))
    for i in range(3):
        assert arrays(recorded()) == arrays(f(*theirs))
        assert arrays(mine) == arrays(theirs)
        for v in (*mine, *theirs):
            v.assign_add([10.0 + i, 20.0])


def test_a_value_that_was_read_before_is_a_constant():
    v = xg.Variable([1.0, 2.0])
    start = v.value()
    distance = xg.function(lambda: xg.sum((v - start) ** 2))
    assert distance().item() == 0.0
    v.assign([2.0, 4.0])
    assert distance().item() == 5.0


def test_a_result_that_a_variable_has_too_is_a_constant_of_another_function():
    v = xg.Variable([1.0, 2.0])
    double = xg.function(lambda x: v.assign(x * 2.0).value())
    start = [double(xg.asarray([1.0, 2.0])) for _ in range(2)][-1]
    distance = xg.function(lambda: xg.sum((v - start) ** 2))
    distance()
    v.assign([3.0, 6.0])
    assert distance().item() == 5.0


def test_variables_with_one_array_are_told_apart():
    a, b = xg.Variable([1.0, 2.0]), xg.Variable([3.0, 4.0])
    both = xg.function(lambda: a.assign(b.assign(b * 1.0)))
    both()
    both()
    total = xg.function(lambda: a * 10.0 + b)
    total()
    b.assign([0.0, 0.0])
    assert total().tolist() == [30.0, 40.0]


@pytest.mark.parametrize(
    "part",
    [lambda x: x, lambda x: x[:2], lambda x: xg.expand_dims(xg.asarray(x), axis=0)[:, 1:]],
    ids=["whole", "part", "view"],
)
def test_a_variable_keeps_the_value_of_an_array_that_is_filled_again(part):
    v = xg.Variable(np.zeros(part(np.zeros(3)).shape))
    keep = xg.function(lambda x: (v.assign(part(x)), None)[1])
    batch = np.zeros(3)
    for value in (1.0, 2.0):
        batch[:] = value
        keep(batch)
        batch[:] = 7.0
        assert set(v.numpy().ravel().tolist()) == {value}


def test_a_variable_keeps_the_value_of_a_constant_that_changes():
    v, constant = xg.Variable([0.0, 0.0]), np.ones(2)
    keep = xg.function(lambda: (v.assign(constant), None)[1])
    keep()
    constant[:] = 7.0
    assert v.tolist() == [1.0, 1.0]


def test_variables_have_their_own_arrays_after_a_recording():
    a, b = xg.Variable([1.0, 2.0]), xg.Variable([3.0, 4.0])
    before = [id(a.array), id(b.array)]
    xg.function(lambda: a + 1.0)()
    assert [id(a.array), id(b.array)] == before
