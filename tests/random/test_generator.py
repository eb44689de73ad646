"""Generators: reproducible streams, states, children, copies, devices. Oracle: NumPy's default_rng."""

import copy
import json
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.draws import draw
from xgrad.core.observers import state
from xgrad.core.replay import Journal

DRAWS = {
    "normal": lambda rng: rng.normal((3,)),
    "truncated_normal": lambda rng: rng.truncated_normal((3,)),
    "uniform": lambda rng: rng.uniform((3,)),
    "exponential": lambda rng: rng.exponential((3,)),
    "gumbel": lambda rng: rng.gumbel((3,)),
    "gamma": lambda rng: rng.gamma(2.0, (3,)),
    "bernoulli": lambda rng: rng.bernoulli(0.5, (20,)),
    "integers": lambda rng: rng.integers(0, 1000, (3,)),
    "permutation": lambda rng: rng.permutation(20),
    "choice": lambda rng: rng.choice(1000, (3,)),
    "choice without replacement": lambda rng: rng.choice(1000, (3,), replace=False),
    "choice with p": lambda rng: rng.choice(5, (20,), p=[0.1, 0.2, 0.3, 0.2, 0.2]),
}
every_draw = pytest.mark.parametrize("sample", DRAWS.values(), ids=list(DRAWS))


def numbers(x):
    return x.numpy().tolist()


# -- streams -----------------------------------------------------------------------------------


@every_draw
def test_same_seed_draws_the_same(sample):
    assert numbers(sample(xg.random.Generator(3))) == numbers(sample(xg.random.Generator(3)))


@every_draw
def test_other_seeds_draw_something_else(sample):
    assert numbers(sample(xg.random.Generator(3))) != numbers(sample(xg.random.Generator(4)))


@every_draw
def test_second_draw_differs_from_the_first(sample):
    rng = xg.random.Generator(3)
    assert numbers(sample(rng)) != numbers(sample(rng))


@every_draw
def test_setting_the_state_repeats_the_draw(sample):
    rng = xg.random.Generator(3)
    rng.uniform((), dtype="float32")  # leaves half of 64 bits in a buffer
    state = rng.state
    first = numbers(sample(rng))
    rng.state = state
    assert numbers(sample(rng)) == first


@every_draw
def test_state_of_before_a_draw_is_noted_in_a_journal(sample):
    rng = xg.random.Generator(3)
    before = rng.state
    with Journal() as journal:
        sample(rng)
    assert [(e[0], e[2]) for e in journal.entries.values()] == [(rng, before)]


def test_state_set_before_is_put_back_by_a_journal():
    rng = xg.random.Generator(3)
    before = rng.state
    with Journal() as journal:
        rng.state = xg.random.Generator(4).state
    journal.put_back()
    assert rng.state == before


@every_draw
def test_every_draw_is_told_to_observers_and_can_be_repeated(sample, monkeypatch):
    drawn = []

    class Draws:
        def drawn(self, *what):
            drawn.append(what)

    class Watcher:
        alone = ()
        draws = Draws()

    rng = xg.random.Generator(3)
    before = rng.state
    monkeypatch.setattr(state, "observers", (Watcher(),))
    sample(rng)
    monkeypatch.undo()
    ((generator, method, operands, parameters, y),) = drawn
    assert generator is rng
    rng.state = before
    found, node = draw(rng, method, operands, parameters)
    np.testing.assert_array_equal(found, y)
    assert node is None


def test_numbers_are_those_of_numpys_default_rng():
    rng, expected = xg.random.Generator(7), np.random.default_rng(7)
    assert numbers(rng.normal((4,))) == expected.standard_normal(4).tolist()
    assert numbers(rng.uniform((4,))) == expected.random(4).tolist()
    assert numbers(rng.exponential((4,))) == expected.standard_exponential(4).tolist()
    assert numbers(rng.gamma(2.5, (4,))) == expected.standard_gamma(2.5, 4).tolist()
    assert numbers(rng.integers(-3, 9, (4,))) == expected.integers(-3, 9, 4).tolist()
    assert numbers(rng.permutation(9)) == expected.permutation(9).tolist()


@pytest.mark.parametrize("seed", [0, 2**70, [1, 2, 3], (4,), np.int64(5), None])
def test_seeds(seed):
    rng = xg.random.Generator(seed)
    state = rng.state
    first = numbers(rng.normal((2,)))
    rng.state = state
    assert numbers(rng.normal((2,))) == first


def test_no_seed_is_another_each_time():
    assert numbers(xg.random.Generator().normal((2,))) != numbers(
        xg.random.Generator().normal((2,))
    )


@pytest.mark.parametrize("seed", [-1, [], [1, -1]])
def test_seed_that_is_negative_or_empty_is_refused(seed):
    with pytest.raises(xg.errors.ArgumentError, match="seed"):
        xg.random.Generator(seed)


@pytest.mark.parametrize("seed", [1.5, "a", [0.5], {}])
def test_seed_that_is_no_int_is_refused(seed):
    with pytest.raises(xg.errors.ArgumentTypeError, match="seed"):
        xg.random.Generator(seed)


# -- states, copies, children ------------------------------------------------------------------


def test_state_is_a_snapshot():
    rng = xg.random.Generator(0)
    state = rng.state
    text = repr(state)
    rng.normal((5,))
    rng.spawn(2)
    assert repr(state) == text


def test_state_survives_json():
    rng = xg.random.Generator(0)
    rng.normal((5,))
    other = xg.random.Generator(1)
    other.state = json.loads(json.dumps(rng.state))
    assert numbers(other.normal((3,))) == numbers(rng.normal((3,)))
    assert numbers(other.spawn(1)[0].normal()) == numbers(rng.spawn(1)[0].normal())


@pytest.mark.parametrize("state", [None, 3, {}, {"kind": "PCG64"}])
def test_what_is_no_state_is_refused_and_changes_nothing(state):
    rng, same = xg.random.Generator(0), xg.random.Generator(0)
    with pytest.raises(xg.errors.ArgumentError, match="state"):
        rng.state = state
    assert rng.state == same.state


def test_state_of_another_kind_of_generator_is_refused():
    rng = xg.random.Generator(0)
    with pytest.raises(xg.errors.ArgumentError, match="Philox"):
        rng.state = {**rng.state, "kind": "Philox4x3210"}


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda rng: pickle.loads(pickle.dumps(rng))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copy_draws_the_same_and_is_independent(copied):
    rng = xg.random.Generator(0)
    rng.normal((5,))
    other = copied(rng)
    first = numbers(other.normal((3,)))
    assert numbers(rng.normal((3,))) == first
    rng.normal((3,))
    assert other.state != rng.state


def test_pickle_keeps_the_device():
    rng = xg.random.Generator(0, "array_api_strict:device1")
    assert pickle.loads(pickle.dumps(rng)).device == rng.device


def test_children_differ_from_each_other_and_from_the_parent():
    rng = xg.random.Generator(0)
    streams = [*rng.spawn(3), *rng.spawn(1), rng]
    assert len({float(s.normal()) for s in streams}) == 5


def test_children_do_not_depend_on_what_was_drawn():
    rng, other = xg.random.Generator(0), xg.random.Generator(0)
    other.normal((100,))
    assert [s.state for s in rng.spawn(2)] == [s.state for s in other.spawn(2)]


def test_children_are_numpys():
    expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence(5).spawn(2)[1]))
    child = xg.random.Generator(5).spawn(2)[1]
    assert numbers(child.normal((3,))) == expected.standard_normal(3).tolist()


def test_spawning_is_part_of_the_state():
    rng = xg.random.Generator(0)
    state = rng.state
    first = rng.spawn(1)[0].state
    assert rng.spawn(1)[0].state != first
    rng.state = state
    assert rng.spawn(1)[0].state == first


@pytest.mark.parametrize("n", [-1, 1.5, (1, 2)])
def test_spawn_refuses_what_is_no_number_of_children(n):
    with pytest.raises((xg.errors.ArgumentError, xg.errors.ArgumentTypeError)):
        xg.random.Generator(0).spawn(n)


def test_repr_says_what_and_where():
    assert repr(xg.random.Generator(0)) == "xg.random.Generator(PCG64 on cpu)"


# -- the default generator ---------------------------------------------------------------------


def test_functions_draw_from_the_default_generator():
    xg.random.seed(5)
    found = [numbers(xg.random.normal((2,))), numbers(xg.random.permutation(6))]
    rng = xg.random.Generator(5)
    assert found == [numbers(rng.normal((2,))), numbers(rng.permutation(6))]


def test_seed_keeps_the_object():
    rng = xg.random.default_generator()
    xg.random.seed(1)
    first = numbers(rng.normal((2,)))
    xg.random.seed(1)
    assert xg.random.default_generator() is rng
    assert numbers(rng.normal((2,))) == first


def test_seed_reaches_generators_that_are_made_later():
    code = (
        "import xgrad as xg; xg.random.seed(3); "
        "print(xg.random.uniform(()).item() == xg.random.Generator(3).uniform(()).item())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True"


def test_default_generator_is_the_default_devices():
    with xg.device("array_api_strict:device1") as device:
        assert xg.random.normal((2,)).device == device
    assert str(xg.random.normal((2,)).device) == "cpu"


def test_wrong_seed_is_refused_and_changes_nothing():
    xg.random.seed(1)
    with pytest.raises(xg.errors.ArgumentTypeError):
        xg.random.seed("a")
    assert numbers(xg.random.normal()) == numbers(xg.random.Generator(1).normal())


def test_functions_have_the_signatures_of_the_methods():
    import inspect

    for name in xg.random.__all__:
        if name in ("Generator", "default_generator", "seed"):
            continue
        method = list(inspect.signature(getattr(xg.random.Generator, name)).parameters)
        assert ["self", *inspect.signature(getattr(xg.random, name)).parameters] == method


# -- devices and threads -----------------------------------------------------------------------


def test_numbers_are_the_same_on_every_library_but_cuda(device):
    if str(device).startswith("cuda"):
        pytest.skip("cupy's generator is another one")
    rng, expected = xg.random.Generator(2, device), xg.random.Generator(2)
    with xg.set_default_dtype("float64"):
        for sample in DRAWS.values():
            x = sample(rng)
            assert x.device == device
            assert numbers(x) == numbers(sample(expected))


def test_state_repeats_draws_on_every_device(device):
    rng = xg.random.Generator(2, device)
    rng.normal((5,))
    state = rng.state
    first = [numbers(sample(rng)) for sample in DRAWS.values()]
    rng.state = state
    assert [numbers(sample(rng)) for sample in DRAWS.values()] == first
    other = pickle.loads(pickle.dumps(rng))
    assert numbers(other.normal((3,))) == numbers(rng.normal((3,)))


def test_nothing_is_read_back(any_device):
    rng = xg.random.Generator(2, any_device)
    for name, sample in DRAWS.items():
        if name != "gamma" or str(any_device) != "torch:meta":
            assert sample(rng).device == any_device


def test_generator_stays_where_it_was_made():
    rng = xg.random.Generator(0)
    with xg.device("array_api_strict:device1"):
        assert str(rng.normal().device) == "cpu"


def test_threads_may_share_a_generator():
    rng = xg.random.Generator(0)
    found = []
    threads = [
        threading.Thread(target=lambda: found.extend(numbers(rng.uniform((1000,)))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(numbers(xg.random.Generator(0).uniform((4000,))))
