"""Sharpen a photograph that is out of focus: deconvolution through FFTs and a total-variation prior.

A lens out of focus spreads every point over a disc, and the sensor adds noise. The model of that is
three lines, the blur itself a product between two Fourier transforms. We look for the image that
explains the photograph and has few edges, by L-BFGS on all of its 262,144 pixels at once; the gradient
comes back through the transforms.

    python examples/deconvolution.py [--device cuda] [--picture camera.png] [--quick]
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import skimage.data

import xgrad as xg

NOISE = 0.01  # standard deviation of the sensor's noise; pixels go from 0 to 1
EDGES = 0.08  # what an edge of height 1 costs, in units of 1 / NOISE
ROUND = 1e-2  # edges below this cost their square, so that the cost has a gradient everywhere


class Result(NamedTuple):
    """Peak signal-to-noise ratios, in decibels."""

    blurred: float
    wiener: float
    restored: float


def disc(size: int, radius: float, device: str) -> xg.Tensor:
    """Make the image of a point: a disc around pixel (0, 0), wrapped around the borders."""
    x = xg.arange(size, device=device)
    distance = xg.astype(xg.minimum(x, size - x), xg.float64)
    inside = xg.clip(radius + 0.5 - xg.hypot(distance[:, None], distance), 0.0, 1.0)
    return inside / xg.sum(inside)


def variation(image: xg.Tensor) -> xg.Tensor:
    """Add up the sizes of all steps from a pixel to its neighbours; smooth around zero."""
    down = xg.roll(image, -1, axis=0) - image
    right = xg.roll(image, -1, axis=1) - image
    return xg.sum(xg.sqrt(down**2 + right**2 + ROUND**2) - ROUND)


def main(device: str = "cpu", quick: bool = False, picture: str | None = None) -> Result:
    """Blur the photograph, restore it in two ways, and say how good each is."""
    photograph = skimage.data.camera() / 255.0
    if quick:
        photograph = photograph[60:188, 160:288]
    original = xg.asarray(photograph, device=device)
    size = original.shape[0]
    transfer = xg.fft.rfftn(disc(size, 3.0 if quick else 5.0, device))

    def blur(image: xg.Tensor) -> xg.Tensor:
        return xg.fft.irfftn(xg.fft.rfftn(image) * transfer, s=image.shape, axes=(0, 1))

    rng = xg.random.Generator(0, device=device)
    blurred = blur(original) + NOISE * rng.normal(original.shape)

    image = xg.Variable(blurred, name="image")

    def loss() -> xg.Tensor:
        misfit = xg.sum((blur(image) - blurred) ** 2) / (2.0 * NOISE**2)
        return misfit + EDGES / NOISE * variation(image)

    optimizer = xg.optimizers.LBFGS(max_iterations=10)
    print("steps        loss   restored")
    for steps in range(0, 40 if quick else 60, 10):
        value = optimizer.minimize(loss)
        print(f"{steps:5d}  {float(value):10.0f}   {decibels(image, original):.2f} dB")

    # Without gradients: divide by the transfer function, but not by nearly nothing. 0.012 does best here.
    power = xg.abs(transfer) ** 2
    wiener = xg.fft.irfftn(
        xg.fft.rfftn(blurred) * xg.conj(transfer) / (power + 0.012), s=(size, size), axes=(0, 1)
    )
    found = Result(*(decibels(x, original) for x in (blurred, wiener, image)))
    print(
        f"\nout of focus {found.blurred:.2f} dB, Wiener's filter {found.wiener:.2f} dB, "
        f"restored {found.restored:.2f} dB"
    )
    if picture:
        draw(
            picture, {"out of focus": blurred, "Wiener's filter": wiener, "restored": image.value()}
        )
    return found


def decibels(image: xg.Tensor | xg.Variable, original: xg.Tensor) -> float:
    """Measure how close an image is to the original: 6 dB more is half the error."""
    return -10.0 * float(xg.log10(xg.mean((image - original) ** 2)))


def draw(path: str, images: dict[str, xg.Tensor]) -> None:
    """Draw the images side by side, and the middle of each enlarged."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(9.0, 6.2), layout="constrained")
    for (name, image), (top, bottom) in zip(images.items(), axes.T, strict=True):
        pixels = image.numpy()
        n = len(pixels)
        closeup = pixels[n // 8 : n * 3 // 8, n * 3 // 8 : n * 5 // 8]
        for ax, shown in ((top, pixels), (bottom, closeup)):
            ax.imshow(shown, cmap="gray", vmin=0.0, vmax=1.0)
            ax.set_axis_off()
        top.set_title(name)
    figure.savefig(path, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="a small part of it, for the tests")
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
