"""Random numbers on a GPU: cupy's generator Philox, whose state lives on the device.

Nothing is read back to the host. The state has a part for every thread of the GPU, 17 MB on an H100, so it
goes to GPUs with as many processors only."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from .._typing import Array, NativeDevice, Shape
from ..errors import ArgumentError
from .generators import LARGEST_BELOW_ONE, describe_seeds, restored_seeds

__all__ = ["CupyGenerator"]

_BELOW = 0.5 * math.erfc(math.sqrt(2.0))  # the share of a normal distribution below -2


class CupyGenerator:
    """cupy's generator; methods draw arrays of a shape."""

    kind = "Philox4x3210"

    def __init__(self, seed: Any, native: NativeDevice) -> None:
        self._cupy = importlib.import_module("cupy")
        self._native = native
        self._seeds = (
            seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        )
        with native:
            self._bits = self._cupy.random.Philox4x3210(self._seeds)
            self._rng = self._cupy.random.Generator(self._bits)

    def spawn(self, count: int) -> list[CupyGenerator]:
        """Independent generators."""
        return [type(self)(seeds, self._native) for seeds in self._seeds.spawn(count)]

    @property
    def state(self) -> dict[str, Any]:
        """Everything that later draws and children depend on; ``bits`` is an array on the device."""
        with self._native:
            bits = self._bits._state.copy()
        return {"kind": self.kind, "seeds": describe_seeds(self._seeds), "bits": bits}

    @state.setter
    def state(self, value: dict[str, Any]) -> None:
        seeds = restored_seeds(value, self.kind)
        with self._native:
            bits, mine = self._cupy.asarray(value["bits"]), self._bits._state
            if bits.shape != mine.shape:
                raise ArgumentError(
                    f"state has {bits.size} bytes, but that of a generator on this GPU has "
                    f"{mine.size}, some for each of its processors: it is from another GPU. Use one "
                    "of the same model, or a new Generator."
                )
            mine[...] = bits
        self._seeds = seeds

    # -- distributions -------------------------------------------------------------------------

    def sample(self, method: str, operands: tuple[Array, ...], parameters: dict[str, Any]) -> Array:
        """Draw with one of the methods below."""
        with self._native:
            return getattr(self, method)(*operands, **parameters)

    def uniform(self, *, shape: Shape, dtype: str) -> Array:
        """From 0 to 1, without 1."""
        u = self._rng.random(shape, _direct(dtype))
        if dtype in LARGEST_BELOW_ONE:
            u = self._cupy.minimum(u, LARGEST_BELOW_ONE[dtype])
        return u.astype(dtype, copy=False)

    def normal(self, *, shape: Shape, dtype: str) -> Array:
        """Of mean 0 and deviation 1."""
        return self._rng.standard_normal(shape, _direct(dtype)).astype(dtype, copy=False)

    def truncated_normal(self, *, shape: Shape, dtype: str) -> Array:
        """The same between -2 and 2, by the inverse of its distribution function."""
        special = importlib.import_module("cupyx.scipy.special")
        share = self._rng.random(shape, np.float64) * (1 - 2 * _BELOW) + _BELOW
        return special.ndtri(share).astype(dtype, copy=False)

    def exponential(self, *, shape: Shape, dtype: str) -> Array:
        """Of mean 1."""
        return self._rng.standard_exponential(shape, _direct(dtype)).astype(dtype, copy=False)

    def gamma(self, alpha: Array, *, shape: Shape, dtype: str) -> Array:
        """With the shape parameter alpha and scale 1."""
        return self._rng.standard_gamma(alpha, shape, _direct(dtype)).astype(dtype, copy=False)

    def integers(self, *, shape: Shape, low: int, high: int) -> Array:
        """From low to high, without high, as int64."""
        return self._rng.integers(low, high, shape)

    def permutation(self, *, shape: Shape) -> Array:
        """The numbers from 0 along the last axis in random order: that of random numbers."""
        return self._cupy.argsort(self._rng.random(shape, np.float64), axis=-1)


def _direct(dtype: str) -> Any:
    return np.float64 if dtype == "float64" else np.float32
