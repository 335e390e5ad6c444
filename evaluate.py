"""Measures a checkpoint against classic algorithms on fresh simulated datasets.

\b
    python evaluate.py                                   five scenarios, d=10, n=200
    python evaluate.py mixture linear-laplace --datasets 100 --variables 20
    python evaluate.py --methods amortize,boss --checkpoint small

Every finished (dataset, method) cell is a line of results.jsonl; the same command resumes.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

import amortize
from amortize.baselines import METHODS, Worker
from amortize.case import Case, prepare
from amortize.compilation import enable_cache
from amortize.contender import Baseline, Contender, Network
from amortize.errors import AmortizeError, UsageError
from amortize.leaderboard import LEGEND, boards, console_table, markdown, trouble
from amortize.sweep import Results, content_key
from simulators.scenarios import OWN, SCENARIOS, sample

OURS = "amortize"

# Training never uses this seed, and `sample` folds a constant of its own into every key.
EVALUATION_SEED = 20_000

SUITES: dict[str, tuple[str, ...]] = {
    "default": ("linear-gaussian", "linear-laplace", "rff-gaussian", "rff-laplace", "mixture"),
    "interventional": tuple(name for name in OWN if name.endswith("-interventional")),
    "all": tuple(OWN),
}


# ============================================================================ 1. the request


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    scenarios: tuple[str, ...]
    methods: tuple[str, ...]
    checkpoint: str | None = None  # None: the bundled default
    datasets: int = 30  # per scenario
    variables: int = 10
    rows: int = 200
    seed: int = EVALUATION_SEED
    out: Path | None = None  # None: runs/evaluate/NAME
    limit: float = 60.0  # seconds for each baseline on each dataset


def known(names: Iterable[str], options: Iterable[str], what: str) -> tuple[str, ...]:
    """The names without repeats; UsageError with the nearest option for one that is not known."""
    options = list(options)
    for name in names:
        if name not in options:
            near = difflib.get_close_matches(name, options, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(options)}"
            raise UsageError(f"no {what} is named {name!r}; {hint}")
    return tuple(dict.fromkeys(names))


def scenarios_of(requested: list[str]) -> tuple[str, ...]:
    """Scenario names of the requested suites and scenarios, in order."""
    names = known(requested or ["default"], [*SUITES, *SCENARIOS], "suite or scenario")
    return tuple(dict.fromkeys(s for name in names for s in SUITES.get(name, (name,))))


# =============================================================================== 2. the datasets


def cases(scenario: str, plan: Plan) -> Iterator[Case]:
    """The datasets of a scenario; each permutes its columns by a seed of its own."""
    drawn = sample(scenario, plan.datasets, plan.rows, plan.variables, plan.seed)
    for index, data in enumerate(drawn):
        case = prepare(data.values, data.observed, data.intervened, data.graph, plan.seed + index)
        place = {
            "scenario": scenario,
            "rows": plan.rows,
            "variables": plan.variables,
            "seed": plan.seed,
            "index": index,
        }
        yield case._replace(about=place | case.about)


# ================================================================================== 3. the sweep


def run(plan: Plan, load: Callable[[str | None], Any], console: Console) -> Path:
    """Runs what is not finished yet, prints a table per scenario, returns the results folder.

    Raises UsageError or DataError before anything is written.
    """
    contenders: list[Contender] = []
    name = "baselines"
    with Worker() as worker:
        for method in plan.methods:
            if method == OURS:
                network = Network(load(plan.checkpoint), plan.rows, plan.variables)
                name = network.name
                contenders.append(network)
            else:
                contenders.append(Baseline(METHODS[method], worker))
        results = Results(plan.out or Path("runs/evaluate") / name, amortize.__version__)
        total = len(plan.scenarios) * len(contenders) * plan.datasets
        console.print(
            f"{len(plan.scenarios)} scenarios x {plan.datasets} datasets x {len(contenders)} "
            f"methods = {total} cells; {plan.variables} variables, {plan.rows} rows, "
            f"seed {plan.seed}"
        )
        with Progress(*Progress.get_default_columns(), console=console, transient=True) as progress:
            bar = progress.add_task("", total=total)
            for scenario in plan.scenarios:
                progress.update(bar, description=f"{scenario}: simulating")
                for case in cases(scenario, plan):
                    for contender in contenders:
                        progress.update(bar, description=f"{scenario}: {contender.about['method']}")
                        finish(case, contender, results, plan.limit)
                        progress.advance(bar)
                report(plan, scenario, results, console)
    console.print(*LEGEND, sep="\n", style="dim", highlight=False, markup=False)
    console.print(f"tables: {results.folder / 'results.md'}, cells: {results.path}")
    return results.folder


def finish(case: Case, contender: Contender, results: Results, limit: float) -> None:
    """Runs one cell unless its result is there already."""
    decides = ("scenario", "rows", "variables", "seed", "index", "table")
    key = content_key({name: case.about[name] for name in decides} | contender.about)
    if not results.finished(key, limit):
        found = contender.run(case, limit)
        results.append({"key": key} | case.about | contender.about | {"limit": limit} | found)


# ================================================================================= 4. the report


def report(plan: Plan, scenario: str, results: Results, console: Console) -> None:
    """Prints the tables of one finished scenario and renews results.md over the whole folder."""
    found = boards(results.latest())
    page = markdown(found, f"Evaluation: {results.folder.name}")
    (results.folder / "results.md").write_text(page, encoding="utf-8")
    here = (scenario, plan.rows, plan.variables, plan.seed)
    for board in found:
        if (board.scenario, board.rows, board.variables, board.seed) == here:
            console.print(console_table(board))
            for note in [*board.notes, *trouble(board)]:
                console.print(note, style="dim", highlight=False, markup=False)
            console.print()


# ================================================================================ 5. the command


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    requested: Annotated[
        list[str] | None,
        typer.Argument(metavar="SUITE_OR_SCENARIO", help=f"suites: {', '.join(SUITES)}"),
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="name or folder; bundled default")] = None,
    methods: Annotated[str, typer.Option(help="comma-separated names, or all")] = "all",
    datasets: Annotated[int, typer.Option(min=1, help="datasets per scenario")] = 30,
    variables: Annotated[int, typer.Option(min=2, help="variables per dataset")] = 10,
    rows: Annotated[int, typer.Option(min=5, help="rows per dataset")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="never used in training")] = EVALUATION_SEED,
    out: Annotated[Path | None, typer.Option(help="folder; default runs/evaluate/NAME")] = None,
    time_limit: Annotated[float, typer.Option(min=0.1, help="seconds per baseline and table")] = 60,
) -> None:
    """Reads the request, runs it, and reports a mistake in one line."""
    try:
        names = [name.strip() for name in methods.split(",") if name.strip()]
        every = [OURS, *METHODS]
        plan = Plan(
            scenarios=scenarios_of(requested or []),
            methods=tuple(every) if names == ["all"] else known(names, every, "method"),
            checkpoint=checkpoint,
            datasets=datasets,
            variables=variables,
            rows=rows,
            seed=seed,
            out=out,
            limit=time_limit,
        )
        if not plan.methods:
            raise UsageError(f"--methods is empty; choose from {', '.join(every)}")
        enable_cache()  # the simulator takes longer to compile than to run
        run(plan, amortize.load, Console())
    except AmortizeError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_status) from None


if __name__ == "__main__":
    app()
