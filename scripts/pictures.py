#!/usr/bin/env python
"""Make the pictures of docs/pictures.md: train, open TensorBoard and the report, take screenshots.

    python scripts/pictures.py [--runs DIR] [--only NAME ...]

Needs the extras `tensorboard` and `viz`, and scikit-learn, Playwright for Python and Chromium, which
is looked for on the PATH. TensorBoard listens on the loopback address only, and ends with the script."""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from sklearn.datasets import load_digits

import xgrad as xg

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SIZE: Any = {"width": 1280, "height": 800}
STEPS = 300


# -- runs ------------------------------------------------------------------------------------------


def train(
    logdir: Path,
    activation: Callable[[xg.Tensor], xg.Tensor],
    optimizer: xg.optimizers.Optimizer,
    sizes: list[int],
) -> None:
    """Train a network on scikit-learn's digits, and write everything that can be written."""
    rng = np.random.default_rng(0)
    digits = load_digits()
    images, labels = digits.images.astype("float32") / 16.0, digits.target
    layers = []
    for i, (n, m) in enumerate(itertools.pairwise(sizes), 1):
        weights = rng.normal(size=(n, m)) * (2.0 / n) ** 0.5
        kernel = xg.Variable(weights, dtype="float32", name=f"layer{i}/kernel")
        layers.append((kernel, xg.Variable(np.zeros(m), dtype="float32", name=f"layer{i}/bias")))
    writer = xg.summary.create_file_writer(logdir)
    xg.summary.GradientWatcher(writer, every=5).attach(optimizer)
    with writer.as_default():
        rate = float(optimizer.learning_rate)
        chosen = {"optimizer": optimizer.name, "learning_rate": rate, "layers": len(layers)}
        xg.summary.hparams({**chosen, "activation": activation.__name__})
        xg.summary.image("digits", images[:3, :, :, None], step=0)
        xg.summary.text("notes", f"trained with **{optimizer.name}**, {len(layers)} layers", step=0)
        for step in range(STEPS):
            batch = rng.integers(0, 1500, size=64)
            target = xg.asarray(labels[batch])
            with xg.record_locations(step == 0), xg.GradientTape() as tape:
                h = xg.asarray(images[batch].reshape(64, 64))
                for kernel, bias in layers[:-1]:
                    h = activation(h @ kernel + bias)
                kernel, bias = layers[-1]
                logits = h @ kernel + bias
                loss = xg.nn.sparse_softmax_cross_entropy(logits, target)
            if step == 0:
                xg.summary.graph(tape.graph(loss))
            optimizer.apply(tape.gradient(loss, layers), layers)
            if step % 5 == 0:
                right = xg.argmax(logits, axis=1) == target
                xg.summary.scalar("training/loss", loss, step=step)
                xg.summary.scalar(
                    "training/accuracy", xg.mean(xg.astype(right, "float32")), step=step
                )
                for kernel, _ in layers:
                    xg.summary.histogram(f"weights/{kernel.name}", kernel, step=step)
        filters = layers[0][0].numpy()[:, :3].T.reshape(-1, 8, 8, 1)
        xg.summary.image("filters", 0.5 + 0.5 * filters / np.max(np.abs(filters)), step=STEPS)
    writer.close()


def make_runs(runs: Path) -> None:
    """Train two networks that learn and one that does not."""
    small = [64, 64, 32, 10]
    train(runs / "adam", xg.nn.relu, xg.optimizers.Adam(0.002), small)
    train(runs / "sgd", xg.nn.relu, xg.optimizers.SGD(0.1, momentum=0.9), small)
    train(runs / "sigmoid", xg.nn.sigmoid, xg.optimizers.SGD(0.1), [64] + [32] * 7 + [10])


# -- TensorBoard -----------------------------------------------------------------------------------


@contextlib.contextmanager
def tensorboard(runs: Path) -> Iterator[str]:
    """Serve a directory on the loopback address, and stop in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(runs)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--load_fast", "false"]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}/"
            for _ in range(120):
                with contextlib.suppress(OSError), urllib.request.urlopen(address):
                    break
                time.sleep(0.5)
            else:
                log.seek(0)
                raise RuntimeError(log.read().decode())
            yield address
        finally:
            server.terminate()
            server.wait()


def open_part(page: Page, address: str, part: str, tags: str = "") -> None:
    """Open a part of TensorBoard, show some tags only, and wait until it has loaded."""
    page.goto("about:blank")
    page.goto(f"{address}#{part}")
    page.wait_for_load_state("networkidle")
    if tags:
        page.locator("tf-tag-filterer input >> visible=true").first.fill(tags)
    page.wait_for_timeout(4000)


def graph(page: Page, address: str) -> None:
    """Open the graph and look into the box of a line."""
    open_part(page, address, "graphs")
    box = page.locator('g.node[data-name^="h_line"] > g.nodeshape').first
    box.dispatch_event("dblclick")
    page.wait_for_timeout(1500)
    page.get_by_text("Fit to screen").click()
    page.set_viewport_size({**SIZE, "height": 880})  # what fits is a little more than the screen
    page.wait_for_timeout(2500)


PARTS = {
    "scalars": ("scalars", "training|update_ratio/.*kernel"),
    "distributions": ("distributions", "gradients/layer[12]/kernel|weights/layer1"),
    "histograms": ("histograms", "gradients/layer[12]/kernel|weights/layer1"),
    "images": ("images", ""),
    "flags": ("text", "gradient_flags"),
    "hparams": ("hparams", ""),
}


# -- pictures --------------------------------------------------------------------------------------


def shoot(page: Page, name: str, **options: Any) -> None:
    """Take a screenshot, with no more colours than it takes."""
    data = page.screenshot(**options)
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    PICTURES.mkdir(exist_ok=True)
    picture.quantize(128, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


def take_pictures(runs: Path, reports: Path, names: list[str]) -> None:
    """Look at everything with Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE)
        if not names or not all(name.startswith("report") for name in names):
            with tensorboard(runs) as address:
                for name, (part, tags) in PARTS.items():
                    if not names or name in names:
                        open_part(page, address, part, tags)
                        shoot(page, name)
                if not names or "graph" in names:
                    graph(page, address)
                    shoot(page, "graph")
        page.set_viewport_size(SIZE)
        page.goto((reports / "all.html").as_uri())
        if not names or "report" in names:
            shoot(page, "report")
        if not names or "report-gradients" in names:
            page.locator("h2", has_text="sigmoid").evaluate("e => e.scrollIntoView()")
            shoot(page, "report-gradients")
        if not names or "report-rest" in names:
            page.goto((reports / "adam.html").as_uri())
            page.set_viewport_size({**SIZE, "height": 1180})
            page.locator("summary", has_text="Distributions").evaluate("e => e.scrollIntoView()")
            shoot(page, "report-rest")
        browser.close()


def main() -> None:
    """Read the arguments and make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, help="where the runs are; trained if missing")
    parser.add_argument("--only", nargs="*", default=[], help="names of pictures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        runs = arguments.runs or Path(place) / "runs"
        if not runs.exists():
            make_runs(runs)
        xg.viz.report(runs, Path(place) / "all.html")
        xg.viz.report(runs / "adam", Path(place) / "adam.html")
        take_pictures(runs, Path(place), arguments.only)


if __name__ == "__main__":
    main()
