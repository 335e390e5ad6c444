"""Benchmark C: BCNP's test data (Dhir et al. 2024, arXiv 2412.16577, and its repository).

1,000 observed rows of 20 variables. Each mechanism reads z-scored parents. Choices where the source
leaves one open: a graph has exactly 20, 40 or 60 edges (with other numbers of variables, as many
per variable); variables without parents are N(0, 1) in `linear`; a network's weights and biases
are U(-1, 1) / sqrt(inputs), PyTorch's default, its slope 0.01; `gplvm` has two kernels
exp(-g |x - y|), g U(0.1, 1), with a length for every input, its mean is the latent input and its
noise has a standard deviation of Exponential(0.1) in each row.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from simulators.benchmarks.benchmark import Benchmark, Table
from simulators.benchmarks.random_graphs import exactly
from simulators.benchmarks.structural import observational, run

SOURCE = "BCNP, Dhir et al. 2024, arXiv 2412.16577"
VARIABLES, ROWS, DATASETS = 20, 1000, 25
EDGES = (20, 40, 60)
JITTER = 1e-4  # added to the variance, or the covariance has no Cholesky factor


def z_scored(x_nk: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns with mean 0 and standard deviation 1."""
    sd_k = x_nk.std(0)
    return (x_nk - x_nk.mean(0)) / np.where(sd_k > 0, sd_k, 1.0)


def _linear(rng: np.random.Generator, x_nk: NDArray) -> NDArray:
    """Weights N(0, 10^2), noise N(0, s^2) with s ~ Gamma(2.5, scale 2.5) for the variable."""
    n, k = x_nk.shape
    if not k:
        return rng.normal(size=n)
    return x_nk @ rng.normal(0.0, 10.0, k) + rng.gamma(2.5, 2.5) * rng.normal(size=n)


def _neuralnet(rng: np.random.Generator, x_nk: NDArray) -> NDArray:
    """Two layers of 32 leaky units over the parents and a standard normal latent input."""
    n, k = x_nk.shape
    hidden = z_scored(np.column_stack([x_nk, rng.normal(size=n)]))
    for inputs, units, last in ((k + 1, 32, False), (32, 32, False), (32, 1, True)):
        bound = 1.0 / np.sqrt(inputs)
        weights = rng.uniform(-bound, bound, (inputs, units))
        hidden = hidden @ weights + rng.uniform(-bound, bound, units)
        hidden = hidden if last else np.where(hidden > 0, hidden, 0.01 * hidden)
    return hidden[:, 0]


def _gplvm(rng: np.random.Generator, x_nk: NDArray) -> NDArray:
    """A Gaussian-process draw over the parents and a standard normal latent input."""
    n, k = x_nk.shape
    inputs = z_scored(np.column_stack([x_nk, rng.normal(size=n)]))
    covariance = JITTER * np.eye(n)
    for _ in range(2):
        length_k = np.clip(rng.lognormal(-1.0, 1.0, k + 1), 0.1, 5.0)
        covariance += np.exp(-rng.uniform(0.1, 1.0) * cdist(inputs / length_k, inputs / length_k))
    function_n = inputs[:, -1] + np.linalg.cholesky(covariance) @ rng.normal(size=n)
    return function_n + rng.exponential(0.1, n) * rng.normal(size=n)


def _draw(mechanism, edges: int, rng: np.random.Generator, n: int, d: int) -> Table:
    graph_dd = exactly(rng, d, round(edges * d / VARIABLES))

    def one(rng: np.random.Generator, x_nk: NDArray, _: NDArray) -> NDArray:
        return mechanism(rng, z_scored(x_nk))

    return run(rng, graph_dd, [one] * d, observational(n), lambda rng, n: rng.normal(size=n))


MECHANISMS = {
    "linear": ("linear, Gaussian noise of unequal scale", _linear),
    "neuralnet": ("leaky networks with a latent input", _neuralnet),
    "gplvm": ("Gaussian-process functions with a latent input", _gplvm),
}


def benchmarks() -> list[Benchmark]:
    """Three mechanisms on Erdos-Renyi graphs of three densities."""
    return [
        Benchmark(
            f"bcnp-{name}-er{edges}",
            f"{text}; Erdos-Renyi, {edges} edges on {VARIABLES} variables; observational",
            SOURCE,
            partial(_draw, mechanism, edges),
            (VARIABLES,),
            ROWS,
            DATASETS,
        )
        for name, (text, mechanism) in MECHANISMS.items()
        for edges in EDGES
    ]
