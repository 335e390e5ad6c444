"""Which families a dataset is made of, drawn together so that some combinations can be kept out.

Only priors with pure datasets or held-out combinations have a recipe. In all others every component
draws its own family, as it always did.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.prior import Prior


class Recipe(NamedTuple):
    """The families of one dataset, as indices into the fields of the prior's weights."""

    pure: Array  # bool: one mechanism, one noise, additive, recorded completely and exactly
    graph: Array  # int32
    mechanism_d: Array  # int32
    noise_d: Array  # int32


def has_recipe(prior: Prior) -> bool:
    """Whether datasets of this prior are drawn from a recipe (static)."""
    return prior.pure is not None or bool(prior.held_out)


def sample_recipe(key: Array, prior: Prior, d: int) -> Recipe:
    """Draw the families of a dataset of d variables.

    A combination of `prior.held_out` never occurs, not even at a single variable of a mixed
    dataset: there the noise is that of `substitutes`.
    """
    keys = jax.random.split(key, 8)
    pure = jnp.bool_(False)
    mechanisms = jnp.asarray(weights_of(prior.mechanisms, "mechanisms"))
    noises = jnp.asarray(weights_of(prior.noise, "noise"))
    whole_mechanisms, whole_noises = mechanisms, noises
    if prior.pure is not None:
        pure = draw.chance(keys[0], prior.pure.share)
        pure_mechanisms = jnp.asarray(weights_of(prior.pure.mechanisms, "pure.mechanisms"))
        whole_mechanisms = jnp.where(pure, pure_mechanisms, mechanisms)
        pure_noises = jnp.asarray(weights_of(prior.pure.noise, "pure.noise"))
        whole_noises = jnp.where(pure, pure_noises, noises)

    def families(k_all: Array, k_each: Array, k_mix: Array, all_: Array, each: Array, mix: float):
        mixed = draw.chance(k_mix, mix) & ~pure
        return jnp.where(mixed, draw.option(k_each, each, (d,)), draw.option(k_all, all_))

    graph = draw.option(keys[1], weights_of(prior.graphs, "graphs"))
    mixed = prior.mixed_mechanisms
    mechanism_d = families(keys[2], keys[3], keys[4], whole_mechanisms, mechanisms, mixed)
    noise_d = families(keys[5], keys[6], keys[7], whole_noises, noises, prior.mixed_noise)
    if prior.held_out:
        noise_d = jnp.asarray(substitutes(prior))[graph, mechanism_d, noise_d]
    return Recipe(pure, graph, mechanism_d, noise_d)


def substitutes(prior: Prior) -> np.ndarray:
    """The noise family used for each (graph, mechanism, noise), int32 [graphs, mechanisms, noises].

    That is the noise itself or, for a held-out combination, the next noise of the prior that is
    allowed.
    """
    parts = (prior.graphs, prior.mechanisms, prior.noise)
    names = [[f.name for f in dataclasses.fields(part)] for part in parts]
    count = len(names[2])
    table = np.broadcast_to(np.arange(count), [len(n) for n in names]).astype(np.int32)
    held = np.zeros(table.shape, bool)
    for combination in prior.held_out:
        held[tuple(n.index(family) for n, family in zip(names, combination, strict=True))] = True
    drawn = [k for k, weight in enumerate(weights_of(prior.noise, "noise")) if weight > 0]
    for g, m, e in zip(*np.nonzero(held), strict=True):
        later = sorted(drawn, key=lambda k, e=e: (k - e - 1) % count)
        table[g, m, e] = next(k for k in later if not held[g, m, k])
    return table
