"""How numbers are written down: limits, rounding, levels. Every function acts on all columns."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from simulators import draw

CENTRAL = (0.05, 0.95)  # quantiles at the ends of the range that levels divide: no outlier in it


def censor(values_nd: Array, limit_d: Array, ceiling_d: Array) -> Array:
    """Clamp to a limit [d], values above it where `ceiling_d` and values below it elsewhere."""
    below_nd, above_nd = jnp.minimum(values_nd, limit_d), jnp.maximum(values_nd, limit_d)
    return jnp.where(ceiling_d, below_nd, above_nd)


def round_off(values_nd: Array, range_2d: Array, levels_d: Array) -> Array:
    """Round to multiples of a step, `levels_d` of which make up the central range."""
    step_d = jnp.maximum((range_2d[1] - range_2d[0]) / levels_d, 1e-12)
    return jnp.round(values_nd / step_d) * step_d


def to_levels(
    key: Array,
    values_nd: Array,
    rows_n: Array,
    range_2d: Array,
    levels_d: Array,
    equal_d: Array,
    most: int,
) -> Array:
    """Number of thresholds below each value, 0 to levels - 1, float32 [n, d].

    Thresholds divide the central range into equal parts where `equal_d`; elsewhere each is the
    value of a random cell (a uniformly random quantile) moved into the central range, so that a
    level in between may stay empty. The outermost levels hold at least 5 % of the cells each.

    Args:
        key: PRNG key.
        values_nd: [n, d].
        rows_n: [n] bool, True for real rows, which come first.
        range_2d: central range of each column.
        levels_d: levels of each column, at most `most`.
        equal_d: bool, equally wide or at random cells.
        most: static bound on the levels.
    """
    d = values_nd.shape[1]
    low_d, high_d = range_2d[0], range_2d[1]
    cell_qd = jnp.floor(draw.unit(key, (most - 1, d)) * rows_n.sum()).astype(jnp.int32)
    random_cut_qd = jnp.clip(values_nd[cell_qd, jnp.arange(d)], low_d, high_d)
    number_q1 = jnp.arange(1, most)[:, None]
    equal_cut_qd = low_d + (high_d - low_d) * number_q1 / levels_d
    cut_qd = jnp.where(equal_d, equal_cut_qd, random_cut_qd)
    cut_qd = jnp.where(number_q1 < levels_d, cut_qd, jnp.inf)
    return (values_nd > cut_qd[:, None]).sum(0).astype(values_nd.dtype)


def binarise(values_nd: Array, cut_d: Array) -> Array:
    """1 for values above the cut [d] and 0 for the others, float32."""
    return (values_nd > cut_d).astype(values_nd.dtype)
