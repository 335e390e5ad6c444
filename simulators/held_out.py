"""Combinations of graph, mechanism and noise that the wide prior never draws: for evaluation.

Each part of them occurs in training on its own and in other company, so that a network which scores
worse on them has learnt combinations by heart.
"""

from __future__ import annotations

import dataclasses

from simulators.prior import GraphWeights, MechanismWeights, NoiseWeights, Prior, PurePrior

HELD_OUT: tuple[tuple[str, str, str], ...] = (
    ("erdos_renyi", "mlp", "laplace"),
    ("erdos_renyi", "saturating", "gaussian"),
    ("scale_free_out", "linear", "exponential"),
    ("scale_free_in", "rff", "uniform"),
    ("layered", "rff_additive", "student_t"),
    ("stochastic_block", "polynomial", "gaussian"),
    ("watts_strogatz", "linear", "laplace"),
    ("hubs", "mlp", "gumbel"),
)


def held_out_prior(combination: tuple[str, str, str], prior: Prior) -> Prior:
    """`prior` with datasets of that combination alone: pure, and of structural models."""
    graph, mechanism, noise = combination
    mechanisms, noises = _only(MechanismWeights, mechanism), _only(NoiseWeights, noise)
    return dataclasses.replace(
        prior,
        graphs=_only(GraphWeights, graph),
        mechanisms=mechanisms,
        noise=noises,
        pure=PurePrior(1.0, mechanisms, noises),
        held_out=(),
        systems=None,
        latent=None,
        decoys=None,
        regimes=None,
        artefacts=None,
        missingness=None,
    )


def _only(weights: type, name: str):
    return weights(**{f.name: float(f.name == name) for f in dataclasses.fields(weights)})
