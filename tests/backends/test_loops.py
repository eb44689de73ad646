"""NumPy's inner loops in batches: the same bits as NumPy's calls, wherever the operands lie."""

import gc
import itertools
import sys
import threading
import warnings

import numpy as np
import pytest

from xgrad.backends import host
from xgrad.backends import numpy_loops as loops
from xgrad.backends.numpy_buffers import Form

pytestmark = pytest.mark.skipif(
    not loops.can_batch(), reason="the loops were not compiled here, or XGRAD_SPEEDUPS=0"
)

UFUNCS = [np.add, np.multiply, np.divide, np.power, np.maximum, np.hypot, np.arctan2, np.negative]
UFUNCS += [np.tanh, np.exp, np.sqrt, np.square, np.positive, np.less, np.isfinite, np.signbit]
UFUNCS += [np.logical_and, np.bitwise_or, np.floor_divide, np.remainder, np.floor, np.conjugate]
DTYPES = ["float32", "float64", "float16", "int64", "int8", "uint16", "bool", "complex64"]


def array(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.uniform(-3, 3, shape)
    if np.dtype(dtype).kind == "b":
        return values > 0
    return (np.abs(values) + 1 if dtype == "uint16" else values).astype(dtype)


def unexpected(*given):
    raise AssertionError("an array was not of the form that was said")


def run(steps, given=None, made=None, arrays=()):
    return loops.batch(steps, given or {}, made or {}, unexpected)(*arrays)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_the_loop_is_the_one_of_these_dtypes(ufunc, dtype):
    operands = [array((3, 5), dtype, seed) for seed in range(ufunc.nin)]
    codes = "".join(x.dtype.char for x in operands)
    results = [np.dtype(text[-1]) for text in ufunc.types if text.startswith(f"{codes}->")]
    out = np.empty((3, 5), results[0] if results else dtype)
    step = loops.step(ufunc, [loops.place_of(x) for x in operands], loops.place_of(out))
    assert (step is None) == (not results)
    if step is None:
        return
    with np.errstate(all="ignore"):
        try:
            expected = ufunc(*operands)
        except ValueError as error:  # a negative power of integers
            with pytest.raises(ValueError, match=str(error)):
                run([step])
            return
    run([step])
    assert (out.dtype, out.tobytes()) == (expected.dtype, expected.tobytes())


LAYOUTS = {
    "in order": lambda x: x,
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
    "every other": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "backwards": lambda x: x[..., ::-1].copy()[..., ::-1],
    "row": lambda x: x[:1],
    "column": lambda x: x[..., :1],
    "number": lambda x: np.asarray(x[(0,) * x.ndim]),
    "last axes": lambda x: x[0],
}


@pytest.mark.parametrize(
    "shape", [(4, 6), (3, 1, 5), (2, 3, 4, 5), (2, 3, 2, 3, 2), (1, 1), (600, 3)]
)
@pytest.mark.parametrize("two", LAYOUTS)
@pytest.mark.parametrize("one", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_operands_may_lie_in_any_way(one, two, shape, dtype):
    x, y = LAYOUTS[one](array(shape, dtype, 1)), LAYOUTS[two](array(shape, dtype, 2))
    expected = np.multiply(*np.broadcast_arrays(x, y, np.empty(shape))[:2])
    out = np.full(shape, np.nan, dtype)
    step = loops.step(np.multiply, [loops.place_of(x), loops.place_of(y)], loops.place_of(out))
    if step is None:  # more axes than a batch takes, which cannot be joined, or backwards
        assert len(shape) > 4 or "backwards" in (one, two)
        return
    run([step])
    np.testing.assert_array_equal(out, expected)


def test_results_may_lie_in_any_way():
    x = array((4, 5), "float64")
    whole = np.zeros((5, 8))
    run([loops.step(np.negative, [loops.place_of(x)], loops.place_of(whole.T[::2]))])
    expected = np.zeros((5, 8))
    np.negative(x, expected.T[::2])
    np.testing.assert_array_equal(whole, expected)


def test_what_would_be_written_over_is_no_step():
    x = array((8,), "float64")
    place = loops.place_of
    assert loops.step(np.negative, [place(x)], place(x)) is not None
    assert loops.step(np.negative, [place(x[:-1])], place(x[1:])) is None
    assert loops.step(np.negative, [place(x[::-1])], place(x)) is None
    assert loops.step(np.add, [place(x), place(x[:1])], place(x)) is None
    assert loops.sum_step(place(x), place(x[:1].reshape(())), (0,)) is None
    assert loops.sum_step(place(x), place(np.empty(8)), ()) is None
    named = loops.place_of(x, "v", x)
    assert loops.step(np.negative, [named], named) is not None
    assert (
        loops.step(np.negative, [loops.place_of(x[1:], "v", x)], loops.place_of(x[:-1], "v", x))
        is None
    )


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 127, 128, 129, 1000, 20_000])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "uint8", "int64"])
def test_sums_add_up_in_numpys_order(dtype, count):
    x = array((count,), dtype)
    for operand in (x, np.repeat(x, 2)[::2]):
        expected = np.add.reduce(operand, dtype=dtype)
        out = np.empty((), dtype)
        step = loops.sum_step(loops.place_of(operand), loops.place_of(out), (0,))
        run([step])
        assert out.tobytes() == expected.tobytes()
    if count % 8 == 0:
        matrix = x.reshape(8, -1)
        run([loops.sum_step(loops.place_of(matrix), loops.place_of(out), (0, 1))])
        assert out.tobytes() == np.add.reduce(matrix, axis=None, dtype=dtype).tobytes()
        if count > 8:
            place = loops.place_of(matrix.T[::2])
            assert loops.sum_step(place, loops.place_of(out), (0, 1)) is None


@pytest.mark.parametrize(
    "shape",
    [(5, 7), (7, 300), (300, 7), (1, 9), (9, 1), (40, 33, 5), (2, 3, 4, 5), (3, 1, 4, 1), (0, 3)],
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64"])
def test_sums_over_some_axes_add_up_in_numpys_order(dtype, shape):
    x = array(shape, dtype) * (1000 if dtype == "int64" else 1)
    rank = len(shape)
    for count in range(1, rank + 1):
        for axes in itertools.combinations(range(rank), count):
            for keepdims in (False, True):
                expected = np.add.reduce(x, axis=axes, dtype=dtype, keepdims=keepdims)
                out = np.full(expected.shape, 7, dtype)
                step = loops.sum_step(loops.place_of(x), loops.place_of(out), axes)
                if step is None:
                    assert 0 in shape
                    continue
                run([step])
                assert out.tobytes() == expected.tobytes(), (axes, keepdims)
    turned = loops.place_of(np.asfortranarray(x)) if min(shape) > 1 else None
    if turned is not None:
        assert loops.sum_step(turned, loops.place_of(np.empty(shape[1:], dtype)), (0,)) is None


# -- products --------------------------------------------------------------------------------------

MATRICES = {
    "in order": lambda x: x.copy(),
    "transposed": lambda x: x.T.copy().T,
    "a part": lambda x: np.pad(x, ((1, 2), (3, 4)))[1:-2, 3:-4],
    "a part, transposed": lambda x: np.pad(x.T, ((1, 2), (3, 4)))[1:-2, 3:-4].T,
}


@pytest.mark.parametrize(
    ("m", "k", "n"), [(2, 2, 2), (3, 5, 7), (32, 64, 64), (64, 9, 10), (17, 128, 4)]
)
@pytest.mark.parametrize("two", MATRICES)
@pytest.mark.parametrize("one", MATRICES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_products_are_those_of_eager_code(dtype, one, two, m, k, n):
    x, y = MATRICES[one](array((m, k), dtype, 1)), MATRICES[two](array((k, n), dtype, 2))
    out = np.full((m, n), 7, dtype)
    step = loops.product_step(*map(loops.place_of, (x, y, out)))
    run([step])
    assert out.tobytes() == host().xp.matmul(x, y).tobytes()


def test_products_with_themselves_are_those_of_eager_code():
    """BLAS has a function of its own for these."""
    x = array((20, 30), "float32")
    out = np.empty((20, 20), "float32")
    run([loops.product_step(*map(loops.place_of, (x, x.T, out)))])
    assert out.tobytes() == host().xp.matmul(x, x.T).tobytes()


def test_which_products_are_no_steps():
    def is_step(x, y, out):
        return loops.product_step(*map(loops.place_of, (x, y, out))) is not None

    x, y, out = np.zeros((4, 6)), np.zeros((6, 5)), np.zeros((4, 5))
    assert is_step(x, y, out)
    assert not is_step(x[:, ::2], y[:3], out)  # nothing lies side by side
    assert not is_step(x[::-1], y, out)
    assert not is_step(x.astype("f4"), y, out)
    assert not is_step(x.astype("f4"), y.astype("f4"), out)
    assert not is_step(x.astype(int), y.astype(int), out.astype(int))
    assert not is_step(x, y, np.zeros((4, 10))[:, ::2])
    assert not is_step(x, y, np.zeros((5, 4)).T)
    assert not is_step(x[:1], y, out[:1])  # vectors, which `dot` gives to other functions
    assert not is_step(x, y[:, :1], out[:, :1].copy())
    assert not is_step(x[0], y, out[0])
    assert not is_step(np.zeros((2, 4, 6)), y, np.zeros((2, 4, 5)))
    assert not is_step(np.zeros((4, 0)), np.zeros((0, 5)), out)
    assert not is_step(np.zeros((300, 100)), np.zeros((100, 300)), np.zeros((300, 300)))
    square = np.zeros((4, 4))
    assert not is_step(square, square, square)
    whole = np.zeros((6, 8))
    assert not is_step(whole[:3, :3], whole[3:, :3], whole[:3, 3:6])
    named = [loops.place_of(whole[i : i + 2, :2], "v", whole) for i in (0, 2, 4)]
    assert loops.product_step(*named) is None  # which is not in order
    flat = np.zeros((6, 2))
    named = [loops.place_of(flat[i : i + 2], "v", flat) for i in (0, 2, 4)]
    assert loops.product_step(*named) is not None
    assert loops.product_step(named[0], named[1], named[1]) is None


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8", "bool"])
def test_a_choice_between_two(dtype):
    x, y = array((4, 5), dtype, 1), array((5,), dtype, 2)
    condition = array((4, 1), "bool", 3)
    out = np.empty((4, 5), dtype)
    places = [loops.place_of(a) for a in (condition, x, y)]
    run([loops.step(loops.SELECT, places, loops.place_of(out))])
    np.testing.assert_array_equal(out, np.where(condition, x, y))
    both = [loops.place_of(np.broadcast_to(condition, (4, 5)).copy()), *[places[1]] * 2]
    run([loops.step(loops.SELECT, both, loops.place_of(out))])
    np.testing.assert_array_equal(out, x)
    wide = np.empty((4, 5), "complex128")
    assert loops.step(loops.SELECT, [places[0], places[1], places[1]], loops.place_of(wide)) is None


@pytest.mark.parametrize("wanted", ["float32", "float64", "float16", "int64", "complex128"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_of_another_dtype(dtype, wanted):
    whole = array((40, 6), dtype)
    if dtype == "float64":
        whole[:4, 0] = [1e300, -np.inf, np.nan, 1e-300]
    if dtype == "int64":
        whole[:3, 0] = [2**62 + 1, -(2**53) - 1, 2**24 + 1]
    cases = [whole, whole[::2], whole.T, whole[:1], whole[0, 0:1].reshape(())]
    known = dtype in ("float32", "float64", "int64", "bool") and wanted in ("float32", "float64")
    for x in cases:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            expected = x.astype(wanted)
        out = np.empty(x.shape, wanted)
        step = loops.step(loops.CAST, [loops.place_of(x)], loops.place_of(out))
        assert (step is not None) == (known and dtype != wanted)
        if step is not None:
            run([step])
            assert out.tobytes() == expected.tobytes(order="C")


def test_what_is_given_and_what_is_made():
    x = array((6,), "float32")
    form = Form((6,), np.dtype("float32"))
    given, middle, made = (loops.place_of(x, name, x) for name in ("a", "middle", "made"))
    part = loops.place_of(x[1:5], "a", x)
    half = loops.place_of(x[:4], "half", x[:4])
    steps = [
        loops.step(np.exp, [given], middle),
        loops.step(np.negative, [middle], made),
        loops.step(np.square, [part], half),
    ]
    forms = {"middle": form, "made": form, "half": Form((4,), form.dtype)}
    batch = loops.batch(steps, {"a": form}, forms, unexpected)
    first, second = batch(x), batch(x * 2)
    for found, y in ((first, x), (second, x * 2)):
        expected = (np.exp(y), -np.exp(y), y[1:5] ** 2)
        assert [f.tobytes() for f in found] == [e.tobytes() for e in expected]
        assert all(f.flags.owndata and f.flags.writeable for f in found)


@pytest.mark.parametrize(
    "other",
    [
        np.arange(12.0)[::2],
        np.arange(6.0).astype(">f8"),
        np.arange(6, dtype="float32"),
        np.arange(7.0),
        np.arange(6.0).reshape(2, 3),
        np.ma.arange(6.0),
        [0.0] * 6,
        None,
    ],
    ids=["strided", "swapped", "float32", "long", "matrix", "masked", "list", "None"],
)
def test_arrays_of_another_form_go_to_the_slow_function(other):
    x = np.arange(6.0)
    given, made = loops.place_of(x, "a", x), loops.place_of(x, "v", x)
    form = Form((6,), x.dtype)
    seen = []
    steps = [loops.step(np.negative, [given], made)]
    batch = loops.batch(steps, {"a": form}, {"v": form}, lambda *g: seen.extend(g) or "slow")
    assert batch(other) == "slow"
    assert seen[0] is other
    np.testing.assert_array_equal(batch(x), -x)
    with pytest.raises(TypeError, match="1 arrays are needed, and 2 given"):
        batch(x, x)
    with pytest.raises(TypeError):
        batch(a=x)


def test_what_is_written_has_to_be_writeable():
    x, y = np.arange(6.0), np.arange(6.0)
    y.flags.writeable = False
    places = [loops.place_of(x, name, x) for name in ("a", "v")]
    forms = {name: Form((6,), x.dtype) for name in ("a", "v")}
    batch = loops.batch(
        [loops.step(np.negative, places[:1], places[1])], forms, {}, lambda *g: "slow"
    )
    assert batch(x, y) == "slow"
    assert batch(y, x) == ()
    np.testing.assert_array_equal(x, -y)


def test_floating_point_errors_leave_no_trace():
    x, out = np.zeros(4), np.empty(4)
    step = loops.step(np.divide, [loops.place_of(x), loops.place_of(x)], loops.place_of(out))
    with np.errstate(all="raise"):
        run([step])
        np.add(x, 1.0)
    assert np.isnan(out).all()


def test_memory_is_kept_and_let_go_of():
    place = loops.place_of(np.ones(1000))
    out = np.empty(1000)
    step = loops.step(np.negative, [place], loops.place_of(out))
    batch = loops.batch([step], {}, {}, unexpected)
    del place, step
    batch()
    np.testing.assert_array_equal(out, -1)
    count = sys.getrefcount(out)
    del batch
    assert sys.getrefcount(out) < count

    def make():
        x = np.ones(50)
        steps = [loops.step(np.negative, [loops.place_of(x, "a", x)], loops.place_of(x, "v", x))]
        form = {"a": Form((50,), x.dtype)}, {"v": Form((50,), x.dtype)}
        loops.batch(steps, *form, unexpected)(x)

    for _ in range(20):
        make()
    gc.collect()  # empties Python's own lists of free tuples, too
    before = sys.getallocatedblocks()
    for _ in range(200):
        make()
    gc.collect()
    assert sys.getallocatedblocks() - before < 20


def test_what_is_no_step_is_refused():
    x = np.ones(4)
    good = loops.step(np.negative, [loops.place_of(x)], loops.place_of(np.empty(4)))
    for bad in (
        good._replace(function=len),
        good._replace(loop=1000),
        good._replace(loop=-1),
        good._replace(shape=(0,)),
        good._replace(shape=()),
        good._replace(strides=((8,), (8, 8))),
        good._replace(places=good.places[:1], strides=good.strides[:1]),
    ):
        with pytest.raises(ValueError, match=r"no such loop|without elements|does not fit|tuple"):
            loops.batch([bad], {}, {}, unexpected)


def test_large_ones_let_other_threads_run():
    x, out = np.ones(1 << 20), np.empty(1 << 20)
    step = loops.step(np.sin, [loops.place_of(x)], loops.place_of(out))
    batch = loops.batch([step] * 20, {}, {}, unexpected)
    done = threading.Event()
    thread = threading.Thread(target=lambda: (batch(), done.set()))
    thread.start()
    turns = 0
    while not done.is_set():
        turns += 1
    thread.join()
    assert turns > 1000
