"""SciPy's functions on Tensors: ufuncs by NumPy's protocol, and SciPy's own dispatch to namespaces."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.special
import scipy_dispatch

import xgrad as xg

UFUNCS = sorted(
    name for name in xg.special.__all__ if isinstance(getattr(scipy.special, name, None), np.ufunc)
)
# Arguments for which every function is defined, smooth, and at a whole number where it must be.
WHOLE = {
    "yn",
    "expn",
    "bdtr",
    "bdtrc",
    "bdtri",
    "nbdtr",
    "nbdtrc",
    "nbdtri",
    "lpmv",
    "pdtr",
    "pdtrc",
    "pdtri",
}


def arguments(name):
    count = getattr(scipy.special, name).nin
    x = np.array([0.3, 0.55, 0.7])
    before = [np.array([1, 2, 1]), np.array([4, 3, 5])][: count - 1]
    return [*before, x] if name in WHOLE or count < 3 else [x + 1, x + 2, x]


@pytest.mark.parametrize("name", UFUNCS)
def test_ufunc_gives_a_followed_tensor_with_the_same_values(name):
    ufunc = getattr(scipy.special, name)
    *others, x = arguments(name)
    t = xg.asarray(x)
    with xg.GradientTape() as tape:
        tape.watch(t)
        y = ufunc(*others, t)
    np.testing.assert_allclose(y.numpy(), ufunc(*others, x), rtol=1e-13)
    gradient = tape.gradient(y, t)
    assert (gradient is None) == (name == "gammasgn")
    with xg.GradientTape() as tape:
        tape.watch(t)
        same = getattr(xg.special, name)(*map(xg.asarray, others), t)
    if gradient is not None:
        np.testing.assert_array_equal(gradient.numpy(), tape.gradient(same, t).numpy())


@pytest.mark.parametrize("name", ["log1p", "expm1", "cbrt", "exp2"])
def test_ufuncs_that_numpy_has_too(name):
    x = xg.asarray([0.3, 0.7])
    y = getattr(scipy.special, name)(x)
    np.testing.assert_allclose(y.numpy(), getattr(np, name)(x.numpy()), rtol=1e-15)


def test_ufunc_with_out_and_where():
    x = xg.asarray([0.3, 0.7])
    out = xg.zeros(2)
    scipy.special.erf(x, out=out, where=np.array([True, False]))
    np.testing.assert_allclose(out.numpy(), [scipy.special.erf(0.3), 0])


def test_python_functions_built_on_ufuncs():
    x = xg.asarray([1.3, 1.7])
    np.testing.assert_allclose(
        scipy.special.zeta(x, 2.0).numpy(), scipy.special.zeta(x.numpy(), 2.0), rtol=1e-14
    )
    np.testing.assert_allclose(np.sinc(x).numpy(), np.sinc(x.numpy()), rtol=1e-14)


@pytest.mark.parametrize("name", ["airy", "hankel1", "wofz", "ellipe"])
def test_ufunc_without_a_counterpart_is_refused_by_name(name):
    ufunc = getattr(scipy.special, name)
    with pytest.raises(TypeError, match=rf"scipy\.special\.{name} has no counterpart"):
        ufunc(*[xg.ones(2)] * ufunc.nin)


def test_another_ufunc_of_the_same_name_is_not_taken_for_scipys():
    def erf(x):
        return x

    with pytest.raises(TypeError, match="has no counterpart"):
        np.frompyfunc(erf, 1, 1)(xg.ones(2))


# -- SciPy's dispatch --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dispatched():
    result = subprocess.run(
        [sys.executable, scipy_dispatch.__file__],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", scipy_dispatch.FUNCTIONS)
def test_scipy_finds_the_functions_and_gradients_are_right(name, dispatched):
    found, expected = dispatched[name]
    assert np.any(found)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
