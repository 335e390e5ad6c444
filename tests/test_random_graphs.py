"""The benchmarks' graphs: counts, degrees, shapes, convention."""

import networkx as nx
import numpy as np
import pytest

from simulators.benchmarks import random_graphs as graphs

D, MANY = 20, 300
FAMILIES = {
    "erdos_renyi": lambda rng: graphs.erdos_renyi(rng, D, 40),
    "exactly": lambda rng: graphs.exactly(rng, D, 40),
    "scale_free_out": lambda rng: graphs.scale_free_out(rng, D, 2, 1.0),
    "scale_free_in": lambda rng: graphs.scale_free_in(rng, D, 2, 1.0),
    "watts_strogatz": lambda rng: graphs.watts_strogatz(rng, D, 2, 0.3),
    "stochastic_block": lambda rng: graphs.stochastic_block(rng, D, 40, 5, 0.1),
    "geometric": lambda rng: graphs.geometric(rng, D, 0.3),
}


@pytest.fixture(scope="module")
def drawn():
    """MANY graphs of every family."""
    return {
        name: np.stack([draw(np.random.default_rng([k, 1])) for k in range(MANY)])
        for name, draw in FAMILIES.items()
    }


@pytest.mark.parametrize("name", FAMILIES)
def test_graphs_are_acyclic_and_their_order_says_nothing(drawn, name):
    for graph in drawn[name][:40]:
        assert graph.shape == (D, D) and graph.dtype == bool
        assert nx.is_directed_acyclic_graph(nx.from_numpy_array(graph, create_using=nx.DiGraph))
    forward = np.triu(drawn[name]).sum() / drawn[name].sum()
    assert abs(forward - 0.5) < 0.05


@pytest.mark.parametrize(
    ("name", "mean", "margin"),
    # Standard errors of a mean of MANY graphs are below a third of the margins.
    [
        ("erdos_renyi", 40, 1.2),
        ("exactly", 40, 0),
        ("scale_free_out", 2 * D - 3, 0),
        ("scale_free_in", 2 * D - 3, 0),
        ("stochastic_block", 40, 1.2),
        # Of the 25 sites' 50 edges, 20 * 19 / (25 * 24) lie among the 20 that stay.
        ("watts_strogatz", 50 * 19 * 20 / (24 * 25), 0.6),
        # Chance that two points are closer than r (Philip 2007).
        ("geometric", 190 * (np.pi * 0.09 - 8 / 3 * 0.027 + 0.0081 / 2), 1.5),
    ],
)
def test_edge_counts(drawn, name, mean, margin):
    assert abs(drawn[name].sum((1, 2)).mean() - mean) <= margin


def test_hubs_are_causes_or_effects(drawn):
    """Row i, column j is i -> j: hubs have many children in one, many parents in the other."""
    out, into = drawn["scale_free_out"], drawn["scale_free_in"]
    assert out.sum(1).max() == into.sum(2).max() == 2  # everyone chooses two
    assert out.sum(2).max(1).mean() > 6 and into.sum(1).max(1).mean() > 6


def test_attachment_follows_the_power():
    """With power 0 all earlier variables are as likely, with a large power the first hub wins."""

    def largest(power):
        draws = (graphs.scale_free_out(np.random.default_rng(k), 30, 1, power) for k in range(60))
        return np.mean([graph.sum(1).max() for graph in draws])

    assert largest(0.0) + 4 < largest(1.0) + 4 < largest(1.5) + 4
    assert largest(0.0) < 6 and largest(3.0) > 15


def test_blocks_hold_most_edges():
    """With two blocks and damping 0 the skeleton falls apart; with damping 1 it does not."""

    def parts(damping):
        draws = (
            graphs.stochastic_block(np.random.default_rng(k), 16, 60, 2, damping) for k in range(30)
        )
        skeletons = (nx.from_numpy_array(graph | graph.T) for graph in draws)
        return np.mean([nx.number_connected_components(one) for one in skeletons])

    assert parts(0.0) >= 2 and parts(1.0) < 1.2


def test_an_unrewired_lattice_has_its_degrees():
    graph = graphs.watts_strogatz(np.random.default_rng(0), 27, 3, 0.0)
    assert ((graph | graph.T).sum(0) == 6).all()
    graph = graphs.watts_strogatz(np.random.default_rng(0), 25, 2, 0.0)
    assert ((graph | graph.T).sum(0) == 4).all()
    moved = graphs.watts_strogatz(np.random.default_rng(0), 25, 2, 1.0)
    assert moved.sum() == graph.sum() == 50 and ((moved | moved.T).sum(0) != 4).any()


def test_topological_order_puts_causes_first():
    graph = np.zeros((4, 4), bool)
    graph[2, 0] = graph[0, 3] = graph[2, 3] = True  # an asymmetric graph: 2 -> 0 -> 3, 2 -> 3
    order = graphs.topological_order(graph)
    assert order.index(2) < order.index(0) < order.index(3) and sorted(order) == [0, 1, 2, 3]
    graph[3, 2] = True
    with pytest.raises(ValueError, match="cycle"):
        graphs.topological_order(graph)
