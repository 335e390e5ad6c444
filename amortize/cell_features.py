"""What a cell of the table looks like to a network."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from amortize.batch import Batch
from amortize.imputation import Filled
from amortize.linear_graphs import LinearGraphs

CELL_FEATURES = 7
RESIDUALS = 2  # further ones, of ModelConfig.order_search


def cell_features(
    batch: Batch, filled: Filled | None = None, graphs: LinearGraphs | None = None
) -> Array:
    """[b, d, n, c]: value, its logarithmic and clipped forms, and what was done to the cell.

    With the same rows `filled` in and `graphs`, also what the best linear graph expects there, and
    the cell's residual in standard deviations.
    """
    v, observed, intervened = batch.values_bnd, batch.observed_bnd, batch.intervened_bnd
    elsewhere = intervened.any(-1, keepdims=True) & ~intervened
    regime = jnp.broadcast_to(batch.regime_bn[..., None], v.shape)
    parts = [jnp.clip(v, -10, 10), jnp.arcsinh(v), jnp.tanh(v), observed, intervened, elsewhere]
    parts.append(regime)
    if filled is not None and graphs is not None:
        expected_bnd = filled.values_bnd @ graphs.slope_bdd + graphs.intercept_bd[:, None]
        residual_bnd = (v - expected_bnd) / graphs.spread_bd[:, None]
        parts += [jnp.clip(x, -10, 10) * observed for x in (expected_bnd, residual_bnd)]
    return jnp.stack([p.astype(jnp.float32).swapaxes(1, 2) for p in parts], -1)
