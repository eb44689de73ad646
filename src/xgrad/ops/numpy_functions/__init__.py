"""NumPy's functions for Tensors, one file per idea, under NumPy's names and with NumPy's signatures.

`dispatch` finds them when NumPy asks; they are compositions of the standard's functions, as
differentiable as those. A test compares every signature with NumPy's own. Parameters that make no
difference here (order in memory, subclasses, casting rules) are accepted and unused."""

from __future__ import annotations
