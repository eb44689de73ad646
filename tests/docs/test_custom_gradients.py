"""docs/custom-gradients.md is a program: it runs and prints what it shows.

Its kernels are tried twice: on a GPU where there is one, and everywhere as C on the host, against
xgrad's own gradients."""

import ctypes
import doctest
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg

PAGE = Path(__file__).parents[2] / "docs" / "custom-gradients.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = list(re.finditer(r"^```(python|pycon|c)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
(SOURCE,) = [block[2] for block in BLOCKS if block[1] == "c"]
NEEDS_GPU = re.compile(r"\b(cupy|cuda)\b")
FLAGS = doctest.ELLIPSIS


def run(blocks):
    """Run blocks in order; return examples failed, examples tried, and the report."""
    names = {"__name__": "custom_gradients", "source": SOURCE}
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    report = []
    for block in blocks:
        line = TEXT[: block.start(2)].count("\n")
        if block[1] == "python":
            exec(compile("\n" * line + block[2], str(PAGE), "exec"), names)
        elif block[1] == "pycon":
            test = doctest.DocTestParser().get_doctest(block[2], {}, PAGE.name, str(PAGE), line)
            test.globs = names
            runner.run(test, out=report.append, clear_globs=False)
    failed, tried = runner.summarize(verbose=False)
    return failed, tried, "".join(report)


def test_page_prints_what_it_shows():
    failed, tried, report = run([b for b in BLOCKS if not NEEDS_GPU.search(b[2])])
    assert failed == 0, report
    assert tried > 15


@pytest.mark.gpu
def test_page_prints_what_it_shows_on_a_gpu():
    failed, _, report = run(BLOCKS)
    assert failed == 0, report


def test_blocks_for_the_gpu_are_python():
    found = [b for b in BLOCKS if b[1] == "python" and NEEDS_GPU.search(b[2])]
    assert found
    for block in found:
        compile(block[2], str(PAGE), "exec")


# -- the kernels, on the host -------------------------------------------------------------------

SHIM = """
#include <math.h>
#define __global__
typedef struct { int x; } index1;
static index1 blockDim, blockIdx, threadIdx;
#define extern_c
"""
EPS2 = 1e-2


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """The two kernels, compiled as C, each as a function that plays all threads."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("kernels")
    text = SHIM + SOURCE.replace('extern "C" ', "") + "\nindex1 *where(int k) {"
    text += "return k == 0 ? &blockDim : k == 1 ? &blockIdx : &threadIdx; }\n"
    (folder / "kernels.c").write_text(text)
    library = folder / "kernels.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library)]
    subprocess.run([*command, str(folder / "kernels.c"), "-lm"], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.where.restype = ctypes.POINTER(ctypes.c_int)

    def launch(name, n, *arguments):
        given = [
            a.ctypes.data_as(ctypes.c_void_p)
            if isinstance(a, np.ndarray)
            else (ctypes.c_int(a) if isinstance(a, int) else ctypes.c_double(a))
            for a in arguments
        ]
        loaded.where(0)[0] = 4
        for block in range((n + 3) // 4):
            for thread in range(4):
                loaded.where(1)[0], loaded.where(2)[0] = block, thread
                getattr(loaded, name)(*given)

    return launch


def reference(x, m):
    """The same with array functions."""
    apart = xg.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=-1) + EPS2
    weights = m * (1 - xg.eye(m.shape[0]))
    return -xg.sum(weights / xg.sqrt(apart), axis=1)


def test_kernels_agree_with_the_gradients_of_array_functions(kernels, rng):
    n = 10
    x, m, weight = rng.normal(size=(n, 3)), rng.uniform(1, 2, n), rng.normal(size=n)

    @xg.custom_gradient
    def potential(x, m):
        phi = np.empty(n)
        kernels("potential", n, x.array, m.array, n, EPS2, phi)

        def rule(g):
            gx, gm = np.empty((n, 3)), np.empty(n)
            kernels("potential_pull", n, x.array, m.array, g.numpy(), n, EPS2, gx, gm)
            return gx, gm

        return phi, rule

    np.testing.assert_allclose(potential(x, m).numpy(), reference(x, xg.asarray(m)).numpy())
    for found, expected in zip(
        xg.grad(lambda x, m: xg.sum(weight * potential(x, m)), (0, 1))(x, m),
        xg.grad(lambda x, m: xg.sum(weight * reference(x, m)), (0, 1))(x, m),
        strict=True,
    ):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-10)


def test_names_of_xgrad_that_are_mentioned_exist():
    for dotted in set(re.findall(r"\bxg\.([A-Za-z_][\w.]*)", TEXT)):
        found = xg
        for name in dotted.rstrip(".").split("."):
            found = getattr(found, name)
