"""Writes the tables of README.md and checkpoints/README.md from results; nothing is typed.

    python benchmarks/tables.py            write them
    python benchmarks/tables.py --check    fail when a table is not what the results say

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. The sources are the cells that
`evaluate.py --out docs/results/NAME` wrote, the checkpoint's card, and a prediction on the example.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

import amortize
from amortize.bundled import resolve
from amortize.leaderboard import boards
from amortize.results import Results

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results" / "default"
EXAMPLE = ROOT / "examples" / "compression"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def evaluation(field: str) -> str:
    """Mean of one metric, methods by scenarios, the best of each scenario in bold."""
    found = boards(Results(RESULTS, amortize.__version__).latest())
    methods = list(dict.fromkeys(row.method for board in found for row in board.methods))
    scores = {(b.scenario, r.method): r.means[field].mean for b in found for r in b.methods}
    best = {b.scenario: max(r.means[field].mean for r in b.methods) for b in found}
    rows = []
    for method in methods:
        cells = [scores.get((board.scenario, method), float("nan")) for board in found]
        texts = [
            f"**{value:.3f}**" if value == best[board.scenario] else f"{value:.3f}"
            for board, value in zip(found, cells, strict=True)
        ]
        rows.append([method, *texts])
    return table(["method", *(board.scenario for board in found)], rows)


def card() -> str:
    """Accuracy and calibration of the default checkpoint by scenario and size."""
    measured = json.loads((resolve() / "card.json").read_text())["measured"]
    names = list(next(iter(measured.values())))
    rows = [[cell, *(f"{scores[n]:.3f}" for n in names)] for cell, scores in measured.items()]
    return table(["scenario", *names], rows)


def facts() -> str:
    """How the default checkpoint was made."""
    found = json.loads((resolve() / "card.json").read_text())
    keys = ("name", "parameters", "step", "datasets", "hours", "hardware", "ranges", "versions")
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


TABLES: dict[str, Callable[[], str]] = {
    "evaluation-f1": lambda: evaluation("f1"),
    "evaluation-auprc": lambda: evaluation("auprc"),
    "card": card,
    "facts": facts,
    "example": example,
}


def main(
    check: Annotated[bool, typer.Option(help="change nothing, fail if stale")] = False,
) -> None:
    """Write or check every table."""
    stale = []
    for page in (ROOT / "README.md", ROOT / "checkpoints" / "README.md"):
        text = page.read_text(encoding="utf-8")
        for name, make in TABLES.items():
            pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
            place = pattern.search(text)
            if place is None:
                continue
            before, after = place.groups()
            body = f"{before}{make()}\n{after}"
            renewed = pattern.sub(lambda _, body=body: body, text)
            if renewed != text:
                stale.append(f"{page.name}: {name}")
            text = renewed
        if not check:
            page.write_text(text, encoding="utf-8")
    if check and stale:
        raise SystemExit(f"stale tables, run python benchmarks/tables.py: {', '.join(stale)}")
    print("tables current" if check else f"tables written: {', '.join(stale) or 'no change'}")


if __name__ == "__main__":
    typer.run(main)
