"""Benchmark A, LINEAR and RFF: weights, noise, functions and experiments of every step."""

import networkx as nx
import numpy as np
import pytest

from simulators.benchmarks import BENCHMARKS, avici, draw_table

STEPS = list(avici.STEPS)
FUNCTION, FULL = STEPS[2], STEPS[3]


def tables(name, count, n=400, d=10):
    return [draw_table(BENCHMARKS[f"avici-{name}"], n, d, 2, k) for k in range(count)]


@pytest.mark.parametrize("name", ["linear", "rff"])
@pytest.mark.parametrize("step", STEPS)
def test_rows_and_settings(name, step):
    benchmark = BENCHMARKS[f"avici-{name}{step}"]
    assert benchmark.variables[0] == 30 and benchmark.rows == 1000 and benchmark.datasets == 30
    assert not tables(f"{name}{step}", 1)[0].intervened_nd.any()
    for table in tables(f"{name}{step}-interventional", 4, n=401):
        graph = nx.from_numpy_array(table.graph_dd, create_using=nx.DiGraph)
        assert nx.is_directed_acyclic_graph(graph)
        assert (table.intervened_nd[:201] == 0).all()
        assert (table.intervened_nd[201:].sum(1) == 1).all()
        assert (table.intervened_nd.sum(0) > 0).sum() == (5 if step else 10)
        values = table.values_nd[table.intervened_nd]
        most = 5 if step == FULL else 3
        assert abs(values).min() >= 1 and 0.93 * most < abs(values).max() <= most
        assert 0.35 < (values > 0).mean() < 0.65 and len(np.unique(values)) == 200


def fits(table):
    """Weights, biases and residuals of least squares on the true parents, in observed rows."""
    rows = table.values_nd[~table.intervened_nd.any(1)]
    weights, biases, left = [], [], []
    for j in range(len(table.graph_dd)):
        x = np.column_stack([np.ones(len(rows)), rows[:, table.graph_dd[:, j]]])
        fit, *_ = np.linalg.lstsq(x, rows[:, j], rcond=None)
        biases.append(fit[0])
        weights += fit[1:].tolist()
        left.append(rows[:, j] - x @ fit)
    return np.array(weights), np.array(biases), np.array(left)


def test_linear_in_distribution():
    found = [fits(table) for table in tables("linear", 12, n=4000)]
    weights = np.concatenate([w for w, _, _ in found])
    assert abs(weights).min() > 0.9 and abs(weights).max() < 3.1
    assert 0.3 < (weights > 0).mean() < 0.7 and abs(abs(weights).mean() - 2) < 0.15
    sd = np.concatenate([left.std(1) for _, _, left in found])
    assert 0.19 < sd.min() < 0.35 and 1.85 < sd.max() < 2.1 and abs(sd.mean() - 1.1) < 0.15
    roots = [t.values_nd.mean(0)[~t.graph_dd.any(0)] for t in tables("linear", 40)]
    means = np.concatenate(roots)
    assert abs(means).max() < 3.3 and abs(means.std() - np.sqrt(3)) < 0.35


def test_shifted_weights_are_small_or_large_for_a_whole_dataset():
    seen = set()
    for table in tables(f"linear{FUNCTION}", 14, n=4000):
        sizes = abs(fits(table)[0])
        if len(sizes) > 5:
            small = sizes.max() < 2.2
            assert small or sizes.min() > 1.8
            assert sizes.min() > 0.4 and sizes.max() < 4.3
            seen.add(small)
    assert seen == {True, False}


def test_shifted_noise_depends_on_the_parents_and_has_heavy_tails():
    """sd^2 = log(1 + exp(h)) with h of standard deviation 2, so scales vary between variables."""
    seen = set()
    for table in tables(f"linear{FULL}", 12, n=3000):
        roots = table.values_nd[:, ~table.graph_dd.any(0)]
        low, middle, high = np.quantile(roots, [0.05, 0.5, 0.95], axis=0)
        quarter = np.quantile(roots, 0.75, axis=0) - np.quantile(roots, 0.25, axis=0)
        ratio = (high - low) / quarter  # Laplace: ln 10 / ln 2 = 3.32, Cauchy: tan(.45 pi) = 6.31
        cauchy = ratio.mean() > 4.8
        assert (abs(ratio / (6.31 if cauchy else 3.32) - 1) < 0.2).all()
        assert abs(middle).max() < 3.3
        scale = quarter / (2 if cauchy else 2 * np.log(2))
        assert scale.min() > 0.02 and scale.max() < 3
        seen.add(cauchy)
    assert seen == {True, False}


def test_heteroscedastic_scale_moves_with_the_parents():
    """Residuals of a child differ in size across a parent's range far more than chance allows."""
    spreads = []
    for k in range(10):
        rng = np.random.default_rng(k)
        table = avici.draw(avici.ladder(True)[FULL], False, rng, 3000, 10)
        _, _, left = fits(table)
        for i, j in np.argwhere(table.graph_dd):
            near = np.argsort(table.values_nd[:, i])
            sizes = [np.median(abs(left[j][part])) for part in np.array_split(near, 4)]
            spreads.append(max(sizes) / min(sizes))
    assert np.mean(np.array(spreads) > 1.3) > 0.15


def test_rff_in_distribution():
    """A variable's function has the spread of its scale, its noise U(0.2, 2)."""
    domain, found = avici.ladder(False)[""], []
    for k in range(60):
        table = avici.draw(domain, False, np.random.default_rng(k), 300, 6)
        found.append(table.values_nd[:, table.graph_dd.any(0)].std(0).mean())
        roots = table.values_nd[:, ~table.graph_dd.any(0)]
        # cos is bounded: constants of roots are N(0, c^2) over draws, noise at most 2.
        assert roots.std(0).max() < 2.3 and roots.std(0).min() > 0.15
    assert 2 < np.mean(found) < 20


def test_graphs_of_the_steps():
    """Three families of three densities in distribution; the shifted ones differ from them."""
    inside = [t.graph_dd.sum() for t in tables("linear", 150, n=2, d=30)]
    exact = {m * (m + 1) // 2 + m * (29 - m) for m in (1, 2, 3)}  # of the scale-free graphs
    share = np.mean([count in exact for count in inside])
    assert 0.55 < share < 0.8  # two thirds, and some of the others by chance
    assert abs(np.mean(inside) - 59) < 5
    outside = [t.graph_dd.sum() for t in tables("linear-ood-graph", 150, n=2, d=30)]
    assert min(outside) < 20  # random geometric graphs of radius 0.1
    assert 35 < np.mean(outside) < 60


def test_scale_free_graphs_of_the_shift_are_hubs_of_causes():
    for draw in avici.SHIFTED_GRAPHS[:2]:
        graph = draw(np.random.default_rng(0), 60)
        assert graph.sum(0).max() == 2 and graph.sum(1).max() > 8
