"""What an experimenter did: which cells were set, and which rows come from unknown experiments.

Told by a mask of the data's shape, by a column that names the variables set in each row, or by a
column that marks the rows of experiments with unknown target.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from amortize.category import labelled
from amortize.errors import DataError, listing, nearest, quoted
from amortize.frame import Reading, read_frame
from amortize.table import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Cells of a target or regime column that say that nothing was set.
NOTHING = {"", "0", "none", "no", "false", "obs", "observational", "observation", "control"}
SEPARATORS = (r"[;|]", r",", r"[+&]")  # tried in this order, since names may hold some of them


def read_interventions(
    path: str | Path, table: Table, reading: Reading | None = None
) -> np.ndarray:
    """The mask of cells set by the experimenter, bool [n, d] in the table's own variable order.

    The file has the table's header (in any order) and as many rows, each cell 0 or 1.

    Raises:
        DataError: header, number of rows or a cell are not as described.
    """
    frame = read_frame(path, reading)
    given = list(frame.columns)
    known = [column.name for column in table.columns]
    where = f"the intervention file {quoted(path)}"
    for name in given:
        if name not in known and name not in table.names:
            raise DataError(
                f"{where} has a column {quoted(name)} that the data lack{nearest(name, known)}"
            )
    absent = [name for name in known if name not in given and not name.startswith("(column ")]
    absent = [name for name in absent if name in table.names or name in table.groups]
    if absent:
        raise DataError(f"{where} lacks the column(s) {listing(absent)}; use the data's header")
    if len(frame) != len(table.values):
        raise DataError(
            f"{where} has {len(frame)} rows, the data have {len(table.values)}; "
            "give one line per row of the data"
        )
    masks: dict[str, np.ndarray] = {}
    for name in given:
        cells = np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=np.float64)
        wrong = ~np.isin(cells, (0.0, 1.0))
        if wrong.any() and (name in table.names or name in table.groups):
            row = int(np.argmax(wrong))
            cell = frame[name].iloc[row]
            shown = "nothing" if pd.isna(cell) else quoted(cell)
            raise DataError(
                f"{where} holds {shown} in column {quoted(name)}, "
                f"data row {row + 1}; write 1 where the cell was set and 0 elsewhere"
            )
        masks[name] = cells == 1
    return _over_variables(masks, table)


def targets(cells: pd.Series, table: Table, column: str) -> np.ndarray:
    """The mask bool [n, d] from a column that names the variables set in each row.

    A cell holds a name of the header, or several between ; | + , or &. An empty cell, and 0, none,
    no, false, obs, observational and control (where no column has that name) say that nothing was
    set.

    Raises:
        DataError: a cell names no column.
    """
    labels = labelled(cells)
    known = [report.name for report in table.columns]
    members = set(known) | set(table.names)
    masks = {name: np.zeros(len(table.values), dtype=bool) for name in members}
    for label in labels.dropna().unique():
        rows = (labels == label).to_numpy()
        for name in _split(label, members):
            if name in members:
                masks[name] |= rows
            elif name.lower() not in NOTHING:
                raise DataError(
                    f"column {quoted(column)} names the target {quoted(name)} in data row "
                    f"{int(np.argmax(rows)) + 1}, which is no column of the data"
                    f"{nearest(name, known)}"
                )
    if not any(mask.any() for mask in masks.values()):
        table.warnings.append(f"Column {quoted(column)} names no target in any row.")
    return _over_variables(masks, table)


def _split(label: str, members: set[str], separators: Sequence[str] = SEPARATORS) -> list[str]:
    """The names in a cell; a part that is a name is not split further."""
    if label in members or not separators:
        return [label]
    parts = [part.strip() for part in re.split(separators[0], label)]
    return [name for part in parts for name in _split(part, members, separators[1:])]


def regime(cells: pd.Series, table: Table, column: str) -> np.ndarray:
    """Bool [n], True in rows of experiments with unknown target, from a column that marks them.

    Empty cells and 0, none, no, false, obs, observational and control mark rows as observed without
    interference; where no cell is such, the commonest value does, and `table.warnings` say so.

    Raises:
        DataError: no cell says "observed", and two values are the commonest.
    """
    labels = labelled(cells)
    marked = ~(labels.isna() | labels.astype(str).str.lower().isin(NOTHING)).to_numpy(dtype=bool)
    if marked.all() and len(marked):
        counts = labels.value_counts()
        first = str(counts.index[0])
        if len(counts) > 1 and counts.iloc[0] == counts.iloc[1]:
            raise DataError(
                f"column {quoted(column)} does not say which rows were observed without "
                f"interference: {quoted(first, 30)} and {quoted(counts.index[1], 30)} are equally "
                "common; write 0 in those rows"
            )
        marked = (labels != first).to_numpy()
        table.warnings.append(
            f"Column {quoted(column)} has no 0 or 'none': the rows of its commonest value, "
            f"{quoted(first, 30)} ({int((~marked).sum())} rows), are taken as observed without "
            "interference."
        )
    if not marked.any():
        table.warnings.append(f"Column {quoted(column)} marks no row as an experiment.")
    return marked


def check_interventions(interventions: ArrayLike | pd.DataFrame, table: Table) -> np.ndarray:
    """A mask given in Python as bool [n, d] over the table's variables.

    The mask has the shape of the input, or of its variables; a DataFrame is matched by name.

    Raises:
        DataError: shape, names or values are not as described.
    """
    if isinstance(interventions, pd.DataFrame):
        given = [str(name) for name in interventions.columns]
        parts = {part: column for column, group in table.groups.items() for part in group}
        wanted = [name if name in given else parts.get(name, name) for name in table.names]
        absent = [name for name in wanted if name not in given]
        if absent:
            raise DataError(
                f"the intervention mask lacks the column(s) {listing(absent)}; give one per "
                "variable"
            )
        interventions = interventions.set_axis(given, axis=1)[wanted].to_numpy()
    mask = np.asarray(interventions)
    n = len(table.values)
    if mask.shape == (n, len(table.columns)) and not table.groups:
        mask = mask[:, [column.name in table.names for column in table.columns]]
    if mask.shape != table.values.shape:
        raise DataError(
            f"the intervention mask has shape {mask.shape}, the table {table.values.shape}; "
            "give one cell per cell of the data"
        )
    if not np.isin(mask, (0, 1)).all():
        raise DataError(
            "the intervention mask holds other values than 0 and 1; write 1 where a cell was set"
        )
    return mask.astype(bool)


def _over_variables(masks: dict[str, np.ndarray], table: Table) -> np.ndarray:
    """Masks by column or variable as one over the variables; says what is ignored."""
    ignored = [
        column.name for column in table.left_out if masks.get(column.name, np.zeros(1)).any()
    ]
    if ignored:
        table.warnings.append(
            f"Interventions on {listing(ignored)} are ignored: the data column is left out."
        )
    none = np.zeros(len(table.values), dtype=bool)
    by_variable = {name: masks.get(name, none) for name in table.names}
    for column, group in table.groups.items():
        for name in group:
            by_variable[name] = by_variable[name] | masks.get(column, none)
    return np.stack([by_variable[name] for name in table.names], axis=1)
