"""Random directed acyclic graphs over padded variables, as functions of a key.

Every family returns g [d, d] bool with g[i, j] = True for i -> j, strictly upper triangular: the
index is a topological order. Variables beyond `active` have no edges. Columns are shuffled later.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.prior import Prior, weights_of


def erdos_renyi(key: Array, d: int, active: Array, expected: Array, limit: float) -> Array:
    """Each pair i < j is an edge independently, `expected` edges per variable on average.

    The chance of an edge is 2 * expected / (active - 1), at most `limit`.
    """
    chance = jnp.minimum(2.0 * expected / jnp.maximum(active - 1, 1), limit)
    return draw.chance(key, chance, (d, d)) & _upper(d, active)


def scale_free_out(
    key: Array, d: int, active: Array, expected: Array, limit: float, power: Array
) -> Array:
    """Preferential attachment (Barabasi and Albert 1999): early variables become hubs of causes.

    Variable t draws its number of parents as floor or ceil of `expected` (at random, so that the
    mean is kept), at most limit * t + 1, without replacement, with chance proportional to
    (1 + degree) ** power.
    """
    k_count, k_score = jax.random.split(key)
    whole = jnp.floor(expected)
    counts_d = whole + draw.chance(k_count, expected - whole, (d,))
    tiny = jnp.finfo(jnp.float32).tiny
    gumbel_dd = -jnp.log(-jnp.log(jnp.maximum(draw.unit(k_score, (d, d)), tiny)))
    index_d = jnp.arange(d)

    def attach(degree_d: Array, t: Array) -> tuple[Array, Array]:
        earlier_d = index_d < t
        score_d = jnp.where(earlier_d, power * jnp.log1p(degree_d) + gumbel_dd[t], -jnp.inf)
        wanted = jnp.minimum(counts_d[t], jnp.floor(limit * t) + 1)
        rank_d = (score_d[None, :] > score_d[:, None]).sum(-1)
        parents_d = (rank_d < wanted) & earlier_d
        degree_d = degree_d + parents_d + jnp.where(index_d == t, parents_d.sum(), 0)
        return degree_d, parents_d

    _, parents_dd = jax.lax.scan(attach, jnp.zeros(d), index_d)
    return parents_dd.T & _upper(d, active)


def scale_free_in(
    key: Array, d: int, active: Array, expected: Array, limit: float, power: Array
) -> Array:
    """As `scale_free_out` with every edge and the order reversed: hubs are effects."""
    g_dd = scale_free_out(key, d, active, expected, limit, power)
    index_d = jnp.arange(d)
    reverse_d = jnp.where(index_d < active, active - 1 - index_d, index_d)
    return g_dd.T[reverse_d][:, reverse_d]


def sample_graph(key: Array, prior: Prior, d: int, active: Array) -> Array:
    """One graph [d, d] bool from the prior's families, in topological order of the index."""
    k_family, k_edges, k_power, k_graph = jax.random.split(key, 4)
    expected = draw.between(k_edges, prior.edges_per_variable)
    power = draw.between(k_power, prior.attachment_power)
    limit = prior.density_limit
    candidates = jnp.stack(
        [
            erdos_renyi(k_graph, d, active, expected, limit),
            scale_free_out(k_graph, d, active, expected, limit, power),
            scale_free_in(k_graph, d, active, expected, limit, power),
        ]
    )
    return candidates[draw.option(k_family, weights_of(prior.graphs, "graphs"))]


def _upper(d: int, active: Array) -> Array:
    index_d = jnp.arange(d)
    return (index_d[:, None] < index_d[None, :]) & (index_d[None, :] < active)
