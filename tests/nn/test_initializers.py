"""Initializers: fans and deviations against Keras, orthogonality, devices, dtypes."""

import numpy as np
import pytest

import xgrad as xg

init = xg.nn.initializers
SHAPE = (3, 3, 20, 40)


def drawn(name, shape=SHAPE, **options):
    return getattr(init, name)(shape, rng=xg.random.Generator(7), **options).numpy()


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / (9 * 60)),
        ("glorot_normal", 2 / (9 * 60)),
        ("he_uniform", 2 / (9 * 20)),
        ("he_normal", 2 / (9 * 20)),
        ("lecun_uniform", 1 / (9 * 20)),
        ("lecun_normal", 1 / (9 * 20)),
    ],
)
def test_variance_is_that_of_the_paper(name, variance):
    x = drawn(name)
    assert x.shape == SHAPE
    assert abs(x.mean()) < 4 * np.sqrt(variance / x.size)
    assert abs(x.var() / variance - 1) < 0.05
    bound = np.sqrt(3 * variance) if "uniform" in name else 2 * np.sqrt(variance) / 0.8796
    assert 0.95 * bound < np.abs(x).max() <= bound


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("glorot_uniform", "GlorotUniform"),
        ("he_normal", "HeNormal"),
        ("lecun_uniform", "LecunUniform"),
    ],
)
@pytest.mark.parametrize("shape", [(900,), (30, 50), (5, 30, 50)])
def test_deviation_agrees_with_keras(name, theirs, shape):
    keras = pytest.importorskip("keras", reason="keras is not installed")
    expected = np.std(np.asarray(getattr(keras.initializers, theirs)(seed=0)(shape)))
    assert drawn(name, shape).std() == pytest.approx(float(expected), rel=0.08)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["normal", "truncated_normal", "uniform"])
def test_variance_scaling_divides_by_the_fan(mode, distribution):
    x = drawn("variance_scaling", scale=3.0, mode=mode, distribution=distribution)
    fan = {"fan_in": 180, "fan_out": 360, "fan_avg": 270}[mode]
    assert abs(x.var() * fan / 3 - 1) < 0.05


@pytest.mark.parametrize("shape", [(5, 5), (7, 4), (4, 7), (2, 3, 4)])
def test_orthogonal_matrices_are_orthogonal(shape):
    q = drawn("orthogonal", shape, gain=2.0).reshape(-1, shape[-1])
    product = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-13)


def test_orthogonal_matrices_have_both_signs_on_the_diagonal():
    signs = {
        np.sign(init.orthogonal((3, 3), rng=xg.random.Generator(i)).numpy()[0, 0]).item()
        for i in range(20)
    }
    assert signs == {-1.0, 1.0}


def test_values_are_of_the_dtype_and_on_the_device_that_is_asked_for(other_device):
    rng = xg.random.Generator(0, other_device)
    for name in ("he_normal", "orthogonal"):
        x = getattr(init, name)((3, 3), rng=rng, dtype=xg.float32)
        assert x.device == other_device
        assert "float32" in str(x.dtype)


def test_same_seed_gives_same_values():
    assert drawn("he_normal").tolist() == drawn("he_normal").tolist()


def test_what_makes_no_sense_is_refused():
    with pytest.raises(xg.errors.ArgumentError, match="mode must be one of 'fan_in'"):
        init.variance_scaling((2, 2), mode="fan")
    with pytest.raises(xg.errors.ArgumentError, match="distribution must be one of"):
        init.variance_scaling((2, 2), distribution="cauchy")
    with pytest.raises(xg.errors.ArgumentError, match="scale must be positive"):
        init.variance_scaling((2, 2), scale=0.0)
    with pytest.raises(xg.errors.ShapeError, match="one axis at least"):
        init.he_normal(())
    with pytest.raises(xg.errors.ShapeError, match="two axes at least"):
        init.orthogonal((3,))
    with pytest.raises(xg.errors.ShapeError, match="that of a matrix"):
        init.identity((3,))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_orthogonal_of_16_bits(dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    q = xg.nn.initializers.orthogonal((8, 4), dtype=dtype)
    assert str(q.dtype) == dtype
    wide = xg.astype(q, "float32")
    np.testing.assert_allclose((wide.T @ wide).numpy(), np.eye(4), atol=2e-2)
