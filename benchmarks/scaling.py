"""Fits held-out loss against parameters, datasets and arithmetic over finished runs, and plots it.

    python benchmarks/scaling.py runs/scaling --figure docs/scaling.png

loss(N, D) = floor + a N^-alpha + b D^-beta  (Hoffmann et al. 2022, approach 3: Huber loss of the
logarithms, many starts), N parameters, D datasets. Along the lower envelope of all points,
loss(C) = floor' + c C^-gamma, C floating-point operations of training, simulation included.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np
import typer
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import logsumexp

from amortize.config import TrainConfig, from_dict
from amortize.mesh import data_mesh
from amortize.training import compiled_step, initial_state

HUBER = 1e-3  # residuals of log loss beyond this count linearly, as in Hoffmann et al.


@dataclass(frozen=True)
class Point:
    """One held-out evaluation."""

    run: str
    parameters: float
    datasets: float
    operations: float  # of training up to here
    loss: float  # nats per pair, held out
    last: bool  # of a finished run


def operations_per_dataset(config: TrainConfig, cache: Path) -> float:
    """Floating-point operations of training per dataset, over the buckets; kept in `cache`."""
    if cache.exists():
        return json.loads(cache.read_text())["per_dataset"]
    state = jax.eval_shape(lambda: initial_state(config))
    scalars = np.int32(0), np.int32(0), np.float32(0)
    weights = np.array([bucket.weight for bucket in config.buckets])
    steps = [
        (compiled_step(config, bucket, data_mesh(1)).lower(state, *scalars).cost_analysis() or {})
        for bucket in config.buckets
    ]
    per_step = np.dot(weights, [step.get("flops", np.nan) for step in steps])
    found = float(per_step / np.dot(weights, [bucket.batch for bucket in config.buckets]))
    cache.write_text(json.dumps({"per_dataset": found}) + "\n")
    return found


def read(folder: Path) -> list[Point]:
    """Every evaluation of the runs in `folder`; runs without a final checkpoint are left out."""
    points = []
    for card_path in sorted(folder.glob("*/checkpoint/card.json")):
        run = card_path.parents[1]
        card = json.loads(card_path.read_text())
        config = from_dict(json.loads((run / "config.json").read_text()))
        each = operations_per_dataset(config, run / "operations.json")
        lines = (run / "metrics.jsonl").read_text().splitlines()
        records = [r for r in map(json.loads, lines) if "held_out" in r and "datasets" in r]
        for record in records:
            seen = float(record["datasets"])
            last = record["step"] == config.steps
            loss = record["held_out"]["loss"]
            points.append(Point(run.name, card["parameters"], seen, each * seen, loss, last))
    return points


def fit_two(parameters: NDArray, datasets: NDArray, loss: NDArray) -> dict[str, float]:
    """floor, a, alpha, b, beta of floor + a N^-alpha + b D^-beta, the best of many starts."""
    log_n, log_d, log_loss = np.log(parameters), np.log(datasets), np.log(loss)

    def residuals(x: NDArray) -> NDArray:
        e, a, alpha, b, beta = x
        terms = [np.full_like(log_n, e), a - alpha * log_n, b - beta * log_d]
        return logsumexp(terms, axis=0) - log_loss

    starts = product((-4.0, -1.5), (4.0,), (0.2, 0.7), (4.0,), (0.2, 0.7))
    bounds = ([-20.0, -20, 0, -20, 0], [5.0, 40, 3, 40, 3])
    fits = [
        least_squares(residuals, x0, bounds=bounds, loss="huber", f_scale=HUBER) for x0 in starts
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


def share_of_parameters(law: dict[str, float]) -> float:
    """Exponent with which the best N grows with C where C is proportional to N D."""
    return law["beta"] / (law["alpha"] + law["beta"])


def plot(points: list[Point], law: dict[str, float], path: Path) -> None:
    """Loss against arithmetic, one colour a run, the envelope and its law."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
    for run in sorted({p.run for p in points}):
        own = sorted((p for p in points if p.run == run), key=lambda p: p.operations)
        axes.plot([p.operations for p in own], [p.loss for p in own], ".-", lw=0.8, label=run)
    kept = [p.operations for p in envelope(points)]
    line = np.geomspace(min(kept), max(kept), 100)
    fitted = law["floor"] + law["c"] * line ** -law["gamma"]
    label = f"{law['floor']:.3f} + {law['c']:.3g} C^-{law['gamma']:.3f}"
    axes.plot(line, fitted, "k--", label=label)
    axes.set(xscale="log", yscale="log", xlabel="training arithmetic C, floating-point operations")
    axes.set_ylabel("held-out loss, nats per pair")
    axes.legend(fontsize=7)
    figure.savefig(path, dpi=150)


def main(
    folder: Annotated[Path, typer.Argument(help="folder of runs, as of grid.py")],
    figure: Annotated[Path, typer.Option(help="where the plot goes")] = Path("docs/scaling.png"),
) -> None:
    """Fit, print, plot."""
    points = read(folder)
    ends = [p for p in points if p.last]
    sizes, lengths = {p.parameters for p in ends}, {p.datasets for p in ends}
    if len(ends) < 6 or len(sizes) < 2 or len(lengths) < 2:
        typer.echo(
            f"{folder}: {len(ends)} finished runs of {len(sizes)} sizes; a fit takes 6 of 2 sizes "
            "and 2 lengths",
            err=True,
        )
        raise typer.Exit(3)
    print("run | parameters | datasets | operations | held-out loss")
    for p in sorted(ends, key=lambda p: p.operations):
        print(
            f"{p.run} | {p.parameters:,.0f} | {p.datasets:,.0f} | {p.operations:.2e} | {p.loss:.4f}"
        )
    columns: dict[str, Any] = {
        name: np.array([getattr(p, name) for p in ends])
        for name in ("parameters", "datasets", "loss")
    }
    two = fit_two(**columns)
    kept = envelope(points)
    one = fit_one(np.array([p.operations for p in kept]), np.array([p.loss for p in kept]))
    print("loss(N, D):", {name: float(f"{value:.4g}") for name, value in two.items()})
    print(f"best N grows as C^{share_of_parameters(two):.2f} where C is proportional to N D")
    print("loss(C):", {name: float(f"{value:.4g}") for name, value in one.items()})
    plot(points, one, figure)


if __name__ == "__main__":
    typer.run(main)
