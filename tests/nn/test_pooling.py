"""Pooling against torch and TensorFlow, ties, padding, parts of uneven size."""

import numpy as np
import pytest

import xgrad as xg

torch = pytest.importorskip("torch", reason="torch is not installed")
F = torch.nn.functional

X = np.random.default_rng(4).permutation(2 * 7 * 6 * 3).reshape(2, 7, 6, 3) / 10.0

# Name: ours, torch's (channels first); windows side by side, overlapping, dilated, padded.
POOLS = {
    "max, side by side": (lambda x: xg.nn.max_pool(x, 2), lambda x: F.max_pool2d(x, 2)),
    "max, overlapping": (
        lambda x: xg.nn.max_pool(x, 3, strides=2),
        lambda x: F.max_pool2d(x, 3, 2),
    ),
    "max, uneven": (
        lambda x: xg.nn.max_pool(x, (3, 2), (1, 3), padding=(1, 0)),
        lambda x: F.max_pool2d(x, (3, 2), (1, 3), (1, 0)),
    ),
    "max, dilated": (
        lambda x: xg.nn.max_pool(x, 2, 1, dilation=2),
        lambda x: F.max_pool2d(x, 2, 1, dilation=2),
    ),
    "mean, side by side": (lambda x: xg.nn.avg_pool(x, (3, 2)), lambda x: F.avg_pool2d(x, (3, 2))),
    "mean, overlapping": (
        lambda x: xg.nn.avg_pool(x, 3, strides=2),
        lambda x: F.avg_pool2d(x, 3, 2),
    ),
    "mean, padded": (
        lambda x: xg.nn.avg_pool(x, 3, 2, padding=1),
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
    ),
    "adaptive max": (
        lambda x: xg.nn.adaptive_max_pool(x, (3, 4)),
        lambda x: F.adaptive_max_pool2d(x, (3, 4)),
    ),
    "adaptive mean": (
        lambda x: xg.nn.adaptive_avg_pool(x, (3, 4)),
        lambda x: F.adaptive_avg_pool2d(x, (3, 4)),
    ),
    "adaptive mean, even": (
        lambda x: xg.nn.adaptive_avg_pool(x, (7, 3)),
        lambda x: F.adaptive_avg_pool2d(x, (7, 3)),
    ),
    "global": (
        lambda x: xg.nn.adaptive_avg_pool(x, 1),
        lambda x: F.adaptive_avg_pool2d(x, 1),
    ),
}


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-5)])
def test_pooling_agrees_with_torch(name, dtype, tolerance):
    ours, theirs = POOLS[name]
    x = xg.asarray(X.astype(dtype))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = ours(x)
    weights = np.random.default_rng(0).normal(size=y.shape).astype(dtype)
    g = tape.gradient(y, x, output_gradients=xg.asarray(weights))
    t = torch.tensor(X.astype(dtype), requires_grad=True)
    y_torch = torch.movedim(theirs(torch.movedim(t, -1, 1)), 1, -1)
    (expected,) = torch.autograd.grad(y_torch, t, torch.tensor(weights))
    assert str(y.dtype) == dtype
    np.testing.assert_allclose(y.numpy(), y_torch.detach().numpy(), rtol=tolerance)
    np.testing.assert_allclose(g.numpy(), expected.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", POOLS)
def test_derivatives_of_pooling_agree_with_differences(name):
    f = lambda x: xg.square(POOLS[name][0](x))
    xg.testing.check_gradients(f, [X[:1, :, :3, :1]], order=2, modes=("reverse", "forward"))


@pytest.mark.parametrize("name", POOLS)
def test_pooling_of_examples_is_that_of_each(name):
    x = xg.asarray(X.reshape(2, 1, 7, 6, 3))
    y = xg.vmap(POOLS[name][0])(x)
    np.testing.assert_array_equal(y[:, 0].numpy(), POOLS[name][0](xg.asarray(X)).numpy())


@pytest.mark.parametrize("name", POOLS)
def test_pooling_agrees_on_every_device(name, other_device):
    y = POOLS[name][0](xg.asarray(X, device=other_device))
    assert y.device == other_device
    np.testing.assert_allclose(y.numpy(), POOLS[name][0](xg.asarray(X)).numpy(), rtol=1e-13)


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("window", "strides"), [(2, 2), (3, 1), (3, 2), (2, 3)])
def test_padding_by_name_is_that_of_tensorflow(name, padding, window, strides):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    expected = getattr(tf.nn, name)(tf.constant(X), window, strides, padding).numpy()
    y = getattr(xg.nn, name)(xg.asarray(X), window, strides, padding)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-14)


@pytest.mark.parametrize("count", [1, 3])
def test_pooling_along_one_and_three_axes(count):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *(5,) * count, 2))
    f = {1: F.max_pool1d, 3: F.max_pool3d}[count]
    expected = torch.movedim(f(torch.movedim(torch.tensor(x), -1, 1), 3, 2), 1, -1).numpy()
    np.testing.assert_array_equal(xg.nn.max_pool(xg.asarray(x), 3, 2).numpy(), expected)


def test_channels_may_be_first():
    x = xg.asarray(np.moveaxis(X, -1, 1))
    y = xg.nn.max_pool(x, 3, 2, data_format="channels_first").numpy()
    np.testing.assert_array_equal(
        np.moveaxis(y, 1, -1), xg.nn.max_pool(xg.asarray(X), 3, 2).numpy()
    )
    y = xg.nn.adaptive_avg_pool(x, 2, data_format="channels_first").numpy()
    expected = xg.nn.adaptive_avg_pool(xg.asarray(X), 2).numpy()
    np.testing.assert_allclose(np.moveaxis(y, 1, -1), expected, rtol=1e-15)


# -- special points ----------------------------------------------------------------------------


def gradient_of_pool(values, **options):
    x = xg.asarray(np.reshape(values, (1, -1, 1)))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.max_pool(x, **options)
    return tape.gradient(y, x).numpy().ravel().tolist()


def test_elements_that_are_equally_large_share_the_gradient():
    assert gradient_of_pool([1.0, 1.0, 0.0, 2.0], window=2) == [0.5, 0.5, 0.0, 1.0]
    assert gradient_of_pool([1.0, 1.0, 0.0], window=2, strides=1) == [0.5, 1.5, 0.0]


def test_ties_of_parts_of_uneven_size_are_shared_equally():
    x = xg.zeros((1, 3, 3, 1))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.adaptive_max_pool(x, 2)[:, 0, 0]
    expected = np.zeros((3, 3))
    expected[:2, :2] = 0.25
    np.testing.assert_array_equal(tape.gradient(y, x).numpy()[0, :, :, 0], expected)


def test_padding_is_never_the_largest():
    x = xg.asarray([[[-3.0], [-2.0]]])
    assert xg.nn.max_pool(x, 3, 1, padding="SAME").tolist() == [[[-2.0], [-2.0]]]
    assert gradient_of_pool([-3.0, -2.0], window=3, strides=1, padding=1) == [0.0, 2.0]


def test_nan_wins():
    x = xg.asarray([[[1.0], [np.nan], [2.0], [3.0]]])
    y = xg.nn.max_pool(x, 2).numpy().ravel()
    assert np.isnan(y[0])
    assert y[1] == 3.0


@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
def test_what_makes_no_sense_is_refused(name):
    f = getattr(xg.nn, name)
    x = xg.ones((1, 3, 1))
    with pytest.raises(xg.errors.ShapeError, match=rf"nn.{name}: a window of \(4,\) does not fit"):
        f(x, 4)
    with pytest.raises(xg.errors.ArgumentError, match="window must be an int of 1 or more"):
        f(x, 0)
    with pytest.raises(xg.errors.DTypeError, match="x must be real"):
        f(xg.asarray(np.ones((1, 3, 1)) * 1j), 2)
