"""xg.function: what is recorded, when, and what is refused."""

import threading
import warnings

import numpy as np
import pytest

import xgrad as xg
from xgrad.compile.texts import _code_of


@pytest.fixture
def calls():
    return []


def counted(calls, f):
    def g(*args, **options):
        calls.append(1)
        return f(*args, **options)

    return xg.function(g)


# -- signatures --------------------------------------------------------------------------------


def test_a_signature_is_recorded_once(calls):
    f = counted(calls, lambda x: x * 2.0)
    assert [f(xg.asarray([v])).item() for v in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]
    assert len(calls) == 1


@pytest.mark.parametrize(
    "other",
    [np.ones(3), np.ones((2, 1)), np.ones(2, np.float32), np.ones(2, np.int64)],
    ids=["shape", "rank", "dtype", "integers"],
)
def test_new_shapes_and_dtypes_are_recorded_anew(calls, other):
    f = counted(calls, lambda x: x * 2)
    f(xg.ones(2))
    found = f(xg.asarray(other))
    assert len(calls) == 2
    assert (found.shape, found.dtype) == (other.shape, other.dtype)


def test_python_numbers_belong_to_the_signature(calls):
    f = counted(calls, lambda x, n: x**n)
    assert f(xg.asarray(3.0), 2).item() == 9.0
    assert f(xg.asarray(2.0), 2).item() == 4.0
    assert f(xg.asarray(2.0), 3).item() == 8.0
    assert len(calls) == 2


def test_structures_belong_to_the_signature(calls):
    f = counted(calls, lambda p: p["a"] + p.get("b", 0.0))
    assert f({"a": xg.asarray(1.0)}).item() == 1.0
    assert f({"a": xg.asarray(1.0), "b": xg.asarray(2.0)}).item() == 3.0
    assert len(calls) == 2


def test_keyword_arguments_and_defaults():
    @xg.function
    def f(x, *, scale, shift=1.0):
        return x * scale + shift

    assert f(xg.asarray(2.0), scale=xg.asarray(3.0)).item() == 7.0
    assert f(xg.asarray(2.0), scale=xg.asarray(4.0), shift=0.0).item() == 8.0


def test_static_arguments_decide():
    @xg.function(static_argnames=("mode",))
    def f(x, mode="double"):
        return x * 2.0 if mode == "double" else -x

    assert f(xg.asarray(3.0)).item() == 6.0
    assert f(xg.asarray(3.0), mode="negate").item() == -3.0
    assert f(xg.asarray(4.0), "negate").item() == -4.0


@pytest.mark.parametrize("static", [(), ("s",)], ids=["argument", "static"])
def test_numbers_that_are_equal_are_told_apart(static):
    f = xg.function(lambda x, s: x * s, static_argnames=static)
    x = xg.asarray([1, 2])
    found = [f(x, s).dtype for s in (1, 1.0, True)]
    assert found == [xg.int64, xg.float64, xg.int64]
    f = xg.function(lambda x, s: xg.copysign(x, s), static_argnames=static)
    assert [f(xg.ones(()), s).item() for s in (0.0, -0.0, 0.0)] == [1.0, -1.0, 1.0]


def test_numbers_in_a_static_tuple_are_told_apart():
    f = xg.function(lambda x, s: x * s[0], static_argnames="s")
    found = [f(xg.asarray([1, 2]), s).dtype for s in ((1,), (1.0,))]
    assert found == [xg.int64, xg.float64]


def test_static_names_must_exist():
    with pytest.raises(TypeError, match=r"static_argnames \['nothing'\] are no arguments"):
        xg.function(lambda x: x, static_argnames="nothing")


def test_an_argument_that_cannot_be_told_apart_is_refused():
    with pytest.raises(TypeError, match="neither an array nor hashable"):
        xg.function(lambda x, s: x)(xg.ones(2), {1, 2})


def test_methods_are_functions_too():
    class Model:
        def __init__(self, w):
            self.w = xg.Variable(w)

        @xg.function
        def __call__(self, x):
            return self.w * x

    one, two = Model(2.0), Model(3.0)
    assert [m(xg.asarray(5.0)).item() for m in (one, two, one)] == [10.0, 15.0, 10.0]


def test_many_recordings_warn_with_both_signatures():
    f = xg.function(lambda x, n: x * n)
    for n in range(7):
        f(xg.ones(2), n)
    with pytest.warns(UserWarning, match=r"was recorded 8 times, for .*6.* and now for .*7"):
        f(xg.ones(2), 7)
    f(xg.ones(2), 8)  # once is enough


def test_the_default_dtype_and_device_belong_to_the_signature():
    f = xg.function(lambda x: x + xg.ones(2))
    x = xg.ones(2, dtype=xg.float32)
    assert f(x).dtype == xg.float64
    with xg.set_default_dtype(xg.float32):
        assert f(x).dtype == xg.float32
    assert f(x).dtype == xg.float64


# -- what is replayed --------------------------------------------------------------------------


def test_results_keep_their_structure_and_python_values():
    f = xg.function(lambda x: {"y": (x * 2.0, None), "name": "text", "n": 3})
    for v in (1.0, 2.0):
        found = f(xg.asarray(v))
        assert found["y"][0].item() == 2 * v
        assert found["y"][1] is None
        assert (found["name"], found["n"]) == ("text", 3)


def test_constants_and_inputs_may_be_results():
    f = xg.function(lambda x: (x, xg.ones(2), x))
    for v in (1.0, 2.0):
        a, b, c = f(xg.asarray([v]))
        assert (a.tolist(), b.tolist(), c.tolist()) == ([v], [1.0, 1.0], [v])


def test_one_array_for_two_arguments_is_not_one_argument():
    f = xg.function(lambda a, b: a - b)
    x = xg.asarray([1.0, 2.0])
    assert f(x, x).tolist() == [0.0, 0.0]
    assert f(xg.asarray([5.0, 5.0]), x).tolist() == [4.0, 3.0]


def test_a_variables_value_as_argument_is_not_the_variable():
    v = xg.Variable([1.0, 2.0])
    f = xg.function(lambda x: x - v)
    assert f(v.value()).tolist() == [0.0, 0.0]
    v.assign([5.0, 5.0])
    assert f(xg.asarray([1.0, 2.0])).tolist() == [-4.0, -3.0]


def test_a_constant_as_argument_is_not_the_constant():
    c = xg.asarray([1.0, 2.0])
    f = xg.function(lambda x: x - c)
    assert f(c).tolist() == [0.0, 0.0]
    assert f(xg.asarray([5.0, 5.0])).tolist() == [4.0, 3.0]


def test_results_of_earlier_calls_keep_their_values():
    f = xg.function(lambda x: (x * 2.0, (x * 3.0).T, xg.sum(x), x[0, :]))
    first = f(xg.ones((2, 2)))
    f(xg.zeros((2, 2)))
    assert first[0].tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert first[1].tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert (first[2].item(), first[3].tolist()) == (4.0, [1.0, 1.0])


def test_arguments_are_never_changed():
    x = np.ones(3)

    @xg.function
    def f(x):
        x[0] = 5.0
        x += 1.0
        return x

    for _ in range(2):
        assert f(xg.asarray(x)).tolist() == [6.0, 2.0, 2.0]
    assert x.tolist() == [1.0, 1.0, 1.0]


def test_integers_and_masks_are_recorded():
    @xg.function
    def f(x, i):
        return xg.take(x, i), xg.argmax(x), xg.where(x > 1.0, x, 0.0), xg.sort(x)

    for scale in (1.0, -1.0):
        x = xg.asarray([3.0, 1.0, 2.0]) * scale
        i = xg.asarray([2, 0]) if scale > 0 else xg.asarray([1, 1])
        for y, e in zip(f(x, i), f.__wrapped__(x, i), strict=True):
            assert y.tolist() == e.tolist()


def test_index_arrays_are_operands_and_not_baked_in():
    f = xg.function(xg.grad(lambda x, i: xg.sum(x[i] ** 2)))
    x = xg.asarray([1.0, 2.0, 3.0])
    assert f(x, xg.asarray([0, 0])).tolist() == [4.0, 0.0, 0.0]
    assert f(x, xg.asarray([1, 2])).tolist() == [0.0, 4.0, 6.0]


# -- variables ---------------------------------------------------------------------------------


def test_variables_are_inputs_and_outputs():
    v, count = xg.Variable([1.0, 2.0]), xg.Variable(0, trainable=False)

    @xg.function
    def step(rate):
        with xg.GradientTape() as tape:
            loss = xg.sum(v * v)
        v.assign_sub(rate * tape.gradient(loss, v))
        count.assign_add(1)
        return loss

    rate = xg.asarray(0.25)
    assert [step(rate).item() for _ in range(3)] == [5.0, 1.25, 0.3125]
    assert count.numpy() == 3
    v.assign([10.0, 0.0])
    assert step(rate).item() == 100.0
    assert v.tolist() == [5.0, 0.0]


def test_an_assignment_is_seen_by_what_follows():
    v = xg.Variable([1.0, 2.0])

    @xg.function
    def f(x):
        v.assign(x * 2.0)
        y = v + 1.0
        v[0] = 7.0
        v.scatter_add([1, 1], [0.5, 0.25])
        return y

    for scale in (1.0, 3.0):
        assert f(xg.asarray([1.0, 1.0]) * scale).tolist() == [2 * scale + 1] * 2
        assert v.tolist() == [7.0, 2 * scale + 0.75]


def test_a_value_kept_from_before_a_step_stays():
    v = xg.Variable([1.0])

    @xg.function
    def f():
        v.assign_add([1.0])

    before = v.value()
    f()
    f()
    assert (before.tolist(), v.tolist()) == ([1.0], [3.0])


def test_a_recording_that_fails_leaves_variables_as_they_were():
    v = xg.Variable([1.0])

    @xg.function
    def f(x):
        v.assign(x)
        raise ZeroDivisionError

    before = xg.core.observers.state.recorder
    with pytest.raises(ZeroDivisionError):
        f(xg.asarray([5.0]))
    assert v.tolist() == [1.0]
    assert xg.core.observers.state.recorder is before


def test_a_variable_of_another_shape_is_recorded_anew(calls):
    f = counted(calls, lambda v: v * 2.0)
    one, two = xg.Variable([1.0]), xg.Variable([1.0, 2.0])
    assert [f(v).shape for v in (one, two, one)] == [(1,), (2,), (1,)]
    assert len(calls) == 2


# -- composition -------------------------------------------------------------------------------


def cube(x):
    return xg.sum(x**3)


def test_a_recorded_function_is_differentiable_from_outside():
    f = xg.function(cube)
    x = xg.asarray([1.0, 2.0])
    f(x)
    assert xg.grad(f)(x).tolist() == [3.0, 12.0]
    assert xg.hessian(f)(x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert xg.jvp(f, (x,), (xg.ones(2),))[1].item() == 15.0


def test_a_recorded_function_may_be_mapped():
    f = xg.function(cube)
    f(xg.ones(2))
    assert xg.vmap(f)(xg.asarray([[1.0, 2.0], [0.0, 1.0]])).tolist() == [9.0, 1.0]
    g = xg.function(xg.vmap(cube))
    for scale in (1.0, 2.0):
        assert g(xg.asarray([[1.0], [2.0]]) * scale).tolist() == [scale**3, (2 * scale) ** 3]


def test_functions_nest(calls):
    inner = counted(calls, lambda x: x * 2.0)
    outer = xg.function(lambda x: inner(x) + inner(x + 1.0))
    assert [outer(xg.asarray(v)).item() for v in (1.0, 2.0)] == [6.0, 10.0]
    assert len(calls) == 2  # in line, while the outer one is recorded


def test_control_flow_that_is_decided_outside_is_unrolled():
    f = xg.function(lambda x, n: xg.scan(lambda c, _: (c * x, c), x, length=n)[0])
    assert [f(xg.asarray(v), 3).item() for v in (2.0, 3.0)] == [16.0, 81.0]


def test_custom_rules_are_recorded():
    @xg.custom_gradient
    def f(x):
        return xg.sin(x), lambda g: 10.0 * g * x

    g = xg.function(xg.grad(lambda x: xg.sum(f(x))))
    for v in (1.0, 2.0):
        assert g(xg.asarray([v])).tolist() == [10.0 * v]


CHECKPOINTED = {
    "dropout": lambda x, mask, index, rng: xg.nn.dropout(xg.sin(x), 0.4, rng=rng),
    "mask": lambda x, mask, index, rng: xg.where(mask, xg.sin(x), 0.0),
    "index": lambda x, mask, index, rng: xg.sin(x)[index],
}


@pytest.mark.parametrize("f", CHECKPOINTED.values(), ids=CHECKPOINTED)
def test_checkpoints_that_read_integers_are_recorded(f):
    def slopes(rng):
        def run(x, mask, index):
            step = xg.checkpoint(lambda x: f(x, mask, index, rng))
            return xg.grad(lambda x: xg.sum(step(x) ** 2))(x)

        return run

    plain = slopes(xg.random.Generator(3))
    recorded = xg.function(slopes(xg.random.Generator(3)))
    for turn in range(3):
        given = xg.asarray([1.0, 2.0, 3.0 + turn]), np.arange(3) != turn, np.array([turn, 0])
        np.testing.assert_allclose(recorded(*given).numpy(), plain(*given).numpy(), rtol=1e-12)


def test_numpy_functions_are_recorded():
    f = xg.function(lambda x: np.sum(np.sin(x)))
    for v in (1.0, 2.0):
        np.testing.assert_allclose(f(xg.asarray([v])).item(), np.sin(v))


def test_zero_cotangents_stay_zero_in_replays():
    f = xg.function(xg.grad(lambda x: xg.sum(xg.where(x > 0.0, xg.log(x), 0.0))))
    with np.errstate(all="ignore"):
        f(xg.asarray([1.0, 2.0, 3.0]))
        assert f(xg.asarray([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 0.5]
        assert f(xg.asarray([1.0, 2.0, 4.0])).tolist() == [1.0, 0.5, 0.25]


def test_infinite_partials_that_matter_are_kept():
    f = xg.function(xg.grad(lambda x: xg.sum(xg.sqrt(x))))
    with np.errstate(all="ignore"):
        f(xg.asarray([1.0, 4.0]))
        assert f(xg.asarray([0.0, 4.0])).tolist() == [np.inf, 0.25]


def test_threads_may_share_a_function():
    f = xg.function(lambda x: xg.sum(xg.tanh(x) ** 2))
    xs = [xg.asarray(np.full(50, v)) for v in np.linspace(0.0, 1.0, 8)]
    expected = [f.__wrapped__(x).item() for x in xs]
    found = [[] for _ in xs]

    def work(i):
        for _ in range(200):
            found[i].append(f(xs[i]).item())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(xs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for values, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(values, e, rtol=1e-14)


# -- what is refused ---------------------------------------------------------------------------

MISUSES = {
    "if": lambda x: x if xg.sum(x) > 0 else -x,
    "while": lambda x: next(x for _ in iter(int, 1) if xg.all(x < 1)),
    "float": lambda x: x * float(x[0]),
    "int": lambda x: x[int(xg.argmax(x)) :],
    "index": lambda x: list(range(3))[xg.argmax(x)],
    "item": lambda x: x * xg.max(x).item(),
    "tolist": lambda x: xg.asarray(x.tolist()),
    "numpy": lambda x: x.numpy(),
    "np.asarray": lambda x: np.asarray(x),
    "dlpack": lambda x: np.from_dlpack(x),
    "mask": lambda x: x[x > 0],
    "nonzero": lambda x: xg.nonzero(x)[0],
    "unique": lambda x: xg.unique_values(x),
    "format": lambda x: f"{xg.sum(x):.2f}",
    "bool": lambda x: bool(xg.any(x > 0)),
    "in": lambda x: 1.0 in x,
    "cond": lambda x: xg.cond(xg.sum(x) > 0, lambda y: y, lambda y: -y, x),
}


@pytest.mark.parametrize("f", MISUSES.values(), ids=MISUSES)
def test_looking_at_values_is_refused(f):
    before = xg.core.observers.state.recorder
    with pytest.raises(xg.errors.TracingError, match=r"inside xg\.function|Use xg\.where"):
        xg.function(f)(xg.asarray([1.0, 2.0, -1.0]))
    assert xg.core.observers.state.recorder is before


def test_the_message_names_the_users_line():
    def f(x):
        return x if xg.sum(x) > 0 else -x  # this line

    with pytest.raises(xg.errors.TracingError, match="this line"):
        xg.function(f)(xg.ones(2))


def test_looking_at_constants_is_fine():
    f = xg.function(lambda x: x * float(xg.sum(xg.ones(3))))
    assert [f(xg.asarray(v)).item() for v in (1.0, 2.0)] == [3.0, 6.0]


def test_two_libraries_in_one_function_are_refused():
    pytest.importorskip("array_api_strict", reason="strict: array_api_strict is not installed")
    f = xg.function(lambda x: xg.to_device(x, "array_api_strict") * 2.0)
    with pytest.raises(xg.errors.DeviceMismatchError, match="runs in one place"):
        f(xg.ones(2))


# -- seeing ------------------------------------------------------------------------------------


def test_a_program_prints_as_a_listing():
    f = xg.function(lambda x: xg.sum(xg.exp(x) * 2.0))
    f(xg.ones((2, 3)))
    text = str(f.program())
    assert text.splitlines() == [
        "arguments: %0: (2, 3) float64",
        "%1: (2, 3) float64 = exp(%0)",
        "%2: (2, 3) float64 = multiply(%1, 2.0)",
        "%3: () float64 = sum(%2, keepdims=False)",
        "return %3",
    ]


def test_stats_count_what_is_left():
    f = xg.function(xg.grad(lambda x: xg.sum(xg.tanh(x) * xg.tanh(x))))
    f(xg.ones(400))
    stats = f.stats()
    assert stats.optimised < stats.recorded
    assert 0 < stats.arena_bytes < stats.value_bytes
    assert stats.programs == 1
    assert "instructions recorded" in str(stats)


def test_other_shapes_and_fresh_functions_share_compiled_texts():
    def f(x):
        return xg.sum(xg.tanh(x * 2.0 - 1.0), axis=0)

    first = xg.function(f)
    for _ in range(2):
        first(xg.ones((3, 2)))
    before = _code_of.cache_info().misses
    again = xg.function(f)
    for shape in ((4, 2), (5, 3)):
        for _ in range(2):
            found = again(xg.ones(shape)).numpy()
            np.testing.assert_allclose(found, np.full(shape[1], shape[0] * np.tanh(1.0)))
    assert _code_of.cache_info().misses == before


def test_functions_of_the_same_text_have_code_of_their_own():
    """The interpreter notes in the code where it found a name the last time."""
    f = lambda x: xg.tanh(x * 2.0)
    made = [xg.function(f) for _ in range(2)]
    for g in made:
        g(xg.ones(3))
    one, two = [g._last().executor._run.__code__ for g in made]
    assert one == two
    assert one is not two


def test_nothing_recorded_has_nothing_to_show():
    with pytest.raises(TypeError, match="has recorded nothing yet"):
        xg.function(cube).program()


def test_replays_do_not_warn_of_what_is_masked():
    f = xg.function(xg.grad(lambda x: xg.sum(xg.where(x > 0.0, xg.sqrt(x), 0.0))))
    with np.errstate(all="ignore"):
        f(xg.ones(2))
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("error")
        slopes = f(xg.asarray([4.0, 0.0]))
    np.testing.assert_array_equal(slopes.numpy(), [0.25, 0.0])


# -- functions that run out of sight of tapes ---------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: xg.sum(xg.recompute_grad(lambda x: xg.sin(x) * x)(x)),
        lambda x: xg.sum(xg.grad_pass_through(lambda x: xg.round(3 * x))(x) ** 2),
        lambda x: xg.sum(
            xg.recompute_grad(xg.grad_pass_through(lambda x: xg.round(3 * x)))(x) ** 2
        ),
    ],
    ids=["recompute_grad", "grad_pass_through", "both"],
)
def test_what_runs_out_of_sight_of_tapes_is_recorded(f):
    step = xg.function(xg.value_and_grad(f))
    for values in ([0.2, 1.1], [2.3, -1.0], [0.7, 0.9]):
        x = xg.asarray(values)
        for found, expected in zip(step(x), xg.value_and_grad(f)(x), strict=True):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-14)


# -- checks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("used", [True, False])
def test_checks_are_made_in_every_call(used):
    @xg.function
    def f(x):
        y = xg.debugging.check_numerics(xg.log(x), "the logarithm")
        return y * 2.0 if used else x * 2.0

    f(xg.asarray([1.0, 2.0]))
    f(xg.asarray([3.0, 4.0]))
    with (
        np.errstate(divide="ignore"),
        pytest.raises(xg.errors.NumericsError, match="the logarithm"),
    ):
        f(xg.asarray([1.0, 0.0]))


def test_elements_of_arguments_are_arrays_in_replays():
    f = xg.function(lambda x: (x[0], x[0] * 2.0))
    x = xg.asarray([1.0, 2.0])
    for _ in range(2):
        assert [type(y.array) for y in f(x)] == [np.ndarray, np.ndarray]


@pytest.mark.parametrize(
    "make",
    [
        lambda: float("nan"),
        lambda: complex(float("nan"), 1),
        lambda: (1, float("nan")),
        lambda: [float("nan")],
    ],
    ids=["float", "complex", "tuple", "list"],
)
def test_nan_as_an_argument_is_recorded_once(make):
    runs = []

    def f(x, c, mode):
        runs.append(mode)
        return x * xg.tree.leaves(c)[0]

    recorded = xg.function(f, static_argnames="mode")
    for _ in range(3):
        recorded(xg.ones(2), make(), float("nan"))
        recorded(xg.ones(2), make(), (2, float("nan")))
    assert len(runs) == 2
    recorded(xg.ones(2), 3.0, float("nan"))
    assert len(runs) == 3


@pytest.mark.parametrize("exponent", [True, 1, 2, 3, 0.5, -1.0])
def test_powers_of_bools(exponent):
    f = lambda b: b**exponent
    b = xg.asarray([True, False] if exponent > 0 else [True, True])
    recorded, expected = xg.function(f), f(b)
    for _ in range(2):
        found = recorded(b)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


INTEGERS = [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
OF_INTEGERS = {
    "round": xg.round,
    "floor": xg.floor,
    "ceil": xg.ceil,
    "trunc": xg.trunc,
    "round twice": lambda x: xg.round(x) // 2 + xg.round(x),
    "x**2.0": lambda x: x**2.0,
    "x**1.0": lambda x: x**1.0 + x**2.0,
    "sqrt": lambda x: x**0.5,
    "square": lambda x: x**2,
    "sign": lambda x: xg.sign(x) + xg.positive(x),
}


@pytest.mark.parametrize("size", [3, 70_000])
@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", OF_INTEGERS)
def test_functions_of_integers_replay_in_their_dtype(name, dtype, size):
    largest = np.iinfo(dtype).max
    x = xg.asarray(np.resize(np.array([largest, largest - 1, 2], dtype), size))
    expected, recorded = OF_INTEGERS[name](x), xg.function(OF_INTEGERS[name])
    for _ in range(2):
        found = recorded(x)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_zeros_absorb_in_products_larger_than_their_operands(value):
    """The look is at the operand there, which may be what is not finite, or make what is not."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(8, 300)), rng.normal(size=(300, 500))
    x[3] = value

    def f(x, w, scale):
        with xg.GradientTape() as tape:
            tape.watch(w)
            y = xg.where(xg.arange(8)[:, None] == 3, 0.0, (x @ w) * scale)
            loss = xg.sum(y**2)
        return tape.gradient(loss, w)

    recorded = xg.function(f)
    for scale in (1.0, 1e160):
        args = [xg.asarray(a) for a in (x, w, scale)]
        with np.errstate(all="ignore"):
            recorded(*args)
            found, expected = recorded(*args), f(*args)
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-9)
        assert np.isfinite(found.numpy()).all() == (scale == 1.0)


REFUSED = {
    "masked": np.ma.array([1.0, 2.0], mask=[False, True]),
    "objects": np.array([1.0, None]),
    "strings": np.array(["a", "b"]),
    "dates": np.array([1, 2], "M8[s]"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_arguments_that_are_no_arrays_of_numbers(name):
    with pytest.raises(TypeError) as expected:
        xg.asarray(REFUSED[name])
    recorded = xg.function(lambda x: x)
    recorded(np.ones(2))
    with pytest.raises(type(expected.value)) as found:
        recorded(REFUSED[name])
    assert str(found.value) == str(expected.value)


def test_an_argument_without_a_hash_is_named_whatever_python_raises():
    with pytest.raises(TypeError, match="neither an array nor hashable"):
        xg.function(lambda x: x)(memoryview(bytearray(2)))
