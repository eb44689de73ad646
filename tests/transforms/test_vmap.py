"""vmap and per_example_gradient: axes, nests, errors, and how they compose."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.backends import backend_of
from xgrad.batching.namespace import functions


@pytest.fixture
def a():
    return xg.asarray(np.arange(6.0).reshape(2, 3))


def test_axes_of_arguments_and_results(a):
    assert xg.vmap(xg.sum)(a).tolist() == [3.0, 12.0]
    assert xg.vmap(xg.sum, in_axes=1)(a).tolist() == [3.0, 5.0, 7.0]
    assert xg.vmap(xg.sum, in_axes=-1)(a).tolist() == [3.0, 5.0, 7.0]
    assert xg.vmap(lambda x: x * 2, out_axes=1)(a).tolist() == (a * 2).T.tolist()
    assert xg.vmap(lambda x: x * 2, out_axes=-1)(a).tolist() == (a * 2).T.tolist()


def test_axes_of_nests(a):
    f = lambda p, x: {"y": p["w"] * x + p["b"], "b": p["b"]}
    p = {"w": xg.asarray([1.0, 2.0, 3.0]), "b": xg.asarray([10.0, 20.0])}
    found = xg.vmap(f, in_axes=({"w": None, "b": 0}, 0), out_axes={"y": 1, "b": 0})(p, a)
    assert found["y"].shape == (3, 2)
    assert found["y"].T.tolist() == [[10.0, 12.0, 16.0], [23.0, 28.0, 35.0]]
    assert found["b"].tolist() == [10.0, 20.0]


def test_keyword_arguments_are_mapped_over_their_first_axis(a):
    found = xg.vmap(lambda x, *, s: xg.sum(x) * s, in_axes=0)(a, s=xg.asarray([1.0, 10.0]))
    assert found.tolist() == [3.0, 120.0]


def test_arguments_may_be_arrays_variables_and_numbers(a):
    w = xg.Variable([1.0, 2.0])
    found = xg.vmap(lambda x, w, n: xg.sum(x) * w * n, in_axes=(0, 0, None))(a.numpy(), w, 3)
    assert found.tolist() == [9.0, 72.0]


def test_what_all_examples_share_is_repeated(a):
    assert xg.vmap(lambda x: xg.ones(2))(a).tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert xg.vmap(lambda x: 3.0)(a).tolist() == [3.0, 3.0]
    assert xg.vmap(lambda x: xg.ones(2), out_axes=None)(a).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 10])
def test_chunks_give_the_same(chunk_size):
    x = xg.asarray(np.arange(10.0).reshape(5, 2))
    f = lambda x: (xg.cumulative_sum(x), xg.sum(x))
    whole = xg.vmap(f, out_axes=(1, 0))(x)
    found = xg.vmap(f, out_axes=(1, 0), chunk_size=chunk_size)(x)
    assert [y.tolist() for y in found] == [y.tolist() for y in whole]


def test_item_assignment_keeps_its_value_semantics(a):
    def f(x):
        y = xg.zeros(3)
        y[0] = x[2]
        y[1:] += x[:2]
        return y

    assert xg.vmap(f)(a).tolist() == [[2.0, 0.0, 1.0], [5.0, 3.0, 4.0]]


@pytest.mark.parametrize("chunk_size", [None, 1])
def test_what_all_examples_share_may_be_changed_in_place(a, chunk_size):
    def f(w, x):
        w *= x
        return w

    w = xg.asarray([1.0, 10.0, 100.0])
    expected = (w * a).tolist()
    assert xg.vmap(f, in_axes=(None, 0), chunk_size=chunk_size)(w, a).tolist() == expected
    assert w.tolist() == [1.0, 10.0, 100.0]


def test_numpy_functions_see_one_example(a):
    found = xg.vmap(lambda x: np.concatenate([np.sin(x), x[:1]]))(a)
    v = a.numpy()
    np.testing.assert_array_equal(found.numpy(), np.c_[np.sin(v), v[:, :1]])


def test_the_outer_product_by_nesting():
    x, y = xg.asarray([1.0, 2.0]), xg.asarray([1.0, 10.0, 100.0])
    outer = xg.vmap(xg.vmap(xg.multiply, in_axes=(None, 0)), in_axes=(0, None))
    assert outer(x, y).tolist() == [[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]]


def test_an_inner_level_may_map_what_the_outer_shares(a):
    b = xg.asarray([1.0, 10.0])
    found = xg.vmap(lambda x: xg.vmap(lambda s: xg.sum(x) * s)(b))(a)
    assert found.tolist() == [[3.0, 30.0], [12.0, 120.0]]


# -- with derivatives --------------------------------------------------------------------------


def model(w, x):
    return xg.sum(xg.tanh(x @ w)) ** 2


@pytest.fixture
def w(rng):
    return xg.asarray(rng.normal(size=(3, 2)))


def test_per_example_gradients_are_those_of_each_example(a, w):
    found = xg.per_example_gradient(model)(w, a)
    expected = np.stack([xg.grad(model)(w, a[i, :]).numpy() for i in range(2)])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)


def test_per_example_gradients_of_a_nest(a):
    f = lambda p, x, t: xg.sum((p["w"] * x - t) ** 2)
    p, t = {"w": xg.ones(3)}, xg.zeros((2, 3))
    found = xg.per_example_gradient(f)(p, a, t)
    assert found["w"].tolist() == (2 * a * a).tolist()


def test_gradient_of_vmap_is_that_of_a_loop(a, w):
    found = xg.grad(lambda w: xg.sum(xg.vmap(model, in_axes=(None, 0))(w, a) ** 2))(w)
    expected = xg.grad(lambda w: sum(model(w, a[i, :]) ** 2 for i in range(2)))(w)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)


def test_gradient_through_gradients_inside_vmap(a, w):
    def penalty(w):
        slopes = xg.vmap(xg.grad(model, 1), in_axes=(None, 0))(w, a)
        return xg.sum(slopes**2)

    def looped(w):
        return sum(xg.sum(xg.grad(model, 1)(w, a[i, :]) ** 2) for i in range(2))

    np.testing.assert_allclose(xg.grad(penalty)(w).numpy(), xg.grad(looped)(w).numpy(), rtol=1e-11)


def test_variables_are_followed_inside_and_outside(a):
    w = xg.Variable([1.0, 2.0, 3.0])

    def slope(x):
        with xg.GradientTape() as tape:
            y = xg.sum((w * x) ** 2)
        return tape.gradient(y, w)

    with xg.GradientTape() as tape:
        total = xg.sum(xg.vmap(slope)(a))
    assert tape.gradient(total, w).tolist() == (2 * xg.sum(a * a, axis=0)).tolist()


@pytest.mark.parametrize("inner", [xg.jacrev, xg.jacfwd, xg.hessian])
def test_matrices_inside_vmap(a, inner):
    f = xg.sum if inner is xg.hessian else (lambda y: y)
    g = lambda x: f(x**3)
    found = xg.vmap(inner(g))(a).numpy()
    expected = np.stack([inner(g)(a[i, :]).numpy() for i in range(2)])
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_jacobian_of_vmap(a):
    found = xg.jacobian(xg.vmap(xg.prod))(a).numpy()
    v = a.numpy()
    expected = np.zeros((2, 2, 3))
    for i in range(2):
        expected[i, i] = [v[i, 1] * v[i, 2], v[i, 0] * v[i, 2], v[i, 0] * v[i, 1]]
    np.testing.assert_array_equal(found, expected)


def test_forward_mode_through_vmap(a):
    _, slope = xg.jvp(xg.vmap(lambda x: xg.sum(x**2)), (a,), (xg.ones((2, 3)),))
    assert slope.tolist() == [6.0, 24.0]


def test_vmap_of_linearized_push(a):
    _, push = xg.linearize(lambda x: x**2, a[1, :])
    found = xg.vmap(push)(xg.eye(3))
    assert found.tolist() == np.diag(2 * a.numpy()[1]).tolist()


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x if x[0] > 0 else -x,
        lambda x: x * float(x[0]),
        lambda x: x.numpy(),
        lambda x: np.asarray(x),
        lambda x: x[int(x[0])],
        lambda x: x[x > 0],
        lambda x: xg.nonzero(x)[0],
        lambda x: xg.unique_values(x),
        lambda x: x[0].item(),
    ],
    ids=["if", "float", "numpy", "asarray", "index", "mask", "nonzero", "unique", "item"],
)
def test_what_needs_one_value_is_refused(a, f):
    with pytest.raises(xg.errors.TracingError, match=r"Use xg\.where"):
        xg.vmap(f)(a)


def test_repeats_must_be_the_same_for_all_examples(a):
    with pytest.raises(xg.errors.TracingError, match=r"values of repeats \(3,\) int64.*Use an int"):
        xg.vmap(xg.repeat)(a, xg.ones((2, 3), dtype="int64"))
    found = xg.vmap(xg.repeat, in_axes=(0, None))(a, xg.asarray([2, 0, 1]))
    assert found.tolist() == [[0.0, 0.0, 2.0], [3.0, 3.0, 5.0]]


@pytest.mark.parametrize("shapes", [((2,), (2,)), ((2,), (2, 3)), ((2, 3, 3), (2,))], ids=str)
def test_numbers_have_no_matrix_product(shapes):
    with pytest.raises(xg.errors.ShapeError, match="at least one axis"):
        xg.vmap(xg.matmul)(*map(xg.ones, shapes))


def test_a_tensor_of_examples_still_prints():
    shown = []
    xg.vmap(lambda x: shown.append(repr(x)) or x)(xg.ones((2, 3)))
    assert "batched over 2" in shown[0]
    assert "shape=(3,)" in shown[0]


def test_numbers_of_examples_must_agree(a):
    with pytest.raises(xg.errors.ShapeError, match="the numbers of examples differ"):
        xg.vmap(xg.add)(a, xg.ones((3, 3)))


def test_something_must_be_mapped(a):
    with pytest.raises(ValueError, match="nothing is mapped"):
        xg.vmap(xg.sum, in_axes=None)(a)


def test_a_number_has_no_axis():
    with pytest.raises(xg.errors.ShapeError, match="has no axis 0 of examples"):
        xg.vmap(xg.square)(3.0)


@pytest.mark.parametrize("in_axes", [(0, 0), {"a": 0}, ((0, 1),)])
def test_axes_must_fit_the_arguments(a, in_axes):
    with pytest.raises(ValueError, match=r"in_axes .* does not fit the structure"):
        xg.vmap(xg.sum, in_axes=in_axes)(a)


def test_axes_must_be_integers(a):
    with pytest.raises(TypeError, match="in_axes holds a float"):
        xg.vmap(xg.sum, in_axes=1.0)(a)


def test_out_axes_none_needs_the_same_for_all(a):
    with pytest.raises(xg.errors.TracingError, match="out_axes is None"):
        xg.vmap(xg.sum, out_axes=None)(a)


@pytest.mark.parametrize("result", [None, "text"])
def test_a_result_must_be_a_tensor(a, result):
    if result is None:
        assert xg.vmap(lambda x: None)(a) is None
        return
    with pytest.raises(TypeError, match="vmap: the function returned a str"):
        xg.vmap(lambda x: result)(a)


def test_an_empty_chunk_is_refused():
    with pytest.raises(ValueError, match="chunk_size 0"):
        xg.vmap(xg.sum, chunk_size=0)


def test_a_value_of_an_inner_level_that_ended_is_refused(a):
    leaked = []

    def outer(x):
        xg.vmap(lambda y: leaked.append(y) or y)(x)
        return leaked[-1]

    with pytest.raises(xg.errors.TracingError, match=r"xg\.vmap that has ended"):
        xg.vmap(outer)(a)


USES = {
    "operation": lambda t: t + 1.0,
    "numpy": lambda t: t.numpy(),
    "element": lambda t: float(t[0]),
    "truth": lambda t: bool(t[0]),
    "assigned": lambda t: xg.Variable(xg.zeros(2)).assign(t),
    "initial value": xg.Variable,
    "captured by vmap": lambda t: xg.vmap(lambda x: x * t)(xg.ones((3, 2))),
    "captured by grad": lambda t: xg.grad(lambda x: xg.sum(x * t))(xg.ones(2)),
    "stacked": lambda t: xg.stack([xg.ones(2), t]),
    "gradient": lambda t: xg.optimizers.SGD(0.1).apply_gradients([(t, xg.Variable([1.0, 2.0]))]),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("way", ["changed in place", "kept"])
def test_what_a_function_left_behind_is_refused(use, way):
    kept = {"t": xg.zeros(2)}

    def f(x):
        if way == "kept":
            kept["t"] = x * xg.ones(2)
        else:
            kept["t"][0] = x
        return kept["t"] * 2.0

    assert xg.vmap(f)(xg.asarray([1.0, 2.0, 3.0])).shape == (3, 2)
    with pytest.raises(xg.errors.TracingError, match=r"3 examples of an xg\.vmap that has ended"):
        use(kept["t"])


@pytest.mark.parametrize("indices", ["shared", "differ"])
@pytest.mark.parametrize("mode", ["set", "add", "multiply", "min", "max"])
def test_gradients_of_scatter_are_those_of_a_loop(mode, indices):
    updates = xg.asarray([[2.0, 5.0, 7.0], [2.0, 5.0, 3.0]])
    places = [xg.asarray([0, 0, 1]), xg.asarray([0, 0, 0])]
    if indices == "shared":
        places[1] = places[0]
    total = lambda u, i: xg.sum(xg.scatter(xg.ones(3), i, u, mode=mode) ** 2)
    axes = (0, None if indices == "shared" else 0)
    found = xg.vmap(xg.grad(total), in_axes=axes)(
        updates, places[0] if indices == "shared" else xg.stack(places)
    )
    looped = [xg.grad(total)(u, i) for u, i in zip(updates, places, strict=True)]
    assert found.tolist() == [g.tolist() for g in looped]


WITHOUT_AXIS = {
    "argsort": lambda xp, x: xp.argsort(x),
    "cumulative_sum": lambda xp, x: xp.cumulative_sum(xp.reshape(x, (-1,))),
    "flip": lambda xp, x: xp.flip(x),
    "max": lambda xp, x: xp.max(x),
    "roll": lambda xp, x: xp.roll(x, 1),
    "sort": lambda xp, x: xp.sort(x),
    "unstack": lambda xp, x: xp.unstack(x)[1],
}


@pytest.mark.parametrize("f", WITHOUT_AXIS.values(), ids=WITHOUT_AXIS)
def test_a_missing_axis_in_a_rule_is_none_of_the_examples(f):
    x = np.sin(np.arange(12.0)).reshape(2, 3, 2)
    found = xg.vmap(lambda x: xg.Tensor(f(functions, x.raw)))(xg.asarray(x))
    expected = [f(backend_of(x).xp, example) for example in x]
    np.testing.assert_array_equal(found.numpy(), expected)


def test_a_complex_cotangent_may_differ_where_the_target_does_not():
    z = xg.asarray([0.3 + 1.0j, 2.0j])
    pullback = xg.vjp(lambda z: xg.sum(xg.exp(z) * z), z)[1]
    g = xg.asarray([1.0 + 2.0j, -0.5j])
    alone = [pullback(g[i])[0].numpy() for i in range(2)]
    f = lambda g: xg.vjp(lambda z: xg.sum(xg.exp(z) * z), z)[1](g)[0]
    np.testing.assert_allclose(xg.vmap(f)(g).numpy(), np.stack(alone))


def test_values_of_examples_do_not_stay_in_variables():
    v = xg.Variable(1.0, name="mean")

    def f(x):
        v.assign(0.5 * v + x)
        return x

    with pytest.raises(xg.errors.TracingError, match="assigns to mean"):
        xg.vmap(f)(xg.asarray([1.0, 2.0]))
    assert v.numpy() == 1.0


def test_variables_made_inside_hold_values_of_examples():
    def f(x):
        v = xg.Variable(0.0)
        v.assign(x * 2.0)
        v.assign_add(x)
        return v * 1.0

    assert xg.vmap(f)(xg.asarray([1.0, 2.0])).tolist() == [3.0, 6.0]


def test_variables_may_change_inside_and_be_put_back():
    v = xg.Variable(1.0)

    def f(x):
        former = v * 1.0
        v.assign(x)
        y = v * 3.0
        v.assign(former)
        return y

    assert xg.vmap(f)(xg.asarray([1.0, 2.0])).tolist() == [3.0, 6.0]
    assert v.numpy() == 1.0
