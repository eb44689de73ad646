"""Recorded steps against compilers: xg.function next to jax.jit, tf.function, torch.compile and XLA.

A selection of suite.py that takes half its time: value and gradients from small arrays to out of
cache, with eager xgrad and torch beside them. All options are those of suite.py.

    python benchmarks/compiled.py --workloads wave-1m --threads 2
"""

from __future__ import annotations

import sys

import suite
from _names import COMPILED, COMPILERS

if __name__ == "__main__":
    sys.exit(suite.main(COMPILED, (*COMPILERS, "torch"), __doc__))
