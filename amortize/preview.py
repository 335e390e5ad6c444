"""What the command tells of a table before it answers: what each column is used as, and why."""

from __future__ import annotations

from amortize.column import KINDS, Column
from amortize.table import Table

PRINTED_COLUMNS = 24
HEAD = ["column", "used as", "missing", ""]


def column_rows(table: Table) -> list[list[str]]:
    """Rows under `HEAD`; of many columns those that there is something to say of come first."""
    columns = table.columns
    if len(columns) > PRINTED_COLUMNS:
        columns = sorted(columns, key=lambda column: not _notable(column))[:PRINTED_COLUMNS]
        columns = [column for column in table.columns if column in columns]
    return [
        [column.name, column.use, f"{column.missing:.1%}" if column.missing else "", column.note]
        for column in columns
    ]


def summary(table: Table) -> str:
    """One line: rows, columns, variables of each kind, cells that are missing."""
    n, d = table.values.shape
    uses = [column.use for column in table.columns]
    kinds = [f"{uses.count(use)} {use}" for use in (*KINDS, "left out") if use in uses]
    missing = sum(column.missing for column in table.columns if column.use != "left out")
    share = missing / max(1, len(table.columns) - len(table.left_out))
    holes = f"; {share:.1%} of the cells used are missing" if share else ""
    return f"{n} rows, {len(table.columns)} columns, {d} variables ({', '.join(kinds)}){holes}"


def _notable(column: Column) -> bool:
    return bool(column.note or column.missing)
