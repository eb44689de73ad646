"""`testing.approximate_derivative` and `approximate_gradient`: seed 003's central differences."""

import re
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg
from xgrad.testing import approximate_derivative, approximate_gradient

SEED = Path(__file__).parents[3] / "shared" / "seeds" / "003_803ed0aadd428ae8.txt"


def f(x):
    return 3.0 * x**2 + 2.0 * x - 1


def g(x1, x2):
    return (x1 + 5) * (x2**2)


def test_derivative_prints_what_the_seed_prints():
    assert repr(approximate_derivative(f, 1.0)) == "7.999999999999119"


def test_gradient_prints_what_the_seed_prints():
    assert repr(approximate_gradient(g, 2.0, 3.0)) == "(8.999999999993236, 41.999999999994486)"


def test_the_seed_says_so():
    if not SEED.exists():
        pytest.skip(f"{SEED} is not here")
    text = SEED.read_text(encoding="utf-8")
    assert repr(approximate_derivative(f, 1.0)) in text
    assert repr(approximate_gradient(g, 2.0, 3.0)) in text


def test_step_can_be_chosen():
    assert approximate_derivative(lambda x: x**3, 1.0, eps=0.5) == 3.25
    assert approximate_gradient(lambda x, y: x**3 * y, 1.0, 2.0, eps=0.5) == (6.5, 1.0)


def test_arrays_and_tensors():
    x = np.asarray([1.0, 2.0])
    np.testing.assert_allclose(approximate_derivative(np.sin, x), np.cos(x), atol=1e-6)
    t = approximate_derivative(xg.sin, xg.asarray(x))
    assert isinstance(t, xg.Tensor)
    np.testing.assert_allclose(t.numpy(), np.cos(x), atol=1e-6)


def test_variables_keep_their_value():
    v = xg.Variable(2.0)
    (d,) = approximate_gradient(lambda v: v * v, v)
    assert float(d) == pytest.approx(4.0)
    assert float(v) == 2.0


def test_agrees_with_the_tape():
    x1, x2 = xg.Variable(2.0), xg.Variable(3.0)
    with xg.GradientTape() as tape:
        z = g(x1, x2)
    found = [float(d) for d in tape.gradient(z, [x1, x2])]
    assert found == pytest.approx(approximate_gradient(g, 2.0, 3.0))
    assert re.fullmatch(r"9\.0", str(found[0]))


def test_lists_are_to_be_made_arrays():
    with pytest.raises(xg.errors.ArgumentTypeError, match=r"Use xg\.asarray"):
        approximate_gradient(lambda x: x[0] * x[1], [1.0, 2.0])
