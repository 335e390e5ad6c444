"""A user's data as a matrix of variables, with a report of every column of the input."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from amortize.column import Column, check_finite, read_column
from amortize.delimited import read_delimited
from amortize.errors import DataError, quoted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FEWEST_ROWS = 5
FEWEST_VARIABLES = 2
COLLINEAR = 1 - 1e-9  # correlation from which two columns count as the same quantity


@dataclass
class Table:
    """Data ready for the network.

    Attributes:
        values: float64 [n, d] in the user's units, NaN where a cell is missing.
        names: d names.
        columns: a report for every column of the input, the ones left out included.
        usable: bool [d]; False marks a column of an array that keeps its place but tells nothing.
        warnings: sentences the user should read.
    """

    values: np.ndarray
    names: list[str]
    columns: list[Column]
    usable: np.ndarray
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> "Table":
        """The usable columns of a DataFrame.

        Raises:
            DataError: names are duplicated or empty, values infinite, or too little is usable.
        """
        names = ["" if name is None else str(name).strip() for name in frame.columns]
        _check_names(names)
        reports, arrays = [], []
        for position, name in enumerate(names):
            report, values = read_column(name, frame.iloc[:, position])
            if not name:
                report = _unnamed(report, values)
            reports.append(report)
            arrays.append(values)
        kept = [i for i, report in enumerate(reports) if report.use != "left out"]
        if not kept and reports:
            raise DataError(f"no numeric column was found: {_reasons(reports)}")
        _check_size(len(frame), len(kept), reports)
        values = np.stack([arrays[i] for i in kept], axis=1)
        return _finished(values, [names[i] for i in kept], reports, np.ones(len(kept), bool))

    @classmethod
    def from_array(cls, x: "ArrayLike", names: Sequence[str] | None = None) -> "Table":
        """Every column of an array [n, d]; names default to x0, x1, ...

        An array has only positions, so a constant or empty column keeps its place: it is marked
        not usable, and its probabilities will be 0.

        Raises:
            DataError: not a numeric matrix, wrong names, infinities, or too little is usable.
        """
        try:
            values = np.array(x, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"the array cannot be read as numbers ({error})") from error
        if values.ndim != 2:
            raise DataError(f"the array has {values.ndim} axes; give rows x variables")
        d = values.shape[1]
        names = [f"x{i}" for i in range(d)] if names is None else [str(name) for name in names]
        if len(names) != d:
            raise DataError(f"{len(names)} names were given for {d} columns")
        _check_names(names)
        reports = [_array_column(name, values[:, i]) for i, name in enumerate(names)]
        usable = np.array([report.use != "left out" for report in reports], dtype=bool)
        _check_size(len(values), int(usable.sum()), reports)
        return _finished(values, names, reports, usable)

    @property
    def left_out(self) -> list[Column]:
        """The columns that are not used, with the reason in their note."""
        return [column for column in self.columns if column.use == "left out"]


def read_table(path: str | Path) -> Table:
    """The usable columns of a delimited text file with a header.

    Raises:
        DataError: the file cannot be read or holds too little that can be used.
    """
    return Table.from_frame(read_delimited(path))


def _check_names(names: list[str]) -> None:
    for position, name in enumerate(names):
        if not name and position > 0:
            raise DataError(f"column {position + 1} has no name; give every column a name")
        if name in names[:position]:
            raise DataError(
                f"the column name {quoted(name)} stands twice "
                f"(columns {names.index(name) + 1} and {position + 1}); rename one"
            )


def _unnamed(report: Column, values: np.ndarray) -> Column:
    """The report of a first column without a name, which must be a row label."""
    seen = values[~np.isnan(values)]
    if report.use != "left out" and len(np.unique(seen)) < len(seen):
        raise DataError("column 1 has no name in the header; give it a name")
    return Column("(column 1)", "left out", "row labels: it has no name", report.missing)


def _array_column(name: str, values: np.ndarray) -> Column:
    check_finite(name, values)
    seen = values[~np.isnan(values)]
    missing = 1.0 - len(seen) / max(len(values), 1)
    if len(seen) == 0:
        return Column(name, "left out", "every cell is missing", missing)
    if np.ptp(seen) == 0:
        return Column(name, "left out", f"constant (every value is {seen[0]:g})", missing)
    return Column(name, "binary" if len(np.unique(seen)) == 2 else "number", "", missing)


def _reasons(reports: list[Column], limit: int = 4) -> str:
    out = [report for report in reports if report.use == "left out"]
    shown = "; ".join(f"{quoted(report.name, 30)}: {report.note}" for report in out[:limit])
    return shown if len(out) <= limit else f"{shown}; and {len(out) - limit} more"


def _check_size(n: int, usable: int, reports: list[Column]) -> None:
    if n < FEWEST_ROWS:
        raise DataError(f"the table has {n} rows; at least {FEWEST_ROWS} are needed")
    if usable < FEWEST_VARIABLES:
        reasons = _reasons(reports)
        raise DataError(
            f"the table has {usable} usable column(s), at least {FEWEST_VARIABLES} are needed"
            + (f" (left out: {reasons})" if reasons else "")
        )


def _finished(
    values: np.ndarray, names: list[str], reports: list[Column], usable: np.ndarray
) -> Table:
    rows = int((~np.isnan(values)).any(axis=1).sum())
    if rows < FEWEST_ROWS:
        raise DataError(
            f"only {rows} rows hold a value in a usable column; at least {FEWEST_ROWS} are needed"
        )
    table = Table(values, names, reports, usable)
    for first, second in _collinear_pairs(values, usable):
        table.warnings.append(
            f"Columns {quoted(names[first])} and {quoted(names[second])} are the same quantity "
            "up to scale; keep one of them, or edges at both cannot be trusted."
        )
    return table


def _collinear_pairs(values: np.ndarray, usable: np.ndarray) -> list[tuple[int, int]]:
    centred = np.nan_to_num(values - np.nanmean(np.where(usable, values, 0.0), axis=0))
    scale = np.abs(centred).max(axis=0)
    centred = centred / np.where(scale > 0, scale, 1.0)
    norms = np.linalg.norm(centred, axis=0)
    centred = centred / np.where(norms > 0, norms, 1.0)
    correlation = np.abs(centred.T @ centred)
    pairs = np.argwhere(np.triu(correlation > COLLINEAR, k=1) & np.outer(usable, usable))
    return [(int(i), int(j)) for i, j in pairs[:5]]
