"""What each artefact does to a column, in numbers, and what recording leaves alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators import formats
from simulators.artefacts import (
    ArtefactPrior,
    add_error,
    add_outliers,
    add_zeros,
    record,
)
from simulators.columns import BINARY, CONTINUOUS, ORDINAL, quantiles

N, D, ROWS = 2100, 40, 2000
REAL = np.arange(N) < ROWS


@pytest.fixture(scope="module")
def x():
    """Half of the columns normal, half skewed; enormous padding rows."""
    rng = np.random.default_rng(0)
    values = rng.normal(2.0, 3.0, (N, D))
    values[:, D // 2 :] = rng.gamma(2.0, 1.0, (N, D // 2))
    values[ROWS:] = 1e9
    return values.astype(np.float32)


def run(function, *arguments):
    return np.asarray(quick_jit(function)(*arguments), float)[:ROWS]


def test_error_is_independent_noise_with_its_share_of_the_variance(x):
    share = np.full(D, 0.3, np.float32)
    recorded = run(add_error, jax.random.key(0), x, REAL, share)
    error = recorded - x[:ROWS]
    found = error.var(0) / recorded.var(0)
    assert found.mean() == pytest.approx(0.3, abs=0.01)  # 0.23 if it were of the true variance
    np.testing.assert_allclose(found, 0.3, atol=0.06)
    unit = error / error.std(0)
    assert stats.kstest(unit[:, 0], stats.norm.cdf).pvalue > 1e-4
    r = np.array([np.corrcoef(error[:, j], x[:ROWS, k])[0, 1] for j in range(D) for k in range(5)])
    assert stats.kstest(r * np.sqrt(ROWS), stats.norm.cdf).pvalue > 1e-4


@pytest.mark.parametrize("replaced", [True, False])
def test_outliers_are_a_few_cells_far_out(x, replaced):
    rate = np.full(D, 0.02, np.float32)
    arguments = (jax.random.key(1), x, REAL, rate)
    found = run(lambda *a: add_outliers(*a, (4.0, 12.0), jnp.bool_(replaced)), *arguments)
    moved = found != x[:ROWS]
    assert stats.binomtest(int(moved.sum()), moved.size, 0.02).pvalue > 1e-4
    mean, std = x[:ROWS].mean(0), x[:ROWS].std(0)
    z, true = (found - mean) / std, (x[:ROWS] - mean) / std
    size = (np.abs(z) if replaced else z / true)[moved]
    assert stats.kstest(size, stats.uniform(4, 8).cdf).pvalue > 1e-4
    same_sign = (np.sign(z) == np.sign(true))[moved].mean()
    if replaced:  # nothing of the true value is left
        assert same_sign == pytest.approx(0.5, abs=0.07)
        assert abs(stats.spearmanr(z[moved], true[moved]).statistic) < 4.5 / np.sqrt(moved.sum())
    else:
        assert same_sign == 1.0


def test_zeros_are_added_with_their_share_and_prefer_small_values(x):
    share = np.full(D, 0.35, np.float32)
    slope = np.where(np.arange(D) % 2, 0.0, 2.0).astype(np.float32)
    keep = np.zeros((N, D), bool)
    keep[:ROWS:4] = True
    found = run(add_zeros, jax.random.key(2), x, REAL, share, slope, keep)
    shifted = x[:ROWS].astype(float) - x[:ROWS].min(0)
    zero = (found == 0) & (shifted > 0)
    assert not zero[::4].any() and found.min() == 0
    np.testing.assert_allclose(zero.mean(0), 0.35, atol=0.002)
    np.testing.assert_allclose(found[~zero], shifted[~zero], rtol=1e-5, atol=1e-5)
    free = np.arange(ROWS) % 4 != 0
    independent, dependent = [], []
    for j in range(D // 2):
        lost = shifted[free & zero[:, j], j]
        kept = shifted[free & ~zero[:, j], j]
        if j % 2:
            independent.append(stats.mannwhitneyu(lost, kept).pvalue)
        else:
            dependent.append(stats.mannwhitneyu(lost, kept, alternative="less").pvalue)
    assert stats.kstest(independent, stats.uniform.cdf).pvalue > 1e-4
    assert max(dependent) < 1e-8


def test_censoring_and_two_levels_cut_at_the_wanted_share(x):
    shares = np.linspace(0.05, 0.6, D).astype(np.float32)
    ceiling = np.arange(D) % 2 == 0
    quantile = np.where(ceiling, 1 - shares, shares)

    def both(x, quantile):
        cut = quantiles(x, REAL, quantile[None])[0]
        limited = formats.censor(x, cut, ceiling)
        return jnp.stack([limited, formats.binarise(x, cut)], 1)

    limited, binary = run(both, x, quantile).transpose(1, 0, 2)
    ends = np.where(ceiling, limited.max(0), limited.min(0))
    np.testing.assert_allclose((limited == ends).mean(0), shares, atol=0.002)
    inside = limited != ends
    np.testing.assert_array_equal(limited[inside], x[:ROWS][inside])
    assert (np.where(ceiling, limited.max(0) < x[:ROWS].max(0), limited.max(0) > ends)).all()
    assert set(np.unique(binary)) == {0.0, 1.0}
    np.testing.assert_allclose((binary == 0).mean(0), quantile, atol=0.002)


def test_rounding_leaves_the_wanted_number_of_levels(x):
    levels = np.arange(6, 6 + D).astype(np.float32)

    def rounded(x, levels):
        ends = quantiles(x, REAL, jnp.broadcast_to(jnp.array([[0.05], [0.95]]), (2, D)))
        return formats.round_off(x, ends, levels)

    found = run(rounded, x, levels)
    low, high = np.quantile(x[:ROWS].astype(float), [0.05, 0.95], axis=0, method="inverted_cdf")
    step = (high - low) / levels
    np.testing.assert_allclose(found / step, np.round(found / step), atol=2e-3)
    assert (np.abs(found - x[:ROWS]) <= step / 2 + 1e-4).all()
    central = [
        len(np.unique(np.round(c[(c >= a) & (c <= b)] / s)))
        for c, a, b, s in zip(found.T, low, high, step, strict=True)
    ]
    assert (np.abs(np.array(central) - levels) <= 1).all()


def test_levels_are_ordered_and_their_ends_are_filled(x):
    levels = (3 + np.arange(D) % 6).astype(np.float32)
    equal = np.arange(D) % 4 < 2

    def ordinal(key, x):
        ends = quantiles(x, REAL, jnp.broadcast_to(jnp.array([[0.05], [0.95]]), (2, D)))
        return formats.to_levels(key, x, REAL, ends, levels, equal, 8)

    found = run(ordinal, jax.random.key(3), x)
    again = run(ordinal, jax.random.key(4), x)
    for j in range(D):
        codes, true = found[:, j], x[:ROWS, j].astype(float)
        assert codes.min() == 0 and codes.max() == levels[j] - 1
        assert (codes == 0).mean() > 0.049 and (codes == codes.max()).mean() > 0.049
        assert (np.diff(codes[np.argsort(true)]) >= 0).all()  # monotone in the true value
        if equal[j]:
            low, high = np.quantile(true, [0.05, 0.95], method="inverted_cdf")
            inner = np.linspace(low, high, int(levels[j]) + 1)[1:-1]
            right = np.digitize(true, inner)
            assert (codes != right).mean() < 0.002
            np.testing.assert_array_equal(codes, again[:, j])
    assert (found[:, ~equal] != again[:, ~equal]).any(0).all()


B, n, d = 1500, 40, 12
ROWS_n = np.arange(n) < 33


@pytest.fixture(scope="module")
def many():
    """Heavy-tailed tables with a binary and an ordinal column, some cells set, and padding."""
    rng = np.random.default_rng(1)
    values = rng.standard_t(2, (B, n, d)) * rng.uniform(0.1, 10, d)
    values[:, :, 3] = rng.integers(0, 2, (B, n))
    values[:, :, 4] = rng.integers(0, 5, (B, n))
    values[:, 33:] = -777.0
    kind = np.zeros(d, int)
    kind[3], kind[4] = BINARY, ORDINAL
    return values.astype(np.float32), kind, rng.random((B, n, d)) < 0.1


def recorded(many, prior, seed=0):
    values, kind, intervened = many
    keys = jax.random.split(jax.random.key(seed), B)
    program = quick_jit(
        jax.vmap(lambda k, v, i: record(k, prior, v, jnp.asarray(ROWS_n), jnp.asarray(kind), i))
    )
    return tuple(np.asarray(a) for a in program(keys, values, intervened))


@pytest.fixture(scope="module")
def everything(many):
    present = dict.fromkeys(
        ("error", "outliers", "rescaling", "zeros", "censoring", "formatting"), 0.5
    )
    return recorded(many, ArtefactPrior(clean=0.25, **present))


def test_padding_and_columns_with_levels_stay_as_they_are(many, everything):
    values, kind = everything
    np.testing.assert_array_equal(values[:, ~ROWS_n], many[0][:, ~ROWS_n])
    np.testing.assert_array_equal(values[:, :, 3:5], many[0][:, :, 3:5])
    assert (kind[:, 3] == BINARY).all() and (kind[:, 4] == ORDINAL).all()
    assert np.isfinite(values).all()


def test_clean_datasets_are_recorded_exactly(many, everything):
    exact = (everything[0] == many[0]).all((1, 2))
    # A dataset that is not clean may still have nothing done to it, with chance 2^-6 and more.
    assert 0.25 - 0.045 < exact.mean() < 0.25 + 0.045 + 0.06
    assert (everything[1][exact] == many[1]).all()


def test_the_kind_tells_the_levels_and_no_column_turns_constant(everything):
    values, kind = everything
    shape = []
    for b, j in np.argwhere(np.ones((B, d), bool)):
        column = values[b, ROWS_n, j]
        count = len(np.unique(column))
        assert count > 1
        if kind[b, j] != CONTINUOUS:
            assert (column == np.round(column)).all() and column.min() >= 0 and column.max() <= 7
        if kind[b, j] == BINARY:
            assert set(np.unique(column)) == {0.0, 1.0}
        if kind[b, j] == ORDINAL and j != 4:
            shape.append(count)
    assert np.mean(np.array(shape) > 2) > 0.9 and max(shape) <= 8


def test_formats_are_as_frequent_as_the_prior_says(everything):
    kind = np.delete(everything[1], [3, 4], axis=1)
    # 0.75 are not clean, 0.5 of them formatted, 0.55 of the columns on average.
    for found, weight in ((ORDINAL, 0.35), (BINARY, 0.25)):
        per_table = (kind == found).mean(1)
        error = per_table.std() / np.sqrt(B)
        assert abs(per_table.mean() - 0.75 * 0.5 * 0.55 * weight) < 4.5 * error


def test_the_key_decides(many, everything):
    present = dict.fromkeys(
        ("error", "outliers", "rescaling", "zeros", "censoring", "formatting"), 0.5
    )
    prior = ArtefactPrior(clean=0.25, **present)
    again = recorded(many, prior)
    np.testing.assert_array_equal(again[0], everything[0])
    np.testing.assert_array_equal(again[1], everything[1])
    assert (recorded(many, prior, seed=1)[0] != everything[0]).any()


def test_cells_that_were_set_have_no_error_and_are_no_outliers(many):
    noise = {"error": 1.0, "outliers": 1.0}
    none = {"rescaling": 0.0, "zeros": 0.0, "censoring": 0.0, "formatting": 0.0}
    prior = ArtefactPrior(clean=0.0, columns=(1.0, 1.0), **noise, **none)
    values, _ = recorded(many, prior)
    true, _, intervened = many
    set_by_experiment = intervened & ROWS_n[None, :, None]
    np.testing.assert_array_equal(values[set_by_experiment], true[set_by_experiment])
    others = np.delete(~intervened & ROWS_n[None, :, None], [3, 4], axis=2)
    assert (np.delete(values, [3, 4], 2)[others] != np.delete(true, [3, 4], 2)[others]).all()
