"""Leaderboards over several tables as cells of text: all together, by family, wins, in pairs.

Means are over each table's common datasets (`contest`), so every method is judged by the same ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from amortize import charts
from amortize.baselines import METHODS
from amortize.board import BY_FIELD, COMPARED, OURS, Board, Column
from amortize.outcome import plain

Cells = tuple[list[str], list[list[str]]]  # heading and rows

SUMMED = ("auprc", "f1", "class_f1", "shd", "direction", "skeleton_f1", "cpdag_shd", "parent_aid")
CONTESTED = ("auroc", "auprc", "f1", "shd")
SURE = 0.05  # of the adjusted p-value


def contested(found: Sequence[Board]) -> list[Board]:
    """The tables in which methods are compared with one another; all of them if there is none."""
    return [b for b in found if sum(bool(row.common) for row in b.methods) > 1] or list(found)


def basis(found: Sequence[Board]) -> str:
    """What the means of a leaderboard are over."""
    every, found = found, contested(found)
    counts = sorted({board.common for board in found})
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    each = f" in each of {len(found)} tables" if len(found) > 1 else ""
    text = f"Compared on the datasets that all of the compared methods finished: {number}{each}."
    if len(found) < len(every):
        left = [f"{b.scenario} {b.size}".strip() for b in every if b not in found]
        text += f" Not enough of them in {', '.join(left)}."
    if any(row.finished and not row.common for board in found for row in board.methods):
        text += (
            " A method with too few of its own is left out there, and compared with this project's "
            "checkpoint in pairs alone."
        )
    missing = [name for name in METHODS if name not in charts.methods_of(every)]
    if missing:
        text += f" Not asked for: {', '.join(missing)}."
    return text


def summary(found: Sequence[Board]) -> tuple[list[str], list[list[str]], int]:
    """Means of board means, best AUPRC first; the number of rows that compare.

    Those of methods that are not in every table's comparison stand below: means over fewer tables
    do not compare.
    """
    found = contested(found)
    columns = summary_columns(found)
    rows = []
    for method in charts.methods_of(found):
        here = [b for b in found if any(r.method == method and r.common for r in b.methods)]
        cells = [plain(charts.mean_over(here, method, c.field), c.digits) for c in columns]
        done = sum(r.finished for b in found for r in b.methods if r.method == method)
        asked = sum(r.total for b in found for r in b.methods if r.method == method)
        rows.append([method, *cells, f"{len(here)}/{len(found)}", f"{done}/{asked}"])
    whole = [row for row in rows if row[-2] == f"{len(found)}/{len(found)}"]
    parts = [row for row in rows if row not in whole]
    for some in (whole, parts):
        some.sort(key=lambda row: -float("-inf" if row[1] == "-" else row[1]))
    head = ["method", *(c.heading for c in columns), "tables", "done"]
    return head, [*whole, *parts], len(whole)


def summary_columns(found: Sequence[Board]) -> list[Column]:
    """The metrics of `summary`."""
    return [BY_FIELD[name] for name in (*SUMMED, charts.time_field(found))]


def wins(found: Sequence[Board]) -> Cells:
    """In how many tables each method is the best, and which ones."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in CONTESTED}
    where: dict[str, list[str]] = {}
    for board in found:
        for name in CONTESTED:
            for method in best(board, BY_FIELD[name]):
                counts[name][method] += 1
                if name == "auprc":
                    where.setdefault(method, []).append(f"{board.scenario} {board.size}".strip())
    rows = [
        [method, *(str(counts[n][method]) for n in CONTESTED), ", ".join(where.get(method, []))]
        for method in charts.methods_of(found)
        if any(counts[name][method] for name in CONTESTED)
    ]
    return ["method", *(BY_FIELD[name].heading for name in CONTESTED), "best AUPRC in"], rows


def best(board: Board, column: Column) -> list[str]:
    """The methods with the best mean over the common datasets; several when they tie."""
    scores = {r.method: column.better * board.fair(r.method, column.field) for r in board.methods}
    scores = {name: score for name, score in scores.items() if not np.isnan(score)}
    return [name for name, score in scores.items() if score == max(scores.values())]


def rivals(found: Sequence[Board], names: Sequence[str] = ("auprc", "f1")) -> Cells:
    """For each table this project's checkpoint beside the best other method."""
    head = ["table", "datasets"]
    for name in names:
        head += [f"{BY_FIELD[name].heading} {OURS}", "best other", "which"]
    rows = []
    for board in found:
        cells = [f"{board.scenario} {board.size}".strip(), str(board.common)]
        for name in names:
            column = BY_FIELD[name]
            others = {
                row.method: board.fair(row.method, name)
                for row in board.methods
                if row.method != OURS and not np.isnan(board.fair(row.method, name))
            }
            top = max((column.better * score for score in others.values()), default=np.nan)
            which = [method for method, score in others.items() if column.better * score == top]
            ours = plain(board.fair(OURS, name), column.digits)
            cells += [ours, plain(column.better * top, column.digits), ", ".join(which[:3])]
        rows.append(cells)
    return head, rows


def families(found: Sequence[Board], column: Column) -> Cells:
    """Methods by scenarios, the mean over the scenario's sizes; of methods in every table."""
    found = contested(found)
    groups: dict[str, list[Board]] = {}
    for board in found:
        groups.setdefault(board.scenario, []).append(board)
    rows = []
    for method in charts.methods_of(found):
        if all(any(r.method == method and r.common for r in b.methods) for b in found):
            means = [charts.mean_over(mine, method, column.field) for mine in groups.values()]
            means.append(float(np.mean(means)))
            rows.append([method, *(plain(value, column.digits) for value in means)])
    return ["method", *groups, "mean"], rows


def in_pairs(found: Sequence[Board]) -> Cells:
    """This project's checkpoint against each method, on all datasets that both finished."""
    head = [f"{OURS} against", "graph", "pairs"]
    for name in COMPARED:
        head += [f"{BY_FIELD[name].heading} difference", "better", "worse"]
    rows = []
    for method in charts.methods_of(found):
        mine = [r for b in found for r in b.methods if r.method == method and r.against]
        if not mine:
            continue
        cells = [method, mine[0].kind, str(sum(row.against["shd"].count for row in mine))]
        for name in COMPARED:
            column, gaps = BY_FIELD[name], [row.against[name] for row in mine]
            means = [gap.mean for gap in gaps if gap.count]
            sure = [gap.mean * column.better for gap in gaps if gap.p_value < SURE]
            mean = f"{np.mean(means):+.{column.digits}f}" if means else "-"
            wins, losses = (
                f"{sum(sign * gap > 0 for gap in sure)}/{len(gaps)}" for sign in (1, -1)
            )
            cells += [mean, wins, losses]
        rows.append(cells)
    return head, rows
