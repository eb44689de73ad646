"""Elementwise functions with compiled loops for NumPy (_ufuncs.c), by name; none where they were not.

They are for real numbers; what SciPy has for complex ones stays SciPy's."""

from __future__ import annotations

from typing import Any

from .._speedups import compiled

__all__ = ["UFUNCS"]

_module = compiled("xgrad.backends._ufuncs")
_NAMES = (
    *("erf", "erfc", "expit", "log_expit", "logaddexp", "ndtr", "relu", "relu_cotangent"),
    "softplus",
)

UFUNCS: dict[str, Any] = {}
if _module is not None:
    UFUNCS.update({name: getattr(_module, name) for name in _NAMES})
