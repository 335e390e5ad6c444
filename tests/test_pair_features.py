"""Statistics that pairs start from, against NumPy, and their additivity over rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from amortize.batch import make_batch
from amortize.imputation import fill_in
from amortize.pair_features import (
    PAIR_FEATURES,
    SHRINKAGE,
    STATISTICS,
    pair_features,
)
from amortize.pair_sums import pair_sums

N, D = 300, 4


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, N, D))
    x[..., 1] += x[..., 0]
    x[..., 2] += x[..., 1]
    intervened = np.zeros((1, N, D), bool)
    intervened[0, :60, 1] = True
    x[0, :60, 1] = 3 + rng.normal(size=60)
    x[0, :60, 2] = x[0, :60, 1] + rng.normal(size=60)
    return make_batch(x, intervened_bnd=intervened)


def test_sums_of_chunks_are_the_sums_of_the_whole(batch):
    def part(rows):
        names = ("values_bnd", "observed_bnd", "intervened_bnd", "regime_bn", "rows_bn")
        return batch._replace(**{name: getattr(batch, name)[:, rows] for name in names})

    filled = fill_in(batch.values_bnd, batch.observed_bnd, batch.rows_bn, batch.variables_bd)

    def sums(rows):
        return pair_sums(part(rows), filled._replace(values_bnd=filled.values_bnd[:, rows]))

    both = jax.tree.map(jnp.add, sums(slice(0, 100)), sums(slice(100, N)))
    whole = pair_sums(batch, filled)
    for x, y in zip(jax.tree.leaves(both), jax.tree.leaves(whole), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-3)


def test_correlations_are_numpys(batch):
    found = np.asarray(pair_features(batch, pair_sums(batch), True))[0]
    assert found.shape == (D, D, PAIR_FEATURES + STATISTICS)
    r, partial, errors = (found[..., PAIR_FEATURES + k] for k in range(3))
    expected = np.corrcoef(np.asarray(batch.values_bnd)[0].T)
    np.testing.assert_allclose(r, expected - np.eye(D), atol=1e-4)
    share = SHRINKAGE + D / (4 * N)
    precision = np.linalg.inv((1 - share) * expected + share * np.eye(D))
    scale = np.sqrt(np.diag(precision))
    off = ~np.eye(D, dtype=bool)
    np.testing.assert_allclose(partial[off], -(precision / np.outer(scale, scale))[off], atol=1e-3)
    np.testing.assert_allclose(errors[off], np.arcsinh(partial * np.sqrt(N))[off] / 3, atol=1e-4)


def test_effects_of_an_intervention(batch):
    found = np.asarray(pair_features(batch, pair_sums(batch), True))[0]
    shift, errors, slope = (found[..., PAIR_FEATURES + 3 + k] for k in range(3))
    z = np.asarray(batch.values_bnd)[0]
    np.testing.assert_allclose(shift[1, 2], z[:60, 2].mean() - z[60:, 2].mean(), atol=1e-4)
    np.testing.assert_allclose(errors[1, 2], np.arcsinh(shift[1, 2] * np.sqrt(60)) / 3, atol=1e-4)
    own, other = z[:60, 1], z[:60, 2]
    expected = np.mean((own - own.mean()) * (other - other.mean())) / np.sqrt(own.var() + 0.05)
    np.testing.assert_allclose(slope[1, 2], expected, atol=1e-4)
    assert abs(shift[1, 0]) < 0.3 < shift[1, 2]
    assert not found[0, 1:, PAIR_FEATURES + 3 : PAIR_FEATURES + 6].any(), "nothing was set there"
    reverse = found[..., PAIR_FEATURES + 6 :]
    np.testing.assert_allclose(
        reverse, found[..., PAIR_FEATURES + 3 : PAIR_FEATURES + 6].swapaxes(0, 1)
    )
