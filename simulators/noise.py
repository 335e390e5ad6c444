"""Noise: families with zero mean and unit variance, scaled per variable."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.columns import log_within, within
from simulators.in_turn import in_turn
from simulators.prior import Prior

GAUSSIAN, LAPLACE, UNIFORM, STUDENT_T, EXPONENTIAL, GUMBEL, LOG_NORMAL, CAUCHY, MIXTURE = range(9)
LOG_SPREAD = 0.6  # sd of the logarithm of log-normal noise
CAUCHY_LIMIT = 20.0
EULER = 0.5772156649015329  # mean of a standard Gumbel


class Traits(NamedTuple):
    """What the noise of one variable is like; under vmap, of every variable."""

    family: Array  # int32, one of the module's constants
    scale: Array
    freedom: Array  # degrees of freedom of Student's t
    share: Array  # of a mixture: weight of its first component
    gap: Array  # mean of its second component
    narrow: Array  # standard deviation of its second component


def sample_noise(key: Array, prior: Prior, n: int, d: int, family_d: Array | None = None) -> Array:
    """Noise [n, d] float32; family and scale drawn per dataset or per variable by the prior.

    The families [d] may be given instead.

    Two uniform draws a cell serve every family: Box and Muller (1958) for the Gaussian, Bailey
    (1994) for Student's t, inversion for the others. Cauchy noise has no variance: it is clipped at
    `CAUCHY_LIMIT` times its scale. A mixture has a component of weight 0.2 to 0.8 at either side.
    """
    k_one, k_each, k_mixed, k_traits, k_cell = jax.random.split(key, 5)
    weights = weights_of(prior.noise, "noise")
    if family_d is None:
        each_d = draw.option(k_each, weights, (d,))
        mixed = draw.chance(k_mixed, prior.mixed_noise)
        family_d = jnp.where(mixed, each_d, draw.option(k_one, weights))
    if prior.pure is not None:
        pure = weights_of(prior.pure.noise, "pure.noise")
        weights = tuple(a + b for a, b in zip(weights, pure, strict=True))
    u_5d = draw.unit(k_traits, (5, d))
    traits = Traits(
        family_d,
        within(u_5d[0], prior.noise_scale),
        within(u_5d[1], prior.degrees_of_freedom),
        within(u_5d[2], (0.2, 0.8)),
        within(u_5d[3], (0.0, 4.0)),
        log_within(u_5d[4], (0.2, 1.0)),
    )
    possible = tuple(family for family, weight in enumerate(weights) if weight > 0)
    return jax.vmap(in_turn(partial(_column, possible)))(traits, draw.many(k_cell, (d, 2, n))).T


def _column(possible: tuple[int, ...], traits: Traits, u_2n: Array) -> Array:
    """Noise [n] of one variable from two uniform draws a row."""
    # A zero among uniform draws must stand for its own cell of their grid: a smaller floor would be
    # an outlier of 10^12 in Student's t, once in 8 million cells.
    u_n, turn_n = jnp.maximum(u_2n[0], draw.SMALLEST), u_2n[1]

    def surprise(u_n: Array = u_n) -> Array:
        return -jnp.log(u_n)  # Exponential(1)

    def gaussian(u_n: Array = u_n) -> Array:
        return jnp.sqrt(2 * surprise(u_n)) * draw.cosine(turn_n)

    def laplace() -> Array:
        centred_n = 2 * u_n - 1
        tail_n = -jnp.log(jnp.maximum(1 - jnp.abs(centred_n), draw.SMALLEST))
        return jnp.sign(centred_n) * tail_n / jnp.sqrt(2.0)

    def student_t() -> Array:
        # sqrt(df (u^(-2/df) - 1)) cos(2 pi v) is t with df degrees of freedom and has variance
        # df / (df - 2).
        df = traits.freedom
        t_n = jnp.sqrt(df * jnp.expm1(2 * surprise() / df)) * draw.cosine(turn_n)
        return t_n * jnp.sqrt((df - 2) / df)

    def gumbel() -> Array:
        inner_n = jnp.maximum(surprise(), draw.SMALLEST)
        return (-jnp.log(inner_n) - EULER) * jnp.sqrt(6.0) / jnp.pi

    def log_normal() -> Array:
        square = LOG_SPREAD**2
        centre, spread = jnp.exp(square / 2), jnp.sqrt(jnp.expm1(square) * jnp.exp(square))
        return (jnp.exp(LOG_SPREAD * gaussian()) - centre) / spread

    def cauchy() -> Array:
        return jnp.clip(jnp.tan(jnp.pi * (u_n - 0.5)), -CAUCHY_LIMIT, CAUCHY_LIMIT)

    def mixture() -> Array:
        # Given the component that u falls on, what is left of u is uniform again.
        _, _, _, share, gap, narrow = traits
        first_n = u_n < share
        left_n = jnp.where(first_n, u_n / share, (u_n - share) / (1 - share))
        normal_n = gaussian(jnp.maximum(left_n, draw.SMALLEST))
        drawn_n = jnp.where(first_n, normal_n, gap + narrow * normal_n)
        variance = share + (1 - share) * narrow**2 + share * (1 - share) * gap**2
        return (drawn_n - (1 - share) * gap) / jnp.sqrt(variance)

    families = {
        GAUSSIAN: gaussian,
        LAPLACE: laplace,
        UNIFORM: lambda: jnp.sqrt(3.0) * (2 * u_n - 1),
        STUDENT_T: student_t,
        EXPONENTIAL: lambda: surprise() - 1,
        GUMBEL: gumbel,
        LOG_NORMAL: log_normal,
        CAUCHY: cauchy,
        MIXTURE: mixture,
    }
    place = (jnp.asarray(possible) < traits.family).sum()
    return traits.scale * jax.lax.switch(place, [families[family] for family in possible])
