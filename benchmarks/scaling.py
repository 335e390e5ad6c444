"""Fits held-out loss against parameters, datasets and arithmetic of grid.py's runs, and plots it.

    python benchmarks/scaling.py

Reads docs/results/scaling/*.jsonl, writes docs/results/scaling/results.md and docs/scaling.png.
Points in the folder's `second/` are not fitted: the law is asked to tell them.

loss(N, D) = floor + a N^-alpha + b D^-beta  (Hoffmann et al. 2022, approach 3: Huber loss of the
logarithms, many starts), N parameters, D datasets. Along the lower envelope of all points,
loss(C) = floor' + c C^-gamma, C floating-point operations of the network in training.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from scaling_page import last_points, page, plot, told_again
from scipy.optimize import least_squares
from scipy.special import logsumexp

ROOT = Path(__file__).parents[1]
HUBER = 1e-3  # residuals of log loss beyond this count linearly, as in Hoffmann et al.
BOUNDS = ([-20.0, -20, 0, -20, 0], [5.0, 40, 3, 40, 3])
RESAMPLES = 200
CANDIDATES = np.geomspace(1e4, 1e8, 401)  # parameters among which the best is sought
HOURS = (1, 10, 100, 1000)  # of one core
ACCELERATOR_MINUTES = 30
FAR = 100  # times the longest run: nothing is told of larger budgets


@dataclass(frozen=True)
class Point:
    """One held-out evaluation."""

    run: str
    parameters: float
    datasets: float
    operations: float  # of the network in training up to here
    core_seconds: float  # of training up to here
    loss: float  # nats per pair, held out


@dataclass(frozen=True)
class Best:
    """The size that the law prefers for one budget, with 95 % bootstrap intervals."""

    budget: str
    parameters: float
    parameters_between: tuple[float, float]
    datasets: float
    loss: float
    loss_between: tuple[float, float]


def read(folder: Path) -> list[Point]:
    """Every evaluation of the runs whose points are in `folder`."""
    points = []
    for path in sorted(folder.glob("*.jsonl")):
        for r in map(json.loads, path.read_text().splitlines()):
            spent = r["operations_per_dataset"] * r["datasets"]
            points.append(
                Point(
                    *(r["run"], r["parameters"], r["datasets"], spent),
                    *(r["core_seconds"], r["loss"]),
                )
            )
    return points


def fit_two(points: list[Point], starts: list[NDArray] | None = None) -> dict[str, float]:
    """floor, a, alpha, b, beta of floor + a N^-alpha + b D^-beta, the best of many starts."""
    log_n, log_d, log_loss = (
        np.log([getattr(p, name) for p in points]) for name in ("parameters", "datasets", "loss")
    )

    def residuals(x: NDArray) -> NDArray:
        e, a, alpha, b, beta = x
        terms = [np.full_like(log_n, e), a - alpha * log_n, b - beta * log_d]
        return logsumexp(terms, axis=0) - log_loss

    grid = product((-4.0, -1.5), (1.0, 4.0), (0.2, 0.7), (2.0, 4.0), (0.2, 0.7))
    fits = [
        least_squares(residuals, x0, bounds=BOUNDS, loss="huber", f_scale=HUBER)
        for x0 in starts or [np.array(x) for x in grid]
    ]
    best = min(fits, key=lambda fit: fit.cost)
    e, a, alpha, b, beta = best.x
    return {
        "floor": float(np.exp(e)),
        "a": float(np.exp(a)),
        "alpha": float(alpha),
        "b": float(np.exp(b)),
        "beta": float(beta),
        "error": float(np.abs(residuals(best.x)).mean()),  # mean relative error of the fit
    }


def predicted(law: dict[str, float], parameters: Any, datasets: Any) -> Any:
    """The loss that the law gives, nats per pair."""
    return (
        law["floor"] + law["a"] * parameters ** -law["alpha"] + law["b"] * datasets ** -law["beta"]
    )


def resampled(points: list[Point], law: dict[str, float], count: int) -> list[dict[str, float]]:
    """Fits of bootstrap samples of the points, drawn within each run, from the fit of all."""
    rng = np.random.default_rng(0)
    runs = [[p for p in points if p.run == run] for run in sorted({p.run for p in points})]
    logs = [np.log(max(law[name], 1e-8)) for name in ("floor", "a", "b")]
    start = np.clip([logs[0], logs[1], law["alpha"], logs[2], law["beta"]], *BOUNDS)
    inner = np.clip(start, np.array(BOUNDS[0]) + 1e-6, np.array(BOUNDS[1]) - 1e-6)
    return [
        fit_two([own[k] for own in runs for k in rng.integers(len(own), size=len(own))], [inner])
        for _ in range(count)
    ]


def fit_one(operations: NDArray, loss: NDArray) -> dict[str, float]:
    """floor, c, gamma of floor + c C^-gamma."""
    log_c, log_loss = np.log(operations), np.log(loss)

    def residuals(x: NDArray) -> NDArray:
        e, c, gamma = x
        return np.logaddexp(e, c - gamma * log_c) - log_loss

    starts = product((-4.0, -1.5), (3.0, 10.0), (0.1, 0.6))
    bounds = ([-20.0, -20, 0], [5.0, 60, 3])
    fits = [
        least_squares(residuals, x0, bounds=bounds, loss="huber", f_scale=HUBER) for x0 in starts
    ]
    best = min(fits, key=lambda fit: fit.cost)
    e, c, gamma = best.x
    return {
        "floor": float(np.exp(e)),
        "c": float(np.exp(c)),
        "gamma": float(gamma),
        "error": float(np.abs(residuals(best.x)).mean()),
    }


def envelope(points: list[Point]) -> list[Point]:
    """The points that no other point beats with as little or less arithmetic."""
    best, kept = np.inf, []
    for point in sorted(points, key=lambda p: (p.operations, p.loss)):
        if point.loss < best:
            best = point.loss
            kept.append(point)
    return kept


def crossings(points: list[Point]) -> list[tuple[Point, Point, float | None]]:
    """Where each size becomes better than the next smaller one for the same arithmetic.

    Losses between the points of a run are interpolated, in logarithms.

    Returns:
        The last point of the smaller, of the larger, and the operations from which on the larger
        is better as far as both were measured; None where it is not at the end of that.
    """
    found = []
    for small, large in pairwise(last_points(points)):
        tracks = [
            sorted((p.operations, p.loss) for p in points if p.run == end.run)
            for end in (small, large)
        ]
        (x, y), (u, v) = (np.log(np.array(track)).T for track in tracks)
        at = np.linspace(max(x[0], u[0]), min(x[-1], u[-1]), 2001)
        ahead = np.interp(at, x, y) <= np.interp(at, u, v)  # the smaller one
        last = int(np.flatnonzero(ahead)[-1]) if ahead.any() else -1
        found.append((small, large, None if ahead[-1] else float(np.exp(at[last + 1]))))
    return found


def share_of_parameters(law: dict[str, float]) -> float:
    """Exponent with which the best N grows with C where C is proportional to N D."""
    return law["beta"] / (law["alpha"] + law["beta"])


def cost_by_size(points: list[Point], field: str) -> Callable[[Any], Any]:
    """What a dataset costs at N parameters: a power law through the runs' own figures."""
    last = {p.run: p for p in sorted(points, key=lambda p: p.datasets)}.values()
    log_n = np.log([p.parameters for p in last])
    each = np.log([getattr(p, field) / p.datasets for p in last])
    slope, start = np.polyfit(log_n, each, 1)
    return lambda parameters: np.exp(start) * parameters**slope


def best_of(
    budget: str,
    datasets: NDArray,
    law: dict[str, float],
    others: list[dict[str, float]],
) -> Best:
    """The best of CANDIDATES where each of them affords so many datasets."""
    losses = predicted(law, CANDIDATES, datasets)
    k = int(np.argmin(losses))
    found = [predicted(other, CANDIDATES, datasets) for other in others]
    sizes = np.percentile([CANDIDATES[np.argmin(x)] for x in found], [2.5, 97.5])
    spread = np.percentile([x.min() for x in found], [2.5, 97.5])
    return Best(
        budget,
        float(CANDIDATES[k]),
        (float(sizes[0]), float(sizes[1])),
        float(datasets[k]),
        float(losses[k]),
        (float(spread[0]), float(spread[1])),
    )


def forecast(points: list[Point]) -> tuple[float, float, int]:
    """How well the law tells what it has not seen: the dearest quarter of a decade and more.

    Returns:
        Mean relative error on the points with more than a quarter of the most arithmetic, of a
        fit to the others; its mean sign (positive: predicted too high); how many points.
    """
    most = max(p.operations for p in points)
    seen = [p for p in points if p.operations <= most / 4]
    unseen = [p for p in points if p.operations > most / 4]
    law = fit_two(seen)
    errors = [np.log(predicted(law, p.parameters, p.datasets) / p.loss) for p in unseen]
    return float(np.mean(np.abs(errors))), float(np.mean(errors)), len(unseen)


def main(
    folder: Annotated[Path, typer.Argument(help="folder of points, as of grid.py")] = ROOT
    / "docs/results/scaling",
    figure: Annotated[Path, typer.Option(help="where the plot goes")] = ROOT / "docs/scaling.png",
    rate: Annotated[
        float, typer.Option(help="assumed operations a second that an accelerator reaches")
    ] = 3e13,
) -> None:
    """Fit, print, plot."""
    points = read(folder)
    sizes = {p.parameters for p in points}
    if len(points) < 12 or len(sizes) < 3:
        typer.echo(
            f"{folder}: {len(points)} points of {len(sizes)} sizes; a fit takes 12 of 3 sizes "
            "(benchmarks/grid.py makes them)",
            err=True,
        )
        raise typer.Exit(3)
    law = fit_two(points)
    others = resampled(points, law, RESAMPLES)
    kept = envelope(points)
    along = fit_one(np.array([p.operations for p in kept]), np.array([p.loss for p in kept]))
    seconds, operations = (cost_by_size(points, name) for name in ("core_seconds", "operations"))
    longest, dearest = (max(getattr(p, x) for p in points) for x in ("core_seconds", "operations"))
    bests = [
        best_of(f"{hours:,} core-hours", hours * 3600 / seconds(CANDIDATES), law, others)
        for hours in HOURS
        if hours * 3600 <= FAR * longest
    ]
    spent = ACCELERATOR_MINUTES * 60 * rate
    if spent <= FAR * dearest:
        name = f"{ACCELERATOR_MINUTES} minutes of an accelerator at {rate / 1e12:g} TFLOP/s"
        bests.append(best_of(name, spent / operations(CANDIDATES), law, others))
    told, passed = forecast(points), crossings(points)
    text = page(points, law, others, along, share_of_parameters(law), bests, told, passed)
    if second := read(folder / "second"):
        expected = [float(predicted(law, p.parameters, p.datasets)) for p in second]
        text += told_again(points, second, expected, crossings(second))
    (folder / "results.md").write_text(text)
    print(text)
    plot(points, law, kept, along, figure)


if __name__ == "__main__":
    typer.run(main)
