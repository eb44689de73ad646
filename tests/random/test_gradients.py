"""Gradients through draws, and draws under transforms: vmap, recomputation, tapes.

Oracles: the same arithmetic on NumPy's draws; jax and mpmath for the gamma distribution."""

import subprocess
import sys

import mpmath
import numpy as np
import pytest

import xgrad as xg


def gradient(f, *xs):
    xs = [xg.Variable(x) for x in xs]
    with xg.GradientTape() as tape:
        y = f(*xs)
    return [None if g is None else g.numpy() for g in tape.gradient(y, xs)]


Z = np.random.default_rng(0).standard_normal((4, 3))
U = np.random.default_rng(0).random((4, 3))
E = np.random.default_rng(0).standard_exponential((4, 3))
MEAN, SCALE = np.array([1.0, 2.0, 3.0]), np.array([[0.5], [1.0], [1.5], [2.0]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("normal", (np.full(3, 4.0), Z.sum(1, keepdims=True))),
        ("uniform", ((1 - U).sum(0), U.sum(1, keepdims=True))),
        ("gumbel", (np.full(3, 4.0), -np.log(E).sum(1, keepdims=True))),
    ],
)
def test_two_parameters_get_gradients(name, expected):
    found = gradient(
        lambda m, s: xg.sum(getattr(xg.random.Generator(0), name)((4, 3), m, s)), MEAN, SCALE
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-14)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-14)


def test_truncated_normal_gets_gradients():
    z = xg.random.Generator(0).truncated_normal((4, 3)).numpy()
    found = gradient(
        lambda m, s: xg.sum(xg.random.Generator(0).truncated_normal((4, 3), m, s)), MEAN, SCALE
    )
    np.testing.assert_allclose(found[1], z.sum(1, keepdims=True), rtol=1e-14)


def test_scales_get_gradients():
    (g,) = gradient(lambda s: xg.sum(xg.random.Generator(0).exponential((4, 3), s)), SCALE)
    np.testing.assert_allclose(g, E.sum(1, keepdims=True), rtol=1e-14)
    x = np.random.default_rng(0).standard_gamma(2.0, (4, 3))
    (g,) = gradient(lambda s: xg.sum(xg.random.Generator(0).gamma(2.0, (4, 3), s)), SCALE)
    np.testing.assert_allclose(g, x.sum(1, keepdims=True), rtol=1e-14)


def test_rows_that_are_permuted_or_chosen_get_gradients():
    order = np.random.default_rng(0).permutation(3)
    (g,) = gradient(
        lambda x: xg.sum(xg.random.Generator(0).permutation(x) * xg.asarray([1.0, 2.0, 3.0])), MEAN
    )
    expected = np.empty(3)
    expected[order] = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(g, expected)
    chosen = np.random.default_rng(0).integers(0, 3, 5)
    (g,) = gradient(lambda x: xg.sum(xg.random.Generator(0).choice(x, (5,))), MEAN)
    np.testing.assert_array_equal(g, np.bincount(chosen, minlength=3))


@pytest.mark.parametrize(
    "f",
    [
        lambda p: xg.random.Generator(0).bernoulli(p),
        lambda p: xg.random.Generator(0).choice(3, (4,), p=p),
        lambda p: xg.random.Generator(0).choice(3, (2,), p=p, replace=False),
    ],
    ids=["bernoulli", "choice", "choice without replacement"],
)
def test_probabilities_of_whole_numbers_get_none(f):
    assert gradient(f, np.array([0.2, 0.3, 0.5])) == [None]


# -- the gamma distribution --------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 3.0, 30.0, 1000.0])
def test_gamma_gradient_agrees_with_jax(alpha):
    jax = pytest.importorskip("jax", reason="jax is not installed")
    a = np.full(500, alpha)
    x = np.random.default_rng(1).standard_gamma(a)
    (g,) = gradient(lambda a: xg.sum(xg.random.Generator(1).gamma(a)), a)
    with jax.enable_x64(True):
        expected = np.asarray(jax.lax.random_gamma_grad(a, x))
    np.testing.assert_allclose(g, expected, rtol=1e-11)


def test_gamma_gradient_agrees_with_mpmath_where_draws_are_tiny():
    a = np.full(300, 0.01)
    x = np.random.default_rng(1).standard_gamma(a)
    (g,) = gradient(lambda a: xg.sum(xg.random.Generator(1).gamma(a)), a)
    for i in np.argsort(x)[:4].tolist() + np.argsort(x)[100:104].tolist():
        place = mpmath.mpf(x[i])
        logarithm = mpmath.log(place) - mpmath.digamma(mpmath.mpf(a[i]) + 1)
        expected = -place * logarithm / mpmath.mpf(a[i])  # P = x^a / Gamma(a + 1)
        if place > 1e-20:
            continue
        assert abs(g[i] - expected) <= 1e-12 * abs(expected)


def test_gamma_gradient_of_draws_that_underflow_is_zero():
    a = np.full(300, 1e-3)
    x = np.random.default_rng(1).standard_gamma(a)
    (g,) = gradient(lambda a: xg.sum(xg.random.Generator(1).gamma(a)), a)
    assert (x == 0).any()
    assert not g[x == 0].any()
    assert np.isfinite(g).all()


def test_gamma_gradients_of_an_expectation():
    # E x^2 = alpha (alpha + 1), so its derivatives are 2 alpha + 1 and 2.
    alpha = xg.Variable(2.5)
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            x = xg.random.Generator(0).gamma(alpha, (20000,))
            y = xg.mean(x * x)
        first = inner.gradient(y, alpha)
    second = outer.gradient(first, alpha)
    assert abs(first.item() - 6.0) < 0.15
    assert abs(second.item() - 2.0) < 0.15


def test_gamma_in_forward_mode_is_that_of_reverse_mode():
    a = xg.asarray([0.5, 2.0, 7.0])
    f = lambda a: xg.sum(xg.random.Generator(0).gamma(a))
    _, t = xg.jvp(f, (a,), (xg.ones_like(a),))
    np.testing.assert_allclose(t.item(), xg.sum(xg.grad(f)(a)).item(), rtol=1e-14)


def test_gamma_keeps_float32():
    a = xg.Variable(np.array([2.0], dtype=np.float32))
    with xg.GradientTape() as tape:
        x = xg.random.Generator(0).gamma(a)
    assert (x.dtype, tape.gradient(x, a).dtype) == (np.float32, np.float32)


# -- vmap --------------------------------------------------------------------------------------


def test_vmap_gives_every_example_its_own_draw():
    rng = xg.random.Generator(0)
    y = xg.vmap(lambda x: x + rng.normal((3,)))(xg.zeros(4))
    np.testing.assert_array_equal(y.numpy(), Z)  # as a loop over the examples draws


def test_vmap_shares_what_is_drawn_outside():
    z = xg.random.Generator(0).normal((3,))
    y = xg.vmap(lambda x: x + z)(xg.zeros(4))
    np.testing.assert_array_equal(y.numpy(), np.tile(Z[0], (4, 1)))


def test_vmap_nested():
    rng = xg.random.Generator(0)
    y = xg.vmap(xg.vmap(lambda x: x + rng.normal()))(xg.zeros((4, 3)))
    np.testing.assert_array_equal(y.numpy(), Z)


def test_vmap_after_one_ended_draws_for_the_rest():
    rng = xg.random.Generator(0)
    xg.vmap(lambda x: x + 1)(xg.zeros(3))
    assert rng.normal((4, 3)).shape == (4, 3)
    with pytest.raises(ZeroDivisionError):
        xg.vmap(lambda x: 1 / 0)(xg.zeros(3))
    assert rng.normal((4, 3)).shape == (4, 3)


def test_vmap_in_chunks():
    rng = xg.random.Generator(0)
    y = xg.vmap(lambda x: x + rng.normal((3,)), chunk_size=3)(xg.zeros(4))
    np.testing.assert_array_equal(y.numpy(), Z)


def test_vmap_with_parameters_of_each_example():
    rng = xg.random.Generator(0)
    y = xg.vmap(lambda s: rng.normal((3,), 0.0, s))(xg.asarray(SCALE[:, 0]))
    np.testing.assert_allclose(y.numpy(), Z * SCALE)


DRAWS = {
    "gamma": lambda rng, x: rng.gamma(x, (5,)),
    "gamma, scale": lambda rng, x: rng.gamma(2.0, (5,), x),
    "bernoulli": lambda rng, x: rng.bernoulli(x / 10, (5,)),
    "integers": lambda rng, x: rng.integers(0, 1000, (5,)),
    "permutation": lambda rng, x: rng.permutation(12),
    "permutation of rows": lambda rng, x: rng.permutation(x + xg.asarray(np.arange(12.0))),
    "choice": lambda rng, x: rng.choice(100, (5,)),
    "choice without replacement": lambda rng, x: rng.choice(100, (5,), replace=False),
    "choice with p": lambda rng, x: rng.choice(9, (5,), p=xg.exp(-x * xg.asarray(np.arange(9.0)))),
    "truncated_normal": lambda rng, x: rng.truncated_normal((5,), x),
}


@pytest.mark.parametrize("f", DRAWS.values(), ids=list(DRAWS))
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "under a tape"])
def test_vmap_of_every_method_differs_between_examples(f, inside):
    rng, x = xg.random.Generator(0), xg.asarray([1.0, 1.0])
    with xg.GradientTape() as tape:
        if inside:
            tape.watch(x)
        y = xg.vmap(lambda x: f(rng, x))(x).numpy()
    assert (y[0] != y[1]).any()


def test_gradient_of_vmap_through_gamma_agrees_with_a_loop():
    a = np.array([0.5, 2.0, 7.0])
    rng = xg.random.Generator(0)
    (outside,) = gradient(lambda a: xg.sum(xg.vmap(lambda a: rng.gamma(a, (4,)))(a)), a)
    rng = xg.random.Generator(0)
    inside = xg.vmap(xg.grad(lambda a: xg.sum(rng.gamma(a, (4,)))))(xg.asarray(a)).numpy()
    rng = xg.random.Generator(0)
    loop = [gradient(lambda a: xg.sum(rng.gamma(a, (4,))), value)[0] for value in a]
    np.testing.assert_allclose(outside, loop, rtol=1e-13)
    np.testing.assert_allclose(inside, loop, rtol=1e-13)


def test_per_example_gradients_have_noise_of_their_own():
    rng = xg.random.Generator(0)
    f = lambda w, x: xg.sum(w * x * rng.normal((3,)))
    found = xg.per_example_gradient(f)(xg.ones(3), xg.ones((4, 3)))
    np.testing.assert_array_equal(found.numpy(), Z)


# -- recomputation -----------------------------------------------------------------------------


def test_recomputation_draws_the_same_again():
    rng = xg.random.Generator(0)
    f = xg.recompute_grad(lambda x: x * rng.normal((4, 3)) * rng.uniform(()))
    (g,) = gradient(lambda x: xg.sum(f(x)), np.ones((4, 3)))
    expected = np.random.default_rng(0)
    np.testing.assert_array_equal(g, expected.standard_normal((4, 3)) * expected.random())
    assert rng.normal().item() == expected.standard_normal()  # and goes on from there


def test_recomputation_with_the_default_generator():
    xg.random.seed(0)
    f = xg.recompute_grad(lambda x: x * xg.random.normal((4, 3)))
    (g,) = gradient(lambda x: xg.sum(f(x)), np.ones((4, 3)))
    np.testing.assert_array_equal(g, Z)


def test_recomputation_inside_vmap():
    rng = xg.random.Generator(0)
    f = xg.recompute_grad(lambda x: xg.sum(x * rng.normal((3,))))
    g = xg.vmap(xg.grad(f))(xg.ones((4, 3)))
    np.testing.assert_array_equal(g.numpy(), Z)


def test_recomputation_whose_gradient_is_taken_inside_vmap():
    rng = xg.random.Generator(0)
    f = xg.recompute_grad(lambda x: x * rng.normal((3,)))
    _, pullback = xg.vjp(f, xg.ones(3))
    (g,) = xg.vmap(pullback)(xg.eye(3))
    np.testing.assert_array_equal(g.numpy(), np.diag(Z[0]))


def test_second_derivatives_need_no_module_that_nobody_imported():
    """The rule of a draw names special functions, whose own rules come with it."""
    program = (
        "import xgrad as xg\n"
        "f = lambda a: xg.sum(xg.random.Generator(0).gamma(a))\n"
        "print(xg.hessian(f)(xg.asarray(2.5)).item())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    expected = xg.hessian(lambda a: xg.sum(xg.random.Generator(0).gamma(a)))(xg.asarray(2.5))
    assert float(done.stdout) == expected.item()
