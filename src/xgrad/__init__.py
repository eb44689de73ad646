"""xgrad: gradients for NumPy and CuPy code, with the tape that TensorFlow's users know.

`xgrad` is an array-API namespace of Tensors whose new arrays go to the default device;
`xgrad.namespace(numpy)` and the like are the same over one backend. Public is what `__all__`
lists, in the standard's order."""

from __future__ import annotations

from math import e, inf, nan, pi
from typing import TYPE_CHECKING, Any

from . import errors, rules, tree
from .backends import (
    Device,
    default_device,
    device,
    devices,
    set_default_device,
)
from .backends import host as _host
from .core.defaults import default_dtype, set_default_dtype
from .core.indexed_slices import IndexedSlices
from .core.observers import record_locations
from .core.tensor import Tensor
from .core.variable import Variable
from .interpreters.tape import GradientTape, UnconnectedGradients
from .ops import numpy_hooks as _numpy_hooks
from .ops.arithmetic import (
    abs,
    add,
    divide,
    floor_divide,
    multiply,
    negative,
    positive,
    remainder,
    sign,
    subtract,
)
from .ops.comparison import (
    equal,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    not_equal,
)
from .ops.conversion import asarray, constant, convert_to_tensor, from_dlpack
from .ops.creation import arange, eye, linspace, meshgrid, tril, triu
from .ops.cumulative import cumulative_max, cumulative_min, cumulative_prod, cumulative_sum
from .ops.data_types import astype, can_cast, finfo, iinfo, isdtype, result_type, to_device
from .ops.diagonals import diag
from .ops.einsum import einsum
from .ops.exponential import exp, expm1, log, log1p, log2, log10, logaddexp
from .ops.extrema import copysign, maximum, minimum, nextafter
from .ops.filling import empty, empty_like, full, full_like, ones, ones_like, zeros, zeros_like
from .ops.indexing import scatter, take, take_along_axis
from .ops.joining import concat, repeat, stack, tile, unstack
from .ops.linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from .ops.logic import (
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
)
from .ops.manipulation import (
    broadcast_arrays,
    broadcast_shapes,
    broadcast_to,
    expand_dims,
    flip,
    moveaxis,
    permute_dims,
    reshape,
    roll,
    squeeze,
)
from .ops.namespaces import API_VERSION as __array_api_version__
from .ops.namespaces import Info as _Info
from .ops.namespaces import array_namespace, namespace
from .ops.non_finite import nan_to_num
from .ops.padding import pad
from .ops.powers import hypot, pow, reciprocal, sqrt, square
from .ops.rounding import ceil, conj, floor, imag, real, round, signbit, trunc
from .ops.searching import (
    all,
    any,
    argmax,
    argmin,
    clip,
    count_nonzero,
    nonzero,
    searchsorted,
    where,
)
from .ops.sorting import (
    argsort,
    isin,
    sort,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
)
from .ops.statistical import logsumexp, max, mean, min, prod, std, sum, var
from .ops.trigonometric import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    sin,
    sinh,
    tan,
    tanh,
)
from .ops.utility import diff, stop_gradient

if TYPE_CHECKING:
    from . import (
        cuda,
        data,
        debugging,
        fft,
        linalg,
        nn,
        optimizers,
        random,
        special,
        summary,
        testing,
        viz,
    )
    from .compile.function import function
    from .compile.jit import set_jit
    from .cuda import set_matmul_precision
    from .interpreters.forward import ForwardAccumulator
    from .interpreters.graph_gradients import gradients, hessians
    from .interpreters.graph_scope import Graph, global_variables, trainable_variables
    from .ops.norm import norm
    from .saving import load, save
    from .transforms.clipping import clip_by_global_norm, clip_by_norm, clip_by_value, global_norm
    from .transforms.control_flow import cond, scan, while_loop
    from .transforms.custom_gradient import custom_gradient
    from .transforms.functional import grad, jvp, linearize, value_and_grad, vjp
    from .transforms.gradient_hook import gradient_hook
    from .transforms.matrices import hessian, hvp, jacfwd, jacobian, jacrev
    from .transforms.pass_through import grad_pass_through
    from .transforms.per_example import per_example_gradient
    from .transforms.recompute import checkpoint, recompute_grad
    from .transforms.relative_clipping import adaptive_clip, clip_by_average_norm
    from .transforms.sequential import checkpoint_sequential
    from .transforms.vmap import vmap

__all__ = [
    # Arrays and devices
    "Device",
    "Tensor",
    "Variable",
    "array_namespace",
    "cuda",
    "default_device",
    "default_dtype",
    "device",
    "devices",
    "namespace",
    "set_default_device",
    "set_default_dtype",
    "set_matmul_precision",
    "tree",
    # Gradients
    "ForwardAccumulator",
    "GradientTape",
    "Graph",
    "IndexedSlices",
    "UnconnectedGradients",
    "checkpoint",
    "checkpoint_sequential",
    "adaptive_clip",
    "clip_by_average_norm",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "custom_gradient",
    "data",
    "debugging",
    "errors",
    "global_norm",
    "global_variables",
    "grad_pass_through",
    "gradient_hook",
    "gradients",
    "hessians",
    "load",
    "nn",
    "optimizers",
    "random",
    "recompute_grad",
    "record_locations",
    "save",
    "summary",
    "testing",
    "viz",
    "trainable_variables",
    # Transforms of functions
    "cond",
    "function",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "per_example_gradient",
    "scan",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
    # Constants and dtypes
    "e",
    "inf",
    "nan",
    "newaxis",
    "pi",
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "complex64",
    "complex128",
    # Creation
    "arange",
    "asarray",
    "constant",
    "convert_to_tensor",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
    # Data types
    "astype",
    "can_cast",
    "finfo",
    "iinfo",
    "isdtype",
    "result_type",
    "to_device",
    # Elementwise functions: arithmetic
    "abs",
    "add",
    "copysign",
    "divide",
    "floor_divide",
    "hypot",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "nextafter",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "sign",
    "sqrt",
    "square",
    "subtract",
    # Exponentials and logarithms
    "exp",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    # Trigonometry
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
    "tanh",
    # Rounding, signs, complex parts
    "ceil",
    "conj",
    "floor",
    "imag",
    "real",
    "round",
    "signbit",
    "trunc",
    # Comparisons
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "not_equal",
    # Logic and bits
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    # Indexing
    "scatter",
    "take",
    "take_along_axis",
    # Linear algebra
    "diag",
    "einsum",
    "matmul",
    "norm",
    "tensordot",
    "vecdot",
    # Manipulation
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flip",
    "matrix_transpose",
    "moveaxis",
    "pad",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "tile",
    "unstack",
    # Searching
    "all",
    "any",
    "argmax",
    "argmin",
    "clip",
    "count_nonzero",
    "nan_to_num",
    "nonzero",
    "searchsorted",
    "where",
    # Sorting and sets
    "argsort",
    "isin",
    "sort",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    # Extensions: Fourier transforms, linear algebra, special functions
    "fft",
    "linalg",
    "special",
    # Statistics
    "cumulative_max",
    "cumulative_min",
    "cumulative_prod",
    "cumulative_sum",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
    # Utilities
    "diff",
    "stop_gradient",
]

# What not everybody needs is imported when it is first asked for: the modules below, and these names.
_MODULES = (
    *(
        "cuda",
        "data",
        "debugging",
        "fft",
        "linalg",
        "nn",
        "optimizers",
        "random",
        "special",
        "summary",
    ),
    "testing",
    "viz",
)
_LATER = {
    ".compile.function": "function",
    ".compile.jit": "set_jit",
    ".cuda": "set_matmul_precision",
    ".interpreters.forward": "ForwardAccumulator",
    ".interpreters.graph_gradients": "gradients hessians",
    ".interpreters.graph_scope": "Graph global_variables trainable_variables",
    ".ops.norm": "norm",
    ".saving": "load save",
    ".transforms.clipping": "clip_by_global_norm clip_by_norm clip_by_value global_norm",
    ".transforms.control_flow": "cond scan while_loop",
    ".transforms.custom_gradient": "custom_gradient",
    ".transforms.functional": "grad jvp linearize value_and_grad vjp",
    ".transforms.gradient_hook": "gradient_hook",
    ".transforms.matrices": "hessian hvp jacfwd jacobian jacrev",
    ".transforms.pass_through": "grad_pass_through",
    ".transforms.per_example": "per_example_gradient",
    ".transforms.recompute": "checkpoint recompute_grad",
    ".transforms.relative_clipping": "adaptive_clip clip_by_average_norm",
    ".transforms.sequential": "checkpoint_sequential",
    ".transforms.vmap": "vmap",
}
_HOMES = {name: home for home, names in _LATER.items() for name in names.split()}

newaxis = None

_standard = _host().namespace
bool = _standard.bool
int8 = _standard.int8
int16 = _standard.int16
int32 = _standard.int32
int64 = _standard.int64
uint8 = _standard.uint8
uint16 = _standard.uint16
uint32 = _standard.uint32
uint64 = _standard.uint64
float32 = _standard.float32
float64 = _standard.float64
complex64 = _standard.complex64
complex128 = _standard.complex128


def __array_namespace_info__() -> _Info:
    """Devices, dtypes and capabilities of the namespace, by the array API standard."""
    return _Info(None)


def __getattr__(name: str) -> Any:
    """Import what not everybody needs, and read the version, when somebody asks."""
    from importlib import import_module, metadata

    if name == "__version__":
        return metadata.version("xgrad")
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name not in _HOMES:
        from ._elsewhere import no_name

        raise no_name(__name__, name)
    found = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
