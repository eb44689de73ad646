"""A block of attention: a norm, heads that look at each other, and two dense layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Arrays, Gradient, Gradients

HEADS = 4
EPSILON = 1e-5


def loss(
    ops: Any, constants: Any, gain: Any, shift: Any, wq: Any, wk: Any, wv: Any, wo: Any,
    w1: Any, b1: Any, w2: Any, b2: Any,
) -> Any:  # fmt: skip
    """Compute the mean square error of the block; softmax is the library's own."""
    x, target = constants
    examples, length, width = x.shape
    depth = width // HEADS

    def heads(t: Any) -> Any:
        return ops.transpose(ops.reshape(t, (examples, length, HEADS, depth)), (0, 2, 1, 3))

    x = ops.reshape(x, (examples * length, width))
    centred = x - ops.sum_last(x) * (1 / width)
    deviation = ops.sqrt(ops.sum_last(centred * centred) * (1 / width) + EPSILON)
    n = centred / deviation * gain + shift
    q, k, v = heads(n @ wq), heads(n @ wk), heads(n @ wv)
    weights = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) * depth**-0.5)
    mixed = ops.transpose(ops.matmul(weights, v), (0, 2, 1, 3))
    y = x + ops.reshape(mixed, (examples * length, width)) @ wo
    z = y + ops.relu(y @ w1 + b1) @ w2 + b2
    difference = z - ops.reshape(target, (examples * length, width))
    return ops.mean(difference * difference)


def by_hand(constants: Arrays, *leaves: np.ndarray) -> tuple[Any, Gradients]:
    """Go back, last operation first; the norm's input is a constant."""
    gain, shift, wq, wk, wv, wo, w1, b1, w2, b2 = leaves
    x, target = constants
    examples, length, width = x.shape
    depth = width // HEADS

    def heads(t: Any) -> Any:
        return t.reshape(examples, length, HEADS, depth).transpose(0, 2, 1, 3)

    def together(t: Any) -> Any:
        return t.transpose(0, 2, 1, 3).reshape(examples * length, width)

    x, target = x.reshape(-1, width), target.reshape(-1, width)
    centred = x - x.mean(axis=-1, keepdims=True)
    standard = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    n = standard * gain + shift
    q, k, v = heads(n @ wq), heads(n @ wk), heads(n @ wv)
    scale = depth**-0.5
    scores = (q @ k.swapaxes(2, 3)) * scale
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = e / e.sum(axis=-1, keepdims=True)
    mixed = together(weights @ v)
    y = x + mixed @ wo
    hidden = np.maximum(y @ w1 + b1, 0.0)
    difference = y + hidden @ w2 + b2 - target

    g = difference * (2 / difference.size)
    gh = (g @ w2.T) * (hidden > 0)
    gy = g + gh @ w1.T
    gm = heads(gy @ wo.T)
    gw = gm @ v.swapaxes(2, 3)
    gs = weights * (gw - (gw * weights).sum(axis=-1, keepdims=True)) * scale
    gq, gk, gv = (
        together(gs @ k),
        together(gs.swapaxes(2, 3) @ q),
        together(weights.swapaxes(2, 3) @ gm),
    )
    gn = gq @ wq.T + gk @ wk.T + gv @ wv.T
    return np.mean(difference * difference), (
        (gn * standard).sum(axis=0), gn.sum(axis=0), n.T @ gq, n.T @ gk, n.T @ gv, mixed.T @ gy,
        y.T @ gh, gh.sum(axis=0), hidden.T @ g, g.sum(axis=0),
    )  # fmt: skip


def make(examples: int = 8, length: int = 64, width: int = 128) -> Gradient:
    """Draw a block and its data."""
    random = np.random.default_rng(8)
    draw = lambda scale, *shape: random.normal(0, scale, shape).astype(np.float32)
    inner = 2 * width
    leaves = [1 + draw(0.1, width), draw(0.1, width)]
    leaves += [draw(width**-0.5, width, width) for _ in range(4)]
    leaves += [draw(width**-0.5, width, inner), draw(0.1, inner)]
    leaves += [draw(inner**-0.5, inner, width), draw(0.1, width)]
    constants = [draw(1.0, examples, length, width) for _ in range(2)]
    return Gradient(
        "attention", f"{examples} x {length} x {width}, {HEADS} heads, norm and two dense layers",
        leaves, loss, by_hand, constants,
    )  # fmt: skip
