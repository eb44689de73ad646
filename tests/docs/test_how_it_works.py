"""docs/how-it-works.md is a program: it runs, prints what it shows, and is right.

The ```python blocks are the library, the ```pycon blocks use it. The library is also tried by
itself: against central differences, in every mode, and on a device that refuses what is not
standard.
"""

from __future__ import annotations

import doctest
import gc
import re
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import array_api_strict
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-it-works.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = list(re.finditer(r"^```(python|pycon)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
LIBRARY = "\n".join(block[2] for block in BLOCKS if block[1] == "python")
MAP = re.findall(r"^\| `([^`]+)` \|", TEXT, re.MULTILINE)


def at_its_line(block: re.Match[str]) -> Any:
    """The block's code, with the line numbers of the page in its tracebacks."""
    return compile("\n" * TEXT[: block.start(2)].count("\n") + block[2], str(PAGE), "exec")


def run_page() -> tuple[int, int, str]:
    """Run all blocks in order; return examples failed, examples tried, and the report."""
    names: dict[str, Any] = {"__name__": "how_it_works"}
    runner = doctest.DocTestRunner()
    report: list[str] = []
    for block in BLOCKS:
        if block[1] == "python":
            exec(at_its_line(block), names)
        else:
            line = TEXT[: block.start(2)].count("\n")
            test = doctest.DocTestParser().get_doctest(block[2], {}, PAGE.name, str(PAGE), line)
            test.globs = names
            runner.run(test, out=report.append, clear_globs=False)
    failed, tried = runner.summarize(verbose=False)
    return failed, tried, "".join(report)


def load_library() -> ModuleType:
    """The ```python blocks alone, joined, as a module."""
    module = ModuleType("small_xgrad")
    exec(compile(LIBRARY, "small_xgrad.py", "exec"), module.__dict__)
    return module


small = load_library()
xg, Tensor, Tape, Forward = small.xg, small.Tensor, small.Tape, small.Forward

# A function and the shapes of its arguments. Every primitive of the page is here.
CASES: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "add": (lambda a, b: a + b, [(2, 3), (3,)]),
    "add_number": (lambda a: 1.5 + a + 2, [(2, 3)]),
    "subtract": (lambda a, b: a - b, [(3,), (2, 3)]),
    "subtract_from_number": (lambda a: 2 - a, [(3,)]),
    "multiply": (lambda a, b: a * b, [(2, 1), (2, 3)]),
    "multiply_by_itself": (lambda a: a * a, [(3,)]),
    "divide": (lambda a, b: a / b, [(2, 1), (1, 3)]),
    "divide_number": (lambda a: 2 / a, [()]),
    "negative": (lambda a: -a, [(3,)]),
    "exp": (lambda a: xg.exp(a), [(2, 3)]),
    "log": (lambda a: xg.log(a), [(2, 3)]),
    "sin": (lambda a: xg.sin(a), [(3,)]),
    "cos": (lambda a: xg.cos(a), [(3,)]),
    "tanh": (lambda a: xg.tanh(a), [(3,)]),
    "pow": (lambda a, b: a**b, [(2, 3), (3,)]),
    "pow_number": (lambda a: a**3, [(3,)]),
    "matmul": (lambda a, b: a @ b, [(2, 3), (3, 4)]),
    "matmul_stacks": (lambda a, b: a @ b, [(5, 2, 3), (3, 4)]),
    "matmul_by_itself": (lambda a: a @ a, [(3, 3)]),
    "sum": (lambda a: xg.sum(a), [(2, 3)]),
    "sum_axis": (lambda a: xg.sum(a, axis=1), [(2, 3)]),
    "sum_negative_axis": (lambda a: xg.sum(a, axis=-1), [(2, 3)]),
    "sum_axes": (lambda a: xg.sum(a, axis=(0, -1)), [(2, 3, 4)]),
    "sum_0d": (lambda a: xg.sum(a), [()]),
    "broadcast_to": (lambda a: xg.broadcast_to(a, (2, 4, 3)), [(4, 1)]),
    "reshape": (lambda a: xg.reshape(a, (3, 2)), [(2, 3)]),
    "expand_dims": (lambda a: xg.expand_dims(a, axis=1), [(2, 3)]),
    "matrix_transpose": (lambda a: xg.matrix_transpose(a), [(4, 2, 3)]),
    "network": (lambda x, w, b: xg.tanh(x @ w + b) @ w.mT, [(4, 3), (3, 2), (2,)]),
}
each_case = pytest.mark.parametrize("case", CASES)


def arrays_for(case: str, low: float, high: float) -> list[Any]:
    rng = np.random.default_rng(sorted(CASES).index(case))
    return [np.asarray(rng.uniform(low, high, shape)) for shape in CASES[case][1]]


def loss(case: str, tensors: list[Any]) -> Any:
    """A number that depends on every element of the result in its own way."""
    return xg.sum(xg.sin(CASES[case][0](*tensors)))


def gradients(case: str, tensors: list[Any]) -> list[Any]:
    with Tape() as tape:
        for x in tensors:
            tape.watch(x)
        y = loss(case, tensors)
    found: list[Any] = tape.gradient(y, tensors)
    return found


def difference(f: Callable[[list[Any]], Any], arrays: list[Any], towards: list[Any]) -> Any:
    """The derivative of f along a direction, by central differences."""
    step = 1e-6
    ahead = f([Tensor(x + step * t) for x, t in zip(arrays, towards, strict=True)])
    behind = f([Tensor(x - step * t) for x, t in zip(arrays, towards, strict=True)])
    return (ahead - behind) / (2 * step)


def inner(xs: list[Any], ys: list[Any]) -> Any:
    """The sum of all products, as a Tensor."""
    return sum(xg.sum(x * y) for x, y in zip(xs, ys, strict=True))


def test_page_prints_what_it_shows() -> None:
    failed, tried, report = run_page()
    assert tried > 40
    assert failed == 0, report


def test_library_has_at_most_150_lines() -> None:
    assert sum(bool(line.strip()) for line in LIBRARY.splitlines()) <= 150


def test_library_imports_only_the_standard_library() -> None:
    lines = [line.split() for line in LIBRARY.splitlines()]
    imported = {words[1] for words in lines if words and words[0] in ("import", "from")}
    assert "heapq" in imported
    assert imported <= sys.stdlib_module_names


def test_every_primitive_of_the_page_has_a_case() -> None:
    assert set(vars(xg)) - set(CASES) == {"astype"}  # tested below: it needs two dtypes


@each_case
def test_gradient_equals_central_differences(case: str) -> None:
    arrays, towards = arrays_for(case, 0.5, 1.5), arrays_for(case, -1.0, 1.0)
    along = inner(gradients(case, [Tensor(x) for x in arrays]), towards)
    expected = difference(lambda xs: loss(case, xs), arrays, towards)
    np.testing.assert_allclose(along.array, expected.array, rtol=1e-7, atol=1e-7)


@each_case
def test_gradient_has_the_shape_of_its_source(case: str) -> None:
    arrays = arrays_for(case, 0.5, 1.5)
    shapes = [g.shape for g in gradients(case, [Tensor(x) for x in arrays])]
    assert shapes == CASES[case][1]


@each_case
def test_second_order_equals_differences_of_the_gradient(case: str) -> None:
    arrays, towards = arrays_for(case, 0.5, 1.5), arrays_for(case, -1.0, 1.0)
    tensors = [Tensor(x) for x in arrays]
    with Tape() as tape:
        for x in tensors:
            tape.watch(x)
        slope = inner(gradients(case, tensors), towards)
    along = inner(tape.gradient(slope, tensors), towards)
    expected = difference(lambda xs: inner(gradients(case, xs), towards), arrays, towards)
    np.testing.assert_allclose(along.array, expected.array, rtol=1e-6, atol=1e-6)


@each_case
def test_forward_mode_equals_central_differences(case: str) -> None:
    arrays, towards = arrays_for(case, 0.5, 1.5), arrays_for(case, -1.0, 1.0)
    tensors = [Tensor(x) for x in arrays]
    with Forward() as forward:
        for x, t in zip(tensors, towards, strict=True):
            forward.watch(x, Tensor(t))
        y = loss(case, tensors)
    expected = difference(lambda xs: loss(case, xs), arrays, towards)
    np.testing.assert_allclose(y.node.marks[forward].array, expected.array, rtol=1e-7, atol=1e-7)


@each_case
def test_forward_over_reverse_equals_reverse_over_forward(case: str) -> None:
    arrays, towards = arrays_for(case, 0.5, 1.5), arrays_for(case, -1.0, 1.0)
    tensors = [Tensor(x) for x in arrays]
    with Tape() as tape, Forward() as forward:
        for x, t in zip(tensors, towards, strict=True):
            tape.watch(x)
            forward.watch(x, Tensor(t))
        slope = loss(case, tensors).node.marks[forward]
    with Forward() as outer:
        for x, t in zip(tensors, towards, strict=True):
            outer.watch(x, Tensor(t))
        rates = [g.node.marks[outer] for g in gradients(case, tensors)]
    for column, rate in zip(tape.gradient(slope, tensors), rates, strict=True):
        np.testing.assert_allclose(column.array, rate.array, rtol=1e-12, atol=1e-12)


@each_case
def test_second_device_gives_the_gradients_of_numpy(case: str) -> None:
    arrays = arrays_for(case, 0.5, 1.5)
    device1 = array_api_strict.Device("device1")
    moved = [Tensor(array_api_strict.asarray(x, device=device1)) for x in arrays]
    on_numpy = gradients(case, [Tensor(x) for x in arrays])
    for g, expected in zip(gradients(case, moved), on_numpy, strict=True):
        assert g.array.device == device1
        back = array_api_strict.asarray(g.array, device=array_api_strict.Device("CPU_DEVICE"))
        np.testing.assert_allclose(np.asarray(back), expected.array, rtol=1e-14)


def test_astype_gives_back_the_dtype_of_the_source() -> None:
    x = Tensor(np.asarray([1.0, 2.0], dtype=np.float32))
    with Tape() as tape:
        tape.watch(x)
        y = xg.astype(x, np.float64) * 3
    [g] = tape.gradient(y, [x])
    assert y.dtype == np.float64
    assert g.dtype == np.float32
    assert g.array.tolist() == [3.0, 3.0]


def test_numpy_array_on_the_left_gives_a_tensor() -> None:
    y = np.asarray([1.0, 2.0]) * Tensor(np.asarray([3.0, 4.0]))
    assert isinstance(y, Tensor)
    assert y.array.tolist() == [3.0, 8.0]


def test_nested_tapes_do_not_confuse_their_variables() -> None:
    x, y = Tensor(np.asarray(3.0)), Tensor(np.asarray(2.0))
    with Tape() as outer:
        outer.watch(x)
        with Tape() as tape:
            tape.watch(y)
            product = x * y
        z = x * tape.gradient(product, [y])[0]
    [g] = outer.gradient(z, [x])
    assert float(g.array) == 6.0


def test_value_computed_outside_the_tape_is_not_connected() -> None:
    x = Tensor(np.asarray(3.0))
    with Tape() as tape:
        tape.watch(x)
    assert tape.gradient(x * x, [x]) == [None]


def test_value_that_only_another_tape_recorded_is_not_connected() -> None:
    x = Tensor(np.asarray(3.0))
    with Tape() as other:
        other.watch(x)
        with Tape() as tape:
            tape.watch(x)
        y = x * x
    assert tape.gradient(y, [x]) == [None]


def test_tape_does_not_look_behind_what_it_watches() -> None:
    x = Tensor(np.asarray(3.0))
    with Tape() as other:
        other.watch(x)
        y = x * x
        with Tape() as tape:
            tape.watch(y)
            z = y * y
    assert tape.gradient(z, [x]) == [None]


def test_tangent_has_the_shape_of_its_value() -> None:
    x = Tensor(np.ones(3))
    with Forward() as forward:
        forward.watch(x, Tensor(np.ones(3)))
        y = x + np.ones((2, 3))
    assert y.node.marks[forward].shape == (2, 3)


def test_wrong_rule_of_a_linear_function_is_caught() -> None:
    other = load_library()
    other.define("reshape", "linear", x=lambda xp, g: g)
    x = other.Tensor(np.ones((2, 3)))
    with other.Tape() as tape:
        tape.watch(x)
        y = other.xg.reshape(x, (3, 2))
    with pytest.raises(AssertionError, match=r"reshape: \(3, 2\) for an input \(2, 3\)"):
        tape.gradient(y, [x])


def test_error_inside_forward_mode_leaves_the_observers_in_place() -> None:
    x = Tensor(np.ones((2, 3)))
    with Forward() as forward:
        forward.watch(x, Tensor(np.ones((2, 4))))
        with pytest.raises(ValueError, match="broadcast"):
            xg.tanh(x)
        assert small.observers == [forward]
    assert small.observers == []


def test_dead_branch_frees_its_node_at_once() -> None:
    x = Tensor(np.ones(3))
    with Tape() as tape:
        tape.watch(x)
        y = xg.tanh(x)
        node = weakref.ref(y.node)
        del y
        assert node() is None


def test_used_tapes_leave_no_cycles_and_no_marks() -> None:
    x = Tensor(np.ones(3))
    gc.collect()
    for _ in range(10):
        with Tape() as tape:
            tape.watch(x)
            y = xg.sum(xg.tanh(x) * x)
        tape.gradient(y, [x])
    del tape, y
    assert len(x.node.marks) == 0
    assert gc.collect() == 0


@pytest.mark.parametrize("path", MAP)
def test_map_names_what_exists(path: str) -> None:
    """The map is a promise about the file system: a file that moves must move on the page too."""
    assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file()


def test_map_was_found() -> None:
    assert len(MAP) > 20
