"""Cross-entropy of the true relations under the pair posterior."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from amortize.model import confounded_logits, pair_log_probabilities


def pair_cross_entropy(logits_bddk: Array, graph_bdd: Array, variables_bd: Array) -> Array:
    """Mean over real unordered pairs of -log p(none, i -> j or j -> i), per dataset: [b], nats."""
    log_p_bddk = pair_log_probabilities(logits_bddk)
    forward = graph_bdd.astype(jnp.float32)
    backward = forward.swapaxes(1, 2)
    label_bddk = jnp.stack([1 - forward - backward, forward, backward], -1)
    nats_bdd = -(label_bddk * log_p_bddk).sum(-1)
    return _mean_over_pairs(nats_bdd, variables_bd)


def confounding_cross_entropy(
    logits_bddk: Array, confounded_bdd: Array, variables_bd: Array
) -> Array:
    """Mean over real unordered pairs of -log p(hidden common cause or not): [b], nats."""
    odds_bdd = confounded_logits(logits_bddk)
    nats_bdd = jax.nn.softplus(odds_bdd) - jnp.where(confounded_bdd, odds_bdd, 0.0)
    return _mean_over_pairs(nats_bdd, variables_bd)


def _mean_over_pairs(nats_bdd: Array, variables_bd: Array) -> Array:
    d = nats_bdd.shape[1]
    upper_dd = jnp.arange(d)[:, None] < jnp.arange(d)[None, :]
    pairs_bdd = variables_bd[:, :, None] & variables_bd[:, None, :] & upper_dd
    return jnp.where(pairs_bdd, nats_bdd, 0.0).sum((1, 2)) / jnp.maximum(pairs_bdd.sum((1, 2)), 1)
