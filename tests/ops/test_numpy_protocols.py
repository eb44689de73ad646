"""NumPy's two protocols: out=, lists, devices, what is refused and how it says so."""

import numpy as np
import pytest
from numpy_cases import OTHER, VECTOR, X

import xgrad as xg

NO_COUNTERPART = {
    "numpy.packbits": lambda x: np.packbits(x > 0),
    "numpy.busday_count": lambda x: np.busday_count(x, x),
    f"{np.emath.sqrt.__module__}.sqrt": np.emath.sqrt,
    "numpy.isnat": np.isnat,
    "numpy.negative.at": lambda x: np.negative.at(x, [0]),
    "numpy.logaddexp.at": lambda x: np.logaddexp.at(x, [0], 1.0),
    "numpy.arctan2.reduce with where=": lambda x: np.arctan2.reduce(x, where=X > 0),
    "numpy.add with signature=": lambda x: np.add(x, 1.0, signature="dd->d"),
    "numpy.matmul with axes=": lambda x: np.matmul(x, x, axes=[(0, 1), (1, 0), (0, 1)]),
    "numpy.unique with axis=": lambda x: np.unique(x, axis=0),
    "numpy.quantile with weights=": lambda x: np.quantile(x, 0.5, weights=X, method="inverted_cdf"),
    "numpy.pad with reflect_type='odd'": lambda x: np.pad(x, 1, "reflect", reflect_type="odd"),
    "numpy.pad with a function as mode": lambda x: np.pad(x, 1, lambda *a: None),
    "numpy.pad with stat_length=": lambda x: np.pad(x, 1, "edge", stat_length=1),
    "numpy.histogram with bins='auto'": lambda x: np.histogram(x, bins="auto"),
}


@pytest.mark.parametrize(("name", "f"), list(NO_COUNTERPART.items()))
def test_function_without_counterpart_raises_type_error_naming_it(name, f):
    with pytest.raises(TypeError) as error:
        f(xg.asarray(X))
    assert str(error.value).startswith(name)
    assert "no counterpart" in str(error.value)
    assert ". Use " in str(error.value)


def test_ufuncs_that_are_not_numpys_are_refused_whatever_they_are_called():
    sine = np.frompyfunc(lambda x: -1.0, 1, 1)
    with pytest.raises(TypeError, match=r"the ufunc .* has no counterpart"):
        sine(xg.asarray(X))


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


def test_bad_arguments_raise_type_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'axes'"):
        np.sum(xg.asarray(X), axes=0)


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


def test_copyto_an_array_takes_what_no_tape_follows():
    target = np.zeros(4)
    np.copyto(target, xg.asarray(VECTOR), where=xg.asarray(VECTOR) > 0)
    np.testing.assert_array_equal(target, np.where(VECTOR > 0, VECTOR, 0))
    np.add.at(target, [0, 0], xg.asarray(VECTOR)[:2])
    np.testing.assert_array_equal(target, [0.5 + 0.5 - 1.5, 0, 2.5, 0.25])


def test_where_without_out_gives_zeros_elsewhere():
    result = np.sqrt(xg.asarray(VECTOR), where=VECTOR > 0)
    np.testing.assert_array_equal(result.numpy(), np.where(VECTOR > 0, np.abs(VECTOR) ** 0.5, 0))


def test_where_hides_what_is_not_finite_from_the_gradient():
    v = xg.Variable([0.0, 4.0])
    with xg.GradientTape() as tape:
        y = np.sum(np.divide(1.0, v, where=np.array([False, True]), out=xg.zeros(2)))
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), [0.0, -1 / 16])


def test_dtype_is_what_a_ufunc_computes_in():
    small = xg.asarray([1, 2], dtype=xg.int8)
    result = np.multiply(small, 100, dtype=np.float64)
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result.numpy(), [100.0, 200.0])
    assert np.equal(xg.asarray(X), X, dtype=bool).dtype == np.bool


def test_several_outputs_go_into_several_outs():
    whole, rest = xg.zeros((2, 3)), xg.zeros((2, 3))
    found = np.divmod(xg.asarray(X), 0.7, out=(whole, rest))
    assert found[0] is whole
    assert found[1] is rest
    for one, other in zip(found, np.divmod(X, 0.7), strict=True):
        np.testing.assert_array_equal(one.numpy(), other)


def test_out_by_position():
    target = xg.zeros(3)
    assert np.sum(xg.asarray(X), 0, None, target) is target
    np.testing.assert_array_equal(target.numpy(), X.sum(axis=0))


def test_out_that_is_nothing_to_write_into_is_refused():
    with pytest.raises(TypeError, match="out must be a Tensor or an array, but is a list"):
        np.sum(xg.asarray(X), out=[0.0])


def test_lists_go_where_the_tensor_is(other_device):
    x = xg.asarray(VECTOR, device=other_device)
    for y in (
        np.add(x, [1.0, 2.0, 3.0, 4.0]),
        np.concatenate([x, [1.0]]),
        np.where(x > 0, x, [9.0] * 4),
    ):
        assert y.device == other_device
    assert np.average(x, weights=[1.0, 2.0, 3.0, 4.0]).device == other_device
    assert np.interp(x, [-2.0, 3.0], [0.0, 1.0]).device == other_device


def test_numbers_go_where_the_tensor_is(other_device):
    x = xg.asarray(VECTOR, device=other_device)
    for y, expected in (
        (np.append(x, 1.0), np.append(VECTOR, 1.0)),
        (np.hstack([2.0, x]), np.hstack([2.0, VECTOR])),
        (np.block([x, 1.0]), np.block([VECTOR, 1.0])),
        (np.insert(x, 1, 2.0), np.insert(VECTOR, 1, 2.0)),
    ):
        assert y.device == other_device
        np.testing.assert_array_equal(y.numpy(), expected)


def test_array_of_numpy_next_to_a_tensor_elsewhere_is_refused(other_device):
    with pytest.raises(xg.errors.DeviceMismatchError):
        np.add(xg.asarray(VECTOR, device=other_device), VECTOR)


def test_array_that_meets_a_followed_tensor_gives_a_tensor():
    v = xg.Variable(X)
    with xg.GradientTape() as tape:
        y = OTHER * v + np.float64(2.0) * v - OTHER / v + OTHER @ v[0] @ OTHER[:, 0]
        y = np.sum(y)
    assert isinstance(y, xg.Tensor)
    assert tape.gradient(y, v).shape == (2, 3)


@pytest.mark.parametrize("op", ["__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__"])
def test_array_changed_in_place_by_a_followed_tensor_is_refused_and_keeps_its_value(op):
    v = xg.Variable(np.abs(VECTOR))
    total = np.ones(4)
    with (
        xg.GradientTape(),
        pytest.raises(TypeError, match=r"Use the result instead \(a = a \+ t\)"),
    ):
        getattr(total, op)(v)
    np.testing.assert_array_equal(total, 1.0)


def test_random_functions_do_not_ask_tensors():
    v = xg.Variable(VECTOR)
    with xg.GradientTape(), pytest.raises(TypeError, match="followed by an active GradientTape"):
        np.random.default_rng(0).normal(v)


def test_files_take_the_values(tmp_path):
    v = xg.Variable(VECTOR)
    with xg.GradientTape():
        np.save(tmp_path / "one.npy", v)
        np.savez(tmp_path / "many.npz", v, w=v * 2.0)
        np.savez_compressed(tmp_path / "small.npz", v=v)
        np.savetxt(tmp_path / "text.txt", v)
    np.testing.assert_array_equal(np.load(tmp_path / "one.npy"), VECTOR)
    with np.load(tmp_path / "many.npz") as found:
        np.testing.assert_array_equal(found["arr_0"], VECTOR)
        np.testing.assert_array_equal(found["w"], 2 * VECTOR)
    with np.load(tmp_path / "small.npz") as found:
        np.testing.assert_array_equal(found["v"], VECTOR)
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "text.txt"), VECTOR)


def test_numpys_polynomials_of_lists_of_coefficients_are_followed():
    v = xg.Variable(VECTOR)
    with xg.GradientTape() as tape:
        y = np.sum(np.polynomial.polynomial.polyval(v, [1.0, -2.0, 3.0]))
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), -2 + 6 * VECTOR)
    with xg.GradientTape(), pytest.raises(TypeError, match="followed"):
        np.polynomial.polynomial.polyval(0.5, v)


BAD_VALUES = {
    "empty": lambda x: np.quantile(x[:0], 0.5),
    "interp": lambda x: np.interp(x, [0.0, 1.0], [1.0]),
    "cross": lambda x: np.cross(x[:, :2], x[:, :2]),
    "convolve": lambda x: np.convolve(x, x),
    "split": lambda x: np.split(x, 2, axis=1),
    "gradient": lambda x: np.gradient(x[:1, :1]),
    "select": lambda x: np.select([], []),
    "choose": lambda x: np.choose(np.array([3]), [x[0]]),
    "max": lambda x: np.max(x, where=X > 0),
    "arctan2.reduce": lambda x: np.arctan2.reduce(x[:0]),
    "trim_zeros": lambda x: np.trim_zeros(x[0], "x"),
    "lib.stride_tricks.sliding_window_view": lambda x: np.lib.stride_tricks.sliding_window_view(
        x, 9, axis=0
    ),
    "diag": lambda x: np.diag(x[None]),
    "fill_diagonal": lambda x: np.fill_diagonal(x[0], 1.0),
}


@pytest.mark.parametrize("f", list(BAD_VALUES.values()), ids=BAD_VALUES)
def test_bad_values_raise_value_errors(f):
    with pytest.raises((ValueError, xg.errors.ShapeError)):
        f(xg.asarray(X))


def test_at_assigns_to_a_variable():
    v = xg.Variable([1.0, 2.0, 3.0])
    np.add.at(v, [0, 0, 2], 1.0)
    assert v.numpy().tolist() == [3.0, 2.0, 4.0]


def test_out_may_be_a_variable_inside_a_tape():
    v, x = xg.Variable([0.0, 0.0]), xg.Variable([1.0, 2.0])
    with xg.GradientTape() as tape:
        assert np.multiply(x, 3.0, out=v) is v
        y = xg.sum(v * x)
    assert v.numpy().tolist() == [3.0, 6.0]
    assert tape.gradient(y, x).tolist() == [3.0, 6.0]  # none through an assignment
