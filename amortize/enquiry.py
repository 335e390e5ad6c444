"""One table with all that is told about it, checked and made ready for a network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from amortize.errors import DataError, UsageError, listing, quoted
from amortize.inputs import Inputs, read
from amortize.interventions import check_interventions
from amortize.knowledge_matrix import knowledge_matrix
from amortize.table import FEWEST_ROWS, KINDS, Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Enquiry(NamedTuple):
    """What is asked."""

    table: Table
    inputs: Inputs  # over the table's usable variables
    known_dd: np.ndarray  # background knowledge, over all its variables
    warnings: list[str]  # of the table and of what was told about it


def enquire(
    x: ArrayLike | pd.DataFrame | Table,
    interventions: ArrayLike | pd.DataFrame | None = None,
    names: Sequence[str] | None = None,
    knowledge: object = None,
    regime: ArrayLike | None = None,
    kinds: Sequence[str] | None = None,
    max_rows: int | None = None,
) -> Enquiry:
    """The arguments of `Predictor.predict`, which describes them, checked.

    Raises:
        DataError: the table, the mask, the regime or the knowledge cannot be used.
        UsageError: kinds or max_rows are not as described.
    """
    if max_rows is not None and max_rows < FEWEST_ROWS:
        raise UsageError(f"max_rows is {max_rows}; give {FEWEST_ROWS} or more, or leave it out")
    table = _as_table(x, names)
    before = len(table.warnings)
    n, used = len(table.values), table.usable
    intervened_nd = np.zeros(table.values.shape, bool)
    if interventions is not None:
        intervened_nd = check_interventions(interventions, table)
    regime_n = np.zeros(n, bool) if regime is None else _check_regime(regime, n)
    known_dd = knowledge_matrix(knowledge, table)
    kind_d = table.kinds if kinds is None else _check_kinds(kinds, table)
    told = table.warnings[:]
    del table.warnings[before:]  # a table that is predicted twice says it once

    rows = slice(None)
    if max_rows is not None and max_rows < n:
        rows = np.sort(np.random.default_rng(0).choice(n, max_rows, replace=False))
        told.append(f"Only {max_rows} of {n} rows were read, drawn at random, as asked.")
    inputs = read(
        table.values[rows][:, used],
        None,
        intervened_nd[rows][:, used],
        regime_n[rows],
        kind_d[used],
        known_dd[np.ix_(used, used)],
    )
    return Enquiry(table, inputs, known_dd, told)


def readable(inputs: Inputs, trained: Collection[str]) -> Inputs:
    """The inputs without those that a network was not trained to read (`TrainConfig.inputs`)."""
    optional = {"regime": "regime_n", "kind": "kind_d", "knowledge": "knowledge_dd"}
    unread = [field for name, field in optional.items() if name not in trained]
    return inputs._replace(**{name: np.zeros_like(getattr(inputs, name)) for name in unread})


def unread_warnings(enquiry: Enquiry, trained: Collection[str]) -> list[str]:
    """Sentences on what is told and the network was not trained to read."""
    table, inputs, found = enquiry.table, enquiry.inputs, []
    names = [name for name, used in zip(table.names, table.usable, strict=True) if used]
    typed = [name for name, kind in zip(names, inputs.kind_d, strict=True) if kind]
    if typed and "kind" not in trained:
        found.append(
            f"The column(s) {listing(typed)} with levels are read as numbers: the network was "
            "trained on continuous variables."
        )
    if inputs.regime_n.any() and "regime" not in trained:
        found.append(
            f"The {int(inputs.regime_n.sum())} rows of experiments with unknown target are "
            "read as if nothing had been done: the network was not trained on such rows."
        )
    if inputs.knowledge_dd.any() and "knowledge" not in trained:
        found.append(
            "The background knowledge holds in the result, but the network did not read it: "
            "it does not change what is said of other pairs."
        )
    return found


def _as_table(x: Any, names: Sequence[str] | None) -> Table:
    if isinstance(x, Table):
        return x
    if isinstance(x, pd.DataFrame):
        if names is not None:
            if len(names) != x.shape[1]:
                raise DataError(
                    f"{len(names)} names were given for {x.shape[1]} columns; give one per column"
                )
            x = x.set_axis(list(names), axis=1)
        return Table.from_frame(x)
    return Table.from_array(x, names)


def _check_regime(regime: Any, n: int) -> np.ndarray:
    try:
        found = np.asarray(regime)
        fitting = found.shape == (n,) and bool(np.isin(found, (0, 1)).all())
    except (TypeError, ValueError):
        fitting = False
    if not fitting:
        raise DataError(
            f"the regime is not {n} values of 0 and 1; give 1 for each row of an experiment with "
            "unknown target"
        )
    return found.astype(bool)


def _check_kinds(kinds: Sequence[str], table: Table) -> np.ndarray:
    if len(kinds) != len(table.names):
        raise UsageError(
            f"{len(kinds)} kinds were given for {len(table.names)} variables; give one each"
        )
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"{quoted(kind)} is no kind; choose {', '.join(KINDS)}")
    return np.array([KINDS.index(kind) for kind in kinds], dtype=np.int32)
