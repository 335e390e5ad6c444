"""The page and the plot of benchmarks/scaling.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scaling import Best, Point

INTRODUCTION = """# Scaling law

Written by `benchmarks/scaling.py` from the points beside it (`benchmarks/grid.py` trains them).
Loss: nats per pair on 64 held-out tables of `mixture` (200 rows, 10 variables), averaged
parameters, constant learning rate. Training: 65 to 250 rows, 7 to 12 variables, batches of 16, the
prior of `mixture`, one seed a size. Operations: the network's forward and backward pass, by XLA's
count; simulation and optimiser are not in them. Seconds: processor time of whole steps on one core.
"""

CAUTION = """The intervals resample the points within runs. Points of one run are not independent
and each size has one seed, so they are too narrow. Budgets beyond the longest run ({hours:.2f}
core-hours) are extrapolated; `outside` marks sizes that were not trained. A wider prior and other
table sizes shift the floor and the constants.
"""


def page(
    points: list[Point],
    law: dict[str, float],
    others: list[dict[str, float]],
    along: dict[str, float],
    share: float,
    bests: list[Best],
    told: tuple[float, float, int],
    passed: list[tuple[Point, Point, float | None]],
) -> str:
    """Everything that was found, as Markdown."""
    operations = [p.operations for p in points]
    lines = [
        INTRODUCTION,
        f"{len(points)} points over a factor {max(operations) / min(operations):,.0f} of "
        f"arithmetic, {min(operations):.2g} to {max(operations):.2g} operations.",
        "",
        "| run | parameters | datasets | operations | core-minutes | GFLOP/s | loss |",
        "| --- " * 7 + "|",
    ]
    for p in last_points(points):
        rate = p.operations / p.core_seconds / 1e9
        lines.append(
            f"| {p.run} | {p.parameters:,.0f} | {p.datasets:,.0f} | {p.operations:.2e} | "
            f"{p.core_seconds / 60:.1f} | {rate:.1f} | {p.loss:.4f} |"
        )
    lines += ["", "Lowest loss that was measured for so much arithmetic:", ""]
    lines += ["| operations | run | parameters | loss |", "| --- " * 4 + "|"]
    lines += [f"| {c:.1e} | {p.run} | {p.parameters:,.0f} | {p.loss:.4f} |" for c, p in won(points)]
    lines += [
        "",
        "Where a size becomes better than the next smaller one for the same arithmetic:",
        "",
    ]
    lines += [f"- {line}" for line in passing(passed)]
    lines += ["", "loss(N, D) = floor + a N^-alpha + b D^-beta:", ""]
    lines += ["| | value | 95 % of resamples |", "| --- " * 3 + "|"]
    for name in ("floor", "a", "alpha", "b", "beta"):
        low, high = np.percentile([other[name] for other in others], [2.5, 97.5])
        lines.append(f"| {name} | {law[name]:.4g} | {low:.4g} to {high:.4g} |")
    error, sign, count = told
    lines += [
        "",
        f"It errs by {law['error']:.1%} on average. Fitted without the {count} points of more than "
        f"a quarter of the most arithmetic, it tells these with an error of {error:.1%} (mean with "
        f"sign {sign:+.1%}, positive: told too high). Were C proportional to N D, the best N would "
        f"grow as C^{share:.2f}. Along the lower envelope: loss(C) = {along['floor']:.3f} + "
        f"{along['c']:.4g} C^-{along['gamma']:.3f} (error {along['error']:.1%}).",
        "",
        "What the law prefers, a dataset costing what the trained sizes' power law says (budgets "
        "up to a hundred times the longest run):",
        "",
        "| budget | parameters | 95 % of resamples | datasets | loss | 95 % of resamples | |",
        "| --- " * 7 + "|",
    ]
    sizes = [p.parameters for p in points]
    for best in bests:
        (low, high), (under, over) = best.parameters_between, best.loss_between
        beyond = "" if min(sizes) <= best.parameters <= max(sizes) else "outside"
        lines.append(
            f"| {best.budget} | {best.parameters:,.2g} | {low:,.2g} to {high:,.2g} | "
            f"{best.datasets:,.2g} | {best.loss:.3f} | {under:.3f} to {over:.3f} | {beyond} |"
        )
    hours = max(p.core_seconds for p in points) / 3600
    return "\n".join([*lines, "", CAUTION.format(hours=hours)])


def told_again(
    points: list[Point],
    second: list[Point],
    expected: list[float],
    passed: list[tuple[Point, Point, float | None]],
) -> str:
    """What the law says of runs that it was not fitted to."""
    most = {p.run: p.datasets for p in last_points(points)}
    lines = [
        "",
        "## A check: runs that were not fitted",
        "",
        "Same tables. Error of the law, with sign (positive: told too high), on points within and "
        "beyond the datasets that the size was fitted on; a size that was not fitted has only the "
        "latter:",
        "",
        "| run | parameters | operations | datasets | last loss | told | error within | beyond |",
        "| --- " * 8 + "|",
    ]
    errors = np.log(np.array(expected) / np.array([p.loss for p in second]))
    for end in last_points(second):
        own = np.array([p.run == end.run for p in second])
        beyond = np.array([p.datasets > most.get(p.run, 0) for p in second])
        within, out = (
            f"{errors[mask].mean():+.1%}" if mask.any() else "-"
            for mask in (own & ~beyond, own & beyond)
        )
        lines.append(
            f"| {end.run} | {end.parameters:,.0f} | {end.operations:.2e} | {end.datasets:,.0f} | "
            f"{end.loss:.4f} | {expected[second.index(end)]:.4f} | {within} | {out} |"
        )
    spent = [p.operations for p in second]
    lines += ["", f"{min(spent):.2g} to {max(spent):.2g} operations.", ""]
    neighbours = [f"- {line}" for line in passing(passed)]
    lines += ["Of neighbours in size:", "", *neighbours, ""] if neighbours else []
    return "\n".join(lines)


def passing(passed: list[tuple[Point, Point, float | None]]) -> list[str]:
    """A line on every two neighbours in size."""
    lines = []
    for small, large, operations in passed:
        both = f"{large.parameters:,.0f} parameters after {small.parameters:,.0f}"
        until = min(small.operations, large.operations)
        where = f"not up to {until:.1e} operations"
        if operations is not None:
            where = f"from {operations:.1e} operations on (measured up to {until:.1e})"
        lines.append(f"{both}: {where}")
    return lines


def last_points(points: list[Point]) -> list[Point]:
    """The last point of every run, the smallest network first."""
    last = {p.run: p for p in sorted(points, key=lambda p: p.datasets)}
    return sorted(last.values(), key=lambda p: p.parameters)


def won(points: list[Point], count: int = 8) -> list[tuple[float, Point]]:
    """The best point within each of some budgets of arithmetic, spread evenly in the logarithm."""
    spent = [p.operations for p in points]
    budgets = np.geomspace(min(spent), max(spent), count + 1)[1:] * (1 + 1e-9)
    return [
        (c, min((p for p in points if p.operations <= c), key=lambda p: p.loss)) for c in budgets
    ]


def plot(
    points: list[Point],
    law: dict[str, float],
    kept: list[Point],
    along: dict[str, float],
    path: Path,
) -> None:
    """Loss against arithmetic and against datasets: points, the law (lines), the envelope's law."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
    for number, end in enumerate(last_points(points)):
        own = sorted((p for p in points if p.run == end.run), key=lambda p: p.datasets)
        datasets = np.array([p.datasets for p in own])
        fitted = law["floor"] + law["a"] * end.parameters ** -law["alpha"]
        fitted = fitted + law["b"] * datasets ** -law["beta"]
        for axes, x in ((left, [p.operations for p in own]), (right, datasets)):
            label = f"{end.parameters:,.0f} parameters"
            axes.plot(x, [p.loss for p in own], ".", color=f"C{number}", label=label)
            axes.plot(x, fitted, "-", lw=0.8, color=f"C{number}")
    spent = [p.operations for p in kept]
    line = np.geomspace(min(spent), max(spent), 100)
    label = f"{along['floor']:.3f} + {along['c']:.3g} C^-{along['gamma']:.3f}"
    left.plot(line, along["floor"] + along["c"] * line ** -along["gamma"], "k--", label=label)
    left.set(xscale="log", yscale="log", xlabel="training arithmetic C, floating-point operations")
    left.set_ylabel("held-out loss, nats per pair")
    right.set(xscale="log", xlabel="datasets D")
    left.legend(fontsize=7)
    figure.savefig(path, dpi=130)
