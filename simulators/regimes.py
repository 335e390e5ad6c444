"""Experiments whose target nobody wrote down: only the row is known to come from one."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of


@dataclass(frozen=True)
class RegimeWeights:
    """How many experiments of a dataset have an unknown target (relative weights)."""

    none: float = 0.7
    some: float = 0.15  # each experiment with a chance of its own, uniform
    all: float = 0.15


def forget_targets(key: Array, weights: RegimeWeights, intervened_nd: Array) -> tuple[Array, Array]:
    """Turn a share of the experiments into ones with unknown targets.

    An experiment is told by the first variable it sets, so all rows with the same targets keep or
    lose them together. The values stay as they are.

    Args:
        key: PRNG key.
        weights: how often no, some or all experiments lose their targets.
        intervened_nd: [n, d] bool, True = cell set by an experiment.

    Returns:
        intervened [n, d] bool with the rows of those experiments cleared, and regime [n] bool, True
        for exactly these rows. A row is never both.
    """
    k_how, k_which = jax.random.split(key)
    how = draw.option(k_how, weights_of(weights, "regimes"))
    u_d1 = draw.unit(k_which, (intervened_nd.shape[1] + 1,))
    chance = jnp.where(how == 0, 0.0, jnp.where(how == 1, u_d1[0], 1.0))
    forgotten_d = u_d1[1:] < chance
    first_nd = intervened_nd & (jnp.cumsum(intervened_nd, axis=1) == 1)
    regime_n = (first_nd & forgotten_d).any(1)
    return intervened_nd & ~regime_n[:, None], regime_n


def hide_targets(intervened_nd: Array, hidden_d: Array) -> tuple[Array, Array]:
    """What is left of the known targets when some variables are hidden.

    A row in which only hidden variables were set comes from an experiment with unknown target. A
    row in which both sorts were set keeps its known targets and is in addition marked, since it
    holds an effect that its known targets do not explain.

    Returns:
        intervened [n, d] bool without the hidden columns, and regime [n] bool.
    """
    return intervened_nd & ~hidden_d, (intervened_nd & hidden_d).any(1)
