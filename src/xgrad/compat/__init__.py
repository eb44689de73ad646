"""Bridges to other libraries, each imported by who needs it: ``import xgrad.compat.einops``."""

from __future__ import annotations
