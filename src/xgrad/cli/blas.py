"""Which BLAS takes NumPy's products of matrices, and whether its kernels fit the processor.

OpenBLAS chooses kernels for the processor when it is loaded. Versions that do not know a processor
choose older ones: up to September 2026 (OpenBLAS's pull request 6033) those for AVX2 on AMD's Zen 5,
which take twice as long there as those for AVX-512. Only the environment, before Python starts, says otherwise."""

from __future__ import annotations

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
    """Say what to do where OpenBLAS has chosen kernels for AVX2 on a processor with AVX-512.

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
    return (
        "kernels for AVX2 on a processor with AVX-512: set OPENBLAS_CORETYPE=SKYLAKEX before Python "
        "starts; products of matrices may take half the time"
    )


def _features() -> Mapping[str, bool]:
    umath = sys.modules.get("numpy._core._multiarray_umath")  # as numpy.show_runtime does
    return dict(getattr(umath, "__cpu_features__", {}))
