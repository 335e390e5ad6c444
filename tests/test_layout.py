"""Properties of the layered layout."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from amortize.layout import BEND, WIDEST, layered


def random_dag(d: int, edges: float, seed: int) -> nx.DiGraph:
    rng = np.random.default_rng(seed)
    order = rng.permutation(d)
    dag = nx.DiGraph()
    dag.add_nodes_from(f"x{i}" for i in range(d))
    chosen = np.argwhere(np.triu(rng.random((d, d)) < 2 * edges / d / d, k=1))
    dag.add_edges_from((f"x{order[i]}", f"x{order[j]}") for i, j in chosen)
    return dag


@pytest.mark.parametrize(("d", "edges"), [(2, 2), (8, 10), (30, 60), (200, 300), (200, 2000)])
def test_causes_come_before_effects_and_nothing_overlaps(d, edges):
    dag = random_dag(d, edges, seed=d)
    layout = layered(dag)
    assert sorted([*layout.places, *layout.loose]) == sorted(dag.nodes)
    assert all(layout.places[i][0] < layout.places[j][0] for i, j in dag.edges)
    assert all(0 <= layer < layout.layers for layer, _ in layout.places.values())
    boxes = [(spot, 1.0) for spot in layout.places.values()]
    boxes += [(spot, BEND) for spots in layout.bends.values() for spot in spots]
    for (here, a), (there, b) in pairwise(sorted(boxes)):
        assert here[0] != there[0] or there[1] - here[1] >= (a + b) / 2 - 0.03  # rounded
    counts = np.bincount([layer for layer, _ in layout.places.values()], minlength=1)
    assert counts.max(initial=0) <= WIDEST


def test_bends_lead_from_cause_to_effect_one_per_layer():
    dag = nx.DiGraph([("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")])
    layout = layered(dag)
    assert [layer for layer, _ in layout.bends["a", "d"]] == [1, 2]
    assert set(layout.bends) == {("a", "d")}


def test_a_late_cause_stands_next_to_its_effect():
    dag = nx.DiGraph([("a", "b"), ("b", "c"), ("late", "c")])
    assert layered(dag).places["late"][0] == 1


def test_two_uncrossed_ladders_are_drawn_uncrossed():
    dag = nx.DiGraph([("a0", "b1"), ("a1", "b0"), ("b1", "c0"), ("b0", "c1")])
    places = layered(dag).places
    for chain in (("a0", "b1", "c0"), ("a1", "b0", "c1")):
        assert len({places[name][1] for name in chain}) == 1


def test_empty_graphs_have_only_loose_variables():
    dag = nx.DiGraph()
    assert layered(dag).loose == [] and layered(dag).layers == 0
    dag.add_nodes_from("ba")
    assert layered(dag).loose == ["b", "a"]
