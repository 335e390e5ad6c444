"""Structural causal models: one key in, one table with its true graph out (pure, jittable)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.graphs import sample_graph
from simulators.interventions import sample_experiment
from simulators.mechanisms import LINEAR, evaluate, sample_bank
from simulators.noise import sample_noise
from simulators.prior import Prior, weights_of

PLAIN, STANDARDISED, INTERNAL = range(3)


class Dataset(NamedTuple):
    """One table, padded to n rows and d variables; with a leading axis, a batch of them."""

    values: Array  # [n, d] float32, raw scale; 0 where missing or padding
    observed: Array  # [n, d] bool, False = missing cell or padding
    intervened: Array  # [n, d] bool, True = set by a known intervention
    graph: Array  # [d, d] bool, [i, j] = True for i -> j
    rows: Array  # [n] bool, False = padding
    variables: Array  # [d] bool, False = padding


def simulate(
    key: Array,
    prior: Prior,
    n: int,
    d: int,
    least_n: int | None = None,
    least_d: int | None = None,
) -> Dataset:
    """Draw a graph, its mechanisms, noise and an experiment, and run it.

    Args:
        key: PRNG key; the same key gives the same dataset.
        prior: the distribution to draw from (static under jit).
        n: rows of the padded table.
        d: variables of the padded table.
        least_n: fewest real rows; their number is log-uniform in [least_n, n]. None: exactly n.
        least_d: fewest real variables; their number is uniform in [least_d, d]. None: exactly d.
    """
    keys = jax.random.split(key, 9)
    active_d = jnp.int32(d) if least_d is None else jax.random.randint(keys[0], (), least_d, d + 1)
    active_n = jnp.int32(n)
    if least_n is not None:
        drawn = jnp.floor(draw.log_between(keys[1], (float(least_n), n + 1.0)))
        active_n = jnp.clip(drawn, least_n, n).astype(jnp.int32)

    graph_dd = sample_graph(keys[2], prior, d, active_d)
    bank = sample_bank(keys[3], prior, graph_dd.T)
    noise_nd = sample_noise(keys[4], prior, n, d)
    experiment = sample_experiment(keys[5], prior, n, d, active_d)
    scaling = draw.option(keys[6], weights_of(prior.scaling, "scaling"))
    values_nd = _ancestral(graph_dd, bank, noise_nd, experiment, scaling)

    k_kind, k_rate, k_cell = jax.random.split(keys[7], 3)
    some = draw.option(k_kind, weights_of(prior.missing, "missing")) == 1
    rate = jnp.where(some, draw.between(k_rate, prior.missing_rate), 0.0)
    observed_nd = draw.unit(k_cell, (n, d)) >= rate

    variables_d, rows_n = jnp.arange(d) < active_d, jnp.arange(n) < active_n
    real_nd = rows_n[:, None] & variables_d[None, :]
    observed_nd &= real_nd
    # Shuffle the real columns, so that their order says nothing.
    shuffle_d = jnp.argsort(jnp.where(variables_d, draw.unit(keys[8], (d,)), jnp.inf))
    return Dataset(
        values=jnp.where(observed_nd, values_nd, 0.0)[:, shuffle_d],
        observed=observed_nd[:, shuffle_d],
        intervened=(experiment.intervened_nd & real_nd)[:, shuffle_d],
        graph=graph_dd[shuffle_d][:, shuffle_d],
        rows=rows_n,
        variables=variables_d,
    )


def _ancestral(graph_dd: Array, bank, noise_nd: Array, experiment, scaling: Array) -> Array:
    """Values [n, d] of every variable in the order of the index, scaled as asked.

    Nonlinear functions read z-scored parents and are scaled to a drawn standard deviation (as in
    BCNP, Dhir et al. 2024, where each parent is z-scored before use): any affine map shared by all
    rows is itself a structural model, and length scales keep their meaning at every depth.
    """
    n, d = noise_nd.shape

    def step(carry: tuple[Array, Array], j: Array) -> tuple[tuple[Array, Array], None]:
        raw_nd, unit_nd = carry
        linear = bank.family_d[j] == LINEAR
        f_n = evaluate(bank, j, jnp.where(linear, raw_nd, unit_nd))
        scaled_n = (f_n - f_n.mean()) * bank.size_d[j] / jnp.maximum(f_n.std(), 1e-6)
        has_parents = graph_dd[:, j].any()
        f_n = jnp.where(linear, f_n, scaled_n) * has_parents
        natural_n = f_n + noise_nd[:, j]
        mean, std = natural_n.mean(), jnp.maximum(natural_n.std(), 1e-6)
        unit_n = (natural_n - mean) / std
        unit_n = jnp.where(experiment.intervened_nd[:, j], experiment.value_nd[:, j], unit_n)
        raw_n = jnp.where(scaling == INTERNAL, unit_n, unit_n * std + mean)
        here_d = jnp.arange(d) == j
        return (
            jnp.where(here_d, raw_n[:, None], raw_nd),
            jnp.where(here_d, unit_n[:, None], unit_nd),
        ), None

    zeros_nd = jnp.zeros((n, d))
    (raw_nd, _), _ = jax.lax.scan(step, (zeros_nd, zeros_nd), jnp.arange(d))
    mean_d, std_d = raw_nd.mean(0), jnp.maximum(raw_nd.std(0), 1e-6)
    return jnp.where(scaling == STANDARDISED, (raw_nd - mean_d) / std_d, raw_nd)


def simulate_batch(
    key: Array,
    prior: Prior,
    b: int,
    n: int,
    d: int,
    least_n: int | None = None,
    least_d: int | None = None,
) -> Dataset:
    """`b` independent datasets stacked along a leading axis; dataset k uses fold_in(key, k)."""
    keys_b = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(b))
    return jax.vmap(lambda k: simulate(k, prior, n, d, least_n, least_d))(keys_b)
