"""Background knowledge in any form as the matrix that the network reads, for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from amortize.errors import DataError, listing, nearest, quoted
from amortize.knowledge import FORBIDDEN, REQUIRED, UNKNOWN, Knowledge, arrow
from amortize.knowledge_causallearn import from_causallearn
from amortize.knowledge_file import from_mapping

if TYPE_CHECKING:
    from amortize.table import Table


def knowledge_matrix(knowledge: object, table: Table) -> np.ndarray:
    """Any form of background knowledge as int32 [d, d] over the table's variables.

    Names may be those of the table's columns: one that is read as several 0/1 variables stands for
    all of them, and between those no edge is possible. What is said of columns that are left out
    is ignored with a warning in `table.warnings`, except for required edges.

    Args:
        knowledge: None, a `Knowledge`, an array [d, d] of UNKNOWN, FORBIDDEN and REQUIRED, a dict
            with the fields of `Knowledge`, or causal-learn's BackgroundKnowledge.
        table: the data.

    Raises:
        DataError: wrong names, shape or values, or a contradiction.
    """
    names = table.names
    if knowledge is None:
        found = Knowledge()
    elif isinstance(knowledge, Knowledge):
        found = knowledge
    elif isinstance(knowledge, Mapping):
        found = from_mapping(knowledge, "the background knowledge")
    elif hasattr(knowledge, "tier_value_map"):
        found = from_causallearn(knowledge, [column.name for column in table.columns])
    else:
        found = _from_matrix(knowledge, names)
    return _resolved(found, table).matrix(names)


def _from_matrix(knowledge: object, names: Sequence[str]) -> Knowledge:
    try:
        known_dd = np.asarray(knowledge)
        fitting = known_dd.shape == (len(names),) * 2
        fitting = fitting and bool(np.isin(known_dd, (UNKNOWN, FORBIDDEN, REQUIRED)).all())
    except (TypeError, ValueError):
        fitting = False
    if not fitting:
        raise DataError(
            f"the background knowledge is neither a Knowledge, a dict nor an array of shape "
            f"({len(names)}, {len(names)}) of 0 (unknown), 1 (forbidden) and 2 (required)"
        )
    pairs = {
        value: [
            (names[int(i)], names[int(j)])
            for i, j in np.argwhere((known_dd == value) & ~np.eye(len(names), dtype=bool))
        ]
        for value in (FORBIDDEN, REQUIRED)
    }
    return Knowledge(required=tuple(pairs[REQUIRED]), forbidden=tuple(pairs[FORBIDDEN]))


def _resolved(found: Knowledge, table: Table) -> Knowledge:
    """In terms of the table's variables, with what its groups of 0/1 variables imply."""
    columns = [column.name for column in table.columns]
    for name in found.names:
        if name not in columns and name not in table.names:
            raise DataError(
                f"the background knowledge names {quoted(name)}, which is no column of the data"
                f"{nearest(name, columns)}"
            )
    members: dict[str, Sequence[str]] = dict(table.groups)
    absent = {c.name: c.note for c in table.left_out if c.name not in table.names}
    for a, b in found.required:
        for name in (a, b):
            if name in absent:
                raise DataError(
                    f"the required edge {arrow(a, b)} cannot be honoured: column {quoted(name)} is "
                    f"left out ({absent[name]}); remove the edge"
                )
    ignored = [name for name in found.names if name in absent]
    if ignored:
        table.warnings.append(
            f"Background knowledge on {listing(ignored)} is ignored: the column is left out."
        )
    within = [(a, b) for group in table.groups.values() for a in group for b in group if a != b]
    found = found.renamed(members | dict.fromkeys(absent, ()))
    return found.joined(Knowledge(forbidden=tuple(within))) if within else found
