"""The compiled hot paths leave behind what those in Python do, and say the same where they refuse."""

import contextlib
import copy
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

import xgrad as xg
from xgrad._speedups import COMPILED, compiled
from xgrad.core import dispatch
from xgrad.core.casting import is_inexact
from xgrad.core.instructions import primitive
from xgrad.core.node import Cut
from xgrad.core.observers import show_line, state
from xgrad.interpreters import backward
from xgrad.ops import arithmetic, exponential, logic, trigonometric

ROOT = pathlib.Path(__file__).resolve().parents[2]

needs_them = pytest.mark.skipif(
    not all(map(compiled, COMPILED)),
    reason="the hot paths were not compiled here (hatch_build.py), or XGRAD_SPEEDUPS=0",
)
pytestmark = needs_them


def hook():
    """hatch_build.py, which is no module of the package."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", COMPILED)
def test_what_is_compiled_is_the_source_of_now(name):
    pytest.importorskip("hatchling")
    source = hook().source_of(f"{name.replace('.', '/')}.c")
    assert source == compiled(name).SOURCE, "old: run `pip install -e .` once more"


def test_all_that_is_compiled_counts():
    """A header that `source_of` did not read could change without anybody noticing."""
    pytest.importorskip("hatchling")
    found, waiting = set(), [ROOT / "src" / name for name in hook().SOURCES]
    while waiting:
        path = waiting.pop()
        for included in re.findall(r'^#include "(.*)"$', path.read_text("utf-8"), re.MULTILINE):
            header = (path.parent / included).resolve()
            if header not in found:
                found.add(header)
                waiting.append(header)
    assert found == {ROOT / "src" / name for name in hook().HEADERS}


@pytest.mark.parametrize("name", COMPILED)
def test_the_oldest_numpys_interface_is_enough(name):
    """Without the word for it, headers of NumPy 2.1 hide what others show, and the module cannot be loaded."""
    text = (ROOT / "src" / f"{name.replace('.', '/')}.c").read_text("utf-8")
    if "numpy/arrayobject.h" in text:
        before = text[: text.index("numpy/arrayobject.h")]
        assert "#define NPY_TARGET_VERSION NPY_2_0_API_VERSION\n" in before


def test_they_are_used():
    assert type(xg.Tensor.__mul__).__name__ == "Operation"
    assert type(trigonometric._tanh).__name__ == "Operation"
    assert backward._compiled is not None


# -- operations ----------------------------------------------------------------------------------

UNARY = {
    "tanh": trigonometric._tanh,  # keeps the result
    "sin": trigonometric._sin,  # keeps the operand
    "negative": arithmetic._negative,  # keeps nothing
    "abs": arithmetic._abs,  # keeps more than that
    "logical_not": logic._logical_not,  # no derivative
}
BINARY = {
    "add": arithmetic._add,
    "multiply": arithmetic._multiply,
    "divide": arithmetic._divide,
    "atan2": trigonometric._atan2,
    "logaddexp": exponential._logaddexp,
    "matmul": xg.Tensor.__matmul__,
    "rsub": xg.Tensor.__rsub__,
    "rtruediv": xg.Tensor.__rtruediv__,
    "less": xg.Tensor.__lt__,
}


def array(dtype="float64", shape=(2, 2)):
    return np.asarray(np.linspace(0.5, 1.5, int(np.prod(shape))).reshape(shape), dtype)


def cut():
    """A gradient, which leads nowhere; and what was computed from a followed value out of sight."""
    x = xg.Variable(array())
    with xg.GradientTape() as tape:
        y = xg.sum(x * x)
    return tape.gradient(y, x)


def make(kind):
    match kind:
        case "plain":
            return xg.asarray(array())
        case "float32":
            return xg.asarray(array("float32"))
        case "integers":
            return xg.asarray(array("int64"))
        case "no axes":
            return xg.asarray(array(shape=()))
        case "row":
            return xg.asarray(array(shape=(1, 2)))
        case "variable":
            return xg.Variable(array())
        case "untrainable":
            return xg.Variable(array(), trainable=False)
        case "gradient":
            return cut()
        case "out of sight":
            return xg.Variable(array()) * 2.0
        case "ndarray":
            return array()
        case "strict":
            strict = pytest.importorskip("array_api_strict")
            return xg.asarray(strict.asarray(array()))
    return kind  # a number


KINDS = ["plain", "float32", "integers", "no axes", "row", "variable", "untrainable", "gradient"]
KINDS += ["out of sight", "ndarray", "strict"]
NUMBERS = [2.0, 3, 0.0, 0, True, 2j, float("inf"), float("nan"), 1e300, -1.5, "text", None]


def outcome(function, operands, tape):
    """What a call gives or raises, and how many nodes the tape keeps more."""
    count = len(tape.nodes) if tape else 0
    try:
        with np.errstate(all="ignore"):
            y = function(*operands)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        cause = None if error.__cause__ is error else error.__cause__
        return type(error), str(error), type(cause)
    if y is NotImplemented:
        return y
    kept = len(tape.nodes) - count if tape else 0
    assert type(y) is xg.Tensor
    found = [type(y.array), str(y.dtype), y.shape, y.numpy().tobytes(), kept]
    node = y.node
    if node is None:
        return found
    found += [type(node), node.primitive]
    if type(node) is Cut:
        return [*found, node.why, show_line(node.where), node.operands()]
    assert node.serial > max(p.serial for p in node.parents if p is not None)
    shape = node.shape, type(node.shape), node.dtype
    found += [node.parents, node.parameters, node.plan, shape, node.traces, show_line(node.where)]
    for value in node.saved:
        same = [i for i, x in enumerate(operands) if getattr(x, "array", x) is value]
        found.append("result" if value is y.array else same or (type(value), repr(value)))
    return found


def compare(operation, operands, followed):
    slow = operation.__wrapped__
    assert outcome(operation, operands, None) == outcome(slow, operands, None)
    handles = [x for x in operands if isinstance(x, (xg.Tensor, xg.Variable))]
    watchable = [x for x in handles if is_inexact(x.dtype)]
    with xg.GradientTape(persistent=True) as tape:
        watched = [x for x, wanted in zip(watchable, followed, strict=False) if wanted]
        tape.watch(watched)
        # Once on what is watched, and once on what was computed from it.
        outcome(slow, operands, tape._trace)  # Variables are watched when they are read
        assert outcome(operation, operands, tape._trace) == outcome(slow, operands, tape._trace)
        inner = [x + 0.0 if any(x is w for w in watched) else x for x in operands]
        assert outcome(operation, inner, tape._trace) == outcome(slow, inner, tape._trace)
        with xg.GradientTape():  # two that record
            assert outcome(operation, inner, tape._trace) == outcome(slow, inner, tape._trace)
        with xg.record_locations(True):
            fast, slowly = (outcome(f, inner, tape._trace) for f in (operation, slow))
            assert fast == slowly
    tape.gradient([], [])


@pytest.mark.parametrize("kind", [*KINDS, 2.0])
@pytest.mark.parametrize("name", UNARY)
def test_one_operand(name, kind):
    compare(UNARY[name], [make(kind)], [True])


@pytest.mark.parametrize("followed", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("kind2", [*KINDS, "same"])
@pytest.mark.parametrize("kind1", KINDS)
@pytest.mark.parametrize("name", BINARY)
def test_two_operands(name, kind1, kind2, followed):
    x = make(kind1)
    compare(BINARY[name], [x, x if kind2 == "same" else make(kind2)], followed)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("number", NUMBERS, ids=str)
@pytest.mark.parametrize(
    "kind", ["plain", "float32", "integers", "no axes", "variable", "gradient"]
)
@pytest.mark.parametrize("name", BINARY)
def test_an_operand_and_a_number(name, kind, number, order):
    compare(BINARY[name], [make(kind), number][::order], [True])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("sum", {"axis": None, "keepdims": False}),
        ("max", {"axis": 0, "keepdims": True}),
        ("power", {"exponent": 3}),
        ("matrix_transpose", None),
        ("argmax", {"axis": 0, "keepdims": False}),
        ("sum", {"axis": 7, "keepdims": False}),
        ("tanh", {"no": "such parameter"}),
    ],
)
def test_one_operand_and_parameters(name, parameters, kind):
    class Operation:  # one line for both, because a cut keeps it
        def __init__(self, apply1):
            self.apply1 = apply1

        def __call__(self, x):
            return self.apply1(primitive(name), x, parameters)

    operation = Operation(dispatch.apply1)
    operation.__wrapped__ = Operation(dispatch._apply1)
    compare(operation, [make(kind)], [True])


def test_operations_are_copied_as_functions_are():
    for operation in (*UNARY.values(), *BINARY.values()):
        assert copy.copy(operation) is copy.deepcopy(operation) is operation
    assert UNARY["tanh"].__name__ == "tanh"


def test_calls_that_are_none():
    x = xg.asarray([1.0])
    for operation, operands in [
        (UNARY["tanh"], ()),
        (BINARY["add"], (x,)),
        (BINARY["add"], (x,) * 3),
    ]:
        with pytest.raises(TypeError):
            operation(*operands)
        with pytest.raises(TypeError):
            operation(x, unknown=x)
    with pytest.raises(TypeError):
        dispatch.apply1(primitive("tanh"))


def test_an_error_of_the_library_stays_the_cause():
    x, y = xg.asarray([1.0, 2.0]), xg.asarray([1.0, 2.0, 3.0])
    try:
        raise KeyError("before")
    except KeyError:
        with pytest.raises(xg.errors.ShapeError, match="add") as caught:
            x + y
    assert type(caught.value.__cause__) is ValueError
    assert caught.value.__context__ is caught.value.__cause__
    assert type(caught.value.__cause__.__context__) is KeyError


def test_a_warning_that_is_an_error_keeps_its_note():
    x = xg.asarray([0.0])
    with np.errstate(all="raise"), pytest.raises(FloatingPointError) as caught:
        x / x
    assert "divide" in caught.value.__notes__[0]


def test_an_interrupt_goes_through():
    class Interrupting(np.ndarray):
        def __array_ufunc__(self, *args, **kwargs):
            raise KeyboardInterrupt

    x = xg.Tensor(np.zeros(2))
    x.raw = np.zeros(2).view(Interrupting)
    dispatch.apply(primitive("isfinite"), (xg.asarray([1.0]),))
    primitive("add").implementations[Interrupting] = np.add
    try:
        with pytest.raises(KeyboardInterrupt):
            x + x
    finally:
        del primitive("add").implementations[Interrupting]


# -- memory --------------------------------------------------------------------------------------


def blocks_of(function, times=300):
    """How many blocks of memory each call leaves behind."""
    for _ in range(20):
        function()
    before = sys.getallocatedblocks()
    for _ in range(times):
        function()
    return (sys.getallocatedblocks() - before) / times


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_nothing_is_left_behind(name, kind):
    operation = (UNARY | BINARY)[name]
    x, bad = make(kind), xg.asarray(np.ones(7))
    if kind == "integers":
        x = x + 0.5
    one = name in UNARY

    def call():
        with np.errstate(all="ignore"), xg.GradientTape() as tape:
            if not isinstance(x, np.ndarray):
                tape.watch(x)
            for operands in ((x,),) if one else ((x, x), (x, 2.0), (3, x), (x, bad), (x, "text")):
                with contextlib.suppress(TypeError, ValueError):
                    operation(*operands)

    assert blocks_of(call) < 0.5


def test_a_walk_leaves_nothing_behind():
    x = xg.asarray(array())
    matrix = xg.asarray(array())

    def call():
        with xg.GradientTape() as tape:
            tape.watch((x, matrix))
            y = xg.sum(xg.tanh(x * 1.1 + x) @ matrix / x[0] ** 2)
        tape.gradient(y, (x, matrix))

    assert blocks_of(call) < 0.5


# -- the switch ----------------------------------------------------------------------------------


def test_the_switch_leaves_them_out():
    code = (
        "import xgrad as xg; from xgrad.core import dispatch; from xgrad.interpreters import backward\n"
        "assert dispatch._compiled is None and backward._compiled is None\n"
        "x = xg.Variable([1.0, 2.0])\n"
        "with xg.GradientTape() as tape: y = xg.sum(3.0 - x * x)\n"
        "assert tape.gradient(y, x).tolist() == [-2.0, -4.0]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "XGRAD_SPEEDUPS": "0"}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_nobody_watches_in_the_end():
    assert state.recorder is None
