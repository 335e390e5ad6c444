"""The search for the best linear graph, against least squares and against all orders."""

from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from amortize.grow_shrink import Scores, grow_shrink
from amortize.order_search import Effort, order_search

N, D, TABLES = 150, 5, 4
PENALTY = 2.0
PRICE = PENALTY * np.log(N)


def linear_tables(rng, tables, n, d, share=0.5):
    """Standardised tables of random linear Gaussian systems, and their graphs."""
    x = rng.normal(size=(tables, n, d))
    order = np.argsort(rng.random((tables, d)), axis=1)
    graph = (order[:, :, None] < order[:, None]) & (rng.random((tables, d, d)) < share)
    weight = graph * rng.choice([-1, 1], graph.shape) * rng.uniform(0.5, 1.5, graph.shape)
    for table in range(tables):
        for v in np.argsort(order[table]):
            x[table, :, v] += x[table] @ weight[table, :, v]
    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True), graph


@pytest.fixture(scope="module")
def tables():
    return linear_tables(np.random.default_rng(0), TABLES, N, D)[0]


def scores_of(x, penalty=PENALTY):
    """Every variable is a candidate of every other."""
    b, n, d = x.shape
    r = np.einsum("bni,bnj->bij", x, x) / n
    near = np.array([np.delete(np.arange(d), v) for v in range(d)])
    tables = np.arange(b)[:, None, None]
    return Scores(
        jnp.asarray(np.broadcast_to(near, (b, d, d - 1))),
        jnp.asarray(r[tables[..., None], near[..., None], near[:, None]], jnp.float32),
        jnp.asarray(r[tables, np.arange(d)[:, None], near], jnp.float32),
        jnp.arange(b),
        jnp.full((b, d), float(n)),
        jnp.full(b, penalty),
    )


def rest(x, v, parents):
    """Residual variance of column v, of its own, by least squares."""
    parents = sorted(parents)
    slope = np.linalg.lstsq(x[:, parents], x[:, v], rcond=None)[0]
    return np.mean((x[:, v] - x[:, parents] @ slope) ** 2)


def score(x, v, parents):
    return len(x) * np.log(rest(x, v, parents)) + PRICE * len(parents)


def regression(x, v, candidates):
    """Grow, then shrink, by least squares anew at every step."""
    parents = set()
    while True:
        gains = {u: score(x, v, parents) - score(x, v, parents | {u}) for u in candidates - parents}
        if not gains or max(gains.values()) <= 0:
            break
        parents.add(max(gains, key=gains.__getitem__))
    while parents:
        gains = {u: score(x, v, parents) - score(x, v, parents - {u}) for u in parents}
        if max(gains.values()) <= 0:
            break
        parents.remove(max(gains, key=gains.__getitem__))
    return parents


def test_regressions_are_those_of_least_squares(tables):
    rng = np.random.default_rng(1)
    target = rng.integers(D, size=(TABLES, 12))
    allowed = rng.random((TABLES, D - 1, 12)) < 0.8
    fit = jax.jit(grow_shrink, static_argnums=3)
    found, gain, *_ = (np.asarray(x) for x in fit(scores_of(tables), target, allowed, D - 1))
    several = 0
    for b in range(TABLES):
        for e, v in enumerate(target[b]):
            near = np.delete(np.arange(D), v)
            parents = regression(tables[b], v, set(near[allowed[b, :, e]]))
            assert set(near[gain[b, :, e] > 0]) == parents
            np.testing.assert_allclose(found[b, e], score(tables[b], v, parents), atol=0.05)
            for u in parents:
                loss = N * np.log(rest(tables[b], v, parents - {u}) / rest(tables[b], v, parents))
                np.testing.assert_allclose(gain[b, near == u, e], loss, rtol=2e-3)
            several += len(parents) > 1
    assert several > 5


def test_what_was_added_in_vain_is_dropped():
    """The sum of 0 and 1 comes first, and is of no use once both are there."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1, 2000, 4))
    x[..., 2] = x[..., 0] + x[..., 1] + 0.5 * rng.normal(size=2000)
    x[..., 3] = x[..., 0] + x[..., 1] + 0.5 * rng.normal(size=2000)
    x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    assert abs(np.corrcoef(x[0].T)[3]).argsort()[-2] == 2
    gain = grow_shrink(scores_of(x), jnp.array([[3]]), jnp.ones((1, 3, 1), bool), 3).gain_bqe
    np.testing.assert_array_equal(np.asarray(gain)[0, :, 0] > 0, [True, True, False])


def test_no_more_parents_than_asked_for():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(1, 500, 6))
    x[..., 5] = x[..., :5].sum(-1) + rng.normal(size=500)
    x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    for most in (1, 3, 5):
        gain = grow_shrink(scores_of(x), jnp.array([[5]]), jnp.ones((1, 5, 1), bool), most).gain_bqe
        assert (np.asarray(gain) > 0).sum() == most


def all_orders(x):
    """Least score over all orders."""
    d = x.shape[1]
    cache = {}

    def one(v, before):
        if (v, before) not in cache:
            cache[v, before] = score(x, v, regression(x, v, set(before)))
        return cache[v, before]

    return min(
        sum(one(v, frozenset(order[:k])) for k, v in enumerate(order))
        for order in permutations(range(d))
    )


def test_the_best_order_is_found(tables):
    """Of two searches, from an order and its reverse, as good as the best of all 120 orders."""
    search = jax.jit(order_search, static_argnums=3)
    real = np.ones((TABLES, D), bool)
    first = np.broadcast_to(np.arange(D), (TABLES, D))
    both = [
        search(scores_of(tables), real, place, Effort(D - 1, 4, 1000))
        for place in (first, D - 1 - first)
    ]
    best = np.min([np.asarray(found.score_b) for found in both], 0)
    expected = np.array([all_orders(x) for x in tables])
    assert (best > expected - 0.1).all()
    assert (best < expected + 0.1).sum() >= TABLES - 1
    kept = np.asarray(search(scores_of(tables), real, first, Effort(D - 1, 0, 1000)).score_b)
    assert (np.asarray(both[0].score_b) <= kept + 1e-3).all()
    assert (best < kept - 1).any(), "every first order was the best one already"


def test_the_answer_belongs_to_its_order(tables):
    real = np.ones((TABLES, D), bool)
    first = np.broadcast_to(np.arange(D), (TABLES, D))
    found = jax.jit(order_search, static_argnums=3)(
        scores_of(tables), real, first, Effort(D - 1, 3, 1000)
    )
    for b, place in enumerate(np.asarray(found.place_bd)):
        assert sorted(place) == list(range(D))
        parents = [
            regression(tables[b], v, set(np.flatnonzero(place < place[v]))) for v in range(D)
        ]
        for v in range(D):
            assert set(np.flatnonzero(np.asarray(found.gain_bdd)[b, :, v])) == parents[v]
        total = sum(score(tables[b], v, parents[v]) for v in range(D))
        np.testing.assert_allclose(found.score_b[b], total, atol=0.2)


@pytest.fixture(scope="module")
def larger():
    return linear_tables(np.random.default_rng(4), 3, 300, 14, 0.3)[0]


def test_what_does_not_matter_changes_nothing(larger):
    """Allowing or forbidding one candidate more, everywhere."""
    rng = np.random.default_rng(5)
    d = larger.shape[2]
    target = np.tile(np.arange(d), (3, 1))
    allowed = rng.random((3, d - 1, d)) < 0.5
    fit = jax.jit(grow_shrink, static_argnums=3)
    plain = jax.tree.map(np.asarray, fit(scores_of(larger), target, allowed, d - 1))
    changed = 0
    for c in range(d - 1):
        other = allowed.copy()
        other[:, c] ^= True
        found = jax.tree.map(np.asarray, fit(scores_of(larger), target, other, d - 1))
        same = (found.gain_bqe == plain.gain_bqe).all(1)
        assert same[~plain.matters_bqe[:, c]].all()
        changed += (~same).sum()
    assert 0.5 < changed / plain.matters_bqe.sum() <= 1
    assert plain.matters_bqe.mean() < 0.7, "hardly anything is left out"


def test_skipped_regressions_are_those_made_anew(larger):
    """And no variable that was not tried again would have found a better place."""
    d = larger.shape[2]
    search = jax.jit(order_search, static_argnums=3)
    first = np.broadcast_to(np.arange(d), (3, d))
    real = np.ones((3, d), bool)
    real[0, -4:] = False
    found = search(scores_of(larger), real, first, Effort(d - 1, 20, 1000))
    assert (np.asarray(found.place_bd) != first).any(1).all()
    for passes in (0, 2):
        again = search(scores_of(larger), real, found.place_bd, Effort(d - 1, passes, 1000))
        np.testing.assert_array_equal(again.place_bd, found.place_bd)
        np.testing.assert_allclose(again.gain_bdd, found.gain_bdd, atol=1e-3)
        np.testing.assert_allclose(again.score_b, found.score_b, atol=1e-2)


def test_a_search_ends_when_it_has_cost_enough(larger):
    d = larger.shape[2]
    search = jax.jit(order_search, static_argnums=3)
    first = np.broadcast_to(np.arange(d), (3, d))
    real = np.ones((3, d), bool)
    scores = [
        np.asarray(search(scores_of(larger), real, first, Effort(d - 1, 9, k)).score_b)
        for k in (0, 2, 99)
    ]
    kept = np.asarray(search(scores_of(larger), real, first, Effort(d - 1, 0, 99)).score_b)
    np.testing.assert_array_equal(scores[0], kept)
    assert (scores[1] < kept - 1).any() and (scores[2] < scores[1] - 1).any()
