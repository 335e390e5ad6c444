"""Random acyclic graphs of the published benchmarks, in NumPy.

Every function returns g [d, d] bool with g[i, j] = True for i -> j and the variables in random
order. They follow igraph's models (Csardi and Nepusz 2006), which the benchmarks' authors used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Graph = NDArray[np.bool_]

MOST_LIKELY = 0.99  # largest chance of an edge, as in AVICI


def erdos_renyi(rng: np.random.Generator, d: int, edges: float) -> Graph:
    """Each pair is an edge independently, `edges` of them on average, at most `MOST_LIKELY`."""
    chance = min(2.0 * edges / (d * (d - 1)), MOST_LIKELY)
    return _ordered(rng, np.triu(rng.random((d, d)) < chance, 1))


def exactly(rng: np.random.Generator, d: int, edges: int) -> Graph:
    """Uniform over the graphs with exactly `edges` edges between ordered variables."""
    rows, columns = np.triu_indices(d, 1)
    chosen = rng.choice(len(rows), min(edges, len(rows)), replace=False)
    graph = np.zeros((d, d), bool)
    graph[rows[chosen], columns[chosen]] = True
    return _ordered(rng, graph)


def scale_free_out(rng: np.random.Generator, d: int, per_variable: int, power: float) -> Graph:
    """Hubs are causes: each variable draws `per_variable` earlier ones as its parents.

    Preferential attachment (Barabasi and Albert 1999) without repeats: an earlier variable is
    drawn with chance proportional to (number of its children) ** power + 1.
    """
    graph = np.zeros((d, d), bool)
    for new in range(1, d):
        appeal = graph[:new].sum(1) ** power + 1.0
        parents = rng.choice(new, min(per_variable, new), replace=False, p=appeal / appeal.sum())
        graph[parents, new] = True
    return _ordered(rng, graph)


def scale_free_in(rng: np.random.Generator, d: int, per_variable: int, power: float) -> Graph:
    """Hubs are effects: `scale_free_out` with every edge reversed."""
    return scale_free_out(rng, d, per_variable, power).T


def watts_strogatz(rng: np.random.Generator, d: int, dimensions: int, rewiring: float) -> Graph:
    """Small world on a periodic lattice, neighbours one step apart (Watts and Strogatz 1998).

    The lattice has the smallest side that holds d sites; each of its edges moves one end, with
    chance `rewiring`, to a site that is not joined yet; then random sites are dropped until d are
    left. The edges point along a random order.
    """
    side = round(d ** (1 / dimensions))
    side += side**dimensions < d
    sites = side**dimensions
    place = np.stack(np.unravel_index(np.arange(sites), (side,) * dimensions))
    joined = np.zeros((sites, sites), bool)
    for axis in range(dimensions):
        step = np.zeros((dimensions, 1), int)
        step[axis] = 1
        ahead = np.ravel_multi_index(list((place + step) % side), (side,) * dimensions)
        joined[np.arange(sites), ahead] |= np.arange(sites) != ahead
    joined |= joined.T
    for i, j in np.argwhere(np.triu(joined)):
        free = np.flatnonzero(~joined[i])
        free = free[free != i]
        if rng.random() < rewiring and len(free):
            new = rng.choice(free)
            joined[i, j] = joined[j, i] = False
            joined[i, new] = joined[new, i] = True
    kept = rng.permutation(sites)[:d]
    return _ordered(rng, np.triu(joined[np.ix_(kept, kept)], 1))


def stochastic_block(
    rng: np.random.Generator, d: int, edges: float, blocks: int, damping: float
) -> Graph:
    """Blocks of random sizes; pairs of two blocks are `damping` times as likely to be joined.

    Holland, Laskey and Leinhardt 1983; `edges` on average, at most `MOST_LIKELY` for a pair.
    """
    cuts = np.sort(rng.choice(d, min(blocks, d) - 1, replace=False))
    block_d = np.searchsorted(cuts, np.arange(d), side="right")
    rate_dd = np.where(block_d[:, None] == block_d, 1.0, damping)
    chance = min(edges / np.triu(rate_dd, 1).sum(), MOST_LIKELY)
    joined = np.triu(rng.random((d, d)) < chance * rate_dd, 1)
    shuffled = rng.permutation(d)  # or the blocks would be stretches of the causal order
    return _ordered(rng, np.triu((joined | joined.T)[np.ix_(shuffled, shuffled)], 1))


def geometric(rng: np.random.Generator, d: int, radius: float) -> Graph:
    """Points in the unit square, an edge where two are closer than `radius` (Penrose 2003)."""
    x_d, y_d = rng.random((2, d))
    near = np.hypot(x_d[:, None] - x_d, y_d[:, None] - y_d) < radius
    return _ordered(rng, np.triu(near, 1))


def topological_order(graph_dd: Graph) -> list[int]:
    """Variables with every cause before its effects; ties in the order of the index.

    Raises:
        ValueError: the graph has a cycle.
    """
    waiting = graph_dd.sum(0)
    ready = [int(j) for j in np.flatnonzero(waiting == 0)]
    order: list[int] = []
    while ready:
        i = ready.pop(0)
        order.append(i)
        waiting = waiting - graph_dd[i]
        ready += [int(j) for j in np.flatnonzero(graph_dd[i] & (waiting == 0))]
    if len(order) < len(graph_dd):
        raise ValueError("the graph has a cycle")
    return order


def _ordered(rng: np.random.Generator, upper_dd: Graph) -> Graph:
    """The same graph under random names of its variables."""
    names = rng.permutation(len(upper_dd))
    return upper_dd[np.ix_(names, names)]
