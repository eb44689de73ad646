"""Random numbers on the host: numpy's generator PCG64, and how other libraries use it.

A generator is made from a seed sequence, which also makes its children: these depend on the seed
and on how many there were before, not on what was drawn. float32 is drawn as such, narrower dtypes
from it. `state` is plain data."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._typing import Array, NativeDevice, Shape
from ..errors import ArgumentError

__all__ = [
    "LARGEST_BELOW_ONE",
    "HostGenerator",
    "MovedGenerator",
    "describe_numpys",
    "describe_seeds",
    "is_numpys",
    "restored_numpys",
    "restored_seeds",
]

# Of dtypes that are drawn as float32, whose largest numbers below 1 round to it.
LARGEST_BELOW_ONE = {"float16": 1 - 2**-11, "bfloat16": 1 - 2**-8}
_DIRECT = ("float32", "float64")
_NUMPYS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


class HostGenerator:
    """numpy's generator; methods draw arrays of a shape."""

    kind = "PCG64"

    def __init__(self, seed: Any) -> None:
        self._seeds = (
            seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        )
        self._rng = np.random.Generator(np.random.PCG64(self._seeds))

    def spawn(self, count: int) -> list[Any]:
        """Independent generators."""
        return [self._child(seeds) for seeds in self._seeds.spawn(count)]

    def _child(self, seeds: Any) -> HostGenerator:
        return HostGenerator(seeds)

    @property
    def state(self) -> dict[str, Any]:
        """Everything that later draws and children depend on."""
        bits = self._rng.bit_generator.state
        return {"kind": self.kind, "seeds": describe_seeds(self._seeds), "bits": bits}

    @state.setter
    def state(self, value: dict[str, Any]) -> None:
        seeds = restored_seeds(value, self.kind)
        bits = np.random.PCG64(0)
        bits.state = value["bits"]
        self._seeds, self._rng = seeds, np.random.Generator(bits)

    # -- distributions -------------------------------------------------------------------------

    def sample(self, method: str, operands: tuple[Array, ...], parameters: dict[str, Any]) -> Array:
        """Draw with one of the methods below."""
        y = self._drawn(method, operands, parameters)
        return y.astype("bfloat16") if parameters.get("dtype") == "bfloat16" else y

    def _drawn(self, method: str, operands: tuple[Array, ...], parameters: dict[str, Any]) -> Array:
        """The draw in a dtype that is numpy's own."""
        return np.asarray(getattr(self, method)(*operands, **parameters))

    def uniform(self, *, shape: Shape, dtype: str) -> Array:
        """From 0 to 1, without 1."""
        u = self._rng.random(shape, _direct(dtype))
        if dtype in LARGEST_BELOW_ONE:
            u = np.minimum(u, np.float32(LARGEST_BELOW_ONE[dtype]))
        return _converted(u, dtype)

    def normal(self, *, shape: Shape, dtype: str) -> Array:
        """Of mean 0 and deviation 1."""
        return _converted(self._rng.standard_normal(shape, _direct(dtype)), dtype)

    def truncated_normal(self, *, shape: Shape, dtype: str) -> Array:
        """The same without what is more than 2 away from 0, which is drawn again."""
        x = np.asarray(self._rng.standard_normal(shape, _direct(dtype)))
        flat = x.reshape(-1)
        while (outside := np.flatnonzero(np.abs(flat) > 2)).size:
            flat[outside] = self._rng.standard_normal(outside.size, _direct(dtype))
        return _converted(x, dtype)

    def exponential(self, *, shape: Shape, dtype: str) -> Array:
        """Of mean 1."""
        return _converted(self._rng.standard_exponential(shape, _direct(dtype)), dtype)

    def gamma(self, alpha: Array, *, shape: Shape, dtype: str) -> Array:
        """With the shape parameter alpha and scale 1."""
        return _converted(self._rng.standard_gamma(alpha, shape, _direct(dtype)), dtype)

    def integers(self, *, shape: Shape, low: int, high: int) -> Array:
        """From low to high, without high, as int64."""
        return self._rng.integers(low, high, shape)

    def permutation(self, *, shape: Shape) -> Array:
        """The numbers from 0 along the last axis in random order, each time another."""
        if len(shape) == 1:
            return self._rng.permutation(shape[0])
        numbers = np.broadcast_to(np.arange(shape[-1]), shape)
        return self._rng.permuted(numbers, axis=-1)


class MovedGenerator(HostGenerator):
    """The same for a library without generators of its own: what is drawn is moved to its device."""

    def __init__(self, seed: Any, backend: Any, native: NativeDevice) -> None:
        super().__init__(seed)
        self._backend = backend
        self._native = native

    def _child(self, seeds: Any) -> HostGenerator:
        return MovedGenerator(seeds, self._backend, self._native)

    def sample(self, method: str, operands: tuple[Array, ...], parameters: dict[str, Any]) -> Array:
        """Draw on the host and move."""
        y = self._drawn(method, tuple(map(self._backend.to_numpy, operands)), parameters)
        dtype = self._backend.dtype(parameters.get("dtype", "int64"))
        return self._backend.asarray(y, dtype, self._native)


def describe_seeds(seeds: np.random.SeedSequence) -> dict[str, Any]:
    """A seed sequence as plain data."""
    entropy = seeds.entropy
    return {
        "entropy": entropy if isinstance(entropy, int) else [int(n) for n in entropy or ()],
        "spawn_key": [int(n) for n in seeds.spawn_key],
        "children": int(seeds.n_children_spawned),
    }


def restored_seeds(value: Any, kind: str) -> np.random.SeedSequence:
    """The seed sequence of a state, if it is one of this kind of generator."""
    if not isinstance(value, dict) or not {"kind", "seeds", "bits"} <= set(value):
        raise ArgumentError(
            f"state must be what `state` of a Generator gave, but is a {type(value).__name__}. "
            "Use generator.state = other.state."
        )
    if value["kind"] != kind:
        raise ArgumentError(
            f"state is that of a generator {value['kind']}, but this one is {kind}. Use a "
            "Generator on the same kind of device: those on GPUs count differently."
        )
    seeds = value["seeds"]
    return np.random.SeedSequence(
        seeds["entropy"],
        spawn_key=tuple(seeds["spawn_key"]),
        n_children_spawned=seeds["children"],
    )


def is_numpys(value: Any) -> bool:
    """Whether something is a generator of numpy's own that can be described."""
    bits = getattr(value, "bit_generator", None)
    return isinstance(value, np.random.Generator) and type(bits).__name__ in _NUMPYS


def describe_numpys(rng: np.random.Generator) -> dict[str, Any]:
    """What later draws and children of a generator of numpy's own depend on, as plain data."""
    seeds = rng.bit_generator.seed_seq
    known = describe_seeds(seeds) if isinstance(seeds, np.random.SeedSequence) else None
    return {"seeds": known, "bits": dict(rng.bit_generator.state)}


def restored_numpys(value: dict[str, Any]) -> np.random.Generator:
    """A generator of numpy's own that goes on where a described one stood."""
    name = value["bits"]["bit_generator"]
    if name not in _NUMPYS:
        raise ArgumentError(f"{name!r} is no bit generator of numpy.")
    seeds = value["seeds"]
    known = seeds and np.random.SeedSequence(
        seeds["entropy"],
        spawn_key=tuple(seeds["spawn_key"]),
        n_children_spawned=seeds["children"],
    )
    bits = getattr(np.random, name)(0 if seeds is None else known)
    bits.state = value["bits"]
    return np.random.Generator(bits)


def _direct(dtype: str) -> Any:
    return np.dtype(dtype if dtype in _DIRECT else "float32").type


def _converted(x: Array, dtype: str) -> Array:
    """A draw in a narrower dtype that is numpy's own."""
    return x.astype(dtype) if dtype == "float16" else x
