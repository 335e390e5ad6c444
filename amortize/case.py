"""One evaluation dataset as every method gets it: z-scored, columns permuted, truth beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from amortize.sortability import r2_sortability, varsortability
from amortize.sweep import Record, array_hash


class Case(NamedTuple):
    """The table, its masks, its true graph, and what is recorded about it."""

    values_nd: NDArray[np.float64]  # z-scored over observed cells, 0 (the mean) where missing
    observed_nd: NDArray[np.bool_]
    intervened_nd: NDArray[np.bool_]
    truth_dd: NDArray[np.bool_]
    about: Record  # permutation_seed, table (hash), truth (edges), both sortabilities


def prepare(
    values_nd: ArrayLike,
    observed_nd: ArrayLike,
    intervened_nd: ArrayLike,
    graph_dd: ArrayLike,
    permutation_seed: int,
) -> Case:
    """Permutes the columns and z-scores them.

    PC, BOSS and others depend on the order of the columns, and a simulator may leave a helpful
    one. Sortabilities are those of the raw values, in the rows without an intervention where
    these outnumber the variables, else in all rows.
    """
    graph = np.asarray(graph_dd)
    order = np.random.default_rng(permutation_seed).permutation(len(graph))
    truth = graph[np.ix_(order, order)].astype(bool)
    observed = np.asarray(observed_nd)[:, order].astype(bool)
    intervened = np.asarray(intervened_nd)[:, order].astype(bool)
    filled = fill(np.asarray(values_nd, dtype=np.float64)[:, order], observed)
    share = np.maximum(observed.mean(axis=0), 1e-12)
    spread = filled.std(axis=0) / np.sqrt(share)  # of the observed cells
    centred = np.where(observed, filled - filled.mean(axis=0), 0.0)
    values = centred / np.where(spread > 1e-12, spread, 1.0)
    plain = ~intervened.any(axis=1)
    raw = filled[plain] if plain.sum() > len(graph) else filled
    about: Record = {
        "permutation_seed": permutation_seed,
        "table": array_hash(values.astype(np.float32), observed, intervened, truth),
        "truth": np.argwhere(truth).tolist(),
        "varsortability": varsortability(raw, truth),
        "r2_sortability": r2_sortability(raw, truth),
    }
    return Case(values, observed, intervened, truth, about)


def fill(values_nd: NDArray, observed_nd: NDArray) -> NDArray:
    """The table with missing cells set to the mean of their column's observed cells."""
    count = np.maximum(observed_nd.sum(axis=0), 1)
    mean = np.where(observed_nd, values_nd, 0.0).sum(axis=0) / count
    return np.where(observed_nd, values_nd, mean)
