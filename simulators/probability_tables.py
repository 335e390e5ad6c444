"""Discrete variables with conditional probability tables (Bayesian networks as in bnlearn).

A table of many parents has too many rows to write down. Each configuration of the parents is
hashed to one of `ROWS` rows, drawn from a Dirichlet law: two configurations share a row now and
then, which makes the effect depend on context, and never changes the graph.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.columns import BINARY, ORDINAL
from simulators.interventions import Experiment
from simulators.prior import Prior
from simulators.recording import Model
from simulators.systems import SystemPrior

ROWS = 127  # a prime, so that every level of every parent moves the row


def probability_tables(
    key: Array, prior: Prior, graph_dd: Array, plan: Experiment, active: Array
) -> Model:
    """Discrete variables with levels 0, 1, ...; experiments set a level."""
    config = (prior.systems or SystemPrior()).tables
    keys = jax.random.split(key, 7)
    n, d = plan.intervened_nd.shape
    most = int(config.levels[1])
    levels_d = jnp.floor(draw.between(keys[1], (config.levels[0], most + 1), (d,)))
    levels_d = jnp.where(draw.chance(keys[2], config.binary), 2.0, levels_d)
    step_dd = jnp.floor(draw.between(keys[3], (1.0, ROWS), (d, d))) * graph_dd
    concentration_d = draw.log_between(keys[4], config.concentration, (d,))
    # A variable without causes has one row, which must not leave it constant.
    concentration_d = jnp.where(graph_dd.any(0), concentration_d, 4.0)
    rows_drm = _log_dirichlet(keys[5], concentration_d, levels_d, most)
    gumbel_nmd = -jnp.log(-jnp.log(jnp.clip(draw.unit(keys[6], (n, most, d)), 2.0**-24, 1 - 1e-7)))

    def draw_one(x_nd: Array, j: Array) -> tuple[Array, None]:
        row_n = ((x_nd @ step_dd[:, j]) % ROWS).astype(jnp.int32)
        score_nm = rows_drm[j][row_n] + gumbel_nmd[:, :, j]
        free_n = jnp.argmax(score_nm, 1).astype(jnp.float32)
        # The value of an experiment, in standard deviations, chooses the level it sets.
        set_n = jnp.floor(jnp.abs(plan.value_nd[:, j]) * 997.0) % levels_d[j]
        x_n = jnp.where(plan.intervened_nd[:, j], set_n, free_n)
        return jnp.where(jnp.arange(d) == j, x_n[:, None], x_nd), None

    values_nd, _ = jax.lax.scan(draw_one, jnp.zeros((n, d)), jnp.arange(d))
    kind_d = jnp.where(levels_d == 2, BINARY, ORDINAL).astype(jnp.int32)
    return Model(values_nd, graph_dd, plan.intervened_nd, kind_d)


def _log_dirichlet(key: Array, concentration_d: Array, levels_d: Array, most: int) -> Array:
    """Logarithms of unnormalised Dirichlet draws, [d, ROWS, most]; -inf beyond a variable's levels.

    A gamma variable of shape a is one of shape 1 + a times u^(1/a), u uniform; for the shape 1 + a
    the cube of Wilson and Hilferty (1931) is used, so that the law is Dirichlet to a close
    approximation.
    """
    d = len(concentration_d)
    k_cube, k_boost = jax.random.split(key)
    a_d11 = concentration_d[:, None, None] + 1
    z_drm = draw.normal(k_cube, (d, ROWS, most))
    cube_drm = jnp.maximum(1 - 1 / (9 * a_d11) + z_drm / (3 * jnp.sqrt(a_d11)), 1e-3) ** 3 * a_d11
    u_drm = jnp.maximum(draw.unit(k_boost, (d, ROWS, most)), 2.0**-24)
    log_drm = jnp.log(cube_drm) + jnp.log(u_drm) / concentration_d[:, None, None]
    return jnp.where(jnp.arange(most) < levels_d[:, None, None], log_drm, -jnp.inf)
