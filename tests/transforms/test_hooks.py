"""Hooks on Tensors and Variables, and gradient_hook: what torch's users expect, in any order."""

import gc
import weakref

import numpy as np
import pytest

import xgrad as xg

X = np.array([1.0, 2.0, 3.0])


@pytest.fixture
def seen():
    return []


def watched(f, x, **options):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x, **options)


# -- register_hook -----------------------------------------------------------------------------


def test_hook_sees_the_whole_gradient_once(seen):
    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        y.register_hook(lambda g: seen.append(g.tolist()))
        z = [y * 2, xg.sum(y) * 3]
    g = tape.gradient(z, x)
    assert seen == [[5, 5, 5]]
    assert g.tolist() == [10, 20, 30]


def test_what_a_hook_returns_goes_on():
    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sin(x)
        y.register_hook(lambda g: g * 10)
        z = xg.sum(y)
    np.testing.assert_allclose(tape.gradient(z, x).numpy(), 10 * np.cos(X), rtol=1e-15)


def test_hook_counts_for_what_was_computed_before_it():
    x = xg.asarray(2.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = y * 3
        y.register_hook(lambda g: g * 100)
    assert float(tape.gradient(z, x)) == 1200


def test_gradient_of_a_hooked_value_is_what_its_hook_returns():
    x = xg.asarray(2.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        y.register_hook(lambda g: g * 100)
        z = y * 3
    assert [float(g) for g in tape.gradient(z, [y, x])] == [300, 1200]


def test_hooks_agree_with_torch(seen):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = torch.tensor(X, requires_grad=True)
    y = torch.sin(x)
    y.register_hook(lambda g: g * 2)
    y.register_hook(lambda g: g + 1)
    z = torch.sum(y * y * x)
    # Asked for both, torch gives the gradient of y before its hooks; asked for y alone, after them.
    expected = [torch.autograd.grad(z, t, retain_graph=True)[0] for t in (x, y)]

    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sin(x)
        y.register_hook(lambda g: g * 2)
        y.register_hook(lambda g: g + 1)
        z = xg.sum(y * y * x)
    for found, e in zip(tape.gradient(z, [x, y]), expected, strict=True):
        np.testing.assert_allclose(found.numpy(), e.numpy(), rtol=1e-14)


def test_several_hooks_run_in_their_order(seen):
    x = xg.Variable(1.0)
    x.register_hook(lambda g: seen.append(float(g)))
    x.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: seen.append(float(g)))
    assert float(watched(lambda x: x * 3, x)) == 6
    assert seen == [3, 6]


def test_removed_hook_is_not_called(seen):
    x = xg.Variable(1.0)
    first = x.register_hook(lambda g: seen.append("first"))
    x.register_hook(lambda g: seen.append("second"))
    first.remove()
    first.remove()
    watched(lambda x: x * 3, x)
    assert seen == ["second"]


def test_removing_one_twice_leaves_the_others(seen):
    x = xg.Variable(1.0)
    first = x.register_hook(lambda g: seen.append("first"))
    first.remove()
    x.register_hook(lambda g: seen.append("second"))
    first.remove()
    watched(lambda x: x * 3, x)
    assert seen == ["second"]


def test_hook_as_a_context_manager(seen):
    x = xg.Variable(1.0)
    with x.register_hook(lambda g: seen.append(float(g))):
        watched(lambda x: x * 3, x)
    watched(lambda x: x * 4, x)
    assert seen == [3]


def test_hook_may_remove_itself(seen):
    x = xg.Variable(1.0)

    def hook(g):
        seen.append(float(g))
        handle.remove()

    handle = x.register_hook(hook)
    for _ in range(3):
        watched(lambda x: x * 3, x)
    assert seen == [3]


def test_hook_on_a_variable_applies_at_each_gradient():
    w = xg.Variable([3.0, 4.0])
    w.register_hook(lambda g: xg.clip_by_norm(g, 1.0))
    for _ in range(2):
        with xg.GradientTape() as tape:
            y = xg.sum(w * w) / 2
        np.testing.assert_allclose(tape.gradient(y, w).numpy(), [0.6, 0.8])
    optimizer = xg.optimizers.SGD(1.0)
    optimizer.minimize(lambda: xg.sum(w * w) / 2)
    np.testing.assert_allclose(w.numpy(), [2.4, 3.2])


def test_hook_on_a_tensor_before_it_is_watched(seen):
    x = xg.asarray(X)
    x.register_hook(lambda g: g * 10)
    assert watched(lambda x: x * 2, x).tolist() == [20, 20, 20]


def test_hook_on_one_of_several_results(seen):
    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        a, _, c = xg.unstack(x)
        c.register_hook(lambda g: g * 10)
        y = a * 2 + c * 3
    assert tape.gradient(y, x).tolist() == [2, 0, 30]


def test_value_that_does_not_reach_the_target_has_no_call(seen):
    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * 2
        y.register_hook(lambda g: seen.append(g))
        z = x * 3
    tape.gradient(z, x)
    assert seen == []


def test_hook_on_a_persistent_tape_is_called_each_time(seen):
    x = xg.asarray(X)
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * 2
        y.register_hook(lambda g: seen.append(1))
    tape.gradient(y, x)
    tape.gradient(y, x)
    assert seen == [1, 1]


def test_rebinding_makes_another_value_without_the_hook(seen):
    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = x * 2
        y.register_hook(lambda g: g * 10)
        y += 1
        z = y * 3
    assert tape.gradient(z, [x, y])[0].tolist() == [60, 60, 60]


def test_hook_sees_a_dense_gradient_where_a_sparse_one_was_asked_for(seen):
    table = xg.Variable(np.ones((3, 2)))
    table.register_hook(lambda g: seen.append(type(g).__name__))
    with xg.GradientTape() as tape:
        y = xg.take(table, xg.asarray([1, 1]), axis=0, sparse_grad=True)
    assert tape.gradient(y, table).tolist() == [[0, 0], [2, 2], [0, 0]]
    assert seen == ["Tensor"]


def test_hooks_of_any_order():
    x = xg.asarray(2.0)
    with xg.GradientTape() as outer:
        outer.watch(x)
        with xg.GradientTape() as inner:
            inner.watch(x)
            y = x**3
            y.register_hook(lambda g: g * x)  # d(x**3) becomes 3 x**3
        g = inner.gradient(y, x)
    assert float(g) == 24
    assert float(outer.gradient(g, x)) == 36


def test_hook_is_left_alone_by_forward_mode(seen):
    x = xg.Variable(2.0)
    x.register_hook(seen.append)
    with xg.ForwardAccumulator(x, 1.0) as accumulator:
        y = x * x
    assert float(accumulator.jvp(y)) == 4
    assert seen == []


def test_complex_hook_sees_the_direction_of_steepest_ascent(seen):
    z = xg.asarray(1 + 2j)
    with xg.GradientTape() as tape:
        tape.watch(z)
        w = z * 1
        w.register_hook(lambda g: seen.append(complex(g)))
        w.register_hook(lambda g: g * 1j)
        y = xg.real(w * w)
    g = tape.gradient(y, z)
    assert seen == [2 - 4j]
    assert complex(g) == (2 - 4j) * 1j


def test_devices_and_dtypes(device, seen):
    x = xg.asarray(X, dtype=xg.float32, device=device)
    x.register_hook(lambda g: seen.append((g.device, g.dtype)) or xg.astype(g, xg.float64))
    g = watched(lambda x: x * 2, x)
    assert seen == [(device, x.dtype)]
    assert g.dtype == x.dtype


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (lambda g: g[:1], xg.errors.ShapeError, r"what it returned, \(1,\).*shape of its gradient"),
        (lambda g: g * 1j, xg.errors.DTypeError, "gradient hook"),
        (lambda g: "text", TypeError, "gradient hook"),
    ],
    ids=["shape", "dtype", "type"],
)
def test_what_does_not_fit_is_refused(returned, error, message):
    x = xg.asarray(X)
    x.register_hook(returned)
    with pytest.raises(error, match=message):
        watched(lambda x: x * 2, x)


def test_hook_that_is_no_function_or_has_no_gradient_is_refused():
    with pytest.raises(TypeError, match="the hook must be a function"):
        xg.asarray(X).register_hook(3)
    with pytest.raises(TypeError, match="only floating and complex"):
        xg.asarray([1]).register_hook(lambda g: g)


def test_hooks_are_freed_with_their_value():
    class Hook:
        def __call__(self, g):
            return g

    gc.collect()
    hook = Hook()
    alive = weakref.ref(hook)
    x = xg.Variable(X)
    with xg.GradientTape() as tape:
        y = x * 2
        y.register_hook(hook)
        z = y * y
    del hook
    tape.gradient(z, x)
    del y, z, tape
    assert alive() is None


# -- gradient_hook -----------------------------------------------------------------------------


def test_gradient_hook_concerns_its_result_only(seen):
    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.gradient_hook(x, lambda g: seen.append(g.tolist()) or g * 10)
        z = y * 2 + x
    assert tape.gradient(z, x).tolist() == [21, 21, 21]
    assert seen == [[2, 2, 2]]


def test_gradient_hook_of_any_order_agrees_with_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = torch.tensor(2.0, requires_grad=True)
    h = x * 1
    h.register_hook(lambda g: g * x)
    (first,) = torch.autograd.grad(h**3, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)  # which passes the hook again

    x = xg.asarray(2.0)
    with xg.GradientTape() as outer:
        outer.watch(x)
        g = watched(lambda x: xg.gradient_hook(x, lambda g: g * x) ** 3, x)
    assert float(g) == first.item() == 24
    assert float(outer.gradient(g, x)) == second.item() == 60


def test_gradient_hook_leaves_tangents_alone():
    x = xg.asarray(2.0)

    def f(x):
        return xg.gradient_hook(x, lambda g: g * x) ** 3

    with xg.ForwardAccumulator(x, 1.0) as accumulator:
        y = f(x)
        g = watched(f, x)
    assert float(accumulator.jvp(y)) == 12
    assert float(accumulator.jvp(g)) == 36


def test_gradient_hook_takes_variables_and_arrays():
    v = xg.Variable(X)
    with xg.GradientTape() as tape:
        y = xg.gradient_hook(v, lambda g: None)
    assert tape.gradient(y, v).tolist() == [1, 1, 1]
    assert xg.gradient_hook(X, lambda g: g).tolist() == X.tolist()


def test_gradient_hook_complex():
    z = xg.asarray(1 + 2j)
    g = watched(lambda z: xg.real(xg.gradient_hook(z, lambda g: g * 1j) ** 2), z)
    assert complex(g) == (2 - 4j) * 1j


def test_gradient_hook_refuses():
    with pytest.raises(TypeError, match="hook must be a function"):
        xg.gradient_hook(xg.asarray(X), None)
    with pytest.raises(TypeError, match="only floating and complex"):
        xg.gradient_hook(xg.asarray([1]), lambda g: g)
    with pytest.raises(xg.errors.ShapeError, match="gradient hook"):
        watched(lambda x: xg.gradient_hook(x, lambda g: g[:1]), xg.asarray(X))


def test_gradient_hook_is_named_by_explain():
    x = xg.asarray(X)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.gradient_hook(x, lambda g: g)
    assert "gradient_hook" in str(tape.explain(y, x))
