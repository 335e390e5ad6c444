"""Linear models with feedback: x = B' x + e at equilibrium (LiNG, Lacerda et al. 2008).

Their graphs have cycles, so that no directed acyclic graph is right for them: they are generated
on request alone, and a network that answers with one direction a pair cannot name both edges of a
two-cycle.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.columns import CONTINUOUS
from simulators.interventions import Experiment
from simulators.noise import sample_noise
from simulators.prior import Prior
from simulators.recording import Model
from simulators.systems import SystemPrior


def cyclic(key: Array, prior: Prior, graph_dd: Array, plan: Experiment, active: Array) -> Model:
    """Equilibria of a stable linear system with its own graph; the noise is the prior's.

    A target is set to its value whatever its equation says. That equals adding to its noise what
    makes it take the value, so one inverse serves all rows.
    """
    config = (prior.systems or SystemPrior()).cyclic
    keys = jax.random.split(key, 7)
    n, d = plan.intervened_nd.shape
    graph_dd = directed(keys[0], d, active, draw.between(keys[1], config.parents))
    sign_dd = draw.sign(keys[2], (d, d))
    weight_dd = jnp.where(graph_dd, draw.between(keys[3], (0.3, 1.0), (d, d)) * sign_dd, 0.0)
    radius = draw.between(keys[4], config.radius)
    weight_dd *= radius / jnp.maximum(jnp.abs(weight_dd).sum(0).max(), 1e-6)
    noise_nd = sample_noise(keys[5], prior, n, d)
    noise_nd *= draw.log_between(keys[6], config.noise, (d,))
    response_dd = jnp.linalg.inv(jnp.eye(d) - weight_dd)  # row: noise of, column: what it moves
    free_nd = noise_nd @ response_dd
    target_nd = free_nd.mean(0) + free_nd.std(0) * plan.value_nd
    gap_nd = jnp.where(plan.intervened_nd, target_nd - free_nd, 0.0)
    values_nd = free_nd + (gap_nd / jnp.diagonal(response_dd)) @ response_dd
    return Model(values_nd, graph_dd, plan.intervened_nd, jnp.full(d, CONTINUOUS, jnp.int32))


def directed(key: Array, d: int, active: Array, expected: Array) -> Array:
    """A random directed graph, cycles allowed: every ordered pair alike, bool [d, d]."""
    chance = jnp.minimum(expected / jnp.maximum(active - 1, 1), 1.0)
    real_d = jnp.arange(d) < active
    pair_dd = real_d[:, None] & real_d & ~jnp.eye(d, dtype=bool)
    return draw.chance(key, chance, (d, d)) & pair_dd
