"""First values of parameters: functions of a shape and a generator.

A kernel's last two axes are inputs and outputs, those before are a window, as for `linear` and
`conv`; the *fan* is how many numbers meet in one: inputs or outputs, times the size of the window."""

from __future__ import annotations

import math

from .._typing import DType, Shape, ShapeLike
from ..backends import Device
from ..core.tensor import Tensor
from ..errors import ArgumentError, ShapeError
from ..ops._arguments import as_shape
from ..ops.creation import eye
from ..ops.data_types import in_dtype, widened
from ..ops.decompositions import qr
from ..ops.diagonals import diag
from ..ops.filling import ones_like
from ..ops.linear_algebra import matrix_transpose
from ..ops.manipulation import reshape
from ..ops.searching import where
from ..random import Generator, default_generator
from ._arguments import as_one_of

__all__ = [
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "orthogonal",
    "variance_scaling",
]

# The deviation of a normal variable that is cut off at two.
_TRUNCATED = 0.87962566103423978


def variance_scaling(
    shape: ShapeLike,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
    *,
    rng: Generator | None = None,
    dtype: DType = None,
) -> Tensor:
    """Draw numbers with mean 0 whose variance is a scale divided by a fan.

    Parameters
    ----------
    shape : tuple of int
        Of the kernel: ``(*window, inputs, outputs)``.
    scale : float
        More than 0.
    mode : str
        What to divide by: ``"fan_in"``, ``"fan_out"`` or their mean, ``"fan_avg"``.
    distribution : str
        ``"truncated_normal"``, ``"normal"`` or ``"uniform"``.
    rng : Generator, optional
        The default generator by default.
    dtype : dtype, optional
        The default dtype by default.

    Returns
    -------
    Tensor
        On the device of the generator.

    Raises
    ------
    ArgumentError
        If the scale is not positive, or a name unknown.
    ShapeError
        If the shape has no axes.

    See Also
    --------
    glorot_uniform, he_normal, lecun_normal

    Examples
    --------
    >>> import xgrad as xg
    >>> kernel = xg.nn.initializers.variance_scaling((300, 200), rng=xg.random.Generator(0))
    >>> round(float(xg.std(kernel)) * 300**0.5, 2)
    1.0
    """
    as_one_of(mode, ("fan_in", "fan_out", "fan_avg"), "initializers.variance_scaling", "mode")
    kinds = ("truncated_normal", "normal", "uniform")
    as_one_of(distribution, kinds, "initializers.variance_scaling", "distribution")
    if not scale > 0:
        raise ArgumentError(
            f"nn.initializers.variance_scaling: scale must be positive, but is {scale!r}."
        )
    sizes = as_shape(shape, "variance_scaling")
    fan_in, fan_out = _fans(sizes)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    deviation = math.sqrt(scale / max(1.0, fan))
    rng = rng or default_generator()
    if distribution == "uniform":
        limit = math.sqrt(3.0) * deviation
        return rng.uniform(sizes, -limit, limit, dtype)
    if distribution == "normal":
        return rng.normal(sizes, 0.0, deviation, dtype)
    return rng.truncated_normal(sizes, 0.0, deviation / _TRUNCATED, dtype)


def glorot_uniform(
    shape: ShapeLike, *, rng: Generator | None = None, dtype: DType = None
) -> Tensor:
    """Draw from +-sqrt(6 / (fan_in + fan_out)), evenly; for tanh, sigmoid and linear outputs.

    Parameters
    ----------
    shape : tuple of int
        Of the kernel: ``(*window, inputs, outputs)``.
    rng : Generator, optional
        The default generator by default.
    dtype : dtype, optional
        The default dtype by default.

    Returns
    -------
    Tensor

    See Also
    --------
    glorot_normal, he_uniform, variance_scaling

    Notes
    -----
    Source: Glorot and Bengio (2010), https://proceedings.mlr.press/v9/glorot10a.html.

    Examples
    --------
    >>> import xgrad as xg
    >>> kernel = xg.nn.initializers.glorot_uniform((2, 4), rng=xg.random.Generator(0))
    >>> float(xg.max(xg.abs(kernel))) < 1
    True
    """
    return variance_scaling(shape, 1.0, "fan_avg", "uniform", rng=rng, dtype=dtype)


def glorot_normal(shape: ShapeLike, *, rng: Generator | None = None, dtype: DType = None) -> Tensor:
    """Draw from a truncated normal distribution of variance 2 / (fan_in + fan_out).

    Parameters
    ----------
    shape : tuple of int
        Of the kernel: ``(*window, inputs, outputs)``.
    rng : Generator, optional
        The default generator by default.
    dtype : dtype, optional
        The default dtype by default.

    Returns
    -------
    Tensor

    See Also
    --------
    glorot_uniform, variance_scaling

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.initializers.glorot_normal((3, 3, 2, 4)).shape
    (3, 3, 2, 4)
    """
    return variance_scaling(shape, 1.0, "fan_avg", "truncated_normal", rng=rng, dtype=dtype)


def he_uniform(shape: ShapeLike, *, rng: Generator | None = None, dtype: DType = None) -> Tensor:
    """Draw from +-sqrt(6 / fan_in), evenly; for relu.

    Parameters
    ----------
    shape : tuple of int
        Of the kernel: ``(*window, inputs, outputs)``.
    rng : Generator, optional
        The default generator by default.
    dtype : dtype, optional
        The default dtype by default.

    Returns
    -------
    Tensor

    See Also
    --------
    he_normal, variance_scaling

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.initializers.he_uniform((3, 3, 2, 4)).shape
    (3, 3, 2, 4)
    """
    return variance_scaling(shape, 2.0, "fan_in", "uniform", rng=rng, dtype=dtype)


def he_normal(shape: ShapeLike, *, rng: Generator | None = None, dtype: DType = None) -> Tensor:
    """Draw from a truncated normal distribution of variance 2 / fan_in; for relu.

    Parameters
    ----------
    shape : tuple of int
        Of the kernel: ``(*window, inputs, outputs)``.
    rng : Generator, optional
        The default generator by default.
    dtype : dtype, optional
        The default dtype by default.

    Returns
    -------
    Tensor

    See Also
    --------
    he_uniform, variance_scaling

    Notes
    -----
    Source: He et al. (2015), https://arxiv.org/abs/1502.01852.

    Examples
    --------
    >>> import xgrad as xg
    >>> kernel = xg.nn.initializers.he_normal((300, 200), rng=xg.random.Generator(0))
    >>> round(float(xg.var(kernel)) * 300, 1)
    2.0
    """
    return variance_scaling(shape, 2.0, "fan_in", "truncated_normal", rng=rng, dtype=dtype)


def lecun_uniform(shape: ShapeLike, *, rng: Generator | None = None, dtype: DType = None) -> Tensor:
    """Draw from +-sqrt(3 / fan_in), evenly; for selu.

    Parameters
    ----------
    shape : tuple of int
        Of the kernel: ``(*window, inputs, outputs)``.
    rng : Generator, optional
        The default generator by default.
    dtype : dtype, optional
        The default dtype by default.

    Returns
    -------
    Tensor

    See Also
    --------
    lecun_normal, variance_scaling

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.initializers.lecun_uniform((2, 4)).shape
    (2, 4)
    """
    return variance_scaling(shape, 1.0, "fan_in", "uniform", rng=rng, dtype=dtype)


def lecun_normal(shape: ShapeLike, *, rng: Generator | None = None, dtype: DType = None) -> Tensor:
    """Draw from a truncated normal distribution of variance 1 / fan_in; for selu.

    Parameters
    ----------
    shape : tuple of int
        Of the kernel: ``(*window, inputs, outputs)``.
    rng : Generator, optional
        The default generator by default.
    dtype : dtype, optional
        The default dtype by default.

    Returns
    -------
    Tensor

    See Also
    --------
    lecun_uniform, variance_scaling

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.initializers.lecun_normal((2, 4)).shape
    (2, 4)
    """
    return variance_scaling(shape, 1.0, "fan_in", "truncated_normal", rng=rng, dtype=dtype)


def orthogonal(
    shape: ShapeLike, gain: float = 1.0, *, rng: Generator | None = None, dtype: DType = None
) -> Tensor:
    """Draw an orthogonal matrix, of all alike; for recurrent kernels.

    Parameters
    ----------
    shape : tuple of int
        Of two axes at least; those before the last are taken as one.
    gain : float
        What the matrix is multiplied with.
    rng : Generator, optional
        The default generator by default.
    dtype : dtype, optional
        The default dtype by default.

    Returns
    -------
    Tensor
        Whose columns are orthonormal, or its rows where there are fewer.

    Raises
    ------
    ShapeError
        If the shape has less than two axes.

    See Also
    --------
    identity, glorot_uniform

    Notes
    -----
    Source: Saxe, McClelland and Ganguli (2013), https://arxiv.org/abs/1312.6120.

    Examples
    --------
    >>> import xgrad as xg
    >>> q = xg.nn.initializers.orthogonal((3, 3), rng=xg.random.Generator(0))
    >>> float(xg.max(xg.abs(q @ q.T - xg.eye(3)))) < 1e-14
    True
    """
    sizes = as_shape(shape, "orthogonal")
    if len(sizes) < 2:
        raise ShapeError(
            f"nn.initializers.orthogonal: shape must have two axes at least, but is {sizes}. Use "
            "variance_scaling for a vector."
        )
    rows, columns = math.prod(sizes[:-1]), sizes[-1]
    rng = rng or default_generator()
    normal = rng.normal((max(rows, columns), min(rows, columns)), dtype=dtype)
    q, r = qr(widened(normal))
    pivots = diag(r)
    q = q * where(pivots < 0, -1, ones_like(pivots))  # without which not all matrices are alike
    q = q if rows >= columns else matrix_transpose(q)
    return reshape(in_dtype(q * gain, normal.dtype), sizes)


def identity(
    shape: ShapeLike,
    gain: float = 1.0,
    *,
    dtype: DType = None,
    device: Device | str | None = None,
) -> Tensor:
    """Make a multiple of the identity; for recurrent kernels with relu.

    Parameters
    ----------
    shape : tuple of int
        Of a matrix.
    gain : float
        What stands on the diagonal.
    dtype : dtype, optional
        The default dtype by default.
    device : Device or str, optional

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the shape is not that of a matrix.

    See Also
    --------
    orthogonal, xgrad.eye

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.initializers.identity((2, 3), gain=0.5)
    xg.Tensor([[0.5, 0. , 0. ],
               [0. , 0.5, 0. ]], shape=(2, 3), dtype=float64, device=cpu)
    """
    sizes = as_shape(shape, "identity")
    if len(sizes) != 2:
        raise ShapeError(
            f"nn.initializers.identity: shape must be that of a matrix, but is {sizes}. Use "
            "orthogonal for kernels with windows."
        )
    return eye(*sizes, dtype=dtype, device=device) * gain  # type: ignore[no-any-return]


def _fans(shape: Shape) -> tuple[float, float]:
    """How many numbers meet in an output, and how many an input goes to."""
    if not shape:
        raise ShapeError(
            "nn.initializers: a kernel must have one axis at least, but its shape is (). Use a number."
        )
    if len(shape) == 1:
        return shape[0], shape[0]
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]
