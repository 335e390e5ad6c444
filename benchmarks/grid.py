"""Trains a grid of small networks for different lengths, one after another, to fit a scaling law.

    python benchmarks/grid.py --out runs/scaling --steps 300 --steps 1000 --steps 3000
    python benchmarks/scaling.py runs/scaling

Killed and started again it goes on: finished runs are skipped, an unfinished one is resumed. Every
run has its own cosine, so that its last loss is that of a finished run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).parents[1]
SIZES = {  # blocks of both kinds, row width, pair width, outer-product and triangle channels
    "xs": (1, 16, 32, 6, 8),
    "s": (2, 24, 48, 8, 12),
    "m": (3, 32, 64, 12, 16),
    "l": (4, 48, 96, 16, 24),
}
FIELDS = ("row_blocks", "row_width", "pair_width", "outer_channels", "triangle_channels")


def finished(out: Path, steps: int) -> bool:
    """Whether the run in `out` has done all its steps."""
    card = out / "checkpoint" / "card.json"
    return card.exists() and json.loads(card.read_text())["step"] >= steps


def command(preset: str, size: str, steps: int, out: Path, more: list[str]) -> list[str]:
    """The training command of one point of the grid."""
    values = dict(zip(FIELDS, SIZES[size], strict=True))
    values["pair_blocks"] = values["row_blocks"]
    assignments = [f"model.{field}={value}" for field, value in values.items()]
    assignments += [f"steps={steps}", f"name={out.name}", *more]
    return [
        *(sys.executable, str(ROOT / "train.py"), preset, "--out", str(out)),
        *(part for assignment in assignments for part in ("--set", assignment)),
    ]


def main(
    out: Annotated[Path, typer.Option(help="folder of the runs")] = Path("runs/scaling"),
    preset: Annotated[str, typer.Option(help="where all else comes from")] = "small",
    steps: Annotated[list[int] | None, typer.Option(help="lengths")] = None,
    size: Annotated[list[str] | None, typer.Option(help=", ".join(SIZES))] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="of every run")] = None,
) -> None:
    """Run what is not finished, the cheapest first."""
    wanted = sorted(
        (length, name) for length in steps or [300, 1000, 3000] for name in size or SIZES
    )
    for length, name in wanted:
        folder = out / f"{name}-{length}"
        if finished(folder, length):
            print(f"{folder}: finished")
            continue
        print(f"{folder}: training", flush=True)
        subprocess.run(command(preset, name, length, folder, set_ or []), check=True)


if __name__ == "__main__":
    typer.run(main)
