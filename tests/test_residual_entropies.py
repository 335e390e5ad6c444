"""Directions of links by entropies of residuals, against least squares written out in NumPy."""

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
def found(batch):
    filled = fill_in(batch.values_bnd, batch.observed_bnd, batch.rows_bn, batch.variables_bd)
    linear = linear_graphs(pair_sums(batch, filled), batch.variables_bd, True)
    moments = link_moments(batch, filled, linear.links)
    entropies = link_entropies(batch, filled, linear.links, moments)
    return link_features(linear.links, moments, entropies).features_bddc, linear.slope_bdd


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


def residual(z, v, others):
    a = np.column_stack([np.ones(len(z)), z[:, sorted(others)]])
    return z[:, v] - a @ np.linalg.lstsq(a, z[:, v], rcond=None)[0]


def plain(z, parents, i, j):
    """What i -> j has over j -> i, in nats of a row."""
    others = set(np.flatnonzero(parents[:, i] | parents[:, j])) - {i, j}
    u, v = (residual(z, end, others) for end in (i, j))
    u, v = u / u.std(), v / v.std()
    r = np.corrcoef(u, v)[0, 1]
    return entropy(v) + entropy(u - r * v) - entropy(u) - entropy(v - r * u)


def links(slope):
    return np.argwhere(slope != 0)


def test_it_is_what_least_squares_say(tables):
    x, _ = tables
    batch = make_batch(x)
    features, slopes = map(np.asarray, found(batch))
    assert features.shape == (TABLES, D, D, ENTROPY_FEATURES)
    checked = 0
    for b in range(TABLES):
        z = np.asarray(batch.values_bnd)[b].astype(float)
        expected = np.zeros((D, D, ENTROPY_FEATURES))
        for i, j in links(slopes[b]):
            nats = plain(z, slopes[b] != 0, i, j)
            expected[i, j] = np.arcsinh(N * nats / 2) / 4, np.arcsinh(20 * nats)
            expected[j, i] = -expected[i, j]
            checked += 1
        np.testing.assert_allclose(features[b], expected, atol=2e-3)
    assert checked > 20


def test_laplace_noise_gives_the_direction_and_normal_noise_none(tables):
    x, graph = tables
    features, slopes = map(np.asarray, found(make_batch(x)))
    right = [
        (features[b, i, j, 0] > 0) == graph[b, i, j]
        for b in range(TABLES)
        for i, j in links(slopes[b])
        if graph[b, i, j] or graph[b, j, i]
    ]
    assert np.mean(right) > 0.85, np.mean(right)
    normal, _ = linear_tables(np.random.default_rng(9), TABLES, N, D, share=0.4)
    quiet, _ = map(np.asarray, found(make_batch(normal.astype(np.float32))))
    assert np.abs(quiet[..., 0]).max() < 0.6 * np.abs(features[..., 0]).max()
    assert np.abs(quiet[..., 1]).mean() < 0.2 * np.abs(features[..., 1]).mean()


def test_rows_in_which_an_end_was_set_do_not_count(tables):
    x, _ = tables
    x, acted = x.copy(), np.zeros(x.shape, bool)
    acted[:, :100, 0] = True
    x[:, :100, 0] = 30.0
    with_rows, slopes = map(np.asarray, found(make_batch(x, intervened_bnd=acted)))
    x[:, :100, 0] = -7.0
    others, same = map(np.asarray, found(make_batch(x, intervened_bnd=acted)))
    kept = (slopes != 0) & (same != 0)
    for b, i, j in np.argwhere(kept):
        if 0 in (i, j) and (slopes[b] != 0).tolist() == (same[b] != 0).tolist():
            z = make_batch(x[b : b + 1, 100:]).values_bnd
            nats = plain(np.asarray(z)[0].astype(float), same[b] != 0, i, j)
            assert others[b, i, j, 1] == pytest.approx(np.arcsinh(20 * nats), abs=0.2)
    assert np.isfinite(with_rows).all()


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
    x = rng.normal(size=(4, 30, 3)).astype(np.float32)
    x[0] = 1.0
    x[1, :, 1] = x[1, :, 0]
    x[2, 1:] = 0.0
    x[3] = rng.standard_cauchy((30, 3)) ** 3
    real_bn = np.ones((4, 30), bool)
    real_bn[2, 1:] = False
    features, _ = found(make_batch(x, rows_bn=real_bn))
    assert np.isfinite(features).all()
