"""Background knowledge drawn for training is true, varied and withheld as often as asked."""

import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest

from amortize.batch import FORBIDDEN, REQUIRED, UNKNOWN
from amortize.question import QuestionConfig, ancestors, ask, draw_knowledge
from simulators import Dataset

D = 8


@pytest.fixture(scope="module")
def drawn():
    """Random acyclic graphs on 6 of 8 variables in shuffled order, and knowledge about each."""
    rng = np.random.default_rng(0)
    graphs = []
    for _ in range(300):
        upper = np.triu(rng.random((6, 6)) < 0.4, 1)
        order = rng.permutation(6)
        graph = np.zeros((D, D), bool)
        graph[:6, :6] = upper[np.ix_(order, order)]
        graphs.append(graph)
    graph_bdd = jnp.asarray(np.stack(graphs))
    keys = jax.random.split(jax.random.key(1), 300)
    known = jax.vmap(draw_knowledge, (0, 0, None))(keys, graph_bdd, jnp.arange(D) < 6)
    return np.asarray(graph_bdd), np.asarray(known)


def test_ancestors_are_those_of_networkx(drawn):
    graph = drawn[0][0]
    closure = nx.transitive_closure(nx.from_numpy_array(graph, create_using=nx.DiGraph))
    expected = nx.to_numpy_array(closure, nodelist=range(D)) > 0
    np.testing.assert_array_equal(np.asarray(ancestors(jnp.asarray(graph))), expected)


def test_what_is_said_is_true(drawn):
    graph, known = drawn
    assert graph[known == REQUIRED].all()
    assert not graph[known == FORBIDDEN].any()
    assert (known[:, 6:] == UNKNOWN).all() and (known[:, :, 6:] == UNKNOWN).all()
    assert (known[:, np.arange(D), np.arange(D)] == UNKNOWN).all()


def test_every_kind_of_statement_occurs(drawn):
    graph, known = drawn
    required = (known == REQUIRED).sum((1, 2)) / np.maximum(graph.sum((1, 2)), 1)
    forbidden = (known == FORBIDDEN).sum((1, 2))
    assert (required > 0.5).any() and (required == 0).any()
    only_tiers = (required == 0) & (forbidden > 0)
    assert only_tiers.any()
    tiers = known[only_tiers][0] == FORBIDDEN
    assert not (tiers & tiers.T).any() or forbidden.max() > 15


def test_withheld_as_often_as_asked():
    b, n = 400, 3
    graph = np.zeros((b, D, D), bool)
    graph[:, 0, 1:] = True
    data = Dataset(
        values=jnp.zeros((b, n, D)),
        observed=jnp.ones((b, n, D), bool),
        intervened=jnp.zeros((b, n, D), bool),
        graph=jnp.asarray(graph),
        rows=jnp.ones((b, n), bool),
        variables=jnp.ones((b, D), bool),
        confounded=jnp.zeros((b, D, D), bool),
        kind=jnp.full((b, D), 2),
        regime=jnp.ones((b, n), bool),
    )
    batch = ask(jax.random.key(0), QuestionConfig(knowledge=0.4, kinds_withheld=0.25), data)
    told = (np.asarray(batch.knowledge_bdd) != UNKNOWN).any((1, 2)).mean()
    withheld = (np.asarray(batch.kind_bd) == 0).all(1).mean()
    assert 0.3 < told < 0.5
    assert 0.17 < withheld < 0.33
    assert np.asarray(batch.regime_bn).all()
    silent = ask(jax.random.key(0), QuestionConfig(), data)
    assert (np.asarray(silent.knowledge_bdd) == UNKNOWN).all()
    assert (np.asarray(silent.kind_bd) == 2).all()
