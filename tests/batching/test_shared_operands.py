"""Inside vmap: tangents, cotangents and operands that all examples share, from outside."""

import numpy as np
import pytest

import xgrad as xg


def jvp(f):
    return lambda x, t: xg.jvp(f, (x,), (t,))[1]


def with_accumulator(x, t):
    with xg.ForwardAccumulator(x, t) as accumulator:
        y = xg.sort(xg.concat([xg.exp(x), x, xg.cumulative_prod(x)])) * xg.sum(x)
    return accumulator.jvp(y)


def with_output_gradients(x, t):
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sin(x) * x
    return tape.gradient(y, x, output_gradients=t)


@xg.custom_gradient
def own_rule(x):
    return xg.sin(x), lambda g: g * xg.cos(x)


def wave(x):
    return xg.sin(x) * x


def scanned(x, t):
    step = xg.checkpoint(lambda carry, part: (carry + 0.1 * xg.sum(wave(carry * t)), carry * part))
    return xg.scan(step, 1.0, x)[1]


def checkpointed(t):
    return xg.checkpoint(lambda x: x * xg.sum(t * t))


FUNCTIONS = {
    "gradient of a checkpoint": lambda x, t: xg.grad(lambda y: xg.sum(checkpointed(t)(y) ** 2))(x),
    "tangent of a checkpoint": lambda x, t: jvp(checkpointed(t))(x, t),
    "checkpoint in inner vmap": lambda x, t: xg.vmap(
        lambda s: xg.grad(lambda y: xg.sum(xg.checkpoint(lambda z: z * s)(y) ** 2))(x)
    )(t),
    "checkpoint of another's": lambda x, t: xg.vmap(
        lambda s: xg.checkpoint(lambda z: z * xg.sum(x * t))(s)
    )(t),
    "gradient of checkpoints": lambda x, t: xg.grad(lambda y: xg.sum(scanned(y, t) ** 2))(x),
    "elementwise": jvp(lambda x: wave(x) + x[::-1]),
    "matrices": jvp(lambda x: xg.linalg.inv(xg.linalg.outer(x, x) + xg.eye(3))),
    "own rule": jvp(own_rule),
    "checkpoint": jvp(xg.checkpoint(wave)),
    "twice": lambda x, t: jvp(lambda y: jvp(wave)(y, t))(x, t),
    "of gradient": jvp(xg.grad(lambda x: xg.sum(wave(x)))),
    "gradient of": lambda x, t: xg.grad(lambda y: xg.sum(jvp(wave)(y, t)))(x),
    "tangent differs": lambda x, t: jvp(lambda y: xg.max(y) * xg.nn.softmax(y))(t, x),
    "inner vmap": lambda x, t: xg.vmap(lambda s: jvp(lambda y: wave(y) * s)(x, t))(t),
    "linearize": lambda x, t: xg.linearize(wave, x)[1](t),
    "vjp": lambda x, t: xg.vjp(wave, x)[1](t)[0],
    "accumulator": with_accumulator,
    "output_gradients": with_output_gradients,
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_shared_direction_is_that_of_every_example(f, rng):
    xs, t = (xg.asarray(rng.uniform(0.5, 1.5, shape)) for shape in ((2, 3), 3))
    mapped = lambda xs, t: xg.vmap(f, in_axes=(0, None))(xs, t)
    looped = lambda xs, t: xg.stack([f(x, t) for x in xg.unstack(xs)])
    for find in (lambda g: g, lambda g: xg.grad(lambda xs, t: xg.sum(g(xs, t) ** 2), (0, 1))):
        for found, expected in zip(
            xg.tree.leaves(find(mapped)(xs, t)), xg.tree.leaves(find(looped)(xs, t)), strict=True
        ):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("axes", [(0, None), (None, 0)], ids=str)
@pytest.mark.parametrize("name", ["maximum", "hypot", "atan2", "pow", "logaddexp", "divide"])
@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_shared_operand_is_that_of_every_example(mode, name, axes, device, rng):
    shapes = [(2, 3) if axis == 0 else (3,) for axis in axes]
    x1, x2 = (xg.asarray(rng.uniform(0.5, 1.5, shape), device=device) for shape in shapes)
    f = getattr(xg, name)
    direction = xg.ones(3, device=device)
    slopes = {
        "reverse": xg.grad(lambda x1, x2: xg.sum(f(x1, x2)), (0, 1)),
        "forward": lambda x1, x2: xg.jvp(f, (x1, x2), (direction, direction)),
    }[mode]
    found = xg.vmap(slopes, in_axes=axes)(x1, x2)
    for i in range(2):
        given = [x[i, :] if axis == 0 else x for x, axis in zip((x1, x2), axes, strict=True)]
        for part, expected in zip(found, slopes(*given), strict=True):
            np.testing.assert_allclose(part.numpy()[i], expected.numpy(), rtol=1e-12)


def test_a_partial_derivative_that_examples_share_is_guarded(device):
    x = xg.asarray([0.5, -2.0], device=device)

    def gradient(g):
        with xg.GradientTape() as outer:
            outer.watch(g)
            with xg.GradientTape() as tape:
                tape.watch(x)
                y = x**0
            return tape.gradient(y, x, output_gradients=g)

    g = xg.asarray([[1.0, 2.0], [3.0, 4.0]], device=device)
    assert xg.vmap(gradient)(g).tolist() == [[0.0, 0.0], [0.0, 0.0]]
