"""One example of every differentiable instruction, to be checked on any machine.

Elementwise instructions need none: all of them take numbers between 0.3 and 0.8, unless a line
below says otherwise. The table of test cases (tests/cases.py) has many more lines, for what public
functions accept; this one ships with the library, for `xgrad check`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .._typing import Array, Shape
from ..backends import Steps, host
from ..core.dispatch import apply
from ..core.instructions import PRIMITIVES
from ..core.primitive import Kind
from ..core.tensor import Tensor
from ..ops import _fourier, _matrices, special  # noqa: F401 - bring the rules of their chapters
from ..ops.rule_namespace import rule_namespace as xp

__all__ = ["Example", "example_of", "operands_of"]

_MATRIX, _SQUARE, _VECTOR = (2, 3), (3, 3), (3,)
_STEPS = Steps(strides=(2,), padding=((1, 0),), dilation=(1,))
_ORDERS = {"n": 1, "order": 1, "orders": (1, 0)}  # of derivatives that special functions have


class Example(NamedTuple):
    """A function that calls one instruction, and the shapes of its arguments.

    Attributes
    ----------
    f : callable
        Of Tensors.
    shapes : tuple of shapes
    """

    f: Callable[..., Any]
    shapes: tuple[Shape, ...]


def example_of(name: str) -> Example | None:
    """Give the example of an instruction; None where there is none."""
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    primitive = PRIMITIVES[name]
    if primitive.kind not in (Kind.ELEMENTWISE, Kind.SELECTION):
        return None
    if not set(primitive.parameters) <= set(_ORDERS):
        return None
    parameters = {key: _ORDERS[key] for key in primitive.parameters}
    return Example(
        lambda *xs: apply(primitive, xs, parameters), (_VECTOR,) * len(primitive.operands)
    )


def operands_of(example: Example, dtype: str = "float64") -> list[Array]:
    """Make the arguments: numbers from 0.3 to 0.8, no two of them equal, the same every time."""
    np = host().namespace
    generator = np.random.default_rng(7)
    found = []
    for number, shape in enumerate(example.shapes):
        count = max(1, int(np.prod(shape)))
        spacing = 0.5 / count
        values = 0.3 + spacing * (np.arange(count) + number / len(example.shapes))
        found.append(generator.permutation(values).reshape(shape).astype(dtype))
    return found


def _indices(x: Tensor, values: list[Any]) -> Tensor:
    return xp.asarray(values, dtype=x.device.backend.dtype("int64"), device=x.device)  # type: ignore[no-any-return]


def _number(x: Tensor, value: float) -> Tensor:
    return xp.asarray([value], dtype=x.dtype, device=x.device)  # type: ignore[no-any-return]


def _apply(name: str, *operands: Any, **parameters: Any) -> Any:
    return apply(PRIMITIVES[name], operands, parameters)


def _complex(x: Tensor) -> Tensor:
    return x * (1.0 + 2.0j) + x * x * 1j  # type: ignore[no-any-return]


def _symmetric(x: Tensor) -> Tensor:
    y: Tensor = x + x.mT
    return y


def _regular(x: Tensor) -> Tensor:
    """Move a matrix far from singular ones."""
    return x + 2.0 * xp.eye(3, dtype=x.dtype, device=x.device)  # type: ignore[no-any-return]


def _definite(x: Tensor) -> Tensor:
    return _symmetric(_regular(x))


def _moduli(*arrays: Tensor) -> list[Tensor]:
    """Take what does not depend on the signs and phases that factors are free to choose."""
    return [xp.abs(array) for array in arrays]


def _drawn(a: Tensor) -> Tensor:
    """Draw from gamma distributions, by the inverse of the distribution function."""
    u = xp.asarray([0.2, 0.5, 0.9], dtype=a.dtype, device=a.device)
    return xp.stop_gradient(special.gammaincinv(a, u))  # type: ignore[no-any-return]


def _pooled(like: Tensor) -> tuple[Any, Any]:
    """Four positions of two channels, two of them equal, and the largest in windows of two."""
    x = xp.asarray(
        [[[1.0, 5.0], [7.0, 2.0], [7.0, -3.0], [0.0, 4.0]]], dtype=like.dtype, device=like.device
    )
    return x, _apply("max_pool", x, window=(2,), steps=_STEPS)


_LINES: dict[str, tuple[Any, ...]] = {
    # Elementwise, elsewhere.
    "activate": (lambda x: _apply("activate", x, function="gelu_tanh"), _MATRIX),
    "activate_sum": (
        lambda x, b: _apply("activate_sum", x, b, function="gelu"),
        _MATRIX,
        (3,),
    ),
    "acosh": (lambda x: xp.acosh(x + 1.0), _MATRIX),
    "complex_sign": (lambda x: _apply("complex_sign", _complex(x)), _MATRIX),
    "conj": (lambda x: xp.conj(_complex(x)), _MATRIX),
    "imag": (lambda x: xp.imag(_complex(x)), _MATRIX),
    "power": (lambda x: x**2.5, _MATRIX),
    "real": (lambda x: xp.real(_complex(x)), _MATRIX),
    "remainder": (lambda x1, x2: xp.remainder(x1 + 3.0, x2 + 1.0), _MATRIX, _MATRIX),
    "squash_sum": (lambda x, b: _apply("squash_sum", x, b, function="tanh"), _MATRIX, (3,)),
    "where": (lambda x1, x2: xp.where(x1 > 0.5, x1, x2), _MATRIX, _MATRIX),
    "zero_where_zero": (lambda r: _apply("zero_where_zero", r, r + 1.0), _MATRIX),
    # Special functions, elsewhere, or with a constant among their arguments.
    "expn": (lambda x: _apply("expn", _indices(x, [2]), x), _VECTOR),
    "hyp1f1": (lambda x: _apply("hyp1f1", _number(x, 0.5), _number(x, 1.5), x), _VECTOR),
    "lpmv": (lambda x: _apply("lpmv", _number(x, 1.0), _number(x, 2.0), x), _VECTOR),
    "lpmv_quotient": (
        lambda x: _apply("lpmv_quotient", _number(x, 1.0), _number(x, 2.0), x),
        _VECTOR,
    ),
    "polygamma": (lambda x: _apply("polygamma", _number(x, 1.0), x), _VECTOR),
    "yn": (lambda x: _apply("yn", _indices(x, [2]), x), _VECTOR),
    "zeta": (lambda x, q: _apply("zeta", x + 1.0, q), _VECTOR, _VECTOR),
    "zeta_derivative": (
        lambda x, q: _apply("zeta_derivative", x + 1.0, q, order=1),
        _VECTOR,
        _VECTOR,
    ),
    # Reductions and movements.
    "sum": (lambda x: xp.sum(x, axis=0), _MATRIX),
    "astype": (lambda x: xp.astype(x, x.device.backend.dtype("float32")), _MATRIX),
    "broadcast_to": (lambda x: xp.broadcast_to(x, (2, 2, 3)), _MATRIX),
    "check_numerics": (
        lambda x: _apply("check_numerics", x, message="", origin="", gradient=False),
        _MATRIX,
    ),
    "concat": (lambda x, y: xp.concat([x, y], axis=1), _MATRIX, (2, 2)),
    "copy": (lambda x: _apply("copy", x), _MATRIX),
    "cumulative_sum": (lambda x: xp.cumulative_sum(x, axis=1), _MATRIX),
    "flip": (lambda x: xp.flip(x, axis=0), _MATRIX),
    "matrix_transpose": (xp.matrix_transpose, _MATRIX),
    "permute_dims": (lambda x: xp.permute_dims(x, (2, 0, 1)), (2, 3, 2)),
    "reshape": (lambda x: xp.reshape(x, (3, 2)), _MATRIX),
    "roll": (lambda x: xp.roll(x, 1, axis=1), _MATRIX),
    "stack": (lambda x, y: xp.stack([x, y], axis=1), _MATRIX, _MATRIX),
    "to_device": (lambda x: _apply("to_device", x, device=x.device, source=x.device), _MATRIX),
    "tril": (xp.tril, _SQUARE),
    "triu": (lambda x: xp.triu(x, k=1), _SQUARE),
    "unstack": (lambda x: xp.unstack(x, axis=1), _MATRIX),
    # Fourier transforms.
    "fftn": (lambda x: _apply("fftn", _complex(x), axis=(1,), norm="backward"), _MATRIX),
    "ifftn": (lambda x: _apply("ifftn", _complex(x), axis=(1,), norm="backward"), _MATRIX),
    "rfftn": (lambda x: _apply("rfftn", x, axis=(1,), norm="backward"), _MATRIX),
    "irfftn": (
        lambda x: _apply("irfftn", _complex(x), axis=(1,), size=4, norm="backward"),
        _MATRIX,
    ),
    # Windows.
    "fold": (lambda x: _apply("fold", x, window=(2,), steps=_STEPS, size=(4,)), (1, 2, 2, 2)),
    "windows": (lambda x: _apply("windows", x, window=(2,), steps=_STEPS), (1, 4, 2)),
    "max_pool": (lambda x: _apply("max_pool", x, window=(2,), steps=_STEPS), (1, 4, 2)),
    "max_pool_input": (
        lambda g: _apply("max_pool_input", g, *_pooled(g), window=(2,), steps=_STEPS),
        (1, 2, 2),
    ),
    "max_pool_tangent": (
        lambda t: _apply("max_pool_tangent", t, *_pooled(t), window=(2,), steps=_STEPS),
        (1, 4, 2),
    ),
    # Products.
    "absorbing_contract": (
        lambda x1, x2: _apply("absorbing_contract", x1, x2, subscripts="ij,jk->ik", zeros=0),
        _MATRIX,
        (3, 2),
    ),
    "absorbing_matmul": (
        lambda x1, x2: _apply("absorbing_matmul", x1, x2, zeros=0),
        _MATRIX,
        (3, 2),
    ),
    "contract": (
        lambda x1, x2: _apply("contract", x1, x2, subscripts="ij,jk->ik"),
        _MATRIX,
        (3, 2),
    ),
    "convolve": (
        lambda x1, x2: _apply("convolve", x1, x2, steps=_STEPS, zeros=None),
        (1, 4, 2),
        (2, 2, 2),
    ),
    "convolve_input": (
        lambda x1, x2: _apply("convolve_input", x1, x2, steps=_STEPS, size=(4,), zeros=None),
        (1, 2, 2),
        (2, 2, 2),
    ),
    "convolve_kernel": (
        lambda x1, x2: _apply("convolve_kernel", x1, x2, steps=_STEPS, window=(2,), zeros=None),
        (1, 4, 2),
        (1, 2, 2),
    ),
    "matmul": (lambda x1, x2: x1 @ x2, _MATRIX, (3, 2)),
    "tensordot": (lambda x1, x2: xp.tensordot(x1, x2, axes=1), _MATRIX, (3, 2)),
    "vecdot": (xp.vecdot, _MATRIX, _MATRIX),
    # Reading and writing parts.
    "getitem": (lambda x: x[:, _indices(x, [2, 0, 2])], _MATRIX),
    "put": (lambda x: xp.put(x, key=(slice(1, 3), 0), shape=(4, 2)), (2,)),
    "setitem": (lambda x, v: x.at[0, :2].set(v), _MATRIX, (2,)),
    "take": (lambda x: xp.take(x, _indices(x, [1, 1, 0]), axis=0), _MATRIX),
    "take_sparse": (lambda x: _apply("take_sparse", x, _indices(x, [1, 1]), axis=0), _MATRIX),
    "index_add": (lambda x: xp.index_add(x, _indices(x, [1, 1]), axis=0, size=3), _MATRIX),
    "take_along_axis": (
        lambda x: xp.take_along_axis(x, _indices(x, [[0, 2], [1, 1]]), axis=1),
        _MATRIX,
    ),
    "scatter_along_axis": (
        lambda x: xp.scatter_along_axis(x, _indices(x, [[1, 1], [2, 0]]), axis=1, size=3),
        (2, 2),
    ),
    "scatter": (
        lambda x, v: xp.scatter(x, _indices(x, [1, 0]), v, mode="multiply"),
        _MATRIX,
        _MATRIX,
    ),
    # Functions of matrices.
    "cholesky": (lambda x: _apply("cholesky", _definite(x)), _SQUARE),
    "cofactor": (lambda x: _apply("cofactor", _regular(x)), _SQUARE),
    "det": (lambda x: _apply("det", _regular(x)), _SQUARE),
    "eig": (lambda x: _moduli(*_apply("eig", _definite(x))), _SQUARE),
    "eigh": (lambda x: _moduli(*_apply("eigh", _symmetric(x))), _SQUARE),
    "eigvals": (lambda x: xp.abs(_apply("eigvals", _definite(x))), _SQUARE),
    "eigvalsh": (lambda x: _apply("eigvalsh", _symmetric(x)), _SQUARE),
    "expm": (lambda x: _apply("expm", x), _SQUARE),
    "inv": (lambda x: _apply("inv", _regular(x)), _SQUARE),
    "lu": (lambda x: _apply("lu", _regular(x))[1], _SQUARE),
    "pinv": (lambda x: _apply("pinv", x, rtol=1e-10), _MATRIX),
    "qr": (lambda x: _moduli(*_apply("qr", _regular(x))), _SQUARE),
    "slogdet": (lambda x: _apply("slogdet", _regular(x))[1], _SQUARE),
    "solve": (lambda x1, x2: _apply("solve", _regular(x1), x2), _SQUARE, (3, 2)),
    "solve_triangular": (
        lambda x1, x2: _apply("solve_triangular", _regular(x1), x2, upper=False),
        _SQUARE,
        (3, 2),
    ),
    "svd": (lambda x: _moduli(*_apply("svd", x, full_matrices=False)), _MATRIX),
    "svdvals": (lambda x: _apply("svdvals", x), _MATRIX),
    # Others.
    "gamma_draw": (lambda a: _apply("gamma_draw", a, _drawn(a)), _VECTOR),
    "cross_entropy": (
        lambda x, q: _apply("cross_entropy", x, q, axis=1),
        _MATRIX,
        _MATRIX,
    ),
    "cumulative_max": (lambda x: xp.cumulative_max(x, axis=1), _MATRIX),
    "cumulative_min": (lambda x: xp.cumulative_min(x, axis=1), _MATRIX),
    "cumulative_prod": (lambda x: xp.cumulative_prod(x, axis=1), _MATRIX),
    "log_softmax": (lambda x: _apply("log_softmax", x, axis=(1,)), _MATRIX),
    "logsumexp": (lambda x: xp.logsumexp(x, axis=1), _MATRIX),
    "max": (lambda x: xp.max(x, axis=1), _MATRIX),
    "min": (lambda x: xp.min(x, axis=1), _MATRIX),
    "prod": (lambda x: xp.prod(x, axis=1), _MATRIX),
    "softmax": (lambda x: _apply("softmax", x, axis=(1,)), _MATRIX),
    "sort": (lambda x: xp.sort(x, axis=1), _MATRIX),
    "sparse_cross_entropy": (
        lambda x: _apply("sparse_cross_entropy", x, _indices(x, [2, 0]), axis=1, ignored=None),
        _MATRIX,
    ),
    "standardize": (lambda x: _apply("standardize", x, axis=(1,), epsilon=1e-3), _MATRIX),
    "std": (lambda x: xp.std(x, axis=1), _MATRIX),
    "vector_norm": (lambda x: _apply("vector_norm", x, axis=(1,), keepdims=False, ord=3), _MATRIX),
}
_LINES |= {
    name: (lambda x, name=name: _apply(name, _number(x, 0.5), x), _VECTOR)
    for name in ("iv", "ive", "jv", "kv", "kve", "yv")
}
_EXAMPLES = {name: Example(f, tuple(shapes)) for name, (f, *shapes) in _LINES.items()}
