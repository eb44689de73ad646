"""Logistic regression by Newton's method, with the Hessian from `xg.hessian`.

569 tumours, 30 measurements each: which are malignant? The loss is convex, so Newton's method needs no
step size and no schedule: each step solves a linear system, and once it is near, every step doubles
the number of right digits. The same Hessian says how certain the coefficients are.

    python examples/logistic_newton.py [--device cuda] [--picture newton.png] [--quick]
"""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

from sklearn.datasets import load_breast_cancer

import xgrad as xg

PENALTY = 1.0  # keeps coefficients finite where measurements separate the classes


class Result(NamedTuple):
    """What came out."""

    losses: list[float]
    slopes: list[float]
    accuracy: float


def load_data(device: str) -> tuple[xg.Tensor, xg.Tensor, list[str]]:
    """Load standardized measurements behind a column of ones, and labels: 1 is malignant."""
    data = load_breast_cancer()
    x = xg.asarray(data.data, device=device)
    x = (x - xg.mean(x, axis=0)) / xg.std(x, axis=0)
    ones = xg.ones((x.shape[0], 1), device=device)
    malignant = xg.asarray(1.0 - data.target, device=device)
    return xg.concat([ones, x], axis=1), malignant, ["(intercept)", *data.feature_names]


def main(device: str = "cpu", quick: bool = False, picture: str | None = None) -> Result:
    """Fit the coefficients, print how it went and what they are."""
    x, y, names = load_data(device)
    if quick:
        x, names = x[:, :6], names[:6]

    def loss(w: xg.Tensor) -> xg.Tensor:
        """Compute -log likelihood; log(1 + exp(s)) - y s, which cannot overflow, is one term."""
        scores = x @ w
        return xg.sum(xg.logaddexp(scores, 0.0) - y * scores) + 0.5 * PENALTY * xg.sum(w[1:] ** 2)

    w = xg.zeros(x.shape[1], device=device)
    losses, slopes = [], []
    print("step          loss     |gradient|")
    for step in range(20):
        value, gradient = xg.value_and_grad(loss)(w)
        losses.append(float(value))
        slopes.append(float(xg.norm(gradient)))
        print(f"{step:4d}  {losses[-1]:14.10f}  {slopes[-1]:9.1e}")
        if slopes[-1] < 1e-10:
            break
        w = w - xg.linalg.solve(xg.hessian(loss)(w), gradient)

    # Near its minimum the loss is a bowl, whose inverse is the covariance of the coefficients.
    errors = xg.sqrt(xg.linalg.diagonal(xg.linalg.inv(xg.hessian(loss)(w))))
    print("\nthe clearest signs      coefficient")
    certainty = xg.abs(w / errors)[1:]
    for i in xg.argsort(certainty, descending=True).tolist()[:5]:
        print(f"{names[i + 1]:22s}  {float(w[i + 1]):5.2f} +- {float(errors[i + 1]):.2f}")
    accuracy = float(xg.mean(xg.astype((x @ w > 0.0) == (y > 0.5), xg.float64)))
    print(f"\n{accuracy:.1%} of {x.shape[0]} tumours are told apart")

    if picture:
        draw(picture, slopes, descend(loss, x.shape[1], device, steps=40 if quick else 400))
    return Result(losses, slopes, accuracy)


def descend(loss: Any, size: int, device: str, steps: int) -> list[float]:
    """Take steps of gradient descent, to see the difference; 4 / |x|^2 is the longest safe one."""
    w = xg.Variable(xg.zeros(size, device=device))
    bowl = xg.hessian(loss)(w.value())  # steepest where nothing is certain yet
    optimizer = xg.optimizers.SGD(1.0 / float(xg.linalg.matrix_norm(bowl, ord=2)))
    slopes = []
    for _ in range(steps):
        gradient = xg.grad(loss)(w.value())
        slopes.append(float(xg.norm(gradient)))
        optimizer.apply([gradient], [w])
    return slopes


def draw(path: str, newton: list[float], descent: list[float]) -> None:
    """Draw how fast the gradients go to zero."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    axes.loglog(range(1, len(descent) + 1), descent, color="#E69F00", label="gradient descent")
    axes.loglog(range(1, len(newton) + 1), newton, "o-", color="#0072B2", label="Newton's method")
    axes.set(xlabel="step", ylabel="norm of the gradient", title="569 tumours, 31 coefficients")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="fewer measurements, for the tests")
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
