"""Memory of large results: taken from former results that nobody holds, or from donated arguments."""

import gc
import threading
import tracemalloc

import numpy as np
import pytest

import xgrad as xg

LARGE = 1 << 15  # float64 elements, twice what is worth while


def large(value=1.0, size=LARGE):
    return xg.asarray(np.full(size, value))


def memory_of(x):
    return x.array.__array_interface__["data"][0]


@pytest.fixture
def double():
    return xg.function(lambda x: x * 2.0)


def test_a_recording_holds_no_more_than_the_function_itself():
    def f(x):
        for _ in range(20):
            x = x * 1.01
        return x

    x = large(size=1 << 18)
    tracemalloc.start()
    try:
        xg.function(f)(x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * x.array.nbytes  # not the 22 of all values


def test_a_recording_leaves_nothing_to_the_collector():
    f = xg.value_and_grad(lambda x: xg.sum(xg.tanh(x * 2.0)))
    recorded = xg.function(f)
    gc.collect()
    gc.disable()
    try:
        recorded(xg.ones(3))
        assert gc.collect() == 0
    finally:
        gc.enable()


# -- former results ----------------------------------------------------------------------------


def test_a_result_that_nobody_holds_gives_its_memory(double):
    double(large())
    first = double(large(2.0))
    where = memory_of(first)
    del first
    second = double(large(3.0))
    assert memory_of(second) == where
    np.testing.assert_array_equal(second.numpy(), 6.0)


def test_a_result_that_somebody_holds_stays_as_it_is(double):
    results = [double(large(float(k))) for k in range(6)]
    for k, y in enumerate(results):
        np.testing.assert_array_equal(y.numpy(), 2.0 * k)


@pytest.mark.parametrize(
    "see",
    [
        lambda y: np.asarray(y)[3:5],
        lambda y: np.asarray(y).reshape(2, -1).T,
        lambda y: memoryview(np.asarray(y)),
        lambda y: np.from_dlpack(y),
        lambda y: y[2:],
        lambda y: y.array.flat,
        lambda y: xg.Variable(y),
    ],
    ids=["slice", "transpose", "buffer", "dlpack", "tensor", "iterator", "variable"],
)
def test_whoever_sees_a_part_of_a_result_keeps_it(double, see):
    double(large())
    seen = see(double(large(2.0)))
    for value in (7.0, 8.0, 9.0):
        double(large(value))
    part = seen.value().numpy() if isinstance(seen, xg.Variable) else np.asarray(seen)
    np.testing.assert_array_equal(np.asarray(part).reshape(-1), 4.0)


def test_variables_alternate_between_two_memories():
    v = xg.Variable(np.zeros(LARGE))

    @xg.function
    def step(v):
        v.assign_add(xg.ones_like(v))

    seen = set()
    for _ in range(10):
        step(v)
        seen.add(memory_of(v))
    np.testing.assert_array_equal(v.numpy(), 10.0)
    assert len(seen - {memory_of(v)}) <= 2


def test_a_value_read_from_a_variable_outlives_later_steps():
    v = xg.Variable(np.zeros(LARGE))
    step = xg.function(lambda v: v.assign_add(xg.ones_like(v)))
    values = []
    for _ in range(5):
        step(v)
        values.append(v.value())
    for k, x in enumerate(values, 1):
        np.testing.assert_array_equal(x.numpy(), k)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: xg.concat([x, x]),
        lambda x: x.at[3:].set(0.0),
        lambda x: xg.matmul(xg.reshape(x, (128, 256)), xg.reshape(x, (256, 128))),
        lambda x: xg.where(x > 0, x, 0.0),
        lambda x: xg.sin(x) + xg.cos(x),
        lambda x: (xg.sum(x), x + 1.0, x - 1.0),
    ],
    ids=["concat", "setitem", "matmul", "where", "group", "several"],
)
def test_replays_of_large_results_are_right_and_take_no_memory(f):
    recorded = xg.function(f)
    for value in (1.0, -2.0, 3.0):
        for y, expected in zip(
            xg.tree.leaves(recorded(large(value))), xg.tree.leaves(f(large(value))), strict=True
        ):
            np.testing.assert_array_equal(y.numpy(), expected.numpy())
    x = large()
    recorded(x)
    tracemalloc.start()
    try:
        recorded(x)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        recorded(x)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < x.array.nbytes // 4


def test_results_of_several_threads_are_their_own():
    f = xg.function(lambda x: xg.sin(x) * 2.0)
    f(large())
    wrong = []

    def work(value):
        expected = np.sin(np.full(LARGE, value)) * 2.0
        for _ in range(30):
            y = f(large(value))
            if not np.allclose(y.numpy(), expected, rtol=1e-14):
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


# -- donated arguments -------------------------------------------------------------------------


def sgd(w, g):
    return w - 0.5 * g


@pytest.mark.parametrize("size", [LARGE, 1 << 18], ids=["whole", "blocks"])
def test_a_donated_argument_gives_its_memory(size):
    step = xg.function(sgd, donate="w")
    g = large(1.0, size)
    w = step(large(0.0, size), g)
    for k in range(2, 6):
        where = memory_of(w)
        w = step(w, g)
        assert memory_of(w) == where
        np.testing.assert_array_equal(w.numpy(), -0.5 * k)


def test_a_donated_tensor_is_gone():
    step = xg.function(sgd, donate=("w",))
    for _ in range(2):
        w = large()
        step(w, large())
        for use in (lambda w: w + 1.0, lambda w: w.shape, lambda w: xg.sin(w), lambda w: w.numpy()):
            with pytest.raises(xg.errors.ArgumentError, match=r"was given away.*Use the result"):
                use(w)


@pytest.mark.parametrize(
    "holder",
    [
        lambda w: xg.Variable(w),
        lambda w: w[1:],
        lambda w: xg.reshape(w, (-1, 2)),
        lambda w: w.array,
    ],
    ids=["variable", "slice", "reshape", "array"],
)
def test_memory_that_others_see_is_not_taken(holder):
    step = xg.function(sgd, donate="w")
    step(large(), large())
    w = large(3.0)
    other = holder(w)
    found = step(w, large(2.0))
    np.testing.assert_array_equal(found.numpy(), 2.0)
    value = other.value() if isinstance(other, xg.Variable) else other
    np.testing.assert_array_equal(np.asarray(value), 3.0)


def test_the_same_array_twice_is_not_overwritten_while_it_is_read():
    step = xg.function(lambda w, g: (w - 0.5 * g, w * g), donate="w")
    step(large(), large())
    w = large(4.0)
    new, product = step(w, xg.asarray(w.array, copy=False))
    np.testing.assert_array_equal(new.numpy(), 2.0)
    np.testing.assert_array_equal(product.numpy(), 16.0)


def test_the_same_tensor_may_be_given_twice():
    step = xg.function(sgd, donate="w")
    step(large(), large())
    w = large(4.0)
    np.testing.assert_array_equal(step(w, w).numpy(), 2.0)
    with pytest.raises(xg.errors.ArgumentError, match="was given away"):
        w.numpy()


def test_what_a_failed_call_may_have_written_over_is_gone():
    @xg.function(donate="w")
    def step(w):
        y = w * 2.0
        xg.debugging.check_numerics(1.0 / xg.sum(y), "the sum")
        return y

    step(large(3.0))
    w = large(0.0)
    with np.errstate(divide="ignore"), pytest.raises(xg.errors.NumericsError):
        step(w)
    with pytest.raises(xg.errors.ArgumentError, match="was given away"):
        w.numpy()


def test_a_recording_that_fails_takes_nothing():
    @xg.function(donate="w")
    def step(w):
        return w * 2.0 if w[0] > 0 else w

    w = large(3.0)
    with pytest.raises(xg.errors.TracingError):
        step(w)
    np.testing.assert_array_equal(w.numpy(), 3.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda w: (w * 2.0, w + 1.0),
        lambda w: (w * 2.0, xg.sum(w)),
        lambda w: xg.flip(w) * 2.0,
        lambda w: xg.flip(w) + w,
        lambda w: xg.where(w > 1.0, 1.0, w),
        lambda w: xg.concat([w[5:], w[:5]]),
        lambda w: xg.exp(xg.sin(w)) * xg.cos(w),
        lambda w: w,
        lambda w: xg.reshape(xg.matmul(xg.reshape(w, (-1, 32)), xg.ones((32, 32))), (-1,)),
        lambda w: w.at[7].set(1.0) * w,
    ],
    ids=["two", "sum", "flip", "flip+self", "where", "roll", "chain", "identity", "matmul", "set"],
)
@pytest.mark.parametrize("size", [LARGE, 1 << 18], ids=["whole", "blocks"])
def test_results_are_those_without_donation(f, size):
    rng = np.random.default_rng(1)
    recorded = xg.function(f, donate="w")
    for _ in range(3):
        values = rng.normal(size=size)
        expected = xg.tree.leaves(f(xg.asarray(values.copy())))
        found = xg.tree.leaves(recorded(xg.asarray(values.copy())))
        for y, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=1e-13, atol=1e-13)


def test_nests_may_be_donated():
    step = xg.function(lambda p, lr: {k: v * (1.0 - lr) for k, v in p.items()}, donate=["p"])
    lr = xg.asarray(0.5)
    p = {"a": large(1.0), "b": large(2.0)}
    for _ in range(3):
        p = step(p, lr)
    np.testing.assert_array_equal(p["b"].numpy(), 0.25)


def test_names_that_are_no_arguments_are_refused():
    with pytest.raises(
        xg.errors.ArgumentTypeError, match=r"donate \['v'\] are no arguments of sgd"
    ):
        xg.function(sgd, donate="v")
    with pytest.raises(xg.errors.ArgumentTypeError, match="in static_argnames and in donate"):
        xg.function(sgd, static_argnames="w", donate="w")


# -- device ------------------------------------------------------------------------------------


def test_new_arrays_are_made_on_the_device(other_device):
    f = xg.function(lambda x: x + xg.ones(3), device=other_device)
    for _ in range(2):
        assert f(xg.ones(3, device=other_device)).device == other_device


def test_arguments_on_other_devices_are_refused(other_device):
    f = xg.function(lambda x: x * 2.0, device=str(other_device))
    with pytest.raises(xg.errors.DeviceMismatchError, match=r"is not on .*Use xg.to_device"):
        f(xg.asarray([1.0], device="cpu"))


def test_what_where_chooses_from_may_be_written_over_and_what_it_asks_may_not():
    chosen = xg.function(lambda x, y: xg.where(y > 0, x, y), donate="x")
    asked = xg.function(lambda x, y: xg.where(xg.flip(x) > 0, x, y), donate="x")
    a, b = np.linspace(-1.0, 2.0, LARGE), np.linspace(1.0, -1.0, LARGE)
    places = []
    for _ in range(3):
        x, z = xg.asarray(a.copy()), xg.asarray(a.copy())
        place = memory_of(x)
        found = chosen(x, xg.asarray(b))
        places.append(memory_of(found) == place)
        np.testing.assert_array_equal(found.numpy(), np.where(b > 0, a, b))
        np.testing.assert_array_equal(
            asked(z, xg.asarray(b)).numpy(), np.where(np.flip(a) > 0, a, b)
        )
    assert places[1:] == [True, True]  # the first call records
