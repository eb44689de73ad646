"""Operations on matrices and Fourier transforms for random programs; importing it adds them.

Matrices are made well conditioned (`positive_definite`) or looked at before they are taken: full
rank, and eigenvalues or singular values well apart, so that vectors have derivatives. Their signs
are a library's own choice, and leave through a square."""

from __future__ import annotations

import numpy as np
from program_operations import broadcastable, choose, one_axis, operation, separated

__all__ = ["positive_definite"]

APART = 0.05


def positive_definite(xp, a):
    """Square matrices with eigenvalues above 1 from matrices of any shape."""
    n = a.shape[-2]
    place = {} if xp.__name__.startswith("jax") else {"device": a.device}
    unit = xp.eye(n, dtype=a.dtype, **place)
    return xp.matmul(a, xp.matrix_transpose(a)) * (1.0 / a.shape[-1]) + 1.2 * unit


def _apart(values):
    """Whether values along the last axis are neither close to each other nor to zero."""
    ordered = np.sort(values, axis=-1)
    return bool(np.all(np.diff(ordered, axis=-1) > APART) and np.all(np.abs(ordered) > APART))


@operation(weight=4, needs="linalg")
def of_positive_definite_matrices(rng, a):
    if a.ndim < 2:
        return None
    options = [
        "xp.linalg.cholesky({s})",
        "xp.linalg.cholesky({s}, upper=True)",
        "xp.linalg.inv({s})",
        "xp.linalg.det({s}) * 0.1",
        "xp.linalg.slogdet({s})[1]",
        "xp.linalg.matrix_power({s}, 2) * 0.1",
        "xp.linalg.matrix_power({s}, -1)",
        "xp.linalg.trace({s}) * 0.2",
        "xp.linalg.diagonal({s})",
    ]
    if _apart(np.linalg.eigvalsh(positive_definite(np, a))):
        options += [
            "xp.linalg.eigvalsh({s})",
            "xp.linalg.eigh({s})[0]",
            "xp.linalg.eigh({s})[1] ** 2",
        ]
    return choose(rng, options).replace("{s}", "positive_definite(xp, {a})")


@operation(2, weight=3, needs="linalg")
def solving(rng, a, b):
    if a.ndim < 2 or b.ndim == 0:
        return None
    n = a.shape[-2]
    fits = b.shape == (n,) or (
        b.ndim > 1
        and b.shape[-2] == n
        and broadcastable(np.zeros(a.shape[:-2]), np.zeros(b.shape[:-2]))
    )
    return "xp.linalg.solve(positive_definite(xp, {a}), {b})" if fits else None


@operation(weight=4, needs="linalg")
def of_any_matrices(rng, a):
    if a.ndim < 2:
        return None
    options = [
        "xp.linalg.trace({a})",
        f"xp.linalg.diagonal({{a}}, offset={choose(rng, [0, 0, 1, -1])})",
        "xp.linalg.outer({a}[..., 0, :], {a}[..., :, 0])"
        if a.ndim == 2
        else "xp.linalg.trace({a})",
    ]
    if _apart(np.linalg.svdvals(a)):
        options += [
            "xp.linalg.svdvals({a})",
            "xp.linalg.svd({a}, full_matrices=False)[1]",
            "xp.linalg.svd({a}, full_matrices=False)[0] ** 2",
            "xp.linalg.svd({a}, full_matrices=False)[2] ** 2",
            "xp.linalg.pinv({a}) * 0.2",
            "xp.linalg.matrix_norm({a}, ord='nuc') * 0.5",
            "xp.linalg.matrix_norm({a}, ord=2)",
            "xp.linalg.matrix_norm({a}, ord=-2)",
        ]
        if a.shape[-2] >= a.shape[-1]:
            options += [
                "xp.linalg.qr({a})[0] ** 2",
                "xp.square(xp.linalg.qr({a})[1]) * 0.3",
            ]
    if separated(a):
        options.append("xp.linalg.matrix_norm({a})")
    return choose(rng, options)


@operation(needs="linalg")
def vector_norm(rng, a):
    if a.ndim == 0 or not separated(a):
        return None
    order = choose(rng, [1, 2, 3, 1.5])
    options = f"axis={one_axis(rng, a)}, keepdims={rng.random() < 0.4}"
    return f"xp.linalg.vector_norm({{a}}, {options}, ord={order}) * 0.7"


@operation(2, needs="linalg")
def cross(rng, a, b):
    return "xp.linalg.cross({a}, {b})" if a.shape == b.shape and a.shape[-1:] == (3,) else None


@operation(weight=4, needs="fft")
def transform(rng, a):
    if a.ndim == 0:
        return None
    axis = one_axis(rng, a)
    n = choose(rng, [None, a.shape[axis], a.shape[axis] + 1, max(1, a.shape[axis] - 1)])
    norm = choose(rng, ["backward", "ortho", "forward"])
    options = f"n={n}, axis={axis}, norm={norm!r}"
    as_complex = "xp.astype({a}, complex_dtype(xp, {a}))"
    return choose(
        rng,
        [
            f"xp.real(xp.fft.fft({as_complex}, {options})) * 0.4",
            f"xp.imag(xp.fft.ifft({as_complex}, {options})) * 0.7",
            f"xp.imag(xp.fft.rfft({{a}}, {options})) * 0.5",
            f"xp.real(xp.fft.rfft({{a}}, {options})) * 0.5",
            f"xp.fft.irfft({as_complex}, n={2 * a.shape[axis]}, axis={axis}, norm={norm!r})",
            f"xp.fft.hfft({as_complex}, n={2 * a.shape[axis]}, axis={axis}, norm={norm!r}) * 0.3",
            f"xp.real(xp.fft.ihfft({{a}}, {options}))",
            f"xp.real(xp.fft.fftn({as_complex}, norm={norm!r})) * 0.3",
            f"xp.fft.irfftn(xp.fft.rfftn({{a}}), s={tuple(a.shape)}, axes={tuple(range(a.ndim))})",
            f"xp.fft.fftshift({{a}}, axes={axis})",
            "xp.fft.ifftshift({a})",
        ],
    )
