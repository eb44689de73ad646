"""NumPy's methods and attributes on Tensors: as np.ndarray's, and followed."""

import numerical
import numpy as np
import numpy_cases
import pytest

import xgrad as xg
from xgrad.core.array_methods import ArrayMethods

X = np.array([[0.3, -1.2, 2.1, 0.9], [1.7, 0.6, -0.4, -0.8]])
SQUARE = X @ X.T + np.array([[0.0, 0.5], [-0.3, 0.0]])

# By the name of the method.
FOLLOWED = {
    "choose": lambda x: np.array([[0, 1, 1, 0]]) * x[0] + (x.argmax(axis=0)).choose([x[0], x[1]]),
    "clip": lambda x: x.clip(-0.5, 1.0) + x.clip(max=0.7) + x.clip(0.0),
    "compress": lambda x: x.compress([True, False, True], axis=1),
    "conj": lambda x: x.conj() * x.conjugate(),
    "conjugate": lambda x: (x + 1j * x).conjugate().imag,
    "copy": lambda x: x.copy() * x.copy(order="C"),
    "cumprod": lambda x: x.cumprod(axis=1),
    "cumsum": lambda x: x.cumsum() * x.cumsum(0).sum(),
    "diagonal": lambda x: x.diagonal(1),
    "dot": lambda x: x.dot(x.T) + x.T.dot([1.0, 2.0]).sum(),
    "flatten": lambda x: x.flatten() * x.flatten("F"),
    "max": lambda x: x.max() + x.max(axis=1, keepdims=True) + x.max(0, initial=1.0),
    "mean": lambda x: x.mean() * x.mean(1) + x.mean(axis=(0, 1), where=X > 0),
    "min": lambda x: x.min(axis=0),
    "prod": lambda x: x.prod(axis=1, keepdims=True),
    "ravel": lambda x: x.ravel() * 2.0,
    "repeat": lambda x: x.repeat(2, axis=0) + x.repeat([1, 2] * 4).sum(),
    "reshape": lambda x: (
        x.reshape(4, 2) * x.reshape((4, -1)) + x.reshape(-1)[0] + x.reshape(4, 2, order="F")
    ),
    "squeeze": lambda x: x[:, None].squeeze() * x[None].squeeze(axis=0),
    "std": lambda x: x.std() + x.std(axis=1, ddof=1),
    "sum": lambda x: x.sum() * x.sum(0) + x.sum(axis=1).sum(initial=3.0),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "take": lambda x: x.take([3, 0, 3]) + x.take([0, 1, 1], axis=1),
    "trace": lambda x: x.trace() + x.trace(1),
    "transpose": lambda x: (
        x.transpose() + x.transpose(1, 0) + x.transpose((1, 0)) + x.transpose(None)
    ),
    "var": lambda x: x.var(axis=0) + x.var(ddof=1),
    "view": lambda x: x.view(complex).view(float) * x.view() * x.view(float),
    "real": lambda x: x.real + (1j * x).real,
    "imag": lambda x: x.imag + (1j * x).imag,
    "flat": lambda x: x.flat[3] * x.flat[::2] + sum(x.flat) + len(x.flat),
}
CONSTANT = {
    "all": lambda x: (x > 0).all(axis=1),
    "any": lambda x: (x > 2).any(keepdims=True),
    "argmax": lambda x: x.argmax(axis=1),
    "argmin": lambda x: x.argmin(),
    "argpartition": lambda x: x.argpartition(1, axis=0),
    "argsort": lambda x: x.argsort(axis=0),
    "nonzero": lambda x: (x > 0).nonzero()[1],
    "round": lambda x: x.round(1),
    "searchsorted": lambda x: np.sort(x[0]).searchsorted(x[1], side="right"),
}
ANSWERS = {"itemsize": lambda x: x.itemsize, "nbytes": lambda x: x.nbytes}
IN_PLACE = {
    "fill": lambda x: x.fill(2.5),
    "put": lambda x: x.put([1, -1], [5.0, 6.0]),
    "sort": lambda x: x.sort(),
    "sort/axis": lambda x: x.sort(axis=0),
    "partition": lambda x: x.partition(1, axis=0),
    "flat": lambda x: x.flat.__setitem__(slice(None, None, 3), 9.0),
}


def cases(table):
    return [pytest.param(value, id=name) for name, value in table.items()]


def public(kind):
    return {name for name in vars(kind) if not name.startswith("_")}


def test_every_method_is_tried():
    tried = {*FOLLOWED, *CONSTANT, *ANSWERS, *(name.split("/")[0] for name in IN_PLACE)}
    assert tried == public(ArrayMethods)


def test_every_method_is_one_of_numpys():
    assert public(ArrayMethods) <= set(dir(np.ndarray))


@pytest.mark.skipif(not numpy_cases.IS_RECENT, reason="NumPy's arrays had other methods too")
def test_what_numpy_has_more_of_is_about_memory_or_files():
    rest = public(np.ndarray) - set(dir(xg.Tensor))
    assert rest == {
        *("base", "byteswap", "ctypes", "data", "dump", "dumps", "flags", "getfield", "resize"),
        *("setfield", "setflags", "strides", "tobytes", "tofile"),
    }


@pytest.mark.parametrize("f", cases(FOLLOWED))
def test_method_has_numpys_value_and_is_followed(f, rng):
    expected = f(X)
    weights = rng.normal(size=np.shape(expected))
    v = xg.Variable(X)
    with xg.GradientTape() as tape:
        result = f(v)
        y = xg.sum(result * weights)
    assert isinstance(result, xg.Tensor)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-14)
    (slope,) = numerical.difference_gradients(lambda x: np.sum(f(x) * weights), [X])
    found = tape.gradient(y, v, unconnected_gradients="raise").numpy()
    np.testing.assert_allclose(found, slope, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("f", cases(CONSTANT))
def test_method_without_derivative_has_numpys_value(f):
    result = f(xg.asarray(X))
    assert isinstance(result, xg.Tensor)
    assert result.dtype == f(X).dtype
    np.testing.assert_array_equal(result.numpy(), f(X))


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "int64", "float32", "float64", "complex64", "complex128"]
)
def test_bytes_are_numpys(dtype):
    x = xg.asarray(np.ones((2, 3), dtype=dtype))
    assert (x.itemsize, x.nbytes) == (x.array.itemsize, x.array.nbytes)
    assert type(x.nbytes) is int


@pytest.mark.parametrize("f", cases(IN_PLACE))
def test_method_in_place_rebinds_this_handle_only(f):
    x = xg.asarray(X)
    other = xg.asarray(x)
    expected = X.copy()
    assert f(x) is None
    f(expected)
    np.testing.assert_array_equal(np.sort(x.numpy()), np.sort(expected))
    np.testing.assert_array_equal(other.numpy(), X)


def test_sorting_in_place_is_followed():
    v = xg.Variable([3.0, 1.0, 2.0])
    with xg.GradientTape() as tape:
        x = v * 1.0
        x.sort()
        y = (x * xg.asarray([1.0, 10.0, 100.0])).sum()
    np.testing.assert_array_equal(tape.gradient(y, v).numpy(), [100.0, 1.0, 10.0])


def test_methods_in_place_assign_to_a_variable():
    v = xg.Variable([3.0, 1.0])
    v.sort()
    assert v.tolist() == [1.0, 3.0]
    v.fill(7.0)
    assert v.tolist() == [7.0, 7.0]


def test_out_takes_the_result():
    x, target = xg.asarray(X), xg.zeros(4)
    assert x.sum(axis=0, out=target) is target
    np.testing.assert_array_equal(target.numpy(), X.sum(axis=0))


def test_methods_work_on_other_libraries_arrays(device):
    x = xg.asarray(X, dtype=xg.float64, device=device)
    for f in (
        lambda x: x.sum(0),
        lambda x: x.reshape(4, -1),
        lambda x: x.std(),
        lambda x: x.flatten(),
    ):
        assert f(x).device == device
        np.testing.assert_allclose(f(x).numpy(), f(X), rtol=1e-14)


@pytest.mark.parametrize("dtype", ["int64", "float32", "complex64"])
def test_view_of_the_bits_is_refused(dtype):
    with pytest.raises(ValueError, match="would look at the bits"):
        xg.asarray(X).view(dtype)
    with pytest.raises(ValueError, match="would look at the bits"):
        xg.asarray(X[:, :3]).view(complex)


def test_numpy_code_as_it_stands():
    """Methods, functions and operators together, as anybody writes them."""

    def loss(x):
        centred = x - x.mean(axis=0)
        scaled = centred / np.sqrt((centred**2).sum(axis=1, keepdims=True) + 1.0)
        return np.abs(scaled.T @ scaled).max() + scaled.ravel()[::2].dot(np.arange(4.0))

    v = xg.Variable(X)
    with xg.GradientTape() as tape:
        y = loss(v)
    (slope,) = numerical.difference_gradients(loss, [X])
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), slope, rtol=1e-8)
