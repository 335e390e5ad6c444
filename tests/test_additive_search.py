"""The greedy search for additive graphs, against least squares written out in NumPy."""

import jax.numpy as jnp
import numpy as np
import pytest
from worlds import quick_jit

from amortize import additive_search as module
from amortize import additive_sums as sums_module
from amortize.additive_search import ADDITIVE_FEATURES, additive_graphs, expected
from amortize.additive_sums import FUNCTIONS, additive_sums, functions
from amortize.batch import make_batch
from amortize.imputation import fill_in

N, D, TABLES = 400, 6, 6


def sums_of(batch):
    filled = fill_in(batch.values_bnd, batch.observed_bnd, batch.rows_bn, batch.variables_bd)
    return additive_sums(batch, filled), filled


@quick_jit
def found(batch):
    sums, filled = sums_of(batch)
    graphs = additive_graphs(sums, batch.variables_bd)
    return graphs, expected(filled.scaled_bnd, graphs), filled.scaled_bnd


def bent_tables(rng, tables, n, d):
    """Tables of additive noise models with bent functions, and their graphs."""
    x = 0.5 * rng.normal(size=(tables, n, d))
    graph = np.triu(rng.random((tables, d, d)) < 0.4, 1)
    bends = [np.sin, np.tanh, np.square, np.abs]
    for table in range(tables):
        order = rng.permutation(d)
        graph[table] = graph[table][np.ix_(np.argsort(order), np.argsort(order))]
        for v in order:
            for parent in np.flatnonzero(graph[table, :, v]):
                z = x[table, :, parent] / x[table, :, parent].std()
                x[table, :, v] += bends[rng.integers(4)](2 * z)
    return x.astype(np.float32), graph


@pytest.fixture(scope="module")
def tables():
    return bent_tables(np.random.default_rng(3), TABLES, N, D)


class Plain:
    """The search of one complete table, one least squares at a time."""

    def __init__(self, z, counts=None):
        self.z, self.counts = z, np.ones(z.shape, bool) if counts is None else counts

    def price(self, i, v):
        """Of i as a parent of v: functions that are all but the same count as one."""
        rows = self.counts[:, v]
        r = np.corrcoef(np.asarray(functions(self.z))[rows, i], rowvar=False)
        scale = 1 - np.linalg.inv(np.eye(FUNCTIONS) + r / module.BLUR)
        return module.PRICE * np.trace(scale * np.eye(FUNCTIONS)) * np.log(rows.sum())

    def rest(self, v, parents):
        """Residual variance of column v by shrunk correlations, over the rows that count."""
        rows = self.counts[:, v]
        phi = np.asarray(functions(self.z))[rows][:, sorted(parents)].reshape(rows.sum(), -1)
        r = np.corrcoef(np.column_stack([self.z[rows, v], phi]), rowvar=False).reshape(
            1 + phi.shape[1], -1
        )
        r = (1 - module.RIDGE) * r + module.RIDGE * np.eye(len(r))
        return 1 - r[0, 1:] @ np.linalg.solve(r[1:, 1:], r[1:, 0])

    def prediction(self, v, parents):
        phi = np.asarray(functions(self.z))[:, sorted(parents)].reshape(len(self.z), -1)
        a = np.column_stack([np.ones(len(phi)), phi])
        return a @ np.linalg.lstsq(a, self.z[:, v], rcond=None)[0]

    def gain(self, v, parents, others):
        more, less = self.rest(v, others), self.rest(v, parents)
        return self.counts[:, v].sum() * np.log(more / less)

    def grow(self):
        d = self.z.shape[1]
        parents = [set() for _ in range(d)]

        def ancestors(v):
            return {v}.union(*(ancestors(p) for p in parents[v]))

        while True:
            best = 0, None
            for v in range(d):
                for i in set(range(d)) - parents[v] - {v}:
                    if v in ancestors(i):
                        continue
                    gain = self.gain(v, parents[v] | {i}, parents[v]) - self.price(i, v)
                    best = max(best, (gain, (i, v)), key=lambda pair: pair[0])
            if best[1] is None:
                return parents
            parents[best[1][1]].add(best[1][0])


def test_it_is_the_greedy_search_of_least_squares(tables):
    x, _ = tables
    graphs, said, z = found(make_batch(x))
    features = np.asarray(graphs.features_bddc, float)
    assert features.shape == (TABLES, D, D, ADDITIVE_FEATURES)
    nats = 2 * np.sinh(4 * features)
    edges = 0
    for b in range(TABLES):
        plain = Plain(np.asarray(z[b], float))
        parents = plain.grow()
        for v in range(D):
            kept = set()
            for i in set(range(D)) - {v}:
                alone = plain.gain(v, {i}, set())
                assert nats[b, i, v, 6] == pytest.approx(alone, rel=1e-3, abs=0.01)
                if i in parents[v]:
                    loss = plain.gain(v, parents[v], parents[v] - {i})
                    assert nats[b, i, v, 2] == pytest.approx(loss, rel=1e-3, abs=0.01)
                    if abs(loss - plain.price(i, v)) > 0.1:
                        assert features[b, i, v, 0] == (loss > plain.price(i, v))
                    if features[b, i, v, 0]:
                        kept.add(i)
                else:
                    missed = plain.gain(v, parents[v] | {i}, parents[v])
                    assert nats[b, i, v, 4] == pytest.approx(missed, rel=1e-3, abs=0.01)
                    assert features[b, i, v, 0] == features[b, i, v, 2] == 0
            prediction = plain.prediction(v, kept)
            assert np.abs(said[b, :, v] - prediction).mean() < 0.05  # shrinkage
            spread = float(np.asarray(z[b, :, v]).std()) * np.sqrt(plain.rest(v, kept))
            assert float(graphs.spread_bd[b, v]) == pytest.approx(spread, rel=0.01)
            edges += len(kept)
    assert edges > 3 * TABLES
    np.testing.assert_array_equal(features[..., 1::2], features[..., ::2].swapaxes(1, 2))


def test_it_tells_the_direction_of_bent_effects():
    x, truth = bent_tables(np.random.default_rng(4), TABLES, 2000, D)
    graph = np.asarray(found(make_batch(x))[0].features_bddc)[..., 0] > 0
    assert (graph & truth).sum() / graph.sum() > 0.75
    assert (graph & truth).sum() / truth.sum() > 0.75


def test_order_of_variables_and_padding_do_not_matter(tables):
    x, _ = tables
    order = np.random.default_rng(1).permutation(D)
    plain = np.asarray(found(make_batch(x))[0].features_bddc)
    moved = np.asarray(found(make_batch(x[:, :, order]))[0].features_bddc)
    np.testing.assert_allclose(moved, plain[:, order][:, :, order], atol=1e-3)
    wide = np.pad(x, ((0, 0), (0, 50), (0, 2)), constant_values=9.0)
    real = np.arange(D + 2) < D
    rows = np.broadcast_to(np.arange(N + 50) < N, (TABLES, N + 50))
    batch = make_batch(wide, rows_bn=rows, variables_bd=np.broadcast_to(real, (TABLES, D + 2)))
    padded = np.asarray(found(batch)[0].features_bddc)
    np.testing.assert_allclose(padded[:, :D, :D], plain, atol=1e-3)
    assert not padded[:, D:].any() and not padded[:, :, D:].any()


def test_rows_in_which_a_variable_was_set_do_not_count_for_it(tables):
    x, _ = tables
    rng = np.random.default_rng(2)
    x = x[:2].copy()
    done = np.zeros(x.shape, bool)
    done[:, :200, 1] = True
    x[done] = 2 * rng.normal(size=done.sum())
    graphs, _, z = found(make_batch(x, intervened_bnd=done))
    nats = 2 * np.sinh(4 * np.asarray(graphs.features_bddc, float))
    for b in range(2):
        plain = Plain(np.asarray(z[b], float), ~done[b])
        for i in (0, 2, 3):
            assert nats[b, i, 1, 6] == pytest.approx(plain.gain(1, {i}, set()), rel=1e-3, abs=0.01)
            assert nats[b, 1, i, 6] == pytest.approx(plain.gain(i, {1}, set()), rel=1e-3, abs=0.01)


def test_many_variables_have_candidates_alone_and_find_strong_parents(monkeypatch):
    x, _ = bent_tables(np.random.default_rng(5), 1, N, 12)
    every = np.asarray(found(make_batch(x))[0].features_bddc)[0, ..., 0]
    monkeypatch.setattr(module, "CANDIDATES", 8)
    sums, _ = sums_of(make_batch(x))
    few = np.asarray(additive_graphs(sums, np.ones((1, 12), bool)).features_bddc)[0]
    assert ((few[..., 4] > 0) | (few[..., 2] > 0)).sum(0).max() <= 8
    both = (few[..., 0] * every).sum()
    assert both > 10 and 2 * both / (few[..., 0] + every).sum() > 0.75


def test_rows_of_many_targets_count_for_themselves_where_there_are_experiments(monkeypatch):
    """Sums by subtraction of rows, a few at a time, against sums over the rows that are left."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(2, 90, 7)).astype(np.float32)
    done = rng.random(x.shape) < 0.15
    done[:, :40, 2] = True
    batch = make_batch(x, intervened_bnd=done, rows_bn=jnp.arange(90) < np.array([[90], [70]]))
    searched = (batch.values_bnd, batch.observed_bnd, batch.rows_bn, batch.variables_bd)
    filled = fill_in(*searched)
    monkeypatch.setattr(sums_module, "PER_TARGET", 5)
    monkeypatch.setattr(sums_module, "SET_ROWS", 16)
    assert additive_sums(batch, filled).product_bvee.shape == (2, 1, 35, 35)
    sums = [np.asarray(part) for part in additive_sums(batch, filled, experiments=True)]
    phi = np.asarray(functions(filled.scaled_bnd), float).reshape(2, 90, 35)
    for b in range(2):
        for v in range(7):
            rows = np.asarray(batch.rows_bn)[b] & ~done[b, :, v]
            part = phi[b][rows]
            assert sums[0][b, v] == rows.sum()
            np.testing.assert_allclose(sums[1][b, v], part.sum(0), rtol=1e-6, atol=1e-5)
            np.testing.assert_allclose(sums[2][b, v], part.T @ part, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("shape", [(20, 2), (25, 12)])
def test_constant_two_level_and_copied_columns_stay_finite(shape):
    x = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    x[..., 0] = x[..., 0] > 0
    x[..., 1] = x[..., 0]
    x[..., -1] = 3.0 if shape[1] > 2 else x[..., -1]
    graphs, said, _ = found(make_batch(x))
    for part in (*graphs, said):
        assert np.isfinite(np.asarray(part)).all()
    assert not np.asarray(graphs.features_bddc)[0, ..., 0].diagonal().any()


def test_sums_of_chunks_add_up(tables):
    batch = make_batch(tables[0][:1])
    whole, filled = sums_of(batch)
    parts = []
    for rows in (slice(0, 150), slice(150, N)):
        cut = batch._replace(
            **{
                name: getattr(batch, name)[:, rows]
                for name in ("values_bnd", "observed_bnd", "intervened_bnd", "regime_bn", "rows_bn")
            }
        )
        parts.append(additive_sums(cut, filled._replace(scaled_bnd=filled.scaled_bnd[:, rows])))
    for total, first, second in zip(whole, *parts, strict=True):
        np.testing.assert_allclose(first + second, total, rtol=1e-9, atol=1e-6)
