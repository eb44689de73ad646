"""SGD against its recurrences in numpy, and what every optimizer promises around a step.

float64, because the recurrences must agree to 1e-12; the loss is 0.5 * sum(a * w**2) with the
gradient a * w.
"""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import xgrad as xg
from xgrad.optimizers import SGD, GradientDescent, Optimizer

DEVICES = ["cpu", "array_api_strict:device1", "torch:cpu"]
CASES = [
    pytest.param({"learning_rate": 0.1}, id="plain"),
    pytest.param({"learning_rate": 0.1, "momentum": 0.9}, id="momentum"),
    pytest.param({"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}, id="nesterov"),
    pytest.param({"learning_rate": 0.1, "nesterov": True}, id="nesterov-without-momentum"),
    pytest.param({"learning_rate": lambda step: 0.2 / (1 + step), "momentum": 0.5}, id="schedule"),
]
A = np.array([[1.0, 2.0], [0.5, 4.0]])
W0 = np.array([[1.0, -2.0], [3.0, 0.25]])


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    if request.param.startswith("torch"):
        pytest.importorskip("torch", reason="torch is not installed")
    return str(request.param)


def expected(
    steps: int, learning_rate: Any, momentum: float = 0.0, nesterov: bool = False
) -> np.ndarray:
    """Keras's equations, written out."""
    w, v = W0.copy(), np.zeros_like(W0)
    for step in range(steps):
        rate = learning_rate(step) if callable(learning_rate) else learning_rate
        g = A * w
        v = momentum * v - rate * g
        w = w + momentum * v - rate * g if nesterov and momentum else w + v
    return w


def quadratic(w: xg.Variable) -> xg.Tensor:
    a = xg.asarray(A, device=w.device)
    return 0.5 * xg.sum(a * w**2)


def close(x: Any, value: Any) -> None:
    np.testing.assert_allclose(x.numpy(), value, rtol=0, atol=1e-12)


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", CASES)
def test_ten_steps_follow_the_recurrence(arguments: dict[str, Any], device: str) -> None:
    w = xg.Variable(W0, device=device)
    optimizer = SGD(**arguments)
    for _ in range(10):
        optimizer.minimize(lambda: quadratic(w))
    close(w, expected(10, **arguments))
    assert int(optimizer.iterations) == 10


@pytest.mark.parametrize("arguments", CASES)
def test_pure_update_equals_the_stateful_step(arguments: dict[str, Any], device: str) -> None:
    params: Any = {"w": xg.asarray(W0, device=device)}
    optimizer = SGD(**arguments)
    state = optimizer.init(params)
    for _ in range(10):
        grads = {"w": xg.asarray(A, device=device) * params["w"]}
        params, state = optimizer.update(grads, state, params)
    close(params["w"], expected(10, **arguments))
    assert int(state["iterations"]) == 10
    assert int(optimizer.iterations) == 0


@pytest.mark.parametrize("arguments", CASES)
def test_compute_and_apply_equal_minimize(arguments: dict[str, Any], device: str) -> None:
    w = xg.Variable(W0, device=device)
    optimizer = SGD(**arguments)
    for _ in range(10):
        optimizer.apply_gradients(optimizer.compute_gradients(lambda: quadratic(w), [w]))
    close(w, expected(10, **arguments))


def test_keras_takes_the_same_steps() -> None:
    keras = pytest.importorskip("keras", reason="keras is not installed")
    theirs = keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)
    reference = keras.Variable(W0, dtype="float64")
    w = xg.Variable(W0)
    ours = SGD(0.1, momentum=0.9, nesterov=True)
    for _ in range(5):
        theirs.apply([keras.ops.multiply(A, reference)], [reference])
        ours.minimize(lambda: quadratic(w))
    np.testing.assert_allclose(w.numpy(), np.asarray(reference), rtol=1e-6)  # their rate: float32


def test_float32_stays_float32(device: str) -> None:
    w = xg.Variable(W0, dtype=xg.float32, device=device)
    optimizer = SGD(0.1, momentum=0.9, nesterov=True)
    optimizer.minimize(lambda: xg.sum(w**2))
    assert [str(v.dtype).rpartition(".")[2] for v in (w, optimizer.variables[1])] == ["float32"] * 2


def test_scalar_variable_stays_an_array() -> None:
    w = xg.Variable(2.0)
    SGD(0.1, momentum=0.9).minimize(lambda: w**2)
    assert type(w.array) is np.ndarray
    close(w, 1.6)


def test_complex_variable_descends() -> None:
    w = xg.Variable(1.0 + 2.0j)
    optimizer = SGD(0.1)
    losses = [float(optimizer.minimize(lambda: xg.abs(w - (3 - 1j)) ** 2)) for _ in range(60)]
    assert losses[-1] < 1e-8


def test_float64_gradient_is_cast_to_float32() -> None:
    w = xg.Variable([1.0], dtype=xg.float32)
    SGD(1.0).apply_gradients([(np.array([0.5]), w)])
    assert w.dtype == xg.float32
    close(w, [0.5])


def test_gradient_descent_is_sgd() -> None:
    assert GradientDescent is SGD
    assert issubclass(SGD, Optimizer)


# -- minimize, compute_gradients -------------------------------------------------------------------


def test_minimize_returns_the_loss_before_the_step() -> None:
    w = xg.Variable([3.0])
    assert float(SGD(0.1).minimize(lambda: xg.sum(w**2))) == 9.0


def test_minimize_takes_a_tensor_and_its_tape() -> None:
    w = xg.Variable([3.0])
    with xg.GradientTape() as tape:
        loss = xg.sum(w**2)
    SGD(0.5).minimize(loss, [w], tape=tape)
    close(w, [0.0])


def test_minimize_changes_only_var_list() -> None:
    a, b = xg.Variable([1.0]), xg.Variable([1.0])
    SGD(0.5).minimize(lambda: xg.sum(a * b), var_list=[a])
    close(a, [0.5])
    close(b, [1.0])


def test_var_list_may_name_what_is_not_trainable() -> None:
    w = xg.Variable([1.0], trainable=False)
    SGD(0.5).minimize(lambda: xg.sum(w**2), var_list=w)
    close(w, [0.0])


def test_compute_gradients_lists_watched_variables_in_order() -> None:
    a, b, _ = (xg.Variable([1.0], name=name) for name in "abc")
    pairs = SGD().compute_gradients(lambda: xg.sum(b * a * 2.0))
    assert [(variable.name, g.tolist()) for g, variable in pairs] == [("a", [2.0]), ("b", [2.0])]


def test_compute_gradients_takes_tensors() -> None:
    x = xg.asarray([1.0, 2.0])
    [(g, same)] = SGD().compute_gradients(lambda: xg.sum(x**2), [x])
    assert same is x
    close(g, [2.0, 4.0])


def test_tensor_loss_without_tape_names_tape() -> None:
    w = xg.Variable([1.0])
    with pytest.raises(xg.errors.TapeError, match="`tape` is required"):
        SGD().minimize(xg.sum(w**2), [w])


def test_loss_that_reads_no_variable_is_an_error() -> None:
    with pytest.raises(
        xg.errors.ArgumentError, match=r"loss, \(\) float64 on cpu, was computed. Use"
    ):
        SGD().minimize(lambda: xg.sum(xg.ones(2)))
    with pytest.raises(xg.errors.ArgumentError, match="the loss, a float, was computed"):
        SGD().minimize(lambda: 3.0)


def test_empty_list_of_variables_is_an_error_that_says_so() -> None:
    w = xg.Variable(1.0)
    with pytest.raises(xg.errors.ArgumentError, match=r"var_list is empty. Use var_list=\[w\]"):
        SGD().minimize(lambda: w * w, [])


def test_loss_that_is_a_variable_has_been_read() -> None:
    w = xg.Variable([1.0, 2.0])
    loss = SGD(0.5).minimize(lambda: w)
    assert (w.tolist(), loss.tolist()) == ([0.5, 1.5], [1.0, 2.0])


def test_loss_that_reads_integer_variables_only_is_an_error_that_names_them() -> None:
    v = xg.Variable(3, name="v")
    xg.Variable(3, name="unread")
    with pytest.raises(xg.errors.ArgumentError, match=r"read v \(\) int64.*floating.*Use") as error:
        SGD().minimize(lambda: v**2 * 1.0)
    assert "unread" not in str(error.value)
    with xg.GradientTape() as tape:
        loss = v * 1.0
    with pytest.raises(xg.errors.ArgumentError, match=r"read v \(\) int64"):
        SGD().minimize(loss, tape=tape)


def test_integer_variables_beside_others_are_left_out() -> None:
    v, w = xg.Variable(3), xg.Variable(1.0)
    SGD(0.1).minimize(lambda: v * w)
    assert (v.item(), w.item()) == (3, pytest.approx(0.7))


def test_loss_that_returns_nothing_is_an_error() -> None:
    w = xg.Variable([1.0])
    with pytest.raises(xg.errors.ArgumentTypeError, match="forget to return"):
        SGD().minimize(lambda: None, [w])  # type: ignore[arg-type,return-value]


# -- apply, global_step ----------------------------------------------------------------------------


def test_apply_takes_two_lists() -> None:
    a, b = xg.Variable([1.0]), xg.Variable([2.0])
    assert SGD(1.0).apply([[1.0], [1.0]], [a, b]) == 1
    close(a, [0.0])
    close(b, [1.0])


def test_apply_without_variables_takes_those_that_were_built() -> None:
    a, b = xg.Variable([1.0]), xg.Variable([2.0])
    optimizer = SGD(1.0)
    optimizer.build([b, a])
    optimizer.apply([[0.5], [1.0]])
    close(a, [0.0])
    close(b, [1.5])


def test_apply_with_unequal_lists_is_an_error() -> None:
    with pytest.raises(xg.errors.ArgumentError, match="1 gradients for 2 variables"):
        SGD().apply([[1.0]], [xg.Variable([1.0]), xg.Variable([2.0])])


def test_apply_pairs_dicts_by_key() -> None:
    a, b = xg.Variable([0.0]), xg.Variable([0.0])
    SGD(1.0).apply({"b": [xg.asarray([1.0])], "a": [xg.asarray([2.0])]}, {"a": [a], "b": [b]})
    close(a, [-2.0])
    close(b, [-1.0])


@pytest.mark.parametrize(
    ("grads", "message"),
    [
        ({"a": [1.0], "c": [1.0]}, r"lacks 'b' and has the unknown 'c'\. Use"),
        ([[1.0], [1.0]], r"instead of \{'a': \*, 'b': \*\}\. Use"),
        (None, r"is \* instead of \{'a': \*, 'b': \*\}\. Use"),
    ],
    ids=["keys", "list", "None"],
)
def test_apply_refuses_other_structures(grads: Any, message: str) -> None:
    variables = {"a": xg.Variable([1.0]), "b": xg.Variable([1.0])}
    with pytest.raises(xg.errors.ArgumentError, match=f"^apply: .*{message}"):
        SGD(1.0).apply(grads, variables)


@pytest.mark.parametrize("grads", [{"a": [1.0], "b": [1.0]}, None], ids=["dict", "None"])
def test_apply_refuses_what_is_no_list_for_a_list(grads: Any) -> None:
    with pytest.raises(xg.errors.ArgumentError, match=r"instead of \[\*, \*\]"):
        SGD(1.0).apply(grads, [xg.Variable([1.0]), xg.Variable([1.0])])


def test_global_step_is_raised_with_iterations() -> None:
    w = xg.Variable([1.0])
    global_step = xg.Variable(7, trainable=False)
    optimizer = SGD(0.1)
    optimizer.minimize(lambda: xg.sum(w**2), global_step=global_step)
    returned = optimizer.apply_gradients([([1.0], w)], global_step)
    assert (int(global_step), int(returned)) == (9, 2)
    assert returned is optimizer.iterations


@pytest.mark.parametrize("global_step", [3, xg.Variable([1, 2])], ids=["int", "vector"])
def test_global_step_that_is_no_counter_changes_nothing(global_step: Any) -> None:
    w = xg.Variable([1.0])
    with pytest.raises((TypeError, ValueError), match="global_step"):
        SGD(0.1).apply_gradients([([1.0], w)], global_step)
    close(w, [1.0])


def test_variable_given_twice_is_changed_twice() -> None:
    w = xg.Variable([1.0])
    optimizer = SGD(0.1, momentum=0.5)
    optimizer.apply_gradients([([1.0], w), ([1.0], w)])
    close(w, [1.0 - 0.1 - 0.15])
    assert optimizer.iterations == 1


# -- None ------------------------------------------------------------------------------------------


def test_none_is_dropped_with_one_warning_that_names_the_variables() -> None:
    a, b, c = (xg.Variable([1.0], name=name) for name in ("weight", "bias", "unused"))
    optimizer = SGD(1.0)
    with pytest.warns(UserWarning, match=r"variables \['bias', 'unused'\]") as found:
        optimizer.apply_gradients([([1.0], a), (None, b), (None, c)])
    assert len(found) == 1
    assert found[0].filename == __file__
    close(a, [0.0])
    close(b, [1.0])


@pytest.mark.parametrize("method", ["apply", "minimize"])
def test_warning_points_at_the_callers_line(method: str) -> None:
    a, b = xg.Variable([1.0]), xg.Variable([1.0])
    calls = {
        "apply": lambda: SGD().apply([[1.0], None], [a, b]),
        "minimize": lambda: SGD().minimize(lambda: xg.sum(a), [a, b]),
    }
    with pytest.warns(UserWarning, match="Gradients do not exist") as found:
        calls[method]()
    assert found[0].filename == __file__


@pytest.mark.parametrize("pairs", [[], [(None, xg.Variable([1.0], name="w"))]], ids=["empty", "w"])
def test_no_gradient_at_all_is_an_error(pairs: list[Any]) -> None:
    with pytest.raises(xg.errors.ArgumentError, match="No gradients provided for any variable"):
        SGD().apply_gradients(pairs)


def test_pure_update_keeps_what_has_no_gradient() -> None:
    optimizer = SGD(1.0, momentum=0.5)
    params = {"a": xg.ones(2), "b": (xg.ones(1), None)}
    new, state = optimizer.update(
        {"a": xg.ones(2), "b": (None, None)}, optimizer.init(params), params
    )
    close(new["a"], [0.0, 0.0])
    assert new["b"][0] is params["b"][0]
    close(state["momentum"]["b"][0], [0.0])


# -- nothing changes when a step fails -------------------------------------------------------------


def nothing_changes(optimizer: Optimizer, variables: list[xg.Variable], call: Any) -> str:
    """Run a call that must fail; return its message."""
    before = [v.numpy() for v in (*variables, *optimizer.variables)]
    with pytest.raises((ValueError, TypeError, UserWarning)) as error:
        call()
    after = [v.numpy() for v in (*variables, *optimizer.variables)]
    assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))
    return str(error.value)


@pytest.fixture
def trained() -> tuple[Optimizer, list[xg.Variable]]:
    variables = [xg.Variable([1.0, 2.0], name="a"), xg.Variable([3.0, 4.0, 5.0], name="b")]
    optimizer = SGD(0.1, momentum=0.9)
    optimizer.apply_gradients([([1.0, 1.0], variables[0]), ([1.0, 1.0, 1.0], variables[1])])
    return optimizer, variables


def test_wrong_shape_changes_nothing(trained: Any) -> None:
    optimizer, (a, b) = trained
    message = nothing_changes(
        optimizer, [a, b], lambda: optimizer.apply([xg.ones(2), xg.ones(2)], [a, b])
    )
    assert "(2,) float64 on cpu must have the shape (3,) of b (3,) float64 on cpu" in message


def test_shapes_do_not_broadcast(trained: Any) -> None:
    optimizer, (a, b) = trained
    nothing_changes(optimizer, [a, b], lambda: optimizer.apply([xg.ones(2), 1.0], [a, b]))


def test_wrong_device_changes_nothing(trained: Any) -> None:
    optimizer, (a, b) = trained
    g = xg.ones(3, device="array_api_strict:device1")
    message = nothing_changes(optimizer, [a, b], lambda: optimizer.apply([xg.ones(2), g], [a, b]))
    assert "array_api_strict:device1" in message


def test_complex_gradient_of_a_real_variable_changes_nothing(trained: Any) -> None:
    optimizer, (a, b) = trained
    g = xg.asarray([1j, 1j, 1j])
    nothing_changes(optimizer, [a, b], lambda: optimizer.apply([xg.ones(2), g], [a, b]))


def test_failing_constraint_changes_nothing(trained: Any) -> None:
    optimizer, (a, b) = trained
    b.constraint = lambda w: w[:1]
    message = nothing_changes(
        optimizer, [a, b], lambda: optimizer.apply([xg.ones(2), xg.ones(3)], [a, b])
    )
    assert "constraint of b" in message


def test_failing_learning_rate_changes_nothing(trained: Any) -> None:
    optimizer, (a, b) = trained
    before = a.numpy()
    optimizer.learning_rate = lambda step: [0.1, 0.2, 0.3][step + 2]
    with pytest.raises(IndexError):
        optimizer.apply([xg.ones(2), xg.ones(3)], [a, b])
    close(a, before)


def test_failing_step_makes_no_slots() -> None:
    optimizer = SGD(0.1, momentum=0.9)
    a, b = xg.Variable([1.0]), xg.Variable([1.0, 2.0])
    with pytest.raises(xg.errors.ShapeError):
        optimizer.apply([[1.0], [1.0]], [a, b])
    assert len(optimizer.variables) == 1


def test_warning_turned_error_changes_nothing(trained: Any) -> None:
    optimizer, (a, b) = trained
    with warnings.catch_warnings(), xg.GradientTape() as tape:
        warnings.simplefilter("error")
        tape.watch([a, b])
        nothing_changes(
            optimizer, [a, b], lambda: optimizer.apply([xg.ones(2), xg.ones(3)], [a, b])
        )


# -- constraints and slots -------------------------------------------------------------------------


def test_constraint_is_applied_after_the_update() -> None:
    w = xg.Variable([1.0, -1.0], constraint=lambda w: xg.maximum(w, 0.5))
    optimizer = SGD(1.0, momentum=0.5)
    optimizer.apply_gradients([([0.25, 0.0], w)])
    close(w, [0.75, 0.5])
    close(optimizer.variables[1], [-0.25, 0.0])


def test_slots_are_made_when_a_variable_is_first_seen() -> None:
    a, b = xg.Variable([1.0], name="a"), xg.Variable([1.0, 2.0], name="b")
    optimizer = SGD(0.1, momentum=0.9)
    assert [v.name for v in optimizer.variables] == ["iterations"]
    optimizer.apply_gradients([([1.0], a)])
    optimizer.apply_gradients([([1.0, 1.0], b)])
    assert [v.name for v in optimizer.variables] == ["iterations", "a/momentum", "b/momentum"]
    assert not any(v.trainable for v in optimizer.variables)


def test_plain_sgd_keeps_no_slots() -> None:
    w = xg.Variable([1.0])
    optimizer = SGD(0.1)
    optimizer.apply_gradients([([1.0], w)])
    assert len(optimizer.variables) == 1


def test_iterations_live_on_the_host(device: str) -> None:
    w = xg.Variable([1.0], device=device)
    optimizer = SGD(0.1, momentum=0.9)
    optimizer.minimize(lambda: xg.sum(w**2))
    assert str(optimizer.iterations.device) == "cpu"
    assert str(optimizer.variables[1].device) == device


# -- learning rate ---------------------------------------------------------------------------------


def test_integer_learning_rate_is_fine() -> None:
    w = xg.Variable([3.0])
    SGD(learning_rate=1).apply_gradients([([1.0], w)])
    close(w, [2.0])


def test_learning_rate_can_be_set() -> None:
    w = xg.Variable([3.0])
    optimizer = SGD(0.1)
    optimizer.learning_rate = 2
    optimizer.apply_gradients([([1.0], w)])
    close(w, [1.0])
    assert optimizer.learning_rate == 2.0


def test_callable_learning_rate_is_given_the_steps_so_far() -> None:
    seen: list[int] = []

    def schedule(step: int) -> xg.Tensor:
        seen.append(step)
        return xg.asarray(0.5) / (1 + step)

    w = xg.Variable([3.0])
    optimizer = SGD(schedule)
    optimizer.apply_gradients([([1.0], w)])
    optimizer.apply_gradients([([1.0], w)])
    assert seen == [0, 1]
    close(w, [2.25])
    assert optimizer.learning_rate == pytest.approx(0.5 / 3)


@pytest.mark.parametrize("value", ["0.1", None, True, [0.1], 1j], ids=str)
def test_learning_rate_of_another_type_is_an_error(value: Any) -> None:
    with pytest.raises(xg.errors.ArgumentTypeError, match="learning_rate"):
        SGD(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_learning_rate_must_be_finite(value: float) -> None:
    with pytest.raises(xg.errors.ArgumentError, match="finite"):
        SGD().learning_rate = value


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_momentum_outside_0_and_1_is_an_error(value: float) -> None:
    with pytest.raises(xg.errors.ArgumentError, match="momentum"):
        SGD(momentum=value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lr", "learning_rate"),
        ("clip_norm", "clipnorm"),
        ("use_EMA", "use_ema"),
        ("decay", "weight"),
        ("momentun", "momentum"),
        ("nestrov", "nesterov"),
        ("ema_momentun", "ema_momentum"),
    ],
)
def test_unknown_argument_is_an_error_that_names_what_was_meant(name: str, hint: str) -> None:
    with pytest.raises(
        TypeError, match=f"unexpected keyword argument '{name}'. Did you mean {hint}"
    ):
        SGD(**{name: 0.1})  # type: ignore[arg-type]


def test_momentum_is_not_taken_for_that_of_averages() -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'momentum'\.$"):
        xg.optimizers.Adam(momentum=0.9)  # type: ignore[call-arg]


# -- bad pairs -------------------------------------------------------------------------------------


def test_what_is_no_list_of_pairs_is_an_error() -> None:
    with pytest.raises(xg.errors.ArgumentTypeError, match="grads_and_vars must be a list of pairs"):
        SGD().apply_gradients(None)  # type: ignore[arg-type]


def test_tensor_in_place_of_a_variable_is_an_error() -> None:
    with pytest.raises(xg.errors.ArgumentTypeError, match="must be a Variable, but is a Tensor"):
        SGD().apply_gradients([(xg.ones(1), xg.ones(1))])


def test_swapped_pair_is_an_error_that_says_so() -> None:
    with pytest.raises(xg.errors.ArgumentTypeError, match="gradient comes first"):
        SGD().apply_gradients([(xg.Variable([1.0]), xg.ones(1))])


def test_gradient_that_is_no_pair_is_an_error() -> None:
    with pytest.raises(xg.errors.ArgumentError, match="zip"):
        SGD().apply_gradients([xg.ones(1)])


def test_integer_variable_is_an_error() -> None:
    with pytest.raises(xg.errors.DTypeError, match="int64"):
        SGD().apply_gradients([(1, xg.Variable(1))])


# -- state -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", CASES)
def test_state_dict_round_trip(arguments: dict[str, Any], device: str) -> None:
    w = xg.Variable(W0, device=device)
    first = SGD(**arguments)
    for _ in range(4):
        first.minimize(lambda: quadratic(w))
    state = first.state_dict()
    first.minimize(lambda: quadratic(w))  # what was saved does not move

    w = xg.Variable(expected(4, **arguments), device=device)
    second = SGD(**arguments)
    second.load_state_dict(state)
    for _ in range(6):
        second.minimize(lambda: quadratic(w))
    close(w, expected(10, **arguments))
    assert int(second.iterations) == 10


def test_state_dict_moves_to_another_device() -> None:
    first = SGD(0.1, momentum=0.9)
    first.apply_gradients([([1.0], xg.Variable([1.0], device="array_api_strict:device1"))])
    second = SGD(0.1, momentum=0.9)
    w = xg.Variable([1.0])
    second.build([w])
    second.load_state_dict(first.state_dict())
    assert str(second.variables[1].device) == "cpu"
    close(second.variables[1], [-0.1])


def test_loaded_slots_wait_for_their_variables() -> None:
    first = SGD(0.1, momentum=0.9)
    a, b = xg.Variable([1.0]), xg.Variable([1.0, 2.0])
    first.apply([[1.0], [1.0, 2.0]], [a, b])
    second = SGD(0.1, momentum=0.9)
    second.load_state_dict(first.state_dict())
    assert [x.shape for x in second.state_dict()["momentum"]] == [(1,), (2,)]
    second.apply_gradients([([0.0], a)])
    second.apply_gradients([([0.0, 0.0], b)])
    close(second.variables[1], [-0.09])
    close(second.variables[2], [-0.09, -0.18])


def test_state_dict_restores_the_learning_rate() -> None:
    first, second = SGD(0.1), SGD(0.5)
    second.load_state_dict(first.state_dict())
    assert second.learning_rate == 0.1


@pytest.mark.parametrize(
    ("state", "message"),
    [
        pytest.param(None, "state_dict must be a dict, but is a NoneType", id="None"),
        pytest.param({"iterations": 1}, "must have", id="missing slots"),
        pytest.param({"iterations": 1, "momentum": {}}, "momentum must be a list", id="dict"),
        pytest.param({"iterations": 1, 2: []}, "but has ['2', 'iterations']", id="numbers"),
        pytest.param({"iterations": 1, "momentum": []}, "has seen 2", id="too few"),
        pytest.param(
            {"iterations": 1, "momentum": [np.ones(2), np.ones(2)]}, "does not fit b", id="shape"
        ),
    ],
)
def test_state_of_another_optimizer_changes_nothing(
    trained: Any, state: dict[str, Any], message: str
) -> None:
    optimizer, variables = trained
    assert message in nothing_changes(
        optimizer, variables, lambda: optimizer.load_state_dict(state)
    )


def test_state_dict_over_a_list_is_a_pure_state(trained: Any) -> None:
    optimizer, variables = trained
    grads = [xg.ones(2), xg.ones(3)]
    params, _ = optimizer.update(grads, optimizer.state_dict(), variables)
    optimizer.apply(grads, variables)
    assert [p.tolist() for p in params] == [v.tolist() for v in variables]


@pytest.mark.parametrize("arguments", CASES)
def test_config_round_trip(arguments: dict[str, Any]) -> None:
    optimizer = SGD.from_config(SGD(**arguments).get_config())
    found = optimizer.get_config()
    assert found == SGD(**arguments).get_config()
    assert found.items() >= {"momentum": 0.0, "nesterov": False, **arguments}.items()


def test_repr_can_be_evaluated() -> None:
    assert repr(SGD(0.1, momentum=0.9)) == ("SGD(learning_rate=0.1, momentum=0.9, nesterov=False)")


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_keep_variables_and_slots_together(trained: Any, duplicate: Any) -> None:
    optimizer, variables = duplicate(trained)
    optimizer.apply([xg.zeros(2), xg.zeros(3)], variables)
    assert len(optimizer.variables) == 3
    close(optimizer.variables[1], [-0.09, -0.09])


# -- pure update -----------------------------------------------------------------------------------


def test_pure_update_is_differentiable() -> None:
    optimizer = SGD(0.25, momentum=0.5)
    w = xg.asarray([1.0, 2.0])
    state = optimizer.init(w)
    with xg.GradientTape() as outer:
        outer.watch(w)
        with xg.GradientTape() as tape:
            tape.watch(w)
            loss = xg.sum(w**3)
        new, _ = optimizer.update(tape.gradient(loss, w), state, w)
        total = xg.sum(new)
    close(outer.gradient(total, w), 1 - 0.25 * 6 * w.numpy())


def test_pure_update_of_another_structure_is_an_error() -> None:
    optimizer = SGD(0.1)
    params = {"a": xg.ones(2)}
    with pytest.raises(xg.errors.ArgumentError, match="structure of params"):
        optimizer.update([xg.ones(2)], optimizer.init(params), params)


def test_pure_update_of_a_wrong_shape_names_the_leaf() -> None:
    optimizer = SGD(0.1)
    params = [xg.ones(2), xg.ones(3)]
    with pytest.raises(xg.errors.ShapeError, match="leaf 1 of params"):
        optimizer.update([xg.ones(2), xg.ones(2)], optimizer.init(params), params)


def test_pure_update_takes_raw_arrays() -> None:
    optimizer = SGD(0.5)
    params = [np.ones(2)]
    [w], _ = optimizer.update([np.ones(2)], optimizer.init(params), params)
    close(w, [0.5, 0.5])
    assert params[0].tolist() == [1.0, 1.0]


def test_step_touches_no_array_that_others_hold() -> None:
    w = xg.Variable([1.0, 2.0])
    held = w.array
    SGD(0.5, momentum=0.9).apply_gradients([([1.0, 1.0], w)])
    assert held.tolist() == [1.0, 2.0]
