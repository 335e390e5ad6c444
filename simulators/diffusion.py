"""Snapshots of linear stochastic differential equations at rest (Ornstein-Uhlenbeck processes).

dX = (A X + u) dt + D dW with A stable. Every row is an independent draw from the stationary law,
normal with covariance S from A S + S A' + D D' = 0 (Lyapunov) and mean -A^-1 u. An edge i -> j is
an entry A[j, i] that is not 0. Experiments push their target: a constant u (Lorch et al. 2024,
"Causal modeling with stationary diffusions").
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.columns import CONTINUOUS
from simulators.cyclic import directed
from simulators.interventions import Experiment
from simulators.prior import Prior
from simulators.recording import Model
from simulators.systems import DiffusionConfig, SystemPrior

DOUBLINGS = 10
SHIFT = 1.0  # of the Cayley transform: near the middle of the rates


def diffusion(key: Array, prior: Prior, graph_dd: Array, plan: Experiment, active: Array) -> Model:
    """Snapshots of a linear process of `active` variables; one with feedback has its own graph."""
    config = (prior.systems or SystemPrior()).diffusion
    d = graph_dd.shape[0]
    k_graph, k_edges, k_drift, k_values = jax.random.split(key, 4)
    if config.feedback:
        expected = draw.between(k_edges, prior.edges_per_variable)
        graph_dd = directed(k_graph, d, active, expected)
    drift_dd, spread_d = sample_drift(k_drift, config, graph_dd)
    pushed_nd = jnp.where(plan.intervened_nd, plan.value_nd, 0.0)
    values_nd = snapshots(k_values, drift_dd, spread_d, pushed_nd)
    return Model(values_nd, graph_dd, plan.intervened_nd, jnp.full(d, CONTINUOUS, jnp.int32))


def sample_drift(key: Array, config: DiffusionConfig, graph_dd: Array) -> tuple[Array, Array]:
    """A stable drift [d, d] with the pattern of the graph, and the noise amplitudes [d]."""
    d = graph_dd.shape[0]
    k_rate, k_size, k_sign, k_noise = jax.random.split(key, 4)
    rate_d = draw.log_between(k_rate, config.rate, (d,))
    size_dd = draw.between(k_size, config.weight, (d, d)) * draw.sign(k_sign, (d, d))
    effect_dd = jnp.where(graph_dd, size_dd / jnp.sqrt(jnp.maximum(graph_dd.sum(0), 1)), 0.0)
    if config.feedback:  # diagonally dominant, hence stable
        total_d = jnp.maximum(jnp.abs(effect_dd).sum(0), 1e-6)
        effect_dd *= jnp.minimum(1.0, 0.9 / total_d)
    drift_dd = rate_d[:, None] * (effect_dd.T - jnp.eye(d))
    return drift_dd, draw.log_between(k_noise, config.noise, (d,)) * jnp.sqrt(2 * rate_d)


def snapshots(key: Array, drift_dd: Array, spread_d: Array, pushed_nd: Array) -> Array:
    """Independent draws [n, d] from the stationary laws of rows pushed differently.

    Args:
        key: PRNG key.
        drift_dd: A, stable.
        spread_d: the diagonal of D.
        pushed_nd: by how many of its standard deviations each variable would move if it had no
            feedback.
    """
    n, d = pushed_nd.shape
    covariance_dd = stationary_covariance(drift_dd, jnp.diag(spread_d**2))
    std_d = jnp.sqrt(jnp.maximum(jnp.diagonal(covariance_dd), 1e-12))
    correlation_dd = covariance_dd / (std_d[:, None] * std_d)
    root_dd = jnp.linalg.cholesky(correlation_dd + 1e-5 * jnp.eye(d))
    values_nd = (draw.normal(key, (n, d)) @ root_dd.T) * std_d
    push_nd = pushed_nd * std_d * -jnp.diagonal(drift_dd)
    return values_nd + push_nd @ jnp.linalg.inv(-drift_dd).T


def stationary_covariance(drift_dd: Array, diffusion_dd: Array) -> Array:
    """S with A S + S A' + Q = 0, [d, d], for a stable drift A and Q = D D'.

    By the squared iteration of Smith (1968): with V = (p - A)^-1 (p + A) the solution is the sum of
    V^k R V'^k, R = 2 p (p - A)^-1 Q (p - A)^-T, and each doubling adds as many terms as before.
    """
    inverse_dd = jnp.linalg.inv(SHIFT * jnp.eye(drift_dd.shape[0]) - drift_dd)
    power_dd = inverse_dd @ (SHIFT * jnp.eye(drift_dd.shape[0]) + drift_dd)
    sum_dd = 2 * SHIFT * inverse_dd @ diffusion_dd @ inverse_dd.T

    def double(_: int, state: tuple[Array, Array]) -> tuple[Array, Array]:
        sum_dd, power_dd = state
        return sum_dd + power_dd @ sum_dd @ power_dd.T, power_dd @ power_dd

    sum_dd, _ = jax.lax.fori_loop(0, DOUBLINGS, double, (sum_dd, power_dd))
    return (sum_dd + sum_dd.T) / 2
