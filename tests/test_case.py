"""The dataset that every method gets."""

import numpy as np

from amortize.case import fill, prepare


def test_prepare_moves_the_graph_with_the_columns():
    values, graph = np.random.default_rng(0).normal(size=(400, 6)), np.eye(6, k=1, dtype=bool)
    for j in range(1, 6):
        values[:, j] += 1.5 * values[:, j - 1]
    full, none = np.ones(values.shape, bool), np.zeros(values.shape, bool)
    case = prepare(values, full, none, graph, permutation_seed=3)
    order = np.random.default_rng(3).permutation(6)
    z = (values - values.mean(0)) / values.std(0)
    np.testing.assert_allclose(case.values_nd, z[:, order])
    for i, j in case.about["truth"]:
        assert order[j] == order[i] + 1
    assert case.about["varsortability"] == 1.0
    assert prepare(values, full, none, graph, 3).about["table"] == case.about["table"]
    assert prepare(values, full, none, graph, 4).about["table"] != case.about["table"]


def test_missing_cells_become_the_mean():
    values = np.array([[1.0, 9.0], [3.0, 0.0], [99.0, 0.0]])
    observed = np.array([[True, False], [True, False], [False, False]])
    np.testing.assert_array_equal(fill(values, observed), [[1, 0], [3, 0], [2, 0]])
    case = prepare(values, observed, ~observed, np.zeros((2, 2)), permutation_seed=0)
    assert np.isfinite(case.values_nd).all() and np.sort(case.values_nd, None).tolist() == [
        -1,
        0,
        0,
        0,
        0,
        1,
    ]
