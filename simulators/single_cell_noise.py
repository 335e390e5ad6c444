"""What a platform makes of clean expression: outlier genes, library size, dropout, UMI counts.

The four steps and their order are those of SERGIO (Dibaeinia and Sinha, Cell Systems 2020), the
first three after Splatter (Zappia et al., Genome Biology 2017). Written from the papers.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import PriorError

SMALL_MEAN = 8.0  # Poisson means below it are drawn by inversion, others by an expansion
INVERSION_TERMS = 32  # P(Poisson(8) >= 32) is below 1e-9


@dataclass(frozen=True)
class Platform:
    """The technical noise of one platform.

    The defaults are the setting published with SERGIO's dataset DS6 (100 genes): shallow droplet
    counts with about half of the values dropped.
    """

    name: str = "10x"
    outlier_chance: float = 0.01  # of a gene to be an outlier
    outlier_location: float = 5.0  # log of the factor on an outlier gene, mean
    outlier_scale: float = 1.0  # the same, standard deviation
    library_location: float = 4.5  # log of the expected counts of a cell, mean, over library_genes
    library_scale: float = 0.7  # the same, standard deviation
    library_genes: int = 100  # the location belongs to this many genes; counts a gene stay the same
    dropout_shape: float = 8.0  # steepness of the logistic curve in log(1 + expression)
    dropout_percentile: float = (
        45.0  # of log(1 + expression) over the table; half are dropped there
    )

    def __post_init__(self) -> None:
        """Refuse numbers without meaning, naming them."""
        for part in dataclasses.fields(self):
            value = getattr(self, part.name)
            if part.name != "name" and not math.isfinite(value):
                raise PriorError(f"platform {self.name!r}: {part.name} {value} must be finite")
        if not 0 <= self.outlier_chance <= 1:
            raise PriorError(
                f"platform {self.name!r}: outlier_chance {self.outlier_chance} must be in [0, 1]"
            )
        if not 0 <= self.dropout_percentile <= 100:
            raise PriorError(
                f"platform {self.name!r}: dropout_percentile {self.dropout_percentile} "
                "must be in [0, 100]"
            )
        if min(self.outlier_scale, self.library_scale, self.dropout_shape) < 0:
            raise PriorError(f"platform {self.name!r}: scales and shape must be >= 0")
        if self.library_genes < 1:
            raise PriorError(f"platform {self.name!r}: library_genes must be at least 1")


TEN_X = Platform()
# The setting of SERGIO's own demonstration (100 genes).
DEMONSTRATION = Platform("demonstration", 0.01, 0.8, 1.0, 4.6, 0.4, 100, 6.5, 82.0)
# Chosen here, no published fit: full-length reads are deep with a flat dropout curve ...
FULL_LENGTH = Platform("full-length", 0.01, 4.5, 1.0, 8.0, 0.55, 100, 2.0, 60.0)
# ... and early droplet protocols are shallower and more uneven than 10x.
SHALLOW = Platform("shallow", 0.01, 3.0, 1.0, 4.0, 0.8, 100, 8.0, 65.0)


def measure_cells(
    key: Array, expression_nd: Array, platforms: tuple[Platform, ...], variables_d: Array
) -> Array:
    """UMI counts [n, d] (whole numbers, float32) of cells with the given expression.

    Args:
        key: PRNG key.
        expression_nd: clean expression, [n, d], >= 0; 0 for padding genes.
        platforms: one of them is drawn, with equal chances, for the table.
        variables_d: [d] bool, False = padding; a padding gene has no counts.
    """
    k_platform, k_outlier, k_library, k_dropout, k_count = jax.random.split(key, 5)
    one = jax.random.randint(k_platform, (), 0, len(platforms))
    numbers = [f.name for f in dataclasses.fields(Platform) if f.name != "name"]
    setting = {
        f: jnp.asarray([getattr(p, f) for p in platforms], jnp.float32)[one] for f in numbers
    }

    level_nd = expression_nd * variables_d
    level_nd *= outlier_factors(k_outlier, level_nd.shape[1], setting)
    level_nd = scale_to_library(k_library, level_nd, variables_d, setting)
    keep_nd = keep_chance(level_nd, variables_d, setting)
    return poisson(k_count, level_nd * draw.chance(k_dropout, keep_nd, level_nd.shape))


def outlier_factors(key: Array, d: int, setting: dict[str, Array]) -> Array:
    """Factor [d] on each gene: log-normal for an outlier, 1 for the others."""
    k_chosen, k_factor = jax.random.split(key)
    log_d = setting["outlier_location"] + setting["outlier_scale"] * draw.normal(k_factor, (d,))
    return jnp.where(draw.chance(k_chosen, setting["outlier_chance"], (d,)), jnp.exp(log_d), 1.0)


def scale_to_library(
    key: Array, level_nd: Array, variables_d: Array, setting: dict[str, Array]
) -> Array:
    """Every cell [n, d] rescaled to a total drawn from a log-normal law; an empty cell stays so."""
    share = jnp.maximum(variables_d.sum(), 1) / setting["library_genes"]
    normal_n = draw.normal(key, level_nd.shape[:1])
    log_n = setting["library_location"] + setting["library_scale"] * normal_n
    factor_n = share * jnp.exp(log_n) / jnp.maximum(level_nd.sum(1), 1e-6)
    return level_nd * factor_n[:, None]


def keep_chance(level_nd: Array, variables_d: Array, setting: dict[str, Array]) -> Array:
    """Chance [n, d] that a value is not dropped: logistic in log(1 + level).

    The midpoint is a percentile of log(1 + level) over all cells and genes of the table.
    """
    log_nd = jnp.log1p(level_nd)
    ordered = jnp.sort(jnp.where(variables_d, log_nd, jnp.inf).reshape(-1))
    last = jnp.maximum(level_nd.shape[0] * variables_d.sum() - 1, 0)
    position = setting["dropout_percentile"] / 100 * last
    low = jnp.floor(position).astype(jnp.int32)
    high, rest = jnp.minimum(low + 1, last), position - low
    midpoint = ordered[low] * (1 - rest) + ordered[high] * rest
    return jax.nn.sigmoid(setting["dropout_shape"] * (log_nd - midpoint))


def poisson(key: Array, mean: Array) -> Array:
    """Poisson counts (float32) of a given mean, at a fixed cost whatever the mean.

    Small means: inversion of the distribution function. Large means: the Cornish-Fisher expansion
    to third order, rounded; its total variation from Poisson(8) is 0.0008, and falls with the mean.
    JAX's own sampler loops until the slowest cell of a batch accepts.
    """
    u = draw.unit(key, mean.shape)
    small = jnp.minimum(mean, SMALL_MEAN)

    def step(k: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        count, mass, below = state
        # Sums of float32 end near 1, not at 1: a term too small to count also ends the search.
        count += (u >= below) & (mass > 1e-8)
        mass *= small / (k + 1)
        return count, mass, below + mass

    first = jnp.exp(-small)
    start = (jnp.zeros_like(mean), first, first)
    count: Array
    count, _, _ = jax.lax.fori_loop(0, INVERSION_TERMS, step, start)

    z = math.sqrt(2.0) * jax.lax.erf_inv(jnp.clip(2 * u - 1, -1 + 1e-6, 1 - 1e-6))
    large = jnp.maximum(mean, SMALL_MEAN)
    spread = jnp.sqrt(large - 1 / 12)  # rounding adds 1/12 to the variance
    skewed = large + spread * z + (z * z - 1) / 6 + (z - z**3) / (72 * jnp.sqrt(large))
    return jnp.where(mean < SMALL_MEAN, count, jnp.maximum(jnp.round(skewed), 0.0))
