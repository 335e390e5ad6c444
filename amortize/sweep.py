"""Runs a plan: every cell that is not finished yet, into a results' folder that can be resumed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from amortize import __version__
from amortize.baselines import METHODS
from amortize.case import Case
from amortize.claims import Claims
from amortize.contender import OURS, Network, Task
from amortize.crew import Finished, local, on_cluster
from amortize.leaderboard import boards
from amortize.outcome import console_table, notes
from amortize.page import write_report
from amortize.results import Record, Results, content_key
from amortize.suite import Group, Suite
from amortize.wheels import Absent

# A method that runs out of time on so many datasets of a group is not tried on the others.
GIVE_UP = 3

WAIT = 1.0  # seconds between two looks at the cells that another sweep is at

Cell = tuple[Case, str]  # a dataset and a method


@dataclass(frozen=True)
class Plan:
    """What to measure, with whom, and where the results go."""

    suites: tuple[Suite, ...]
    methods: tuple[str, ...] | None = None  # None: each suite's own
    checkpoint: str | None = None  # None: the bundled default
    seed: int = 20_000
    out: Path | None = None  # None: runs/evaluate/NAME
    limit: float = 60.0  # processor seconds for each baseline on each dataset
    jobs: int = 1  # baselines at a time
    cluster: str | None = None  # address of a Dask scheduler, instead of this machine

    def methods_of(self, suite: Suite) -> tuple[str, ...]:
        """The methods that run on a suite."""
        return self.methods or tuple(n for n in (OURS, *METHODS) if n not in suite.without)


class Sweep:
    """One run of a plan: the results' folder, the network, the crew, the progress."""

    def __init__(self, plan: Plan, load: Callable[[str | None], Any], console: Console) -> None:
        self.plan, self.console = plan, console
        self.network: Network | None = None
        if any(OURS in plan.methods_of(suite) for suite in plan.suites):
            self.network = Network(load(plan.checkpoint))
        name = self.network.name if self.network else "baselines"
        self.results = Results(plan.out or Path("runs/evaluate") / name, __version__)
        self.claims = Claims(self.results.folder)
        self.about = {name: method.record() for name, method in METHODS.items()}
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
        try:
            with self.progress:
                for suite in self.plan.suites:
                    try:
                        for group in suite.groups:
                            self.group(suite, group)
                    finally:
                        write_report(self.results)
        finally:
            self.claims.close()

    def group(self, suite: Suite, group: Group) -> None:
        """Runs one group of datasets and prints its tables.

        What another sweep is at is waited for, or run here if that one dies.
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
        late: Counter[str] = Counter()
        left = [(case, method) for case in cases for method in methods]
        while left := self.round(suite, left, late, label):
            self.say(f"{label}: waiting for {len(left)} cells of another sweep")
            time.sleep(WAIT)
        self.show(suite, group)

    def round(
        self, suite: Suite, cells: Sequence[Cell], late: Counter[str], label: str
    ) -> list[Cell]:
        """Runs the cells; returns those that another sweep is at.

        The network goes first and alone, so that the baselines do not slow it.
        """
        busy: list[Cell] = []
        for case, method in cells:
            if method != OURS:
                continue
            self.say(f"{label}: {OURS}")
            if self.claimed(suite, case, OURS, busy) and self.network:
                self.enter(suite, case, OURS, self.network.run(case))
        tasks = self.tasks(suite, [cell for cell in cells if cell[1] != OURS], late, busy, label)
        for first in tasks:  # no crew without work
            for task, record in self.crew(chain([first], tasks)):
                late[task.method] += record["status"] == "timeout"
                self.enter(suite, task.case, task.method, record)
        return busy

    def crew(self, tasks: Iterator[Task]) -> Finished:
        """Who runs the tasks."""
        if self.plan.cluster:
            return on_cluster(tasks, self.plan.cluster)
        return local(tasks, self.plan.jobs)

    def tasks(
        self,
        suite: Suite,
        cells: Sequence[Cell],
        late: Counter[str],
        busy: list[Cell],
        label: str,
    ) -> Iterator[Task]:
        """The cells of the baselines that are left to do, decided when somebody is free.

        `late` counts the time-outs of each method in this group, `busy` gets what another sweep
        is at.
        """
        limit = self.plan.limit
        for case, method in cells:
            self.say(f"{label}: {method}")
            if self.claimed(suite, case, method, busy):
                if late[method] < GIVE_UP:
                    yield Task(method, case, limit)
                    continue
                reason = f"not run, after {GIVE_UP} time-outs of {limit:g} s"
                self.enter(suite, case, method, {"status": "given up", "reason": reason})
            elif found := self.results.record(self.key(case, method)):
                late[method] += found["status"] == "timeout" and found["limit"] >= limit

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

    def claimed(self, suite: Suite, case: Case, method: str, busy: list[Cell]) -> bool:
        """Whether this sweep has to run the cell, and no other is at it; else `busy` gets it."""
        key = self.key(case, method)
        self.results.refresh()  # another sweep may share the folder
        if self.unfinished(suite, case, method):
            if not self.claims.take(key):
                busy.append((case, method))
                return False
            self.results.refresh()  # it may have been finished just before
            if self.unfinished(suite, case, method):
                return True
            self.claims.release(key)
        self.progress.advance(self.bar)
        return False

    def enter(self, suite: Suite, case: Case, method: str, found: Record) -> None:
        """Appends a cell, whose claim ends."""
        key = self.key(case, method)
        head = {"key": key, "suite": suite.name, "limit": self.plan.limit}
        self.results.append(head | case.about | self.about[method] | found)
        self.claims.release(key)
        self.progress.advance(self.bar)

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
