"""Activations against torch and TensorFlow, at special points, in both modes and second order."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.ops.rule_namespace import rule_namespace

torch = pytest.importorskip("torch", reason="torch is not installed")
F = torch.nn.functional

X = np.random.default_rng(3).normal(scale=3.0, size=(4, 6))
PEERS = {
    "relu": torch.relu,
    "relu6": F.relu6,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "elu": F.elu,
    "celu": F.celu,
    "selu": F.selu,
    "hard_tanh": F.hardtanh,
    # torch's own take 1 / 6 for a float32.
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,
    "hard_silu": lambda x: x * F.relu6(x + 3) / 6,
    "sigmoid": torch.sigmoid,
    "log_sigmoid": F.logsigmoid,
    "softplus": lambda x: F.softplus(x, threshold=700),
    "softsign": F.softsign,
    "silu": F.silu,
    "mish": F.mish,
    "gelu": F.gelu,
    "glu": F.glu,
    "softmax": lambda x: F.softmax(x, -1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
}
FUNCTIONS = {name: getattr(xg.nn, name) for name in PEERS}
PEERS["gelu with tanh"] = lambda x: F.gelu(x, approximate="tanh")
FUNCTIONS["gelu with tanh"] = lambda x: xg.nn.gelu(x, approximate=True)
PEERS["elu of 1.5"] = lambda x: F.elu(x, 1.5)
FUNCTIONS["elu of 1.5"] = lambda x: xg.nn.elu(x, 1.5)


def value_and_gradient(f, x, dtype):
    x = xg.asarray(x.astype(dtype))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
        loss = xg.sum(y * y)
    return y.numpy(), tape.gradient(loss, x).numpy()


def value_and_gradient_of_torch(f, x, dtype):
    x = torch.tensor(x.astype(dtype), requires_grad=True)
    y = f(x)
    (y * y).sum().backward()
    return y.detach().numpy(), x.grad.numpy()


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-6)])
def test_activation_agrees_with_torch(name, dtype, tolerance):
    y, g = value_and_gradient(FUNCTIONS[name], X, dtype)
    y_torch, g_torch = value_and_gradient_of_torch(PEERS[name], X, dtype)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, y_torch, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(g, g_torch, rtol=tolerance, atol=10 * tolerance)


KEYWORDS = {
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 1.0},
    "celu": {"alpha": 1.0},
    "hard_tanh": {"minval": -1.0, "maxval": 1.0},
    "gelu": {"approximate": False},
    "glu": {"axis": -1},
    "softmax": {"axis": -1},
    "log_softmax": {"axis": -1},
    "logsumexp": {"axis": None, "keepdims": False},
}


@pytest.mark.parametrize("name", [*sorted(PEERS.keys() & vars(xg.nn).keys()), "logsumexp"])
def test_arguments_may_be_keywords(name):
    f, x = getattr(xg.nn, name), xg.asarray(X)
    np.testing.assert_array_equal(f(x=x, **KEYWORDS.get(name, {})).numpy(), f(x).numpy())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_of_activation_agree_with_differences(name):
    x = np.array([[-2.3, -0.7, 0.4, 2.1], [-3.7, -1.2, 0.9, 4.3]])
    xg.testing.check_gradients(FUNCTIONS[name], [x], order=2, modes=("reverse", "forward"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activation_of_examples_is_that_of_each(name):
    x = xg.asarray(X)
    expected = np.stack([FUNCTIONS[name](row).numpy() for row in xg.unstack(x)])
    np.testing.assert_allclose(xg.vmap(FUNCTIONS[name])(x).numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activation_runs_on_every_device(name, other_device):
    y = FUNCTIONS[name](xg.asarray(X, device=other_device))
    assert y.device == other_device
    expected = FUNCTIONS[name](xg.asarray(X)).numpy()
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-13)


def derivative(f, x):
    x = xg.asarray(x)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x).item()


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("relu", 0.0, 0.0),
        ("relu", -0.0, 0.0),
        ("relu6", 0.0, 0.0),
        ("relu6", 6.0, 0.0),
        ("hard_sigmoid", -3.0, 0.0),
        ("hard_sigmoid", 3.0, 0.0),
    ],
)
def test_d11_relu_and_relu6_at_their_corners(name, x, expected):
    assert derivative(getattr(xg.nn, name), x) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("elu", 1.0),
        ("celu", 1.0),
        ("selu", 1.0507009873554804934193349852946),
        ("leaky_relu", 0.2),
    ],
)
def test_d12_slopes_at_0_are_those_of_tensorflow_in_full_precision(name, expected):
    assert derivative(getattr(xg.nn, name), 0.0) == expected


@pytest.mark.parametrize("name", ["relu", "relu6", "elu", "selu", "leaky_relu"])
def test_corners_are_those_of_tensorflow(name):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    x = tf.constant([-1.0, 0.0, 1.0, 6.0, 7.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(tf.nn, name)(x)
    expected = tape.gradient(y, x).numpy()
    found = [derivative(getattr(xg.nn, name), v) for v in x.numpy().tolist()]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["relu", "relu6", "leaky_relu", "elu", "selu", "hard_tanh"])
def test_nan_goes_through(name):
    assert np.isnan(getattr(xg.nn, name)(xg.asarray([np.nan])).numpy()).all()


@pytest.mark.parametrize("cotangent", [np.nan, np.inf])
def test_relu_stops_what_is_not_finite_where_x_is_negative(cotangent):
    x = xg.asarray([-1.0, 0.0])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.relu(x)
    g = tape.gradient(y, x, output_gradients=xg.asarray([cotangent, cotangent]))
    assert g.tolist() == [0.0, 0.0]


def test_relu_keeps_integers():
    y = xg.nn.relu(xg.asarray([-2, 3]))
    assert y.tolist() == [0, 3]
    assert str(y.dtype) == "int64"


@pytest.mark.parametrize(("name", "x"), [("elu", 1e4), ("selu", 1e4), ("mish", 1e4)])
def test_nothing_overflows_in_the_branch_that_is_not_taken(name, x):
    assert np.isfinite(derivative(getattr(xg.nn, name), x))


@pytest.mark.parametrize(
    ("dtype", "x"), [("float64", 1.7e308), ("float32", 3e38), ("float64", np.inf)]
)
def test_mish_is_a_straight_line_to_the_end(dtype, x):
    x = xg.asarray(x, dtype=dtype)
    first = xg.grad(xg.nn.mish)
    second = xg.grad(first)
    assert (xg.nn.mish(x) == x, first(x), second(x)) == (True, 1.0, 0.0)


def test_gelu_keeps_its_digits_for_negative_numbers():
    mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed")
    expected = float(-10 * mpmath.ncdf(-10))
    assert xg.nn.gelu(xg.asarray(-10.0)).item() == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("kernel", [False, True], ids=["composed", "kernel"])
@pytest.mark.parametrize(
    ("x", "slope"),
    [
        (1.7e308, 1.0),
        (-1e307, 0.0),
        (1e155, 1.0),
        (-1e155, 0.0),
        (1e110, 1.0),
        (40.0, 1.0),
    ],
)
def test_gelu_with_tanh_where_the_cube_overflows(kernel, x, slope):
    def gelu(x):
        if kernel:
            return rule_namespace.activate(x, function="gelu_tanh")
        return xg.nn.gelu(x, approximate=True)

    def along(f):
        return lambda x: xg.jvp(f, (x,), (xg.ones_like(x),))[1]

    with np.errstate(over="ignore"):
        first = [f(xg.asarray(x)).item() for f in (xg.grad(gelu), along(gelu))]
        second = [along(along(gelu)), along(xg.grad(gelu)), xg.grad(xg.grad(gelu))]
        second = [f(xg.asarray(x)).item() for f in second]
    assert first == [slope, slope]
    assert second == [0.0, 0.0, 0.0]


# What functions are at either end, and their slopes there.
ENDS = {
    "relu": [(0.0, 0.0), (np.inf, 1.0)],
    "relu6": [(0.0, 0.0), (6.0, 0.0)],
    "leaky_relu": [(-np.inf, 0.2), (np.inf, 1.0)],
    "elu": [(-1.0, 0.0), (np.inf, 1.0)],
    "celu": [(-1.0, 0.0), (np.inf, 1.0)],
    "hard_tanh": [(-1.0, 0.0), (1.0, 0.0)],
    "hard_sigmoid": [(0.0, 0.0), (1.0, 0.0)],
    "hard_silu": [(0.0, 0.0), (np.inf, 1.0)],
    "sigmoid": [(0.0, 0.0), (1.0, 0.0)],
    "log_sigmoid": [(-np.inf, 1.0), (0.0, 0.0)],
    "softplus": [(0.0, 0.0), (np.inf, 1.0)],
    "softsign": [(-1.0, 0.0), (1.0, 0.0)],
    "silu": [(0.0, 0.0), (np.inf, 1.0)],
    "mish": [(0.0, 0.0), (np.inf, 1.0)],
    "gelu": [(0.0, 0.0), (np.inf, 1.0)],
    "gelu with tanh": [(0.0, 0.0), (np.inf, 1.0)],
}


def all_orders(f):
    def along(f):
        return lambda x: xg.jvp(f, (x,), (xg.ones_like(x),))[1]

    def back(f):
        return lambda x: xg.vjp(f, x)[1](xg.ones_like(x))[0]

    first = [back(f), along(f)]
    return f, first, [way(slope) for way in (back, along) for slope in first]


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("run", [lambda f: f, xg.function], ids=["eager", "recorded"])
def test_values_and_slopes_at_infinity_are_the_limits(name, dtype, run):
    value, first, second = all_orders(FUNCTIONS[name])
    x = xg.asarray(np.array([-np.inf, np.inf], dtype=dtype))
    values, slopes = zip(*ENDS[name], strict=True)
    assert run(value)(x).tolist() == list(values)
    for slope in first:
        np.testing.assert_allclose(run(slope)(x).numpy(), slopes, rtol=1e-3)
    assert [run(bend)(x).tolist() for bend in second] == [[0.0, 0.0]] * 4


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "sigmoid", "silu"])
def test_kernels_at_infinity_give_the_limits(name):
    value, first, second = all_orders(lambda x: rule_namespace.activate(x, function=name))
    x = xg.asarray([-np.inf, np.inf])
    slopes = [0.0, 0.0] if name == "sigmoid" else [0.0, 1.0]
    assert value(x).tolist() == ([0.0, 1.0] if name == "sigmoid" else [0.0, np.inf])
    assert [slope(x).tolist() for slope in first] == [slopes] * 2
    assert [bend(x).tolist() for bend in second] == [[0.0, 0.0]] * 4


@pytest.mark.parametrize("name", ENDS)
def test_slopes_of_large_float32_are_those_at_infinity(name):
    _, first, second = all_orders(FUNCTIONS[name])
    x = xg.asarray([-1e30, 1e30], dtype="float32")
    with np.errstate(over="ignore"):
        slopes = [slope(x).tolist() for slope in first]
        bends = [bend(x).tolist() for bend in second]
    np.testing.assert_allclose(slopes, [[end[1] for end in ENDS[name]]] * 2, rtol=1e-6)
    assert bends == [[0.0, 0.0]] * 4


def test_slopes_of_leaky_relu_are_exact_and_infinity_stays():
    y = xg.nn.leaky_relu(xg.asarray([-np.inf, -1.0, 1 / 3, np.inf]), 0.1)
    assert y.tolist() == [-np.inf, -0.1, 1 / 3, np.inf]


def test_slope_of_leaky_relu_gets_a_gradient():
    x, slope = xg.asarray([[-2.0, 3.0], [-1.0, -5.0]]), xg.asarray([0.1, 0.3])
    with xg.GradientTape() as tape:
        tape.watch(slope)
        y = xg.nn.leaky_relu(x, slope)
    assert tape.gradient(y, slope).tolist() == [-3.0, -5.0]


@pytest.mark.parametrize("name", ["relu", "gelu", "softsign"])
def test_complex_numbers_are_refused(name):
    with pytest.raises(xg.errors.DTypeError, match=rf"nn.{name}: x must be real.*complex128"):
        getattr(xg.nn, name)(xg.asarray([1j]))


def test_glu_refuses_an_odd_number():
    with pytest.raises(xg.errors.ShapeError, match=r"even number.*Use a layer"):
        xg.nn.glu(xg.ones((2, 3)))


# -- softmax -----------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", "array_api_strict:device1", "torch:cpu"])
def test_softmax_of_large_float32_keeps_its_digits(device):
    x = np.array([1000.0, 1001.0, 998.5], dtype="float32")
    expected = np.exp(x.astype("float64") - 1001) / np.exp(x.astype("float64") - 1001).sum()
    y = xg.nn.softmax(xg.asarray(x, device=device)).numpy()
    np.testing.assert_allclose(y, expected, rtol=3e-7)
    z = xg.nn.log_softmax(xg.asarray(x, device=device)).numpy()
    np.testing.assert_allclose(z, np.log(expected), rtol=3e-7)


def test_softmax_with_minus_infinity():
    x = xg.asarray([-np.inf, 0.0, 0.0])
    with xg.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = xg.nn.softmax(x)
        z = xg.nn.log_softmax(x)
    assert y.tolist() == [0.0, 0.5, 0.5]
    assert z.tolist() == [-np.inf, -np.log(2), -np.log(2)]
    weights = xg.asarray([1.0, 2.0, 3.0])
    assert tape.gradient(y, x, output_gradients=weights).tolist() == [0.0, -0.25, 0.25]
    g = tape.gradient(z, x, output_gradients=xg.asarray([0.0, 2.0, 3.0]))
    np.testing.assert_allclose(g.numpy(), [0.0, -0.5, 0.5], rtol=1e-15)


def test_softmax_of_nothing_but_minus_infinity_has_a_zero_gradient_for_a_zero_cotangent():
    x = xg.asarray([[-np.inf, -np.inf], [0.0, 0.0]])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(xg.nn.softmax(x)[1, :] * xg.asarray([1.0, 2.0]))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), [[0, 0], [-0.25, 0.25]], rtol=1e-15)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_no_elements_and_of_one(name):
    assert getattr(xg.nn, name)(xg.zeros((2, 0))).shape == (2, 0)
    assert getattr(xg.nn, name)(xg.zeros((0, 3))).shape == (0, 3)
    assert getattr(xg.nn, name)(xg.asarray(5.0), axis=None).item() == (name == "softmax")


def test_softmax_refuses_an_axis_that_is_not_there():
    with pytest.raises(xg.errors.AxisError, match="softmax: axis 2 is out of range"):
        xg.nn.softmax(xg.ones((2, 3)), axis=2)


def test_recorded_function_of_activations_is_the_eager_one():
    def loss(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = xg.sum(xg.nn.gelu(xg.nn.relu(x)) * xg.nn.softmax(x) + xg.nn.elu(x))
        return y, tape.gradient(y, x)

    x = xg.asarray(np.random.default_rng(0).normal(size=(300, 300)))
    for found, expected in zip(xg.function(loss)(x), loss(x), strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)
