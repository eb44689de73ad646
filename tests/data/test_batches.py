"""Mini-batches: every row once, in an order that the seed decides, from any place on."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

import xgrad as xg

ROWS = np.arange(10)


def collected(batches):
    """The rows of what is left of an epoch, batch by batch."""
    return [batch.tolist() for batch in batches]


def flat(found):
    return list(itertools.chain.from_iterable(found))


def epochs(batches, count):
    return [collected(batches) for _ in range(count)]


# -- which rows, in which order --------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 5, 10, 11])
def test_every_row_comes_once_in_every_epoch(size):
    batches = xg.data.Batches(ROWS, size, seed=0)
    for _ in range(3):
        found = collected(batches)
        assert len(found) == len(batches) == -(-10 // size)
        assert {len(rows) for rows in found[:-1]} <= {size}
        assert sorted(flat(found)) == list(range(10))


def test_order_depends_on_seed_and_epoch_alone():
    first = epochs(xg.data.Batches(ROWS, 3, seed=7), 3)
    assert first == epochs(xg.data.Batches(ROWS, 3, seed=7), 3)
    assert len({str(epoch) for epoch in first}) == 3
    assert first[0] != collected(xg.data.Batches(ROWS, 3, seed=8))


def test_size_of_batches_does_not_change_the_order():
    one = flat(collected(xg.data.Batches(ROWS, 3, seed=7)))
    assert one == flat(collected(xg.data.Batches(ROWS, 4, seed=7)))


def test_lists_are_seeds_too():
    one = collected(xg.data.Batches(ROWS, 10, seed=[1, 2]))
    assert one != collected(xg.data.Batches(ROWS, 10, seed=[1, 3]))


def test_without_a_seed_every_run_is_another():
    first, second = (xg.data.Batches(np.arange(100), 100) for _ in range(2))
    assert collected(first) != collected(second)


def test_global_random_state_is_neither_read_nor_changed():
    xg.random.seed(3)
    expected = float(xg.random.uniform())
    xg.random.seed(3)
    collected(xg.data.Batches(ROWS, 2))
    assert float(xg.random.uniform()) == expected


def test_without_shuffling_rows_come_in_order():
    batches = xg.data.Batches(ROWS, 4, shuffle=False)
    assert epochs(batches, 2) == [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]] * 2


def test_remainder_is_dropped_on_request():
    batches = xg.data.Batches(ROWS, 4, shuffle=False, drop_remainder=True)
    assert len(batches) == 2
    assert collected(batches) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert batches.epochs_done == 1


def test_other_rows_are_dropped_in_every_epoch():
    batches = xg.data.Batches(ROWS, 4, seed=0, drop_remainder=True)
    dropped = [set(range(10)) - set(flat(epoch)) for epoch in epochs(batches, 5)]
    assert all(len(rows) == 2 for rows in dropped)
    assert set().union(*dropped) > dropped[0]


# -- what batches are ------------------------------------------------------------------------------


def test_rows_of_all_arrays_stay_together_in_the_nest():
    arrays = {"x": np.stack([ROWS, ROWS * 2], axis=1), "pair": (ROWS * 3, [xg.asarray(ROWS * 4.0)])}
    for batch in xg.data.Batches(arrays, 3, seed=0):
        x, (threefold, (fourfold,)) = batch["x"], batch["pair"]
        assert type(x) is type(threefold) is type(fourfold) is xg.Tensor
        assert (x[:, 0] * 3).tolist() == threefold.tolist()
        assert (x[:, 0] * 4.0).tolist() == fourfold.tolist()
        assert (str(x.dtype), str(fourfold.dtype)) == ("int64", "float64")


@pytest.mark.parametrize("prefetch", [0, 2])
def test_batches_stay_where_the_arrays_are(prefetch, device):
    x = xg.asarray(ROWS, device=device)
    batches = xg.data.Batches(x, 4, shuffle=False, prefetch=prefetch)
    assert {batch.device for batch in batches} == {device}
    assert collected(batches) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_batches_go_to_the_device_that_is_asked_for(device):
    for batch in xg.data.Batches((ROWS, ROWS * 0.5), 4, device=device):
        assert {x.device for x in batch} == {device}
        assert batch[1].tolist() == [n * 0.5 for n in batch[0].tolist()]


def test_batches_have_memory_of_their_own():
    x = np.arange(4.0)
    (batch,) = xg.data.Batches(x, 4, shuffle=False)
    x[:] = -1.0
    assert batch.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_arrays_in_files_are_read_row_by_row(tmp_path):
    np.save(tmp_path / "x.npy", ROWS)
    batches = xg.data.Batches(np.load(tmp_path / "x.npy", mmap_mode="r"), 4, shuffle=False)
    assert collected(batches)[1] == [4, 5, 6, 7]


def test_a_tape_sees_constants():
    v = xg.Variable(2.0)
    batches = xg.data.Batches(np.ones((4, 1)), 2, prefetch=2)
    with xg.GradientTape() as tape:
        total = sum((xg.sum(x * v) for x in batches), xg.asarray(0.0))
    assert float(tape.gradient(total, v)) == 4.0


# -- ahead of time ---------------------------------------------------------------------------------


@pytest.mark.parametrize("prefetch", [1, 2, 7])
def test_prefetching_changes_nothing(prefetch):
    batches = xg.data.Batches(ROWS, 3, seed=5, prefetch=prefetch)
    assert epochs(batches, 3) == epochs(xg.data.Batches(ROWS, 3, seed=5), 3)


def test_what_was_made_ahead_does_not_count():
    batches = xg.data.Batches(ROWS, 2, shuffle=False, prefetch=4)
    iterator = iter(batches)
    assert next(iterator).tolist() == [0, 1]
    assert batches.state_dict()["row"] == 2
    iterator.close()
    assert collected(batches)[0] == [2, 3]


def test_no_thread_stays_when_a_loop_is_left():
    for _ in xg.data.Batches(ROWS, 2, prefetch=2):
        break
    assert not [t for t in threading.enumerate() if t.name.startswith("xgrad-data")]


# -- places ----------------------------------------------------------------------------------------


def test_a_loop_that_was_left_is_gone_on_with():
    batches = xg.data.Batches(ROWS, 4, shuffle=False)
    for _ in batches:
        break
    assert (batches.epochs_done, collected(batches)) == (0, [[4, 5, 6, 7], [8, 9]])
    assert (batches.epochs_done, len(collected(batches))) == (1, 3)


def test_an_epoch_is_complete_when_its_last_batch_is_handed_out():
    batches = xg.data.Batches(ROWS, 5)
    assert [batches.epochs_done for _ in batches] == [0, 1]


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("cut", range(8))
def test_from_any_place_on_batches_are_the_same(cut, prefetch, tmp_path):
    def take(batches, count):
        found = []
        while len(found) < count:
            for batch in batches:
                found.append(batch.tolist())
                if len(found) == count:
                    break
        return found

    whole = take(xg.data.Batches(ROWS, 4, seed=1), 8)
    first = xg.data.Batches(ROWS, 4, seed=1, prefetch=prefetch)
    assert take(first, cut) == whole[:cut]
    xg.save(tmp_path / "run", {"batches": first})
    again = xg.data.Batches(ROWS, 4, seed=99, prefetch=prefetch)
    xg.load(tmp_path / "run", into={"batches": again})
    assert take(again, 8 - cut) == whole[cut:]


def test_resumed_training_is_the_uninterrupted_one(tmp_path):
    x = np.random.default_rng(0).normal(size=(23, 4))

    def start():
        return {
            "w": xg.Variable(np.ones(4)),
            "optimizer": xg.optimizers.Adam(0.1),
            "batches": xg.data.Batches((x, x.sum(axis=1)), 5, seed=3, prefetch=1),
        }

    def train(run, stop):
        w, optimizer, batches = run["w"], run["optimizer"], run["batches"]
        while batches.epochs_done < 4:
            for x, y in batches:
                optimizer.minimize(lambda x=x, y=y: xg.mean((x @ w - y) ** 2), w)
                if int(optimizer.iterations) == stop:
                    return

    whole, cut, resumed = start(), start(), start()
    train(whole, None)
    train(cut, 8)
    xg.save(tmp_path / "run", cut)
    train(xg.load(tmp_path / "run", into=resumed), None)
    assert int(resumed["optimizer"].iterations) == 20
    assert resumed["w"].numpy().tobytes() == whole["w"].numpy().tobytes()


def test_batches_of_another_size_go_on_from_the_same_row():
    batches = xg.data.Batches(ROWS, 4, seed=1)
    first = next(iter(batches)).tolist()
    other = xg.data.Batches(ROWS, 3, seed=0)
    other.load_state_dict(batches.state_dict())
    assert first + flat(collected(other)) == flat(collected(xg.data.Batches(ROWS, 10, seed=1)))


def test_place_among_rows_that_are_dropped_is_the_next_epoch():
    batches = xg.data.Batches(ROWS, 3, shuffle=False)
    for _, _ in zip(range(3), batches, strict=False):
        pass  # row 9 is next
    other = xg.data.Batches(ROWS, 4, shuffle=False, drop_remainder=True)
    other.load_state_dict(batches.state_dict())
    assert (other.epochs_done, collected(other)[0]) == (1, [0, 1, 2, 3])


@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_running_loop_follows_a_loaded_place(prefetch):
    batches = xg.data.Batches(ROWS, 2, shuffle=False, prefetch=prefetch)
    state, found = batches.state_dict(), []
    for batch in batches:
        found.append(batch.tolist()[0])
        if found == [0, 2, 4]:
            batches.load_state_dict(state)
    assert found == [0, 2, 4, 0, 2, 4, 6, 8]


def test_two_loops_share_one_place():
    batches = xg.data.Batches(ROWS, 2, shuffle=False)
    pairs = [(a.tolist(), b.tolist()) for a, b in zip(batches, batches, strict=False)]
    assert pairs == [([0, 1], [2, 3]), ([4, 5], [6, 7])]


def test_state_is_plain_and_small():
    batches = xg.data.Batches(np.zeros((1000, 3)), 10, seed=np.int64(4))
    next(iter(batches))
    state = {"epoch": 0, "row": 10, "rows": 1000, "seed": 4, "shuffle": True}
    assert batches.state_dict() == state
    assert type(batches.state_dict()["seed"]) is int


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: xg.data.Batches((ROWS, ROWS[:5]), 2), "ShapeError", r"\(10,\).*\(5,\)"),
        (lambda: xg.data.Batches((ROWS, np.asarray(1.0)), 2), "ShapeError", r"\(10,\).*\(\)"),
        (lambda: xg.data.Batches([], 2), "ShapeError", "no arrays"),
        (lambda: xg.data.Batches([1.0, 2.0], 2), "ArgumentTypeError", r"a float.*xg\.asarray"),
        (lambda: xg.data.Batches(np.asarray(["a"]), 2), "DTypeError", "holds no numbers"),
        (lambda: xg.data.Batches(ROWS, 0), "ArgumentError", "batch_size must be at least 1"),
        (lambda: xg.data.Batches(ROWS, 2.5), "ArgumentTypeError", r"batch_size .* 2\.5 \(float\)"),
        (lambda: xg.data.Batches(ROWS, 2, seed=-1), "ArgumentError", "seed must not be negative"),
        (lambda: xg.data.Batches(ROWS, 2, seed="a"), "ArgumentTypeError", "seed must be an int"),
        (lambda: xg.data.Batches(ROWS, 2, prefetch=-1), "ArgumentError", "prefetch .* -1"),
        (lambda: xg.data.Batches(ROWS[:0], 2), "ArgumentError", "0 rows make no batch of 2"),
        (
            lambda: xg.data.Batches(ROWS, 11, drop_remainder=True),
            "ArgumentError",
            "10 rows make no batch of 11",
        ),
    ],
    ids=[
        *("lengths", "scalar", "nothing", "floats", "strings", "size", "float_size", "seed"),
        *("text_seed", "prefetch", "empty", "too_few"),
    ],
)
def test_bad_arguments_are_named(make, kind, message):
    with pytest.raises(getattr(xg.errors, kind), match=message):
        make()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, "is NoneType"),
        ({"epoch": 0}, r"is \['epoch'\]"),
        ({"rows": 9}, "'rows': 9.*'rows': 10"),
        ({"shuffle": False}, "'shuffle': False.*'shuffle': True"),
        ({"row": -1}, "row must be at least 0"),
        ({"seed": -1}, "seed must not be negative"),
    ],
    ids=["none", "part", "rows", "shuffle", "row", "seed"],
)
def test_states_of_something_else_are_refused_and_change_nothing(state, message):
    batches = xg.data.Batches(ROWS, 2, seed=0)
    before = batches.state_dict()
    if state and "epoch" not in state:
        state = {**before, **state}
    with pytest.raises(xg.errors.ArgumentError, match=message):
        batches.load_state_dict(state)
    assert batches.state_dict() == before
