"""A delimited text file (CSV, TSV, ...) read into a frame.

Structure is checked here (encoding, header, ragged rows); what the columns mean is `column.py`.
"""

import csv
import io
import re
import stat
from pathlib import Path

import pandas as pd

from amortize.errors import DataError, quoted

DELIMITERS = (",", "\t", ";", "|")
# pandas' own list without "None", which is a level of many two-level text columns.
MISSING = ["", "NA", "N/A", "n/a", "na", "n.a.", "NaN", "nan", "-NaN", "-nan", "NULL", "null"]
MISSING += ["#N/A", "#NA", "<NA>", "?", ".", "-", "--"]
BINARY_FORMATS = {b"PK\x03\x04": "an Excel or zip file", b"\xd0\xcf\x11\xe0": "an Excel file"}
BINARY_FORMATS |= {b"PAR1": "a Parquet file", b"\x1f\x8b": "a gzip file", b"%PDF": "a PDF file"}
SNIFFED_LINES = 20


def read_delimited(path: str | Path) -> pd.DataFrame:
    """The table in the file, one frame column per field of the header.

    The delimiter is found from the first lines; a byte-order mark, UTF-16 and Windows-1252 are
    understood, and decimal commas where the delimiter is not a comma. An unnamed first column is
    named "" and left to the caller.

    Raises:
        DataError: the file cannot be read, or is not a table with a header.
    """
    path = Path(path)
    text = _text(path)
    delimiter = _delimiter(text)
    if delimiter == " ":
        text = "\n".join(re.sub(r"[ \t]+", "\t", line.strip(" ")) for line in text.splitlines())
        delimiter = "\t"
    names, rows = _structure(path, text, delimiter)
    decimal = "," if delimiter != "," and _has_decimal_commas(text, delimiter) else "."
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=0,
            index_col=False,
            decimal=decimal,
            na_values=MISSING,
            keep_default_na=False,
            low_memory=False,
            skipinitialspace=True,
        )
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        raise DataError(f"{quoted(path)} cannot be read as a table: {error}") from error
    if frame.shape != (rows, len(names)):
        raise DataError(
            f"{quoted(path)} cannot be read as a table: its quotes are ambiguous "
            f"({rows} rows or {len(frame)}); write it again with a spreadsheet or pandas"
        )
    frame.columns = pd.Index(names)
    return frame


def _bytes(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{quoted(path)} is a directory; give a CSV file")
        if not stat.S_ISREG(mode):
            raise DataError(f"{quoted(path)} is not a regular file; save the table to a file")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{quoted(path)} does not exist; check the path") from error
    except OSError as error:
        raise DataError(f"{quoted(path)} cannot be read ({error.strerror})") from error


def _text(path: Path) -> str:
    data = _bytes(path)
    for magic, kind in BINARY_FORMATS.items():
        if data.startswith(magic):
            raise DataError(f"{quoted(path)} is {kind}; export the table as CSV")
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = None
    for encoding in ["utf-16"] if wide else ["utf-8-sig", "cp1252", "latin-1"]:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None:
        raise DataError(f"{quoted(path)} is not text in a known encoding; save it as UTF-8")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{quoted(path)} holds a NUL byte in line {line}; save it as plain text")
    if not text.strip():
        raise DataError(f"{quoted(path)} is empty; give a table with a header and at least 5 rows")
    return text


def _first_lines(text: str) -> list[str]:
    head = text[: 1 << 16].splitlines()
    if len(text) > 1 << 16 and len(head) > 1:
        head.pop()  # it may be cut
    return [line for line in head if line.strip()][:SNIFFED_LINES]


def _delimiter(text: str) -> str:
    lines = _first_lines(text)
    best, best_score = ",", (0.0, 1)
    for delimiter in DELIMITERS:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        agreeing = sum(count == counts[0] for count in counts) / len(counts)
        if counts[0] > 1 and (agreeing, counts[0]) > best_score:
            best, best_score = delimiter, (agreeing, counts[0])
    if best_score == (0.0, 1):
        counts = [len(line.split()) for line in lines]
        if counts[0] > 1 and len(counts) > 1 and len(set(counts)) == 1:
            return " "
    return best


def _structure(path: Path, text: str, delimiter: str) -> tuple[list[str], int]:
    """Header names and the number of rows, after checking every row's length."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    names: list[str] = []
    rows = 0
    try:
        for row in reader:
            if not row or (len(row) == 1 and len(names) != 1 and not row[0].strip()):
                continue
            if not names:
                names = [" ".join(field.split()) for field in row]
                continue
            rows += 1
            if len(row) != len(names):
                raise DataError(
                    f"data row {rows} (line {reader.line_num}) of {quoted(path)} has "
                    f"{len(row)} fields, the header has {len(names)}; mend that row"
                )
    except csv.Error as error:
        raise DataError(
            f"line {reader.line_num} of {quoted(path)} cannot be read ({error}); "
            "look for a quote that is left open"
        ) from error
    _check_header(path, names)
    if rows == 0:
        raise DataError(f"{quoted(path)} has a header but no rows; at least 5 rows are needed")
    return names, rows


def _check_header(path: Path, names: list[str]) -> None:
    for position, name in enumerate(names, start=1):
        if any(ord(char) < 32 or ord(char) == 127 for char in name):
            raise DataError(f"the name of column {position} holds a control character; rename it")
        if not name and position > 1:
            raise DataError(f"column {position} of {quoted(path)} has no name in the header")
    for position, name in enumerate(names, start=1):
        if name in names[: position - 1]:
            first = names.index(name) + 1
            raise DataError(
                f"the column name {quoted(name)} stands twice in the header "
                f"(columns {first} and {position}); rename one"
            )
    if all(_is_number(name) for name in names) and not _is_count(names):
        raise DataError(
            f"{quoted(path)} has no header (its first line is {quoted(', '.join(names), 40)}); "
            "put a line of column names first"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_count(names: list[str]) -> bool:
    """Whether the names are 0, 1, 2, ... or 1, 2, 3, ..., as pandas and R write them."""
    return any(names == [str(i + start) for i in range(len(names))] for start in (0, 1))


def _has_decimal_commas(text: str, delimiter: str) -> bool:
    fields = [
        field.strip()
        for row in csv.reader(_first_lines(text)[1:], delimiter=delimiter)
        for field in row
    ]
    commas = sum(bool(re.fullmatch(r"[+-]?\d*,\d+(e[+-]?\d+)?", field, re.I)) for field in fields)
    points = sum(bool(re.fullmatch(r"[+-]?\d*\.\d+(e[+-]?\d+)?", field, re.I)) for field in fields)
    return commas > points
