"""The latent projection against path enumeration by networkx; who is hidden, and how often."""

import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators.latent import LatentPrior, choose_hidden, compact, project

D, GRAPHS = 8, 500


def random_graphs(seed=0):
    """DAGs of 2 to 8 variables in random order, sparse to full, with random hidden variables."""
    rng = np.random.default_rng(seed)
    graph, hidden = np.zeros((GRAPHS, D, D), bool), np.zeros((GRAPHS, D), bool)
    for b in range(GRAPHS):
        d = rng.choice([2, 3, 6, 7, 8, 8])
        upper = np.triu(rng.random((d, d)) < rng.uniform(0.15, 0.6), 1)
        order = rng.permutation(d)
        graph[b, :d, :d] = upper[order][:, order]
        hidden[b, :d] = rng.random(d) < rng.uniform(0.2, 0.6)
    return graph, hidden


def enumerate_paths(graph, hidden):
    """Directed and bidirected edges among the variables in sight, path by path."""
    d = len(graph)
    whole = nx.from_numpy_array(graph.astype(int), create_using=nx.DiGraph)
    clear = np.zeros((d, d), bool)  # some directed path has only hidden variables between its ends
    for i in range(d):
        for j in range(d):
            if i != j:
                paths = nx.all_simple_paths(whole, i, j)
                clear[i, j] = any(all(hidden[k] for k in path[1:-1]) for path in paths)
    confounded = np.zeros((d, d), bool)
    for h in np.flatnonzero(hidden):
        confounded |= clear[h][:, None] & clear[h][None, :]
    seen = ~hidden[:, None] & ~hidden & ~np.eye(d, dtype=bool)
    return clear & seen, confounded & seen


@pytest.fixture(scope="module")
def projected():
    graph, hidden = random_graphs()
    directed, confounded = quick_jit(jax.vmap(project))(graph, hidden)
    return graph, hidden, np.asarray(directed), np.asarray(confounded)


def test_the_projection_equals_path_enumeration(projected):
    graph, hidden, directed, confounded = projected
    through, deep = 0, 0
    for b in range(GRAPHS):
        right_directed, right_confounded = enumerate_paths(graph[b], hidden[b])
        np.testing.assert_array_equal(directed[b], right_directed)
        np.testing.assert_array_equal(confounded[b], right_confounded)
        # Wrong on purpose: dropping the hidden variables; one hidden variable between at most.
        seen = ~hidden[b][:, None] & ~hidden[b]
        through += (right_directed != (graph[b] & seen)).any()
        children = graph[b] & hidden[b][:, None]
        near = (children.astype(int).T @ children > 0) & seen & ~np.eye(D, dtype=bool)
        deep += (right_confounded != near).any()
    assert through > 50 and deep > 25


def test_marks_are_symmetric_acyclic_and_only_between_variables_in_sight(projected):
    _, hidden, directed, confounded = projected
    np.testing.assert_array_equal(confounded, confounded.transpose(0, 2, 1))
    for marks in (directed, confounded):
        assert not marks[hidden].any() and not marks.transpose(0, 2, 1)[hidden].any()
    for g in directed:
        assert nx.is_directed_acyclic_graph(nx.from_numpy_array(g, create_using=nx.DiGraph))
    assert (confounded & directed).any()  # a pair may have both


def test_ancestors_among_those_in_sight_stay_ancestors(projected):
    graph, hidden, directed, _ = projected
    for b in range(0, GRAPHS, 4):
        whole, seen = (
            nx.transitive_closure_dag(nx.from_numpy_array(g, create_using=nx.DiGraph))
            for g in (graph[b], directed[b])
        )
        whole.remove_nodes_from(np.flatnonzero(hidden[b]))
        assert set(whole.edges) == set(seen.edges)


@pytest.mark.parametrize("d", [2, 3, 5, 6, 20])
def test_a_path_through_all_other_variables_is_found(d):
    """The longest there is: one squaring too few would lose it."""
    chain = np.eye(d, k=1, dtype=bool)
    inner = (np.arange(d) > 0) & (np.arange(d) < d - 1)
    directed, confounded = quick_jit(project)(chain, inner)
    assert np.argwhere(directed).tolist() == [[0, d - 1]] and not confounded.any()
    fork = np.array(chain)
    fork[0] = False
    if d > 2:  # 1 -> 0 and 1 -> 2 -> ... -> d - 1, all hidden but the ends
        fork[1, 0] = True
        directed, confounded = quick_jit(project)(fork, inner)
        assert not directed.any()
        assert np.argwhere(confounded).tolist() == [[0, d - 1], [d - 1, 0]]


def test_a_cycle_through_a_hidden_variable_makes_no_edge_to_itself():
    cycle = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], bool)
    directed, _ = project(jnp.asarray(cycle), jnp.asarray([False, True, True]))
    assert not directed.any()


@pytest.fixture(scope="module")
def choose():
    program = quick_jit(
        jax.vmap(choose_hidden, in_axes=(0, None, None, None, None)), static_argnums=1
    )

    def call(prior, graph, active, at_most=D, seed=0):
        keys = jax.random.split(jax.random.key(seed), 4000)
        return np.asarray(program(keys, prior, jnp.asarray(graph), active, at_most))

    return call


ONE = LatentPrior(some=1.0, share=(0.0, 0.0), preference=5.0)  # always exactly one


def test_variables_with_several_children_are_preferred(choose):
    graph = np.zeros((D, D), bool)
    graph[0, 1:3] = graph[1, 2:4] = graph[2, 3] = True  # variables 0 and 1 have two children
    hidden = choose(ONE, graph, 6)
    assert (hidden.sum(1) == 1).all() and not hidden[:, 6:].any()
    weight = np.array([5, 5, 1, 1, 1, 1])
    counts = hidden.sum(0)[:6]
    assert stats.chisquare(counts, weight / weight.sum() * 4000).pvalue > 1e-4
    assert stats.chisquare(counts, np.full(6, 4000 / 6)).pvalue < 1e-8


def test_how_often_and_how_many(choose):
    prior = LatentPrior(some=0.3, share=(0.05, 0.6))
    count = choose(prior, np.zeros((D, D), bool), 7).sum(1)
    assert stats.binomtest(int((count > 0).sum()), 4000, 0.3).pvalue > 1e-4
    # round(7 share), at least 1, with the share uniform in [0.05, 0.6]
    cuts = np.array([0.05 * 7, 1.5, 2.5, 3.5, 0.6 * 7])
    expected = np.diff(cuts) / (0.55 * 7)
    found = np.bincount(count[count > 0], minlength=5)[1:]
    assert stats.chisquare(found, expected * found.sum()).pvalue > 1e-4


def test_a_few_stay_in_sight_and_a_narrow_table_hides_the_rest(choose):
    everything = LatentPrior(some=1.0, share=(1.0, 1.0), keep=2)
    assert (choose(everything, np.zeros((D, D), bool), 7).sum(1) == 5).all()
    assert not choose(everything, np.zeros((D, D), bool), 2).any()
    never = LatentPrior(some=0.0)
    assert (choose(never, np.zeros((D, D), bool), 7, at_most=4).sum(1) == 3).all()
    assert not choose(never, np.zeros((D, D), bool), 3, at_most=4).any()


def test_same_key_same_choice(choose):
    graph = np.triu(np.ones((D, D), bool), 1)
    first = choose(LatentPrior(), graph, 7)
    np.testing.assert_array_equal(first, choose(LatentPrior(), graph, 7))
    assert (first != choose(LatentPrior(), graph, 7, seed=1)).any()


def test_compacting_moves_those_in_sight_to_the_front():
    _, hidden = random_graphs(1)
    active = np.random.default_rng(1).integers(2, D + 1, GRAPHS)
    order, seen = quick_jit(jax.vmap(compact))(hidden, active)
    for b in range(GRAPHS):
        visible = [k for k in range(active[b]) if not hidden[b, k]]
        others = [k for k in range(D) if k not in visible]
        assert seen[b] == len(visible)
        assert np.asarray(order[b]).tolist() == visible + others
