"""Single-cell gene expression: a regulatory network at its stochastic steady state.

The equations are those of SERGIO (Dibaeinia and Sinha, Cell Systems 2020): a chemical Langevin
equation with noise in production and in decay. Written from the paper, solved in another way (see
`express`).
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.regulation import (
    GeneConfig,
    Regulation,
    activation,
    mean_field,
    sample_regulation,
)
from simulators.single_cell_noise import measure_cells


def express(key: Array, regulation: Regulation, config: GeneConfig, allowed_nd: Array) -> Array:
    """Clean expression [n, d] of n cells, each the end of its own trajectory.

    dx = (P - lambda x) dt + q (sqrt(P) dW_a + sqrt(lambda x) dW_b) with P the basal production, or
    the sum over regulators of k H(x) (activation) and k (1 - H(x)) (repression), H of `activation`.
    The two noises of a gene are one of variance P + lambda x. A step holds P and the variance fixed
    and solves the decay exactly; at 0 the path is reflected; the increments are standardised
    binomial counts of 8 bits, which agree with normal ones in their first three moments (the
    simplified weak scheme of Kloeden and Platen 1992, section 14.1). Cells are independent of one
    another given the network, and the numbers of cells of each type differ by at most one.

    Args:
        key: PRNG key.
        regulation: the network.
        config: gives the time step and the number of steps (static).
        allowed_nd: [n, d] factor on the production of a gene in a cell: 1, or 0 for a knock-out.
    """
    n, d = allowed_nd.shape
    k_type, k_start, k_path = jax.random.split(key, 3)
    rank_n = jnp.argsort(draw.unit(k_type, (n,)))
    basal_nd = regulation.basal_td[rank_n % regulation.types]

    decay_d, strength_dd = regulation.decay_d, regulation.strength_dd
    repression_d = jnp.maximum(-strength_dd, 0.0).sum(0)
    retained_d = jnp.exp(-decay_d * config.dt)
    gain_d = (1 - retained_d) / decay_d
    spread_d = regulation.noise_d * jnp.sqrt((1 - retained_d**2) / (2 * decay_d))

    # Near the end already: the mean, and the variance q^2 mean of a gene with constant production.
    mean_nd, _ = mean_field(regulation, basal_nd, allowed_nd)
    start_nd = mean_nd + regulation.noise_d * jnp.sqrt(mean_nd) * draw.normal(k_start, (n, d))

    def step(x_nd: Array, i: Array) -> tuple[Array, None]:
        share_nd = activation(x_nd, regulation.half_d, regulation.hill_d)
        production_nd = jnp.maximum(basal_nd + share_nd @ strength_dd + repression_d, 0.0)
        production_nd *= allowed_nd
        variance_nd = production_nd + decay_d * x_nd
        noise_nd = increments(jax.random.fold_in(k_path, i), n * d).reshape(n, d)
        x_nd = retained_d * x_nd + gain_d * production_nd
        return jnp.abs(x_nd + spread_d * jnp.sqrt(variance_nd) * noise_nd), None

    x_nd, _ = jax.lax.scan(step, jnp.abs(start_nd), jnp.arange(config.steps))
    return x_nd


def increments(key: Array, count: int) -> Array:
    """Standardised Binomial(8, 1/2) numbers [count], four from every 32 random bits."""
    bits = jax.random.bits(key, (math.ceil(count / 4),), jnp.uint32)
    parts = jnp.concatenate([(bits >> shift) & 0xFF for shift in (0, 8, 16, 24)])[:count]
    return (jax.lax.population_count(parts).astype(jnp.float32) - 4.0) / math.sqrt(2.0)


def simulate_gene(
    key: Array,
    graph_dd: Array,
    config: GeneConfig,
    n: int,
    active: Array | int | None = None,
    intervened_nd: Array | None = None,
    remaining: Array | float = 0.0,
    signs_dd: Array | None = None,
) -> Array:
    """Expression or counts [n, d] of n cells of one drawn network; pure and jittable.

    Args:
        key: PRNG key; the same key gives the same cells.
        graph_dd: [d, d] bool, row regulates column, strictly upper triangular.
        config: ranges and options (static under jit).
        n: cells.
        active: number of real genes, the first of the d, may be traced. None: all d.
        intervened_nd: [n, d] bool, genes knocked out (or down) in each cell. None: nowhere.
        remaining: what an intervention leaves of a gene's production; 0 is a knock-out. Scalar or
            broadcastable to [n, d].
        signs_dd: [d, d] known signs, +1 activates, -1 represses, 0 or None is drawn.

    Returns:
        UMI counts if the dataset has technical noise, clean expression otherwise; never negative,
        0 for padding genes.
    """
    d = graph_dd.shape[0]
    real = jnp.asarray(d if active is None else active, jnp.int32)
    k_network, k_cells, k_clean, k_measure = jax.random.split(key, 4)
    regulation = sample_regulation(k_network, graph_dd, config, real, signs_dd)
    allowed_nd = jnp.ones((n, d))
    if intervened_nd is not None:
        allowed_nd = jnp.where(intervened_nd, remaining, allowed_nd)
    x_nd = express(k_cells, regulation, config, allowed_nd)
    if not config.platforms:
        return x_nd
    counts_nd = measure_cells(k_measure, x_nd, config.platforms, jnp.arange(d) < real)
    return jnp.where(draw.chance(k_clean, config.clean), x_nd, counts_nd)
