"""test_cuda.py on the stand-in for cupy, so that a GPU's first minutes do not go into its mistakes.

Left out is what only a GPU has, or what takes the stand-in minutes: a thread of the CPU for each of CUDA's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from host_kernels import COMPILER

TESTS = Path(__file__).resolve().parents[1]
CHOSEN = "captured or factor or nothing_waits or prefetched or tf32 or memory_goes_back_when"
SCRIPT = """
import importlib.machinery, sys
import pytest
from cupy_stand_in import stand_in

with stand_in(1):
    for name in [n for n in sys.modules if n.startswith("cupy")]:
        sys.modules[name].__spec__ = importlib.machinery.ModuleSpec(name, None)
    sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")
def test_the_tests_for_a_gpu_pass_on_the_stand_in():
    paths = [TESTS, TESTS.parent / "src"]
    options = ["-q", "-p", "no:cacheprovider", "--no-showlocals", "-k", CHOSEN]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *options, "tests/backends/test_cuda.py"],
        cwd=TESTS.parent, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)),
             "XGRAD_TEST_DEVICES": "cuda", "XGRAD_REQUIRE_GPU": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed, " in done.stdout
    assert "skipped" not in done.stdout
