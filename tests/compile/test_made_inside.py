"""Variables that are made while a function is recorded, and arguments that it changes in place."""

import numpy as np
import pytest

import xgrad as xg


def with_a_tape(start):
    v = xg.Variable(start)
    with xg.GradientTape() as tape:
        y = xg.sum(v**2)
    return tape.gradient(y, v)


def with_an_optimizer(start):
    v, optimizer = xg.Variable(start), xg.optimizers.Adam(0.1)
    optimizer.minimize(lambda: xg.sum(v**2), [v])
    return v.value()


class InACycle:
    def __init__(self, start):
        self.v = xg.Variable(start)
        self.me = self


LOST = {
    "read": lambda x: xg.Variable(x) * 2.0,
    "returned": xg.Variable,
    "its value": lambda x: xg.Variable(x).value(),
    "assigned": lambda x: xg.Variable(x).assign_add(x) * 2.0,
    "tape": with_a_tape,
    "optimizer": with_an_optimizer,
    "cycle": lambda x: InACycle(x).v * 2.0,
}


@pytest.mark.parametrize("name", LOST)
def test_a_variable_that_nobody_keeps_is_refused(name):
    """Every call of the function as it stands makes another one."""
    with pytest.raises(
        xg.errors.TracingError, match=r"was made at .* nothing keeps it.*Use a Tensor"
    ):
        xg.function(LOST[name])(xg.asarray([1.0, 2.0]))


def test_after_a_refusal_everything_is_as_before():
    w = xg.Variable([1.0, 2.0])

    def f(x):
        w.assign_add(x)
        return xg.Variable(x) * w

    with pytest.raises(xg.errors.TracingError, match="nothing keeps it"):
        xg.function(f)(xg.ones(2))
    np.testing.assert_array_equal(w.numpy(), [1.0, 2.0])
    np.testing.assert_array_equal((w * 2.0).numpy(), [2.0, 4.0])


def test_one_that_somebody_keeps_is_made_once():
    class Counter:
        total = None

        def __call__(self, x):
            if self.total is None:
                self.total = xg.Variable(xg.zeros_like(x))
            self.total.assign_add(x)
            return self.total * 2.0

    counter, same = Counter(), Counter()
    recorded = xg.function(counter)
    for x in ([1.0, 2.0], [3.0, 0.0], [-1.0, 5.0]):
        expected = same(xg.asarray(x)).numpy()
        np.testing.assert_array_equal(recorded(xg.asarray(x)).numpy(), expected)
    np.testing.assert_array_equal(counter.total.numpy(), same.total.numpy())


def test_slots_belong_to_an_optimizer_that_is_kept():
    w, u = xg.Variable([1.0, -2.0]), xg.Variable([1.0, -2.0])
    one, other = xg.optimizers.Adam(0.1), xg.optimizers.Adam(0.1)
    step = xg.function(lambda x: one.minimize(lambda: xg.sum((w - x) ** 2), [w]))
    for x in ([0.0, 0.0], [1.0, 1.0], [2.0, -1.0]):
        step(xg.asarray(x))
        other.minimize(lambda x=x: xg.sum((u - xg.asarray(x)) ** 2), [u])
        np.testing.assert_allclose(w.numpy(), u.numpy(), rtol=1e-12)


# -- arguments -----------------------------------------------------------------------------------


def change(x):
    x[0] = 9.0
    x += 1.0
    return x * 2.0


@pytest.mark.parametrize("values", [([1.0, 2.0], [3.0, 4.0], [5.0, 6.0])])
def test_an_argument_that_is_changed_in_place_has_its_new_value(values):
    recorded = xg.function(change)
    for value in values:
        x, same = xg.asarray(value), xg.asarray(value)
        expected = change(same)
        np.testing.assert_array_equal(recorded(x).numpy(), expected.numpy())
        np.testing.assert_array_equal(x.numpy(), same.numpy())


def test_it_has_under_a_tape_too():
    recorded, x = xg.function(change), xg.asarray([1.0, 2.0])
    with xg.GradientTape() as tape:
        tape.watch(x)
        recorded(x)
    np.testing.assert_array_equal(x.numpy(), [10.0, 3.0])


def test_other_arguments_variables_and_nests_stay_in_order():
    v = xg.Variable([0.0, 0.0])

    def f(parts, y):
        parts["b"] -= y
        v.assign_add(parts["b"])
        y *= 3.0
        return parts["a"] + y

    recorded = xg.function(f)
    for scale in (1.0, 2.0, -1.0):
        parts = {"a": xg.ones(2) * scale, "b": xg.ones(2) * 5.0}
        b, y = parts["b"], xg.asarray([scale, 1.0])
        before = v.numpy()
        np.testing.assert_array_equal(recorded(parts, y).numpy(), [4.0 * scale, scale + 3.0])
        np.testing.assert_array_equal(b.numpy(), [5.0 - scale, 4.0])
        np.testing.assert_array_equal(y.numpy(), [3.0 * scale, 3.0])
        np.testing.assert_array_equal(v.numpy(), np.add(before, [5.0 - scale, 4.0]))


def test_raw_arrays_are_copied():
    x = np.asarray([1.0, 2.0])
    recorded = xg.function(change)
    for _ in range(2):
        np.testing.assert_array_equal(recorded(x).numpy(), [20.0, 6.0])
        np.testing.assert_array_equal(x, [1.0, 2.0])


def test_one_argument_given_twice_cannot_be_changed():
    recorded = xg.function(lambda x, y: change(x) + y)
    x = xg.asarray([1.0, 2.0])
    for _ in range(2):
        with pytest.raises(
            xg.errors.TracingError, match=r"x \(2,\) float64 on cpu in place.*twice"
        ):
            recorded(x, x)
        recorded(xg.asarray([1.0, 2.0]), xg.asarray([1.0, 2.0]))
    np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])


def test_a_donated_argument_is_gone_all_the_same():
    recorded = xg.function(change, donate="x")
    for _ in range(3):
        x = xg.asarray([1.0, 2.0])
        np.testing.assert_array_equal(recorded(x).numpy(), [20.0, 6.0])
        with pytest.raises(xg.errors.ArgumentError, match="given away"):
            x + 1.0


# -- results -------------------------------------------------------------------------------------


def test_sparse_gradients_are_results():
    w = xg.Variable(np.ones((3, 2)))

    def f(i):
        with xg.GradientTape() as tape:
            loss = xg.sum(xg.take(w, i, axis=0, sparse_grad=True) ** 2)
        return {"g": tape.gradient(loss, w), "loss": loss}

    recorded = xg.function(f)
    for i in ([0, 0], [1, 2], [2, 0]):
        found, expected = recorded(xg.asarray(i)), f(xg.asarray(i))
        assert type(found["g"]) is xg.IndexedSlices
        np.testing.assert_array_equal(found["g"].indices.numpy(), i)
        np.testing.assert_array_equal(
            found["g"].to_dense().numpy(), expected["g"].to_dense().numpy()
        )
        assert found["loss"].item() == expected["loss"].item()


def test_options_may_come_without_their_names():
    f = xg.function(lambda x, n: x * n, ("n",))
    assert f(xg.asarray(2.0), 3).item() == 6.0
    assert f(xg.asarray(2.0), 4).item() == 8.0
    assert len(f._programs) == 2
