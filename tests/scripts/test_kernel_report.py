"""scripts/kernel_report.py: every kernel is on the page, and compiles where NVRTC is installed."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from xgrad.backends.cupy_raw import OPTIONS

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "kernel_report.py"
PAGE = (ROOT / "docs" / "gpu" / "kernels.md").read_text()


@pytest.fixture(scope="module")
def report():
    spec = importlib.util.spec_from_file_location("kernel_report", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["kernel_report"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["kernel_report"]


def test_the_page_lists_every_kernel(report):
    listed = re.findall(r"^\| `(.+?)` \| (\S+) \| (sm_\d+) ", PAGE, re.MULTILINE)
    made = [(k.name, k.dtype, a) for k in report.kernels() for a in report.ARCHITECTURES]
    assert listed == made


def test_nothing_is_spilled():
    rows = re.findall(r"^\| `.+? \| \d+ \| \d+ \| (\d+) \|", PAGE, re.MULTILINE)
    assert len(rows) > 50
    assert set(rows) == {"0"}


@pytest.fixture
def nvrtc():
    pytest.importorskip("cupy", reason="cupy is not installed")
    from cupy.cuda import nvrtc

    try:
        nvrtc.getVersion()
    except Exception as error:  # noqa: BLE001 - cupy raises what the loader of libraries raises
        pytest.skip(f"NVRTC is not installed: {str(error).splitlines()[0]}")
    return nvrtc


@pytest.mark.parametrize(("kind", "load"), [("float", "v4.f32"), ("double", "v2.f64")])
def test_sums_load_16_bytes_at_once(nvrtc, report, kind, load):
    name = "kernel 1 of the sum of exp(x) ** 2"
    (kernel,) = [k for k in report.kernels() if (k.name, k.dtype) == (name, kind)]
    program = nvrtc.createProgram(kernel.text, "xgrad.cu", [], [])
    nvrtc.compileProgram(program, ["--gpu-architecture=compute_90", "-default-device"])
    assert f"ld.global.nc.{load}" in nvrtc.getPTX(program).decode()


@pytest.mark.parametrize(("flags", "count"), [((), 0), (OPTIONS, 2)], ids=["CUDA's own", "ours"])
def test_products_are_rounded_before_they_are_added_to(nvrtc, flags, count):
    """What is not said to be rounded becomes one fma: the root below is NaN where x is y."""
    text = """extern "C" __global__ void f(const float* x, const float* y, float* z) {
        z[0] = sqrtf(x[0] * x[0] - y[0] * y[0]); }"""
    program = nvrtc.createProgram(text, "xgrad.cu", [], [])
    nvrtc.compileProgram(program, ["--gpu-architecture=compute_90", *flags])
    assert nvrtc.getPTX(program).decode().count("mul.rn.f32") == count


@pytest.mark.usefixtures("nvrtc")
def test_every_kernel_compiles():
    done = subprocess.run(
        [sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| `xgrad_log_softmax` | float | sm_90 |" in done.stdout
