"""Where this project's checkpoint loses: paired differences that are surely in another's favour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from amortize.board import BY_FIELD, COMPARED, OURS, Board, Row
from amortize.outcome import plain
from amortize.standings import SURE, Cells
from amortize.uncertainty import Difference

STAR = "*: with undirected edges oriented as the truth has them."


class Loss(NamedTuple):
    """A method that is better in one metric of one table."""

    board: Board
    row: Row
    metric: str
    gap: Difference  # ours minus theirs


def losses(found: Sequence[Board], metrics: Sequence[str] = COMPARED) -> list[Loss]:
    """Every method with an adjusted p-value below `SURE` in its favour, by table and metric."""
    every = [
        Loss(board, row, name, row.against[name])
        for board in found
        for name in metrics
        for row in board.methods
        if name in row.against
    ]
    lost = [x for x in every if x.gap.p_value < SURE and x.gap.mean * BY_FIELD[x.metric].better < 0]
    places = {id(board): place for place, board in enumerate(found)}
    order = {name: place for place, name in enumerate(metrics)}
    return sorted(lost, key=lambda x: (places[id(x.board)], order[x.metric], -abs(x.gap.mean)))


def largest(lost: Sequence[Loss]) -> list[Loss]:
    """The largest loss of each table and metric."""
    found: dict[tuple[int, str], Loss] = {}
    for loss in lost:
        place = (id(loss.board), loss.metric)
        if place not in found or abs(loss.gap.mean) > abs(found[place].gap.mean):
            found[place] = loss
    return list(found.values())


def loss_cells(lost: Sequence[Loss]) -> Cells:
    """One line for each loss, with `STAR`'s mark."""
    rows = []
    for board, row, name, gap in lost:
        column = BY_FIELD[name]
        method = row.method if row.kind == "dag" else f"{row.method}*"
        low, high = sorted((-gap.low, -gap.high))
        rows.append(
            [
                f"{board.scenario} {board.size}".strip(),
                column.heading,
                method,
                plain(gap.second, column.digits),
                plain(gap.first, column.digits),
                f"{-gap.mean:+.{column.digits}f} [{low:+.{column.digits}f}, "
                f"{high:+.{column.digits}f}]",
                str(gap.count),
            ]
        )
    return ["table", "metric", "better", "its mean", OURS, "difference", "pairs"], rows


def verdict(found: Sequence[Board], metrics: Sequence[str] = COMPARED) -> str:
    """How many comparisons are won, lost and undecided."""
    parts = []
    for name in metrics:
        gaps = [r.against[name] for b in found for r in b.methods if name in r.against]
        gaps = [gap for gap in gaps if gap.count]
        sure = [gap.mean * BY_FIELD[name].better for gap in gaps if gap.p_value < SURE]
        won, lost = sum(gap > 0 for gap in sure), sum(gap < 0 for gap in sure)
        parts.append(
            f"{BY_FIELD[name].heading} better in {won}, worse in {lost}, undecided in "
            f"{len(gaps) - won - lost} of {len(gaps)}"
        )
    return (
        f"{OURS} against each method in each table, in pairs (adjusted p < {SURE:g}): "
        f"{'; '.join(parts)}."
    )
