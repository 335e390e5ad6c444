"""How long the two-stream network takes to the loss that AVICI's axial one ends with.

    python benchmarks/equal_time.py 10
    python benchmarks/equal_time.py 10 --network "axial, small" --minutes 10 --optimiser muon:3e-3

Tables of 200 rows and so many variables, of the prior that the held-out scenario `mixture` is
drawn from. The axial network takes the best of several optimisers after short runs of each, of
which the best goes on; the others' time is not charged to it. The two-stream network has the shape
and the optimiser of the first `small` with statistics and gets no choice; it is run without any
search, and again reading those that `base` reads, whose time is charged. Rates are constant after a
warm-up; averaged parameters are scored. The clock is processor time of training steps on one
thread. Killed and started again it goes on, and networks that a call does not name keep their
records; `--report` writes page and plot and trains nothing.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from curve import Progress, Record, prepare, train

from amortize.axial import AxialConfig
from amortize.config import Bucket, OptimiserConfig, TrainConfig
from amortize.errors import UsageError
from amortize.model import ModelConfig, parameter_count
from amortize.question import QuestionConfig
from amortize.training import HeldOut, abstract_state
from simulators import Prior

RESULTS = Path(__file__).parents[1] / "docs" / "results" / "equal_time"
ROWS = 200
FOREVER = 1_000_000  # steps that no run reaches
OURS = "two-stream"
SEARCHING = "two-stream, searches"
MODELS = {
    OURS: ModelConfig(statistics=True),
    SEARCHING: ModelConfig(
        statistics=True,
        conditionals=True,
        order_search=True,
        additive_search=True,
        residual_entropies=True,
    ),
    "axial": ModelConfig(architecture="axial"),
    # AVICI's network at the size of ours: the stronger reference where time is short.
    "axial, small": ModelConfig(architecture="axial", axial=AxialConfig(2, 64, 4, 16, 4)),
}
BATCHES = {
    OURS: 16,
    SEARCHING: 16,
    "axial": 2,
    "axial, small": 8,
}  # the slower a network, the fewer
WARMUPS = {OURS: 30, SEARCHING: 30, "axial": 15, "axial, small": 30}  # steps
OPTIMISERS = ("muon:1e-3", "muon:3e-3", "adamw:5e-4")
OURS_BY = "muon:2e-3"
GROWTH = {
    OURS: 1.2,
    SEARCHING: 1.2,
    "axial": 1.5,
    "axial, small": 1.3,
}  # of the time between evaluations


def config_of(name: str, variables: int, chosen: str) -> TrainConfig:
    """The run of a network, `chosen` being METHOD:RATE."""
    method, rate = chosen.split(":")
    bucket = Bucket((ROWS, ROWS), (variables, variables), BATCHES[name], 1.0)
    return TrainConfig(
        name=name,
        steps=FOREVER,
        model=MODELS[name],
        optimiser=OptimiserConfig(
            method=method,
            learning_rate=float(rate),
            schedule="trapezoid",
            decay_share=1e-6,
            warmup=WARMUPS[name],
        ),
        prior=Prior(),
        questions=QuestionConfig(),
        buckets=(bucket,),
    )


def passing(marks: list[float]) -> Any:
    """A `due` that is true where the clock passes one of `marks`, in seconds."""

    def due(before: Progress, after: Progress) -> bool:
        return any(before.core_seconds < mark <= after.core_seconds for mark in marks)

    return due


def axial(
    name: str, variables: int, held_out: HeldOut, out: Path, tune: float, whole: float, tried: Any
) -> list[Record]:
    """The evaluations of an axial network under its best optimiser; seconds of the clock."""
    between = [tune * GROWTH[name] ** k for k in range(1, 60)]
    marks = [tune, *(mark for mark in between if mark < whole), whole]

    def until(seconds: float):
        return lambda records: records[-1]["core_seconds"] >= seconds

    def go(chosen: str, seconds: float) -> list[Record]:
        folder = out / f"{name}-{chosen}".replace(", ", "-").replace(":", "-")
        config = config_of(name, variables, chosen)
        found = train(config, folder, held_out, passing(marks), until(seconds))
        return [{**record, "optimiser": chosen} for record in found]

    short = {chosen: go(chosen, tune) for chosen in tried} if len(tried) > 1 else {}
    first = {chosen: records[0]["held_out"]["loss"] for chosen, records in short.items()}
    best = min(first, key=first.__getitem__) if first else tried[0]
    print(f"{name}: {best} of {first or tried}", flush=True)
    return go(best, whole)


def read(folder: Path) -> dict[int, list[Record]]:
    """The records of every size that `folder` has."""
    return {
        int(path.stem[1:]): [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted(folder.glob("d*.jsonl"))
    }


def share(records: list[Record], name: str, last: Record) -> float | None:
    """Of the time of `last`, after which the named network stayed at or below its loss.

    None: it was not trained there; infinite: it did not stay below.
    """
    ours = [r for r in records if r["network"] == name]
    if not ours:
        return None
    above = [k for k, r in enumerate(ours) if r["held_out"]["loss"] > last["held_out"]["loss"]]
    stays = ours[above[-1] + 1 :] if above else ours  # early losses go up and down
    return stays[0]["core_seconds"] / last["core_seconds"] if stays else float("inf")


def axial_shares(runs: dict[int, list[Record]]) -> dict[int, list[float]]:
    """For each number of variables the shares of an axial network's time, see `share`."""
    found: dict[int, list[float]] = {}
    for variables, records in sorted(runs.items()):
        lasts = {r["network"]: r for r in records if r["network"] not in (OURS, SEARCHING)}
        shares = [share(records, name, r) for r in lasts.values() for name in (OURS, SEARCHING)]
        found[variables] = [x for x in shares if x is not None]
    return found


def page(runs: dict[int, list[Record]]) -> str:
    """The table as Markdown: one line a network and size."""
    lines = [
        "# Equal time: two-stream against axial",
        "",
        "Written by `benchmarks/equal_time.py`. Tables of 200 rows; loss in nats per pair on "
        "held-out tables of `mixture`, the same for all networks; minutes are processor time of "
        "training steps on one core. Last columns: the share of an axial network's time after "
        "which the two-stream network was at or below its last loss for good (target: a tenth), "
        "without and with the searches that `base` reads.",
        "",
        "| variables | network | parameters | optimiser | minutes | steps | datasets | loss "
        "| AUPRC | share without searches | with |",
        "| --- " * 11 + "|",
    ]
    for variables, records in sorted(runs.items()):
        for name in MODELS:
            own = [r for r in records if r["network"] == name]
            if not own:
                continue
            last = own[-1]
            shares = ["", ""]
            if name not in (OURS, SEARCHING):
                found = [share(records, ours, last) for ours in (OURS, SEARCHING)]
                shares = ["" if x is None else _percent(x) for x in found]
            lines.append(
                f"| {variables} | {name} | {last['parameters']:,} | {last['optimiser']} | "
                f"{last['core_seconds'] / 60:.1f} | {last['step']:,} | {last['datasets']:,} | "
                f"{last['held_out']['loss']:.4f} | {last['held_out']['auprc']:.3f} | "
                f"{' | '.join(shares)} |"
            )
    return "\n".join(lines) + "\n"


def _percent(share: float) -> str:
    return "not reached" if math.isinf(share) else f"{share:.1%}"


def plot(runs: dict[int, list[Record]], path: Path) -> None:
    """Held-out loss against processor time, one panel a size."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(
        1, len(runs), figsize=(4.5 * len(runs), 3.5), layout="constrained", squeeze=False
    )
    for axes, (variables, records) in zip(panels[0], sorted(runs.items()), strict=True):
        for name in MODELS:
            own = [r for r in records if r["network"] == name]
            minutes = [r["core_seconds"] / 60 for r in own]
            axes.plot(minutes, [r["held_out"]["loss"] for r in own], ".-", label=name)
        axes.set(title=f"{variables} variables", xlabel="minutes of one core", xscale="log")
        axes.set_ylabel("held-out loss, nats per pair")
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main(
    variables: Annotated[int, typer.Argument(help="of every table")] = 10,
    minutes: Annotated[float, typer.Option(help="of each axial network")] = 5.0,
    our_minutes: Annotated[float, typer.Option(help="of ours at least")] = 0.0,
    tune_minutes: Annotated[float, typer.Option(help="of each optimiser that is tried")] = 0.75,
    optimiser: Annotated[list[str] | None, typer.Option(help="METHOD:RATE to try")] = None,
    network: Annotated[list[str] | None, typer.Option(help="the axial networks to run")] = None,
    datasets: Annotated[int, typer.Option(help="held out")] = 32,
    out: Annotated[Path, typer.Option(help="folder of the runs")] = Path("runs/equal-time"),
    results: Annotated[Path, typer.Option(help="where records and page go")] = RESULTS,
    only_report: Annotated[bool, typer.Option("--report", help="write the page alone")] = False,
) -> None:
    """Train the axial networks, then ours until it has passed those or used their time."""
    results.mkdir(parents=True, exist_ok=True)
    if not only_report:
        prepare()
        held_out = HeldOut("mixture", datasets, ROWS, variables)
        folder, whole = out / str(variables), 60 * minutes
        tried = tuple(optimiser or OPTIMISERS)
        runs: dict[str, list[Record]] = {}
        for name in network or [name for name in MODELS if name not in (OURS, SEARCHING)]:
            tune = 60 * tune_minutes
            runs[name] = axial(name, variables, held_out, folder, tune, whole, tried)
        target = min(records[-1]["held_out"]["loss"] for records in runs.values())
        marks = [GROWTH[OURS] ** k for k in range(60)]
        least = 60 * our_minutes

        def enough(records: list[Record]) -> bool:
            spent, reached = records[-1]["core_seconds"], records[-1]["held_out"]["loss"] <= target
            return spent >= (least if reached else max(least, whole))

        for name in (OURS, SEARCHING):
            config = config_of(name, variables, OURS_BY)
            found = train(config, folder / name, held_out, passing(marks), enough)
            runs[name] = [{**record, "optimiser": OURS_BY} for record in found]
        kept = [r for r in read(results).get(variables, []) if r["network"] not in runs]
        for name, records in runs.items():
            config = config_of(name, variables, OURS_BY)
            size = parameter_count(abstract_state(config).params)
            about = {"network": name, "parameters": size, "held_out_datasets": datasets}
            kept += [{**about, **record} for record in records]
        lines = [json.dumps(record) + "\n" for record in kept]
        (results / f"d{variables}.jsonl").write_text("".join(lines))
    found = read(results)
    text = page(found)
    (results / "results.md").write_text(text)
    plot(found, results / "curves.png")
    print(text)


if __name__ == "__main__":
    try:
        typer.run(main)
    except UsageError as error:
        typer.echo(f"equal_time.py: {error}", err=True)
        raise SystemExit(error.exit_status) from None
