"""See inside a body by sound: an inverse problem through a wave equation, with checkpointing.

Transmitters on a ring around a body in water send a pulse each, receivers on the ring listen. What speed
of sound inside explains all that they hear? The waves are an ordinary differential equation with
62,000 unknowns, solved by the leapfrog method, and the answer is found by L-BFGS on the speed in every
point. A tape that keeps every step would need memory in proportion to their number; with `xg.checkpoint`
it keeps the state between segments, and computes each segment again on the way back.

    python examples/tomography.py [--device cuda] [--picture body.png] [--quick]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import xgrad as xg

STEP = (
    0.5  # of time; one point of the grid is the unit of length, and in water sound needs 1 for it
)
PERIOD = 9.0  # of the pulse
NOISE = 0.1  # of what the body changes in what is heard; root mean squares


class Scene(NamedTuple):
    """Where everything is; points are numbered row by row."""

    pulses: xg.Tensor  # what the transmitters send, shape (segments, steps of a segment)
    transmitters: xg.Tensor  # ones where they are, shape (transmitters, size, size)
    receivers: xg.Tensor  # numbers of points
    inside: xg.Tensor  # ones where the body may be, shape (size, size)
    sponge: xg.Tensor  # how much motion is lost per step near the borders, (size, size)


class Result(NamedTuple):
    """What came out."""

    misfits: list[float]
    errors: list[float]  # of the speed, in per cent
    kept: int
    kept_without: int


def make_scene(size: int, transmitters: int, receivers: int, device: str) -> Scene:
    """Put transmitters and receivers on a ring in the water."""
    steps = int(1.9 * size / STEP)
    part = math.isqrt(steps)
    t = xg.arange(part * (steps // part), dtype=xg.float64, device=device) * STEP - 1.2 * PERIOD
    phase = (xg.pi * t / PERIOD) ** 2
    pulse = (1.0 - 2.0 * phase) * xg.exp(-phase)  # Ricker's wavelet

    x = xg.arange(size, dtype=xg.float64, device=device) - (size - 1) / 2.0
    radius = xg.hypot(x[:, None], x)
    edge = size / 2.0 - xg.maximum(xg.abs(x[:, None]), xg.abs(x))  # how far the border is
    sponge = 0.03 * xg.clip(10.0 - edge, 0.0, 10.0) ** 2 / 10.0
    ring = 0.34 * size

    def on_ring(count: int) -> xg.Tensor:
        angle = xg.arange(count, dtype=xg.float64, device=device) * (2.0 * xg.pi / count)
        row, column = (xg.round(size / 2.0 + ring * f(angle)) for f in (xg.sin, xg.cos))
        return xg.astype(row * size + column, xg.int64)

    points = xg.arange(size * size, device=device)
    sent = xg.astype(on_ring(transmitters)[:, None] == points, xg.float64)
    return Scene(
        pulses=xg.reshape(pulse, (-1, part)),
        transmitters=xg.reshape(sent, (transmitters, size, size)),
        receivers=on_ring(receivers),
        inside=xg.astype(radius < ring - 2.0, xg.float64),
        sponge=sponge,
    )


def make_body(scene: Scene) -> xg.Tensor:
    """Make the truth: the square of the speed of sound, which is 1 in water."""
    size = scene.sponge.shape[0]
    x = (xg.arange(size, dtype=xg.float64, device=scene.sponge.device) - (size - 1) / 2.0) / size
    y = x[:, None]
    soft_disc = lambda cx, cy, r: 1.0 / (1.0 + xg.exp((xg.hypot(x - cx, y - cy) - r) * 1.2 * size))
    speed = 1.0 + 0.06 * soft_disc(0.0, 0.0, 0.24)
    speed = speed + 0.06 * soft_disc(-0.08, 0.07, 0.07) - 0.10 * soft_disc(0.09, 0.02, 0.06)
    return (speed + 0.04 * soft_disc(-0.02, -0.13, 0.04)) ** 2


def advance(
    u: xg.Tensor, before: xg.Tensor, pulse: xg.Tensor, speed2: xg.Tensor, scene: Scene
) -> Any:
    """Let the waves of all transmitters run for a segment, and listen.

    d2u/dt2 = speed^2 (d2u/dx2 + d2u/dy2) + pulse, with differences between neighbours in space
    and time. Two states go in, u now and one step before."""
    heard = []
    for sent in xg.unstack(pulse):
        neighbours = xg.roll(u, 1, axis=1) + xg.roll(u, -1, axis=1)
        neighbours = neighbours + xg.roll(u, 1, axis=2) + xg.roll(u, -1, axis=2)
        force = speed2 * (neighbours - 4.0 * u) + sent * scene.transmitters
        kept = (1.0 - scene.sponge) * (u - before)
        u, before = u + kept + STEP**2 * force, u
        heard.append(xg.take(xg.reshape(u, (u.shape[0], -1)), scene.receivers, axis=1))
    return u, before, xg.stack(heard)


def listen(speed2: xg.Tensor, scene: Scene, checkpoint: bool = True) -> xg.Tensor:
    """Compute what all receivers hear of all transmitters: (steps, transmitters, receivers)."""
    segment = xg.checkpoint(advance) if checkpoint else advance
    u = before = xg.zeros_like(scene.transmitters)
    heard = []
    for pulse in xg.unstack(scene.pulses):
        u, before, part = segment(u, before, pulse, speed2, scene)
        heard.append(part)
    return xg.concat(heard)


def main(device: str = "cpu", quick: bool = False, picture: str | None = None) -> Result:
    """Make a body, listen to it, and find out from that alone what it is."""
    scene = make_scene(*((40, 4, 12) if quick else (72, 12, 48)), device)
    truth = make_body(scene)
    rng = xg.random.Generator(0, device=device)
    clean = listen(truth, scene)
    water = listen(xg.ones_like(truth), scene)
    noise = NOISE * xg.std(clean - water)
    measured = clean + noise * rng.normal(clean.shape)

    change = xg.Variable(xg.zeros_like(truth), name="change of speed^2")
    speed_of = lambda change: 1.0 + scene.inside * change

    def misfit(checkpoint: bool = True) -> xg.Tensor:
        """Compute the mean square of what is left to explain; at best 1, because of the noise."""
        difference = (listen(speed_of(change), scene, checkpoint) - measured) / noise
        return xg.mean(difference**2)

    kept = {flag: bytes_kept(lambda flag=flag: misfit(flag)) for flag in (False, True)}
    print(
        f"steps of the solver: {measured.shape[0]}, unknowns in each: {scene.transmitters.size:,}"
    )
    print(f"a tape keeps {kept[False] / 1e6:.0f} MB, with checkpoints {kept[True] / 1e6:.0f} MB")

    optimizer = xg.optimizers.LBFGS(max_iterations=3)
    print("\nsteps   misfit   error of the speed")
    misfits, errors = [], []
    for steps in range(0, 48, 3):
        misfits.append(float(misfit()))
        errors.append(error_of(speed_of(change), truth, scene))
        print(f"{steps:5d}  {misfits[-1]:7.2f}   {errors[-1]:.2f} %")
        if misfits[-1] < 1.02 or (quick and steps == 6):
            break  # what is left is noise, which should not be explained
        optimizer.minimize(misfit)
    if picture:
        draw(picture, scene, {"truth": truth, "found": speed_of(change)}, clean)
    return Result(misfits, errors, kept[True], kept[False])


def error_of(speed2: xg.Tensor, truth: xg.Tensor, scene: Scene) -> float:
    """Compare speeds inside the ring: the root of the mean square, in per cent."""
    difference = scene.inside * (xg.sqrt(speed2) - xg.sqrt(truth))
    return 100.0 * float(xg.sqrt(xg.sum(difference**2) / xg.sum(scene.inside)))


def bytes_kept(loss: Callable[[], xg.Tensor]) -> int:
    """Record a loss, and ask the tape what it keeps."""
    with xg.GradientTape() as tape:
        value = loss()
    kept = tape.stats().bytes
    del value  # what is not reachable any more is not on the tape
    return kept


def draw(path: str, scene: Scene, speeds: dict[str, xg.Tensor], heard: xg.Tensor) -> None:
    """Draw the two speeds, and what the receivers hear of the first transmitter."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(10.0, 3.3), layout="constrained")
    size = scene.inside.shape[0]
    shown: Any = None
    for ax, (name, speed2) in zip(axes, speeds.items(), strict=False):
        shown = ax.imshow(xg.sqrt(speed2).numpy(), cmap="cividis", vmin=0.93, vmax=1.13)
        places = scene.receivers.numpy()
        ax.plot(places % size, places // size, "w.", ms=3)
        ax.set(title=f"speed of sound: {name}", xticks=[], yticks=[])
    figure.colorbar(shown, ax=list(axes[:2]), shrink=0.9)
    first = heard[:, 0, :].numpy()
    scale = 0.3 * abs(first).max()
    axes[2].imshow(first, cmap="gray", aspect="auto", vmin=-scale, vmax=scale)
    axes[2].set(title="heard of one pulse", xlabel="receiver", ylabel="step of time")
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="a small body, for the tests")
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
