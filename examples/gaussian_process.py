"""A Gaussian process learns the carbon dioxide over Mauna Loa, by the gradient of its likelihood.

The curve is a slow rise, a season that changes over the years, wiggles and weather; each is a
covariance with a size and a time scale, ten numbers in all. Those that make the measurements most
likely are found by L-BFGS, whose gradient passes through the Cholesky factor of a 405 by 405 matrix.
Then the process forecasts ten years that it has not seen. (After C. E. Rasmussen, C. K. I. Williams,
"Gaussian processes for machine learning", 2006, section 5.4.3.)

    python examples/gaussian_process.py [--device cuda] [--picture co2.png] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import importlib.resources
import itertools
import math
from typing import NamedTuple

import xgrad as xg

FORECAST_FROM = 1992.0
START = {  # sizes are in ppm
    "rise": 50.0,
    "rise, years": 50.0,
    "season": 3.0,
    "season, years until it changes": 100.0,
    "season, smoothness": 1.0,
    "wiggles": 0.5,
    "wiggles, years": 1.0,
    "weather": 0.2,
    "weather, years": 0.1,
    "noise": 0.2,
}


class Result(NamedTuple):
    """What came out."""

    likelihoods: list[float]
    error: float
    covered: float


def load_data() -> tuple[list[float], list[float]]:
    """Load monthly means of the weekly measurements from 1958 to 2001, which statsmodels ships."""
    file = importlib.resources.files("statsmodels") / "datasets" / "co2" / "co2.csv"
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    times, values = [], []
    for month, weeks in itertools.groupby(rows, key=lambda row: row["date"][:6]):
        measured = [float(row["co2"]) for row in weeks if row["co2"]]
        if measured:
            times.append(int(month[:4]) + (int(month[4:]) - 0.5) / 12.0)
            values.append(math.fsum(measured) / len(measured))
    return times, values


def covariance(logs: xg.Tensor, s: xg.Tensor, t: xg.Tensor) -> xg.Tensor:
    """Compute the covariance of the curve at times s with the curve at times t."""
    rise, decades, season, years, smooth, wiggle, year, weather, weeks, _ = xg.unstack(xg.exp(logs))
    d = s[:, None] - t[None, :]
    bell = lambda size, width: size**2 * xg.exp(-0.5 * (d / width) ** 2)
    return (
        bell(rise, decades)
        + bell(season, years) * xg.exp(-2.0 * (xg.sin(xg.pi * d) / smooth) ** 2)
        + bell(wiggle, year)
        + bell(weather, weeks)
    )


def negative_log_likelihood(logs: xg.Tensor, t: xg.Tensor, y: xg.Tensor) -> xg.Tensor:
    """Compute -log p(y), a normal density whose covariance is K = L L'.

    With a = L^-1 y it is (a'a + log det K + n log 2 pi) / 2, and log det K = 2 sum log L_ii."""
    noise = xg.exp(2.0 * logs[-1])
    factor = xg.linalg.cholesky(covariance(logs, t, t) + noise * xg.eye(t.size, device=t.device))
    a = xg.linalg.solve_triangular(factor, y[:, None])[:, 0]
    half_log_det = xg.sum(xg.log(xg.linalg.diagonal(factor)))
    return 0.5 * (a @ a) + half_log_det + 0.5 * t.size * math.log(2.0 * math.pi)


def main(device: str = "cpu", quick: bool = False, picture: str | None = None) -> Result:
    """Learn the ten numbers from the years to 1991, and forecast ten years."""
    years, values = load_data()
    if quick:
        years, values = years[::4], values[::4]
    times = xg.asarray(years, device=device)
    measured = xg.asarray(values, device=device)
    n = int(xg.count_nonzero(times < FORECAST_FROM))
    t, mean = times[:n], xg.mean(measured[:n])
    y = measured[:n] - mean

    logs = xg.Variable([math.log(value) for value in START.values()], device=device)
    optimizer = xg.optimizers.LBFGS(max_iterations=4)
    print("steps  log likelihood")
    likelihoods = []
    for steps in range(0, 12 if quick else 28, 4):
        likelihoods.append(-float(optimizer.minimize(lambda: negative_log_likelihood(logs, t, y))))
        print(f"{steps:5d}  {likelihoods[-1]:14.2f}")
    print("\nwhat it learned")
    for name, value in zip(START, xg.exp(logs).tolist(), strict=True):
        print(f"  {name:31s}{value:8.2f}")

    cross = covariance(logs, times, t)
    own = covariance(logs, t, t) + xg.exp(2.0 * logs[-1]) * xg.eye(n, device=device)
    forecast = mean + cross @ xg.linalg.solve(own, y)
    prior = xg.sum(xg.exp(2.0 * logs)[xg.asarray([0, 2, 5, 7, 9], device=device)])
    spread = xg.sqrt(
        prior - xg.sum(cross * xg.matrix_transpose(xg.linalg.solve(own, cross.mT)), axis=1)
    )

    misses = xg.abs(forecast - measured)[n:]
    error = float(xg.sqrt(xg.mean(misses**2)))
    covered = float(xg.mean(xg.astype(misses < 2.0 * spread[n:], xg.float64)))
    print(
        f"\nforecast of {FORECAST_FROM:.0f} to {years[-1]:.0f}: wrong by {error:.2f} ppm (root of the "
        f"mean square); {covered:.0%} within two standard deviations"
    )
    if picture:
        draw(picture, years, values, forecast.tolist(), spread.tolist())
    return Result(likelihoods, error, covered)


def draw(
    path: str, years: list[float], values: list[float], forecast: list[float], spread: list[float]
) -> None:
    """Draw the measurements, and the forecast with its uncertainty."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8.0, 3.8), layout="constrained")
    known = [i for i, year in enumerate(years) if year < FORECAST_FROM]
    ahead = range(len(known), len(years))
    low, high = ([forecast[i] + s * spread[i] for i in ahead] for s in (-2.0, 2.0))
    when = [years[i] for i in ahead]
    axes.plot(years[: len(known)], values[: len(known)], color="0.5", lw=0.9, label="learned from")
    axes.fill_between(when, low, high, color="#56B4E9", alpha=0.4, lw=0, label="forecast")
    axes.plot(when, [forecast[i] for i in ahead], color="#0072B2", lw=1.2)
    axes.plot(when, values[len(known) :], ".", color="#D55E00", ms=3.5, label="measured later")
    axes.set(xlabel="year", ylabel="carbon dioxide (ppm)", title="Mauna Loa")
    axes.legend(frameon=False, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="every fourth month, for the tests")
    parser.add_argument("--picture", metavar="FILE")
    main(**vars(parser.parse_args()))
