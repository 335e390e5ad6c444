"""Values on the scale of the bulk of their column, where a standard deviation is that of its tails.

One value in a hundred from a heavy tail makes a standardised column all but constant elsewhere:
bent effects of such a cause are then invisible, and so is everything but the tail to a network.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

TAIL = 0.1  # of the rows on either side do not count
NORMAL = 2.5631  # standard deviations of a normal law between its quantiles TAIL and 1 - TAIL
LIMIT = 4.0  # beyond so many the logarithm counts


def quantile_scaled(values_bnd: Array, rows_bn: Array) -> Array:
    """Around the median, by the range of the middle rows, outliers drawn in logarithmically.

    For a normal column it is the standardised value. Columns of which the middle rows are equal
    keep their scale.

    Args:
        values_bnd: without missing cells.
        rows_bn: which rows are real.
    """
    last_b1 = jnp.maximum(rows_bn.sum(1, keepdims=True) - 1, 0)
    sorted_bnd = jnp.sort(jnp.where(rows_bn[..., None], values_bnd, jnp.inf), 1)

    def quantile(share: float) -> Array:
        """[b, 1, d], between the two nearest rows."""
        place_b1 = share * last_b1
        below_b1 = jnp.floor(place_b1).astype(jnp.int32)
        low, high = (
            jnp.take_along_axis(sorted_bnd, jnp.minimum(at, last_b1)[..., None], 1)
            for at in (below_b1, below_b1 + 1)
        )
        return low + (place_b1 - below_b1)[..., None] * (high - low)

    low_b1d, middle_b1d, high_b1d = (quantile(share) for share in (TAIL, 0.5, 1 - TAIL))
    scale_b1d = (high_b1d - low_b1d) / NORMAL
    scaled_bnd = (values_bnd - middle_b1d) / jnp.where(scale_b1d > 1e-6, scale_b1d, 1.0)
    size_bnd = jnp.abs(scaled_bnd)
    far_bnd = jnp.sign(scaled_bnd) * (LIMIT + jnp.log(jnp.maximum(size_bnd / LIMIT, 1.0)))
    return jnp.where(rows_bn[..., None], jnp.where(size_bnd < LIMIT, scaled_bnd, far_bnd), 0.0)
