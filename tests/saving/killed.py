"""Run by test_atomic.py: saves are killed at random moments, and what is left behind is loaded.

    python killed.py DIRECTORY ROUNDS

In each round a child saves the states 1, 2, 3, ... over one another and says so after each; it is
killed, and every file in the directory must be a state that was being written or the one before."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import xgrad as xg


def state(number):
    return {"number": number, "w": np.full((300, 300), float(number)), "v": [xg.ones(9) * number]}


def save_for_ever(path, pipe, first):
    number = first
    while True:
        xg.save(path, state(number))
        os.write(pipe, number.to_bytes(8, "little"))
        number += 1


def round_trip(path, first, moment):
    """Let a child save for some time; the number of the last state that it says is saved."""
    readable, writable = os.pipe()
    child = os.fork()
    if not child:
        save_for_ever(path, writable, first)
    os.close(writable)
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(readable, "rb") as file:
        said = file.read()
    return int.from_bytes(said[-8:], "little") if said else first - 1


def main(directory, rounds):
    rng = random.Random(0)
    path = directory / "run.safetensors"
    began = time.perf_counter()
    for _ in range(5):
        xg.save(path, state(0))
    usual = (time.perf_counter() - began) / 5
    last, half, saves = 0, 0, 0
    for _ in range(rounds):
        said = round_trip(path, last + 1, rng.uniform(0.0, 4 * usual))
        found = {}
        for file in directory.iterdir():
            loaded = xg.load(file)
            number = loaded["number"]
            assert said <= number <= said + 1, (file, said, number)
            assert (loaded["w"] == number).all()
            assert loaded["v"][0].tolist() == [number] * 9
            found[file.name] = number
            if file != path:
                half += 1
                file.unlink()
        saves += said - last
        last = found[path.name]
    print(f"{rounds} killed, {saves} saved, {half} left under another name, the last is {last}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
