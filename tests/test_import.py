"""What `import xgrad` brings, and what it leaves alone."""

import ast
import importlib
import inspect
import operator
import pathlib
import re
import subprocess
import sys

import pytest

import xgrad as xg
from xgrad import _elsewhere
from xgrad.ops.numpy_functions.dispatch import function_named

FORBIDDEN = ["scipy", "cupy", "torch", "jax", "matplotlib", "dask", "sklearn", "tqdm", "sparse"]
FORBIDDEN += ["tensorboard", "tensorboardX", "array_api_strict", "safetensors"]
FORBIDDEN += [f"array_api_compat.{name}" for name in ("cupy", "torch", "dask")]

# Of the contract: what the foundations cover.
CONTRACT = [
    *("Tensor", "Variable", "Device", "GradientTape", "UnconnectedGradients", "errors", "tree"),
    *("asarray", "constant", "convert_to_tensor", "namespace", "array_namespace", "optimizers"),
    *("device", "devices", "default_device", "set_default_device", "default_dtype"),
    *("set_default_dtype", "stop_gradient", "scatter", "where", "clip"),
]


def python(code):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_import_brings_no_other_library():
    loaded = python(
        "import sys, numpy; before = set(sys.modules); import xgrad; "
        "print(*sorted(set(sys.modules) - before))"
    ).split()
    found = [name for name in loaded if any((name + ".").startswith(f + ".") for f in FORBIDDEN)]
    assert found == []
    assert "xgrad.core.tensor" in loaded


def test_using_numpy_tensors_brings_no_other_library_either():
    loaded = python(
        "import sys, numpy as np, xgrad as xg\n"
        "v = xg.Variable([1.0, 2.0])\n"
        "with xg.GradientTape() as tape: y = np.sum(v**2)\n"
        "tape.gradient(y, v); repr(v); xg.tree.leaves([v])\n"
        "print(*sys.modules)"
    ).split()
    assert [name for name in loaded if name.split(".")[0] in FORBIDDEN] == []


def test_import_leaves_what_not_everybody_needs():
    loaded = python("import sys, xgrad; print(*sys.modules)").split()
    rest = ("batching", "compile", "fft", "linalg", "optimizers", "special", "transforms.vmap")
    assert [name for name in rest if f"xgrad.{name}" in loaded] == []


def test_names_that_come_later_are_those_that_type_checkers_see():
    block = next(
        node
        for node in ast.parse(inspect.getsource(xg)).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen = {f".{s.module or ''}": [alias.name for alias in s.names] for s in block.body}
    assert seen.pop(".") == list(xg._MODULES)
    assert seen == {home: names.split() for home, names in xg._LATER.items()}


ROOT = pathlib.Path(xg.__file__).parent


def primitives_applied_in(path):
    return {
        call.args[0].value
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) in ("primitive", "single", "double", "triple")
        and isinstance(call.args[0], ast.Constant)
    }


APPLYING = {
    ".".join(("xgrad", *path.relative_to(ROOT).with_suffix("").parts)): names
    for path in sorted(ROOT.rglob("*.py"))
    if "rules" not in path.parts and (names := primitives_applied_in(path))
}


def test_whoever_applies_a_primitive_brings_its_rules():
    """Each module in a process of its own, forked from one that has loaded the core only."""
    code = f"""
import importlib, os, sys
import xgrad
from xgrad.core.instructions import primitive
for module, names in {APPLYING!r}.items():
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        importlib.import_module(module)
        for name in sorted(names):
            if not primitive(name).rules and not primitive(name).reason:
                print(module, name)
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, module
"""
    assert len(APPLYING) > 30
    assert python(code) == ""


def test_import_writes_nothing():
    assert python("import xgrad") == ""


def test_submodules_can_be_imported_first():
    for name in (
        "xgrad.errors",
        "xgrad.core.tensor",
        "xgrad.ops.arithmetic",
        "xgrad.interpreters.tape",
    ):
        python(f"import {name}")


def test_all_names_exist():
    missing = [name for name in xg.__all__ if not hasattr(xg, name)]
    assert missing == []
    assert len(set(xg.__all__)) == len(xg.__all__)


def test_star_import_gives_what_all_lists():
    names = {}
    exec("from xgrad import *", names)
    assert set(xg.__all__) <= set(names)


@pytest.mark.parametrize("name", CONTRACT)
def test_names_of_the_contract_are_public(name):
    assert name in xg.__all__


def test_names_below_modules():
    for name in ("map", "flatten", "unflatten", "leaves"):
        assert callable(getattr(xg.tree, name))
    assert issubclass(xg.errors.ShapeError, xg.errors.XgradError)
    assert callable(xg.optimizers.SGD)


def test_version_is_the_packages():
    importlib_metadata = pytest.importorskip("importlib.metadata")
    try:
        expected = importlib_metadata.version("xgrad")
    except importlib_metadata.PackageNotFoundError:
        pytest.skip("xgrad is not installed, only on the path")
    assert xg.__version__ == expected


def test_what_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'xgrad' has no attribute 'no_such_name'$"):
        xg.no_such_name  # noqa: B018


@pytest.mark.parametrize(
    ("module", "name", "advice"),
    [
        (xg, "reduce_sum", "xg.sum"),
        (xg, "jit", "xg.function"),
        (xg.nn, "conv2d", "xg.nn.conv, along any number of axes"),
        (xg.random, "PRNGKey", "xg.random.Generator, which has a state"),
        (xg.fft, "fft2", r"xg.fft.fftn with axes=\(-2, -1\)"),
        (xg.linalg, "logdet", "xg.linalg.slogdet"),
    ],
)
def test_names_of_other_libraries_say_what_to_use(module, name, advice):
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}'\. Use {advice}\.$"):
        getattr(module, name)


def test_advice_names_what_there_is():
    """And only names that are missing have any."""
    for module, table in _elsewhere._TABLES.items():
        for line in filter(None, map(str.strip, table.split("\n"))):
            advice, _, names = line.rpartition(": ")
            assert advice, line
            for place in re.findall(r"\bxg((?:\.\w+)+)", advice):
                operator.attrgetter(place[1:])(xg)
            for function in re.findall(r"\bnp\.(\w+)", advice):
                assert callable(function_named(function))
            for name in names.split():
                assert not hasattr(importlib.import_module(module), name), name


def test_the_types_ship():
    assert (pathlib.Path(xg.__file__).parent / "py.typed").exists()
