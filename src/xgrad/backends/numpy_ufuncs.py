"""Elementwise functions with compiled loops for NumPy (_ufuncs.c), by name; none where they were not.

They are for real numbers; what SciPy has for complex ones stays SciPy's."""

from __future__ import annotations

from typing import Any

from .._speedups import compiled
from .._typing import DType

__all__ = ["UFUNCS", "activation_of"]

_module = compiled("xgrad.backends._ufuncs")
_NAMES = (
    *("erf", "erfc", "expit", "gelu", "gelu_cotangent", "gelu_tanh", "gelu_tanh_cotangent"),
    *("log_expit", "logaddexp", "ndtr", "relu", "relu_cotangent", "sigmoid_cotangent", "silu"),
    *("silu_cotangent", "softplus"),
)

UFUNCS: dict[str, Any] = {}
if _module is not None:
    UFUNCS.update({name: getattr(_module, name) for name in _NAMES})


def activation_of(name: str, function: str, dtype: DType = None) -> Any:
    """The ufunc that ``activate`` or ``activate_cotangent`` of a function is for a dtype, or None."""
    if not UFUNCS or (dtype is not None and dtype.char not in "fd"):
        return None
    if name == "activate":
        return UFUNCS["expit" if function == "sigmoid" else function]
    return UFUNCS[f"{function}_cotangent"]
