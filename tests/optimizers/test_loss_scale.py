"""Dynamic loss scaling against Keras's rules, written out, and against plain steps."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import xgrad as xg
from xgrad.optimizers import SGD, Adam, LossScaleOptimizer

GOOD, BAD = [1.0, 1.0], [1.0, np.inf]


def expected(pattern: str, scale: float = 4.0, growth: int = 2) -> list[tuple[float, int, int]]:
    """Scale, good steps in a row and steps taken, after each of a pattern of good and bad steps."""
    counter = taken = 0
    found = []
    for letter in pattern:
        if letter == "b":
            scale, counter = scale / 2, 0
        else:
            taken, counter = taken + 1, counter + 1
            if counter == growth:
                scale, counter = scale * 2, 0
        found.append((scale, counter, taken))
    return found


@pytest.mark.parametrize("pattern", ["gggggg", "bbgg", "gbggbggg", "bgbgbg"])
def test_scale_follows_keras_rules(pattern: str) -> None:
    w = xg.Variable([0.0, 0.0])
    optimizer = LossScaleOptimizer(SGD(1.0), initial_scale=4.0, dynamic_growth_steps=2)
    for letter, (scale, counter, taken) in zip(pattern, expected(pattern), strict=True):
        before = float(optimizer.dynamic_scale)
        optimizer.apply([before * np.array(BAD if letter == "b" else GOOD)], [w])
        assert float(optimizer.dynamic_scale) == scale
        assert int(optimizer.step_counter) == counter
        assert int(optimizer.iterations) == taken
        assert w.tolist() == [-taken, -taken]
    assert optimizer.skipped == pattern.count("b")


@pytest.mark.parametrize("pattern", ["gggggg", "gbggbggg"])
@pytest.mark.parametrize("compiled", [False, True])
def test_pure_steps_follow_the_same_rules(pattern: str, compiled: bool) -> None:
    optimizer = LossScaleOptimizer(Adam(0.1), initial_scale=4.0, dynamic_growth_steps=2)
    other, w = Adam(0.1), xg.Variable([0.0, 0.0])
    params: Any = [xg.zeros(2)]
    state = optimizer.init(params)
    update = xg.function(optimizer.update) if compiled else optimizer.update
    for letter, (scale, counter, taken) in zip(pattern, expected(pattern), strict=True):
        g = np.array(BAD if letter == "b" else GOOD)
        scaled = [xg.asarray(g) * float(state["dynamic_scale"])]
        with np.errstate(all="ignore"):  # programs warn as NumPy does
            params, state = update(scaled, state, params)
        if letter == "g":
            other.apply([g], [w])
        assert float(state["dynamic_scale"]) == scale
        assert (int(state["step_counter"]), int(state["iterations"])) == (counter, taken)
        np.testing.assert_allclose(params[0].numpy(), w.numpy(), rtol=1e-12)


def test_minimize_scales_unscales_and_recovers() -> None:
    w = xg.Variable([0.5], dtype=xg.float32)
    optimizer = LossScaleOptimizer(SGD(0.25), initial_scale=2.0**18)
    losses = [
        float(optimizer.minimize(lambda: xg.sum(xg.astype(w, "float16") ** 2))) for _ in range(40)
    ]
    assert losses[0] == 0.25
    assert losses[-1] < 1e-6
    assert 0 < optimizer.skipped < 5


def test_steps_in_a_program() -> None:
    def run(compiled: bool) -> list[Any]:
        w = xg.Variable([0.5, 2.0])
        optimizer = LossScaleOptimizer(Adam(0.1), initial_scale=2.0**10, dynamic_growth_steps=3)
        step = lambda x: optimizer.minimize(lambda: xg.sum((w * x) ** 2), [w])
        call = xg.function(step) if compiled else step
        for x in (1.0, 2.0, 1e200, 3.0, 1.0, 1.0):
            call(xg.asarray(x))
        scale, skipped = float(optimizer.dynamic_scale), optimizer.skipped
        return [*w.tolist(), scale, skipped, int(optimizer.iterations)]

    with np.errstate(all="ignore"):
        assert run(True) == pytest.approx(run(False))


def test_the_rest_is_the_inner_optimizers() -> None:
    inner = Adam(0.1, use_ema=True)
    optimizer = LossScaleOptimizer(inner, initial_scale=2.0)
    w = xg.Variable([1.0], name="w")
    optimizer.apply([[2.0]], [w])
    assert optimizer.learning_rate == 0.1
    optimizer.learning_rate = 0.5
    assert inner.learning_rate == 0.5
    assert optimizer.iterations is inner.iterations
    assert optimizer.get_slot(w, "momentum") is inner.get_slot(w, "momentum")
    assert optimizer.get_slot_names() == ["momentum", "velocity", "average"]
    names = [v.name for v in optimizer.variables]
    assert names == ["iterations", "dynamic_scale", "step_counter", "skipped", *names[4:]]
    optimizer.finalize_variable_values([w])
    assert w.tolist() == inner.get_slot(w, "average").tolist()  # type: ignore[union-attr]


def test_state_and_config_round_trip() -> None:
    def make() -> LossScaleOptimizer:
        return LossScaleOptimizer(Adam(0.1, gradient_accumulation_steps=2), 8.0, 3)

    w, v = xg.Variable([1.0]), xg.Variable([1.0])
    first, second = make(), make()
    for g in (8.0, np.inf, 4.0, 4.0, 4.0, 8.0):
        first.apply([[g]], [w])
    second.load_state_dict(first.state_dict())
    v.assign(w)
    for optimizer, variable in ((first, w), (second, v)):
        for g in (8.0, 16.0, np.nan, 3.0):
            optimizer.apply([[g]], [variable])
    assert w.tolist() == v.tolist()
    assert float(first.dynamic_scale) == float(second.dynamic_scale)
    config = json.loads(json.dumps(first.get_config()))
    again = LossScaleOptimizer.from_config(config)
    assert again.get_config() == first.get_config()
    data = json.loads(json.dumps(xg.optimizers.serialize(first)))
    assert repr(xg.optimizers.deserialize(data)) == repr(first)


def test_inner_optimizer_that_scales_is_refused() -> None:
    with pytest.raises(ValueError, match="scaled twice"):
        LossScaleOptimizer(SGD(loss_scale_factor=2.0))
    with pytest.raises(TypeError, match="must be an Optimizer"):
        LossScaleOptimizer(SGD)  # type: ignore[arg-type]


def test_unknown_class_is_an_error_that_lists_them() -> None:
    with pytest.raises(ValueError, match=r"no optimizer 'Adan'.*Adagrad"):
        xg.optimizers.deserialize({"class_name": "Adan", "config": {}})
