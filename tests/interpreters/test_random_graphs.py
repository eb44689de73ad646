"""Random programs against complex steps: any graph, any sources, any targets, however recorded."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

import xgrad as xg

INPUTS, LENGTH, SIZE = 3, 14, 3

# The same text for xgrad and for numpy; analytic, so that a complex step is exact.
OPERATIONS = [
    lambda xp, a, b: a + b,
    lambda xp, a, b: a * b,
    lambda xp, a, b: a - b * 0.5,
    lambda xp, a, b: xp.sin(a),
    lambda xp, a, b: xp.exp(a * 0.1) * b,
    lambda xp, a, b: a / (2.0 + b * b),
    lambda xp, a, b: xp.sum(a * b) * xp.ones(SIZE),
    lambda xp, a, b: xp.stack([a, b])[1] + a[::-1],
    lambda xp, a, b: -a,
]


class Program:
    """A list of operations on earlier values, and which of them are sources and targets."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.values = [rng.uniform(-1, 1, SIZE) for _ in range(INPUTS)]
        self.steps = [
            (OPERATIONS[rng.integers(len(OPERATIONS))], *rng.integers(0, INPUTS + i, 2))
            for i in range(LENGTH)
        ]
        count = INPUTS + LENGTH
        self.sources = sorted(rng.choice(count, 5, replace=False))
        self.targets = sorted(rng.choice(np.arange(INPUTS + 5, count), 3))
        self.held = sorted(rng.choice(count, 2, replace=False))
        self.watched = sorted(rng.choice(INPUTS, 2, replace=False))
        self.seeds = [rng.uniform(-1, 1, SIZE) for _ in self.targets]

    def run(self, xp, inputs, change=None):
        values = [change(i, x) if change else x for i, x in enumerate(inputs)]
        for number, (operation, i, j) in enumerate(self.steps, start=INPUTS):
            y = operation(xp, values[i], values[j])
            values.append(change(number, y) if change else y)
        return values

    def derivative(self, source, held=()):
        """With respect to one value, by a complex step; the other held values stay what they are."""
        fixed = self.run(np, self.values)
        gradient = np.zeros(SIZE)
        for k in range(SIZE):

            def change(i, x, k=k):
                if i == source:
                    return x + 1e-30j * (np.arange(SIZE) == k)
                return fixed[i] if i in held else x

            values = self.run(np, self.values, change)
            for seed, target in zip(self.seeds, self.targets, strict=True):
                gradient[k] += np.sum(seed * np.imag(values[target])) / 1e-30
        return gradient


def check(found, right):
    """None is right where the derivative is zero."""
    if found is None:
        np.testing.assert_array_equal(right, 0.0)
    else:
        np.testing.assert_allclose(found.numpy(), right, rtol=1e-10, atol=1e-12)


def gradients(program, *, watched, outer, persistent=False, **options):
    """Of all targets with respect to all sources, and what followed the walk, if anybody."""
    inputs = [xg.asarray(x) for x in program.values]
    with outer or contextlib.nullcontext():
        if outer:
            outer.watch(inputs)
        with xg.GradientTape(persistent=persistent) as tape:
            tape.watch([inputs[i] for i in watched])
            values = program.run(xg, inputs)
        options = {
            name: [values[i] for i in places] if name == "stop_gradients" else places
            for name, places in options.items()
        }
        targets = [values[i] for i in program.targets]
        sources = [values[i] for i in program.sources]
        return tape.gradient(targets, sources, output_gradients=program.seeds, **options)


@pytest.fixture(params=range(40))
def program(request):
    return Program(request.param)


@pytest.fixture(params=[False, True], ids=["raw", "recorded"])
def outer(request):
    return xg.GradientTape() if request.param else None


def test_gradients_of_a_random_program(program, outer):
    found = gradients(program, watched=range(INPUTS), outer=outer)
    for g, source in zip(found, program.sources, strict=True):
        check(g, program.derivative(source))


def test_stop_gradients_in_a_random_program(program, outer):
    found = gradients(
        program, watched=range(INPUTS), outer=outer, stop_gradients=program.held, persistent=True
    )
    for g, source in zip(found, program.sources, strict=True):
        check(g, program.derivative(source, program.held))


def test_sources_that_are_not_watched_get_none_in_a_random_program(program, outer):
    found = gradients(program, watched=program.watched, outer=outer)
    fixed = [i for i in range(INPUTS) if i not in program.watched]
    for g, source in zip(found, program.sources, strict=True):
        if source in fixed and source not in program.targets:
            assert g is None
        elif g is not None:
            check(g, program.derivative(source))


def test_second_order_in_a_random_program(program):
    inputs = [xg.asarray(x) for x in program.values]
    weights = np.linspace(0.5, 1.5, SIZE)

    def first(change):
        """The weighted gradient of the first input, by differences of complex steps."""
        other = Program.__new__(Program)
        other.__dict__.update(program.__dict__, values=change)
        return np.sum(weights * other.derivative(0))

    with xg.GradientTape() as outer:
        outer.watch(inputs)
        with xg.GradientTape() as inner:
            inner.watch(inputs)
            values = program.run(xg, inputs)
        targets = [values[i] for i in program.targets]
        g = inner.gradient(targets, inputs[0], output_gradients=program.seeds)
        if g is None:
            return
        y = xg.sum(g * weights)
    h = 1e-5
    for found, i in zip(outer.gradient(y, inputs), range(INPUTS), strict=True):
        right = np.zeros(SIZE)
        for k in range(SIZE):
            step = h * (np.arange(SIZE) == k)
            ahead = [v + step * (j == i) for j, v in enumerate(program.values)]
            behind = [v - step * (j == i) for j, v in enumerate(program.values)]
            right[k] = (first(ahead) - first(behind)) / (2 * h)
        if found is None:
            np.testing.assert_allclose(right, 0.0, atol=1e-9)
        else:
            np.testing.assert_allclose(found.numpy(), right, rtol=1e-6, atol=1e-8)
