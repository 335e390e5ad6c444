"""results.html: an evaluation as one page that needs nothing else, a view for each suite."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

import numpy as np

from amortize import charts, standings
from amortize.board import BY_FIELD, COLUMNS, OURS, Board, Column, to_json
from amortize.leaderboard import boards
from amortize.losses import STAR, loss_cells, losses, verdict
from amortize.markdown import markdown
from amortize.outcome import (
    LEGEND,
    METHOD_HEAD,
    board_cells,
    compared_cells,
    figures,
    method_lines,
    plain,
    present,
    sentences,
)
from amortize.published import elsewhere
from amortize.results import Record, Results, replace_text

BY_SCENARIO = ("auroc", "auprc", "f1", "shd")
SIZED = ("auprc", "f1")


def write_report(results: Results) -> None:
    """Renews results.md, results.html and boards.json over everything in the folder."""
    records = results.latest()
    if not records:
        return
    found = boards(records)
    title = f"Evaluation: {results.folder.name}"
    replace_text(results.folder / "results.md", markdown(found, records, title))
    replace_text(results.folder / "results.html", html(found, records, title))
    replace_text(results.folder / "boards.json", to_json(found))


def html(found: Sequence[Board], records: Sequence[Record], title: str) -> str:
    """The whole page."""
    suites: dict[str, list[Board]] = {}
    for board in found:
        suites.setdefault(board.suite, []).append(board)
    links = "".join(f'<a href="#{anchor(name)}">{escape(name)}</a>' for name in suites)
    views = "".join(suite_view(name, mine) for name, mine in suites.items())
    reading = "".join(f"<li>{escape(sentence)}</li>" for sentence in LEGEND)
    columns = "".join(f"<dt>{escape(c.heading)}</dt><dd>{escape(c.about)}</dd>" for c in COLUMNS)
    methods = table(METHOD_HEAD, method_lines(records), kind="text")
    hosts = ", ".join(sorted({str(record["host"]) for record in records if record.get("host")}))
    style = files("amortize").joinpath("page.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{style}</style></head><body>
<header><h1>{escape(title)}</h1>
<p>{len(records)} cells in {len(found)} tables; {escape(hosts)}</p></header>
<nav>{links}<a href="#methods">methods</a><a href="#reading">how to read</a></nav>
<main>{views}
<section id="methods"><h2>Methods</h2>{methods}</section>
<section id="reading"><h2>How to read</h2><ul>{reading}</ul><dl>{columns}</dl></section>
</main></body></html>
"""


# ----------------------------------------------------------------------------- one suite


def suite_view(name: str, found: Sequence[Board]) -> str:
    """Everything about one suite."""
    others = elsewhere(name, (board.scenario for board in found))
    similar = "".join(f"<li>{escape(o.scenario)}: {escape(figures(o))}</li>" for o in others)
    parts = [
        f'<section id="{anchor(name)}"><h2>Suite {escape(name)}</h2>',
        leaderboard(found),
        *(by_scenario(found, BY_FIELD[field]) for field in BY_SCENARIO),
        f"<h3>Sortability</h3>{sortability(found)}",
        pictures(found),
        f"<h3>Published, without a table of ours here</h3><ul>{similar}</ul>" if similar else "",
        "<h3>Every table</h3>",
        *(details(board) for board in found),
        "</section>",
    ]
    return "\n".join(parts)


def leaderboard(found: Sequence[Board]) -> str:
    """The suite's means, who wins where, and the differences in pairs."""
    head, rows, whole = standings.summary(found)
    parts = [
        f"<h3>All together</h3><p>{escape(standings.basis(found))}</p>",
        table(head, rows, standings.summary_columns(found), contest=whole),
        "<h3>Where each method wins</h3>",
        table(*standings.wins(found), kind="text"),
    ]
    if any(board.paired for board in found):
        lost = losses(found)
        cells = table(*loss_cells(lost)) if lost else "<p>Nowhere.</p>"
        parts += [
            f"<h3>{OURS} against each method, in pairs</h3>",
            table(*standings.in_pairs(found)),
            f"<h3>Where {OURS} loses</h3><p>{escape(verdict(found))} {escape(STAR)}</p>",
            f"<details><summary>{len(lost)} comparisons</summary>{cells}</details>",
        ]
    return "\n".join(parts)


def by_scenario(found: Sequence[Board], column: Column) -> str:
    """Methods by scenarios, published rows last."""
    field = column.field
    rows = []
    for method in charts.methods_of(found):
        cells = [plain(board.fair(method, field), column.digits) for board in found]
        rows.append([method, *cells])
    printed = [
        {p.method: p.metrics[field] for p in b.published if field in p.metrics} for b in found
    ]
    for method in dict.fromkeys(name for names in printed for name in names):
        cells = [plain(names.get(method, np.nan), column.digits) for names in printed]
        rows.append([f"{method} (published)", *cells])
    heads = [f"{board.scenario} {board.size}" for board in found]
    body = table(["method", *heads], rows, [column] * len(found))
    return f"<h3>{escape(column.heading)} by scenario</h3>{body}"


def sortability(found: Sequence[Board]) -> str:
    """What the scale of each scenario gives away."""
    rows = [
        [
            f"{board.scenario} {board.size}",
            plain(board.facts["varsortability"], 2),
            plain(board.facts["r2_sortability"], 2),
            f"{board.facts['edges']:.1f}",
            f"{board.facts['datasets']:.0f}",
        ]
        for board in found
    ]
    head = ["scenario", "varsortability", "R2-sortability", "true edges", "datasets"]
    return table(head, rows)


def pictures(found: Sequence[Board]) -> str:
    """The suite's charts."""
    drawn = [
        ("Accuracy against seconds", charts.accuracy_against_seconds(found)),
        ("Calibration", charts.calibration(found)),
    ]
    scenarios = dict.fromkeys((board.scenario, board.scale) for board in found)
    for scenario, scale in scenarios:
        mine = [b for b in found if (b.scenario, b.scale) == (scenario, scale)]
        for axis, fixed in (("rows", "variables"), ("variables", "rows")):
            for value in dict.fromkeys(getattr(board, fixed) for board in mine):
                line = [board for board in mine if getattr(board, fixed) == value]
                for field in SIZED:
                    heading = f"{scenario}: {BY_FIELD[field].heading} against {axis}"
                    chart = charts.against_size(line, axis, BY_FIELD[field])
                    drawn.append((f"{heading} ({value} {fixed})", chart))
    shown = [
        f"<figure><figcaption>{escape(heading)}</figcaption>{chart}</figure>"
        for heading, chart in drawn
        if chart
    ]
    if not shown:
        return "<p>No charts: matplotlib is not installed (pip install 'amortize[evaluation]').</p>"
    return f'<h3>Charts</h3><div class="charts">{"".join(shown)}</div>'


def details(board: Board) -> str:
    """One board with every metric, its differences and its notes, folded."""
    columns = [column for column in COLUMNS if present(board, column)]
    listed = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences(board))
    compared = ""
    if board.paired:
        compared = f"<h4>In pairs</h4>{table(*compared_cells(board))}"
    # Means over other datasets do not compare: then none is marked as the best.
    even = len({row.finished for row in board.methods if row.finished}) < 2
    body = table(*board_cells(board, columns), [None, *columns] if even else ())
    title = f"<summary>{escape(board.title)}</summary>"
    return f"<details>{title}{body}{compared}<ul>{listed}</ul></details>"


# ---------------------------------------------------------------------------------- cells


def anchor(name: str) -> str:
    """The name of a suite's view in the page."""
    return "suite-" + "".join(c if c.isalnum() else "-" for c in name)


def number(cell: str) -> float:
    """The number that a cell starts with, minus infinity for a dash."""
    try:
        return float(cell.split(maxsplit=1)[0])
    except (ValueError, IndexError):
        return -np.inf


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    columns: Sequence[Column | None] = (),
    contest: int | None = None,
    kind: str = "",
) -> str:
    """An HTML table; the best cell of each column is marked, published rows are set apart.

    `columns` are the metrics from the second cell on; None marks a cell without one. Of the rows,
    the first `contest` can be the best (default all). `kind` is a class of the style sheet.
    """
    top: dict[int, float] = {}
    for place, column in enumerate(columns, start=1):
        values = [number(row[place]) for row in rows[:contest] if not is_published(row)]
        values = [value for value in values if np.isfinite(value)]
        if column is not None and column.better and values:
            top[place] = max(values) if column.better > 0 else min(values)
    lines = []
    for at, row in enumerate(rows):
        rank = "published" if is_published(row) else "ours" if row[0] == OURS else ""
        judged = contest is None or at < contest
        cells = "".join(
            f'<td class="best">{escape(cell)}</td>'
            if judged and number(cell) == top.get(place)
            else f"<td>{escape(cell)}</td>"
            for place, cell in enumerate(row)
        )
        lines.append(f'<tr class="{rank}">{cells}</tr>')
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    inside = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="wide"><table class="{kind}">{inside}</table></div>'


def is_published(row: Sequence[str]) -> bool:
    """Whether the row was printed by others."""
    return row[0].endswith("(published)") or (len(row) > 1 and row[1] == "published")
