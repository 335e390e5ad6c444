"""What the best linear graphs say of pairs, and their regressions, on tables in which they hold."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_order_search import linear_tables
from worlds import quick_jit

from amortize import linear_graphs as module
from amortize import pair_sums as sums_module
from amortize.batch import make_batch
from amortize.imputation import fill_in
from amortize.linear_graphs import GRAPH_FEATURES, PENALTIES, linear_graphs, linear_search
from amortize.pair_sums import pair_sums

N, D, TABLES = 3000, 6, 8


@quick_jit
def found(batch):
    return linear_graphs(sums_of(batch), batch.variables_bd)


def sums_of(batch):
    filled = fill_in(batch.values_bnd, batch.observed_bnd, batch.rows_bn, batch.variables_bd)
    return pair_sums(batch, filled)


@pytest.fixture(scope="module")
def tables():
    x, graph = linear_tables(np.random.default_rng(5), TABLES, N, D, share=0.4)
    return x.astype(np.float32), graph


def test_large_linear_tables_give_their_equivalence_class(tables):
    from amortize.equivalence import cpdag_of

    pytest.importorskip("ges")
    x, graph = tables
    features = np.asarray(found(make_batch(x)).features_bddc)
    assert features.shape == (TABLES, D, D, GRAPH_FEATURES)
    right = 0
    for b in range(TABLES):
        cpdag = cpdag_of(graph[b])
        sure, reverse, undirected, worth = np.moveaxis(features[b, ..., 4:], -1, 0)
        np.testing.assert_array_equal(reverse, sure.T)
        np.testing.assert_array_equal((worth > 0.01) & ~(sure + reverse > 0.99), undirected > 0.01)
        same = np.abs(sure - (cpdag & ~cpdag.T)) + np.abs(undirected - (cpdag & cpdag.T)) < 0.02
        right += same.all()
    assert right >= TABLES - 2  # one has an edge too weak to be seen


def test_order_of_the_variables_and_padding_do_not_matter(tables):
    x, _ = tables
    order = np.random.default_rng(1).permutation(D)
    plain = np.asarray(found(make_batch(x)).features_bddc)
    moved = np.asarray(found(make_batch(x[:, :, order])).features_bddc)
    np.testing.assert_allclose(moved, plain[:, order][:, :, order], atol=1e-3)
    wide = np.pad(x, ((0, 0), (0, 5), (0, 2)), constant_values=9.0)
    padded = make_batch(
        wide,
        rows_bn=np.broadcast_to(np.arange(N + 5) < N, (TABLES, N + 5)),
        variables_bd=np.broadcast_to(np.arange(D + 2) < D, (TABLES, D + 2)),
    )
    features = np.asarray(found(padded).features_bddc)
    np.testing.assert_allclose(features[:, :D, :D], plain, atol=1e-3)
    assert not features[:, D:].any() and not features[:, :, D:].any()


def test_regressions_are_those_of_least_squares(tables):
    x, _ = tables
    answer = found(make_batch(x))
    slope, intercept, spread = (np.asarray(part) for part in answer[1:4])
    z = np.asarray(make_batch(x).values_bnd)
    some = 0
    for b in range(TABLES):
        for v in range(D):
            parents = np.flatnonzero(slope[b, :, v])
            expected = np.linalg.lstsq(z[b][:, parents], z[b][:, v], rcond=None)[0]
            np.testing.assert_allclose(slope[b, parents, v], expected, atol=5e-3)
            rest = z[b][:, v] - z[b][:, parents] @ expected
            np.testing.assert_allclose(spread[b, v], rest.std(), atol=5e-3)
            some += len(parents)
        assert np.abs(intercept[b]).max() < 1e-3
    assert some > 10


def test_variables_that_others_all_but_determine():
    """Two variables alike to a part in ten thousand, and one that tells them apart."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(1, 1000, 4))
    x[..., 1] = x[..., 0] + 1e-4 * x[..., 1]
    x[..., 2] += x[..., 0] + 1e4 * (x[..., 1] - x[..., 0])
    sums = sums_of(make_batch(x.astype(np.float32)))

    def links(sums):
        worth = quick_jit(linear_graphs)(sums, jnp.ones((1, 4), bool)).features_bddc[0, ..., 7]
        return np.argwhere(np.triu(np.asarray(worth) > 0.01)).tolist()

    assert links(sums) == [[0, 1], [0, 2], [1, 2]]
    assert sums.targets.product_bvdd.dtype == np.float64
    single = type(sums.targets)(*(part.astype(jnp.float32) for part in sums.targets))
    assert links(sums._replace(targets=single)) != [[0, 1], [0, 2], [1, 2]]


def test_few_candidates_hold_the_neighbours(monkeypatch):
    """On a path no variable has more than two; the search finds them among three candidates."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(1, N, D))
    for v in range(1, D):
        x[..., v] += x[..., v - 1]
    batch = make_batch(x.astype(np.float32))
    stage = module.stages(D)[1][0]._replace(candidates=3)
    monkeypatch.setattr(module, "stages", lambda d: (2, (stage,)))
    sums = sums_of(batch)
    answer = quick_jit(lambda sums: linear_graphs(sums, jnp.ones((1, D), bool)))(sums)
    links = np.argwhere(np.triu(np.asarray(answer.features_bddc)[0, ..., 7] > 0.01)).tolist()
    assert links == [[v, v + 1] for v in range(D - 1)]


def test_rows_in_which_a_variable_was_set_are_not_its_regression():
    """0 -> 1; 1 is set to large values in half of the rows: pooled, the slope is nearly lost."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(1, 2000, 2))
    x[..., 1] = 2 * x[..., 0] + rng.normal(size=2000)
    set_nd = np.zeros((1, 2000, 2), bool)
    set_nd[0, 1000:, 1] = True
    x[0, 1000:, 1] = rng.uniform(8, 12, size=1000)
    batch = make_batch(x, intervened_bnd=set_nd)
    answer = found(batch)
    size = x[0].std(0)
    np.testing.assert_allclose(answer.slope_bdd[0, 0, 1], 2 * size[0] / size[1], rtol=0.03)
    features = np.asarray(answer.features_bddc)[0]
    for penalty in range(len(PENALTIES)):
        assert features[0, 1, 4 * penalty] == pytest.approx(1)  # the direction is known
        assert features[0, 1, 4 * penalty + 2] == 0


def test_missing_cells_cost_few_links(tables):
    """Correlations over the pairs of cells that are there would add some ten links a table."""
    x, graph = tables
    observed = np.random.default_rng(4).random(x.shape) > 0.15
    worth = np.asarray(found(make_batch(x, observed_bnd=observed)).features_bddc)[..., 7]
    wrong = (worth > 0.01) != (graph | graph.swapaxes(1, 2))
    assert wrong.sum() / 2 / TABLES < 1


def test_many_variables_share_their_correlations(tables, monkeypatch):
    x, _ = tables
    plain = found(make_batch(x))
    monkeypatch.setattr(sums_module, "PER_TARGET", D - 1)
    sums = sums_of(make_batch(x))
    assert sums.targets.product_bvdd.shape == (TABLES, 1, D, D)
    shared = quick_jit(linear_graphs)(sums, jnp.ones((TABLES, D), bool))
    np.testing.assert_allclose(shared.features_bddc, plain.features_bddc, atol=1e-3)
    np.testing.assert_allclose(shared.slope_bdd, plain.slope_bdd, atol=1e-3)


@pytest.mark.parametrize("many", [False, True])
def test_penalties_can_be_searched_apart(tables, monkeypatch, many):
    if many:  # one first order, another for each penalty
        monkeypatch.setattr(module, "MANY", 3)
    batch = make_batch(tables[0][:, :400])
    whole = quick_jit(lambda b: linear_graphs(sums_of(b), b.variables_bd, links=True))(batch)

    @quick_jit
    def apart(batch):
        sums = sums_of(batch)
        each = [linear_search(sums, batch.variables_bd, (p,)) for p in range(len(PENALTIES))]
        joined = jax.tree.map(lambda *x: jnp.concatenate(x, 1), *each)
        assert joined.gain_bpsdd.shape == (TABLES, len(PENALTIES), 1 if many else 2, D, D)
        return linear_graphs(sums, batch.variables_bd, True, joined)

    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(apart(batch)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_large_tables_are_searched_less():
    passes = [
        starts * sum(stage.effort.passes for stage in stages)
        for starts, stages in map(module.stages, (5, 32, 33, 128, 129, 256, 257))
    ]
    assert passes == sorted(passes, reverse=True)
    assert passes[-1] == 0


def test_many_parents_are_found_among_many_variables():
    """Forty variables, of which the last has eighteen parents: more than the quick stage tries."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(1, 2000, 40))
    x[..., 39] = x[..., :18].sum(-1) + rng.normal(size=2000)
    features = np.asarray(found(make_batch(x)).features_bddc)[0]
    linked = features[..., 7] > 0
    assert linked[39, :18].sum() >= 15
    assert linked[39, 18:].sum() <= 1
