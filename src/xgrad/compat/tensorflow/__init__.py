"""TensorFlow's names for what xgrad does: ``import xgrad.compat.tensorflow as tf``.

For programs that use TensorFlow for arrays, gradients and training: tapes, and the graphs and
sessions of TensorFlow 1. Python floats are float32 here. Everything is computed at once, graphs are
recordings (_default_graph.py), and `Session.run` computes again what has changed (_replay.py).
Most functions are lines of tables (_tables.py); docs/coming-from-tensorflow.md lists what differs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import xgrad as xg
from xgrad import IndexedSlices, Tensor, UnconnectedGradients

from . import (
    autodiff,
    compat,
    config,
    debugging,
    keras,
    linalg,
    math,
    nn,
    random,
    summary,
    test,
    train,
)
from ._arrays import (
    broadcast_to,
    cast,
    complex,
    concat,
    constant,
    convert_to_tensor,
    expand_dims,
    eye,
    fill,
    identity,
    linspace,
    meshgrid,
    ones,
    ones_like,
    pad,
    range,
    rank,
    repeat,
    reshape,
    reverse,
    roll,
    shape,
    size,
    split,
    squeeze,
    stack,
    tile,
    to_double,
    to_float,
    to_int32,
    to_int64,
    transpose,
    unstack,
    zeros,
    zeros_like,
)
from ._clipping import clip_by_global_norm, clip_by_norm, clip_by_value, global_norm
from ._control import cond, function, map_fn, py_function, vectorized_map, while_loop
from ._device import device
from ._graphs import (
    Graph,
    control_dependencies,
    disable_eager_execution,
    enable_eager_execution,
    executing_eagerly,
    get_default_graph,
    global_variables,
    gradients,
    hessians,
    reset_default_graph,
    trainable_variables,
)
from ._indexing import (
    argsort,
    boolean_mask,
    gather,
    gather_nd,
    one_hot,
    scatter_nd,
    searchsorted,
    sequence_mask,
    slice,
    sort,
    tensor_scatter_nd_add,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_update,
    unique,
    where,
)
from ._initializers import (
    constant_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    zeros_initializer,
)
from ._session import (
    InteractiveSession,
    Operation,
    Session,
    assign,
    assign_add,
    assign_sub,
    get_default_session,
    global_variables_initializer,
    group,
    local_variables_initializer,
    no_op,
    variables_initializer,
)
from ._tables import no_name
from ._tape import GradientTape, custom_gradient, grad_pass_through, recompute_grad, stop_gradient
from ._variables import Variable, get_variable
from .linalg import einsum, matmul, norm, tensordot

__all__ = [
    "GradientTape",
    "Graph",
    "IndexedSlices",
    "InteractiveSession",
    "Operation",
    "Session",
    "Tensor",
    "UnconnectedGradients",
    "Variable",
    "argsort",
    "assign",
    "assign_add",
    "assign_sub",
    "autodiff",
    "bool",
    "boolean_mask",
    "broadcast_to",
    "cast",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "compat",
    "complex",
    "complex64",
    "complex128",
    "concat",
    "cond",
    "config",
    "constant",
    "constant_initializer",
    "control_dependencies",
    "convert_to_tensor",
    "custom_gradient",
    "debugging",
    "device",
    "disable_eager_execution",
    "double",
    "einsum",
    "enable_eager_execution",
    "executing_eagerly",
    "expand_dims",
    "eye",
    "fill",
    "float16",
    "float32",
    "float64",
    "function",
    "gather",
    "gather_nd",
    "get_default_graph",
    "get_default_session",
    "get_variable",
    "global_norm",
    "global_variables",
    "global_variables_initializer",
    "glorot_uniform_initializer",
    "grad_pass_through",
    "gradients",
    "group",
    "half",
    "hessians",
    "identity",
    "initialize_all_variables",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_tensor",
    "keras",
    "linalg",
    "linspace",
    "local_variables_initializer",
    "map_fn",
    "math",
    "matmul",
    "meshgrid",
    "name_scope",
    "newaxis",
    "nn",
    "no_op",
    "norm",
    "one_hot",
    "ones",
    "ones_initializer",
    "ones_like",
    "optimizers",
    "pad",
    "py_function",
    "random",
    "random_normal_initializer",
    "random_uniform_initializer",
    "range",
    "rank",
    "recompute_grad",
    "repeat",
    "reset_default_graph",
    "reshape",
    "reverse",
    "roll",
    "scatter_nd",
    "searchsorted",
    "sequence_mask",
    "shape",
    "size",
    "slice",
    "sort",
    "split",
    "squeeze",
    "stack",
    "stop_gradient",
    "summary",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update",
    "tensordot",
    "test",
    "tile",
    "to_double",
    "to_float",
    "to_int32",
    "to_int64",
    "train",
    "trainable_variables",
    "transpose",
    "truncated_normal_initializer",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "unique",
    "unstack",
    "variables_initializer",
    "vectorized_map",
    "where",
    "while_loop",
    "zeros",
    "zeros_initializer",
    "zeros_like",
]

optimizers = keras.optimizers
initialize_all_variables = global_variables_initializer
name_scope = xg.summary.name_scope
newaxis = None
float16 = half = "float16"
float32, float64, double = xg.float32, xg.float64, xg.float64
int8, int16, int32, int64 = xg.int8, xg.int16, xg.int32, xg.int64
uint8, uint16, uint32, uint64 = xg.uint8, xg.uint16, xg.uint32, xg.uint64
complex64, complex128 = xg.complex64, xg.complex128
bool = xg.bool


def is_tensor(x: Any) -> Any:
    """Tell whether something is a Tensor or Variable."""
    return isinstance(x, (xg.Tensor, xg.Variable))


# Names that TensorFlow 1 had here, and where they are now.
_FORMER = {
    "cholesky": "linalg.cholesky",
    "cross": "linalg.cross",
    "diag": "linalg.diag",
    "diag_part": "linalg.diag_part",
    "div": "math.divide",
    "div_no_nan": "math.divide_no_nan",
    "matrix_band_part": "linalg.band_part",
    "matrix_determinant": "linalg.det",
    "matrix_diag": "linalg.diag",
    "matrix_diag_part": "linalg.diag_part",
    "matrix_inverse": "linalg.inv",
    "matrix_solve": "linalg.solve",
    "matrix_transpose": "linalg.matrix_transpose",
    "matrix_triangular_solve": "linalg.triangular_solve",
    "print": "_control.print_tensors",
    "qr": "linalg.qr",
    "random_normal": "random.normal",
    "random_shuffle": "random.shuffle",
    "random_uniform": "random.uniform",
    "self_adjoint_eig": "linalg.eigh",
    "self_adjoint_eigvals": "linalg.eigvalsh",
    "set_random_seed": "random.set_seed",
    "svd": "linalg.svd",
    "trace": "linalg.trace",
    "truncated_normal": "random.truncated_normal",
}


# What is found here, too, is all of `tf.math` but these.
_ONLY_IN_MATH = {
    "divide_no_nan",
    "erfcinv",
    "erfinv",
    "l2_normalize",
    "multiply_no_nan",
    "ndtri",
    "nextafter",
    "reciprocal_no_nan",
    "reduce_euclidean_norm",
    "reduce_std",
    "reduce_variance",
    "softplus",
    "softsign",
    "top_k",
    "xdivy",
    "xlog1py",
    "xlogy",
}


def __getattr__(name: str) -> Any:
    if name in _FORMER:
        module, _, function = _FORMER[name].partition(".")
        return getattr(import_module(f".{module}", __name__), function)
    if name in _ONLY_IN_MATH or name not in dir(math):
        raise no_name(__name__, name)
    return getattr(math, name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_FORMER, *dir(math)} - _ONLY_IN_MATH)
