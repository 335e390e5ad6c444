"""A user's data as a matrix of variables, with a report of every column of the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from amortize.category import indicator_columns, ordinal_column
from amortize.collinearity import combinations, same_quantity
from amortize.column import KINDS, Column, check_finite, number_use, read_column, sentinel
from amortize.errors import DataError, listing, nearest, quoted
from amortize.frame import Reading, read_frame
from amortize.header import check_names, cleaned

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FEWEST_ROWS = 5
FEWEST_VARIABLES = 2
MOST_VARIABLES = 1000  # the network holds some kilobytes for every pair of them


@dataclass
class Table:
    """Data ready for the network.

    Attributes:
        values: float64 [n, d] in the user's units, NaN where a cell is missing.
        names: d names.
        columns: a report for every column of the input, the ones left out included.
        usable: bool [d]; False marks a column of an array that keeps its place but tells nothing.
        warnings: sentences the user should read.
        kinds: int32 [d], CONTINUOUS, ORDINAL or BINARY of amortize.batch; found from the columns.
        groups: the variables of each column that is read as several (see `indicator_columns`).
    """

    values: np.ndarray
    names: list[str]
    columns: list[Column]
    usable: np.ndarray
    warnings: list[str] = field(default_factory=list)
    kinds: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    groups: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fill in the kinds."""
        if len(self.kinds) != len(self.names):
            uses = {column.name: column.use for column in self.columns}
            codes = [uses.get(name, "binary") for name in self.names]
            known = [KINDS.index(use) if use in KINDS else 0 for use in codes]
            self.kinds = np.array(known, dtype=np.int32)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        ordinal: Mapping[str, Sequence[str]] | None = None,
        indicators: Sequence[str] = (),
        left_out: Mapping[str, str] | None = None,
    ) -> Table:
        """The usable columns of a DataFrame.

        Args:
            frame: one column per variable.
            ordinal: levels of columns that have an order, lowest first.
            indicators: columns of unordered categories to read as one 0/1 variable per level.
            left_out: columns that are no variables, with the reason.

        Raises:
            DataError: names are duplicated or empty, values infinite, too little is usable, or a
                declaration does not fit.
        """
        names = [cleaned(name) for name in frame.columns]
        check_names(names)
        ordinal = _ordered(frame, names) | dict(ordinal or {})
        left_out = dict(left_out or {})
        for name in (*ordinal, *indicators, *left_out):
            check_column(name, names)
        reports, variables, arrays, groups = [], [], [], {}
        for position, name in enumerate(names):
            cells, parts = frame.iloc[:, position], [name]
            if name in left_out:
                report = Column(name, "left out", left_out[name], float(cells.isna().mean()))
                values = np.zeros((len(cells), 0))
            elif name in ordinal:
                report, values = ordinal_column(name, cells, ordinal[name])
            elif name in indicators:
                report, parts, values = indicator_columns(name, cells)
                groups[name] = parts
            else:
                report, values = read_column(name, cells)
            reports.append(report if name else _unnamed(report, values, position))
            if reports[-1].use != "left out":
                variables += parts
                arrays.append(values.reshape(len(cells), -1))
        check_names([*names, *(part for parts in groups.values() for part in parts)])
        if not variables and reports:
            raise DataError(
                f"no usable column was found ({_reasons(reports)}); give columns of numbers, or a "
                "--delimiter if they were not told apart"
            )
        _check_size(len(frame), len(variables), reports)
        values = np.concatenate(arrays, axis=1)
        table = cls(values, variables, reports, np.ones(len(variables), bool), groups=groups)
        for position, report in enumerate(reports):
            if report.name not in left_out and _names_columns(frame.iloc[:, position], names):
                table.warnings.append(
                    f"Column {quoted(report.name)} holds names of other columns. If it tells what "
                    "was set in each row, give it as --target-column."
                )
        return _warned(table)

    @classmethod
    def from_array(cls, x: ArrayLike, names: Sequence[str] | None = None) -> Table:
        """Every column of an array [n, d]; names default to x0, x1, ...

        An array has only positions, so a constant or empty column keeps its place: it is marked
        not usable, and its probabilities will be 0.

        Raises:
            DataError: not a numeric matrix, wrong names, infinities, or too little is usable.
        """
        try:
            values = np.array(x, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"the array cannot be read as numbers ({error}); give a DataFrame for other columns"
            ) from error
        if values.ndim != 2:
            raise DataError(f"the array has {values.ndim} axes; give rows x variables")
        d = values.shape[1]
        names = [f"x{i}" for i in range(d)] if names is None else [cleaned(name) for name in names]
        if len(names) != d:
            raise DataError(f"{len(names)} names were given for {d} columns; give one per column")
        check_names(names)
        if "" in names:
            raise DataError(f"column {names.index('') + 1} has no name; give every column a name")
        reports = [_array_column(name, values[:, i]) for i, name in enumerate(names)]
        usable = np.array([report.use != "left out" for report in reports], dtype=bool)
        _check_size(len(values), int(usable.sum()), reports)
        return _warned(cls(values, names, reports, usable))

    @property
    def left_out(self) -> list[Column]:
        """The columns that are not used, with the reason in their note."""
        return [column for column in self.columns if column.use == "left out"]


def read_table(path: str | Path, reading: Reading | None = None) -> Table:
    """The usable columns of a file: delimited text, Parquet or Excel (see `read_frame`).

    Raises:
        DataError: the file cannot be read or holds too little that can be used.
    """
    frame = read_frame(path, reading)
    table = Table.from_frame(frame)
    table.warnings += frame.attrs.get("notes", [])
    return table


def check_column(name: str, names: Sequence[str]) -> None:
    """Refuse a name that is no column's.

    Raises:
        DataError: it is not; the message names the nearest one.
    """
    if name not in names:
        raise DataError(f"the data have no column {quoted(name)}{nearest(name, names)}")


def _ordered(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, Sequence[str]]:
    """Levels of the columns that pandas holds as ordered categories."""
    types = [frame.iloc[:, position].dtype for position in range(len(names))]
    return {
        name: [str(level) for level in kind.categories]
        for name, kind in zip(names, types, strict=True)
        if isinstance(kind, pd.CategoricalDtype) and kind.ordered
    }


def _names_columns(cells: pd.Series, names: Sequence[str]) -> bool:
    """Whether text in the cells is mostly names of columns, as in a column of targets."""
    if pd.api.types.is_numeric_dtype(cells) or len(cells.dropna()) == 0:
        return False
    levels = [str(level).strip() for level in cells.dropna().unique()]
    return sum(level in names for level in levels) > len(levels) / 2


def _unnamed(report: Column, values: np.ndarray, position: int) -> Column:
    """The report of a column without a name: row labels in front, or nothing at all."""
    seen = values[~np.isnan(values)]
    name, missing = f"(column {position + 1})", report.missing
    if missing == 1:
        return Column(name, "left out", "it has no name and no value", missing)
    if position > 0 or (report.use != "left out" and len(np.unique(seen)) < len(seen)):
        raise DataError(f"column {position + 1} has no name in the header; give it a name")
    return Column(name, "left out", "row labels: it has no name", missing)


def _array_column(name: str, values: np.ndarray) -> Column:
    check_finite(name, values)
    seen = values[~np.isnan(values)]
    missing = 1.0 - len(seen) / max(len(values), 1)
    if len(seen) == 0:
        return Column(name, "left out", "every cell is missing", missing)
    if np.ptp(seen) == 0:
        return Column(name, "left out", f"constant (every value is {seen[0]:g})", missing)
    return Column(name, number_use(np.unique(seen), len(seen)), "", missing)


def _reasons(reports: list[Column], limit: int = 4) -> str:
    out = [report for report in reports if report.use == "left out"]
    shown = "; ".join(f"{quoted(report.name, 30)}: {report.note}" for report in out[:limit])
    return shown if len(out) <= limit else f"{shown}; and {len(out) - limit} more"


def _check_size(n: int, usable: int, reports: list[Column]) -> None:
    if n < FEWEST_ROWS:
        raise DataError(f"the table has {n} rows; give at least {FEWEST_ROWS}")
    if usable < FEWEST_VARIABLES:
        reasons = _reasons(reports)
        raise DataError(
            f"the table has {usable} usable column(s); give at least {FEWEST_VARIABLES}"
            + (f" (left out: {reasons})" if reasons else "")
        )
    if usable > MOST_VARIABLES:
        raise DataError(
            f"the table has {usable} variables, at most {MOST_VARIABLES} can be read; choose those "
            "of interest, or turn the table if its rows are the variables"
        )


def _warned(table: Table) -> Table:
    """The table itself, with warnings of what its values show.

    Raises:
        DataError: too few rows hold a value.
    """
    names, values, usable = table.names, table.values, table.usable
    empty = int((~(~np.isnan(values)).any(axis=1)).sum())
    if len(values) - empty < FEWEST_ROWS:
        raise DataError(
            f"only {len(values) - empty} rows hold a value in a usable column; give at least "
            f"{FEWEST_ROWS}"
        )
    say = table.warnings.append
    if empty:
        say(f"{empty} row(s) hold no value in any usable column.")
    for first, second in same_quantity(values, usable):
        say(
            f"Columns {quoted(names[first])} and {quoted(names[second])} are the same quantity "
            "up to scale; keep one of them, or edges at both cannot be trusted."
        )
    for group in combinations(values, usable):
        say(
            f"Columns {listing([names[i] for i in group], 8)} determine each other (such "
            "as a total and its parts); leave one out, or edges among them cannot be trusted."
        )
    for name, column in zip(names, values.T, strict=True):
        found = sentinel(column)
        if found:
            say(
                f"Column {quoted(name)} is {found[0]:g} in {found[1]} rows, far from its other "
                "values; if that means missing, leave the cells empty."
            )
    for column in table.left_out:
        if "unordered categories" in column.note:
            say(
                f"Column {quoted(column.name)} ({column.note}) is left out; if it influences "
                "others it acts as an unmeasured cause. Declare it as ordinal or as indicators."
            )
    return table
