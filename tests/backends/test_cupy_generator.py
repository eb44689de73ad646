"""Random numbers on CUDA, on the stand-in for cupy: dtypes, shapes, places, states; nothing waits."""

import math

import numpy as np
import pytest
from cupy_stand_in import Host
from host_kernels import COMPILER

import xgrad as xg

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")

COUNT = 100_000
# How to draw, the mean, and the deviation.
DRAWS = {
    "uniform": (lambda rng, **how: rng.uniform((COUNT,), **how), 0.5, 12**-0.5),
    "normal": (lambda rng, **how: rng.normal((COUNT,), **how), 0.0, 1.0),
    "truncated_normal": (lambda rng, **how: rng.truncated_normal((COUNT,), **how), 0.0, 0.88),
    "exponential": (lambda rng, **how: rng.exponential((COUNT,), **how), 1.0, 1.0),
    "gamma": (lambda rng, **how: rng.gamma(3.0, (COUNT,), **how), 3.0, 3**0.5),
}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", DRAWS)
def test_distributions(second, name, dtype):
    draw, mean, deviation = DRAWS[name]
    reads = Host.reads
    x = draw(xg.random.Generator(1, second), dtype=dtype)
    assert Host.reads == reads
    assert (str(x.dtype), x.device, x.shape) == (dtype, second, (COUNT,))
    values = x.numpy().astype(float)
    assert abs(values.mean() - mean) < 5 * deviation / math.sqrt(COUNT)
    assert abs(values.std() - deviation) < 0.02 * deviation


def test_shapes_without_axes_and_without_elements(second):
    rng = xg.random.Generator(1, second)
    assert [rng.normal(shape).shape for shape in ((), (0, 3))] == [(), (0, 3)]


def test_bfloat16_stays_below_one(second):
    pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    x = xg.random.Generator(1, second).uniform((COUNT,), dtype="bfloat16")
    assert 0.99 < float(xg.max(xg.astype(x, xg.float32))) < 1.0


def test_integers_permutations_and_choices(second):
    rng = xg.random.Generator(1, second)
    assert np.unique(rng.integers(-5, 5, (1000,)).numpy()).tolist() == list(range(-5, 5))
    assert np.sort(rng.permutation(50).numpy()).tolist() == list(range(50))
    p = xg.asarray([0.0, 0.5, 0.0, 0.5], device=second)
    assert np.unique(rng.choice(4, (1000,), p=p).numpy()).tolist() == [1, 3]


def test_a_state_and_children_repeat_themselves(second):
    rng = xg.random.Generator(1, second)
    rng.normal((3,))
    state = rng.state
    drawn = [rng.normal((3,)).tolist(), *[g.normal((3,)).tolist() for g in rng.spawn(2)]]
    rng.state = state
    again = [rng.normal((3,)).tolist(), *[g.normal((3,)).tolist() for g in rng.spawn(2)]]
    assert drawn == again
    assert len({tuple(x) for x in drawn}) == 3


def test_a_state_from_a_gpu_of_another_size_is_refused(second):
    """It has a part for every thread of the GPU."""
    rng = xg.random.Generator(1, second)
    state = rng.state
    state["bits"] = xg.concat([state["bits"], state["bits"]])
    with pytest.raises(xg.errors.ArgumentError, match="another GPU"):
        rng.state = state
