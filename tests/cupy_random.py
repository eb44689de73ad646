"""cupy.random of the stand-in for cupy (cupy_stand_in.py): NumPy's Philox, with its state in an array.

Signatures and refusals are those of cupy 14.2 (random/_generator_api.pyx): a generator draws on its own
device only, normal numbers as float32 and float64 only, and takes no NumPy arrays."""

import types

import numpy as np

__all__ = ["module"]


def _packed(bits):
    state = bits.state
    last = [state["buffer_pos"], state["has_uint32"], state["uinteger"]]
    words = [*state["state"]["counter"], *state["state"]["key"], *state["buffer"], *last]
    return np.array(words, np.uint64).view(np.int8)


def _unpacked(words):
    words = words.view(np.uint64)
    bits = np.random.Philox(0)
    bits.state = {
        "bit_generator": "Philox",
        "state": {"counter": words[:4], "key": words[4:6]},
        "buffer": words[6:10],
        "buffer_pos": int(words[10]),
        "has_uint32": int(words[11]),
        "uinteger": int(words[12]),
    }
    return bits


def module(ndarray, current_device):
    """The module, for arrays of a type and a function that tells the current device."""

    class Philox4x3210:
        def __init__(self, seed=None, *, size=-1):
            assert seed is None or isinstance(seed, (int, np.random.SeedSequence))
            self._current_device_id = current_device()
            self._state = ndarray(_packed(np.random.Philox(seed)), current_device())

    class Generator:
        def __init__(self, bit_generator):
            self.bit_generator = bit_generator

        def _draw(self, draw):
            if current_device() != self.bit_generator._current_device_id:
                raise RuntimeError("This Generator state is allocated in a different device")
            words = self.bit_generator._state._value
            bits = _unpacked(words)
            made = np.asarray(draw(np.random.Generator(bits)))
            words[...] = _packed(bits)
            return ndarray(made, current_device())

        def random(self, size=None, dtype=np.float64, out=None):
            kind = np.float64 if np.dtype(dtype).char == "d" else np.float32
            return self._draw(lambda rng: rng.random(size, kind)).astype(dtype, copy=False)

        def standard_normal(self, size=None, dtype=np.float64, out=None):
            if np.dtype(dtype).char not in "fd":
                raise TypeError(f"standard_normal has no dtype {np.dtype(dtype).name}")
            return self._draw(lambda rng: rng.standard_normal(size, dtype))

        def standard_exponential(self, size=None, dtype=np.float64, method="inv", out=None):
            if method == "zig":
                raise NotImplementedError("there is no other method than inv")
            made = self._draw(lambda rng: rng.standard_exponential(size))
            return made.astype(dtype, copy=False)

        def standard_gamma(self, shape, size=None, dtype=np.float64, out=None):
            if not isinstance(shape, ndarray) and type(shape) not in (float, int):
                raise ValueError("shape must be an array here or a number")
            if np.dtype(dtype).char not in "fd":
                raise TypeError(f"standard_gamma has no dtype {np.dtype(dtype).name}")
            alpha = getattr(shape, "_value", shape)
            made = self._draw(lambda rng: rng.standard_gamma(alpha, size))
            return made.astype(dtype, copy=False)

        def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):
            return self._draw(lambda rng: rng.integers(low, high, size, dtype, endpoint))

    found = types.ModuleType("cupy.random")
    found.Philox4x3210, found.Generator = Philox4x3210, Generator
    return found
