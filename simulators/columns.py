"""Statistics of the columns of a padded table, over its real rows only."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array

CONTINUOUS, ORDINAL, BINARY = range(3)  # kinds of variables

# Halvings of the range: 2^-24 of it is finer than float32 can tell apart at its ends.
STEPS = 24


def moments(values_nd: Array, rows_n: Array) -> tuple[Array, Array]:
    """Mean [d] and standard deviation [d] (at least 1e-6) over the rows that are True."""
    weight_n = rows_n / jnp.maximum(rows_n.sum(), 1)
    mean_d = weight_n @ jnp.where(rows_n[:, None], values_nd, 0.0)
    centred_nd = jnp.where(rows_n[:, None], values_nd - mean_d, 0.0)
    return mean_d, jnp.maximum(jnp.sqrt(weight_n @ centred_nd**2), 1e-6)


def z_scores(values_nd: Array, rows_n: Array, limit: float = 4.0) -> Array:
    """Values in standard deviations from the mean, clipped to +-limit; 0 in padding rows."""
    mean_d, std_d = moments(values_nd, rows_n)
    z_nd = jnp.clip((values_nd - mean_d) / std_d, -limit, limit)
    return jnp.where(rows_n[:, None], z_nd, 0.0)


def threshold(values_nd: Array, rows_n: Array, count_d: Array) -> Array:
    """Per column, the least value [d] that at least `count_d` real rows do not exceed.

    By bisection between the extremes: never fewer than `count_d` rows lie at or below the result,
    and more only where values agree to 2^-24 of the column's range. On a CPU this takes a tenth of
    the time of sorting the column. Columns without real rows give 0.
    """
    real_nd = rows_n[:, None]
    some = rows_n.any()
    low_d = jnp.where(some, jnp.where(real_nd, values_nd, jnp.inf).min(0), 0.0)
    high_d = jnp.where(some, jnp.where(real_nd, values_nd, -jnp.inf).max(0), 0.0)

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low_d, high_d = bounds
        middle_d = low_d + (high_d - low_d) / 2
        enough_d = ((values_nd <= middle_d) & real_nd).sum(0) >= count_d
        return jnp.where(enough_d, low_d, middle_d), jnp.where(enough_d, middle_d, high_d)

    return jax.lax.fori_loop(0, STEPS, halve, (low_d, high_d))[1]


def quantiles(values_nd: Array, rows_n: Array, share_qd: Array) -> Array:
    """Per column, the least values [q, d] that these shares of the real rows do not exceed."""
    count_qd = jnp.ceil(share_qd * rows_n.sum() - 1e-3)  # 0.3 * 10 is 3, not 4, in float32
    return jax.vmap(threshold, in_axes=(None, None, 0))(values_nd, rows_n, count_qd)


def within(u: Array, bounds: tuple[float, float]) -> Array:
    """Uniform draws in [0, 1) moved to between the two bounds.

    Compiling a draw takes longer than making it: a component draws once and divides up the result.
    """
    return bounds[0] + u * (bounds[1] - bounds[0])


def log_within(u: Array, bounds: tuple[float, float]) -> Array:
    """Uniform draws in [0, 1) made log-uniform between the two positive bounds."""
    return jnp.exp(within(u, (math.log(bounds[0]), math.log(bounds[1]))))
