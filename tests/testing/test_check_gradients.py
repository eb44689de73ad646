"""`testing.check_gradients`: what is right passes, what is wrong is found and named."""

import sys

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.instructions import PRIMITIVES
from xgrad.testing import check_gradients


def next_place():
    """File and number of the caller's next line."""
    frame = sys._getframe(1)
    return f"{frame.f_code.co_filename}:{frame.f_lineno + 1}"


def wrong(f, xs, **options):
    with pytest.raises(xg.errors.GradientCheckError) as caught:
        check_gradients(f, xs, **options)
    return caught.value


@pytest.fixture
def mistaken(monkeypatch):
    """Change rules of the instruction set for one test."""
    changed = []

    def change(name, **rules):
        primitive = PRIMITIVES[name]
        changed.append((primitive, dict(primitive.rules)))
        primitive.give_rules(**rules)

    yield change
    for primitive, rules in reversed(changed):
        primitive.give_rules(**rules)


# -- what is right -----------------------------------------------------------------------------


def test_a_function_may_change_its_arguments_in_place():
    def f(x):
        x **= 3
        return xg.sum(x)

    x = xg.asarray([1.0, 2.0])
    check_gradients(f, [x], order=2)
    assert x.tolist() == [1.0, 2.0]


RIGHT = {
    "analytic": (lambda x: xg.sin(x) * xg.exp(x), [np.asarray([0.3, -1.2])]),
    "not analytic": (lambda x: xg.abs(x) * xg.maximum(x, 0.5), [np.asarray([0.3, -1.2])]),
    "several": (lambda x, w, b: xg.tanh(x @ w + b), [np.ones((2, 3)), np.ones((3, 2)), [1.0, 2.0]]),
    "scalars": (lambda x, y: x**y, [2.0, 3.0]),
    "nests": (lambda p: {"y": p["a"] * p["b"][0], "z": xg.sum(p["a"])}, [{"a": 2.0, "b": [3.0]}]),
    "complex": (lambda z: z * z * xg.conj(z), [np.asarray([1.0 + 2.0j, 0.5])]),
    "complex result": (lambda x: xg.exp(1j * x), [np.asarray([0.3, -1.2])]),
    "large and small": (lambda x: x**3, [np.asarray([1e6, 1e-6, 0.0])]),
    "near an edge": (lambda x: xg.log(x), [np.asarray([1e-3, 2.0])]),
    "constant": (lambda x: x * 0.0 + 5.0, [np.asarray([1.0, 2.0])]),
    "cancelling": (lambda x: xg.sin(x) ** 2 + xg.cos(x) ** 2, [np.asarray([1.0, 2.0])]),
    "unconnected": (lambda x, y: x * 2.0, [1.0, 2.0]),
    "integers": (lambda x, i: xg.take(x, i, axis=0), [np.asarray([1.0, 2.0]), np.asarray([1, 1])]),
    "empty": (lambda x: x * 2.0, [np.zeros((0, 2))]),
    "float32 inside": (lambda x: xg.astype(xg.astype(x, xg.float32) * 3, xg.float64), [[1.0, 2.0]]),
    "sparse": (
        lambda x: xg.take(x, xg.asarray([0, 0]), axis=0, sparse_grad=True),
        [np.ones((2, 2))],
    ),
}


@pytest.mark.parametrize(("f", "xs"), RIGHT.values(), ids=RIGHT.keys())
@pytest.mark.parametrize("order", [1, 2])
def test_right_gradients_pass(f, xs, order):
    check_gradients(f, xs, order=order)


def test_third_order():
    check_gradients(lambda x: xg.sin(x) * x**3, [0.7], order=3)


def test_devices(device):
    x = xg.asarray([0.3, 1.2], dtype=xg.float64, device=device)
    check_gradients(lambda x: xg.exp(x) * x, [x])


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_other_dtypes(dtype):
    check_gradients(lambda x: xg.exp(x) * x, [np.asarray([0.3, 1.2]).astype(dtype)])


def test_variables_and_tensors_as_arguments():
    v = xg.Variable([0.3, 1.2])
    check_gradients(lambda v, t: v * t, [v, xg.asarray([1.0, 2.0])])
    assert v.tolist() == [0.3, 1.2]


def test_one_mode_only():
    check_gradients(xg.sin, [[1.0]], modes=("reverse",))
    check_gradients(xg.sin, [[1.0]], modes=["forward"])
    check_gradients(xg.sin, [[1.0]], modes="forward")


# -- what is wrong -----------------------------------------------------------------------------


def test_wrong_rule_is_found_with_index_values_and_line(mistaken):
    mistaken("tanh", x=lambda xp, g, y: g * (1 - y))
    x = np.asarray([[0.1, 0.2], [0.0, 2.0]])

    def f(x):
        h = xg.tanh(x)
        return xg.sum(h * 1.0)

    error = wrong(f, [x], order=1, modes="reverse")
    assert isinstance(error, AssertionError)
    assert error.argument == "xs[0]"
    assert error.index == (0, 1)  # where y - y**2 is largest
    assert abs(error.claimed - error.numerical) > 100 * error.tolerance
    text = str(error)
    assert "the gradient with respect to xs[0] is wrong in reverse mode, at index (0, 1)" in text
    assert f"xgrad gives     {error.claimed:.12g}" in text
    assert f"complex steps   {error.numerical:.12g}" in text
    assert "3 of 4 elements are off" in text
    (suspect,) = error.suspects
    assert suspect.startswith(
        f"tanh at {__file__}:{f.__code__.co_firstlineno + 1} (h = xg.tanh(x))"
    )
    assert "its rule for x gives" in suspect
    assert suspect in text


def test_only_the_wrong_operand_of_the_wrong_operation_is_suspected(mistaken):
    mistaken("divide", x2=lambda xp, g, x1, x2: g * x1 / (x2 * x2))
    error = wrong(lambda x, y: xg.exp(x) / y + x * y, [1.0, 2.0])
    assert error.argument == "xs[1]"
    assert len(error.suspects) == 1
    assert "divide" in error.suspects[0]
    assert "its rule for x2" in error.suspects[0]


@pytest.mark.parametrize("size", [1e-8, 1e-3])
def test_small_mistakes_are_found(mistaken, size):
    mistaken("exp", x=lambda xp, g, y: g * y * (1 + size))
    assert wrong(lambda x: xg.exp(x) * x, [[0.3, 1.2]], order=1).suspects[0].startswith("exp")


def test_small_mistake_in_float32_is_found(mistaken):
    mistaken("exp", x=lambda xp, g, y: g * y * 1.01)
    wrong(xg.exp, [np.asarray([0.3, 1.2], np.float32)], order=1)


def test_mistake_in_one_element_of_many_is_found():
    @xg.custom_gradient
    def bad(x):
        return x * 2.0, lambda dy: dy * 2.5

    def f(x):
        return xg.sum(xg.where(xg.asarray([False] * 6 + [True]), bad(x), x * 2.0))

    assert wrong(f, [np.arange(7.0)], order=1).index == (6,)


def test_second_derivative_alone_is_wrong():
    @xg.custom_gradient
    def f(x):
        return x**3, lambda dy: dy * 3.0 * xg.stop_gradient(x) ** 2

    check_gradients(f, [2.0], order=1, modes="reverse")
    error = wrong(f, [2.0], order=2, modes="reverse")
    assert "in reverse mode over reverse mode" in str(error)
    assert error.claimed == 0.0
    assert error.numerical != 0.0


def test_forward_rule_alone_is_wrong():
    @xg.custom_gradient
    def f(x):
        return x**3, lambda dy: dy * 3.0 * x**2

    @f.defjvp
    def f_jvp(primals, tangents):
        return primals[0] ** 3, 3.0 * primals[0] * tangents[0]

    check_gradients(f, [2.0], order=1, modes="reverse")
    error = wrong(f, [2.0], order=1)
    assert "the tangent of the result is wrong in forward mode" in str(error)


def test_complex_gradient_in_the_other_convention_is_wrong():
    @xg.custom_gradient
    def f(z):
        return z * z, lambda dy: dy * 2.0 * z

    error = wrong(f, [np.asarray([1.0 + 2.0j])], order=1)
    assert isinstance(error.claimed, complex)


def test_function_with_a_rule_of_its_own_is_suspected():
    @xg.custom_gradient
    def square(x):
        return x * x, lambda dy: dy * x

    place = next_place()
    error = wrong(lambda x: xg.sin(square(x)), [[1.0, 2.0]])
    (suspect,) = error.suspects
    assert suspect.startswith(f"custom_gradient(square) at {place} (error = wrong(")
    assert suspect.endswith("which has a rule of its own")


def test_operation_that_cuts_the_path_is_suspected():
    (suspect,) = wrong(lambda x: xg.stop_gradient(x) * x, [[1.0, 2.0]]).suspects
    assert suspect.startswith("stop_gradient at ")
    assert suspect.endswith("which cuts the path")


def test_value_that_leaves_is_suspected():
    (suspect,) = wrong(lambda x: xg.asarray(np.sin(x.numpy())) * x, [[1.0, 2.0]]).suspects
    assert suspect.startswith("a value that left xgrad through .numpy() at ")


def test_kink_is_pointed_out():
    error = wrong(lambda x: xg.abs(x - 1.0) * 2.0, [[1.0, 2.0]], order=2)
    assert "do not settle: there may be a kink" in str(error)


def test_jump_does_not_pass():
    wrong(lambda x: xg.floor(x) + x, [[1.0]], order=1)


def test_functions_that_cannot_be_checked_are_refused():
    with pytest.raises(ValueError, match=r"gives other values .*Use a fixed seed"):
        check_gradients(lambda x: x * np.random.default_rng().random(), [1.0])
    with pytest.raises(ValueError, match=r"is not finite at these arguments\. Use"):
        check_gradients(xg.log, [[-1.0]])
    with pytest.raises(TypeError, match=r"f returned a float among its results"):
        check_gradients(float, [1.0])


NOTHING_TO_CHECK = {
    "no result": (lambda x: None, [[1.0]], "f returned no Tensor. Did you forget its `return`"),
    "no floating result": (
        xg.argmax,
        [[1.0]],
        r"no result of f is floating: \(\) int64 on cpu. Use",
    ),
    "no floating argument": (
        lambda i: i * 2.0,
        [np.asarray([1])],
        r"no argument in xs is floating: \(1,\) int64 on cpu. Use",
    ),
    "no argument": (lambda: xg.asarray(1.0), [], "no argument in xs is floating: there is none"),
}


@pytest.mark.parametrize(
    ("f", "xs", "message"), NOTHING_TO_CHECK.values(), ids=NOTHING_TO_CHECK.keys()
)
def test_functions_with_nothing_to_check_are_refused(f, xs, message):
    with pytest.raises(TypeError, match=f"there is nothing to check, because {message}"):
        check_gradients(f, xs)


def test_tolerances_can_be_chosen(mistaken):
    mistaken("exp", x=lambda xp, g, y: g * y * 1.01)
    wrong(xg.exp, [1.0], order=1)
    check_gradients(xg.exp, [1.0], order=1, rtol=0.1)
    check_gradients(xg.exp, [1.0], order=1, atol=0.1, rtol=0.0)


def test_large_arguments_are_sampled():
    calls = []

    def f(x):
        calls.append(1)
        return xg.sum(x * x)

    check_gradients(f, [np.ones(10_000)], order=1, modes="reverse", max_elements=5)
    assert len(calls) < 300


def test_arguments_of_the_check_are_checked():
    with pytest.raises(ValueError, match=r"xs must be a list or tuple .*Use check_gradients\(f, "):
        check_gradients(xg.sin, np.ones(2))
    with pytest.raises(ValueError, match="modes must be some of 'reverse' and 'forward'"):
        check_gradients(xg.sin, [1.0], modes=("backward",))
    with pytest.raises(ValueError, match="must be positive"):
        check_gradients(xg.sin, [1.0], order=0)


def test_checking_leaves_no_inspector_behind():
    from xgrad.core.observers import settings

    wrong(lambda x: xg.stop_gradient(x), [1.0])
    assert not settings.inspected
