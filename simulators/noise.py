"""Additive noise: families with zero mean and unit variance, scaled per variable."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.prior import Prior, weights_of


def sample_noise(key: Array, prior: Prior, n: int, d: int) -> Array:
    """Noise [n, d] float32; family and scale drawn per dataset or per variable by the prior.

    Two uniform draws a cell serve every family: Box and Muller (1958) for the Gaussian, Bailey
    (1994) for Student's t, inversion for the others.
    """
    keys = jax.random.split(key, 7)
    weights = weights_of(prior.noise, "noise")
    each_d = draw.option(keys[0], weights, (d,))
    mixed = draw.chance(keys[1], prior.mixed_noise)
    family_d = jnp.where(mixed, each_d, draw.option(keys[2], weights))
    scale_d = draw.between(keys[3], prior.noise_scale, (d,))
    df_d = draw.between(keys[4], prior.degrees_of_freedom, (d,))

    # Uniform draws lie on a grid of step 2^-23. A zero among them stands for its own cell of the
    # grid: a lower floor would be an outlier of 10^12 in Student's t, once in 8 million cells.
    smallest = 2.0**-24
    u_nd = jnp.maximum(draw.unit(keys[5], (n, d)), smallest)
    circle_nd = jnp.cos(2 * jnp.pi * draw.unit(keys[6], (n, d)))
    surprise_nd = -jnp.log(u_nd)  # Exponential(1)
    gaussian_nd = jnp.sqrt(2 * surprise_nd) * circle_nd
    centred_nd = 2 * u_nd - 1
    tail_nd = -jnp.log(jnp.maximum(1 - jnp.abs(centred_nd), smallest))
    laplace_nd = jnp.sign(centred_nd) * tail_nd / jnp.sqrt(2.0)
    uniform_nd = jnp.sqrt(3.0) * centred_nd
    # sqrt(df (u^(-2/df) - 1)) cos(2 pi v) is t with df degrees of freedom, variance df / (df - 2).
    student_nd = jnp.sqrt(df_d * jnp.expm1(2 * surprise_nd / df_d)) * circle_nd
    student_nd = student_nd * jnp.sqrt((df_d - 2) / df_d)
    unit_nd = jnp.select(
        [family_d == 0, family_d == 1, family_d == 2, family_d == 3],
        [gaussian_nd, laplace_nd, uniform_nd, student_nd],
        surprise_nd - 1,
    )
    return unit_nd * scale_d
