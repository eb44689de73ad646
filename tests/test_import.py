"""What `import xgrad` brings, and what it leaves alone."""

import ast
import inspect
import pathlib
import subprocess
import sys

import pytest

import xgrad as xg

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
    with pytest.raises(AttributeError, match="module 'xgrad' has no attribute 'reduce_sum'"):
        xg.reduce_sum  # noqa: B018


def test_the_types_ship():
    assert (pathlib.Path(xg.__file__).parent / "py.typed").exists()
