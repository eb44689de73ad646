"""The CUDA backend on numpy in cupy's place (cupy_stand_in.py), on the second of two GPUs.

The first GPU stays the current one, so whatever runs where it should not is an error. Of the table of
cases each function's first is run, and all that read or write at indices; `XGRAD_STAND_IN=all` runs
every one, in a minute or two."""

import os
from threading import get_ident

import captured_launches
import numpy as np
import pytest
from cases import CASES, arguments, complex_arguments
from cupy_stand_in import Host, Memory, stand_in
from derivatives import (
    assert_close,
    forward,
    gradients,
    gradients_on_host,
    skip_where_impossible,
    weights_of,
)
from host_kernels import COMPILER
from programs import program

import xgrad as xg
from xgrad.backends import Slot, backend_of, networks, portable
from xgrad.backends.numpy import Own as NumpyOwn
from xgrad.backends.options import options

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")


INDEXING = ("at", "getitem", "index_add", "put", "scatter", "setitem", "take")


def chosen(cases):
    """The cases to run, as a parameter."""
    first = {}
    for case in cases:
        first.setdefault(case.name.split("/")[0], case)
    run = [
        case
        for case in cases
        if os.environ.get("XGRAD_STAND_IN") == "all"
        or case.name.startswith(INDEXING)
        or case in first.values()
    ]
    return pytest.mark.parametrize("case", run, ids=lambda case: case.name)


@chosen(CASES)
def test_cases_agree_with_numpy(case, second, rng):
    skip_where_impossible(case, second)
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    reads = Host.reads
    ys, found = gradients(case, arrays, weights, second, xg.namespace(second.namespace))
    assert "meta" in case.without or Host.reads == reads, "values were read back to the host"
    assert all(t.device == second for t in (*ys, *found))
    assert_close([y.numpy() for y in ys], forward(case, arrays), 1e-12)
    assert_close([g.numpy() for g in found], gradients_on_host(case, arrays, weights), 1e-11)


@chosen([case for case in CASES if case.complex])
def test_complex_cases_agree_with_numpy(case, second, rng):
    skip_where_impossible(case, second)
    arrays = complex_arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    _, found = gradients(case, arrays, weights, second, xg.namespace(second.namespace))
    assert_close([g.numpy() for g in found], gradients_on_host(case, arrays, weights), 1e-11)


# -- scatters, whose cupy counterparts know few dtypes and no order ---------------------------------

MODES = ["add", "set", "multiply", "min", "max"]
DTYPES = ["int8", "uint8", "int64", "float16", "float32", "float64"]
INDICES = np.array([3, 0, -1, 0, 3])


@pytest.fixture
def deterministic(monkeypatch):
    monkeypatch.setattr(options, "deterministic", True)


def raw(second, *arrays):
    """Arrays of the stand-in, and the functions of its backend."""
    return second.backend.xp, *(xg.asarray(a, device=second).array for a in arrays)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dtype", DTYPES)
def test_scatter_agrees_with_numpy(second, mode, axis, dtype, rng):
    x = rng.uniform(-9, 9, (5, 4)).astype(dtype)
    updates = rng.uniform(-9, 9, (5, 4) if axis == 0 else (5, 5)).astype(dtype)
    xp, *given = raw(second, x, INDICES, updates)
    found = xp.scatter(*given, axis=axis, mode=mode)
    expected = backend_of(x).xp.scatter(x, INDICES, updates, axis=axis, mode=mode)
    assert str(found.dtype) == dtype
    np.testing.assert_array_equal(found.get(), expected)


def test_maximum_of_doubles_is_not_rounded(second):
    """cupy's maximum.at goes through float32."""
    fine = 1.0 + 2.0**-40
    xp, *given = raw(second, np.zeros(2), np.array([0, 0]), np.array([fine, 1.0]))
    assert xp.scatter(*given, axis=0, mode="max").get()[0] == fine


@pytest.mark.parametrize("mode", ["min", "max"])
def test_extrema_keep_nan(second, mode):
    xp, *given = raw(second, np.zeros(2), np.array([0, 0]), np.array([np.nan, 1.0]))
    np.testing.assert_array_equal(xp.scatter(*given, axis=0, mode=mode).get(), [np.nan, 0.0])


def test_scatter_of_nothing(second, rng):
    x = rng.normal(size=(5, 4))
    xp, *given = raw(second, x, np.zeros(0, int), np.zeros((0, 4)))
    for mode in MODES:
        np.testing.assert_array_equal(xp.scatter(*given, axis=0, mode=mode).get(), x)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("axis", [0, 1])
def test_index_add_agrees_with_numpy(second, axis, dtype, rng):
    x = (rng.integers(-9, 9, (5, 4)) + 1j).astype(dtype if "c" in dtype else "complex64")
    x = x if "c" in dtype else x.real.astype(dtype)
    indices = INDICES[: x.shape[axis]]
    xp, *given = raw(second, x, indices)
    found = xp.index_add(*given, axis=axis, size=6)
    np.testing.assert_array_equal(found.get(), NumpyOwn.index_add(x, indices, axis=axis, size=6))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_scatter_along_axis_agrees_with_numpy(second, axis, rng):
    x, indices = rng.normal(size=(5, 4)), rng.integers(-7, 7, (5, 4))
    xp, *given = raw(second, x, indices)
    found = xp.scatter_along_axis(*given, axis=axis, size=7)
    expected = NumpyOwn.scatter_along_axis(x, indices, axis=axis, size=7)
    np.testing.assert_allclose(found.get(), expected)


def test_deterministic_sums_are_taken_in_the_order_of_the_indices(second, deterministic):
    """In float32 every order of these has another sum."""
    x = np.float32([1e8, 1.0, -1e8, 1.0])
    xp, *given = raw(second, x, np.zeros(4, int))
    assert xp.index_add(*given, axis=0, size=1).get()[0] == ((x[0] + x[1]) + x[2]) + x[3]


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.name.startswith(("take", "getitem", "at/"))]
)
def test_deterministic_gradients_agree_with_numpy(case, second, deterministic, rng):
    arrays = arguments(case, rng)
    weights = weights_of(forward(case, arrays), rng)
    _, found = gradients(case, arrays, weights, second, xg.namespace(second.namespace))
    assert_close([g.numpy() for g in found], gradients_on_host(case, arrays, weights), 1e-11)


@pytest.mark.parametrize(
    ("key", "count"),
    [
        (Slot(0), 1),
        ((Slot(0), Slot(1)), 2),
        ((slice(None, None, -1), Slot(0)), 1),
        ((None, Slot(0), Ellipsis), 1),
        ((Slot(0), 1), 1),
        ((slice(1, 3), None), 0),
    ],
    ids=str,
)
@pytest.mark.parametrize("scalar", [True, False])
def test_setitem_keeps_the_last_of_repeated_indices(second, key, count, scalar, rng):
    x = rng.normal(size=(5, 4))
    indices = tuple(np.array([[3, 0, -1, 0, 3], [0, 1, 0, 1, 0]])[:count])
    part = NumpyOwn.getitem(x, *indices, key=key)
    value = np.asarray(2.0) if scalar else rng.normal(size=(1, *part.shape))
    xp, *given = raw(second, x, value, *indices)
    found = xp.setitem(*given, key=key)
    np.testing.assert_array_equal(found.get(), NumpyOwn.setitem(x, value, *indices, key=key))


# -- rows ------------------------------------------------------------------------------------------

ROWS = ["softmax", "log_softmax", "logsumexp", "standardize"]


def more(name):
    """What a function of rows takes besides the axes."""
    return {"epsilon": 1e-3} if name.startswith("standardize") else {}


def composition(name, xp, x, axis):
    module = portable if name == "logsumexp" else networks
    return getattr(module, name)(xp, x, axis=axis, **more(name))


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((3, 5), (1,)), ((2, 300), (-1,)), ((2, 3, 4), (1, 2)), ((7,), (0,)), ((1, 257), (1,))],
    ids=str,
)
def test_rows_are_one_launch_and_agree_with_the_composition(second, name, dtype, shape, axis, rng):
    values = (30 * rng.normal(size=shape)).astype(dtype)
    xp, x = raw(second, values)
    before = Host.launches
    found = getattr(xp, name)(x, axis=axis, **more(name))
    assert Host.launches - before <= 3, "the kernel, making its result, and contiguity"
    expected = composition(name, xg.device("cpu").backend.xp, values, axis)
    assert str(found.dtype) == dtype
    tolerance = 2e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(found.get(), expected, rtol=tolerance, atol=tolerance)


COTANGENTS = ["softmax_cotangent", "log_softmax_cotangent", "standardize_cotangent"]


@pytest.mark.parametrize("name", COTANGENTS)
@pytest.mark.parametrize(
    ("shape", "axis"), [((3, 5), (1,)), ((2, 300), (-1,)), ((2, 3, 4), (1, 2)), ((2, 3), (0,))]
)
def test_cotangents_of_rows_agree_with_the_composition(second, name, shape, axis, rng):
    g, y = rng.normal(size=shape), rng.normal(size=shape)
    xp, *given = raw(second, g, y)
    host = xg.device("cpu").backend.xp
    expected = getattr(networks, name)(host, g, y, axis=axis, **more(name))
    found = getattr(xp, name)(*given, axis=axis, **more(name)).get()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", COTANGENTS)
def test_cotangents_of_zero_are_zero_at_infinities_and_nan(second, name):
    y = np.array([[np.nan, np.inf, 1.0], [np.inf, 0.0, 1.0], [np.inf, np.nan, 1.0]])
    g = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, -1.0], [1.0, 0.0, 2.0]])
    xp, *given = raw(second, g, y)
    found = getattr(xp, name)(*given, axis=(1,), **more(name)).get()
    host = xg.device("cpu").backend.xp
    with np.errstate(all="ignore"):
        expected = getattr(networks, name)(host, g, y, axis=(1,), **more(name))
    assert not np.any(found[0])
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_a_gradient_through_log_softmax_is_one_launch_back(second, rng):
    x = xg.asarray(rng.normal(size=(3, 5)), device=second)
    seed = xg.asarray(rng.normal(size=(3, 5)), device=second)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.nn.log_softmax(x)
    before = Host.launches
    tape.gradient(y, x, seed)
    assert Host.launches - before <= 3, "the kernel, and two looks whether rows are contiguous"


def test_layer_norm_is_one_launch_and_one_back(second, rng):
    x = xg.asarray(rng.normal(size=(3, 5)), device=second)
    seed = xg.asarray(rng.normal(size=(3, 5)), device=second)
    with xg.GradientTape() as tape:
        tape.watch(x)
        before = Host.launches
        y = xg.nn.layer_norm(x)
    assert Host.launches - before <= 2, "the kernel, and a look whether rows are contiguous"
    before = Host.launches
    g = tape.gradient(y, x, seed)
    assert Host.launches - before <= 3
    same = xg.asarray(x.numpy())
    with xg.GradientTape() as tape:
        tape.watch(same)
        expected = xg.nn.layer_norm(same)
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-12)
    found = tape.gradient(expected, same, xg.asarray(seed.numpy()))
    np.testing.assert_allclose(g.numpy(), found.numpy(), rtol=1e-11)


@pytest.mark.parametrize("name", ROWS)
def test_rows_at_infinities_and_nan(second, name):
    values = np.array(
        [[-np.inf, 0.0, 1.0], [np.inf, 0.0, 1.0], [np.nan, 0.0, 1.0], [-np.inf] * 3, [1e300] * 3]
    )
    xp, x = raw(second, values)
    with np.errstate(all="ignore"):
        expected = composition(name, xg.device("cpu").backend.xp, values, (1,))
    found = getattr(xp, name)(x, axis=(1,), **more(name)).get()
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("axis", [(0,), (0, 2)])
def test_other_axes_are_compositions(second, name, axis, rng):
    values = rng.normal(size=(2, 3, 4))
    xp, x = raw(second, values)
    expected = composition(name, xg.device("cpu").backend.xp, values, axis)
    found = getattr(xp, name)(x, axis=axis, **more(name)).get()
    np.testing.assert_allclose(found, expected, rtol=1e-14)


# -- indices that are out of range -----------------------------------------------------------------


@pytest.fixture
def checked(monkeypatch):
    monkeypatch.setattr(options, "check_indices", True)


@pytest.mark.parametrize(
    "use",
    [
        lambda x, i: xg.take(x, i, axis=0),
        lambda x, i: xg.take_along_axis(x, i, axis=0),
        lambda x, i: x[i],
        lambda x, i: x.at[i].set(0.0),
        lambda x, i: x.at[i].add(1.0),
        lambda x, i: xg.scatter(x, i, x[:1], mode="max"),
    ],
    ids=["take", "take_along_axis", "getitem", "set", "add", "scatter"],
)
@pytest.mark.parametrize("index", [3, -4])
def test_checked_indices_are_refused(second, checked, use, index):
    x = xg.asarray([1.0, 2.0, 3.0], device=second)
    with pytest.raises(IndexError, match=rf"from {index} to {index}, but axis 0 has 3 elements"):
        use(x, xg.asarray([index], device=second))


def test_indices_in_range_pass_the_check(second, checked):
    x = xg.asarray([1.0, 2.0, 3.0], device=second)
    assert xg.take(x, xg.asarray([2, -3], device=second), axis=0).tolist() == [3.0, 1.0]


# -- devices ---------------------------------------------------------------------------------------


def test_new_arrays_go_where_they_are_asked_to(second):
    for make in (
        *(lambda: xg.zeros(2, device="cuda:1"), lambda: xg.ones(2, device="cuda:1")),
        *(lambda: xg.full(2, 3.0, device="cuda:1"), lambda: xg.empty(2, device="cuda:1")),
        *(lambda: xg.arange(3, device="cuda:1"), lambda: xg.eye(2, device="cuda:1")),
        *(
            lambda: xg.linspace(0, 1, 3, device="cuda:1"),
            lambda: xg.asarray([1.0], device="cuda:1"),
        ),
        *(lambda: xg.Variable([1.0], device="cuda:1"), lambda: xg.fft.fftfreq(4, device="cuda:1")),
        lambda: xg.zeros_like(xg.ones(2, device="cuda:1")),
    ):
        assert make().device == second


def test_operators_run_where_their_operands_are(second):
    x = xg.asarray([1.0, 2.0], device=second)
    y = -(x * 2.0 + x) / (1.0 + abs(x)) ** 2
    y += x
    assert y.device == second


def test_two_devices_in_one_operation_are_refused(second):
    x, y = xg.ones(2, device="cuda:0"), xg.ones(2, device="cuda:1")
    with pytest.raises(xg.errors.DeviceMismatchError, match=r"cuda:0.*cuda:1"):
        x + y
    with pytest.raises(xg.errors.DeviceMismatchError, match=r"cpu.*cuda:1"):
        xg.ones(2) + y
    with pytest.raises(xg.errors.DeviceMismatchError, match=r"cuda:0.*cuda:1"):
        xg.concat([x, y])


def test_moves_are_differentiable_both_ways(second):
    x = xg.asarray([1.0, 2.0, 3.0])
    with xg.GradientTape() as tape:
        tape.watch(x)
        near = (x * x).to_device("cuda:0")
        far = (near * near).to_device("cuda:1")
        y = xg.sum((far * far).to_device("cpu") * x + near.to_device("cpu"))
    g = tape.gradient(y, x)
    assert g.device == "cpu"
    np.testing.assert_allclose(g.numpy(), 9 * x.numpy() ** 8 + 2 * x.numpy())


def test_a_source_that_is_used_on_two_devices_collects_on_its_own(second):
    x = xg.asarray([1.0, 2.0], device=second)
    with xg.GradientTape() as tape:
        tape.watch(x)
        parts = [x.to_device("cuda:0"), x.to_device("cpu"), x * 3.0, x.to_device("cuda:0")]
        y = xg.sum(xg.stack([xg.sum(p * p).to_device("cpu") for p in parts]))
    g = tape.gradient(y, x)
    assert g.device == second
    np.testing.assert_allclose(g.numpy(), 24.0 * x.numpy())


def test_variables_change_where_they_are(second):
    """Whatever the current device is."""
    w = xg.Variable([1.0, 2.0, 3.0], device=second)
    with xg.device("cuda:0"):
        w.assign_add(xg.ones(3, device=second))
        w.assign_sub([0.5, 0.5, 0.5])
        w[1] = 7.0
        w[xg.asarray([0, 2], device=second)] = xg.asarray([4.0, 5.0], device=second)
        w.scatter_add([0], [1.0])
        w.scatter_sub([2], [2.0])
        w.scatter_update([1], [6.0])
        w.assign(w * 2.0)
    assert w.device == second
    np.testing.assert_array_equal(w.numpy(), [10.0, 12.0, 6.0])


def test_tangents_move_too(second):
    x = xg.asarray([1.0, 2.0], device=second)
    y, t = xg.jvp(lambda x: (x * x).to_device("cuda:0") ** 2, (x,), (xg.ones_like(x),))
    assert str(t.device) == str(y.device) == "cuda:0"
    np.testing.assert_allclose(t.numpy(), 4 * x.numpy() ** 3)


OPTIMIZERS = {
    **{name: {} for name in ("SGD", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta")},
    **{name: {} for name in ("RMSprop", "Ftrl", "Lion", "Lamb", "Adafactor", "LBFGS")},
    "SGD/nesterov": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    "Adam/everything": {"amsgrad": True, "clipvalue": 2.0, "use_ema": True, "weight_decay": 0.1},
    "Adam/norms": {"global_clipnorm": 1.0, "loss_scale_factor": 2.0},
    "RMSprop/centered": {"centered": True, "momentum": 0.5},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_step_where_their_variables_are(second, name):
    def losses(device):
        w = xg.Variable([[1.0, -2.0], [0.5, 3.0]], device=device)
        kind = getattr(xg.optimizers, name.partition("/")[0])
        optimizer = kind(learning_rate=0.1, **OPTIMIZERS[name])
        for _ in range(3):
            optimizer.minimize(lambda: xg.sum((w * w - 1.0) ** 2), [w])
        assert w.device == device
        return w.numpy()

    np.testing.assert_allclose(losses(second), losses("cpu"), rtol=1e-12)


def test_steps_of_other_dtypes_are_compositions(second):
    w = xg.Variable([1.0 + 1j, -2.0], device=second)
    optimizer = xg.optimizers.Adam(learning_rate=0.1)
    optimizer.apply([xg.asarray([0.5 + 0j, 0.25j], device=second)], [w])
    same = xg.Variable([1.0 + 1j, -2.0])
    xg.optimizers.Adam(learning_rate=0.1).apply([xg.asarray([0.5 + 0j, 0.25j])], [same])
    np.testing.assert_allclose(w.numpy(), same.numpy(), rtol=1e-12)


def test_recorded_functions_run_where_their_arguments_are(second):
    step = xg.function(lambda x: xg.sum(xg.tanh(x) * x))
    x = np.array([1.0, 2.0])
    for _ in range(2):
        y = step(xg.asarray(x, device=second))
        assert y.device == second
        np.testing.assert_allclose(y.numpy(), np.sum(np.tanh(x) * x))


# -- groups of instructions as one kernel ------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_recorded_programs_give_what_they_give_eagerly(second, seed):
    run = program(seed)
    numbers = tuple(range(len(run.inputs)))
    f = xg.value_and_grad(lambda *xs: run(xg.namespace(np), *xs), numbers)
    recorded = xg.function(f)
    expected = f(*map(xg.asarray, run.inputs))
    for _ in range(2):
        found = recorded(*[xg.asarray(x, device=second) for x in run.inputs])
        for y, e in zip(xg.tree.leaves(found), xg.tree.leaves(expected), strict=True):
            assert y.device == second
            np.testing.assert_allclose(
                y.numpy(), e.numpy(), rtol=1e-11, atol=1e-11, err_msg=run.source
            )


def elementwise(x, w):
    """Everything that kernels have a line for, on values of every sign."""
    positive = xg.abs(x) + 0.5
    unit = xg.tanh(x) * 0.9
    parts = [
        *(xg.exp(x), xg.expm1(x), xg.log(positive), xg.log1p(positive), xg.log2(positive)),
        *(xg.log10(positive), xg.sqrt(positive), xg.square(x), xg.sin(x), xg.cos(x), xg.tan(unit)),
        *(xg.asin(unit), xg.acos(unit), xg.atan(x), xg.sinh(x), xg.cosh(x), xg.asinh(x)),
        *(xg.acosh(positive + 1.0), xg.atanh(unit), xg.atan2(x, w), xg.hypot(x, w)),
        *(x**3, positive**0.5, positive**-1, positive**w, 1.0 / positive, -x, 2 - x, x / w),
        *(xg.maximum(x, w), xg.minimum(x, 0.25), xg.clip(x, -0.5, 0.5), xg.sign(x)),
        *(xg.floor(x), xg.ceil(x), xg.trunc(x), xg.round(x), xg.copysign(x, w)),
        *(xg.where(x > w, x, 0.0), xg.where((x < 0) | (w >= 1), 1.0, w), xg.nn.relu(x)),
        *(xg.special.expit(x), xg.special.erf(x), xg.special.ndtr(x), xg.nn.gelu(x)),
        *(xg.where(xg.isfinite(x) & ~xg.isnan(w), x, w), xg.astype(x > 0, x.dtype)),
    ]
    total = parts[0]
    for i, part in enumerate(parts[1:]):
        total = total + (1 + i / 8) * part
    return total


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_line_of_kernels_agrees_with_numpy(second, dtype, rng):
    x = rng.uniform(-2, 2, (3, 4)).astype(dtype)
    w = rng.uniform(0.5, 2, 4).astype(dtype)
    recorded = xg.function(elementwise)
    found = recorded(xg.asarray(x, device=second), xg.asarray(w, device=second))
    assert str(found.dtype) == dtype
    expected = elementwise(xg.asarray(x), xg.asarray(w)).numpy()
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-5 if dtype == "float32" else 1e-13)
    before = Host.launches
    recorded(xg.asarray(x, device=second), xg.asarray(w, device=second))
    assert Host.launches - before == 2, "what depends on w alone, and everything else"
    assert recorded.stats().groups == 2


def test_kernels_treat_nan_and_infinity_as_numpy_does(second):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0])
    f = lambda x, y: (
        xg.maximum(x, y), xg.minimum(x, y), xg.isnan(x), xg.isinf(x), xg.isfinite(x),
        xg.sign(x), xg.clip(x, -1.0, 1.0), xg.where(x == x, x, -1.0), x**2, x + float("inf"),
    )  # fmt: skip
    recorded = xg.function(f)
    for y in (x, x[::-1].copy()):
        found = recorded(xg.asarray(x, device=second), xg.asarray(y, device=second))
        with np.errstate(all="ignore"):
            expected = f(xg.asarray(x), xg.asarray(y))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_a_recorded_training_step_is_few_launches(second, rng):
    """Two layers: six products, and a kernel for what stands between them, sums included."""
    start = [rng.normal(size=(4, 4)), rng.normal(size=4)]
    w, b = (xg.Variable(x, device=second) for x in start)
    optimizer = xg.optimizers.Adam(0.01)

    def step(x):
        with xg.GradientTape() as tape:
            loss = xg.mean(xg.square(xg.nn.gelu(xg.nn.gelu(x @ w + b) @ w + b)))
        optimizer.apply(tape.gradient(loss, [w, b]), [w, b])
        return loss

    same = [xg.Variable(x) for x in start]
    x = rng.normal(size=(8, 4))
    recorded = xg.function(step)
    recorded(xg.asarray(x, device=second))
    before = Host.launches
    with xg.cuda.set_graphs("never"):
        recorded(xg.asarray(x, device=second))
    replayed = Host.launches - before
    before = Host.launches
    step(xg.asarray(x, device=second))
    assert replayed <= 14
    assert replayed < Host.launches - before
    other = xg.optimizers.Adam(0.01)
    for _ in range(3):
        with xg.GradientTape() as tape:
            h = xg.nn.gelu(xg.asarray(x) @ same[0] + same[1])
            loss = xg.mean(xg.square(xg.nn.gelu(h @ same[0] + same[1])))
        other.apply(tape.gradient(loss, same), same)
    np.testing.assert_allclose(w.numpy(), same[0].numpy(), rtol=1e-10)


def test_hessians_and_vmap_on_the_second_device(second):
    x = xg.asarray([1.0, 2.0], device=second)
    h = xg.hessian(lambda x: xg.sum(x**3))(x)
    np.testing.assert_allclose(h.numpy(), np.diag(6 * x.numpy()))
    y = xg.vmap(lambda row: xg.sum(row * row))(xg.ones((3, 2), device=second))
    assert y.tolist() == [2.0, 2.0, 2.0]


def test_dlpack_shares_memory_of_the_right_gpu(second):
    raw_array = xg.asarray([1.0, 2.0], device=second).array

    class Foreign:
        """An array of some other library on the second GPU."""

        def __dlpack__(self, **options):
            return raw_array

        def __dlpack_device__(self):
            return (2, 1)

    x = xg.from_dlpack(Foreign())
    assert x.device == second
    assert x.array.data.ptr == raw_array.data.ptr


def test_what_does_not_fit_in_memory_says_how_full_it_is(second, monkeypatch):
    monkeypatch.setattr(Memory, "limit", 100)
    x = xg.ones(10, device=second)
    with pytest.raises(MemoryError, match=r"multiply: .*\(10, 1\) float64 on cuda:1") as caught:
        x[:, None] * x
    assert isinstance(caught.value, xg.errors.OutOfMemoryError)
    assert "cuda:1 has 60.0 of 80.0 GiB free" in str(caught.value)
    assert "xg.checkpoint" in str(caught.value)


@pytest.mark.parametrize("place", ["cuda:0", "cuda:1"])
def test_what_does_not_fit_on_the_way_back_says_of_what_it_is_the_gradient(
    second, place, monkeypatch
):
    x = xg.ones((4, 1), device=place)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(xg.exp(x) @ xg.ones((1, 4), device=place))
    monkeypatch.setattr(Memory, "limit", 100)
    with pytest.raises(MemoryError, match=r"^the gradient of sum \(\) float64: ") as caught:
        tape.gradient(y, x)
    assert isinstance(caught.value, xg.errors.OutOfMemoryError)
    assert f"{place} has 60.0 of 80.0 GiB free" in str(caught.value)


def test_what_does_not_fit_in_a_replay_says_so(second, monkeypatch):
    step = xg.function(lambda x: x[:, None] * x)
    x = xg.ones(10, device=second)
    step(x)
    monkeypatch.setattr(Memory, "limit", 100)
    with pytest.raises(MemoryError, match=r"^function: a replay .* cuda:1 has") as caught:
        step(x)
    assert isinstance(caught.value, xg.errors.OutOfMemoryError)


def test_one_gpu_takes_the_short_way():
    with stand_in(count=1):
        place = xg.device("cuda")
        assert place.backend.one_device
        x = xg.asarray([1.0, 2.0], device=place)
        g = xg.grad(lambda x: xg.sum(x * xg.exp(x)))(x)
        assert type(x.array) in xg.core.instructions.PRIMITIVES["exp"].implementations
        np.testing.assert_allclose(g.numpy(), (1 + x.numpy()) * np.exp(x.numpy()))
        with pytest.raises(xg.errors.BackendUnavailableError, match="has 1 CUDA device"):
            xg.device("cuda:1")


def test_one_gpu_is_not_taken_for_the_host():
    with stand_in(count=1):
        x = xg.asarray([3.0, 4.0], device="cuda")
        with pytest.raises(xg.errors.DTypeError, match=r"Use .numpy\(\)"):
            np.asarray(x)
        w = xg.Variable([3.0, 4.0], device="cuda")
        optimizer = xg.optimizers.Adam(global_clipnorm=1.0)
        reads = Host.reads
        optimizer.apply([xg.clip_by_norm(x, xg.asarray(2.0, device="cuda"))], [w])
        assert Host.reads == reads


# -- what xgrad.cuda offers ------------------------------------------------------------------------


def test_memory_figures_are_those_of_the_device(second):
    gib = 2**30
    assert xg.cuda.memory("cuda:1") == (2000, 4000, 60 * gib, 80 * gib)
    assert xg.cuda.memory("cuda:0").used == 1000
    assert xg.cuda.release_memory("cuda:1").used == 2000
    with pytest.raises(ValueError, match="the device is cpu"):
        xg.cuda.memory("cpu")


def test_matmul_precision_reaches_cupy(second):
    core = second.backend.cupy._core._routines_linalg
    with xg.set_matmul_precision("high"):
        assert set(core.compute_types.values()) == {core.COMPUTE_TYPE_TF32}
    xg.set_matmul_precision("highest")
    assert set(core.compute_types.values()) == {core.COMPUTE_TYPE_DEFAULT}
    assert xg.cuda.matmul_precision() == "highest"


def test_prefetched_batches_arrive_in_order_on_their_device(second):
    reused = np.zeros(3)

    def batches():
        for i in range(5):
            reused[:] = i
            yield {"x": reused, "y": (i,)}

    found = list(xg.cuda.prefetch(batches(), second, size=2))
    assert all(b["x"].device == second for b in found)
    assert [b["x"].tolist() for b in found] == [[float(i)] * 3 for i in range(5)]
    assert [b["y"][0].tolist() for b in found] == list(range(5))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_cholesky_of_what_has_no_factor_is_nan(second, dtype):
    """cuSOLVER leaves numbers there that look like a factor; numpy raises."""
    good, bad = np.array([[4.0, 2.0], [2.0, 3.0]]), np.array([[4.0, 2.0], [2.0, 0.5]])
    for stack in (bad, np.stack([good, bad])):
        y = xg.linalg.cholesky(xg.asarray(stack.astype(dtype), device=second)).numpy()
        assert np.isnan(y.reshape(-1, 2, 2)[-1]).all()
    np.testing.assert_allclose(y[0], np.linalg.cholesky(good))


def test_dtypes_are_those_of_arrays(second):
    """A dtype and numpy's class of its scalars are equal, but two keys of a dict."""
    info = xg.namespace(second.namespace).__array_namespace_info__()
    names = {dtype: name for name, dtype in info.dtypes().items()}
    assert names[xg.ones(1, dtype="float32", device=second).dtype] == "float32"


@pytest.fixture
def lost():
    """What went wrong with copies from the host."""
    captured_launches.lost.clear()
    return captured_launches.lost


def test_buffers_are_not_used_again_before_they_are_read(second, lost):
    """cupy's pool of pinned memory gives a buffer to whoever comes next, copied or not."""
    found = [b for i in range(3) for b in xg.cuda.prefetch([np.full(3, i)], second)]
    assert [b.tolist() for b in found] == [[i] * 3 for i in range(3)]
    assert not lost


def test_batches_that_nobody_takes_arrive_before_their_memory_is_used_again(second, lost):
    batches = xg.cuda.prefetch([np.full(3, i) for i in range(9)], second, size=3)
    next(batches)
    batches.close()
    assert not lost


@pytest.mark.parametrize("ptds", [False, True])
def test_another_thread_prepares_batches_on_the_stream_of_the_loop(second, ptds, monkeypatch):
    """Nothing else keeps the loop from reading what has not arrived, or memory from being used twice."""
    used = []
    former = second.backend.asarray
    monkeypatch.setattr(
        second.backend,
        "asarray",
        lambda *given: (used.append((captured_launches.current(), get_ident())), former(*given))[1],
    )
    batches = xg.data.Batches(np.arange(6.0), 2, shuffle=False, device=second, prefetch=2)
    stream = captured_launches.Stream(non_blocking=True, ptds=ptds)
    with second.native, stream:
        found = [b.tolist() for b in batches]
    assert found == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert {id(s) for s, _ in used} == {id(stream)}
    here = {thread == get_ident() for _, thread in used}
    assert here == {ptds}, "a default stream of threads is another one in another thread"


# -- half precision --------------------------------------------------------------------------------


def test_float16_stays_float16_and_agrees_with_numpy(second, rng):
    values = rng.normal(size=(3, 4)).astype(np.float16)

    def f(x):
        h = xg.nn.layer_norm(xg.tanh(x @ xg.matrix_transpose(x))) / 4
        return xg.sum(xg.nn.log_softmax(h)) + xg.sum(x[:, xg.asarray([0, 0], device=x.device)])

    y, (g,) = xg.value_and_grad(f, (0,))(xg.asarray(values, device=second))
    expected, (e,) = xg.value_and_grad(f, (0,))(xg.asarray(values))
    assert str(y.dtype) == str(g.dtype) == "float16"
    np.testing.assert_allclose(float(y), float(expected), rtol=1e-2)
    np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=2e-2, atol=2e-2)
