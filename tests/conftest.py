"""Fixtures for all tests: the devices, their namespaces, and random numbers from a fixed seed.

`XGRAD_TEST_DEVICES=cpu,strict` chooses among cpu, strict, torch, meta and cuda; what is chosen but
missing skips and says why, unless `XGRAD_REQUIRE_GPU=1` makes a failure of it."""

import os

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


def _parameters(*names):
    marks = {"cuda": [pytest.mark.gpu]}
    return [pytest.param(n, id=n, marks=marks.get(n, [])) for n in names if n in CHOSEN]


def _device(name):
    """The device of a short name, or a skip that says why there is none."""
    try:
        return xg.device(NAMES[name])
    except xg.errors.BackendUnavailableError as error:
        reason = str(error)
        library = {"strict": "array_api_strict", "meta": "torch", "cuda": "cupy"}.get(name, name)
        if "is not installed" in reason:
            reason = f"{name}: {library} is not installed"
        return _leave_out(reason, needs_gpu=name == "cuda")


def _leave_out(reason, *, needs_gpu):
    if needs_gpu and os.environ.get("XGRAD_REQUIRE_GPU") == "1":
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
