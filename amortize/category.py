"""Columns of text and of declared levels: binary, ordinal, indicators, or left out.

The codes of unordered categories are never used as numbers.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from amortize.errors import DataError, listing, nearest, quoted

Use = Literal["continuous", "ordinal", "binary", "left out"]

KINDS: tuple[Use, ...] = ("continuous", "ordinal", "binary")  # position: code in amortize.batch
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d{2}|[a-z]{3,9} \d{1,2},? \d{4}", re.I)
QUANTITY = re.compile(r"[<>~]?\s*([$€£]?)\s*[+-]?\d[\d.,' ]*\s*([a-zµμ°%/]{0,6})", re.I)
NAMED_FIRST_LEVELS = ("no", "false", "f", "n", "off", "absent", "control", "female")
CATEGORIES = 20  # more different texts are no categories
MOST_INDICATORS = 8  # levels of a column that is read as indicators


@dataclass(frozen=True)
class Column:
    """One column of the input: what it is used as and a note saying why or how."""

    name: str
    use: Use
    note: str = ""
    missing: float = 0.0  # fraction of cells without a value


def text_column(name: str, cells: pd.Series) -> tuple[Column, np.ndarray]:
    """A column of text: 0 and 1 where it has two levels, else left out with the reason."""
    present = cells.dropna()
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
    elif _are_quantities(text):
        note = f"numbers written as text ({quoted(text.iloc[0], 20)}); write plain ones to use it"
    elif len(levels) == len(text):
        note = "text that differs in every row (a name or an identifier)"
    elif len(levels) <= CATEGORIES:
        note = f"{len(levels)} unordered categories ({listing(levels, 3)})"
    else:
        note = f"free text ({len(levels)} different values)"
    return Column(name, "left out", note, missing), values


def ordinal_column(name: str, cells: pd.Series, levels: Sequence[str]) -> tuple[Column, np.ndarray]:
    """A column whose levels were declared, lowest first, as 0, 1, 2, ...

    Raises:
        DataError: a cell holds something else.
    """
    labels = labelled(cells)
    place = {_label(level): i for i, level in enumerate(levels)}
    known = labels.isna() | labels.isin(place)
    if not known.all():
        row = int(np.argmin(known.to_numpy()))
        raise DataError(
            f"column {quoted(name)} holds {quoted(labels.iloc[row], 30)} in data row {row + 1}, "
            f"which is none of its declared levels{nearest(labels.iloc[row], list(place))}"
        )
    values = labels.map(place).to_numpy(np.float64, na_value=np.nan)
    missing = float(np.isnan(values).mean())
    found = len(np.unique(values[~np.isnan(values)]))
    note = " < ".join(quoted(level, 20) for level in levels[:MOST_INDICATORS])
    if found < 2:
        return Column(name, "left out", "fewer than two of its levels occur", missing), values
    return Column(name, "binary" if found == 2 else "ordinal", note, missing), values


def indicator_columns(name: str, cells: pd.Series) -> tuple[Column, list[str], np.ndarray]:
    """A column of unordered categories as one 0/1 variable for each level but the commonest.

    Returns:
        The report, the variables' names "column=level", and their values [n, levels - 1].

    Raises:
        DataError: the column has too many levels, or fewer than three.
    """
    labels = labelled(cells)
    counts = labels.value_counts()
    levels = sorted(counts.index, key=lambda level: (-counts[level], level))
    if not 3 <= len(levels) <= MOST_INDICATORS:
        raise DataError(
            f"column {quoted(name)} has {len(levels)} levels; indicators can be made of 3 to "
            f"{MOST_INDICATORS}; join rare ones, or leave --indicators away"
        )
    names = [f"{name}={level}" for level in levels[1:]]
    values = np.stack([(labels == level).to_numpy(np.float64) for level in levels[1:]], axis=1)
    values[labels.isna().to_numpy()] = np.nan
    note = f"{len(names)} indicators; {quoted(levels[0], 30)}, the commonest level, has none"
    return Column(name, "binary", note, float(labels.isna().mean())), names, values


def labelled(cells: pd.Series) -> pd.Series:
    """Cells as stripped text, whole numbers without a decimal point; missing ones stay missing."""
    return cells.reset_index(drop=True).astype(object).map(_label, na_action="ignore")


def _label(cell: object) -> str:
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    text = str(cell).strip()
    return text[:-2] if re.fullmatch(r"[+-]?\d+\.0", text) else text


def _level_rank(level: str) -> int:
    return 0 if level.lower() in NAMED_FIRST_LEVELS else 1


def _are_dates(text: pd.Series) -> bool:
    sample = pd.Series(text.unique()[:50])
    if not sample.str.contains(DATE).all():
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of day and month being ambiguous
        return bool(pd.to_datetime(sample, errors="coerce", format="mixed").notna().mean() > 0.9)


def _are_quantities(text: pd.Series) -> bool:
    """Whether the cells are numbers with a unit, the same for all, or thousands separators."""
    matches = [QUANTITY.fullmatch(cell) for cell in text.unique()[:50]]
    return all(matches) and len({match.groups() for match in matches if match}) == 1
