"""Random steps of Variables, recorded, do what they do eagerly: assignments, slots, values that stay.

A step is a few statements on three Variables, two arguments whose arrays are filled again for every
call, a constant, and what one of the Variables was before the first call."""

import os

import numpy as np
import pytest

import xgrad as xg

COUNT = int(os.environ.get("XGRAD_PROGRAMS", "0")) or 60
EXPRESSIONS = """{a} | {a} + {b} | {a} * {b} | 0.5 * {a} | {a}[::-1] | xg.tanh({a}) | +{a}
    xg.where({a} > {b}, {a}, {b}) | xg.stop_gradient({a}) | xg.asarray({a}) | xg.zeros(3)
    xg.reshape({a}, (3,)) | xg.concat([{a}[:1], {b}[1:]]) | {a}.at[1:].add({b}[:2]) | xg.sort({a})
    xg.scan(lambda c, x: (c + x, c * x), {a}[0], {b})[1] | xg.vmap(lambda x: 2.0 * x)({a})
    xg.grad(lambda x: xg.sum(x * x * {b}))(xg.asarray({a})) | xg.checkpoint(xg.sin)(xg.asarray({a}))"""
STATEMENTS = """v.assign({e}) | v.assign({e}) | v.assign_add({e}) | v.assign_sub({e})
    v.scatter_add([0, 2, 0], {e}) | v.scatter_update([1], ({e})[:1]) | v[1:] = ({e})[:2] | v[0] = 1.5
    v.assign([1.0, 2.0, 3.0]) | {t} = {e} | {t} = {e} | {t} = v.value() | {t} = 0.1 * ({e}); {t} += v
    {t} = v * 1.0; {t}[::2] = ({e})[1] | {t} = slope(lambda: xg.sum(({e}) * v * v), v)
    {t} = slope(lambda: xg.sum(xg.sin({e}) * v), v); v.assign_sub(0.1 * {t})
    optimizer.apply([slope(lambda: xg.sum(({e}) * v * v), v)], [v])"""
OPTIMIZERS = [
    lambda: xg.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    lambda: xg.optimizers.Adam(0.1, clipnorm=0.5, use_ema=True, ema_overwrite_frequency=2),
    lambda: xg.optimizers.AdamW(0.1, weight_decay=0.1, gradient_accumulation_steps=2),
    lambda: xg.optimizers.RMSprop(xg.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
]


def choices(text):
    return [part.strip() for line in text.splitlines() for part in line.split("|")]


def slope(f, v):
    with xg.GradientTape() as tape:
        y = f()
    return tape.gradient(y, v, unconnected_gradients="zero")


def step_of(seed):
    """A step and its text."""
    rng = np.random.default_rng([20261127, seed])
    pick = lambda options: options[int(rng.integers(len(options)))]
    names = ["a", "b", "c", "x", "y", "constant", "former"]
    lines = ["def step(a, b, c, x, y, constant, former, optimizer):"]
    for i in range(int(rng.integers(1, 8))):
        expression = pick(choices(EXPRESSIONS)).format(a=pick(names), b=pick(names))
        statement = pick(choices(STATEMENTS))
        lines += [f"v = {pick('abc')}", statement.format(e=expression, t=f"t{i}")]
        if "{t}" in statement:
            names.append(f"t{i}")
    lines.append(f"return [{', '.join(names[7:])}{', ' * (len(names) > 7)}{pick('abc')}.value()]")
    scope = {"xg": xg, "slope": slope}
    exec("\n    ".join(lines), scope)
    return scope["step"], "\n    ".join(lines)


def copies(tensors):
    return [x.numpy().copy() for x in tensors]


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_step_is_that_of_the_function(seed):
    step, text = step_of(seed)
    rng = np.random.default_rng(seed)
    start = rng.normal(size=(3, 3))
    constant = xg.asarray(rng.normal(size=3))
    calls, worlds, held = [], [], []
    for wrap in (lambda f: f, xg.function):
        variables = [xg.Variable(row) for row in start]
        rest = constant, variables[1].value(), OPTIMIZERS[seed % len(OPTIMIZERS)]()
        calls.append(wrap(lambda x, y, given=variables, rest=rest: step(*given, x, y, *rest)))
        worlds.append(variables)
    batch = np.empty((2, 3))
    for number in range(4):
        batch[...] = rng.normal(size=(2, 3))
        tensors = [xg.asarray(x) for x in batch]
        expected, found = calls[0](*tensors), calls[1](*(batch if seed % 2 else tensors))
        for y, e in zip([*found, *worlds[1]], [*expected, *worlds[0]], strict=True):
            np.testing.assert_allclose(y.numpy(), e.numpy(), 1e-9, 1e-9, err_msg=text)
        for results, values in held:
            for y, value in zip(results, values, strict=True):
                np.testing.assert_array_equal(y.numpy(), value, err_msg=text)
        own = [y for y in found if not np.shares_memory(y.array, batch)]
        held.append((own, copies(own)))
        change = rng.normal(size=3)
        for a, b, c in worlds:
            (a, b, c)[number % 3].assign_add(change)
            b.assign(c)
