"""What a cell of the table looks like to a network."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from amortize.batch import Batch

CELL_FEATURES = 7


def cell_features(batch: Batch) -> Array:
    """[b, d, n, 7]: value, its logarithmic and clipped forms, and what was done to the cell."""
    v, observed, intervened = batch.values_bnd, batch.observed_bnd, batch.intervened_bnd
    elsewhere = intervened.any(-1, keepdims=True) & ~intervened
    regime = jnp.broadcast_to(batch.regime_bn[..., None], v.shape)
    parts = [jnp.clip(v, -10, 10), jnp.arcsinh(v), jnp.tanh(v), observed, intervened, elsewhere]
    return jnp.stack([p.astype(jnp.float32).swapaxes(1, 2) for p in [*parts, regime]], -1)
