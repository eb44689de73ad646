"""Read handwritten digits with a convolutional network: data, layers, training, and what it gets wrong.

A layer is a function of its input and its weights, the weights are Variables in a dict, and a training step is
recorded once by `xg.function` and replayed. 1,437 images of 8 by 8 pixels are enough to be right
about 99 in 100 of those that it has not seen.

    python examples/digits_cnn.py [--device cuda] [--picture digits.png] [--quick]
"""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import xgrad as xg

BATCH = 64


class Result(NamedTuple):
    """What came out."""

    losses: list[float]
    accuracies: list[float]


def load_data(device: str) -> Any:
    """Load images, shape (n, 8, 8, 1), and labels: those to learn from and those to be tried on."""
    digits = load_digits()
    parts = train_test_split(
        digits.images[..., None] / 16.0,
        digits.target,
        test_size=0.2,
        random_state=0,
        stratify=digits.target,
    )
    x_train, x_test, y_train, y_test = parts
    images = [xg.asarray(x, dtype=xg.float32, device=device) for x in (x_train, x_test)]
    labels = [xg.asarray(y, device=device) for y in (y_train, y_test)]
    return (images[0], labels[0]), (images[1], labels[1])


def make_weights(rng: xg.random.Generator, device: str) -> dict[str, xg.Variable]:
    """Make two convolutions and a linear layer: He's initialisation, biases zero."""
    shapes = {"conv1": (3, 3, 1, 16), "conv2": (3, 3, 16, 32), "out": (4 * 4 * 32, 10)}
    weights = {}
    for name, shape in shapes.items():
        kernel = xg.nn.initializers.he_normal(shape, rng=rng, dtype=xg.float32)
        bias = xg.zeros(shape[-1], dtype=xg.float32, device=device)
        weights[name] = xg.Variable(kernel, name=name)
        weights[f"{name} bias"] = xg.Variable(bias, name=f"{name} bias")
    return weights


def network(w: dict[str, xg.Variable], x: xg.Tensor, rng: Any = None) -> xg.Tensor:
    """Compute the scores of ten digits; drops half of the last layer's input where `rng` is given."""
    x = xg.nn.relu(xg.nn.conv(x, w["conv1"]) + w["conv1 bias"])
    x = xg.nn.relu(xg.nn.conv(x, w["conv2"]) + w["conv2 bias"])
    x = xg.reshape(xg.nn.max_pool(x, 2), (x.shape[0], -1))
    x = xg.nn.dropout(x, 0.5, rng=rng, training=rng is not None)
    return xg.nn.linear(x, w["out"], w["out bias"])


def main(device: str = "cpu", quick: bool = False, picture: str | None = None) -> Result:
    """Train, and say how well it reads after each epoch."""
    (images, labels), (test_images, test_labels) = load_data(device)
    rng = xg.random.Generator(0, device=device)
    weights = make_weights(rng, device)
    epochs = 3 if quick else 20
    batches = xg.data.Batches((images, labels), BATCH, seed=0, drop_remainder=True)
    schedule = xg.optimizers.schedules.OneCycle(0.005, epochs * len(batches))
    optimizer = xg.optimizers.AdamW(schedule, weight_decay=0.01)

    @xg.function
    def step(x: xg.Tensor, y: xg.Tensor) -> xg.Tensor:
        loss = lambda: xg.nn.sparse_softmax_cross_entropy(network(weights, x, rng), y)
        return optimizer.minimize(loss, weights)

    print(f"{sum(w.size for w in weights.values()):,} weights, {len(labels)} images\n")
    print("epoch     loss   right about new images   seconds")
    losses, accuracies = [], []
    for epoch in range(1, epochs + 1):
        started = time.perf_counter()
        measured = xg.stack([step(x, y) for x, y in batches])
        read = xg.argmax(network(weights, test_images), axis=1)
        losses.append(float(xg.mean(measured)))
        accuracies.append(float(xg.mean(xg.astype(read == test_labels, xg.float32))))
        if quick or epoch % 2 == 0:
            seconds = time.perf_counter() - started
            print(f"{epoch:5d}  {losses[-1]:7.4f}   {accuracies[-1]:20.2%}   {seconds:7.2f}")
    if picture:
        draw(picture, test_images, read, test_labels, xg.nn.softmax(network(weights, test_images)))
    return Result(losses, accuracies)


def draw(path: str, images: xg.Tensor, read: Any, labels: Any, sure: Any) -> None:
    """Draw the digits about which the network is least sure, those that it gets wrong among them."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 8, figsize=(9.0, 3.0), layout="constrained")
    order = xg.argsort(xg.max(sure, axis=1)).tolist()
    for ax, i in zip(axes.flat, order, strict=False):
        right = int(read[i]) == int(labels[i])
        ax.imshow(images[i, :, :, 0].numpy(), cmap="gray_r")
        ax.set_title(
            f"{int(read[i])} ({float(sure[i, read[i]]):.0%})"
            + ("" if right else f", is {int(labels[i])}"),
            fontsize=9,
            color="black" if right else "#D55E00",
        )
        ax.set_axis_off()
    figure.suptitle("least sure of", fontsize=10)
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="three epochs, for the tests")
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
