"""The lines of the table in cases.py for the instructions that neural networks are made of.

Oracles are NumPy and SciPy; torch and TensorFlow are asked in tests/nn."""

import numpy as np
import scipy.special

import xgrad as xg


def _activations():
    yield (
        "nn.relu",
        lambda xp, x: xg.nn.relu(x) * x,
        [(2, 4)],
        {
            "domain": "distinct",
            "reference": lambda x: np.maximum(x, 0) * x,
            "analytic": False,
        },
    )
    for name in ("softmax", "log_softmax"):
        for axis in (-1, (0, 2)):
            yield (
                f"nn.{name}/axis {axis}",
                lambda xp, x, name=name, axis=axis: getattr(xg.nn, name)(x, axis=axis),
                [(2, 3, 2)],
                {
                    "reference": lambda x, name=name, axis=axis: getattr(scipy.special, name)(
                        x, axis=axis
                    ),
                    "complex": True,
                },
            )


def network_cases():
    """Every line: name, function, shapes, and what else `case` takes."""
    yield from _activations()
