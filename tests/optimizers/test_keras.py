"""Ten steps of every optimizer and option equal Keras 3's, to 1e-5.

Keras turns a number such as 0.999 into float32 first, so that 1 - 0.999 is wrong by 5e-5 of itself:
that limits what can be asked for, and the learning rate is small for it. Muon works with float32
variables only. ScheduleFreeAdamW is left out: on TensorFlow, Keras reads a momentum that it has
already changed (on JAX it takes the steps of the paper, and so of test_recurrences.py).
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest
from optimizer_cases import ALL, IDS

import xgrad as xg

RNG = np.random.default_rng(8)
VALUES = [RNG.normal(size=(3, 4)), RNG.normal(size=5)]
SLOPES = [RNG.uniform(0.5, 2.0, size=w.shape) for w in VALUES]
CASES = [
    pytest.param(kind, arguments, id=name)
    for (kind, arguments), name in zip(ALL, IDS, strict=True)
    if kind != "ScheduleFreeAdamW"
]


@pytest.fixture(scope="module")
def keras() -> Any:
    """Import Keras on TensorFlow, which takes seconds and warns."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("keras", reason="keras is not installed")
    if module.backend.backend() != "tensorflow":
        pytest.skip("keras does not run on tensorflow here")
    return module


def gradient(call: int, i: int, w: np.ndarray) -> np.ndarray:
    return SLOPES[i] * w + np.sin(call + 3 * i)


def trained(optimizer: Any, variables: list[Any], dtype: str) -> list[np.ndarray]:
    for call in range(10):
        grads = [gradient(call, i, np.asarray(v)).astype(dtype) for i, v in enumerate(variables)]
        optimizer.apply(grads, variables)
    return [np.asarray(v) for v in variables]


@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_ten_steps_equal_those_of_keras(keras: Any, kind: str, arguments: dict[str, Any]) -> None:
    dtype = "float32" if kind == "Muon" else "float64"
    arguments = {"learning_rate": 0.01, **arguments}
    theirs = trained(
        getattr(keras.optimizers, kind)(**arguments),
        [keras.Variable(w, dtype=dtype) for w in VALUES],
        dtype,
    )
    ours = trained(
        getattr(xg.optimizers, kind)(**arguments),
        [xg.Variable(w, dtype=dtype) for w in VALUES],
        dtype,
    )
    for x, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x, expected, rtol=1e-5, atol=1e-6)


SCHEDULES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
    (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True},
    ),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
    (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True},
    ),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 11}),
    (
        "PolynomialDecay",
        {
            "initial_learning_rate": 0.1,
            "decay_steps": 11,
            "end_learning_rate": 0.01,
            "power": 2.0,
            "cycle": True,
        },
    ),
    ("PiecewiseConstantDecay", {"boundaries": [5, 10], "values": [0.1, 0.01, 0.001]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 13, "alpha": 0.1}),
    (
        "CosineDecay",
        {
            "initial_learning_rate": 0.01,
            "decay_steps": 13,
            "warmup_target": 0.1,
            "warmup_steps": 6,
        },
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 5}),
    (
        "CosineDecayRestarts",
        {
            "initial_learning_rate": 0.1,
            "first_decay_steps": 5,
            "t_mul": 1.0,
            "m_mul": 0.5,
            "alpha": 0.1,
        },
    ),
]


@pytest.mark.parametrize(("kind", "arguments"), SCHEDULES)
def test_schedules_equal_those_of_keras(keras: Any, kind: str, arguments: dict[str, Any]) -> None:
    theirs = getattr(keras.optimizers.schedules, kind)(**arguments)
    ours = getattr(xg.optimizers.schedules, kind)(**arguments)
    # Where a cosine begins again, rounding in Keras's float32 decides which side it is on.
    steps = [s for s in range(40) if kind != "CosineDecayRestarts" or s not in (15, 35)]
    expected = [float(theirs(s)) for s in steps]
    np.testing.assert_allclose([ours(s) for s in steps], expected, rtol=1e-5, atol=1e-8)


def test_configs_of_keras_make_optimizers(keras: Any) -> None:
    names = ["SGD", "Adam", "AdamW", "Adamax", "Nadam", "Lamb", "Adagrad", "Adadelta", "RMSprop"]
    for name in [*names, "Ftrl", "Lion", "Adafactor", "Muon", "ScheduleFreeAdamW"]:
        config = getattr(keras.optimizers, name)().get_config()
        config["learning_rate"] = float(config["learning_rate"])
        ours = getattr(xg.optimizers, name).from_config(config).get_config()
        default = getattr(xg.optimizers, name)().get_config()
        different = {k for k in default if ours[k] != default[k]} - {"learning_rate", "name"}
        assert different == set(), name
