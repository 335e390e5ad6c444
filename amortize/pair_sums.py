"""Sums over rows, all that pairs of variables ever hear of the rows before the network's own.

All are plain sums, so chunks of a table (or the parties that hold them) add up to the same.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from amortize.batch import Batch
from amortize.imputation import LIMIT, Filled

PER_TARGET = 128  # up to so many variables the rows that count for each are summed for themselves


class TargetSums(NamedTuple):
    """Sums over the rows in which v is not set, for each v; beyond PER_TARGET over all rows."""

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
    missing_bnd = (real_bnd & ~batch.observed_bnd).astype(jnp.float32)
    free_bnv = 1.0 - batch.intervened_bnd.astype(jnp.float32)
    d = free_bnv.shape[-1]
    if d > PER_TARGET:
        free_bnv = jnp.ones_like(free_bnv[..., :1])
    add = partial(jnp.einsum, precision="highest")  # scores multiply their errors by the rows
    values_bnd = filled.values_bnd
    around_bvd = add("bnv,bni->bvi", free_bnv, missing_bnd) * filled.variance_bd[:, None]
    return TargetSums(
        add("bnv,bni->bvi", free_bnv, values_bnd),
        add("bnv,bni,bnj->bvij", free_bnv, values_bnd, values_bnd)
        + around_bvd[..., None] * jnp.eye(d),
    )
