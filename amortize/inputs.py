"""A user's table as the network reads it: numbers, masks, kinds and knowledge. NumPy only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Inputs(NamedTuple):
    """One table of n rows and d variables, as the network reads it."""

    values_nd: np.ndarray  # float32, z-scored, 0 where missing
    observed_nd: np.ndarray  # bool
    intervened_nd: np.ndarray  # bool
    regime_n: np.ndarray  # bool
    kind_d: np.ndarray  # int32
    knowledge_dd: np.ndarray  # int32


def read(
    values_nd: np.ndarray,
    observed_nd: np.ndarray | None = None,
    intervened_nd: np.ndarray | None = None,
    regime_n: np.ndarray | None = None,
    kind_d: np.ndarray | None = None,
    knowledge_dd: np.ndarray | None = None,
) -> Inputs:
    """One table in any units as the network's input; what is not given says nothing.

    Args:
        values_nd: [n, d]; NaN counts as missing.
        observed_nd: [n, d] bool, False = missing whatever the value.
        intervened_nd: [n, d] bool, True = set by a known intervention.
        regime_n: [n] bool, True = row of an experiment with unknown target.
        kind_d: [d] int32, kinds of amortize.batch; default: continuous.
        knowledge_dd: [d, d] int32, background knowledge as in amortize.batch.
    """
    n, d = values_nd.shape
    observed = ~np.isnan(values_nd)
    if observed_nd is not None:
        observed &= observed_nd
    return Inputs(
        standardised(values_nd, observed),
        observed,
        np.zeros((n, d), bool) if intervened_nd is None else np.asarray(intervened_nd, bool),
        np.zeros(n, bool) if regime_n is None else np.asarray(regime_n, bool),
        np.zeros(d, np.int32) if kind_d is None else np.asarray(kind_d, np.int32),
        np.zeros((d, d), np.int32) if knowledge_dd is None else np.asarray(knowledge_dd, np.int32),
    )


def standardised(values_nd: np.ndarray, observed_nd: np.ndarray) -> np.ndarray:
    """Float32 z-scores [n, d], 0 where missing, computed in float64.

    A large offset (a year, a time stamp) would otherwise eat the digits that vary.
    """
    out_nd = np.zeros(values_nd.shape, np.float32)
    for j in range(values_nd.shape[1]):  # a column at a time: long tables are never copied whole
        seen = observed_nd[:, j]
        x = values_nd[seen, j].astype(np.float64)
        if not x.size:
            continue
        x = x - x[0]  # exactly 0 in a constant column, which a mean need not be
        x = x / (np.abs(x).max() or 1.0)
        out_nd[seen, j] = (x - x.mean()) / (x.std() or 1.0)
    return out_nd
