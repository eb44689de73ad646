"""Every optimizer again: float64 NumPy, one scalar recurrence after another, as in the papers.

A reference is a function of the arguments that returns a step function ``step(g, w, memory, rate,
t)``, which returns the new value and keeps what it needs in the dict `memory`. Options that all
optimizers share stand around it in `train`, in the order that semantics.md decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[np.ndarray, np.ndarray, dict[str, Any], float, int], np.ndarray]


def sgd(momentum: float = 0.0, nesterov: bool = False) -> Step:
    def step(g, w, memory, rate, t):
        v = memory["v"] = momentum * memory.get("v", 0.0) - rate * g
        if momentum and nesterov:
            return w + momentum * v - rate * g
        return w + v

    return step


def adam(beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False) -> Step:
    def step(g, w, memory, rate, t):
        m = memory["m"] = beta_1 * memory.get("m", 0.0) + (1 - beta_1) * g
        v = memory["v"] = beta_2 * memory.get("v", 0.0) + (1 - beta_2) * np.abs(g) ** 2
        top = memory["top"] = np.maximum(memory.get("top", 0.0), v)
        alpha = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        return w - alpha * m / (np.sqrt(top if amsgrad else v) + epsilon)

    return step


def adamax(beta_1=0.9, beta_2=0.999, epsilon=1e-7) -> Step:
    def step(g, w, memory, rate, t):
        m = memory["m"] = beta_1 * memory.get("m", 0.0) + (1 - beta_1) * g
        u = memory["u"] = np.maximum(beta_2 * memory.get("u", 0.0), np.abs(g))
        return w - rate / (1 - beta_1**t) * m / (u + epsilon)

    return step


def nadam(beta_1=0.9, beta_2=0.999, epsilon=1e-7) -> Step:
    def step(g, w, memory, rate, t):
        m = memory["m"] = beta_1 * memory.get("m", 0.0) + (1 - beta_1) * g
        v = memory["v"] = beta_2 * memory.get("v", 0.0) + (1 - beta_2) * np.abs(g) ** 2
        u, u_next = (beta_1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
        product = memory["product"] = memory.get("product", 1.0) * u
        m_hat = u_next * m / (1 - product * u_next) + (1 - u) * g / (1 - product)
        return w - rate * m_hat / (np.sqrt(v / (1 - beta_2**t)) + epsilon)

    return step


def lamb(beta_1=0.9, beta_2=0.999, epsilon=1e-7) -> Step:
    def step(g, w, memory, rate, t):
        m = memory["m"] = beta_1 * memory.get("m", 0.0) + (1 - beta_1) * g
        v = memory["v"] = beta_2 * memory.get("v", 0.0) + (1 - beta_2) * np.abs(g) ** 2
        r = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
        w_norm, r_norm = np.linalg.norm(w.ravel()), np.linalg.norm(r.ravel())
        return w - rate * (w_norm / r_norm if w_norm > 0 and r_norm > 0 else 1.0) * r

    return step


def adagrad(initial_accumulator_value=0.1, epsilon=1e-7) -> Step:
    def step(g, w, memory, rate, t):
        a = memory["a"] = memory.get("a", initial_accumulator_value) + np.abs(g) ** 2
        return w - rate * g / np.sqrt(a + epsilon)

    return step


def adadelta(rho=0.95, epsilon=1e-7) -> Step:
    def step(g, w, memory, rate, t):
        a = memory["a"] = rho * memory.get("a", 0.0) + (1 - rho) * np.abs(g) ** 2
        d = np.sqrt(memory.get("b", 0.0) + epsilon) / np.sqrt(a + epsilon) * g
        memory["b"] = rho * memory.get("b", 0.0) + (1 - rho) * np.abs(d) ** 2
        return w - rate * d

    return step


def rmsprop(rho=0.9, momentum=0.0, epsilon=1e-7, centered=False) -> Step:
    def step(g, w, memory, rate, t):
        v = memory["v"] = rho * memory.get("v", 0.0) + (1 - rho) * np.abs(g) ** 2
        a = memory["a"] = rho * memory.get("a", 0.0) + (1 - rho) * g
        spread = v - np.abs(a) ** 2 if centered else v
        b = memory["b"] = momentum * memory.get("b", 0.0) + rate * g / np.sqrt(spread + epsilon)
        return w - b

    return step


def ftrl(
    learning_rate_power=-0.5,
    initial_accumulator_value=0.1,
    l1_regularization_strength=0.0,
    l2_regularization_strength=0.0,
    l2_shrinkage_regularization_strength=0.0,
    beta=0.0,
) -> Step:
    def step(g, w, memory, rate, t):
        old = memory.get("n", initial_accumulator_value)
        new = memory["n"] = old + g**2
        sigma = (new**-learning_rate_power - old**-learning_rate_power) / rate
        shrunk = g + 2 * l2_shrinkage_regularization_strength * w
        z = memory["z"] = memory.get("z", 0.0) + shrunk - sigma * w
        quadratic = new**-learning_rate_power / rate
        quadratic = quadratic + 2 * (l2_regularization_strength + beta / (2 * rate))
        l1 = l1_regularization_strength
        return np.where(np.abs(z) > l1, (np.sign(z) * l1 - z) / quadratic, 0.0)

    return step


def lion(beta_1=0.9, beta_2=0.99) -> Step:
    def step(g, w, memory, rate, t):
        m = memory.get("m", np.zeros_like(g))
        memory["m"] = beta_2 * m + (1 - beta_2) * g
        direction = beta_1 * m + (1 - beta_1) * g
        return w - rate * direction / np.where(direction == 0, 1, np.abs(direction))

    return step


def adafactor(
    beta_2_decay=-0.8, epsilon_1=1e-30, epsilon_2=1e-3, clip_threshold=1.0, relative_step=True
) -> Step:
    def rms(x):
        return np.sqrt(np.mean(np.abs(x) ** 2))

    def step(g, w, memory, rate, t):
        beta = 1 - t**beta_2_decay
        s = np.abs(g) ** 2 + epsilon_1
        if w.ndim >= 2:
            r = memory["r"] = beta * memory.get("r", 0.0) + (1 - beta) * s.mean(axis=-1)
            c = memory["c"] = beta * memory.get("c", 0.0) + (1 - beta) * s.mean(axis=-2)
            v = (r / r.mean(axis=-1, keepdims=True))[..., :, None] * c[..., None, :]
        else:
            v = memory["v"] = beta * memory.get("v", 0.0) + (1 - beta) * s
        u = g / np.sqrt(v)
        u = u / max(1.0, rms(u) / clip_threshold)
        return w - max(epsilon_2, rms(w)) * min(rate, 1 / np.sqrt(t)) * u

    return step


def muon(
    momentum=0.95, nesterov=True, ns_steps=5, rms_rate: float | None = 0.2, **adam_arguments
) -> Step:
    other = adam(**{name.removeprefix("adam_"): x for name, x in adam_arguments.items()})

    def step(g, w, memory, rate, t):
        if w.ndim != 2:
            return other(g, w, memory, rate, t)
        b = memory["b"] = momentum * memory.get("b", 0.0) + g
        x = g + momentum * b if nesterov else b
        x = x / (np.linalg.norm(x) + 1e-7)
        # An odd polynomial of a matrix acts on its singular values alone.
        left, singular, right = np.linalg.svd(x, full_matrices=False)
        for _ in range(ns_steps):
            singular = 3.4445 * singular - 4.7750 * singular**3 + 2.0315 * singular**5
        scale = 1.0 if rms_rate is None else rms_rate * np.sqrt(max(w.shape))
        return w - rate * scale * (left * singular) @ right

    return step


def schedule_free(beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0) -> Step:
    def step(g, w, memory, rate, t):
        z = memory.get("z", w)
        x = memory.get("x", w)
        v = memory["v"] = beta_2 * memory.get("v", 0.0) + (1 - beta_2) * np.abs(g) ** 2
        if warmup_steps:
            rate = rate * min(t / warmup_steps, 1.0)
        z = memory["z"] = z - rate * g / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
        x = memory["x"] = (1 - 1 / t) * x + z / t
        return (1 - beta_1) * z + beta_1 * x

    return step


REFERENCES = {
    "SGD": sgd,
    "Adam": adam,
    "AdamW": adam,
    "Adamax": adamax,
    "Nadam": nadam,
    "Lamb": lamb,
    "Adagrad": adagrad,
    "Adadelta": adadelta,
    "RMSprop": rmsprop,
    "Ftrl": ftrl,
    "Lion": lion,
    "Adafactor": adafactor,
    "Muon": muon,
    "ScheduleFreeAdamW": schedule_free,
}


def train(
    kind: str,
    gradient: Callable[[int, int, np.ndarray], np.ndarray],
    values: list[np.ndarray],
    steps: int,
    learning_rate: Any = 0.01,
    weight_decay: float | None = None,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
    global_clipnorm: float | None = None,
    use_ema: bool = False,
    ema_momentum: float = 0.99,
    ema_overwrite_frequency: int | None = None,
    loss_scale_factor: float | None = None,
    gradient_accumulation_steps: int | None = None,
    **arguments: Any,
) -> list[np.ndarray]:
    """Take steps along ``gradient(number of the call, number of the variable, its value)``."""
    step = REFERENCES[kind](**arguments)
    if kind in ("AdamW", "Muon") and weight_decay is None:
        weight_decay = 0.004
    decays = [weight_decay] * len(values)
    if kind == "Muon":
        decays = [weight_decay if w.ndim == 2 else 0.004 for w in values]
    values = [w.copy() for w in values]
    memories: list[dict[str, Any]] = [{} for _ in values]
    averages: list[Any] = [None] * len(values)
    every = gradient_accumulation_steps or 1
    sums = [np.zeros_like(w) for w in values]
    t = 0
    for call in range(steps):
        for i, w in enumerate(values):
            sums[i] = sums[i] + gradient(call, i, w) * (loss_scale_factor or 1.0)
        if (call + 1) % every:
            continue
        t += 1
        rate = learning_rate(call) if callable(learning_rate) else learning_rate
        gradients = [total / ((loss_scale_factor or 1.0) * every) for total in sums]
        sums = [np.zeros_like(w) for w in values]
        norms = [np.linalg.norm(g.ravel()) for g in gradients]
        if clipnorm is not None:
            gradients = [g * min(1.0, clipnorm / n) for g, n in zip(gradients, norms, strict=True)]
        if global_clipnorm is not None:
            norm = np.linalg.norm(norms)
            gradients = [g * min(1.0, global_clipnorm / norm) for g in gradients]
        if clipvalue is not None:
            gradients = [np.clip(g, -clipvalue, clipvalue) for g in gradients]
        for i, g in enumerate(gradients):
            w = values[i] * (1 - rate * (decays[i] or 0.0))
            w = step(g, w, memories[i], rate, t)
            if use_ema:
                old = averages[i]
                averages[i] = w if old is None else ema_momentum * old + (1 - ema_momentum) * w
                if ema_overwrite_frequency and t % ema_overwrite_frequency == 0:
                    w = averages[i]
            values[i] = w
    return values
