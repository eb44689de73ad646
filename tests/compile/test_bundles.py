"""Groups that do the same with other arrays: which are one bundle, and in what order all runs.

The programs are recorded on NumPy and scheduled as for a library that compiles kernels; they are
run here instruction by instruction, in the order found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xgrad as xg
from xgrad.compile.bundles import FEWEST, Bundle, bundled
from xgrad.compile.direct import plain_step
from xgrad.compile.fusion import Group, schedule
from xgrad.compile.program import Instruction, Literal, Program


def recorded(f: Any, *inputs: Any) -> Program:
    run = xg.function(f)
    run(*inputs)
    return run._last().program


def found(program: Program) -> list[Any]:
    fusable = lambda i: i.primitive.name not in ("matmul", "sum", "concat")
    return bundled(program, schedule(program, fusable, smallest=1))


def members(item: Any) -> list[Instruction]:
    if isinstance(item, Bundle):
        return [i for group in item.groups for i in group.members]
    return item.members if isinstance(item, Group) else [item]


def run(program: Program, items: list[Any], inputs: list[Any]) -> list[np.ndarray]:
    """Everything that an item reads from others must be there before it begins."""
    values = {**program.constants, **dict(zip(program.inputs(), inputs, strict=True))}
    for item in items:
        assert all(n in values for n in item.reads())
        for i in members(item):
            step = plain_step(program.backend.xp, i)
            given = [x.value if isinstance(x, Literal) else values[x] for x in step.operands]
            values[step.results[0]] = np.asarray(step.function(*given, **step.parameters))
    return [values[n] for n in program.outputs()]


def check(f: Any, *inputs: Any) -> list[int]:
    """How many groups are in each bundle; the results are those of the function."""
    arrays = [xg.asarray(x) for x in xg.tree.leaves(inputs)]
    program = recorded(f, *inputs)
    items = found(program)
    assert sorted(id(i.results) for item in items for i in members(item)) == sorted(
        id(i.results) for i in program.instructions
    )
    expected = [x.numpy() for x in xg.tree.leaves(f(*inputs))]
    for x, y in zip(run(program, items, [a.array for a in arrays]), expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12)
    return sorted(len(item.groups) for item in items if isinstance(item, Bundle))


def arrays(*shapes: tuple[int, ...]) -> list[xg.Tensor]:
    rng = np.random.default_rng(0)
    return [xg.asarray(rng.normal(size=s)) for s in shapes]


MANY = arrays((2,), (3, 4), (5,), (1,), (2,), (1, 7), (6, 1, 2))


def test_the_same_over_other_shapes_is_one_bundle() -> None:
    assert check(lambda xs: [xg.exp(x) * 2.0 + x for x in xs], MANY) == [len(MANY)]


def test_shapes_without_axes_or_elements_run_too() -> None:
    assert check(lambda xs: [xg.exp(x) * 2.0 + x for x in xs], arrays((), (2, 0), (3,), (4,)))


def test_fewer_than_three_are_none() -> None:
    few = arrays(*[(n,) for n in range(1, FEWEST)])
    assert check(lambda xs: [xg.exp(x) * 2.0 + x for x in xs], few) == []


def test_another_number_is_another_meaning() -> None:
    f = lambda xs: [xg.exp(x) * float(k // 3) + x for k, x in enumerate(xs)]
    assert check(f, MANY[:6]) == [3, 3]


def test_another_dtype_is_another_meaning() -> None:
    xs = [*MANY[:3], *[xg.astype(x, "float32") for x in MANY[:4]]]
    assert check(lambda xs: [xg.exp(x) * 2.0 + x for x in xs], xs) == [3, 4]


def test_what_is_read_elsewhere_is_another_meaning() -> None:
    def f(xs: Any) -> Any:
        inner = [xg.exp(x) for x in xs]
        return [y * 2.0 + x for x, y in zip(xs, inner, strict=True)], inner[:3]

    assert check(f, MANY[:6]) == [3, 3]


def test_a_number_for_all_may_be_computed_before() -> None:
    def f(xs: Any, rate: Any) -> Any:
        rate = xg.sqrt(rate) + 1.0
        return [xg.exp(x) * rate + x for x in xs]

    assert check(f, MANY, xg.asarray(2.0)) == [len(MANY)]


def test_other_broadcasting_stays_out() -> None:
    f = lambda xs, rows: [xg.exp(x) * r + x for x, r in zip(xs, rows, strict=True)]
    assert check(f, arrays((2, 3), (4, 5), (6, 7)), arrays((3,), (5,), (7,))) == []


def test_layers_after_each_other_are_not_one_bundle() -> None:
    def f(x: Any, weights: Any) -> Any:
        for w in weights:
            x = xg.tanh(x) * 2.0 @ w
        return x

    assert check(f, *arrays((2, 3)), arrays((3, 4), (4, 5), (5, 6), (6, 7))) == []


def test_branches_with_layers_are_a_bundle_for_each_layer() -> None:
    def f(xs: Any, weights: Any) -> Any:
        ys = [xg.tanh(x) * 2.0 @ w for x, w in zip(xs, weights, strict=True)]
        return [xg.tanh(y) * 2.0 for y in ys]

    xs = arrays((2, 3), (4, 5), (6, 7))
    assert check(f, xs, arrays((3, 4), (5, 6), (7, 8))) == [3, 3]


def test_two_bundles_that_would_wait_for_each_other_do_not_arise() -> None:
    """Chains a-b and b-a: bundling all a and all b would make a circle."""

    def f(xs: Any, weights: Any) -> Any:
        a = lambda x: xg.tanh(x) * 2.0
        b = lambda x: xg.exp(x) + 3.0
        half = len(xs) // 2
        first = [b(a(x) @ w) for x, w in zip(xs[:half], weights[:half], strict=True)]
        second = [a(b(x) @ w) for x, w in zip(xs[half:], weights[half:], strict=True)]
        return first + second

    xs = arrays(*[(2, n) for n in range(2, 8)])
    weights = arrays(*[(n, n + 7) for n in range(2, 8)])
    assert check(f, xs, weights)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "RMSprop", "Lion"])
def test_the_updates_of_all_variables_are_one_bundle(kind: str) -> None:
    optimizer = getattr(xg.optimizers, kind)(0.1)
    params = MANY
    state = optimizer.init(params)

    def step(grads: Any, state: Any, params: Any) -> Any:
        return optimizer.update(grads, state, params)

    sizes = check(step, [x * 2.0 for x in MANY], state, params)
    assert sizes == [len(MANY)]


def test_layers_and_their_updates_run_in_order() -> None:
    weights = arrays((3, 4), (4, 5), (5, 6), (6, 2))
    optimizer = xg.optimizers.Adam(0.1)
    state = optimizer.init(weights)

    def step(x: Any, weights: Any, state: Any) -> Any:
        def loss(ws: Any) -> Any:
            y = x
            for w in ws:
                y = xg.tanh(y @ w)
            return xg.sum(y**2)

        return optimizer.update(xg.grad(loss)(weights), state, weights)

    assert 4 in check(step, *arrays((2, 3)), weights, state)
