"""Datasets and batches of them: one key in, a table with its true graph out (pure, jittable)."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.cells import cells
from simulators.checks import weights_of
from simulators.cyclic import cyclic
from simulators.dataset import Dataset, real_sizes, shuffled
from simulators.diffusion import diffusion
from simulators.dynamics import dynamics
from simulators.graphs import sample_graph
from simulators.interventions import sample_experiment
from simulators.latent import hidden_count
from simulators.layered_network import layered_network
from simulators.prior import Prior
from simulators.probability_tables import probability_tables
from simulators.recipe import has_recipe, sample_recipe
from simulators.recording import Model, World, tabulate
from simulators.structural import structural

# In the order of the fields of SystemWeights, without the first: structural models.
OTHERS = (cells, diffusion, dynamics, layered_network, probability_tables, cyclic)
SYSTEM_STREAM = 0x7FFF_FFFF  # folded into a batch's key; datasets fold in 0, 1, 2, ...


def simulate(
    key: Array,
    prior: Prior,
    n: int,
    d: int,
    least_n: int | None = None,
    least_d: int | None = None,
    system: Array | None = None,
) -> Dataset:
    """Draw a system and an experiment, run it and record a table.

    Args:
        key: PRNG key; the same key gives the same dataset.
        prior: the distribution to draw from (static under jit).
        n: rows of the padded table.
        d: variables of the padded table.
        least_n: fewest real rows; their number is log-uniform in [least_n, n]. None: exactly n.
        least_d: fewest real variables; their number is uniform in [least_d, d]. None: exactly d.
            Decoys come on top, as far as there is room.
        system: index into the fields of SystemWeights. None: drawn.
    """
    keys = jax.random.split(key, 9)
    active_n, active_d = real_sizes(keys[1], keys[0], n, d, least_n, least_d)
    hidden, wide = jnp.int32(0), d
    if prior.latent is not None:
        wide += max(1, round(prior.latent.share[1] * d))
        hidden = hidden_count(jax.random.fold_in(keys[2], 1), prior.latent, active_d, wide - d)
    recipe, exact = None, None
    if has_recipe(prior):
        recipe = sample_recipe(jax.random.fold_in(keys[2], 2), prior, wide)
        exact = recipe.pure
        hidden = jnp.where(exact, 0, hidden)
    active = active_d + hidden

    family = None if recipe is None else recipe.graph
    graph_dd = sample_graph(keys[2], prior, wide, active, family)
    plan = sample_experiment(keys[5], prior, n, wide, active)

    def run_structural() -> Model:
        return structural(keys[jnp.array([3, 4, 6])], prior, graph_dd, plan, recipe)

    if prior.systems is None:
        model = run_structural()
    else:
        k_system, k_model = jax.random.split(jax.random.fold_in(keys[2], 3))
        weights = weights_of(prior.systems.weights, "systems.weights")
        others = [partial(other, k_model, prior, graph_dd, plan, active) for other in OTHERS]
        runs = [run_structural, *others]
        possible = [k for k, weight in enumerate(weights) if weight > 0]
        if system is None:
            system = draw.option(k_system, weights)
        place = (jnp.asarray(possible) < system).sum()
        model = jax.lax.switch(place, [runs[k] for k in possible])
    rows_n = jnp.arange(n) < active_n
    world = World(*model, rows_n=rows_n, active=active, hidden=hidden, exact=exact)
    return shuffled(keys[8], tabulate(keys[7], prior, world, d), rows_n)


def simulate_batch(
    key: Array,
    prior: Prior,
    b: int,
    n: int,
    d: int,
    least_n: int | None = None,
    least_d: int | None = None,
) -> Dataset:
    """`b` independent datasets stacked along a leading axis; dataset k uses fold_in(key, k).

    Where the prior has several systems, the batch is dealt out in groups, dataset k to group
    k % groups, and each group draws one system: those not drawn cost nothing.
    """
    keys_b = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(b))
    if prior.systems is None:
        return jax.vmap(lambda k: simulate(k, prior, n, d, least_n, least_d))(keys_b)
    groups = max(g for g in range(1, prior.systems.groups + 1) if b % g == 0)
    weights = weights_of(prior.systems.weights, "systems.weights")

    def group(g: Array) -> Dataset:
        system = draw.option(jax.random.fold_in(jax.random.fold_in(key, SYSTEM_STREAM), g), weights)
        mine = keys_b[jnp.arange(b // groups) * groups + g]
        return jax.vmap(lambda k: simulate(k, prior, n, d, least_n, least_d, system))(mine)

    parts = jax.lax.map(group, jnp.arange(groups))
    return jax.tree.map(lambda a: jnp.moveaxis(a, 0, 1).reshape(b, *a.shape[2:]), parts)
