"""What one column of a user's table is used as, or why it is left out."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from amortize.category import KINDS, Column, Use, text_column
from amortize.errors import DataError, quoted

__all__ = ["KINDS", "Column", "Use", "check_finite", "number_use", "read_column", "sentinel"]

ORDINAL_LEVELS = (3, 8)  # of whole numbers that are read as levels; the range of the simulator
ROWS_PER_LEVEL = 4  # fewer, and whole numbers may be few by chance
SENTINELS = (-99999, -9999, -999, -99, -9, -1, 99, 999, 9999, 99999)
LARGEST = 1e30  # beyond any unit; squares of larger values leave the range of float64
MISSING_WORDS = {"none", "missing", "unknown", "not available"}  # in a column of numbers
IDENTIFIER = re.compile(r"(^|[_\s.-])(id|index|idx|uuid|guid|row|no|nr|unnamed: \d+)$", re.I)


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
            return text_column(name, cells)
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
    use = number_use(levels, len(seen))
    note = f"{len(levels)} levels, {levels[0]:g} to {levels[-1]:g}" if use == "ordinal" else ""
    return Column(name, use, note, missing), values


def number_use(levels: np.ndarray, count: int) -> Use:
    """What numbers with these different values are used as; `count` cells hold one.

    A few whole numbers that repeat are levels of something (a score, a dose, a count), which the
    network is told.
    """
    if len(levels) == 2:
        return "binary"
    few = ORDINAL_LEVELS[0] <= len(levels) <= ORDINAL_LEVELS[1]
    whole = few and bool((levels == np.round(levels)).all())
    return "ordinal" if whole and count >= ROWS_PER_LEVEL * len(levels) else "continuous"


def sentinel(values: np.ndarray) -> tuple[float, int] | None:
    """A value such as -999 that seems to stand for "missing", and how many cells hold it.

    It repeats, and lies further from all other values than they lie from each other.
    """
    seen = values[~np.isnan(values)]
    for value in (seen.min(initial=0.0), seen.max(initial=0.0)):
        others = seen[seen != value]
        count = len(seen) - len(others)
        if value in SENTINELS and count > 1 and len(others) > 1:
            gap = np.abs(others - value).min()
            if gap > np.ptp(others) > 0:
                return float(value), count
    return None


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
