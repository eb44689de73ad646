"""Recurrent cells against torch and Keras, over sequences, under transforms."""

import numpy as np
import pytest

import xgrad as xg

torch = pytest.importorskip("torch", reason="torch is not installed")

RNG = np.random.default_rng(8)
INPUTS, UNITS = 3, 4
X, H, C = RNG.normal(size=(2, INPUTS)), *RNG.normal(size=(2, 2, UNITS))


def weights(gates):
    return (
        RNG.normal(size=(INPUTS, gates * UNITS)) * 0.5,
        RNG.normal(size=(UNITS, gates * UNITS)) * 0.5,
        RNG.normal(size=gates * UNITS) * 0.5,
    )


RNN, LSTM = weights(1), weights(4)
GRU = (*weights(3)[:2], RNG.normal(size=(2, 3 * UNITS)) * 0.5)
CELLS = {
    "rnn": (lambda x, h, c, *w: xg.nn.rnn_cell(x, h, *w), RNN),
    "lstm": (lambda x, h, c, *w: sum(xg.nn.lstm_cell(x, (h, c), *w)), LSTM),
    "gru": (lambda x, h, c, *w: xg.nn.gru_cell(x, h, *w), GRU),
}


def rows_first(gates):
    """torch's order of the gates of a GRU: r, z, n."""
    z, r, n = np.split(gates, 3, axis=-1)
    return np.concatenate([r, z, n], axis=-1)


def of_torch(name, x, h, c, kernel, recurrent, bias):
    zeros = torch.zeros_like(bias) if name != "gru" else None
    cell = {"rnn": torch.rnn_tanh_cell, "lstm": torch.lstm_cell, "gru": torch.gru_cell}[name]
    if name == "gru":
        return cell(x, h, kernel.T, recurrent.T, bias[0], bias[1])
    if name == "lstm":
        return sum(cell(x, (h, c), kernel.T, recurrent.T, bias, zeros))
    return cell(x, h, kernel.T, recurrent.T, bias, zeros)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 2e-6)])
def test_cell_agrees_with_torch(name, dtype, tolerance):
    f, parameters = CELLS[name]
    arrays = [a.astype(dtype) for a in (X, H, C, *parameters)]
    xs = [xg.asarray(a) for a in arrays]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
        loss = xg.sum(y * y)
    found = tape.gradient(loss, xs, unconnected_gradients="zero")
    turned = arrays[:3] + [rows_first(a) if name == "gru" else a for a in arrays[3:]]
    ts = [torch.tensor(a, requires_grad=True) for a in turned]
    y_torch = of_torch(name, *ts)
    (y_torch * y_torch).sum().backward()
    expected = [np.zeros(t.shape) if t.grad is None else t.grad.numpy() for t in ts]
    expected[3:] = [rows_first(e) if name == "gru" else e for e in expected[3:]]
    assert str(y.dtype) == dtype
    np.testing.assert_allclose(y.numpy(), y_torch.detach().numpy(), rtol=tolerance, atol=tolerance)
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), e, rtol=tolerance, atol=10 * tolerance)


@pytest.mark.parametrize(
    ("name", "layer"), [("rnn", "SimpleRNN"), ("lstm", "LSTM"), ("gru", "GRU")]
)
def test_weights_of_keras_are_taken_as_they_are(name, layer):
    keras = pytest.importorskip("keras", reason="keras is not installed")
    layer = getattr(keras.layers, layer)(UNITS)
    sequence = RNG.normal(size=(2, 5, INPUTS)).astype("float32")
    expected = np.asarray(layer(sequence))
    parameters = [np.asarray(w) for w in layer.get_weights()]
    h = c = xg.zeros((2, UNITS), dtype=xg.float32)
    for x in xg.unstack(xg.asarray(sequence), axis=1):
        if name == "lstm":
            h, c = xg.nn.lstm_cell(x, (h, c), *parameters)
        else:
            h = getattr(xg.nn, f"{name}_cell")(x, h, *parameters)
    np.testing.assert_allclose(h.numpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", CELLS)
def test_derivatives_of_cell_agree_with_differences(name):
    f, parameters = CELLS[name]
    parameters = [w.reshape(*w.shape[:-1], -1, UNITS)[..., :2] for w in parameters]  # of two units
    kernel, recurrent, bias = (w.reshape(*w.shape[:-2], -1) for w in parameters)
    arrays = [X[:1], H[:1, :2], C[:1, :2], kernel, recurrent[:2], bias]
    with_memory = arrays if name == "lstm" else [*arrays[:2], *arrays[3:]]
    g = f if name == "lstm" else lambda x, h, *w: f(x, h, None, *w)
    xg.testing.check_gradients(g, with_memory, order=2, modes=("reverse", "forward"))


@pytest.mark.parametrize("name", CELLS)
def test_cell_of_examples_is_that_of_each(name):
    f, parameters = CELLS[name]
    w = [xg.asarray(a) for a in parameters]
    x, h, c = map(xg.asarray, (X, H, C))
    y = xg.vmap(lambda x, h, c: f(x, h, c, *w))(x, h, c)
    np.testing.assert_allclose(y.numpy(), f(x, h, c, *w).numpy(), rtol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_cell_runs_on_every_device(name, other_device):
    f, parameters = CELLS[name]
    y = f(*(xg.asarray(a, device=other_device) for a in (X, H, C, *parameters)))
    assert y.device == other_device
    expected = f(*map(xg.asarray, (X, H, C, *parameters)))
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-13)


def sequence_loss(parameters, sequence):
    def step(state, x):
        h, c = xg.nn.lstm_cell(x, state, *parameters)
        return (h, c), h

    zeros = xg.zeros((sequence.shape[1], UNITS))
    _, outputs = xg.scan(step, (zeros, zeros), sequence)
    return xg.mean(outputs * outputs)


def loss_and_gradients(parameters, sequence):
    with xg.GradientTape() as tape:
        tape.watch(parameters)
        loss = sequence_loss(parameters, sequence)
    return loss, tape.gradient(loss, parameters)


def test_a_scan_of_lstm_steps_agrees_with_torch():
    sequence = RNG.normal(size=(6, 2, INPUTS))
    _, found = loss_and_gradients([xg.asarray(a) for a in LSTM], xg.asarray(sequence))
    layer = torch.nn.LSTM(INPUTS, UNITS, dtype=torch.float64)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.tensor(LSTM[0].T))
        layer.weight_hh_l0.copy_(torch.tensor(LSTM[1].T))
        layer.bias_ih_l0.copy_(torch.tensor(LSTM[2]))
        layer.bias_hh_l0.zero_()
    outputs, _ = layer(torch.tensor(sequence))
    (outputs**2).mean().backward()
    expected = layer.weight_ih_l0.grad.T, layer.weight_hh_l0.grad.T, layer.bias_ih_l0.grad
    for g, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-10, atol=1e-14)


def test_recorded_lstm_step_is_the_eager_one():
    parameters = [xg.asarray(a) for a in LSTM]

    def step(parameters, x, h, c):
        with xg.GradientTape() as tape:
            tape.watch(parameters)
            h, c = xg.nn.lstm_cell(x, (h, c), *parameters)
            loss = xg.sum(h * c)
        return loss, tape.gradient(loss, parameters)

    arguments = parameters, *map(xg.asarray, (X, H, C))
    recorded = xg.function(step)
    loss, gradients = step(*arguments)
    for _ in range(2):
        found, others = recorded(*arguments)
        assert found.item() == pytest.approx(loss.item(), rel=1e-13)
        for g, e in zip(others, gradients, strict=True):
            np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=1e-12, atol=1e-15)


def test_bias_of_a_gru_may_be_of_the_input_alone():
    both = np.stack([GRU[2][0], np.zeros(3 * UNITS)])
    expected = xg.nn.gru_cell(X, H, *GRU[:2], both)
    np.testing.assert_array_equal(
        xg.nn.gru_cell(X, H, *GRU[:2], GRU[2][0]).numpy(), expected.numpy()
    )


def test_another_activation():
    y = xg.nn.rnn_cell(X, H, *RNN, activation=xg.nn.relu)
    expected = np.maximum(X @ RNN[0] + H @ RNN[1] + RNN[2], 0)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-13)


def test_what_does_not_fit_is_refused():
    with pytest.raises(
        xg.errors.ShapeError, match=r"expected .*\(inputs, 4 \* units\).*torch's order"
    ):
        xg.nn.lstm_cell(X, (H, C), LSTM[0].T, LSTM[1])
    with pytest.raises(xg.errors.ShapeError, match=r"expected .*\(inputs, units\)"):
        xg.nn.rnn_cell(X, H[:, :2], *RNN)
    with pytest.raises(xg.errors.ShapeError, match=r"bias \(3,\).*must have the shape \(12,\)"):
        xg.nn.gru_cell(X, H, *GRU[:2], np.ones(3))
    with pytest.raises(xg.errors.ArgumentTypeError, match=r"state must be a pair \(h, c\)"):
        xg.nn.lstm_cell(X, H, *LSTM)
