"""What a training dataset is asked with: background knowledge drawn from its truth, or none.

Every input is withheld from part of the datasets, so that one network answers with and without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from amortize.batch import FORBIDDEN, REQUIRED, UNKNOWN, Batch, make_batch
from simulators import Dataset

TIERS, SINGLE, BOTH = range(3)


@dataclass(frozen=True)
class QuestionConfig:
    """What beside the table is given and asked for (shares of the datasets)."""

    knowledge: float = 0.0  # background knowledge of any kind
    kinds_withheld: float = 0.0  # all variables are called continuous
    confounding_weight: float = 0.5  # of the cross-entropy of confounded pairs in the loss


def ask(key: Array, config: QuestionConfig, data: Dataset) -> Batch:
    """The network's input for a padded batch of datasets; pure, one key per batch."""
    k_knowledge, k_kinds = jax.random.split(key)
    b = data.values.shape[0]
    withheld_b1 = jax.random.uniform(k_kinds, (b, 1)) < config.kinds_withheld
    knowledge_bdd = None
    if config.knowledge > 0:
        keys_b = jax.random.split(k_knowledge, b)
        drawn_bdd = jax.vmap(draw_knowledge)(keys_b, data.graph, data.variables)
        given_b = jax.random.uniform(jax.random.fold_in(k_kinds, 1), (b,)) < config.knowledge
        knowledge_bdd = jnp.where(given_b[:, None, None], drawn_bdd, UNKNOWN)
    return make_batch(
        data.values,
        data.observed,
        data.intervened,
        data.rows,
        data.variables,
        regime_bn=data.regime,
        kind_bd=jnp.where(withheld_b1, 0, data.kind),
        knowledge_bdd=knowledge_bdd,
    )


def draw_knowledge(key: Array, graph_dd: Array, variables_d: Array) -> Array:
    """True statements about a graph [d, d]: tiers, single edges and non-edges, or both, int32.

    Tiers: variables are cut into 2 to 4 groups along an order in which causes come first; an edge
    from a later group to an earlier one is forbidden. Single: a random share of the true edges is
    required and of the absent ones forbidden. A cyclic graph has no tiers beyond its cycles.
    """
    d = graph_dd.shape[0]
    k_kind, k_order, k_cuts, k_required, k_forbidden, k_share = jax.random.split(key, 6)
    kind = jax.random.randint(k_kind, (), 0, 3)
    # The number of ancestors rises strictly along every edge of an acyclic graph.
    depth_d = ancestors(graph_dd).sum(0) + jax.random.uniform(k_order, (d,), maxval=0.9)
    place_d = jnp.argsort(jnp.argsort(jnp.where(variables_d, depth_d, jnp.inf)))
    share_d = (place_d + 0.5) / jnp.maximum(variables_d.sum(), 1)
    cuts_c = jax.random.uniform(k_cuts, (3,))
    tier_d = (share_d[:, None] > cuts_c[None, :]).sum(-1)
    later_dd = (tier_d[:, None] > tier_d[None, :]) & ~graph_dd

    required_share, forbidden_share = jax.random.uniform(k_share, (2,), maxval=0.5) ** 2 * 2
    required_dd = graph_dd & (jax.random.uniform(k_required, (d, d)) < required_share)
    absent_dd = ~graph_dd & (jax.random.uniform(k_forbidden, (d, d)) < forbidden_share)
    forbidden_dd = jnp.where(kind != SINGLE, later_dd, False) | (absent_dd & (kind != TIERS))
    known_dd = jnp.where(forbidden_dd, FORBIDDEN, UNKNOWN)
    known_dd = jnp.where(required_dd & (kind != TIERS), REQUIRED, known_dd)
    real_dd = variables_d[:, None] & variables_d[None, :] & ~jnp.eye(d, dtype=bool)
    return jnp.where(real_dd, known_dd, UNKNOWN).astype(jnp.int32)


def ancestors(graph_dd: Array) -> Array:
    """Bool [d, d]: [i, j] = True if a directed path leads from i to j."""
    d = graph_dd.shape[0]
    reach_dd = graph_dd.astype(jnp.float32)
    for _ in range(max(1, (d - 1).bit_length())):
        reach_dd = jnp.minimum(reach_dd + reach_dd @ reach_dd, 1.0)
    return reach_dd > 0
