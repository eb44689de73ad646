"""Values of a recording are known by their arrays, whatever came between: none leaves it unnoticed."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import xgrad as xg


@xg.custom_gradient
def twice(x):
    return xg.sum(x * 2.0), lambda g: g * xg.full_like(x, 2.0)


@xg.custom_gradient
def both(x):
    return (x * 2.0, xg.sum(x)), lambda g, h: g * 2.0 + h


def table_rows(x):
    table = xg.Variable(np.arange(6.0).reshape(3, 2))
    TABLES.append(table)
    with xg.GradientTape() as tape:
        y = xg.sum(xg.take(table, xg.astype(x[:1], "int64"), axis=0, sparse_grad=True) ** 2)
    return tape.gradient(y, table).indices


TABLES = []
SOURCES = {
    "custom gradient": twice,
    "custom gradient of several": lambda x: both(x)[1],
    "custom gradient in a tape": lambda x: xg.value_and_grad(twice)(x)[0],
    "checkpoint in a tape": lambda x: xg.value_and_grad(xg.checkpoint(lambda x: xg.sum(x * x)))(x)[
        0
    ],
    "gradient hook": lambda x: xg.sum(xg.gradient_hook(x, lambda g: g)),
    "vjp": lambda x: xg.vjp(twice, x)[0],
    "jvp": lambda x: xg.jvp(xg.checkpoint(lambda x: xg.sum(x * x)), (x,), (x,))[0],
    "mapped": lambda x: xg.vmap(twice)(xg.reshape(x, (1, -1)))[0],
    "indices of rows": table_rows,
}
EXITS = {
    "float": lambda y: float(y if y.ndim == 0 else y[0]),
    "bool": lambda y: bool(y if y.ndim == 0 else y[0]),
    "numpy": lambda y: y.numpy(),
    "array": lambda y: y.array,
    "asarray": np.asarray,
    "dlpack": np.from_dlpack,
}


@pytest.mark.parametrize("exit_", EXITS)
@pytest.mark.parametrize("source", SOURCES)
def test_values_that_leave_are_refused(source, exit_):
    def f(x):
        EXITS[exit_](SOURCES[source](x))
        return x

    with pytest.raises(xg.errors.TracingError, match=r"left xgrad through .* inside xg\.function"):
        xg.function(f)(xg.asarray([1.0, 2.0]))


@pytest.mark.parametrize("source", [name for name in SOURCES if name != "indices of rows"])
def test_values_that_are_kept_are_refused(source):
    box = []

    def f(x):
        box.append(SOURCES[source](x))
        return x * 2.0

    with pytest.raises(xg.errors.TracingError, match="kept by something outside"):
        xg.function(f)(xg.asarray([1.0, 2.0]))


@pytest.mark.parametrize("source", [name for name in SOURCES if name != "indices of rows"])
def test_values_that_stay_are_followed(source):
    f = lambda x: x * SOURCES[source](x)
    recorded = xg.function(f)
    for x in map(xg.asarray, ([1.0, 2.0], [5.0, -1.0], [0.5, 0.25])):
        np.testing.assert_allclose(recorded(x).numpy(), f(x).numpy(), rtol=1e-14)


def test_constants_may_be_looked_at():
    constant = xg.asarray([2.0, 3.0])
    recorded = xg.function(
        lambda x: x * float(constant[0]) + constant.numpy() * xg.sum(constant).item()
    )
    np.testing.assert_array_equal(recorded(xg.ones(2)).numpy(), [12.0, 17.0])


# -- handles -------------------------------------------------------------------------------------

ALIASES = {
    "asarray": xg.asarray,
    "copy": copy.copy,
    "astype": lambda x: xg.astype(x, x.dtype, copy=False),
}


@pytest.mark.parametrize("computed", [False, True], ids=["argument", "computed"])
@pytest.mark.parametrize("alias", ALIASES)
def test_a_tape_watches_one_handle(alias, computed):
    """Another handle of the same value is a constant to it, as without `function`."""

    def f(x):
        x = x * 1.0 if computed else x
        other = ALIASES[alias](x)
        with xg.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = xg.sum(x * other)
        with xg.GradientTape() as again:
            again.watch(x)
            z = xg.sum(x * x * other)
        with xg.ForwardAccumulator(x, xg.ones_like(x)) as forward:
            w = xg.sum(x * other)
        missing = tape.gradient(y, other, unconnected_gradients="zero")
        return tape.gradient(y, x), again.gradient(z, x), forward.jvp(w), missing

    recorded = xg.function(f)
    for x in ([1.0, 2.0], [3.0, -1.0], [0.5, 0.25]):
        for found, expected in zip(recorded(xg.asarray(x)), f(xg.asarray(x)), strict=True):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-14)


def test_tapes_in_tapes_watch_the_same_handle():
    def f(x):
        with xg.GradientTape() as outer:
            outer.watch(x)
            with xg.GradientTape() as inner:
                inner.watch(x)
                y = xg.sum(x**3)
            slope = inner.gradient(y, x)
        return outer.gradient(slope, x)

    recorded = xg.function(f)
    for x in ([1.0, 2.0], [3.0, -1.0]):
        np.testing.assert_allclose(recorded(xg.asarray(x)).numpy(), 6.0 * np.asarray(x), rtol=1e-14)


# -- arguments -----------------------------------------------------------------------------------


def slices(scale, rows=(0, 2)):
    return xg.IndexedSlices(xg.ones((2, 3)) * scale, xg.asarray(list(rows)), (4, 3))


def test_slices_are_arguments():
    recorded = xg.function(lambda s, x: s.to_dense() * x)
    for scale, rows in ((1.0, (0, 2)), (2.0, (1, 1)), (3.0, (3, 0))):
        s = slices(scale, rows)
        found = recorded(s, xg.asarray([2.0])).numpy()
        np.testing.assert_array_equal(found, 2.0 * s.to_dense().numpy())
    assert len(recorded._programs) == 1
    recorded(xg.IndexedSlices(xg.ones((2, 3)), xg.asarray([0, 2]), (5, 3)), xg.asarray([2.0]))
    assert len(recorded._programs) == 2


def test_slices_are_not_taken_for_two_arrays():
    recorded = xg.function(
        lambda *parts: sum(xg.sum(xg.astype(xg.asarray(p), "float64")) for p in parts)
    )
    s = slices(2.0)
    for _ in range(3):
        assert recorded(s).item() == 12.0
        assert recorded(s.values, s.indices).item() == 14.0


def test_a_step_of_an_optimizer_takes_sparse_gradients():
    w, u = xg.Variable(np.ones((4, 3))), xg.Variable(np.ones((4, 3)))
    one, other = xg.optimizers.Adam(0.1), xg.optimizers.Adam(0.1)
    step = xg.function(lambda g: one.apply([g], [w]))
    for scale in (1.0, -2.0, 0.5):
        step(slices(scale))
        other.apply([slices(scale)], [u])
        np.testing.assert_allclose(w.numpy(), u.numpy(), rtol=1e-12)
    assert len(step._programs) == 1


# -- threads -------------------------------------------------------------------------------------


def test_a_recording_takes_nothing_from_variables_of_other_threads():
    counters = [xg.Variable(0.0) for _ in range(20)]
    done = threading.Event()

    def record():
        while not done.is_set():
            xg.function(lambda x: x * 2.0)(xg.ones(2))

    thread = threading.Thread(target=record)
    thread.start()
    try:
        for _ in range(2000):
            for counter in counters:
                counter.assign_add(1.0)
    finally:
        done.set()
        thread.join(10)
    assert [counter.item() for counter in counters] == [2000.0] * 20


def elsewhere(f, *args):
    """What a function gives in another thread, or its exception."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(f, *args).result()


def watched_elsewhere(x):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(x * x)
    return tape.gradient(y, x)


def seed_of_a_tape(x):
    with xg.GradientTape() as tape:
        tape.watch(ONE)
        y = ONE * 3.0
    return tape.gradient(y, ONE, output_gradients=x)


def stepped(optimizer):
    def step(x):
        w = xg.Variable([1.0, 1.0])
        optimizer.apply_gradients([(x, w)])
        return w * 1.0

    return step


ONE = xg.asarray([1.0, 1.0])
replayed = xg.function(lambda x: x * 2.0)
identity = xg.custom_gradient(lambda x: (x, lambda g: g))
ELSEWHERE = {
    "unary": xg.exp,
    "binary": lambda x: ONE * x,
    "parameters": lambda x: xg.sum(x, axis=0),
    "starred": lambda x: xg.concat([ONE, x]),
    "several": lambda x: xg.linalg.svd(xg.reshape(x, (1, 2))).S,
    "numpy's": np.exp,
    "mapped": xg.vmap(lambda row: row * 2.0),
    "captured by a mapped function": lambda x: xg.vmap(lambda row: row * x)(xg.ones(2)),
    "tape": watched_elsewhere,
    "tape's seed": seed_of_a_tape,
    "tangent": lambda x: xg.jvp(xg.sin, (ONE,), (x,))[1],
    "checkpoint": xg.checkpoint(lambda x: x * x),
    "custom gradient": identity,
    "assigned": lambda x: xg.Variable(ONE).assign(x),
    "added": lambda x: xg.Variable(ONE).assign_add(x),
    "initial value": xg.Variable,
    "optimizer": stepped(xg.optimizers.SGD(0.1)),
    "recorded": xg.function(lambda x: x * 2.0),
    "replayed": replayed,
    **EXITS,
}


@pytest.mark.parametrize("source", ["argument", "computed", "gradient"])
@pytest.mark.parametrize("use", ELSEWHERE)
def test_other_threads_take_nothing_of_a_recording(use, source):
    replayed(ONE)
    values = {"argument": lambda x: x, "computed": lambda x: x + 1.0, "gradient": watched_elsewhere}

    def f(x):
        return x * elsewhere(lambda y: ELSEWHERE[use](y), values[source](x))

    with pytest.raises(xg.errors.TracingError, match=r"test_escapes\.py:\d+ .*(inside|in another)"):
        xg.function(f)(xg.asarray([1.0, 2.0]))


def test_operations_of_other_threads_are_refused_with_their_line():
    def f(x):
        return elsewhere(lambda: x * 2.0)  # this one

    with pytest.raises(xg.errors.TracingError) as caught:
        xg.function(f)(ONE)
    text = str(caught.value)
    assert text.startswith("multiply at ")
    assert "this one" in text
    assert "start the threads outside, and let each call the recorded function" in text


def test_what_other_threads_compute_from_variables_is_no_constant():
    v = xg.Variable([1.0, 2.0])

    def under_a_tape():
        with xg.GradientTape():
            return v * 2.0

    def slope():
        with xg.GradientTape() as tape:
            y = xg.sum(v * v)
        return tape.gradient(y, v)

    use_of_v = xg.function(lambda x: x * v)
    elsewhere(use_of_v, ONE), elsewhere(use_of_v, ONE)
    uses = [
        lambda: v * 2.0,
        lambda: xg.sum(v),
        under_a_tape,
        slope,
        lambda: ONE + v,
        lambda: xg.vmap(lambda row: row * 2.0)(v),
        lambda: xg.vmap(lambda row: row * v)(ONE),
        lambda: xg.vmap(xg.grad(lambda row: row * v[0]))(ONE),
        lambda: xg.jvp(xg.sin, (v,), (ONE,))[1],
        lambda: xg.jvp(lambda x: x * v, (ONE,), (ONE,))[1],
        lambda: identity(v),
        lambda: xg.custom_gradient(lambda x: (x * v, lambda g: g))(ONE),
        lambda: xg.function(lambda x: x * v)(ONE),
        lambda: use_of_v(ONE),
        lambda: replayed(v),
    ]
    for use in uses:
        for f in (
            lambda x, use=use: x * elsewhere(use),
            lambda x, use=use: x * (elsewhere(use) + 1.0),
            lambda x, use=use: (x, elsewhere(use)),
        ):
            with pytest.raises(xg.errors.TracingError, match="in another thread"):
                xg.function(f)(ONE)


def test_what_other_threads_computed_before_is_a_constant():
    v = xg.Variable([1.0, 2.0])
    before = elsewhere(lambda: v * 2.0)
    recorded = xg.function(lambda x: x * (before + 1.0))
    for _ in range(3):
        np.testing.assert_array_equal(recorded(ONE).numpy(), [3.0, 5.0])


def test_other_threads_may_compute_constants_and_read_variables():
    v, one = xg.Variable([1.0, 2.0]), xg.asarray([1.0, 1.0])

    def f(x):
        return x * elsewhere(lambda: one * 2.0) + elsewhere(v.value)

    recorded = xg.function(f)
    for start in (1.0, 2.0, 3.0):
        v.assign([start, start])
        np.testing.assert_array_equal(recorded(ONE).numpy(), [start + 2.0] * 2)


def test_a_variable_that_two_threads_assign_is_refused():
    v = xg.Variable([1.0, 2.0])

    def f(x):
        v.assign(x)
        elsewhere(lambda: v.assign([5.0, 5.0]))
        return x

    with pytest.raises(
        xg.errors.TracingError, match=r"Variable_\d+ was assigned .* another thread"
    ):
        xg.function(f)(ONE)


def test_two_recordings_at_once_take_nothing_of_each_other():
    inner = xg.function(lambda x, y: x * y)

    def f(x):
        return elsewhere(lambda: inner(ONE, x))

    def g(x):
        return elsewhere(xg.function(lambda y: y * x), ONE)

    for h in (f, g):
        with pytest.raises(xg.errors.TracingError, match="in another thread"):
            xg.function(h)(ONE)


def test_what_a_failed_recording_leaves_may_be_looked_at():
    kept = []

    def f(x):
        kept.append(x * 2.0)
        raise KeyError

    with pytest.raises(KeyError):
        xg.function(f)(ONE)
    assert kept[0].numpy().tolist() == [2.0, 2.0]
    assert elsewhere(lambda: (kept[0] * 2.0).numpy().tolist()) == [4.0, 4.0]


def test_threads_outside_may_replay_and_record_one_function():
    recorded = xg.function(lambda x: xg.sum(x * x))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: recorded(xg.asarray([float(i), 1.0])).item(), range(64)))
    assert found == [i * i + 1.0 for i in range(64)]
