"""``tf.random``: random numbers; `xgrad.random` draws them.

The streams are not TensorFlow's, but the same in every run after the same `set_seed`. Like everything
here, numbers are drawn when the program is built: `Session.run` does not draw again."""

from __future__ import annotations

from typing import Any

import xgrad as xg

from ._convert import as_tensor, static
from ._tables import followed, no_name

__all__ = ["normal", "set_random_seed", "set_seed", "shuffle", "truncated_normal", "uniform"]


def set_seed(seed: int) -> None:
    """Begin the streams of all devices anew."""
    xg.random.seed(int(static(seed)))


set_random_seed = set_seed


@followed
def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = xg.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Draw from the normal distribution; differentiable in mean and deviation."""
    return _drawn("normal", seed)(static(shape), mean=mean, stddev=stddev, dtype=dtype)


@followed
def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = xg.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Draw from the normal distribution between two deviations from the mean."""
    return _drawn("truncated_normal", seed)(static(shape), mean=mean, stddev=stddev, dtype=dtype)


@followed
def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = xg.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Draw evenly from an interval, or from a range of integers."""
    if xg.isdtype(xg.zeros((), dtype=dtype).dtype, "integral"):
        if maxval is None:
            raise xg.errors.ArgumentError("uniform: integers need maxval=.")
        return xg.astype(_drawn("integers", seed)(minval, maxval, shape=static(shape)), dtype)
    high = 1.0 if maxval is None else maxval
    return _drawn("uniform", seed)(static(shape), minval=minval, maxval=high, dtype=dtype)


@followed
def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """Bring the first axis into a random order; differentiable."""
    x = as_tensor(value)
    return xg.take(x, _drawn("permutation", seed)(x.shape[0]), axis=0)


def _drawn(method: str, seed: int | None) -> Any:
    """A method of the default generator, or of one of its own where a seed is given."""
    if seed is None:
        return getattr(xg.random, method)
    return getattr(xg.random.Generator(seed), method)


def __getattr__(name: str) -> Any:
    raise no_name(__name__, name)


def __dir__() -> list[str]:
    return sorted(__all__)
