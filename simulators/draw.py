"""Small random draws shared by the components; all take a key and are jittable.

Everything is drawn flat and then reshaped: for a shape of several axes XLA compiles JAX's counter
arithmetic ten times longer on a CPU (1 s against 10 s for one draw of normals), and there are
dozens of draws in a dataset. A short last axis costs at run time too: a loop over 10 variables is
not vectorised, one over 200 rows or 64 features is (four times as fast, measured).
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.extend.random import threefry_2x32

SMALLEST = 2.0**-24  # stands for a uniform draw of 0: half a step of the grid that they lie on


def unit(key: Array, shape: tuple[int, ...] = ()) -> Array:
    """Uniform in [0, 1) on a grid of step 2^-23, float32 of `shape`."""
    return jax.random.uniform(key, (math.prod(shape),)).reshape(shape)


def normal(key: Array, shape: tuple[int, ...] = ()) -> Array:
    """Standard normal, float32 of `shape`."""
    return jax.random.normal(key, (math.prod(shape),)).reshape(shape)


def many(key: Array, shape: tuple[int, ...]) -> Array:
    """As `unit`, other numbers in little more than half the time: for thousands of draws.

    Both words of every Threefry block are used, where jax.random.uniform gives one away. `unit`
    itself stays as it is, because published scenarios are drawn with it.
    """
    count = math.prod(shape)
    words = threefry_2x32(jax.random.key_data(key), jnp.arange(count, dtype=jnp.uint32))
    # The upper 23 bits of a word as the mantissa of a number in [1, 2).
    ones = jax.lax.bitcast_convert_type((words >> 9) | np.uint32(0x3F800000), jnp.float32)
    return (ones - 1.0).reshape(shape)


def many_normal(key: Array, shape: tuple[int, ...]) -> Array:
    """As `normal`, other numbers in half the time (Box and Muller 1958).

    Of the uniform draws the first half gives the radius, the second half the angle; both
    coordinates are used, and of an odd number the last is dropped.
    """
    count = math.prod(shape)
    first, second = jnp.split(many(key, (count + count % 2,)), 2)
    radius = jnp.sqrt(-2 * jnp.log(jnp.maximum(first, SMALLEST)))
    both = jnp.concatenate([radius * cosine(second), radius * cosine(second - 0.25)])
    return both[:count].reshape(shape)


def chance(key: Array, probability: Array | float, shape: tuple[int, ...] = ()) -> Array:
    """True with the given probability (broadcastable to `shape`), bool of `shape`."""
    return unit(key, shape) < probability


def option(key: Array, weights: tuple[float, ...] | Array, shape: tuple[int, ...] = ()) -> Array:
    """Index of one of the options, by weights of any positive sum, int32 of `shape`."""
    sums = jnp.cumsum(jnp.asarray(weights, jnp.float32))
    edges = sums[:-1] / sums[-1]
    u = unit(key, shape)
    return (u[..., None] >= edges).sum(-1).astype(jnp.int32)


def between(key: Array, bounds: tuple[float, float], shape: tuple[int, ...] = ()) -> Array:
    """Uniform between the two bounds, float32 of `shape`."""
    return bounds[0] + unit(key, shape) * (bounds[1] - bounds[0])


def log_between(key: Array, bounds: tuple[float, float], shape: tuple[int, ...] = ()) -> Array:
    """Log-uniform between the two positive bounds, float32 of `shape`."""
    low, high = math.log(bounds[0]), math.log(bounds[1])
    return jnp.exp(between(key, (low, high), shape))


def sign(key: Array, shape: tuple[int, ...] = ()) -> Array:
    """-1 or +1 with equal chance, float32 of `shape`."""
    return jnp.where(chance(key, 0.5, shape), 1.0, -1.0)


def cosine(turns: Array) -> Array:
    """cos(2 pi turns), to about 1e-6: XLA's own cosine takes eight times as long on a CPU.

    Folded to a sine between -pi/2 and pi/2, of which the power series has six terms.
    """
    folded = jnp.abs(turns - jnp.round(turns))
    y = (0.25 - folded) * (2 * math.pi)
    square = y * y
    series = -1 / math.factorial(11)
    for order in range(9, 0, -2):
        series = (-1) ** (order // 2) / math.factorial(order) + square * series
    return y * series
