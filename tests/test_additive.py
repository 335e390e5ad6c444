"""The order search for nonlinear additive noise and its pruning."""

import networkx as nx
import numpy as np
import pytest

from amortize.baselines import METHODS, make_question
from amortize.baselines.additive import causal_order, greedy_parents, hessian_diagonal
from amortize.baselines.spline import ALPHA, f_tests, parent_tests, spline_basis


def world(seed, n, d, edges):
    """Gaussian processes (random features, unit length) of each parent, Gaussian noise, z-scored.

    The setting of Buhlmann, Peters & Ernest 2014 and Rolland et al. 2022.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(d)
    pairs = np.transpose(np.triu_indices(d, 1))
    graph = np.zeros((d, d), int)
    for cause, effect in pairs[random.choice(len(pairs), edges, replace=False)]:
        graph[order[cause], order[effect]] = 1
    x = np.zeros((n, d))
    for child in order:
        x[:, child] = np.sqrt(random.uniform(0.4, 0.8)) * random.normal(size=n)
        for parent in np.flatnonzero(graph[:, child]):
            inner = x[:, [parent]] * random.normal(size=200) + random.uniform(0, 2 * np.pi, 200)
            x[:, child] += np.cos(inner) @ random.normal(size=200) / 10
    return (x - x.mean(0)) / x.std(0), graph


def directed_f1(found, graph):
    """F1 of directed edges, undirected ones read as the truth has them."""
    found = found.astype(bool)
    undirected = found & found.T
    oriented = (found & ~found.T) | (undirected & graph.astype(bool))
    wrong = np.triu(undirected & ~(graph + graph.T).astype(bool)).sum()
    right = (oriented & graph.astype(bool)).sum()
    return 2 * right / (oriented.sum() + wrong + graph.sum())


def test_far_ahead_of_linear_searches_on_nonlinear_additive_data():
    pytest.importorskip("causallearn")
    f1 = {name: [] for name in ("score", "cam", "pc", "ges")}
    for seed in range(3):
        table, graph = world(seed, n=1000, d=10, edges=15)
        for name, found in f1.items():
            answer = METHODS[name].answer(make_question(table, seed=0))
            found.append(directed_f1(answer.graph_dd, graph))
    means = {name: float(np.mean(found)) for name, found in f1.items()}
    linear = max(means["pc"], means["ges"])
    assert means["cam"] > max(0.9, linear + 0.3) and means["score"] > linear, means


def test_greedy_edges_are_acyclic_and_few_on_noise():
    x = np.random.default_rng(0).normal(size=(200, 8))
    parents = greedy_parents(x)
    assert nx.is_directed_acyclic_graph(nx.DiGraph(parents.astype(int)))
    assert parents.sum() < 28 and METHODS["cam"].answer(make_question(x, 0)).graph_dd.sum() <= 2


def test_stein_estimate_of_a_gaussian_is_its_precision():
    x = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=600)
    middle = np.abs(x).max(1) < 1
    estimate = hessian_diagonal(x)[middle].mean(0)
    np.testing.assert_allclose(estimate, -1 / (1 - 0.36), rtol=0.2)


def test_the_cause_comes_first():
    for seed in range(3):
        random = np.random.default_rng(seed)
        cause = random.normal(size=400)
        effect = np.tanh(2 * cause) + 0.3 * random.normal(size=400)
        assert causal_order(np.stack([effect, cause], 1)) == [1, 0]


def test_f_tests_equal_the_drop_in_residuals():
    random = np.random.default_rng(1)
    groups = [random.normal(size=(80, k)) for k in (2, 3)]
    groups = [group - group.mean(0) for group in groups]
    target = groups[1] @ [1.0, 0.2, 0.0] + random.normal(size=80)
    target -= target.mean()

    def residual(columns):
        return ((target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]) ** 2).sum()

    whole = residual(np.hstack(groups))
    expected = [(residual(groups[1 - k]) - whole) / (2 + k) / (whole / 74) for k in (0, 1)]
    f, p = f_tests(groups, target)
    np.testing.assert_allclose(f, expected)
    assert p[1] < ALPHA < p[0]


def test_pruning_keeps_the_parents_alone():
    random = np.random.default_rng(2)
    x = random.normal(size=(500, 4))
    x[:, 3] = x[:, 0] ** 2 + np.sin(2 * x[:, 1]) + 0.5 * random.normal(size=500)
    allowed = np.zeros((4, 4), bool)
    allowed[:3, 3] = True
    f, p = parent_tests(x, allowed)
    np.testing.assert_array_equal(np.argwhere(p < ALPHA), [[0, 3], [1, 3]])
    assert f[:, :3].max() == 0 and p[:, :3].min() == 1


def test_few_rows_and_constant_columns_are_answered():
    table = np.random.default_rng(3).normal(size=(12, 6))
    table[:, 2] = 1.0
    for name in ("score", "cam"):
        answer = METHODS[name].answer(make_question(table, seed=0))
        assert not answer.graph_dd[2].any() and np.isfinite(answer.scores_dd).all()
    assert spline_basis(table[:, 2]).shape == (12, 1)
