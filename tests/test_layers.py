"""Imports go downward only, and array libraries are named in one place."""

import ast
import pathlib

import pytest

import xgrad as xg

ROOT = pathlib.Path(xg.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

# From the bottom to the top; what stands on one line is one layer, whose packages do not import
# each other.
LAYERS = [
    ["errors", "_typing", "_speedups"],
    ["_arguments", "_elsewhere"],
    ["tree", "backends", "_atomic", "_event_records"],
    ["core"],
    ["rules"],
    ["ops"],
    ["batching"],
    ["fft", "linalg", "special"],
    ["interpreters"],
    ["transforms", "compile"],
    ["random"],
    ["optimizers", "nn", "data", "summary", "viz", "testing", "debugging", "distributed", "cuda"],
    ["saving"],
    ["cli"],
    ["compat"],  # programs on top of xgrad, in other libraries' spelling
    ["__main__"],
]
LEVEL = {name: number for number, layer in enumerate(LAYERS) for name in layer}
# Interpreters do not know each other: the tape and forward mode share the other files only.
TAPE = {
    "graph_gradients",
    "tape",
    "gradients",
    "explain",
    "causes",
    "seeing",
    "matrices",
    "jacobian",
}
FORWARD = {"forward", "transpose"}

LIBRARIES = {"numpy", "cupy", "cupyx", "torch", "jax", "dask", "scipy"}
LIBRARIES |= {"array_api_compat", "array_api_strict"}
# `xgrad info` asks every library for its version.
REPORTS = {ROOT / "cli" / "info.py"}


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports(path):
    """The modules of xgrad that a file imports, as tuples of names, and all others by name."""
    package = name_of(path) if path.name == "__init__.py" else name_of(path)[:-1]
    own, others = set(), set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                own.add(tuple(parts[1:])) if parts[0] == "xgrad" else others.add(tuple(parts))
        elif isinstance(node, ast.ImportFrom):
            stem = node.module.split(".") if node.module else []
            if node.level:
                base = (*package[: len(package) - node.level + 1], *stem)
                if stem:
                    own.add(base)
                else:
                    own.update((*base, alias.name) for alias in node.names)
            elif stem[0] == "xgrad":
                own.add(tuple(stem[1:]))
            else:
                others.add(tuple(stem))
    return own, others


def strings(path):
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    }


def shown(path):
    return ".".join(name_of(path)) or "xgrad"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_imports_go_downward(path):
    me = name_of(path)
    if not me:
        return  # the package itself lists everything
    assert me[0] in LEVEL, f"say in LAYERS where {me[0]} belongs"
    for other in imports(path)[0]:
        if not other:
            assert LEVEL[me[0]] >= LEVEL["cli"], "only the command line imports the whole package"
        elif other[0] == me[0]:
            if me[0] == "interpreters" and len(me) > 1 and len(other) > 1:
                both = {me[1], other[1]}
                assert not (both & TAPE and both & FORWARD), "no interpreter imports another"
        else:
            assert LEVEL[other[0]] < LEVEL[me[0]], f"{'.'.join(me)} imports {other[0]}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if name_of(p)[:1] != ("backends",) and p not in REPORTS], ids=shown
)
def test_array_libraries_are_imported_in_backends_only(path):
    assert not {name[0] for name in imports(path)[1]} & LIBRARIES
    assert not strings(path) & LIBRARIES


@pytest.mark.parametrize(
    "path", [path for path in MODULES if name_of(path)[:1] == ("rules",)], ids=shown
)
def test_rules_know_neither_arrays_nor_tensors(path):
    own, others = imports(path)
    allowed = {("core", "instructions"), ("core", "primitive"), ("_typing",)}
    assert {name for name in own if name[0] != "rules"} <= allowed
    assert {name[0] for name in others} <= {
        "__future__",
        "collections",
        "functools",
        "math",
        "typing",
    }
    names = {
        node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)
    }
    assert not names & {"Tensor", "Variable", "numpy", "np"}


def test_the_layers_have_no_file_that_is_nowhere():
    assert {name_of(path)[0] for path in MODULES if name_of(path)} <= set(LEVEL)
