"""Tables of single cells: the expression of a regulatory network, with knock-outs and counts."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from simulators.columns import CONTINUOUS
from simulators.gene import simulate_gene
from simulators.interventions import Experiment
from simulators.prior import Prior
from simulators.recording import Model
from simulators.systems import SystemPrior


def cells(key: Array, prior: Prior, graph_dd: Array, plan: Experiment, active: Array) -> Model:
    """Expression or counts of the cells of one network of `active` genes (see `gene`).

    Whatever the kind of an experiment, its targets are knocked
    out.
    """
    config = (prior.systems or SystemPrior()).gene
    n, d = plan.intervened_nd.shape
    values_nd = simulate_gene(key, graph_dd, config, n, active, plan.intervened_nd)
    return Model(values_nd, graph_dd, plan.intervened_nd, jnp.full(d, CONTINUOUS, jnp.int32))
