"""A run that is cut off and resumed ends as if it had not been: to the last bit, on the CPU."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg

X = np.random.default_rng(0).normal(size=(40, 5)).astype("float32")
Y = np.sin(X.sum(axis=1, keepdims=True))
BATCH, STEPS = 8, 17


class Run:
    """A network, its optimizer, random numbers (dropout and shuffling) and the place in the data."""

    def __init__(self, make_optimizer):
        rng = xg.random.Generator(1)
        shapes = {"w1": (5, 16), "w2": (16, 1)}
        self.state = {
            "weights": {
                name: xg.Variable(rng.normal(shape, dtype="float32"), name=name)
                for name, shape in shapes.items()
            },
            "optimizer": make_optimizer(),
            "rng": rng,
            "data": {"order": xg.asarray(np.arange(40)), "place": 40},
            "losses": [],
        }

    def step(self):
        state = self.state
        data, rng, weights = state["data"], state["rng"], state["weights"]
        if data["place"] + BATCH > 40:
            data.update(order=rng.permutation(40), place=0)
        rows = data["order"][data["place"] : data["place"] + BATCH]
        data["place"] += BATCH
        keep = rng.bernoulli(0.8, (BATCH, 16))
        with xg.GradientTape() as tape:
            hidden = xg.tanh(xg.take(xg.asarray(X), rows, axis=0) @ weights["w1"])
            error = (xg.where(keep, hidden, 0.0) @ weights["w2"]) - xg.take(
                xg.asarray(Y), rows, axis=0
            )
            loss = xg.mean(error**2)
        variables = list(weights.values())
        state["optimizer"].apply(tape.gradient(loss, variables), variables)
        state["losses"].append(float(loss))

    def results(self):
        weights = self.state["weights"].values()
        return self.state["losses"], [w.numpy().tobytes() for w in weights]


OPTIMIZERS = {
    "sgd": lambda: xg.optimizers.SGD(0.05, momentum=0.9),
    "adam": lambda: xg.optimizers.Adam(0.01),
    "schedule": lambda: xg.optimizers.AdamW(xg.optimizers.schedules.CosineDecay(0.01, 100)),
    "accumulation": lambda: xg.optimizers.Adam(0.01, gradient_accumulation_steps=3, use_ema=True),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("cut", [0, 1, 7, 10])
def test_resumed_run_is_the_uninterrupted_one(make, cut, tmp_path):
    whole = Run(make)
    for _ in range(STEPS):
        whole.step()
    first = Run(make)
    for _ in range(cut):
        first.step()
    xg.save(tmp_path / "run", first.state)
    resumed = Run(make)
    resumed.state = xg.load(tmp_path / "run")
    restored = Run(make)
    if cut:
        restored.step()  # it need not be fresh
    xg.load(tmp_path / "run", into=restored.state)
    for run in (resumed, restored):
        for _ in range(STEPS - cut):
            run.step()
        losses, weights = run.results()
        assert losses[len(losses) - (STEPS - cut) :] == whole.results()[0][cut:]
        assert weights == whole.results()[1]


def test_resumed_in_another_process(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import xgrad as xg, test_resuming as t\n"
        "run = t.Run(t.OPTIMIZERS['adam'])\n"
        "run.state = xg.load(sys.argv[2])\n"
        "for _ in range(5): run.step()\n"
        "xg.save(sys.argv[2], run.state)"
    )
    path = tmp_path / "run"
    run = Run(OPTIMIZERS["adam"])
    for _ in range(3):
        run.step()
    xg.save(path, run.state)
    for _ in range(5):
        run.step()
    folder = str(Path(__file__).parent)
    subprocess.run([sys.executable, "-c", code, folder, str(path)], check=True)
    assert xg.load(path)["losses"] == run.state["losses"]


def test_run_saved_inside_a_compiled_loop_goes_on(tmp_path):
    def make():
        w, optimizer = xg.Variable([1.0, 2.0]), xg.optimizers.Adam(0.1)

        @xg.function
        def step(x):
            with xg.GradientTape() as tape:
                loss = xg.sum((w * x) ** 2)
            optimizer.apply([tape.gradient(loss, w)], [w])
            return loss

        return {"w": w, "optimizer": optimizer}, step

    x = xg.asarray([1.0, 0.5])
    state, step = make()
    for _ in range(3):
        step(x)
    xg.save(tmp_path / "run", state)
    other, other_step = make()
    other_step(x)  # recorded before the state is loaded
    xg.load(tmp_path / "run", into=other)
    expected = [float(step(x)) for _ in range(3)]
    assert [float(other_step(x)) for _ in range(3)] == expected
