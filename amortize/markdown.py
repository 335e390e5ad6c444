"""results.md: an evaluation as one Markdown page."""

from __future__ import annotations

from collections.abc import Sequence

from amortize import standings
from amortize.board import BY_FIELD, COLUMNS, MAIN, OURS, Board
from amortize.losses import STAR, loss_cells, losses, verdict
from amortize.outcome import (
    LEGEND,
    METHOD_HEAD,
    board_cells,
    compared_cells,
    figures,
    method_lines,
    present,
    sentences,
)
from amortize.published import elsewhere
from amortize.results import Record


def markdown(found: Sequence[Board], records: Sequence[Record], heading: str) -> str:
    """All boards as one Markdown page."""
    lines = [f"# {heading}", "", *(f"- {sentence}" for sentence in LEGEND), ""]
    for suite in dict.fromkeys(board.suite for board in found):
        lines += [f"## Suite {suite}", ""]
        mine = [board for board in found if board.suite == suite]
        lines += leaderboard(mine)
        for board in mine:
            lines += [f"### {board.title}", ""]
            main = [BY_FIELD[name] for name in MAIN]
            lines += [*md(*board_cells(board, main)), ""]
            rest = [column for column in COLUMNS if column not in main and present(board, column)]
            lines += [*md(*board_cells(board, rest)), ""]
            if board.paired:
                lines += [*md(*compared_cells(board)), ""]
            lines += [*(f"- {sentence}" for sentence in sentences(board)), ""]
        others = elsewhere(suite, (board.scenario for board in mine))
        if others:
            lines += [f"### Published on similar data, {suite}", ""]
            lines += [*(f"- {other.scenario}: {figures(other)}" for other in others), ""]
    lines += ["## Methods", "", *md(METHOD_HEAD, method_lines(records)), ""]
    return "\n".join(lines)


def leaderboard(found: Sequence[Board]) -> list[str]:
    """The suite's means, its families, and the differences in pairs, as lines."""
    head, rows, _ = standings.summary(found)
    lines = ["### All together", "", standings.basis(found), "", *md(head, rows), ""]
    if len(found) > len({board.scenario for board in found}) > 1:
        for name in ("auprc", "f1"):
            heading = f"#### {BY_FIELD[name].heading}, mean over the sizes"
            lines += [heading, "", *md(*standings.families(found, BY_FIELD[name])), ""]
    if any(board.paired for board in found):
        lost = losses(found)
        lines += [f"### {OURS} against each method, in pairs", ""]
        lines += [*md(*standings.in_pairs(found)), "", verdict(found), ""]
        lines += [f"### Where {OURS} loses", ""]
        lines += [STAR, "", *md(*loss_cells(lost)), ""] if lost else ["Nowhere.", ""]
    return lines


def md(head: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table as lines."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
