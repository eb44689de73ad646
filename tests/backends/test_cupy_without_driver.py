"""cupy without a driver: every way to a GPU says what is missing, and everything else works.

Runs where cupy is installed and finds no device, such as a CI machine with the extra cuda13."""

import importlib
import inspect
import json
import operator
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg
from xgrad.cli import main

cupy = pytest.importorskip("cupy", reason="cupy is not installed")

pytestmark = pytest.mark.skipif(
    cupy.cuda.is_available(), reason="there is a CUDA device, so nothing is missing"
)

WAYS = {
    "device": lambda: xg.device("cuda"),
    "device:0": lambda: xg.device("cuda:0"),
    "zeros": lambda: xg.zeros(2, device="cuda"),
    "ones": lambda: xg.ones(2, device="cuda"),
    "full": lambda: xg.full(2, 1.0, device="cuda"),
    "arange": lambda: xg.arange(2, device="cuda:0"),
    "eye": lambda: xg.eye(2, device="cuda"),
    "linspace": lambda: xg.linspace(0, 1, 2, device="cuda"),
    "asarray": lambda: xg.asarray([1.0], device="cuda"),
    "constant": lambda: xg.constant(1.0, device="cuda"),
    "Variable": lambda: xg.Variable([1.0], device="cuda"),
    "GradientTape": lambda: xg.GradientTape(device="cuda"),
    "Generator": lambda: xg.random.Generator(0, device="cuda"),
    "to_device": lambda: xg.ones(2).to_device("cuda"),
    "set_default_device": lambda: xg.set_default_device("cuda"),
    "namespace": lambda: xg.namespace("cupy").ones(2),
    "fftfreq": lambda: xg.fft.fftfreq(4, device="cuda"),
    "memory": lambda: xg.cuda.memory("cuda"),
    "prefetch": lambda: next(xg.cuda.prefetch([np.ones(2)], device="cuda")),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_missing_is_said(way):
    with pytest.raises(xg.errors.BackendUnavailableError) as caught:
        WAYS[way]()
    text = str(caught.value)
    assert text.startswith(f"cuda: cupy {cupy.__version__} is installed, but no CUDA device")
    assert "Use a machine with an NVIDIA GPU and driver, or the device cpu." in text


def test_a_cache_that_cannot_be_written_is_said():
    """cupy makes its folder for kernels when it is imported."""
    code = "import xgrad as xg\ntry: xg.device('cuda')\nexcept xg.errors.XgradError as e: print(e)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "CUPY_CACHE_DIR": f"{os.devnull}/cupy"},
    )  # fmt: skip
    assert "cupy cannot be imported (NotADirectoryError" in done.stdout
    assert "CUPY_CACHE_DIR" in done.stdout


def test_devices_are_those_that_work():
    assert xg.devices() == [xg.device("cpu")]


def test_settings_wait_for_a_gpu():
    xg.cuda.set_matmul_precision("high")
    xg.cuda.set_matmul_precision("highest")


def test_the_rest_works():
    x = xg.asarray([1.0, 2.0])
    np.testing.assert_allclose(xg.grad(lambda x: xg.sum(x * x))(x).numpy(), [2.0, 4.0])


def test_the_check_fails_with_one_line(capsys):
    assert main(["check", "--device", "cuda"]) == 1
    text = capsys.readouterr().err
    assert "no CUDA device can be used" in text
    assert len(text.splitlines()) == 1


def test_the_demo_fails_with_one_line(capsys):
    for library in ("sklearn", "matplotlib", "tqdm"):
        pytest.importorskip(library, reason=f"{library} is not installed")
    with pytest.raises(SystemExit) as caught:
        main(["demo", "--device", "cuda"])
    assert caught.value.code == 2
    text = capsys.readouterr().err
    assert "no CUDA device can be used" in text
    assert len(text.splitlines()) == 1


def test_info_says_why(capsys):
    assert main(["info"]) == 0
    assert "not usable: cuda: cupy" in capsys.readouterr().out


# What the backend asks cupy for beyond the namespace; some of it is private, and may move.
USED = [
    *("cupy.ElementwiseKernel", "cupy.RawKernel", "cupy.get_default_memory_pool", "cupy.empty"),
    *("cupy.cuda.Device", "cupy.cuda.Event.done", "cupy.cuda.Stream.record"),
    *("cupy.cuda.Stream.wait_event", "cupy.cuda.get_current_stream", "cupy.cuda.is_available"),
    *("cupy.cuda.runtime.getDevice", "cupy.cuda.runtime.getDeviceCount"),
    *("cupy.ndarray.set", "cupy.ndarray.get", "cupy.ndarray.data", "cupy.add.at"),
    *("cupy.random.Philox4x3210", "cupy.random.Generator", "cupyx.empty_pinned"),
    "cupy.cuda.pinned_memory._add_to_watch_list",
    *("cupy._core._routines_linalg.set_compute_type",),
    *("cupy._core._routines_linalg.COMPUTE_TYPE_DEFAULT",),
    *("cupy._core._routines_linalg.COMPUTE_TYPE_TF32",),
]


@pytest.mark.parametrize("path", USED)
def test_what_the_backend_asks_cupy_for_is_there(path):
    library, _, names = path.partition(".")
    operator.attrgetter(names)(importlib.import_module(library))


# -- the list of cupy's functions that the stand-in is made from -----------------------------------


def _text(function):
    """The signature as cupy_api.json writes it."""
    if isinstance(function, cupy.ufunc):
        return "ufunc"
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return "?"
    kinds = inspect.Parameter
    found, keywords = [], False
    parameters = list(signature.parameters.values())
    for i, p in enumerate(parameters):
        if p.kind is kinds.KEYWORD_ONLY and not keywords:
            found.append("*")
        keywords = keywords or p.kind in (kinds.KEYWORD_ONLY, kinds.VAR_POSITIONAL)
        star = {kinds.VAR_POSITIONAL: "*", kinds.VAR_KEYWORD: "**"}.get(p.kind, "")
        found.append(f"{star}{p.name}{'' if p.default is p.empty else '='}")
        following = parameters[i + 1].kind if i + 1 < len(parameters) else None
        if p.kind is kinds.POSITIONAL_ONLY and following is not kinds.POSITIONAL_ONLY:
            found.append("/")
    return ", ".join(found)


@pytest.mark.skipif(not cupy.__version__.startswith("14.2"), reason="the list is of cupy 14.2")
@pytest.mark.parametrize("module", ["cupy", "cupy.linalg", "cupy.fft"])
def test_the_stand_in_has_the_signatures_of_the_real_one(module):
    listed = json.loads((Path(__file__).parent / "cupy_api.json").read_text())[module]
    real = cupy if module == "cupy" else getattr(cupy, module.partition(".")[2])
    assert {name: _text(getattr(real, name)) for name in listed} == listed


# -- bfloat16 --------------------------------------------------------------------------------------


def _knows_bfloat16(path):
    library, _, names = path.rpartition(".")
    return any("E" in text for text in getattr(importlib.import_module(library), names).types)


ELEMENTWISE = """abs acos acosh add asin asinh atan atan2 atanh ceil conj copysign cos cosh divide equal exp
expm1 floor floor_divide greater greater_equal hypot isfinite isinf isnan less less_equal log log10 log1p
log2 logaddexp logical_and logical_or maximum minimum multiply negative nextafter not_equal positive pow
reciprocal remainder rint sign signbit sin sinh sqrt square subtract tan tanh trunc"""


@pytest.mark.parametrize("name", ELEMENTWISE.split())
def test_ufuncs_have_bfloat16(name):
    pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    assert _knows_bfloat16(f"cupy.{name}")


@pytest.mark.parametrize(
    "path", ["cupy._sorting.search._where_ufunc", "cupy._core._routines_math._clip"]
)
def test_where_and_clip_have_no_bfloat16(path):
    """When this fails, cupy_halves.py and the stand-in may forget about them."""
    pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    assert not _knows_bfloat16(path)
