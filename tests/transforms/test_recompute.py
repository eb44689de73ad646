"""recompute_grad and checkpoint_sequential: R1 to R3 of tensorflow-reference.md, section 2.10.

Oracle: the same function without recomputation, which keeps everything."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.replay import Journal, before_change

X = np.random.default_rng(11).normal(size=(3, 4))
W = np.random.default_rng(12).normal(size=(4, 4))


def block(x, w):
    return xg.tanh(xg.sin(x) @ w) + x


def both(f, *xs):
    """The gradients of the sum of f with and without recomputation."""
    found = []
    for g in (f, xg.recompute_grad(f)):
        ts = [xg.asarray(x) for x in xs]
        with xg.GradientTape() as tape:
            tape.watch(ts)
            y = xg.sum(xg.asarray(g(*ts)) ** 2)
        found.append([g.numpy() for g in tape.gradient(y, ts)])
    return found


def assert_same(f, *xs):
    plain, again = both(f, *xs)
    for a, b in zip(plain, again, strict=True):
        np.testing.assert_array_equal(a, b)


# -- R1: what has a gradient -------------------------------------------------------------------


def test_r1_positional_tensors():
    assert_same(block, X, W)


def test_r1_function_is_called_twice_in_all():
    calls = []

    @xg.recompute_grad
    def f(x):
        calls.append(1)
        return xg.sin(x)

    x = xg.Variable(X)
    with xg.GradientTape() as tape:
        y = f(x)
    assert len(calls) == 1
    tape.gradient(y, x)
    assert len(calls) == 2


def test_r1_tensors_by_keyword():
    f = xg.recompute_grad(block)
    x, w = xg.asarray(X), xg.asarray(W)
    with xg.GradientTape() as tape:
        tape.watch([x, w])
        y = f(w=w, x=x)
    found = tape.gradient(y, [x, w])
    with xg.GradientTape() as tape:
        tape.watch([x, w])
        y = block(x, w)
    for g, e in zip(found, tape.gradient(y, [x, w]), strict=True):
        np.testing.assert_array_equal(g.numpy(), e.numpy())


def test_r1_the_same_tensor_twice():
    assert_same(lambda x: xg.recompute_grad(lambda a, b: a * b)(x, x), X)
    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = xg.recompute_grad(lambda a, b: a * b)(x, x)
    assert float(tape.gradient(y, x)) == 6


def test_r1_closures_over_tensors_and_variables():
    w, v = xg.asarray(W), xg.Variable(W + 1)
    x = xg.asarray(X)
    found = []
    for wrap in (lambda f: f, xg.recompute_grad):
        with xg.GradientTape() as tape:
            tape.watch([x, w])
            z = w * 2
            y = xg.sum(wrap(lambda x, z=z: xg.sin(x @ z) @ v + x)(x) ** 2)
        found.append([g.numpy() for g in tape.gradient(y, [x, w, v])])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_r1_variables_as_arguments():
    v = xg.Variable(X)
    f = xg.recompute_grad(lambda v: xg.sin(v) * v)
    with xg.GradientTape() as tape:
        y = f(v)
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), np.cos(X) * X + np.sin(X))
    assert tape.watched_variables() == (v,)


def test_r1_python_values_nests_and_other_results():
    @xg.recompute_grad
    def f(params, n, *, mode):
        y = params["w"] ** n + params["b"][0]
        return {
            "y": y,
            "mode": mode,
            "count": xg.argmax(params["w"]),
            "none": None,
            "w": params["w"],
        }

    params = {"w": xg.Variable([1.0, 2.0]), "b": (xg.Variable(3.0), 7)}
    with xg.GradientTape() as tape:
        out = f(params, 3, mode="fast")
    assert (out["mode"], int(out["count"]), out["none"], out["w"]) == ("fast", 1, None, params["w"])
    found = tape.gradient(out["y"], [params["w"], params["b"][0]])
    assert [g.tolist() for g in found] == [[3, 12], 2]


def test_r1_several_results_of_which_some_are_unused():
    def f(x):
        a, _, c = xg.recompute_grad(lambda x: (xg.sin(x), xg.cos(x), xg.exp(x)))(x)
        return a * 2 + c

    assert_same(f, X)


def test_r1_result_that_is_an_argument_or_is_captured():
    w = xg.Variable(2.0)

    def f(x):
        a, b = xg.recompute_grad(lambda x: (x, w.value()))(x)
        return a * b

    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = f(x)
    assert [float(g) for g in tape.gradient(y, [x, w])] == [2, 3]


def test_r1_argument_that_is_not_used_has_none():
    x, z = xg.Variable(X), xg.Variable(X)
    with xg.GradientTape() as tape:
        y = xg.recompute_grad(lambda x, z: xg.sin(x))(x, z)
    assert tape.gradient(y, z) is None


def test_r1_second_and_third_order():
    def third(f):
        x = xg.asarray(0.7)
        with xg.GradientTape() as a:
            a.watch(x)
            with xg.GradientTape() as b:
                b.watch(x)
                with xg.GradientTape() as c:
                    c.watch(x)
                    y = f(x) * x
                first = c.gradient(y, x)
            second = b.gradient(first, x)
        return [float(g) for g in (y, first, second, a.gradient(second, x))]

    def f(x):
        return xg.exp(xg.sin(x) ** 2)

    assert third(xg.recompute_grad(f)) == pytest.approx(third(f), rel=1e-13)


def test_r1_second_order_of_closures():
    def mixed(wrap):
        v, x = xg.Variable(0.3), xg.asarray(0.7)
        with xg.GradientTape() as outer:
            outer.watch(x)
            with xg.GradientTape() as inner:
                inner.watch(x)
                y = wrap(lambda x: xg.exp(xg.sin(x * v)))(x)
            g = inner.gradient(y, [x, v])
        return [float(h) for h in outer.gradient(g, [x, v])]

    assert mixed(xg.recompute_grad) == pytest.approx(mixed(lambda f: f), rel=1e-13)


TRANSFORMS = {
    "jvp": lambda f: xg.jvp(f, (X,), (np.cos(X),))[1],
    "hvp": lambda f: xg.hvp(lambda x: xg.sum(f(x) ** 2), (X,), (np.cos(X),)),
    "hessian": lambda f: xg.hessian(lambda x: xg.sum(f(x) ** 2))(X[0]),
    "jacrev": lambda f: xg.jacrev(f)(X),
    "jacfwd": lambda f: xg.jacfwd(f)(X),
    "vmap": lambda f: xg.vmap(f)(X),
    "vmap of grad": lambda f: xg.vmap(xg.grad(lambda x: xg.sum(f(x) ** 2)))(X),
    "grad of vmap": lambda f: xg.grad(lambda x: xg.sum(xg.vmap(f)(x) ** 2))(X),
    "vmap of hessian": lambda f: xg.vmap(xg.hessian(lambda x: xg.sum(f(x) ** 2)))(X),
    "forward over reverse": lambda f: xg.jvp(
        xg.grad(lambda x: xg.sum(f(x) ** 2)), (X,), (np.cos(X),)
    )[1],
    "reverse over forward": lambda f: xg.grad(
        lambda x: xg.sum(xg.jvp(f, (x,), (np.cos(X),))[1] ** 2)
    )(X),
    "forward over forward": lambda f: xg.jvp(
        lambda x: xg.jvp(f, (x,), (np.cos(X),))[1], (X,), (np.sin(X),)
    )[1],
    "linearize": lambda f: xg.linearize(f, X)[1](np.cos(X)),
}


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_r1_every_transform(transform):
    w = xg.asarray(W)

    def f(x):
        return xg.tanh(xg.sin(x) @ w) + x

    expected = transform(f).numpy()
    np.testing.assert_allclose(
        transform(xg.recompute_grad(f)).numpy(), expected, rtol=1e-12, atol=1e-14
    )


DERIVATIVES = {
    "gradient": lambda f: xg.grad(lambda x: xg.sum(f(x))),
    "gradient with respect to another factor": lambda f: (
        lambda x: xg.grad(lambda v: xg.sum(f(v * x)))(xg.ones(4))
    ),
    "tangent": lambda f: lambda x: xg.jvp(f, (x,), (np.cos(X[0]),))[1],
    "hvp": lambda f: lambda x: xg.hvp(lambda x: xg.sum(f(x)), (x,), (np.cos(X[0]),)),
}


@pytest.mark.parametrize("derivative", DERIVATIVES.values(), ids=DERIVATIVES)
@pytest.mark.parametrize(
    "f",
    [
        xg.sin,
        lambda x: xg.exp(x) * X[1],
        lambda x: xg.prod(xg.stack(xg.unstack(x)[:3])),
        lambda x: xg.linalg.svd(xg.linalg.outer(x, X[1]) + W).S ** 2 * X[2],
        lambda x: xg.recompute_grad(lambda v: xg.sin(v) * v)(x),
    ],
    ids=["sin", "exp", "prod", "svd", "recomputed"],
)
def test_r1_derivatives_that_are_taken_inside(f, derivative):
    """What a tape inside recorded was a constant to the tape outside: gradients were None or zero."""

    def slopes(wrap):
        taken = wrap(derivative(f))
        first = xg.grad(lambda x: xg.sum(xg.sin(taken(x))))
        second = xg.grad(lambda x: xg.sum(xg.sin(first(x))))
        return [d.numpy() for d in (first(X[0]), xg.jacfwd(taken)(X[0]), second(X[0]))]

    for again, plain in zip(slopes(xg.recompute_grad), slopes(lambda f: f), strict=True):
        assert np.any(plain)
        np.testing.assert_allclose(again, plain, rtol=1e-11, atol=1e-11 * np.max(np.abs(plain)))


def test_r1_custom_gradient_that_reads_a_constant_in_a_graph():
    """The Graph follows the constant, which was taken for one whose gradient would be missed."""
    w = xg.asarray([2.0, 3.0])
    f = xg.custom_gradient(lambda x: (w * x, lambda dy: w * dy))
    x = xg.ones(2)
    with xg.Graph():
        y = xg.recompute_grad(f)(x)
        assert xg.gradients(y, x)[0].tolist() == [2.0, 3.0]


def test_r1_nested():
    inner = xg.recompute_grad(lambda x: xg.sin(x) ** 2)
    assert_same(lambda x: inner(xg.exp(inner(x))), X)


def test_r1_with_a_custom_gradient_inside_and_around():
    @xg.custom_gradient
    def custom(x):
        e = xg.exp(x)
        return e, lambda dy: dy * e * 3

    assert_same(lambda x: custom(xg.sin(x)) * x, X)

    @xg.custom_gradient
    def around(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = xg.recompute_grad(lambda x: xg.sin(x) ** 2)(x)
        slope = tape.gradient(y, x)
        return y, lambda dy: dy * slope

    x = xg.Variable(X)
    with xg.GradientTape() as tape:
        y = around(x)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), np.sin(2 * X), rtol=1e-14)


def test_r1_with_a_gradient_inside():
    def f(x):
        with xg.GradientTape() as tape:
            z = xg.sin(x)
            tape.watch(z)
            y = xg.sum(z**3)
        return tape.gradient(y, z) * x

    assert_same(f, X)


def test_r1_persistent_tape_and_complex_numbers():
    z = xg.asarray(X + 1j * X[::-1])
    f = xg.recompute_grad(lambda z: xg.exp(z) * xg.conj(z))
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(z)
        y = xg.sum(xg.abs(f(z)) ** 2)
    first, second = tape.gradient(y, z), tape.gradient(y, z)
    with xg.GradientTape() as tape:
        tape.watch(z)
        y = xg.sum(xg.abs(f.__wrapped__(z)) ** 2)
    np.testing.assert_array_equal(first.numpy(), tape.gradient(y, z).numpy())
    np.testing.assert_array_equal(first.numpy(), second.numpy())


def test_r1_devices_and_dtypes(device):
    x = xg.asarray(X, dtype=xg.float32, device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.recompute_grad(lambda x: xg.sin(x) * x)(x)
    g = tape.gradient(y, x)
    assert (g.device, g.dtype) == (device, x.dtype)
    np.testing.assert_allclose(g.numpy(), np.cos(X) * X + np.sin(X), rtol=1e-4, atol=1e-5)


def test_r1_nothing_reads_values_back(meta):
    x = xg.asarray(X, device=meta)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.recompute_grad(lambda x: xg.sin(x) * x)(x)
    assert tape.gradient(y, x).shape == X.shape


def test_r1_tape_that_did_not_see_the_function_follows_nothing():
    x = xg.asarray(0.7)
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = xg.recompute_grad(xg.sin)(x)
    with xg.GradientTape() as later:
        later.watch(x)
        g = tape.gradient(y, x)
    assert later.gradient(g, x) is None


def test_r1_hooks_on_what_is_captured_run_once():
    seen = []
    x, v = xg.Variable(X), xg.Variable(W)
    v.register_hook(lambda g: seen.append(1) or g * 10)
    f = xg.recompute_grad(lambda x: x @ v)
    with xg.GradientTape() as tape:
        y = f(x)
    g = tape.gradient(y, v)
    assert seen == [1]
    np.testing.assert_allclose(g.numpy(), 10 * np.outer(X.sum(0), np.ones(4)))


def test_r1_method_and_names():
    class Model:
        def __init__(self):
            self.w = xg.Variable(W)

        @xg.recompute_grad
        def apply(self, x):
            """What it does."""
            return xg.tanh(x @ self.w)

    model = Model()
    with xg.GradientTape() as tape:
        y = model.apply(xg.asarray(X))
    assert tape.gradient(y, model.w).shape == W.shape
    assert Model.apply.__doc__ == "What it does."
    assert xg.recompute_grad(block).__wrapped__ is block
    assert xg.checkpoint is xg.recompute_grad


def test_r1_without_a_tape_it_is_the_function_itself():
    marker = object()
    assert xg.recompute_grad(lambda x: marker)(X) is marker


def test_r1_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="f must be a function"):
        xg.recompute_grad(X)


def test_r1_explain_names_the_function():
    x = xg.Variable(X)
    with xg.GradientTape() as tape:
        y = xg.recompute_grad(block)(x, xg.asarray(W))
    assert "recompute_grad(block)" in str(tape.explain(y, x))


def test_r1_errors_in_the_function_leave_everything_in_place():
    def f(x):
        raise KeyError("mine")

    x = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        with pytest.raises(KeyError, match="mine"):
            xg.recompute_grad(f)(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 4


# -- R2: the second run finds what the first one found ------------------------------------------


class Generator:
    """As xg.random's: a state that can be read and set, and says when it changes."""

    def __init__(self, seed):
        self._rng = np.random.default_rng(seed)

    @property
    def state(self):
        return self._rng.bit_generator.state

    @state.setter
    def state(self, value):
        self._rng.bit_generator.state = value

    def mask(self, shape):
        before_change(self, "state")
        return xg.asarray(self._rng.random(shape) < 0.5)


def dropout(generator, x):
    return xg.where(generator.mask(x.shape), x, 0.0) * 2


def test_r2_random_state_is_restored_for_the_second_run():
    generator, x = Generator(1), xg.Variable(X)
    with xg.GradientTape() as tape:
        y = xg.recompute_grad(lambda x: dropout(generator, x))(x)
        later = generator.mask((1000,))
    mask = y.numpy() / X
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), mask)
    # and what is drawn afterwards is what would have been drawn without the second run
    expected = Generator(1)
    expected.mask(X.shape)
    np.testing.assert_array_equal(later.numpy(), expected.mask((1000,)).numpy())
    np.testing.assert_array_equal(generator.mask((9,)).numpy(), expected.mask((9,)).numpy())


def test_r2_nested_with_randomness_everywhere():
    def network(wrap, generator, x):
        inner = wrap(lambda x: dropout(generator, xg.sin(x)))
        outer = wrap(lambda x: dropout(generator, inner(x) + inner(x * 2)))
        return outer(x) + outer(x * 3)

    found = []
    for wrap in (lambda f: f, xg.recompute_grad):
        generator, x = Generator(5), xg.Variable(X)
        with xg.GradientTape() as tape:
            y = network(wrap, generator, x)
        found.append((y.numpy(), tape.gradient(y, x).numpy(), generator.mask((20,)).numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "make",
    [np.random.default_rng, np.random.RandomState],
    ids=["Generator", "RandomState"],
)
def test_r2_generators_of_numpy_are_named(make):
    rng, x = make(3), xg.Variable(X)
    f = xg.recompute_grad(lambda x: x * xg.asarray(rng.standard_normal(X.shape)), generators=[rng])
    with xg.GradientTape() as tape:
        y = f(x)
    after = rng.standard_normal(3)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), y.numpy() / X, rtol=1e-14)
    expected = make(3)
    expected.standard_normal(X.shape)
    np.testing.assert_array_equal(after, expected.standard_normal(3))
    np.testing.assert_array_equal(rng.standard_normal(3), expected.standard_normal(3))


def test_r2_generator_without_a_state_is_refused():
    with pytest.raises(TypeError, match="no state that can be read and set"):
        xg.recompute_grad(block, generators=[object()])


def test_r2_other_values_in_the_second_run_are_an_error():
    rng, x = np.random.default_rng(3), xg.Variable(X)
    with xg.GradientTape() as tape:
        y = xg.recompute_grad(lambda x: x * xg.asarray(rng.normal(size=X.shape)))(x)
    with pytest.raises(xg.errors.ArgumentError, match=r"other values .*generators=\[\.\.\.\]"):
        tape.gradient(y, x)


def test_r2_other_shapes_in_the_second_run_are_an_error():
    sizes, x = [3, 2], xg.Variable(X)
    with xg.GradientTape() as tape:
        y = xg.recompute_grad(lambda x: x[: sizes.pop(0)])(x)
    with pytest.raises(xg.errors.ArgumentError, match="another shape"):
        tape.gradient(y, x)


def test_r2_values_that_are_not_finite_are_no_other_values():
    x = xg.Variable(np.array([1.0, -1.0, 0.0]))
    with np.errstate(all="ignore"), xg.GradientTape() as tape:
        y = xg.recompute_grad(lambda x: xg.log(x))(x)
    assert tape.gradient(y, x).numpy()[0] == 1


def test_r2_variables_have_the_values_that_the_first_run_read():
    x, v, frozen = xg.Variable(X), xg.Variable(2.0), xg.Variable(3.0, trainable=False)
    step = xg.Variable(1, dtype="int64", trainable=False)

    def f(x):
        return xg.sin(x * v * frozen) * (2.0 if int(step) > 0 else 5.0)

    with xg.GradientTape() as tape:
        y = xg.recompute_grad(f)(x)
    v.assign(100.0)
    frozen.assign(100.0)
    step.assign(-1)
    g = tape.gradient(y, x)
    np.testing.assert_allclose(g.numpy(), 12 * np.cos(6 * X), rtol=1e-13)
    assert (float(v), float(frozen), int(step)) == (100, 100, -1)


@pytest.mark.filterwarnings("ignore:.*was overwritten while a GradientTape follows it")
def test_r2_assignments_inside_happen_once():
    x, mean = xg.Variable(X), xg.Variable(0.0, trainable=False)
    counter = xg.Variable(0, dtype="int64", trainable=False)

    def f(x):
        mean.assign(0.9 * mean + 0.1 * xg.stop_gradient(xg.mean(x)))
        counter.assign_add(1)
        return x * mean

    with xg.GradientTape() as tape:
        y = xg.recompute_grad(f)(x)
    g = tape.gradient(y, x)
    assert int(counter) == 1
    assert float(mean) == pytest.approx(0.1 * X.mean())
    np.testing.assert_allclose(g.numpy(), np.full(X.shape, 0.1 * X.mean()))


def test_r2_journal_notes_the_first_state_and_puts_it_back():
    class Thing:
        state = 1

    thing = Thing()
    before_change(thing, "state")  # nobody listens
    with Journal() as outer, Journal() as inner:
        before_change(thing, "state")
        thing.state = 2
        before_change(thing, "state")
        thing.state = 3
    inner.put_back()
    assert thing.state == 1
    assert [value for _, _, value in outer.entries.values()] == [1]


# -- R3: memory ---------------------------------------------------------------------------------

WIDTH, BATCH, LAYERS = 32, 1024, 64
ACTIVATION = 8 * WIDTH * BATCH


def network(generator):
    rng = np.random.default_rng(0)
    weights = [xg.Variable(rng.normal(size=(WIDTH, WIDTH)) / 6) for _ in range(LAYERS)]

    def layer(w):
        return lambda x: dropout(generator, xg.tanh(x @ w)) if generator else xg.tanh(x @ w)

    return weights, [layer(w) for w in weights]


def run(forward, generator):
    """Gradients of a deep network, and the peak of memory in units of one activation."""
    weights, layers = network(generator)
    x = xg.asarray(np.random.default_rng(1).normal(size=(BATCH, WIDTH)))
    gc.collect()
    tracemalloc.start()
    start = tracemalloc.get_traced_memory()[0]
    with xg.GradientTape() as tape:
        y = xg.mean(forward(layers, x) ** 2)
    kept = tracemalloc.get_traced_memory()[0] - start
    gradients = tape.gradient(y, weights)
    peak = tracemalloc.get_traced_memory()[1] - start
    tracemalloc.stop()
    return [g.numpy() for g in gradients], kept / ACTIVATION, peak / ACTIVATION


def plain(layers, x):
    for f in layers:
        x = f(x)
    return x


def in_segments(layers, x):
    for start in range(0, LAYERS, 8):
        segment = layers[start : start + 8]
        x = xg.recompute_grad(lambda x, segment=segment: plain(segment, x))(x)
    return x


@pytest.mark.parametrize(
    ("forward", "share"),
    [(xg.checkpoint_sequential, 0.25), (in_segments, 0.25)],
    ids=["sequential", "segments by hand"],
)
def test_r3_peak_of_64_layers_with_dropout_is_under_a_quarter(forward, share):
    expected, _, whole = run(plain, Generator(2))
    found, _, peak = run(forward, Generator(2))
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_array_equal(g, e)
    assert peak < share * whole


def test_r3_memory_grows_with_the_root_of_the_number_of_layers():
    expected, _, whole = run(plain, None)
    found, kept, peak = run(xg.checkpoint_sequential, None)
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_array_equal(g, e)
    assert whole > LAYERS
    assert kept < 12
    assert peak < 2 * (2 * LAYERS) ** 0.5


def test_r3_boundaries_are_freed_on_the_way_back_without_the_collector():
    alive = []

    def layer(x):
        y = xg.tanh(x)
        alive.append(weakref.ref(y.array))
        return y

    x = xg.Variable(np.ones((8, 8)))
    gc.collect()
    gc.disable()
    try:
        with xg.GradientTape() as tape:
            y = xg.checkpoint_sequential([layer] * 12, x, segments=4)
        # The inputs of the second and third segment, and what the last one keeps.
        assert sum(r() is not None for r in alive) == 2 + 3
        tape.gradient(y, x)
        del y, tape
        assert all(r() is None for r in alive)
    finally:
        gc.enable()


@pytest.fixture
def call_of():
    """The call that a tape recorded for a result."""

    def find(y):
        node = y.node
        while node.primitive is None or not node.primitive.name.startswith("recompute_grad"):
            node = node.parents[0]
        return node.saved[0]

    return find


def test_r3_saved_bytes_are_what_a_tape_would_have_kept(call_of):
    x = xg.Variable(np.ones((10, 10)))

    def f(x):
        y = xg.sin(x)  # keeps x
        y = xg.exp(y + 1.0)  # keeps its result
        xg.cos(y)  # leads nowhere
        return xg.reshape(y * 2.0, (-1,))  # keep nothing

    with xg.GradientTape() as _tape:
        y = xg.recompute_grad(f)(x)
    call = call_of(y)
    assert call.kept_bytes == 800  # x
    assert call.saved_bytes == 800  # exp's result


def test_r3_saved_bytes_count_every_array_once(call_of):
    x = xg.Variable(np.ones(100))

    def f(x):
        y = xg.tanh(x)  # keeps y
        return y * y * xg.sin(y)  # keeps y, y * y, sin(y)

    with xg.GradientTape() as _tape:
        y = xg.recompute_grad(f)(x)
    assert call_of(y).saved_bytes == 3 * 800 - 800


def test_r3_saved_bytes_of_nested_calls(call_of):
    x = xg.Variable(np.ones(100))
    inner = xg.recompute_grad(lambda x: xg.sin(xg.exp(xg.tanh(x))))
    with xg.GradientTape() as _tape:
        y = xg.recompute_grad(lambda x: inner(xg.tanh(x)))(x)
    assert call_of(y).saved_bytes == 800  # tanh's result, which the inner call keeps as well


def test_r3_statistics_of_the_tape_show_what_was_spared():
    x = xg.Variable(np.ones(100))
    with xg.GradientTape() as tape:
        y = xg.recompute_grad(lambda x: xg.sin(xg.exp(xg.tanh(x))))(x * 2.0)
    stats = tape.stats()
    assert stats.operations == 2
    assert stats.bytes == 800  # its argument
    assert stats.spared_bytes == 2 * 800 - 800  # tanh's and exp's results, of which it keeps none
    assert "spared by recompute_grad: 800 bytes" in str(stats)
    assert stats.by_op["recompute_grad(<lambda>)"].bytes == 800
    assert tape.gradient(y, x).shape == (100,)


# -- checkpoint_sequential ----------------------------------------------------------------------


@pytest.mark.parametrize("segments", [None, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_sequential_is_the_chain_of_its_functions(segments, count):
    functions = [xg.sin, xg.exp, xg.tanh, xg.square, xg.cos, xg.sin, xg.exp][:count]

    def gradient(forward):
        x = xg.Variable(X)
        with xg.GradientTape() as tape:
            y = forward(functions, x.value())
        return y.numpy(), tape.gradient(y, x).numpy()

    def sequential(functions, x):
        return xg.checkpoint_sequential(functions, x, segments)

    for a, b in zip(gradient(sequential), gradient(plain), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 10, 64, 100])
def test_sequential_runs_every_function_once_more_but_the_last_segment(count):
    calls = []
    functions = [lambda x, i=i: calls.append(i) or x * 1.0 for i in range(count)]
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = xg.checkpoint_sequential(functions, x)
    assert calls == list(range(count))
    tape.gradient(y, x)
    again = calls[count:]
    assert sorted(again) == list(range(len(again)))
    assert len(again) < count


def test_sequential_takes_nests_from_function_to_function():
    functions = [lambda s: {"a": s["a"] * 2, "n": s["n"] + 1}] * 5
    x = xg.Variable(1.0)
    with xg.GradientTape() as tape:
        y = xg.checkpoint_sequential(functions, {"a": x, "n": 0})
    assert y["n"] == 5
    assert float(tape.gradient(y["a"], x)) == 32


def test_sequential_names_generators():
    rng, x = np.random.default_rng(3), xg.Variable(X)
    functions = [lambda x: x * xg.asarray(rng.normal(size=X.shape))] * 6
    with xg.GradientTape() as tape:
        y = xg.checkpoint_sequential(functions, x, generators=[rng])
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), y.numpy() / X, rtol=1e-12)


@pytest.mark.parametrize("segments", [0, -1, 2.0, True])
def test_sequential_refuses_segments_that_are_no_positive_number(segments):
    with pytest.raises(ValueError, match="segments must be a positive integer"):
        xg.checkpoint_sequential([xg.sin], X, segments)


def test_sequential_refuses_what_is_no_function():
    with pytest.raises(TypeError, match=r"functions\[1\] must be a function"):
        xg.checkpoint_sequential([xg.sin, 3], X)


# -- arguments that are changed in place -------------------------------------------------------


def set_and_add(x):
    x += 1.0
    x[0] = 9.0
    return xg.sum(x)


@pytest.mark.parametrize("f", [set_and_add, xg.checkpoint(set_and_add)], ids=["f", "checkpoint"])
@pytest.mark.parametrize("watched", [False, True])
def test_what_is_done_to_an_argument_in_place_the_caller_sees(f, watched):
    x = xg.asarray([1.0, 2.0])
    with xg.GradientTape() as tape:
        if watched:
            tape.watch(x)
        y = f(x)
    assert (y.item(), x.tolist()) == (12.0, [9.0, 3.0])


@pytest.mark.parametrize("f", [set_and_add, xg.checkpoint(set_and_add)], ids=["f", "checkpoint"])
def test_derivatives_go_through_what_was_done_to_an_argument_in_place(f):
    def of_both(x):
        x = x * 1.0
        return f(x) + xg.sum(x**3)

    x = xg.asarray([1.0, 2.0])
    assert xg.grad(of_both)(x).tolist() == [0.0, 28.0]
    assert xg.jvp(of_both, x, xg.asarray([1.0, 1.0]))[1].item() == 28.0
    assert xg.hessian(of_both)(x).tolist() == [[0.0, 0.0], [0.0, 18.0]]
    assert xg.vmap(xg.grad(of_both))(xg.stack([x, x])).tolist() == [[0.0, 28.0], [0.0, 28.0]]


def test_a_changed_argument_is_a_result_beside_the_others():
    w = xg.asarray([1.0, 2.0])
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(w)
        x = w * 1.0
        y = xg.checkpoint(set_and_add)(x)
    assert tape.gradient(x, w).tolist() == [0.0, 1.0]
    assert tape.gradient(y, w).tolist() == [0.0, 1.0]
    assert tape.gradient(y, x) is None


@pytest.mark.parametrize("watched", [False, True])
def test_an_argument_that_is_returned_is_the_same_handle(watched):
    @xg.checkpoint
    def double(x, y):
        x *= 2.0
        return x, y

    x, y = xg.asarray([1.0, 2.0]), xg.asarray(3.0)
    with xg.GradientTape() as tape:
        if watched:
            tape.watch([x, y])
        found = double(x, y)
    assert found[0] is x
    assert found[1] is y


def test_one_tensor_given_twice_is_changed_once():
    @xg.checkpoint
    def f(x, y):
        x *= 2.0
        return xg.sum(x * y)

    x = xg.asarray([1.0, 2.0])
    assert xg.grad(lambda x: f(x, x))(x).tolist() == [8.0, 16.0]


def test_the_second_run_finds_what_the_caller_has_changed_since():
    w = xg.asarray([1.0, 2.0])
    with xg.GradientTape() as tape:
        tape.watch(w)
        x = w * 1.0
        y = xg.checkpoint(lambda x: xg.sum(x**2))(x)
        x *= 3.0
    assert tape.gradient(y, w).tolist() == [2.0, 4.0]


def uses_one_of_two(l):
    """Two results of an inner function, of which only the second is used; it does not read v."""
    return l(lambda u, v: l(lambda c: (xg.sin(c + v), c * 2.0))(u)[1] ** 2)


def test_second_derivatives_beside_a_result_that_nobody_used():
    def of(l):
        return lambda u: xg.sum(uses_one_of_two(l)(xg.sin(u), u))

    x = xg.asarray([0.1, 0.2, 0.3])
    np.testing.assert_allclose(
        xg.hessian(of(xg.checkpoint))(x).numpy(), xg.hessian(of(lambda f: f))(x).numpy(), rtol=1e-12
    )


def test_a_result_that_nobody_used_gives_no_gradient():
    u, v = xg.asarray(0.5), xg.asarray(2.0)
    with xg.GradientTape() as tape:
        tape.watch([u, v])
        y = xg.checkpoint(lambda a, b: (a * b, a * 2.0))(u, v)[1]
    du, dv = tape.gradient(y, [u, v])
    assert du.item() == 2.0
    assert dv is None


def test_second_derivatives_beside_an_unused_result_of_a_custom_gradient():
    @xg.custom_gradient
    def pair(a, b):
        return (a * b, a * 2.0), lambda g, h: (g * b + h * 2.0, g * a)

    def f(a):
        return xg.checkpoint(lambda a, b: pair(a, b)[1] ** 2)(a, xg.sin(a))

    assert xg.grad(xg.grad(f))(xg.asarray(0.5)).item() == 8.0


def scan_with_memory(l):
    """A scan whose body changes a Tensor from outside in place, and gives it back."""

    def f(x):
        h = x * 1.0

        def body(c, k):
            h[0] = h[0] + c * k
            return c * h[0] * 0.1 + k, h

        c, ys = xg.scan(l(body), xg.sum(x), xg.asarray([1.0, 2.0, 3.0]))
        return c + xg.sum(ys**2) + xg.sum(h * h)

    return f


@pytest.mark.parametrize(
    "transform",
    [
        xg.grad,
        xg.hessian,
        lambda f: lambda x: xg.jvp(f, (x,), (xg.asarray([0.3, 0.4]),))[1],
        lambda f: lambda x: xg.vmap(xg.grad(f))(xg.stack([x, x + 1.0])),
        lambda f: xg.grad(xg.checkpoint(f)),
    ],
    ids=["grad", "hessian", "jvp", "vmap", "nested"],
)
def test_what_is_done_in_place_to_a_tensor_from_outside_has_its_derivatives(transform):
    x = xg.asarray([1.0, 2.0])
    np.testing.assert_allclose(
        transform(scan_with_memory(xg.checkpoint))(x).numpy(),
        transform(scan_with_memory(lambda f: f))(x).numpy(),
        rtol=1e-12,
    )


def test_the_second_run_leaves_a_tensor_from_outside_as_it_is():
    x, h = xg.asarray([1.0, 2.0]), xg.zeros((2,))

    def body(u):
        h[...] = u * 2.0
        return xg.sum(u * u)

    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.checkpoint(body)(x)
        h += 10.0
        z = y + xg.sum(h)
    assert tape.gradient(z, x).tolist() == [4.0, 6.0]
    assert h.tolist() == [12.0, 14.0]


def test_a_changed_tensor_that_left_by_the_way_has_no_gradient():
    left = []

    def body(u):
        z = xg.zeros((2,))
        z[0] = u[1]
        left.append(z)
        return xg.sum(u * z)

    x = xg.asarray([1.0, 2.0])
    assert xg.grad(xg.checkpoint(body))(x).tolist() == [2.0, 1.0]
    with pytest.raises(xg.errors.ArgumentError, match=r"body made a Tensor .* no result"):
        xg.grad(lambda x: xg.checkpoint(body)(x) + xg.sum(left[-1]))(x)


def test_a_result_made_by_writing_keeps_nothing_of_what_it_was():
    former = []

    @xg.checkpoint
    def body(u):
        z = u * 3.0
        former.append(weakref.ref(z.array))
        z[0] = 0.0
        return z

    x = xg.asarray([1.0, 2.0])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = body(x)
    assert former[0]() is None
    assert tape.gradient(y, x).tolist() == [0.0, 3.0]


@pytest.mark.filterwarnings("ignore:.*was overwritten while a GradientTape follows it")
@pytest.mark.parametrize("change", ["assign", "assign_add", "scatter_add"])
def test_the_second_run_finds_variables_as_they_were_before_they_changed(change):
    found = []
    for wrap in (lambda f: f, xg.checkpoint):
        v, x = xg.Variable([1.0, 2.0]), xg.asarray([0.3, 0.4])

        def f(x, v=v):
            if change == "scatter_add":
                v.scatter_add([0], [x[1]])
            else:
                getattr(v, change)(x)
            return xg.sum(v * x)

        with xg.GradientTape() as tape:
            tape.watch(x)
            y = wrap(f)(x)
        found.append([g.tolist() for g in (*tape.gradient(y, [x, v]), v)])
    assert found[0] == found[1]


def test_a_change_that_was_taken_back_is_none():
    def f(x):
        h = x * 2.0

        def body(u):
            def step(c, _):
                h[...] = h * c
                return c, c

            return xg.scan(step, u, xg.zeros((0, 2)))[0] * h

        return xg.sum(xg.checkpoint(body)(x) * h)

    assert xg.grad(f)(xg.asarray([1.0, 2.0])).tolist() == [12.0, 48.0]


def adds_to_what_it_read(l):
    """A residual network whose blocks read a Tensor from outside that then changes in place."""

    def f(x):
        h, steps = x * 1.0, xg.floor(x)

        def block(u):
            return xg.sin(u * h) + 1.0

        for _ in range(3):
            h += l(block)(x)
            steps += 1.0
        return xg.sum(h * h)

    return f


@pytest.mark.parametrize(
    "transform",
    [xg.grad, xg.hessian, lambda f: xg.vmap(xg.grad(f)), lambda f: xg.function(xg.grad(f))],
    ids=["grad", "hessian", "vmap", "function"],
)
def test_the_second_run_reads_tensors_from_outside_as_they_were(transform):
    x = xg.asarray([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(
        transform(adds_to_what_it_read(xg.checkpoint))(x).numpy(),
        transform(adds_to_what_it_read(lambda f: f))(x).numpy(),
        rtol=1e-12,
    )


def test_other_values_inside_vmap_are_noticed():
    numbers = np.random.default_rng(0)

    def f(x):
        return xg.checkpoint(lambda u: xg.sum(u * u) * float(numbers.normal()))(x)

    with pytest.raises(xg.errors.ArgumentError, match="gave other values"):
        xg.vmap(xg.grad(f))(xg.asarray([[1.0, 2.0], [3.0, 4.0]]))


def test_assignments_inside_are_no_matter_of_the_second_run():
    v = xg.Variable(2.0)

    @xg.checkpoint
    def f(x):
        v.assign(5.0)
        return x * v

    x = xg.Variable(3.0)
    with xg.GradientTape() as tape:
        y = f(x)
    dx, dv = tape.gradient(y, [x, v])  # a warning would be an error
    assert (float(dx), float(dv)) == (5.0, 3.0)


def test_assignments_inside_warn_once_of_what_a_tape_has_read():
    v = xg.Variable(2.0)

    @xg.checkpoint
    def f(x):
        v.assign(5.0)
        return x * v

    x = xg.Variable(3.0)
    with pytest.warns(UserWarning, match="was overwritten") as seen, xg.GradientTape() as tape:
        y = v + f(x) + f(x)
    tape.gradient(y, x)
    assert len(seen) == 1


def test_assignments_inside_warn_of_what_was_read_inside():
    v = xg.Variable(2.0)

    @xg.checkpoint
    def f(x):
        y = x * v
        v.assign(5.0)
        return y

    with pytest.warns(UserWarning, match="was overwritten"), xg.GradientTape():
        f(xg.Variable(3.0))


def test_bfloat16_is_recomputed():
    pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    x = xg.astype(xg.asarray([1.0, 2.0]), "bfloat16")
    gradient = xg.grad(lambda x: xg.sum(xg.checkpoint(lambda x: x * x)(x)))(x)
    assert str(gradient.dtype) == "bfloat16"
    assert gradient.tolist() == [2.0, 4.0]
