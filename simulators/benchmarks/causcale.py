"""Benchmark B: CauScale's synthetic test data (arXiv 2602.08629, table 1), which are SEA's (arXiv
2402.01929), after the generator of DCDI (Brouillard et al. 2020).

Causes without parents are U(-1, 1). Noise is 0.4 sqrt(1 + U(0, 1)) N(0, 1), its standard deviation
drawn anew for each variable and regime. n // (d + 1) rows are observed, the others spread over one
perfect intervention per variable, target U(-1, 1). Choices where the source leaves one open: a, b
and c of the sigmoid are drawn once per variable, not per parent, as in DCDI's generator; biases of
the networks are U(-1, 1) / sqrt(inputs), PyTorch's default; sizes other than the published keep 4
edges per variable, but no more than half of the pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from simulators.benchmarks.benchmark import Benchmark, Table
from simulators.benchmarks.random_graphs import Graph, erdos_renyi
from simulators.benchmarks.structural import Mechanism, in_blocks, run, signed

SOURCE = "CauScale, arXiv 2602.08629 table 1, and SEA, arXiv 2402.01929"
EDGES_PER_VARIABLE = 4.0
SEA_EDGES = {10: 1.0, 20: 4.0}  # per variable, of the scale-free graphs of SEA's table
DENSEST = 0.5  # share of the pairs
ROWS, DATASETS = 1000, 5

Noise = Callable[[np.random.Generator, NDArray[np.int64]], NDArray[np.float64]]
Function = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def noise(rng: np.random.Generator, target_n: NDArray[np.int64]) -> NDArray[np.float64]:
    """0.4 sqrt(1 + U(0, 1)) N(0, 1) with one standard deviation for the rows of each regime."""
    regimes, place_n = np.unique(target_n, return_inverse=True)
    sd_r = 0.4 * np.sqrt(1.0 + rng.random(len(regimes)))
    return sd_r[place_n] * rng.normal(size=len(target_n))


def _linear(rng: np.random.Generator, parents: int) -> Function:
    weight_k = signed(rng, (0.25, 1.0), parents)
    return lambda x_nk, z_n: x_nk @ weight_k + z_n


def _dense(rng: np.random.Generator, inputs: int, units: int) -> tuple[NDArray, NDArray]:
    bound = 1.0 / np.sqrt(inputs)
    return rng.normal(size=(inputs, units)), rng.uniform(-bound, bound, units)


def _network(rng: np.random.Generator, parents: int) -> Function:
    """20 tanh units that read the parents and the noise."""
    (w1, b1), (w2, b2) = _dense(rng, parents + 1, 20), _dense(rng, 20, 1)
    return lambda x_nk, z_n: (np.tanh(np.column_stack([x_nk, z_n]) @ w1 + b1) @ w2 + b2)[:, 0]


def _network_add(rng: np.random.Generator, parents: int) -> Function:
    """10 leaky units (slope 0.25) of the parents, plus the noise."""
    (w1, b1), (w2, b2) = _dense(rng, parents, 10), _dense(rng, 10, 1)

    def function(x_nk: NDArray, z_n: NDArray) -> NDArray:
        hidden = x_nk @ w1 + b1
        return (np.where(hidden > 0, hidden, 0.25 * hidden) @ w2 + b2)[:, 0] + z_n

    return function


def _sigmoid(rng: np.random.Generator, parents: int) -> Function:
    """a b (x + c) / (1 + |b (x + c)|), summed over the parents, plus the noise."""
    a, c = 1.0 + rng.exponential(0.25), rng.uniform(-2.0, 2.0)
    b = signed(rng, (0.5, 2.0), 1)[0]

    def function(x_nk: NDArray, z_n: NDArray) -> NDArray:
        inner = b * (x_nk + c)
        return (a * inner / (1.0 + np.abs(inner))).sum(1) + z_n

    return function


def _polynomial(rng: np.random.Generator, parents: int) -> Function:
    """c0 + c1 x + c2 x^2 clipped to [-1, 1], summed over the parents, plus the noise."""
    c_3k = rng.random((3, parents))

    def function(x_nk: NDArray, z_n: NDArray) -> NDArray:
        terms = c_3k[0] + c_3k[1] * x_nk + c_3k[2] * x_nk**2
        return np.clip(terms, -1.0, 1.0).sum(1) + z_n

    return function


def scale_free(rng: np.random.Generator, d: int, edges: float) -> Graph:
    """Scale-free graphs as in SEA's data: hubs are causes.

    The variables choose their parents in the reverse of the causal order: the last but k draws
    Binomial(d - 1 - k, p) of those before it, p = 2 edges / (d (d - 1)), with chances proportional
    to 1 + children; one drawn twice counts once, so there are fewer edges than asked for.
    """
    chance = 2.0 * edges / (d * (d - 1))
    graph = np.zeros((d, d), bool)
    for j in range(d - 1, 0, -1):
        appeal = graph[:j].sum(1) + 1.0
        parents = rng.choice(j, rng.binomial(j, chance), p=appeal / appeal.sum())
        graph[parents, j] = True
    names = rng.permutation(d)
    return graph[np.ix_(names, names)]


def _draw(make, graph, edges_of, rng: np.random.Generator, n: int, d: int) -> Table:
    limit = DENSEST * d * (d - 1) / 2
    graph_dd = graph(rng, d, min(edges_of(d) * d, limit))
    while not graph_dd.any():  # as the source does
        graph_dd = graph(rng, d, min(edges_of(d) * d, limit))

    def mechanism(parents: int) -> Mechanism:
        if not parents:
            return lambda rng, x_nk, _: rng.uniform(-1.0, 1.0, len(x_nk))
        function = make(rng, parents)
        return lambda rng, x_nk, target_n: function(x_nk, noise(rng, target_n))

    made = [mechanism(int(k)) for k in graph_dd.sum(0)]
    return run(rng, graph_dd, made, in_blocks(rng, n, d), lambda rng, n: rng.uniform(-1, 1, n))


def _published(_: int) -> float:
    return EDGES_PER_VARIABLE


def _of_sea(d: int) -> float:
    return SEA_EDGES.get(d, EDGES_PER_VARIABLE)


MECHANISMS = {
    "linear": ("linear", _linear),
    "nn": ("tanh network with the noise as an input", _network),
    "nn-add": ("leaky network, additive noise", _network_add),
    "sigmoid": ("sigmoids summed over the parents", _sigmoid),
    "polynomial": ("clipped quadratics summed over the parents", _polynomial),
}


def benchmarks() -> list[Benchmark]:
    """Five mechanisms on Erdos-Renyi graphs (CauScale) and on scale-free graphs (SEA)."""
    rows = "one perfect intervention per variable"
    found = []
    for name, (text, make) in MECHANISMS.items():
        dense = partial(_draw, make, erdos_renyi, _published)
        hubs = partial(_draw, make, scale_free, _of_sea)
        about = f"{text}; Erdos-Renyi, 4 edges per variable; {rows}"
        found.append(
            Benchmark(f"causcale-{name}", about, SOURCE, dense, (100,), ROWS, DATASETS, True)
        )
        about = f"{text}; scale-free, 10 edges on 10 or 80 on 20 variables; {rows}"
        found.append(Benchmark(f"sea-{name}", about, SOURCE, hubs, (10, 20), ROWS, DATASETS, True))
    return found
