"""The compiled way from a call to its program: the same results as the way in Python, and its refusals."""

import copy
import gc
import inspect
import pickle
import sys
import threading
import weakref

import numpy as np
import pytest

import xgrad as xg
from xgrad.compile import function as function_module

pytestmark = pytest.mark.skipif(
    function_module.calls is None, reason="not compiled here, or XGRAD_SPEEDUPS=0"
)


@pytest.fixture
def slow_calls(monkeypatch):
    """The arguments of the calls that go through Python."""
    calls = []
    slowly = function_module.Function._call_slowly

    def note(self, *args, **options):
        calls.append((args, options))
        return slowly(self, *args, **options)

    monkeypatch.setattr(function_module.Function, "_call_slowly", note)
    return calls


@pytest.fixture(autouse=True)
def no_machine_code(monkeypatch):
    """numba, where it is installed, counts calls before it compiles; those go through Python."""
    monkeypatch.setattr("xgrad.compile.jit.plan", lambda: (0, False))


def tensor(*shape, dtype=None):
    return xg.asarray(np.random.default_rng(0).normal(size=shape), dtype=dtype)


def warmed(f, *args, **options):
    """A recorded function that knows some arguments."""
    recorded = xg.function(f, **options)
    recorded(*args)
    recorded(*args)
    return recorded


def test_repeated_calls_do_not_go_through_python(slow_calls):
    x, y = tensor(3), tensor(3)
    f = warmed(lambda x, y: xg.tanh(x) * y, x, y)
    assert len(slow_calls) == 2
    for scale in (1.0, 2.0, 3.0):
        found = f(x * scale, y)
        np.testing.assert_array_equal(found.numpy(), np.tanh(x.numpy() * scale) * y.numpy())
        assert type(found) is xg.Tensor
        assert found.node is None
    assert len(slow_calls) == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x + 1,
        lambda x: (x + 1,),
        lambda x: (x + 1, x * 2, x - 3),
        lambda x: [x + 1, x * 2],
        lambda x: {"a": x + 1, "b": (x * 2, None)},
        lambda x: (x + 1, 5),
        lambda x: ((x + 1, x * 2), x),
        lambda x: (x, x),
        lambda x: (),
        lambda x: None,
    ],
    ids=map(str, range(10)),
)
def test_results_have_their_structure(make, slow_calls):
    x = tensor(4)
    f = warmed(make, x)
    found, expected = f(x * 2), make(x * 2)
    assert len(slow_calls) == 2
    assert type(found) is type(expected)
    assert xg.tree.flatten(found)[1] == xg.tree.flatten(expected)[1]
    for y, e in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(np.asarray(y), np.asarray(e))


@pytest.mark.parametrize(
    "args",
    [
        lambda x: (tensor(1), x),
        lambda x: (tensor(3, 1), x),
        lambda x: (tensor(), x),
        lambda x: (tensor(3, dtype=xg.float32), x),
        lambda x: (x.numpy(), x),
        lambda x: (x, 2.0),
        lambda x: (xg.Variable(x), x),
        lambda x: ([x], x),
    ],
    ids=map(str, range(8)),
)
def test_other_arguments_go_through_python(args, slow_calls):
    x = tensor(3)
    f = lambda x, y: (x[0] if isinstance(x, list) else x) * y + 1
    recorded = warmed(f, x, x)
    other = args(x)
    found = recorded(*other)
    np.testing.assert_allclose(found.numpy(), f(*other).numpy())
    assert len(slow_calls) == 3
    np.testing.assert_allclose(recorded(x, x).numpy(), f(x, x).numpy())


def test_names_and_wrong_numbers_of_arguments(slow_calls):
    x = tensor(3)
    f = warmed(lambda x, y: x * y, x, x)
    np.testing.assert_array_equal(f(x, y=x).numpy(), x.numpy() ** 2)
    with pytest.raises(TypeError, match="argument"):
        f(x)
    with pytest.raises(TypeError, match="argument"):
        f(x, x, x)
    assert len(slow_calls) == 5


def test_two_forms_in_turns(slow_calls):
    x, y = tensor(3), tensor(4)
    f = warmed(lambda x: x * 2, x)
    f(y)
    before = len(slow_calls)
    for _ in range(3):
        np.testing.assert_array_equal(f(x).numpy(), 2 * x.numpy())
        np.testing.assert_array_equal(f(x).numpy(), 2 * x.numpy())
        np.testing.assert_array_equal(f(y).numpy(), 2 * y.numpy())
    assert len(slow_calls) == before + 5  # at each change


def test_variables_are_read_and_written(slow_calls):
    v, step = xg.Variable([1.0, 2.0]), xg.Variable(0)

    def f(x):
        v.assign(v * x)
        step.assign_add(1)
        return v + step

    x = xg.asarray(2.0)
    recorded = warmed(f, x)
    for _ in range(3):
        recorded(x)
    assert len(slow_calls) == 2
    np.testing.assert_array_equal(v.numpy(), [32.0, 64.0])
    assert int(step) == 5
    v.raw = np.ones(3)  # of another shape: recorded anew
    np.testing.assert_array_equal(recorded(x).numpy(), [8.0, 8.0, 8.0])
    assert len(slow_calls) == 3


def test_watchers_see_the_function_itself(slow_calls):
    x = tensor(3)
    f = warmed(lambda x: xg.sum(xg.exp(x)), x)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), np.exp(x.numpy()))
    np.testing.assert_allclose(xg.grad(f)(x).numpy(), np.exp(x.numpy()))
    np.testing.assert_allclose(xg.vmap(f)(tensor(5, 3)).shape, (5,))
    assert len(slow_calls) > 4


def test_the_default_dtype_and_device_belong_to_a_signature(slow_calls):
    x = tensor(3)
    f = warmed(lambda x: xg.zeros(2), x)
    with xg.set_default_dtype(xg.float32):
        assert f(x).dtype == xg.float32
    assert f(x).dtype == xg.float64
    with xg.device("cpu"):
        assert f(x).dtype == xg.float64


def test_random_numbers_are_drawn_in_python(slow_calls):
    x = tensor(3)
    f = warmed(lambda x: x + xg.random.normal((3,)), x)
    assert not np.array_equal(f(x).numpy(), f(x).numpy())
    assert len(slow_calls) == 4


def test_guards_run_with_care_where_something_is_not_finite(slow_calls):
    def f(x):
        with xg.GradientTape() as tape:
            tape.watch(x)
            y = xg.sum(xg.where(x > 0, xg.sqrt(x), 0.0))
        return tape.gradient(y, x)

    x = xg.asarray([1.0, 4.0])
    recorded = warmed(f, x)
    bad = xg.asarray([4.0, 0.0])
    np.testing.assert_array_equal(recorded(bad).numpy(), [0.25, 0.0])
    assert len(slow_calls) == 3
    np.testing.assert_array_equal(recorded(x).numpy(), f(x).numpy())
    assert len(slow_calls) == 3


def test_errors_are_those_of_the_way_in_python():
    x, ids = tensor(5, 3), xg.asarray([0, 1, 2])
    f = warmed(lambda x, ids: xg.take(x, ids, axis=0), x, ids)
    with pytest.raises(IndexError, match="7"):
        f(x, xg.asarray([0, 7, 2]))
    np.testing.assert_array_equal(f(x, ids).numpy(), x.numpy()[:3])


def test_memory_that_is_missing_is_explained(monkeypatch):
    x = tensor(3)
    f = warmed(lambda x: x * 2, x)

    def fails(*_):
        raise MemoryError("no more")

    executor = f._last().executor
    good = executor._run
    executor._run = executor.ready = fails
    with pytest.raises(MemoryError, match="a replay of its program"):
        f(x)
    executor._run = executor.ready = good
    np.testing.assert_array_equal(f(x).numpy(), 2 * x.numpy())


def test_interruptions_pass_and_leave_the_lock_open():
    x = tensor(3)
    f = warmed(lambda x: x * 2, x)

    def interrupted(*_):
        raise KeyboardInterrupt

    executor = f._last().executor
    good = executor.ready
    executor.ready = interrupted
    with pytest.raises(KeyboardInterrupt):
        f(x)
    assert not executor.lock.locked()
    executor.ready = good
    np.testing.assert_array_equal(f(x).numpy(), 2 * x.numpy())


def test_a_program_that_another_thread_runs_is_waited_for(slow_calls):
    x = tensor(3)
    f = warmed(lambda x: x * 2, x)
    executor, results = f._last().executor, []
    with executor.lock:
        thread = threading.Thread(target=lambda: results.append(f(x)))
        thread.start()
        thread.join(0.05)
        assert not results
    thread.join()
    np.testing.assert_array_equal(results[0].numpy(), 2 * x.numpy())
    assert len(slow_calls) == 3


def test_many_threads_and_forms_at_once():
    f = xg.function(lambda x, y: (xg.tanh(x) + y, x * y))
    failures = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(300):
            n = int(rng.integers(1, 4))
            x, y = rng.normal(size=n), rng.normal(size=n)
            a, b = f(xg.asarray(x), xg.asarray(y))
            if not (np.array_equal(a.numpy(), np.tanh(x) + y) and np.array_equal(b.numpy(), x * y)):
                failures.append((x, y))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failures


def test_nothing_is_kept_of_what_a_call_was_given():
    x = tensor(3)
    f = warmed(lambda x: (x * 2, x + 1), x)
    before = sys.getrefcount(x.array), sys.getrefcount(x)
    for _ in range(100):
        f(x)
    assert (sys.getrefcount(x.array), sys.getrefcount(x)) == before
    gc.collect()
    blocks = sys.getallocatedblocks()
    for _ in range(1000):
        f(x)
    assert abs(sys.getallocatedblocks() - blocks) < 50


def test_a_function_goes_with_its_last_reference():
    x = tensor(3)
    f = warmed(lambda x: x * 2, x)
    reference = weakref.ref(f)
    del f
    gc.collect()
    assert reference() is None


def test_a_cleared_function_records_again(slow_calls):
    x = tensor(3)
    f = warmed(lambda x: x * 2, x)
    f.clear()
    f(x)
    assert len(slow_calls) == 3


def test_it_is_a_function_to_others():
    def double(x, times=2):
        """Twice."""
        return x * times

    f = xg.function(double)
    assert callable(f)
    assert f.__name__ == "double"
    assert list(inspect.signature(f).parameters) == ["x", "times"]
    assert copy.copy(f) is f
    assert copy.deepcopy({"f": f})["f"] is f  # as of a function

    class Model:
        @xg.function
        def step(self, x):
            return x * 3

    np.testing.assert_array_equal(Model().step(tensor(3)).numpy(), 3 * tensor(3).numpy())


@pytest.mark.parametrize("count", [31, 32, 33])
def test_any_number_of_arguments(count):
    xs = [xg.asarray(float(i)) for i in range(count)]
    f = warmed(lambda *xs: sum(xs), *xs)
    assert float(f(*xs)) == sum(range(count))


def test_arrays_of_many_axes():
    x = xg.ones((1, 2, 1, 2, 1, 2, 1, 2, 1))
    f = warmed(lambda x: x * 2, x)
    np.testing.assert_array_equal(f(x).numpy(), 2 * x.numpy())


def test_what_replays_are_not_made_of():
    class Executor:
        lock, context = threading.Lock(), None

    good = {"dtype": None, "device": None, "variables": (), "executor": Executor}
    good |= {"results": 0, "finish": None}
    make = function_module.calls.Replay
    f8 = np.dtype("float64")
    make(forms=(((1,) * 8, f8),), **good)
    with pytest.raises(ValueError, match="too many axes"):
        make(forms=(((1,) * 9, f8),), **good)
    with pytest.raises(ValueError, match="too many arrays"):
        make(forms=((((1,), f8),) * 33), **good)
    with pytest.raises(ValueError, match="too many arrays"):
        make(forms=(), **(good | {"variables": (1,)}))
    with pytest.raises(TypeError):
        make(forms=(((1.5,), f8),), **good)
    with pytest.raises(AttributeError, match="lock"):
        make(forms=(), **(good | {"executor": None}))


class Counter:
    """Has a recorded function of its own, over one of its methods."""

    def __init__(self):
        self.total = xg.Variable(np.zeros(2))
        self.step = xg.function(self.add)

    def add(self, x):
        self.total.assign(self.total + x)
        return self.total * 1.0


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_a_deep_copy_of_an_object_works_on_the_copy(calls):
    original = Counter()
    for _ in range(calls):
        original.step(xg.ones(2))
    copied = copy.deepcopy(original)
    copied.step(xg.ones(2))
    copied.step(xg.ones(2))
    np.testing.assert_array_equal(original.total.numpy(), calls)
    np.testing.assert_array_equal(copied.total.numpy(), calls + 2)


def test_functions_are_pickled_by_what_they_are_made_of():
    f = pickle.loads(pickle.dumps(xg.function(xg.tanh)))
    x = tensor(3)
    for _ in range(3):
        np.testing.assert_array_equal(f(x).numpy(), np.tanh(x.numpy()))
