"""Structural causal models: mechanisms and noise for a graph, run in causal order."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.coupling import Coupling, couple, emit, kinds_of, noise_argument, sample_coupling
from simulators.interventions import SHIFT, SOFT, Experiment
from simulators.mechanisms import FAMILIES, LINEAR, Bank, evaluate, families_of, sample_bank
from simulators.noise import sample_noise
from simulators.prior import Prior
from simulators.recipe import Recipe
from simulators.recording import Model

PLAIN, STANDARDISED, INTERNAL = range(3)


def structural(
    keys: Array,
    prior: Prior,
    graph_dd: Array,
    plan: Experiment,
    recipe: Recipe | None = None,
) -> Model:
    """One structural model of a graph, run for the rows of an experiment's plan.

    Args:
        keys: [3] PRNG keys: functions, noise, scaling.
        prior: the distribution to draw from (static under jit).
        graph_dd: [d, d] bool, in topological order of the index.
        plan: what is done to which of the n rows.
        recipe: the families of the dataset. None: every component draws its own.
    """
    n, d = plan.intervened_nd.shape
    pure, _, mechanism_d, noise_d = recipe or (None, None, None, None)
    bank = sample_bank(keys[0], prior, graph_dd.T, mechanism_d)
    noise_nd = sample_noise(keys[1], prior, n, d, noise_d)
    scaling = draw.option(keys[2], weights_of(prior.scaling, "scaling"))
    coupling = sample_coupling(jax.random.fold_in(keys[0], 1), prior, graph_dd.T, pure)
    values_nd = ancestral(graph_dd, bank, noise_nd, plan, scaling, coupling, prior)
    return Model(values_nd, graph_dd, plan.intervened_nd, kinds_of(coupling))


def ancestral(
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
