"""What all optimizers share: clipping, decay, averages, accumulation, scaling, skipping, groups.

That ten steps with them are right is tested in test_recurrences.py and test_keras.py; here is what
those cannot see: what is kept, what is counted, what goes wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optimizer_cases import CASES, OPTIONS

import xgrad as xg
from xgrad.optimizers import SGD, Adam, AdamW, Lamb, Muon

LARGE = 200_000  # taken block by block


def variable(*values: float, name: str = "w") -> xg.Variable:
    return xg.Variable(list(values), name=name)


# -- bad arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learning_rate": -1.0}, "learning_rate must not be negative, but is -1.0"),
        ({"learning_rate": np.float32(-1.0)}, "learning_rate must not be negative"),
        ({"learning_rate": float("nan")}, "learning_rate must be finite"),
        ({"clipnorm": -1.0}, "clipnorm must be positive"),
        ({"clipnorm": 0.0}, "clipnorm must be positive"),
        ({"clipvalue": float("nan")}, "clipvalue must be finite"),
        ({"global_clipnorm": "1"}, "global_clipnorm must be a number"),
        ({"weight_decay": -0.1}, "weight_decay must be positive"),
        ({"loss_scale_factor": 0.0}, "loss_scale_factor must be positive"),
        ({"use_ema": True, "ema_momentum": 1.5}, "ema_momentum must be between 0 and 1"),
        ({"ema_overwrite_frequency": 0}, "ema_overwrite_frequency must be at least 1"),
        ({"ema_overwrite_frequency": 1.5}, "ema_overwrite_frequency must be an integer"),
        ({"gradient_accumulation_steps": 0}, "must be at least 1, but is 0. Use None for none."),
        ({"groups": {"w": 1}}, "groups must be a function"),
        ({"beta_1": 1.0}, "beta_1 must be at least 0 and below 1"),
        ({"epsilon": -1e-7}, "epsilon must not be negative"),
        ({"clip_norm": 1.0}, "unexpected keyword argument 'clip_norm'. Did you mean clipnorm?"),
        ({"lr": 1.0}, "Did you mean learning_rate?"),
        ({"betas": (0.9, 0.99)}, "Did you mean beta_1 and beta_2?"),
        ({"eps": 1e-8}, "Did you mean epsilon?"),
        ({"beta1": 1.0}, "Did you mean beta_1?"),
        ({"amsgrd": True}, "Did you mean amsgrad?"),
    ],
    ids=str,
)
def test_bad_argument_is_an_error_that_names_it(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError)) as error:
        Adam(**arguments)
    assert message in str(error.value)


def test_negative_learning_rate_is_refused_where_it_is_set_or_loaded() -> None:
    optimizer = SGD(0.1)
    with pytest.raises(xg.errors.ArgumentError, match="learning_rate must not be negative"):
        optimizer.learning_rate = -0.1
    with pytest.raises(xg.errors.ArgumentError, match="learning_rate must not be negative"):
        SGD.from_config({"learning_rate": -0.1})
    assert optimizer.learning_rate == 0.1


@pytest.mark.parametrize(
    "rate", [lambda _step: -0.5, xg.Variable(-0.5)], ids=["function", "Variable"]
)
def test_computed_learning_rate_may_be_negative(rate: Any) -> None:
    w = variable(1.0)
    SGD(rate).apply([[1.0]], [w])
    [new], _ = SGD(rate).update([np.ones(1)], SGD(rate).init([np.ones(1)]), [np.ones(1)])
    assert w.tolist() == new.tolist() == [1.5]


def test_adamw_without_decay_is_an_error() -> None:
    with pytest.raises(ValueError, match="weight_decay must be a number"):
        AdamW(weight_decay=None)  # type: ignore[arg-type]


# -- clipping --------------------------------------------------------------------------------------


def test_global_norm_is_that_of_all_gradients_together() -> None:
    a, b = variable(0.0), variable(0.0)
    SGD(1.0, global_clipnorm=1.0).apply([[3.0], [4.0]], [a, b])
    assert (a.tolist(), b.tolist()) == (pytest.approx([-0.6]), pytest.approx([-0.8]))


def test_norms_are_clipped_after_unscaling() -> None:
    w = variable(0.0)
    SGD(1.0, clipnorm=1.0, loss_scale_factor=100.0).apply([[50.0]], [w])
    assert w.tolist() == [-0.5]


def test_global_norm_of_float16_does_not_overflow() -> None:
    w = xg.Variable([0.0, 0.0], dtype="float16")
    SGD(1.0, global_clipnorm=1.0).apply([np.array([300.0, 400.0], "float16")], [w])
    np.testing.assert_allclose(w.numpy(), [-0.6, -0.8], rtol=1e-3)


def test_infinite_gradient_makes_all_clipped_ones_nan() -> None:
    a, b = variable(0.0), variable(0.0)
    SGD(1.0, global_clipnorm=1.0).apply([[np.inf], [1.0]], [a, b])
    assert np.isnan([a.numpy(), b.numpy()]).all()


def test_clipvalue_of_complex_gradients_is_an_error() -> None:
    w = xg.Variable([1j])
    with pytest.raises(xg.errors.DTypeError, match="clipvalue bounds real elements"):
        SGD(clipvalue=1.0).apply([[1j]], [w])


def test_clipping_across_devices() -> None:
    a = variable(0.0)
    b = xg.Variable([0.0], device="array_api_strict:device1")
    grads = [xg.asarray([3.0]), xg.asarray([4.0], device="array_api_strict:device1")]
    SGD(1.0, global_clipnorm=1.0).apply(grads, [a, b])
    np.testing.assert_allclose([a.numpy(), b.numpy()], [[-0.6], [-0.8]])


@pytest.mark.parametrize("option", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_options_may_be_changed_later(option: str) -> None:
    w = variable(0.0)
    optimizer = SGD(1.0)
    setattr(optimizer, option, 0.5)
    optimizer.apply([[2.0]], [w])
    assert w.tolist() == [-0.5]


# -- weight decay ----------------------------------------------------------------------------------


def test_weight_decay_is_decoupled() -> None:
    w = variable(2.0)
    Adam(0.1, weight_decay=0.5).apply([[0.0]], [w])
    assert w.tolist() == pytest.approx([2.0 * (1 - 0.1 * 0.5)])


@pytest.mark.parametrize(
    "excluded",
    [
        {"var_list": "bias"},
        {"var_names": ["bias"]},
        {"var_names": "^bi"},
        {"var_names": ["x", "s$"]},
    ],
    ids=str,
)
def test_what_is_excluded_does_not_decay(excluded: dict[str, Any]) -> None:
    kernel, bias = variable(1.0, name="kernel"), variable(1.0, name="bias")
    if "var_list" in excluded:
        excluded = {"var_list": [bias]}
    optimizer = SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(**excluded)
    optimizer.apply([[0.0], [0.0]], [kernel, bias])
    assert (kernel.tolist(), bias.tolist()) == ([0.5], [1.0])


def test_exclusion_holds_in_pure_steps() -> None:
    kernel, bias = variable(1.0, name="kernel"), variable(1.0, name="bias")
    optimizer = SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    params = [kernel, bias]
    new, _ = optimizer.update([xg.zeros(1), xg.zeros(1)], optimizer.init(params), params)
    assert [p.tolist() for p in new] == [[0.5], [1.0]]


def test_muon_decays_matrices_and_others_separately() -> None:
    matrix, vector = xg.Variable([[1.0]]), variable(1.0)
    optimizer = Muon(1.0, weight_decay=0.5, adam_weight_decay=0.25)
    optimizer.apply([[[0.0]], [0.0]], [matrix, vector])
    assert (matrix.tolist(), vector.tolist()) == ([[0.5]], [0.75])


@pytest.mark.parametrize("name", ["Embedding", "my_embedding_1", "head"])
def test_muon_leaves_embeddings_and_excluded_layers_to_adam(name: str) -> None:
    w = xg.Variable(np.eye(2), name=name)
    plain = xg.Variable(np.eye(2), name="kernel")
    optimizer = Muon(exclude_layers=["he.d"])
    optimizer.apply([np.eye(2), np.eye(2)], [w, plain])
    assert optimizer.get_slot(w, "velocity") is not None
    assert optimizer.get_slot(plain, "velocity") is None


# -- averages --------------------------------------------------------------------------------------


def test_average_begins_with_the_first_value_and_follows() -> None:
    w = variable(4.0)
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.75)
    for _ in range(2):
        optimizer.apply([[1.0]], [w])
    assert optimizer.get_slot(w, "average").tolist() == [0.75 * 3.0 + 0.25 * 2.0]  # type: ignore[union-attr]
    assert w.tolist() == [2.0]
    optimizer.finalize_variable_values([w])
    assert w.tolist() == [2.75]


def test_average_becomes_the_value_at_the_frequency() -> None:
    w = variable(4.0)
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    optimizer.apply([[1.0]], [w])
    optimizer.apply([[1.0]], [w])
    assert w.tolist() == [2.5]


def test_finalize_without_averages_changes_nothing() -> None:
    w = variable(4.0)
    SGD().finalize_variable_values([w])
    assert w.tolist() == [4.0]


# -- accumulation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, LARGE])
def test_accumulated_steps_follow_the_mean(size: int) -> None:
    start = np.linspace(-1.0, 1.0, size)
    w, v = xg.Variable(start), xg.Variable(start)
    accumulating, plain = Adam(0.1, gradient_accumulation_steps=2), Adam(0.1)
    for _ in range(3):
        accumulating.apply([start], [w])
        np.testing.assert_array_equal(w.numpy(), v.numpy())
        accumulating.apply([3.0 * start], [w])
        plain.apply([2.0 * start], [v])
        np.testing.assert_allclose(w.numpy(), v.numpy(), rtol=1e-12)
    assert int(accumulating.iterations) == 3


def test_a_variable_without_gradient_keeps_what_it_accumulated() -> None:
    a, b = variable(0.0, name="a"), variable(0.0, name="b")
    optimizer = SGD(1.0, gradient_accumulation_steps=2)
    optimizer.apply([[1.0], [1.0]], [a, b])
    with pytest.warns(UserWarning, match="'b'"):
        optimizer.apply([[1.0], None], [a, b])
    assert (a.tolist(), b.tolist()) == ([-1.0], [0.0])
    optimizer.apply([[0.0], [0.0]], [a, b])
    optimizer.apply([[0.0], [0.0]], [a, b])
    assert (a.tolist(), b.tolist()) == ([-1.0], [-0.5])


def test_global_step_counts_steps_not_gradients() -> None:
    w, global_step = variable(0.0), xg.Variable(0, trainable=False)
    optimizer = SGD(gradient_accumulation_steps=2)
    for _ in range(5):
        optimizer.apply_gradients([([1.0], w)], global_step)
    assert int(global_step) == 2


# -- scaling ---------------------------------------------------------------------------------------


def test_minimize_scales_and_unscales() -> None:
    w = variable(3.0)
    loss = SGD(0.5, loss_scale_factor=1024.0).minimize(lambda: xg.sum(w**2))
    assert (float(loss), w.tolist()) == (9.0, [0.0])


def test_compute_gradients_gives_scaled_ones_and_apply_divides() -> None:
    w = variable(3.0)
    optimizer = SGD(0.5, loss_scale_factor=4.0)
    pairs = optimizer.compute_gradients(lambda: xg.sum(w**2), [w])
    assert pairs[0][0].tolist() == [24.0]
    optimizer.apply_gradients(pairs)
    assert w.tolist() == [0.0]


def test_scale_loss_serves_tapes_of_ones_own() -> None:
    w = variable(3.0)
    optimizer = SGD(0.5, loss_scale_factor=4.0)
    with xg.GradientTape() as tape:
        loss = optimizer.scale_loss(xg.sum(w**2))
    optimizer.apply(tape.gradient(loss, [w]), [w])
    assert w.tolist() == [0.0]


def test_scaling_saves_small_gradients_of_float16() -> None:
    w = xg.Variable([1.0], dtype="float32")

    def loss() -> xg.Tensor:
        return xg.sum(xg.astype(w, "float16") * 1e-5) * 1e-3  # 1e-8 is 0 in float16

    for scale, moves in ((None, False), (32768.0, True)):
        w.assign([1.0])
        SGD(1e5, loss_scale_factor=scale).minimize(loss, [w])
        assert (w.tolist() != [1.0]) is moves


# -- skipping --------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("size", [3, LARGE])
def test_a_step_that_is_not_finite_is_skipped_and_counted(bad: float, size: int) -> None:
    a, b = xg.Variable(np.ones(size)), variable(1.0)
    optimizer = Adam(skip_nonfinite=True)
    good = np.ones(size)
    spoilt = good.copy()
    spoilt[-1] = bad
    optimizer.apply([good, [1.0]], [a, b])
    before = [v.numpy() for v in (a, b, *optimizer.variables) if v.name != "skipped"]
    optimizer.apply([spoilt, [1.0]], [a, b])
    after = [v.numpy() for v in (a, b, *optimizer.variables) if v.name != "skipped"]
    assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))
    assert optimizer.skipped == 1
    optimizer.apply([good, [1.0]], [a, b])
    assert (optimizer.skipped, int(optimizer.iterations)) == (1, 2)


def test_large_finite_gradients_are_not_skipped() -> None:
    w = variable(1.0)
    optimizer = SGD(1e-300, skip_nonfinite=True)
    optimizer.apply([[1e300]], [w])  # its square is infinite
    assert (w.tolist(), optimizer.skipped) == ([0.0], 0)


def test_skipping_in_pure_steps() -> None:
    optimizer = Adam(0.1, skip_nonfinite=True)
    params = [xg.ones(2)]
    state = optimizer.init(params)
    params, state = optimizer.update([xg.ones(2)], state, params)
    same, skipped = optimizer.update([np.array([1.0, np.nan])], state, params)
    assert same[0].tolist() == params[0].tolist()
    assert (int(skipped["skipped"]), int(skipped["iterations"])) == (1, 1)
    assert skipped["momentum"][0].tolist() == state["momentum"][0].tolist()


def test_skipping_forgets_what_accumulated() -> None:
    w = variable(0.0)
    optimizer = SGD(1.0, skip_nonfinite=True, gradient_accumulation_steps=2)
    for g in (np.nan, 1.0, 1.0, 3.0):
        optimizer.apply([[g]], [w])
    assert (w.tolist(), optimizer.skipped) == ([-2.0], 1)


# -- groups ----------------------------------------------------------------------------------------


def test_groups_change_arguments_by_variable() -> None:
    kernel = xg.Variable([[1.0]], name="kernel")
    bias, head = variable(1.0, name="bias"), variable(1.0, name="head")

    def groups(v: xg.Variable) -> dict[str, Any] | None:
        if v.ndim == 2:
            return None
        if v.name == "head":
            return {"learning_rate": 0.25}
        return {"weight_decay": 0.0, "learning_rate_multiplier": 2.0}

    optimizer = SGD(0.5, weight_decay=0.5, groups=groups)
    optimizer.apply([[[1.0]], [1.0], [1.0]], [kernel, bias, head])
    assert kernel.tolist() == [[0.75 - 0.5]]
    assert bias.tolist() == [0.0]
    assert head.tolist() == [0.875 - 0.25]


def test_groups_change_the_optimizers_own_arguments() -> None:
    a, b = variable(1.0, name="a"), variable(1.0, name="b")
    optimizer = Adam(0.1, groups=lambda v: {"beta_1": 0.0} if v.name == "b" else {})
    for g in ([1.0], [-1.0]):
        optimizer.apply([g, g], [a, b])
    alone = variable(1.0)
    other = Adam(0.1, beta_1=0.0)
    for g in ([1.0], [-1.0]):
        other.apply([g], [alone])
    assert b.tolist() == alone.tolist() != a.tolist()


def test_groups_hold_in_pure_steps() -> None:
    optimizer = SGD(0.5, groups=lambda v: {"learning_rate_multiplier": 0.0} if v.ndim < 2 else None)
    params = {"kernel": xg.ones((1, 1)), "bias": xg.ones(1)}
    new, _ = optimizer.update(params, optimizer.init(params), params)
    assert (new["kernel"].tolist(), new["bias"].tolist()) == ([[0.5]], [1.0])


def test_group_follows_the_optimizers_learning_rate() -> None:
    w = variable(1.0)
    optimizer = SGD(1.0, groups=lambda _: {"weight_decay": 0.5})
    optimizer.learning_rate = 0.5
    optimizer.apply([[0.0]], [w])
    assert w.tolist() == [0.75]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (lambda _: {"clipnorm": 1.0}, "cannot differ between variables of a Adam"),
        (lambda _: {"amsgrad": True}, "Use two optimizers"),
        (lambda _: 0.1, "must return a dict"),
    ],
)
def test_bad_group_is_an_error_and_changes_nothing(groups: Any, message: str) -> None:
    w = variable(1.0)
    with pytest.raises((ValueError, TypeError), match=message):
        Adam(groups=groups).apply([[1.0]], [w])
    assert w.tolist() == [1.0]


# -- sparse gradients ------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "arguments"), [*CASES, *[("Adam", o) for o in OPTIONS]])
def test_repeated_rows_take_the_step_of_the_dense_gradient(
    kind: str, arguments: dict[str, Any]
) -> None:
    rng = np.random.default_rng(12)
    start = rng.normal(size=(6, 3))
    sparse, dense = xg.Variable(start), xg.Variable(start)
    make = lambda: getattr(xg.optimizers, kind)(0.05, **arguments)
    one, other = make(), make()
    for _ in range(4):
        rows = xg.IndexedSlices(rng.normal(size=(5, 3)), rng.integers(0, 4, size=5), (6, 3))
        one.apply([rows], [sparse])
        other.apply([rows.numpy()], [dense])
    np.testing.assert_allclose(sparse.numpy(), dense.numpy(), rtol=1e-14)


# -- configuration and state -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SGD, Adam, Lamb, Muon])
def test_config_holds_every_option(kind: Any) -> None:
    arguments = {
        "learning_rate": 0.25,
        "weight_decay": 0.5,
        "global_clipnorm": 2.0,
        "use_ema": True,
        "ema_momentum": 0.5,
        "ema_overwrite_frequency": 3,
        "loss_scale_factor": 4.0,
        "gradient_accumulation_steps": 2,
        "skip_nonfinite": True,
        "name": "mine",
    }
    config = kind(**arguments).get_config()
    assert config.items() >= arguments.items()
    assert kind.from_config(config).get_config() == config


def test_what_a_config_lacks_has_its_default() -> None:
    assert repr(Adam.from_config({"beta_1": 0.8})) == repr(Adam(beta_1=0.8))
    assert repr(SGD.from_config({})) == repr(SGD())


def test_config_of_another_optimizer_is_an_error() -> None:
    with pytest.raises(xg.errors.ArgumentTypeError, match="unexpected keyword argument 'foo'"):
        SGD.from_config({"foo": 1})
    with pytest.raises(xg.errors.ArgumentTypeError, match="config must be a dict, but is a NoneT"):
        SGD.from_config(None)  # type: ignore[arg-type]


def test_config_of_a_schedule_is_plain_data() -> None:
    import json

    schedules = xg.optimizers.schedules
    schedule = schedules.LinearWarmup(schedules.CosineDecay(0.1, 20), 5)
    config = json.loads(json.dumps(SGD(schedule).get_config()))
    again = SGD.from_config(config)
    assert isinstance(again._rate, schedules.LinearWarmup)
    assert [again._rate(step) for step in range(30)] == [schedule(step) for step in range(30)]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"gradient_accumulation_steps": 3, "use_ema": True, "ema_overwrite_frequency": 2},
        {"skip_nonfinite": True, "weight_decay": 0.1},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["Adam", "Nadam", "Adafactor", "Muon", "Ftrl", "RMSprop"])
def test_a_run_that_is_resumed_goes_on_bit_for_bit(kind: str, arguments: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    start = [rng.normal(size=(3, 2)), rng.normal(size=4)]
    grads = [[rng.normal(size=w.shape) for w in start] for _ in range(9)]
    make = lambda: getattr(xg.optimizers, kind)(0.05, **arguments)

    whole, variables = make(), [xg.Variable(w) for w in start]
    for g in grads:
        whole.apply(g, variables)

    first, before = make(), [xg.Variable(w) for w in start]
    for g in grads[:5]:
        first.apply(g, before)
    second, after = make(), [xg.Variable(v.numpy()) for v in before]
    second.load_state_dict(first.state_dict())
    for g in grads[5:]:
        second.apply(g, after)
    for v, w in zip(after, variables, strict=True):
        np.testing.assert_array_equal(v.numpy(), w.numpy())
    for v, w in zip(second.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(v.numpy(), w.numpy())


def test_state_of_another_optimizers_slots_is_an_error() -> None:
    w = variable(1.0)
    optimizer = Muon()
    optimizer.apply([[1.0]], [w])
    state = optimizer.state_dict()
    state["velocity"] = [None]
    with pytest.raises(ValueError, match=r"velocity of w .* is None"):
        optimizer.load_state_dict(state)
