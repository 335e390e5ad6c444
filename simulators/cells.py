"""Tables of single cells: the expression of a regulatory network, with knock-outs and counts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from simulators.columns import CONTINUOUS
from simulators.gene import simulate_gene
from simulators.graphs import sample_graph
from simulators.interventions import sample_experiment
from simulators.prior import Prior
from simulators.recording import Model
from simulators.systems import SystemPrior


def cells(key: Array, prior: Prior, n: int, d: int, active: Array) -> Model:
    """Expression or counts of n cells of one network of `active` genes (see `gene`).

    The graph is one of the prior's. Whatever the kind of an experiment, its targets are knocked
    out.
    """
    config = (prior.systems or SystemPrior()).gene
    k_graph, k_plan, k_cells = jax.random.split(key, 3)
    graph_dd = sample_graph(k_graph, prior, d, active)
    intervened_nd = sample_experiment(k_plan, prior, n, d, active).intervened_nd
    values_nd = simulate_gene(k_cells, graph_dd, config, n, active, intervened_nd)
    return Model(values_nd, graph_dd, intervened_nd, jnp.full(d, CONTINUOUS, jnp.int32))
