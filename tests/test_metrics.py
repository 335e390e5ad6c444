"""Metrics against hand-worked graphs, scikit-learn and gadjid."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from amortize import metrics


def graph(d, *edges):
    g = np.zeros((d, d), bool)
    for i, j in edges:
        g[i, j] = True
    return g


def random_dag(rng, d, p=0.4):
    order = rng.permutation(d)
    g = np.triu(rng.random((d, d)) < p, 1)
    return g[np.ix_(order, order)]


COLLIDER = graph(4, (0, 2), (1, 2), (2, 3))


@pytest.mark.parametrize(
    ("guess", "distance"),
    [
        (COLLIDER, 0),
        (graph(4), 3),
        (graph(4, (2, 0), (1, 2), (2, 3)), 1),  # reversed: once
        (graph(4, (0, 2), (2, 0), (1, 2), (2, 3)), 1),  # undirected: once
        (graph(4, (0, 2), (1, 2), (2, 3), (0, 1)), 1),  # extra
        (graph(4, (0, 2), (1, 2)), 1),  # missing
        (graph(4, (2, 0), (2, 1), (3, 2), (0, 1)), 4),
    ],
)
def test_shd_by_hand(guess, distance):
    assert metrics.shd(guess, COLLIDER) == distance


def test_shd_is_gadjid():
    gadjid = pytest.importorskip("gadjid")
    rng = np.random.default_rng(0)
    for d in (2, 5, 9):
        for _ in range(10):
            a, b = random_dag(rng, d), random_dag(rng, d)
            assert metrics.shd(a, b) == gadjid.shd(b.astype(np.int8), a.astype(np.int8))[1]


def test_edge_scores_by_hand():
    # One right, one reversed, one extra, one missing.
    guess = graph(4, (0, 2), (2, 1), (0, 3))
    scores = metrics.edge_scores(guess, COLLIDER)
    assert scores.shd == 3
    assert scores.precision == pytest.approx(1 / 3)
    assert scores.recall == pytest.approx(1 / 3)
    assert scores.f1 == pytest.approx(1 / 3)
    assert scores.skeleton_f1 == pytest.approx(2 / 3)
    assert scores.orientation == pytest.approx(1 / 2)
    lopsided = metrics.edge_scores(graph(4, (0, 2)), COLLIDER)
    assert (lopsided.skeleton_precision, lopsided.skeleton_recall) == (1, pytest.approx(1 / 3))


def test_a_transposed_guess_finds_the_skeleton_and_no_edge():
    scores = metrics.edge_scores(COLLIDER.T, COLLIDER)
    assert (scores.shd, scores.f1, scores.skeleton_f1, scores.orientation) == (3, 0, 1, 0)


def test_direction_of_true_edges_by_hand():
    scores = np.array([[0, 0.1, 0.9, 0], [0, 0, 0.2, 0], [0.3, 0.6, 0, 0], [0, 0, 0, 0]])
    assert metrics.direction(scores, COLLIDER) == pytest.approx((1 + 0 + 0.5) / 3)
    assert metrics.direction(COLLIDER.T, COLLIDER) == 0
    assert math.isnan(metrics.direction(scores, graph(4)))


def test_empty_graphs():
    both = metrics.edge_scores(graph(3), graph(3))
    assert (both.shd, both.f1, both.skeleton_f1) == (0, 1, 1)
    assert math.isnan(both.precision) and math.isnan(both.recall) and math.isnan(both.orientation)
    assert metrics.edge_scores(graph(4), COLLIDER).f1 == 0
    assert math.isnan(metrics.auroc(np.random.rand(3, 3), graph(3)))
    assert math.isnan(metrics.average_precision(np.random.rand(3, 3), graph(3)))


def test_ranking_scores_are_scikit_learns_off_the_diagonal():
    rng = np.random.default_rng(1)
    p, g = rng.random((6, 6)), random_dag(rng, 6)
    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    y, s = [g[ij] for ij in pairs], [p[ij] for ij in pairs]
    assert metrics.auroc(p, g) == pytest.approx(roc_auc_score(y, s))
    assert metrics.average_precision(p, g) == pytest.approx(average_precision_score(y, s))
    assert metrics.brier(p, g) == pytest.approx(brier_score_loss(y, s))


def test_padding_and_the_diagonal_are_not_read():
    rng = np.random.default_rng(2)
    p, g = rng.random((5, 5)), random_dag(rng, 5)
    wide_p, wide_g = rng.random((8, 8)), rng.random((8, 8)) < 0.5
    where = np.array([0, 2, 3, 5, 7])
    wide_p[np.ix_(where, where)], wide_g[np.ix_(where, where)] = p, g
    np.fill_diagonal(wide_p, 9.0)
    real = np.isin(np.arange(8), where)
    for measure in (metrics.auroc, metrics.average_precision, metrics.brier, metrics.shd):
        assert measure(wide_p, wide_g, real) == pytest.approx(measure(p, g))
    assert metrics.log_probability(wide_p / 10, wide_g, real) == pytest.approx(
        metrics.log_probability(p / 10, g)
    )


def test_log_probability_by_hand():
    p = np.array([[0.0, 0.7, 0.1], [0.2, 0.0, 0.3], [0.5, 0.3, 0.0]])
    truth = graph(3, (0, 1), (2, 0))  # 1 and 2 are not adjacent: 1 - .3 - .3
    assert metrics.log_probability(p, truth) == pytest.approx(math.log(0.7 * 0.5 * 0.4))
    certain = truth.astype(float)
    assert metrics.log_probability(certain, truth) == 0
    assert np.isfinite(metrics.log_probability(certain.T, truth))


def test_calibration_error():
    rng = np.random.default_rng(3)
    p = [rng.random((20, 20)) for _ in range(50)]
    honest = [rng.random((20, 20)) < q for q in p]
    assert metrics.calibration_error(p, honest) < 0.02
    assert metrics.calibration_error([q / 2 for q in p], honest) == pytest.approx(0.25, abs=0.02)
    # Two bins by hand: means .1 and .9 against shares of 0 and 1/2.
    q = np.array([[0, 0.1, 0.1], [0.9, 0, 0.9], [0.1, 0.9, 0]])
    g = np.array([[0, 0, 0], [1, 0, 1], [0, 0, 0]])
    expected = (3 * 0.1 + 3 * (0.9 - 2 / 3)) / 6
    assert metrics.calibration_error([q], [g], bins=2) == pytest.approx(expected)


def test_orient_in_favour():
    cpdag = graph(4, (0, 2), (2, 0), (2, 1), (2, 3), (3, 2), (0, 1), (1, 0))
    oriented = metrics.orient_in_favour(cpdag, COLLIDER)
    # 0-2 and 2-3 follow the truth, the false 0-1 stays one edge, the wrong 2->1 is not helped.
    np.testing.assert_array_equal(oriented, graph(4, (0, 2), (2, 1), (2, 3), (0, 1)))
    np.testing.assert_array_equal(
        metrics.orient_in_favour(COLLIDER | COLLIDER.T, COLLIDER), COLLIDER
    )


def test_expected_scores_of_drawn_graphs():
    p = np.array([[0.0, 0.7, 0.1], [0.2, 0.0, 0.3], [0.5, 0.3, 0.0]])
    truth = graph(3, (0, 1), (2, 0))
    assert metrics.expected_shd(p, truth) == pytest.approx(0.3 + 0.5 + 0.6)
    rng = np.random.default_rng(0)
    distances, scores = [], []
    for _ in range(3000):
        drawn = np.zeros((3, 3), bool)
        for i, j in ((0, 1), (0, 2), (1, 2)):
            u = rng.random()
            drawn[i, j], drawn[j, i] = u < p[i, j], p[i, j] <= u < p[i, j] + p[j, i]
        distances.append(metrics.shd(drawn, truth))
        scores.append(metrics.edge_scores(drawn, truth).f1)
    assert metrics.expected_shd(p, truth) == pytest.approx(np.mean(distances), abs=0.06)
    assert metrics.expected_f1(p, truth, 3000) == pytest.approx(np.mean(scores), abs=0.03)
    assert metrics.expected_f1(truth.astype(float), truth) == 1


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="two \\[d, d\\] matrices"):
        metrics.shd(np.zeros((3, 3)), np.zeros((4, 4)))
