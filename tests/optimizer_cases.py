"""Optimizers with arguments, for the tests that go through all of them."""

from __future__ import annotations

from typing import Any

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "beta_2": 0.75}),
    ("Adam", {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 1e-3}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.5, "amsgrad": True}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 1e-3}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 1e-3}),
    ("Lamb", {}),
    ("Lamb", {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 1e-3}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 1e-3}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.5, "epsilon": 1e-3}),
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.5, "momentum": 0.5}),
    ("RMSprop", {"centered": True, "epsilon": 1e-3}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "rho": 0.75}),
    ("Ftrl", {}),
    (
        "Ftrl",
        {
            "l1_regularization_strength": 0.5,
            "l2_regularization_strength": 0.25,
            "l2_shrinkage_regularization_strength": 0.125,
            "beta": 0.5,
        },
    ),
    ("Ftrl", {"learning_rate_power": -0.75, "initial_accumulator_value": 0.5}),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.75}),
    ("Adafactor", {}),
    ("Adafactor", {"beta_2_decay": -0.5, "epsilon_2": 0.5, "clip_threshold": 0.5}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "momentum": 0.5, "ns_steps": 2}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"warmup_steps": 4, "beta_1": 0.5}),
]

# Each with one optimizer of each make: elementwise, with norms, with parts of two kinds.
OPTIONS: list[dict[str, Any]] = [
    {"weight_decay": 0.25},
    {"clipnorm": 0.5},
    {"clipvalue": 0.25},
    {"global_clipnorm": 0.5},
    {"use_ema": True, "ema_momentum": 0.75},
    {"use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 3},
    {"loss_scale_factor": 8.0},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 2, "global_clipnorm": 0.5, "loss_scale_factor": 8.0},
    {"weight_decay": 0.25, "clipnorm": 0.5, "use_ema": True, "ema_overwrite_frequency": 2},
]
KINDS = ["SGD", "Adam", "Lamb", "Muon"]

ALL = [*CASES, *[(kind, options) for kind in KINDS for options in OPTIONS]]
IDS = [f"{kind}-{i}" for i, (kind, _) in enumerate(ALL)]
