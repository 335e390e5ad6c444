"""What is derived from the probabilities."""

import networkx as nx
import numpy as np
import pytest

from amortize.errors import UsageError
from amortize.posterior import (
    adjacency,
    check_threshold,
    decode_dag,
    direction_uncertain,
    oriented,
)


def random_probabilities(seed: int, d: int) -> np.ndarray:
    shares = np.random.default_rng(seed).dirichlet([1, 1, 1], size=(d, d))
    upper = np.triu(shares[..., 1], k=1)
    return upper + np.triu(shares[..., 2], k=1).T


def is_acyclic(dag: np.ndarray) -> bool:
    return nx.is_directed_acyclic_graph(nx.from_numpy_array(dag, create_using=nx.DiGraph))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("threshold", [0.01, 0.3, 0.5, 0.9])
def test_decoded_graph_is_acyclic_and_maximal(seed, threshold):
    p = random_probabilities(seed, 12)
    dag, edges = decode_dag(p, threshold), oriented(p, threshold)
    assert is_acyclic(dag)
    assert not (dag & ~edges).any()
    for i, j in np.argwhere(edges & ~dag):  # each dropped edge would have closed a cycle
        with_it = dag.copy()
        with_it[i, j] = True
        assert not is_acyclic(with_it)


def test_decoding_follows_a_permutation_of_the_variables():
    p = random_probabilities(3, 10)
    order = np.random.default_rng(0).permutation(10)
    assert (decode_dag(p[np.ix_(order, order)]) == decode_dag(p)[np.ix_(order, order)]).all()


def test_the_least_likely_edge_of_a_cycle_is_dropped_and_not_turned():
    p = np.zeros((3, 3))
    p[0, 1], p[1, 2], p[2, 0], p[0, 2] = 0.9, 0.8, 0.5, 0.45
    dag = decode_dag(p)
    assert dag[0, 1] and dag[1, 2]
    assert not dag[2, 0] and not dag[0, 2]


def test_a_pair_is_adjacent_by_the_sum_of_both_directions():
    p = np.zeros((3, 3))
    p[0, 1], p[1, 0], p[1, 2] = 0.3, 0.25, 0.49
    found = adjacency(p, 0.5)
    assert found[0, 1] and found[1, 0] and not found[1, 2]
    assert oriented(p)[0, 1] and not oriented(p)[1, 0]
    assert direction_uncertain(p)[0, 1]


def test_a_clear_direction_is_not_called_uncertain():
    p = np.array([[0.0, 0.7], [0.2, 0.0]])
    assert not direction_uncertain(p).any()
    assert direction_uncertain(p, clear=0.8)[0, 1]


def test_ties_and_zeros():
    p = np.full((2, 2), 0.4) - 0.4 * np.eye(2)
    assert oriented(p).tolist() == [[False, True], [False, False]]
    assert not decode_dag(np.zeros((4, 4)), 0.001).any()


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1, float("nan")])
def test_thresholds_outside_their_range(threshold):
    with pytest.raises(UsageError, match="threshold"):
        check_threshold(threshold)
