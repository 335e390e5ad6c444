"""Partial correlations of triples, against regressions in NumPy, and what a common effect shows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from worlds import quick_jit

from amortize import conditionals as module
from amortize.conditionals import CONDITIONALS, RIDGE, conditionals

N, D, REAL = 500, 7, 6


@pytest.fixture(scope="module")
def table():
    """0 -> 2 <- 1, 2 -> 3, 3 -> 4, 5 alone; a seventh column is padding."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, REAL))
    x[:, 2] += x[:, 0] + x[:, 1]
    x[:, 3] += x[:, 2]
    x[:, 4] += x[:, 3]
    r = np.eye(D)
    r[:REAL, :REAL] = np.corrcoef(x.T)
    return r


def features(r):
    real = jnp.arange(D) < REAL
    found = quick_jit(conditionals)(jnp.asarray(r)[None], real[None], jnp.array([float(N)]))
    assert len(found) == CONDITIONALS
    return np.stack([np.asarray(f)[0] for f in found], -1)


def size(r, i, j, given):
    """Of the partial correlation, in standard errors and compressed."""
    share = RIDGE + REAL / (10 * N)
    shrunk = (1 - share) * r + share * np.eye(D)
    of = [i, j, *given]
    p = np.linalg.inv(shrunk[np.ix_(of, of)])
    return np.arcsinh(-p[0, 1] / np.sqrt(p[0, 0] * p[1, 1]) * np.sqrt(N)) / 3


def test_sizes_are_those_of_the_inverse_of_each_submatrix(table):
    found = features(table)
    for i in range(REAL):
        for j in range(REAL):
            if i == j:
                continue
            rest = [k for k in range(REAL) if k not in (i, j)]
            less = [[m for m in rest if m != k] for k in rest]
            alone, full = size(table, i, j, []), size(table, i, j, rest)
            ones = np.abs([size(table, i, j, [k]) for k in rest])
            without = np.abs([size(table, i, j, g) for g in less])
            assert abs(found[i, j, 0] - full) < 2e-3
            assert abs(found[i, j, 1] - min(ones.min(), abs(alone))) < 2e-3
            assert abs(found[i, j, 2] - min(without.min(), abs(full))) < 2e-3


def test_changes_are_those_of_the_third_variable_that_changes_most(table):
    found = features(table)
    for i, k in ((0, 2), (2, 0), (3, 2), (5, 1)):
        gains = []
        for j in set(range(REAL)) - {i, k}:
            rest = [m for m in range(REAL) if m not in (i, j)]
            full, alone = abs(size(table, i, j, rest)), abs(size(table, i, j, []))
            less = abs(size(table, i, j, [m for m in rest if m != k]))
            one = abs(size(table, i, j, [k]))
            gains.append([full - less, less - full, one - alone, alone - one])
        expected = np.maximum(np.max(gains, 0), 0)
        np.testing.assert_allclose(found[i, k, 3::2], expected, atol=3e-3)
        np.testing.assert_allclose(found[k, i, 4::2], expected, atol=3e-3)


def test_a_common_effect_opens_and_a_link_of_a_chain_closes(table):
    found = features(table)
    opens, closes = found[..., 7], found[..., 9]
    assert opens[0, 2] > 0.5 and opens[1, 2] > 0.5  # given 2, its two causes depend
    assert opens[2, 0] < 0.3 and opens[3, 2] < 0.3
    assert closes[4, 3] > 0.5  # given 3, its effect no longer depends on its causes
    assert not found[REAL:].any() and not found[:, REAL:].any()
    assert not np.diagonal(found).any()


def test_many_variables_in_turn_are_all_at_once(table, monkeypatch):
    whole = features(table)
    monkeypatch.setattr(module, "AT_ONCE", 2)
    jax.clear_caches()
    np.testing.assert_allclose(features(table), whole, atol=1e-5)


def test_two_columns_and_a_constant_are_finite():
    real = jnp.array([[True, True, False]])
    r = jnp.array([[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]])
    found = conditionals(r, real, jnp.array([20.0]))
    assert np.isfinite(np.stack(found)).all() and float(jnp.abs(found[0][0, 0, 1])) > 0.5
