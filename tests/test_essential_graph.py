"""Directions that an equivalence class agrees on, against the package ges and by hand."""

import jax
import numpy as np
import pytest

from amortize.essential_graph import compelled


def random_graphs(rng, count, d, share):
    order = np.argsort(rng.random((count, d)), axis=1)
    return (order[:, :, None] < order[:, None]) & (rng.random((count, d, d)) < share)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_without_experiments_they_are_those_of_the_cpdag(share):
    from amortize.equivalence import cpdag_of

    pytest.importorskip("ges")
    graphs = random_graphs(np.random.default_rng(0), 60, 7, share)
    found = np.asarray(jax.jit(compelled)(graphs, np.zeros_like(graphs)))
    for graph, sure in zip(graphs, found, strict=True):
        cpdag = cpdag_of(graph)
        np.testing.assert_array_equal(sure, cpdag & ~cpdag.T)
    assert found.any() and (graphs & ~found).any()


def edges(d, *pairs):
    graph = np.zeros((1, d, d), bool)
    for i, j in pairs:
        graph[0, i, j] = True
    return graph


def test_a_settled_edge_settles_what_follows():
    chain = edges(4, (0, 1), (1, 2), (2, 3))
    none = np.zeros_like(chain)
    assert not np.asarray(compelled(chain, none)).any()
    first, last = edges(4, (0, 1)), edges(4, (2, 3))
    np.testing.assert_array_equal(compelled(chain, first), chain)  # no new collider may arise
    np.testing.assert_array_equal(compelled(chain, last), last)


def test_an_experiment_without_an_edge_settles_nothing():
    chain = edges(3, (0, 1))
    assert not np.asarray(compelled(chain, edges(3, (1, 2), (2, 0)))).any()


def test_rule_of_cycles_and_rule_of_two_chains():
    triangle = edges(3, (0, 1), (1, 2), (0, 2))
    found = np.asarray(compelled(triangle, edges(3, (0, 1), (1, 2))))
    np.testing.assert_array_equal(found, triangle)  # 2 -> 0 would close a cycle
    kite = edges(4, (1, 3), (2, 3), (0, 1), (0, 2), (0, 3))  # 0 - 1 -> 3 <- 2 - 0, 1 and 2 apart
    found = np.asarray(compelled(kite, np.zeros_like(kite)))
    np.testing.assert_array_equal(found, edges(4, (1, 3), (2, 3), (0, 3)))
