"""Sortabilities against hand-counted paths and scikit-learn's regressions."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from amortize.sortability import r2_sortability, varsortability


def test_sortabilities():
    graph = np.eye(3, k=1, dtype=bool)
    random = np.random.default_rng(0)
    values = random.normal(size=(500, 3)) * [1.0, 3.0, 2.0]
    # Paths 0-1 (grows), 1-2 (falls), 0-2 (grows).
    assert varsortability(values, graph) == pytest.approx(2 / 3)
    z = values / values.std(0)
    assert varsortability(z, graph) == pytest.approx(0.5)
    assert math.isnan(varsortability(values, np.zeros((3, 3))))
    # Two causes of one effect: the effect is explained best.
    a, b = random.normal(size=(2, 500))
    fork = np.stack([a, b, a + b + 0.1 * random.normal(size=500), random.normal(size=500)], 1)
    truth = np.zeros((4, 4), bool)
    truth[0, 2] = truth[1, 2] = True
    assert r2_sortability(fork, truth) == 1.0
    assert r2_sortability(fork * [1, 10, 100, 1], truth) == 1.0


def test_r2_sortability_is_a_regressions():
    values, graph = np.random.default_rng(1).normal(size=(200, 4)), np.eye(4, k=1, dtype=bool)
    for j in range(1, 4):
        values[:, j] += 1.5 * values[:, j - 1]
    r2 = []
    for j in range(4):
        others = np.delete(values, j, 1)
        r2.append(LinearRegression().fit(others, values[:, j]).score(others, values[:, j]))
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    expected = np.mean([r2[j] > r2[i] for i, j in pairs])
    assert r2_sortability(values, graph) == pytest.approx(expected)
