"""Tables of evaluation records: one per scenario and size, for the console and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from amortize import metrics
from amortize.sweep import Record
from amortize.uncertainty import Interval, bootstrap_mean

# (record field, heading, digits)
COLUMNS = (
    ("auroc", "AUROC", 3),
    ("auprc", "AUPRC", 3),
    ("f1", "F1", 3),
    ("shd", "SHD", 2),
    ("skeleton_f1", "skeleton F1", 3),
    ("helped", "helped", 1),
    ("seconds", "sec", 3),
)

LEGEND = (
    "Means over the finished datasets; SHD counts a reversed edge once.",
    "Undirected edges of the methods marked cpdag and skeleton are oriented in their favour, as "
    "in the truth, before AUROC, AUPRC, F1 and SHD; `helped` is the mean number of edges whose "
    "direction they were given so. A skeleton method claims no direction, and is given every one.",
    "amortize ranks pairs by probability, direct-lingam by |weight|, correlation and "
    "inverse-covariance by their symmetric entries (no help there); the others by their 0/1 graph.",
    "All methods read the same z-scored table with permuted columns. random knows the true number "
    "of edges. Missing cells reach the baselines as the column mean, and rows under intervention "
    "as ordinary rows (pooled); amortize reads both masks.",
    "sec: wall time in seconds per dataset, without imports and compilation; baselines on one "
    "thread, amortize on all cores or the accelerator.",
)


@dataclass(frozen=True)
class Row:
    """One method of one table."""

    method: str
    kind: str
    means: dict[str, Interval]
    finished: int
    total: int
    trouble: str  # counts and first reason of what did not finish


@dataclass(frozen=True)
class Board:
    """One table: a scenario at one size and seed."""

    scenario: str
    rows: int
    variables: int
    seed: int
    methods: list[Row]
    notes: list[str]

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"{self.scenario}: {self.variables} variables, {self.rows} rows, seed {self.seed}"


def boards(records: Iterable[Record]) -> list[Board]:
    """One board for each (scenario, rows, variables, seed) among the records, in their order."""
    groups: dict[tuple[str, int, int, int], list[Record]] = {}
    for record in records:
        place = (record["scenario"], record["rows"], record["variables"], record["seed"])
        groups.setdefault(place, []).append(record)
    return [Board(*place, _rows(group), _notes(group)) for place, group in groups.items()]


def _rows(group: Sequence[Record]) -> list[Row]:
    methods: dict[str, list[Record]] = {}
    for record in group:
        methods.setdefault(record["method"], []).append(record)
    rows = []
    for name, cells in methods.items():
        done = [cell for cell in cells if cell["status"] == "ok"]
        means = {
            field: bootstrap_mean([_number(cell, field) for cell in done])
            for field, _, _ in COLUMNS
        }
        failed = [cell for cell in cells if cell["status"] != "ok"]
        trouble = ""
        if failed:
            kinds = sorted({cell["status"] for cell in failed})
            counts = [f"{sum(c['status'] == kind for c in failed)} {kind}" for kind in kinds]
            reason = failed[0]["reason"].removeprefix(f"{failed[0]['status']}: ")
            trouble = f"{', '.join(counts)}: {reason}"
        rows.append(Row(name, cells[0]["kind"], means, len(done), len(cells), trouble))
    return rows


def _notes(group: Sequence[Record]) -> list[str]:
    by_index = {cell["index"]: cell for cell in group}.values()
    sorts = [
        bootstrap_mean([_number(cell, field) for cell in by_index])
        for field in ("varsortability", "r2_sortability")
    ]
    notes = [
        f"Varsortability {sorts[0].mean:.2f}, R2-sortability {sorts[1].mean:.2f} "
        "(0.5: the scale says nothing about the order); "
        f"{np.mean([len(cell['truth']) for cell in by_index]):.1f} true edges per graph."
    ]
    probabilistic = [c for c in group if c["status"] == "ok" and c.get("probabilities")]
    for name in dict.fromkeys(cell["method"] for cell in probabilistic):
        cells = [cell for cell in probabilistic if cell["method"] == name]
        error = metrics.calibration_error(
            [np.array(cell["probabilities"]) for cell in cells],
            [truth_matrix(cell) for cell in cells],
        )
        brier = bootstrap_mean([_number(cell, "brier") for cell in cells])
        nats = bootstrap_mean([_number(cell, "log_probability") for cell in cells])
        notes.append(
            f"{name}: expected calibration error {error:.3f} (20 bins of equal mass, pooled), "
            f"Brier {brier.mean:.3f}, log-probability of the true graph {nats.mean:.1f} nats."
        )
    return notes


def truth_matrix(record: Record) -> np.ndarray:
    """The true graph of a record as bool [d, d]."""
    graph = np.zeros((record["variables"], record["variables"]), bool)
    for i, j in record["truth"]:
        graph[i, j] = True
    return graph


def console_table(board: Board) -> Table:
    """The board as a rich table: means only, narrow enough for 80 characters."""
    table = Table(
        title=board.title,
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    columns = [column for column in COLUMNS if column[0] != "skeleton_f1"]
    for heading in ("method", "graph"):
        table.add_column(heading, no_wrap=True)
    for heading in (*(heading for _, heading, _ in columns), "done"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in board.methods:
        cells = [_mean(row.means[field].mean, digits) for field, _, digits in columns]
        table.add_row(row.method, row.kind, *cells, f"{row.finished}/{row.total}")
    return table


def markdown(found: Sequence[Board], heading: str) -> str:
    """All boards as one Markdown page, means with 95 % bootstrap intervals over datasets."""
    lines = [f"# {heading}", ""]
    lines += [f"- {sentence}" for sentence in LEGEND]
    lines += ["- [a, b]: 95 % bootstrap interval of the mean over datasets.", ""]
    for board in found:
        head = ["method", "graph", *(heading for _, heading, _ in COLUMNS), "done"]
        lines += [f"## {board.title}", "", "| " + " | ".join(head) + " |"]
        lines += ["|" + "---|" * len(head)]
        for row in board.methods:
            cells = [_interval(row.means[field], digits) for field, _, digits in COLUMNS]
            cells = [row.method, row.kind, *cells, f"{row.finished}/{row.total}"]
            lines.append("| " + " | ".join(cells) + " |")
        lines += ["", *(f"- {note}" for note in board.notes), *trouble(board), ""]
    return "\n".join(lines)


def trouble(board: Board) -> list[str]:
    """A line for each method that did not finish everything."""
    return [f"- {row.method}: {row.trouble}" for row in board.methods if row.trouble]


def _number(record: Record, field: str) -> float:
    value = record.get(field)
    return float("nan") if value is None else float(value)


def _mean(value: float, digits: int) -> str:
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def _interval(value: Interval, digits: int) -> str:
    if np.isnan(value.mean):
        return "-"
    return f"{value.mean:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"
