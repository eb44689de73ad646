"""TensorFlow's functions by name: the same names, arguments, values, dtypes and gradients."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest
from tensorflow_calls import CALLS, values

import xgrad.compat.tensorflow as tf

FLOATS = ("x", "y", "p", "m", "t", "v", "image")


class TensorFlow:
    """TensorFlow's names, with those of version 1 that are no longer there."""

    def __init__(self, *places):
        self._places = places

    def all(self, path):
        """The modules of a path, in both versions."""
        if not path:
            return self._places
        return [getattr(place, path) for place in self._places if hasattr(place, path)]

    def __getattr__(self, name):
        found = [getattr(place, name) for place in self._places if hasattr(place, name)]
        if not found:
            raise AttributeError(name)
        return TensorFlow(*found) if inspect.ismodule(found[0]) else found[0]


@pytest.fixture(scope="module")
def original():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    module = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    return TensorFlow(module, module.compat.v1)


def evaluated(tf, call):
    """What a call gives, and the gradients of its real part with respect to the float operands."""
    names = {name: tf.constant(value) for name, value in values().items()}
    sources = [names[name] for name in FLOATS]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        results = eval(call, {"tf": tf, **names})
        results = [r for r in leaves(results) if r is not None]
        floats = [r for r in results if r.dtype in (tf.float32, tf.float64)]
        total = [
            tf.reduce_sum(tf.cast(r, tf.float32) * tf.cos(tf.cast(r, tf.float32))) for r in floats
        ]
    found = tape.gradient(total, sources) if total else [None] * len(sources)
    grads = [None if g is None else np.asarray(tf.convert_to_tensor(g)) for g in found]
    return [r.numpy() for r in results], dict(zip(FLOATS, grads, strict=True))


def leaves(results):
    if isinstance(results, (list, tuple)):
        return [leaf for part in results for leaf in leaves(part)]
    return [results]


@pytest.mark.parametrize("call", CALLS)
def test_call(original, call):
    found, grads = evaluated(tf, call)
    expected, slopes = evaluated(original, call)
    assert [y.dtype for y in found] == [y.dtype for y in expected]
    for y, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(y, other, rtol=2e-5, atol=2e-6)
    for name in FLOATS:
        if slopes[name] is None or grads[name] is None:
            # None where TensorFlow has zeros: a derivative that is zero everywhere has no path.
            assert grads[name] is None
            assert slopes[name] is None or not slopes[name].any()
        else:
            np.testing.assert_allclose(grads[name], slopes[name], rtol=2e-4, atol=2e-5)


NAMES = {
    "": dir(tf),
    "autodiff": tf.autodiff.__all__,
    "config": tf.config.__all__,
    "debugging": tf.debugging.__all__,
    "keras.optimizers": dir(tf.keras.optimizers),
    "linalg": dir(tf.linalg),
    "math": dir(tf.math),
    "nn": dir(tf.nn),
    "random": tf.random.__all__,
    "summary": tf.summary.__all__,
    "test": tf.test.__all__,
    "train": tf.train.__all__,
}
OURS = {"keras.optimizers": {"GradientDescent", "LBFGS", "ScheduleFreeAdamW"}}


@pytest.mark.parametrize("place", NAMES)
def test_every_name_is_one_of_tensorflow(original, place):
    theirs = original
    for part in filter(None, place.split(".")):
        theirs = getattr(theirs, part)
    names = set(NAMES[place]) - OURS.get(place, set())
    assert not [name for name in names if not hasattr(theirs, name)]


@pytest.mark.parametrize("place", ["math", "linalg", "nn"])
def test_every_function_is_called_here(place):
    calls = " ".join(CALLS)
    by_chance = {"dropout"}
    assert not [n for n in set(NAMES[place]) - by_chance if f"{place}.{n}(" not in calls]


SIGNATURES = {  # places whose functions have TensorFlow's parameters, in its order
    "": tf,
    "debugging": tf.debugging,
    "linalg": tf.linalg,
    "math": tf.math,
    "nn": tf.nn,
    "random": tf.random,
    "summary": tf.summary,
    "train": tf.train,
}


def parameters(function):
    """The names of those that have a place, but for `name`, which stands last and means nothing."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    found = inspect.signature(function).parameters.values()
    return [p.name for p in found if p.kind is kind and p.name != "name"]


@pytest.mark.parametrize("place", SIGNATURES)
def test_parameters_have_tensorflow_s_names_and_order(original, place):
    theirs, different = original.all(place), []
    for name in NAMES[place]:
        function = getattr(SIGNATURES[place], name)
        if inspect.isfunction(function) and f"{place}.{name}" != ".count_nonzero":  # math's
            own = parameters(function)
            them = [parameters(getattr(other, name)) for other in theirs if hasattr(other, name)]
            if not any(own == other[: len(own)] or other == own[: len(other)] for other in them):
                different.append(f"{place}.{name}({', '.join(own)})")
    assert different == []
