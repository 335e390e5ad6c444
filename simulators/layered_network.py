"""Layered random networks in the manner of TabPFN's prior (Hollmann et al. 2023).

The variables are the units of a random multi-layer perceptron whose weights are mostly dropped: a
unit is an activation of a weighted sum of units of the layer before, plus noise. All units of a
dataset share one activation and one noise level. Which units nobody records is the business of
`latent`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.columns import CONTINUOUS
from simulators.interventions import Experiment
from simulators.prior import Prior
from simulators.recording import Model
from simulators.systems import SystemPrior
from simulators.topologies import layered

ACTIVATIONS = 5


def layered_network(
    key: Array, prior: Prior, graph_dd: Array, plan: Experiment, active: Array
) -> Model:
    """Rows of one network of `active` units, whose graph is its own."""
    config = (prior.systems or SystemPrior()).network
    n, d = plan.intervened_nd.shape
    keys = jax.random.split(key, 9)
    low, high = config.layers
    layers = jnp.floor(draw.between(keys[0], (low, high + 1)))
    # As many edges a unit as the share kept of the weights of equal layers gives, if not too many.
    kept = draw.between(keys[1], config.kept)
    expected = jnp.clip(kept * active * (layers - 1) / layers**2, 0.6, config.parents)
    graph_dd = layered(keys[2], d, active, expected, 1.0, layers.astype(jnp.int32))
    size_dd = draw.between(keys[3], config.weight, (d, d)) * draw.sign(keys[4], (d, d))
    weight_dd = jnp.where(graph_dd, size_dd / jnp.sqrt(jnp.maximum(graph_dd.sum(0), 1)), 0.0)
    bias_d = draw.normal(keys[5], (d,))
    activation = draw.option(keys[6], (1.0,) * ACTIVATIONS)
    noise_nd = draw.normal(keys[7], (n, d))
    k_level, k_scale = jax.random.split(keys[8])
    level_d = draw.log_between(k_level, config.noise) * draw.log_between(k_scale, (0.7, 1.4), (d,))
    root_d = ~graph_dd.any(0)

    def layer(_: int, x_nd: Array) -> Array:
        h_nd = x_nd @ weight_dd + bias_d
        f_nd = jnp.select(
            [activation == k for k in range(ACTIVATIONS - 1)],
            [jnp.tanh(h_nd), jax.nn.leaky_relu(h_nd, 0.1), jnp.sin(2 * h_nd), jnp.abs(h_nd)],
            h_nd,
        )
        f_nd = (f_nd - f_nd.mean(0)) / jnp.maximum(f_nd.std(0), 1e-6)
        free_nd = jnp.where(root_d, noise_nd, f_nd + level_d * noise_nd)
        held_nd = free_nd.mean(0) + free_nd.std(0) * plan.value_nd
        return jnp.where(plan.intervened_nd, held_nd, free_nd)

    # After as many sweeps as layers every unit has read the final values of its parents.
    values_nd = jax.lax.fori_loop(0, high, layer, jnp.zeros((n, d)))
    return Model(values_nd, graph_dd, plan.intervened_nd, jnp.full(d, CONTINUOUS, jnp.int32))
