"""Directions of links by entropies of residuals, against least squares written out in NumPy."""

import jax
import numpy as np
import pytest
from test_order_search import linear_tables
from worlds import quick_jit

from amortize.batch import make_batch
from amortize.imputation import fill_in
from amortize.linear_graphs import linear_graphs
from amortize.pair_sums import pair_sums
from amortize.residual_entropies import (
    ENTROPY_FEATURES,
    link_entropies,
    link_features,
    link_moments,
)

N, D, TABLES = 500, 6, 8
K1, K2, GAUSS = 79.047, 7.4129, 0.37457


@quick_jit
def linear_of(batch):
    filled = fill_in(batch.values_bnd, batch.observed_bnd, batch.rows_bn, batch.variables_bd)
    return filled, linear_graphs(pair_sums(batch, filled), batch.variables_bd, True)


@quick_jit
def features_of(chunks, links):
    """Of tables in chunks of rows, each a batch and the same filled in."""

    def total(parts):
        return jax.tree.map(lambda *x: sum(x), *parts)

    moments = total([link_moments(*chunk, links) for chunk in chunks])
    entropies = total([link_entropies(*chunk, links, moments) for chunk in chunks])
    return link_features(links, moments, entropies).features_bddc


def found(batch):
    filled, linear = linear_of(batch)
    assert linear.links is not None
    return features_of([(batch, filled)], linear.links), linear.slope_bdd


@pytest.fixture(scope="module")
def tables():
    """Linear systems with Laplace noise."""
    rng = np.random.default_rng(8)
    x, graph = linear_tables(rng, TABLES, N, D, share=0.4)
    weight = np.where(graph, rng.choice([-1, 1], graph.shape) * rng.uniform(0.7, 1.5), 0)
    noise = rng.laplace(size=x.shape)
    return (noise @ np.linalg.inv(np.eye(D) - weight)).astype(np.float32), graph


def entropy(u):
    """Hyvaerinen's approximation, of u standardised, up to that of the normal law."""
    s = (u - u.mean()) / u.std()
    curved = np.mean(np.log(np.cosh(s))) - GAUSS
    return -K1 * curved**2 - K2 * np.mean(s * np.exp(-(s**2) / 2)) ** 2


def residual(z, v, others, acted):
    """Of column v, by least squares over the rows in which it was not set."""
    a = np.column_stack([np.ones(len(z)), z[:, sorted(others)]])
    free = ~acted[:, v]
    return z[:, v] - a @ np.linalg.lstsq(a[free], z[free, v], rcond=None)[0]


def plain(z, parents, i, j, acted):
    """What i -> j has over j -> i, in nats of a row, and how many rows say so."""
    others = set(np.flatnonzero(parents[:, i] | parents[:, j])) - {i, j}
    counts = ~acted[:, i] & ~acted[:, j]
    u, v = (residual(z, end, others, acted)[counts] for end in (i, j))
    u, v = (u - u.mean()) / u.std(), (v - v.mean()) / v.std()
    r = np.mean(u * v)
    nats = entropy(v) + entropy(u - r * v) - entropy(u) - entropy(v - r * u)
    return nats, counts.sum()


def links_of(slope):
    return np.argwhere(slope != 0)


@pytest.mark.parametrize("share_set", [0.0, 0.1])
def test_it_is_what_least_squares_say(tables, share_set):
    x, _ = tables
    rng = np.random.default_rng(3)
    acted = rng.random(x.shape) < share_set
    batch = make_batch(
        np.where(acted, 3 * rng.normal(size=x.shape), x).astype(np.float32), intervened_bnd=acted
    )
    features, slopes = map(np.asarray, found(batch))
    assert features.shape == (TABLES, D, D, ENTROPY_FEATURES)
    checked = 0
    for b in range(TABLES):
        z = np.asarray(batch.values_bnd)[b].astype(float)
        expected = np.zeros((D, D, ENTROPY_FEATURES))
        for i, j in links_of(slopes[b]):
            nats, rows = plain(z, slopes[b] != 0, i, j, acted[b])
            expected[i, j] = np.arcsinh(rows * nats / 2) / 4, np.arcsinh(20 * nats)
            expected[j, i] = -expected[i, j]
            checked += 1
        np.testing.assert_allclose(features[b], expected, atol=1e-3)
    assert checked > 40


def test_laplace_noise_gives_the_direction_and_normal_noise_none(tables):
    x, graph = tables
    features, slopes = map(np.asarray, found(make_batch(x)))
    right = [
        (features[b, i, j, 0] > 0) == graph[b, i, j]
        for b in range(TABLES)
        for i, j in links_of(slopes[b])
        if graph[b, i, j] or graph[b, j, i]
    ]
    assert np.mean(right) > 0.85, np.mean(right)
    normal, _ = linear_tables(np.random.default_rng(9), TABLES, N, D, share=0.4)
    quiet, _ = map(np.asarray, found(make_batch(normal.astype(np.float32))))
    assert np.abs(quiet[..., 0]).max() < 0.6 * np.abs(features[..., 0]).max()
    assert np.abs(quiet[..., 1]).mean() < 0.2 * np.abs(features[..., 1]).mean()


def test_values_that_were_set_do_not_count_for_their_variable():
    """0 -> 1: whatever 1 is set to, the other rows tell."""
    rng = np.random.default_rng(6)
    x = rng.laplace(size=(2, N, 2))
    x[1] = x[0]
    x[:, :, 1] += x[:, :, 0]
    acted = np.zeros(x.shape, bool)
    acted[:, :100, 1] = True
    x[0, :100, 1], x[1, :100, 1] = 6.0, -3.0
    features, _ = map(np.asarray, found(make_batch(x.astype(np.float32), intervened_bnd=acted)))
    np.testing.assert_allclose(features[0], features[1], atol=1e-3)
    assert features[0, 0, 1].min() > 0.05


def test_sums_of_chunks_add_up(tables):
    """Of tables with missing cells and rows in which variables were set."""
    x, rng = tables[0], np.random.default_rng(7)
    batch = make_batch(x, rng.random(x.shape) > 0.1, intervened_bnd=rng.random(x.shape) < 0.1)
    filled, linear = linear_of(batch)
    assert linear.links is not None
    parts = []
    for rows in (slice(0, 150), slice(150, N)):
        names = ("values_bnd", "observed_bnd", "intervened_bnd", "regime_bn", "rows_bn")
        cut = batch._replace(**{name: getattr(batch, name)[:, rows] for name in names})
        parts.append((cut, filled._replace(values_bnd=filled.values_bnd[:, rows])))
    whole = np.asarray(features_of([(batch, filled)], linear.links))
    assert np.abs(whole).max() > 0.1
    np.testing.assert_allclose(features_of(parts, linear.links), whole, atol=1e-4)


def test_order_of_rows_and_variables_and_padding_do_not_matter(tables):
    x, _ = tables
    rng = np.random.default_rng(2)
    rows, order = rng.permutation(N), rng.permutation(D)
    usual, slopes = map(np.asarray, found(make_batch(x)))
    moved, moved_slopes = map(np.asarray, found(make_batch(x[:, rows][:, :, order])))
    wide = np.pad(x, ((0, 0), (0, 5), (0, 2)), constant_values=9.0)
    real_bn = np.broadcast_to(np.arange(N + 5) < N, (TABLES, N + 5))
    real_bd = np.broadcast_to(np.arange(D + 2) < D, (TABLES, D + 2))
    padded, padded_slopes = map(
        np.asarray, found(make_batch(wide, rows_bn=real_bn, variables_bd=real_bd))
    )
    compared = 0
    for b in range(TABLES):  # of graphs with the same score, rounding picks one
        if ((padded_slopes[b, :D, :D] != 0) == (slopes[b] != 0)).all():
            np.testing.assert_allclose(padded[b, :D, :D], usual[b], atol=2e-3)
            compared += 1
        again = slopes[b][np.ix_(order, order)]
        if ((moved_slopes[b] != 0) == (again != 0)).all():
            np.testing.assert_allclose(moved[b], usual[b][np.ix_(order, order)], atol=2e-3)
            compared += 1
    assert compared >= TABLES
    assert not padded[:, D:].any()


def test_degenerate_tables_are_finite():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(TABLES, N, D)).astype(np.float32)
    acted = np.zeros(x.shape, bool)
    real_bn, real_bd = np.ones((TABLES, N), bool), np.ones((TABLES, D), bool)
    x[0] = 1.0
    x[1, :, 1] = x[1, :, 0]
    real_bn[2, 1:] = False
    x[3] = rng.standard_cauchy((N, D)) ** 3
    x[4, :, 0] = x[4, :, 0] > 0
    acted[4, :, 0] = True
    real_bn[5], real_bd[5] = False, False
    real_bn[6, 3:] = False
    x[7, :, 1] = -x[7, :, 0]
    real_bd[7, 2:] = False
    batch = make_batch(x, intervened_bnd=acted, rows_bn=real_bn, variables_bd=real_bd)
    features = np.asarray(found(batch)[0])
    assert np.isfinite(features).all()
    assert not features[5].any()
