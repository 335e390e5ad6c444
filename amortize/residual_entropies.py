"""Which way the links of the best linear graph point, told by what is not normal about residuals.

Both ends of a link are regressed on all other parents of either. If i causes j linearly and the
noise is not normal, then i's residual and what it leaves of j's are closer to normal together, that
is of larger entropy together, the wrong way round than the right one (Hyvaerinen and Smith 2013;
entropies after Hyvaerinen 1998, as in DirectLiNGAM). All that rows are needed for is two passes of
sums over them.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from amortize.batch import Batch
from amortize.imputation import Filled

ENTROPY_FEATURES = 2
PER_VARIABLE = 3  # links of a table at most, times its variables
MOST_VARIABLES = 256  # beyond so many no more links than for these
CONDITIONS = 24  # other parents of either end at most
_K1, _K2, _GAUSS = 79.047, 7.4129, 0.37457  # of Hyvaerinen's approximation


class Links(NamedTuple):
    """l links of b tables, and the residuals u and v of both ends as functions of d variables."""

    first_bl: Array  # int32, i of i -> j
    second_bl: Array  # int32, j
    some_bl: Array  # 1: a link, 0: padding
    u_bdl: Array  # i's residual is z @ u + offset
    v_bdl: Array
    offset_b2l: Array


class LinkMoments(NamedTuple):
    """Sums over the rows in which neither end is set; those of chunks add up."""

    rows_bl: Array
    sum_b2l: Array  # of u, v
    product_b3l: Array  # of uu, vv, uv


class LinkEntropies(NamedTuple):
    """Sums over the same rows for the residuals u, v, u given v, v given u, standardised."""

    log_cosh_b4l: Array
    bell_b4l: Array


class LinkFeatures(NamedTuple):
    """What pairs read."""

    features_bddc: Array  # see `link_features`


def find_links(
    graph_bdd: Array, worth_bdd: Array, r_btdd: Array, mean_btd: Array, size_btd: Array
) -> Links:
    """The links of each graph, the worthiest first, with regressions of their ends.

    Args:
        graph_bdd: of the tables.
        worth_bdd: of every edge.
        r_btdd: correlations over the rows that count for target t; or [b, 1, d, d] over all.
        mean_btd: means over them.
        size_btd: standard deviations over them.
    """
    b, d = graph_bdd.shape[:2]
    places = min(PER_VARIABLE * min(d, MOST_VARIABLES), d * (d - 1) // 2) or 1
    rank_bdd = jnp.where(graph_bdd, worth_bdd, -1.0)
    top_bl, at_bl = jax.lax.top_k(rank_bdd.reshape(b, -1), places)
    some_bl = top_bl >= 0
    first_bl, second_bl = at_bl // d, at_bl % d
    table_b1, each_d = jnp.arange(b)[:, None], jnp.arange(d)
    parents_bld = graph_bdd[table_b1, :, first_bl] | graph_bdd[table_b1, :, second_bl]
    ends_bld = (each_d == first_bl[..., None]) | (each_d == second_bl[..., None])
    given_blk, near_blk = jax.lax.top_k(
        (parents_bld & ~ends_bld).astype(jnp.float32), min(CONDITIONS, d)
    )
    real_blkk = given_blk[..., None] * given_blk[:, :, None] * (1 - jnp.eye(given_blk.shape[2]))
    here_blkd = near_blk[..., None] == each_d

    def residual(end_bl: Array) -> tuple[Array, Array]:
        """[b, d, l] weights and [b, l] offset."""
        of_bl = end_bl if r_btdd.shape[1] > 1 else jnp.zeros_like(end_bl)
        r_bldd = (table_b1[..., None, None], of_bl[..., None, None])
        r_blkk = r_btdd[*r_bldd, near_blk[..., None], near_blk[:, :, None]] * real_blkk
        with_blk = r_btdd[table_b1[..., None], of_bl[..., None], near_blk, end_bl[..., None]]
        matrix_blkk = r_blkk + (1 + 1e-9) * jnp.eye(r_blkk.shape[-1])
        beta_blk = jnp.linalg.solve(matrix_blkk, (with_blk * given_blk)[..., None])[..., 0]
        weight_bld = (each_d == end_bl[..., None]) - (beta_blk[..., None] * here_blkd).sum(2)
        weight_bld = weight_bld / size_btd[table_b1, of_bl]
        offset_bl = -(weight_bld * mean_btd[table_b1, of_bl]).sum(2)
        return weight_bld.swapaxes(1, 2), offset_bl

    (u_bdl, offset_u), (v_bdl, offset_v) = residual(first_bl), residual(second_bl)
    offset_b2l = jnp.stack([offset_u, offset_v], 1)
    return Links(first_bl, second_bl, some_bl.astype(jnp.float32), u_bdl, v_bdl, offset_b2l)


def link_moments(batch: Batch, filled: Filled, links: Links) -> LinkMoments:
    """First pass over rows, of tables or of chunks of them."""
    u_bnl, v_bnl, counts_bnl = _residuals(batch, filled, links)
    products = [u_bnl * u_bnl, v_bnl * v_bnl, u_bnl * v_bnl]

    def over_rows(parts: list[Array]) -> Array:
        return jnp.stack([(x * counts_bnl).sum(1) for x in parts], 1)

    return LinkMoments(counts_bnl.sum(1), over_rows([u_bnl, v_bnl]), over_rows(products))


def link_entropies(
    batch: Batch, filled: Filled, links: Links, moments: LinkMoments
) -> LinkEntropies:
    """Second pass over rows; `moments` are of the whole tables."""
    u_bnl, v_bnl, counts_bnl = _residuals(batch, filled, links)
    mean_b2l, size_b2l, r_bl = _standards(moments)
    rest_b1l = jnp.sqrt(jnp.maximum(1 - r_bl**2, 1e-6))[:, None]
    u_bnl = (u_bnl - mean_b2l[:, :1]) / size_b2l[:, :1]
    v_bnl = (v_bnl - mean_b2l[:, 1:]) / size_b2l[:, 1:]
    r_b1l = r_bl[:, None]
    four = [u_bnl, v_bnl, (u_bnl - r_b1l * v_bnl) / rest_b1l, (v_bnl - r_b1l * u_bnl) / rest_b1l]

    def log_cosh(s: Array) -> Array:
        return jnp.abs(s) + jnp.log1p(jnp.exp(-2 * jnp.abs(s))) - jnp.log(2.0)

    def bell(s: Array) -> Array:
        return s * jnp.exp(-(s**2) / 2)

    found = [
        jnp.stack([(of(jnp.clip(s, -300, 300)) * counts_bnl).sum(1) for s in four], 1)
        for of in (log_cosh, bell)
    ]
    return LinkEntropies(*found)


def link_features(links: Links, moments: LinkMoments, entropies: LinkEntropies) -> LinkFeatures:
    """By how much i -> j is likelier than j -> i: in nats of all rows, and of one; compressed.

    Positive at [i, j] where i -> j is likelier, the negative at [j, i], 0 where no link is.
    """
    b, d = links.u_bdl.shape[:2]
    rows_b1l = jnp.maximum(moments.rows_bl, 1.0)[:, None]
    log_cosh_b4l, bell_b4l = (x / rows_b1l for x in entropies)
    u, v, u_rest, v_rest = jnp.moveaxis(
        -_K1 * (log_cosh_b4l - _GAUSS) ** 2 - _K2 * bell_b4l**2, 1, 0
    )
    nats_bl = (v + u_rest - u - v_rest) * links.some_bl
    both = jnp.arcsinh(moments.rows_bl * nats_bl / 2) / 4, jnp.arcsinh(20 * nats_bl)
    features_blc = jnp.stack(both, -1)
    table_b1 = jnp.arange(b)[:, None]
    at = jnp.zeros((b, d, d, ENTROPY_FEATURES))
    at = at.at[table_b1, links.first_bl, links.second_bl].add(features_blc)
    return LinkFeatures(at.at[table_b1, links.second_bl, links.first_bl].add(-features_blc))


def _residuals(batch: Batch, filled: Filled, links: Links) -> tuple[Array, Array, Array]:
    """u, v and whether the row counts, [b, n, l] each."""
    z_bnd = filled.values_bnd
    u_bnl = jnp.matmul(z_bnd, links.u_bdl, precision="highest") + links.offset_b2l[:, :1]
    v_bnl = jnp.matmul(z_bnd, links.v_bdl, precision="highest") + links.offset_b2l[:, 1:]
    set_bnl = (
        jnp.take_along_axis(batch.intervened_bnd, at_bl[:, None], 2)
        for at_bl in (links.first_bl, links.second_bl)
    )
    counts_bnl = batch.rows_bn[..., None] & ~next(set_bnl) & ~next(set_bnl)
    return u_bnl, v_bnl, counts_bnl.astype(jnp.float32)


def _standards(moments: LinkMoments) -> tuple[Array, Array, Array]:
    """Means and standard deviations of u and v [b, 2, l], and their correlation [b, l]."""
    rows_b1l = jnp.maximum(moments.rows_bl, 1.0)[:, None]
    mean_b2l = moments.sum_b2l / rows_b1l
    product_b3l = moments.product_b3l / rows_b1l
    size_b2l = jnp.sqrt(jnp.maximum(product_b3l[:, :2] - mean_b2l**2, 1e-8))
    cross_bl = product_b3l[:, 2] - mean_b2l[:, 0] * mean_b2l[:, 1]
    return mean_b2l, size_b2l, jnp.clip(cross_bl / (size_b2l[:, 0] * size_b2l[:, 1]), -1, 1)
