"""Measures a checkpoint against classic algorithms, on simulated, published and real datasets.

\b
    python evaluate.py smoke                      minutes; does everything work
    python evaluate.py                            this project's prior, five scenarios
    python evaluate.py D real --out runs/paper    suites share a folder and a report
    python evaluate.py D --only tabcausal-pfn --variables 20 --methods dagma-mlp --datasets 10
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
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import amortize
from amortize.baselines import METHODS
from amortize.compilation import enable_cache, one_thread
from amortize.contender import OURS, dismiss
from amortize.errors import AmortizeError, UsageError
from amortize.page import write_report
from amortize.real import REAL
from amortize.results import Results
from amortize.suite import SUITES, YOURS, Group, Suite, single, yours
from amortize.sweep import Plan, run
from simulators.scenarios import SCENARIOS

# Training never uses this seed, and `sample` folds a constant of its own into every key.
EVALUATION_SEED = 20_000

NAMED = "scenarios"  # the suite of what was asked for by name

# ============================================================================ 1. the request


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
    """The requested suites; scenarios and real datasets asked for by name are one together."""
    options = [*SUITES, YOURS, *SCENARIOS, *REAL]
    names = known(requested, options, "suite or scenario")
    if data is not None and YOURS not in names:
        names = (*names, YOURS)
    if YOURS in names and data is None:
        raise UsageError("the suite yours needs --data FOLDER, with data.csv and graph.csv in it")
    found: dict[str, Suite] = {}
    for name in names or ("default",):
        if name == YOURS and data:
            found[name] = yours(data)
        elif name in SUITES:
            found[name] = SUITES[name]
        else:
            groups = (*found[NAMED].groups, *single(name)) if NAMED in found else single(name)
            found[NAMED] = Suite(NAMED, "asked for by name", groups)
    return tuple(found.values())


def narrowed(suites: tuple[Suite, ...], only: Iterable[str]) -> tuple[Suite, ...]:
    """The suites with the groups of some scenarios alone; all of them when none is named."""
    names = known(only, dict.fromkeys(g.scenario for s in suites for g in s.groups), "scenario")
    if not names:
        return suites
    kept = [replace(s, groups=tuple(g for g in s.groups if g.scenario in names)) for s in suites]
    return tuple(suite for suite in kept if suite.groups)


def listed(text: str) -> list[str]:
    """The parts of a comma-separated option."""
    return [name.strip() for name in text.split(",") if name.strip()]


def resized(
    suite: Suite,
    datasets: int | None,
    rows: int | None,
    variables: int | None,
    networks: Iterable[Path] = (),
) -> Suite:
    """The suite with other sizes; real data keep their own rows and variables."""
    groups: list[Group] = []
    for group in suite.groups:
        changes: dict[str, Any] = {"datasets": min(datasets, group.datasets) if datasets else None}
        if group.rows:
            changes = {"datasets": datasets, "rows": rows, "variables": variables}
        changes["networks"] = tuple(networks)
        groups.append(replace(group, **{name: v for name, v in changes.items() if v is not None}))
    return replace(suite, groups=tuple(dict.fromkeys(groups)))


# ================================================================================ 2. the command


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def main(
    requested: Annotated[
        list[str] | None,
        typer.Argument(metavar="SUITE_OR_SCENARIO", help=f"{', '.join(SUITES)}, {YOURS}"),
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="name or folder; bundled default")] = None,
    methods: Annotated[str, typer.Option(help="comma-separated, or all; default: suite's")] = "",
    only: Annotated[str, typer.Option(help="comma-separated scenarios of the suites")] = "",
    datasets: Annotated[int | None, typer.Option(min=1, help="datasets of each group")] = None,
    variables: Annotated[int | None, typer.Option(min=2, help="variables per dataset")] = None,
    rows: Annotated[int | None, typer.Option(min=5, help="rows per dataset")] = None,
    seed: Annotated[int, typer.Option(min=0, help="never used in training")] = EVALUATION_SEED,
    out: Annotated[Path | None, typer.Option(help="folder; default runs/evaluate/NAME")] = None,
    time_limit: Annotated[
        float, typer.Option(min=0.1, help="processor seconds per baseline and table")
    ] = 60,
    jobs: Annotated[int, typer.Option(min=1, help="baselines at a time")] = os.cpu_count() or 1,
    cluster: Annotated[str | None, typer.Option(help="address of a Dask scheduler")] = None,
    data: Annotated[Path | None, typer.Option(help="folder of the suite yours")] = None,
    network: Annotated[
        list[Path] | None, typer.Option(help="regulatory network of avici-gene-ood; repeatable")
    ] = None,
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
            names = listed(methods)
            if methods and not names:
                raise UsageError(f"--methods is empty; choose from {', '.join(every)}")
            chosen = tuple(every) if names == ["all"] else known(names, every, "method")
            plan = Plan(
                suites=tuple(
                    resized(suite, datasets, rows, variables, network or ())
                    for suite in narrowed(suites_of(requested or [], data), listed(only))
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
            signal.signal(signal.SIGTERM, signal.default_int_handler)
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
