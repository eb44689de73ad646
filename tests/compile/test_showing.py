"""Guards that wait: what is not finite shows in the end, or is looked at on the way."""

import numpy as np
import pytest

import xgrad as xg
from xgrad.compile import showing
from xgrad.compile.memory import Memory
from xgrad.compile.order import in_blocks

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(params=["little", "wait", "nothing is kept", "nothing waits"], autouse=True)
def limits(request, monkeypatch):
    if request.param != "little":
        monkeypatch.setattr(showing, "_LITTLE", 0)
    if request.param not in ("little", "wait"):
        monkeypatch.setattr(showing, "_MOST_KEPT", 0)
    if request.param == "nothing waits":
        monkeypatch.setattr(showing, "_MOST_LOOKED_AT", 0)
    return request.param


def assert_replays(step, good, *others):
    """Recorded and prepared where everything is finite, a step gives what it gives eagerly."""
    recorded = xg.function(step)
    for xs in (good, good, *others, good):
        found, expected = recorded(*xs), step(*xs)
        for y, e in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(y.numpy(), e.numpy(), rtol=1e-12, atol=1e-300)
    return recorded._last()


def waiting_in(program):
    order = in_blocks(program)
    memory = Memory(program, order)
    return memory, showing.waiting(program, order, memory)


def masked(x, w):
    """The gradient of a logarithm that is masked, where its argument is 0 and so is the cotangent."""
    with xg.GradientTape() as tape:
        tape.watch((x, w))
        y = xg.sum(xg.where(x > 0, xg.log(xg.where(x > 0, x, 0.0) * w), 0.0))
    return tape.gradient(y, (x, w))


GOOD = tuple(map(xg.asarray, ([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])))
BAD = tuple(map(xg.asarray, ([1.0, -2.0, 3.0], [1.0, 2.0, 4.0])))
WORSE = tuple(map(xg.asarray, ([np.nan, -2.0, np.inf], [1.0, np.inf, 0.0])))
HIDING = {
    "nothing": lambda g: g,
    "where": lambda g: xg.where(g > -1.0, g, -1.0),
    "comparison": lambda g: xg.astype(g > -1.0, xg.float64),
    "index": lambda g: xg.stack([g[0], g[2]]),
    "choice": lambda g: xg.where(g == g, 1.0, xg.exp(g)),
    "sum": lambda g: xg.sum(g) * 2.0,
    "divisor": lambda g: 1.0 / (1.0 + g * g),
    "power": lambda g: xg.exp(-g) + g**2,
    "product": lambda g: xg.reshape(g, (1, 3)) @ xg.reshape(g, (3, 1)),
    "integers": lambda g: xg.astype(xg.where(g < 5.0, g, 5.0), xg.int64),
}


@pytest.mark.parametrize("one", HIDING)
@pytest.mark.parametrize("other", HIDING)
def test_what_becomes_of_gradients_does_not_hide_anything(one, other):
    def step(x, w):
        of_x, of_w = masked(x, w)
        return HIDING[one](of_x), HIDING[other](of_w)

    assert_replays(step, GOOD, BAD, WORSE, BAD)


@pytest.mark.parametrize("name", HIDING)
def test_second_derivatives(name):
    def step(x, w):
        with xg.GradientTape() as tape:
            tape.watch((x, w))
            of_x, of_w = masked(x, w)
            y = xg.sum(xg.where(x > 0, of_x * of_w, 0.0))
        return [HIDING[name](g) for g in tape.gradient(y, (x, w))]

    assert_replays(step, GOOD, BAD, BAD)


def network(x, mask, kernels):
    with xg.GradientTape() as tape:
        tape.watch(kernels)
        h = x[0]
        for i in range(1, x.shape[0]):
            h = xg.tanh(x[i] @ kernels[0] + h @ kernels[1])
        y = xg.sum(xg.where(mask, h, 0.0))
    return tape.gradient(y, kernels)


def test_in_a_network_one_look_at_each_gradient_is_enough(rng, limits):
    kernels = [xg.asarray(rng.normal(size=(5, 5))) for _ in range(2)]
    mask = xg.asarray(rng.random((4, 5)) < 0.5)
    x = rng.normal(size=(9, 4, 5))
    missing = np.where(rng.random(x.shape) < 0.1, np.nan, x)
    executor = assert_replays(
        network,
        (xg.asarray(x), mask, kernels),
        (xg.asarray(missing), mask, kernels),
        (xg.asarray(x * 1e300), mask, kernels),
    ).executor
    on_the_way = [
        line for line in executor.source.splitlines() if line.strip().startswith(("fix", "r"))
    ]
    assert (len(on_the_way) > 10) == (limits == "nothing waits")
    if limits != "nothing waits":
        assert executor.source.count("finite(") <= 3


def test_what_waits_and_where_it_shows(limits):
    memory, found = waiting_in(assert_replays(masked, GOOD, BAD).program)
    assert len(memory.guarded) >= 3
    if limits == "nothing waits":
        assert not found.values
        assert not found.looked_at
    if limits in ("little", "wait"):
        assert found.values == frozenset(memory.guarded)
        assert len(found.looked_at) < len(memory.guarded)


@pytest.mark.parametrize("name", HIDING)
def test_results_are_looked_at_where_everything_shows_in_them(name, limits):
    """Infinity would be lost in a divisor, NaN in a comparison, what is cut off in an index."""

    def step(x, w):
        return HIDING[name](masked(x, w)[1])

    recorded = assert_replays(step, GOOD, BAD, WORSE)
    program = recorded.program
    memory, found = waiting_in(program)
    if limits == "little":
        assert not set(found.looked_at) & (set(program.outputs()) - set(memory.guarded))
    elif limits != "nothing waits":
        shows = name in ("nothing", "sum", "product")
        assert (found.looked_at == list(program.outputs())) == shows
        if not shows and limits == "nothing is kept":
            assert found.looked_at == []


def test_a_guarded_product_shows_its_cotangent(rng):
    """As in the gradient of softmax: the careful product before it need not be looked at."""

    def step(x, w):
        with xg.GradientTape() as tape:
            tape.watch((x, w))
            y = xg.sum(xg.nn.softmax(x @ w, axis=1) @ w)
        return tape.gradient(y, (x, w))

    x, w = (xg.asarray(rng.normal(size=(6, 6))) for _ in range(2))
    holes = xg.asarray(np.where(rng.random((6, 6)) < 0.2, -np.inf, rng.normal(size=(6, 6))))
    assert_replays(step, (x, w), (holes, w), (x, holes))


def test_large_results_in_the_memory_of_arguments_keep_their_guards(rng):
    """A program that writes over its inputs cannot run again."""
    step = xg.function(
        lambda x, w: (x * 2.0, masked(x[:3], w)[0]),
        donate=("x",),
    )
    for values in (GOOD, GOOD, BAD, BAD):
        x = np.concatenate([values[0].numpy(), rng.normal(size=100_000)])
        doubled, gradient = step(xg.asarray(x.copy()), values[1])
        np.testing.assert_array_equal(doubled.numpy(), x * 2.0)
        np.testing.assert_allclose(
            gradient.numpy(), masked(xg.asarray(x[:3]), values[1])[0].numpy()
        )
