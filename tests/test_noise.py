"""Noise families against scipy's distributions."""

import dataclasses
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators import noise as module
from simulators.noise import sample_noise
from simulators.prior import NoiseWeights, Prior

FAMILIES = {
    "gaussian": stats.norm(),
    "laplace": stats.laplace(scale=np.sqrt(0.5)),
    "uniform": stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)),
    "student_t": stats.t(5, scale=np.sqrt(3 / 5)),
    "exponential": stats.expon(loc=-1),
}
B, N, D = 400, 200, 5


@pytest.fixture(scope="module")
def draw():
    """One compiled program for each set of weights: the other numbers are its arguments."""

    def many(key, weights, mixed, scale, freedom):
        changed = {"noise": NoiseWeights(*weights), "mixed_noise": mixed, "noise_scale": scale}
        prior = SimpleNamespace(**(vars(Prior()) | changed | {"degrees_of_freedom": freedom}))
        keys = jax.random.split(key, B)
        return jax.vmap(lambda k: sample_noise(k, prior, N, D))(keys)  # type: ignore[arg-type]

    program = quick_jit(many, static_argnums=1)

    def call(weights, mixed=0.0, scale=(1.0, 1.0), freedom=(5.0, 5.0), seed=0):
        return np.array(program(jax.random.key(seed), weights, mixed, scale, freedom))

    return call


@pytest.fixture(scope="module", params=FAMILIES)
def family(request, draw):
    return request.param, draw(tuple(float(name == request.param) for name in FAMILIES))


def test_the_order_of_the_families_is_that_of_the_prior():
    assert [f.name for f in dataclasses.fields(NoiseWeights)][: len(FAMILIES)] == list(FAMILIES)


def test_distribution(family):
    name, noise = family
    sample = noise.ravel()[:60_000]
    pvalues = {other: stats.kstest(sample, law.cdf).pvalue for other, law in FAMILIES.items()}
    assert pvalues.pop(name) > 1e-4
    assert max(pvalues.values()) < 1e-8  # no other family passes for it


def test_mean_zero_and_variance_one(family):
    name, noise = family
    kurtosis = float(FAMILIES[name].stats("k")) + 3
    assert abs(noise.mean(dtype=float)) < 4.5 / np.sqrt(noise.size)
    assert abs(noise.var(dtype=float) - 1) < 5 * np.sqrt((kurtosis - 1) / noise.size)


def test_rows_and_columns_are_independent(family):
    """Rank correlation with the next row, the next column, and in absolute value."""
    _, noise = family
    for values in (noise, np.abs(noise)):
        ranks = (stats.rankdata(values, axis=None) / noise.size - 0.5).reshape(noise.shape)
        for a, b in (
            (ranks[:, 1:], ranks[:, :-1]),
            (ranks[..., 1:], ranks[..., :-1]),
            (ranks[1:], ranks[:-1]),
        ):
            assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4.5 / np.sqrt(a.size)


def test_degrees_of_freedom_are_drawn_and_the_variance_stays_one(draw):
    student = (0.0, 0.0, 0.0, 1.0, 0.0)
    heavy, light = draw(student, freedom=(3.0, 3.5)), draw(student, freedom=(30.0, 30.0))
    for noise, df in ((heavy, (3.0, 3.5)), (light, (30.0, 30.0))):
        grid = np.linspace(*df, 21)
        law = np.mean([stats.t(k, scale=np.sqrt((k - 2) / k)).cdf([-2, -0.5, 1]) for k in grid], 0)
        found = np.mean(noise.ravel()[:, None] <= [-2, -0.5, 1], axis=0)
        assert (np.abs(found - law) < 4.5 * np.sqrt(law * (1 - law) / noise.size)).all()


def test_scale_is_uniform_and_differs_between_variables(draw):
    weights = (1.0, 0.0, 0.0, 0.0, 0.0)
    plain = draw(weights)
    plain[plain == 0] = np.nan  # one in four million: the angle is a right one
    ratio = draw(weights, scale=(0.2, 1.5)) / plain
    scale = np.nanmedian(ratio, axis=1)
    assert np.nanmax(np.abs(ratio / scale[:, None] - 1)) < 1e-4
    scale = scale.ravel()
    assert stats.kstest(scale, stats.uniform(0.2, 1.3).cdf).pvalue > 1e-4
    assert stats.kstest(scale, stats.loguniform(0.2, 1.5).cdf).pvalue < 1e-8


def test_families_are_drawn_by_weight_and_shared_or_mixed(draw):
    """Uniform noise has no value beyond sqrt(3); 200 exponential ones almost surely have."""

    def shares(mixed):
        noise = draw((0.0, 0.0, 0.3, 0.0, 0.7), mixed=mixed, seed=1)
        return (np.abs(noise).max(1) < np.sqrt(3) + 1e-5).mean(1)

    shared, each, half = shares(0.0), shares(1.0), shares(0.5)
    assert set(shared) == {0.0, 1.0}
    assert stats.binomtest(int(shared.sum()), B, 0.3).pvalue > 1e-4
    assert stats.binomtest(round(each.sum() * D), B * D, 0.3).pvalue > 1e-4
    pure = 0.3**D + 0.7**D
    assert np.isin(each, [0.0, 1.0]).mean() == pytest.approx(pure, abs=0.08)
    assert np.isin(half, [0.0, 1.0]).mean() == pytest.approx(0.5 + 0.5 * pure, abs=0.1)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_smallest_uniform_draw_makes_no_absurd_outlier(monkeypatch, name):
    """One draw in 2^23 is the lower end: it stands for its cell of the grid, no further out."""

    weights = NoiseWeights(**{other: float(other == name) for other in FAMILIES})
    prior = Prior(noise=weights, noise_scale=(1.0, 1.0), degrees_of_freedom=(3.0, 3.0))
    for draws in ("unit", "many"):
        monkeypatch.setattr(module.draw, draws, lambda key, shape=(): jnp.zeros(shape))
    noise = np.asarray(sample_noise(jax.random.key(0), prior, 2, 2))
    law = stats.t(3, scale=np.sqrt(1 / 3)) if name == "student_t" else FAMILIES[name]
    assert 1 < np.abs(noise).max() < 1.1 * law.isf(2.0**-26)


def test_the_heavier_families_against_scipy():
    """Gumbel, log-normal and clipped Cauchy noise, from one program; variances where they exist."""
    spread = module.LOG_SPREAD
    moments = np.exp(spread**2 / 2), np.sqrt(np.expm1(spread**2) * np.exp(spread**2))
    scale = np.sqrt(6) / np.pi
    laws = {
        module.GUMBEL: stats.gumbel_r(-np.euler_gamma * scale, scale),
        module.LOG_NORMAL: stats.lognorm(spread, -moments[0] / moments[1], 1 / moments[1]),
        module.CAUCHY: stats.cauchy(),
    }
    prior = Prior(
        noise=NoiseWeights(gumbel=1.0, log_normal=1.0, cauchy=1.0), noise_scale=(1.0, 1.0)
    )
    family_d = jnp.array(list(laws))
    program = quick_jit(lambda key: sample_noise(key, prior, 40_000, len(laws), family_d))
    noise = np.asarray(program(jax.random.key(2)), float)
    for column, (family, law) in zip(noise.T, laws.items(), strict=True):
        inside = np.abs(column) < module.CAUCHY_LIMIT
        grid = np.linspace(-3, 3, 25)
        found = (column[:, None] <= grid).mean(0)
        error = np.sqrt(np.maximum(law.cdf(grid) * law.sf(grid), 1e-4) / len(column))
        assert (np.abs(found - law.cdf(grid)) < 5 * error).all(), family
        if family == module.CAUCHY:
            clipped = stats.binomtest(int((~inside).sum()), len(column), 2 * law.sf(20.0))
            assert clipped.pvalue > 1e-4 and np.abs(column).max() == module.CAUCHY_LIMIT
        else:
            kurtosis = float(law.stats("k")) + 3
            assert law.mean() == pytest.approx(0, abs=1e-9) and law.std() == pytest.approx(1)
            assert abs(column.mean()) < 4.5 / np.sqrt(len(column))
            assert abs(column.var() - 1) < 5 * np.sqrt((kurtosis - 1) / len(column)), family


def test_mixtures_have_mean_zero_variance_one_and_two_components():
    """Of every column; some have two modes: fewer values about the middle than a normal law."""
    prior = Prior(noise=NoiseWeights(mixture=1.0), noise_scale=(1.0, 1.0))
    family_d = jnp.full(40, module.MIXTURE)
    program = quick_jit(lambda key: sample_noise(key, prior, 5000, 40, family_d))
    noise = np.asarray(program(jax.random.key(3)), float)
    kurtosis = stats.kurtosis(noise, fisher=False)
    assert (np.abs(noise.mean(0)) < 4.5 / np.sqrt(len(noise))).all()
    assert (np.abs(noise.var(0) - 1) < 5 * np.sqrt((kurtosis - 1) / len(noise))).all()
    normal = [stats.kstest(column, "norm").pvalue < 1e-4 for column in noise.T]
    assert np.mean(normal) > 0.7
    assert kurtosis.min() < 2.2 and kurtosis.max() > 3.3
