"""Data: mini-batches of arrays in memory, in an order that a seed decides, and nothing more.

`Batches` shuffles anew in every epoch, knows where it is, and moves batches to a device ahead of
time. Files, augmentation and workers are other libraries' business."""

from __future__ import annotations

from .batches import Batches

__all__ = ["Batches"]
