"""Activations as CUDA kernels, with the bias that comes before: one forward and one backward.

A kernel is C++ of `z`, what is activated, in the type C in which it computes: float for half numbers.
Values at infinities and NaNs are those of activations.py, which also serves what has no kernel."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from typing import Any

from .._typing import Array
from . import activations as portable
from .activations import GELU_CUBE, GELU_SCALE, REACH
from .cupy_raw import elementwise_kernel

__all__ = ["COMPUTED", "KERNELS", "VALUES", "Activations", "source_of"]

# What is computed in which type, by numpy's characters; E is bfloat16 of ml_dtypes.
COMPUTED = {"e": "float", "E": "float", "f": "float", "d": "double"}


def _above(function: str) -> str:
    """z, but no less than where the function is 0."""
    return f"(z < C({-REACH[function]!r}) ? C({-REACH[function]!r}) : z)"


def _within(function: str) -> str:
    """w is z, or the bound that z is beyond."""
    reach = repr(REACH[function])
    return f"const C w = z > C({reach}) ? C({reach}) : z < C(-{reach}) ? C(-{reach}) : z;\n"


VALUES = {
    "gelu": f"{_above('gelu')} * (C(0.5) * erfc(z * C(-0.7071067811865476)))",
    "gelu_tanh": f"{_above('gelu_tanh')}"
    f" * (C(1) / (C(1) + exp(-(z * (C({GELU_SCALE!r}) + C({GELU_CUBE!r}) * z * z)))))",
    "sigmoid": "C(1) / (C(1) + exp(-z))",
    "silu": f"{_above('silu')} * (C(1) / (C(1) + exp(-z)))",
    "relu": "(z != z || z > C(0)) ? z : C(0)",
    "tanh": "tanh(z)",
}
# s is the logistic function of u and t of -u.
_LOGISTIC = "const C s = C(1) / (C(1) + exp(-u)), t = C(1) / (C(1) + exp(u));\n"
_SLOPES = {
    "gelu": f"{_within('gelu')}const C slope = C(0.5) * erfc(w * C(-0.7071067811865476))"
    " + w * (exp(w * w * C(-0.5)) * C(0.3989422804014327));",
    "gelu_tanh": f"{_within('gelu_tanh')}"
    f"const C u = w * (C({GELU_SCALE!r}) + C({GELU_CUBE!r}) * w * w);\n{_LOGISTIC}"
    f"const C slope = s + w * (s * t) * (C({GELU_SCALE!r}) + C({3 * GELU_CUBE!r}) * w * w);",
    "sigmoid": f"const C u = z;\n{_LOGISTIC}const C slope = s * t;",
    "silu": f"{_within('silu')}const C u = w;\n{_LOGISTIC}const C slope = s + w * (s * t);",
}
_GUARDED = "const C r = c * slope;\ny = T((r - r == C(0) || c != C(0)) ? r : C(0));"
_OF_RESULT = {
    "relu": "y = z > C(0) ? g : T(0);",
    "tanh": "const C r = c - c * z * z;\ny = T((r - r == C(0) || c != C(0)) ? r : C(0));",
}
# How each kind of kernel finds z: of one term, of two, of the result.
_TERMS = {"": ("T x1", "C(x1)"), "_sum": ("T x1, T x2", "C(x1) + C(x2)")}
# The kind of a kernel and its function.
KERNELS = (
    *[
        (f"{kind}{more}", f)
        for kind in ("activate", "cotangent")
        for more in _TERMS
        for f in _SLOPES
    ],
    *[(kind, f) for kind in ("activate_sum", "cotangent_result") for f in _OF_RESULT],
)


def source_of(kind: str, function: str, computed: str) -> tuple[str, str, str]:
    """Inputs, outputs and operation, as ElementwiseKernel takes them."""
    start, _, more = kind.partition("_")
    if more == "result":
        inputs, z, lines = "T x1", "C(x1)", _OF_RESULT[function]
    else:
        inputs, z = _TERMS[f"_{more}" if more else ""]
        lines = f"y = T({VALUES[function]});"
        if start == "cotangent":
            lines = f"{_SLOPES[function]}\n{_GUARDED}"
    first = f"const C z = {z};\n"
    if start == "cotangent":
        inputs, first = f"T g, {inputs}", f"{first}const C c = C(g);\n"
    return inputs, "T y", f"typedef {computed} C;\n{first}{lines}"


class Activations:
    """What cupy's backend has a kernel for; parts of its `Own`."""

    def activate(xp: Any, x: Array, *, function: str) -> Array:
        if not _are_alike(x):
            return portable.activate(xp, x, function=function)
        return _kernel("activate", function, COMPUTED[x.dtype.char])(x)

    def activate_sum(xp: Any, terms: Sequence[Array], *, function: str) -> Array:
        if not _are_alike(*terms):
            return portable.activate_sum(xp, terms, function=function)
        return _kernel("activate_sum", function, COMPUTED[terms[0].dtype.char])(*terms)

    def squash_sum(xp: Any, terms: Sequence[Array], *, function: str) -> Array:
        if not _are_alike(*terms):
            return portable.squash_sum(xp, terms, function=function)
        return _kernel("activate_sum", function, COMPUTED[terms[0].dtype.char])(*terms)

    def activate_cotangent(xp: Any, g: Array, *terms: Array, function: str) -> Array:
        if not _are_alike(g, *terms):
            return portable.activate_cotangent(xp, g, *terms, function=function)
        kind = "cotangent" if len(terms) == 1 else "cotangent_sum"
        return _kernel(kind, function, COMPUTED[g.dtype.char])(g, *terms)

    @staticmethod
    def relu(x: Array) -> Array:
        return importlib.import_module("cupy").maximum(x, 0)

    def relu_cotangent(xp: Any, g: Array, y: Array) -> Array:
        if not _are_alike(g, y):
            return portable.relu_cotangent(xp, g, y)
        return _kernel("cotangent_result", "relu", COMPUTED[g.dtype.char])(g, y)

    def squash_cotangent(xp: Any, g: Array, y: Array, *, function: str) -> Array:
        if not _are_alike(g, y):
            return portable.squash_cotangent(xp, g, y, function=function)
        return _kernel("cotangent_result", function, COMPUTED[g.dtype.char])(g, y)


def _are_alike(*arrays: Array) -> bool:
    """Whether there are kernels for these, which must be of one dtype."""
    first = arrays[0].dtype
    return first.char in COMPUTED and all(x.size and x.dtype == first for x in arrays)


@functools.cache
def _kernel(kind: str, function: str, computed: str) -> Any:
    source = source_of(kind, function, computed)
    return elementwise_kernel(*source, f"xgrad_{kind}_{function}")
