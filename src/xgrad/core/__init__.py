"""Primitives, nodes, observers, Tensors and Variables: what every interpreter shares."""
