"""Structural models with all their parts in sight, for the tests of the simulators."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import numpy as np

from simulators.coupling import sample_coupling
from simulators.graphs import sample_graph
from simulators.interventions import Experiment, sample_experiment
from simulators.mechanisms import Bank, Functions, sample_bank, sample_functions
from simulators.noise import sample_noise
from simulators.prior import InterventionWeights, Prior
from simulators.structural import ancestral

# These programs run once: most of the time would go into optimising them.
quick_jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


# Every mechanism, and enough experimental rows to test each target's.
EXPERIMENTS = Prior(
    interventions=InterventionWeights(0.0, 0.5, 0.5),
    targeted_share=(1.0, 1.0),
    intervened_rows=(0.6, 0.6),
    intervention_size=(2.0, 4.0),
    edges_per_variable=(1.0, 1.5),
    features=16,
)


class World(NamedTuple):
    """A batch of structural models and their tables, in topological order, as NumPy arrays."""

    graph: np.ndarray  # [b, d, d]
    functions: Functions
    bank: Bank  # [b, d, ...], of every variable
    noise: np.ndarray  # [b, n, d]
    experiment: Experiment
    values: np.ndarray  # [b, n, d], complete


@lru_cache(maxsize=8)
def _program(prior: Prior, b: int, n: int, d: int):
    def one(key, scaling, experimenting):
        keys = jax.random.split(key, 4)
        graph = sample_graph(keys[0], prior, d, d)
        functions = sample_functions(keys[1], prior, graph.T)
        bank = banks(functions, prior)
        noise = sample_noise(keys[2], prior, n, d)
        plan = sample_experiment(keys[3], prior, n, d, d)
        plan = plan._replace(intervened_nd=plan.intervened_nd & experimenting)
        coupling = sample_coupling(keys[1], prior, graph.T)
        values = ancestral(prior, graph, functions, noise, plan, scaling, coupling)
        return World(graph, functions, bank, noise, plan, values)

    def many(key, scaling, experimenting):
        keys = jax.random.split(key, b)
        return jax.vmap(one, in_axes=(0, None, None))(keys, scaling, experimenting)

    return quick_jit(many)


def banks(functions: Functions, prior: Prior) -> Bank:
    """The bank of every variable, [d, ...]."""
    children = jax.numpy.arange(functions.family_d.shape[0])
    return jax.vmap(partial(sample_bank, functions, prior))(children)


def draw_worlds(
    prior: Prior, b: int, n: int, d: int, seed: int, scaling: int, experimenting: bool
) -> World:
    """`b` worlds; those of one seed differ by scaling and experiments alone."""
    drawn = _program(prior, b, n, d)(jax.random.key(seed), scaling, experimenting)
    return jax.tree.map(np.asarray, drawn)


def merged(expected: np.ndarray, least: float = 8.0) -> np.ndarray:
    """Label of the merged bin of every bin, so that each expects at least `least`."""
    labels = np.zeros(len(expected), int)
    label, filled = 0, 0.0
    for k, count in enumerate(expected):
        labels[k] = label
        filled += count
        if filled >= least and expected[k + 1 :].sum() >= least:
            label, filled = label + 1, 0.0
    return labels
