"""Structural causal models: mechanisms and noise for a graph, run in causal order."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.coupling import Coupling, couple, emit, kinds_of, noise_argument, sample_coupling
from simulators.in_turn import in_turn
from simulators.interventions import SHIFT, SOFT, Experiment
from simulators.mechanisms import (
    LINEAR,
    Functions,
    evaluate,
    families_of,
    sample_bank,
    sample_functions,
)
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
    functions = sample_functions(keys[0], prior, graph_dd.T, mechanism_d)
    noise_nd = sample_noise(keys[1], prior, n, d, noise_d)
    scaling = draw.option(keys[2], weights_of(prior.scaling, "scaling"))
    coupling = sample_coupling(jax.random.fold_in(keys[0], 1), prior, graph_dd.T, pure)
    values_nd = ancestral(prior, graph_dd, functions, noise_nd, plan, scaling, coupling)
    return Model(values_nd, graph_dd, plan.intervened_nd, kinds_of(coupling))


def ancestral(
    prior: Prior,
    graph_dd: Array,
    functions: Functions,
    noise_nd: Array,
    experiment: Experiment,
    scaling: Array | int,
    coupling: Coupling,
) -> Array:
    """Values [n, d] of every variable in the order of the index, scaled as asked.

    Nonlinear functions read z-scored parents and are scaled to a drawn standard deviation (as in
    BCNP, Dhir et al. 2024, where each parent is z-scored before use): any affine map shared by all
    rows is itself a structural model, and length scales keep their meaning at every depth.

    A hard intervention sets the sum of function and noise before the outer function; a shift adds
    to it; a soft one computes it anew from a damped function and rescaled noise. Means and standard
    deviations are always those of the variable left alone.
    """
    run = in_turn(partial(_ancestral, prior))
    return run(graph_dd, functions, noise_nd, experiment, scaling, coupling)


def _ancestral(
    prior: Prior,
    graph_dd: Array,
    functions: Functions,
    noise_nd: Array,
    experiment: Experiment,
    scaling: Array,
    coupling: Coupling,
) -> Array:
    families = families_of(prior)
    noise_dn, plan_dn = noise_nd.T, experiment.intervened_nd.T
    set_dn = experiment.value_nd.T
    (d, n), kind = noise_dn.shape, jnp.asarray(experiment.kind)
    has_parents_d, targeted_d = graph_dd.any(0), plan_dn.any(1)

    def step(carry: tuple[Array, Array], j: Array) -> tuple[tuple[Array, Array], None]:
        raw_nd, unit_nd = carry
        noise_n, family = noise_dn[j], functions.family_d[j]
        has_parents = has_parents_d[j]
        argument_nk = noise_argument(coupling, j, noise_n)

        def linear() -> Array:
            f_n = raw_nd @ functions.coefficient_dd[j]
            return f_n if argument_nk is None else f_n + argument_nk[:, 0]

        def nonlinear() -> Array:
            bank = sample_bank(functions, prior, j)
            f_n = evaluate(bank, family, functions.leaky_d[j], unit_nd, families, argument_nk)
            mean, std = _moments(f_n)
            return (f_n - mean) * functions.size_d[j] / std

        forms = [lambda: jnp.zeros(n)]
        forms += [linear] * (LINEAR in families) + [nonlinear] * (families != (LINEAR,))
        place = jnp.where(LINEAR in families, 1 + (family != LINEAR), 1)
        f_n = jax.lax.switch(jnp.where(has_parents, place, 0), forms)

        def join(f_n: Array, noise_n: Array) -> Array:
            return couple(coupling, prior, j, f_n, noise_n, unit_nd, has_parents)

        joined_n = join(f_n, noise_n)
        mean, std = _moments(joined_n)

        def finish(joined_n: Array) -> Array:
            return emit(coupling, prior, j, joined_n, mean, std)

        def altered() -> Array:
            altered_n = mean + std * set_dn[j]
            if prior.interventions.shift > 0:
                shifted_n = joined_n + std * set_dn[j]
                altered_n = jnp.where(kind == SHIFT, shifted_n, altered_n)
            if prior.interventions.soft > 0:
                damping, ratio = experiment.damping_d[j], experiment.noise_ratio_d[j]
                altered_n = jax.lax.cond(
                    kind == SOFT,
                    lambda: join(f_n * damping, noise_n * ratio),
                    lambda: altered_n,
                )
            return finish(jnp.where(plan_dn[j], altered_n, joined_n))

        natural_n = finish(joined_n)
        centre, spread = _moments(natural_n)
        value_n = jax.lax.cond(targeted_d[j], altered, lambda: natural_n)
        unit_n = (value_n - centre) / spread
        raw_n = jnp.where(scaling == INTERNAL, unit_n, value_n)
        return (raw_nd.at[:, j].set(raw_n), unit_nd.at[:, j].set(unit_n)), None

    zeros_nd = jnp.zeros((n, d))
    (raw_nd, _), _ = jax.lax.scan(step, (zeros_nd, zeros_nd), jnp.arange(d))
    mean_d, std_d = raw_nd.mean(0), jnp.maximum(raw_nd.std(0), 1e-6)
    return jnp.where(scaling == STANDARDISED, (raw_nd - mean_d) / std_d, raw_nd)


def _moments(x_n: Array) -> tuple[Array, Array]:
    """Mean and standard deviation as products, which XLA does in one pass each on a CPU."""
    mean = x_n.mean()
    return mean, jnp.maximum(jnp.sqrt(((x_n - mean) ** 2).mean()), 1e-6)
