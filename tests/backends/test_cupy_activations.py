"""Activations on CUDA: kernels against the composition of the standard's functions, and launches."""

import numpy as np
import pytest
from cupy_stand_in import Host
from host_kernels import COMPILER

import xgrad as xg
from xgrad.backends import activations
from xgrad.backends.cupy_activations import KERNELS

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")

INF, NAN = np.inf, np.nan
POINTS = np.array([0.0, -0.0, 1e-30, -1e-30, 1.0, -1.0, 9.0, -9.0, 40.0, -40.0, 1e20, -1e20])
TOLERANCES = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13}
NAMES = {"relu": xg.nn.relu, "gelu": xg.nn.gelu, "silu": xg.nn.silu}
NAMES |= {"sigmoid": xg.nn.sigmoid, "tanh": xg.tanh}
SUMS = [("activate_sum", f) for f in activations.ACTIVATED]
SUMS += [("squash_sum", f) for f in activations.SQUASHED]


def on(second, *arrays):
    return [xg.asarray(a, device=second).array for a in arrays]


def composed(name, *arrays, **options):
    """What the composition gives, computed in float64."""
    wide = [a.astype("float64") for a in arrays]
    with np.errstate(all="ignore"):
        given = (wide,) if name.endswith("_sum") else wide
        return getattr(activations, name)(xg.device("cpu").backend.xp, *given, **options)


def assert_close(found, expected, dtype):
    assert str(found.dtype) == dtype
    with np.errstate(over="ignore"):
        expected = expected.astype(dtype)
    tolerance = TOLERANCES[dtype]
    np.testing.assert_allclose(found.get(), expected, rtol=tolerance, atol=tolerance)


def test_every_kernel_is_of_a_function_that_the_composition_knows():
    assert {f for _, f in KERNELS} == {*activations.ACTIVATED, *activations.SQUASHED}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("function", activations.ACTIVATED)
def test_of_one_array(second, function, dtype, rng):
    with np.errstate(over="ignore"):
        x = np.concatenate([POINTS, 4 * rng.normal(size=20)]).astype(dtype)
    g = rng.normal(size=x.shape).astype(dtype)
    xp = second.backend.xp
    before = Host.launches
    found = xp.activate(*on(second, x), function=function)
    back = xp.activate_cotangent(*on(second, g, x), function=function)
    assert Host.launches == before + 2
    assert_close(found, composed("activate", x, function=function), dtype)
    assert_close(back, composed("activate_cotangent", g, x, function=function), dtype)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("name", "function"), SUMS)
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)], ids=str)
def test_of_a_sum(second, name, function, shape, dtype, rng):
    x, bias = (4 * rng.normal(size=shape)).astype(dtype), rng.normal(size=shape[-1:]).astype(dtype)
    g = rng.normal(size=shape).astype(dtype)
    xp = second.backend.xp
    before = Host.launches
    y = getattr(xp, name)(on(second, x, bias), function=function)
    given, back = ([x, bias], "activate_cotangent")
    if name == "squash_sum":
        given, back = [y.get()], "squash_cotangent"
    found = getattr(xp, back)(*on(second, g, *given), function=function)
    assert Host.launches == before + 2
    assert_close(y, composed(name, x, bias, function=function), dtype)
    assert_close(found, composed(back, g, *given, function=function), dtype)


@pytest.mark.parametrize("seed", [0.0, 1.0])
@pytest.mark.parametrize("function", activations.ACTIVATED)
def test_what_is_not_finite(second, function, seed):
    x = np.array([INF, -INF, NAN])
    g = np.full(3, seed)
    xp = second.backend.xp
    found = xp.activate(*on(second, x), function=function)
    assert_close(found, composed("activate", x, function=function), "float64")
    found = xp.activate_cotangent(*on(second, g, x), function=function)
    expected = composed("activate_cotangent", g, x, function=function)
    assert_close(found, expected, "float64")


@pytest.mark.parametrize("function", activations.SQUASHED)
def test_results_that_are_not_finite(second, function):
    y, g = np.array([INF, NAN, NAN, -INF]), np.array([0.0, 0.0, 1.0, 2.0])
    found = second.backend.xp.squash_cotangent(*on(second, g, y), function=function)
    assert_close(found, composed("squash_cotangent", g, y, function=function), "float64")


def test_different_dtypes_are_composed(second):
    x, bias = np.ones((2, 3), "float32"), np.ones(3)
    for name, function in SUMS:
        y = getattr(second.backend.xp, name)(on(second, x, bias), function=function)
        assert_close(y, composed(name, x, bias, function=function), "float64")


# -- the functions of xg.nn ------------------------------------------------------------------------


def gradients(f, *arrays):
    with xg.GradientTape() as tape:
        tape.watch(list(arrays))
        y = f(*arrays)
    before = Host.launches
    return y, tape.gradient(y, list(arrays), xg.ones_like(y)), Host.launches - before


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu_is_one_launch_each_way_and_second_derivatives_are_right(second, approximate, rng):
    values = rng.normal(size=5)
    x = xg.asarray(values, device=second)
    f = lambda x: xg.nn.gelu(x, approximate)
    gradients(f, x)  # the first gradient of all looks at what the library does
    before = Host.launches
    f(x)
    assert Host.launches == before + 1
    y, (g,), back = gradients(f, x)
    assert back <= 2, "the kernel, and the ones to begin with"
    expected = xg.asarray(values)
    y0, (g0,), _ = gradients(f, expected)
    np.testing.assert_allclose(y.numpy(), y0.numpy(), rtol=1e-13)
    np.testing.assert_allclose(g.numpy(), g0.numpy(), rtol=1e-12)
    total = lambda x: xg.sum(f(x))
    np.testing.assert_allclose(
        xg.hessian(total)(x).numpy(), xg.hessian(total)(expected).numpy(), atol=1e-13
    )


def test_relu_is_one_launch_each_way(second, rng):
    x = xg.asarray(rng.normal(size=5).astype("float32"), device=second)
    gradients(xg.nn.relu, x)
    before = Host.launches
    xg.nn.relu(x)
    assert Host.launches == before + 1
    _, (g,), back = gradients(xg.nn.relu, x)
    assert back <= 2, "the kernel, and the ones to begin with"
    assert g.dtype == xg.float32


@pytest.mark.parametrize("name", NAMES)
def test_linear_with_a_function_is_one_launch_more_than_the_product(second, name, rng):
    arrays = [rng.normal(size=s) for s in ((4, 3), (3, 2), (2,))]
    f = lambda x, k, b: xg.nn.linear(x, k, b, activation=NAMES[name])
    there = [xg.asarray(a, device=second) for a in arrays]
    before = Host.launches
    f(*there)
    assert Host.launches == before + 2, "the product, and bias with function"
    y, found, _ = gradients(f, *there)
    y0, expected, _ = gradients(f, *(xg.asarray(a) for a in arrays))
    np.testing.assert_allclose(y.numpy(), y0.numpy(), rtol=1e-12)
    for g, g0 in zip(found, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), g0.numpy(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_the_way_back_through_bias_and_function_is_a_kernel_and_a_sum(second, name, rng):
    from xgrad.nn._biased import activated

    y, bias = (xg.asarray(rng.normal(size=s), device=second) for s in ((4, 3), (3,)))
    for _ in range(2):  # the first of all makes what others find
        _, found, back = gradients(lambda y, b: activated(y, b, NAMES[name]), y, bias)
    assert back <= 3, "the ones to begin with, the kernel, and the sum over examples for the bias"
    assert [g.shape for g in found] == [(4, 3), (3,)]


@pytest.mark.parametrize("name", NAMES)
def test_recorded_steps_fuse_them(second, name, rng):
    x, bias = (xg.asarray(rng.normal(size=s), device=second) for s in ((4, 3), (3,)))
    f = lambda x, b: xg.nn.linear(x, xg.eye(3, device=second), b, activation=NAMES[name]) * 2 + 1
    step = xg.function(f)
    step(x, bias)
    step(x, bias)
    before = Host.launches
    found = step(x, bias)
    assert Host.launches - before <= 2, "the product, and everything else"
    np.testing.assert_allclose(found.numpy(), f(x, bias).numpy(), rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_all_modes_agree_with_the_host(second, name, rng):
    arrays = [rng.normal(size=s) for s in ((2, 3), (3, 2), (2,))]
    f = lambda x, k, b: xg.nn.linear(x, k, b, activation=NAMES[name])
    there, here = ([xg.asarray(a, device=d) for a in arrays] for d in (second, xg.device("cpu")))
    for transform in (
        lambda *xs: xg.jacfwd(f, 2)(*xs),
        lambda *xs: xg.jacrev(f, 2)(*xs),
        lambda *xs: xg.hessian(lambda b: xg.sum(f(*xs[:2], b)))(xs[2]),
        lambda *xs: xg.vmap(f, (0, None, None))(xs[0][:, None, :], *xs[1:]),
        lambda *xs: xg.jvp(f, xs, xs)[1],
    ):
        np.testing.assert_allclose(
            transform(*there).numpy(), transform(*here).numpy(), rtol=1e-11, atol=1e-12
        )
