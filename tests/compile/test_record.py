"""What the compiled writer writes down is what the method in Python does (_record.c)."""

import gc

import numpy as np
import pytest

import xgrad as xg
from xgrad.compile import recording
from xgrad.core.instructions import primitive
from xgrad.core.node import Cut, Node
from xgrad.core.observers import show_line, state

pytestmark = pytest.mark.skipif(
    recording._record is None, reason="not compiled here, or XGRAD_SPEEDUPS=0"
)

TABLE = np.arange(6.0).reshape(3, 2)


def gradient(x):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(xg.tanh(x * 2.0) / (1 + x**2) + xg.where(x > 0, x, TABLE[:2]))
    return tape.gradient(y, x)


FUNCTIONS = {
    "numbers": lambda x: (x * 2.0 + 1 - True) / (2 + 1j),
    "powers": lambda x: x**2 + 2.0**x,
    "constants": lambda x: x @ TABLE.T + TABLE.sum(),
    "the same constant": lambda x: (x + TABLE[:2]) * TABLE[:2] + xg.sum(TABLE),
    "nothing of it": lambda x: (xg.ones(3) * 2.0, x),
    "identity": lambda x: xg.reshape(xg.reshape(x, (2, 2)), (2, 2)) * 1.0,
    "views": lambda x: x.T[0] + x[:, 1] * xg.flip(x[1]),
    "integers": lambda x: xg.astype(x > 0, "int64") // 2 + xg.argmax(x, axis=0),
    "several results": lambda x: xg.linalg.qr(x),
    "many operands": lambda x: xg.concat([x, x * 2.0, TABLE]),
    "no axes": lambda x: xg.sum(x) * xg.asarray(2.0) + x[0, 0],
    "large": lambda x: xg.sum(xg.sin(xg.broadcast_to(x[0, 0], (300, 300))) * 2.0),
    "gradient": gradient,
    "second": lambda x: xg.grad(lambda x: xg.sum(gradient(x) ** 2))(x),
    "forward": lambda x: xg.jvp(gradient, (x,), (xg.ones_like(x),)),
    "mapped": lambda x: xg.vmap(lambda row: row * xg.sum(row))(x),
    "hessian": xg.hessian(lambda x: xg.sum(xg.exp(x) * x)),
    "ended": lambda x: xg.sign(x) * xg.stop_gradient(x) + xg.round(x),
}


def recorded(name):
    f = xg.function(FUNCTIONS[name])
    f(xg.asarray([[0.5, -1.0], [2.0, 0.25]]))
    return f._last().recorded


def lines(program):
    """The user's; where in the line an instruction stands depends on how warm the interpreter is."""
    return [show_line(instruction.where) for instruction in program.instructions]


def unplaced(program):
    return [instruction._replace(where=None) for instruction in program.instructions]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_programs_are_the_same(name, monkeypatch):
    found = recorded(name)
    monkeypatch.setattr(recording, "_record", None)
    expected = recorded(name)
    assert lines(found) == lines(expected)
    assert unplaced(found) == unplaced(expected)
    assert found.specs == expected.specs
    assert found.results == expected.results
    assert found.constants.keys() == expected.constants.keys()
    for instruction, other in zip(found.instructions, expected.instructions, strict=True):
        assert type(instruction) is type(other)
        assert list(map(type, instruction.operands)) == list(map(type, other.operands))


@pytest.mark.parametrize("compiled", [True, False])
def test_nodes_of_results(compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(recording, "_record", None)
    seen = []

    def f(x):
        bare = x * 2.0
        ended = xg.sign(x)
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = xg.sin(x)
        seen.append([type(z.node) for z in (bare, ended, y)])
        seen.append([len(z.node.traces) for z in (bare, ended, y)])
        seen.append([z.node.where is not None for z in (bare, ended, y)])
        seen.append([z.node.shape for z in (bare, ended, y)])
        return tape.gradient(y, x) + ended

    xg.function(f)(xg.ones(3))
    assert seen == [[Node] * 3, [1, 1, 2], [True] * 3, [(3,)] * 3]


def test_a_recording_leaves_no_cycles():
    """Or what it computed would stay until the collector comes."""
    f, x = xg.function(gradient), xg.ones((2, 2))
    gc.collect()
    gc.disable()
    try:
        before = traces_of_recordings()
        f(x)
        assert traces_of_recordings() == before
    finally:
        gc.enable()


def traces_of_recordings():
    # By their very types: other libraries' objects may do something when they are asked what they are.
    return sum(type(x) in (recording.Recording, Cut) for x in gc.get_objects())


def test_a_writer_that_gets_no_memory_says_so():
    """At whichever allocation that happens; nothing else comes of it."""
    testing = pytest.importorskip("_testcapi")
    if not hasattr(testing, "set_nomemory"):
        pytest.skip("this interpreter cannot be told to have no memory")
    seen = set()
    ours = {"__name__": "xgrad.somewhere"}  # so that frames are asked for, which are made then
    exec("def call(told, arguments):\n    return told(*arguments)", ours)

    def through(call, told, arguments):
        return call(told, arguments)

    def f(x):
        told = state.observers[0].told
        add = primitive("add")
        for place in range(40):
            y = np.ones(2)
            arguments = (add, (x.raw, 1.0), (x.node, None), None, y, None, None)
            try:
                testing.set_nomemory(place, place + 1)
                try:
                    node = through(ours["call"], told, arguments)
                finally:
                    testing.remove_mem_hooks()
                seen.add(type(node))
            except BaseException as error:  # noqa: BLE001
                seen.add(type(error))
        return x

    xg.function(f)(xg.ones(2))
    assert seen == {MemoryError, Node}


class Lingering:
    """Computes with a value of a recording when the collector finds it."""

    def __init__(self, x):
        self.x, self.cycle = x, self

    def __del__(self):
        self.x * 2.0


@pytest.mark.parametrize("compiled", [True, False])
def test_what_the_collector_wakes_may_compute(compiled, monkeypatch):
    """It comes whenever something is made, between any two steps of writing down."""
    if not compiled:
        monkeypatch.setattr(recording, "_record", None)

    def f(x):
        y = x
        for _ in range(40):
            Lingering(x)
            y = y * 1.5 + x
        return y

    x = xg.asarray([3.0, 1.0])
    expected, thresholds = f(x).numpy(), gc.get_threshold()
    for threshold in range(1, 30):
        recorded = xg.function(f)
        gc.set_threshold(threshold, 10, 10)
        try:
            recorded(xg.ones(2))
        finally:
            gc.set_threshold(*thresholds)
        np.testing.assert_array_equal(recorded(x).numpy(), expected)
