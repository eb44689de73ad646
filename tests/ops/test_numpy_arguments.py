"""Arguments that NumPy refuses are refused for Tensors; forms that NumPy takes are taken."""

import numpy as np
import pytest

import xgrad as xg

X = np.arange(1.0, 13.0).reshape(3, 4)
SQUARE = np.array([[1.0, 2.0], [-0.5, 3.0]])
LABELS = np.array([[0, 1, 2, 0]])

REFUSED = {
    # an axis that is not there, or comes twice
    "median": lambda x: np.median(x, axis=2),
    "median/negative": lambda x: np.median(x, axis=-3),
    "quantile/axis": lambda x: np.quantile(x, 0.5, axis=(0, 5)),
    "nanpercentile/axis": lambda x: np.nanpercentile(x, 50, axis=2),
    "gradient": lambda x: np.gradient(x, axis=5),
    "gradient/twice": lambda x: np.gradient(x, axis=(0, -2)),
    "array_split/axis": lambda x: np.array_split(x, 1, axis=2),
    "split/axis": lambda x: np.split(x, 1, axis=2),
    "vsplit/axis": lambda x: np.vsplit(x[0], 1),
    "dsplit/axis": lambda x: np.dsplit(x, 1),
    "delete/axis": lambda x: np.delete(x, 0, axis=2),
    "insert/axis": lambda x: np.insert(x, 0, 1.0, axis=-3),
    "apply_along_axis": lambda x: np.apply_along_axis(np.sum, 2, x),
    "put_along_axis/axis": lambda x: np.put_along_axis(x, LABELS, 0.0, axis=2),
    "put_along_axis/ndim": lambda x: np.put_along_axis(x, LABELS[0], 0.0, axis=0),
    "rollaxis": lambda x: np.rollaxis(x, 2),
    "rollaxis/start": lambda x: np.rollaxis(x, 0, -3),
    "rollaxis/behind": lambda x: np.rollaxis(x, 0, 3),
    "rot90": lambda x: np.rot90(x, axes=(0, -2)),
    "rot90/three": lambda x: np.rot90(x, axes=(0, 1, 1)),
    "size": lambda x: np.size(x, axis=2),
    "size/twice": lambda x: np.size(x, axis=(0, 0)),
    "diff/edge": lambda x: np.diff(x, axis=2, prepend=0.0),
    "tensorsolve": lambda x: np.linalg.tensorsolve(x[:, :3], x[:, 0], axes=(5,)),
    "sliding_window_view": lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=2),
    "transpose": lambda x: np.transpose(x, 1),
    "tensordot": lambda x: np.tensordot(x, x, axes=1.5),
    # a number that counts nothing
    "array_split": lambda x: np.array_split(x, 0),
    "split": lambda x: np.split(x, -1),
    "linspace": lambda x: np.linspace(x[0, 0], x[0, 1], -1),
    "resize": lambda x: np.resize(x, (-1,)),
    "polyfit": lambda x: np.polyfit(x[0], x[1], -1),
    "vander": lambda x: np.vander(x),
    "vander/N": lambda x: np.vander(x[0], -1),
    "tile": lambda x: np.tile(x, 1.5),
    "cov": lambda x: np.cov(x, ddof=0.5),
    # an index or a number outside
    "delete": lambda x: np.delete(x, 3, axis=0),
    "delete/negative": lambda x: np.delete(x, [0, -4], axis=0),
    "delete/float": lambda x: np.delete(x, [1.5], axis=0),
    "delete/mask": lambda x: np.delete(x, np.array([True, False]), axis=0),
    "insert": lambda x: np.insert(x, 4, 1.0, axis=0),
    "insert/negative": lambda x: np.insert(x, -4, 1.0, axis=0),
    "quantile": lambda x: np.quantile(x, 1.5),
    "quantile/list": lambda x: np.quantile(x, [0.5, -0.1]),
    "percentile": lambda x: np.percentile(x, 101),
    "percentile/array": lambda x: np.percentile(x, np.array([50, 101])),
    "bincount": lambda x: np.bincount([-1, 0, 2, 1], weights=x[0]),
    "histogram": lambda x: np.histogram(x, range=(2, 1)),
    "histogram/inf": lambda x: np.histogram(x, range=(0, np.inf)),
    "histogram/of inf": lambda x: np.histogram(x * np.array([np.inf, 1.0, 1.0, 1.0])),
    "histogram/falling": lambda x: np.histogram(x, bins=[3, 1]),
    "histogram/matrix": lambda x: np.histogram(x, bins=[[1, 3]]),
    "histogram/bins": lambda x: np.histogram(x, bins=0),
    "histogram/fraction": lambda x: np.histogram(x, bins=2.5),
    "histogramdd/falling": lambda x: np.histogramdd(x[:, :2], bins=[[3, 1], [1, 3]]),
    "fft": lambda x: np.fft.fft(x, -1),
    "irfft": lambda x: np.fft.irfft(x, n=-1),
    "pad/lengths": lambda x: np.pad(x, ((1, 2), (3,))),
    "pad/mean lengths": lambda x: np.pad(x, ((1, 2), (3,)), "mean"),
    "pad/mean negative": lambda x: np.pad(x, (-1, 2), "mean"),
    "pad/stat_length": lambda x: np.pad(x, 1, "mean", stat_length=-1),
    "pad/end_values": lambda x: np.pad(x, 1, "linear_ramp", end_values=((1, 2, 3),)),
    "matrix_power": lambda x: np.linalg.matrix_power(x[:, :3], 1.5),
    "nanargmax/nothing": lambda x: np.nanargmax(x * np.nan),
    "nanargmin/nothing in a row": lambda x: np.nanargmin(np.where(x > 4, x, np.nan), axis=1),
    "pinv/two tolerances": lambda x: np.linalg.pinv(x, 1e-3, rtol=1e-3),
    "pinv/hermitian": lambda x: np.linalg.pinv(x, hermitian=True),
    "svd/hermitian": lambda x: np.linalg.svd(x, hermitian=True),
    "matrix_rank/two tolerances": lambda x: np.linalg.matrix_rank(x, 1e-3, rtol=1e-3),
    "unravel_index": lambda x: np.unravel_index(x[0].astype(int) * 2, (2, 3)),
    "unravel_index/negative": lambda x: np.unravel_index(-x[0].astype(int), (2, 3)),
    "unravel_index/floats": lambda x: np.unravel_index(x[0], (2, 3)),
    "unravel_index/order": lambda x: np.unravel_index(x[0].astype(int), (2, 3), order="A"),
    "ravel_multi_index/floats": lambda x: np.ravel_multi_index(x[:2], (20, 20)),
    "compress": lambda x: np.compress(x > 3, x),
    "cov/negative": lambda x: np.cov(x, aweights=-x[0]),
    "cov/fweights": lambda x: np.cov(x, fweights=x[0] / 2),
    "gradient/places": lambda x: np.gradient(x[0], [0.0, 1.0, 3.0]),
    "gradient/places of two": lambda x: np.gradient(x[:, :3], [0.0, 1.0, 3.0]),
    "polyadd": lambda x: np.polyadd(x, x[0]),
    "polyint": lambda x: np.polyint(x),
    "roots": lambda x: np.roots(x),
    "digitize": lambda x: np.digitize(x, [1.0, 3.0, 2.0]),
    "cov/weights": lambda x: np.cov(x, aweights=[1.0]),
    "bincount/minlength": lambda x: np.bincount([0, 1, 1, 0], weights=x[0], minlength=-1),
    "histogram/weights": lambda x: np.histogram(x, weights=x[:1]),
    "partition": lambda x: x.partition(4),
    # more masks or weights than elements
    "sum/where": lambda x: np.sum(x[:1], where=x > 3),
    "nanmean/where": lambda x: np.nanmean(x[:1], where=x > 3),
    "max/where": lambda x: np.max(x[:1], initial=0.0, where=x > 3),
    "any/where": lambda x: np.any(x[:1], where=x > 3),
    "logaddexp.reduce/where": lambda x: np.logaddexp.reduce(x[:1], where=x > 3, initial=0.0),
    "polyfit/y": lambda x: np.polyfit(x[0, :1], x[0], 1),
    "polyfit/w": lambda x: np.polyfit(x[0], x[1], 1, w=x[0, :1]),
    "histogramdd/weights": lambda x: np.histogramdd(x, bins=2, weights=[1.0]),
    # words
    "reshape/order": lambda x: np.reshape(x, (4, 3), order="K"),
    "ravel/order": lambda x: np.ravel(x, "Z"),
    "pad": lambda x: np.pad(x, 1, mode="reflect", constant_values=1.0),
    "take": lambda x: np.take(x, [0, 1], mode="clipped"),
    "choose": lambda x: np.choose([0, 1, 0, 1], [x[0], x[1]], mode="wrapped"),
    "sin/dtype": lambda x: np.sin(x, dtype=int),
    "add/dtype": lambda x: np.add(x, x, dtype=int),
    "concatenate/dtype": lambda x: np.concatenate([x, x], dtype=int),
    "stack/dtype": lambda x: np.stack([x, x], dtype=bool),
    "concatenate/unsigned": lambda x: np.concatenate([x.astype(int), x.astype(int)], dtype="uint8"),
    "hstack/unsigned": lambda x: np.hstack([x.astype(int), x.astype(int)], dtype="uint8"),
    "concatenate/safe": lambda x: np.concatenate([x, x], dtype="float32", casting="safe"),
    "concatenate/casting": lambda x: np.concatenate([x, x], dtype="float32", casting="no way"),
    "add/unsigned": lambda x: np.add(x.astype(int), 1, dtype="uint8"),
    "add/unsigned out": lambda x: np.add(x.astype(int), 1, out=np.zeros(x.shape, "uint8")),
    "add/safe": lambda x: np.add(x, x, dtype="float32", casting="safe"),
    "copyto/unsigned": lambda x: np.copyto(x.astype("uint8"), x.astype(int)),
    "quantile/method": lambda x: np.quantile(x, 0.5, method="nowhere"),
    "clip": lambda x: np.clip(x, 1.0, 2.0, min=3.0),
}

TAKEN = {
    "delete/nothing": lambda x: np.delete(x, [], axis=0),
    "delete/negative": lambda x: np.delete(x, [-1, 0], axis=1),
    "insert/last": lambda x: np.insert(x, 3, 1.0, axis=0),
    "insert/slice": lambda x: np.insert(x, slice(None), 1.0, axis=0),
    "insert/nothing": lambda x: np.insert(x, [], 1.0, axis=0),
    "diff/none": lambda x: np.diff(x, n=0, append=x),
    "rollaxis/last": lambda x: np.rollaxis(x, 0, 2),
    "rollaxis/negative": lambda x: np.rollaxis(x, 1, -2),
    "rot90/list": lambda x: np.rot90(x, axes=[1, 0]),
    "reshape/array": lambda x: np.reshape(x, np.array([4, 3])),
    "reshape/A": lambda x: np.reshape(x, (4, 3), order="A"),
    "reshape/f": lambda x: np.reshape(x, (4, 3), order="f"),
    "ravel/K": lambda x: np.ravel(x, "K"),
    "broadcast_to/array": lambda x: np.broadcast_to(x, np.array([2, 3, 4])),
    "tile/array": lambda x: np.tile(x, np.array([1, 2])),
    "transpose/array": lambda x: np.transpose(x, np.array([1, 0])),
    "tensordot/array": lambda x: np.tensordot(x, x, axes=np.array([[0], [0]])),
    "tensordot/one axis each": lambda x: np.tensordot(x, x, axes=np.array([0, 0])),
    "linalg.tensordot": lambda x: np.linalg.tensordot(x, x, axes=(0, 0)),
    "transpose/method": lambda x: x.transpose(np.array([1, 0])),
    "take/tuple": lambda x: np.take(x, ()),
    "take/nothing": lambda x: np.take(x, []),
    "sliding_window_view/twice": lambda x: np.lib.stride_tricks.sliding_window_view(
        x, (2, 2), axis=(1, 1)
    ),
    "add/dtype": lambda x: np.add(x, 1, dtype=np.float64),
    "gradient/one": lambda x: np.gradient(x, axis=(1,)),
    "gradient/number": lambda x: np.gradient(x, axis=np.int64(1)),
    "quantile/of no rows": lambda x: np.quantile(x[:0], 0.5, axis=1),
    "subtract.reduce/of no columns": lambda x: np.subtract.reduce(x[:, :0], axis=0),
    "sum/where": lambda x: np.sum(x, where=[True, False, True, True]),
    "pad/one each": lambda x: np.pad(x, ((1,), (2,)), "linear_ramp", end_values=((1,), (2,))),
    "pad/row": lambda x: np.pad(x, (1, 2), "mean", stat_length=(2, 3)),
    "cov/weights": lambda x: np.cov(x, fweights=np.array([1, 2, 1, 3]), aweights=x[0]),
    "quantile/ends": lambda x: np.quantile(x, [0.0, 1.0]),
}


CONSTANTS = {
    "unravel_index/array": lambda x: np.stack(np.unravel_index(x[0].astype(int), np.array([2, 3]))),
    "unravel_index/number": lambda x: np.unravel_index(x.astype(np.uint8), 13)[0],
    "any/complex": lambda x: np.any((x - 1) * 1j, axis=0),
    "all/complex": lambda x: np.all((x - 1) * 1j, axis=1),
    "angle/nan": lambda x: np.angle(np.where(x > 2, x - 5, np.nan)),
    "round/tens": lambda x: np.round((x * 7).astype(int), -1),
    "round/whole": lambda x: np.round((x * 7).astype(np.int32), 2),
    "searchsorted/unsigned": lambda x: np.searchsorted(x[0].astype("uint8"), -1),
    "searchsorted/float32": lambda x: np.searchsorted((x[0] / 10).astype("float32"), 0.1, "right"),
    "isin/unsigned": lambda x: np.isin(x.astype("uint8"), -1),
    "isclose/unsigned": lambda x: np.isclose(x.astype("uint8"), 300),
    "isclose/difference": lambda x: np.isclose(x.astype("uint8"), np.uint8(250), rtol=0.1),
    "copyto/unsafe": lambda x: _copied(x.astype("uint8"), x / 2, "unsafe"),
    "mean/whole": lambda x: np.mean(x, axis=0, dtype=int),
}


def _copied(target, x, casting):
    np.copyto(target, x, casting=casting)
    return target


def named(table):
    return [pytest.param(value, id=name) for name, value in table.items()]


@pytest.mark.parametrize("f", named(REFUSED))
def test_what_numpy_refuses_is_refused(f):
    with pytest.raises((TypeError, ValueError, IndexError, RuntimeError)):
        f(X.copy())
    with pytest.raises(xg.errors.XgradError):
        f(xg.asarray(X))


@pytest.mark.parametrize("f", named(TAKEN))
def test_what_numpy_takes_is_taken(f):
    found, expected = f(xg.asarray(X)), f(X)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.numpy(), expected, strict=True)
    if found.size:
        xg.testing.check_gradients(f, [X])


@pytest.mark.parametrize("f", named(CONSTANTS))
def test_what_has_no_gradient_is_as_in_numpy(f):
    found, expected = f(xg.asarray(X)), f(X)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.numpy(), expected, strict=True)


def test_bins_may_be_equal():
    bins = [1.0, 1.0, 3.0]
    found = np.digitize(xg.asarray(X), bins)
    np.testing.assert_array_equal(found.numpy(), np.digitize(X, bins), strict=True)


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.2.0", reason="NumPy kept single rows")
def test_cov_of_one_observation_in_a_row():
    found = np.cov(xg.asarray(X[:1]), rowvar=False, ddof=0)
    np.testing.assert_array_equal(found.numpy(), np.cov(X[:1], rowvar=False, ddof=0))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.int64, np.bool_])
def test_casting_may_be_unsafe(dtype):
    options = {"dtype": dtype, "casting": "unsafe"}
    for f in (lambda x: np.concatenate([x, x], **options), lambda x: np.stack([x, x], **options)):
        np.testing.assert_array_equal(f(xg.asarray(X)).numpy(), f(X), strict=True)
    added = np.add(xg.asarray(X), 1, dtype=np.int64, casting="unsafe")
    np.testing.assert_array_equal(added.numpy(), np.add(X, 1, dtype=np.int64, casting="unsafe"))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.var(x[0], ddof=6),
        lambda x: np.std(x[0], ddof=6),
        lambda x: np.cov(x, ddof=6),
        lambda x: np.cov(x, ddof=9, fweights=[1, 2, 1, 1]),
        lambda x: np.var(x[0], ddof=6, where=[True, True, False, True]),
    ],
    ids=["var", "std", "cov", "cov of weights", "var where"],
)
def test_more_taken_than_there_is_leaves_nothing(f):
    np.testing.assert_array_equal(f(xg.asarray(X)).numpy(), f(X))


@pytest.mark.parametrize("rcond", [None, -1, 0, 1, 1e-3])
def test_rcond_of_a_matrix_without_full_rank(rcond):
    b = np.array([1.0, 2.0, 4.0])
    found = np.linalg.lstsq(xg.asarray(X), b, rcond=rcond)
    expected = np.linalg.lstsq(X, b, rcond=rcond)
    np.testing.assert_allclose(found[0].numpy(), expected[0])
    assert found[2] == expected[2]


# -- dtypes ----------------------------------------------------------------------------------------

WHOLE = np.array([[1, -2, 3]])
KINDS = {
    "fabs": (WHOLE, np.fabs),
    "rint": (WHOLE, np.rint),
    "pad/mean": (WHOLE, lambda x: np.pad(x, ((0, 0), (2, 1)), mode="mean", stat_length=2)),
    "pad/median": (WHOLE, lambda x: np.pad(x, 1, mode="median", stat_length=2)),
    "pad/linear_ramp": (WHOLE, lambda x: np.pad(x, 3, mode="linear_ramp", end_values=-2)),
    "gradient/of unsigned places": (X[0], lambda x: np.gradient(x, np.uint8([9, 5, 1, 0]))),
    "modf": (WHOLE, lambda x: np.modf(x)[0]),
    "modf/whole": (WHOLE, lambda x: np.modf(x)[1]),
    "ldexp": (WHOLE, lambda x: np.ldexp(x, 2)),
    "divide.reduce": (WHOLE, lambda x: np.divide.reduce(x, axis=0)),
    "hypot.accumulate": (WHOLE, lambda x: np.hypot.accumulate(x, axis=0)),
    "logical_and.accumulate": (X, lambda x: np.logical_and.accumulate(x, axis=1)),
    "logical_xor.reduce": (X, lambda x: np.logical_xor.reduce(x[:1], axis=0)),
    "logaddexp2": (X, lambda x: np.logaddexp2(x, np.float16([1.5]))),
}


@pytest.mark.parametrize(("x", "f"), [pytest.param(*v, id=k) for k, v in KINDS.items()])
def test_dtype_is_numpys(x, f):
    found, expected = f(xg.asarray(x)), f(x)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(np.fabs, id="fabs"),
        pytest.param(np.cbrt, id="cbrt"),
        pytest.param(np.deg2rad, id="deg2rad"),
        pytest.param(np.rad2deg, id="rad2deg"),
        pytest.param(np.modf, id="modf"),
        pytest.param(np.frexp, id="frexp"),
        pytest.param(lambda z: np.fmod(z, 2.0), id="fmod"),
        pytest.param(lambda z: np.quantile(z, 0.5), id="quantile"),
        pytest.param(lambda z: np.interp(z, [0.0, 1.0], [2.0, 3.0]), id="interp"),
    ],
)
def test_functions_of_real_numbers_refuse_complex_ones(f):
    with pytest.raises(TypeError):
        f(X + 1j)
    with pytest.raises(xg.errors.DTypeError, match="must be real"):
        f(xg.asarray(X + 1j))


def test_edges_of_differences_are_of_their_kind():
    with pytest.raises(TypeError):
        np.ediff1d(WHOLE, to_begin=0.5)
    with pytest.raises(xg.errors.DTypeError, match="to_begin"):
        np.ediff1d(xg.asarray(WHOLE), to_begin=0.5)


def test_ldexp_refuses_floating_exponents():
    with pytest.raises(TypeError):
        np.ldexp(X, 0.5)
    with pytest.raises(xg.errors.DTypeError, match="must be integers"):
        np.ldexp(xg.asarray(X), 0.5)


@pytest.mark.parametrize("ufunc", [np.hypot, np.logaddexp, np.logaddexp2], ids=lambda u: u.__name__)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_reduce_begins_with_the_neutral_element(ufunc, count):
    rows = -X[:count]
    found = ufunc.reduce(xg.asarray(rows), axis=0)
    np.testing.assert_allclose(found.numpy(), ufunc.reduce(rows, axis=0), strict=True)
    if count:
        xg.testing.check_gradients(lambda x: ufunc.reduce(x, axis=0), [rows])


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 13])
@pytest.mark.parametrize(
    "name", ["logaddexp", "logaddexp2", "hypot", "fmax", "fmin", "maximum", "minimum"]
)
def test_associative_ufuncs_along_axes_of_any_length(name, count, rng):
    ufunc = getattr(np, name)
    rows = rng.normal(size=(2, count))
    found = ufunc.accumulate(xg.asarray(rows), axis=1)
    np.testing.assert_allclose(found.numpy(), ufunc.accumulate(rows, axis=1), rtol=1e-13)
    if count:
        found = ufunc.reduce(xg.asarray(rows), axis=1)
        np.testing.assert_allclose(found.numpy(), ufunc.reduce(rows, axis=1), rtol=1e-13)
    if count in (2, 5):
        order = 2 if count == 2 else 1
        xg.testing.check_gradients(lambda x: ufunc.reduce(x, axis=1), [rows], order=order)
        xg.testing.check_gradients(lambda x: ufunc.accumulate(x, axis=1), [rows], order=order)


@pytest.mark.parametrize("indices", [[0, 2, 2, 4], [3, 0, 4], [4], [1, 3]], ids=str)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128", "int32"])
def test_sums_of_slices(indices, axis, dtype, rng):
    x = (3 * rng.normal(size=(5, 5))).astype(dtype)
    found = np.add.reduceat(xg.asarray(x), indices, axis=axis)
    expected = np.add.reduceat(x, indices, axis=axis)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, strict=dtype != "int32")
    if dtype == "float64":
        xg.testing.check_gradients(lambda x: np.add.reduceat(x, indices, axis=axis), [x], order=2)


@pytest.mark.parametrize("name", ["logical_xor", "bitwise_or", "bitwise_and", "bitwise_xor"])
def test_associative_ufuncs_of_booleans(name, rng):
    ufunc = getattr(np, name)
    rows = rng.random((7, 3)) > 0.5
    for method in ("reduce", "accumulate"):
        found = getattr(ufunc, method)(xg.asarray(rows))
        np.testing.assert_array_equal(found.numpy(), getattr(ufunc, method)(rows), strict=True)


def test_convolutions_keep_no_windows(rng):
    a, v = rng.normal(size=500), rng.normal(size=300)
    x = xg.Variable(a)
    with xg.GradientTape(persistent=True) as tape:
        y = np.convolve(x, v)
    np.testing.assert_allclose(y.numpy(), np.convolve(a, v), rtol=1e-10, atol=1e-12)
    assert tape.stats().bytes < 20_000  # the windows take 1,900,000


def test_long_axes_take_few_operations(rng):
    x = xg.Variable(rng.normal(size=1000))
    with xg.GradientTape(persistent=True) as tape:
        np.add.reduceat(x, np.arange(0, 1000, 2))
    assert tape.stats().operations < 20
    for ufunc in (np.logaddexp, np.hypot, np.maximum):
        for method in ("reduce", "accumulate"):
            with xg.GradientTape(persistent=True) as tape:
                getattr(ufunc, method)(x)
            assert tape.stats().operations < 200


def test_reduce_of_nothing_is_what_it_begins_with():
    found = np.hypot.reduce(xg.ones((0, 2)), axis=0, initial=3.0)
    np.testing.assert_array_equal(found.numpy(), [3.0, 3.0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, np.inf, -np.inf, "fro"])
@pytest.mark.parametrize("matrix", ["zeros", "of rank 1", "stack"])
def test_condition_number_of_singular_matrices_is_infinite(p, matrix):
    singular = np.ones((2, 2)) if matrix == "of rank 1" else np.zeros((2, 2))
    x = np.stack([singular, SQUARE]) if matrix == "stack" else singular
    y = np.linalg.cond(xg.asarray(x), p)
    np.testing.assert_allclose(y.numpy(), np.linalg.cond(x, p), atol=1e-12)


SAMPLES = {
    "first": [np.inf, 1.0, 3.0],
    "middle": [1.0, np.inf, 3.0],
    "last": [1.0, 2.0, -np.inf],
    "two": [np.inf, np.inf, 3.0],
    "opposite": [np.inf, -np.inf, 3.0],
    "nan": [1.0, np.nan, 3.0],
}


@pytest.mark.parametrize("fp", [pytest.param(v, id=k) for k, v in SAMPLES.items()])
def test_interp_of_samples_that_are_not_finite(fp):
    x = np.array([-1.0, 0.0, 0.25, 1.0, 1.5, 2.0, 3.0, np.nan])
    y = np.interp(xg.asarray(x), [0.0, 1.0, 2.0], fp)
    np.testing.assert_array_equal(y.numpy(), np.interp(x, [0.0, 1.0, 2.0], fp))


@pytest.mark.parametrize(
    "places", [[-np.inf, 1.0, 2.0], [0.0, 1.0, np.inf], [-np.inf, 1.0, np.inf]]
)
def test_interp_between_places_that_are_not_finite(places):
    x = np.array([-5.0, 0.5, 1.0, 1.5, 5.0, np.inf, -np.inf])
    y = np.interp(x, xg.asarray(places), [1.0, 2.0, 4.0])
    np.testing.assert_array_equal(y.numpy(), np.interp(x, places, [1.0, 2.0, 4.0]))


def test_interp_keeps_what_is_not_finite_out_of_other_gradients():
    x, fp = xg.asarray([-np.inf, 0.25, 1.5]), xg.asarray([1.0, 3.0, np.inf])
    with xg.GradientTape() as tape:
        tape.watch((x, fp))
        y = xg.sum(np.interp(x, [0.0, 1.0, 2.0], fp))
    by_x, by_fp = tape.gradient(y, (x, fp))
    assert (by_x.tolist(), by_fp.tolist()) == ([0.0, 2.0, 0.0], [1.75, 0.25, 0.0])


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_powers_of_whole_matrices_are_whole(n, dtype):
    x = np.array([[[1, 1], [2, 0]], [[0, 1], [1, 3]]]).astype(dtype)
    y = np.linalg.matrix_power(xg.asarray(x), n)
    expected = np.linalg.matrix_power(x, n)
    assert y.numpy().dtype == expected.dtype
    np.testing.assert_array_equal(y.numpy(), expected)


@pytest.mark.parametrize("part", [1.0, 1j], ids=["real", "complex"])
@pytest.mark.parametrize("which", ["L", "U", "u"])
def test_eigh_reads_the_triangle_that_is_named(which, part):
    x = SQUARE * part + np.diag([1.0, 2.0])
    w, v = np.linalg.eigh(xg.asarray(x), which)
    expected_w, expected_v = np.linalg.eigh(x, which)
    np.testing.assert_allclose(w.numpy(), expected_w)
    phases = np.sum(np.conj(expected_v) * v.numpy(), axis=0)  # or signs
    np.testing.assert_allclose(v.numpy(), expected_v * phases, atol=1e-12)
    np.testing.assert_allclose(np.abs(phases), 1.0)


HERMITIAN = {
    "pinv": lambda x: np.linalg.pinv(x, hermitian=True),
    "svdvals": lambda x: np.linalg.svd(x, compute_uv=False, hermitian=True),
    "svd": lambda x: np.abs(np.linalg.svd(x, hermitian=True).U),
    "matrix_rank": lambda x: np.linalg.matrix_rank(x, hermitian=True),
}


@pytest.mark.parametrize("part", [1.0, 1j], ids=["real", "complex"])
@pytest.mark.parametrize("f", [pytest.param(v, id=k) for k, v in HERMITIAN.items()])
def test_hermitian_matrices_are_their_lower_triangles(f, part):
    x = np.stack([np.diag([1.0, -2.0]) + SQUARE * part, np.array([[0.0, 7.0], [0.0, 0.0]])])
    np.testing.assert_allclose(f(xg.asarray(x)).numpy(), f(x), atol=1e-14)


@pytest.mark.parametrize("part", [0.0, 1j], ids=["real", "complex"])
@pytest.mark.parametrize("name", ["pinv", "svdvals", "svd"])
def test_derivatives_of_hermitian_matrices(name, part):
    shift = np.array([[-4.0, part], [np.conj(part), 1.0]])
    f = lambda x: HERMITIAN[name](x + np.swapaxes(x, 0, 1) + shift)
    xg.testing.check_gradients(f, [SQUARE], order=2)


def test_default_tolerance_of_pinv_is_that_of_numpy():
    x = np.diag([1.0, 3e-16])
    for options in ({}, {"rtol": None}, {"rcond": 1e-17}):
        found = np.linalg.pinv(xg.asarray(x), **options)
        np.testing.assert_allclose(found.numpy(), np.linalg.pinv(x, **options))


def test_unravel_index_can_be_recorded():
    f = xg.function(lambda x: np.unravel_index(xg.argmax(x), (3, 4)))
    for sign in (1.0, -1.0, 1.0):
        row, column = f(xg.asarray(sign * X))
        assert (int(row), int(column)) == ((2, 3) if sign > 0 else (0, 0))


@pytest.mark.parametrize("f", [np.median, np.nanmedian], ids=["median", "nanmedian"])
@pytest.mark.parametrize(
    "x",
    [
        [np.inf, 3.0],
        [np.inf, np.inf],
        [-np.inf, 3.0],
        [1.0, 2.0, np.inf],
        [np.inf, 1.0, np.inf, 2.0],
    ],
    ids=str,
)
def test_median_of_infinite_elements(f, x):
    assert f(xg.asarray(x)).item() == f(np.array(x))


def test_median_of_two_elements_that_are_far_apart():
    x = xg.asarray(np.array([-3e38, 3.2e38], "float32"))
    y, g = xg.value_and_grad(np.median)(x)
    np.testing.assert_allclose(y.numpy(), 1e37, rtol=1e-6)
    assert g.tolist() == [0.5, 0.5]


def test_polyval_with_an_infinite_coefficient():
    p = np.array([[np.inf, 1.0], [2.0, -np.inf]])
    np.testing.assert_array_equal(np.polyval(xg.asarray(p), 2.0).numpy(), np.polyval(p, 2.0))
