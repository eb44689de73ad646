"""Normalization against torch, moving averages against Keras, differences, examples, devices."""

import numpy as np
import pytest

import xgrad as xg

torch = pytest.importorskip("torch", reason="torch is not installed")
F = torch.nn.functional

RNG = np.random.default_rng(2)
X = RNG.normal(size=(3, 4, 5, 6)) * 2 + 1
SCALE, BIAS = RNG.normal(size=(2, 6))


def first(x):
    """Channels as torch has them."""
    return torch.movedim(x, -1, 1)


def last(x):
    return torch.movedim(x, 1, -1)


# Name: ours and torch's, of x, scale and bias.
NORMS = {
    "layer": (xg.nn.layer_norm, lambda x, s, b: F.layer_norm(x, (6,), s, b)),
    "rms": (
        lambda x, s, b: xg.nn.rms_norm(x, s, epsilon=1e-3) + b,
        lambda x, s, b: F.rms_norm(x, (6,), s, eps=1e-3) + b,
    ),
    "batch": (
        xg.nn.batch_norm,
        lambda x, s, b: last(F.batch_norm(first(x), None, None, s, b, training=True)),
    ),
    "group": (
        lambda x, s, b: xg.nn.group_norm(x, 3, s, b),
        lambda x, s, b: last(F.group_norm(first(x), 3, s, b)),
    ),
    "instance": (
        lambda x, s, b: xg.nn.group_norm(x, 6, s, b),
        lambda x, s, b: last(F.instance_norm(first(x), weight=s, bias=b)),
    ),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 1e-5)])
def test_normalization_agrees_with_torch(name, dtype, tolerance):
    ours, theirs = NORMS[name]
    arrays = [a.astype(dtype) for a in (X, SCALE, BIAS)]
    weights = RNG.normal(size=X.shape).astype(dtype)
    xs = [xg.asarray(a) for a in arrays]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = ours(*xs)
    found = tape.gradient(y, xs, output_gradients=xg.asarray(weights))
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    y_torch = theirs(*ts)
    expected = torch.autograd.grad(y_torch, ts, torch.tensor(weights))
    assert str(y.dtype) == dtype
    np.testing.assert_allclose(y.numpy(), y_torch.detach().numpy(), rtol=tolerance, atol=tolerance)
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=tolerance, atol=5 * tolerance)


@pytest.mark.parametrize("name", NORMS)
def test_derivatives_of_normalization_agree_with_differences(name):
    arrays = X[:2, :2, :1], SCALE, BIAS
    xg.testing.check_gradients(NORMS[name][0], arrays, order=2, modes=("reverse", "forward"))


@pytest.mark.parametrize("name", ["layer", "rms"])
def test_normalization_of_examples_is_that_of_each(name):
    x, s, b = map(xg.asarray, (X, SCALE, BIAS))
    y = xg.vmap(NORMS[name][0], in_axes=(0, None, None))(x, s, b)
    np.testing.assert_allclose(y.numpy(), NORMS[name][0](x, s, b).numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", NORMS)
def test_normalization_runs_on_every_device(name, other_device):
    y = NORMS[name][0](*(xg.asarray(a, device=other_device) for a in (X, SCALE, BIAS)))
    assert y.device == other_device
    expected = NORMS[name][0](*map(xg.asarray, (X, SCALE, BIAS)))
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-11, atol=1e-13)


def test_axes_may_be_several_and_anywhere():
    scale = RNG.normal(size=(6, 4))
    y = xg.nn.layer_norm(xg.asarray(X), xg.asarray(scale), axis=(-1, 1))
    moved = np.moveaxis(X, (3, 1), (2, 3))  # (3, 5, 6, 4)
    expected = F.layer_norm(torch.tensor(moved), (6, 4), torch.tensor(scale)).numpy()
    np.testing.assert_allclose(np.moveaxis(y.numpy(), (3, 1), (2, 3)), expected, rtol=1e-12)


def test_channels_may_be_first():
    x = np.moveaxis(X, -1, 1)
    y = xg.nn.batch_norm(xg.asarray(x), xg.asarray(SCALE), axis=1)
    expected = xg.nn.batch_norm(xg.asarray(X), xg.asarray(SCALE))
    np.testing.assert_allclose(np.moveaxis(y.numpy(), 1, -1), expected.numpy(), rtol=1e-12)
    y = xg.nn.group_norm(xg.asarray(x), 2, xg.asarray(SCALE), axis=1)
    expected = xg.nn.group_norm(xg.asarray(X), 2, xg.asarray(SCALE))
    np.testing.assert_allclose(np.moveaxis(y.numpy(), 1, -1), expected.numpy(), rtol=1e-12)


def test_constant_features_become_the_bias_with_a_finite_gradient():
    x = xg.ones((2, 6))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.layer_norm(x, xg.asarray(SCALE), xg.asarray(BIAS))
    assert y.tolist() == [BIAS.tolist()] * 2
    assert np.isfinite(tape.gradient(y, x).numpy()).all()


# -- moving averages ---------------------------------------------------------------------------


def test_moving_averages_agree_with_keras():
    keras = pytest.importorskip("keras", reason="keras is not installed")
    layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)
    moving_mean, moving_variance = xg.Variable(np.zeros(6)), xg.Variable(np.ones(6))
    for batch in (X, X * 2 - 1):
        expected = np.asarray(layer(batch, training=True))
        y = xg.nn.batch_norm(
            xg.asarray(batch), None, None, moving_mean, moving_variance, momentum=0.9, epsilon=1e-3
        )
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(moving_mean.numpy(), np.asarray(layer.moving_mean), rtol=1e-5)
    np.testing.assert_allclose(
        moving_variance.numpy(), np.asarray(layer.moving_variance), rtol=1e-5
    )
    y = xg.nn.batch_norm(
        xg.asarray(X), None, None, moving_mean, moving_variance, training=False, epsilon=1e-3
    )
    np.testing.assert_allclose(
        y.numpy(), np.asarray(layer(X, training=False)), rtol=1e-4, atol=1e-5
    )


def test_nothing_moves_outside_of_training():
    moving = xg.Variable(np.zeros(6)), xg.Variable(np.ones(6))
    xg.nn.batch_norm(xg.asarray(X), None, None, *moving, training=False)
    assert moving[0].tolist() == [0.0] * 6
    assert moving[1].tolist() == [1.0] * 6


def test_moving_averages_move_in_a_recorded_function():
    moving = xg.Variable(np.zeros(6)), xg.Variable(np.ones(6))
    step = xg.function(lambda x: xg.nn.batch_norm(x, None, None, *moving, momentum=0.5))
    step(xg.asarray(X))
    step(xg.asarray(X))
    np.testing.assert_allclose(moving[0].numpy(), 0.75 * X.mean((0, 1, 2)), rtol=1e-12)


def test_moving_averages_are_both_given_or_none():
    x = xg.asarray(X)
    with pytest.raises(xg.errors.ArgumentError, match=r"one is None. Use Variables of 6 zeros"):
        xg.nn.batch_norm(x, None, None, xg.Variable(np.zeros(6)))
    with pytest.raises(xg.errors.ArgumentError, match="training=False, but both are None"):
        xg.nn.batch_norm(x, training=False)
    with pytest.raises(xg.errors.ArgumentTypeError, match="Tensor and Tensor, which cannot move"):
        xg.nn.batch_norm(x, None, None, xg.zeros(6), xg.ones(6))


def test_parameters_that_do_not_fit_are_refused():
    x = xg.asarray(X)
    with pytest.raises(xg.errors.ShapeError, match=r"scale \(1,\).*must have the shape \(6,\)"):
        xg.nn.layer_norm(x, xg.ones(1))
    with pytest.raises(xg.errors.ShapeError, match=r"bias \(4,\)"):
        xg.nn.batch_norm(x, None, xg.ones(4))
    with pytest.raises(xg.errors.ArgumentError, match="groups 4 must divide the 6 channels"):
        xg.nn.group_norm(x, 4)
    with pytest.raises(xg.errors.ShapeError, match="two axes at least"):
        xg.nn.batch_norm(xg.ones(3))
    with pytest.raises(xg.errors.ShapeError, match="another axis than the first"):
        xg.nn.group_norm(xg.ones(3), 1)


@pytest.mark.parametrize("momentum", [99, 1.01, -0.1, float("nan")])
def test_momentum_is_a_part(momentum):
    with pytest.raises(ValueError, match=r"nn\.batch_norm: momentum must be"):
        xg.nn.batch_norm(xg.ones((3, 2)), momentum=momentum)


@pytest.mark.parametrize("name", NORMS)
def test_halves_whose_squares_add_up_to_more_than_there_is(name):
    x = (np.tile(X, (1, 10, 10, 1)) * 40).astype("float16")
    scale, bias = np.ones(6, "float16"), np.zeros(6, "float16")
    f = NORMS[name][0]
    y, pullback = xg.vjp(lambda x: f(x, scale, bias), x)
    wide, wide_pullback = xg.vjp(
        lambda x: f(x, scale.astype("float32"), bias.astype("float32")), x.astype("float32")
    )
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.numpy(), wide.numpy(), atol=4e-3)
    weights = np.cos(np.arange(x.size)).reshape(x.shape)
    (gradient,) = pullback(xg.asarray(weights, dtype="float16"))
    (expected,) = wide_pullback(xg.asarray(weights, dtype="float32"))
    np.testing.assert_allclose(gradient.numpy(), expected.numpy(), atol=1e-4)
