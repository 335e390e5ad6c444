"""What an ordered pair of variables starts from: features made of sums over rows."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from amortize.batch import Batch
from amortize.cell_features import Graphs
from amortize.conditionals import conditionals
from amortize.pair_sums import PairSums

PAIR_FEATURES = 16
STATISTICS = 9  # further ones, of ModelConfig.statistics
SHRINKAGE = 0.05  # of the correlation matrix towards the identity, before it is inverted


def pair_features(
    batch: Batch,
    sums: PairSums,
    statistics: bool,
    conditional: bool = False,
    graphs: Graphs | None = None,
) -> Array:
    """[b, d, d, c]: identity, counts of rows, experiments on either side, kinds, knowledge.

    With `statistics`, also correlations and effects of interventions; with `conditional`, also what
    conditioning does to correlations; with `graphs`, also what the graphs of searches say. Of the
    batch only what has no rows is read: variables, kinds, knowledge.
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
    found = jnp.stack(features, -1)
    said = [x.features_bddc for x in graphs or () if x is not None]
    return jnp.concatenate([found, *said], -1)


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
