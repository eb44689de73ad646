"""Operators: reflected, in place, mixed with arrays and scalars; what they do to dtypes."""

import operator

import numpy as np
import pytest

import xgrad as xg

ARITHMETIC = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
]
IN_PLACE = [
    operator.iadd,
    operator.isub,
    operator.imul,
    operator.itruediv,
    operator.ifloordiv,
    operator.imod,
    operator.ipow,
]
PAIRS = list(zip(IN_PLACE, ARITHMETIC, strict=True))
BITWISE = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
MAKERS = ["Tensor", "Variable", "array", "float"]
X = np.array([1.5, 2.0, 3.25])
Y = np.array([0.5, 4.0, 1.25])


def same(result, expected):
    assert isinstance(result, xg.Tensor)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize("f", [*ARITHMETIC, *COMPARISONS])
def test_two_tensors(f, device):
    same(f(xg.asarray(X, device=device), xg.asarray(Y, device=device)), f(X, Y))


@pytest.mark.parametrize("f", [*ARITHMETIC, *COMPARISONS])
@pytest.mark.parametrize("make", [xg.asarray, xg.Variable, lambda a: a], ids=MAKERS[:3])
def test_tensors_variables_and_arrays_mix(f, make):
    same(f(xg.asarray(X), make(Y)), f(X, Y))
    same(f(make(Y), xg.asarray(X)), f(Y, X))
    same(f(xg.Variable(X), make(Y)), f(X, Y))
    same(f(make(Y), xg.Variable(X)), f(Y, X))


@pytest.mark.parametrize("f", BITWISE)
def test_bitwise_operators(f, device):
    a, b = np.array([5, 6, 7]), np.array([1, 2, 3])
    x, y = xg.asarray(a, device=device), xg.asarray(b, device=device)
    same(f(x, y), f(a, b))
    same(f(x, 2), f(a, 2))
    same(f(6, y), f(6, b))


@pytest.mark.parametrize("f", [operator.neg, operator.pos, abs])
def test_unary_operators(f, device):
    same(f(xg.asarray(X - 2, device=device)), f(X - 2))


def test_invert(device):
    same(~xg.asarray([True, False], device=device), [False, True])
    same(~xg.asarray([1, 2], device=device), [-2, -3])


def test_matmul_with_tensors_and_arrays():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    same(xg.asarray(a) @ xg.asarray(b), a @ b)
    same(a @ xg.asarray(b), a @ b)
    same(xg.asarray(a) @ b, a @ b)
    same(xg.Variable(a) @ b[:, 0], a @ b[:, 0])


@pytest.mark.parametrize("f", ARITHMETIC)
@pytest.mark.parametrize("scalar", [2, 3.0], ids=["int", "float"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_python_scalar_never_changes_a_dtype(f, scalar, dtype, device):
    x = xg.asarray(X, dtype=dtype, device=device)
    wanted = getattr(device.namespace, dtype)
    host = X.astype(dtype)
    for result, expected in ((f(x, scalar), f(host, scalar)), (f(scalar, x), f(scalar, host))):
        assert result.dtype == wanted
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("f", ARITHMETIC)
def test_the_gradient_of_a_scalar_operation_keeps_the_dtype(f, device):
    x = xg.Variable(X, dtype=xg.float32, device=device)
    for g in (lambda x: f(x, 2.0), lambda x: f(2, x)):
        with xg.GradientTape() as tape:
            y = g(x)
        gradient = tape.gradient(y, x, unconnected_gradients="zero")
        assert gradient.dtype == device.namespace.float32
        assert gradient.device == device


@pytest.mark.parametrize("f", [operator.add, operator.sub, operator.mul, operator.pow])
def test_an_integer_keeps_integers(f, device):
    x = xg.asarray([1, 2, 3], dtype=xg.int32, device=device)
    assert f(x, 2).dtype == device.namespace.int32
    assert f(2, x).dtype == device.namespace.int32


def test_complex_scalars_keep_the_width(device):
    x = xg.asarray([1 + 1j], dtype=xg.complex64, device=device)
    for scalar in (2, 2.0, 2j):
        assert (x * scalar).dtype == device.namespace.complex64
        assert (scalar - x).dtype == device.namespace.complex64


@pytest.mark.parametrize("f", ARITHMETIC[:-1])
@pytest.mark.parametrize("scalar", [np.float32(2), np.float64(2), np.int64(2), np.array(2.0)])
def test_numpy_scalars_promote_as_in_numpy(f, scalar):
    for dtype in ("float32", "float64"):
        host = X.astype(dtype)
        x = xg.asarray(host)
        for result, expected in ((f(x, scalar), f(host, scalar)), (f(scalar, x), f(scalar, host))):
            assert type(result) is xg.Tensor
            assert result.dtype == expected.dtype
            np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("f", ARITHMETIC)
def test_numpy_scalars_are_numbers_to_other_libraries(f, other_device):
    x = xg.asarray(X, dtype=xg.float32, device=other_device)
    for result in (f(x, np.float32(2)), f(np.float32(2), x)):
        assert result.dtype == other_device.namespace.float32
        assert result.device == other_device


@pytest.mark.parametrize("f", [*ARITHMETIC[:4], operator.pow])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("make", [np.asarray, xg.asarray, float], ids=["array", "Tensor", "float"])
def test_mixed_operations_are_followed(f, left, make):
    other = make(2.0) if make is float else make(Y)
    host = 2.0 if make is float else Y
    v = xg.Variable(X)
    with xg.GradientTape() as tape:
        y = f(other, v) if left else f(v, other)
    plain = (lambda x: f(host, x)) if left else (lambda x: f(x, host))
    expected = np.imag(plain(X + 1e-30j)) / 1e-30
    np.testing.assert_allclose(tape.gradient(y, v).numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("f", COMPARISONS)
def test_comparisons_are_elementwise_and_boolean(f, device):
    x = xg.asarray([1.0, 2.0, 3.0], device=device)
    result = f(x, 2.0)
    assert result.dtype == device.namespace.bool
    assert result.tolist() == [bool(f(n, 2.0)) for n in (1.0, 2.0, 3.0)]
    assert f(2.0, x).tolist() == [bool(f(2.0, n)) for n in (1.0, 2.0, 3.0)]


@pytest.mark.parametrize("other", [None, {}, object()], ids=["None", "dict", "object"])
def test_what_is_no_operand_is_unequal_and_cannot_be_added(other):
    x = xg.ones(2)
    assert (x == other) is False
    assert (x != other) is True
    for f in ARITHMETIC:
        with pytest.raises(TypeError):
            f(x, other)
        with pytest.raises(TypeError):
            f(other, x)


def test_the_other_operand_gets_its_turn():
    class Other:
        def __radd__(self, x):
            return "mine"

    assert xg.ones(2) + Other() == "mine"


@pytest.mark.parametrize(("f", "plain"), PAIRS)
@pytest.mark.parametrize("make", [xg.asarray, xg.Variable, np.asarray, float], ids=MAKERS)
def test_in_place_operators_rebind_the_handle(f, plain, make):
    other = 2.0 if make is float else make(Y)
    host = 2.0 if make is float else Y
    x = handle = xg.asarray(X)
    x = f(x, other)
    assert x is handle
    np.testing.assert_allclose(x.numpy(), plain(X, host))


def test_in_place_bitwise_and_matmul():
    x = xg.asarray([6, 3])
    x &= 5
    x |= 8
    x ^= 1
    x <<= 2
    x >>= 1
    assert x.tolist() == [26, 16]
    a = np.arange(4.0).reshape(2, 2)
    y = xg.asarray(a)
    y @= a
    np.testing.assert_array_equal(y.numpy(), a @ a)


def test_operands_that_do_not_broadcast_are_named():
    with pytest.raises(
        xg.errors.ShapeError,
        match=r"add: x1 \(3,\) float64 on cpu and x2 \(2,\) .* do not broadcast",
    ):
        xg.ones(3) + xg.ones(2)


def test_matmul_error_says_which_axes():
    with pytest.raises(
        xg.errors.ShapeError,
        match=r"x1 \(5, 3\) float32 .* the last axis of x1 \(3\) must equal the second last .* \(4\)",
    ):
        xg.ones((5, 3), dtype=xg.float32) @ xg.ones((4, 2), dtype=xg.float32)


def test_two_devices_are_named():
    x = xg.ones(2)
    y = xg.ones(2, device="array_api_strict:device1")
    z = xg.ones(2, device="array_api_strict:CPU_DEVICE")
    for one, two in ((x, y), (y, x), (y, z), (x, xg.Variable(y))):
        with pytest.raises(xg.errors.DeviceMismatchError) as error:
            one + two
        assert str(one.device) in str(error.value)
        assert str(two.device) in str(error.value)


def test_a_value_error_of_the_library_is_no_matter_of_shapes():
    with pytest.raises(xg.errors.ArgumentError, match="negative integer powers"):
        xg.asarray([2]) ** -1
    pytest.importorskip("torch", reason="torch is not installed")
    with pytest.raises(xg.errors.DTypeError, match="subtract"):
        xg.asarray([1.0], device="torch:cpu") - True


def test_code_without_a_module_name_is_recorded():
    names = {"xg": xg}
    exec(
        "v = xg.Variable(3.0)\nwith xg.GradientTape() as tape: y = xg.sin(v) * v + xg.sum(v * v)",
        names,
    )
    assert names["tape"].gradient(names["y"], names["v"]) is not None


@pytest.mark.parametrize("f", [lambda x: x @ 2, lambda x: 2.0 @ x], ids=["right", "left"])
def test_matmul_with_a_number_is_refused(f, device):
    with pytest.raises(xg.errors.ArgumentTypeError, match="a number has no axes"):
        f(xg.ones(2, device=device))


@pytest.mark.parametrize(
    "name", ["power", "hypot", "arctan2", "copysign", "logaddexp", "nextafter"]
)
@pytest.mark.parametrize("number", [-1, 2, 0.5], ids=str)
def test_numbers_beside_truth_values_stay_numbers(name, number):
    f = getattr(xg, {"power": "pow", "arctan2": "atan2"}.get(name, name))
    mask = np.array([True, False])
    found, expected = f(number, xg.asarray(mask)), getattr(np, name)(number, mask)
    np.testing.assert_array_equal(found.numpy(), expected)
    assert found.dtype == expected.dtype


def test_a_complex_number_keeps_the_precision():
    x = xg.ones(2, dtype=xg.float32)
    assert [y.dtype for y in (x * 2j, x**2j, 2j**x)] == [xg.complex64] * 3


class Rows(np.ndarray):
    """Whose operators mean something else, as those of np.matrix do."""

    def __mul__(self, other):
        return np.asarray(self) @ np.asarray(other)

    __rmul__ = __mul__


@pytest.mark.parametrize("kind", [np.matrix, Rows], ids=["matrix", "subclass"])
def test_arrays_of_subclasses_are_arrays(kind):
    """Rules multiply what the tape keeps, so it has to be multiplied as the operation did."""
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    x, c = xg.asarray([[1.0, 2.0], [5.0, 7.0]]), values.view(kind)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = xg.sum(x * c * x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), 2 * values * x.numpy())
    f = xg.function(lambda x: x * c)
    for _ in range(3):
        found = f(x)
        assert type(found.raw) is np.ndarray
        np.testing.assert_array_equal(found.numpy(), values * x.numpy())


def test_masked_operands_are_refused():
    masked = np.ma.masked_array([1.0, 2.0], [False, True])
    with pytest.raises(xg.errors.ArgumentTypeError, match="would lose its mask"):
        xg.ones(2) * masked


@pytest.mark.parametrize("make", [xg.asarray, xg.Variable])
@pytest.mark.parametrize("other", [[1.0, 2.0], (1.0, 2.0)])
@pytest.mark.parametrize("name", ["eq", "ne", "lt", "add", "sub", "truediv", "matmul", "pow"])
def test_lists_are_no_operands(make, other, name):
    x = make([1.0, 2.0])
    with pytest.raises(TypeError, match=r"Use xg\.asarray to make a Tensor of it"):
        getattr(operator, name)(x, other)


@pytest.mark.parametrize("name", ["eq", "ne", "gt", "sub", "truediv", "matmul", "pow"])
def test_lists_are_no_operands_on_the_left(name):
    with pytest.raises(TypeError, match=r"Use xg\.asarray to make a Tensor of it"):
        getattr(operator, name)([1.0, 2.0], xg.asarray([1.0, 2.0]))


def test_what_lists_do_themselves_with_tensors():
    found = [0.0]
    found += xg.asarray([1.0, 2.0])
    assert [float(x) for x in found] == [0.0, 1.0, 2.0]
    assert [0] * xg.asarray(3) == [0, 0, 0]


def test_whole_numbers_beyond_64_bits_are_refused_by_name():
    with pytest.raises(xg.errors.ArgumentTypeError, match="holds no numbers of a fixed size"):
        xg.sin(10**30)


def test_functions_of_numbers_have_the_default_dtype():
    with xg.set_default_dtype(xg.float32):
        assert xg.sin(2.0).dtype == xg.float32
    assert xg.sin(2.0).dtype == xg.float64
