"""`debugging.check_numerics` and `enable_check_numerics`: the first value that is not finite."""

import gc
import sys
import threading

import numpy as np
import pytest

import xgrad as xg
from xgrad.core.instructions import PRIMITIVES
from xgrad.core.observers import settings
from xgrad.debugging import check_numerics, disable_check_numerics, enable_check_numerics

pytestmark = pytest.mark.filterwarnings("ignore:.*(invalid|divide|overflow):RuntimeWarning")


@pytest.fixture(autouse=True)
def off_again():
    """No check is left on, whatever a test did."""
    yield
    disable_check_numerics()
    gc.collect()
    assert not settings.inspected


def next_place():
    """File and number of the caller's next line."""
    frame = sys._getframe(1)
    return f"{frame.f_code.co_filename}:{frame.f_lineno + 1}"


def refused(f, *args):
    with pytest.raises(xg.errors.NumericsError) as caught:
        f(*args)
    return caught.value


# -- check_numerics: one value -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ([1.0, xg.nan], "NaN"),
        ([1.0, -xg.inf], "Inf"),
        ([xg.inf, xg.nan], "NaN and Inf"),
        ([1.0 + 1j * xg.nan], "NaN"),
    ],
    ids=["nan", "inf", "both", "complex"],
)
def test_value_that_is_not_finite_is_refused(value, kinds):
    error = refused(check_numerics, xg.asarray(value), "the loss")
    assert str(error).startswith(f"the loss : Tensor had {kinds} values: ")
    assert "on cpu" in str(error)
    assert "Use " in str(error)
    assert isinstance(error, FloatingPointError)


def test_finite_value_passes_with_its_gradient(device):
    x = xg.asarray([1.0, 2.0], device=device)
    with xg.GradientTape() as tape:
        tape.watch(x)
        y = check_numerics(x, "x") * 3.0
    assert y.tolist() == [3.0, 6.0]
    assert y.device == device
    assert tape.gradient(y, x).tolist() == [3.0, 3.0]


@pytest.mark.parametrize("value", [[1, 2], [True], np.ones(2), 3.0, []], ids=str)
def test_anything_finite_passes(value):
    y = check_numerics(value, "x")
    assert isinstance(y, xg.Tensor)
    assert y.tolist() == np.asarray(value).tolist()


def test_gradient_that_is_not_finite_is_refused():
    x = xg.Variable([0.0, 4.0])
    with xg.GradientTape() as tape:
        place = next_place()
        y = check_numerics(x, "before the root")
        z = xg.sqrt(y)
    error = refused(tape.gradient, z, x)
    assert str(error).startswith("before the root : gradient of the Tensor checked at ")
    assert place in str(error)
    assert "had Inf values" in str(error)


def test_second_derivative_that_is_not_finite_is_refused():
    x = xg.Variable(0.0)
    with xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = check_numerics(x, "x") ** 1.5
        g = inner.gradient(y, x)
    assert float(g) == 0.0
    assert "x : gradient" in str(refused(outer.gradient, g, x))


def test_tangent_that_is_not_finite_is_refused():
    x = xg.asarray(0.0)
    with xg.ForwardAccumulator(x, 1.0):
        y = xg.sqrt(x)
        assert "y : Tensor had Inf values" in str(refused(check_numerics, y, "y"))


def test_check_works_under_vmap():
    f = xg.vmap(lambda x: check_numerics(x, "x") * 2.0)
    assert f(xg.asarray([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert "x : " in str(refused(f, xg.asarray([1.0, xg.nan])))


# -- enable_check_numerics: everything, forward ------------------------------------------------


def test_forward_names_op_pass_line_and_ranges():
    x = xg.asarray([-1.0, 0.25, 3.0])
    with enable_check_numerics():
        place = next_place()
        error = refused(lambda: xg.exp(xg.log(x)))
    text = str(error)
    assert text.startswith(f"log at {place} (error = refused(lambda: xg.exp(xg.log(x)))) gave")
    assert "gave the first non-finite value" in text
    assert "in the forward pass: 1 NaN." in text
    assert "x       (3,) float64 on cpu: from -1 to 3" in text
    assert "1 NaN; the first at (0,)" in text
    assert "Use xg.where or xg.clip" in text
    assert (error.op, error.stage) == ("log", "forward")
    assert error.where == f"{place} (error = refused(lambda: xg.exp(xg.log(x))))"


OPERATIONS = {
    "unary": lambda x: xg.log(x - 2.0),
    "operator": lambda x: x / (x - x),
    "reflected": lambda x: 1.0 / (x - x),
    "scalar": lambda x: x * xg.inf,
    "power": lambda x: (x - 2.0) ** 0.5,
    "reduction": lambda x: xg.sum(x * 1e308),
    "general": lambda x: xg.prod(x * 1e200),
    "matmul": lambda x: (x * 1e200) @ (x * 1e200),
    "several operands": lambda x: xg.concat([x, xg.asarray([xg.nan])]),
    "several results": lambda x: xg.unstack(xg.asarray([1.0, xg.inf])),
    "NumPy's": lambda x: np.log(x - 2.0),
    "of a Variable": lambda x: xg.log(xg.Variable(-1.0)),
    "complex": lambda x: xg.log(xg.asarray([0.0 + 0.0j])),
}


@pytest.mark.parametrize("f", OPERATIONS.values(), ids=OPERATIONS.keys())
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "not recorded"])
def test_every_operation_is_checked(f, recorded):
    x = xg.asarray([1.0, 1.0])
    f(x)  # which fills the tables that hot paths use
    with enable_check_numerics(), xg.GradientTape() as tape:
        if recorded:
            tape.watch(x)
        assert refused(f, x).stage == "forward"
    f(x)


def test_devices_are_checked(device):
    x = xg.asarray([-1.0, 1.0], device=device)
    with enable_check_numerics():
        text = str(refused(xg.log, x))
    assert str(device) in text


def test_what_came_in_from_outside_is_said():
    with enable_check_numerics():
        text = str(refused(lambda: xg.asarray([xg.nan, 1.0]) * 2.0))
    assert "What went in was not finite already" in text
    assert "Use xg.debugging.check_numerics" in text


def test_whole_numbers_and_truth_values_pass():
    with enable_check_numerics():
        assert (xg.asarray([1, 2]) + 1).tolist() == [2, 3]
        assert (xg.asarray([1.0, 2.0]) > 1.0).tolist() == [False, True]
        assert xg.isnan(xg.asarray([xg.nan])).tolist() == [True]


def test_one_kind_only():
    x = xg.asarray([0.0, 1.0])
    with enable_check_numerics(inf=False):
        assert xg.log(x).tolist() == [-xg.inf, 0.0]
        assert refused(lambda: xg.log(x) * 0.0).op == "multiply"
    with enable_check_numerics(nan=False):
        assert np.isnan(xg.log(x[:1] - 1.0).tolist()[0])
        assert refused(xg.log, x).op == "log"


def test_nothing_to_look_for_is_an_error():
    with pytest.raises(ValueError, match=r"leave nothing to look for.*Use disable_check_numerics"):
        enable_check_numerics(nan=False, inf=False)


# -- backward ----------------------------------------------------------------------------------


def test_backward_names_op_pass_lines_and_ranges():
    x = xg.Variable([0.0, 4.0], name="x")
    with enable_check_numerics(), xg.GradientTape() as tape:
        recorded = next_place()
        y = xg.sum(xg.sqrt(x))
        asked = next_place()
        error = refused(lambda: tape.gradient(y, x))
    text = str(error)
    assert text.startswith(f"the backward pass of sqrt at {recorded} (y = xg.sum(xg.sqrt(x)))")
    assert "gave the first non-finite value, as gradient of x: 1 infinite." in text
    assert f"The gradient was asked for at {asked} (error = refused" in text
    assert "the result              (2,) float64 on cpu: from 0 to 2" in text
    assert "gradient of the result  (2,) float64 on cpu: from 1 to 1" in text
    assert "gradient of x           (2,) float64 on cpu" in text
    assert (error.op, error.stage) == ("sqrt", "backward")


def test_first_of_several_in_backward_is_named():
    x = xg.Variable([0.0, 4.0])
    with enable_check_numerics(), xg.GradientTape() as tape:
        y = xg.exp(xg.sqrt(xg.abs(x) * 2.0))
        assert refused(tape.gradient, y, x).op == "sqrt"


def test_checks_can_be_switched_on_for_backward_alone():
    x = xg.Variable([0.0, 4.0])
    with xg.GradientTape() as tape:
        y = xg.sum(xg.sqrt(x))
    with enable_check_numerics():
        text = str(refused(tape.gradient, y, x))
    assert text.startswith("the backward pass of sqrt gave")


def test_masked_partial_derivative_is_no_cause():
    x = xg.Variable([0.0, 4.0])
    with enable_check_numerics(), xg.GradientTape(persistent=True) as tape:
        y = xg.sum(xg.where(x > 0.0, xg.sqrt(x), 0.0))
        assert tape.gradient(y, x).tolist() == [0.0, 0.25]
    with enable_check_numerics():
        assert tape.gradient(y, x).tolist() == [0.0, 0.25]


def test_sum_of_gradients_that_overflows():
    x = xg.Variable(1.0)
    with enable_check_numerics(), xg.GradientTape() as tape:
        y = [x * 1e308, x * 1.5e308]
        text = str(refused(tape.gradient, y, x))
    assert "as sum of all gradients of x1 so far: 1 infinite" in text


def test_second_derivative_names_the_backward_pass():
    x = xg.Variable([0.0, 4.0])
    with enable_check_numerics(), xg.GradientTape() as outer:
        with xg.GradientTape() as inner:
            y = xg.sum(x**1.5)
        place = next_place()
        g = inner.gradient(y, x)
        error = refused(outer.gradient, g, x)
    assert (error.op, error.stage) == ("power", "backward")
    assert place in str(error)


def test_recorded_backward_is_checked_as_a_backward_pass():
    x = xg.Variable([0.0, 4.0])
    with enable_check_numerics(), xg.GradientTape():
        with xg.GradientTape() as inner:
            y = xg.sum(xg.sqrt(x))
        error = refused(inner.gradient, y, x)
    assert (error.op, error.stage) == ("sqrt", "backward")


def test_given_output_gradients_are_checked():
    x = xg.Variable([1.0, 4.0])
    with enable_check_numerics(), xg.GradientTape() as tape:
        y = x * 2.0
        text = str(refused(tape.gradient, y, x, [1.0, xg.nan]))
    assert text.startswith("output_gradients has 1 NaN at ")
    assert "Use finite output_gradients" in text


def test_operation_with_several_results_is_checked_in_backward():
    x = xg.Variable([0.0, 4.0])
    with enable_check_numerics(), xg.GradientTape() as tape:
        a, b = xg.unstack(xg.sqrt(x))
        y = a + b
        assert refused(tape.gradient, y, x).op == "sqrt"


def test_jacobian_is_checked():
    x = xg.asarray([0.0, 4.0])
    with enable_check_numerics():
        error = refused(xg.jacobian(xg.sqrt), x)
    assert (error.op, error.stage) == ("sqrt", "backward")
    assert "(2, 2) float64" in str(error)


def test_custom_rule_is_checked():
    @xg.custom_gradient
    def f(x):
        return x * 2.0, lambda dy: dy * xg.inf

    x = xg.Variable([1.0, 4.0])
    with enable_check_numerics(), xg.GradientTape() as tape:
        y = f(x)
        assert refused(tape.gradient, y, x).op == "custom_gradient(f)"


def test_result_of_a_custom_function_is_checked():
    @xg.custom_gradient
    def f(x):
        return xg.asarray(np.log(x.numpy())), lambda dy: dy

    x = xg.Variable([-1.0, 4.0])
    with enable_check_numerics(), xg.GradientTape():
        assert refused(f, x).op == "custom_gradient(f)"


def test_tangent_is_checked():
    x = xg.asarray([0.0, 4.0])
    with enable_check_numerics(), xg.ForwardAccumulator(x, xg.ones(2)):
        error = refused(xg.sqrt, x)
    assert (error.op, error.stage) == ("sqrt", "tangent")
    assert "tangent of x" in str(error)


def test_vmap_is_checked():
    with enable_check_numerics():
        assert refused(xg.vmap(xg.log), xg.asarray([-1.0, 4.0])).op == "log"


def test_recorded_programs_are_checked():
    @xg.function
    def f(x):
        return xg.exp(xg.log(x))

    x = xg.asarray([1.0, 4.0])
    f(x)
    f(x)
    with enable_check_numerics():
        assert f(x).tolist() == pytest.approx([1.0, 4.0])
        error = refused(f, xg.asarray([-1.0, 4.0]))
    assert error.op == "log"
    assert __file__ in error.where


# -- switching ---------------------------------------------------------------------------------


def broken():
    return xg.log(xg.asarray(-1.0))


def test_function_switches_until_it_is_switched_off():
    enable_check_numerics()
    enable_check_numerics()
    refused(broken)
    disable_check_numerics()
    broken()


def test_block_switches_off_at_its_end_also_after_an_error():
    with enable_check_numerics():
        refused(broken)
    broken()


def test_blocks_nest_and_restore():
    with enable_check_numerics():
        with enable_check_numerics(nan=False):
            broken()
        refused(broken)
        with disable_check_numerics():
            broken()
        refused(broken)
    broken()


def test_off_costs_nothing():
    x = xg.asarray([1.0, 2.0])
    with enable_check_numerics():
        x * x
        assert not PRIMITIVES["multiply"].implementations
        assert settings.inspected
    x * x
    assert PRIMITIVES["multiply"].implementations
    assert not settings.inspected


def test_checks_are_the_threads_own():
    seen = []
    with enable_check_numerics():
        thread = threading.Thread(target=lambda: seen.append(float(broken())))
        thread.start()
        thread.join()
    assert np.isnan(seen[0])


def test_checks_end_with_their_thread():
    thread = threading.Thread(target=enable_check_numerics)
    thread.start()
    thread.join()
    del thread
    gc.collect()
    assert not settings.inspected


# -- per tape ----------------------------------------------------------------------------------


def test_tape_is_checked_alone_forward_and_backward():
    x = xg.Variable([0.0, 4.0])
    with xg.GradientTape() as tape:
        enable_check_numerics(tape=tape)
        broken()
        assert refused(lambda: xg.log(x - 1.0)).op == "log"
        y = xg.sqrt(x)
    xg.log(x - 1.0)
    assert refused(tape.gradient, y, x).stage == "backward"


def test_other_tapes_are_not_checked():
    x = xg.Variable([0.0, 4.0])
    with xg.GradientTape() as tape:
        enable_check_numerics(tape=tape)
    with xg.GradientTape() as other:
        y = xg.sqrt(x)
    assert other.gradient(y, x).tolist() == [xg.inf, 0.25]


def test_recorded_backward_of_an_inner_tape_is_checked_for_the_outer_one():
    x = xg.Variable([0.0, 4.0])
    with xg.GradientTape() as outer, enable_check_numerics(tape=outer):
        with xg.GradientTape() as inner:
            y = xg.sqrt(x)
        assert refused(inner.gradient, y, x).op == "sqrt"


def test_tape_is_checked_for_a_block():
    x = xg.Variable([0.0, 4.0])
    with xg.GradientTape(persistent=True) as tape:
        with enable_check_numerics(tape=tape):
            refused(lambda: xg.log(x - 1.0))
        y = xg.sqrt(x)
    assert tape.gradient(y, x).tolist() == [xg.inf, 0.25]
    with enable_check_numerics(tape=tape, inf=False):
        assert tape.gradient(y, x).tolist() == [xg.inf, 0.25]
    enable_check_numerics(tape=tape)
    disable_check_numerics(tape=tape)
    assert tape.gradient(y, x).tolist() == [xg.inf, 0.25]


def test_checks_of_a_tape_end_with_it():
    with xg.GradientTape() as tape:
        enable_check_numerics(tape=tape)
        assert settings.inspected
    del tape
    assert not settings.inspected


def test_only_tapes_are_tapes():
    with pytest.raises(TypeError, match=r"tape must be a GradientTape, but is a bool"):
        enable_check_numerics(tape=True)
