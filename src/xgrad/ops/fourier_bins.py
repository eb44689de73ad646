"""The bins of a discrete Fourier transform: their frequencies, and their order.

Signatures are those of the array API standard's `fft` extension (2025.12)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._arguments import as_int, as_number
from .._typing import ArrayLike, DType
from ..backends import as_device
from ..core.casting import dtype_kind
from ..core.handle import Handle
from ..core.tensor import Tensor
from ..errors import ArgumentError, DTypeError
from ._arguments import as_axes, as_operand
from ._new import DeviceLike, create, floating_on
from .data_types import to_device
from .manipulation import roll

__all__ = ["fftfreq", "fftshift", "ifftshift", "rfftfreq"]


def fftfreq(
    n: int, /, *, d: float | ArrayLike = 1.0, dtype: DType = None, device: DeviceLike = None
) -> Tensor:
    """Make the frequencies of the bins of a transform.

    Parameters
    ----------
    n : int
        The number of samples.
    d : number or Tensor without axes
        The distance between samples; the result stays connected to a Tensor.
    dtype : dtype, optional
        Real floating; the default dtype by default.
    device : Device or str, optional
        The default device, or that of `d`, by default.

    Returns
    -------
    Tensor
        Of shape (n,): from zero upwards, then the negative frequencies.

    Raises
    ------
    ArgumentError
        If there are no samples.
    DTypeError
        If the dtype is not real floating.

    See Also
    --------
    rfftfreq, fftshift

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.fftfreq(5, d=0.2)
    xg.Tensor([ 0.,  1.,  2., -2., -1.], shape=(5,), dtype=float64, device=cpu)
    """
    return _frequencies("fftfreq", n, False, d, dtype, device)


def rfftfreq(
    n: int, /, *, d: float | ArrayLike = 1.0, dtype: DType = None, device: DeviceLike = None
) -> Tensor:
    """Make the frequencies of the bins of a transform of real numbers.

    Parameters
    ----------
    n : int
        The number of samples.
    d : number or Tensor without axes
        The distance between samples; the result stays connected to a Tensor.
    dtype : dtype, optional
        Real floating; the default dtype by default.
    device : Device or str, optional
        The default device, or that of `d`, by default.

    Returns
    -------
    Tensor
        Of shape (n // 2 + 1,), from zero upwards.

    Raises
    ------
    ArgumentError
        If there are no samples.
    DTypeError
        If the dtype is not real floating.

    See Also
    --------
    fftfreq

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.rfftfreq(4, d=0.25)
    xg.Tensor([0., 1., 2.], shape=(3,), dtype=float64, device=cpu)
    """
    return _frequencies("rfftfreq", n, True, d, dtype, device)


def fftshift(x: ArrayLike, /, *, axes: int | Sequence[int] | None = None) -> Tensor:
    """Put the bin of frequency zero into the middle.

    Parameters
    ----------
    x : Tensor, Variable or array
    axes : int or sequence of int, optional
        All axes by default.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ShapeError
        If there is no such axis.

    See Also
    --------
    ifftshift

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.fftshift(xg.fft.fftfreq(5, d=0.2))
    xg.Tensor([-2., -1.,  0.,  1.,  2.], shape=(5,), dtype=float64, device=cpu)
    """
    return _shifted(x, axes, "fftshift", lambda size: size // 2)


def ifftshift(x: ArrayLike, /, *, axes: int | Sequence[int] | None = None) -> Tensor:
    """Put the bin of frequency zero back from the middle to the front.

    Parameters
    ----------
    x : Tensor, Variable or array
    axes : int or sequence of int, optional
        All axes by default.

    Returns
    -------
    Tensor
        Of the shape of x.

    Raises
    ------
    ShapeError
        If there is no such axis.

    See Also
    --------
    fftshift

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.ifftshift(xg.asarray([-2.0, -1.0, 0.0, 1.0, 2.0]))
    xg.Tensor([ 0.,  1.,  2., -2., -1.], shape=(5,), dtype=float64, device=cpu)
    """
    return _shifted(x, axes, "ifftshift", lambda size: -(size // 2))


def _frequencies(
    function: str, n: int, half: bool, d: Any, dtype: DType, device: DeviceLike
) -> Tensor:
    n = as_int(n, function, "n")
    if n < 1:
        raise ArgumentError(f"{function}: n must be at least 1, but is {n}.")
    if isinstance(d, Handle):
        d = d if device is None else to_device(d, device)
        dtype = d.dtype if dtype is None else dtype
        return _frequencies(function, n, half, 1.0, dtype, d.device) / d  # type: ignore[no-any-return]
    if as_number(d, function, "d") == 0:
        raise ArgumentError(f"{function}: d must not be 0. Use the time between two samples.")
    home = as_device(device)
    wanted = floating_on(home, dtype)
    if wanted is not None and dtype_kind(wanted) != "floating":
        raise DTypeError(f"{function}: dtype must be real floating, but is {wanted}.")
    return create(home, "frequencies", n, half=half, d=d, dtype=wanted)


def _shifted(x: Any, axes: Any, function: str, shift: Callable[[int], int]) -> Tensor:
    x = as_operand(x, function)
    axes = tuple(range(x.ndim)) if axes is None else axes
    found = as_axes(tuple(axes) if isinstance(axes, (list, tuple)) else axes, x.ndim, function)
    shifts = tuple(shift(x.shape[a]) for a in found or ())
    return roll(x, shifts, axis=found)
