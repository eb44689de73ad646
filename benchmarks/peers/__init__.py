"""The libraries under test: one file each, behind the same few functions (base.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import of_autograd, of_bare, of_jax, of_mygrad, of_tensorflow, of_torch, of_xgrad
from .base import Missing, Peer, silenced_stderr

__all__ = ["LOADERS", "Missing", "Peer", "load_peers", "silenced_stderr"]

LOADERS: dict[str, Callable[[int], Peer]] = {
    "xgrad": of_xgrad.load,
    "xgrad.function": of_xgrad.load_function,
    "xgrad.function+numba": of_xgrad.load_numba,
    "torch": of_torch.load,
    "torch.compile": of_torch.load_compile,
    "tensorflow": of_tensorflow.load,
    "tf.function": of_tensorflow.load_function,
    "xla": of_tensorflow.load_xla,
    "jax": of_jax.load,
    "jax.jit": of_jax.load_jit,
    "autograd": of_autograd.load,
    "mygrad": of_mygrad.load,
    "bare": of_bare.load,
}


def load_peers(names: Sequence[str], threads: int) -> dict[str, Peer]:
    """Import the named libraries; say which are absent and why, and go on without them."""
    peers = {}
    for name in names:
        try:
            peers[name] = LOADERS[name](threads)
        except (ImportError, AttributeError) as error:
            print(f"{name}: left out ({type(error).__name__}: {error})")
    return peers
