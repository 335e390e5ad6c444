"""Each library's matrix, read on graphs that look different when transposed."""

import networkx as nx
import numpy as np
import pytest

from amortize.baselines.endpoints import (
    break_cycles,
    from_causallearn,
    from_lingam,
    from_pag,
    from_weights,
)


def edges(graph):
    return [tuple(edge) for edge in np.argwhere(graph).tolist()]


def test_causallearn_marks_stand_at_the_first_index():
    # 0 -> 1, 2 -> 1, 1 --- 3, 0 <-> 3: marks [a, b] stand at a.
    marks = np.zeros((4, 4))
    marks[1, 0], marks[0, 1] = 1, -1
    marks[1, 2], marks[2, 1] = 1, -1
    marks[1, 3] = marks[3, 1] = -1
    marks[0, 3] = marks[3, 0] = 1
    assert edges(from_causallearn(marks)) == [(0, 1), (0, 3), (1, 3), (2, 1), (3, 0), (3, 1)]
    with pytest.raises(ValueError, match="endpoint marks"):
        from_causallearn(np.array([[0, 2], [1, 0]]))


def test_causallearn_itself_writes_an_arrow_so():
    pytest.importorskip("causallearn")
    from causallearn.graph.GeneralGraph import GeneralGraph
    from causallearn.graph.GraphNode import GraphNode

    nodes = [GraphNode(name) for name in ("a", "b", "c")]
    graph = GeneralGraph(nodes)
    graph.add_directed_edge(nodes[2], nodes[0])
    assert edges(from_causallearn(graph.graph)) == [(2, 0)]


def test_pag_marks():
    # 0 -> 1, 1 o-> 2, 3 o-o 1, 2 <-> 4, 4 --- 0
    marks = np.zeros((5, 5))
    marks[0, 1], marks[1, 0] = -1, 1
    marks[1, 2], marks[2, 1] = 2, 1
    marks[3, 1], marks[1, 3] = 2, 2
    marks[2, 4], marks[4, 2] = 1, 1
    marks[4, 0], marks[0, 4] = -1, -1
    possible, confounded = from_pag(marks)
    assert edges(possible) == [(0, 1), (0, 4), (1, 2), (1, 3), (3, 1), (4, 0)]
    assert edges(confounded) == [(2, 4), (4, 2)]
    with pytest.raises(ValueError, match="unknown endpoint marks"):
        from_pag(np.array([[0, 3], [1, 0]]))


def test_lingam_weights_are_transposed_and_cut():
    weights = np.array([[0, 0.5, 0.01], [0, 0, 0], [-0.8, np.nan, 0]])
    assert edges(from_lingam(weights, 0.1)) == [(0, 2), (1, 0)]  # 1 acts on 0, 0 on 2


def test_other_weights_are_cut_as_they_are():
    weights = np.array([[0, 0.5, 0.01], [0, 0, 0], [-0.8, np.nan, 0]])
    assert edges(from_weights(weights, 0.1)) == [(0, 1), (2, 0)]


def test_the_weakest_edge_of_each_cycle_goes():
    weights = np.zeros((5, 5))
    weights[0, 1], weights[1, 2], weights[2, 0] = 0.9, -0.4, 0.8  # 1 -> 2 is the weakest
    weights[3, 4], weights[4, 3] = 0.5, -0.7
    weights[0, 3] = 0.31
    graph, note = break_cycles(weights, 0.3)
    assert edges(graph) == [(0, 1), (0, 3), (2, 0), (4, 3)]
    assert note.startswith("2 edge(s) dropped")
    dag = np.triu(weights + weights.T, 1)
    assert break_cycles(dag)[1] == ""
    np.testing.assert_array_equal(break_cycles(dag)[0], dag != 0)
    dense = np.random.default_rng(0).normal(size=(8, 8)) * (1 - np.eye(8))
    assert nx.is_directed_acyclic_graph(nx.DiGraph(break_cycles(dense)[0]))
