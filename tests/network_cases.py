"""The lines of the table in cases.py for the instructions that neural networks are made of.

Oracles are NumPy and SciPy; torch and TensorFlow are asked in tests/nn."""

import numpy as np
import scipy.special

import xgrad as xg
from xgrad.backends import Steps
from xgrad.ops.rule_namespace import rule_namespace


def _activations():
    yield (
        "nn.relu",
        lambda xp, x: xg.nn.relu(x) * x,
        [(2, 4)],
        {
            "domain": "distinct",
            "reference": lambda x: np.maximum(x, 0) * x,
            "analytic": False,
        },
    )
    for name in ("softmax", "log_softmax"):
        for axis in (-1, (0, 2)):
            yield (
                f"nn.{name}/axis {axis}",
                lambda xp, x, name=name, axis=axis: getattr(xg.nn, name)(x, axis=axis),
                [(2, 3, 2)],
                {
                    "reference": lambda x, name=name, axis=axis: getattr(scipy.special, name)(
                        x, axis=axis
                    ),
                    "complex": True,
                },
            )
    for axis in ((-1,), (0, 2)):
        yield (
            f"standardize/axis {axis}",
            lambda xp, x, axis=axis: rule_namespace.standardize(x, axis=axis, epsilon=0.1),
            [(2, 3, 4)],
            {
                "reference": lambda x, axis=axis: (
                    (x - np.mean(x, axis, keepdims=True))
                    / np.sqrt(np.var(x, axis, keepdims=True) + 0.1)
                ),
                "analytic": False,
            },
        )


_ACTIVATED = {
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "sigmoid": scipy.special.expit,
    "silu": lambda x: x * scipy.special.expit(x),
}
_SQUASHED = {"relu": lambda x: np.maximum(x, 0), "tanh": np.tanh}


def _activations_by_name():
    for name, reference in _ACTIVATED.items():
        yield (
            f"activate/{name}",
            lambda xp, x, name=name: rule_namespace.activate(x, function=name),
            [(2, 3)],
            {"reference": reference, "analytic": False},
        )
    for instruction, names in (("activate_sum", _ACTIVATED), ("squash_sum", _SQUASHED)):
        for name, reference in names.items():
            yield (
                f"{instruction}/{name}",
                lambda xp, x, b, i=instruction, name=name: getattr(rule_namespace, i)(
                    x, b, function=name
                ),
                [(2, 3), (3,)],
                {
                    "reference": lambda x, b, reference=reference: reference(x + b),
                    "analytic": False,
                },
            )


def _of_classes(x, indices, ignored):
    """Minus the logarithm of softmax along axis 1, at indices."""
    y = -np.take_along_axis(scipy.special.log_softmax(x, axis=1), indices[:, None], axis=1)[:, 0]
    return np.where(indices == ignored, 0, y)


def _cross_entropies():
    for axis in (0, 1):
        yield (
            f"cross_entropy/axis {axis}",
            lambda xp, x, q, axis=axis: rule_namespace.cross_entropy(x, q, axis=axis),
            [(3, 4), (3, 4)],
            {
                "reference": lambda x, q, axis=axis: (
                    -np.sum(q * scipy.special.log_softmax(x, axis), axis)
                ),
            },
        )
    places = np.array([[1, 0], [2, 1]])
    for ignored in (None, 1):
        yield (
            f"sparse_cross_entropy/ignored {ignored}",
            lambda xp, x, ignored=ignored: rule_namespace.sparse_cross_entropy(
                x,
                xp.asarray(places.tolist(), dtype=xp.int64, device=x.device),
                axis=1,
                ignored=ignored,
            ),
            [(2, 3, 2)],
            {"reference": lambda x, ignored=ignored: _of_classes(x, places, ignored)},
        )


# Strides, padding, dilation and groups, all of them uneven; a part that no window sees; one cut off.
_STEPS = {
    "plain": (Steps((1,), ((0, 0),), (1,)), (2, 5, 2), (3, 2, 3)),
    "uneven": (Steps((2, 1), ((1, 2), (0, 1)), (1, 2), 2), (1, 5, 4, 4), (3, 2, 2, 2)),
    "depthwise": (Steps((2,), ((1, 0),), (1,), 2), (2, 4, 2), (2, 1, 4)),
    "cut": (Steps((2,), ((-1, 2),), (2,)), (1, 7, 1), (2, 1, 2)),
}


def _patches(x, window, steps):
    """What the window shows, element by element."""
    padding = [(0, 0), *(tuple(max(0, n) for n in pair) for pair in steps.padding), (0, 0)]
    cut = [
        slice(max(0, -b), n + min(0, a))
        for n, (b, a) in zip(x.shape[1:-1], steps.padding, strict=True)
    ]
    x = np.pad(x[(slice(None), *cut)], padding)
    places = [
        range(0, n - d * (w - 1), s)
        for n, w, s, d in zip(x.shape[1:-1], window, steps.strides, steps.dilation, strict=True)
    ]
    y = np.zeros((x.shape[0], *map(len, places), *window, x.shape[-1]), x.dtype)
    for i in np.ndindex(*map(len, places)):
        for j in np.ndindex(*window):
            key = tuple(
                p[a] + d * b for p, a, d, b in zip(places, i, steps.dilation, j, strict=True)
            )
            y[(slice(None), *i, *j)] = x[(slice(None), *key)]
    return y


def _convolved(x, kernel, steps):
    window = kernel.shape[:-2]
    seen = _patches(x, window, steps)
    depth, width = x.shape[-1] // steps.groups, kernel.shape[-1] // steps.groups
    axes = tuple(range(len(window) + 1))
    parts = [
        np.tensordot(
            seen[..., i * depth : (i + 1) * depth],
            kernel[..., i * width : (i + 1) * width],
            (tuple(a - len(axes) for a in axes), axes),
        )
        for i in range(steps.groups)
    ]
    return np.concatenate(parts, axis=-1)


def _convolutions():
    for name, (steps, shape, kernel) in _STEPS.items():
        seen = _patches(np.zeros(shape), kernel[:-2], steps)
        places = seen.shape[: len(shape) - 1]
        options = {"complex": True}
        for zeros in (None, 0, 1):
            label = name if zeros is None else f"{name}, zeros of operand {zeros}"
            yield (
                f"convolve/{label}",
                lambda xp, x, k, steps=steps, zeros=zeros: rule_namespace.convolve(
                    x, k, steps=steps, zeros=zeros
                ),
                [shape, kernel],
                {**options, "reference": lambda x, k, s=steps: _convolved(x, k, s)},
            )
        yield (
            f"convolve_input/{name}",
            lambda xp, y, k, steps=steps, size=shape[1:-1]: rule_namespace.convolve_input(
                y, k, steps=steps, size=size, zeros=None
            ),
            [(*places, kernel[-1]), kernel],
            options,
        )
        yield (
            f"convolve_kernel/{name}",
            lambda xp, x, y, steps=steps, window=kernel[:-2]: rule_namespace.convolve_kernel(
                x, y, steps=steps, window=window, zeros=None
            ),
            [shape, (*places, kernel[-1])],
            options,
        )
        flat = (*places, int(np.prod(kernel[:-2])), shape[-1])
        yield (
            f"windows/{name}",
            lambda xp, x, steps=steps, w=kernel[:-2]: rule_namespace.windows(
                x, window=w, steps=steps
            ),
            [shape],
            {
                **options,
                "reference": lambda x, s=steps, w=kernel[:-2], f=flat: _patches(x, w, s).reshape(f),
            },
        )
        yield (
            f"fold/{name}",
            lambda xp, y, steps=steps, w=kernel[:-2], n=shape[1:-1]: rule_namespace.fold(
                y, window=w, steps=steps, size=n
            ),
            [flat],
            options,
        )


def _largest(x, window, steps):
    padding = [(0, 0), *steps.padding, (0, 0)]
    framed = np.pad(x, padding, constant_values=-np.inf)
    bare = steps._replace(padding=((0, 0),) * len(window))
    return _patches(framed, window, bare).max(axis=tuple(range(-1 - len(window), -1)))


def _poolings():
    for name in ("plain", "uneven"):
        steps, shape, kernel = _STEPS[name]
        window = kernel[:-2]
        x = np.random.default_rng(8).permutation(int(np.prod(shape))).reshape(shape) / 7.0
        y = _largest(x, window, steps)
        options = {"window": window, "steps": steps}
        yield (
            f"max_pool/{name}",
            lambda xp, x, o=options: rule_namespace.max_pool(x, **o),
            [shape],
            {
                "domain": "distinct",
                "reference": lambda x, o=options: _largest(x, **o),
                "analytic": False,
            },
        )
        for function, given in (("max_pool_input", y.shape), ("max_pool_tangent", shape)):
            yield (
                f"{function}/{name}",
                lambda xp, g, f=function, x=x, y=y, o=options: getattr(rule_namespace, f)(
                    g, *(xp.asarray(a, dtype=g.dtype, device=g.device) for a in (x, y)), **o
                ),
                [given],
                {"analytic": False},
            )


def network_cases():
    """Every line: name, function, shapes, and what else `case` takes."""
    yield from _poolings()
    yield from _activations()
    yield from _activations_by_name()
    yield from _cross_entropies()
    yield from _convolutions()
