"""Search for the order of the variables whose sparse linear regressions score best.

Given an order, each variable is regressed on few of its candidates before it; an order is improved
by moving one variable at a time to its best place (best order score search, Andrews et al. 2023;
grow-shrink regressions after Margaritis 2003, by the Gaussian BIC). All tables are searched at
once, and the whole is deterministic: first orders follow the data, and ties go to the earliest
place. Precision is that of the correlations: in single precision the search goes astray where
variables are all but determined by others, as in large linear systems.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

MOST_PARENTS = 16
USUAL_PARENTS = 8  # up to so many are dropped by a smaller program
MANY = 32  # variables beyond which none has more parents than usual
FLOOR = 1e-9  # least residual variance of a candidate given those chosen, of its own
SURE = 1e-9  # least share of a residual variance that stays unexplained by one more parent
TIE = 0.05  # scores closer than this are equal


class Found(NamedTuple):
    """The best graph that each of b searches came upon; scores are in units of 2 nats."""

    gain_bdd: Array  # [b, i, j]: what j's score loses without its parent i; 0: not a parent
    score_b: Array  # lower is better
    place_bd: Array  # of each variable in the order, from 0


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


def order_search(scores: Scores, real_bd: Array, place_bd: Array, sweeps: int) -> Found:
    """The graph that moves of single variables lead to.

    Args:
        scores: of b searches among d variables.
        real_bd: which variables are real; padding is nobody's parent and never moves.
        place_bd: the first order, padding behind all real variables.
        sweeps: how often at most every variable is moved; 0: the first order is kept.
    """
    b, d = real_bd.shape
    each = jnp.arange(d)
    search_b = jnp.arange(b)
    count_b1 = real_bd.sum(1, keepdims=True)
    near_bdq = scores.near_mdq[scores.table_b]
    q = near_bdq.shape[-1]

    def move(turn: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        place_bd, first_bd, score_bd, gain_bqd, _ = state
        moving_bd = (first_bd == turn) & real_bd
        from_b1 = (moving_bd * place_bd).sum(1, keepdims=True)
        rank_bd = place_bd - (place_bd > from_b1)  # places of the others without it
        # Before the first turn all variables are scored where they are: so there is one program of
        # regressions alone to compile.
        first = turn < 0
        trial = _trial(scores, real_bd, near_bdq, moving_bd, place_bd, rank_bd)
        was_before_bd, others_bd = place_bd < from_b1, real_bd & ~moving_bd
        without_bd = jnp.where(was_before_bd, score_bd, trial.other_bd) * others_bd
        with_bd = jnp.where(was_before_bd, trial.other_bd, score_bd) * others_bd
        before_bdd = rank_bd[:, :, None] < each  # [b, v, place]: v comes first
        total_bd = jnp.where(before_bdd, without_bd[:, :, None], with_bd[:, :, None]).sum(1)
        total_bd = jnp.where(each < count_b1, total_bd + trial.own_bd, jnp.inf)
        least_b1 = total_bd.min(1, keepdims=True)
        here_b1 = jnp.where(each == from_b1, total_bd, 0.0).sum(1, keepdims=True)
        better_b1 = (least_b1 < here_b1 - 2 * TIE) & (turn < count_b1) & ~first
        to_b1 = jax.lax.argmax(total_bd <= least_b1 + TIE, 1, jnp.int32)[:, None]
        to_b1 = jnp.where(better_b1, to_b1, from_b1)
        changed_bd = others_bd & ((rank_bd < to_b1) != was_before_bd) & better_b1 | first
        mine_bd = moving_bd & better_b1
        to_b = to_b1[:, 0]
        own_gain_bq = trial.own_gain_bqe[search_b, :, trial.ahead_bd[search_b, to_b]]
        own_score_b1 = trial.own_bd[search_b, to_b][:, None]
        score_bd = jnp.where(mine_bd, own_score_b1, score_bd)
        score_bd = jnp.where(changed_bd, trial.other_bd, score_bd)
        gain_bqd = jnp.where(mine_bd[:, None], own_gain_bq[:, :, None], gain_bqd)
        gain_bqd = jnp.where(changed_bd[:, None], trial.other_gain_bqd, gain_bqd)
        new_bd = jnp.where(moving_bd, to_b1, rank_bd + (rank_bd >= to_b1))
        place_bd = jnp.where(better_b1 & real_bd, new_bd, place_bd)
        return place_bd, first_bd, score_bd, gain_bqd, state[4] | better_b1.any()

    def sweep(state: tuple) -> tuple:
        done, place_bd, *rest, _ = state
        turns = jnp.where(done == 0, -1, 0), count_b1.max() if sweeps else 0
        start = (place_bd, place_bd, *rest, jnp.bool_(False))
        place_bd, _, *rest, moved = jax.lax.fori_loop(*turns, move, start)
        return done + 1, place_bd, *rest, moved

    def going(state: tuple) -> Array:
        return (state[0] < max(sweeps, 1)) & state[-1]

    start = (jnp.zeros((b, d)), jnp.zeros((b, q, d)), jnp.bool_(True))
    _, place_bd, score_bd, gain_bqd, _ = jax.lax.while_loop(
        going, sweep, (jnp.int32(0), place_bd, *start)
    )
    where_bdq = (search_b[:, None, None], near_bdq, each[:, None])
    gain_bdd = jnp.zeros((b, d, d)).at[where_bdq].add(gain_bqd.swapaxes(1, 2))
    return Found(gain_bdd, jnp.where(real_bd, score_bd, 0.0).sum(1), place_bd)


class _Trial(NamedTuple):
    """What would become of the scores if one variable x of each search moved."""

    other_bd: Array  # of every other one, with x as a candidate if it was none, or the reverse
    other_gain_bqd: Array
    own_bd: Array  # of x at every place
    own_gain_bqe: Array  # behind none of its candidates, the first of them, the first two, ...
    ahead_bd: Array  # how many of its candidates are ahead of a place


def _trial(
    scores: Scores,
    real_bd: Array,
    near_bdq: Array,
    moving_bd: Array,
    place_bd: Array,
    rank_bd: Array,
) -> _Trial:
    b, d = real_bd.shape
    q = near_bdq.shape[-1]
    search_b, each = jnp.arange(b), jnp.arange(d)
    x_b = jax.lax.argmax(moving_bd, 1, jnp.int32)

    def at(x_bd: Array) -> Array:
        """What the candidates have, [b, d, q]."""
        return jnp.take_along_axis(x_bd[:, None], near_bdq, 2)

    pairs_bdq = real_bd[:, :, None] & at(real_bd)
    toggled_bdq = (at(place_bd) < place_bd[:, :, None]) ^ at(moving_bd)
    toggled_bdq = toggled_bdq & pairs_bdq & ~moving_bd[:, :, None]
    some_bq = pairs_bdq[search_b, x_b] & moving_bd.any(1, keepdims=True)
    rank_bq = jnp.where(some_bq, jnp.take_along_axis(rank_bd, near_bdq[search_b, x_b], 1), d)
    above_bq = (rank_bq[:, None] < rank_bq[:, :, None]).sum(2)  # candidates ahead of each
    behind_bqe = (above_bq[:, :, None] < jnp.arange(q + 1)) & some_bq[:, :, None]
    targets = jnp.broadcast_to(each, (b, d)), jnp.broadcast_to(x_b[:, None], (b, q + 1))
    tried_be, gain_bqe = grow_shrink(
        scores,
        jnp.concatenate(targets, 1),
        jnp.concatenate([toggled_bdq.swapaxes(1, 2), behind_bqe], 2),
        min(MOST_PARENTS if d <= MANY else USUAL_PARENTS, q),
    )
    ahead_bd = (rank_bq[:, None] < each[:, None]).sum(2)
    own_bd = jnp.take_along_axis(tried_be[:, d:], ahead_bd, 1)
    return _Trial(tried_be[:, :d], gain_bqe[:, :, :d], own_bd, gain_bqe[:, :, d:], ahead_bd)


def grow_shrink(
    scores: Scores, target_be: Array, allowed_bqe: Array, most: int
) -> tuple[Array, Array]:
    """e sparse linear regressions in each of b searches, by adding parents, then by dropping them.

    Args:
        scores: of the searches.
        target_be: the variable that is regressed.
        allowed_bqe: which of its candidates count.
        most: parents that are added at most.

    Returns:
        [b, e] scores, lower is better: rows * log(residual variance, of its own) + price * parents.
        [b, q, e] what the score would lose without a parent; 0 for all that are none.
    """
    q = allowed_bqe.shape[1]
    # Regressions last, so that a loop over them is one over neighbouring numbers.
    candidates_qbe = jnp.moveaxis(allowed_bqe, 1, 0)
    n_be = jnp.take_along_axis(scores.rows_bd, target_be, 1)
    price_be = scores.penalty_b[:, None] * jnp.log(n_be)
    steps, rest_be, *grown = _grow(scores, n_be, price_be, target_be, candidates_qbe, most)
    chosen_kbe = grown[-1]

    def shrink(few: int) -> tuple[Array, Array]:
        rest, loss_kbe = _shrink(n_be, price_be, rest_be, *(part[:few] for part in grown))
        missing = jnp.full((most - few, *n_be.shape), jnp.inf)
        return rest, jnp.concatenate([loss_kbe, missing])

    few = min(USUAL_PARENTS, most)
    loss_kbe: Array
    rest_be, loss_kbe = jax.lax.cond(steps <= few, lambda: shrink(few), lambda: shrink(most))
    here_kqbe = jnp.arange(q)[None, :, None, None] == chosen_kbe[:, None]
    real_kbe = jnp.isfinite(loss_kbe)
    gain_qbe = (here_kqbe * jnp.where(real_kbe, loss_kbe, 0.0)[:, None]).sum(0)
    score_be = n_be * jnp.log(rest_be) + price_be * real_kbe.sum(0)
    return score_be, jnp.moveaxis(gain_qbe, 0, 1)


def _grow(
    scores: Scores, n_be: Array, price_be: Array, target_be: Array, free_qbe: Array, most: int
) -> tuple[Array, ...]:
    """Forward selection by a partial Cholesky factor of the correlations, one parent at a time.

    Returns the number of steps, residual variances, the coefficients of the orthogonalised parents,
    the factor, and the parents in the order in which they came, -1 where there is none.
    """
    q, b, e = free_qbe.shape
    each_q11 = jnp.arange(q)[:, None, None]
    table_b1 = scores.table_b[:, None]

    def first(x_mdq: Array, *at_be: Array) -> Array:
        """[q, b, e] of the targets."""
        found_beq = x_mdq.at[table_b1, target_be, *at_be].get(mode="promise_in_bounds")
        return jnp.moveaxis(found_beq, -1, 0)

    def going(state: tuple) -> Array:
        return (state[0] < most) & state[1].any()

    def step(state: tuple[Array, ...]) -> tuple[Array, ...]:
        k, on_be, free_qbe, own_qbe, with_qbe, rest_be, factor_kqbe, y_kbe, chosen_kbe = state
        some_qbe = free_qbe & (own_qbe > FLOOR)
        drop_qbe = jnp.where(some_qbe, with_qbe**2 / jnp.maximum(own_qbe, FLOOR), 0.0)
        most_be = drop_qbe.max(0)
        u_be = jnp.where(drop_qbe >= most_be, each_q11, q - 1).min(0)
        here_qbe = each_q11 == u_be
        share_be = jnp.minimum(most_be / rest_be, 1 - SURE)
        on_be = on_be & (-n_be * jnp.log1p(-share_be) > price_be)
        root_be = jnp.sqrt(jnp.maximum((here_qbe * own_qbe).sum(0), FLOOR))
        at_k1be = jnp.take_along_axis(factor_kqbe, u_be[None, None], 1, mode="promise_in_bounds")
        new_qbe: Array = first(scores.r_mdqq, u_be)
        new_qbe = jax.lax.fori_loop(
            0, k, lambda j, rest: rest - factor_kqbe[j] * at_k1be[j], new_qbe
        )
        new_qbe = new_qbe / root_be
        new_qbe = jnp.where(on_be, new_qbe, 0.0)
        y_be = jnp.where(on_be, (here_qbe * with_qbe).sum(0) / root_be, 0.0)
        put = partial(jax.lax.dynamic_update_index_in_dim, index=k, axis=0)
        return (
            k + 1,
            on_be,
            free_qbe & ~(here_qbe & on_be),
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
        free_qbe,
        jnp.ones((q, b, e)),  # of correlations the diagonal is 1
        first(scores.with_mdq),
        jnp.ones((b, e)),
        jnp.zeros((most, q, b, e)),
        jnp.zeros((most, b, e)),
        jnp.full((most, b, e), -1),
    )
    steps, *_, rest_be, factor_kqbe, y_kbe, chosen_kbe = jax.lax.while_loop(going, step, start)
    return steps, rest_be, y_kbe, factor_kqbe, chosen_kbe


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
