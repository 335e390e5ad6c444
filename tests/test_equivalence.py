"""Equivalence classes and causal distances on graphs worked by hand."""

import math

import numpy as np
import pytest

from amortize.distances import causal_distances
from amortize.equivalence import NotDefined, check_cpdag, cpdag_of, find_cycle
from amortize.score import score

pytest.importorskip("ges")
pytest.importorskip("gadjid")


def graph(d, *edges):
    g = np.zeros((d, d), bool)
    for i, j in edges:
        g[i, j] = True
    return g


CHAIN = graph(3, (0, 1), (1, 2))
COLLIDER = graph(3, (0, 1), (2, 1))
BOTH_WAYS = CHAIN | CHAIN.T


def test_a_chain_is_undirected_and_a_collider_is_not():
    np.testing.assert_array_equal(cpdag_of(CHAIN), BOTH_WAYS)
    np.testing.assert_array_equal(cpdag_of(COLLIDER), COLLIDER)
    # A collider forces the edge that leaves it (Meek's first rule).
    tail = graph(4, (0, 1), (2, 1), (1, 3))
    np.testing.assert_array_equal(cpdag_of(tail), tail)
    assert not cpdag_of(graph(3)).any()


def test_equivalent_dags_share_their_class():
    random = np.random.default_rng(0)
    for _ in range(20):
        order = random.permutation(6)
        dag = np.triu(random.random((6, 6)) < 0.4, 1)[np.ix_(order, order)]
        cpdag = cpdag_of(dag)
        np.testing.assert_array_equal(cpdag | cpdag.T, dag | dag.T)
        assert (cpdag | ~dag).all()  # no direction of the DAG is lost
        np.testing.assert_array_equal(check_cpdag(cpdag), cpdag)


def test_cycles_are_found_and_refused():
    cycle = graph(4, (0, 1), (1, 2), (2, 0), (2, 3))
    assert sorted(find_cycle(cycle)) == [0, 1, 2] and not find_cycle(CHAIN)
    with pytest.raises(NotDefined, match="cycle"):
        cpdag_of(cycle)


@pytest.mark.parametrize(
    "pdag",
    [
        graph(3, (0, 1), (1, 0), (1, 2)),  # directed without a collider
        graph(4, (0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (3, 0), (0, 3)),  # a square
    ],
)
def test_what_pc_may_return_and_is_no_class(pdag):
    with pytest.raises(NotDefined, match="not a CPDAG"):
        check_cpdag(pdag)
    values, reasons = causal_distances(pdag, np.triu(np.ones(pdag.shape, bool), 1), "cpdag")
    assert all(math.isnan(value) for value in values.values())
    assert all("not a CPDAG" in reason for reason in reasons.values())


def test_distances_by_hand():
    assert set(causal_distances(CHAIN, CHAIN, "dag")[0].values()) == {0.0}
    # The reversed chain: no effect is right but none of the six is the same either.
    values, reasons = causal_distances(CHAIN.T, CHAIN, "dag")
    assert values["sid"] == values["parent_aid"] == pytest.approx(1.0) and not reasons
    # The empty graph claims no effects: wrong for 0->1, 0->2, 1->2 of six.
    assert causal_distances(graph(3), CHAIN, "dag")[0]["sid"] == pytest.approx(0.5)
    # The transposed reading of a collider is not the collider.
    assert causal_distances(COLLIDER.T, COLLIDER, "dag")[0]["sid"] > 0


def test_distances_of_a_class_have_no_sid():
    values, reasons = causal_distances(BOTH_WAYS, CHAIN, "cpdag")
    assert math.isnan(values["sid"]) and "DAG" in reasons["sid"]
    assert 0 < values["parent_aid"] <= 1 and "parent_aid" not in reasons


def test_a_cyclic_truth_leaves_the_other_metrics():
    truth = graph(3, (0, 1), (1, 2), (2, 0))
    found = score(CHAIN, None, truth, "dag")
    assert found["recall"] == pytest.approx(2 / 3) and found["shd"] == 1
    assert math.isnan(found["sid"]) and math.isnan(found["cpdag_shd"])
    assert found["undefined"]["sid"] == "the true graph has a cycle of 3 variables"


def test_score_gives_and_counts_the_help():
    found = score(BOTH_WAYS, None, CHAIN, "cpdag")
    assert (found["f1"], found["shd"], found["helped"], found["auprc"]) == (1, 0, 2, 1)
    assert (found["strict_shd"], found["cpdag_shd"]) == (2, 0)
    assert found["strict_f1"] == pytest.approx(2 / 3)
    assert score(CHAIN.T, None, CHAIN, "dag")["cpdag_shd"] == 0  # the same class
    assert score(COLLIDER, None, CHAIN, "dag")["cpdag_shd"] == 2


def test_class_f1_gives_a_dag_the_help_that_a_cpdag_gets():
    assert score(BOTH_WAYS, None, CHAIN, "cpdag")["class_f1"] == 1
    backwards = score(CHAIN.T, None, CHAIN, "dag")
    assert (backwards["f1"], backwards["class_f1"]) == (0, 1)
    assert score(COLLIDER, None, CHAIN, "dag")["class_f1"] == 0.5  # its directions are claims
    assert score(BOTH_WAYS, None, COLLIDER, "cpdag")["class_f1"] == 1
    assert math.isnan(score(graph(3, (0, 1), (1, 2), (2, 0)), None, CHAIN, "dag")["class_f1"])
