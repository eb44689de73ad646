"""Cross entropies of a backend against the composition of the standard's functions; launches on CUDA.

NumPy's are in one buffer, CUDA's one kernel each way; the composition serves all other libraries."""

import numpy as np
import pytest
from cupy_stand_in import Host
from host_kernels import COMPILER

import xgrad as xg
from xgrad.backends import cross_entropy
from xgrad.backends.base import Functions


class Nothing:
    """An `Own` without anything of its own."""


COMPOSITION = Functions(xg.device("cpu").backend.namespace, Nothing)
LABELS = {"none": None, "of a class": 2, "padding": -100}


@pytest.fixture(params=["numpy", "cuda"])
def run(request):
    """Call a function of a backend with NumPy's arrays."""
    if request.param == "numpy":
        return lambda name, *arrays, **options: getattr(xg.device("cpu").backend.xp, name)(
            *arrays, **options
        )
    if COMPILER is None:
        pytest.skip("no C++ compiler to run kernels with")
    second = request.getfixturevalue("second")

    def run_there(name, *arrays, **options):
        given = [xg.asarray(a, device=second).array for a in arrays]
        return getattr(second.backend.xp, name)(*given, **options).get()

    return run_there


def composed(name, *arrays, **options):
    with np.errstate(all="ignore"):
        return getattr(cross_entropy, name)(COMPOSITION, *arrays, **options)


def assert_same(found, expected, dtype="float64"):
    assert found.dtype == expected.dtype
    tolerance = 3e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


SHAPES = [((4, 5), 1), ((2, 300), 1), ((2, 3, 4), 2), ((2, 3, 4), 1), ((5,), 0), ((0, 3), 1)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
def test_dense(run, shape, axis, dtype, rng):
    x, labels = (20 * rng.normal(size=shape)).astype(dtype), rng.uniform(size=shape).astype(dtype)
    g = rng.normal(size=(*shape[:axis], *shape[axis + 1 :])).astype(dtype)
    assert_same(
        run("cross_entropy", x, labels, axis=axis),
        composed("cross_entropy", x, labels, axis=axis),
        dtype,
    )
    assert_same(
        run("cross_entropy_cotangent", g, x, labels, axis=axis),
        composed("cross_entropy_cotangent", g, x, labels, axis=axis),
        dtype,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("index", ["int32", "int64", "uint8"])
@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
def test_sparse(run, shape, axis, dtype, index, rng):
    x = (20 * rng.normal(size=shape)).astype(dtype)
    left = (*shape[:axis], *shape[axis + 1 :])
    indices, g = rng.integers(0, shape[axis], left).astype(index), rng.normal(size=left)
    g = np.asarray(g, dtype)
    options = {"axis": axis, "ignored": None}
    assert_same(
        run("sparse_cross_entropy", x, indices, **options),
        composed("sparse_cross_entropy", x, indices, **options),
        dtype,
    )
    assert_same(
        run("sparse_cross_entropy_cotangent", g, x, indices, **options),
        composed("sparse_cross_entropy_cotangent", g, x, indices, **options),
        dtype,
    )


@pytest.mark.parametrize("ignored", LABELS.values(), ids=LABELS)
def test_labels_that_choose_nothing(run, ignored, rng):
    x, g = rng.normal(size=(5, 3)), rng.normal(size=5)
    indices = np.array([0, 2, -1, -100, 1])
    options = {"axis": 1, "ignored": ignored}
    assert_same(
        run("sparse_cross_entropy", x, indices, **options),
        composed("sparse_cross_entropy", x, indices, **options),
    )
    found = run("sparse_cross_entropy_cotangent", g, x, indices, **options)
    assert_same(found, composed("sparse_cross_entropy_cotangent", g, x, indices, **options))
    assert not np.any(found[2:4])


INF, NAN = np.inf, np.nan
ROWS = np.array(
    [
        [0.0, 1.0, -INF],
        [-INF, -INF, -INF],
        [INF, 0.0, 1.0],
        [NAN, 0.0, 1.0],
        [1e300, -1e300, 0.0],
        [1000.0, 0.0, -1000.0],
    ]
)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("seed", [0.0, 1.0])
def test_logits_that_are_not_finite(run, place, seed):
    one_hot = np.zeros_like(ROWS)
    one_hot[:, place] = 1
    indices, g = np.full(len(ROWS), place), np.full(len(ROWS), seed)
    sparse, dense = {"axis": 1, "ignored": None}, {"axis": 1}
    assert_same(
        run("cross_entropy", ROWS, one_hot, **dense),
        composed("cross_entropy", ROWS, one_hot, **dense),
    )
    assert_same(
        run("cross_entropy_cotangent", g, ROWS, one_hot, **dense),
        composed("cross_entropy_cotangent", g, ROWS, one_hot, **dense),
    )
    assert_same(
        run("sparse_cross_entropy", ROWS, indices, **sparse),
        composed("sparse_cross_entropy", ROWS, indices, **sparse),
    )
    assert_same(
        run("sparse_cross_entropy_cotangent", g, ROWS, indices, **sparse),
        composed("sparse_cross_entropy_cotangent", g, ROWS, indices, **sparse),
    )


def test_rows_without_labels_have_no_gradient(run):
    g, labels = np.ones(len(ROWS)), np.zeros_like(ROWS)
    assert not np.any(run("cross_entropy_cotangent", g, ROWS, labels, axis=1))


def test_labels_that_are_not_finite(run):
    x, labels = np.zeros((2, 2)), np.array([[INF, 0.0], [NAN, 1.0]])
    for g in (np.zeros(2), np.ones(2)):
        assert_same(
            run("cross_entropy_cotangent", g, x, labels, axis=1),
            composed("cross_entropy_cotangent", g, x, labels, axis=1),
        )


# -- the functions of xg.nn ------------------------------------------------------------------------


def logarithms(x, places):
    """The loss as a composition of public functions."""
    y = xg.nn.log_softmax(x, axis=-1)
    return -xg.mean(xg.take_along_axis(y, xg.expand_dims(places, axis=-1), axis=-1))


def test_second_derivatives_agree_with_those_of_the_logarithm(rng):
    x, places = xg.asarray(rng.normal(size=(4, 3))), xg.asarray([0, 2, 1, 1])
    loss = lambda x: xg.nn.sparse_softmax_cross_entropy(x, places)
    expected = xg.hessian(lambda x: logarithms(x, places))(x).numpy()
    np.testing.assert_allclose(xg.hessian(loss)(x).numpy(), expected, atol=1e-15)
    one_hot = xg.nn.one_hot(places, 3)
    found = xg.hessian(lambda x: xg.nn.softmax_cross_entropy(x, one_hot))(x)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-15)
    forward = xg.jacfwd(xg.jacfwd(loss))(x)
    np.testing.assert_allclose(forward.numpy(), expected, atol=1e-15)


def test_ignored_labels_have_no_derivatives_of_any_order(rng):
    x, places = xg.asarray(rng.normal(size=(2, 3))), xg.asarray([-1, 1])
    found = xg.hessian(lambda x: xg.nn.sparse_softmax_cross_entropy(x, places, ignore_label=-1))(x)
    alone = xg.hessian(lambda x: xg.nn.sparse_softmax_cross_entropy(x, places[1:]))(x[1:])
    assert not found.numpy()[0].any()
    np.testing.assert_allclose(found.numpy()[1:, :, 1:], alone.numpy(), atol=1e-15)


def test_examples_of_vmap_may_share_their_labels(rng):
    x, places = xg.asarray(rng.normal(size=(5, 4, 3))), xg.asarray([0, 2, 1, 1])
    loss = xg.nn.sparse_softmax_cross_entropy
    found = xg.vmap(xg.grad(lambda x: loss(x, places)))(x).numpy()
    for i in range(5):
        one = xg.grad(lambda x: loss(x, places))(x[i])
        np.testing.assert_allclose(found[i], one.numpy(), atol=1e-15)


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")
@pytest.mark.parametrize("form", ["sparse", "dense"])
def test_on_cuda_it_is_one_launch_each_way(second, form, rng):
    x = xg.asarray(rng.normal(size=(4, 3)).astype("float32"), device=second)
    places = xg.asarray([0, 2, 1, 1], device=second)
    labels = places if form == "sparse" else xg.nn.one_hot(places, 3, dtype=xg.float32)
    loss = getattr(xg.nn, f"{'sparse_' if form == 'sparse' else ''}softmax_cross_entropy")
    seed = xg.ones((4,), dtype=xg.float32, device=second)
    with xg.GradientTape() as tape:
        tape.watch(x)
        looks = Host.launches
        y = loss(x, labels, reduction="none")
    forward = Host.launches - looks
    looks = Host.launches
    g = tape.gradient(y, x, seed)
    assert forward <= 4, "the kernel, and three looks whether rows are contiguous"
    assert Host.launches - looks <= 5, "the kernel, and four looks whether rows are contiguous"
    assert (y.dtype, g.dtype) == (xg.float32, xg.float32)


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler to run kernels with")
def test_on_cuda_labels_are_checked_on_request(second):
    x, places = xg.zeros((2, 3), device=second), xg.asarray([0, 3], device=second)
    assert np.isfinite(xg.nn.sparse_softmax_cross_entropy(x, places).item())
    with xg.cuda.check_indices(), pytest.raises(IndexError, match="the 3 classes"):
        xg.nn.sparse_softmax_cross_entropy(x, places)
