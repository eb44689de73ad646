"""Completeness: every primitive has rules or a reason, a case in the table, and a documented name."""

import ast
import inspect
import operator
from pathlib import Path

import numpy as np
import pytest
from cases import CASES, arguments, complex_arguments
from numerical import as_tuple

import xgrad as xg
from xgrad.core.instructions import PRIMITIVES
from xgrad.core.node import Cut
from xgrad.core.primitive import Kind, Refusal

RULES = Path(xg.rules.__file__).parent
MODULES = sorted(RULES.glob("*.py"))
DIFFERENTIABLE = [p for p in PRIMITIVES.values() if p.kind is not Kind.CONSTANT]
CONSTANT = [p for p in PRIMITIVES.values() if p.kind is Kind.CONSTANT]
EXTENSIONS = ["fft", "linalg", "special"]
FUNCTIONS = [
    name
    for name in xg.__all__
    if callable(getattr(xg, name)) and getattr(xg, name).__module__.startswith("xgrad.")
]
FUNCTIONS += [f"{e}.{name}" for e in EXTENSIONS for name in getattr(xg, e).__all__]
# Operands that say where or which, not how much.
NOT_FOLLOWED = {"condition", "indices"}


def public(name):
    """The function of a name such as ``sin`` or ``fft.rfft``."""
    return operator.attrgetter(name)(xg)


def by_name(value):
    return getattr(value, "name", None)


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=by_name)
def test_every_operand_has_a_rule(primitive):
    assert set(primitive.rules) == set(primitive.operands) - NOT_FOLLOWED


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=by_name)
def test_what_has_rules_has_no_reason_for_having_none(primitive):
    assert primitive.reason is None


@pytest.mark.parametrize("primitive", CONSTANT, ids=by_name)
def test_every_constant_has_a_reason_and_no_rule(primitive):
    assert primitive.reason
    assert not primitive.rules


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=by_name)
def test_rules_name_only_operands_outputs_and_parameters(primitive):
    names = {"xp", *primitive.operands, *primitive.parameters, "y", "y_spec"}
    names |= {f"{operand}_spec" for operand in primitive.operands}
    for rule in primitive.rules.values():
        _, cotangent, *others = inspect.signature(rule).parameters
        assert cotangent in ("g", "c")
        assert set(others) <= names


# -- the table of cases ------------------------------------------------------------------------


def followed_operands(case):
    """The pairs of primitive and operand whose rules the gradient of a case calls."""
    rng = np.random.default_rng(0)
    xs = [xg.asarray(x) for x in arguments(case, rng)]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        ys = as_tuple(case.f(xg.namespace(np), *xs))
    found = set()
    stack = [y.node for y in ys]
    seen = set()
    while stack:
        node = stack.pop()
        if node is None or type(node) is Cut or node in seen:
            continue
        seen.add(node)
        stack.extend(node.parents)
        if node.primitive is not None:
            operands = node.primitive.operands
            for call in node.plan.calls:
                found.add((node.primitive.name, operands[call.operand]))
    return found


@pytest.fixture(scope="module")
def covered():
    return set().union(*map(followed_operands, CASES))


@pytest.mark.parametrize(
    ("name", "operand"),
    [(p.name, operand) for p in DIFFERENTIABLE for operand in p.rules],
    ids=lambda value: value,
)
def test_every_rule_is_called_by_a_case(name, operand, covered):
    if (name, operand) == ("zero_where_zero", "g"):
        pytest.skip("its gradient is zero, so nothing need be followed through it")
    if isinstance(PRIMITIVES[name].rules[operand], Refusal):
        pytest.skip("it refuses to be recorded")
    assert (name, operand) in covered


def gradients_on(case, device):
    given = (complex_arguments if case.complex else arguments)(case, np.random.default_rng(0))
    xs = [xg.asarray(x, device=device) for x in given]
    with xg.GradientTape() as tape:
        tape.watch(xs)
        ys = as_tuple(case.f(xg.namespace(device.namespace), *xs))
    return tape.gradient(ys, xs, [xg.ones_like(y) for y in ys])


@pytest.mark.parametrize("case", [c for c in CASES if "strict" in c.without], ids=by_name)
def test_what_the_strict_namespace_is_left_out_of_fails_there(case):
    pytest.importorskip("array_api_strict", reason="strict: array_api_strict is not installed")
    with pytest.raises((IndexError, xg.errors.DTypeError)):
        gradients_on(case, xg.device("array_api_strict:device1"))


@pytest.mark.parametrize("case", [c for c in CASES if "meta" in c.without], ids=by_name)
def test_what_meta_is_left_out_of_fails_there(case):
    pytest.importorskip("torch", reason="meta: torch is not installed")
    with pytest.raises((RuntimeError, NotImplementedError, xg.errors.XgradError)):
        gradients_on(case, xg.device("torch:meta"))


# Public functions without a gradient of their own: made from nothing, integer, boolean, or flat.
WITHOUT_GRADIENT = set(
    """
    array_namespace namespace
    arange empty empty_like eye from_dlpack linspace ones ones_like zeros zeros_like
    can_cast finfo iinfo isdtype result_type broadcast_shapes
    special.gammasgn
    ceil floor floor_divide nextafter round signbit trunc stop_gradient
    equal greater greater_equal isfinite isinf isnan less less_equal not_equal
    bitwise_and bitwise_invert bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor
    logical_and logical_not logical_or logical_xor all any argmax argmin argsort count_nonzero
    isin linalg.matrix_rank nonzero searchsorted""".split()  # noqa: SIM905
)


OPERATIONS = {n for n in FUNCTIONS if public(n).__module__.startswith("xgrad.ops.")}


@pytest.mark.parametrize("name", sorted(OPERATIONS - WITHOUT_GRADIENT))
def test_every_public_function_has_a_case(name):
    assert any(case.name.split("/")[0] == name for case in CASES)


# -- documentation -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_name_has_a_docstring_with_an_example(name):
    documentation = inspect.getdoc(public(name))
    assert documentation
    if name not in {"Device", "Tensor", "UnconnectedGradients"}:
        assert ">>> " in documentation


# -- what rules may know -----------------------------------------------------------------------


def imported_names(path):
    """Every module and every name that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_rules_import_no_array_library_and_no_tensor(path):
    found = {part for name in imported_names(path) for part in name.split(".")}
    assert not found & {"numpy", "cupy", "torch", "jax", "array_api_compat", "Tensor", "backends"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_rules_create_no_arrays_and_ask_for_no_types(path):
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    }
    assert not called & {"asarray", "zeros", "ones", "full", "arange", "item", "float"}
