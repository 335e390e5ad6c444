"""Greedy search for the additive nonlinear graph of a table, and its regressions.

Edges are added one at a time, each the one that most lowers the sum of the variables' log residual
variances among those that close no cycle, and dropped at the end if the others make up for them:
the causal additive model of Buehlmann, Peters and Ernest 2014, with regressions on the functions of
`amortize.additive_sums` and the BIC in place of splines and tests. Curved effects leave less
residual in their own direction, so the direction of pairs is told that no linear search can tell.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from amortize.additive_sums import FUNCTIONS, AdditiveSums, functions

ADDITIVE_FEATURES = 8
PRICE = 0.7  # of a degree of freedom, in units of log(rows); 1 is the BIC
CANDIDATES = 128  # of a variable's parents
MOST_PARENTS = 10
RIDGE = 1e-4  # shrinkage of the functions' correlations towards the identity
BLUR = 1e-2  # of their eigenvalues, below which they are not worth a degree of freedom
SURE = 1e-6  # least share of a residual variance that stays unexplained by one more parent


class AdditiveGraphs(NamedTuple):
    """What the search found, in b tables of d variables."""

    features_bddc: Array  # eight, see `additive_graphs`
    parents_bdk: Array  # of each variable; unused places say 0
    slope_bdkm: Array  # of the scaled variable on the functions of its parents
    intercept_bd: Array
    spread_bd: Array  # standard deviation of the residual, at least a thousandth


def additive_graphs(sums: AdditiveSums, variables_bd: Array) -> AdditiveGraphs:
    """Search every table.

    The features of i and j are four, and the same of j and i: whether the graph has i -> j, what
    the score would lose without it, what it would gain by it where it has it not (cycles allowed),
    and what i alone explains of j. Scores are in nats, compressed.

    Args:
        sums: of the tables.
        variables_bd: which variables are real.
    """
    with jax.enable_x64(True):
        sums = jax.lax.stop_gradient(sums)
        if jax.default_backend() == "cpu" and jax.device_count() == 1:
            found = jax.lax.map(lambda one: _search(*one), (sums, variables_bd))
        else:
            found = jax.vmap(_search)(sums, variables_bd)
        return jax.tree.map(
            lambda x: x.astype(jnp.int32 if x.dtype.kind == "i" else jnp.float32),
            found,
        )


def expected(scaled_bnd: Array, graphs: AdditiveGraphs) -> Array:
    """What the graphs' regressions say of every cell, [b, n, d], on the same scale."""
    phi_bndm = functions(scaled_bnd)

    def of_parent(k: Array, total_bnd: Array) -> Array:
        at_bd = graphs.parents_bdk[..., k]
        phi = jnp.take_along_axis(phi_bndm, at_bd[:, None, :, None], 2)
        return total_bnd + jnp.einsum("bndm,bdm->bnd", phi, graphs.slope_bdkm[..., k, :])

    start = jnp.broadcast_to(graphs.intercept_bd[:, None], scaled_bnd.shape)
    return jax.lax.fori_loop(0, graphs.parents_bdk.shape[-1], of_parent, start)


class _Moments(NamedTuple):
    """Of one table, over the rows that count for each target; v = 1: over all."""

    r_vee: Array  # correlations of the functions, shrunk; 0 for padding
    mean_ve: Array
    size_ve: Array  # standard deviations
    rows_d: Array  # what the rows that count for each target are worth


class _State(NamedTuple):
    gain_dq: Array  # of each target by each of its candidates
    free_dq: Array  # neither a parent nor padding
    reach_dd: Array  # [i, j]: a path leads from i to j
    rest_d: Array  # residual variances
    own_dqmm: Array  # residual correlations of the candidates' functions
    with_dqm: Array  # and with the target
    factor_dke: Array  # triangular factor, at the candidates' functions
    chosen_dk: Array  # places of the parents among the candidates; -1: none
    count_d: Array


def _moments(sums: AdditiveSums, real_d: Array) -> _Moments:
    """Of one table; its fields have no b."""
    d, m = len(real_d), FUNCTIONS
    rows_v = jnp.maximum(sums.rows_bv, 1.0)
    mean_ve = sums.sum_bve / rows_v[:, None]
    cross_vee = sums.product_bvee / rows_v[:, None, None] - mean_ve[:, :, None] * mean_ve[:, None]
    size_ve = jnp.sqrt(jnp.maximum(jnp.diagonal(cross_vee, axis1=1, axis2=2), 1e-6))
    r_vee = (1 - RIDGE) * cross_vee / (size_ve[:, :, None] * size_ve[:, None])
    real_e = jnp.repeat(real_d, m)
    r_vee = jnp.where(real_e[:, None] & real_e, r_vee, 0.0) + RIDGE * jnp.eye(d * m)
    share = sums.observed_b / jnp.maximum(sums.all_rows_b * real_d.sum(), 1.0)
    rows_d = jnp.maximum(jnp.broadcast_to(rows_v * share, (d,)), 3.0)
    return _Moments(r_vee, mean_ve, size_ve, rows_d)


def _gains(rows: Array, own_qmm: Array, with_qm: Array, rest: Array) -> Array:
    """In units of 2 nats, by each candidate's functions together."""
    y_qm1 = _whiten(own_qmm, with_qm[..., None])
    return _nats(rows, (y_qm1**2).sum((1, 2)) / rest)


def _whiten(own_qmm: Array, with_qmk: Array) -> Array:
    eye = jnp.eye(FUNCTIONS)  # a parent's own functions leave nothing
    root_qmm = jnp.linalg.cholesky(own_qmm + 1e-9 * eye)
    return jax.lax.linalg.triangular_solve(root_qmm, with_qmk, left_side=True, lower=True)


def _nats(rows: Array, share: Array) -> Array:
    return -rows * jnp.log1p(-jnp.clip(share, 0.0, 1 - SURE))


class _Choice(NamedTuple):
    """What the search of one table chooses from."""

    moments: _Moments
    of_d: Array  # which of the moments' v counts for each target
    alone_dd: Array  # [target, parent]: gain by it alone, in units of 2 nats; -1: no such pair
    near_dq: Array  # the candidates of each target
    price_dq: Array  # of each as a parent


def _search(sums: AdditiveSums, real_d: Array) -> AdditiveGraphs:
    choice = _choice(_moments(sums, real_d), real_d)
    state = _grow(choice)
    moments, of_d, alone_dd, near_dq, price_dq = choice
    d = len(real_d)
    each = jnp.arange(d)

    # Backwards: what each parent is worth beside the others, and regressions on those that stay.
    some_dk = state.chosen_dk >= 0
    place_dk = jnp.maximum(state.chosen_dk, 0)
    parents_dk = jnp.take_along_axis(near_dq, place_dk, 1)
    _, loss_dk = _regressions(moments, of_d, parents_dk, some_dk)
    stays_dk = some_dk & (loss_dk > jnp.take_along_axis(price_dq, place_dk, 1))
    slope_dkm, _ = _regressions(moments, of_d, parents_dk, stays_dk)
    edges = (parents_dk, each[:, None])
    found_dd = jnp.zeros((d, d)).at[edges].add(stays_dk)
    loss_dd = jnp.zeros((d, d)).at[edges].add(jnp.where(some_dk, loss_dk, 0.0))
    missed_dq = jnp.where(state.free_dq, state.gain_dq, 0.0)
    missed_dd = jnp.zeros((d, d)).at[near_dq, each[:, None]].add(missed_dq)
    nats = [jnp.arcsinh(jnp.maximum(x, 0.0) / 2) / 4 for x in (loss_dd, missed_dd, alone_dd.T)]
    features_ddc = jnp.stack([way for x in (found_dd, *nats) for way in (x, x.T)], -1)
    return AdditiveGraphs(
        features_ddc, parents_dk, *_in_units(moments, of_d, parents_dk, slope_dkm)
    )


def _choice(moments: _Moments, real_d: Array) -> _Choice:
    d = len(real_d)
    each = jnp.arange(d)
    of_d = each if len(moments.r_vee) > 1 else jnp.zeros_like(each)
    pairs_dd = real_d[:, None] & real_d & ~jnp.eye(d, dtype=bool)
    block_vdmm, target_ddm = _parts(moments, of_d)
    if len(block_vdmm) > 1:
        alone = jax.vmap(_gains, (0, 0, 0, None))
        alone_dd = alone(moments.rows_d, block_vdmm, target_ddm, jnp.ones(()))
    else:  # all targets at once, by the same blocks
        y_dmd = _whiten(block_vdmm[0], jnp.moveaxis(target_ddm, 0, 2))
        alone_dd = _nats(moments.rows_d[:, None], (y_dmd**2).sum(1).T)
    alone_dd = jnp.where(pairs_dd, alone_dd, -1.0)
    near_dq = jnp.sort(jax.lax.top_k(alone_dd, max(min(CANDIDATES, d - 1), 1))[1], 1)
    eigen_vdm = jnp.linalg.eigvalsh(block_vdmm)
    freedom_vd = (eigen_vdm / (eigen_vdm + BLUR)).sum(-1)
    price_dq = PRICE * jnp.log(moments.rows_d)[:, None]
    price_dq = price_dq * jnp.take_along_axis(freedom_vd[of_d], near_dq, 1)
    return _Choice(moments, of_d, alone_dd, near_dq, price_dq)


def _parts(moments: _Moments, of_d: Array) -> tuple[Array, Array]:
    """Correlations of each variable's functions, [v, d, m, m], and with targets, [target, d, m]."""
    d, m = len(of_d), FUNCTIONS
    r_vdmdm = moments.r_vee.reshape(-1, d, m, d, m)
    block_vdmm = jnp.moveaxis(jnp.diagonal(r_vdmdm, axis1=1, axis2=3), -1, 1)
    return block_vdmm, r_vdmdm[of_d, :, :, jnp.arange(d), 0]


def _grow(choice: _Choice) -> _State:
    """Add edges while one is worth its price."""
    moments, of_d, alone_dd, near_dq, price_dq = choice
    d, q = near_dq.shape
    m = FUNCTIONS
    most = min(MOST_PARENTS, q)
    at_dqm = near_dq[..., None] * m + jnp.arange(m)

    def worth(state: _State) -> Array:
        """What each edge would gain beyond its price; none that closes a cycle."""
        cyclic_dq = jnp.take_along_axis(state.reach_dd, near_dq, 1)
        allowed_dq = state.free_dq & ~cyclic_dq & (state.count_d < most)[:, None]
        return jnp.where(allowed_dq, state.gain_dq - price_dq, -jnp.inf)

    def going(state: _State) -> Array:
        return worth(state).max() > 0

    def add(state: _State) -> _State:
        worth_dq = worth(state)
        best = jax.lax.argmax((worth_dq >= worth_dq.max()).reshape(-1), 0, jnp.int32)
        j, c = best // q, best % q
        i, k, zero = near_dq[j, c], state.count_d[j], jnp.int32(0)
        factor_ke = state.factor_dke[j]
        mine_km = jax.lax.dynamic_slice(factor_ke, (zero, c * m), (most * m, m))
        columns_m1 = (i * m + jnp.arange(m))[:, None]
        rest_me = moments.r_vee[of_d[j], columns_m1, at_dqm[j].reshape(-1)]
        rest_me = rest_me - mine_km.T @ factor_ke
        root_mm = jnp.linalg.cholesky(jax.lax.dynamic_slice(rest_me, (zero, c * m), (m, m)))
        both = jnp.concatenate([rest_me, state.with_dqm[j, c][:, None]], 1)
        both = jax.lax.linalg.triangular_solve(root_mm, both, left_side=True, lower=True)
        new_me, y_m = both[:, :-1], both[:, -1]
        new_mqm = new_me.reshape(m, q, m)
        own_qmm = state.own_dqmm[j] - jnp.einsum("kqa,kqb->qab", new_mqm, new_mqm)
        with_qm = state.with_dqm[j] - jnp.einsum("kqa,k->qa", new_mqm, y_m)
        rest = jnp.maximum(state.rest_d[j] - (y_m**2).sum(), SURE * state.rest_d[j])
        return _State(
            state.gain_dq.at[j].set(_gains(moments.rows_d[j], own_qmm, with_qm, rest)),
            state.free_dq.at[j, c].set(False),
            state.reach_dd | state.reach_dd[:, i, None] & state.reach_dd[j],
            state.rest_d.at[j].set(rest),
            state.own_dqmm.at[j].set(own_qmm),
            state.with_dqm.at[j].set(with_qm),
            jax.lax.dynamic_update_slice(state.factor_dke, new_me[None], (j, k * m, zero)),
            state.chosen_dk.at[j, k].set(c),
            state.count_d.at[j].add(1),
        )

    block_vdmm, target_ddm = _parts(moments, of_d)
    gain_dq = jnp.take_along_axis(alone_dd, near_dq, 1)
    start = _State(
        gain_dq=gain_dq,
        free_dq=gain_dq > -1,
        reach_dd=jnp.eye(d, dtype=bool),
        rest_d=jnp.ones(d),
        own_dqmm=block_vdmm[of_d[:, None], near_dq],
        with_dqm=jnp.take_along_axis(target_ddm, near_dq[..., None], 1),
        factor_dke=jnp.zeros((d, most * m, q * m)),
        chosen_dk=jnp.full((d, most), -1),
        count_d=jnp.zeros(d, jnp.int32),
    )
    return jax.lax.while_loop(going, add, start)


def _regressions(
    moments: _Moments, of_d: Array, parents_dk: Array, stays_dk: Array
) -> tuple[Array, Array]:
    """Slopes [d, k, m] on the functions of the parents that stay, and what each is worth [d, k]."""
    d, most = parents_dk.shape
    m = FUNCTIONS
    at_dc = (parents_dk[..., None] * m + jnp.arange(m)).reshape(d, most * m)
    stays_dc = jnp.repeat(stays_dk, m, 1)
    eye = jnp.eye(most * m)
    r_dcc = moments.r_vee[of_d[:, None, None], at_dc[:, :, None], at_dc[:, None]]
    r_dcc = jnp.where(stays_dc[:, :, None] & stays_dc[:, None], r_dcc, 0.0)
    inverse_dcc = jnp.linalg.inv(r_dcc + jnp.where(stays_dc, 0.0, 1.0)[:, None] * eye)
    with_dc = moments.r_vee[of_d[:, None], at_dc, (jnp.arange(d) * m)[:, None]] * stays_dc
    slope_dc = jnp.einsum("dij,dj->di", inverse_dcc, with_dc) * stays_dc
    rest_d = jnp.maximum(1 - (slope_dc * with_dc).sum(1), SURE)
    slope_dkm = slope_dc.reshape(d, most, m)
    blocks = inverse_dcc.reshape(d, most, m, most, m)
    block_dkmm = jnp.moveaxis(jnp.diagonal(blocks, axis1=1, axis2=3), -1, 1)
    root_dkmm = jnp.linalg.cholesky(block_dkmm)
    y_dkm = jax.lax.linalg.triangular_solve(
        root_dkmm, slope_dkm[..., None], left_side=True, lower=True
    )
    rise_dk = (y_dkm**2).sum((-1, -2))
    return slope_dkm, moments.rows_d[:, None] * jnp.log1p(rise_dk / rest_d[:, None])


def _in_units(
    moments: _Moments, of_d: Array, parents_dk: Array, slope_dkm: Array
) -> tuple[Array, Array, Array]:
    """Slopes, intercepts and residual standard deviations of the scaled variables."""
    d, m = len(of_d), FUNCTIONS
    own_d = jnp.arange(d) * m
    at_dkm = parents_dk[..., None] * m + jnp.arange(m)

    def at(x_ve: Array) -> tuple[Array, Array]:
        """Of the parents' functions and of the target."""
        x_dkm = jnp.take_along_axis(x_ve[of_d], at_dkm.reshape(d, -1), 1).reshape(at_dkm.shape)
        return x_dkm, x_ve[of_d, own_d]

    (mean_dkm, mean_d), (size_dkm, size_d) = at(moments.mean_ve), at(moments.size_ve)
    with_dkm = moments.r_vee[of_d[:, None, None], at_dkm, own_d[:, None, None]]
    rest_d = 1 - (slope_dkm * with_dkm).sum((1, 2))
    slope_dkm = slope_dkm * size_d[:, None, None] / size_dkm
    intercept_d = mean_d - (slope_dkm * mean_dkm).sum((1, 2))
    return slope_dkm, intercept_d, size_d * jnp.sqrt(jnp.maximum(rest_d, 1e-6))
