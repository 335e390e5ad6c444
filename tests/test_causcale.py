"""Benchmark B: mechanisms against formulas, noise against its law, published parity."""

import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from amortize.metrics import auroc, average_precision
from simulators.benchmarks import BENCHMARKS, causcale, draw_table


def tables(name, count, n=1000, d=100):
    return [draw_table(BENCHMARKS[name], n, d, 5, k) for k in range(count)]


@pytest.mark.parametrize("mechanism", causcale.MECHANISMS)
def test_regimes_and_ranges(mechanism):
    (table,) = tables(f"causcale-{mechanism}", 1)
    assert table.values_nd.shape == (1000, 100)
    targets = table.intervened_nd.sum(1)
    assert (targets <= 1).all() and (targets == 0).sum() == 9
    assert set(table.intervened_nd.sum(0)) == {9, 10}
    set_values = table.values_nd[table.intervened_nd]
    assert abs(set_values).max() <= 1 and abs(set_values.mean()) < 0.06
    assert abs(set_values.var() - 1 / 3) < 0.04
    roots = table.graph_dd.sum(0) == 0
    assert roots.any() and abs(table.values_nd[:, roots]).max() <= 1
    assert abs(table.values_nd[:, ~roots]).max() > 1


def test_four_edges_per_variable():
    counts = [table.graph_dd.sum() for table in tables("causcale-linear", 60, n=2)]
    # Binomial(4950, 8 / 99): mean 400, standard deviation 19.2.
    assert abs(np.mean(counts) - 400) < 8 and 12 < np.std(counts) < 27
    small = [table.graph_dd.sum() for table in tables("causcale-linear", 200, n=2, d=6)]
    assert abs(np.mean(small) - 7.5) < 0.5  # half of the 15 pairs


def test_noise_has_one_standard_deviation_for_each_regime():
    target = np.repeat(np.arange(400), 500)
    drawn = causcale.noise(np.random.default_rng(0), target).reshape(400, 500)
    sd = drawn.std(1)
    assert 0.36 < sd.min() < 0.42 and 0.54 < sd.max() < 0.61
    # 0.4^2 (1 + U): uniform variance on [0.16, 0.32], plus the error of a variance of 500 rows.
    assert abs((sd**2).mean() - 0.24) < 0.006 and abs(drawn.mean()) < 0.005
    assert abs((sd**2).std() - np.sqrt(0.16**2 / 12 + 0.24**2 * 2 / 500)) < 0.006


def test_linear_weights_are_recovered():
    """Least squares on the true parents gives weights between 0.25 and 1 of both signs."""
    (table,) = tables("causcale-linear", 1, n=6000, d=8)
    found = []
    for j in range(8):
        free = ~table.intervened_nd[:, j]
        parents = table.values_nd[free][:, table.graph_dd[:, j]]
        weights, *_ = np.linalg.lstsq(parents, table.values_nd[free, j], rcond=None)
        found += weights.tolist()
    sizes = np.abs(found)
    assert len(found) > 8 and sizes.min() > 0.2 and sizes.max() < 1.05
    assert 0 < np.mean(np.array(found) > 0) < 1


def test_functions_are_the_formulas():
    x, zero = np.linspace(-3, 3, 7)[:, None], np.zeros(7)
    one = causcale._sigmoid(np.random.default_rng(1), 1)(x, zero)
    rng = np.random.default_rng(1)
    a, c = 1 + rng.exponential(1 / 4), rng.uniform(-2, 2)
    b = rng.uniform(0.5, 2) * rng.choice([-1, 1])
    shifted = x[:, 0] + c
    np.testing.assert_allclose(one, a * b * shifted / (1 + abs(b * shifted)))

    c0, c1, c2 = np.random.default_rng(2).random(3)
    one = causcale._polynomial(np.random.default_rng(2), 1)(x, zero)
    np.testing.assert_allclose(one, np.clip(c0 + c1 * x[:, 0] + c2 * x[:, 0] ** 2, -1, 1))


@pytest.mark.parametrize("mechanism", ["linear", "nn-add", "sigmoid", "polynomial"])
def test_noise_is_added_except_in_nn(mechanism):
    make = causcale.MECHANISMS[mechanism][1]
    x = np.random.default_rng(0).normal(size=(50, 3))
    function = make(np.random.default_rng(1), 3)
    gain = function(x, np.full(50, 0.5)) - function(x, np.zeros(50))
    np.testing.assert_allclose(gain, 0.5)
    inside = causcale._network(np.random.default_rng(1), 3)
    gain = inside(x, np.full(50, 0.5)) - inside(x, np.zeros(50))
    assert gain.std() > 0.1


def test_scale_free_graphs_have_hubs_of_causes():
    drawn = [causcale.scale_free(np.random.default_rng(k), 20, 80) for k in range(100)]
    assert np.mean([g.sum(1).max() for g in drawn]) > np.mean([g.sum(0).max() for g in drawn]) + 1
    published = [t.graph_dd.sum() for t in tables("sea-linear", 200, n=2, d=10)]
    assert min(published) >= 1 and 8 < np.mean(published) < 10.5  # repeats count once


def test_inverse_covariance_scores_what_was_published():
    """CauScale's baseline on raw data: |precision| of Ledoit and Wolf's covariance."""
    found = []
    for table in tables("causcale-linear", 5):
        score = abs(LedoitWolf().fit(table.values_nd).get_precision())
        found.append((average_precision(score, table.graph_dd), auroc(score, table.graph_dd)))
    np.testing.assert_allclose(np.mean(found, 0), (0.341, 0.936), atol=0.015)
