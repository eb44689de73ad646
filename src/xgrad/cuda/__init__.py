"""GPUs: how full their memory is, batches that arrive early, and what their arithmetic may do.

Everything else about GPUs is a ``device=`` argument. All of this may be called where there is no
GPU: settings wait for one, and what needs a device says that it is missing."""

from __future__ import annotations

from .figures import memory, release_memory
from .prefetching import prefetch
from .settings import (
    check_indices,
    graphs,
    is_deterministic,
    matmul_precision,
    set_deterministic,
    set_graphs,
    set_matmul_precision,
)

__all__ = [
    "check_indices",
    "graphs",
    "is_deterministic",
    "matmul_precision",
    "memory",
    "prefetch",
    "release_memory",
    "set_deterministic",
    "set_graphs",
    "set_matmul_precision",
]
