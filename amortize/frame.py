"""A user's file as a DataFrame, whatever its format: delimited text, Parquet or Excel."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from amortize.delimited import read_delimited
from amortize.errors import DataError, UsageError, listing, nearest, quoted
from amortize.header import check_names, cleaned
from amortize.source import LARGEST, is_workbook, read_bytes

FORMATS = "pip install 'amortize[formats]'"


@dataclass(frozen=True)
class Reading:
    """How to read a file where it cannot be told from the file itself.

    Attributes:
        delimiter: of a text file; default: found from its first lines.
        encoding: of a text file; default: found.
        sheet: of an Excel file; default: the first.
    """

    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None


def read_frame(
    path: str | Path, reading: Reading | None = None, text_columns: Sequence[str] = ()
) -> pd.DataFrame:
    """The table in a file; what was decided on the way stands in `frame.attrs["notes"]`.

    Args:
        path: CSV, TSV or the like, also packed (gzip, bzip2, xz, zip); Parquet; Excel (.xlsx).
        reading: what the file does not tell.
        text_columns: names of columns whose cells stay text.

    Raises:
        DataError: the file cannot be read, or holds no table with usable names.
        UsageError: an option does not fit the file.
    """
    reading = reading or Reading()
    data = read_bytes(path)
    if data.startswith(b"PAR1"):
        _refuse(reading, "sheet", "delimiter", "encoding", kind="a Parquet file")
        frame = _read_parquet(path, data)
    elif is_workbook(data):
        _refuse(reading, "delimiter", "encoding", kind="an Excel file")
        frame = _read_excel(path, data, reading.sheet)
    else:
        _refuse(reading, "sheet", kind="a text file")
        frame = read_delimited(path, data, reading.delimiter, reading.encoding, text_columns)
    frame.columns = pd.Index([cleaned(name) for name in frame.columns], dtype=object)
    check_names(list(frame.columns), quoted(path))
    if len(frame) == 0:
        raise DataError(f"{quoted(path)} has a header but no rows; give at least 5")
    return frame


def _refuse(reading: Reading, *options: str, kind: str) -> None:
    for option in options:
        if getattr(reading, option) is not None:
            raise UsageError(f"--{option} was given, but the data are {kind}; leave it away")


def _need(module: str, path: str | Path, kind: str) -> None:
    if find_spec(module) is None:
        raise DataError(f"{quoted(path)} is {kind}; to read it: {FORMATS}, or export it as CSV")


def _read_parquet(path: str | Path, data: bytes) -> pd.DataFrame:
    _need("pyarrow", path, "a Parquet file")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(data))
        cells = file.metadata.num_rows * file.metadata.num_columns
        if cells * 8 > LARGEST:
            raise DataError(
                f"{quoted(path)} declares {file.metadata.num_rows:,} rows x "
                f"{file.metadata.num_columns:,} columns, which is too large; take a part of it"
            )
        frame = file.read().to_pandas()
    except DataError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{quoted(path)} is damaged ({error}); write it again") from error
    # A named index was a column of its own; pandas keeps it apart.
    return frame.reset_index() if any(frame.index.names) else frame


def _read_excel(path: str | Path, data: bytes, sheet: str | None) -> pd.DataFrame:
    _need("openpyxl", path, "an Excel file")
    try:
        with pd.ExcelFile(io.BytesIO(data), engine="openpyxl") as book:
            sheets = [str(name) for name in book.sheet_names]
            if sheet is not None and sheet not in sheets:
                raise DataError(
                    f"{quoted(path)} has no sheet {quoted(sheet)}{nearest(sheet, sheets)}"
                )
            chosen = sheets[0] if sheet is None else sheet
            cells = pd.DataFrame(pd.read_excel(book, sheet_name=chosen, header=None))
    except DataError:
        raise
    except Exception as error:  # openpyxl raises whatever it stumbles over in a damaged file
        raise DataError(f"{quoted(path)} is a damaged Excel file; save it again") from error
    filled = cells.notna().any(axis=1).to_numpy()
    if not filled.any():
        raise DataError(
            f"the sheet {quoted(chosen)} of {quoted(path)} is empty; give --sheet, one of "
            f"{listing(sheets)}"
        )
    first = int(filled.argmax())
    last = len(filled) - int(filled[::-1].argmax())
    # The names made every column one of objects.
    frame = cells.iloc[first + 1 : last].reset_index(drop=True).infer_objects()
    frame.columns = pd.Index([cleaned(name) for name in cells.iloc[first]])
    if sheet is None and len(sheets) > 1:
        frame.attrs["notes"] = [
            f"The sheet {quoted(chosen)} was read, the first of {len(sheets)}; for another give "
            "--sheet."
        ]
    return frame
