"""Where special functions come from: SciPy, other libraries, and what is written in the standard's."""

import importlib
import inspect
import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.special

import xgrad as xg
from xgrad.backends.special import NAMES, PORTABLE_FILES
from xgrad.core.instructions import SPECIAL

sp = xg.special


def python(code, **environment):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_every_instruction_has_a_home():
    assert set(SPECIAL) == set(NAMES)


@pytest.mark.parametrize("file", PORTABLE_FILES)
def test_files_define_what_the_table_says(file):
    module = importlib.import_module(f"xgrad.backends.special.{file}")
    assert sorted(module.__all__) == sorted(PORTABLE_FILES[file].split())


def test_every_function_that_scipy_dispatches_is_here():
    from scipy.special import _support_alternative_backends

    assert set(_support_alternative_backends.__all__) <= set(sp.__all__)


def test_all_lists_what_there_is():
    functions = {n for n, f in vars(sp).items() if inspect.isfunction(f) and not n.startswith("_")}
    assert set(sp.__all__) == functions


def test_namespaces_have_the_same_functions(device):
    assert xg.namespace(device.namespace).special.erf is sp.erf
    assert "special" in xg.namespace(device.namespace).__all__


def test_what_a_namespace_has_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"xgrad\.namespace\.numpy.*'specials'"):
        xg.namespace(np).specials  # noqa: B018


# -- without SciPy -----------------------------------------------------------------------------


def test_importing_special_brings_no_scipy():
    loaded = python("import sys, xgrad as xg; xg.special.erf; print(*sys.modules)").split()
    assert "xgrad.ops.special.error_functions" in loaded
    assert [name for name in loaded if name.split(".")[0] == "scipy"] == []


def test_without_scipy_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import xgrad as xg\n"
        "try: xg.special.exp1(xg.ones(2))\n"
        "except xg.errors.BackendUnavailableError as error: print(error)"
    )
    message = python(code)
    assert message.startswith("exp1 needs SciPy, which is not installed")
    assert "pip install scipy" in message


def test_without_scipy_elementary_ones_work():
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import xgrad as xg\n"
        "x = xg.Variable([0.0])\n"
        "with xg.GradientTape() as tape: y = xg.special.expit(x)\n"
        "print(y.item(), tape.gradient(y, x).item())"
    )
    assert python(code).split() == ["0.5", "0.25"]


# -- other libraries ---------------------------------------------------------------------------


def test_what_a_library_lacks_goes_through_scipy_in_host_memory():
    pytest.importorskip("torch", reason="torch: torch is not installed")
    x = xg.asarray(np.array([0.5, 1.5]), device="torch:cpu")
    y = sp.exp1(x)
    assert str(y.device) == "torch:cpu"
    np.testing.assert_array_equal(y.numpy(), scipy.special.exp1([0.5, 1.5]))


def test_what_is_in_no_host_memory_is_refused_by_name():
    pytest.importorskip("torch", reason="torch: torch is not installed")
    x = xg.ones(2, device="torch:meta")
    message = r"exp1: .*torch has no such function.* meta is not in host memory.*Use \.to_device"
    with pytest.raises(xg.errors.BackendUnavailableError, match=message):
        sp.exp1(x)


def test_the_library_has_the_first_word():
    torch = pytest.importorskip("torch", reason="torch: torch is not installed")
    x = xg.asarray([0.3, 0.7], device="torch:cpu")
    assert (sp.j0(x).array == torch.special.bessel_j0(x.array)).all()
    assert (sp.zeta(x + 1, x).array == torch.special.zeta(x.array + 1, x.array)).all()


# Written in the standard's functions where a library lacks them: the same values there as SciPy's.
PORTABLE = {
    "betainc": ([0.3, 2.0, 40.0], [0.7, 3.0, 25.0], [0.2, 0.5, 0.6]),
    "betaincc": ([0.3, 2.0, 40.0], [0.7, 3.0, 25.0], [0.2, 0.5, 0.6]),
    "stdtr": ([0.7, 3.0, 200.0], [-2.0, 0.1, 5.0]),
    "stdtrit": ([0.7, 3.0, 200.0], [0.01, 0.499, 0.9]),
    "ellipk": ([-3.0, 1e-9, 0.999, 1.0],),
    "ellipkm1": ([0.0, 1e-300, 0.5, 7.0],),
    "spence": ([0.0, 0.3, 1.0, 1.7, 30.0],),
    "zeta": ([-200.5, -200.0, -2.5, -1e-20, 0.5, 3.0, 50.0, 1e16],),
    "zetac": ([-2.5, -1e-20, 0.5, 3.0, 50.0],),
    "betaln": ([-2.5, -2.5, -3.0, 30.0], [30.0, 1e10, 2.0, -2.5]),
    "beta": (
        [2.0, -2.5, 3.0, 2.0, 1.0, -0.5, 2.5, 0.0, -1.0, 0.5, 2.0],
        [3.0, 1.2, -3.0, -5.0, -4.0, -0.5, -3.5, 0.0, -2.0, -1.0, -1.0],
    ),
    "gamma": ([-2.5, 0.5, 20.0],),
    "gammasgn": ([-2.5, -1.5, 0.0, 3.0],),
    "rgamma": ([-2.5, -2.0, 0.0, 3.0],),
    "binom": ([3.0, 7.5, 40.0], [2.0, 0.3, 20.0]),
    "poch": (
        [3.0, 0.5, -2.5, -5.0, -5.0, -5.0, 0.5, -0.5, 3.0],
        [2.0, 0.3, 4.0, -0.5, 2.0, -2.0, -1.5, -0.5, -3.0],
    ),
    "sindg": ([0.0, 30.0, 90.0, 180.0, -270.0, 1e4],),
    "cosdg": ([0.0, 60.0, 90.0, 180.0, -270.0, 1e4],),
    "erfcinv": ([1e-20, 0.3, 1.0, 1.9],),
    "log_expit": ([-800.0, -1.0, 2.0],),
    "rel_entr": ([0.0, 0.0, 1.0, 1.0, -1.0, 0.5], [0.0, 1.0, 0.0, 2.0, 1.0, 0.5000001]),
    "kl_div": ([0.0, 0.0, 1.0, 1.0, -1.0], [0.0, 1.0, 0.0, 2.0, 1.0]),
    "entr": ([0.0, -1.0, 0.5],),
    "pseudo_huber": ([0.0, 1.0, -1.0, 0.1], [1.0, 0.0, 1.0, 30.0]),
    "boxcox": ([0.0, 0.0, 2.0, 2.0], [1.0, -1.0, 0.0, 0.3]),
    "boxcox1p": ([-1.0, 1e-12, 2.0, 2.0], [1.0, 0.5, 0.0, 0.3]),
    "inv_boxcox": ([1.0, -0.5, 2.0], [0.0, 0.5, -0.3]),
    "inv_boxcox1p": ([1e-12, -0.5, 2.0], [0.0, 0.5, -0.3]),
    "exprel": ([-3.0, 0.0, 1e-9, 5.0],),
    "logit": ([0.0, 0.4999, 0.9, 1.0],),
    "log_ndtr": ([-50.0, -0.5, 3.0],),
    "ndtr": ([-30.0, -9.0, -0.5, 3.0],),
}


@pytest.mark.parametrize("name", PORTABLE)
def test_what_torch_lacks_has_scipys_values(name):
    pytest.importorskip("torch", reason="torch: torch is not installed")
    arrays = [np.array(column) for column in PORTABLE[name]]
    expected = getattr(scipy.special, name)(*arrays)
    found = getattr(sp, name)(*[xg.asarray(a, device="torch:cpu") for a in arrays]).numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-13, atol=1e-300)


@pytest.mark.parametrize("name", PORTABLE)
def test_numpy_has_scipys_values(name):
    arrays = [np.array(column) for column in PORTABLE[name]]
    expected = getattr(scipy.special, name)(*arrays)
    found = getattr(sp, name)(*map(xg.asarray, arrays)).numpy()
    # SciPy's ndtr of -30 is off by that much, ours is not (test_numpy_ufuncs.py).
    np.testing.assert_allclose(
        found, expected, rtol=1e-13 if name == "ndtr" else 1e-14, atol=1e-300
    )


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("erf", ()),
        ("gammainc", (2.0,)),
        ("polygamma", (1.0,)),
        ("expn", (2.0,)),
        ("betaln", (2.0,)),
    ],
)
def test_jax_arrays_have_numpys_values_and_gradients(name, others):
    jax = pytest.importorskip("jax", reason="jax: jax is not installed")

    def gradient(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = getattr(sp, name)(*others, x)
        return y, tape.gradient(y, x)

    with jax.enable_x64(True):
        values = np.array([0.3, 1.7])
        found = gradient(xg.asarray(jax.numpy.asarray(values)))
        for f, e in zip(found, gradient(xg.asarray(values)), strict=True):
            np.testing.assert_allclose(f.numpy(), e.numpy(), rtol=1e-12)
