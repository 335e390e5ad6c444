"""What a user gave on the command line, as arrays: the table, the experiments, what is known.

Everything is checked here, before JAX is imported.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from amortize.errors import UsageError, listing, quoted
from amortize.frame import Reading, read_frame
from amortize.header import cleaned
from amortize.interventions import read_interventions, regime, targets
from amortize.knowledge import Knowledge
from amortize.knowledge_file import from_flags, read_knowledge
from amortize.knowledge_matrix import knowledge_matrix
from amortize.table import Table, check_column


@dataclass(frozen=True)
class Request:
    """Files and flags of `amortize predict`, as they were given."""

    data: Path
    interventions: Path | None = None  # a mask like the data
    target_column: str | None = None  # names the variables set in each row
    regime_column: str | None = None  # marks rows of experiments with unknown target
    knowledge: Path | None = None
    require: Sequence[str] = ()  # "cause -> effect"
    forbid: Sequence[str] = ()
    ordinal: Sequence[str] = ()  # "column=low,mid,high"
    indicators: Sequence[str] = ()  # columns
    drop: Sequence[str] = ()  # columns
    reading: Reading = field(default_factory=Reading)

    @property
    def files(self) -> list[Path]:
        """Every file that is read."""
        given = (self.data, self.interventions, self.knowledge)
        return [path for path in given if path is not None]


@dataclass(frozen=True)
class Intake:
    """What the network is given, n rows and d variables.

    Attributes:
        table: the data.
        intervened: bool [n, d], or None where nothing was told.
        regime: bool [n], or None.
        knowledge: int32 [d, d], or None.
        run: what was told, as JSON values for run.json.
    """

    table: Table
    intervened: np.ndarray | None
    regime: np.ndarray | None
    knowledge: np.ndarray | None
    run: dict


def read_intake(request: Request) -> Intake:
    """Read and check every file and flag.

    Raises:
        UsageError: flags that are malformed or exclude each other.
        DataError: a file that cannot be used, a name that is no column's, a contradiction.
    """
    if request.interventions is not None and request.target_column is not None:
        raise UsageError("--interventions and --target-column say the same; give one of them")
    from_edges = from_flags(request.require, request.forbid)
    marks = {
        "--target-column": [request.target_column] if request.target_column is not None else [],
        "--regime-column": [request.regime_column] if request.regime_column is not None else [],
        "--indicators": list(request.indicators),
        "--drop": list(request.drop),
    }
    marked = [cleaned(name) for names in marks.values() for name in names]
    # Declared levels are compared as text; their names are only known once the header is.
    starts = [text.split("=", 1)[0] for text in request.ordinal]
    frame = read_frame(request.data, request.reading, [*marked, *map(cleaned, starts)])
    names = list(frame.columns)
    ordinal = dict(split_levels(text, names) for text in request.ordinal)
    _check_roles({**marks, "--ordinal": [*ordinal]}, names, len(request.ordinal))

    reasons = dict.fromkeys(marks["--drop"], "as you asked (--drop)")
    reasons |= dict.fromkeys(marks["--target-column"], "it names the variables set in each row")
    reasons |= dict.fromkeys(marks["--regime-column"], "it marks the rows of experiments")
    reasons = {cleaned(name): reason for name, reason in reasons.items()}
    indicators = [cleaned(name) for name in request.indicators]
    table = Table.from_frame(frame, ordinal, indicators, reasons)
    table.warnings += frame.attrs.get("notes", [])

    intervened = regime_n = None
    if request.interventions is not None:
        alike = request.interventions.suffix == request.data.suffix
        intervened = read_interventions(
            request.interventions, table, request.reading if alike else None
        )
    if request.target_column is not None:
        column = cleaned(request.target_column)
        intervened = targets(pd.Series(frame[column]), table, column)
    if request.regime_column is not None:
        column = cleaned(request.regime_column)
        regime_n = regime(pd.Series(frame[column]), table, column)
    known = from_edges
    if request.knowledge is not None:
        known = read_knowledge(request.knowledge).joined(from_edges)
    matrix = knowledge_matrix(known, table)
    return Intake(
        table,
        intervened,
        regime_n,
        matrix if matrix.any() else None,
        _record(request, known, intervened, regime_n),
    )


def split_levels(text: str, names: Sequence[str]) -> tuple[str, list[str]]:
    """Column and levels of "column=low,mid,high"; a level with a comma stands in quotes.

    Raises:
        UsageError: not of that form.
        DataError: no such column.
    """
    cuts = [i for i, char in enumerate(text) if char == "="]
    # Names may hold an equals sign as well.
    cut = next((i for i in cuts if cleaned(text[:i]) in names), cuts[0] if cuts else -1)
    column = cleaned(text[:cut]) if cut >= 0 else ""
    levels = [level.strip() for level in next(csv.reader([text[cut + 1 :]], skipinitialspace=True))]
    if not column or len(levels) < 2 or not all(levels):
        raise UsageError(
            f"--ordinal {quoted(text)} declares no levels; write it as column=low,mid,high"
        )
    if len(set(levels)) < len(levels):
        raise UsageError(f"--ordinal {quoted(text)} names a level twice; name each once")
    check_column(column, names)
    return column, levels


def _check_roles(flags: dict[str, list[str]], names: list[str], ordinals: int) -> None:
    """Refuse names that are no column's, and columns with two roles."""
    role: dict[str, str] = {}
    for flag, columns in flags.items():
        for column in map(cleaned, columns):
            check_column(column, names)
            if role.setdefault(column, flag) != flag:
                raise UsageError(
                    f"column {quoted(column)} is given to {role[column]} and {flag}; it can have "
                    "one role"
                )
    if len(flags["--ordinal"]) < ordinals:
        raise UsageError(
            f"--ordinal is given twice for {listing(flags['--ordinal'])}; give it once"
        )


def _record(
    request: Request, known: Knowledge, intervened: np.ndarray | None, regime_n: np.ndarray | None
) -> dict:
    """What was told, as JSON values."""
    return {
        "data": request.data.name,
        "interventions": None if request.interventions is None else request.interventions.name,
        "target_column": request.target_column,
        "regime_column": request.regime_column,
        "intervened_cells": 0 if intervened is None else int(intervened.sum()),
        "unknown_target_rows": 0 if regime_n is None else int(regime_n.sum()),
        "knowledge": known.record() if known else None,
    }
