"""What to say of a name that is no device's, and which one was meant.

Such a name is never imported, nor is it said to be a library: somebody else may offer one of that
name."""

from __future__ import annotations

import difflib
import re

from ..errors import BackendUnavailableError

__all__ = ["unknown_device"]

# As TensorFlow writes devices: "/GPU:0", "/job:localhost/replica:0/task:0/device:GPU:0".
_NAME = re.compile(r"(?:.*/)?(?:physical_)?(?:device:)?([a-z_]+?)_?:?(\d*)", re.IGNORECASE)
_MEANT = {
    "gpu": "cuda",
    "nvidia": "cuda",
    "mps": "torch:mps",
    "xpu": "torch:xpu",
    "meta": "torch:meta",
    "tpu": "jax",
    "pytorch": "torch",
}
_NAMES = ("cpu", "cuda", "numpy", "cupy", "torch", "jax", "dask", "array_api_strict")


def unknown_device(name: str) -> BackendUnavailableError:
    """What to raise where nobody knows a device of a name."""
    meant = _meant(name)
    hint = "" if meant is None else f" Did you mean {meant!r}?"
    return BackendUnavailableError(
        f'there is no device {name!r}.{hint} Use "cpu", "cuda" or "cuda:<number>", or '
        f'"<library>[:<its device>]" with {", ".join(_NAMES[4:])} or another library that was '
        "imported; xg.devices() lists what this machine offers."
    )


def _meant(name: str) -> str | None:
    found = _NAME.fullmatch(name.strip())
    if found is None:
        return None
    kind, number = found[1].lower(), found[2]
    if kind not in _MEANT:
        kind = next(iter(difflib.get_close_matches(kind, _NAMES, n=1, cutoff=0.7)), "")
    kind = _MEANT.get(kind, kind)
    return f"cuda:{number}" if kind == "cuda" and number else kind or None
