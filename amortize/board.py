"""One table of an evaluation as data: its columns, a row for each method, and all as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from amortize import metrics
from amortize.contest import OURS
from amortize.published import Published, beside
from amortize.uncertainty import Difference, Interval

__all__ = ["BY_FIELD", "COLUMNS", "COMPARED", "MAIN", "OURS", "Board", "Column", "Row"]


@dataclass(frozen=True)
class Column:
    """One metric of the tables."""

    field: str  # of the records
    heading: str
    digits: int
    better: int  # 1: more is better, -1: less, 0: neither
    about: str


COLUMNS = (
    Column("auroc", "AUROC", 3, 1, "area under the ROC curve over ordered pairs"),
    Column("auprc", "AUPRC", 3, 1, "average precision over ordered pairs (mAP)"),
    Column("f1", "F1", 3, 1, "of directed edges"),
    Column("shd", "SHD", 2, -1, "structural Hamming distance, a reversed edge counts once"),
    Column("precision", "precision", 3, 1, "of directed edges; none without a guessed edge"),
    Column("recall", "recall", 3, 1, "of directed edges"),
    Column("orientation", "orientation", 3, 1, "right directions among true adjacencies found"),
    Column("direction", "direction", 3, 1, "true edges scored above their reverse; ties half"),
    Column("skeleton_f1", "skeleton F1", 3, 1, "of adjacencies, directions ignored"),
    Column("strict_f1", "strict F1", 3, 1, "F1 without help, an undirected edge is half wrong"),
    Column("strict_shd", "strict SHD", 2, -1, "SHD without help"),
    Column("class_f1", "class F1", 3, 1, "F1 of equivalence classes, each with the same help"),
    Column("cpdag_shd", "CPDAG SHD", 2, -1, "SHD between equivalence classes"),
    Column("sid", "SID", 3, -1, "structural intervention distance, share of pairs; DAGs"),
    Column("parent_aid", "parent AID", 3, -1, "adjustment distance by parents (SID for CPDAGs)"),
    Column("ancestor_aid", "ancestor AID", 3, -1, "adjustment distance by ancestors"),
    Column("oset_aid", "O-set AID", 3, -1, "adjustment distance by the optimal set"),
    Column("log_probability", "log p", 1, 1, "log-probability of the true graph, nats"),
    Column("brier", "Brier", 3, -1, "mean squared error of the edge probabilities"),
    Column("expected_shd", "expected SHD", 1, -1, "mean SHD of graphs drawn from the answer"),
    Column("expected_f1", "expected F1", 3, 1, "mean F1 of graphs drawn from the answer"),
    Column("helped", "helped", 1, 0, "edges whose direction the truth gave"),
    Column(
        "processor_seconds",
        "CPU s",
        3,
        -1,
        "processor seconds per dataset, imports and compilation left out",
    ),
    Column("seconds", "sec", 3, -1, "wall time of the same, longer on a busy machine"),
    Column("memory", "MiB", 0, -1, "largest resident size of the method's process"),
)
BY_FIELD = {column.field: column for column in COLUMNS}
MAIN = ("auroc", "auprc", "f1", "shd", "skeleton_f1", "helped", "processor_seconds")
COMPARED = ("auprc", "f1", "shd")  # in pairs, against this project's checkpoint


@dataclass(frozen=True)
class Row:
    """One method of one board."""

    method: str
    kind: str
    means: dict[str, Interval]
    finished: int
    total: int
    trouble: str  # counts and first reason of what did not finish
    common: dict[str, float] = field(default_factory=dict)  # means over the board's common datasets
    against: dict[str, Difference] = field(default_factory=dict)  # ours minus this method


@dataclass(frozen=True)
class Board:
    """One table: a scenario at one size, scale and seed."""

    suite: str
    scenario: str
    rows: int
    variables: int
    scale: str
    seed: int
    methods: list[Row]
    facts: dict[str, float]  # varsortability, r2_sortability, edges, datasets, cyclic
    calibration: dict[str, list[metrics.CalibrationBin]]  # by method
    ece: dict[str, float]  # expected calibration error by method
    undefined: list[str]  # sentences on metrics that a method cannot have here
    common: int  # datasets on which the methods are compared with one another, see `contest`

    @property
    def title(self) -> str:
        """Heading of the table."""
        size = f"{self.variables} variables, {self.rows} rows" if self.rows else "sizes of the data"
        raw = ", raw scale" if self.scale == "raw" else ""
        return f"{self.scenario}: {size}{raw}, seed {self.seed}"

    @property
    def size(self) -> str:
        """The size in short."""
        raw = " raw" if self.scale == "raw" else ""
        return (f"d={self.variables} n={self.rows}" if self.rows else "") + raw

    @property
    def published(self) -> list[Published]:
        """What others printed about the same benchmark."""
        return beside(self.scenario, self.variables)

    @property
    def paired(self) -> bool:
        """Whether this project's checkpoint is compared with others in pairs."""
        return any(row.against for row in self.methods)

    def mean(self, method: str, name: str) -> float:
        """Mean of a metric of a method over all that it finished, NaN when there is none."""
        found = [row.means[name].mean for row in self.methods if row.method == method]
        return found[0] if found else float("nan")

    def fair(self, method: str, name: str) -> float:
        """Mean over the common datasets, NaN for a method that did not finish them."""
        found = [row.common.get(name) for row in self.methods if row.method == method]
        return float("nan") if not found or found[0] is None else found[0]


def to_json(found: Sequence[Board]) -> str:
    """The boards as JSON, one a line, NaN as null: what a page needs, without the cells."""
    lines = [json.dumps(_plain(asdict(board)), allow_nan=False) for board in found]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def from_json(text: str) -> list[Board]:
    """The boards that `to_json` wrote; a metric that a file is older than has no values."""
    none = {
        column.field: Interval(float("nan"), float("nan"), float("nan"), 0) for column in COLUMNS
    }
    found = []
    for board in json.loads(text):
        rows = [
            Row(
                **{
                    **row,
                    "common": dict(zip(row["common"], _known(row["common"].values()), strict=True)),
                    "means": none | {n: Interval(*_known(v)) for n, v in row["means"].items()},
                    "against": {n: Difference(*_known(v)) for n, v in row["against"].items()},
                }
            )
            for row in board["methods"]
        ]
        curves = {
            name: [metrics.CalibrationBin(*bin_) for bin_ in bins]
            for name, bins in board["calibration"].items()
        }
        facts = dict(zip(board["facts"], _known(board["facts"].values()), strict=True))
        parts = {"methods": rows, "calibration": curves, "facts": facts}
        found.append(Board(**{**board, **parts}))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 6)
    return value


def _known(values: Iterable[float | None]) -> list[Any]:
    return [float("nan") if value is None else value for value in values]
