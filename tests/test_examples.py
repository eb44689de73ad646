"""The scripts of examples/ run at a small size, and find what they should.

Where there is somebody to ask, the answer is compared with theirs: scikit-learn's coefficients and the
gradient of its Gaussian processes, conjugate gradients, the truth that data were made from.
"""

from __future__ import annotations

import importlib.util
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xgrad as xg

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
NEEDED = {"deconvolution": "skimage", "gaussian_process": "statsmodels"}


def load(name: str) -> Any:
    """Import a script, or skip where a library that it needs is missing."""
    for module in ("matplotlib", "sklearn", NEEDED.get(name, "numpy")):
        pytest.importorskip(module, reason=f"{module} is not installed")
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.fixture(autouse=True)
def no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.fixture
def picture(tmp_path: Path) -> Any:
    """A place for a picture, which must be there in the end."""
    for module in ("matplotlib", "skimage", "sklearn", "statsmodels"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    path = tmp_path / "picture.png"
    yield str(path)
    assert path.stat().st_size > 5000


# -- logistic regression ---------------------------------------------------------------------------


def test_newton_converges_quadratically(picture: str) -> None:
    found = load("logistic_newton").main(quick=True, picture=picture)
    assert len(found.losses) < 15
    assert found.slopes[-1] < 1e-10
    assert found.slopes[-2] < found.slopes[-3] ** 1.5  # ever faster
    assert found.accuracy > 0.9


def test_newton_finds_the_loss_of_scikit_learn() -> None:
    script = load("logistic_newton")
    from sklearn.linear_model import LogisticRegression

    x, y, _ = script.load_data("cpu")
    values, labels = x.numpy()[:, 1:], y.numpy()
    model = LogisticRegression(C=1.0 / script.PENALTY, tol=1e-12, max_iter=10_000)
    model.fit(values, labels)
    scores = model.decision_function(values)
    loss = np.sum(np.logaddexp(scores, 0.0) - labels * scores)
    loss += 0.5 * script.PENALTY * np.sum(model.coef_**2)
    assert script.main().losses[-1] == pytest.approx(loss, rel=1e-9)


# -- deconvolution ---------------------------------------------------------------------------------


def test_restored_photograph_is_better_than_the_best_filter(picture: str) -> None:
    found = load("deconvolution").main(quick=True, picture=picture)
    assert found.restored > found.wiener + 1.0
    assert found.restored > found.blurred + 4.0


# -- Gaussian process ------------------------------------------------------------------------------


def test_likelihood_and_its_gradient_are_those_of_scikit_learn() -> None:
    script = load("gaussian_process")
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ExpSineSquared, WhiteKernel
    from sklearn.gaussian_process.kernels import ConstantKernel as Size

    years, values = (np.asarray(x)[::8] for x in script.load_data())
    y = values - values.mean()
    s = list(script.START.values())
    kernel = Size(s[0] ** 2) * RBF(s[1])
    kernel += Size(s[2] ** 2) * RBF(s[3]) * ExpSineSquared(s[4], 1.0, periodicity_bounds="fixed")
    kernel += Size(s[5] ** 2) * RBF(s[6]) + Size(s[7] ** 2) * RBF(s[8]) + WhiteKernel(s[9] ** 2)
    process = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(years[:, None], y)
    value, slope = process.log_marginal_likelihood(process.kernel_.theta, eval_gradient=True)

    logs = xg.asarray([math.log(x) for x in s])
    loss = lambda logs: script.negative_log_likelihood(logs, xg.asarray(years), xg.asarray(y))
    found, gradient = xg.value_and_grad(loss)(logs)
    squared = np.asarray([2, 1, 2, 1, 1, 2, 1, 2, 1, 2])  # scikit-learn's sizes are squares
    assert -float(found) == pytest.approx(value, rel=1e-9)
    np.testing.assert_allclose(-gradient.numpy(), squared * slope, rtol=1e-6, atol=1e-6)


def test_forecast_of_ten_years_is_close(picture: str) -> None:
    found = load("gaussian_process").main(quick=True, picture=picture)
    assert found.likelihoods[-1] > found.likelihoods[0]
    assert found.error < 2.0
    assert found.covered > 0.5


# -- tomography ------------------------------------------------------------------------------------


def test_body_is_found(picture: str) -> None:
    found = load("tomography").main(quick=True, picture=picture)
    assert found.errors[-1] < 0.5 * found.errors[0]
    assert found.misfits[-1] < 0.1 * found.misfits[0]


def test_checkpoints_spare_memory_and_change_no_gradient() -> None:
    script = load("tomography")
    scene = script.make_scene(32, 2, 6, "cpu")
    truth = script.make_body(scene)
    heard = script.listen(truth, scene)

    def loss(speed2: xg.Tensor, checkpoint: bool) -> xg.Tensor:
        return xg.sum((script.listen(speed2, scene, checkpoint) - heard) ** 2)

    start = xg.ones_like(truth)
    kept = [
        script.bytes_kept(lambda flag=flag: loss(xg.Variable(start), flag))
        for flag in (True, False)
    ]
    slopes = [xg.grad(loss)(start, flag).numpy() for flag in (True, False)]
    assert kept[0] < 0.3 * kept[1]
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-9, atol=1e-15)


# -- learning rates --------------------------------------------------------------------------------


def test_learned_rates_are_the_best_ones(picture: str) -> None:
    found = load("learned_rate").main(quick=True, picture=picture)
    np.testing.assert_allclose(found.rates, found.best_rates, rtol=1e-5)
    assert found.learned < found.began


# -- networks --------------------------------------------------------------------------------------


def test_digits_are_read(picture: str) -> None:
    found = load("digits_cnn").main(quick=True, picture=picture)
    assert found.accuracies[-1] > 0.92
    assert found.losses[-1] < 0.5 * found.losses[0]


def test_text_is_learned(picture: str) -> None:
    found = load("character_lstm").main(quick=True, picture=picture)
    assert found.losses[-1] < found.losses[0] - 0.5
    assert found.unseen < found.single_letters  # it knows more than how frequent letters are
    assert len(found.text) == len("The ") + 20


# -- all of them -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCRIPTS)
def test_page_shows_the_script_and_its_time(name: str) -> None:
    page = (ROOT / "docs" / "examples" / f"{name}.md").read_text(encoding="utf-8")
    assert f"../../examples/{name}.py" in page
    assert re.search(rf"\$ python examples/{name}\.py", page)
    assert re.search(r"^It took \d+ s of one processor .* 20\d\d-\d\d-\d\d\.$", page, re.MULTILINE)
    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (ROOT / "docs" / "examples" / target).exists(), target


@pytest.mark.parametrize("name", SCRIPTS)
def test_code_on_the_page_is_that_of_the_script(name: str) -> None:
    page = (ROOT / "docs" / "examples" / f"{name}.md").read_text(encoding="utf-8")
    script = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert blocks
    assert [block for block in blocks if block not in script] == []


@pytest.mark.parametrize("name", ["logistic_newton", "tomography"])
def test_script_runs_where_nothing_may_leave_its_device(name: str) -> None:
    pytest.importorskip("array_api_strict", reason="array_api_strict is not installed")
    load(name).main(device="array_api_strict:device1", quick=True)


@pytest.mark.parametrize("name", SCRIPTS)
def test_index_names_the_script(name: str) -> None:
    index = (ROOT / "docs" / "examples" / "README.md").read_text(encoding="utf-8")
    assert f"({name}.md)" in index
