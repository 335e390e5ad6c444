"""What one column of a user's table is used as, or why it is left out."""

import re
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from amortize.errors import DataError, listing, quoted

Use = Literal["number", "binary", "left out"]

LARGEST = 1e30  # beyond any unit; squares of larger values leave the range of float64
MISSING_WORDS = {"none", "missing", "unknown", "not available"}  # in a column of numbers
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d{2}|[a-z]{3,9} \d{1,2},? \d{4}", re.I)
IDENTIFIER = re.compile(r"(^|[_\s.-])(id|index|idx|uuid|guid|row|no|nr|unnamed: \d+)$", re.I)
NAMED_FIRST_LEVELS = ("no", "false", "f", "n", "off", "absent", "control", "female")


@dataclass(frozen=True)
class Column:
    """One column of the input: what it is used as and a note saying why or how."""

    name: str
    use: Use
    note: str = ""
    missing: float = 0.0  # fraction of cells without a value


def read_column(name: str, cells: pd.Series) -> tuple[Column, np.ndarray]:
    """The column's report and its values, float64 [n] with NaN for missing.

    Values are all NaN where a column is left out. Rows are counted from 1, without the header.

    Raises:
        DataError: an infinite or absurdly large value, or text among numbers.
    """
    cells = cells.reset_index(drop=True)
    present = cells.dropna()
    if not present.empty and _is_text(cells):
        numbers = _numbers(name, present)
        if numbers is None:
            return _text_column(name, cells, present)
        cells = numbers.reindex(cells.index)
        present = cells.dropna()
    missing = 1.0 - len(present) / max(len(cells), 1)
    if present.empty:
        note = "every cell is missing"
    elif not pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_complex_dtype(cells):
        note = "dates or times" if _is_time(cells) else f"values of type {cells.dtype}"
    else:
        return _number_column(name, cells.to_numpy(np.float64, na_value=np.nan), missing)
    return Column(name, "left out", note, missing), np.full(len(cells), np.nan)


def _is_text(cells: pd.Series) -> bool:
    """Whether the cells are to be read as text: strings, mixed objects, categories, booleans."""
    types = pd.api.types
    return not _is_time(cells) and (types.is_bool_dtype(cells) or not types.is_numeric_dtype(cells))


def _is_time(cells: pd.Series) -> bool:
    types = pd.api.types
    return types.is_datetime64_any_dtype(cells) or types.is_timedelta64_dtype(cells)


def _number_column(name: str, values: np.ndarray, missing: float) -> tuple[Column, np.ndarray]:
    check_finite(name, values)
    seen = values[~np.isnan(values)]
    levels = np.unique(seen)
    if len(levels) == 1:
        note = f"constant (every value is {seen[0]:g})"
    elif len(levels) == 2:
        note = f"two levels, {levels[0]:g} and {levels[1]:g}"
        return Column(name, "binary", note, missing), values
    else:
        note = _identifier(name, values)
    if note:
        return Column(name, "left out", note, missing), np.full(len(values), np.nan)
    return Column(name, "number", "", missing), values


def check_finite(name: str, values: np.ndarray) -> None:
    """Refuse infinite and absurdly large values, naming the first one's column and row."""
    wrong = np.isinf(values) | (np.abs(values) > LARGEST)
    if wrong.any():
        row = int(np.argmax(wrong))
        kind = "infinite" if np.isinf(values[row]) else f"too large to use ({values[row]:g})"
        raise DataError(
            f"column {quoted(name)} is {kind} in data row {row + 1}; "
            "correct the cell or leave it empty"
        )


def _numbers(name: str, present: pd.Series) -> pd.Series | None:
    """The cells as numbers where at least half of them are numbers, else None."""
    text = present.astype(str).str.strip()
    if text.str.lower().isin({"true", "false"}).all():
        return None
    values = pd.Series(pd.to_numeric(text, errors="coerce"), index=text.index)
    words = text.str.lower().isin(MISSING_WORDS)
    wrong = values.isna() & ~words & ~text.str.lower().isin({"nan", ""})
    if values.notna().sum() < 0.5 * len(values):
        return None
    if wrong.any():
        row = wrong.idxmax()
        raise DataError(
            f"column {quoted(name)} holds the text {quoted(text[row], 40)} in data row "
            f"{int(str(row)) + 1} among numbers; correct the cell or leave it empty"
        )
    return values


def _text_column(name: str, cells: pd.Series, present: pd.Series) -> tuple[Column, np.ndarray]:
    missing = 1.0 - len(present) / len(cells)
    text = present.astype(str).str.strip()
    levels = sorted(text.unique(), key=lambda level: (_level_rank(level), level))
    values = np.full(len(cells), np.nan)
    dates = _are_dates(text)
    if len(levels) == 2 and not dates:
        values[present.index.to_numpy()] = (text == levels[1]).to_numpy(dtype=np.float64)
        note = f"{quoted(levels[0], 30)} = 0, {quoted(levels[1], 30)} = 1"
        return Column(name, "binary", note, missing), values
    if len(levels) == 1:
        note = f"constant (every value is {quoted(levels[0], 30)})"
    elif dates:
        note = "dates or times"
    elif len(levels) == len(text):
        note = "text that differs in every row (a name or an identifier)"
    elif len(levels) <= 20:
        note = f"text with {len(levels)} categories ({listing(levels, 3)})"
    else:
        note = f"free text ({len(levels)} different values)"
    return Column(name, "left out", note, missing), values


def _level_rank(level: str) -> int:
    return 0 if level.lower() in NAMED_FIRST_LEVELS else 1


def _are_dates(text: pd.Series) -> bool:
    sample = pd.Series(text.unique()[:50])
    if not sample.str.contains(DATE).all():
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of day and month being ambiguous
        return bool(pd.to_datetime(sample, errors="coerce", format="mixed").notna().mean() > 0.9)


def _identifier(name: str, values: np.ndarray) -> str:
    """Why a numeric column is taken for a row number or identifier, or the empty string."""
    if np.isnan(values).any() or (values != np.round(values)).any():
        return ""
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        return "whole numbers that only go up or only go down, like a row number"
    if (name == "" or IDENTIFIER.search(name)) and len(np.unique(values)) == len(values):
        return "identifier-like (a different whole number in every row)"
    return ""
