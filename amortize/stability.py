"""Edge stability: how often an edge is found again in half of the rows."""

from __future__ import annotations

import numpy as np

from amortize.errors import DataError, UsageError
from amortize.inputs import Inputs, read
from amortize.posterior import decode_dag

FEWEST_ROWS = 10  # fewer, and a half says nothing
MOST_SUBSETS = 1000


def check_subsets(count: int, n: int) -> int:
    """The number of subsets itself, if so many halves of n rows make sense; 0 = none.

    Raises:
        UsageError: the number is negative, 1 or too large.
        DataError: the table is too short.
    """
    if count != 0 and not 2 <= count <= MOST_SUBSETS:
        raise UsageError(f"stability over {count} subsets; give 2 to {MOST_SUBSETS}, or 0 for none")
    if count and n < FEWEST_ROWS:
        raise DataError(f"stability needs {FEWEST_ROWS} rows, the table has {n}; leave it out")
    return count


def half_samples(table: Inputs, count: int, seed: int = 0) -> list[Inputs]:
    """`count` random halves of the rows, in complementary pairs, each standardised anew.

    Complementary pairs as in Shah and Samworth (2013): every row is in one of the two.
    """
    n = len(table.values_nd)
    rng = np.random.default_rng(seed)
    halves: list[np.ndarray] = []
    while len(halves) < count:
        order = rng.permutation(n)
        halves += [order[: n // 2], order[n // 2 : 2 * (n // 2)]]
    return [_rows(table, np.sort(half)) for half in halves[:count]]


def found_again(probabilities: list[np.ndarray], threshold: float) -> np.ndarray:
    """Share [d, d] of the answers whose decoded acyclic graph has the edge i -> j."""
    return np.mean([decode_dag(p, threshold) for p in probabilities], axis=0)


def _rows(table: Inputs, rows: np.ndarray) -> Inputs:
    values = np.where(table.observed_nd[rows], table.values_nd[rows], np.nan)
    return read(
        values,
        None,
        table.intervened_nd[rows],
        table.regime_n[rows],
        table.kind_d,
        table.knowledge_dd,
    )
