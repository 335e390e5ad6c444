"""The two-stream network against AVICI's axial one after the same wall time of training.

    python benchmarks/equal_time.py --minutes 60 --variables 10
    python benchmarks/equal_time.py --minutes 60 --variables 30

Each trains alone, at a constant rate after a warm-up, on tables of 200 rows and so many variables;
averaged parameters are scored. Killed and started again it goes on. The last line says after which
share of its time the first network passed the last loss of the second.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).parents[1]
ROWS = 200
FOREVER = 1_000_000  # steps that no run reaches


def command(
    name: str, out: Path, minutes: float, variables: int, batch: int, more: list[str]
) -> list[str]:
    """The training command of one network."""
    bucket = {"rows": [ROWS] * 2, "variables": [variables] * 2, "batch": batch, "weight": 1.0}
    assignments = [
        f"model.architecture={name}",
        f"buckets={json.dumps([bucket])}",
        f"steps={FOREVER}",
        "optimiser.schedule=trapezoid",
        "optimiser.decay_share=1e-6",
        *more,
    ]
    every = str(minutes / 20)
    return [
        *(sys.executable, str(ROOT / "train.py"), "small", "--out", str(out)),
        *("--max-minutes", str(minutes), "--eval-minutes", every, "--save-minutes", every),
        *("--eval-shape", str(ROWS), str(variables)),
        *(part for assignment in assignments for part in ("--set", assignment)),
    ]


def evaluations(out: Path) -> list[dict[str, Any]]:
    """The held-out records of a run, the oldest first."""
    path = out / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [record for record in map(json.loads, lines) if "held_out" in record]


def table(runs: dict[str, list[dict[str, Any]]]) -> str:
    """One line a network, and when the first passed the last loss of the second."""
    lines = ["network | minutes | datasets | held-out loss | held-out AUPRC"]
    for name, records in runs.items():
        last, score = records[-1], records[-1]["held_out"]
        lines.append(
            f"{name} | {60 * last['hours']:.1f} | {last['datasets']:,} | {score['loss']:.4f} | "
            f"{score['auprc']:.3f}"
        )
    (first, ours), (second, theirs) = runs.items()
    target, spent = theirs[-1]["held_out"]["loss"], theirs[-1]["hours"]
    reached = [r["hours"] for r in ours if r["held_out"]["loss"] <= target]
    lines.append(
        f"{first} reached the last loss of {second} within {reached[0] / spent:.0%} of its time"
        if reached
        else f"{first} did not reach the last loss of {second}"
    )
    return "\n".join(lines)


def main(
    minutes: Annotated[float, typer.Option(help="of training, each")] = 60.0,
    variables: Annotated[int, typer.Option(help="of every table")] = 10,
    batch: Annotated[int, typer.Option(help="datasets a step")] = 16,
    out: Annotated[Path, typer.Option(help="folder of the runs")] = Path("runs/equal-time"),
    set_: Annotated[list[str] | None, typer.Option("--set", help="of both")] = None,
    set_axial: Annotated[list[str] | None, typer.Option(help="of the axial network alone")] = None,
) -> None:
    """Train both for the same time, print the table."""
    runs = {}
    for name, more in (("two_stream", []), ("axial", set_axial or [])):
        folder = out / f"{name}-{variables}"
        done = 60 * sum(r["hours"] for r in evaluations(folder)[-1:])
        if minutes - done > 0.02 * minutes:
            options = [*(set_ or []), *more]
            subprocess.run(
                command(name, folder, minutes - done, variables, batch, options), check=True
            )
        runs[name] = evaluations(folder)
    print(table(runs))


if __name__ == "__main__":
    typer.run(main)
