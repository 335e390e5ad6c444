"""Gene regulatory networks: what is drawn for a graph, and its expression without noise.

The model is that of SERGIO (Dibaeinia and Sinha, Cell Systems 2020): master regulators produce at a
basal rate that differs between cell types, the others as Hill functions of their regulators say.
Written from the paper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import PriorError
from simulators.single_cell_noise import DEMONSTRATION, FULL_LENGTH, SHALLOW, TEN_X, Platform


@dataclass(frozen=True)
class GeneConfig:
    """Distribution over regulatory networks; the defaults are the GENE domain of Lorch et al. 2022.

    Ranges (low, high) are drawn uniformly; tuples of options are drawn with equal chances.
    """

    cell_types: tuple[int, ...] = (5,)  # options, one per dataset
    basal: tuple[float, float] = (1.0, 3.0)  # range, production of a master regulator, per type
    strength: tuple[float, float] = (1.0, 5.0)  # range, largest production k owed to one regulator
    hill: tuple[float, ...] = (1.9, 2.0, 2.1)  # options, Hill coefficient
    decay: tuple[float, ...] = (0.7, 0.8, 0.9)  # options, decay rate lambda, 1 / time
    noise: tuple[float, ...] = (0.9, 1.0, 1.1)  # options, noise amplitude q
    own_rates: float = 0.0  # chance that every gene draws its own hill, decay and noise (ours)
    # Share of a regulator's edges that activate. None: every regulator draws its own from the
    # arcsine law, so most mainly activate or mainly repress (our choice; the paper states none).
    activating: float | None = None
    platforms: tuple[Platform, ...] = (TEN_X,)  # technical noise, one per dataset; (): none
    clean: float = 0.0  # chance that a dataset has no technical noise (ours)
    dt: float = 0.05  # time step; SERGIO's 0.01 with truncation at 0 is no nearer the limit
    relaxations: float = 4.0  # simulated time, in units of 1 / the smallest decay rate

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated, naming it."""
        for name in ("cell_types", "hill", "decay", "noise"):
            options = getattr(self, name)
            if not options or not all(math.isfinite(v) and v > 0 for v in options):
                raise PriorError(f"gene.{name}: {options} must be one or more positive numbers")
        for name in ("basal", "strength"):
            low, high = getattr(self, name)
            if not (math.isfinite(high) and 0 <= low <= high):
                raise PriorError(f"gene.{name}: {low, high} must be a range of numbers >= 0")
        for name in ("own_rates", "clean", "activating"):
            share = getattr(self, name)
            if share is not None and not 0 <= share <= 1:
                raise PriorError(f"gene.{name}: {share} must be in [0, 1]")
        if not (self.dt > 0 and self.dt * max(self.decay) <= 0.5):
            raise PriorError(f"gene.dt: {self.dt} must be positive and at most 0.5 / largest decay")
        if not (math.isfinite(self.relaxations) and self.relaxations > 0):
            raise PriorError(f"gene.relaxations: {self.relaxations} must be positive")

    @property
    def steps(self) -> int:
        """Time steps of a simulation."""
        return math.ceil(self.relaxations / min(self.decay) / self.dt)

    @classmethod
    def shifted_function(cls) -> GeneConfig:
        """Out of distribution in the regulation alone (Lorch et al. 2022, shift of function)."""
        return cls(cell_types=(10,), decay=(0.5, 1.5), hill=(1.5, 2.5))

    @classmethod
    def out_of_distribution(cls) -> GeneConfig:
        """Out of distribution in regulation, noise and platform; the graphs are the user's."""
        return cls(
            cell_types=(10,),
            decay=(0.5, 1.5),
            hill=(1.5, 2.5),
            noise=(0.5, 1.5),
            platforms=(DEMONSTRATION, FULL_LENGTH, SHALLOW),
        )


class Regulation(NamedTuple):
    """The constants of one network: d genes, t cell types (padded to the largest option)."""

    basal_td: Array  # production without regulators; 0 for regulated and padding genes
    strength_dd: Array  # row = regulator; > 0 activates, < 0 represses, 0 no edge
    half_d: Array  # expression of a regulator at which its effect is half the largest
    hill_d: Array  # Hill coefficient of a regulator's effects
    decay_d: Array  # rate, 1 / time
    noise_d: Array  # amplitude q
    types: Array  # int32, number of cell types in use


def sample_regulation(
    key: Array, graph_dd: Array, config: GeneConfig, active: Array, signs_dd: Array | None = None
) -> Regulation:
    """Draw the constants of a network.

    Args:
        key: PRNG key.
        graph_dd: [d, d] bool, row regulates column, strictly upper triangular.
        config: ranges and options (static).
        active: number of real genes, the first of the d; may be traced. Edges of others are cut.
        signs_dd: [d, d] known signs, +1 activates, -1 represses, 0 or None is drawn.
    """
    d, t = graph_dd.shape[0], max(config.cell_types)
    keys = jax.random.split(key, 6)
    variables_d = jnp.arange(d) < active
    graph_dd = graph_dd & variables_d[:, None] & variables_d
    masters_d = ~graph_dd.any(0) & variables_d
    basal_td = draw.between(keys[0], config.basal, (t, d)) * masters_d
    size_dd = draw.between(keys[1], config.strength, (d, d))

    k_share, k_sign, k_types, k_own = jax.random.split(keys[2], 4)
    share_d = jnp.sin(jnp.pi / 2 * draw.unit(k_share, (d,))) ** 2
    if config.activating is not None:
        share_d = jnp.full(d, config.activating)
    sign_dd = jnp.where(draw.chance(k_sign, share_d[:, None], (d, d)), 1.0, -1.0)
    if signs_dd is not None:
        sign_dd = jnp.where(signs_dd == 0, sign_dd, jnp.sign(signs_dd))

    own = draw.chance(k_own, config.own_rates)

    def option(k: Array, options: tuple[float, ...]) -> Array:
        each_d = draw.option(k, (1 / len(options),) * len(options), (d,))
        return jnp.asarray(options, jnp.float32)[jnp.where(own, each_d, each_d[0])]

    types = jnp.asarray(config.cell_types, jnp.int32)[
        jax.random.randint(k_types, (), 0, len(config.cell_types))
    ]
    regulation = Regulation(
        basal_td=basal_td,
        strength_dd=jnp.where(graph_dd, sign_dd * size_dd, 0.0),
        half_d=jnp.ones(d),
        hill_d=option(keys[3], config.hill),
        decay_d=option(keys[4], config.decay),
        noise_d=option(keys[5], config.noise),
        types=types,
    )
    weight_t = (jnp.arange(t) < types) / types
    _, half_d = mean_field(regulation, basal_td, jnp.ones((t, d)), weight_t)
    return regulation._replace(half_d=half_d)


def activation(x: Array, half: Array, hill: Array) -> Array:
    """Hill function x^h / (half^h + x^h), as a logistic curve in log x."""
    log_x, log_half = jnp.log(jnp.maximum(x, 1e-20)), jnp.log(jnp.maximum(half, 1e-20))
    return jax.nn.sigmoid(hill * (log_x - log_half))


def mean_field(
    regulation: Regulation, basal_md: Array, allowed_md: Array, weight_m: Array | None = None
) -> tuple[Array, Array]:
    """Expression without noise, P / lambda, gene after gene in topological order.

    Args:
        regulation: the network.
        basal_md: basal production of m conditions.
        allowed_md: factor on the production of each gene (1, or less where it is knocked out).
        weight_m: if given, half responses are the means of expression with these weights over the
            conditions, found on the way (the paper's choice); otherwise those of the network.

    Returns:
        Expression [m, d] and the half responses [d].
    """
    m, d = basal_md.shape
    strength_dd = regulation.strength_dd
    repression_d = jnp.maximum(-strength_dd, 0.0).sum(0)

    def step(active_md: Array, j: Array) -> tuple[Array, tuple[Array, Array]]:
        production_m = basal_md[:, j] + active_md @ strength_dd[:, j] + repression_d[j]
        x_m = jnp.maximum(production_m, 0.0) * allowed_md[:, j] / regulation.decay_d[j]
        half = regulation.half_d[j] if weight_m is None else (weight_m * x_m).sum()
        share_m = activation(x_m, half, regulation.hill_d[j])
        return jnp.where(jnp.arange(d) == j, share_m[:, None], active_md), (x_m, half)

    _, (x_dm, half_d) = jax.lax.scan(step, jnp.zeros((m, d)), jnp.arange(d))
    return x_dm.T, half_d
