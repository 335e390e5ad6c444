"""Sparse linear regressions, many at a time: parents are added greedily, then dropped.

Grow-shrink (Margaritis 2003) by the Gaussian BIC. Beside the regression each tells which of its
candidates it turned on, so that a search knows what it need not do again.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

FEW = 8  # up to so many parents are dropped by a smaller program
SIZES = (0, 2, 4, 8, 16)  # numbers of parents for which sums over them are written out
FLOOR = 1e-9  # least residual variance of a candidate given those chosen, of its own
SURE = 1e-9  # least share of a residual variance that stays unexplained by one more parent


class Scores(NamedTuple):
    """What b searches score regressions by: candidates, correlations, rows, the price of a parent.

    Each of d targets has q candidates. Correlations are over the rows that count for the target.
    """

    near_mdq: Array  # the candidates, in m tables
    r_mdqq: Array  # their correlations among each other
    with_mdq: Array  # and with the target
    table_b: Array  # which of the tables is searched
    rows_bd: Array  # rows that count for each target
    penalty_b: Array  # of a parent, in units of log(rows); 1 is the BIC


class Regressions(NamedTuple):
    """e in each of b searches."""

    score_be: Array  # rows * log(residual variance, of its own) + price * parents; lower is better
    gain_bqe: Array  # what the score would lose without a parent; 0 for all that are none
    matters_bqe: Array  # whether anything would be different if this one's `allowed` were
    steps: Array  # of adding a parent to all, until the last was done


def grow_shrink(scores: Scores, target_be: Array, allowed_bqe: Array, most: int) -> Regressions:
    """e sparse linear regressions in each of b searches.

    Args:
        scores: of the searches.
        target_be: the variable that is regressed.
        allowed_bqe: which of its candidates count.
        most: parents that are added at most.
    """
    # Regressions last, so that a loop over them is one over neighbouring numbers.
    allowed_qbe = jnp.moveaxis(allowed_bqe, 1, 0)
    n_be = jnp.take_along_axis(scores.rows_bd, target_be, 1)
    price_be = scores.penalty_b[:, None] * jnp.log(n_be)
    steps, rest_be, matters_qbe, when_qbe, *grown = _grow(
        scores, n_be, price_be, target_be, allowed_qbe, most
    )

    def shrink(few: int) -> tuple[Array, Array]:
        rest, loss_kbe = _shrink(n_be, price_be, rest_be, *(part[:few] for part in grown))
        missing = jnp.full((most - few, *n_be.shape), jnp.inf)
        return rest, jnp.concatenate([loss_kbe, missing])

    few = min(FEW, most)
    loss_kbe: Array
    rest_be, loss_kbe = jax.lax.cond(steps <= few, lambda: shrink(few), lambda: shrink(most))
    real_kbe = jnp.isfinite(loss_kbe)
    gain_kbe = jnp.where(real_kbe, loss_kbe, 0.0)
    gain_qbe = jnp.take_along_axis(gain_kbe, jnp.maximum(when_qbe, 0), 0)
    gain_qbe = jnp.where(when_qbe >= 0, gain_qbe, 0.0)
    score_be = n_be * jnp.log(rest_be) + price_be * real_kbe.sum(0)
    gain_bqe, matters_bqe = (jnp.moveaxis(x, 0, 1) for x in (gain_qbe, matters_qbe))
    return Regressions(score_be, gain_bqe, matters_bqe, steps)


def _grow(
    scores: Scores, n_be: Array, price_be: Array, target_be: Array, allowed_qbe: Array, most: int
) -> tuple[Array, ...]:
    """Forward selection by a partial Cholesky factor of the correlations, one parent at a time.

    Returns the number of steps, residual variances, which candidates matter, the step at which each
    was taken (-1: never), the coefficients of the orthogonalised parents, the factor, and the
    parents in the order in which they came, -1 where there is none.

    A candidate matters if it was taken, or if it was not allowed and would have been taken at some
    step: while no other one's `allowed` changes, all steps remain what they are.
    """
    q, b, e = allowed_qbe.shape
    each_q11 = jnp.arange(q)[:, None, None]
    table_b1 = scores.table_b[:, None]
    least_be = -jnp.expm1(-price_be / n_be)  # share of a residual variance that pays for a parent

    def first(x_mdq: Array, *at_be: Array) -> Array:
        """[q, b, e] of the targets."""
        found_beq = x_mdq.at[table_b1, target_be, *at_be].get(mode="promise_in_bounds")
        return jnp.moveaxis(found_beq, -1, 0)

    sizes = [size for size in SIZES if size < most] + [most]

    def going(state: tuple) -> Array:
        return (state[0] < most) & state[1].any()

    def step(state: tuple[Array, ...]) -> tuple[Array, ...]:
        k, on_be, when_qbe, matters_qbe, own_qbe, with_qbe, rest_be, *grown = state
        factor_kqbe, y_kbe, chosen_kbe = grown
        left_qbe = (when_qbe < 0) & (own_qbe > FLOOR)
        drop_qbe = jnp.where(left_qbe, with_qbe**2 / jnp.maximum(own_qbe, FLOOR), 0.0)
        mine_qbe = jnp.where(allowed_qbe, drop_qbe, 0.0)
        most_be = mine_qbe.max(0)
        u_be = jnp.where(mine_qbe >= most_be, each_q11, q - 1).min(0)
        here_qbe = each_q11 == u_be
        enough_be = least_be * rest_be
        rival_qbe = ~allowed_qbe & on_be & (drop_qbe >= jnp.maximum(most_be, enough_be))
        on_be = on_be & (most_be > enough_be)
        taken_qbe = here_qbe & on_be
        root_be = jnp.sqrt(jnp.maximum((here_qbe * own_qbe).sum(0), FLOOR))
        at_k1be = jnp.take_along_axis(factor_kqbe, u_be[None, None], 1, mode="promise_in_bounds")
        new_qbe: Array = jax.lax.switch(
            jnp.searchsorted(jnp.array(sizes), k),
            [partial(_without, size) for size in sizes],
            first(scores.r_mdqq, u_be),
            factor_kqbe,
            at_k1be,
        )
        new_qbe = new_qbe / root_be
        new_qbe = jnp.where(on_be, new_qbe, 0.0)
        y_be = jnp.where(on_be, (here_qbe * with_qbe).sum(0) / root_be, 0.0)
        put = partial(jax.lax.dynamic_update_index_in_dim, index=k, axis=0)
        return (
            k + 1,
            on_be,
            jnp.where(taken_qbe, k, when_qbe),
            matters_qbe | taken_qbe | rival_qbe,
            own_qbe - new_qbe**2,
            with_qbe - new_qbe * y_be,
            jnp.maximum(rest_be - y_be**2, SURE * rest_be),
            put(factor_kqbe, new_qbe),
            put(y_kbe, y_be),
            put(chosen_kbe, jnp.where(on_be, u_be, -1)),
        )

    start = (
        jnp.int32(0),
        jnp.ones((b, e), bool),
        jnp.full((q, b, e), jnp.int32(-1)),
        jnp.zeros((q, b, e), bool),
        jnp.ones((q, b, e)),  # of correlations the diagonal is 1
        first(scores.with_mdq),
        jnp.ones((b, e)),
        jnp.zeros((most, q, b, e)),
        jnp.zeros((most, b, e)),
        jnp.full((most, b, e), -1),
    )
    steps, _, when, matters, _, _, rest, factor, y, chosen = jax.lax.while_loop(going, step, start)
    return steps, rest, matters, when, y, factor, chosen


def _without(few: int, x_qbe: Array, left_kqbe: Array, right_k1be: Array) -> Array:
    """x less the products of the first few: one loop over x, and none over these."""
    for j in range(few):
        x_qbe = x_qbe - left_kqbe[j] * right_k1be[j]
    return x_qbe


def _shrink(
    n_be: Array,
    price_be: Array,
    rest_be: Array,
    y_kbe: Array,
    factor_kqbe: Array,
    chosen_kbe: Array,
) -> tuple[Array, Array]:
    """Backward elimination: residual variances, and what each parent that stays is worth (or inf).

    Works on the inverse of the parents' correlation matrix: where one leaves, it is updated by the
    outer product of that one's column.
    """
    most = len(chosen_kbe)
    each_k11 = jnp.arange(most)[:, None, None]
    real_kbe = chosen_kbe >= 0
    at_1kbe = jnp.maximum(chosen_kbe, 0)[None]
    upper_kkbe = jnp.take_along_axis(factor_kqbe, at_1kbe, 1, mode="promise_in_bounds")
    upper_kkbe = jnp.where(real_kbe, upper_kkbe, 0.0)

    root_kkbe = jnp.zeros((0, *y_kbe.shape))
    for k in reversed(range(most)):  # back substitution: the inverse of the triangular factor
        row_kbe = (each_k11 == k) - (upper_kkbe[k, k + 1 :, None] * root_kkbe).sum(0)
        row_kbe = row_kbe / jnp.where(real_kbe[k], upper_kkbe[k, k], 1.0)
        root_kkbe = jnp.concatenate([row_kbe[None], root_kkbe])
    slope_kbe = (root_kkbe * y_kbe).sum(1)
    inverse_kkbe = (root_kkbe[:, None] * root_kkbe[None]).sum(2)

    def losses(rest_be: Array, slope_kbe: Array, inverse_kkbe: Array, real_kbe: Array) -> Array:
        own_kbe = jnp.moveaxis(jnp.diagonal(inverse_kkbe), -1, 0)
        rise_kbe = slope_kbe**2 / jnp.maximum(own_kbe, 1e-9)
        return jnp.where(real_kbe, n_be * jnp.log1p(rise_kbe / rest_be), jnp.inf)

    def going(state: tuple) -> Array:
        return (state[-1] < price_be).any()

    def step(state: tuple) -> tuple:
        rest_be, slope_kbe, inverse_kkbe, real_kbe, loss_kbe = state
        least_be = loss_kbe.min(0)
        worst_be = jnp.where(loss_kbe <= least_be, each_k11, most - 1).min(0)
        gone_kbe = (each_k11 == worst_be) & (least_be < price_be)
        column_kbe = (gone_kbe[:, None] * inverse_kkbe).sum(0)
        own_be, slope_be = ((gone_kbe * x).sum(0) for x in (column_kbe, slope_kbe))
        scale_be = jnp.where(own_be > 0, 1 / jnp.maximum(own_be, 1e-9), 0.0)
        real_kbe = real_kbe & ~gone_kbe
        rest_be = rest_be + slope_be**2 * scale_be
        slope_kbe = (slope_kbe - column_kbe * slope_be * scale_be) * real_kbe
        inverse_kkbe = inverse_kkbe - column_kbe[:, None] * column_kbe[None] * scale_be
        kept = (rest_be, slope_kbe, inverse_kkbe, real_kbe)
        return *kept, losses(*kept)

    start = (rest_be, slope_kbe, inverse_kkbe, real_kbe)
    rest_be, *_, loss_kbe = jax.lax.while_loop(going, step, (*start, losses(*start)))
    return rest_be, loss_kbe
