"""Convolutions against torch and TensorFlow: strides, padding, dilation, groups, one to three axes."""

import math

import numpy as np
import pytest

import xgrad as xg

torch = pytest.importorskip("torch", reason="torch is not installed")
F = torch.nn.functional

# Name: shape of x, of the kernel, options; every option somewhere, and some together.
CASES = {
    "1d": ((2, 9, 3), (4, 3, 5), {}),
    "2d": ((2, 6, 7, 3), (3, 3, 3, 4), {}),
    "3d": ((1, 4, 5, 4, 2), (2, 3, 2, 2, 3), {"padding": "VALID"}),
    "1 x 1": ((2, 4, 5, 3), (1, 1, 3, 6), {"padding": "VALID"}),
    "strides": ((2, 8, 9, 3), (3, 2, 3, 4), {"strides": (2, 3), "padding": "VALID"}),
    "padding": ((2, 6, 5, 2), (3, 4, 2, 3), {"padding": ((2, 1), (0, 3))}),
    "more padding than window": ((1, 3, 3, 1), (2, 2, 1, 2), {"padding": 3, "strides": 2}),
    "dilation": ((2, 9, 9, 2), (3, 2, 2, 3), {"dilation": (2, 3), "padding": (1, 2)}),
    "groups": ((2, 5, 5, 4), (3, 3, 2, 6), {"groups": 2, "padding": 1}),
    "depthwise": ((2, 5, 5, 3), (3, 3, 1, 6), {"groups": 3, "padding": 1, "strides": 2}),
    "everything": (
        (2, 11, 8, 6),
        (2, 3, 2, 9),
        {"groups": 3, "strides": (3, 2), "dilation": (2, 1), "padding": ((1, 2), (3, 0))},
    ),
}


def pairs(options, shape, kernel):
    """Padding before and after each axis, by TensorFlow's formulas."""
    count = len(shape) - 2
    padding = options.get("padding", "SAME")
    if padding == "VALID":
        return [(0, 0)] * count
    if padding == "SAME":
        totals = [k - 1 for k in kernel[:-2]]  # of strides 1 and dilation 1
        return [(t // 2, t - t // 2) for t in totals]
    padding = padding if isinstance(padding, tuple) else (padding,) * count
    return [p if isinstance(p, tuple) else (p, p) for p in padding]


def conv_of_torch(x, kernel, options):
    count = x.ndim - 2
    flat = [n for pair in reversed(pairs(options, x.shape, kernel.shape)) for n in pair]
    x = F.pad(torch.movedim(x, -1, 1), flat)
    kernel = kernel.permute(count + 1, count, *range(count))
    f = (F.conv1d, F.conv2d, F.conv3d)[count - 1]
    y = f(
        x,
        kernel,
        stride=options.get("strides", 1),
        dilation=options.get("dilation", 1),
        groups=options.get("groups", 1),
    )
    return torch.movedim(y, 1, -1)


def operands(name, dtype="float64"):
    shape, kernel, options = CASES[name]
    rng = np.random.default_rng(len(name))
    return rng.normal(size=shape).astype(dtype), rng.normal(size=kernel).astype(dtype), options


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_convolution_agrees_with_torch(name, dtype, tolerance):
    x, kernel, options = operands(name, dtype)
    xs = [xg.asarray(x), xg.asarray(kernel)]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = xg.nn.conv(*xs, **options)
    weights = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    found = tape.gradient(y, xs, output_gradients=xg.asarray(weights))
    ts = [torch.tensor(a, requires_grad=True) for a in (x, kernel)]
    y_torch = conv_of_torch(*ts, options)
    expected = torch.autograd.grad(y_torch, ts, torch.tensor(weights))
    assert str(y.dtype) == dtype
    scale = math.prod(kernel.shape[:-1])
    np.testing.assert_allclose(y.numpy(), y_torch.detach().numpy(), atol=scale * tolerance)
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), atol=10 * scale * tolerance)


@pytest.mark.parametrize("groups", [1, 2])
def test_derivatives_of_convolution_agree_with_differences(groups, rng):
    options = {"strides": (2, 1), "dilation": (1, 2), "padding": ((1, 0), (0, 1)), "groups": groups}
    arrays = rng.normal(size=(1, 4, 3, 2)), rng.normal(size=(2, 2, 2 // groups, 2))
    f = lambda x, k: xg.nn.conv(x, k, **options)
    xg.testing.check_gradients(f, arrays, order=2, modes=("reverse", "forward"))


@pytest.mark.parametrize("name", CASES)
def test_convolution_agrees_on_every_device(name, other_device):
    x, kernel, options = operands(name)
    expected = xg.nn.conv(xg.asarray(x), xg.asarray(kernel), **options).numpy()
    xs = [xg.asarray(a, device=other_device) for a in (x, kernel)]
    y = xg.nn.conv(*xs, **options)
    assert y.device == other_device
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_padding_by_name_is_that_of_tensorflow(size, stride, dilation, padding):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    x = np.random.default_rng(0).normal(size=(1, 7 + size, size + 7, 2))
    kernel = np.random.default_rng(1).normal(size=(size, 3, 2, 2))
    if padding == "VALID" and (size - 1) * dilation + 1 > x.shape[1]:
        pytest.skip("the window does not fit")
    expected = tf.nn.conv2d(x, kernel, stride, padding, dilations=dilation).numpy()
    y = xg.nn.conv(xg.asarray(x), xg.asarray(kernel), stride, padding.lower(), dilation)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("name", ["2d", "groups", "everything"])
def test_channels_may_be_first(name):
    x, kernel, options = operands(name)
    moved = xg.asarray(np.moveaxis(x, -1, 1))
    y = xg.nn.conv(moved, xg.asarray(kernel), **options, data_format="channels_first")
    expected = xg.nn.conv(xg.asarray(x), xg.asarray(kernel), **options)
    np.testing.assert_array_equal(np.moveaxis(y.numpy(), 1, -1), expected.numpy())


def test_complex_arrays_are_convolved():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 6, 2)) + 1j * rng.normal(size=(1, 6, 2))
    kernel = rng.normal(size=(3, 2, 2)) + 1j * rng.normal(size=(3, 2, 2))
    y = xg.nn.conv(xg.asarray(x), xg.asarray(kernel), padding="VALID").numpy()
    expected = F.conv1d(torch.tensor(x).mT, torch.tensor(kernel).permute(2, 1, 0)).mT.numpy()
    np.testing.assert_allclose(y, expected, atol=1e-13)


def test_large_examples_are_taken_in_blocks_of_positions():
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 150, 70, 8)), rng.normal(size=(3, 3, 8, 4))
    xs = [xg.asarray(a) for a in (x, kernel)]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = xg.nn.conv(*xs)
    found = tape.gradient(y, xs)
    ts = [torch.tensor(a, requires_grad=True) for a in (x, kernel)]
    y_torch = conv_of_torch(*ts, {})
    np.testing.assert_allclose(y.numpy(), y_torch.detach().numpy(), atol=1e-11)
    for g, e in zip(found, torch.autograd.grad(y_torch.sum(), ts), strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-10, atol=1e-9)


# -- zeros and infinities ----------------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", "array_api_strict:device1"])
@pytest.mark.parametrize("strides", [1, 2])
def test_zero_cotangents_win_over_infinite_kernels_and_inputs(device, strides):
    x = xg.asarray([[[1.0], [np.inf], [2.0], [3.0]]], device=device)
    kernel = xg.asarray([[[1.0, np.inf]], [[2.0, 0.0]]], device=device)
    with xg.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch([x, kernel])
        y = xg.nn.conv(x, kernel, strides, padding="VALID")
    zero = np.zeros(y.shape)
    zero[0, -1, 0] = 1.0  # the other output, whose kernel is infinite, has no cotangent at all
    g = tape.gradient(y, [x, kernel], output_gradients=xg.asarray(zero, device=device))
    assert g[0].tolist() == [[[0.0], [0.0], [1.0], [2.0]]]
    assert g[1].tolist() == [[[2.0, 0.0]], [[3.0, 0.0]]]


@pytest.mark.parametrize("shapes", [((0, 5, 5, 2), (3, 3, 2, 4)), ((2, 5, 5, 2), (3, 3, 2, 0))])
def test_nothing_may_be_convolved(shapes):
    xs = [xg.ones(shape) for shape in shapes]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = xg.nn.conv(*xs)
    assert y.shape == (shapes[0][0], 5, 5, shapes[1][3])
    assert [g.shape for g in tape.gradient(y, xs)] == list(shapes)


def test_sums_over_no_channels_are_zero():
    y = xg.nn.conv(xg.ones((2, 5, 5, 0)), xg.ones((3, 3, 0, 4)))
    assert y.shape == (2, 5, 5, 4)
    assert float(xg.sum(xg.abs(y))) == 0.0


# -- under other functions ---------------------------------------------------------------------


@pytest.mark.parametrize("in_axes", [(0, None), (None, 0), (0, 0)])
@pytest.mark.parametrize("name", ["1d", "strides", "groups", "everything"])
def test_convolution_of_examples_is_that_of_each(name, in_axes):
    x, kernel, options = operands(name)
    rng = np.random.default_rng(0)
    shapes = (x.shape, kernel.shape)
    arrays = [
        xg.asarray(rng.normal(size=(3, *shape) if axis == 0 else shape))
        for shape, axis in zip(shapes, in_axes, strict=True)
    ]

    def value_and_gradients(x, k):
        with xg.GradientTape() as tape:
            tape.watch([x, k])
            y = xg.nn.conv(x, k, **options)
            loss = xg.sum(y * y)
        return y, *tape.gradient(loss, [x, k])

    found = xg.vmap(value_and_gradients, in_axes=in_axes)(*arrays)
    for i in range(3):
        one = [a[i] if axis == 0 else a for a, axis in zip(arrays, in_axes, strict=True)]
        for f, e in zip(found, value_and_gradients(*one), strict=True):
            np.testing.assert_allclose(f[i].numpy(), e.numpy(), rtol=1e-10, atol=1e-10)


def network(parameters, x):
    """Two convolutions, pooling, one dense layer."""
    kernel1, kernel2, dense = parameters
    x = xg.nn.relu(xg.nn.conv(x, kernel1))
    x = xg.nn.max_pool(x, 2)
    x = xg.nn.relu(xg.nn.conv(x, kernel2, strides=2))
    return xg.nn.linear(xg.reshape(x, (x.shape[0], -1)), dense)


def loss_and_gradients(parameters, x, labels):
    with xg.GradientTape() as tape:
        tape.watch(parameters)
        loss = xg.nn.sparse_softmax_cross_entropy(network(parameters, x), labels)
    return loss, tape.gradient(loss, parameters)


@pytest.fixture
def parameters(rng):
    shapes = [(3, 3, 1, 4), (3, 3, 4, 6), (24, 3)]
    return [xg.asarray(rng.normal(size=shape) * 0.3) for shape in shapes]


def test_recorded_network_is_the_eager_one(parameters, rng):
    x = xg.asarray(rng.normal(size=(5, 8, 8, 1)))
    labels = xg.asarray([0, 2, 1, 1, 0])
    loss, gradients = loss_and_gradients(parameters, x, labels)
    step = xg.function(loss_and_gradients)
    for _ in range(2):
        found, others = step(parameters, x, labels)
        assert found.item() == pytest.approx(loss.item(), rel=1e-12)
        for g, e in zip(others, gradients, strict=True):
            np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-11, atol=1e-14)


def test_gradients_of_a_network_per_example(parameters, rng):
    x = xg.asarray(rng.normal(size=(4, 1, 8, 8, 1)))
    labels = xg.asarray([[0], [2], [1], [1]])
    f = lambda parameters, x, labels: loss_and_gradients(parameters, x, labels)[1]
    found = xg.vmap(f, in_axes=(None, 0, 0))(parameters, x, labels)
    for i in range(4):
        for g, e in zip(found, f(parameters, x[i], labels[i]), strict=True):
            np.testing.assert_allclose(g[i].numpy(), e.numpy(), rtol=1e-11, atol=1e-14)


def test_forward_mode_and_hessian_products_of_a_network(parameters, rng):
    x = xg.asarray(rng.normal(size=(3, 8, 8, 1)))
    labels = xg.asarray([0, 2, 1])
    f = lambda *p: xg.nn.sparse_softmax_cross_entropy(network(p, x), labels)
    directions = [xg.asarray(rng.normal(size=p.shape)) for p in parameters]
    _, tangent = xg.jvp(f, parameters, directions)
    _, gradients = loss_and_gradients(parameters, x, labels)
    expected = sum(xg.sum(g * d).item() for g, d in zip(gradients, directions, strict=True))
    assert tangent.item() == pytest.approx(expected, rel=1e-12)


# -- transposed --------------------------------------------------------------------------------

TRANSPOSED = {
    "same": ((2, 4, 5, 3), (3, 3, 2, 3), {"strides": 2}),
    "valid": ((2, 4, 5, 3), (3, 2, 2, 3), {"strides": 2, "padding": "VALID"}),
    "window less than stride": ((1, 4, 2), (2, 3, 2), {"strides": 3, "padding": "VALID"}),
    "numbers": ((2, 4, 5, 3), (3, 4, 2, 3), {"strides": (2, 1), "padding": (1, 2)}),
    "groups": ((1, 4, 5, 6), (3, 3, 2, 6), {"groups": 3, "padding": 1}),
    "dilation": ((1, 4, 5, 2), (3, 2, 2, 2), {"dilation": 2, "padding": 1}),
    "size": ((1, 4, 2), (3, 3, 2), {"strides": 2, "padding": 1, "output_size": 8}),
}


@pytest.mark.parametrize("name", TRANSPOSED)
def test_transposed_convolution_is_the_transpose(name, rng):
    shape, kernel, options = TRANSPOSED[name]
    x, k = xg.asarray(rng.normal(size=shape)), xg.asarray(rng.normal(size=kernel))
    y = xg.nn.conv_transpose(x, k, **options)
    u = xg.asarray(rng.normal(size=y.shape))
    options = {key: value for key, value in options.items() if key != "output_size"}
    found = xg.sum(xg.nn.conv(u, k, **options) * x).item()
    assert found == pytest.approx(xg.sum(u * y).item(), rel=1e-12)


@pytest.mark.parametrize("name", ["numbers", "groups", "dilation", "size"])
def test_transposed_convolution_agrees_with_torch(name, rng):
    shape, kernel, options = TRANSPOSED[name]
    x, k = rng.normal(size=shape), rng.normal(size=kernel)
    count = len(shape) - 2
    f = (F.conv_transpose1d, F.conv_transpose2d)[count - 1]
    expected = f(
        torch.movedim(torch.tensor(x), -1, 1),
        torch.tensor(k).permute(count + 1, count, *range(count)),
        stride=options.get("strides", 1),
        padding=options["padding"],
        dilation=options.get("dilation", 1),
        groups=options.get("groups", 1),
        output_padding=1 if "output_size" in options else 0,
    )
    y = xg.nn.conv_transpose(xg.asarray(x), xg.asarray(k), **options)
    np.testing.assert_allclose(y.numpy(), torch.movedim(expected, 1, -1).numpy(), atol=1e-12)


@pytest.mark.parametrize("name", ["same", "valid"])
def test_transposed_convolution_agrees_with_tensorflow(name, rng):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    shape, kernel, options = TRANSPOSED[name]
    x, k = rng.normal(size=shape), rng.normal(size=kernel)
    y = xg.nn.conv_transpose(xg.asarray(x), xg.asarray(k), **options)
    padding = options.get("padding", "SAME")
    expected = tf.nn.conv2d_transpose(x, k, y.shape, options["strides"], padding).numpy()
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-12)


def test_derivatives_of_transposed_convolution_agree_with_differences(rng):
    f = lambda x, k: xg.nn.conv_transpose(x, k, strides=2, groups=2)
    arrays = rng.normal(size=(1, 2, 4)), rng.normal(size=(3, 1, 4))
    xg.testing.check_gradients(f, arrays, order=2, modes=("reverse", "forward"))


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((2, 5, 5, 3), (3, 3, 4, 2)), {}, r"has 3 channels, but the kernel.*takes 4 in each of 1"),
        (((2, 5, 5, 3), (3, 3, 2)), {}, "must have as many axes"),
        (((2, 5), (3, 3)), {}, "three axes at least"),
        (((2, 2, 3), (3, 3, 2)), {"padding": "VALID"}, r"window of \(3,\) does not fit"),
        (((2, 5, 3), (0, 3, 2)), {}, "window of the kernel .* is empty"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shapes, options, message):
    with pytest.raises(xg.errors.ShapeError, match=message):
        xg.nn.conv(*map(xg.ones, shapes), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"padding": "FULL"}, "padding must be 'SAME', 'VALID', an int"),
        ({"padding": (1, 2, 3)}, "padding must have 1 ints or pairs"),
        ({"padding": -1}, "none negative.*Use slices"),
        ({"strides": 0}, "strides must be an int of 1 or more"),
        ({"strides": (1, 1)}, "strides must be .* 1 of them"),
        ({"dilation": 0}, "dilation must be an int of 1 or more"),
        ({"groups": 3}, "groups must be 1 or more and divide the 2"),
        ({"groups": 0}, "groups must be 1 or more"),
        ({"data_format": "NHWC"}, "data_format must be 'channels_last'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(xg.errors.ArgumentError, match=message):
        xg.nn.conv(xg.ones((2, 5, 3)), xg.ones((3, 3, 2)), **options)


def test_sizes_that_are_no_ints_are_refused():
    with pytest.raises(xg.errors.ArgumentTypeError, match="strides must be an int"):
        xg.nn.conv(xg.ones((2, 5, 3)), xg.ones((3, 3, 2)), strides=1.5)


def test_sizes_that_no_convolution_comes_from_are_refused():
    with pytest.raises(xg.errors.ArgumentError, match=r"does not lead from positions \(9,\)"):
        xg.nn.conv_transpose(xg.ones((1, 4, 2)), xg.ones((3, 3, 2)), 2, output_size=9)


def test_networks_run_on_jax(rng):
    jax = pytest.importorskip("jax", reason="jax is not installed")

    def gradients(x, kernel):
        with xg.GradientTape() as tape:
            tape.watch([x, kernel])
            y = xg.nn.max_pool(xg.nn.conv(x, kernel, strides=2), 2, 1, "SAME")
            loss = xg.sum(y * y)
        return tape.gradient(loss, [x, kernel])

    arrays = rng.normal(size=(2, 6, 5, 2)), rng.normal(size=(3, 3, 2, 4))
    expected = gradients(*map(xg.asarray, arrays))
    with jax.enable_x64(True):
        xs = [xg.asarray(a, device="jax:cpu:0") for a in arrays]
        for found in (gradients(*xs), xg.function(gradients)(*xs)):
            for g, e in zip(found, expected, strict=True):
                np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-12, atol=1e-12)
