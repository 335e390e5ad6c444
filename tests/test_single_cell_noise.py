"""Technical noise: the statistics of each of its four steps."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators import single_cell_noise as module
from simulators.prior import PriorError
from simulators.single_cell_noise import DEMONSTRATION, TEN_X, Platform, measure_cells

N, D = 4000, 20


def setting(platform: Platform):
    return {k: v for k, v in dataclasses.asdict(platform).items() if k != "name"}


@pytest.fixture(scope="module")
def expression():
    rng = np.random.default_rng(0)
    return (rng.gamma(3.0, 1.0, (N, D)) * np.linspace(0.3, 2.0, D)).astype(np.float32)


def test_outliers_are_rare_and_log_normal():
    numbers = setting(TEN_X)
    keys = jax.random.split(jax.random.key(0), 4000)
    draw_all = jax.vmap(lambda k: module.outlier_factors(k, D, numbers))
    factor = np.asarray(quick_jit(draw_all)(keys)).ravel()
    outlying = factor != 1
    assert stats.binomtest(int(outlying.sum()), factor.size, 0.01).pvalue > 1e-4
    assert stats.kstest(np.log(factor[outlying]), stats.norm(5.0, 1.0).cdf).pvalue > 1e-4


@pytest.mark.parametrize("active", [D, 8])
def test_library_sizes_are_log_normal_per_gene(expression, active):
    variables = np.arange(D) < active
    x = module.scale_to_library(
        jax.random.key(1), expression * variables, jnp.asarray(variables), setting(TEN_X)
    )
    size = np.log(np.asarray(x).sum(1))
    location = 4.5 + np.log(active / 100)
    assert stats.kstest(size, stats.norm(location, 0.7).cdf).pvalue > 1e-4
    assert size.std() == pytest.approx(0.7, rel=4.5 / np.sqrt(2 * N))


def test_dropout_is_logistic_around_the_percentile(expression):
    variables = np.arange(D) < 15
    x = expression * variables
    keep = np.asarray(module.keep_chance(x, jnp.asarray(variables), setting(DEMONSTRATION)))
    log = np.log1p(x[:, :15])
    expected = 1 / (1 + np.exp(-6.5 * (log - np.percentile(log, 82.0))))
    np.testing.assert_allclose(keep[:, :15], expected, atol=2e-4)


@pytest.mark.parametrize("mean", [0.05, 1.0, 5.0, 7.9, 8.1, 30.0, 400.0])
def test_counts_are_poisson(mean):
    x = np.asarray(module.poisson(jax.random.key(2), jnp.full((20_000,), mean)))
    assert (x == np.round(x)).all()
    law = stats.poisson(mean)
    low, high = int(law.ppf(0.001)), int(law.ppf(0.999))
    edges = np.unique(np.linspace(low, high, 25).astype(int))
    found = np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1)
    expected = np.diff(np.concatenate([[0], law.cdf(edges), [1]])) * x.size
    full = expected > 5
    found = np.append(found[full], found[~full].sum())
    expected = np.append(expected[full], expected[~full].sum() + 1e-9)
    assert ((found - expected) ** 2 / np.maximum(expected, 1)).sum() < stats.chi2(full.sum()).ppf(
        1 - 1e-5
    )
    assert x.mean() == pytest.approx(mean, abs=4.5 * np.sqrt(mean / x.size))
    assert x.max() <= law.isf(1e-9) + 1


def test_counts_are_whole_fall_with_expression_and_skip_the_padding(expression):
    measure = quick_jit(lambda k, x, v: measure_cells(k, x, (TEN_X,), v))
    variables = np.arange(D) < 16
    found = [
        np.asarray(measure(jax.random.key(s), expression * variables, variables)) for s in (3, 3, 4)
    ]
    counts = found[0]
    assert (counts == np.round(counts)).all()
    assert (counts >= 0).all()
    assert np.isfinite(counts).all()
    assert (counts[:, 16:] == 0).all()
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()
    zeros = (counts[:, :16] == 0).mean(0)
    assert stats.spearmanr(zeros, expression[:, :16].mean(0)).statistic < -0.8


def test_an_empty_table_stays_empty():
    nothing = np.zeros((50, 3), np.float32)
    measure = quick_jit(lambda k, x, v: measure_cells(k, x, (TEN_X,), v))
    counts = measure(jax.random.key(0), nothing, np.ones(3, bool))
    assert (np.asarray(counts) == 0).all()


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"outlier_chance": 2.0}, "outlier_chance"),
        ({"dropout_percentile": -1.0}, "dropout_percentile"),
        ({"library_scale": -1.0}, "scales"),
        ({"library_location": float("nan")}, "library_location"),
        ({"library_genes": 0}, "library_genes"),
    ],
)
def test_a_platform_without_meaning_is_refused_by_name(wrong, name):
    with pytest.raises(PriorError, match=name):
        Platform(**wrong)
