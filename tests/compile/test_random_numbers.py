"""Random numbers in recorded steps: every call draws anew, as the function itself would.

Oracle: the function without xg.function, on a generator of the same seed."""

import numpy as np
import pytest

import xgrad as xg


def both(make, count=4):
    """The results of several calls of a step, recorded and as it stands, each from seed 0."""
    found = []
    for wrap in (xg.function, lambda f: f):
        rng = xg.random.Generator(0)
        step = wrap(make(rng))
        ys = [step(xg.asarray([1.0, 2.0]) * k) for k in range(1, count + 1)]
        found.append([leaf.numpy() for y in ys for leaf in xg.tree.leaves(y)])
        found[-1].append(rng.normal((3,)).numpy())  # and the stream goes on from the same place
    return found


def set_back(rng, x, before, after):
    state = rng.state
    ys = [x * rng.normal((2,)) for _ in range(before)]
    rng.state = state
    return ys, [x * rng.normal((2,)) for _ in range(after)]


STEPS = {
    "normal": lambda rng: lambda x: x * rng.normal((2,)),
    "several": lambda rng: lambda x: x * rng.normal((2,)) + rng.uniform(()) * rng.normal((3, 1)),
    "unused": lambda rng: lambda x: (rng.normal((5,)), x * rng.uniform((2,)))[1],
    "the draw itself": lambda rng: lambda x: (rng.normal((2,)), x),
    "the same kind twice": lambda rng: lambda x: x * (rng.normal((2,)) - rng.normal((2,))),
    "integers": lambda rng: lambda x: x[rng.integers(0, 2, (6,))],
    "permutation": lambda rng: lambda x: rng.permutation(x),
    "bernoulli": lambda rng: lambda x: xg.where(rng.bernoulli(0.5, (2,)), x, 0.0),
    "choice": lambda rng: lambda x: rng.choice(x, (7,), p=[0.3, 0.7]),
    "scaled by an argument": lambda rng: lambda x: rng.normal((3, 2), x, x),
    "gamma": lambda rng: lambda x: x * rng.gamma(2.0, (2,)),
    "gradient": lambda rng: xg.grad(lambda x: xg.sum(xg.sin(x) * rng.normal((2,)))),
    "vmap": lambda rng: xg.vmap(lambda x: x * rng.normal((3,))),
    "gradient of vmap": lambda rng: xg.grad(
        lambda x: xg.sum(xg.vmap(lambda x: xg.sin(x) * rng.normal((3,)))(x))
    ),
    "recompute": lambda rng: xg.grad(
        lambda x: (
            xg.sum(xg.recompute_grad(lambda x: xg.sin(x) * rng.normal((2,)))(x)) * rng.uniform(())
        )
    ),
    "recompute twice": lambda rng: xg.grad(
        lambda x: xg.sum(
            xg.recompute_grad(
                lambda x: (
                    xg.recompute_grad(lambda x: xg.sin(x) * rng.normal((2,)))(x) * rng.uniform((2,))
                )
            )(x)
        )
    ),
    "set back": lambda rng: lambda x: set_back(rng, x, 2, 0),
    "set back and drawn again": lambda rng: lambda x: set_back(rng, x, 3, 1),
    "scan of nothing": lambda rng: (
        lambda x: xg.scan(lambda c, a: (c * a + rng.normal(()), c), xg.asarray(0.5), x[:0])
    ),
    "scan": lambda rng: (
        lambda x: xg.scan(lambda c, a: (c * a + rng.normal(()), c), xg.asarray(0.5), x)
    ),
}


@pytest.mark.parametrize("make", STEPS.values(), ids=list(STEPS))
def test_a_recorded_step_draws_as_the_function_does(make):
    recorded, plain = both(make)
    for found, expected in zip(recorded, plain, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_the_default_generator_is_drawn_from_in_every_call():
    step = xg.function(lambda x: x + xg.random.normal((2,)))
    xg.random.seed(0)
    first = [step(xg.zeros(2)).numpy() for _ in range(3)]
    xg.random.seed(0)
    expected = [xg.random.normal((2,)).numpy() for _ in range(3)]
    np.testing.assert_array_equal(first, expected)


def test_the_default_generator_may_be_made_in_a_recording():
    with xg.device("array_api_strict:device2"):
        step = xg.function(lambda x: x + xg.random.uniform(()))
        assert step(xg.zeros(())).item() != step(xg.zeros(())).item()


def test_a_generator_made_inside_draws_the_same_in_every_call():
    step = xg.function(lambda x: x + xg.random.Generator(0).normal((2,)))
    expected = np.random.default_rng(0).standard_normal(2)
    for _ in range(3):
        np.testing.assert_array_equal(step(xg.zeros(2)).numpy(), expected)


def test_a_draw_cannot_be_looked_at():
    rng = xg.random.Generator(0)
    with pytest.raises(xg.errors.TracingError, match="cannot look at values"):
        xg.function(lambda x: x if rng.uniform() > 0.5 else -x)(xg.ones(2))


def _set_state(rng):
    state = xg.random.Generator(1).state

    def step(x):
        rng.state = state
        return x

    return step


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rng: lambda x: rng.gamma(x), "depends on the arguments"),
        (lambda rng: lambda x: rng.spawn(1)[0].normal() * x, "children"),
        (lambda rng: lambda x: xg.random.Generator().normal() * x, "without a seed"),
        (_set_state, "from elsewhere"),
    ],
    ids=["gamma of an argument", "spawn", "without a seed", "foreign state"],
)
def test_what_a_program_cannot_repeat_is_refused(make, message):
    with pytest.raises(xg.errors.TracingError, match=message):
        xg.function(make(xg.random.Generator(0)))(xg.ones(2))


def test_the_listing_names_draws():
    rng = xg.random.Generator(0)
    step = xg.function(lambda x: x * rng.normal((2,)))
    step(xg.ones(2))
    assert "normal(shape=(2,), dtype='float64') from xg.random.Generator" in str(step.program())
