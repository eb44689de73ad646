"""Handwritten digits, learned by xgrad and by torch: the same networks, seeds, batches and steps.

A network of two dense layers and a convolutional one are trained with Adam on scikit-learn's 8 x 8
digits, from the same first values and in the same order, over five seeds. Their mean accuracies on
the third that was held out must agree within half a percent (exit status 1 otherwise). The times are
of whole trainings, one after the other, and for information.

    python benchmarks/digits.py --threads 1
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _timing

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_DIFFERENCE = 0.005
BATCH = 64
RATE = 2e-3
# For each network, the shapes of its parameters: kernels and biases, one layer after the other.
SHAPES = {
    "MLP": [(64, 64), (64,), (64, 10), (10,)],
    "CNN": [(3, 3, 1, 16), (16,), (3, 3, 16, 32), (32,), (128, 10), (10,)],
}
EPOCHS = {"MLP": 30, "CNN": 12}


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seeds", type=int, default=5, help="how many (default 5)")
    add("--epochs", type=int, help="default 30 and 12")
    add("--threads", type=int, default=1, help="threads of every library (default 1)")
    add("--peers", nargs="*", choices=("torch",), default=("torch",), help="default: all")
    add("--quick", action="store_true", help="one seed, one epoch: shows that it runs")
    add("--json", metavar="FILE", help="write all figures to FILE")
    options = parser.parse_args()
    if options.quick:
        options.seeds = options.epochs = 1
    return options


def make_data(seed: int) -> tuple[Any, Any, Any, Any]:
    """Load the digits, and hold a third of them out."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = (images / 16.0 - 0.5).astype(np.float32)
    return tuple(train_test_split(images, labels, test_size=1 / 3, random_state=seed))


def first_values(network: str, seed: int) -> list[Any]:
    """Draw kernels from He's distribution; biases are zero."""
    import xgrad as xg

    rng = xg.random.Generator(seed)
    return [
        xg.nn.initializers.he_normal(shape, rng=rng, dtype=xg.float32).numpy()
        if len(shape) > 1
        else xg.zeros(shape, dtype=xg.float32).numpy()
        for shape in SHAPES[network]
    ]


def batches(count: int, epochs: int, seed: int) -> Any:
    """Give the numbers of the examples of every batch."""
    import numpy as np

    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(count)
        yield from (order[i : i + BATCH] for i in range(0, count, BATCH))


# -- xgrad -------------------------------------------------------------------------------------


def logits_of_xgrad(network: str, p: Any, images: Any) -> Any:
    """Compute the outputs of a network."""
    import xgrad as xg

    nn = xg.nn
    if network == "MLP":
        return nn.linear(nn.relu(nn.linear(images, p[0], p[1])), p[2], p[3])
    x = xg.reshape(images, (-1, 8, 8, 1))
    x = nn.max_pool(nn.relu(nn.conv(x, p[0]) + p[1]), 2)
    x = nn.max_pool(nn.relu(nn.conv(x, p[2]) + p[3]), 2)
    return nn.linear(xg.reshape(x, (x.shape[0], -1)), p[4], p[5])


def train_xgrad(network: str, seed: int, epochs: int) -> float:
    """Train, and give the accuracy on what was held out."""
    import numpy as np

    import xgrad as xg

    images, others, labels, other_labels = make_data(seed)
    parameters = [xg.Variable(w) for w in first_values(network, seed)]
    optimizer = xg.optimizers.Adam(learning_rate=RATE, epsilon=1e-8)

    @xg.function
    def gradients(images: Any, labels: Any) -> Any:
        with xg.GradientTape() as tape:
            logits = logits_of_xgrad(network, parameters, images)
            loss = xg.nn.sparse_softmax_cross_entropy(logits, labels)
        return tape.gradient(loss, parameters)

    for chosen in batches(len(images), epochs, seed):
        found = gradients(xg.asarray(images[chosen]), xg.asarray(labels[chosen]))
        optimizer.apply_gradients(zip(found, parameters, strict=True))
    guesses = xg.argmax(logits_of_xgrad(network, parameters, xg.asarray(others)), axis=-1)
    return float(np.mean(guesses.numpy() == other_labels))


# -- torch -------------------------------------------------------------------------------------


def logits_of_torch(network: str, p: Any, images: Any) -> Any:
    """Compute the outputs of the same network from the same parameters."""
    import torch

    F = torch.nn.functional
    if network == "MLP":
        return F.relu(images @ p[0] + p[1]) @ p[2] + p[3]
    x = images.reshape(-1, 1, 8, 8)
    x = F.max_pool2d(F.relu(F.conv2d(x, p[0].permute(3, 2, 0, 1), p[1], padding=1)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, p[2].permute(3, 2, 0, 1), p[3], padding=1)), 2)
    return x.permute(0, 2, 3, 1).flatten(1) @ p[4] + p[5]


def train_torch(network: str, seed: int, epochs: int) -> float:
    """Train, and give the accuracy on what was held out."""
    import numpy as np
    import torch

    images, others, labels, other_labels = make_data(seed)
    parameters = [torch.tensor(w, requires_grad=True) for w in first_values(network, seed)]
    optimizer = torch.optim.Adam(parameters, lr=RATE, eps=1e-8)
    for chosen in batches(len(images), epochs, seed):
        logits = logits_of_torch(network, parameters, torch.tensor(images[chosen]))
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels[chosen]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        guesses = logits_of_torch(network, parameters, torch.tensor(others)).argmax(-1)
    return float(np.mean(guesses.numpy() == other_labels))


# -- both --------------------------------------------------------------------------------------


def compare(network: str, seeds: int, epochs: int, peers: list[str]) -> dict[str, Any]:
    """Train over all seeds, one library after the other in turns."""
    ways: dict[str, Callable[[str, int, int], float]] = {"xgrad": train_xgrad}
    if "torch" in peers:
        ways["torch"] = train_torch
    accuracies: dict[str, list[float]] = {name: [] for name in ways}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for seed in range(seeds):
        for name, train in ways.items():
            start = time.perf_counter()
            accuracies[name].append(train(network, seed, epochs))
            seconds[name].append(time.perf_counter() - start)
    means = {name: statistics.mean(found) for name, found in accuracies.items()}
    print(f"\n{network}: {epochs} epochs, {seeds} seeds")
    rows = [
        [
            name,
            f"{means[name]:.2%}",
            " ".join(f"{a:.2%}" for a in accuracies[name]),
            f"{statistics.median(seconds[name]):.2f} s",
        ]
        for name in ways
    ]
    _timing.print_table(["", "accuracy", "by seed", "time"], rows)
    if "torch" not in ways:
        print("  torch was left out, so there is nothing to judge")
        return {"accuracies": accuracies, "seconds": seconds, "good": True}
    difference = means["xgrad"] - means["torch"]
    ratio = statistics.median(
        a / b for a, b in zip(seconds["xgrad"], seconds["torch"], strict=True)
    )
    good = abs(difference) <= MOST_DIFFERENCE
    print(f"  difference {difference:+.2%}, at most {MOST_DIFFERENCE:.1%}: ", end="")
    print(f"{'good' if good else 'BAD'}; time {ratio:.2f} of torch's")
    return {
        "accuracies": accuracies,
        "seconds": seconds,
        "difference": difference,
        "ratio": ratio,
        "good": good,
    }


def main() -> int:
    """Train, print and judge."""
    arguments = read_arguments()
    _timing.fix_threads(arguments.threads)
    if "torch" in arguments.peers:
        import torch

        torch.set_num_threads(arguments.threads)
    machine = _timing.describe_machine(arguments.threads)
    _timing.print_machine(machine)
    figures: dict[str, Any] = {"machine": machine, "arguments": vars(arguments)}
    for network in SHAPES:
        epochs = arguments.epochs or EPOCHS[network]
        figures[network] = compare(network, arguments.seeds, epochs, arguments.peers)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0 if all(figures[network]["good"] for network in SHAPES) else 1


if __name__ == "__main__":
    sys.exit(main())
