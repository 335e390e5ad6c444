"""Sums over rows, all that pairs of variables ever hear of the rows before the network's own.

All are plain sums, so chunks of a table (or the parties that hold them) add up to the same.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from amortize.batch import Batch
from amortize.imputation import Filled

LIMIT = 6.0  # of the standardised values, in standard deviations; of TargetSums: that of `Filled`
PER_TARGET = 128  # up to so many variables the rows that count for each are summed for themselves


class TargetSums(NamedTuple):
    """Sums over the rows in which v is not set, for each v; beyond PER_TARGET over all rows.

    In double precision: variables that others determine to a few millionths of their variance are
    common in large linear systems.
    """

    sum_bvd: Array  # of z_i, missing cells filled in; [b, 1, d] over all rows
    product_bvdd: Array  # of z_i z_j, as expected; [b, 1, d, d] over all rows


class PairSums(NamedTuple):
    """Sums over rows; those of two chunks of a table add up to those of the whole."""

    rows_b: Array  # rows
    intervened_rows_b: Array  # rows in which some variable is set
    regime_rows_b: Array  # rows of experiments with unknown target
    set_bd: Array  # rows in which i is set
    count_bdd: Array  # rows in which i and j are both observed
    product_bdd: Array  # sum of z_i z_j, missing cells counted as 0
    set_count_bdd: Array  # rows in which i is set and j observed but not set
    set_sum_bdd: Array  # sum of z_j over these
    set_product_bdd: Array  # sum of z_i z_j over these
    set_square_bdd: Array  # sum of z_i^2 over these
    set_own_bdd: Array  # sum of z_i over these
    free_count_bd: Array  # rows without any set variable in which j is observed
    free_sum_bd: Array  # sum of z_j over these
    targets: TargetSums | None  # of ModelConfig.order_search


def pair_sums(batch: Batch, filled: Filled | None = None) -> PairSums:
    """The sums of a batch, or of one chunk of its rows (values standardised over the whole).

    With `filled`, the same rows without missing cells, those for `ModelConfig.order_search` too.
    """
    seen = batch.observed_bnd.astype(jnp.float32)
    z = jnp.clip(batch.values_bnd, -LIMIT, LIMIT) * seen
    acted = batch.intervened_bnd.astype(jnp.float32)
    effect = seen * (1 - acted)  # cells in which an effect could show
    free = 1 - batch.intervened_bnd.any(-1, keepdims=True).astype(jnp.float32)

    def over_rows(left_bnd: Array, right_bnd: Array) -> Array:
        return jnp.einsum("bni,bnj->bij", left_bnd, right_bnd)

    return PairSums(
        rows_b=batch.rows_bn.sum(-1).astype(jnp.float32),
        intervened_rows_b=batch.intervened_bnd.any(-1).sum(-1).astype(jnp.float32),
        regime_rows_b=batch.regime_bn.sum(-1).astype(jnp.float32),
        set_bd=acted.sum(1),
        count_bdd=over_rows(seen, seen),
        product_bdd=over_rows(z, z),
        set_count_bdd=over_rows(acted * seen, effect),
        set_sum_bdd=over_rows(acted * seen, z * effect),
        set_product_bdd=over_rows(acted * z, z * effect),
        set_square_bdd=over_rows(acted * z**2, effect),
        set_own_bdd=over_rows(acted * z, effect),
        free_count_bd=(seen * free).sum(1),
        free_sum_bd=(z * free).sum(1),
        targets=None if filled is None else _target_sums(batch, filled),
    )


def _target_sums(batch: Batch, filled: Filled) -> TargetSums:
    real_bnd = batch.rows_bn[..., None] & batch.variables_bd[:, None]
    missing_bnd = real_bnd & ~batch.observed_bnd
    set_bnd = batch.intervened_bnd
    d = set_bnd.shape[-1]
    if d > PER_TARGET:
        set_bnd = jnp.zeros_like(set_bnd[..., :1])
    with jax.enable_x64(True):
        values_bnd = filled.values_bnd.astype(jnp.float64)

        def over(free_bn: Array) -> tuple[Array, Array]:
            free_bnd = jnp.broadcast_to(free_bn[..., None], values_bnd.shape)
            around_bd = (free_bnd & missing_bnd).sum(1) * filled.variance_bd
            free_bnd = values_bnd * free_bnd
            product_bdd = jnp.einsum("bni,bnj->bij", free_bnd, values_bnd)
            return free_bnd.sum(1), product_bdd + around_bd[..., None] * jnp.eye(d)

        def each() -> tuple[Array, Array]:
            return jax.lax.map(over, jnp.moveaxis(~set_bnd, 2, 0))

        def alike() -> tuple[Array, Array]:
            found = over(jnp.ones_like(set_bnd[..., 0]))
            return jax.tree.map(lambda x: jnp.broadcast_to(x, (set_bnd.shape[2], *x.shape)), found)

        found = jax.lax.cond(set_bnd.any(), each, alike)
        return TargetSums(*(jnp.moveaxis(x, 0, 1) for x in found))
