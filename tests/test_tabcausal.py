"""Benchmark D: ranges, counts and experiments of the seven families."""

import networkx as nx
import numpy as np
import pytest

from simulators.benchmarks import BENCHMARKS, draw_table, tabcausal

NAMES = [*tabcausal.FAMILIES, "pfn"]
SIZES = {"gp-hard": 3, "mul-noise": 3} | dict.fromkeys(
    ("gp-simple", "linear-gauss", "linear-nongauss", "linear-graph"), 5
)


def tables(name, count, n=400, d=10):
    return [draw_table(BENCHMARKS[f"tabcausal-{name}"], n, d, 3, k) for k in range(count)]


@pytest.mark.parametrize("name", NAMES)
def test_every_family_observed_and_set(name):
    for table in tables(name, 4):
        assert not table.intervened_nd.any()
    for table in tables(f"{name}-interventional", 4, n=1000):
        assert (table.intervened_nd[:800] == 0).all()
        assert (table.intervened_nd[800:].sum(1) == 1).all()
        assert (table.intervened_nd.sum(0) == 20).all()
        values = abs(table.values_nd[table.intervened_nd])
        if name in SIZES:
            assert values.min() >= 1 and 0.95 * SIZES[name] < values.max() <= SIZES[name]
        graph = nx.from_numpy_array(table.graph_dd, create_using=nx.DiGraph)
        assert nx.is_directed_acyclic_graph(graph)


@pytest.mark.parametrize(("d", "mean"), [(5, 5.0), (10, 15.0), (20, 40.0), (100, 300.0)])
def test_edges_per_variable(d, mean):
    counts = [table.graph_dd.sum() for table in tables("linear-gauss", 150, n=2, d=d)]
    assert abs(np.mean(counts) - mean) < 0.06 * mean


def test_linear_graph_is_scale_free_or_blocks():
    counts = [table.graph_dd.sum() for table in tables("linear-graph", 60, n=2, d=20)]
    scale_free = sum(range(4)) + 4 * 16
    share = np.mean(np.array(counts) == scale_free)
    assert 0.3 < share < 0.75
    hub = next(t.graph_dd for t in tables("linear-graph", 9, 2, 20) if t.graph_dd.sum() == 70)
    assert hub.sum(0).max() > 8 and hub.sum(1).max() <= 4  # power law of in-degrees


def residuals(table):
    """Of every variable with parents, after least squares with a constant; and all weights."""
    left, weights = [], []
    for j in np.flatnonzero(table.graph_dd.any(0)):
        x = table.values_nd[:, table.graph_dd[:, j]]
        x = np.column_stack([np.ones(len(x)), x])
        fit, *_ = np.linalg.lstsq(x, table.values_nd[:, j], rcond=None)
        left.append(table.values_nd[:, j] - x @ fit)
        weights += fit[1:].tolist()
    return left, np.abs(weights)


def test_linear_weights_and_noise_sizes():
    found = [residuals(table) for table in tables("linear-gauss", 6, n=4000)]
    sizes = np.concatenate([weights for _, weights in found])
    assert sizes.min() > 0.4 and sizes.max() < 2.1
    sd = [one.std() for left, _ in found for one in left]
    assert 0.47 < min(sd) < 0.65 and 1.35 < max(sd) < 1.55


def test_non_gaussian_noise_is_one_of_two():
    """Excess kurtosis is -1.2 (uniform) or 6 (exponential), the same for all of a dataset."""
    seen = set()
    for table in tables("linear-nongauss", 10, n=3000):
        left, _ = residuals(table)
        kurtosis = [(one**4).mean() / one.var() ** 2 - 3 for one in left]
        assert max(kurtosis) < -0.9 or min(kurtosis) > 2.5
        seen.add(max(kurtosis) < 0)
        if max(kurtosis) < 0:  # U(-1.5, 1.5) has standard deviation 0.866, times U(0.5, 1.5)
            assert 0.42 < min(one.std() for one in left) <= max(one.std() for one in left) < 1.31
    assert seen == {True, False}


def test_multiplicative_noise_has_its_ratio():
    """x / (w.pa + b) is U(0.5, 1.5): a variable without parents is b U(0.5, 1.5)."""
    for table in tables("mul-noise", 4):
        roots = table.values_nd[:, ~table.graph_dd.any(0)]
        ratio = np.abs(roots).max(0) / np.abs(roots).min(0)
        assert (np.sign(roots) == np.sign(roots[0])).all() and (abs(ratio - 3) < 0.2).all()
        assert abs(roots).max() <= 1.5


def test_gaussian_processes_differ_in_length():
    """gp-hard wiggles within a unit, gp-simple does not; noise is as stated for the roots."""
    x = np.linspace(-3, 3, 200)[:, None]
    hard, simple = [], []
    for k in range(40):
        for made, family in ((hard, tabcausal.GP_HARD), (simple, tabcausal.GP_SIMPLE)):
            f = family(np.random.default_rng(k), 1)(np.random.default_rng(0), x, None)
            made.append(np.corrcoef(f, x[:, 0])[0, 1] ** 2)
    assert np.mean(hard) < 0.4 and np.mean(simple) > 0.6
    roots = [t.values_nd[:, ~t.graph_dd.any(0)] for t in tables("gp-hard", 20)]
    sd = np.concatenate([r.std(0) for r in roots])
    assert 0.18 < sd.min() < 0.3 and 0.9 < sd.max() < 1.1


def test_pfn_graphs_are_layered():
    """Every path between two variables has one length, and every later unit has a parent."""
    for table in tables("pfn", 20, n=5, d=8):
        graph = nx.from_numpy_array(table.graph_dd, create_using=nx.DiGraph)
        depth = {}
        for j in nx.topological_sort(graph):
            above = {depth[i] for i in graph.predecessors(j)}
            assert len(above) <= 1
            depth[j] = 1 + above.pop() if above else 0
        assert max(depth.values()) >= 2
