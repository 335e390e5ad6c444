"""What an ordered pair of variables starts from: sums over rows, and features made of them.

All sums are plain sums over rows, so chunks of a table (or the parties that hold them) add up to
the same features.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from amortize.batch import Batch
from amortize.conditionals import conditionals

PAIR_FEATURES = 16
STATISTICS = 9  # further ones, of ModelConfig.statistics
SHRINKAGE = 0.05  # of the correlation matrix towards the identity, before it is inverted
LIMIT = 6.0  # of the standardised effects, in standard deviations


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


def pair_sums(batch: Batch) -> PairSums:
    """The sums of a batch, or of one chunk of its rows (values standardised over the whole)."""
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
    )


def pair_features(
    batch: Batch, sums: PairSums, statistics: bool, conditional: bool = False
) -> Array:
    """[b, d, d, c]: identity, counts of rows, experiments on either side, kinds, knowledge.

    With `statistics`, also correlations and effects of interventions; with `conditional`, also what
    conditioning does to correlations. Of the batch only what has no rows is read: variables, kinds,
    knowledge.
    """
    b, d = batch.variables_bd.shape
    rows_b = jnp.maximum(sums.rows_b, 1)
    set_bd = sums.set_bd / rows_b[:, None]
    shape = (b, d, d)

    def spread(x: Array, axes: tuple[int, ...]) -> Array:
        return jnp.broadcast_to(jnp.expand_dims(x.astype(jnp.float32), axes), shape)

    kinds = jax.nn.one_hot(batch.kind_bd, 3)[..., 1:]
    knowledge = jax.nn.one_hot(batch.knowledge_bdd, 3)[..., 1:]
    features = [
        spread(jnp.eye(d), (0,)),
        jnp.log(jnp.maximum(sums.count_bdd, 1.0)) / 5 - 1,
        sums.count_bdd / rows_b[:, None, None],
        spread(jnp.log(batch.variables_bd.sum(-1) + 1.0) / 2 - 1, (1, 2)),
        spread(set_bd > 0, (2,)),
        spread(set_bd > 0, (1,)),
        spread(jnp.sqrt(set_bd), (2,)),
        spread(jnp.sqrt(set_bd), (1,)),
        spread(sums.intervened_rows_b / rows_b, (1, 2)),
        spread(sums.regime_rows_b / rows_b, (1, 2)),
        spread(kinds[..., 0], (2,)),
        spread(kinds[..., 1], (2,)),
        spread(kinds[..., 0], (1,)),
        spread(kinds[..., 1], (1,)),
        knowledge[..., 0],
        knowledge[..., 1],
    ]
    if statistics:
        features += _associations(batch.variables_bd, sums) + _effects(sums)
    if conditional:
        features += conditionals(_correlations(sums), batch.variables_bd, sums.rows_b)
    return jnp.stack(features, -1)


def _correlations(sums: PairSums) -> Array:
    size_bd = jnp.sqrt(jnp.maximum(jnp.diagonal(sums.product_bdd, axis1=1, axis2=2), 1e-6))
    return sums.product_bdd / (size_bd[:, :, None] * size_bd[:, None, :])


def _associations(variables_bd: Array, sums: PairSums) -> list[Array]:
    """Correlation, partial correlation given all others, and the latter's size in its own error."""
    r_bdd = _correlations(sums)
    pairs_bdd = variables_bd[:, :, None] & variables_bd[:, None, :]
    eye = jnp.eye(r_bdd.shape[-1])
    rows_b = jnp.maximum(sums.rows_b, 1)
    share_b = jnp.minimum(SHRINKAGE + variables_bd.sum(-1) / (4 * rows_b), 0.5)[:, None, None]
    shrunk_bdd = jnp.where(pairs_bdd, (1 - share_b) * r_bdd, 0.0) * (1 - eye) + eye
    precision_bdd = jnp.linalg.inv(shrunk_bdd)
    scale_bd = jnp.sqrt(jnp.maximum(jnp.diagonal(precision_bdd, axis1=1, axis2=2), 1e-6))
    partial_bdd = -precision_bdd / (scale_bd[:, :, None] * scale_bd[:, None, :]) * (1 - eye)
    errors_bdd = jnp.arcsinh(partial_bdd * jnp.sqrt(rows_b)[:, None, None]) / 3
    return [r_bdd * (1 - eye), partial_bdd, errors_bdd]


def _effects(sums: PairSums) -> list[Array]:
    """How j moves when i is set: shift of its mean, the same in standard errors, correlation."""
    count = jnp.maximum(sums.set_count_bdd, 1)
    mean = sums.set_sum_bdd / count
    rest_bd = sums.free_sum_bd / jnp.maximum(sums.free_count_bd, 1)
    some = (sums.set_count_bdd > 0).astype(jnp.float32)
    shift = jnp.where(sums.free_count_bd[:, None, :] > 0, mean - rest_bd[:, None, :], mean) * some
    errors = jnp.arcsinh(shift * jnp.sqrt(sums.set_count_bdd)) / 3
    own = sums.set_own_bdd / count
    spread = jnp.maximum(sums.set_square_bdd / count - own**2, 0.0)
    slope = (sums.set_product_bdd / count - own * mean) / jnp.sqrt(spread + 0.05)
    slope = slope * some
    both = [shift, errors, slope]
    return both + [x.swapaxes(1, 2) for x in both]
