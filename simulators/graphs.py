"""Random directed acyclic graphs over padded variables, as functions of a key.

The shapes beyond Erdos-Renyi and scale-free graphs are in `topologies` and `edge_list`.
Every family returns g [d, d] bool with g[i, j] = True for i -> j, strictly upper triangular: the
index is a topological order. Variables beyond `active` have no edges. Columns are shuffled later.
"""

from __future__ import annotations

import dataclasses
import math
from functools import cache

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw, topologies
from simulators.checks import weights_of
from simulators.edge_list import load_bank, subgraph_of
from simulators.prior import Prior
from simulators.topologies import upper


def erdos_renyi(key: Array, d: int, active: Array, expected: Array, limit: float) -> Array:
    """Each pair i < j is an edge independently, `expected` edges per variable on average.

    The chance of an edge is 2 * expected / (active - 1), at most `limit`.
    """
    chance = jnp.minimum(2.0 * expected / jnp.maximum(active - 1, 1), limit)
    return draw.chance(key, chance, (d, d)) & upper(d, active)


def scale_free_out(
    key: Array,
    d: int,
    active: Array,
    expected: Array,
    limit: float,
    power: Array,
    most: int | None = None,
) -> Array:
    """Preferential attachment (Barabasi and Albert 1999): early variables become hubs of causes.

    Variable t draws its number of parents as floor or ceil of `expected` (at random, so that the
    mean is kept), at most limit * t + 1, without replacement, with chance proportional to
    (1 + degree) ** power. `most` is a bound on `expected` known when compiling: with it a step
    costs most * d operations instead of d * d, for the same graph.
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
        parents_d = _largest(score_d, wanted, most) & earlier_d
        degree_d = degree_d + parents_d + jnp.where(index_d == t, parents_d.sum(), 0)
        return degree_d, parents_d

    _, parents_dd = jax.lax.scan(attach, jnp.zeros(d), index_d)
    return parents_dd.T & upper(d, active)


def scale_free_in(
    key: Array, d: int, active: Array, expected: Array, limit: float, power: Array
) -> Array:
    """As `scale_free_out` with every edge and the order reversed: hubs are effects."""
    return _reversed(scale_free_out(key, d, active, expected, limit, power), active)


def sample_graph(
    key: Array, prior: Prior, d: int, active: Array, family: Array | None = None
) -> Array:
    """One graph [d, d] bool from the prior's families, in topological order of the index.

    Families of weight zero are neither compiled nor computed. `family`, an index into the fields of
    GraphWeights, may be given; it must have a positive weight.

    Raises:
        PriorError: a network of `prior.edge_lists` cannot be read or has fewer than d variables.
    """
    k_family, k_edges, k_power, k_graph = jax.random.split(key, 4)
    k_shape, k_own = jax.random.split(jax.random.fold_in(k_graph, 0))
    expected = draw.between(k_edges, prior.edges_per_variable)
    if prior.density is not None:
        share = draw.between(jax.random.fold_in(k_edges, 1), prior.density)
        expected = jnp.minimum(expected, share * (active - 1) / 2)
    power = draw.between(k_power, prior.attachment_power)
    asked = (d, active, expected, prior.density_limit)
    # One graph has one family, so the families share their random numbers.
    first, second = draw.unit(k_shape, (2,))
    most = math.ceil(prior.edges_per_variable[1])
    attached = cache(lambda: scale_free_out(k_graph, *asked, power, most))
    families = {
        "erdos_renyi": lambda: erdos_renyi(k_graph, *asked),
        "scale_free_out": attached,
        "scale_free_in": lambda: _reversed(attached(), active),
        "watts_strogatz": lambda: topologies.watts_strogatz(
            k_own,
            d,
            active,
            _one_of(first, prior.lattice_dimensions),
            _between(second, prior.rewiring),
            prior.lattice_reach,
        ),
        "stochastic_block": lambda: topologies.stochastic_block(
            k_own, *asked, _one_of(first, prior.blocks), _between(second, prior.damping)
        ),
        "random_geometric": lambda: topologies.random_geometric(
            k_own, *asked, _between(first, prior.geometric_radius)
        ),
        "layered": lambda: topologies.layered(k_own, *asked, _one_of(first, prior.layers)),
        "path": lambda: topologies.path(d, active),
        "banded": lambda: topologies.banded(k_own, *asked, _one_of(first, prior.bandwidth)),
        "tree_random": lambda: topologies.tree_random(k_own, d, active),
        "tree_balanced": lambda: topologies.tree_balanced(
            d, active, _one_of(first, prior.branching)
        ),
        "star_out": lambda: topologies.star_out(d, active),
        "star_in": lambda: topologies.star_in(d, active),
        "hubs": lambda: topologies.hubs(k_own, *asked, _one_of(first, prior.hub_count)),
        "bipartite": lambda: topologies.bipartite(
            k_own, *asked, _between(first, prior.screened_causes)
        ),
        "edge_list": lambda: subgraph_of(k_own, load_bank(prior.edge_lists, d), active),
    }
    names = [f.name for f in dataclasses.fields(prior.graphs)]
    weights = dict(zip(names, weights_of(prior.graphs, "graphs"), strict=True))
    wanted = {name: weight for name, weight in weights.items() if weight > 0}
    candidates = jnp.stack([families[name]() for name in wanted])
    if family is None:
        chosen = draw.option(k_family, tuple(wanted.values()))
    else:
        chosen = jnp.asarray([sum(n in wanted for n in names[:k]) for k in range(len(names))])[
            family
        ]
    graph_dd = candidates[chosen]
    if prior.empty > 0:
        graph_dd &= ~draw.chance(jax.random.fold_in(k_edges, 2), prior.empty)
    return graph_dd


def _largest(score_d: Array, count: Array, most: int | None) -> Array:
    """The `count` largest scores, bool [d]; at most `most` of them, if that is given."""
    if most is None:
        # A score must not be compared with itself: compiled programs compute it twice, with
        # different rounding, and it came out above itself for 4 to 6 % of variables.
        others_dd = ~jnp.eye(score_d.shape[0], dtype=bool)
        return ((score_d[None, :] > score_d[:, None]) & others_dd).sum(-1) < count
    index_d, chosen_d = jnp.arange(score_d.shape[0]), jnp.zeros(score_d.shape, bool)
    for k in range(most):
        top_d = index_d == jnp.argmax(jnp.where(chosen_d, -jnp.inf, score_d))
        chosen_d |= top_d & (k < count)
    return chosen_d


def _reversed(g_dd: Array, active: Array) -> Array:
    """Every edge and the order of the variables turned around."""
    d = g_dd.shape[0]
    index_d = jnp.arange(d)
    reverse_d = jnp.where(index_d < active, active - 1 - index_d, index_d)
    return g_dd.T[reverse_d][:, reverse_d]


def _between(u: Array, bounds: tuple[float, float]) -> Array:
    return bounds[0] + u * (bounds[1] - bounds[0])


def _one_of(u: Array, options: tuple[int, ...]) -> Array:
    return jnp.asarray(options)[jnp.floor(u * len(options)).astype(jnp.int32)]
