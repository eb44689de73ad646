"""Teach an LSTM to write, letter by letter, from a text that comes with Python: its own manual.

The network reads 32 places of the text at once, 64 letters at a time, and guesses each next letter. It carries
its state from one stretch to the next, but gradients end where a stretch begins (truncated
backpropagation through time). How surprised it is by text that it has not read is measured in bits for each
letter, the unit in which packing programs can be compared with it.

    python examples/character_lstm.py [--device cuda] [--picture letters.png] [--quick]
"""

from __future__ import annotations

import argparse
import bz2
import collections
import math
from pydoc_data.topics import topics
from typing import Any, NamedTuple

import xgrad as xg

UNITS, FEATURES = 128, 32
STREAMS, STRETCH = 32, 64

State = tuple[xg.Tensor, xg.Tensor]
Weights = dict[str, xg.Variable]


class Result(NamedTuple):
    """What came out, in bits for each letter."""

    losses: list[float]
    unseen: float
    single_letters: float
    text: str


def load_text() -> tuple[str, list[int], int]:
    """Load the manual: its letters, the number of each, and how much of it is to be read."""
    text = "\n\n".join(topics[name] for name in sorted(topics))
    text = "".join(letter for letter in text if letter == "\n" or " " <= letter <= "~")
    letters = "".join(sorted(set(text)))
    numbers = {letter: number for number, letter in enumerate(letters)}
    return letters, [numbers[letter] for letter in text], len(text) * 9 // 10


def make_weights(count: int, rng: xg.random.Generator, device: str) -> Weights:
    """Make an embedding, an LSTM whose memory begins by remembering, and an output layer."""
    init, options = xg.nn.initializers, {"rng": rng, "dtype": xg.float32}
    ones = lambda n, value: xg.full(n, value, dtype=xg.float32, device=device)
    values = {
        "letters": init.glorot_uniform((count, FEATURES), **options),
        "kernel": init.glorot_uniform((FEATURES, 4 * UNITS), **options),
        "recurrent": init.orthogonal((UNITS, 4 * UNITS), **options),
        "bias": xg.concat([ones(UNITS, 0.0), ones(UNITS, 1.0), ones(2 * UNITS, 0.0)]),
        "out": init.glorot_uniform((UNITS, count), **options),
        "out bias": ones(count, 0.0),
    }
    return {name: xg.Variable(value, name=name) for name, value in values.items()}


def read(w: Weights, state: State, letters: xg.Tensor) -> tuple[State, xg.Tensor]:
    """Read letters, shape (time, streams); return the state and the scores of what comes next."""

    def cell(state: State, x: xg.Tensor) -> tuple[State, xg.Tensor]:
        state = xg.nn.lstm_cell(x, state, w["kernel"], w["recurrent"], w["bias"])
        return state, state[0]

    state, outputs = xg.scan(cell, state, xg.nn.embedding(letters, w["letters"]))
    return state, xg.nn.linear(outputs, w["out"], w["out bias"])


def begin(streams: int, device: str) -> State:
    """Make the state of somebody who has read nothing."""
    nothing = xg.zeros((streams, UNITS), dtype=xg.float32, device=device)
    return nothing, nothing


def in_streams(numbers: list[int], streams: int, device: str) -> xg.Tensor:
    """Cut a text into streams of equal length, side by side: shape (time, streams)."""
    length = len(numbers) // streams
    return xg.asarray(numbers[: length * streams], device=device).reshape((streams, length)).mT


def write(w: Weights, letters: str, start: str, length: int, rng: Any, device: str) -> str:
    """Let the network go on with a text, each letter drawn with the probability that it gives."""
    state = begin(1, device)
    given = xg.asarray([[letters.index(letter)] for letter in start], device=device)
    text = start
    for _ in range(length):
        state, scores = read(w, state, given)
        # The largest of scores plus Gumbel noise is a draw from their softmax; 0.7 makes it bolder.
        given = xg.argmax(scores[-1:] / 0.7 + rng.gumbel(scores[-1:].shape), axis=-1)
        text += letters[int(given[0, 0])]
    return text


def main(device: str = "cpu", quick: bool = False, picture: str | None = None) -> Result:
    """Train, measure, and let it write."""
    letters, numbers, split = load_text()
    rng = xg.random.Generator(0, device=device)
    weights = make_weights(len(letters), rng, device)
    stream = in_streams(numbers[:split], STREAMS, device)
    steps = 40 if quick else 1200
    optimizer = xg.optimizers.Adam(
        xg.optimizers.schedules.CosineDecay(0.012, steps), global_clipnorm=1.0
    )

    @xg.function
    def step(state: State, now: xg.Tensor, following: xg.Tensor) -> tuple[State, xg.Tensor]:
        with xg.GradientTape() as tape:
            state, scores = read(weights, state, now)
            loss = xg.nn.sparse_softmax_cross_entropy(scores, following)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return state, loss

    print(f"{split:,} letters to read, {sum(v.size for v in weights.values()):,} weights\n")
    print("step   bits for each letter")
    losses, state, place = [], begin(STREAMS, device), 0
    measured: list[xg.Tensor] = []
    for i in range(1, steps + 1):
        if place + STRETCH >= stream.shape[0]:  # from the beginning again
            state, place = begin(STREAMS, device), 0
        here = slice(place, place + STRETCH)
        following = slice(place + 1, place + STRETCH + 1)
        state, loss = step(state, stream[here], stream[following])
        measured.append(loss)
        place += STRETCH
        if i % (steps // 8) == 0:
            losses.append(float(xg.mean(xg.stack(measured))) / math.log(2.0))
            measured.clear()
            print(f"{i:4d}   {losses[-1]:.2f}")

    unread = numbers[split:] if not quick else numbers[split : split + 4000]
    trial = in_streams(unread, STREAMS, device)
    _, scores = read(weights, begin(STREAMS, device), trial[:-1])
    unseen = float(xg.nn.sparse_softmax_cross_entropy(scores, trial[1:])) / math.log(2.0)
    shares = [count / split for count in collections.Counter(numbers[:split]).values()]
    single = -sum(share * math.log2(share) for share in shares)
    packed = bytes(numbers[split:])
    print(f"\ntext that it has not read: {unseen:.2f} bits for each letter")
    print(
        f"frequencies of letters alone: {single:.2f}; bzip2: {8 * len(bz2.compress(packed)) / len(packed):.2f}"
    )
    text = write(weights, letters, "The ", 20 if quick else 500, rng, device)
    print(f"\n{text}")
    if picture:
        draw(picture, weights, letters, steps, losses, single)
    return Result(losses, unseen, single, text)


def draw(
    path: str, w: Weights, letters: str, steps: int, losses: list[float], single: float
) -> None:
    """Draw how it learned, and where it has put the letters."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 4.0), layout="constrained")
    left.plot(
        [steps * (i + 1) / len(losses) for i in range(len(losses))], losses, "o-", color="#0072B2"
    )
    left.axhline(single, color="0.6", ls="--", label="frequencies of letters alone")
    left.set(xlabel="step", ylabel="bits for each letter", ylim=(0.0, None))
    left.legend(frameon=False)
    left.spines[["top", "right"]].set_visible(False)
    table = w["letters"].value()
    table = table - xg.mean(table, axis=0)
    _, _, axes = xg.linalg.svd(table, full_matrices=False)
    places = (table @ axes[:2, :].mT).tolist()
    kinds = [("a", "z", "#0072B2"), ("A", "Z", "#E69F00"), ("0", "9", "#009E73"), (" ", "~", "0.6")]
    for letter, (x, y) in zip(letters, places, strict=True):
        color = next((c for low, high, c in kinds if low <= letter <= high), "0.6")
        right.text(
            x,
            y,
            {"\n": "\\n", "$": r"\$", " ": "space"}.get(letter, letter),
            color=color,
            ha="center",
            va="center",
        )
    (x_low, x_high), (y_low, y_high) = ((min(c), max(c)) for c in zip(*places, strict=True))
    right.set(xlim=(x_low - 0.1, x_high + 0.1), ylim=(y_low - 0.1, y_high + 0.1))
    right.set(title="its letters, in two of 32 dimensions", xticks=[], yticks=[])
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="forty steps, for the tests")
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
