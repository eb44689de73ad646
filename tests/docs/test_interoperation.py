"""docs/interoperation.md: its examples run, those with SciPy in a process of their own."""

import doctest
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

import xgrad as xg
from xgrad.ops.numpy_functions.tables import FUNCTIONS

PATH = pathlib.Path(__file__).parents[2] / "docs" / "interoperation.md"
TEXT = PATH.read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_session_prints_what_it_shows():
    report = []
    runner = doctest.DocTestRunner()
    for block in blocks("pycon"):
        test = doctest.DocTestParser().get_doctest(block, {}, PATH.name, str(PATH), 0)
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


def test_script_prints_what_it_shows():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    (code,) = blocks("python")
    source = str(pathlib.Path(__file__).parents[2] / "src")
    environment = {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    shown = re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)
    assert done.stdout.splitlines() == shown, done.stderr


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/interoperation.md"])
def test_functions_of_numpy_are_counted(page):
    text = (PATH.parents[1] / page).read_text(encoding="utf-8")
    assert re.search(rf"\b{len(FUNCTIONS)}\b (of them|functions)", text)


# -- gradients for SciPy's optimizers --------------------------------------------------------------

OF_SECOND_ORDER = ["Newton-CG", "dogleg", "trust-ncg", "trust-krylov", "trust-exact"]


def as_numpy(f):
    """The helper of the page, which its own session runs too."""
    return lambda *args: xg.tree.map(xg.Tensor.numpy, f(*args))


def energy(x):
    return xg.sum((1.0 - x[:-1]) ** 2 + 100.0 * (x[1:] - x[:-1] ** 2) ** 2)


def misfit(x):
    return xg.stack([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def test_helper_is_that_of_the_page():
    assert "return lambda *args: xg.tree.map(xg.Tensor.numpy, f(*args))" in TEXT


@pytest.mark.parametrize("method", ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", *OF_SECOND_ORDER])
def test_scipy_minimizes_by_gradients(method):
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    hess = as_numpy(xg.hessian(energy)) if method in OF_SECOND_ORDER else None
    found = optimize.minimize(
        as_numpy(xg.value_and_grad(energy)), np.zeros(3), jac=True, method=method, hess=hess
    )
    np.testing.assert_allclose(found.x, 1.0, atol=0.01)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_scipy_minimizes_under_constraints(method):
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    radius = lambda x: xg.sum(x * x)
    found = optimize.minimize(
        as_numpy(energy),
        np.full(3, 0.1),
        jac=as_numpy(xg.grad(energy)),
        hess=as_numpy(xg.hessian(energy)) if method == "trust-constr" else None,
        method=method,
        bounds=[(0.0, 2.0)] * 3,
        constraints=optimize.NonlinearConstraint(
            as_numpy(radius), 0.0, 1.0, jac=as_numpy(xg.grad(radius))
        ),
    )
    np.testing.assert_allclose(radius(found.x).item(), 1.0, atol=1e-4)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_scipy_fits_by_jacobians(method):
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    found = optimize.least_squares(
        as_numpy(misfit), np.zeros(2), jac=as_numpy(xg.jacobian(misfit)), method=method
    )
    np.testing.assert_allclose(found.x, 1.0, atol=1e-6)


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_scipy_finds_roots_by_jacobians(method):
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    found = optimize.root(
        as_numpy(misfit), np.zeros(2), jac=as_numpy(xg.jacobian(misfit)), method=method
    )
    np.testing.assert_allclose(found.x, 1.0, atol=1e-6)
