"""The plain prior as a loop in NumPy, for `simulation.py`: what one would write without JAX.

One dataset at a time, one variable at a time, only the parents that there are and only the family
that was drawn. It has everything that `Prior()` has at its defaults, and nothing else.
"""

from __future__ import annotations

import numpy as np

from simulators import Prior


def unit_noise(rng: np.random.Generator, prior: Prior, family: str, n: int) -> np.ndarray:
    """Noise [n] of mean 0 and variance 1."""
    if family == "gaussian":
        return rng.normal(size=n)
    if family == "laplace":
        return rng.laplace(size=n) / np.sqrt(2)
    if family == "uniform":
        return rng.uniform(-np.sqrt(3), np.sqrt(3), n)
    if family == "student_t":
        df = rng.uniform(*prior.degrees_of_freedom)
        return rng.standard_t(df, n) * np.sqrt((df - 2) / df)
    return rng.exponential(size=n) - 1


def dataset(rng: np.random.Generator, prior: Prior, n: int, d: int) -> tuple[np.ndarray, ...]:
    """Values [n, d] (0 where missing), observed, intervened [n, d] and graph [d, d] of one draw."""
    graph = random_graph(rng, prior, d)
    intervened, change = experiment(rng, prior, n, d)
    x = run(rng, prior, graph, intervened, change)
    observed = np.ones((n, d), bool)
    if rng.random() < prior.missing.completely_at_random:
        observed = rng.random((n, d)) >= rng.uniform(*prior.missing_rate)
    order = rng.permutation(d)
    x = np.where(observed, x, 0)[:, order]
    return x, observed[:, order], intervened[:, order], graph[order][:, order]


def random_graph(rng: np.random.Generator, prior: Prior, d: int) -> np.ndarray:
    """A graph [d, d] in topological order: Erdos-Renyi, or scale-free with hubs of either kind."""
    family = weighted(rng, vars(prior.graphs))
    expected = rng.uniform(*prior.edges_per_variable)
    if family == "erdos_renyi":
        chance = min(2 * expected / (d - 1), prior.density_limit)
        return np.triu(rng.random((d, d)) < chance, 1)
    power = rng.uniform(*prior.attachment_power)
    graph, degree = np.zeros((d, d), bool), np.zeros(d)
    for t in range(1, d):
        wanted = int(expected) + (rng.random() < expected % 1)
        count = min(wanted, t, int(prior.density_limit * t) + 1)
        if count:
            weight = (1 + degree[:t]) ** power
            parents = rng.choice(t, count, replace=False, p=weight / weight.sum())
            graph[parents, t] = True
            degree[parents] += 1
            degree[t] += count
    return graph if family == "scale_free_out" else graph[::-1, ::-1].T


def experiment(
    rng: np.random.Generator, prior: Prior, n: int, d: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which cells [n, d] are set, and to how many standard deviations from the mean."""
    kind = weighted(rng, vars(prior.interventions))
    intervened, change = np.zeros((n, d), bool), np.zeros((n, d))
    if kind == "none":
        return intervened, change
    count = int(np.clip(np.round(rng.uniform(*prior.targeted_share) * d), 1, d))
    targets = rng.permutation(d)[:count]
    rows = np.flatnonzero(rng.random(n) < rng.uniform(*prior.intervened_rows))
    target = targets[rng.integers(count, size=len(rows))]
    intervened[rows, target] = True
    size = rng.uniform(*prior.intervention_size, d) * rng.choice([-1, 1], d)
    spread = rng.uniform(-1, 1, len(rows)) if kind == "hard_random" else 1.0
    change[rows, target] = size[target] * spread
    return intervened, change


def run(
    rng: np.random.Generator,
    prior: Prior,
    graph: np.ndarray,
    intervened: np.ndarray,
    change: np.ndarray,
) -> np.ndarray:
    """Values [n, d] of every variable in the order of the index, scaled as drawn."""
    n, d = intervened.shape
    scaling = weighted(rng, vars(prior.scaling))
    mechanism = families(rng, vars(prior.mechanisms), prior.mixed_mechanisms, d)
    noise = families(rng, vars(prior.noise), prior.mixed_noise, d)
    raw, unit = np.zeros((n, d)), np.zeros((n, d))
    for j in range(d):
        value = rng.uniform(*prior.noise_scale) * unit_noise(rng, prior, noise[j], n)
        parents = np.flatnonzero(graph[:, j])
        if len(parents) and mechanism[j] == "linear":
            weight = rng.uniform(*prior.weight, len(parents)) * rng.choice([-1, 1], len(parents))
            value += raw[:, parents] @ weight
        elif len(parents):
            f = function(rng, prior, mechanism[j], unit[:, parents])
            size = np.exp(rng.uniform(*np.log(prior.amplitude)))
            value += (f - f.mean()) * size / max(f.std(), 1e-6)
        mean, std = value.mean(), max(value.std(), 1e-6)
        rows = intervened[:, j]
        value[rows] = mean + std * change[rows, j]
        unit[:, j] = (value - mean) / std
        raw[:, j] = unit[:, j] if scaling == "internal" else value
    if scaling == "standardised":
        raw = (raw - raw.mean(0)) / np.maximum(raw.std(0), 1e-6)
    return raw


def function(
    rng: np.random.Generator, prior: Prior, family: str, parents: np.ndarray
) -> np.ndarray:
    """A random nonlinear function [n] of the parents [n, p]."""
    p, k = parents.shape[1], prior.features
    weight, amplitude = rng.normal(size=(p, k)), rng.normal(size=k)
    phase = rng.uniform(-np.pi, np.pi, k)
    if family == "mlp":
        h = parents @ weight + phase / 2
        return (np.maximum(h, 0.1 * h) if rng.random() < 0.5 else np.tanh(h)) @ amplitude
    weight /= np.exp(rng.uniform(*np.log(prior.length_scale)))
    if family == "rff_additive":
        weight *= np.arange(p)[:, None] == np.arange(k) % p
    return np.cos(parents @ weight + phase) @ amplitude


def families(
    rng: np.random.Generator, weights: dict[str, float], mixed: float, d: int
) -> list[str]:
    """A family for every variable, or one for all."""
    if rng.random() < mixed:
        return [weighted(rng, weights) for _ in range(d)]
    return [weighted(rng, weights)] * d


def weighted(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """One of the names, by weight."""
    sums = np.cumsum(list(weights.values()))
    return list(weights)[np.searchsorted(sums, rng.random() * sums[-1], "right")]
