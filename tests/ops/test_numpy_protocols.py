"""NumPy code as it stands: what np.<name> gives for Tensors, with its gradient."""

import numerical
import numpy as np
import pytest

import xgrad as xg

X = np.array([[0.3, -1.2, 2.1], [1.7, 0.6, -0.4]])
POSITIVE = np.abs(X) + 0.2
SMALL = X / 4
OTHER = np.array([[1.1, 0.7, -0.9], [0.2, -1.4, 0.8]])
SQUARE = np.array([[1.0, 0.4, -0.2], [0.3, 2.0, 0.5], [-0.6, 0.1, 1.5]])
VECTOR = np.array([0.5, -1.5, 2.5, 0.25])
HOLES = np.array([[0.3, np.nan, 2.1], [1.7, 0.6, np.nan]])

# Functions of one array: name, where to take them, and how they are called.
FUNCTIONS = {
    # ufuncs
    "absolute": (X, np.absolute),
    "fabs": (X, np.fabs),
    "negative": (X, np.negative),
    "positive": (X, np.positive),
    "square": (X, np.square),
    "sqrt": (POSITIVE, np.sqrt),
    "cbrt": (X, np.cbrt),
    "reciprocal": (X, np.reciprocal),
    "exp": (X, np.exp),
    "exp2": (X, np.exp2),
    "expm1": (X, np.expm1),
    "log": (POSITIVE, np.log),
    "log2": (POSITIVE, np.log2),
    "log10": (POSITIVE, np.log10),
    "log1p": (POSITIVE, np.log1p),
    "sin": (X, np.sin),
    "cos": (X, np.cos),
    "tan": (X, np.tan),
    "arcsin": (SMALL, np.arcsin),
    "arccos": (SMALL, np.arccos),
    "arctan": (X, np.arctan),
    "sinh": (X, np.sinh),
    "cosh": (X, np.cosh),
    "tanh": (X, np.tanh),
    "arcsinh": (X, np.arcsinh),
    "arccosh": (POSITIVE + 1, np.arccosh),
    "arctanh": (SMALL, np.arctanh),
    "degrees": (X, np.degrees),
    "radians": (X, np.radians),
    "deg2rad": (X, np.deg2rad),
    "rad2deg": (X, np.rad2deg),
    "conjugate": (X, np.conjugate),
    "add": (X, lambda x: np.add(x, OTHER)),
    "add_from_the_left": (X, lambda x: np.add(OTHER, x)),
    "add_of_a_list": (X, lambda x: np.add(x, [1.0, 2.0, 3.0])),
    "subtract": (X, lambda x: np.subtract(OTHER, x)),
    "multiply": (X, lambda x: np.multiply(x, OTHER[0])),
    "divide": (X, lambda x: np.divide(OTHER, x)),
    "true_divide": (X, lambda x: np.true_divide(x, OTHER)),
    "power": (POSITIVE, lambda x: np.power(x, OTHER)),
    "power_of_a_number": (X, lambda x: np.power(2.0, x)),
    "remainder": (X, lambda x: np.remainder(x, 0.77)),
    "mod": (X, lambda x: np.mod(2.05, x)),
    "fmod": (X, lambda x: np.fmod(x, 0.77)),
    "divmod": (X, lambda x: np.divmod(x, 0.77)[1]),
    "hypot": (X, lambda x: np.hypot(x, OTHER)),
    "arctan2": (X, lambda x: np.arctan2(OTHER, x)),
    "logaddexp": (X, lambda x: np.logaddexp(x, OTHER)),
    "logaddexp2": (X, lambda x: np.logaddexp2(x, OTHER)),
    "maximum": (X, lambda x: np.maximum(x, OTHER)),
    "minimum": (X, lambda x: np.minimum(0.5, x)),
    "fmax": (X, lambda x: np.fmax(x, OTHER)),
    "fmin": (X, lambda x: np.fmin(x, HOLES)),
    "copysign": (X, lambda x: np.copysign(x, OTHER)),
    "matmul": (X, lambda x: np.matmul(x, SQUARE)),
    "matmul_from_the_left": (X, lambda x: np.matmul(OTHER.T, x)),
    "vecdot": (X, lambda x: np.vecdot(x, OTHER)),
    "vecdot_with_axis": (X, lambda x: np.vecdot(x, OTHER, axis=0)),
    "ufunc_with_dtype": (X, lambda x: np.add(x, OTHER, dtype=np.float64)),
    # methods of ufuncs
    "add.reduce": (X, np.add.reduce),
    "add.reduce_all": (X, lambda x: np.add.reduce(x, axis=None)),
    "add.reduce_keepdims": (X, lambda x: np.add.reduce(x, axis=1, keepdims=True)),
    "multiply.reduce": (X, lambda x: np.multiply.reduce(x, axis=1)),
    "maximum.reduce": (X, np.maximum.reduce),
    "minimum.reduce": (X, lambda x: np.minimum.reduce(x, axis=(0, 1))),
    "add.accumulate": (X, np.add.accumulate),
    "multiply.accumulate": (X, lambda x: np.multiply.accumulate(x, axis=1)),
    "multiply.outer": (X, lambda x: np.multiply.outer(x, VECTOR)),
    "subtract.outer": (X, lambda x: np.subtract.outer(VECTOR, x)),
    # reductions
    "sum": (X, np.sum),
    "sum_axis": (X, lambda x: np.sum(x, axis=0)),
    "sum_all_by_position": (X, lambda x: np.sum(x, 1, None, None, True)),
    "sum_dtype": (X, lambda x: np.sum(x, axis=0, dtype=np.float64)),
    "prod": (X, lambda x: np.prod(x, axis=1)),
    "mean": (X, lambda x: np.mean(x, axis=1, keepdims=True)),
    "std": (X, lambda x: np.std(x, ddof=1)),
    "std_correction": (X, lambda x: np.std(x, axis=1, correction=1)),
    "var": (X, lambda x: np.var(x, axis=0, ddof=1)),
    "max": (X, lambda x: np.max(x, axis=0)),
    "min": (X, lambda x: np.min(x, axis=(0, 1))),
    "amax": (X, np.amax),
    "amin": (X, lambda x: np.amin(x, 1)),
    "ptp": (X, lambda x: np.ptp(x, axis=1)),
    "average": (X, np.average),
    "average_weights": (X, lambda x: np.average(x, axis=1, weights=[1.0, 2.0, 3.0])),
    "average_full_weights": (X, lambda x: np.average(x, axis=0, weights=POSITIVE)),
    "median": (X, np.median),
    "median_axis": (X, lambda x: np.median(x, axis=1, keepdims=True)),
    "nansum": (X, lambda x: np.nansum(x + 0 * HOLES, axis=1)),
    "nanmean": (X, lambda x: np.nanmean(x + 0 * HOLES, axis=1)),
    "nanmax": (X, lambda x: np.nanmax(x + 0 * HOLES, axis=1)),
    "nanmin": (X, lambda x: np.nanmin(x + 0 * HOLES)),
    "cumsum": (X, np.cumsum),
    "cumsum_axis": (X, lambda x: np.cumsum(x, axis=1)),
    "cumprod": (X, lambda x: np.cumprod(x, 0)),
    "cumulative_sum": (VECTOR, lambda x: np.cumulative_sum(x, include_initial=True)),
    "trapezoid": (X, lambda x: np.trapezoid(x, dx=0.5)),
    "trapezoid_x": (X, lambda x: np.trapezoid(x, x=[0.0, 1.0, 3.0])),
    # products
    "dot": (X, lambda x: np.dot(x, SQUARE)),
    "dot_vectors": (VECTOR, lambda x: np.dot(x, VECTOR)),
    "dot_scalar": (X, lambda x: np.dot(x, 2.0)),
    "inner": (X, lambda x: np.inner(x, OTHER)),
    "outer": (VECTOR, lambda x: np.outer(x, X)),
    "vdot": (X, lambda x: np.vdot(OTHER, x)),
    "tensordot": (X, lambda x: np.tensordot(x, OTHER, axes=([1], [1]))),
    "tensordot_number": (X, lambda x: np.tensordot(SQUARE, x.T, 1)),
    "kron": (X, lambda x: np.kron(x, OTHER[:, :2])),
    "trace": (SQUARE, lambda x: np.trace(x, offset=1)),
    "diagonal": (SQUARE, lambda x: np.diagonal(x, -1)),
    "diag": (SQUARE, np.diag),
    "diag_of_a_vector": (VECTOR, lambda x: np.diag(x, -1)),
    # shapes
    "reshape": (X, lambda x: np.reshape(x, (3, -1))),
    "ravel": (X, np.ravel),
    "transpose": (X, np.transpose),
    "transpose_axes": (X, lambda x: np.transpose(x, (1, 0))),
    "permute_dims": (X, lambda x: np.permute_dims(x, (1, 0))),
    "matrix_transpose": (X, np.matrix_transpose),
    "swapaxes": (X, lambda x: np.swapaxes(x, 0, 1)),
    "moveaxis": (X, lambda x: np.moveaxis(x, 0, -1)),
    "expand_dims": (X, lambda x: np.expand_dims(x, (0, 2))),
    "squeeze": (X, lambda x: np.squeeze(x[:, None], axis=1)),
    "broadcast_to": (X, lambda x: np.broadcast_to(x, (4, 2, 3))),
    "broadcast_arrays": (X, lambda x: np.broadcast_arrays(x, OTHER[:1])[0]),
    "atleast_1d": (VECTOR, lambda x: np.atleast_1d(x[0])),
    "atleast_2d": (VECTOR, np.atleast_2d),
    "atleast_3d": (X, np.atleast_3d),
    "flip": (X, np.flip),
    "fliplr": (X, np.fliplr),
    "flipud": (X, np.flipud),
    "rot90": (X, lambda x: np.rot90(x, 3)),
    "roll": (X, lambda x: np.roll(x, 1, axis=1)),
    "tile": (X, lambda x: np.tile(x, (2, 1))),
    "tile_number": (X, lambda x: np.tile(x, 2)),
    "repeat": (X, lambda x: np.repeat(x, 2, axis=0)),
    "repeat_counts": (X, lambda x: np.repeat(x, [1, 3], axis=0)),
    "tril": (SQUARE, lambda x: np.tril(x, -1)),
    "triu": (SQUARE, lambda x: np.triu(x, k=1)),
    "diff": (X, lambda x: np.diff(x, 2)),
    "diff_axis": (X, lambda x: np.diff(x, axis=0)),
    "concatenate": (X, lambda x: np.concatenate([x, x * 2.0], axis=1)),
    "concatenate_flat": (X, lambda x: np.concatenate([x, OTHER], axis=None)),
    "concat": (X, lambda x: np.concat((OTHER, x), 1)),
    "stack": (X, lambda x: np.stack([x, OTHER], axis=-1)),
    "hstack": (VECTOR, lambda x: np.hstack([x, VECTOR])),
    "vstack": (VECTOR, lambda x: np.vstack([x, VECTOR])),
    "dstack": (X, lambda x: np.dstack([x, OTHER])),
    "column_stack": (VECTOR, lambda x: np.column_stack([x, VECTOR])),
    "append": (X, lambda x: np.append(x, VECTOR)),
    "split": (X, lambda x: np.split(x, 3, axis=1)[1]),
    "array_split": (VECTOR, lambda x: np.array_split(x, 3)[0]),
    "split_at": (VECTOR, lambda x: np.split(x, [1, 3])[1]),
    "hsplit": (X, lambda x: np.hsplit(x, 3)[2]),
    "vsplit": (X, lambda x: np.vsplit(x, 2)[1]),
    "unstack": (X, lambda x: np.unstack(x, axis=1)[0]),
    "meshgrid": (VECTOR, lambda x: np.meshgrid(x, OTHER[0])[0]),
    "meshgrid_ij": (VECTOR, lambda x: np.meshgrid(x, OTHER[0], indexing="ij")[0]),
    # choices
    "where": (X, lambda x: np.where(x > 0, x, 0)),
    "where_list": (X, lambda x: np.where(x > 0, x * x, [1.0, 2.0, 3.0])),
    "clip": (X, lambda x: np.clip(x, -0.5, 0.5)),
    "clip_names": (X, lambda x: np.clip(x, a_min=None, a_max=0.5)),
    "clip_min": (X, lambda x: np.clip(x, min=0.1)),
    "take": (X, lambda x: np.take(x, [4, 0, 4])),
    "take_axis": (X, lambda x: np.take(x, np.array([0, 0]), axis=0)),
    "take_along_axis": (X, lambda x: np.take_along_axis(x, np.argsort(X, axis=1), axis=1)),
    "sort": (X, np.sort),
    "sort_flat": (X, lambda x: np.sort(x, axis=None)),
    "nan_to_num": (X, lambda x: np.nan_to_num(x + 0 * HOLES, nan=1.5)),
    "real": (X, np.real),
    "copy": (X, np.copy),
    "full_like": (VECTOR, lambda x: np.full_like(OTHER, 1.0) * x[0]),
}

# Functions whose result no gradient passes through.
CONSTANTS = {
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "fix": np.fix,
    "rint": np.rint,
    "round": lambda x: np.round(x, 1),
    "around": np.around,
    "sign": np.sign,
    "signbit": np.signbit,
    "heaviside": lambda x: np.heaviside(x, 0.5),
    "floor_divide": lambda x: np.floor_divide(x, 0.7),
    "nextafter": lambda x: np.nextafter(x, 2.0),
    "equal": lambda x: np.equal(x, X),
    "not_equal": lambda x: np.not_equal(x, 0.3),
    "less": lambda x: np.less(x, 0.3),
    "less_equal": lambda x: np.less_equal(x, 0.3),
    "greater": lambda x: np.greater(0.3, x),
    "greater_equal": lambda x: np.greater_equal(x, 0.3),
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
    "logical_and": lambda x: np.logical_and(x > 0, x < 1),
    "logical_or": lambda x: np.logical_or(x > 0, x < 1),
    "logical_not": lambda x: np.logical_not(x > 0),
    "logical_xor": lambda x: np.logical_xor(x > 0, x < 1),
    "logical_and.reduce": lambda x: np.logical_and.reduce(x > 0),
    "logical_or.reduce": lambda x: np.logical_or.reduce(x > 0, axis=1),
    "bitwise_and": lambda x: np.bitwise_and(x > 0, x < 1),
    "invert": lambda x: np.invert(x > 0),
    "left_shift": lambda x: np.left_shift(np.argsort(x), 2),
    "all": lambda x: np.all(x > 0, axis=0),
    "any": lambda x: np.any(x > 0, axis=0, keepdims=True),
    "argmax": lambda x: np.argmax(x, axis=1),
    "argmin": np.argmin,
    "argsort": np.argsort,
    "argwhere": lambda x: np.argwhere(x > 0),
    "nonzero": lambda x: np.nonzero(x > 0)[1],
    "flatnonzero": lambda x: np.flatnonzero(x > 0),
    "where": lambda x: np.where(x > 0)[0],
    "count_nonzero": lambda x: np.count_nonzero(x > 0, axis=1),
    "searchsorted": lambda x: np.searchsorted(np.sort(x[0]), x[1], side="right"),
    "isin": lambda x: np.isin(x, [0.3, 2.1]),
    "unique": np.unique,
    "unique_counts": lambda x: np.unique(x > 0, return_counts=True)[1],
    "isclose": lambda x: np.isclose(x, X + 1e-9),
    "zeros_like": np.zeros_like,
    "ones_like": lambda x: np.ones_like(x, dtype=np.float64),
    "angle": np.angle,
    "imag": np.imag,
}

# Functions that answer with something else than an array.
ANSWERS = {
    "shape": np.shape,
    "ndim": np.ndim,
    "size": np.size,
    "size_axis": lambda x: np.size(x, 1),
    "allclose": lambda x: np.allclose(x, X),
    "array_equal": lambda x: np.array_equal(x, X),
    "array_equal_other": lambda x: np.array_equal(x, VECTOR),
    "iscomplexobj": np.iscomplexobj,
    "isrealobj": np.isrealobj,
    "result_type": lambda x: np.result_type(x, np.float32),
    "can_cast": lambda x: np.can_cast(x.dtype, np.float32),
}

NO_COUNTERPART = {
    "numpy.linalg.norm": np.linalg.norm,
    "numpy.linalg.inv": lambda x: np.linalg.inv(x[:, :2]),
    "numpy.linalg.matmul": lambda x: np.linalg.matmul(x, x.T),
    "numpy.linalg.outer": lambda x: np.linalg.outer(x[0], x[0]),
    "numpy.fft.fft": np.fft.fft,
    "numpy.fft.ifft2": np.fft.ifft2,
    "numpy.percentile": lambda x: np.percentile(x, 10),
    "numpy.histogram": np.histogram,
    "numpy.interp": lambda x: np.interp(0.5, x[0], x[1]),
    "numpy.save": lambda x: np.save("nowhere", x),
    "numpy.spacing": np.spacing,
    "numpy.frexp": np.frexp,
    "numpy.subtract.reduce": np.subtract.reduce,
    "numpy.maximum.accumulate": np.maximum.accumulate,
    "numpy.add.reduceat": lambda x: np.add.reduceat(x, [0, 1]),
    "numpy.multiply.at": lambda x: np.multiply.at(x, [0], 2.0),
    "numpy.sum with initial=": lambda x: np.sum(x, initial=3.0),
    "numpy.sum with where=": lambda x: np.sum(x, where=X > 0),
    "numpy.mean with dtype=": lambda x: np.mean(x, dtype=np.float32),
    "numpy.add with where=": lambda x: np.add(x, 1, where=X > 0),
    "numpy.add.reduce with initial=": lambda x: np.add.reduce(x, initial=3.0),
    "numpy.ravel with order=": lambda x: np.ravel(x, order="F"),
    "numpy.reshape with order=": lambda x: np.reshape(x, (6,), order="F"),
    "numpy.take with mode=": lambda x: np.take(x, [7], mode="wrap"),
    "numpy.zeros_like with shape=": lambda x: np.zeros_like(x, shape=(2,)),
}


def cases(table):
    return [pytest.param(*value, id=name) for name, value in table.items()]


def named(table):
    return [pytest.param(name, value, id=name) for name, value in table.items()]


def test_enough_of_numpy_is_covered():
    assert len({name.split("_")[0] for name in (*FUNCTIONS, *CONSTANTS)}) > 100


@pytest.mark.parametrize(("x", "f"), cases(FUNCTIONS))
def test_function_gives_a_tensor_with_numpys_value(x, f):
    result = f(xg.asarray(x))
    assert isinstance(result, xg.Tensor)
    expected = f(x)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("x", "f"), cases(FUNCTIONS))
def test_function_is_followed(x, f, rng):
    weights = rng.normal(size=f(x).shape)
    variable = xg.Variable(x)
    with xg.GradientTape() as tape:
        y = xg.sum(f(variable) * weights)
    found = tape.gradient(y, variable, unconnected_gradients="raise")
    (expected,) = numerical.difference_gradients(lambda x: np.sum(f(x) * weights), [x])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-7, atol=1e-8)


# Where NumPy makes a float64 array of a Python scalar, which never changes a dtype here.
KEPT = {name: case for name, case in FUNCTIONS.items() if name != "dot_scalar"}


@pytest.mark.parametrize(("x", "f"), cases(KEPT))
def test_function_has_numpys_dtype_for_float32(x, f):
    assert f(xg.asarray(x, dtype=xg.float32)).dtype == f(x.astype("float32")).dtype


@pytest.mark.parametrize("f", [pytest.param(f, id=name) for name, f in CONSTANTS.items()])
def test_constant_has_numpys_value_and_no_gradient(f):
    x = xg.Variable(X)
    with xg.GradientTape() as tape:
        result = f(x)
    assert isinstance(result, xg.Tensor)
    np.testing.assert_array_equal(result.numpy(), f(X))
    assert tape.gradient(result, x) is None


@pytest.mark.parametrize("f", [pytest.param(f, id=name) for name, f in ANSWERS.items()])
def test_answer_is_numpys(f):
    assert f(xg.asarray(X)) == f(X)
    assert not isinstance(f(xg.asarray(X)), xg.Tensor)


@pytest.mark.parametrize(("name", "f"), named(NO_COUNTERPART))
def test_function_without_counterpart_raises_type_error_naming_it(name, f):
    with pytest.raises(TypeError, match=f"^{name}.*no counterpart"):
        f(xg.asarray(X))


def test_functions_work_on_the_other_libraries_arrays(device):
    x = xg.asarray(X, dtype=xg.float64, device=device)
    for f in (np.sin, np.sum, np.transpose, lambda x: np.concatenate([x, x]), np.diag, np.median):
        result = f(x)
        assert result.device == device
        np.testing.assert_allclose(result.numpy(), f(X), rtol=1e-13)


def test_variable_in_a_list_is_followed():
    v = xg.Variable(VECTOR)
    with xg.GradientTape() as tape:
        y = np.sum(np.stack([v, VECTOR]) ** 2)
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), 2 * VECTOR)


def test_out_rebinds_a_tensor():
    x = xg.asarray(VECTOR)
    target = xg.zeros(4)
    with xg.GradientTape() as tape:
        tape.watch(x)
        result = np.sin(x, out=target)
        y = np.sum(target)
    assert result is target
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), np.cos(VECTOR))


def test_out_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"out has shape \(3,\)"):
        np.sin(xg.asarray(VECTOR), out=xg.zeros(3))


def test_array_as_out_takes_a_value_that_no_tape_follows():
    total = np.zeros(4)
    total += xg.asarray(VECTOR)
    np.testing.assert_array_equal(total, VECTOR)
    assert np.sum(xg.asarray(X), axis=0, out=total[:3]) is not None
    np.testing.assert_array_equal(total[:3], X.sum(axis=0))


def test_array_as_out_is_refused_while_followed():
    v = xg.Variable(VECTOR)
    total = np.zeros(4)
    with xg.GradientTape(), pytest.raises(TypeError, match="gradient would be lost"):
        total += v
    np.testing.assert_array_equal(total, 0)


def test_array_as_out_is_cast_within_its_kind():
    with pytest.raises(TypeError, match="cannot become int64"):
        np.add(xg.asarray(VECTOR), 1.0, out=np.zeros(4, dtype=int))


def test_add_at_adds_up_at_repeated_indices():
    x, v = xg.asarray(VECTOR), xg.Variable([1.0, 2.0, 3.0])
    before = x.array
    with xg.GradientTape() as tape:
        np.add.at(x, [0, 0, 2], v)
        y = np.sum(x * x)
    expected = VECTOR.copy()
    np.add.at(expected, [0, 0, 2], [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(x.numpy(), expected)
    np.testing.assert_array_equal(before, VECTOR)
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), 2 * expected[[0, 0, 2]])


def test_subtract_at_subtracts():
    x = xg.asarray(VECTOR)
    np.subtract.at(x, [1, 1], 0.5)
    np.testing.assert_array_equal(x.numpy(), VECTOR - [0, 1, 0, 0])


def test_copyto_rebinds_a_tensor():
    x = xg.zeros(4)
    v = xg.Variable(VECTOR)
    with xg.GradientTape() as tape:
        np.copyto(x, v, where=VECTOR > 0)
        y = np.sum(x * x)
    np.testing.assert_array_equal(x.numpy(), np.where(VECTOR > 0, VECTOR, 0))
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), np.where(VECTOR > 0, 2 * VECTOR, 0))


def test_copyto_an_array_is_refused_while_followed():
    v = xg.Variable(VECTOR)
    target = np.zeros(4)
    with xg.GradientTape(), pytest.raises(TypeError, match="gradient would be lost"):
        np.copyto(target, v)
    np.copyto(target, v)
    np.testing.assert_array_equal(target, VECTOR)


def test_bad_arguments_raise_type_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'axes'"):
        np.sum(xg.asarray(X), axes=0)


def test_complex_parts_are_numpys():
    z = np.array([1 + 2j, -3j])
    t = xg.asarray(z)
    for f in (np.real, np.imag, np.angle, np.conjugate, np.abs):
        np.testing.assert_allclose(f(t).numpy(), f(z), rtol=1e-15)
    assert np.iscomplexobj(t)


def test_fmax_leaves_nan_out():
    a = np.array([np.nan, 1.0, np.nan])
    b = np.array([2.0, np.nan, np.nan])
    np.testing.assert_array_equal(np.fmax(xg.asarray(a), b).numpy(), np.fmax(a, b))
    np.testing.assert_array_equal(np.fmin(a, xg.asarray(b)).numpy(), np.fmin(a, b))


def test_nan_to_num_replaces_infinities_by_limits():
    x = np.array([np.nan, np.inf, -np.inf, 1.0])
    np.testing.assert_array_equal(np.nan_to_num(xg.asarray(x)).numpy(), np.nan_to_num(x))
    replaced = np.nan_to_num(xg.asarray(x), posinf=5.0, neginf=-5.0)
    np.testing.assert_array_equal(replaced.numpy(), [0.0, 5.0, -5.0, 1.0])


def test_allclose_treats_infinities_and_nan_as_numpy_does():
    a = np.array([np.inf, np.nan, 1.0])
    assert np.isclose(xg.asarray(a), a).tolist() == np.isclose(a, a).tolist()
    assert np.allclose(xg.asarray(a), a, equal_nan=True)
    assert np.array_equal(xg.asarray(a), a, equal_nan=True)


def test_results_are_arrays_and_never_numpy_scalars():
    x = xg.asarray(X)
    for f in (np.sum, np.max, np.mean, np.median, np.trace, np.ptp, np.argmax, np.count_nonzero):
        assert type(f(x).array) is np.ndarray


def test_text_and_questions_of_memory_are_numpys():
    a = np.ones(2)
    x = xg.asarray(a)
    for f in (np.array2string, np.array_repr, np.array_str):
        assert f(x) == f(a)
    assert np.shares_memory(x, a)
    assert not np.may_share_memory(x, xg.ones(2))


def test_linspace_between_tensors_is_followed():
    v = xg.Variable(2.0)
    with xg.GradientTape() as tape:
        y = np.linspace(v, 5.0, 4)
        z = np.sum(y * y)
    np.testing.assert_allclose(y.numpy(), [2.0, 3.0, 4.0, 5.0])
    np.testing.assert_allclose(tape.gradient(z, v).numpy(), 2 * (2 + 3 * 2 / 3 + 4 / 3))
