"""Muon: momentum, made orthogonal, for matrices; AdamW for everything else."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Unpack

from .._arguments import as_flag, as_sequence
from .._typing import Array
from ..core.tensor import Tensor
from ..errors import ArgumentTypeError
from ..ops.rule_namespace import rule_namespace
from .base import Optimizer
from .checks import as_count, as_fraction, as_positive, as_rate
from .options import OtherOptions
from .rule import Numbers, Slots, moments, norm_of, real_zeros

__all__ = ["Muon"]


class Muon(Optimizer):
    r"""Momentum orthogonalized by Newton-Schulz iterations.

    With learning rate :math:`\eta`, momentum :math:`\mu` and gradient :math:`g` of a matrix
    :math:`w` of n rows and m columns, a step is

    .. math::

        b &\leftarrow \mu b + g, \qquad X = g + \mu b \text{ (Nesterov's), or } b \\
        X &\leftarrow X / \|X\|, \qquad \text{then several times} \quad
        A = X X^H, \; X \leftarrow a X + (b A + c A^2) X \\
        w &\leftarrow w - \eta \, r \sqrt{\max(n, m)} \, X

    [1]_, with the scale of [2]_, in which :math:`r` is `rms_rate`. Variables that are no matrices,
    and those that are excluded by their name, take the steps of `AdamW`.

    Parameters
    ----------
    learning_rate : float, int, schedule or callable
        The size of a step, or a function of the number of steps taken so far.
    adam_beta_1, adam_beta_2, adam_weight_decay, epsilon : float
        For what is no matrix, as in `AdamW`.
    weight_decay : float
        For matrices.
    exclude_layers : list of str, optional
        Regular expressions; matrices with one of them in their name take AdamW's steps.
    exclude_embeddings : bool
        Whether matrices with "embedding" in their name do so too.
    muon_a, muon_b, muon_c : float
        The polynomial's coefficients.
    adam_lr_ratio : float
        AdamW's learning rate, relative to that of matrices.
    momentum : float
    ns_steps : int
        How many times.
    nesterov : bool
    rms_rate : float, optional
        None leaves the scale out, and the root too.
    **options
        What all optimizers take; see `Optimizer`.

    See Also
    --------
    AdamW, SGD

    References
    ----------
    .. [1] K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024,
       https://kellerjordan.github.io/posts/muon/.
    .. [2] J. Liu et al., "Muon is scalable for LLM training", arXiv:2502.16982, 2025.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.Variable([[1.0, -2.0], [3.0, 4.0]], name="kernel")
    >>> optimizer = xg.optimizers.Muon(learning_rate=0.1)
    >>> losses = [float(optimizer.minimize(lambda: xg.sum(w**2))) for _ in range(100)]
    >>> losses[0] > 3 * losses[-1]
    True
    """

    hyperparameters = (
        *("adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon"),
        *("exclude_layers", "exclude_embeddings", "muon_a", "muon_b", "muon_c"),
        *("adam_lr_ratio", "momentum", "ns_steps", "nesterov", "rms_rate"),
    )
    slot_names = ("momentum", "velocity")
    elementwise = False

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Iterable[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1.0,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **options: Unpack[OtherOptions],
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **options)
        self.adam_beta_1 = as_fraction(adam_beta_1, "adam_beta_1")
        self.adam_beta_2 = as_fraction(adam_beta_2, "adam_beta_2")
        self.adam_weight_decay = (
            None
            if adam_weight_decay is None
            else as_positive(adam_weight_decay, "adam_weight_decay")
        )
        self.epsilon = as_positive(epsilon, "epsilon")
        self.exclude_layers = _as_patterns(exclude_layers)
        self.exclude_embeddings = as_flag(exclude_embeddings, "Muon", "exclude_embeddings")
        self.muon_a = as_rate(muon_a, "muon_a")
        self.muon_b = as_rate(muon_b, "muon_b")
        self.muon_c = as_rate(muon_c, "muon_c")
        self.adam_lr_ratio = as_positive(adam_lr_ratio, "adam_lr_ratio")
        self.momentum = as_fraction(momentum, "momentum", closed=True)
        self.ns_steps = as_count(ns_steps, "ns_steps")
        self.nesterov = as_flag(nesterov, "Muon", "nesterov")
        self.rms_rate = None if rms_rate is None else as_positive(rms_rate, "rms_rate")

    def make_slots(self, w: Tensor, name: str) -> dict[str, Tensor]:
        """Make zeros; who has a velocity takes AdamW's steps."""
        slots = {"momentum": rule_namespace.zeros_like(w)}
        excluded = self.exclude_embeddings and "embedding" in name.lower()
        if w.ndim != 2 or excluded or any(re.search(p, name) for p in self.exclude_layers):
            slots["velocity"] = real_zeros(w)
        return slots

    def decay_of(self, slots: dict[str, Any]) -> float | None:
        """Find the weight decay of matrices, or that of the others."""
        return self.adam_weight_decay if "velocity" in slots else self.weight_decay

    def coefficients(self, xp: Any, learning_rate: Any, step: Any) -> Numbers:
        """Compute AdamW's learning rate too."""
        corrected = xp.sqrt(1.0 - self.adam_beta_2**step) / (1.0 - self.adam_beta_1**step)
        return {
            "learning_rate": learning_rate,
            "alpha": learning_rate * self.adam_lr_ratio * corrected,
        }

    def update_step(
        self, xp: Any, g: Array, w: Array, slots: Slots, c: Numbers
    ) -> tuple[Array, Slots]:
        """Work out one step of one variable; see the class for the equations."""
        if "velocity" in slots:
            m, v = moments(xp, g, slots, self.adam_beta_1, self.adam_beta_2)
            w = w - m * c["alpha"] / (xp.sqrt(v) + self.epsilon)
            return w, {"momentum": m, "velocity": v}
        m = slots["momentum"] * self.momentum + g
        direction = self._orthogonalized(xp, g + m * self.momentum if self.nesterov else m)
        if self.rms_rate is not None:
            direction = direction * (math.sqrt(max(w.shape)) * self.rms_rate)
        return w - direction * c["learning_rate"], {"momentum": m}

    def _orthogonalized(self, xp: Any, x: Array) -> Array:
        """Bring all singular values near 1: about U V^H of the decomposition U S V^H."""
        tall = x.shape[0] > x.shape[1]
        if tall:
            x = xp.matrix_transpose(x)
        x = x / (norm_of(xp, x) + 1e-7)
        for _ in range(self.ns_steps):
            a = xp.matmul(x, xp.matrix_transpose(xp.conj(x)))
            b = a * self.muon_b + xp.matmul(a, a) * self.muon_c
            x = x * self.muon_a + xp.matmul(b, x)
        return xp.matrix_transpose(x) if tall else x


def _as_patterns(patterns: Any) -> list[str]:
    """Take a list of regular expressions; one of them alone would be taken apart into letters."""
    found = () if patterns is None else as_sequence(patterns, "Muon", "exclude_layers", "str")
    for pattern in found:
        if not isinstance(pattern, str):
            raise ArgumentTypeError(
                f"Muon: exclude_layers must hold patterns of names, but has {pattern!r} "
                f'({type(pattern).__name__}). Use a list such as ["head"].'
            )
    return list(found)
