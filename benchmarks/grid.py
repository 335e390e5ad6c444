"""Trains networks of several sizes under one clock, for the scaling law of benchmarks/scaling.py.

    python benchmarks/grid.py
    python benchmarks/grid.py --size xs --steps 8000      longer, from where that run stopped
    python benchmarks/grid.py --size l --results docs/results/scaling/second      a check of the law
    python benchmarks/scaling.py                          the fit, the plot and the page

One shape of tables and one prior; Muon at a constant rate after a warm-up, so that one run gives
the whole axis of datasets: the averaged parameters are scored at steps that grow by a fifth. Rates
go with the inverse root of the width, by which the change that an orthogonal update of 0.2 RMS
makes to its layer's output stays the same. Killed and started again it goes on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from arithmetic import operations
from curve import Progress, Record, evaluations, prepare, train

from amortize.config import Bucket, OptimiserConfig, TrainConfig
from amortize.errors import UsageError
from amortize.model import ModelConfig, parameter_count
from amortize.question import QuestionConfig
from amortize.training import HeldOut, abstract_state
from simulators import Prior

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "scaling"
BUCKET = Bucket((65, 250), (7, 12), 16, 1.0)
RATE, WIDTH = 2e-3, 64  # of learning and of pairs, as of the preset `small`
WARMUP = 30  # steps
FOREVER = 1_000_000  # steps that no run reaches
FIRST, GROWTH = 60, 1.2  # step of the first evaluation, and of each next over the last


@dataclass(frozen=True)
class Size:
    """A shape of the two-stream network and how long it trains by default."""

    blocks: int  # of both kinds each
    row_width: int
    pair_width: int
    outer: int  # channels of the outer-product mean
    triangle: int  # channels of each kind of triangle
    steps: int


SIZES = {
    "xs": Size(1, 16, 24, 6, 8, 6900),
    "s": Size(2, 16, 40, 8, 10, 2760),
    "m": Size(3, 24, 48, 10, 12, 1331),
    "l": Size(3, 32, 64, 12, 16, 820),
}


def config_of(name: str) -> TrainConfig:
    """The run of one size; its length is not part of it."""
    size = SIZES[name]
    model = ModelConfig(
        statistics=True,
        row_blocks=size.blocks,
        pair_blocks=size.blocks,
        row_width=size.row_width,
        pair_width=size.pair_width,
        outer_channels=size.outer,
        triangle_channels=size.triangle,
    )
    return TrainConfig(
        name=name,
        steps=FOREVER,
        model=model,
        optimiser=OptimiserConfig(
            method="muon",
            learning_rate=RATE * (WIDTH / size.pair_width) ** 0.5,
            schedule="trapezoid",
            decay_share=1e-6,
            warmup=WARMUP,
        ),
        prior=Prior(),
        questions=QuestionConfig(),
        buckets=(BUCKET,),
    )


def evaluation_steps() -> list[int]:
    """Steps at which a run is scored, growing by GROWTH."""
    return [round(FIRST * GROWTH**k) for k in range(60)]


def due(before: Progress, after: Progress) -> bool:
    """Whether to evaluate after a step."""
    return any(before.step < step <= after.step for step in evaluation_steps())


def points(name: str, config: TrainConfig, records: list[Record]) -> list[dict[str, Any]]:
    """The lines of the results of one run."""
    about = {
        "run": name,
        "parameters": parameter_count(abstract_state(config).params),
        "operations_per_dataset": operations(config, BUCKET),
    }
    return [
        {
            **about,
            **{key: record[key] for key in ("step", "datasets", "core_seconds")},
            **record["held_out"],
        }
        for record in records
    ]


def main(
    out: Annotated[Path, typer.Option(help="folder of the runs")] = Path("runs/scaling"),
    results: Annotated[Path, typer.Option(help="where the points go")] = RESULTS,
    size: Annotated[list[str] | None, typer.Option(help=", ".join(SIZES))] = None,
    steps: Annotated[int | None, typer.Option(help="of each; by default its own")] = None,
    datasets: Annotated[int, typer.Option(help="held out")] = 64,
    collect: Annotated[bool, typer.Option("--collect", help="keep points, train nothing")] = False,
) -> None:
    """Train what is not finished, the smallest first, and keep its points."""
    prepare()
    results.mkdir(parents=True, exist_ok=True)
    held_out = None if collect else HeldOut("mixture", datasets, 200, 10)
    for name in size or SIZES:
        config, wanted = config_of(name), steps or SIZES[name].steps
        last = max(a for a, b in pairwise(evaluation_steps()) if a <= wanted)

        def enough(records: list[Record], last: int = last) -> bool:
            return records[-1]["step"] >= last

        if held_out is None:
            records = evaluations(out / name)
        else:
            records = train(config, out / name, held_out, due, enough)
        if not records:
            continue
        lines = [json.dumps(point) + "\n" for point in points(name, config, records)]
        (results / f"{name}.jsonl").write_text("".join(lines))
        rate = operations(config, BUCKET) * records[-1]["datasets"] / records[-1]["core_seconds"]
        print(f"{name}: {rate / 1e9:.1f} GFLOP/s, {np.round(config.optimiser.learning_rate, 5)}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except UsageError as error:
        typer.echo(f"grid.py: {error}", err=True)
        raise SystemExit(error.exit_status) from None
