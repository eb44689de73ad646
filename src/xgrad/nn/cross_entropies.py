"""Cross entropies from logits, which no logit overflows and no certainty underflows.

Logits come first, labels second. One loss per example; the axis of the classes is reduced."""

from __future__ import annotations

from typing import Any

from .._arguments import as_int, as_number
from .._typing import ArrayLike
from ..core.casting import dtype_kind
from ..core.spec import describe
from ..core.tensor import Tensor
from ..errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from ..ops import special
from ..ops._arguments import as_axis, as_indices, as_operand
from ..ops.data_types import astype
from ..ops.rule_namespace import rule_namespace
from ..ops.statistical import sum as sum_over
from ._arguments import as_factor, as_one_of, as_real, reduced

__all__ = [
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


def softmax_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    axis: int = -1,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Compute the cross entropy of distributions over classes that are given as logits.

    Parameters
    ----------
    logits : Tensor, Variable or array
        Real.
    labels : Tensor, Variable or array
        Probabilities, of the same shape: one-hot rows, or any others. Differentiable too.
    axis : int
        Of the classes.
    reduction : str
        ``"mean"`` or ``"sum"`` over all examples, or ``"none"``.
    label_smoothing : float
        The part of the labels, from 0 to 1, that is spread evenly over all classes.

    Returns
    -------
    Tensor
        A scalar, or of the shape without the axis.

    Raises
    ------
    ShapeError
        If the shapes differ, or there is no such axis.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown, or the smoothing not from 0 to 1.

    See Also
    --------
    sparse_softmax_cross_entropy, sigmoid_cross_entropy, log_softmax

    Notes
    -----
    ``-sum(labels * log_softmax(logits))``. A label 0 for a logit ``-inf`` adds nothing.

    Examples
    --------
    >>> import xgrad as xg
    >>> logits = xg.asarray([[0.0, 0.0], [1000.0, 0.0]])
    >>> labels = xg.asarray([[1.0, 0.0], [0.0, 1.0]])
    >>> xg.nn.softmax_cross_entropy(logits, labels, reduction="none")
    xg.Tensor([6.93147181e-01, 1.00000000e+03], shape=(2,), dtype=float64, device=cpu)
    """
    logits = as_real(logits, "softmax_cross_entropy", "logits")
    labels = _as_probabilities(labels, logits, "softmax_cross_entropy")
    place = as_axis(axis, logits.ndim, "softmax_cross_entropy")
    label_smoothing = as_number(label_smoothing, "nn.softmax_cross_entropy", "label_smoothing")
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(
            "nn.softmax_cross_entropy: label_smoothing must be from 0 to 1, but is "
            f"{label_smoothing!r}."
        )
    if label_smoothing:
        labels = labels * (1 - label_smoothing) + label_smoothing / logits.shape[place]
    losses = rule_namespace.cross_entropy(logits, labels, axis=place)
    return reduced(losses, reduction, "softmax_cross_entropy")


def sparse_softmax_cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    axis: int = -1,
    reduction: str = "mean",
    ignore_label: int | None = None,
) -> Tensor:
    """Compute the cross entropy of classes, by number, and logits.

    Parameters
    ----------
    logits : Tensor, Variable or array
        Real.
    labels : Tensor, Variable or array
        Integers from 0 to the number of classes less 1, of the shape of the logits without the
        axis. The loss of a negative one is NaN, because to refuse it would wait for the device.
    axis : int
        Of the classes.
    reduction : str
        ``"mean"`` or ``"sum"`` over all examples, or ``"none"``.
    ignore_label : int, optional
        A label whose examples have the loss 0 and do not count in the mean: padding.

    Returns
    -------
    Tensor
        A scalar, or of the shape of the labels.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or there is no such axis.
    DTypeError
        If the logits are complex, or the labels no integers.
    ArgumentError
        If the reduction is unknown.
    OutOfRangeError
        If there is no class of a label's number. CUDA looks in `xgrad.cuda.check_indices` only.

    See Also
    --------
    softmax_cross_entropy, log_softmax

    Examples
    --------
    >>> import xgrad as xg
    >>> logits = xg.asarray([[0.0, 0.0], [1000.0, 0.0]])
    >>> xg.nn.sparse_softmax_cross_entropy(logits, xg.asarray([1, 0]), reduction="none")
    xg.Tensor([0.69314718, 0.        ], shape=(2,), dtype=float64, device=cpu)
    """
    function = "sparse_softmax_cross_entropy"
    as_one_of(reduction, ("mean", "sum", "none"), function, "reduction")
    logits = as_real(logits, function, "logits")
    labels = as_indices(labels, function, "labels")
    place = as_axis(axis, logits.ndim, function)
    expected = logits.shape[:place] + logits.shape[place + 1 :]
    if labels.shape != expected:
        raise ShapeError(
            f"nn.{function}: labels {describe(labels)} must have the shape {expected}, that of the "
            f"logits {describe(logits)} without axis {axis}. Use softmax_cross_entropy for one-hot "
            "labels."
        )
    ignored = (
        None if ignore_label is None else as_int(ignore_label, f"nn.{function}", "ignore_label")
    )
    try:
        losses = rule_namespace.sparse_cross_entropy(logits, labels, axis=place, ignored=ignored)
    except IndexError as error:
        count = logits.shape[place]
        raise OutOfRangeError(
            f"nn.{function}: labels {describe(labels)} must be the numbers of the {count} classes of "
            f"logits {describe(logits)} along axis {axis}. Use labels from 0 to {count - 1}."
        ) from error
    if ignored is not None and reduction == "mean":
        counted = astype(labels != ignored, losses.dtype)
        return sum_over(losses) / sum_over(counted)  # type: ignore[no-any-return]
    return reduced(losses, reduction, function)


def sigmoid_cross_entropy(
    logits: ArrayLike, labels: ArrayLike, reduction: str = "mean", pos_weight: ArrayLike = 1.0
) -> Tensor:
    """Compute the cross entropy of independent yes-or-no questions from logits.

    Parameters
    ----------
    logits : Tensor, Variable or array
        Real.
    labels : Tensor, Variable or array
        Probabilities from 0 to 1, of the same shape. Differentiable too.
    reduction : str
        ``"mean"`` or ``"sum"`` over all elements, or ``"none"``.
    pos_weight : number or Tensor
        By how much more a yes counts.

    Returns
    -------
    Tensor
        A scalar, or of the shape of the logits.

    Raises
    ------
    ShapeError
        If the shapes differ.
    DTypeError
        If one is complex.
    ArgumentError
        If the reduction is unknown.

    See Also
    --------
    softmax_cross_entropy, log_sigmoid

    Notes
    -----
    ``labels * softplus(-logits) + (1 - labels) * softplus(logits)``, where nothing cancels.

    Examples
    --------
    >>> import xgrad as xg
    >>> logits, labels = xg.asarray([0.0, 1000.0, -1000.0]), xg.asarray([1.0, 1.0, 1.0])
    >>> xg.nn.sigmoid_cross_entropy(logits, labels, reduction="none")
    xg.Tensor([6.93147181e-01, 0.00000000e+00, 1.00000000e+03], shape=(3,), dtype=float64, device=cpu)
    """
    logits = as_real(logits, "sigmoid_cross_entropy", "logits")
    labels = _as_probabilities(labels, logits, "sigmoid_cross_entropy")
    yes = labels * special.softplus(-logits)
    if type(pos_weight) is not float or pos_weight != 1.0:
        yes = yes * as_factor(pos_weight, "sigmoid_cross_entropy", "pos_weight")
    losses = yes + (1 - labels) * special.softplus(logits)
    return reduced(losses, reduction, "sigmoid_cross_entropy")


def _as_probabilities(labels: Any, logits: Any, function: str) -> Any:
    """Make labels an operand of the shape of the logits, and of their dtype where they are whole."""
    labels = as_operand(labels, function, "labels")
    if labels.shape != logits.shape:
        hint = (
            " Use sparse_softmax_cross_entropy for classes by number."
            if function == "softmax_cross_entropy"
            else " Use xg.reshape to bring them together."
        )
        raise ShapeError(
            f"nn.{function}: labels {describe(labels)} must have the shape of the logits "
            f"{describe(logits)}.{hint}"
        )
    kind = dtype_kind(labels.dtype)
    if kind == "complex":
        raise DTypeError(f"nn.{function}: labels must be real, but is {describe(labels)}.")
    return labels if kind == "floating" else astype(labels, logits.dtype)
