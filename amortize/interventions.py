"""The mask of cells that an experimenter set, read from a file or checked from an array."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from amortize.delimited import read_delimited
from amortize.errors import DataError, listing, quoted
from amortize.table import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def read_interventions(path: str | Path, table: Table) -> np.ndarray:
    """The mask of cells set by the experimenter, bool [n, d] in the table's own column order.

    The file has the table's header (in any order) and as many rows, each cell 0 or 1.

    Raises:
        DataError: header, number of rows or a cell are not as described.
    """
    frame = read_delimited(path)
    given = [str(name) for name in frame.columns]
    known = [column.name for column in table.columns]
    where = f"the intervention file {quoted(path)}"
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {quoted(near[0])}?" if near else "; use the data's header"
            raise DataError(f"{where} has a column {quoted(name)} that the data lack{hint}")
    absent = [name for name in known if name not in given]
    if absent:
        raise DataError(f"{where} lacks the column(s) {listing(absent)}; use the data's header")
    if len(frame) != len(table.values):
        raise DataError(
            f"{where} has {len(frame)} rows, the data have {len(table.values)}; "
            "give one line per row of the data"
        )
    masks = {}
    for name in given:
        cells = np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=np.float64)
        wrong = ~np.isin(cells, (0.0, 1.0))
        if wrong.any() and name in table.names:
            row = int(np.argmax(wrong))
            raise DataError(
                f"{where} holds {quoted(frame[name].iloc[row])} in column {quoted(name)}, "
                f"data row {row + 1}; write 1 where the cell was set and 0 elsewhere"
            )
        masks[name] = cells == 1
    ignored = [column.name for column in table.left_out if masks[column.name].any()]
    if ignored:
        table.warnings.append(
            f"Interventions on {listing(ignored)} are ignored: the data column is left out."
        )
    return np.stack([masks[name] for name in table.names], axis=1)


def check_interventions(interventions: "ArrayLike | pd.DataFrame", table: Table) -> np.ndarray:
    """A mask given in Python as bool [n, d] over the table's variables.

    The mask has the shape of the input, or of its used columns; a DataFrame is matched by name.

    Raises:
        DataError: shape, names or values are not as described.
    """
    if isinstance(interventions, pd.DataFrame):
        absent = [name for name in table.names if name not in interventions.columns]
        if absent:
            raise DataError(f"the intervention mask lacks the column(s) {listing(absent)}")
        interventions = interventions[table.names].to_numpy()
    mask = np.asarray(interventions)
    n = len(table.values)
    if mask.shape == (n, len(table.columns)):
        mask = mask[:, [column.name in table.names for column in table.columns]]
    if mask.shape != table.values.shape:
        raise DataError(
            f"the intervention mask has shape {mask.shape}, the table {table.values.shape}; "
            "give one cell per cell of the data"
        )
    if not np.isin(mask, (0, 1)).all():
        raise DataError("the intervention mask holds other values than 0 and 1")
    return mask.astype(bool)
