"""Missing cells: completely at random, at random, not at random (Rubin 1976).

Acts on the table as recorded, after the artefacts. A cell set by an experiment can go missing like
any other: then its target is known and its value is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import check_numbers, weights_of
from simulators.columns import threshold, within, z_scores

NONE, COMPLETELY_AT_RANDOM, AT_RANDOM, NOT_AT_RANDOM = range(4)


@dataclass(frozen=True)
class MissingnessWeights:
    """What the chance of a cell to be missing depends on (relative weights)."""

    none: float = 0.75  # no cell is missing
    completely_at_random: float = 0.1  # on nothing
    at_random: float = 0.08  # on another column, which is complete
    not_at_random: float = 0.07  # on the value that is missing


@dataclass(frozen=True)
class MissingnessPrior:
    """Which cells are missing. Ranges are (low, high), drawn uniformly."""

    kinds: MissingnessWeights = field(default_factory=MissingnessWeights)
    rate: tuple[float, float] = (0.02, 0.4)  # of the cells of columns with holes, per dataset
    spread: float = 0.5  # a column's rate is that of the dataset times 1 +- up to this
    columns: tuple[float, float] = (0.2, 1.0)  # share of the columns that have holes
    slope: tuple[float, float] = (0.5, 4.0)  # of the log-odds, per standard deviation; random sign
    together: float = 0.2  # chance that columns lose the same rows: a page left out, a lost tube
    least_cells: int = 5  # a column keeps this many where the table has as many rows

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        shares, least = ("rate", "spread", "columns", "together"), {"slope": 0.0, "least_cells": 0}
        check_numbers(self, "missingness", shares, least)


def sample_observed(
    key: Array, prior: MissingnessPrior, values_nd: Array, rows_n: Array, variables_d: Array
) -> Array:
    """Which cells are recorded, [n, d] bool; False in padding.

    The odds of a cell to be missing are logistic in its driver, and the intercept is set so that
    each column misses its share of cells: the floor or ceil of rate x rows, at random. The driver
    is nothing, a complete column (one for each column with holes), or the column itself. A table
    of one variable has no complete column beside it, so that it misses nothing at random.

    Args:
        key: PRNG key.
        prior: weights and ranges.
        values_nd: [n, d], finite, as recorded.
        rows_n: [n] bool, False = padding.
        variables_d: [d] bool, False = padding.
    """
    d = values_nd.shape[1]
    k_kind, k_column, k_cell = jax.random.split(key, 3)
    kind = draw.option(k_kind, weights_of(prior.kinds, "missingness.kinds"))
    flat = draw.unit(k_column, (6 * d + 3,))
    u_6d, (u_share, u_rate, u_together) = flat[3:].reshape(6, d), flat[:3]
    active, real = variables_d.sum(), rows_n.sum()

    # A random order of the real columns: the first have holes.
    order_d = jnp.where(variables_d, u_6d[0], 2.0)
    rank_d = (order_d[None, :] < order_d[:, None]).sum(-1)
    share = within(u_share, prior.columns)
    most = active - (kind == AT_RANDOM)
    holed = jnp.minimum(jnp.maximum(jnp.round(share * active), 1), most)
    holed_d = (rank_d < holed) & variables_d & (kind != NONE)

    rate = within(u_rate, prior.rate)
    rate_d = rate * (1 + prior.spread * within(u_6d[1], (-1.0, 1.0)))
    wanted_d = jnp.floor(rate_d * real + u_6d[2])
    spare = jnp.maximum(real - prior.least_cells, 0)
    count_d = jnp.where(holed_d, jnp.clip(wanted_d, 0, spare), 0)

    z_nd = z_scores(values_nd, rows_n)
    chosen_d = holed + jnp.floor(u_6d[3] * (active - holed))
    other_nd = z_nd @ (rank_d[:, None] == chosen_d[None, :]).astype(z_nd.dtype)
    driver_nd = jnp.where(kind == AT_RANDOM, other_nd, z_nd)
    slope_d = within(u_6d[4], prior.slope) * jnp.where(u_6d[5] < 0.5, -1.0, 1.0)
    slope_d = jnp.where(kind == COMPLETELY_AT_RANDOM, 0.0, slope_d)
    together = u_together < prior.together
    return most_likely_kept(k_cell, slope_d * driver_nd, rows_n, count_d, together) & variables_d


def most_likely_kept(
    key: Array, logit_nd: Array, rows_n: Array, count_d: Array, together: Array
) -> Array:
    """Keep all but `count_d` real cells of each column; [n, d] bool.

    The cells with the largest logit + logistic noise go. With the cut-off c of a column, that
    means a chance of sigmoid(logit - c) for each of its cells.

    Args:
        key: PRNG key.
        logit_nd: [n, d] log-odds up to a constant per column.
        rows_n: [n] bool, False = padding.
        count_d: [d] cells to lose.
        together: bool, the columns share their noise and so tend to lose the same rows.
    """
    n, d = logit_nd.shape
    u_nd = draw.unit(key, (n, d))
    u_nd = jnp.where(together, u_nd[:, :1], u_nd)
    u_nd = jnp.clip(u_nd, 2.0**-24, 1 - 2.0**-24)
    score_nd = logit_nd + jnp.log(u_nd) - jnp.log1p(-u_nd)
    cut_d = threshold(score_nd, rows_n, rows_n.sum() - count_d)
    return (score_nd <= cut_d) & rows_n[:, None]
