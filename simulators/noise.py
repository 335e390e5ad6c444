"""Noise: families with zero mean and unit variance, scaled per variable."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.prior import Prior

GAUSSIAN, LAPLACE, UNIFORM, STUDENT_T, EXPONENTIAL, GUMBEL, LOG_NORMAL, CAUCHY, MIXTURE = range(9)
LOG_SPREAD = 0.6  # sd of the logarithm of log-normal noise
CAUCHY_LIMIT = 20.0
EULER = 0.5772156649015329  # mean of a standard Gumbel


def sample_noise(key: Array, prior: Prior, n: int, d: int, family_d: Array | None = None) -> Array:
    """Noise [n, d] float32; family and scale drawn per dataset or per variable by the prior.

    The families [d] may be given instead.

    Two uniform draws a cell serve every family: Box and Muller (1958) for the Gaussian, Bailey
    (1994) for Student's t, inversion for the others. Cauchy noise has no variance: it is clipped at
    `CAUCHY_LIMIT` times its scale. A mixture has a component of weight 0.2 to 0.8 at either side.
    """
    keys = jax.random.split(key, 7)
    weights = weights_of(prior.noise, "noise")
    if family_d is None:
        each_d = draw.option(keys[0], weights, (d,))
        mixed = draw.chance(keys[1], prior.mixed_noise)
        family_d = jnp.where(mixed, each_d, draw.option(keys[2], weights))
    if prior.pure is not None:
        pure = weights_of(prior.pure.noise, "pure.noise")
        weights = tuple(a + b for a, b in zip(weights, pure, strict=True))
    scale_d = draw.between(keys[3], prior.noise_scale, (d,))
    df_d = draw.between(keys[4], prior.degrees_of_freedom, (d,))

    # Uniform draws lie on a grid of step 2^-23. A zero among them must stand for its own cell of
    # the grid: a smaller floor would be an outlier of 10^12 in Student's t, once in 8 million
    # cells.
    smallest = 2.0**-24
    u_nd = jnp.maximum(draw.unit(keys[5], (n, d)), smallest)
    turn_nd = draw.unit(keys[6], (n, d))
    circle_nd = draw.cosine(turn_nd)
    surprise_nd = -jnp.log(u_nd)  # Exponential(1)
    gaussian_nd = jnp.sqrt(2 * surprise_nd) * circle_nd
    centred_nd = 2 * u_nd - 1

    def laplace() -> Array:
        tail_nd = -jnp.log(jnp.maximum(1 - jnp.abs(centred_nd), smallest))
        return jnp.sign(centred_nd) * tail_nd / jnp.sqrt(2.0)

    def student_t() -> Array:
        # sqrt(df (u^(-2/df) - 1)) cos(2 pi v) is t with df degrees of freedom and has variance
        # df / (df - 2).
        t_nd = jnp.sqrt(df_d * jnp.expm1(2 * surprise_nd / df_d)) * circle_nd
        return t_nd * jnp.sqrt((df_d - 2) / df_d)

    def gumbel() -> Array:
        return (-jnp.log(jnp.maximum(surprise_nd, smallest)) - EULER) * jnp.sqrt(6.0) / jnp.pi

    def log_normal() -> Array:
        square = LOG_SPREAD**2
        centre, spread = jnp.exp(square / 2), jnp.sqrt(jnp.expm1(square) * jnp.exp(square))
        return (jnp.exp(LOG_SPREAD * gaussian_nd) - centre) / spread

    def cauchy() -> Array:
        return jnp.clip(jnp.tan(jnp.pi * centred_nd / 2), -CAUCHY_LIMIT, CAUCHY_LIMIT)

    def mixture() -> Array:
        # The radius serves the Gaussian, the half of the circle it falls on the component; the
        # parameters of a variable come from its scale's key.
        share_d = draw.between(jax.random.fold_in(keys[3], 1), (0.2, 0.8), (d,))
        gap_d = draw.between(jax.random.fold_in(keys[3], 2), (0.0, 4.0), (d,))
        narrow_d = draw.log_between(jax.random.fold_in(keys[3], 3), (0.2, 1.0), (d,))
        first_nd = draw.unit(jax.random.fold_in(keys[6], 1), (n, d)) < share_d
        drawn_nd = jnp.where(first_nd, gaussian_nd, gap_d + narrow_d * gaussian_nd)
        centre_d = (1 - share_d) * gap_d
        variance_d = share_d + (1 - share_d) * narrow_d**2 + share_d * (1 - share_d) * gap_d**2
        return (drawn_nd - centre_d) / jnp.sqrt(variance_d)

    families = {
        GAUSSIAN: lambda: gaussian_nd,
        LAPLACE: laplace,
        UNIFORM: lambda: jnp.sqrt(3.0) * centred_nd,
        STUDENT_T: student_t,
        EXPONENTIAL: lambda: surprise_nd - 1,
        GUMBEL: gumbel,
        LOG_NORMAL: log_normal,
        CAUCHY: cauchy,
        MIXTURE: mixture,
    }
    unit_nd = jnp.zeros((n, d))
    for family, weight in enumerate(weights):
        if weight > 0:
            unit_nd = jnp.where(family_d == family, families[family](), unit_nd)
    return unit_nd * scale_d
