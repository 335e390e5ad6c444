"""What a cell of the table looks like to a network."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from amortize.additive_search import AdditiveGraphs, expected
from amortize.batch import Batch
from amortize.imputation import Filled
from amortize.linear_graphs import LinearGraphs

CELL_FEATURES = 7
RESIDUALS = 2  # further ones, of ModelConfig.order_search and of additive_search each
SCALED = 1  # of additive_search


class Graphs(NamedTuple):
    """What searches found; None of those that were not asked."""

    linear: LinearGraphs | None = None
    additive: AdditiveGraphs | None = None


def cell_features(
    batch: Batch, filled: Filled | None = None, graphs: Graphs | None = None
) -> Array:
    """[b, d, n, c]: value, its logarithmic and clipped forms, and what was done to the cell.

    With the same rows `filled` in and `graphs`, also what the best graph of each kind expects
    there, and the cell's residual in standard deviations.
    """
    v, observed, intervened = batch.values_bnd, batch.observed_bnd, batch.intervened_bnd
    elsewhere = intervened.any(-1, keepdims=True) & ~intervened
    regime = jnp.broadcast_to(batch.regime_bn[..., None], v.shape)
    parts = [jnp.clip(v, -10, 10), jnp.arcsinh(v), jnp.tanh(v), observed, intervened, elsewhere]
    parts.append(regime)
    if filled is not None and graphs is not None:
        fits = []
        if graphs.linear is not None:
            found = graphs.linear
            fits = [(v, filled.values_bnd @ found.slope_bdd + found.intercept_bd[:, None], found)]
        if graphs.additive is not None:
            w = filled.scaled_bnd
            fits.append((w, expected(w, graphs.additive), graphs.additive))
        for value_bnd, expected_bnd, found in fits:
            residual_bnd = (value_bnd - expected_bnd) / found.spread_bd[:, None]
            parts += [jnp.clip(x, -10, 10) * observed for x in (expected_bnd, residual_bnd)]
        if graphs.additive is not None:
            parts.append(jnp.clip(filled.scaled_bnd, -10, 10) * observed)
    return jnp.stack([p.astype(jnp.float32).swapaxes(1, 2) for p in parts], -1)
