"""Special functions whose loops were compiled for NumPy (_special.c), by name; none where they were not.

They are for real numbers; what SciPy has for complex ones stays SciPy's."""

from __future__ import annotations

from typing import Any

from ..._speedups import compiled

__all__ = ["UFUNCS"]

_module = compiled("xgrad.backends._special")
_NAMES = ("erf", "erfc", "expit", "log_expit", "ndtr", "softplus")

UFUNCS: dict[str, Any] = {}
if _module is not None:
    UFUNCS.update({name: getattr(_module, name) for name in _NAMES})
