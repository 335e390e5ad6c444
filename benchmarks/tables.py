"""Writes the tables of README.md, checkpoints/README.md and docs/ from results; nothing is typed.

    python benchmarks/tables.py            write them
    python benchmarks/tables.py --check    fail when a table is not what the results say

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. The sources are what
`evaluate.py --out docs/results/NAME` wrote, the checkpoint's card, and a prediction on the example.
`evaluation-METRIC`, `evaluation-summary`, `evaluation-pairs`, `families-METRIC`, `calibration`,
`rivals` and `losses` are of docs/results/default; with `-NAME` behind, of docs/results/NAME. Of
large results boards.json is enough, results.jsonl need not be committed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from markers import filled, holds, table
from targets import targets

import amortize
from amortize import charts, standings
from amortize.board import BY_FIELD, Board, Column, from_json
from amortize.bundled import resolve
from amortize.contest import OURS
from amortize.leaderboard import boards
from amortize.losses import STAR, largest, loss_cells, losses, verdict
from amortize.outcome import plain
from amortize.published import beside
from amortize.results import Results

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results"
EXAMPLE = ROOT / "examples" / "compression"


def results(name: str) -> list[Board]:
    """The boards of docs/results/NAME."""
    folder = RESULTS / name
    if (folder / "results.jsonl").exists():
        return boards(Results(folder, amortize.__version__).latest())
    return from_json((folder / "boards.json").read_text(encoding="utf-8"))


def evaluation(field: str, name: str = "default") -> str:
    """One metric, methods by scenarios."""
    found, column = results(name), BY_FIELD[field]
    sized = len({(b.rows, b.variables) for b in found}) > 1
    heads = [b.scenario + (f" d={b.variables}" if sized and b.variables else "") for b in found]
    rows = []
    for method in charts.methods_of(found):
        cells = [plain(board.fair(method, field), column.digits) for board in found]
        if any(cell != "-" for cell in cells):
            rows.append([method, *cells])
    return table(["method", *heads], marked(rows, column))


def families(field: str, name: str = "default") -> str:
    """One metric, methods by scenarios, the mean over each scenario's sizes."""
    head, rows = standings.families(results(name), BY_FIELD[field])
    return table(head, marked(rows, BY_FIELD[field]))


def marked(rows: list[list[str]], column: Column) -> list[list[str]]:
    """The rows with the best of each column but the first in bold; ties as they are printed."""
    best = {}
    for place in range(1, len(rows[0]) if rows else 0):
        values = [column.better * float(row[place]) for row in rows if row[place] != "-"]
        best[place] = max(values, default=None)
    return [
        [
            f"**{cell}**"
            if place and cell != "-" and column.better * float(cell) == best[place]
            else cell
            for place, cell in enumerate(row)
        ]
        for row in rows
    ]


def summary(name: str = "default") -> str:
    """Means over the tables, and how many datasets each method finished, best AUPRC first."""
    found = results(name)
    head, rows, _ = standings.summary(found)
    return f"{standings.basis(found)}\n\n{table(head, rows)}"


def pairs(name: str = "default") -> str:
    """The checkpoint against each method, on all datasets that both finished."""
    found = results(name)
    return f"{table(*standings.in_pairs(found))}\n\n{verdict(found)}"


def rivals(name: str = "default") -> str:
    """For each table the checkpoint beside the best other method."""
    return table(*standings.rivals(results(name)))


def losing(name: str = "default") -> str:
    """Where the checkpoint surely loses: of each table and metric the largest gap."""
    found = results(name)
    lost = losses(found, ("auprc", "f1"))
    if not lost:
        return "Nowhere by more than chance."
    return f"{table(*loss_cells(largest(lost)))}\n\n{STAR}"


def calibration(name: str = "default") -> str:
    """For each table the checkpoint's expected calibration error and Brier score."""
    rows = []
    for board in results(name):
        if OURS in board.ece:
            scores = f"{board.ece[OURS]:.3f}", f"{board.mean(OURS, 'brier'):.3f}"
            rows.append([f"{board.scenario} {board.size}", *scores])
    return table(["table", "ECE", "Brier"], rows)


def against_published(field: str, name: str, suite: str) -> str:
    """Mean of one metric beside what others printed: scenarios by methods, the best in bold."""
    column = BY_FIELD[field]
    found = [board for board in results(name) if _printed(board, field, suite)]
    printed = [_printed(board, field, suite) for board in found]
    others = list(dict.fromkeys(method for scores in printed for method in scores))
    rows = []
    for board, scores in zip(found, printed, strict=True):
        ours = {method: board.mean(method, field) for method in charts.methods_of([board])}
        every = ours | scores
        best = max(column.better * value for value in every.values())
        cells = [
            f"**{every[m]:.{column.digits}f}**"
            if m in every and column.better * every[m] == best
            else f"{every[m]:.{column.digits}f}"
            if m in every
            else "-"
            for m in [*ours, *others]
        ]
        several = sum(other.scenario == board.scenario for other in found) > 1
        size = f" d={board.variables}" if several else ""
        rows.append([board.scenario + size, *cells])
    ours = charts.methods_of(found)
    return table(["scenario", *ours, *(f"{method} (published)" for method in others)], rows)


def _printed(board: Board, field: str, suite: str) -> dict[str, float]:
    """What others printed of a metric on this board's scenario and size, by method."""
    rows = [row for row in beside(board.scenario, board.variables) if row.suite == suite]
    return {row.method: row.metrics[field] for row in rows if field in row.metrics}


def card() -> str:
    """Accuracy and calibration of the default checkpoint by scenario and size."""
    measured = json.loads((resolve() / "card.json").read_text())["measured"]
    names = list(dict.fromkeys(name for scores in measured.values() for name in scores))
    rows = [
        [cell, *(f"{scores[n]:.3f}" if n in scores else "" for n in names)]
        for cell, scores in measured.items()
    ]
    return table(["scenario", *names], rows)


def facts() -> str:
    """How the default checkpoint was made."""
    found = json.loads((resolve() / "card.json").read_text())
    keys = ("name", "parameters", "step", "datasets", "started_from", "averaged", "hours")
    keys += ("hardware", "training_operations", "ranges", "versions")
    keys = [key for key in keys if key in found]
    if "training_operations" in found:
        found["training_operations"] = f"{found['training_operations']:.2g}"
    return table(["", ""], [[key, str(found[key]).replace("'", "")] for key in keys])


def example() -> str:
    """The example with its interventions beside its true graph."""
    truth = pd.read_csv(EXAMPLE / "truth.csv")
    data = pd.read_csv(EXAMPLE / "interventional.csv")
    mask = pd.read_csv(EXAMPLE / "interventional_mask.csv")
    graph = amortize.load().predict(data, interventions=mask)
    p = pd.DataFrame(graph.probabilities, index=graph.names, columns=graph.names)
    edges = list(zip(truth.cause, truth.effect, strict=True))
    rows = [[a, b, f"{p.loc[a, b]:.2f}", f"{p.loc[b, a]:.2f}"] for a, b in edges]
    found = graph.compare(edges)
    wrong = [
        f"- {kind}: " + (", ".join(f"{a} → {b}" for a, b in those) or "none")
        for kind, those in (
            ("missed", found.missing),
            ("reversed (as the truth has them)", found.reversed),
            ("extra", found.extra),
        )
    ]
    head = ["cause", "effect", "probability", "of the reverse"]
    summary = f"{len(found.correct)} of {len(rows)} true edges, F1 {found.f1:.2f}, SHD {found.shd}."
    return "\n".join([table(head, rows), "", summary, "", *wrong])


def evaluations() -> dict[str, Callable[[], str]]:
    """A table for every metric and every folder of results."""
    found: dict[str, Callable[[], str]] = {}
    for folder in sorted(path.name for path in RESULTS.iterdir() if path.is_dir()):
        ending = "" if folder == "default" else f"-{folder}"
        found[f"evaluation-summary{ending}"] = partial(summary, folder)
        found[f"evaluation-pairs{ending}"] = partial(pairs, folder)
        found[f"rivals{ending}"] = partial(rivals, folder)
        found[f"losses{ending}"] = partial(losing, folder)
        found[f"calibration{ending}"] = partial(calibration, folder)
        for field in BY_FIELD:
            found[f"families-{field}{ending}"] = partial(families, field, folder)
            found[f"evaluation-{field}{ending}"] = partial(evaluation, field, folder)
    return found


TABLES: dict[str, Callable[[], str]] = {
    **evaluations(),
    "published-B": partial(against_published, "auprc", "published", "B"),
    "published-C": partial(against_published, "auroc", "published", "C"),
    "targets": targets,
    "card": card,
    "facts": facts,
    "example": example,
}


def main(
    check: Annotated[bool, typer.Option(help="change nothing, fail if stale")] = False,
) -> None:
    """Write or check every table."""
    stale = renew(TABLES, check)
    if check and stale:
        raise SystemExit(f"stale tables, run python benchmarks/tables.py: {', '.join(stale)}")
    print("tables current" if check else f"tables written: {', '.join(stale) or 'no change'}")


def renew(tables: Mapping[str, Callable[[], str]], check: bool) -> list[str]:
    """The tables that are not current, which are written unless it is a check."""
    stale = []
    pages = ROOT / "README.md", ROOT / "checkpoints" / "README.md", *sorted(ROOT.glob("docs/*.md"))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for name, make in tables.items():
            if not holds(text, name):
                continue
            renewed = filled(text, name, make())
            if renewed != text:
                stale.append(f"{page.name}: {name}")
            text = renewed
        if not check:
            page.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    typer.run(main)
