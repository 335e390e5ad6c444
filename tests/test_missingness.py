"""Missing cells: how many, and what they depend on, against logistic fits and permutation laws."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators import missingness as module
from simulators.missingness import sample_observed

B, N, D, ROWS, ACTIVE = 300, 240, 7, 200, 6
NONE, MCAR, MAR, MNAR = np.eye(4)


@pytest.fixture(scope="module")
def tables():
    """Independent columns, skewed and heavy-tailed ones among them; padding is enormous."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(B, N, D))
    x[:, :, 1] = rng.exponential(size=(B, N))
    x[:, :, 2] = rng.standard_t(4, size=(B, N))
    x[:, ROWS:] = 1e8
    x[:, :, ACTIVE:] = 1e8
    return x.astype(np.float32)


@pytest.fixture(scope="module")
def draw(tables):
    """One compiled program for every prior: its numbers are arguments, not constants."""

    def many(key, x, weights, numbers, rows, variables):
        prior = SimpleNamespace(kinds=weights, **numbers)
        keys = jax.random.split(key, B)
        each = jax.vmap(lambda k, t: sample_observed(k, prior, t, rows, variables))  # type: ignore[arg-type]
        return each(keys, x)

    program = quick_jit(many)

    def call(weights, rows=ROWS, active=ACTIVE, seed=0, **changes):
        numbers = {
            "rate": (0.3, 0.3),
            "spread": 0.0,
            "columns": (0.5, 0.5),
            "slope": (2.0, 2.0),
            "together": 0.0,
            "least_cells": 5,
        }
        masks = np.arange(N) < rows, np.arange(D) < active
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "weights_of", lambda component, name: component)
            found = program(jax.random.key(seed), tables, tuple(weights), numbers | changes, *masks)
        return np.asarray(found)

    return call


def inner(observed, rows=ROWS, active=ACTIVE):
    """Missing cells of the real part; nothing is ever seen in the padding."""
    assert not observed[:, rows:].any() and not observed[:, :, active:].any()
    return ~observed[:, :rows, :active]


def correlations(missing, tables):
    """Standardised correlation [b, i, j] of column i being missing with the value of column j.

    Given the values, and if it depends on none, it has mean 0 and variance 1; 0 without holes.
    """
    z = tables[:, :ROWS, :ACTIVE].astype(float)
    z = (z - z.mean(1, keepdims=True)) / z.std(1, keepdims=True)
    m = missing - missing.mean(1, keepdims=True)
    m /= np.maximum(m.std(1, keepdims=True), 1e-9)
    return np.einsum("bni,bnj->bij", m, z) / ROWS * np.sqrt(ROWS - 1)


def test_no_cell_is_missing_where_none_is_wanted(draw):
    assert not inner(draw(NONE)).any()


@pytest.mark.parametrize("kind", [MCAR, MAR, MNAR])
def test_columns_with_holes_miss_their_share(draw, kind):
    count = inner(draw(kind)).sum(1)
    assert ((count > 0).sum(1) == 3).all()  # half of six columns
    assert set(np.unique(count[count > 0])) <= {60, 61}  # floor or ceil of 0.3 * 200
    uneven = inner(draw(kind, rate=(0.1, 0.4), spread=0.5)).mean(1)
    rates = uneven[uneven > 0]
    rng = np.random.default_rng(0)
    right = rng.uniform(0.1, 0.4, 20_000) * rng.uniform(0.5, 1.5, 20_000)
    per_table = np.array([r[r > 0][0] for r in uneven])  # one column a table: independent draws
    assert stats.ks_2samp(per_table, right).pvalue > 1e-4
    assert rates.mean() == pytest.approx(0.25, abs=0.02)


def test_the_rate_is_kept_on_average_where_it_is_not_a_whole_number_of_cells(draw):
    count = inner(draw(MCAR, rate=(0.0123, 0.0123), columns=(1.0, 1.0))).sum(1)  # 2.46 cells
    assert set(np.unique(count)) == {2, 3}
    assert stats.binomtest(int((count == 3).sum()), count.size, 0.46).pvalue > 1e-4


def test_every_column_keeps_a_few_cells(draw):
    everything = {"rate": (1.0, 1.0), "columns": (1.0, 1.0)}
    assert (inner(draw(MNAR, **everything)).sum(1) == ROWS - 5).all()
    assert not inner(draw(MCAR, rows=5, **everything), rows=5).any()
    assert not inner(draw(MCAR, rows=3, **everything), rows=3).any()


def test_completely_at_random_depends_on_nothing(draw, tables):
    missing = inner(draw(MCAR))
    z = correlations(missing, tables)[missing.any(1)]
    assert stats.kstest(z.ravel(), stats.norm.cdf).pvalue > 1e-4
    # Columns lose rows independently: the overlap of two columns is hypergeometric.
    overlap = np.array([m[:, m.any(0)][:, :2].all(1).sum() for m in missing])
    law = stats.hypergeom(ROWS, 60, 60)
    assert abs(overlap.mean() - law.mean()) < 4.5 * law.std() / np.sqrt(B)
    assert overlap.var() == pytest.approx(law.var(), rel=0.4)


def slope(missing, x):
    """Slope of a logistic regression of missing on x, by Newton's method."""
    design, beta = np.stack([np.ones_like(x), x], 1), np.zeros(2)
    for _ in range(15):
        p = 1 / (1 + np.exp(-design @ beta))
        beta += np.linalg.solve((design.T * (p * (1 - p))) @ design, design.T @ (missing - p))
    return beta[1]


def standardised(tables, b, j):
    x = tables[b, :ROWS, j].astype(float)
    return np.clip((x - x.mean()) / x.std(), -4, 4)


def test_at_random_depends_on_one_complete_column(draw, tables):
    missing = inner(draw(MAR, columns=(0.7, 0.7)))
    holed = missing.any(1)
    z = correlations(missing, tables)
    drivers, others, slopes = [], [], []
    for b in range(B):
        complete = np.flatnonzero(~holed[b])
        assert len(complete) == 2
        for i in np.flatnonzero(holed[b]):
            driver = complete[np.abs(z[b, i, complete]).argmax()]
            drivers.append(driver)
            others += [z[b, i, j] for j in range(ACTIVE) if j != driver]
            if driver in {0, 3, 4, 5} and len(slopes) < 250:
                slopes.append(slope(missing[b, :, i], standardised(tables, b, driver)))
    # Of the columns that are not the driver (with holes, or not), and of the own value: nothing.
    assert np.std(others) < 1.1 and abs(np.mean(others)) < 4.5 / np.sqrt(len(others))
    assert np.median(np.abs(slopes)) == pytest.approx(2.0, abs=0.15)
    assert 0.35 < np.mean(np.array(slopes) > 0) < 0.65
    assert stats.chisquare(np.bincount(drivers)).pvalue > 1e-4


def test_at_random_keeps_a_column_complete(draw):
    missing = inner(draw(MAR, columns=(1.0, 1.0)))
    assert (missing.any(1).sum(1) == ACTIVE - 1).all()
    assert not inner(draw(MAR, active=1), active=1).any()


def test_not_at_random_depends_on_the_own_value(draw, tables):
    missing = inner(draw(MNAR))
    holed = missing.any(1)
    z = correlations(missing, tables)
    own = np.abs(np.einsum("bii->bi", z)[holed])
    other = z[holed][~np.eye(ACTIVE, dtype=bool)[np.nonzero(holed)[1]]]
    assert stats.kstest(other, stats.norm.cdf).pvalue > 1e-4
    assert np.quantile(own, 0.02) > 3  # nothing like the half-normal of the others
    pairs = [(b, j) for b, j in np.argwhere(holed) if j in {0, 3, 4, 5}][:250]
    slopes = [slope(missing[b, :, j], standardised(tables, b, j)) for b, j in pairs]
    assert np.median(np.abs(slopes)) == pytest.approx(2.0, abs=0.15)
    assert 0.35 < np.mean(np.array(slopes) > 0) < 0.65


def test_columns_may_lose_the_same_rows(draw):
    same = {"together": 1.0, "columns": (1.0, 1.0)}
    missing = inner(draw(MCAR, **same))
    # Counts differ by one at most, and the rows of the smaller are among those of the larger.
    shared = missing.all(2).sum(1)
    assert (shared == missing.sum(1).min(1)).all()
    apart = inner(draw(MCAR, columns=(1.0, 1.0)))
    assert apart.all(2).sum(1).max() < 10


def test_kinds_follow_their_weights_and_the_key_decides(draw):
    found = draw((0.6, 0.4, 0.0, 0.0))
    some = inner(found).any((1, 2))
    assert stats.binomtest(int(some.sum()), B, 0.4).pvalue > 1e-4
    np.testing.assert_array_equal(found, draw((0.6, 0.4, 0.0, 0.0)))
    assert (found != draw((0.6, 0.4, 0.0, 0.0), seed=1)).any()
