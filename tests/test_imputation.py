"""Missing cells against the conditional expectations of the distribution that made the table."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from amortize.batch import make_batch
from amortize.imputation import LIMIT, fill_in

N, D = 4000, 4


@pytest.fixture(scope="module")
def table():
    """A Gaussian table, its correlations, and which cells are there: a fifth is missing."""
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(D, D))
    covariance = mix @ mix.T + 0.3 * np.eye(D)
    size = np.sqrt(np.diag(covariance))
    r = covariance / np.outer(size, size)
    return rng.multivariate_normal(np.zeros(D), r, N), r, rng.random((N, D)) > 0.2


def fill(x, observed, **padding):
    batch = make_batch(x[None], observed_bnd=jnp.asarray(observed)[None], **padding)
    of = (batch.values_bnd, batch.observed_bnd, batch.rows_bn, batch.variables_bd)
    return jax.jit(fill_in)(*of), np.asarray(batch.values_bnd)[0]


def test_expectations_are_those_of_the_distribution(table):
    x, r, observed = table
    filled, _ = fill(x, observed)
    found = np.asarray(filled.values_bnd)[0]
    seen = [x[observed[:, j], j] for j in range(D)]
    found = found * [c.std() for c in seen] + [c.mean() for c in seen]
    off, some = [], 0
    for row in range(300):
        gone, there = np.flatnonzero(~observed[row]), np.flatnonzero(observed[row])
        if not len(gone) or not len(there):
            continue
        weight = r[np.ix_(gone, there)] @ np.linalg.inv(r[np.ix_(there, there)])
        off += list(found[row, gone] - weight @ x[row, there])
        some += len(gone) > 1
    assert some > 20
    assert np.abs(off).mean() < 0.05


def test_moments_are_those_of_the_complete_table(table):
    x, r, observed = table
    filled, _ = fill(x, observed)
    f, spread = np.asarray(filled.values_bnd)[0], np.asarray(filled.variance_bd)[0]
    covariance = np.cov(f.T) + np.diag((~observed).mean(0) * spread)
    np.testing.assert_allclose(covariance, r, atol=0.06)
    np.testing.assert_allclose(spread, 1 / np.diag(np.linalg.inv(r)), rtol=0.15)


def test_observed_cells_and_complete_tables_stay(table):
    x, _, observed = table
    filled, z = fill(x, observed)
    kept = np.clip(z, -LIMIT, LIMIT)
    np.testing.assert_array_equal(np.asarray(filled.values_bnd)[0][observed], kept[observed])
    complete, z = fill(x, np.ones_like(observed))
    np.testing.assert_array_equal(complete.values_bnd[0], np.clip(z, -LIMIT, LIMIT))


def test_padding_is_not_filled_and_changes_nothing(table):
    x, _, observed = table
    plain, _ = fill(x[:200], observed[:200])
    wide = np.pad(x[:200], ((0, 9), (0, 2)), constant_values=5.0)
    padding = {
        "rows_bn": jnp.arange(209)[None] < 200,
        "variables_bd": jnp.arange(D + 2)[None] < D,
    }
    padded, _ = fill(wide, np.pad(observed[:200], ((0, 9), (0, 2))), **padding)
    values = np.asarray(padded.values_bnd)[0]
    np.testing.assert_allclose(values[:200, :D], plain.values_bnd[0], atol=1e-4)
    assert not values[200:].any() and not values[:, D:].any()
