"""Small random draws shared by the components; all take a key and are jittable."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array


def option(key: Array, weights: tuple[float, ...], shape: tuple[int, ...] = ()) -> Array:
    """Index of one of the weighted options, int32 of `shape`."""
    edges = jnp.cumsum(jnp.asarray(weights, jnp.float32))[:-1]
    u = jax.random.uniform(key, shape)
    return (u[..., None] >= edges).sum(-1).astype(jnp.int32)


def between(key: Array, bounds: tuple[float, float], shape: tuple[int, ...] = ()) -> Array:
    """Uniform between the two bounds, float32 of `shape`."""
    return jax.random.uniform(key, shape, minval=bounds[0], maxval=bounds[1])


def log_between(key: Array, bounds: tuple[float, float], shape: tuple[int, ...] = ()) -> Array:
    """Log-uniform between the two positive bounds, float32 of `shape`."""
    low, high = jnp.log(bounds[0]), jnp.log(bounds[1])
    return jnp.exp(jax.random.uniform(key, shape, minval=low, maxval=high))


def sign(key: Array, shape: tuple[int, ...] = ()) -> Array:
    """-1 or +1 with equal chance, float32 of `shape`."""
    return jnp.where(jax.random.bernoulli(key, 0.5, shape), 1.0, -1.0)
