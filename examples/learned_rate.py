"""Learn learning rates by gradient descent, through the steps of an optimizer.

`optimizer.update` changes nothing: it returns new weights, and is as differentiable as everything else.
So a whole training run is a function of its learning rates. First a problem whose answer is known: the
best rates for a quadratic bowl are those of conjugate gradients. Then one whose answer nobody knows: the
rates of the first ten steps of a neural network, learned on some initialisations and digits and tried
on others.

    python examples/learned_rate.py [--device cuda] [--picture rates.png] [--quick]
"""

from __future__ import annotations

import argparse
import itertools
import math
from typing import Any, NamedTuple

from sklearn.datasets import load_digits

import xgrad as xg

SIZES = (64, 32, 10)
BATCH = 50
START = 0.3  # every rate, before it is learned
sgd = xg.optimizers.SGD()


class Digits(NamedTuple):
    """Images as rows of 64 numbers, and what they show."""

    images: xg.Tensor
    labels: xg.Tensor


class Result(NamedTuple):
    """What came out."""

    rates: list[float]
    best_rates: list[float]
    learned: float
    constant: float
    began: float


def bowl(steps: int, device: str) -> tuple[list[float], list[float]]:
    """Learn the rates for a bowl with 50 curvatures from 1 to 10, and look up the best ones.

    After the steps, the error along curvature c is multiplied by p(c) = (1 - r1 c)(1 - r2 c)...: the
    polynomial that conjugate gradients find has the same form and is the best, so 1 / r are its
    roots, the Ritz values."""
    curvatures = xg.linspace(1.0, 10.0, 50, device=device)
    start = xg.ones_like(curvatures)

    def loss_after(rates: Any) -> xg.Tensor:
        w, state = start, sgd.init(start)
        for step in range(steps):
            w, state = sgd.update(curvatures * w, state, w, learning_rate=rates[step])
        return 0.5 * xg.sum(curvatures * w**2)

    rates = xg.Variable(xg.linspace(0.1, 0.3, steps, device=device))
    xg.optimizers.LBFGS(max_iterations=200, tolerance_change=0.0).minimize(
        lambda: loss_after(rates)
    )

    krylov = xg.stack([curvatures ** (k + 1) for k in range(steps)], axis=1)
    basis, _ = xg.linalg.qr(krylov)
    ritz = xg.linalg.eigvalsh(basis.mT @ (curvatures[:, None] * basis))
    return xg.sort(rates.value()).tolist(), xg.sort(1.0 / ritz).tolist()


def load_halves(device: str) -> list[Digits]:
    """Load the digits in two halves: one to learn rates with, one to try them on."""
    data = load_digits()
    images = xg.asarray(data.data / 16.0, device=device)
    labels = xg.asarray(data.target, device=device)
    return [Digits(images[start::2], labels[start::2]) for start in (0, 1)]


def make_weights(rng: Any, device: str) -> list[xg.Tensor]:
    """Make a new network: kernel, bias, kernel, bias."""
    weights = []
    for n, m in itertools.pairwise(SIZES):
        weights += [rng.normal((n, m)) * math.sqrt(2.0 / n), xg.zeros(m, device=device)]
    return weights


def cross_entropy(weights: Any, images: xg.Tensor, labels: xg.Tensor) -> xg.Tensor:
    """Compute how surprised a small network is by the labels."""
    kernel, bias, out, out_bias = weights
    scores = xg.tanh(images @ kernel + bias) @ out + out_bias
    right = xg.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
    return xg.mean(xg.logsumexp(scores, axis=1) - right)


def train(weights: Any, rates: Any, digits: Digits) -> Any:
    """Take a step per rate, each on the next images; a function without side effects."""
    state = sgd.init(weights)
    for i in range(rates.shape[0]):
        rows = slice(BATCH * i, BATCH * (i + 1))
        gradients = xg.grad(cross_entropy)(weights, digits.images[rows], digits.labels[rows])
        weights, state = sgd.update(gradients, state, weights, learning_rate=rates[i])
    return weights


def main(device: str = "cpu", quick: bool = False, picture: str | None = None) -> Result:
    """Learn rates for the bowl and for the network, and compare each with the best."""
    rates, best = bowl(4, device)
    print("a bowl: four learned rates  ", "  ".join(f"{rate:.6f}" for rate in rates))
    print("        the best there are  ", "  ".join(f"{rate:.6f}" for rate in best))

    steps = 4 if quick else 10
    here, elsewhere = load_halves(device)
    rng = xg.random.Generator(1, device=device)

    def loss_after(rates: Any, weights: Any, half: Digits) -> xg.Tensor:
        trained = train(weights, rates, half)
        return cross_entropy(trained, half.images[steps * BATCH :], half.labels[steps * BATCH :])

    print(f"\na network: {steps} steps, and then its loss on digits that were in none of them")
    logs = xg.Variable(xg.full(steps, math.log(START), device=device), name="log of the rates")
    rounds = 12 if quick else 180
    outer = xg.optimizers.Adam(xg.optimizers.schedules.CosineDecay(0.1, rounds))

    def learn_from(weights: Any) -> xg.Tensor:
        return outer.minimize(lambda: loss_after(xg.exp(logs), weights, here))

    for i in range(rounds):
        loss = learn_from(make_weights(rng, device))
        if i % (rounds // 6) == 0:
            print(f"  learning, round {i:3d}: {float(loss):.3f}")
    learned_rates = xg.exp(logs)

    networks = [make_weights(rng, device) for _ in range(3 if quick else 20)]
    judge = lambda rates: (
        sum(float(loss_after(rates, w, elsewhere)) for w in networks) / len(networks)
    )
    grid = [xg.full(steps, 0.05 * 2.0 ** (k / 2.0), device=device) for k in range(13)]
    constant, constant_rates = min(((judge(rates), rates) for rates in grid), key=lambda x: x[0])
    learned = judge(learned_rates)
    began = judge(xg.full(steps, START, device=device))
    print(f"  {len(networks)} new networks and other digits")
    print(f"    with the rate it began with, {START}: {began:.3f}")
    print(f"    with the learned rates:          {learned:.3f}")
    print(f"    with the best constant rate, {float(constant_rates[0]):.1f}: {constant:.3f}")
    print("  the rates:", " ".join(f"{rate:.2f}" for rate in learned_rates.tolist()))
    if picture:
        both = {"learned rates": learned_rates, "best constant rate": constant_rates}
        draw(picture, both, judge)
    return Result(rates, best, learned, constant, began)


def draw(path: str, both: dict[str, xg.Tensor], judge: Any) -> None:
    """Draw the rates, and how the loss falls along their steps."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.0, 3.4), layout="constrained")
    for (name, rates), color in zip(both.items(), ("#0072B2", "#E69F00"), strict=True):
        steps = range(rates.shape[0] + 1)
        left.plot(steps[1:], rates.tolist(), "o-", color=color, label=name)
        right.plot(steps, [judge(rates[:k]) for k in steps], "o-", color=color, label=name)
    left.set(xlabel="step", ylabel="learning rate", ylim=(0.0, None))
    right.set(xlabel="step", ylabel="loss on other digits", ylim=(0.0, None))
    left.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="fewer steps, for the tests")
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
