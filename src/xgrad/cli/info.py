"""``xgrad info``: versions, namespaces, devices, BLAS, and why CUDA is not usable where it is not.

Versions come from the packages' metadata, so nothing heavy is imported but cupy, whose devices are
asked for. Whatever goes wrong becomes a line of the output: this is what people run when something
is broken."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Callable, Iterator

import xgrad as xg
from xgrad._speedups import COMPILED, compiled

from . import blas

__all__ = ["info", "problem", "version"]

# Names of distributions. cupy has one per version of CUDA.
_NEEDED = ("numpy", "array-api-compat")
_CUPY = ("cupy-cuda13x", "cupy-cuda12x", "cupy")
_OPTIONAL = (
    "torch",
    "jax",
    "dask",
    "array-api-strict",
    "scipy",
    "scikit-learn",
    "matplotlib",
    "tqdm",
    "tensorboard",
    "tensorboardX",
    "ml-dtypes",
    "mpi4py",
)
_NAMESPACES = {
    "numpy": 'device="cpu"',
    "cupy": 'device="cuda", "cuda:1", ...',
    "torch": 'device="torch:cpu", "torch:cuda:0", ...',
    "jax": 'device="jax"; its arrays are taken as they are',
    "dask": "its arrays are taken as they are",
    "array_api_strict": 'device="array_api_strict:device1", ... (for tests)',
}


def info() -> int:
    """Print what this machine offers to xgrad; never raises.

    Returns
    -------
    int
        The exit status, 0.
    """
    sections: list[tuple[str, Callable[[], Iterator[str]]]] = [
        ("Versions", _versions),
        ("Namespaces", _namespaces),
        ("Devices", _devices),
        ("Products of matrices", blas.lines),
        ("CUDA", _cuda),
    ]
    for title, lines in sections:
        print(f"{title}")
        try:
            for line in lines():
                print(f"  {line}")
        except Exception as error:  # noqa: BLE001 - the rest is worth printing all the more
            print(f"  could not be found out: {type(error).__name__}: {error}")
    return 0


def version(distribution: str) -> str | None:
    """Look up the version of an installed distribution; None if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed, run from its source)" if distribution == "xgrad" else None


def problem(device: str) -> str | None:
    """Say why a device cannot be used, or None if it can: a small computation has succeeded."""
    try:
        x = xg.ones(4, dtype=xg.float32, device=device)
        found = float(xg.sum(x @ x))
    except xg.errors.BackendUnavailableError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a broken driver or library may raise anything
        return (
            f"{device}: a small computation failed: {type(error).__name__}: {error}. Use another "
            "device, such as cpu; for cuda, the extra of xgrad that fits the driver."
        )
    return None if found == 4.0 else f"{device}: 1 + 1 + 1 + 1 gave {found}. Use another device."


def _versions() -> Iterator[str]:
    yield f"{'xgrad':18}{version('xgrad')}"
    yield f"{'python':18}{platform.python_version()} ({platform.python_implementation()})"
    hot_paths = "in Python: not built (hatch_build.py), or XGRAD_SPEEDUPS=0"
    if all(map(compiled, COMPILED)):
        hot_paths = "compiled"
    yield f"{'hot paths':18}{hot_paths}"
    yield f"{'system':18}{platform.platform()}, {os.cpu_count()} cores"
    cupy = [name for name in _CUPY if version(name) is not None] or ["cupy"]
    missing = []
    for name in (*_NEEDED, *cupy, *_OPTIONAL):
        found = version(name)
        if found is None:
            missing.append(name)
        else:
            yield f"{name:18}{found}"
    if missing:
        yield f"{'not installed':18}{', '.join(missing)}"


def _namespaces() -> Iterator[str]:
    for name, how in _NAMESPACES.items():
        if importlib.util.find_spec(name) is not None:
            yield f"{name:18}{how}"


def _devices() -> Iterator[str]:
    for device in xg.devices():
        default = "  (default)" if device == xg.default_device() else ""
        yield f"{device!s:18}{_details(device)}{default}".rstrip()


def _details(device: xg.Device) -> str:
    """Ask a GPU about itself."""
    try:
        capability = str(device.native.compute_capability)
        free, total = device.native.mem_info
    except Exception:  # noqa: BLE001 - a CPU has neither, and a GPU may be out of order
        return str(device.namespace.__name__).rpartition(".")[2]
    return (
        f"compute capability {capability[:-1]}.{capability[-1]}, "
        f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
    )


def _cuda() -> Iterator[str]:
    found = problem("cuda")
    yield "usable" if found is None else f"not usable: {found}"
