"""``xgrad demo``: train a small network on scikit-learn's digits, from the data to a picture.

`train` is what a user's own program would look like. Everything happens on the chosen device, and
what is measured stays there until the end of an epoch: one read-back per epoch, not one per step.
The picture is made in plots.py, the rest of what comes out in report.py."""

from __future__ import annotations

import importlib.util
import itertools
import math
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import xgrad as xg

from ..errors import ArgumentError
from .info import problem

__all__ = ["UsageError", "demo"]

_SIZES = (64, 128, 64, 10)
_LEARNING_RATE = 0.05
_MOMENTUM = 0.9
_SMOOTHING = 0.1
_NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib", "tqdm": "tqdm"}

Layer = tuple[xg.Variable, xg.Variable]


class UsageError(ArgumentError):
    """An argument of the command that cannot be used here."""


class Digits(NamedTuple):
    """Images as rows of 64 numbers from 0 to 1, and the digits that they show."""

    images: xg.Tensor
    labels: xg.Tensor


def demo(device: str | None, epochs: int, seed: int, batch_size: int, logdir: str) -> int:
    """Train, print how well it went, and write a picture and the figures.

    Parameters
    ----------
    device : str or None
        Where to compute; None means cuda if it is usable, else cpu.
    epochs, seed, batch_size : int
    logdir : str
        The directory for ``training.png`` and ``metrics.json``; made if missing.

    Returns
    -------
    int
        The exit status: 0, or 1 if an optional library is missing.

    Raises
    ------
    UsageError
        If the device or the directory cannot be used.
    """
    missing = [name for module, name in _NEEDED.items() if not importlib.util.find_spec(module)]
    if missing:
        print(
            f"xgrad demo: error: {', '.join(missing)} not installed. Use: "
            'pip install ".[demo]" in a checkout of xgrad.',
            file=sys.stderr,
        )
        return 1
    home = _choose_device(device)
    directory = _make_directory(logdir)

    from .plots import draw
    from .report import confusion_matrix, summarize, write_json

    train_set, test_set, rng = load_digits(home, seed)
    network = make_network(rng, home)
    weights = sum(v.size for layer in network for v in layer)
    print(
        f"{train_set.labels.size} digits to train on, {test_set.labels.size} to test on; network "
        f"{'-'.join(map(str, _SIZES))} with {weights} weights, float32 on {home}, seed {seed}"
    )
    started = time.perf_counter()
    history = train(network, train_set, test_set, rng, epochs, batch_size)
    seconds = time.perf_counter() - started

    predicted = xg.argmax(logits(network, test_set.images), axis=1).tolist()
    matrix = confusion_matrix(test_set.labels.tolist(), predicted, classes=_SIZES[-1])
    metrics = {
        "device": str(home),
        "seed": seed,
        "epochs": epochs,
        "batch_size": batch_size,
        "seconds": round(seconds, 3),
        "least_loss": _least_loss(_SIZES[-1]),
        "test_accuracy": sum(matrix[i][i] for i in range(len(matrix))) / len(predicted),
        "confusion_matrix": matrix,
        "history": history,
    }
    write_json(directory / "metrics.json", metrics)
    draw(directory / "training.png", metrics)
    print(summarize(metrics))
    print(f"written: {directory / 'training.png'}, {directory / 'metrics.json'}")
    return 0


def load_digits(home: xg.Device, seed: int) -> tuple[Digits, Digits, Any]:
    """Load the training set, a fifth held out for the test, and a source of random numbers."""
    from sklearn.datasets import load_digits as load
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state

    rng = check_random_state(seed)
    images, labels = load(return_X_y=True)
    parts = train_test_split(
        images / 16.0, labels, test_size=0.2, random_state=rng, stratify=labels
    )
    x_train, x_test = (xg.asarray(x, dtype=xg.float32, device=home) for x in parts[:2])
    y_train, y_test = (xg.asarray(y, dtype=xg.int64, device=home) for y in parts[2:])
    return Digits(x_train, y_train), Digits(x_test, y_test), rng


def make_network(rng: Any, home: xg.Device) -> list[Layer]:
    """Make a kernel and a bias per layer, initialised as He et al. (2015) do."""
    network = []
    for i, (n, m) in enumerate(itertools.pairwise(_SIZES), start=1):
        kernel = rng.normal(0.0, math.sqrt(2.0 / n), size=(n, m))
        network.append(
            (
                xg.Variable(kernel, dtype=xg.float32, device=home, name=f"kernel{i}"),
                xg.Variable(xg.zeros(m, dtype=xg.float32, device=home), name=f"bias{i}"),
            )
        )
    return network


def logits(network: list[Layer], x: xg.Tensor) -> xg.Tensor:
    """Compute the scores of the ten digits, shape (images, 10)."""
    *hidden, (kernel, bias) = network
    for w, b in hidden:
        x = xg.maximum(x @ w + b, 0.0)
    scores: xg.Tensor = x @ kernel + bias
    return scores


def cross_entropy(scores: xg.Tensor, labels: xg.Tensor) -> xg.Tensor:
    """Compute the mean of -sum p log softmax(scores), where p is the label, smoothed.

    A label that is not quite certain keeps so small a network from becoming too sure of itself:
    0.9 of it is the digit, 0.1 is spread over all ten (Szegedy et al. 2016)."""
    shifted = scores - xg.stop_gradient(xg.max(scores, axis=1, keepdims=True))
    right = xg.take_along_axis(shifted, labels[:, None], axis=1)[:, 0]
    mixed = (1.0 - _SMOOTHING) * right + _SMOOTHING * xg.mean(shifted, axis=1)
    return xg.mean(xg.log(xg.sum(xg.exp(shifted), axis=1)) - mixed)


def accuracy(scores: xg.Tensor, labels: xg.Tensor) -> xg.Tensor:
    """Compute the share of images whose highest score is that of their label."""
    return xg.mean(xg.astype(xg.argmax(scores, axis=1) == labels, xg.float32))


def train(
    network: list[Layer], train_set: Digits, test_set: Digits, rng: Any, epochs: int, batch: int
) -> dict[str, list[Any]]:
    """Train with shuffled mini-batches; return what was measured, per epoch."""
    from tqdm import tqdm

    size = train_set.labels.size
    starts = range(0, size, batch)
    home = train_set.images.device
    schedule = xg.optimizers.schedules.CosineDecay(_LEARNING_RATE, epochs * len(starts))
    optimizer = xg.optimizers.SGD(schedule, _MOMENTUM, nesterov=True)
    history: dict[str, list[Any]] = {}
    quiet = 0.1 if sys.stderr.isatty() else 5.0  # a log needs no ten lines a second
    with tqdm(total=epochs, desc="epochs", unit="epoch", mininterval=quiet) as bar:
        for _ in range(epochs):
            order = xg.asarray(rng.permutation(size), device=home)
            measured = []
            for start in starts:
                chosen = order[start : min(start + batch, size)]
                x = xg.take(train_set.images, chosen, axis=0)
                labels = xg.take(train_set.labels, chosen, axis=0)
                with xg.GradientTape(device=home) as tape:
                    scores = logits(network, x)
                    loss = cross_entropy(scores, labels)
                gradients = tape.gradient(loss, network)
                optimizer.apply(gradients, network)
                norms = [xg.sqrt(xg.sum(w**2) + xg.sum(b**2)) for w, b in gradients]
                measured.append(xg.stack([loss, accuracy(scores, labels), *norms]))
            scores = logits(network, test_set.images)
            test = [cross_entropy(scores, test_set.labels), accuracy(scores, test_set.labels)]
            row = xg.concat([xg.stack(test), xg.mean(xg.stack(measured), axis=0)]).tolist()
            _note(history, row)
            bar.update()
            bar.set_postfix_str(f"loss {row[2]:.4f}, test accuracy {row[1]:.1%}", refresh=False)
    return history


def _least_loss(classes: int) -> float:
    """Compute the cross-entropy of a network that is always right and just as sure as its labels."""
    rest = _SMOOTHING / classes
    right = 1.0 - _SMOOTHING + rest
    return -right * math.log(right) - (classes - 1) * rest * math.log(rest)


def _note(history: dict[str, list[Any]], row: list[float]) -> None:
    names = ("test_loss", "test_accuracy", "train_loss", "train_accuracy")
    for name, value in zip(names, row[:4], strict=True):
        history.setdefault(name, []).append(value)
    history.setdefault("gradient_norms", []).append(row[4:])


def _choose_device(name: str | None) -> xg.Device:
    if name is None:
        return xg.device("cpu" if problem("cuda") else "cuda")
    found = problem(name)
    if found:
        raise UsageError(f"argument --device: {found}")
    return xg.device(name)


def _make_directory(logdir: str) -> Path:
    directory = Path(logdir)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"argument --logdir: cannot make {logdir!r}: {error}") from error
    return directory
