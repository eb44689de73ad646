"""Which BLAS takes NumPy's products of matrices, and whether its kernels fit the processor.

OpenBLAS chooses kernels for the processor when it is loaded. It takes older ones where the environment says so
(OPENBLAS_CORETYPE), as some machines are set up for the same digits everywhere, and where a version does not
know the processor. Kernels for AVX2 take twice as long as those for AVX-512 where there is that."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["advice", "libraries", "lines"]

_AVX512 = {"skylakex", "cooperlake", "sapphirerapids"}  # OpenBLAS's names of its kernels
_AVX2 = {"haswell", "zen"}


def libraries() -> list[dict[str, Any]] | None:
    """List the libraries of BLAS that are loaded, as threadpoolctl does; None where it is missing."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    return [found for found in threadpool_info() if found.get("user_api") == "blas"]


def lines() -> Iterator[str]:
    """Describe each BLAS: ``openblas 0.3.31, kernels Haswell, 2 threads``, and what to do about it."""
    found = libraries()
    if found is None:
        yield "threadpoolctl is not installed, which knows it: pip install threadpoolctl"
        return
    for library in found:
        kernels = f", kernels {name}" if (name := library.get("architecture")) else ""
        yield (
            f"{library['internal_api']} {library.get('version') or ''}{kernels}, "
            f"{library['num_threads']} threads"
        )
    if hint := advice(found, _features()):
        yield hint


def advice(found: Iterable[Mapping[str, Any]], features: Mapping[str, bool]) -> str | None:
    """Say what to do where OpenBLAS has kernels for AVX2 on a processor with AVX-512.

    Parameters
    ----------
    found : iterable of mappings
        What threadpoolctl tells of each library.
    features : mapping of str to bool
        What the processor has, in NumPy's words (``numpy.show_runtime``).
    """
    kernels = {str(each.get("architecture")).lower() for each in found}
    if not features.get("AVX512_SKX") or kernels & _AVX512 or not kernels & _AVX2:
        return None
    asked = os.environ.get("OPENBLAS_CORETYPE")
    way = (
        f"OPENBLAS_CORETYPE={asked} in the environment asks for them. Without it"
        if asked
        else "set OPENBLAS_CORETYPE=SKYLAKEX before Python starts, and"
    )
    return (
        f"kernels for AVX2 on a processor with AVX-512: {way} products of matrices may take half "
        "the time"
    )


def _features() -> Mapping[str, bool]:
    umath = sys.modules.get("numpy._core._multiarray_umath")  # as numpy.show_runtime does
    return dict(getattr(umath, "__cpu_features__", {}))
