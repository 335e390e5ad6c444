"""Snapshots of coupled nonlinear stochastic differential equations.

dx_j = rate_j (h_j(x_j) + sum over parents i of w_ij g_ij(x_i)) dt + noise_j dW, with h one of a
leak, a double well and a limit, and g one of the identity, tanh, sine and a bump. The kind of
system is that of CausalDynamics (Herdeanu et al. 2025); the terms are our choice.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.columns import CONTINUOUS
from simulators.gene import increments
from simulators.interventions import Experiment
from simulators.prior import Prior
from simulators.recording import Model
from simulators.systems import DynamicsConfig, SystemPrior

LIMIT = 10.0  # of a state when it is read


class Coupled(NamedTuple):
    """The constants of one system of d variables."""

    rate_d: Array
    noise_d: Array
    own_d: Array  # int32: leak, double well, limit
    weight_4dd: Array  # [4 d, d]: weights of the four couplings, one below the other, row = parent


def dynamics(
    key: Array,
    prior: Prior,
    graph_dd: Array,
    plan: Experiment,
    active: Array,
) -> Model:
    """The ends of independent trajectories of one system.

    Experiments hold their target at a value all along.
    """
    config = (prior.systems or SystemPrior()).dynamics
    k_system, k_path = jax.random.split(key)
    system = sample_coupled(k_system, config, graph_dd)
    values_nd = run(k_path, system, config, plan.intervened_nd, plan.value_nd)
    return Model(
        values_nd, graph_dd, plan.intervened_nd, jnp.full(len(graph_dd), CONTINUOUS, jnp.int32)
    )


def sample_coupled(key: Array, config: DynamicsConfig, graph_dd: Array) -> Coupled:
    """Draw the terms of every variable given the graph."""
    d = graph_dd.shape[0]
    keys = jax.random.split(key, 6)
    size_dd = draw.between(keys[0], config.strength, (d, d)) * draw.sign(keys[1], (d, d))
    weight_dd = jnp.where(graph_dd, size_dd / jnp.sqrt(jnp.maximum(graph_dd.sum(0), 1)), 0.0)
    coupling_dd = draw.option(keys[2], (0.25, 0.35, 0.2, 0.2), (d, d))
    return Coupled(
        rate_d=draw.log_between(keys[3], config.rate, (d,)),
        noise_d=draw.log_between(keys[4], config.noise, (d,)),
        own_d=draw.option(keys[5], (0.5, 0.25, 0.25), (d,)),
        weight_4dd=jnp.concatenate([jnp.where(coupling_dd == k, weight_dd, 0.0) for k in range(4)]),
    )


def drift(system: Coupled, x_nd: Array) -> Array:
    """The deterministic part of dx / dt, [n, d]."""
    x_nd = jnp.clip(x_nd, -LIMIT, LIMIT)
    well_nd = jnp.clip(2 * x_nd - x_nd**3, -20.0, 20.0)  # or the step would overshoot
    limit_nd = 1.5 * jnp.tanh(2 * x_nd) - x_nd
    own_nd = jnp.select([system.own_d == 0, system.own_d == 1], [-x_nd, well_nd], limit_nd)
    parts = (x_nd, jnp.tanh(2 * x_nd), jnp.sin(2 * x_nd), 2 * jnp.exp(-(x_nd**2)))
    return system.rate_d * (own_nd + jnp.concatenate(parts, 1) @ system.weight_4dd)


def run(
    key: Array, system: Coupled, config: DynamicsConfig, held_nd: Array, value_nd: Array
) -> Array:
    """States [n, d] after `config.steps` steps, from normal ones; held cells stay at their value.

    Euler and Maruyama's scheme with increments of binomial bits (see `gene.express`).
    """
    k_start, k_path = jax.random.split(key)
    shape = held_nd.shape

    def step(x_nd: Array, i: Array) -> tuple[Array, None]:
        bits_nd = increments(jax.random.fold_in(k_path, i), held_nd.size).reshape(shape)
        noise_nd = math.sqrt(config.dt) * system.noise_d * bits_nd
        return jnp.where(held_nd, x_nd, x_nd + config.dt * drift(system, x_nd) + noise_nd), None

    start_nd = jnp.where(held_nd, value_nd, draw.normal(k_start, shape))
    return jax.lax.scan(step, start_nd, jnp.arange(config.steps))[0]
