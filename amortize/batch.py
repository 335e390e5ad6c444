"""What the network reads: padded tables as arrays with masks, standardised. Knows no simulator."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

CONTINUOUS, ORDINAL, BINARY = range(3)
UNKNOWN, FORBIDDEN, REQUIRED = range(3)


class Batch(NamedTuple):
    """b tables of n rows and d variables. Padding is False in rows / variables."""

    values_bnd: Array  # float32, z-scored per variable over observed cells, 0 where missing
    observed_bnd: Array  # bool
    intervened_bnd: Array  # bool, cell set by a known intervention
    regime_bn: Array  # bool, row belongs to an experiment with unknown target
    kind_bd: Array  # int32: CONTINUOUS, ORDINAL or BINARY
    knowledge_bdd: Array  # int32: UNKNOWN, FORBIDDEN or REQUIRED, for i -> j
    rows_bn: Array  # bool
    variables_bd: Array  # bool


def standardise(values_bnd: Array, observed_bnd: Array) -> Array:
    """Zero mean and unit variance per table and variable over observed cells, 0 elsewhere."""
    weight_bnd = observed_bnd.astype(jnp.float32)
    count_b1d = jnp.maximum(weight_bnd.sum(1, keepdims=True), 1.0)
    mean_b1d = (values_bnd * weight_bnd).sum(1, keepdims=True) / count_b1d
    centred_bnd = (values_bnd - mean_b1d) * weight_bnd
    variance_b1d = (centred_bnd**2).sum(1, keepdims=True) / count_b1d
    return centred_bnd / jnp.sqrt(jnp.maximum(variance_b1d, 1e-12))


def make_batch(
    values_bnd: Array,
    observed_bnd: Array | None = None,
    intervened_bnd: Array | None = None,
    rows_bn: Array | None = None,
    variables_bd: Array | None = None,
    regime_bn: Array | None = None,
    kind_bd: Array | None = None,
    knowledge_bdd: Array | None = None,
) -> Batch:
    """Fill in what is not given (complete, observational, no padding, continuous) and z-score.

    Args:
        values_bnd: [b, n, d] any scale; cells that are not observed may hold any finite number.
        observed_bnd: [b, n, d] bool, False = missing.
        intervened_bnd: [b, n, d] bool, True = set by a known intervention.
        rows_bn: [b, n] bool, False = padding.
        variables_bd: [b, d] bool, False = padding.
        regime_bn: [b, n] bool, True = the row comes from an experiment with unknown target.
        kind_bd: [b, d] int32, kind of each variable.
        knowledge_bdd: [b, d, d] int32, what is known of each ordered pair.
    """
    values_bnd = jnp.asarray(values_bnd, jnp.float32)
    b, n, d = values_bnd.shape
    rows_bn = jnp.ones((b, n), bool) if rows_bn is None else jnp.asarray(rows_bn)
    variables_bd = jnp.ones((b, d), bool) if variables_bd is None else jnp.asarray(variables_bd)
    real_bnd = rows_bn[:, :, None] & variables_bd[:, None, :]
    observed_bnd = real_bnd if observed_bnd is None else real_bnd & observed_bnd
    none_bnd = jnp.zeros((b, n, d), bool)
    return Batch(
        values_bnd=standardise(values_bnd, observed_bnd),
        observed_bnd=observed_bnd,
        intervened_bnd=none_bnd if intervened_bnd is None else real_bnd & intervened_bnd,
        regime_bn=jnp.zeros((b, n), bool) if regime_bn is None else rows_bn & regime_bn,
        kind_bd=jnp.zeros((b, d), jnp.int32) if kind_bd is None else jnp.asarray(kind_bd),
        knowledge_bdd=jnp.zeros((b, d, d), jnp.int32)
        if knowledge_bdd is None
        else jnp.asarray(knowledge_bdd),
        rows_bn=rows_bn,
        variables_bd=variables_bd,
    )
