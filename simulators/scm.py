"""Structural causal models: one key in, one table with its true graph out (pure, jittable)."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.columns import CONTINUOUS
from simulators.coupling import Coupling, couple, emit, kinds_of, noise_argument, sample_coupling
from simulators.graphs import sample_graph
from simulators.interventions import SHIFT, SOFT, Experiment, sample_experiment
from simulators.latent import hidden_count
from simulators.mechanisms import FAMILIES, LINEAR, Bank, evaluate, families_of, sample_bank
from simulators.noise import sample_noise
from simulators.prior import Prior
from simulators.recipe import has_recipe, sample_recipe
from simulators.recording import World, tabulate

PLAIN, STANDARDISED, INTERNAL = range(3)


class Dataset(NamedTuple):
    """One table, padded to n rows and d variables; with a leading axis, a batch of them."""

    values: Array  # [n, d] float32, raw scale; 0 where missing or padding
    observed: Array  # [n, d] bool, False = missing cell or padding
    intervened: Array  # [n, d] bool, True = acted on by an intervention with known target
    graph: Array  # [d, d] bool, [i, j] = True for i -> j; a hidden mediator's edge is direct
    rows: Array  # [n] bool, False = padding
    variables: Array  # [d] bool, False = padding
    confounded: Array  # [d, d] bool, symmetric: a hidden common cause; may stand beside an edge
    kind: Array  # [d] int32, columns.CONTINUOUS, ORDINAL or BINARY
    regime: Array  # [n] bool, True = row of an experiment with unknown target


def simulate(
    key: Array,
    prior: Prior,
    n: int,
    d: int,
    least_n: int | None = None,
    least_d: int | None = None,
) -> Dataset:
    """Draw a graph, its mechanisms, noise and an experiment, run it and record a table.

    Args:
        key: PRNG key; the same key gives the same dataset.
        prior: the distribution to draw from (static under jit).
        n: rows of the padded table.
        d: variables of the padded table.
        least_n: fewest real rows; their number is log-uniform in [least_n, n]. None: exactly n.
        least_d: fewest real variables; their number is uniform in [least_d, d]. None: exactly d.
            Decoys come on top, as far as there is room.
    """
    keys = jax.random.split(key, 9)
    active_d = jnp.int32(d) if least_d is None else jax.random.randint(keys[0], (), least_d, d + 1)
    active_n = jnp.int32(n)
    if least_n is not None:
        drawn = jnp.floor(draw.log_between(keys[1], (float(least_n), n + 1.0)))
        active_n = jnp.clip(drawn, least_n, n).astype(jnp.int32)

    hidden, wide = jnp.int32(0), d
    if prior.latent is not None:
        wide += max(1, round(prior.latent.share[1] * d))
        hidden = hidden_count(jax.random.fold_in(keys[2], 1), prior.latent, active_d, wide - d)
    family, mechanism_d, noise_d, pure = None, None, None, None
    if has_recipe(prior):
        recipe = sample_recipe(jax.random.fold_in(keys[2], 2), prior, wide)
        pure, family, mechanism_d, noise_d = recipe
        hidden = jnp.where(pure, 0, hidden)
    model_d = active_d + hidden
    graph_dd = sample_graph(keys[2], prior, wide, model_d, family)
    bank = sample_bank(keys[3], prior, graph_dd.T, mechanism_d)
    noise_nd = sample_noise(keys[4], prior, n, wide, noise_d)
    experiment = sample_experiment(keys[5], prior, n, wide, model_d)
    scaling = draw.option(keys[6], weights_of(prior.scaling, "scaling"))
    coupling = sample_coupling(jax.random.fold_in(keys[3], 1), prior, graph_dd.T, pure)
    values_nd = _ancestral(graph_dd, bank, noise_nd, experiment, scaling, coupling, prior)
    world = World(
        values_nd=values_nd,
        graph_dd=graph_dd,
        intervened_nd=experiment.intervened_nd,
        kind_d=kinds_of(coupling),
        rows_n=jnp.arange(n) < active_n,
        active=model_d,
        hidden=hidden,
        exact=pure,
    )
    table = tabulate(keys[7], prior, world, d)
    # Shuffle the real columns, so that their order says nothing.
    variables_d = jnp.arange(d) < table.active
    real_nd = world.rows_n[:, None] & variables_d[None, :]
    observed_nd = table.observed_nd & real_nd
    shuffle_d = jnp.argsort(jnp.where(variables_d, draw.unit(keys[8], (d,)), jnp.inf))
    return Dataset(
        values=jnp.where(observed_nd, table.values_nd, 0.0)[:, shuffle_d],
        observed=observed_nd[:, shuffle_d],
        intervened=(table.intervened_nd & real_nd)[:, shuffle_d],
        graph=table.graph_dd[shuffle_d][:, shuffle_d],
        rows=world.rows_n,
        variables=variables_d,
        confounded=table.confounded_dd[shuffle_d][:, shuffle_d],
        kind=jnp.where(variables_d, table.kind_d, CONTINUOUS)[shuffle_d],
        regime=table.regime_n & world.rows_n,
    )


def _ancestral(
    graph_dd: Array,
    bank: Bank,
    noise_nd: Array,
    experiment: Experiment,
    scaling: Array | int,
    coupling: Coupling | None = None,
    prior: Prior | None = None,
) -> Array:
    """Values [n, d] of every variable in the order of the index, scaled as asked.

    Nonlinear functions read z-scored parents and are scaled to a drawn standard deviation (as in
    BCNP, Dhir et al. 2024, where each parent is z-scored before use): any affine map shared by all
    rows is itself a structural model, and length scales keep their meaning at every depth.

    A hard intervention sets the sum of function and noise before the outer function; a shift adds
    to it; a soft one computes it anew from a damped function and rescaled noise. Means and standard
    deviations are always those of the variable left alone.
    """
    n, d = noise_nd.shape
    families = FAMILIES if prior is None else families_of(prior)

    def step(carry: tuple[Array, Array], j: Array) -> tuple[tuple[Array, Array], None]:
        raw_nd, unit_nd = carry
        linear = bank.family_d[j] == LINEAR
        noise_n, plan_n = noise_nd[:, j], experiment.intervened_nd[:, j]
        has_parents = graph_dd[:, j].any()
        argument_nk = None if coupling is None else noise_argument(coupling, j, noise_n)
        inputs_nd = jnp.where(linear, raw_nd, unit_nd)
        f_n = evaluate(bank, j, inputs_nd, families, argument_nk)
        scaled_n = (f_n - f_n.mean()) * bank.size_d[j] / jnp.maximum(f_n.std(), 1e-6)
        f_n = jnp.where(linear, f_n, scaled_n) * has_parents

        def join(f_n: Array, noise_n: Array) -> Array:
            if coupling is None or prior is None:
                return f_n + noise_n
            return couple(coupling, prior, j, f_n, noise_n, unit_nd, has_parents)

        def finish(joined_n: Array) -> Array:
            if coupling is None or prior is None:
                return joined_n
            return emit(coupling, prior, j, joined_n, mean, std)

        joined_n = join(f_n, noise_n)
        mean, std = _moments(joined_n)
        altered_n = mean + std * experiment.value_nd[:, j]
        if prior is None or prior.interventions.shift > 0:
            shifted_n = joined_n + std * experiment.value_nd[:, j]
            altered_n = jnp.where(experiment.kind == SHIFT, shifted_n, altered_n)
        if prior is not None and prior.interventions.soft > 0:
            soft_n = join(f_n * experiment.damping_d[j], noise_n * experiment.noise_ratio_d[j])
            altered_n = jnp.where(experiment.kind == SOFT, soft_n, altered_n)
        centre, spread = _moments(finish(joined_n))
        value_n = finish(jnp.where(plan_n, altered_n, joined_n))
        unit_n = (value_n - centre) / spread
        raw_n = jnp.where(scaling == INTERNAL, unit_n, value_n)
        here_d = jnp.arange(d) == j
        return (
            jnp.where(here_d, raw_n[:, None], raw_nd),
            jnp.where(here_d, unit_n[:, None], unit_nd),
        ), None

    zeros_nd = jnp.zeros((n, d))
    (raw_nd, _), _ = jax.lax.scan(step, (zeros_nd, zeros_nd), jnp.arange(d))
    mean_d, std_d = raw_nd.mean(0), jnp.maximum(raw_nd.std(0), 1e-6)
    return jnp.where(scaling == STANDARDISED, (raw_nd - mean_d) / std_d, raw_nd)


def _moments(x_n: Array) -> tuple[Array, Array]:
    return x_n.mean(), jnp.maximum(x_n.std(), 1e-6)


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
