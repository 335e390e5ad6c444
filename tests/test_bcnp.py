"""Benchmark C: moments, edge counts, z-scored parents."""

import numpy as np
import pytest

from simulators.benchmarks import BENCHMARKS, bcnp, draw_table


@pytest.mark.parametrize("mechanism", bcnp.MECHANISMS)
@pytest.mark.parametrize("edges", bcnp.EDGES)
def test_shape_and_edges(mechanism, edges):
    benchmark = BENCHMARKS[f"bcnp-{mechanism}-er{edges}"]
    assert (benchmark.variables, benchmark.rows, benchmark.datasets) == ((20,), 1000, 25)
    for index in range(3):
        table = draw_table(benchmark, 50, 20, 0, index)
        assert table.graph_dd.sum() == edges and not table.intervened_nd.any()
    assert draw_table(benchmark, 50, 40, 0, 0).graph_dd.sum() == 2 * edges


def test_linear_moments():
    """Variance of a variable with k z-scored parents: 100 k + E[s^2], and 1 without parents."""
    variances, roots = [], []
    for index in range(60):
        table = draw_table(BENCHMARKS["bcnp-linear-er20"], 300, 20, 1, index)
        parents = table.graph_dd.sum(0)
        roots += table.values_nd[:, parents == 0].var(0).tolist()
        variances += table.values_nd[:, parents == 1].var(0).tolist()
    assert abs(np.mean(roots) - 1) < 0.03 and np.std(roots) < 0.12
    # E[s^2] of Gamma(2.5, scale 2.5): 2.5 * 3.5 * 2.5^2 = 54.7.
    assert abs(np.mean(variances) - 154.7) < 30


def test_linear_reads_z_scored_parents():
    x = np.random.default_rng(0).normal(5.0, 1000.0, size=(4000, 1))
    value = bcnp._linear(np.random.default_rng(1), bcnp.z_scored(x))
    assert abs(value.std()) < 60 and abs(value.mean()) < 1


def test_networks_are_small_and_use_their_latent_input():
    x = np.zeros((2000, 0))
    spreads = [bcnp._neuralnet(np.random.default_rng(k), x).std() for k in range(40)]
    assert np.min(spreads) > 0.01 and np.max(spreads) < 1


def test_gaussian_processes_are_smooth_in_nothing_but_their_inputs():
    """Variance 1 of the latent mean, up to 2 of the kernels; equal inputs, equal functions."""
    x = np.random.default_rng(0).normal(size=(150, 1))
    drawn = np.array([bcnp._gplvm(np.random.default_rng(k), x) for k in range(60)])
    assert 1.5 < drawn.var(0).mean() < 3.5
    near = np.argsort(x[:, 0])
    slow = np.mean(np.diff(drawn[:, near], axis=1) ** 2)
    fast = np.mean(np.diff(drawn, axis=1) ** 2)
    assert slow < 0.9 * fast  # neighbours in the parent are alike
