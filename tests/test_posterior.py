"""What is derived from the probabilities."""

import networkx as nx
import numpy as np
import pytest

from amortize.errors import UsageError
from amortize.knowledge import FORBIDDEN, REQUIRED, UNKNOWN
from amortize.posterior import (
    Verdict,
    adjacency,
    check_threshold,
    conditioned,
    decode_dag,
    direction_uncertain,
    oriented,
    verdicts,
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


def knowledge_of(seed: int, d: int) -> np.ndarray:
    """Random constraints without contradictions: required edges follow the order of the index."""
    rng = np.random.default_rng(seed)
    known = np.where(rng.random((d, d)) < 0.3, FORBIDDEN, UNKNOWN)
    known[np.triu(rng.random((d, d)) < 0.15, k=1)] = REQUIRED
    known[np.eye(d, dtype=bool)] = UNKNOWN
    return known


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("threshold", [0.01, 0.5, 1.0])
def test_what_is_known_holds_in_probabilities_and_graph(seed, threshold):
    p, known = random_probabilities(seed, 9), knowledge_of(seed, 9)
    p[0, 1:4] = 1.0  # a network that is certain, also of what is not so
    p[1:4, 0] = 0.0
    q = conditioned(p, known)
    dag = decode_dag(q, threshold)
    assert (q[known == FORBIDDEN] == 0).all() and (q[known == REQUIRED] == 1).all()
    assert (q + q.T <= 1 + 1e-12).all() and (np.diag(q) == 0).all()
    assert dag[known == REQUIRED].all() and not dag[known == FORBIDDEN].any()
    assert is_acyclic(dag)


def test_the_remaining_answers_keep_their_odds():
    p = np.array([[0.0, 0.5, 0.2], [0.3, 0.0, 0.1], [0.4, 0.1, 0.0]])
    known = np.zeros((3, 3), int)
    known[0, 1] = FORBIDDEN
    q = conditioned(p, known)
    assert q[1, 0] == pytest.approx(0.3 / (0.3 + 0.2)) and q[0, 1] == 0
    np.testing.assert_allclose(np.delete(q, 1, 0)[:, [0, 2]], np.delete(p, 1, 0)[:, [0, 2]])
    np.testing.assert_allclose(conditioned(p, np.zeros((3, 3), int)), p)


def test_a_required_edge_outlasts_a_cycle_of_near_certain_ones():
    p = np.zeros((3, 3))
    p[0, 1] = p[1, 2] = 1.0
    known = np.zeros((3, 3), int)
    known[2, 0] = REQUIRED
    dag = decode_dag(conditioned(p, known))
    assert dag[2, 0] and is_acyclic(dag) and dag.sum() == 2


def test_verdicts_name_every_case():
    p = np.zeros((4, 4))
    p[0, 1], p[1, 2], p[2, 1] = 0.9, 0.4, 0.3
    confounded = np.zeros((4, 4))
    confounded[0, 1] = confounded[1, 0] = confounded[2, 3] = confounded[3, 2] = 0.8
    found = verdicts(p, 0.5, confounded)
    assert found[0, 1] == Verdict.CAUSE and found[1, 0] == Verdict.EFFECT
    assert found[1, 2] == found[2, 1] == Verdict.UNDIRECTED
    assert found[2, 3] == found[3, 2] == Verdict.CONFOUNDED
    assert found[0, 2] == found[0, 0] == Verdict.UNRELATED
    assert verdicts(p, 0.5)[2, 3] == Verdict.UNRELATED
    assert verdicts(p, 0.95)[0, 1] == Verdict.UNRELATED
