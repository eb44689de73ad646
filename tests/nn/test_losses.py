"""Losses against torch, TensorFlow and SciPy; extreme logits; what is refused."""

import numpy as np
import pytest
import scipy.special

import xgrad as xg

torch = pytest.importorskip("torch", reason="torch is not installed")
F = torch.nn.functional

RNG = np.random.default_rng(5)
A, B = RNG.normal(scale=2.0, size=(2, 5, 3))
SIGNS = RNG.choice([-1.0, 1.0], size=(5, 3))
P, Q = (scipy.special.softmax(x, axis=-1) for x in RNG.normal(size=(2, 5, 3)))
CLASSES = np.array([0, 2, 1, 1, 0])
YES = RNG.uniform(size=(5, 3))

# Name: arguments, torch's own, how many of the arguments are differentiated.
PEERS = {
    "mean_squared_error": ((A, B), F.mse_loss),
    "mean_absolute_error": ((A, B), F.l1_loss),
    "huber": ((A, B), F.huber_loss),
    "hinge": (
        (A, SIGNS),
        lambda x, t, reduction: _reduced(torch.relu(1 - x * t), reduction),
    ),
    "squared_hinge": (
        (A, SIGNS),
        lambda x, t, reduction: _reduced(torch.relu(1 - x * t) ** 2, reduction),
    ),
    "log_cosh": (
        (A, B),
        lambda x, t, reduction: _reduced(torch.log(torch.cosh(x - t)), reduction),
    ),
    "kl_divergence": (
        (P, Q),
        lambda p, q, reduction: _reduced((p * (torch.log(p) - torch.log(q))).sum(-1), reduction),
    ),
    "cosine_similarity": (
        (A, B),
        lambda x, t, reduction: _reduced(F.cosine_similarity(x, t, dim=-1), reduction),
    ),
    "cosine_distance": (
        (A, B),
        lambda x, t, reduction: _reduced(1 - F.cosine_similarity(x, t, dim=-1), reduction),
    ),
    "softmax_cross_entropy": ((A, P), F.cross_entropy),
    "sigmoid_cross_entropy": ((A, YES), F.binary_cross_entropy_with_logits),
}


def _reduced(losses, reduction):
    return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]


def value_and_gradients(f, *arrays):
    xs = [xg.asarray(x) for x in arrays]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
        total = xg.sum(y * y)
    return y.numpy(), [g.numpy() for g in tape.gradient(total, xs)]


def of_torch(f, *arrays):
    xs = [torch.tensor(x, requires_grad=True) for x in arrays]
    y = f(*xs)
    return y.detach().numpy(), [g.numpy() for g in torch.autograd.grad((y * y).sum(), xs)]


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-6)])
def test_loss_agrees_with_torch(name, reduction, dtype, tolerance):
    arrays, peer = PEERS[name]
    arrays = [x.astype(dtype) for x in arrays]
    y, found = value_and_gradients(
        lambda *xs: getattr(xg.nn, name)(*xs, reduction=reduction), *arrays
    )
    y_torch, expected = of_torch(lambda *xs: peer(*xs, reduction=reduction), *arrays)
    assert y.dtype == dtype
    assert y.shape == y_torch.shape
    np.testing.assert_allclose(y, y_torch, rtol=tolerance, atol=tolerance)
    for g, g_torch in zip(found, expected, strict=True):
        scale = np.abs(g_torch).max()
        np.testing.assert_allclose(g, g_torch, rtol=10 * tolerance, atol=10 * tolerance * scale)


@pytest.mark.parametrize("name", PEERS)
def test_derivatives_of_loss_agree_with_differences(name):
    arrays, _ = PEERS[name]
    f = getattr(xg.nn, name)
    xg.testing.check_gradients(f, [x[:2] for x in arrays], order=2, modes=("reverse", "forward"))


@pytest.mark.parametrize("name", PEERS)
def test_loss_of_examples_is_that_of_each(name):
    arrays = [xg.asarray(x) for x in PEERS[name][0]]
    f = getattr(xg.nn, name)
    expected = np.stack([f(*rows).numpy() for rows in zip(*map(xg.unstack, arrays), strict=True)])
    np.testing.assert_allclose(xg.vmap(f)(*arrays).numpy(), expected, rtol=1e-14)


@pytest.mark.parametrize("name", PEERS)
def test_loss_runs_on_every_device(name, other_device):
    arrays, _ = PEERS[name]
    y = getattr(xg.nn, name)(*[xg.asarray(x, device=other_device) for x in arrays])
    assert y.device == other_device
    expected = getattr(xg.nn, name)(*map(xg.asarray, arrays))
    assert y.item() == pytest.approx(expected.item(), rel=1e-13)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_sparse_cross_entropy_agrees_with_torch(reduction):
    y, (g,) = value_and_gradients(
        lambda x: xg.nn.sparse_softmax_cross_entropy(x, xg.asarray(CLASSES), reduction=reduction), A
    )
    y_torch, (expected,) = of_torch(
        lambda x: F.cross_entropy(x, torch.tensor(CLASSES), reduction=reduction), A
    )
    np.testing.assert_allclose(y, y_torch, rtol=1e-14)
    np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "tf_name"),
    [
        ("softmax_cross_entropy", "softmax_cross_entropy_with_logits"),
        ("sigmoid_cross_entropy", "sigmoid_cross_entropy_with_logits"),
    ],
)
def test_cross_entropy_agrees_with_tensorflow(name, tf_name):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    expected = getattr(tf.nn, tf_name)(labels=P, logits=A).numpy()
    y = getattr(xg.nn, name)(xg.asarray(A), xg.asarray(P), reduction="none")
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-13)


def test_kl_divergence_and_huber_agree_with_keras():
    keras = pytest.importorskip("keras", reason="keras is not installed")
    expected = keras.losses.kl_divergence(P, Q)
    y = xg.nn.kl_divergence(xg.asarray(P), xg.asarray(Q), reduction="none")
    np.testing.assert_allclose(y.numpy(), np.asarray(expected), rtol=1e-5)
    expected = keras.losses.Huber(delta=0.7)(A, B)
    y = xg.nn.huber(xg.asarray(A), xg.asarray(B), delta=0.7)
    assert y.item() == pytest.approx(float(expected), rel=1e-6)


# -- options -----------------------------------------------------------------------------------


def test_classes_may_be_on_another_axis():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    labels = np.random.default_rng(1).integers(0, 3, size=(2, 4))
    y = xg.nn.sparse_softmax_cross_entropy(xg.asarray(x), xg.asarray(labels), axis=1)
    expected = F.cross_entropy(torch.tensor(x), torch.tensor(labels)).item()
    assert y.item() == pytest.approx(expected, rel=1e-14)


def test_label_smoothing_agrees_with_torch():
    y = xg.nn.softmax_cross_entropy(
        xg.asarray(A), xg.asarray(np.eye(3)[CLASSES]), label_smoothing=0.1
    )
    expected = F.cross_entropy(torch.tensor(A), torch.tensor(CLASSES), label_smoothing=0.1).item()
    assert y.item() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("label", [-100, 1])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ignored_labels_agree_with_torch(label, reduction):
    labels = np.where(CLASSES == 1, label, CLASSES)
    y, (g,) = value_and_gradients(
        lambda x: xg.nn.sparse_softmax_cross_entropy(
            x, xg.asarray(labels), reduction=reduction, ignore_label=label
        ),
        A,
    )
    y_torch, (expected,) = of_torch(
        lambda x: F.cross_entropy(x, torch.tensor(labels), reduction=reduction, ignore_index=label),
        A,
    )
    np.testing.assert_allclose(y, y_torch, rtol=1e-14)
    np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-14)


def test_pos_weight_agrees_with_torch():
    weight = np.array([0.5, 1.0, 3.0])
    y = xg.nn.sigmoid_cross_entropy(xg.asarray(A), xg.asarray(YES), pos_weight=xg.asarray(weight))
    expected = F.binary_cross_entropy_with_logits(
        torch.tensor(A), torch.tensor(YES), pos_weight=torch.tensor(weight)
    ).item()
    assert y.item() == pytest.approx(expected, rel=1e-14)


def test_whole_numbers_and_booleans_are_labels():
    one_hot = np.eye(3)[CLASSES]
    expected = xg.nn.softmax_cross_entropy(xg.asarray(A), xg.asarray(one_hot)).item()
    for dtype in ("int64", "bool"):
        y = xg.nn.softmax_cross_entropy(xg.asarray(A), xg.asarray(one_hot.astype(dtype)))
        assert y.item() == expected
    y = xg.nn.sigmoid_cross_entropy(xg.asarray(A), xg.asarray(A > 0))
    assert y.item() == pytest.approx(np.logaddexp(0, -np.abs(A)).mean(), rel=1e-14)


# -- special points ----------------------------------------------------------------------------


def test_extreme_logits_have_exact_cross_entropies_and_gradients():
    x = xg.asarray([[1000.0, 0.0, -1000.0], [1e300, -1e300, 0.0]])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.sparse_softmax_cross_entropy(x, xg.asarray([1, 0]), reduction="none")
    assert y.tolist() == [1000.0, 0.0]
    assert tape.gradient(y, x).tolist() == [[1.0, -1.0, 0.0], [0.0, 0.0, 0.0]]


def test_small_cross_entropies_keep_their_digits():
    y = xg.nn.sigmoid_cross_entropy(
        xg.asarray([50.0, -50.0]), xg.asarray([1.0, 0.0]), reduction="none"
    )
    np.testing.assert_allclose(y.numpy(), np.exp([-50.0, -50.0]), rtol=1e-14)


@pytest.mark.parametrize(("logit", "label", "slope"), [(1e4, 0.0, 1.0), (-1e4, 1.0, -1.0)])
def test_gradient_of_a_wrong_and_certain_answer_does_not_vanish(logit, label, slope):
    x = xg.asarray([logit])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.sigmoid_cross_entropy(x, xg.asarray([label]))
    assert y.item() == 1e4
    assert tape.gradient(y, x).tolist() == [slope]


def test_a_class_that_is_masked_out_and_has_label_0_adds_nothing():
    x, labels = xg.asarray([[0.0, -np.inf, 0.0]]), xg.asarray([[1.0, 0.0, 0.0]])
    with xg.GradientTape() as tape:
        tape.watch([x, labels])
        y = xg.nn.softmax_cross_entropy(x, labels)
    assert y.item() == pytest.approx(np.log(2), rel=1e-15)
    g, _ = tape.gradient(y, [x, labels])
    np.testing.assert_allclose(g.numpy(), [[-0.5, 0.0, 0.5]], rtol=1e-15)


def test_negative_labels_have_the_loss_nan():
    y = xg.nn.sparse_softmax_cross_entropy(xg.asarray(A[:2]), xg.asarray([-1, 2]), reduction="none")
    assert np.isnan(y.numpy()).tolist() == [True, False]


def test_labels_that_are_too_large_are_refused():
    with pytest.raises(
        IndexError, match=r"labels \(5,\).*the 3 classes of logits \(5, 3\).*from 0 to 2"
    ):
        xg.nn.sparse_softmax_cross_entropy(xg.asarray(A), xg.asarray(CLASSES + 2))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mean_absolute_error", 0.0), ("huber", 0.0), ("mean_squared_error", 0.0), ("log_cosh", 0.0)],
)
def test_gradient_where_nothing_is_wrong(name, expected):
    x = xg.asarray(2.0)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = getattr(xg.nn, name)(x, 2.0)
    assert tape.gradient(y, x).item() == expected


def test_hinge_has_no_gradient_at_its_margin():
    x = xg.asarray([1.0, 0.5])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.hinge(x, xg.asarray([1.0, 1.0]), reduction="sum")
    assert tape.gradient(y, x).tolist() == [0.0, -1.0]


def test_angles_of_zero_vectors_are_0_with_finite_gradients():
    x, t = xg.asarray([[0.0, 0.0], [1.0, 0.0]]), xg.asarray([[3.0, 4.0], [0.0, 0.0]])
    with xg.GradientTape() as tape:
        tape.watch([x, t])
        y = xg.nn.cosine_similarity(x, t, reduction="none")
    assert y.tolist() == [0.0, 0.0]
    assert all(np.isfinite(g.numpy()).all() for g in tape.gradient(y, [x, t]))


def test_impossible_outcomes_in_kl_divergence():
    p = xg.asarray([[0.0, 1.0], [0.5, 0.5]])
    q = xg.asarray([[0.0, 1.0], [0.0, 1.0]])
    assert xg.nn.kl_divergence(p, q, reduction="none").tolist() == [0.0, np.inf]


# -- refusals ----------------------------------------------------------------------------------


def test_shapes_that_would_broadcast_are_refused():
    message = r"predictions \(4, 1\) float64.*targets \(4,\) float64.*same shape. Use xg.reshape"
    with pytest.raises(xg.errors.ShapeError, match=message):
        xg.nn.mean_squared_error(xg.ones((4, 1)), xg.ones(4))


@pytest.mark.parametrize("name", PEERS)
def test_unknown_reductions_are_refused(name):
    arrays, _ = PEERS[name]
    with pytest.raises(xg.errors.ArgumentError, match=rf"nn.{name}: reduction .* but is 'all'"):
        getattr(xg.nn, name)(*map(xg.asarray, arrays), reduction="all")


def test_labels_of_the_wrong_kind_are_refused():
    x = xg.asarray(A)
    with pytest.raises(xg.errors.DTypeError, match="labels must be integers"):
        xg.nn.sparse_softmax_cross_entropy(x, xg.asarray(CLASSES * 1.0))
    with pytest.raises(xg.errors.ShapeError, match="Use softmax_cross_entropy"):
        xg.nn.sparse_softmax_cross_entropy(x, xg.asarray(np.eye(3, dtype=int)[CLASSES]))
    with pytest.raises(xg.errors.ShapeError, match="Use sparse_softmax_cross_entropy"):
        xg.nn.softmax_cross_entropy(x, xg.asarray(CLASSES))
    with pytest.raises(xg.errors.ArgumentError, match="label_smoothing must be from 0 to 1"):
        xg.nn.softmax_cross_entropy(x, x, label_smoothing=2.0)


@pytest.mark.parametrize("name", ["mean_squared_error", "huber", "hinge", "squared_hinge"])
def test_a_number_takes_dtype_and_device_of_the_array(name, device):
    x = xg.asarray([0.5, -2.0], dtype="float32", device=device)
    found = getattr(xg.nn, name)(x, 0.5, reduction="none")
    assert found.dtype == x.dtype
    expected = getattr(xg.nn, name)(x, xg.full_like(x, 0.5), reduction="none")
    np.testing.assert_array_equal(found.numpy(), expected.numpy())


@pytest.mark.parametrize("name", ["mean_squared_error", "squared_hinge", "log_cosh"])
def test_float16_neither_overflows_nor_cancels(name):
    loss = getattr(xg.nn, name)
    for size in (0.01, 1.0, 60.0):
        x, y = (xg.asarray(a, dtype="float16") for a in (size * A, np.sign(B)))
        wide = [xg.astype(a, "float64") for a in (x, y)]
        for found, expected in (
            (loss(x, y), loss(*wide)),
            (xg.grad(loss)(x, y), xg.grad(loss)(*wide)),
        ):
            assert found.dtype == np.float16
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=2e-3, atol=1e-6)
