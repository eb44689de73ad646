"""Variables of 16 bits: steps are taken in float32, or squares of small gradients would be 0."""

import numpy as np
import pytest

import xgrad as xg

VALUES = [[1.0, 2.0], [-1.0, 0.5]]
GRADIENT = np.array([[1.0, -2.0], [0.5, 1.0]])
OPTIMIZERS = [
    *("SGD", "Adam", "AdamW", "Adamax", "Nadam", "Lamb", "Adagrad", "Adadelta", "RMSprop"),
    *("Ftrl", "Lion", "Adafactor", "Muon"),
]


@pytest.fixture(params=["float16", "bfloat16"])
def dtype(request):
    if request.param == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    return request.param


def stepped(optimizer, dtype, gradient, *, steps=5):
    w = xg.Variable(xg.astype(xg.asarray(VALUES), dtype))
    for _ in range(steps):
        optimizer.apply_gradients([(xg.astype(xg.asarray(gradient), dtype), w)])
    return w


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("size", [1e-5, 1e-3, 1.0, 1000.0, 0.0])
def test_steps_are_those_of_float64(dtype, size, name):
    make = lambda: getattr(xg.optimizers, name)(learning_rate=min(0.05, 0.05 / (size or 1.0)))
    found = stepped(make(), dtype, size * GRADIENT)
    expected = stepped(make(), "float64", size * GRADIENT)
    assert str(found.dtype) == dtype
    rounding = {"float16": 5e-3, "bfloat16": 4e-2}[dtype]
    values = xg.astype(found, "float64").numpy()
    np.testing.assert_allclose(values, expected.numpy(), rtol=rounding, atol=rounding)


def test_options_keep_float32(dtype):
    optimizer = xg.optimizers.Adam(
        0.1, use_ema=True, gradient_accumulation_steps=2, global_clipnorm=1.0
    )
    w = stepped(optimizer, dtype, 1e-4 * GRADIENT, steps=4)
    assert str(w.dtype) == dtype
    for name in ("momentum", "velocity", "average", "gradient_accumulator"):
        assert optimizer.get_slot(w, name).dtype == xg.float32
    assert (optimizer.get_slot(w, "velocity").numpy() > 0).all()
    optimizer.finalize_variable_values([w])
    assert str(w.dtype) == dtype


def test_recorded_and_pure_steps_are_the_same(dtype):
    gradient = xg.astype(xg.asarray(1e-3 * GRADIENT), dtype)
    expected = xg.astype(stepped(xg.optimizers.Adam(0.01), dtype, 1e-3 * GRADIENT), "float32")
    optimizer = xg.optimizers.Adam(0.01)
    w = xg.Variable(xg.astype(xg.asarray(VALUES), dtype))
    step = xg.function(lambda g: optimizer.apply_gradients([(g, w)]))
    value, state = xg.astype(xg.asarray(VALUES), dtype), optimizer.init(w)
    for _ in range(5):
        step(gradient)
        value, state = optimizer.update(gradient, state, value)
    for found in (w, value):
        assert str(found.dtype) == dtype
        np.testing.assert_array_equal(xg.astype(found, "float32").numpy(), expected.numpy())


def test_many_small_variables_and_large_ones(dtype):
    rng = np.random.default_rng(0)
    shapes = [(3,)] * 20 + [(200_000,)]
    values = [rng.normal(size=shape) for shape in shapes]
    variables = [xg.Variable(xg.astype(xg.asarray(v), dtype)) for v in values]
    optimizer = xg.optimizers.Adam(0.25, epsilon=1e-12, clipnorm=1e-4)
    for _ in range(2):
        gradients = [xg.ones_like(w.value()) for w in variables]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
    for w, value in zip(variables, values, strict=True):
        assert str(w.dtype) == dtype
        np.testing.assert_allclose(xg.astype(w, "float64").numpy(), value - 0.5, atol=4e-2)
