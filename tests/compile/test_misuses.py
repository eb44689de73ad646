"""What a recorded function must not do: every way to look at a value, of every kind of value.

200 misuses and more, each of which would otherwise bake one call's values into all later ones; and
what a function keeps of a recording, which later calls would leave as it is."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest

import xgrad as xg

LOOKS = {
    "bool": bool,
    "if": lambda t: 1 if t > 0 else 2,
    "not": lambda t: not t,
    "and": lambda t: t and 1.0,
    "while": lambda t: _count_down(t),
    "float": float,
    "int": int,
    "complex": complex,
    "round": lambda t: range(int(t)),
    "math": math.sqrt,
    "item": lambda t: t.item(),
    "tolist": lambda t: t.tolist(),
    "numpy": lambda t: t.numpy(),
    "asarray": np.asarray,
    "dlpack": np.from_dlpack,
    "max": lambda t: max(t, t + 1.0),
    "sorted": lambda t: sorted([t, t - 1.0]),
    "chained": lambda t: 0.0 < t < 5.0,
    "pickle": pickle.dumps,
    "format": lambda t: format(t, ".3f"),
    "array": lambda t: np.array([t, t]),
    "raw array": lambda t: t.array,
    "arange": lambda t: xg.arange(t),
}


def _count_down(t):
    while t > 0:
        t = t - 1.0
    return t


def _derivative(x):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x**3
    return tape.gradient(y, x)


def _tangent(x):
    with xg.ForwardAccumulator(x, xg.ones_like(x)) as accumulator:
        y = xg.sin(x)
    return accumulator.jvp(y)


def _assigned(x):
    v = VARIABLE
    v.assign_add(x)
    return v.value()


VARIABLE = xg.Variable(2.0)
GENERATOR = xg.random.Generator(1)
VALUES = {
    "argument": lambda x: x,
    "computed": lambda x: x * 2.0 + 1.0,
    "sum": lambda x: xg.sum(xg.stack([x, x])),
    "element": lambda x: xg.stack([x, x])[1],
    "where": lambda x: xg.where(x > 1.0, x, 2.0),
    "gradient": _derivative,
    "second": lambda x: xg.grad(xg.grad(lambda z: z**4))(x),
    "tangent": _tangent,
    "variable": lambda x: VARIABLE,
    "read": lambda x: VARIABLE.value(),
    "used": lambda x: VARIABLE * 1.0,
    "assigned": _assigned,
    "random": lambda x: GENERATOR.uniform(()) + 1.0,
    "mapped": lambda x: xg.vmap(lambda z: z * 2.0)(xg.stack([x, x]))[0],
}
MISUSES = [(value, look) for value in VALUES for look in LOOKS]


@pytest.mark.parametrize(("value", "look"), MISUSES, ids=["-".join(pair) for pair in MISUSES])
def test_looking_is_refused(value, look):
    line = None

    def f(x):
        nonlocal line
        made = VALUES[value](x)
        LOOKS[look](made)
        return x

    before = VARIABLE.numpy()
    with pytest.raises(xg.errors.TracingError, match=r"inside xg\.function") as caught:
        xg.function(f)(xg.asarray(2.0))
    assert "Use xg.where, which chooses between results of both branches" in str(caught.value)
    assert "static_argnames=" in str(caught.value)
    assert f"at {__file__}:" in str(caught.value)
    np.testing.assert_array_equal(VARIABLE.numpy(), before)


def test_there_are_two_hundred_misuses():
    assert len(MISUSES) >= 200


SHAPES = {
    "mask": lambda x: x[x > 0],
    "nonzero": xg.nonzero,
    "unique_values": xg.unique_values,
    "unique_counts": xg.unique_counts,
    "unique_inverse": xg.unique_inverse,
    "unique_all": xg.unique_all,
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_depend_on_values_are_refused(name):
    with pytest.raises(xg.errors.TracingError, match=r"the shape of the result.*Use xg\.where"):
        xg.function(lambda x: (SHAPES[name](x), x)[1])(xg.asarray([1.0, 2.0]))


SIZES = {
    "repeat": lambda n: xg.repeat(xg.ones(2), xg.stack([n, n])),
    "repeat, one for all": lambda n: xg.repeat(xg.ones(2), n),
    "numpy.repeat": lambda n: np.repeat(xg.ones(2), n),
    "arange": xg.arange,
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes_that_are_values_are_refused(name):
    with pytest.raises(
        xg.errors.TracingError, match=r"left xgrad through \w+ at .*static_argnames"
    ):
        xg.function(SIZES[name])(xg.asarray(2))


def test_sizes_that_are_constants_are_none_of_a_call():
    f = xg.function(lambda x: xg.repeat(x, xg.asarray([2, 1])))
    assert [f(xg.asarray([x, 0.0])).tolist() for x in (1.0, 2.0)] == [[1, 1, 0], [2, 2, 0]]


@pytest.mark.parametrize("name", ["gcd", "lcm", "bitwise_count"])
def test_functions_of_integers_that_are_no_instructions_are_refused(name):
    f = lambda n: getattr(np, name)(n, 6) if name != "bitwise_count" else np.bitwise_count(n)
    with pytest.raises(xg.errors.TracingError, match=rf"left xgrad through numpy\.{name} at "):
        xg.function(f)(xg.asarray([4, 3]))
    with pytest.raises(xg.errors.TracingError, match=r"inside xg\.vmap"):
        xg.vmap(f)(xg.asarray([4, 3]))


class Keeper:
    """Somebody who remembers."""


KEPT = []
KEEP = {
    "list": KEPT.append,
    "attribute": lambda t: setattr(Keeper, "last", t),
    "dict": lambda t: Keeper.__dict__ and operator.setitem(vars(VARS), "t", t),
    "part": lambda t: KEPT.append((t * 2.0)[()]),
    "closure": lambda t: KEPT.append(lambda: t),
    "copy": lambda t: KEPT.append(copy.copy(t)),
}
VARS = Keeper()


@pytest.mark.parametrize("how", KEEP)
@pytest.mark.parametrize("value", ["argument", "computed", "gradient", "mapped"])
def test_keeping_a_value_of_a_recording_is_refused(value, how):
    def f(x):
        KEEP[how](VALUES[value](x))
        return x * 2.0

    try:
        with pytest.raises(xg.errors.TracingError, match=r"is kept by something outside.*Variable"):
            xg.function(f)(xg.asarray(2.0))
    finally:
        KEPT.clear()
        Keeper.last = None
        VARS.__dict__.clear()


def test_a_tape_that_is_kept_is_refused():
    tapes = []

    @xg.function
    def f(x):
        with xg.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        tapes.append((tape, y))
        return y

    with pytest.raises(xg.errors.TracingError, match="is kept by something outside"):
        f(xg.asarray(2.0))


def test_keeping_numbers_shapes_and_constants_is_fine():
    seen = []

    @xg.function
    def f(x):
        seen.append((x.shape, x.dtype, xg.ones(3)))
        return x * 2.0

    assert f(xg.asarray(2.0)).item() == 4.0
    assert len(seen) == 1


def test_a_refused_call_leaves_the_function_usable():
    looking = True

    @xg.function
    def f(x):
        VARIABLE.assign_add(x)
        if looking:
            float(x)
        return x * 2.0

    before = VARIABLE.numpy()
    with pytest.raises(xg.errors.TracingError):
        f(xg.asarray(2.0))
    np.testing.assert_array_equal(VARIABLE.numpy(), before)
    looking = False
    assert f(xg.asarray(2.0)).item() == 4.0
    np.testing.assert_array_equal(VARIABLE.numpy(), before + 2.0)
    VARIABLE.assign(2.0)
