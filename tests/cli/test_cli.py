"""The command line: what it prints, what it writes, and how it says no."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import xgrad as xg
from xgrad.backends.numpy import NumpyBackend
from xgrad.cli import main
from xgrad.cli.info import problem
from xgrad.cli.report import confusion_matrix, summarize, write_atomically

SOURCE = Path(xg.__file__).parents[1]

needs_extras = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("sklearn", "matplotlib", "tqdm")),
    reason="the extra 'demo' is not installed",
)


def run(*arguments: str) -> int:
    """The exit status of a command, however it ends."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def run_demo(logdir: Path, *arguments: str) -> dict[str, Any]:
    """Run the demo; return its metrics."""
    assert run("demo", "--logdir", str(logdir), *arguments) == 0
    metrics: dict[str, Any] = json.loads((logdir / "metrics.json").read_text())
    return metrics


# -- info ------------------------------------------------------------------------------------------


def test_info_prints_versions_namespaces_devices_and_cuda(capsys: Any) -> None:
    assert run("info") == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if not line.startswith(" ")] == [
        "Versions",
        "Namespaces",
        "Devices",
        "Products of matrices",
        "CUDA",
    ]
    for name in ("xgrad", "python", "numpy", "array-api-compat"):
        assert f"\n  {name} " in out
    assert '\n  numpy             device="cpu"\n' in out
    assert "\n  cpu               numpy  (default)\n" in out


def test_info_says_why_cuda_is_not_usable(capsys: Any) -> None:
    reason = problem("cuda")
    run("info")
    last = capsys.readouterr().out.splitlines()[-1].strip()
    assert last == ("usable" if reason is None else f"not usable: {reason}")


@pytest.mark.skipif(
    importlib.util.find_spec("cupy") is not None, reason="cupy is installed, so it is not missing"
)
def test_missing_cupy_is_said_with_what_to_do() -> None:
    reason = problem("cuda")
    assert reason is not None
    assert "cupy is not installed" in reason
    assert '".[cuda13]"' in reason


def test_info_survives_a_broken_part(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise RuntimeError("the driver is on fire")

    monkeypatch.setattr(xg, "devices", broken)
    assert run("info") == 0
    out = capsys.readouterr().out
    assert "could not be found out: RuntimeError: the driver is on fire" in out
    assert "CUDA\n" in out


@pytest.mark.parametrize(
    ("kernels", "features", "advised"),
    [
        ("Haswell", {"AVX512_SKX": True}, True),
        ("Zen", {"AVX512_SKX": True}, True),
        ("Haswell", {"AVX512_SKX": False}, False),
        ("Haswell", {}, False),
        ("SkylakeX", {"AVX512_SKX": True}, False),
        ("neoversen1", {"AVX512_SKX": True}, False),
        (None, {"AVX512_SKX": True}, False),
    ],
)
@pytest.mark.parametrize("asked", ["Haswell", None])
def test_info_says_when_openblas_has_kernels_for_older_processors(
    kernels: str | None,
    features: dict[str, bool],
    advised: bool,
    asked: str | None,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = {"internal_api": "openblas", "version": "0.3.31", "num_threads": 2}
    if kernels is not None:
        library["architecture"] = kernels
    monkeypatch.setattr("xgrad.cli.blas.libraries", lambda: [library])
    monkeypatch.setattr("xgrad.cli.blas._features", lambda: features)
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    if asked:
        monkeypatch.setenv("OPENBLAS_CORETYPE", asked)
    assert run("info") == 0
    out = capsys.readouterr().out
    shown = f"openblas 0.3.31, kernels {kernels}, 2" if kernels else "openblas 0.3.31, 2"
    assert f"\n  {shown} threads\n" in out
    assert ("set OPENBLAS_CORETYPE=SKYLAKEX" in out) == (advised and not asked)
    assert ("OPENBLAS_CORETYPE=Haswell in the environment" in out) == (advised and bool(asked))


def test_info_says_what_knows_the_blas(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert run("info") == 0
    assert "threadpoolctl is not installed" in capsys.readouterr().out


def test_info_imports_no_heavy_library() -> None:
    code = (
        "import sys; from xgrad.cli import main; main(['info']); "
        "print(sorted({'torch', 'jax', 'scipy', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.stdout.splitlines()[-1] == "[]"


# -- the parser ------------------------------------------------------------------------------------


def test_version(capsys: Any) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out.startswith("xgrad ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "command", id="no command"),
        pytest.param(["train"], "invalid choice: 'train'", id="unknown command"),
        pytest.param(["demo", "--epochs", "0"], "--epochs: must be from 1", id="epochs"),
        pytest.param(["demo", "--epochs", "two"], "'two' is no integer", id="epochs text"),
        pytest.param(["demo", "--batch-size", "0"], "--batch-size: must be from 1", id="batch"),
        pytest.param(["demo", "--seed", "-1"], "--seed: must be from 0", id="seed"),
        pytest.param(
            ["demo", "--device", "abacus"], "--device: there is no device 'abacus'", id="device"
        ),
        pytest.param(["demo", "--device", "cpu:7"], "--device: ", id="device number"),
        pytest.param(["demo", "--logdir", __file__], "--logdir: cannot make", id="logdir"),
    ],
)
def test_bad_argument_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: Any
) -> None:
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_names_are_looked_at_before_anything_is_checked(capsys: Any) -> None:
    assert run("check", "tanh", "nosuch") == 1
    said = capsys.readouterr()
    assert "'nosuch' is not known" in said.err
    assert "tanh" not in said.out


def test_help_says_each_default_once(capsys: Any) -> None:
    assert run("check", "--help") == 0
    assert "None" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ü", "\udcff"])
def test_names_of_files_may_be_beyond_the_encoding_of_the_terminal(name: str) -> None:
    program = (
        f"import sys, xgrad.cli as cli; cli._info = lambda _: print({name!a}) or 0; "
        "sys.exit(cli.main(['info']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout.decode("ascii").strip()) == (0, ascii(name)[1:-1])


def test_missing_extra_names_the_command(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run("demo") == 1
    err = capsys.readouterr().err
    assert 'pip install ".[demo]"' in err
    assert "scikit-learn, matplotlib, tqdm not installed" in err


def test_interrupt_is_one_line(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("xgrad.cli.info.info", interrupted)
    assert run("info") == 130
    assert capsys.readouterr().err == "\nxgrad: interrupted\n"


# -- demo ------------------------------------------------------------------------------------------


@needs_extras
def test_demo_as_a_module_writes_a_picture_and_metrics(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xgrad", "demo", "--epochs", "2", "--logdir", str(tmp_path / "a/b")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.returncode == 0, done.stderr
    assert "test accuracy" in done.stdout
    assert "2/2" in done.stderr  # the progress bar
    assert sorted(p.name for p in (tmp_path / "a/b").iterdir()) == ["metrics.json", "training.png"]


@needs_extras
def test_demo_reaches_97_percent(tmp_path: Path, capsys: Any) -> None:
    metrics = run_demo(tmp_path)
    assert metrics["test_accuracy"] >= 0.97
    assert sum(map(sum, metrics["confusion_matrix"])) == 360
    assert f"test accuracy {metrics['test_accuracy']:.2%}" in capsys.readouterr().out


@needs_extras
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_demo_reaches_97_percent_with_every_seed(tmp_path: Path, seed: int) -> None:
    assert run_demo(tmp_path, "--seed", str(seed))["test_accuracy"] >= 0.97


@needs_extras
@pytest.mark.parametrize("device", ["array_api_strict:device1", "torch:cpu"])
def test_demo_gives_the_same_elsewhere(tmp_path: Path, device: str) -> None:
    if device.startswith("torch"):
        pytest.importorskip("torch", reason="torch is not installed")
    here = run_demo(tmp_path / "here", "--epochs", "1", "--device", "cpu")
    there = run_demo(tmp_path / "there", "--epochs", "1", "--device", device)
    assert there["device"] == device
    assert there["history"]["train_loss"] == pytest.approx(here["history"]["train_loss"], rel=1e-3)


@needs_extras
@pytest.mark.gpu
def test_demo_reaches_97_percent_on_cuda(tmp_path: Path) -> None:
    reason = problem("cuda")
    if reason is not None:
        pytest.skip(reason)
    metrics = run_demo(tmp_path, "--device", "cuda")
    assert metrics["device"] == "cuda:0"
    assert metrics["test_accuracy"] >= 0.97


@needs_extras
def test_demo_repeats_itself(tmp_path: Path) -> None:
    first = run_demo(tmp_path / "1", "--epochs", "2", "--seed", "5", "--device", "cpu")
    second = run_demo(tmp_path / "2", "--epochs", "2", "--seed", "5", "--device", "cpu")
    assert first["history"] == second["history"]


@needs_extras
def test_demo_reads_back_once_per_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xgrad.cli import demo

    home = xg.device("cpu")
    train_set, test_set, rng = demo.load_digits(home, seed=0)
    network = demo.make_network(rng, home)
    reads = []
    original = NumpyBackend.to_numpy

    def counting(self: NumpyBackend, array: Any) -> Any:
        if array.dtype.kind == "f":  # the count of the steps lives on the host
            reads.append(array.shape)
        return original(self, array)

    monkeypatch.setattr(NumpyBackend, "to_numpy", counting)
    demo.train(network, train_set, test_set, rng, epochs=2, batch=500)
    assert reads == [(7,), (7,)]


@needs_extras
@pytest.mark.parametrize("epochs", [1, 30])
def test_picture_is_a_legible_png(tmp_path: Path, epochs: int) -> None:
    run_demo(tmp_path, "--epochs", str(epochs), "--batch-size", "2000")
    png = (tmp_path / "training.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
    assert width >= 1800
    assert height >= 600


@needs_extras
def test_history_has_a_row_per_epoch(tmp_path: Path) -> None:
    metrics = run_demo(tmp_path, "--epochs", "3")
    history = metrics["history"]
    assert {len(column) for column in history.values()} == {3}
    assert {len(row) for row in history["gradient_norms"]} == {3}
    assert min(history["test_loss"]) > metrics["least_loss"]


@needs_extras
def test_least_loss_is_the_entropy_of_a_smoothed_label() -> None:
    from xgrad.cli.demo import _least_loss, cross_entropy

    p = [0.01] * 9 + [0.91]
    scores = xg.asarray([[math.log(x) for x in p]])
    assert float(cross_entropy(scores, xg.asarray([9]))) == pytest.approx(_least_loss(10))


# -- report ----------------------------------------------------------------------------------------


def test_confusion_matrix_counts_true_by_predicted() -> None:
    assert confusion_matrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], 2) == [[1, 1], [1, 2]]


def test_table_is_aligned() -> None:
    metrics = {
        "confusion_matrix": [[12345, 0, 3], [0, 0, 0], [1, 0, 20]],
        "test_accuracy": 0.5,
        "epochs": 1,
        "seconds": 1.0,
        "device": "cpu",
    }
    table = summarize(metrics).split("\n\n")[0].strip("\n").splitlines()
    bars = [[i for i, c in enumerate(line) if c in "|+"] for line in table]
    assert len({tuple(found) for found in bars}) == 1
    assert table[3].endswith("|        -")  # a class without examples has no recall


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")

    def fail(place: Path) -> None:
        place.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# -- bench -------------------------------------------------------------------------------------


def test_bench_prints_a_row_for_each_workload(monkeypatch, capsys):
    from xgrad.cli import bench

    monkeypatch.setattr(bench, "_ROUNDS", 1)
    assert run("bench", "--device", "cpu") == 0
    printed = capsys.readouterr().out
    for workload in bench._WORKLOADS:
        (row,) = [line for line in printed.splitlines() if line.startswith(workload.title)]
        assert all(float(ratio) > 0 for ratio in row.split()[-2:])


def test_bench_runs_on_other_devices(monkeypatch, other_device, capsys):
    from xgrad.cli import bench

    monkeypatch.setattr(bench, "_ROUNDS", 1)
    monkeypatch.setattr(bench, "_WORKLOADS", bench._WORKLOADS[:1])
    assert run("bench", "--device", str(other_device)) == 0
    assert f"on {other_device}" in capsys.readouterr().out


def test_bench_refuses_to_time_what_is_wrong(monkeypatch, capsys):
    from xgrad.cli import bench

    wrong = bench._WORKLOADS[0]._replace(by_hand=lambda ns, x: (ns.sum(x), x * 2.0))
    monkeypatch.setattr(bench, "_WORKLOADS", (wrong,))
    assert run("bench", "--device", "cpu") == 1
    assert "is off by" in capsys.readouterr().err


def test_bench_names_a_device_that_there_is_not(capsys):
    assert run("bench", "--device", "nowhere") == 1
    assert "xgrad bench: error:" in capsys.readouterr().err
