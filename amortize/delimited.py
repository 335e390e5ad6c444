"""A delimited text file (CSV, TSV, ...) read into a frame.

Structure is checked here (encoding, delimiter, ragged rows); names are checked by `header.py`, and
what the columns mean is `column.py`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from amortize.encoding import decoded
from amortize.errors import DataError, UsageError, quoted
from amortize.header import cleaned, is_header

DELIMITERS = (",", "\t", ";", "|")
RARE_DELIMITERS = ("^", "~", "\x1f", "\x01", ":")  # only where none of the above splits the lines
# pandas' own list without "None", which is a level of many two-level text columns.
MISSING = ["", "NA", "N/A", "n/a", "na", "n.a.", "NaN", "nan", "-NaN", "-nan", "NULL", "null"]
MISSING += ["#N/A", "#NA", "<NA>", "?", ".", "-", "--", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!"]
SNIFFED_LINES = 20
SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.I)  # written and read by Excel
COMMA_NUMBER = r"[+-]?\d*,\d+(?:e[+-]?\d+)?"
# In a file delimited by commas 1,234 may be a thousand; these cannot.
DECIMAL_COMMA = r"[+-]?(?:0?,\d+|\d+,(?:\d{1,2}|\d{4,}))(?:e[+-]?\d+)?"
BLANK_LINES = re.compile(r"\A(?:[ ]*\r?\n)+")


@dataclass(frozen=True)
class Layout:
    """How a file is written."""

    names: list[str]
    rows: int
    headless: bool  # the first column has no field in the header, as R writes it


def read_delimited(
    path: str | Path,
    data: bytes,
    delimiter: str | None = None,
    encoding: str | None = None,
    text_columns: Sequence[str] = (),
) -> pd.DataFrame:
    """The table in the file, one frame column per field of the header.

    The delimiter is found from the first lines unless it is given; a byte-order mark, UTF-16 and
    Windows-1252 are understood, and decimal commas. A first line "sep=;" and comment lines above
    the header are skipped. A column without a name is named "" and left to the caller.

    Args:
        path: for messages.
        data: the content of the file.
        delimiter: one character, or r"\\t"; default: found.
        encoding: a name that Python knows; default: found.
        text_columns: names of columns whose cells stay text, as they stand in the file.

    Raises:
        DataError: the file is not a table with a header.
        UsageError: the delimiter or the encoding is none.
    """
    text, used = decoded(path, data, encoding)
    if _is_json(text):
        raise DataError(f"{quoted(path)} is a JSON file; export the table as CSV")
    text, announced = _without_preamble(text)
    delimiter = _checked(delimiter) or announced or _delimiter(text)
    if delimiter == " ":
        text = "\n".join(re.sub(r"[ \t]+", "\t", line.strip(" ")) for line in text.splitlines())
        delimiter = "\t"
    if not delimiter.isascii():  # pandas takes single bytes
        text, delimiter = text.replace(delimiter, "\x1f"), "\x1f"
    layout = _layout(path, text, delimiter)
    names = layout.names
    if not is_header(names):
        raise DataError(
            f"{quoted(path)} has no header (its first line is {quoted(', '.join(names), 40)}); "
            "put a line of column names first"
        )
    try:
        frame = pd.read_csv(
            io.StringIO(delimiter + text if layout.headless else text),
            sep=delimiter,
            header=0,
            names=list(range(len(names))),  # pandas would rename repeated ones
            index_col=False,
            na_values=MISSING,
            keep_default_na=False,
            dtype={i: str for i, name in enumerate(names) if name in text_columns},
            low_memory=False,
            skipinitialspace=True,
        )
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        raise DataError(
            f"{quoted(path)} cannot be read as a table ({error}); write it again with a "
            "spreadsheet or pandas"
        ) from error
    if frame.shape != (layout.rows, len(names)):
        raise DataError(
            f"{quoted(path)} cannot be read as a table: its quotes are ambiguous "
            f"({layout.rows} rows or {len(frame)}); write it again with a spreadsheet or pandas"
        )
    if used in ("cp1252", "latin-1") and encoding is None:
        frame.attrs["notes"] = [
            "The file is not UTF-8; it was read as Windows-1252. If letters look wrong, give its "
            "--encoding."
        ]
    for i, name in enumerate(names):
        if name not in text_columns and not pd.api.types.is_numeric_dtype(frame[i]):
            frame[i] = _with_points(pd.Series(frame[i]), certain=delimiter != ",")
    return frame.set_axis(names, axis=1)


def _with_points(cells: pd.Series, certain: bool) -> pd.Series:
    """A column of numbers with decimal commas as numbers; any other as it is."""
    present = cells.dropna().astype(str).str.strip()
    commas = present.str.fullmatch(COMMA_NUMBER, case=False)
    if not commas.any() or not (certain or present.str.fullmatch(DECIMAL_COMMA, case=False).any()):
        return cells
    points = present.str.replace(",", ".", regex=False)
    numbers = pd.Series(pd.to_numeric(points, errors="coerce"), index=present.index)
    if numbers.notna().mean() < 0.5:
        return cells
    # A cell that is no number stays as it is and is refused by name later.
    found = numbers if numbers.notna().all() else present.where(numbers.isna(), numbers)
    return found.reindex(cells.index)


def _is_json(text: str) -> bool:
    """Whether the text, or its first line, is a JSON object or list."""
    if text.lstrip()[0] not in "[{":
        return False
    for part in (text, text.lstrip().split("\n", 1)[0]):
        try:
            json.loads(part)
        except (json.JSONDecodeError, RecursionError):
            continue
        return True
    return False


def _checked(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    found = {r"\t": "\t", r"\x1f": "\x1f"}.get(delimiter, delimiter)
    if len(found) != 1 or found in '"\r\n':
        raise UsageError(
            rf"the delimiter {quoted(delimiter)} is no single character; give one, or \t for a tab"
        )
    return found


def _without_preamble(text: str) -> tuple[str, str | None]:
    """The text without comment lines above the header, and the delimiter that a line tells."""
    announced = None
    while True:
        text = BLANK_LINES.sub("", text, count=1)
        line, _, rest = text.partition("\n")
        match = SEPARATOR_LINE.fullmatch(line)
        if match and announced is None:
            announced = match[1]
        elif not line.startswith("#") or not rest.strip():
            return text, announced
        elif _alike(line.lstrip("# "), rest):
            return (line.lstrip("# ") if line.startswith("# ") else line) + "\n" + rest, announced
        text = rest


def _alike(line: str, rest: str) -> bool:
    """Whether a line has as many fields as the first one after it that is no comment."""
    lines = [other for other in rest[: 1 << 16].splitlines() if other.strip()]
    other = next((other for other in lines if not other.startswith("#")), "")
    mark = max(DELIMITERS, key=other.count)
    if mark in other:
        return line.count(mark) == other.count(mark)
    return len(line.split()) == len(other.split())


def _first_lines(text: str) -> list[str]:
    head = text[: 1 << 16].splitlines()
    if len(text) > 1 << 16 and len(head) > 1:
        head.pop()  # it may be cut
    return [line for line in head if line.strip()][:SNIFFED_LINES]


def _delimiter(text: str) -> str:
    lines = _first_lines(text)
    for candidates, agreement in ((DELIMITERS, 0.0), (RARE_DELIMITERS, 0.9)):
        best, best_score = ",", (agreement, 1)
        for delimiter in candidates:
            counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
            agreeing = sum(count == counts[0] for count in counts) / len(counts)
            if counts[0] > 1 and (agreeing, counts[0]) > best_score:
                best, best_score = delimiter, (agreeing, counts[0])
        if best_score[1] > 1:
            return best
    counts = [len(line.split()) for line in lines]
    return " " if counts[0] > 1 and len(counts) > 1 and len(set(counts)) == 1 else ","


def _layout(path: str | Path, text: str, delimiter: str) -> Layout:
    """Names and number of rows, after checking every row's length."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    names: list[str] = []
    rows = width = 0
    try:
        for row in reader:
            if not row or (len(row) == 1 and len(names) != 1 and not row[0].strip()):
                continue
            if not names:
                names = [cleaned(field) for field in row]
                continue
            rows += 1
            if rows == 1:
                width = len(names) + _labelled(names, row)
            if len(row) != width:
                other = "header" if width == len(names) else "first row"
                raise DataError(
                    f"data row {rows} (line {reader.line_num}) of {quoted(path)} has "
                    f"{len(row)} fields, the {other} has {width}; mend that row"
                )
    except csv.Error as error:
        raise DataError(
            f"line {reader.line_num} of {quoted(path)} cannot be read ({error}); "
            "look for a quote that is left open"
        ) from error
    if rows == 0:
        raise DataError(f"{quoted(path)} has a header but no rows; give at least 5")
    headless = width > len(names)
    return Layout([""] * headless + names, rows, headless)


def _labelled(names: list[str], first: list[str]) -> bool:
    """Whether the rows have one field more than the header, in front: R's row names."""
    return len(first) == len(names) + 1 and first[-1].strip() != "" and "" not in names
