"""The public functions on Tensors, one file per chapter of the standard.

Each has the standard's signature, a docstring, and applies one primitive or composes a few. The
public names are listed in the package's `__init__`."""

from __future__ import annotations
