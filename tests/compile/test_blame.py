"""What a replay raises: what eager code does, and the line that was recorded."""

import numpy as np
import pytest

import xgrad as xg

GOOD, SINGULAR, INDEFINITE = [[1.0, 0.0], [0.0, 1.0]], [[1.0] * 2] * 2, [[1.0, 2.0], [2.0, 1.0]]
FAILURES = {
    "inv": (lambda x: xg.linalg.inv(x * 2.0) + 1.0, SINGULAR),
    "solve": (lambda x: xg.linalg.solve(x, xg.ones_like(x)), SINGULAR),
    "cholesky": (xg.grad(lambda x: xg.sum(xg.linalg.cholesky(x))), INDEFINITE),
}


def error_of(f, *args):
    with pytest.raises(xg.errors.XgradError) as caught:
        f(*args)
    return caught.value


@pytest.mark.parametrize("name", FAILURES)
def test_a_replay_explains_what_eager_code_explains(name, few_devices):
    if few_devices.namespace == "cupy":
        pytest.skip("cuSOLVER gives NaN for such matrices")
    f, values = FAILURES[name]
    good, bad = (xg.asarray(x, device=few_devices) for x in (GOOD, values))
    expected, eager, recorded = f(good), error_of(f, bad), xg.function(f)
    recorded(good)
    for _ in range(2):
        error = error_of(recorded, bad)
        assert type(error) is type(eager)
        assert str(error).startswith(f"{name} at {__file__}:")
        assert str(error).endswith(str(eager).removeprefix(name))
    np.testing.assert_array_equal(recorded(good).numpy(), expected.numpy())


def test_elementwise_instructions_are_blamed():
    recorded = xg.function(lambda x1, x2: 2 * (x1 - 1) ** x2 + x1)
    x1, x2 = xg.asarray([2, 3]), xg.asarray([1, 2])
    recorded(x1, x2)
    error = error_of(recorded, x1, -x2)
    assert isinstance(error, xg.errors.ArgumentError)
    assert f"pow at {__file__}:" in str(error)
    assert "x1 (2,) int64 on cpu and x2 (2,) int64 on cpu: Integers to negative" in str(error)
    assert recorded(x1, x2).tolist() == [4, 11]


def test_what_xgrad_raised_itself_stays_as_it_is():
    def f(x):
        return xg.debugging.check_numerics(xg.log(x), "the logarithm")

    recorded = xg.function(f)
    recorded(xg.asarray([1.0]))
    with pytest.raises(xg.errors.NumericsError, match="the logarithm"):
        recorded(xg.asarray([0.0]))


def test_divisions_by_zero_are_not_blamed():
    recorded = xg.function(lambda x, y: (1.0 / y, xg.linalg.inv(x)))
    recorded(xg.asarray(GOOD), xg.asarray(1.0))
    with np.errstate(all="raise"):
        error = error_of(recorded, xg.asarray(SINGULAR), xg.asarray(0.0))
    assert str(error).startswith("inv at")
