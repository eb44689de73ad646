"""Fixtures for all tests: the devices, their namespaces, and random numbers from a fixed seed.

`XGRAD_TEST_DEVICES=cpu,strict` chooses among cpu, strict, torch, meta and cuda. Of what is chosen
but missing no tests are made, and the last lines say so; `XGRAD_REQUIRE_GPU=1` makes them, and they
fail."""

import importlib.util
import os
import sys

import numpy as np
import pytest

import xgrad as xg

NAMES = {
    "cpu": "cpu",
    "strict": "array_api_strict:device1",
    "torch": "torch:cpu",
    "meta": "torch:meta",
    "cuda": "cuda",
}
CHOSEN = [
    name
    for name in os.environ.get("XGRAD_TEST_DEVICES", ",".join(NAMES)).replace(" ", "").split(",")
    if name
]
if unknown := set(CHOSEN) - set(NAMES):
    raise pytest.UsageError(f"XGRAD_TEST_DEVICES: {unknown} are none of {', '.join(NAMES)}")
LIBRARIES = {"strict": "array_api_strict", "torch": "torch", "meta": "torch", "cuda": "cupy"}
GPU_IS_REQUIRED = os.environ.get("XGRAD_REQUIRE_GPU") == "1"


def _why_missing(name):
    """Why this machine lacks a device, or None; torch, slow to import, is only looked for."""
    library = LIBRARIES.get(name)
    if library and importlib.util.find_spec(library) is None:
        return f"{library} is not installed"
    if name == "cuda":
        try:
            xg.device("cuda")
        except xg.errors.BackendUnavailableError as error:
            return str(error)
    return None


MISSING = {name: reason for name in CHOSEN if (reason := _why_missing(name))}
if GPU_IS_REQUIRED:
    MISSING.pop("cuda", None)


def _parameters(*names):
    marks = {"cuda": [pytest.mark.gpu]}
    return [
        pytest.param(n, id=n, marks=marks.get(n, []))
        for n in names
        if n in CHOSEN and n not in MISSING
    ]


@pytest.fixture(scope="module", autouse=True)
def no_default_graph_is_left():
    """Programs in TensorFlow's spelling have a default graph, which goes on following their values."""
    yield
    graphs = sys.modules.get("xgrad.compat.tensorflow._default_graph")
    if graphs is not None:
        graphs.set_eager(False)


def pytest_terminal_summary(terminalreporter):
    """Say once what thousands of tests would have been skipped for."""
    for name, reason in MISSING.items():
        terminalreporter.write_line(f"NO TESTS on {name}: {reason}")


def _device(name):
    """The device of a short name, or a skip that says why there is none."""
    try:
        return xg.device(NAMES[name])
    except xg.errors.BackendUnavailableError as error:
        return _leave_out(f"{name}: {error}", needs_gpu=name == "cuda")


def _leave_out(reason, *, needs_gpu):
    if needs_gpu and GPU_IS_REQUIRED:
        pytest.fail(f"XGRAD_REQUIRE_GPU=1, but {reason}", pytrace=False)
    return pytest.skip(reason)


def pytest_runtest_setup(item):
    """Skip tests that are marked as needing GPUs where there are not enough, and say why."""
    if item.get_closest_marker("multi_gpu"):
        count = sum(str(d).startswith("cuda") for d in xg.devices())
        if count < 2:
            _leave_out(f"needs two CUDA devices, this machine has {count}", needs_gpu=True)
    elif item.get_closest_marker("gpu"):
        _device("cuda")


@pytest.fixture(params=_parameters("cpu", "strict", "torch", "cuda"))
def device(request):
    """Each device that has values: numpy, array_api_strict's second, torch's, CUDA's."""
    return _device(request.param)


@pytest.fixture(params=_parameters("strict", "torch", "cuda"))
def other_device(request):
    """Each device but numpy's, for comparisons with numpy's."""
    return _device(request.param)


@pytest.fixture(params=_parameters("cpu", "strict", "cuda"))
def few_devices(request):
    """numpy's, where a look may save work, and those where nobody looks and no copy is free."""
    return _device(request.param)


@pytest.fixture(params=_parameters("strict", "cuda"))
def second_device(request):
    """Devices that refuse arrays of the first, so that what forgets `device=` fails on them."""
    return _device(request.param)


@pytest.fixture(params=_parameters("cpu", "strict", "torch", "meta", "cuda"))
def any_device(request):
    """The same and torch's meta, which has no values: whatever reads one back fails there."""
    return _device(request.param)


@pytest.fixture(params=_parameters("meta"))
def meta(request):
    """torch's meta device alone."""
    return _device(request.param)


@pytest.fixture
def xp(device):
    """xgrad's namespace over the library of `device`."""
    return xg.namespace(device.namespace)


@pytest.fixture
def rng():
    """Random numbers, the same in every run."""
    return np.random.default_rng(20240229)
