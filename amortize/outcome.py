"""The tables of an evaluation as cells of text, and the console's. See `markdown` and `page`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from amortize.baselines import METHODS
from amortize.board import BY_FIELD, COMPARED, MAIN, OURS, Board, Column
from amortize.published import Published
from amortize.results import Record
from amortize.uncertainty import Difference, Interval

LEGEND = (
    "Means over the finished datasets (`done`: how many of how many asked for); [a, b]: 95 % "
    "bootstrap interval of the mean. Methods are compared with one another on the datasets that "
    "all of them finished, and with this project's checkpoint in pairs.",
    "All methods read the same table with permuted columns, z-scored unless it says raw scale.",
    "Undirected edges (kinds cpdag, pag and skeleton) are oriented in the method's favour, as in "
    "the truth, before AUROC, AUPRC, F1, SHD, precision, recall and direction; `helped` is the "
    "mean number of edges whose direction they were given so. A skeleton method claims no "
    "direction, and is given every one. orientation and the `strict` columns give no help; CPDAG "
    "SHD compares equivalence classes.",
    "Methods without scores are ranked by their 0/1 graph. random knows the true number of edges.",
    "The methods' table says what each reads and what becomes of rows under intervention (pooled: "
    "they are ordinary rows to it). Who does not read missing cells gets the column's mean.",
    "Settings are the libraries' defaults; the penalty of BOSS and GRaSP is the one that was best "
    "for them on 80 datasets of this project's prior with a seed of their own.",
    "CPU s: processor seconds per dataset, without imports and compilation, one thread for every "
    "method (this project's network on one CPU thread, or on the accelerator, which they do not "
    "count); sec: wall time, in which other work on the machine counts as well.",
    "p: Wilcoxon's signed-rank test over datasets, two-sided, adjusted for the number of methods "
    "(Benjamini and Hochberg).",
    "published: printed by others on the same kind of data, not run here; see its source.",
)


# -------------------------------------------------------------------------------- sentences


def notes(board: Board) -> list[str]:
    """What has to be said beside a board: scale, truth, calibration, what failed."""
    facts = board.facts
    found = [
        f"Varsortability {facts['varsortability']:.2f}, R2-sortability "
        f"{facts['r2_sortability']:.2f} (0.5: the scale says nothing about the order); "
        f"{facts['edges']:.1f} true edges per graph."
    ]
    if facts["cyclic"]:
        found.append(
            f"The true graph has a cycle in {facts['cyclic']:.0f} of {facts['datasets']:.0f} "
            "datasets: metrics that need a DAG are left out there."
        )
    for name, error in board.ece.items():
        found.append(
            f"{name}: expected calibration error {error:.3f} (20 bins of equal mass, pooled), "
            f"Brier {board.mean(name, 'brier'):.3f}, log-probability of the true graph "
            f"{board.mean(name, 'log_probability'):.1f} nats."
        )
    found += [f"{row.method}: {row.trouble}" for row in board.methods if row.trouble]
    return found


def sentences(board: Board) -> list[str]:
    """All that is said beside a board: `notes`, metrics left out, sources of published rows."""
    return [*notes(board), *board.undefined, *(source_of(other) for other in board.published)]


def method_lines(records: Sequence[Record]) -> list[list[str]]:
    """Name, kind, version, settings and source of every method among the records."""
    found = {}
    for record in records:
        settings = ", ".join(f"{name} {value}" for name, value in record["settings"].items())
        uses = ", ".join(record.get("uses", ()))
        rows = record.get("intervened_rows", "")
        ranks = record.get("ranked_by", "")
        line = [record["method"], record["kind"], record["version"], settings, uses, rows, ranks]
        found[record["method"]] = [*line, record["source"]]
    order = [*METHODS, OURS]
    return sorted(found.values(), key=lambda line: order.index(line[0]) if line[0] in order else -1)


METHOD_HEAD = [
    "method",
    "graph",
    "version",
    "settings",
    "reads",
    "intervened rows",
    "ranked by",
    "source",
]


# --------------------------------------------------------------------------------- console


def console_table(board: Board) -> Table:
    """The board as a rich table: means only, narrow enough for 80 characters."""
    table = Table(
        title=board.title,
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=0,
    )
    columns = [BY_FIELD[name] for name in MAIN if name != "skeleton_f1"]
    for heading in ("method", "graph"):
        table.add_column(heading, no_wrap=True)
    for heading in (*(column.heading for column in columns), "done"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in board.methods:
        cells = [plain(row.means[column.field].mean, column.digits) for column in columns]
        table.add_row(row.method, row.kind, *cells, f"{row.finished}/{row.total}")
    for other in board.published:
        if not any(column.field in other.metrics for column in columns):
            continue
        cells = [plain(other.metrics.get(c.field, np.nan), c.digits) for c in columns]
        table.add_row(other.method[:20], "published", *cells, "")
    return table


# ---------------------------------------------------------------------------- rows of boards


def present(board: Board, column: Column) -> bool:
    """Whether any method has the metric here."""
    return any(row.means[column.field].count for row in board.methods) or any(
        column.field in other.metrics for other in board.published
    )


def board_cells(board: Board, columns: Sequence[Column]) -> tuple[list[str], list[list[str]]]:
    """Heading and rows of a board, published rows last."""
    rows = []
    for row in board.methods:
        cells = [interval(row.means[column.field], column.digits) for column in columns]
        rows.append([row.method, row.kind, *cells, f"{row.finished}/{row.total}"])
    for other in board.published:
        if not any(column.field in other.metrics for column in columns):
            continue
        cells = [plain(other.metrics.get(c.field, np.nan), c.digits) for c in columns]
        rows.append([other.method, "published", *cells, "-"])
    return ["method", "graph", *(column.heading for column in columns), "done"], rows


def compared_cells(board: Board) -> tuple[list[str], list[list[str]]]:
    """Differences of this project's checkpoint minus each method, in pairs."""
    head = [f"{OURS} minus", *(BY_FIELD[name].heading for name in COMPARED), "pairs"]
    rows = []
    for row in board.methods:
        if row.against:
            cells = [difference(row.against[name], BY_FIELD[name].digits) for name in COMPARED]
            rows.append([row.method, *cells, str(row.against[COMPARED[-1]].count)])
    return head, rows


# ----------------------------------------------------------------------------------- cells


def plain(value: float, digits: int) -> str:
    """A number, a dash for NaN."""
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def interval(value: Interval, digits: int) -> str:
    """A mean with its interval, which one dataset does not have."""
    if np.isnan(value.mean):
        return "-"
    if value.count == 1:
        return f"{value.mean:.{digits}f}"
    return f"{value.mean:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def difference(value: Difference, digits: int) -> str:
    """A paired difference with its interval and p-value."""
    if np.isnan(value.mean):
        return "-"
    p_value = "<0.001" if value.p_value < 0.001 else f"{value.p_value:.3f}"
    mean = f"{value.mean:+.{digits}f} [{value.low:+.{digits}f}, {value.high:+.{digits}f}]"
    return f"{mean} p {p_value}"


def source_of(other: Published) -> str:
    """The source of a published row."""
    return f"published, {other.method}: {other.source}" + (f"; {other.note}" if other.note else "")


def figures(other: Published) -> str:
    """A published row in a sentence."""
    cells = ", ".join(
        f"{BY_FIELD[name].heading} {plain(value, BY_FIELD[name].digits)}"
        for name, value in other.metrics.items()
    )
    return f"{cells} ({source_of(other)})"
