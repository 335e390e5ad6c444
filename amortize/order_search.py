"""Search for the order of the variables whose sparse linear regressions score best.

Given an order, each variable is regressed on few of its candidates before it; an order is improved
by moving one variable at a time to its best place (best order score search, Andrews et al. 2023;
regressions by `amortize.grow_shrink`). Of the regressions that a move could change, only those are
made anew in which the moved variable matters. All tables are searched at once, and the whole is
deterministic: first orders follow the data, and ties go to the earliest place. Precision is that of
the correlations: in single precision the search goes astray where variables are all but determined
by others, as in large linear systems.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from amortize.grow_shrink import Scores, grow_shrink

LANES = 16  # regressions of each search that are made at once
TIE = 0.05  # scores closer than this are equal


class Found(NamedTuple):
    """The best graph that each of b searches came upon; scores are in units of 2 nats."""

    gain_bdd: Array  # [b, i, j]: what j's score loses without its parent i; 0: not a parent
    score_b: Array  # lower is better
    place_bd: Array  # of each variable in the order, from 0


class Effort(NamedTuple):
    """What a search is worth: the first of these that is reached ends it."""

    most_parents: int  # of a variable
    passes: int  # moves, in units of all variables; 0: the first order is kept
    steps: int  # of adding parents to regressions, likewise


class _State(NamedTuple):
    """Of b searches; each variable has q candidates."""

    place_bd: Array
    score_bd: Array
    gain_bdq: Array
    matters_bdq: Array  # whether a candidate's place before or behind the variable matters


class _Walk(NamedTuple):
    """Of b searches, between two moves."""

    moves: Array  # so far; -1: nothing is scored yet
    steps: Array  # of their regressions
    open_bd: Array  # to be tried: something around it has changed
    turn_bd: Array  # the order of this pass
    now_b1: Array  # the least turn that is still to come
    state: _State


def order_search(scores: Scores, real_bd: Array, place_bd: Array, effort: Effort) -> Found:
    """The graph that moves of single variables lead to.

    Args:
        scores: of b searches among d variables.
        real_bd: which variables are real; padding is nobody's parent and never moves.
        place_bd: the first order, padding behind all real variables.
        effort: how long it may go on.
    """
    b, d = real_bd.shape
    each = jnp.arange(d)
    search_b = jnp.arange(b)
    count_b1 = real_bd.sum(1, keepdims=True)
    near_bdq = scores.near_mdq[scores.table_b]
    q = near_bdq.shape[-1]

    def move(walk: _Walk) -> _Walk:
        state = walk.state
        first = walk.moves < 0
        # The next variable whose surroundings have changed, in the order of this pass.
        ahead_bd = jnp.where(walk.open_bd & (walk.turn_bd >= walk.now_b1), walk.turn_bd, d)
        at_b1 = ahead_bd.min(1, keepdims=True)
        any_b1 = (at_b1 < d) & ~first
        moving_bd = (ahead_bd == at_b1) & any_b1
        then, new_bd, steps = _moved(
            scores, near_bdq, real_bd, moving_bd, state, first, effort.most_parents
        )
        around = partial(_around, near_bdq)
        again_bd = jax.lax.cond(new_bd.any(), around, _nothing, new_bd, state, then)
        open_bd = (walk.open_bd & ~moving_bd | again_bd) & real_bd
        now_b1 = jnp.where(any_b1, at_b1 + 1, walk.now_b1)
        ends_b1 = ~(open_bd & (walk.turn_bd >= now_b1)).any(1, keepdims=True)
        turn_bd = jnp.where(ends_b1, then.place_bd, walk.turn_bd)
        steps = walk.steps + steps
        return _Walk(walk.moves + 1, steps, open_bd, turn_bd, jnp.where(ends_b1, 0, now_b1), then)

    def going(walk: _Walk) -> Array:
        count = count_b1.max()
        within = (walk.moves < effort.passes * count) & (walk.steps < effort.steps * count)
        return (walk.moves < 0) | walk.open_bd.any() & within

    none_bdq = jnp.zeros((b, d, q))
    start = _State(place_bd, jnp.zeros((b, d)), none_bdq, none_bdq > 0)
    now_b1 = jnp.zeros((b, 1), place_bd.dtype)
    start = _Walk(jnp.int32(-1), jnp.int32(0), real_bd, place_bd, now_b1, start)
    state = jax.lax.while_loop(going, move, start).state
    where_bdq = (search_b[:, None, None], near_bdq, each[:, None])
    gain_bdd = jnp.zeros((b, d, d)).at[where_bdq].add(state.gain_bdq)
    score_b = jnp.where(real_bd, state.score_bd, 0.0).sum(1)
    return Found(gain_bdd, score_b, state.place_bd)


def _moved(
    scores: Scores,
    near_bdq: Array,
    real_bd: Array,
    moving_bd: Array,
    state: _State,
    first: Array,
    most_parents: int,
) -> tuple[_State, Array, Array]:
    """The best place for one variable x of each search, and whose regressions are new then.

    At first all variables are scored where they are: so there is one program of regressions alone
    to compile.
    """
    b, d = real_bd.shape
    q = near_bdq.shape[-1]
    search_b, each = jnp.arange(b), jnp.arange(d)
    count_b1 = real_bd.sum(1, keepdims=True)
    place_bd = state.place_bd
    from_b1 = (moving_bd * place_bd).sum(1, keepdims=True)
    rank_bd = place_bd - (place_bd > from_b1)  # places of the others without it
    trial = _trial(scores, near_bdq, real_bd, moving_bd, rank_bd, state, first, most_parents)
    was_before_bd, others_bd = place_bd < from_b1, real_bd & ~moving_bd
    without_bd = jnp.where(was_before_bd, state.score_bd, trial.other_bd) * others_bd
    with_bd = jnp.where(was_before_bd, trial.other_bd, state.score_bd) * others_bd
    before_bdd = rank_bd[:, :, None] < each  # [b, v, place]: v comes first
    total_bd = jnp.where(before_bdd, without_bd[:, :, None], with_bd[:, :, None]).sum(1)
    total_bd = jnp.where(each < count_b1, total_bd + trial.own_bd, jnp.inf)
    least_b1 = total_bd.min(1, keepdims=True)
    here_b1 = jnp.where(each == from_b1, total_bd, 0.0).sum(1, keepdims=True)
    better_b1 = (least_b1 < here_b1 - 2 * TIE) & moving_bd.any(1, keepdims=True)
    to_b1 = jax.lax.argmax(total_bd <= least_b1 + TIE, 1, jnp.int32)[:, None]
    to_b1 = jnp.where(better_b1, to_b1, from_b1)
    passed_bd = others_bd & ((rank_bd < to_b1) != was_before_bd) & better_b1
    changed_bd = trial.asked_bd & (passed_bd | first)
    mine_bd = moving_bd & better_b1
    own_b = trial.job_bd[search_b, to_b1[:, 0]]
    # Where a variable's answer is among the trial's: its own at the new place, or none.
    job_bd = jnp.where(mine_bd, own_b[:, None], q + 1 + each)
    new_bd = mine_bd | changed_bd
    at_bd1 = (search_b[:, None], job_bd)
    moved_bd = jnp.where(moving_bd, to_b1, rank_bd + (rank_bd >= to_b1))
    then = _State(
        place_bd=jnp.where(better_b1 & real_bd, moved_bd, place_bd),
        score_bd=jnp.where(new_bd, trial.score_bj[at_bd1], state.score_bd),
        gain_bdq=jnp.where(new_bd[..., None], trial.gain_bjq[at_bd1], state.gain_bdq),
        matters_bdq=jnp.where(new_bd[..., None], trial.matters_bjq[at_bd1], state.matters_bdq),
    )
    return then, new_bd, trial.steps


def _around(near_bdq: Array, new_bd: Array, state: _State, then: _State) -> Array:
    """The variables of new regressions, all that matter to them, and all that they matter to."""
    search_b = jnp.arange(len(new_bd))[:, None, None]
    matters_bdq = state.matters_bdq | then.matters_bdq
    reads_bd = (matters_bdq & jnp.take_along_axis(new_bd[:, None], near_bdq, 2)).any(2)
    read_bdq = matters_bdq & new_bd[..., None]
    return (new_bd | reads_bd).at[search_b, near_bdq].max(read_bdq)


def _nothing(new_bd: Array, *_: _State) -> Array:
    return jnp.zeros_like(new_bd)


class _Trial(NamedTuple):
    """What would become of the scores if one variable x of each search moved.

    Answers are to j = q + 1 + d jobs: x behind none of its candidates, the first of them, the first
    two, ...; then every other variable with x as a candidate if it was none, or the reverse.
    """

    own_bd: Array  # scores of x at every place
    job_bd: Array  # whose answer that is
    other_bd: Array  # scores of the others
    asked_bd: Array  # the others to whom x matters: their answers are among the jobs'
    score_bj: Array
    gain_bjq: Array
    matters_bjq: Array
    steps: Array  # of the regressions


def _trial(
    scores: Scores,
    near_bdq: Array,
    real_bd: Array,
    moving_bd: Array,
    rank_bd: Array,
    state: _State,
    everyone: Array,
    most_parents: int,
) -> _Trial:
    b, d = real_bd.shape
    q = near_bdq.shape[-1]
    jobs, lanes = q + 1 + d, min(LANES, q + 1 + d)
    search_b1, each, each_j = jnp.arange(b)[:, None], jnp.arange(d), jnp.arange(q + 1 + d)
    x_b = jax.lax.argmax(moving_bd, 1, jnp.int32)
    x_b1, any_b1 = x_b[:, None], moving_bd.any(1, keepdims=True)

    def at(x_bd: Array) -> Array:
        """What the candidates have, [b, d, q]."""
        return jnp.take_along_axis(x_bd[:, None], near_bdq, 2)

    pairs_bdq = real_bd[:, :, None] & at(real_bd)
    is_x_bdq = at(moving_bd)
    toggled_bdq = (at(state.place_bd) < state.place_bd[:, :, None]) ^ is_x_bdq
    toggled_bdq = toggled_bdq & pairs_bdq & ~moving_bd[:, :, None]
    near_bq = near_bdq[search_b1[:, 0], x_b]
    some_bq = pairs_bdq[search_b1[:, 0], x_b] & any_b1
    rank_bq = jnp.where(some_bq, jnp.take_along_axis(rank_bd, near_bq, 1), d)
    above_bq = (rank_bq[:, None] < rank_bq[:, :, None]).sum(2)  # candidates ahead of each
    asked_bd = (is_x_bdq & state.matters_bdq).any(2) | everyone
    asked_bd = asked_bd & real_bd & ~moving_bd
    own_b1q = jnp.broadcast_to(any_b1, (b, q + 1))

    def going(carry: tuple) -> Array:
        return carry[0].any()

    def work(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        """A few of the jobs that are left, from all over the places of x."""
        left_bj, source_bj, score_bj, gain_bjq, matters_bjq, steps = carry
        before_bj = jnp.cumsum(left_bj, 1, dtype=jnp.int32)
        turn_bl = (2 * jnp.arange(lanes) + 1) * before_bj[:, -1:] // (2 * lanes)
        job_bl = (before_bj[:, None] <= turn_bl[..., None]).sum(2, dtype=jnp.int32)
        job_bl = jnp.minimum(job_bl, jobs - 1)
        own_bl = job_bl <= q
        other_bl = jnp.maximum(job_bl - q - 1, 0)
        behind_blq = (above_bq[:, None] < job_bl[..., None]) & some_bq[:, None]
        allowed_blq = jnp.where(own_bl[..., None], behind_blq, toggled_bdq[search_b1, other_bl])
        target_bl = jnp.where(own_bl, x_b1, other_bl)
        found = grow_shrink(scores, target_bl, allowed_blq.swapaxes(1, 2), min(most_parents, q))
        # The places of x that have the same answer: from behind the last candidate that is a parent
        # to ahead of the first that would be one.
        matters_blq = found.matters_bqe.swapaxes(1, 2)
        away_blq = matters_blq & ~allowed_blq & some_bq[:, None]
        low_bl = jnp.where(matters_blq & allowed_blq, above_bq[:, None] + 1, 0).max(2)
        high_bl = jnp.where(away_blq, above_bq[:, None], q).min(2)
        within_blj = (low_bl[..., None] <= each_j) & (each_j <= high_bl[..., None])
        within_blj = within_blj & own_bl[..., None] | (each_j == job_bl[..., None])
        answered_bj = within_blj.any(1) & left_bj
        by_bj = jnp.take_along_axis(job_bl, jax.lax.argmax(within_blj, 1, jnp.int32), 1)
        return (
            left_bj & ~answered_bj,
            jnp.where(answered_bj, by_bj, source_bj),
            score_bj.at[search_b1, job_bl].set(found.score_be),
            gain_bjq.at[search_b1, job_bl].set(found.gain_bqe.swapaxes(1, 2)),
            matters_bjq.at[search_b1, job_bl].set(matters_blq),
            steps + found.steps,
        )

    none_bjq = jnp.zeros((b, jobs, q))
    start = (
        jnp.concatenate([own_b1q, asked_bd], 1),
        jnp.broadcast_to(each_j.astype(jnp.int32), (b, jobs)),
        none_bjq[..., 0],
        none_bjq,
        none_bjq > 0,
        jnp.int32(0),
    )
    _, source_bj, score_bj, gain_bjq, matters_bjq, steps = jax.lax.while_loop(going, work, start)
    ahead_bd = (rank_bq[:, None] < each[:, None]).sum(2)
    job_bd = jnp.take_along_axis(source_bj, ahead_bd, 1)
    return _Trial(
        own_bd=jnp.take_along_axis(score_bj, job_bd, 1),
        job_bd=job_bd,
        other_bd=jnp.where(asked_bd, score_bj[:, q + 1 :], state.score_bd),
        asked_bd=asked_bd,
        score_bj=score_bj,
        gain_bjq=gain_bjq,
        matters_bjq=matters_bjq,
        steps=steps,
    )
