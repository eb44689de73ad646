"""Derivatives without derivatives: complex steps and differences, in float64.

These are the oracles of the tests. A complex step is exact to rounding for analytic functions
(Squire and Trapp, 1998); the others get central differences of sixth order, which for functions
whose scale is about 1 are good to about 1e-11."""

import numpy as np

STEP = 2e-3
WEIGHTS = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}


def difference(f, xs, direction):
    """The derivative of f(*xs) along a direction (one array per x), for any array-valued f."""
    total = 0.0
    for k, weight in WEIGHTS.items():
        ahead = f(*(x + k * STEP * d for x, d in zip(xs, direction, strict=True)))
        behind = f(*(x - k * STEP * d for x, d in zip(xs, direction, strict=True)))
        total = total + weight * (ahead - behind)
    return total / STEP


def difference_gradients(f, xs):
    """The gradients of a real scalar function by differences; of complex xs, steepest ascent."""
    gradients = []
    for number, x in enumerate(xs):
        gradient = np.zeros(x.shape, x.dtype)
        for place in np.ndindex(x.shape):
            for unit in (1.0, 1j) if np.iscomplexobj(x) else (1.0,):
                direction = [np.zeros(other.shape, other.dtype) for other in xs]
                direction[number][place] = unit
                gradient[place] += unit * difference(f, xs, direction)
        gradients.append(gradient)
    return gradients


def complex_step_gradients(f, xs):
    """The gradients of an analytic real scalar function, exact to rounding."""
    gradients = []
    for number, x in enumerate(xs):
        gradient = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            stepped = [np.array(other, dtype=complex) for other in xs]
            stepped[number][place] += 1e-30j
            gradient[place] = np.imag(f(*stepped)) / 1e-30
        gradients.append(gradient)
    return gradients


def as_tuple(value):
    """One output or several, as a tuple."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def weighted_sum(ys, weights):
    """The real scalar whose gradient a test asks for: the sum of Re(conj(w) y), holomorphic in y
    for real weights, so that a complex step passes through."""
    total = 0.0
    for y, w in zip(ys, weights, strict=True):
        total = total + np.sum(np.conj(w) * y)
    return total
