"""What a cell of the table looks like to a network."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from amortize.additive_search import AdditiveGraphs, expected
from amortize.batch import Batch
from amortize.imputation import Filled
from amortize.linear_graphs import LinearGraphs
from amortize.residual_entropies import LinkFeatures

CELL_FEATURES = 7
RESIDUALS = 2  # further ones, of ModelConfig.order_search and of additive_search each
SCALED = 1  # of additive_search


class Graphs(NamedTuple):
    """What searches found; None of those that were not asked."""

    linear: LinearGraphs | None = None
    additive: AdditiveGraphs | None = None
    entropies: LinkFeatures | None = None  # of the linear graph's links


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
        found = []
        if (linear := graphs.linear) is not None:
            expected_bnd = filled.values_bnd @ linear.slope_bdd + linear.intercept_bd[:, None]
            found += [expected_bnd, (v - expected_bnd) / linear.spread_bd[:, None]]
        if (additive := graphs.additive) is not None:
            w = filled.scaled_bnd
            expected_bnd = expected(w, additive)
            found += [expected_bnd, (w - expected_bnd) / additive.spread_bd[:, None], w]
        parts += [jnp.clip(x, -10, 10) * observed for x in found]
    return jnp.stack([p.astype(jnp.float32).swapaxes(1, 2) for p in parts], -1)
