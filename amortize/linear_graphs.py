"""The best linear graphs of a table: what they say of every pair, and their regressions.

Learning to search costs a network far more than learning when to believe a search: linear systems
are what the search gets right, and the network sees in the rows how far a table is from one. Rows
in which a variable was set do not count in its regression (Hauser and Buehlmann 2012).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array

from amortize.essential_graph import compelled
from amortize.grow_shrink import Scores
from amortize.order_search import Effort, Found, order_search
from amortize.pair_sums import PairSums
from amortize.residual_entropies import Links, find_links

T = TypeVar("T")

GRAPH_FEATURES = 8
PENALTIES = (1.0, 2.0)  # units of log(rows); of a parent
MANY = 32  # variables beyond which a search has to be shorter
MOST = 128  # beyond which it has to be quick
RIDGE = 1e-9  # shrinkage of the correlations towards the identity


class LinearGraphs(NamedTuple):
    """What searches for the best linear graph found, in b tables of d variables."""

    features_bddc: Array  # eight, see `linear_graphs`
    slope_bdd: Array  # of j on its parent i, both standardised, in the best graph of penalty 1
    intercept_bd: Array
    spread_bd: Array  # standard deviation of the residual, at least a thousandth
    links: Links | None = None  # of the best graph of penalty 1


class Searched(NamedTuple):
    """The best graph of p penalties from each of s first orders, in b tables of d variables."""

    gain_bpsdd: Array  # [..., i, j]: what j's score loses without its parent i; 0: not a parent
    behind_bps: Array  # by how much its score is behind that of the best first order


class Stage(NamedTuple):
    """A search from where the one before ended."""

    candidates: int  # of a variable's parents
    effort: Effort


def stages(d: int) -> tuple[int, tuple[Stage, ...]]:
    """First orders of each penalty and the stages of each search: what d variables are worth.

    The first stage of a large table is quick and leaves few moves to the thorough one.
    """
    if d <= MANY:
        return 2, (Stage(d - 1, Effort(24, 8, 1000)),)
    quick = Stage(40, Effort(8, 3 if d <= MOST else int(d <= 2 * MOST), 1000))
    return 1, (quick, Stage(d - 1, Effort(24, 4, 150))) if d <= MOST else (quick,)


def linear_search(
    sums: PairSums, variables_bd: Array, penalties: Sequence[int] = range(len(PENALTIES))
) -> Searched:
    """Search the orders of the variables of every table.

    Args:
        sums: of the tables, with those of targets.
        variables_bd: which variables are real.
        penalties: places in `PENALTIES`.
    """
    with jax.enable_x64(True):
        return _by_table(partial(_search, penalties=penalties), sums, variables_bd)


def linear_graphs(
    sums: PairSums, variables_bd: Array, links: bool = False, searched: Searched | None = None
) -> LinearGraphs:
    """What the best graphs of every table say.

    The features are four of each penalty: whether the best graph has i -> j with a direction that
    its class agrees on, the same of j -> i, whether it links i and j with a direction that is open,
    and what the score would lose without the link, compressed. Where several first orders were
    tried, their mean, by weight.

    Args:
        sums: of the tables, with those of targets.
        variables_bd: which variables are real.
        links: whether `residual_entropies` needs them.
        searched: what `linear_search` found with all penalties; None: search first.
    """
    with jax.enable_x64(True):
        return _by_table(partial(_linear_graphs, links=links), sums, variables_bd, searched)


def _by_table(work: Callable[..., T], *arrays: Any) -> T:
    """On a CPU table by table: each stops when it is done, and its arrays stay in the cache."""
    if jax.default_backend() == "cpu" and jax.device_count() == 1:
        each = jax.tree.map(lambda x: x[:, None], arrays)
        found = jax.lax.map(lambda one: work(*one), each)
        found = jax.tree.map(lambda x: x[:, 0], found)
    else:
        found = work(*arrays)
    return jax.tree.map(lambda x: jax.lax.stop_gradient(_single(x)), found)


def _single(x: Array) -> Array:
    return x.astype(jnp.int32 if x.dtype.kind == "i" else jnp.float32)


def _alone(search: Callable[[Any], Found], which: Any) -> Found:
    """One search after the other, each only as long as it needs."""
    found = jax.lax.map(search, jax.tree.map(lambda x: x[:, None], which))
    return jax.tree.map(lambda x: x[:, 0], found)


def _search(
    sums: PairSums, variables_bd: Array, penalties: Sequence[int] = range(len(PENALTIES))
) -> Searched:
    b, d = variables_bd.shape
    starts, each = stages(d)
    table = _standardised(sums, variables_bd)
    searches = len(penalties) * starts

    def repeat(x: Array) -> Array:
        return jnp.broadcast_to(x, (searches, *x.shape)).reshape(-1, *x.shape[1:])

    # With one first order each, the penalties take different ones.
    orders = [(k + (starts == 1) * p) % 2 for p in penalties for k in range(starts)]
    place_bd = _first_orders(table, variables_bd)[jnp.array(orders)].reshape(-1, d)
    penalty_b = jnp.repeat(jnp.array([PENALTIES[p] for p in penalties]), starts * b)
    table_b = jnp.tile(jnp.arange(b), searches)
    rows_bd, real_bd = repeat(table.rows_bd), repeat(variables_bd)
    for candidates, effort in each:
        local = _candidates(table, variables_bd, candidates)

        def search(which: tuple[Array, ...], local=local, effort=effort) -> Found:
            table_b, rows_bd, penalty_b, real_bd, place_bd = which
            near_bdq, r_bdqq, with_bdq = local
            scores = Scores(near_bdq, r_bdqq, with_bdq, table_b, rows_bd, penalty_b)
            return order_search(scores, real_bd, place_bd, effort)

        which = (table_b, rows_bd, penalty_b, real_bd, place_bd)
        found = _alone(search, which) if b == 1 else search(which)
        place_bd = found.place_bd
    score_psb = found.score_b.reshape(len(penalties), starts, b)
    gain_psbdd = found.gain_bdd.reshape(*score_psb.shape, d, d)
    behind_psb = score_psb - score_psb.min(1, keepdims=True)
    return Searched(*(_single(jnp.moveaxis(x, 2, 0)) for x in (gain_psbdd, behind_psb)))


def _linear_graphs(
    sums: PairSums, variables_bd: Array, searched: Searched | None, links: bool
) -> LinearGraphs:
    searched = searched or _search(sums, variables_bd)
    graph_bpsdd = searched.gain_bpsdd > 0
    split_bdd = sums.set_count_bdd > 0
    settled_bdd = (split_bdd | split_bdd.swapaxes(1, 2))[:, None, None]
    flat = (-1, *split_bdd.shape[1:])
    settled_bpsdd = jnp.broadcast_to(settled_bdd, graph_bpsdd.shape)
    sure = compelled(graph_bpsdd.reshape(flat), settled_bpsdd.reshape(flat))
    sure_bpsdd = sure.reshape(graph_bpsdd.shape)
    open_bpsdd = graph_bpsdd & ~sure_bpsdd
    worth_bpsdd = jnp.arcsinh(searched.gain_bpsdd) / 4
    share_bps11 = jax.nn.softmax(-searched.behind_bps / 2, axis=2)[..., None, None]
    features_pbdd = []
    for p in range(len(PENALTIES)):
        sure, free, worth = (
            (x_bpsdd[:, p] * share_bps11[:, p]).sum(1)
            for x_bpsdd in (
                sure_bpsdd,
                open_bpsdd | open_bpsdd.swapaxes(-1, -2),
                worth_bpsdd + worth_bpsdd.swapaxes(-1, -2),
            )
        )
        features_pbdd += [sure, sure.swapaxes(1, 2), free, worth]
    table = _standardised(sums, variables_bd)
    best = (jnp.arange(len(graph_bpsdd)), 0, jnp.argsort(searched.behind_bps[:, 0], 1)[:, 0])
    best_bdd, ends = graph_bpsdd[best], None
    if links:
        worth_bdd = searched.gain_bpsdd[best]
        ends = find_links(best_bdd, worth_bdd, table.r_btdd, table.mean_btd, table.size_btd)
    return LinearGraphs(jnp.stack(features_pbdd, -1), *_regressions(table, best_bdd), ends)


class _Standardised(NamedTuple):
    """Moments over the rows that count for each target t."""

    r_btdd: Array  # correlations, diagonal 1, and 0 for padding
    mean_btd: Array
    size_btd: Array  # standard deviations
    free_bt: Array  # rows
    rows_bd: Array  # what they are worth


def _standardised(sums: PairSums, real_bd: Array) -> _Standardised:
    assert sums.targets is not None
    d = real_bd.shape[-1]
    per_target = sums.targets.sum_bvd.shape[1] == d
    set_bt = sums.set_bd if per_target else jnp.zeros_like(sums.set_bd[:, :1])
    free_bt = jnp.maximum(sums.rows_b[:, None] - set_bt, 1.0)
    mean_btd = sums.targets.sum_bvd / free_bt[:, :, None]
    cross_btdd = sums.targets.product_bvdd / free_bt[:, :, None, None]
    cross_btdd = cross_btdd - mean_btd[..., :, None] * mean_btd[..., None, :]
    variance_btd = jnp.diagonal(cross_btdd, axis1=2, axis2=3)
    size_btd = jnp.sqrt(jnp.maximum(variance_btd, 1e-4))
    r_btdd = jnp.clip(cross_btdd / (size_btd[..., :, None] * size_btd[..., None, :]), -1, 1)
    pairs_bdd = real_bd[:, :, None] & real_bd[:, None]
    eye = jnp.eye(d)
    r_btdd = jnp.where(pairs_bdd[:, None], (1 - RIDGE) * r_btdd, 0.0) * (1 - eye) + eye
    # Filled cells are no evidence: rows count by the share of the cells that was observed.
    seen_bd = jnp.diagonal(sums.count_bdd, axis1=1, axis2=2) / jnp.maximum(sums.rows_b, 1)[:, None]
    share_b = (seen_bd * real_bd).sum(1) / jnp.maximum(real_bd.sum(1), 1)
    rows_bd = jnp.maximum(jnp.broadcast_to(free_bt * share_b[:, None], real_bd.shape), 3.0)
    return _Standardised(r_btdd, mean_btd, size_btd, free_bt, rows_bd)


def _precision(table: _Standardised, real_bd: Array) -> tuple[Array, Array]:
    """Correlations over the rows of all targets, and their inverse; [b, d, d] both."""
    share_bt = table.free_bt / table.free_bt.sum(1, keepdims=True)
    r_bdd = jnp.einsum("bt,btij->bij", share_bt, table.r_btdd)
    few_b = table.rows_bd.max(1) < 2 * real_bd.sum(1)
    ridge_b = jnp.where(few_b, 1e-3, 1e-8)[:, None, None]
    return r_bdd, jnp.linalg.inv((1 - ridge_b) * r_bdd + ridge_b * jnp.eye(r_bdd.shape[-1]))


def _candidates(table: _Standardised, real_bd: Array, most: int) -> tuple[Array, Array, Array]:
    """So many of every variable: [b, d, q], correlations [b, d, q, q], and with it.

    They lead either by correlation or by partial correlation given all others.
    """
    b, d = real_bd.shape
    most = max(min(most, d - 1), 1)
    r_bdd, p_bdd = _precision(table, real_bd)
    own_bd = jnp.diagonal(p_bdd, axis1=1, axis2=2)
    partial_bdd = p_bdd / jnp.sqrt(own_bd[:, :, None] * own_bd[:, None])
    others_bdd = real_bd[:, :, None] & real_bd[:, None] & ~jnp.eye(d, dtype=bool)

    def rank(x_bdd: Array) -> Array:
        return jnp.argsort(jnp.argsort(jnp.where(others_bdd, -jnp.abs(x_bdd), 9.0), 2), 2)

    lead_bdd = jnp.where(others_bdd, jnp.minimum(3 * rank(r_bdd) + 1, 2 * rank(partial_bdd)), 3 * d)
    lead_bdd = lead_bdd + (3 * d) * jnp.eye(d, dtype=int)
    near_bdq = jnp.sort(jax.lax.top_k(-lead_bdd, most)[1], 2)
    table_b1, each_d = jnp.arange(b)[:, None], jnp.arange(d)
    of_d = each_d if table.r_btdd.shape[1] > 1 else jnp.zeros_like(each_d)
    with_bdq = table.r_btdd[table_b1[..., None], of_d[:, None], each_d[:, None], near_bdq]
    places = (table_b1[..., None, None], of_d[:, None, None], near_bdq[..., None])
    return near_bdq, table.r_btdd[*places, near_bdq[:, :, None]], with_bdq


def _first_orders(table: _Standardised, real_bd: Array) -> Array:
    """[2, b, d] places: by how well the others explain a variable, worst first and best first."""
    own_bd = jnp.diagonal(_precision(table, real_bd)[1], axis1=1, axis2=2)

    def places(key_bd: Array) -> Array:
        return jnp.argsort(jnp.argsort(jnp.where(real_bd, key_bd, jnp.inf), 1), 1)

    return jnp.stack([places(own_bd), places(-own_bd)])


def _regressions(table: _Standardised, graph_bdd: Array) -> tuple[Array, Array, Array]:
    """Slopes, intercepts and residual standard deviations of all variables on their parents."""
    b, d = graph_bdd.shape[:2]
    most = min(max(stage.effort.most_parents for stage in stages(d)[1]), d)
    parents_bvd = graph_bdd.swapaxes(1, 2).astype(jnp.float32)
    real_bvk, at_bvk = jax.lax.top_k(parents_bvd, most)
    table_b1, each_v = jnp.arange(b)[:, None], jnp.arange(d)
    of_v = each_v if table.r_btdd.shape[1] > 1 else jnp.zeros_like(each_v)

    def of_target(x_btd: Array) -> tuple[Array, Array]:
        """[b, v, k] of the parents and [b, v] of the target, over the target's rows."""
        x_bvd = x_btd[:, of_v]
        return jnp.take_along_axis(x_bvd, at_bvk, 2), x_bvd[:, each_v, each_v]

    mean_bvk, own_mean_bv = of_target(table.mean_btd)
    size_bvk, own_size_bv = of_target(table.size_btd)
    with_bvk = table.r_btdd[table_b1[..., None], of_v[:, None], each_v[:, None], at_bvk] * real_bvk
    places = (table_b1[..., None, None], of_v[:, None, None], at_bvk[..., None], at_bvk[:, :, None])
    both_bvkk = real_bvk[..., None] * real_bvk[:, :, None] * (1 - jnp.eye(most))
    own_bvkk = table.r_btdd[places] * both_bvkk + (1 + RIDGE) * jnp.eye(most)
    beta_bvk = jnp.linalg.solve(own_bvkk, with_bvk[..., None])[..., 0]
    rest_bv = 1 - (beta_bvk * with_bvk).sum(-1)
    slope_bvk = beta_bvk * own_size_bv[..., None] / size_bvk
    intercept_bv = own_mean_bv - (slope_bvk * mean_bvk).sum(-1)
    spread_bv = own_size_bv * jnp.sqrt(jnp.maximum(rest_bv, 1e-6))
    slope_bdv = (slope_bvk[..., None] * (at_bvk[..., None] == each_v)).sum(2).swapaxes(1, 2)
    return slope_bdv, intercept_bv, spread_bv
