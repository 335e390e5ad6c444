"""Which cells an experiment acts on, and how: hard, shift and soft interventions."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.prior import Prior

NONE, HARD_CONSTANT, HARD_RANDOM, SHIFT, SOFT = range(5)


class Experiment(NamedTuple):
    """A plan made before any value is known."""

    intervened_nd: Array  # bool; at most one variable a row
    value_nd: Array  # in standard deviations from the mean of the variable left alone
    kind: Array | int = HARD_CONSTANT  # int32, one of the module's constants
    damping_d: Any = 0.0  # [d], soft: what the function is multiplied by
    noise_ratio_d: Any = 1.0  # [d], soft: what the noise is multiplied by


def sample_experiment(key: Array, prior: Prior, n: int, d: int, active: Array) -> Experiment:
    """Draw the kind of intervention, its targets, its rows and the values set.

    A random share of the variables is targeted (at least one); a random share of the rows is
    interventional, each with one target drawn evenly among those.
    """
    keys = jax.random.split(key, 8)
    kind = draw.option(keys[0], weights_of(prior.interventions, "interventions"))
    share = draw.between(keys[1], prior.targeted_share)
    count = jnp.clip(jnp.round(share * active), 1, active)
    # A random order of the active variables; the first `count` of them are targets.
    score_d = jnp.where(jnp.arange(d) < active, draw.unit(keys[2], (d,)), jnp.inf)
    rank_d = (score_d[None, :] < score_d[:, None]).sum(-1)
    chosen_n = jnp.floor(draw.unit(keys[3], (n,)) * count)
    set_n = draw.unit(keys[4], (n,)) < draw.between(keys[5], prior.intervened_rows)
    intervened_nd = (rank_d[None, :] == chosen_n[:, None]) & set_n[:, None] & (kind != NONE)

    k_size, k_sign, k_spread = jax.random.split(keys[6], 3)
    constant_d = draw.between(k_size, prior.intervention_size, (d,)) * draw.sign(k_sign, (d,))
    # A row has one target, so that one draw a row is enough.
    spread_nd = draw.between(k_spread, (-1.0, 1.0), (n, 1)) * constant_d
    k_damping, k_ratio = jax.random.split(keys[7])
    return Experiment(
        intervened_nd,
        jnp.where(kind == HARD_RANDOM, spread_nd, constant_d),
        kind,
        draw.between(k_damping, (-1.0, 0.5), (d,)),
        draw.log_between(k_ratio, (0.3, 3.0), (d,)),
    )
