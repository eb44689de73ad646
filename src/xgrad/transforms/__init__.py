"""Functions of functions and of gradients, made from tapes and accumulators."""

from __future__ import annotations
