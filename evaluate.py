"""Measures a checkpoint against classic algorithms, on simulated, published and real datasets.

\b
    python evaluate.py smoke                      minutes; does everything work
    python evaluate.py                            this project's prior, five scenarios
    python evaluate.py D real --out runs/paper    suites share a folder and a report
    python evaluate.py tabcausal-pfn --methods amortize,boss --datasets 10
    python evaluate.py yours --data my/folder     data.csv and graph.csv in each subfolder
    python evaluate.py --list                     the suites, scenarios, real data and methods

Every finished (dataset, method) cell is a line of results.jsonl; the same command resumes. The
folder also gets results.md and results.html.
"""

from __future__ import annotations

import difflib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import amortize
from amortize.baselines import METHODS
from amortize.case import Case
from amortize.compilation import enable_cache, one_thread
from amortize.contender import OURS, Network, Task, baseline_about, dismiss
from amortize.crew import Finished, local, on_cluster
from amortize.errors import AmortizeError, UsageError
from amortize.leaderboard import boards
from amortize.outcome import console_table, notes, write_report
from amortize.real import REAL
from amortize.suite import SUITES, YOURS, Group, Suite, single, yours
from amortize.sweep import Record, Results, content_key
from amortize.wheels import Absent
from simulators.scenarios import SCENARIOS

# Training never uses this seed, and `sample` folds a constant of its own into every key.
EVALUATION_SEED = 20_000

# A method that runs out of time on so many datasets of a group is not tried on the others.
GIVE_UP = 3

# Left out of the suites that are marked light: minutes for each dataset, or torch.
LIGHT_LEAVES_OUT = ("notears", "golem", "gran", "dagma", "dag-gnn", "rcit", "kci", "gies", "cam")


# ============================================================================ 1. the request


@dataclass(frozen=True)
class Plan:
    """What to measure, with whom, and where the results go."""

    suites: tuple[Suite, ...]
    methods: tuple[str, ...] | None = None  # None: each suite's own
    checkpoint: str | None = None  # None: the bundled default
    seed: int = EVALUATION_SEED
    out: Path | None = None  # None: runs/evaluate/NAME
    limit: float = 60.0  # seconds for each baseline on each dataset
    jobs: int = 1  # baselines at a time
    cluster: str | None = None  # address of a Dask scheduler, instead of this machine

    def methods_of(self, suite: Suite) -> tuple[str, ...]:
        """The methods that run on a suite."""
        every = self.methods or (OURS, *METHODS)
        if self.methods or not suite.light:
            return every
        return tuple(n for n in every if not any(part in n for part in LIGHT_LEAVES_OUT))


def known(names: Iterable[str], options: Iterable[str], what: str) -> tuple[str, ...]:
    """The names without repeats; UsageError with the nearest option for one that is not known."""
    options = list(options)
    for name in names:
        if name not in options:
            near = difflib.get_close_matches(name, options, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(options)}"
            raise UsageError(f"no {what} is named {name!r}; {hint}")
    return tuple(dict.fromkeys(names))


def suites_of(requested: Iterable[str], data: Path | None = None) -> tuple[Suite, ...]:
    """The requested suites; a scenario or a real dataset is a suite of its own."""
    options = [*SUITES, YOURS, *SCENARIOS, *REAL]
    names = known(requested, options, "suite or scenario")
    if data is not None and YOURS not in names:
        names = (*names, YOURS)
    if YOURS in names and data is None:
        raise UsageError("the suite yours needs --data FOLDER, with data.csv and graph.csv in it")
    return tuple(
        yours(data) if name == YOURS and data else SUITES.get(name) or single(name)
        for name in names or ("default",)
    )


def resized(suite: Suite, datasets: int | None, rows: int | None, variables: int | None) -> Suite:
    """The suite with other sizes; real data keep their own rows and variables."""
    groups: list[Group] = []
    for group in suite.groups:
        changes: dict[str, Any] = {"datasets": min(datasets, group.datasets) if datasets else None}
        if group.rows:
            changes = {"datasets": datasets, "rows": rows, "variables": variables}
        groups.append(replace(group, **{name: v for name, v in changes.items() if v is not None}))
    return replace(suite, groups=tuple(dict.fromkeys(groups)))


# ================================================================================== 2. the sweep


class Sweep:
    """One run of a plan: the results' folder, the network, the crew, the progress."""

    def __init__(self, plan: Plan, load: Callable[[str | None], Any], console: Console) -> None:
        self.plan, self.console = plan, console
        self.network: Network | None = None
        if any(OURS in plan.methods_of(suite) for suite in plan.suites):
            self.network = Network(load(plan.checkpoint))
        name = self.network.name if self.network else "baselines"
        self.results = Results(plan.out or Path("runs/evaluate") / name, amortize.__version__)
        self.about = {name: baseline_about(method) for name, method in METHODS.items()}
        if self.network:
            self.about[OURS] = self.network.about
        total = sum(g.datasets * len(plan.methods_of(s)) for s in plan.suites for g in s.groups)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            speed_estimate_period=600,
        )
        self.bar = self.progress.add_task("", total=total)
        self._said = time.monotonic()

    def run(self) -> None:
        """Runs every suite; the report is renewed after each, and when the sweep is stopped."""
        with self.progress:
            for suite in self.plan.suites:
                try:
                    for group in suite.groups:
                        self.group(suite, group)
                finally:
                    write_report(self.results)

    def group(self, suite: Suite, group: Group) -> None:
        """Runs one group of datasets and prints its tables.

        The network goes first and alone, so that the baselines do not slow it.
        """
        methods = self.plan.methods_of(suite)
        label = f"{suite.name}: {group.scenario}"
        self.say(f"{label}: reading or simulating")
        try:
            cases = list(group.tables(self.plan.seed))
        except Absent as error:
            self.console.print(f"{label} is left out: {error}", highlight=False, markup=False)
            self.progress.advance(self.bar, group.datasets * len(methods))
            return
        for case in cases if OURS in methods else []:
            self.say(f"{label}: {OURS}")
            if self.unfinished(suite, case, OURS) and self.network:
                self.enter(suite, case, OURS, self.network.run(case))
            self.progress.advance(self.bar)
        for task, record in self.crew(self.tasks(suite, cases, methods, label)):
            self.enter(suite, task.case, task.method, record)
            self.progress.advance(self.bar)
        self.show(suite, group)

    def crew(self, tasks: Iterator[Task]) -> Finished:
        """Who runs the tasks."""
        if self.plan.cluster:
            return on_cluster(tasks, self.plan.cluster)
        return local(tasks, self.plan.jobs)

    def tasks(
        self, suite: Suite, cases: list[Case], methods: tuple[str, ...], label: str
    ) -> Iterator[Task]:
        """The cells of the baselines that are left to do, decided when somebody is free."""
        limit = self.plan.limit
        late = dict.fromkeys(methods, 0)
        for case in cases:
            for method in methods:
                if method == OURS:
                    continue
                self.say(f"{label}: {method}")
                self.results.refresh()
                if self.unfinished(suite, case, method):
                    if late[method] < GIVE_UP:
                        yield Task(method, case, limit)
                    else:
                        reason = f"not run, after {GIVE_UP} time-outs of {limit:g} s"
                        self.enter(suite, case, method, {"status": "given up", "reason": reason})
                        self.progress.advance(self.bar)
                else:
                    self.progress.advance(self.bar)
                found = self.results.record(self.key(case, method))
                late[method] += found is not None and found["status"] == "timeout"

    # ------------------------------------------------------------------------------- cells

    def key(self, case: Case, method: str) -> str:
        """The content key of a cell."""
        decides = ("scenario", "rows", "variables", "seed", "index", "table", "extra")
        parts = {name: case.about[name] for name in decides if name in case.about}
        return content_key(parts | self.about[method])

    def unfinished(self, suite: Suite, case: Case, method: str) -> bool:
        """Whether the cell has to run; one that need not is entered in this suite's tables."""
        key = self.key(case, method)
        if not self.results.finished(key, self.plan.limit):
            return True
        self.results.adopt(key, suite.name)
        return False

    def enter(self, suite: Suite, case: Case, method: str, found: Record) -> None:
        """Appends a cell."""
        head = {"key": self.key(case, method), "suite": suite.name, "limit": self.plan.limit}
        self.results.append(head | case.about | self.about[method] | found)

    # ---------------------------------------------------------------------------- the display

    def say(self, text: str) -> None:
        """Shows what is being done; once a minute as a line where there is no terminal."""
        self.progress.update(self.bar, description=text)
        if not self.console.is_terminal and time.monotonic() - self._said > 60:
            self._said = time.monotonic()
            task = self.progress.tasks[0]
            left = "?" if task.time_remaining is None else f"{task.time_remaining / 60:.0f} min"
            self.console.print(
                f"{task.completed:.0f} of {task.total:.0f} cells, {left} left, {text}"
            )

    def show(self, suite: Suite, group: Group) -> None:
        """Prints the table of one finished group."""
        place = (suite.name, group.scenario, group.rows, group.variables, self.plan.seed)
        records = [
            r
            for r in self.results.latest()
            if (r.get("suite"), r["scenario"], r["rows"], r["variables"], r["seed"]) == place
            and (r.get("scale") == "raw") == group.raw
        ]
        for board in boards(records):
            self.console.print(console_table(board))
            for note in notes(board):
                self.console.print(note, style="dim", highlight=False, markup=False)
            self.console.print()


def run(plan: Plan, load: Callable[[str | None], Any], console: Console) -> Path:
    """Runs what is not finished yet, prints a table per group, returns the results' folder.

    Raises UsageError or DataError before anything is written.
    """
    sweep = Sweep(plan, load, console)
    count = sum(len(suite.groups) for suite in plan.suites)
    names = ", ".join(suite.name for suite in plan.suites)
    where = plan.cluster or f"{plan.jobs} at a time here"
    console.print(
        f"{names}: {count} groups, {sweep.progress.tasks[0].total:.0f} cells, seed {plan.seed}, "
        f"baselines {where}, limit {plan.limit:g} s",
        highlight=False,
        markup=False,
    )
    sweep.run()
    folder = sweep.results.folder
    console.print(f"report: {folder / 'results.html'}, tables: {folder / 'results.md'}")
    return folder


# ================================================================================ 3. the command


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    requested: Annotated[
        list[str] | None,
        typer.Argument(metavar="SUITE_OR_SCENARIO", help=f"{', '.join(SUITES)}, {YOURS}"),
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="name or folder; bundled default")] = None,
    methods: Annotated[str, typer.Option(help="comma-separated, or all; default: suite's")] = "",
    datasets: Annotated[int | None, typer.Option(min=1, help="datasets of each group")] = None,
    variables: Annotated[int | None, typer.Option(min=2, help="variables per dataset")] = None,
    rows: Annotated[int | None, typer.Option(min=5, help="rows per dataset")] = None,
    seed: Annotated[int, typer.Option(min=0, help="never used in training")] = EVALUATION_SEED,
    out: Annotated[Path | None, typer.Option(help="folder; default runs/evaluate/NAME")] = None,
    time_limit: Annotated[float, typer.Option(min=0.1, help="seconds per baseline and table")] = 60,
    jobs: Annotated[int, typer.Option(min=1, help="baselines at a time")] = os.cpu_count() or 1,
    cluster: Annotated[str | None, typer.Option(help="address of a Dask scheduler")] = None,
    data: Annotated[Path | None, typer.Option(help="folder of the suite yours")] = None,
    report: Annotated[bool, typer.Option(help="only renew the report in --out")] = False,
    list_: Annotated[bool, typer.Option("--list", help="print what can be asked for")] = False,
) -> None:
    """Reads the request, runs it, and reports a mistake in one line."""
    console = Console(soft_wrap=True)
    try:
        if list_:
            catalogue(console)
        elif report:
            renew(out, console)
        else:
            every = [OURS, *METHODS]
            names = [name.strip() for name in methods.split(",") if name.strip()]
            if methods and not names:
                raise UsageError(f"--methods is empty; choose from {', '.join(every)}")
            chosen = tuple(every) if names == ["all"] else known(names, every, "method")
            plan = Plan(
                suites=tuple(
                    resized(suite, datasets, rows, variables)
                    for suite in suites_of(requested or [], data)
                ),
                methods=chosen or None,
                checkpoint=checkpoint,
                seed=seed,
                out=out,
                limit=time_limit,
                jobs=jobs,
                cluster=cluster,
            )
            enable_cache()  # the simulator takes longer to compile than to run
            one_thread()
            signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
            run(plan, amortize.load, console)
    except AmortizeError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_status) from None
    except KeyboardInterrupt:
        typer.echo("stopped; every finished cell is kept, the same command goes on", err=True)
        raise typer.Exit(130) from None
    finally:
        dismiss()


def renew(out: Path | None, console: Console) -> None:
    """Writes the report of a folder anew, from its results alone."""
    if out is None or not (out / "results.jsonl").exists():
        raise UsageError("--report needs --out FOLDER with a results.jsonl in it")
    write_report(Results(out, amortize.__version__))
    console.print(f"report: {out / 'results.html'}")


def catalogue(console: Console) -> None:
    """Prints every suite, scenario, real dataset and method."""
    show = partial(console.print, highlight=False, markup=False)
    show("suites")
    for suite in SUITES.values():
        total = sum(group.datasets for group in suite.groups)
        show(f"  {suite.name:18} {len(suite.groups)} groups, {total} datasets: {suite.about}")
    show(f"  {YOURS:18} --data FOLDER")
    show("scenarios")
    for name, scenario in SCENARIOS.items():
        show(f"  {name:34} {scenario.description}")
    show("real and semi-real data")
    for name, data in REAL.items():
        show(f"  {name:34} {data.description} ({data.source})")
    show("methods")
    for name, method in METHODS.items():
        found = method.installed_version()
        show(f"  {name:22} {method.kind:9} {found or 'not installed'}, {method.source}")


if __name__ == "__main__":
    app()
