"""Linear maps, embeddings, one-hot rows and dropout."""

import numpy as np
import pytest

import xgrad as xg

RNG = np.random.default_rng(1)


def test_linear_is_a_product_and_a_sum(device):
    x, kernel, bias = RNG.normal(size=(2, 5, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=4)
    y = xg.nn.linear(*(xg.asarray(a, device=device) for a in (x, kernel, bias)))
    assert y.device == device
    np.testing.assert_allclose(y.numpy(), x @ kernel + bias, rtol=1e-13)


def test_derivatives_of_linear_agree_with_differences():
    arrays = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=2)
    xg.testing.check_gradients(xg.nn.linear, arrays, order=2, modes=("reverse", "forward"))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 3), (4, 3)), r"x \(2, 3\).*kernel \(4, 3\).*Use xg.matrix_transpose"),
        (((2, 3), (3,)), "do not fit"),
        (((2, 3), (3, 4), (3,)), r"bias \(3,\).*must have the shape \(4,\)"),
    ],
)
def test_linear_refuses_shapes_that_do_not_fit(shapes, message):
    with pytest.raises(xg.errors.ShapeError, match=message):
        xg.nn.linear(*map(xg.ones, shapes))


ACTIVATIONS = [xg.nn.relu, xg.nn.gelu, xg.nn.silu, xg.nn.sigmoid, xg.tanh, xg.nn.softplus]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("bias", [True, False])
def test_linear_takes_a_function_of_the_result(device, activation, bias):
    x, kernel, b = (xg.asarray(RNG.normal(size=s), device=device) for s in ((2, 3), (3, 4), (4,)))
    y = xg.nn.linear(x, kernel, b if bias else None, activation=activation)
    expected = activation(xg.nn.linear(x, kernel, b if bias else None))
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-15)


def test_linear_refuses_what_is_no_function():
    with pytest.raises(xg.errors.ArgumentTypeError, match=r"'relu'\. Use xg\.nn\.relu"):
        xg.nn.linear(xg.ones(3), xg.ones((3, 2)), activation="relu")


def test_embedding_adds_up_the_gradients_of_repeated_rows(device):
    table = xg.asarray(RNG.normal(size=(4, 2)), device=device)
    ids = xg.asarray([[0, 3, 3]], device=device)
    with xg.GradientTape() as tape:
        tape.watch(table)
        y = xg.nn.embedding(ids, table)
    assert y.shape == (1, 3, 2)
    assert tape.gradient(y, table).tolist() == [[1, 1], [0, 0], [0, 0], [2, 2]]


def test_sparse_gradient_of_embedding_is_the_dense_one():
    table = xg.Variable(RNG.normal(size=(4, 2)))
    ids = xg.asarray([2, 0, 2])
    found = []
    for sparse in (False, True):
        with xg.GradientTape() as tape:
            y = xg.nn.embedding(ids, table, sparse_grad=sparse)
            loss = xg.sum(y * y)
        found.append(tape.gradient(loss, table))
    assert isinstance(found[1], xg.IndexedSlices)
    assert found[1].to_dense().tolist() == found[0].tolist()


def test_embedding_refuses_what_is_no_integer():
    with pytest.raises(xg.errors.DTypeError, match="ids must be integers"):
        xg.nn.embedding(xg.asarray([1.0]), xg.ones((2, 2)))
    with pytest.raises(xg.errors.ShapeError, match="has no rows"):
        xg.nn.embedding(xg.asarray([1]), xg.asarray(1.0))


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_one_hot_agrees_with_tensorflow(axis, device):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    ids = np.array([[2, 0, -1], [1, 3, 4]])
    y = xg.nn.one_hot(xg.asarray(ids, device=device), 4, axis=axis)
    assert y.device == device
    np.testing.assert_array_equal(y.numpy(), tf.one_hot(ids, 4, axis=axis).numpy())


def test_one_hot_takes_a_dtype():
    assert xg.nn.one_hot(xg.asarray([1]), 2, dtype=xg.bool).tolist() == [[False, True]]
    with xg.set_default_dtype(xg.float32):
        assert xg.nn.one_hot(xg.asarray([1]), 2).dtype == xg.float32


def test_one_hot_of_examples():
    y = xg.vmap(lambda i: xg.nn.one_hot(i, 3))(xg.asarray([2, 0]))
    assert y.tolist() == [[0, 0, 1], [1, 0, 0]]


# -- dropout -----------------------------------------------------------------------------------


def test_dropout_keeps_the_mean(device):
    x = xg.ones((200, 200), dtype="float64", device=device)
    y = xg.nn.dropout(x, 0.3, rng=xg.random.Generator(0, device))
    assert y.device == device
    values = set(np.unique(y.numpy()).tolist())
    assert values == {0.0, 1 / 0.7}
    assert abs(y.numpy().mean() - 1) < 0.01


def test_gradient_of_dropout_goes_where_its_value_did():
    x = xg.asarray(RNG.normal(size=100))
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.dropout(x, 0.5, rng=xg.random.Generator(1))
    np.testing.assert_allclose((tape.gradient(y, x) * x).numpy(), y.numpy(), rtol=1e-15)


@pytest.mark.parametrize(("rate", "slope"), [(0, 1.0), (0.0, 1.0), (1, 0.0), (1.0, 0.0)])
def test_dropout_of_nothing_and_of_everything(rate, slope):
    x = xg.asarray([1.0, np.inf, np.nan])
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.dropout(x, rate)
    np.testing.assert_array_equal(y.numpy(), x.numpy() if slope else [0, 0, 0])
    assert tape.gradient(y, x).tolist() == [slope] * 3


def test_dropout_outside_of_training_is_the_identity():
    x = xg.asarray([1.0, 2.0])
    y = xg.nn.dropout(x, 0.5, training=False)
    assert y.tolist() == [1.0, 2.0]
    assert y is not x


def test_dropout_drops_what_is_not_finite():
    y = xg.nn.dropout(xg.full(20, xg.inf), 0.5, rng=xg.random.Generator(0))
    assert set(y.tolist()) == {0.0, np.inf}


def test_whole_channels_are_dropped():
    x = xg.ones((2, 5, 8))
    y = xg.nn.dropout(x, 0.5, rng=xg.random.Generator(0), noise_shape=(2, 1, 8)).numpy()
    assert (y == y[:, :1]).all()
    assert 0 < y.mean() < 2


def test_dropout_uses_the_default_generator_of_the_device():
    xg.random.seed(3)
    first = xg.nn.dropout(xg.ones(50), 0.5).tolist()
    xg.random.seed(3)
    assert xg.nn.dropout(xg.ones(50), 0.5).tolist() == first
    assert xg.nn.dropout(xg.ones(50), 0.5).tolist() != first


def test_every_example_has_a_mask_of_its_own():
    rng = xg.random.Generator(0)
    y = xg.vmap(lambda x: xg.nn.dropout(x, 0.5, rng=rng))(xg.ones((2, 50))).numpy()
    assert (y[0] != y[1]).any()


def test_recorded_dropout_draws_anew_in_every_call():
    rng = xg.random.Generator(0)
    f = xg.function(lambda x: xg.nn.dropout(x, 0.5, rng=rng))
    assert f(xg.ones(50)).tolist() != f(xg.ones(50)).tolist()


@pytest.mark.parametrize("rate", [-0.1, 1.5, True, "0.5", np.nan])
def test_rates_that_are_none_are_refused(rate):
    with pytest.raises(xg.errors.ArgumentError, match="rate must be a number from 0 to 1"):
        xg.nn.dropout(xg.ones(2), rate)


def test_what_is_no_generator_is_refused():
    with pytest.raises(
        xg.errors.ArgumentTypeError, match=r"rng must be a Generator.*Use xg.random"
    ):
        xg.nn.dropout(xg.ones(2), 0.5, rng=3)


def test_noise_that_does_not_broadcast_is_refused():
    with pytest.raises(xg.errors.ShapeError, match=r"noise_shape \(3,\) does not broadcast"):
        xg.nn.dropout(xg.ones((3, 2)), 0.5, noise_shape=(3,))


def test_a_generator_of_numpys_is_told_apart_by_its_full_name():
    with pytest.raises(xg.errors.ArgumentTypeError, match=r"but is a numpy\.random\._generator"):
        xg.nn.dropout(xg.ones(3), 0.5, rng=np.random.default_rng(0))
