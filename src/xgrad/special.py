"""Special functions, differentiable: SciPy's names over scipy, cupyx, torch and others.

`xg.namespace(backend).special` is the same, and where SciPy looks for them when it is handed
Tensors. The functions are in `ops/special/`."""

from __future__ import annotations

from .ops.special import *  # the names are listed there
from .ops.special import __all__  # noqa: F401 - for `from xgrad.special import *`
