"""The names of workloads and libraries, which the command line needs before numpy is imported."""

from __future__ import annotations

SUITE = (
    "chain", "wave-1m", "mlp-tanh", "logistic", "rnn", "embedding", "square-512", "hvp", "hessian",
    "conv-net", "attention", "gaussian-process", "adam", "training",
)  # fmt: skip
"""What counts for the geometric means."""
SCALING = {
    "wave": ("wave-100", "wave-1k", "wave-10k", "wave-100k", "wave-1m", "wave-10m"),
    "square": ("square-32", "square-128", "square-512", "square-1024"),
}
"""The same computation from tiny arrays to out of cache."""
LARGER = ("conv-net-32",)
"""Larger ones, which do not count either."""
EVERYTHING = tuple(
    dict.fromkeys([*SUITE, *LARGER, *(n for names in SCALING.values() for n in names)])
)
COMPILED = ("chain", "wave-10k", "wave-1m", "wave-10m", "rnn", "mlp-tanh", "logistic", "square-512")
EAGER = ("chain", "rnn", "mlp-relu", "mlp-tanh")

MINE, MINE_EAGER, BY_HAND = "xgrad.function", "xgrad", "numpy by hand"
MINE_JIT = "xgrad.function+numba"
COMPILERS = ("jax.jit", "torch.compile", "tf.function", "xla")
OPERATION_BY_OPERATION = ("torch", "tensorflow", "jax", "autograd", "mygrad")
PEERS = (*COMPILERS, *OPERATION_BY_OPERATION)
