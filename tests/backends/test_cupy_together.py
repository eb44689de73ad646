"""An optimizer's step of all variables as one CUDA kernel, run by the host's compiler (cupy_stand_in.py).

Launches are counted, and bits compared with those of one kernel per variable and with NumPy's."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from cupy_stand_in import Host, Memory
from host_kernels import COMPILER
from optimizer_cases import CASES

import xgrad as xg
from xgrad.backends import cupy, cupy_tables

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")

SHAPES = [(3, 4), (), (7,), (0, 3)]
NOT_ELEMENTWISE = ("Lamb", "Adafactor", "Muon")
ELEMENTWISE = list({case[0]: case for case in CASES if case[0] not in NOT_ELEMENTWISE}.values())
OPTIONS: list[dict[str, Any]] = [
    {"clipnorm": 0.5},
    {"global_clipnorm": 0.5, "loss_scale_factor": 8.0},
    {"clipvalue": 0.25, "weight_decay": 0.25},
    {"use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 2},
    {"gradient_accumulation_steps": 2},
    {"skip_nonfinite": True},
]


@pytest.fixture(autouse=True)
def few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a real thread here."""
    monkeypatch.setattr(cupy_tables, "THREADS", 16)


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    together = cupy.one_kernel_each
    monkeypatch.setattr(
        cupy, "one_kernel_each", lambda jobs: [[i] for places in together(jobs) for i in places]
    )


def trained(
    kind: str, arguments: dict[str, Any], device: Any, dtypes: tuple[str, ...] = ("float64",)
) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    dtypes = (dtypes * len(SHAPES))[: len(SHAPES)]
    values = [rng.normal(size=s).astype(d) for s, d in zip(SHAPES, dtypes, strict=True)]
    variables = [xg.Variable(x, device=device) for x in values]
    optimizer = getattr(xg.optimizers, kind)(**{"learning_rate": 0.05, **arguments})
    for _ in range(4):
        grads = [
            xg.asarray(rng.normal(size=x.shape).astype(x.dtype), device=device) for x in values
        ]
        optimizer.apply(grads, variables)
    return [v.numpy() for v in (*variables, *optimizer.variables)]


@pytest.mark.parametrize(
    ("kind", "arguments"), [*ELEMENTWISE, *[("Adam", options) for options in OPTIONS]]
)
def test_together_gives_the_bits_of_one_by_one(
    kind: str, arguments: dict[str, Any], second: Any, request: pytest.FixtureRequest
) -> None:
    together = trained(kind, arguments, second)
    on_host = trained(kind, arguments, "cpu")
    request.getfixturevalue("one_by_one")
    for x, y, z in zip(together, trained(kind, arguments, second), on_host, strict=True):
        np.testing.assert_array_equal(x, y)
        np.testing.assert_allclose(x, z, rtol=1e-12)


def test_dtypes_mix(second: Any, request: pytest.FixtureRequest) -> None:
    dtypes = ("float32", "float64", "complex128")
    together = trained("Adam", {}, second, dtypes)
    request.getfixturevalue("one_by_one")
    for x, y in zip(together, trained("Adam", {}, second, dtypes), strict=True):
        np.testing.assert_array_equal(x, y)


def variables_of(sizes: list[int], device: Any, dtype: str = "float64") -> list[xg.Variable]:
    return [xg.Variable(np.linspace(-1, 1, n, dtype=dtype), device=device) for n in sizes]


def launches(optimizer: Any, grads: list[Any], variables: list[xg.Variable]) -> int:
    """Those of the second step; in the first one slots are made."""
    optimizer.apply(grads, variables)
    before = Host.launches
    optimizer.apply(grads, variables)
    return Host.launches - before


def ones(variables: list[xg.Variable]) -> list[Any]:
    return [xg.ones_like(v) for v in variables]


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Lion", "Ftrl"])
def test_a_step_of_fifty_variables_is_one_launch(second: Any, name: str) -> None:
    w = variables_of([5] * 50, second)
    optimizer = getattr(xg.optimizers, name)(learning_rate=0.1)
    assert launches(optimizer, ones(w), w) == 1


def test_dtypes_and_groups_are_one_launch_each(second: Any) -> None:
    w = variables_of([3, 4, 5, 6], second) + variables_of([3, 4], second, "float32")
    decay = lambda v: {"weight_decay": 0.5} if v is w[0] or v is w[1] else None
    assert launches(xg.optimizers.Adam(groups=decay), ones(w), w) == 3


def test_a_limit_for_every_norm_is_one_launch_more_for_all_steps(second: Any) -> None:
    w = variables_of([3, 4, 5], second)
    norms = launches(xg.optimizers.Adam(clipnorm=0.5), ones(w), w) - 1
    assert norms % 3 == 0, "each variable has its own norm, and all steps are one launch"


def test_what_is_left_out_of_decay_is_another_group(second: Any) -> None:
    w = variables_of([3, 4, 5], second)
    optimizer = xg.optimizers.AdamW()
    optimizer.exclude_from_weight_decay([w[1]])
    assert launches(optimizer, ones(w), w) == 2, "the excluded one alone"


def test_pieces_of_large_variables_meet(second: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cupy_tables, "PIECE", 300)
    monkeypatch.setattr(cupy_tables, "THREADS", 256)
    w = variables_of([700, 1, 300, 299], second)
    xg.optimizers.SGD(0.5).apply([v.value() for v in w], w)
    for v in w:
        np.testing.assert_array_equal(v.numpy(), 0.5 * np.linspace(-1, 1, v.size))


def test_other_orders_in_memory_are_copied(second: Any) -> None:
    w = [xg.Variable(np.ones((2, 3)), device=second), xg.Variable(np.ones(2), device=second)]
    g = xg.asarray(np.arange(6.0).reshape(3, 2), device=second).T
    assert not g.array.flags.c_contiguous
    xg.optimizers.SGD(1.0).apply([g, xg.ones_like(w[1])], w)
    np.testing.assert_array_equal(w[0].numpy(), 1.0 - np.arange(6.0).reshape(3, 2).T)


def test_what_somebody_holds_does_not_change(second: Any) -> None:
    w = variables_of([5, 6], second)
    optimizer = xg.optimizers.Adam()
    optimizer.apply(ones(w), w)
    held = [v.array for v in (*w, *optimizer.variables[1:])]
    before = [x.get() for x in held]
    optimizer.apply(ones(w), w)
    for x, y in zip(held, before, strict=True):
        np.testing.assert_array_equal(x.get(), y)


def test_a_variable_that_was_assigned_counts_with_its_new_value(second: Any) -> None:
    w = variables_of([2, 3], second)
    optimizer = xg.optimizers.SGD(1.0)
    optimizer.apply(ones(w), w)
    w[0].assign([5.0, 6.0])
    optimizer.apply(ones(w), w)
    np.testing.assert_array_equal(w[0].numpy(), [4.0, 5.0])


def test_without_memory_nothing_changes(second: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    w = variables_of([5, 600], second)
    optimizer = xg.optimizers.Adam()
    optimizer.apply(ones(w), w)
    grads = ones(w)
    before = [v.numpy() for v in (*w, *optimizer.variables)]
    with monkeypatch.context() as patch:
        patch.setattr(Memory, "limit", 1000)
        with pytest.raises(MemoryError):
            optimizer.apply(grads, w)
    for v, x in zip((*w, *optimizer.variables), before, strict=True):
        np.testing.assert_array_equal(v.numpy(), x)


def test_a_pure_step_is_as_many_launches_for_many_variables(second: Any) -> None:
    def count(number: int) -> int:
        params = [xg.ones((i + 1,), device=second) for i in range(number)]
        optimizer = xg.optimizers.Adam()
        state = optimizer.init(params)
        before = Host.launches
        new, _ = optimizer.update(params, state, params)
        launched = Host.launches - before
        np.testing.assert_allclose(new[1].numpy(), np.full(2, 0.999), rtol=1e-6)
        return launched

    assert count(50) == count(2), "one for all variables, and the step's numbers"


# -- recorded steps ----------------------------------------------------------------------------------


def recorded(number: int, device: Any, compiled: bool = True) -> tuple[Any, list[xg.Variable]]:
    """A step whose gradients come from elsewhere."""
    w = [xg.Variable(np.linspace(-1, 1, i + 1), device=device) for i in range(number)]
    optimizer = xg.optimizers.Adam(0.1, weight_decay=0.1)
    step = lambda grads: optimizer.apply(grads, w)
    return (xg.function(step) if compiled else step), w


def test_a_recorded_step_is_as_many_launches_for_many_variables(second: Any) -> None:
    def count(number: int) -> int:
        run, w = recorded(number, second)
        run(ones(w))
        before = Host.launches
        run(ones(w))
        return Host.launches - before - number  # making the gradients

    assert count(40) == count(3), "one for all variables, and the step's numbers"


def test_recorded_steps_are_those_taken_outside(second: Any) -> None:
    run, w = recorded(6, second)
    other, v = recorded(6, "cpu", compiled=False)
    rng = np.random.default_rng(0)
    for _ in range(4):
        grads = [rng.normal(size=x.shape) for x in w]
        run([xg.asarray(g, device=second) for g in grads])
        other([xg.asarray(g) for g in grads])
    for x, y in zip(w, v, strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-12)


def test_inside_a_capture_nothing_is_sent_and_every_variable_has_its_launch(second: Any) -> None:
    cuda = importlib.import_module("cupy").cuda
    rng = np.random.default_rng(3)
    variables = [xg.Variable(rng.normal(size=5), device=second) for _ in range(4)]
    gradients = [xg.asarray(rng.normal(size=5), device=second) for _ in range(4)]
    optimizer = xg.optimizers.SGD(0.5)
    optimizer.apply(gradients, variables)
    before = [v.numpy() for v in variables]
    with second, cuda.Stream() as stream:
        stream.begin_capture()
        Host.launches = 0
        try:
            optimizer.apply(gradients, variables)
        finally:
            graph = stream.end_capture()
        assert Host.launches == 4
        graph.launch()
    for v, start, g in zip(variables, before, gradients, strict=True):
        np.testing.assert_allclose(v.numpy(), start - 0.5 * g.numpy())
