"""Stationary laws against SciPy's Lyapunov solver, and stability."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg, stats

from simulators.diffusion import sample_drift, snapshots, stationary_covariance
from simulators.systems import DiffusionConfig

D = 7


def drawn(seed: int, feedback: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    graph = rng.random((D, D)) < 0.4
    graph = graph & ~np.eye(D, dtype=bool) if feedback else np.triu(graph, 1)
    config = DiffusionConfig(feedback=feedback)
    drift, spread = sample_drift(jax.random.key(seed), config, jnp.asarray(graph))
    return graph, np.asarray(drift, float), np.asarray(spread, float)


@pytest.mark.parametrize("feedback", [False, True])
def test_the_covariance_solves_lyapunovs_equation(feedback):
    for seed in range(5):
        _, drift, spread = drawn(seed, feedback)
        reference = linalg.solve_continuous_lyapunov(drift, -np.diag(spread**2))
        found = np.asarray(stationary_covariance(jnp.asarray(drift), jnp.diag(spread**2)))
        np.testing.assert_allclose(found, reference, atol=2e-4 * np.abs(reference).max())


@pytest.mark.parametrize("feedback", [False, True])
def test_drifts_are_stable_and_have_the_pattern_of_the_graph(feedback):
    for seed in range(5):
        graph, drift, _ = drawn(seed, feedback)
        assert linalg.eigvals(drift).real.max() < 0
        assert ((drift.T != 0) == (graph | np.eye(D, dtype=bool))).all()


def test_snapshots_have_the_stationary_mean_and_covariance():
    n = 40_000
    _, drift, spread = drawn(11, True)
    pushed = np.zeros((n, D), np.float32)
    pushed[: n // 2, 2] = 1.5
    x = snapshots(jax.random.key(0), jnp.asarray(drift), jnp.asarray(spread), jnp.asarray(pushed))
    x = np.asarray(x, float)
    covariance = linalg.solve_continuous_lyapunov(drift, -np.diag(spread**2))
    std = np.sqrt(np.diag(covariance))
    push = np.zeros(D)
    push[2] = 1.5 * std[2] * -drift[2, 2]
    moved = linalg.solve(-drift, push)
    for rows, mean in ((x[: n // 2], moved), (x[n // 2 :], np.zeros(D))):
        assert (np.abs(rows.mean(0) - mean) < 5 * std / np.sqrt(len(rows))).all()
        error = np.abs(np.cov(rows.T) - covariance) / np.outer(std, std)
        assert error.max() < 5 * np.sqrt(2 / len(rows))
    assert stats.kstest(x[n // 2 :, 3] / std[3], "norm").pvalue > 1e-4


def test_snapshots_are_what_simulated_paths_come_to():
    """Euler-Maruyama in NumPy, 4,000 paths."""
    _, drift, spread = drawn(5, False)
    rng = np.random.default_rng(0)
    x, dt = np.zeros((4000, D)), 0.02
    for _ in range(700):
        x += dt * x @ drift.T + np.sqrt(dt) * spread * rng.normal(size=x.shape)
    still = jnp.zeros((4000, D))
    y = snapshots(jax.random.key(1), jnp.asarray(drift), jnp.asarray(spread), still)
    assert min(stats.ks_2samp(x[:, j], np.asarray(y)[:, j]).pvalue for j in range(D)) > 1e-4
