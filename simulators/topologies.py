"""Graph families with a shape: small worlds, blocks, space, layers, bands, trees, hubs, screens.

The contract is that of `graphs`: g [d, d] bool, strictly upper triangular, no edges from `active`
on. Undirected families are oriented by a random order of their nodes. Lattices, paths, trees and
stars have the edges of their shape; the others `expected` edges per variable, fewer only where the
chance of a pair would pass `limit`. All draw the same shapes from the same halves of their key, so
that XLA draws once for all families of a prior.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from simulators import draw

MOST_DIMENSIONS = 3  # of a Watts-Strogatz lattice


def upper(d: int, active: Array) -> Array:
    """Pairs i < j of real variables, bool [d, d]."""
    index_d = jnp.arange(d)
    return (index_d[:, None] < index_d[None, :]) & (index_d[None, :] < active)


def watts_strogatz(
    key: Array, d: int, active: Array, dimensions: Array, rewiring: Array, reach: int = 1
) -> Array:
    """Small world (Watts and Strogatz 1998) on a periodic lattice of 1 to 3 `dimensions`.

    Sites at most `reach` steps apart are neighbours; of every edge one end moves, with chance
    `rewiring`, to a site that is no neighbour. The side is the smallest that holds all variables,
    and the sites left over are dropped at random with their edges (as in AVICI, Lorch et al.
    2022). An edge moved onto another moved edge is lost: of the whole graph, fewer than
    (rewiring * neighbours / 2) ** 2 edges on average.
    """
    k_own, k_pair = jax.random.split(key)
    roots = [round(d ** (1 / k)) for k in range(1, MOST_DIMENSIONS + 1)]
    most_sites = max((r + (r**k < d)) ** k for k, r in enumerate(roots, 1))
    side = 1 + (_power(jnp.arange(1, d + 1), dimensions) < active).sum()
    sites = _power(side, dimensions)
    index_s, index_d = jnp.arange(most_sites), jnp.arange(d)

    slots = _half_ball(reach)
    u = draw.unit(k_own, (most_sites + 2 * slots * d,))
    shuffled_s = jnp.argsort(jnp.where(index_s < sites, u[:most_sites], jnp.inf))
    site_d = shuffled_s[:d]
    delta_kdd = (_place(site_d, side)[:, None, :] - _place(site_d, side)[:, :, None]) % side
    steps_dd = jnp.minimum(delta_kdd, side - delta_kdd).sum(0)
    real_dd = (index_d[:, None] < active) & (index_d[None, :] < active)
    near_dd = (steps_dd <= reach) & (steps_dd > 0) & real_dd
    place_ks = _place(index_s, side)
    steps_s = jnp.minimum(place_ks, side - place_ks).sum(0)
    neighbours = ((steps_s <= reach) & (index_s < sites)).sum() - 1
    strangers = sites - 1 - neighbours
    rewiring = jnp.where(strangers > 0, rewiring, 0.0)

    # Each edge belongs to the end from which it runs forward, by the first axis that tells.
    sign_kdd = jnp.sign(side - 2 * delta_kdd) * (delta_kdd > 0)
    ahead_dd = jnp.tensordot(jnp.array([9, 3, 1]), sign_kdd, 1)
    tie_dd = (ahead_dd == 0) & (site_d[:, None] < site_d[None, :])
    own_dd = near_dd & ((ahead_dd > 0) | tie_dd)
    moved_dd = own_dd & draw.chance(k_pair, rewiring, (d, d))
    # Edges towards dropped sites may be rewired to variables that stay, and the reverse.
    u_md, v_md = u[most_sites:].reshape(2, slots, d)
    slot_m1 = jnp.arange(slots)[:, None]
    outside_d = jnp.maximum(neighbours // 2 - own_dd.sum(1), 0)
    count_d = moved_dd.sum(1) + ((u_md < rewiring) & (slot_m1 < outside_d)).sum(0)
    free_dd = real_dd & ~near_dd & (index_d[:, None] != index_d[None, :])
    nth_md = jnp.floor(v_md * strangers).astype(jnp.int32)
    nth_md = jnp.where(slot_m1 < count_d, nth_md, -1)
    rank_dd = jnp.cumsum(free_dd, axis=1) - 1
    new_dd = free_dd & (rank_dd[None] == nth_md[:, :, None]).any(0)
    edges_dd = (own_dd & ~moved_dd) | new_dd
    return (edges_dd | edges_dd.T) & upper(d, active)


def stochastic_block(
    key: Array, d: int, active: Array, expected: Array, limit: float, blocks: Array, damping: Array
) -> Array:
    """Blocks of random sizes; a pair of two blocks is `damping` times as likely as within one.

    Sizes are the gaps between random cuts of the shuffled variables, as in AVICI (Lorch et al.
    2022), none empty (Holland, Laskey and Leinhardt 1983 for the model).
    """
    k_own, k_pair = jax.random.split(key)
    u_2d = draw.unit(k_own, (2, d))
    order_d = jnp.argsort(jnp.where(jnp.arange(d) < active, u_2d[0], jnp.inf))
    block_d = _runs(u_2d[1], active, blocks)[order_d]
    rate_dd = jnp.where(block_d[:, None] == block_d[None, :], 1.0, damping)
    return _drawn(k_pair, rate_dd, active, expected, limit)


def random_geometric(
    key: Array, d: int, active: Array, expected: Array, limit: float, radius: Array
) -> Array:
    """Points in the unit square, an edge where two are closer than `radius` (Penrose 2003).

    A radius of 0 stands for that which gives `expected` edges per variable on average. There is
    no limit on a radius that was given.
    """
    point_kd = draw.unit(jax.random.split(key)[0], (2, d))
    square_dd = ((point_kd[:, :, None] - point_kd[:, None, :]) ** 2).sum(0)
    chance = jnp.minimum(2.0 * expected / jnp.maximum(active - 1, 1), limit)
    grid = np.linspace(0.0, 1.0, 257)
    asked = jnp.interp(chance, jnp.asarray(_closer_than(grid)), jnp.asarray(grid))
    radius = jnp.where(radius > 0, radius, asked)
    return (square_dd < radius**2) & upper(d, active)


def layered(
    key: Array, d: int, active: Array, expected: Array, limit: float, layers: Array
) -> Array:
    """Layers of random sizes, none empty; edges run from a layer to the next one alone."""
    k_own, k_pair = jax.random.split(key)
    layer_d = _runs(draw.unit(k_own, (2, d))[0], active, layers)
    return _drawn(k_pair, layer_d[None, :] - layer_d[:, None] == 1, active, expected, limit)


def path(d: int, active: Array) -> Array:
    """Each variable causes the next."""
    return _parents(jnp.arange(d) - 1, active)


def banded(
    key: Array, d: int, active: Array, expected: Array, limit: float, bandwidth: Array
) -> Array:
    """Edges only between variables at most `bandwidth` apart in the order."""
    index_d = jnp.arange(d)
    near_dd = index_d[None, :] - index_d[:, None] <= bandwidth
    return _drawn(jax.random.split(key)[1], near_dd, active, expected, limit)


def tree_random(key: Array, d: int, active: Array) -> Array:
    """Random recursive tree: one parent each, drawn evenly from the earlier variables."""
    u_d = draw.unit(jax.random.split(key)[0], (2, d))[0]
    return _parents(jnp.floor(u_d * jnp.arange(d)).astype(jnp.int32), active)


def tree_balanced(d: int, active: Array, branching: Array) -> Array:
    """Every variable causes the next `branching` that have no parent yet."""
    return _parents((jnp.arange(d) - 1) // branching, active)


def star_out(d: int, active: Array) -> Array:
    """One variable causes all others."""
    return upper(d, active) & (jnp.arange(d) == 0)[:, None]


def star_in(d: int, active: Array) -> Array:
    """One variable is caused by all others."""
    return upper(d, active) & (jnp.arange(d) == active - 1)


def hubs(key: Array, d: int, active: Array, expected: Array, limit: float, count: Array) -> Array:
    """Every edge has one of `count` hubs at an end; hubs stand anywhere in the order."""
    k_own, k_pair = jax.random.split(key)
    u_d = jnp.where(jnp.arange(d) < active, draw.unit(k_own, (2, d))[0], jnp.inf)
    hub_d = _rank(u_d) < count
    return _drawn(k_pair, hub_d[:, None] | hub_d[None, :], active, expected, limit)


def bipartite(
    key: Array, d: int, active: Array, expected: Array, limit: float, causes: Array
) -> Array:
    """Screening: the share `causes` of the variables has no parents, the others no children."""
    index_d = jnp.arange(d)
    first = jnp.clip(jnp.round(causes * active), 1, jnp.maximum(active - 1, 1))
    between_dd = (index_d[:, None] < first) & (index_d[None, :] >= first)
    return _drawn(jax.random.split(key)[1], between_dd, active, expected, limit)


def _drawn(key: Array, rate_dd: Array, active: Array, expected: Array, limit: float) -> Array:
    """Independent edges with chances in proportion to `rate_dd` (at most 1), as many as asked."""
    d = rate_dd.shape[0]
    rate_dd = jnp.where(upper(d, active), rate_dd, 0.0)
    chance = jnp.minimum(expected * active / jnp.maximum(rate_dd.sum(), 1e-6), limit)
    return draw.chance(key, chance * rate_dd, (d, d))


def _parents(parent_d: Array, active: Array) -> Array:
    """The graph in which `parent_d[j]` alone causes j."""
    d = parent_d.shape[0]
    return (jnp.arange(d)[:, None] == parent_d[None, :]) & upper(d, active)


def _rank(score_d: Array) -> Array:
    """How many scores are smaller, int [d]; by comparison, which compiles faster than a sort."""
    return (score_d[None, :] < score_d[:, None]).sum(-1)


def _runs(score_d: Array, active: Array, count: Array) -> Array:
    """Number of the run of each index; 0..active-1 is cut at random into `count` runs."""
    index_d = jnp.arange(score_d.shape[0])
    inside_d = (index_d > 0) & (index_d < active)
    rank_d = _rank(jnp.where(inside_d, score_d, jnp.inf))
    return jnp.cumsum(inside_d & (rank_d < count - 1))


def _power(base: Array, exponent: Array) -> Array:
    """base ** exponent for exponents 1 to 3, in integers."""
    return base * jnp.where(exponent > 1, base, 1) * jnp.where(exponent > 2, base, 1)


def _place(site: Array, side: Array) -> Array:
    """Coordinates [3, ...] of a site; those of unused dimensions are 0."""
    return jnp.stack([site % side, site // side % side, site // (side * side)])


def _half_ball(reach: int) -> int:
    """Half the number of neighbours of a site in three dimensions."""
    axis = np.abs(np.arange(-reach, reach + 1))
    steps = axis[:, None, None] + axis[None, :, None] + axis[None, None, :]
    return int((steps <= reach).sum()) // 2


def _closer_than(r: np.ndarray) -> np.ndarray:
    """Chance that two uniform points of the unit square are closer than r <= 1 (Philip 2007)."""
    return np.pi * r**2 - 8.0 / 3.0 * r**3 + r**4 / 2.0
