"""One evaluation dataset as every method gets it: columns permuted, z-scored, truth beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from amortize.equivalence import find_cycle
from amortize.results import Record, array_hash
from amortize.sortability import r2_sortability, varsortability

CONTINUOUS = 0  # of the kinds of `simulators.columns`, which this file does not need


class Case(NamedTuple):
    """The table of n rows and d variables, its masks, its true graph, and what is recorded."""

    values_nd: NDArray[np.float64]  # z-scored over observed cells, the mean where missing
    observed_nd: NDArray[np.bool_]
    intervened_nd: NDArray[np.bool_]  # set by an experiment with known target
    truth_dd: NDArray[np.bool_]
    about: Record  # permutation_seed, table (hash), truth (edges), shape, both sortabilities, ...
    regime_n: NDArray[np.bool_]  # row of an experiment with unknown target
    kind_d: NDArray[np.int32]  # continuous, ordinal or binary


def prepare(
    values_nd: ArrayLike,
    observed_nd: ArrayLike,
    intervened_nd: ArrayLike,
    graph_dd: ArrayLike,
    permutation_seed: int,
    *,
    raw: bool = False,
    regime_n: ArrayLike | None = None,
    kind_d: ArrayLike | None = None,
) -> Case:
    """Permutes the columns and z-scores them, unless `raw`.

    PC, BOSS and others depend on the order of the columns, and a simulator may leave a helpful
    one. Sortabilities are those of the raw values, in the rows without an intervention where
    these outnumber the variables, else in all rows; NaN for a truth with a cycle.
    """
    graph = np.asarray(graph_dd)
    n, d = np.asarray(values_nd).shape
    order = np.random.default_rng(permutation_seed).permutation(d)
    truth = graph[np.ix_(order, order)].astype(bool)
    np.fill_diagonal(truth, False)
    observed = np.asarray(observed_nd)[:, order].astype(bool)
    intervened = np.asarray(intervened_nd)[:, order].astype(bool)
    regime = np.zeros(n, bool) if regime_n is None else np.asarray(regime_n).astype(bool)
    kind = np.full(d, CONTINUOUS) if kind_d is None else np.asarray(kind_d)[order]
    filled = fill(np.asarray(values_nd, dtype=np.float64)[:, order], observed)
    values = filled if raw else standardise(filled, observed)
    plain = ~(intervened.any(axis=1) | regime)
    base = filled[plain] if plain.sum() > d else filled
    cycle = find_cycle(truth)
    nan = float("nan")
    about: Record = {
        "permutation_seed": permutation_seed,
        "scale": "raw" if raw else "z-scored",
        "shape": [n, d],
        "table": array_hash(values.astype(np.float32), observed, intervened, truth),
        "truth": np.argwhere(truth).tolist(),
        "cycle": [int(order[i]) for i in cycle],  # columns as the source had them
        "varsortability": nan if cycle else varsortability(base, truth),
        "r2_sortability": nan if cycle else r2_sortability(base, truth),
    }
    if regime.any() or kind.any():
        about["extra"] = array_hash(regime, kind.astype(np.int32))
    return Case(values, observed, intervened, truth, about, regime, kind.astype(np.int32))


def standardise(filled_nd: NDArray, observed_nd: NDArray) -> NDArray[np.float64]:
    """Z-scores over the observed cells of columns without gaps, see `fill`; 0 where missing."""
    share = np.maximum(observed_nd.mean(axis=0), 1e-12)
    spread = filled_nd.std(axis=0) / np.sqrt(share)  # of the observed cells
    centred = np.where(observed_nd, filled_nd - filled_nd.mean(axis=0), 0.0)
    return centred / np.where(spread > 1e-12, spread, 1.0)


def fill(values_nd: NDArray, observed_nd: NDArray) -> NDArray:
    """The table with missing cells set to the mean of their column's observed cells."""
    count = np.maximum(observed_nd.sum(axis=0), 1)
    mean = np.where(observed_nd, values_nd, 0.0).sum(axis=0) / count
    return np.where(observed_nd, values_nd, mean)
